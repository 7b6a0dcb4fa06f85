"""The model observer gives the detectability that theory says."""

import math

import numpy as np
import pytest

from viewer.enhancement.observers import (
    CHANNELS,
    WIDTH_TO_DIAMETER,
    Scores,
    laguerre_gauss,
    observed,
    ratio_interval,
)

SIZE, PIXEL_MM, DIAMETER_MM = 32, 0.7, 5.0


def pairs(amplitude: float, count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return white noise of SD 1 without and with a signal that the first channel fits."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((count, SIZE, SIZE))
    width = WIDTH_TO_DIAMETER * DIAMETER_MM
    shape = laguerre_gauss(SIZE, PIXEL_MM, width, 1)[:, 0].reshape(SIZE, SIZE)
    return noise, noise + amplitude * shape


def normal_share(z: float) -> float:
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


def test_channels_are_orthonormal() -> None:
    channels = laguerre_gauss(64, 0.5, 8.0, CHANNELS)
    assert np.allclose(channels.T @ channels, np.eye(CHANNELS), atol=0.02)


@pytest.mark.parametrize("amplitude", [1.0, 2.0])
def test_a_known_signal_in_white_noise_has_its_length_as_detectability(amplitude: float) -> None:
    rng = np.random.default_rng(2)
    absent, _ = pairs(amplitude, 3000)
    other = rng.standard_normal(absent.shape)
    present = other + (pairs(amplitude, 1)[1] - pairs(amplitude, 1)[0])
    scores = observed(absent, present, DIAMETER_MM, PIXEL_MM)
    assert scores.detectability == pytest.approx(amplitude, abs=0.1)
    assert scores.auc == pytest.approx(normal_share(amplitude / math.sqrt(2)), abs=0.015)


def test_nothing_cannot_be_told_from_nothing() -> None:
    rng = np.random.default_rng(3)
    absent, present = rng.standard_normal((2, 2000, SIZE, SIZE))
    scores = observed(absent, present, DIAMETER_MM, PIXEL_MM)
    assert scores.auc == pytest.approx(0.5, abs=0.03)
    assert abs(scores.detectability) < 0.1


def test_ties_count_half() -> None:
    assert Scores(np.zeros(4), np.zeros(4)).auc == 0.5
    assert Scores(np.zeros(4), np.ones(4)).auc == 1.0
    assert Scores(np.array([0.0, 1.0]), np.array([1.0, 2.0])).auc == pytest.approx(7 / 8)


def test_the_interval_of_equal_scores_is_one_and_of_a_halved_signal_about_a_half() -> None:
    absent, present = pairs(2.0, 800)
    full = observed(absent, present, DIAMETER_MM, PIXEL_MM)
    low, high = ratio_interval(full, full, 7)
    assert low == high == 1.0
    half = observed(absent, (absent + present) / 2, DIAMETER_MM, PIXEL_MM)
    low, high = ratio_interval(half, full, 7)
    assert low - 0.005 <= 0.5 <= high + 0.005  # the template is not resampled
    assert high - low < 0.1


def test_a_background_that_all_images_share_changes_nothing() -> None:
    absent, present = pairs(1.0, 400)
    plain = observed(absent, present, DIAMETER_MM, PIXEL_MM)
    bright = observed(absent + 100.0, present + 100.0, DIAMETER_MM, PIXEL_MM)
    assert bright.detectability == pytest.approx(plain.detectability, rel=0.02)
    assert bright.auc == pytest.approx(plain.auc, abs=0.005)
