"""Noise that depends on the grey level is found from one image."""

import numpy as np
import pytest

from viewer.app.grounds import RADIOGRAPH
from viewer.enhancement.level_noise import level_curve
from viewer.simulation.scenes import MIDDLE

LEVELS = np.repeat(np.linspace(100.0, 400.0, 16, dtype=np.float32), 32)


def steps(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a staircase whose noise SD is 2 at its dark end and 8 at its bright one."""
    sd = np.broadcast_to(2.0 + 6.0 * (LEVELS - 100.0) / 300.0, (256, 512))
    return (LEVELS + sd * rng.standard_normal(sd.shape)).astype(np.float32), sd


def test_the_map_follows_the_noise_of_a_staircase() -> None:
    image, sd = steps(np.random.default_rng(1))
    curve = level_curve(image)
    found = curve.sd(image, 1.0)
    ratio = found / found.mean() / (sd / sd.mean())
    assert np.percentile(ratio, [5, 95]) == pytest.approx([1.0, 1.0], abs=0.2)


def test_bright_or_dark_bones_make_no_difference() -> None:
    image, _ = steps(np.random.default_rng(2))
    plain, inverted = level_curve(image), level_curve(1000.0 - image)
    assert plain.ratios / plain.ratios.max() == pytest.approx(
        inverted.ratios[::-1] / inverted.ratios.max(), abs=0.05
    )


def test_simulated_radiographs_are_met_within_a_quarter() -> None:
    for scene in RADIOGRAPH.scenes(5, 3):
        image, noise = scene.noisy[MIDDLE], scene.noisy[MIDDLE] - scene.truth
        measured = RADIOGRAPH.noise(scene.noisy, scene.pixel_mm)
        assert measured is not None
        found = level_curve(image).sd(image, measured.sd)
        low, high = np.percentile(scene.truth[scene.body], [25, 75])
        for part in (scene.truth < low, scene.truth > high):
            where = part & scene.body
            assert np.sqrt((found[where] ** 2).mean()) == pytest.approx(
                noise[where].std(), rel=0.25
            )


def test_a_black_border_without_noise_is_left_out() -> None:
    image, _ = steps(np.random.default_rng(3))
    framed = np.pad(image, 96)
    assert level_curve(framed).ratios.min() > 0.3
    assert level_curve(framed).levels.min() > 50


@pytest.mark.parametrize("image", [np.zeros((64, 64), np.float32), np.ones((8, 8), np.float32)])
def test_where_nothing_can_be_measured_the_noise_is_even(image: np.ndarray) -> None:
    assert np.all(level_curve(image).sd(image, 3.0) == 3.0)
