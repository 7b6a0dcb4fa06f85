"""Noise put into an image is that of the same scan at the lower dose."""

import numpy as np
import pytest

from viewer.enhancement.noise import estimate_noise
from viewer.simulation.insertion import (
    added_sd,
    inserted_noise,
    matching_exposure,
    padded_size,
)
from viewer.simulation.kernels import LUNG, SOFT, FloatArray, Kernel
from viewer.simulation.projection import Exposure, ParallelBeam, attenuation, measured
from viewer.simulation.reconstruction import filtered_back_projection

PIXEL_MM = 0.8
SIZE = 256
FULL = Exposure(1.2e5, electronic_sd=8.0)
DRAWS = 4
INSIDE = np.s_[:, SIZE // 2 - 64 : SIZE // 2 + 64, SIZE // 2 - 64 : SIZE // 2 + 64]


@pytest.fixture(scope="module")
def beam() -> ParallelBeam:
    return ParallelBeam.build(SIZE, 420)


def phantom() -> FloatArray:
    """Return water with a bone in it, which makes the noise uneven."""
    axis = (np.arange(SIZE) - (SIZE - 1) / 2) * PIXEL_MM
    distance = np.hypot(axis[None, :], axis[:, None])
    bone = np.hypot(axis[None, :] - 50, axis[:, None]) < 12
    return np.where(bone, 900.0, np.where(distance < 90, 0.0, -1000.0)).astype(np.float32)


def scans(beam: ParallelBeam, kernel: Kernel, exposure: Exposure, seed: int) -> FloatArray:
    """Return images of one phantom [draw, row, column]."""
    integrals = beam.project(attenuation(phantom()), PIXEL_MM)
    rng, offsets = np.random.default_rng(seed), beam.offsets() * PIXEL_MM
    rays = [measured(rng, integrals, exposure, offsets) for _ in range(DRAWS)]
    return np.stack([filtered_back_projection(one, beam, kernel, PIXEL_MM) for one in rays])


@pytest.mark.parametrize(("kernel", "dose"), [(SOFT, 0.25), (LUNG, 0.25), (SOFT, 0.1)])
def test_a_scan_with_inserted_noise_is_like_one_at_that_dose(
    beam: ParallelBeam, kernel: Kernel, dose: float
) -> None:
    full = scans(beam, kernel, FULL, 1)
    low = scans(beam, kernel, FULL.at_dose(dose), 2)
    rng = np.random.default_rng(3)
    made = full + inserted_noise(rng, full, PIXEL_MM, dose, FULL, kernel, beam)
    clean = scans(beam, kernel, Exposure(1e12, 0.0), 4)[0]
    made_noise, low_noise = (made - clean)[INSIDE], (low - clean)[INSIDE]
    assert made_noise.std() / low_noise.std() == pytest.approx(1.0, abs=0.05)
    grains = [estimate_noise(one, (PIXEL_MM, PIXEL_MM)) for one in (made_noise, low_noise)]
    assert grains[0] is not None
    assert grains[1] is not None
    ratio = grains[0].mean_frequency_per_mm / grains[1].mean_frequency_per_mm
    assert ratio == pytest.approx(1.0, abs=0.05)
    beside, below = made_noise[:, 50:78, 90:120], made_noise[:, 90:120, 50:78]
    expected = low_noise[:, 50:78, 90:120].std() / low_noise[:, 90:120, 50:78].std()
    assert beside.std() / below.std() == pytest.approx(expected, rel=0.1)


def test_inserted_noise_leaves_the_mean(beam: ParallelBeam) -> None:
    values = np.stack([phantom()] * 6)
    noise = inserted_noise(np.random.default_rng(5), values, PIXEL_MM, 0.25, FULL, SOFT, beam)
    assert abs(noise[INSIDE].mean()) < 0.02 * noise[INSIDE].std()


def test_the_whole_dose_adds_nothing() -> None:
    beam = ParallelBeam.build(64, 60)
    values = np.zeros((1, 64, 64), np.float32)
    noise = inserted_noise(np.random.default_rng(5), values, 2.0, 1.0, FULL, SOFT, beam)
    assert np.abs(noise).max() < 1e-3


def test_the_added_variance_is_that_between_the_doses() -> None:
    integrals = np.full((600, 40), 4.0, np.float32)
    offsets, exposure = np.zeros(40, np.float32), Exposure(4e4, 12.0)
    low, full = (
        measured(np.random.default_rng(seed), integrals, exposure.at_dose(dose), offsets).var()
        for seed, dose in ((1, 0.25), (2, 1.0))
    )
    added = added_sd(integrals, exposure, 0.25, offsets)
    assert float(added.max()) ** 2 == pytest.approx(low - full, rel=0.05)


@pytest.mark.parametrize("dose", [0.0, -0.1, 1.5])
def test_a_dose_above_the_scan_s_own_is_refused(dose: float) -> None:
    with pytest.raises(ValueError, match="not above 0 and at most 1"):
        added_sd(np.zeros((1, 1), np.float32), FULL, dose, np.zeros(1, np.float32))


def test_the_exposure_is_found_from_the_noise_of_the_slice(beam: ParallelBeam) -> None:
    kernel = SOFT
    exposure = Exposure(6e4, 0.0)
    images = scans(beam, kernel, exposure, 7)
    clean = scans(beam, kernel, Exposure(1e12, 0.0), 4)[0]
    where = np.zeros((SIZE, SIZE), np.float32)
    where[70:110, 100:150] = 1.0
    sd = float((images - clean)[:, where > 0].std())
    rng = np.random.default_rng(8)
    found = matching_exposure(rng, clean, PIXEL_MM, sd, kernel, where, beam)
    assert found.photons == pytest.approx(exposure.photons, rel=0.15)


def test_slices_need_not_be_square_or_even() -> None:
    values = np.zeros((2, 61, 48), np.float32)
    assert padded_size(61, 48) == 62
    noise = inserted_noise(np.random.default_rng(5), values, 2.0, 0.5, FULL, SOFT)
    assert noise.shape == values.shape
    assert noise.std() > 0.5
