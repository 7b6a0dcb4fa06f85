"""Resolution and grain, against what theory says of a Gaussian."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from viewer.enhancement.resolution import edge_frequency, grain
from viewer.simulation.scenes import KERNELS, edge_scene


def test_blurring_an_edge_lowers_its_frequency_as_theory_says() -> None:
    scene = edge_scene(1, 100.0, 5.0, 2)
    sharp = edge_frequency(scene.truth, scene.distance_mm)
    sigma_mm = 0.7
    image = gaussian_filter(scene.truth, sigma_mm / scene.pixel_mm)
    blurred = edge_frequency(image, scene.distance_mm)
    assert sharp == pytest.approx(KERNELS["standard"][0] / scene.pixel_mm, rel=0.12)
    # two Gaussians in a row: 1 / f^2 adds up (half at sqrt(ln 2 / 2) / (pi sigma))
    other_half = np.sqrt(np.log(2.0) / 2.0) / (np.pi * sigma_mm)
    assert blurred == pytest.approx(1.0 / np.hypot(1.0 / sharp, 1.0 / other_half), rel=0.1)


def test_the_grain_of_white_noise_is_in_the_middle_and_falls_when_it_is_smoothed() -> None:
    noise = np.random.default_rng(2).standard_normal((20, 96, 96)).astype(np.float32)
    white = grain(noise, 0.5)
    assert white == pytest.approx(0.5, rel=0.1)  # half of the Nyquist frequency of 1 per mm
    assert grain(gaussian_filter(noise, (0, 1, 1)), 0.5) < 0.5 * white
