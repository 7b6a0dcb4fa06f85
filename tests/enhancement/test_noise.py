"""The noise estimator finds what the simulation put in."""

import numpy as np
import pytest

from viewer.enhancement.noise import estimate_noise, slice_sd
from viewer.simulation.kernels import Kernel, noise_mean_frequency
from viewer.simulation.noise import NoiseCharacter, blur, unit_noise
from viewer.simulation.phantom import Region, Sampling, Stack, random_stack

PIXEL_MM = 0.75
KERNELS = {
    "soft": Kernel(0.2 / PIXEL_MM),
    "standard": Kernel(0.3 / PIXEL_MM, 0.1),
    "sharp": Kernel(0.42 / PIXEL_MM, 0.5, 3.0),
}


@pytest.fixture(scope="module")
def abdomen() -> Stack:
    sampling = Sampling(5, 384, PIXEL_MM, 2.0, 2.0)
    return random_stack(np.random.default_rng(5), Region.ABDOMEN, sampling, lesion_count=20)


def noisy(stack: Stack, kernel: Kernel, sd: float) -> np.ndarray:
    clean = blur(stack.values, kernel, PIXEL_MM)
    character = NoiseCharacter(kernel, PIXEL_MM, 0.15, 0.4, 0.2)
    noise = unit_noise(np.random.default_rng(8), clean.shape, character)
    return np.round(clean + np.float32(sd) * noise)


@pytest.mark.parametrize("kernel", list(KERNELS))
@pytest.mark.parametrize("sd", [15.0, 30.0, 60.0])
def test_noise_in_an_abdomen_is_found_within_a_tenth(
    abdomen: Stack, kernel: str, sd: float
) -> None:
    found = estimate_noise(noisy(abdomen, KERNELS[kernel], sd), (PIXEL_MM, PIXEL_MM))
    assert found is not None
    assert found.sd == pytest.approx(sd, rel=0.10)


@pytest.mark.parametrize("kernel", list(KERNELS))
def test_tissue_texture_adds_little_to_weak_noise(abdomen: Stack, kernel: str) -> None:
    found = estimate_noise(noisy(abdomen, KERNELS[kernel], 8.0), (PIXEL_MM, PIXEL_MM))
    assert found is not None
    assert found.sd == pytest.approx(8.0, rel=0.16)


@pytest.mark.parametrize("kernel", list(KERNELS))
@pytest.mark.parametrize("sd", [15.0, 60.0])
def test_mean_frequency_is_that_of_the_kernel(abdomen: Stack, kernel: str, sd: float) -> None:
    found = estimate_noise(noisy(abdomen, KERNELS[kernel], sd), (PIXEL_MM, PIXEL_MM))
    assert found is not None
    expected = noise_mean_frequency(KERNELS[kernel], PIXEL_MM)
    assert found.mean_frequency_per_mm == pytest.approx(expected, rel=0.10)


def test_a_single_slice_is_enough(abdomen: Stack) -> None:
    one = noisy(abdomen, KERNELS["standard"], 30.0)[2]
    found = estimate_noise(one, (PIXEL_MM, PIXEL_MM))
    assert found is not None
    assert found.sd == pytest.approx(30.0, rel=0.12)


def test_pure_noise_in_water_is_found_within_a_twentieth() -> None:
    character = NoiseCharacter(KERNELS["standard"], PIXEL_MM)
    noise = 25.0 * unit_noise(np.random.default_rng(1), (3, 256, 256), character)
    found = estimate_noise(noise, (PIXEL_MM, PIXEL_MM))
    assert found is not None
    assert found.sd == pytest.approx(25.0, rel=0.05)
    assert slice_sd(2.0 * noise[0], found) == pytest.approx(50.0, rel=0.08)


def test_air_alone_gives_no_estimate() -> None:
    assert estimate_noise(np.full((3, 128, 128), -1000, np.int16), (0.7, 0.7)) is None


def test_a_constant_image_gives_no_estimate() -> None:
    found = estimate_noise(np.full((3, 128, 128), 40, np.int16), (0.7, 0.7))
    assert found is None


@pytest.mark.parametrize("shape", [(3, 8, 40), (1, 20, 20), (2, 1, 1)])
def test_pictures_smaller_than_the_blocks_give_no_estimate(shape: tuple[int, int, int]) -> None:
    noise = np.random.default_rng(2).normal(0, 20, shape)
    assert estimate_noise(noise, (0.7, 0.7)) is None


def test_bands_of_tissue_too_narrow_for_a_whole_block_give_no_estimate() -> None:
    noise = np.random.default_rng(3).normal(0.0, 20.0, (1, 256, 256))
    in_band = np.arange(256) % 34 < 18
    assert estimate_noise(np.where(in_band, noise, 900.0), (PIXEL_MM, PIXEL_MM)) is None
    in_band = np.arange(256) % 64 < 52
    assert estimate_noise(np.where(in_band, noise, 900.0), (PIXEL_MM, PIXEL_MM)) is not None
