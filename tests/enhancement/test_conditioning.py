"""The noise of a series is measured where there is tissue or signal, slice by slice."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from tests.enhancement.scenes import ct_noise, noisy_volume, source_of, volume_of
from viewer.core.volume import Frames, frames_geometry
from viewer.enhancement.conditioning import (
    measured_noise,
    noise_profile,
    plain_noise_sd,
    source_slices,
)
from viewer.enhancement.noise import MAGNITUDE_QUIET_SHARE
from viewer.simulation.mr import Acquisition, magnitude


@pytest.mark.parametrize("sd", [8.0, 20.0, 50.0])
def test_ct_noise_is_found_within_a_fifth(sd):
    volume, _ = noisy_volume(4, 256, sd=sd)
    profile = noise_profile(volume.values, (0.7, 0.7), "HU")
    assert profile.typical_sd == pytest.approx(sd, rel=0.2)
    assert 0.1 < profile.frequency_per_mm < 0.72
    assert profile.is_measured


def test_slices_with_more_noise_are_told_so():
    values = np.full((24, 128, 128), 50.0, dtype=np.float32)
    values[:12] += ct_noise((12, 128, 128), 10.0)
    values[12:] += ct_noise((12, 128, 128), 30.0)
    profile = noise_profile(np.rint(values).astype(np.int16), (0.7, 0.7), "HU")
    assert profile.sd.shape == (24,)
    assert profile.sd[20] > 2.0 * profile.sd[3]


def test_nothing_is_measured_where_there_is_no_tissue():
    air = np.full((3, 128, 128), -1000, dtype=np.int16)
    profile = noise_profile(air, (0.7, 0.7), "HU")
    assert not profile.is_measured
    assert profile.sd.tolist() == [0.0, 0.0, 0.0]


def test_other_units_are_measured_in_signal_and_not_in_the_background():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1.0, (2, 128, 128)).astype(np.float32)
    values[:, 32:96, 32:96] = 400 + rng.normal(0, 12.0, (2, 64, 64))
    profile = noise_profile(values, (1.0, 1.0), "stored")
    assert profile.typical_sd == pytest.approx(12.0, rel=0.1)
    assert profile.frequency_per_mm == pytest.approx(0.25, abs=0.04)
    assert profile.snr == pytest.approx(400 / 12.0, rel=0.1)


@pytest.mark.parametrize("share", [1.0, 0.7, 0.5])
def test_noise_of_zero_filled_mr_is_not_taken_for_less(share):
    rng = np.random.default_rng(4)
    acquisition = Acquisition(rows=share, columns=share)
    signal = np.full((4, 256, 256), 2.0, np.float32)
    signal[:, 40:216, 40:216] = 500.0
    signal[:, 80:120, 80:150] = 300.0
    noisy = magnitude(rng, signal, 20.0, acquisition)
    profile = noise_profile(noisy, (0.8, 0.8), "stored")
    assert profile.typical_sd == pytest.approx(20.0, rel=0.15)
    expected = acquisition.noise_frequency() / 0.8
    assert profile.frequency_per_mm == pytest.approx(expected, rel=0.15)


def test_an_image_too_small_for_a_spectrum_still_has_a_noise_sd():
    rng = np.random.default_rng(5)
    values = (100 + rng.normal(0, 5.0, (1, 24, 24))).astype(np.float32)
    profile = noise_profile(values, (1.0, 1.0), "stored")
    assert profile.typical_sd == pytest.approx(5.0, rel=0.35)
    assert profile.frequency_per_mm == 0.0


def test_slopes_are_not_noise_and_padding_is_no_signal():
    rng = np.random.default_rng(1)
    image = np.tile(np.linspace(100, 500, 128), (128, 1)) + rng.normal(0, 5.0, (128, 128))
    assert plain_noise_sd(image) == pytest.approx(5.0, rel=0.1)
    mask = np.ones(image.shape, dtype=np.bool_)
    mask[:, 64:] = False
    image[:, 64:] = rng.normal(300, 90.0, (128, 64))
    assert plain_noise_sd(image, mask) == pytest.approx(5.0, rel=0.15)
    assert plain_noise_sd(image, ~mask) > 50.0


def test_a_source_carries_the_volume_and_its_noise():
    volume, _ = noisy_volume(3, 128)
    profile = noise_profile(volume.values, (0.7, 0.7), volume.unit)
    source = source_slices(volume, profile)
    assert source.values is volume.values
    assert source.positions_mm == volume.geometry.slice_positions_mm
    assert source.unit == "HU"
    assert source.spacing_mm == source_of(volume).spacing_mm
    assert volume_of(volume.values).geometry.spacing_mm == pytest.approx((1.0, 0.7, 0.7))


def test_anatomy_that_neighbouring_slices_share_does_not_coarsen_the_measured_grain():
    rng = np.random.default_rng(8)
    bumps = ndimage.gaussian_filter(rng.standard_normal((192, 192)), 4.0)
    anatomy = 400.0 + 40.0 * bumps / bumps.std()
    noise = 12.0 * rng.standard_normal((40, 192, 192))
    values = np.rint(anatomy + noise).astype(np.int16)
    profile = noise_profile(values, (1.0, 1.0), "stored", quiet_share=MAGNITUDE_QUIET_SHARE)
    assert profile.frequency_per_mm == pytest.approx(0.25, abs=0.03), "white noise"
    assert profile.typical_sd == pytest.approx(12.0, rel=0.15)


def noisy_frames(levels, sds, *, same_file=False):
    rng = np.random.default_rng(11)
    ramp = np.linspace(0.9, 1.1, 160, dtype=np.float32)
    values = np.stack(
        [
            at * ramp + sd * rng.standard_normal((160, 160))
            for at, sd in zip(levels, sds, strict=True)
        ]
    ).astype(np.float32)
    count = len(values)
    return Frames(
        values=values,
        geometry=frames_geometry(values.shape, (0.2, 0.2)),
        unit="stored",
        sources=("1",) * count if same_file else tuple(str(at) for at in range(count)),
        loaded=np.ones(count, dtype=np.bool_),
    )


def test_pictures_of_their_own_are_measured_one_by_one():
    sds = [5.0, 60.0] * 6
    found = measured_noise(noisy_frames([800.0, 8000.0] * 6, sds))
    assert found.sd == pytest.approx(sds, rel=0.15)


def test_a_saturated_part_does_not_hide_the_noise_of_the_rest():
    frames = noisy_frames([1000.0], [30.0])
    values = np.array(frames.values)
    values[:, :, 90:] = 4095.0
    found = measured_noise(replace(frames, values=values))
    assert found.typical_sd == pytest.approx(30.0, rel=0.15)
    assert found.frequency_per_mm > 1.0
