"""MR simulation against what physics says: noise of magnitude images, k-space, slice profiles."""

import numpy as np
import pytest

from viewer.simulation.mr import (
    Acquisition,
    Contrast,
    Profile,
    complex_noise,
    expected_magnitude,
    magnitude,
    profile_matrix,
    reconstructed,
    slice_profile,
)
from viewer.simulation.mr_patches import make_mr_patches
from viewer.simulation.phantom import Region, Sampling

PLAIN = Acquisition()


@pytest.mark.parametrize("coils", [1, 4, 8])
@pytest.mark.parametrize("signal", [0.0, 1.0, 3.0, 12.0])
def test_the_mean_of_many_magnitudes_is_the_expected_one(coils: int, signal: float) -> None:
    rng = np.random.default_rng(1)
    image = np.full((16, 128, 128), signal, np.float32)
    found = float(magnitude(rng, image, 1.0, Acquisition(coils=coils)).mean())
    assert found == pytest.approx(
        float(expected_magnitude(image[0, :1, :1], 1.0, coils)[0, 0]), rel=0.004
    )


def test_without_signal_the_mean_is_that_of_rayleigh_noise() -> None:
    assert expected_magnitude(np.zeros((1, 1), np.float32), 2.0)[0, 0] == pytest.approx(
        2.0 * np.sqrt(np.pi / 2), rel=1e-6
    )


@pytest.mark.parametrize("coils", [1, 8])
def test_far_above_the_noise_hardly_any_bias_is_left(coils: int) -> None:
    signal = np.array([[50.0, 400.0]], np.float32)
    bias = expected_magnitude(signal, 1.0, coils) - signal
    assert bias[0] == pytest.approx((coils - 0.5) / signal[0], rel=0.02, abs=2e-5)


def test_complex_noise_has_unit_sd_in_both_parts_whatever_was_measured() -> None:
    rng = np.random.default_rng(2)
    half = Acquisition(rows=0.5, columns=0.6, partial=0.75, taper=0.8)
    for acquisition in (PLAIN, half):
        noise = complex_noise(rng, (24, 128, 128), acquisition)
        assert noise.real.std() == pytest.approx(1.0, rel=0.02)
        assert noise.imag.std() == pytest.approx(1.0, rel=0.02)


def test_noise_of_a_zero_filled_image_ends_where_k_space_ended() -> None:
    rng = np.random.default_rng(3)
    noise = complex_noise(rng, (8, 128, 128), Acquisition(rows=0.5, columns=0.5))
    power = (np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0)
    inside = np.abs(np.fft.fftfreq(128)) <= 0.25
    assert power[~inside].max() < 1e-6 * power[np.ix_(inside, inside)].mean()


def test_zero_filling_lowers_the_stated_frequency_of_the_noise() -> None:
    assert PLAIN.noise_frequency() == pytest.approx(0.25, abs=0.01)
    assert Acquisition(rows=0.5, columns=0.5).noise_frequency() < 0.16


def test_a_fully_measured_untapered_image_is_the_object_itself() -> None:
    signal = np.random.default_rng(4).uniform(10, 90, (2, 64, 64)).astype(np.float32)
    np.testing.assert_allclose(reconstructed(signal, PLAIN, 0.7), signal, rtol=1e-4)


def test_partial_fourier_blurs_an_edge_along_the_phase_direction_only() -> None:
    signal = np.zeros((64, 64), np.float32)
    signal[20:44, 20:44] = 100.0
    seen = reconstructed(signal, Acquisition(partial=0.65))
    down, across = np.abs(seen - signal)[:, 32], np.abs(seen - signal)[32]
    assert down.max() > 5.0
    assert across.max() < down.max() / 3


def test_the_g_factor_makes_noise_uneven() -> None:
    rng = np.random.default_rng(5)
    signal = np.full((64, 64, 64), 100.0, np.float32)
    sd = np.ones((64, 64), np.float32)
    sd[:, 32:] = 2.0
    noisy = magnitude(rng, signal, sd, PLAIN)
    assert noisy[..., 32:].std() / noisy[..., :32].std() == pytest.approx(2.0, rel=0.02)


@pytest.mark.parametrize("profile", list(Profile))
def test_a_slice_profile_has_the_width_it_is_named_by(profile: Profile) -> None:
    offsets = np.linspace(-10, 10, 4001).astype(np.float32)
    weights = slice_profile(offsets, 4.0, profile)
    assert weights.sum() == pytest.approx(1.0, abs=1e-4)
    above = offsets[weights >= weights.max() / 2]
    assert above.max() - above.min() == pytest.approx(4.0, abs=0.05)


def test_slices_of_a_ramp_lie_on_the_ramp() -> None:
    matrix = profile_matrix(60, 4, 3.2, Profile.SINC, 1.5)
    ramp = np.arange(60, dtype=np.float32)
    centres = 1.5 + 4 * np.arange(len(matrix))
    np.testing.assert_allclose((matrix @ ramp)[2:-2], centres[2:-2], atol=1e-3)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=1e-5)


def test_a_random_contrast_leaves_air_and_dense_bone_dark() -> None:
    signal = Contrast.random(np.random.default_rng(6)).signal(
        np.array([-1000.0, -990.0, 1200.0, 40.0], np.float32)
    )
    assert signal[:3].max() < 5.0
    assert signal[3] > 10.0


def test_patches_are_the_same_for_the_same_seed() -> None:
    first, again = (make_mr_patches(np.random.default_rng(7), 2, Region.HEAD) for _ in range(2))
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])


def test_slices_see_what_their_profile_lets_in() -> None:
    box, gaussian = (
        Sampling(2, 8, 1.0, 8.0, 4.0, planes, profile=profile)
        for planes, profile in ((8, Profile.BOX), (33, Profile.GAUSSIAN))
    )
    in_the_gap = [
        np.where(np.abs(one.plane_heights(0.0)) < 1.2, 100.0, 0.0) for one in (box, gaussian)
    ]
    seen = [
        one.sliced(np.tile(plane[:, None, None], (1, 8, 8)).astype(np.float32))
        for one, plane in zip((box, gaussian), in_the_gap, strict=True)
    ]
    assert seen[0].max() == 0.0
    assert 1.0 < seen[1].max() < 15.0


@pytest.mark.parametrize("profile", [Profile.GAUSSIAN, Profile.SINC])
def test_a_thin_plate_traces_the_slice_profile(profile: Profile) -> None:
    sampling = Sampling(1, 2, 1.0, 1.0, 4.0, 81, profile=profile)
    heights = sampling.plane_heights(0.0)
    traced = []
    for offset in (0.0, 2.0):
        plate = np.where(np.abs(heights - offset) < 0.15, 1.0, 0.0)
        traced.append(float(sampling.sliced(np.tile(plate[:, None, None], (1, 2, 2)))[0, 0, 0]))
    assert traced[1] / traced[0] == pytest.approx(0.5, abs=0.05)


def test_patches_can_be_drawn_through_a_slice_profile() -> None:
    box, smooth = (
        make_mr_patches(np.random.default_rng(3), 2, Region.ABSTRACT, PLAIN, profile)
        for profile in (Profile.BOX, Profile.GAUSSIAN)
    )
    assert smooth["clean"].shape[1:] == box["clean"].shape[1:]
    assert not np.array_equal(smooth["clean"], box["clean"])
