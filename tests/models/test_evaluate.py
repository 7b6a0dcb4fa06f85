"""The evaluation measures what it says, on images whose answer is known."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

MODELS = Path(__file__).resolve().parents[2] / "models"


@pytest.fixture
def evaluate(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(MODELS))
    import evaluate

    return evaluate


@pytest.fixture
def scenes(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(MODELS))
    import scenes

    return scenes


def flat_scene(scenes: ModuleType, sd: float = 10.0) -> object:
    """Return water with white noise and one lesion."""
    from viewer.enhancement.noise import NoiseEstimate

    rng = np.random.default_rng(3)
    truth = np.zeros((96, 96), np.float32)
    noisy = (truth + sd * rng.standard_normal((5, 96, 96))).astype(np.float32)
    response = np.zeros((20, 20), np.float32)
    response[6:14, 6:14] = -20.0
    window = (slice(40, 60), slice(40, 60))
    lesioned = noisy.copy()
    lesioned[(slice(None), *window)] += response
    return scenes.Scene(
        name="water",
        noisy=noisy,
        with_lesions=lesioned,
        truth=truth,
        body=np.ones((96, 96), np.bool_),
        flat=((0, 0), (16, 64), (64, 16)),
        lesions=(scenes.Inserted("square", window, response),),
        noise=NoiseEstimate(sd, 0.3, 9, 0.9),
        pixel_mm=0.8,
    )


def test_blending_reaches_the_cut_that_is_asked(evaluate: ModuleType, scenes: ModuleType) -> None:
    scene = flat_scene(scenes)
    perfect = evaluate.Judged(scene, scene.truth, scene.truth)
    factor = perfect.factor_for(0.4)
    assert factor == pytest.approx(0.4, abs=1e-3)
    found = evaluate.figures([perfect], 0.4)
    assert found["cut"] == pytest.approx(0.4, abs=1e-3)
    assert found["gain_db"] == pytest.approx(-20.0 * np.log10(0.6), abs=0.05)


def test_contrast_kept_is_one_for_the_input_and_the_factor_for_a_dimmed_copy(
    evaluate: ModuleType, scenes: ModuleType
) -> None:
    scene = flat_scene(scenes)
    same = evaluate.Judged(scene, scene.noisy[2], scene.with_lesions[2])
    assert evaluate.figures([same], None)["kept square"] == pytest.approx(1.0, abs=1e-4)
    dimmed = evaluate.Judged(scene, 0.7 * scene.noisy[2], 0.7 * scene.with_lesions[2])
    assert evaluate.figures([dimmed], None)["kept square"] == pytest.approx(0.7, abs=1e-4)


def test_blurring_an_edge_lowers_its_frequency_as_theory_says(
    scenes: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scipy.ndimage import gaussian_filter

    monkeypatch.syspath_prepend(str(MODELS))
    import sharpness

    scene = scenes.edge_scene(1, 100.0, 5.0, 4)
    sharp = sharpness.edge_frequency(scene.truth, scene)
    sigma_mm = 0.7
    blurred = sharpness.edge_frequency(
        gaussian_filter(scene.truth, sigma_mm / scene.pixel_mm), scene
    )
    kernel_half = scenes.KERNELS["standard"][0] / scene.pixel_mm
    assert sharp == pytest.approx(kernel_half, rel=0.12)
    # two Gaussians in a row: 1 / f^2 adds up (half at sqrt(ln 2 / 2) / (pi sigma))
    other_half = np.sqrt(np.log(2.0) / 2.0) / (np.pi * sigma_mm)
    expected = 1.0 / np.hypot(1.0 / sharp, 1.0 / other_half)
    assert blurred == pytest.approx(expected, rel=0.1)


def test_flat_blocks_avoid_edges_and_air(scenes: ModuleType) -> None:
    truth = np.full((96, 96), -1000.0, np.float32)
    truth[:, 40:] = 50.0
    corners = scenes.flat_blocks(truth)
    assert corners
    assert all(column >= 40 for _, column in corners)


def test_held_out_scenes_state_their_noise_and_hold_lesions_of_every_kind(
    scenes: ModuleType,
) -> None:
    scene = scenes.scenes(5, 1)[0]
    noise = scene.noisy[2] - scene.truth
    rows = [noise[r : r + 16, c : c + 16].std() for r, c in scene.flat]
    assert np.median(rows) == pytest.approx(scene.noise.sd, rel=0.25)
    assert {one.kind for one in scene.lesions} == set(scenes.LESIONS)
    assert np.abs(scene.with_lesions - scene.noisy).max() < 61.0
