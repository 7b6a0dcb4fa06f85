"""Reconstruction gives water its value and leaves the noise and blur of the kernel."""

import numpy as np
import pytest

from viewer.enhancement.noise import estimate_noise
from viewer.simulation.kernels import LUNG, SOFT, STANDARD, Kernel, noise_mean_frequency
from viewer.simulation.noise import blur
from viewer.simulation.projection import Exposure, ParallelBeam, attenuation, measured
from viewer.simulation.reconstruction import filtered_back_projection

PIXEL_MM = 0.8
SIZE = 256


@pytest.fixture(scope="module")
def beam() -> ParallelBeam:
    return ParallelBeam.build(SIZE, 420)


def cylinder(radius_mm: float = 80.0, rod_hu: float = 0.0, rod_mm: float = 6.0) -> np.ndarray:
    axis = (np.arange(SIZE) - (SIZE - 1) / 2) * PIXEL_MM
    distance = np.hypot(axis[None, :], axis[:, None])
    water = np.clip(0.5 - (distance - radius_mm) / PIXEL_MM, 0.0, 1.0)
    rod = np.clip(0.5 - (distance - rod_mm) / PIXEL_MM, 0.0, 1.0)
    return (-1000.0 + 1000.0 * water + rod_hu * rod).astype(np.float32)


def scan(beam: ParallelBeam, values: np.ndarray) -> np.ndarray:
    return beam.project(attenuation(values), PIXEL_MM)


def noise(beam: ParallelBeam, kernel: Kernel, photons: float, seed: int = 1) -> np.ndarray:
    """Return noise alone, HU, from a scan of water."""
    integrals = scan(beam, cylinder())
    noisy = measured(
        np.random.default_rng(seed), integrals, Exposure(photons, 0.0), beam.offsets() * PIXEL_MM
    )
    images = [filtered_back_projection(one, beam, kernel, PIXEL_MM) for one in (noisy, integrals)]
    return images[0] - images[1]


@pytest.mark.parametrize("kernel", [SOFT, STANDARD, LUNG])
def test_water_is_0_hu_and_air_is_minus_1000(beam: ParallelBeam, kernel: Kernel) -> None:
    image = filtered_back_projection(scan(beam, cylinder()), beam, kernel, PIXEL_MM)
    middle = SIZE // 2
    assert image[middle - 40 : middle + 40, middle - 40 : middle + 40].mean() == pytest.approx(
        0.0, abs=1.0
    )
    assert image[8:30, 8:30].mean() == pytest.approx(-1000.0, abs=1.5)


def test_reconstruction_without_noise_is_the_image_seen_through_the_kernel(
    beam: ParallelBeam,
) -> None:
    values = cylinder(rod_hu=60.0)
    image = filtered_back_projection(scan(beam, values), beam, SOFT, PIXEL_MM)
    expected = blur(values, SOFT, PIXEL_MM)
    inside = slice(SIZE // 2 - 60, SIZE // 2 + 60)
    difference = (image - expected)[inside, inside]
    assert np.sqrt(np.mean(difference**2)) < 0.6


def test_noise_variance_is_one_over_the_dose(beam: ParallelBeam) -> None:
    inside = slice(SIZE // 2 - 50, SIZE // 2 + 50)
    variance = [
        np.mean([noise(beam, STANDARD, photons, seed)[inside, inside].var() for seed in (1, 2)])
        for photons in (8e4, 2e4)
    ]
    assert variance[1] / variance[0] == pytest.approx(4.0, rel=0.08)


@pytest.mark.parametrize("kernel", [SOFT, STANDARD, LUNG])
def test_noise_spectrum_is_that_of_the_kernel(beam: ParallelBeam, kernel: Kernel) -> None:
    inside = slice(SIZE // 2 - 64, SIZE // 2 + 64)
    stack = np.stack([noise(beam, kernel, 5e4, seed)[inside, inside] for seed in range(3)])
    found = estimate_noise(stack, (PIXEL_MM, PIXEL_MM))
    assert found is not None
    expected = noise_mean_frequency(kernel, PIXEL_MM)
    assert found.mean_frequency_per_mm == pytest.approx(expected, rel=0.08)


def test_a_sharper_kernel_pays_with_noise(beam: ParallelBeam) -> None:
    inside = slice(SIZE // 2 - 50, SIZE // 2 + 50)
    found = [noise(beam, kernel, 5e4)[inside, inside].std() for kernel in (SOFT, STANDARD, LUNG)]
    assert found[0] < found[1] < found[2]
