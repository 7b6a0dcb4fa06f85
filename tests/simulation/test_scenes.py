"""Scenes on which methods are judged: their truth, noise, lesions and inserts."""

import numpy as np
import pytest

from viewer.simulation.patches import local_sd
from viewer.simulation.scenes import (
    INSERTS,
    KERNELS,
    LESIONS,
    MIDDLE,
    Scene,
    edge_scene,
    flat_blocks,
    full_dose,
    insert_scene,
    named_kernel,
    scenes,
)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return scenes(5, 1)[0]


def test_flat_blocks_avoid_edges_and_air() -> None:
    truth = np.full((96, 96), -1000.0, np.float32)
    truth[:, 40:] = 50.0
    corners = flat_blocks(truth)
    assert corners
    assert all(column >= 40 for _, column in corners)


def test_scenes_have_the_noise_that_they_state_and_lesions_of_every_kind(scene: Scene) -> None:
    noise = scene.noisy[MIDDLE] - scene.truth
    rows = [noise[r : r + 16, c : c + 16].std() for r, c in scene.flat]
    assert np.median(rows) == pytest.approx(scene.noise_sd, rel=0.4)
    assert {one.kind for one in scene.lesions} == set(LESIONS)
    assert np.abs(scene.with_lesions - scene.noisy).max() < 61.0


def test_the_same_seed_gives_the_same_scene(scene: Scene) -> None:
    again = scenes(5, 1)[0]
    assert np.array_equal(again.noisy, scene.noisy)
    assert np.array_equal(again.full_dose, scene.full_dose)


def test_the_full_dose_is_what_the_quarter_dose_was_made_of() -> None:
    rng = np.random.default_rng(4)
    kernel = named_kernel("standard", 0.8)
    clean = np.zeros((5, 256, 256), np.float32)
    noise = 20.0 * rng.standard_normal(clean.shape).astype(np.float32)
    full = full_dose(rng, clean, noise, kernel, 0.8)
    added = noise[MIDDLE] - full
    variance = noise[MIDDLE].var()
    assert full.var() == pytest.approx(variance / 4, rel=0.06)
    assert added.var() == pytest.approx(0.75 * variance, rel=0.06)
    assert abs(np.mean(full * added)) < 0.03 * variance
    assert local_sd(noise).mean() == pytest.approx(20.0, rel=0.05)


def test_an_edge_has_its_contrast_and_its_distance() -> None:
    edge = edge_scene(1, 100.0, 5.0, 4)
    assert edge.truth[48, 48] == pytest.approx(100.0, abs=1.0)
    assert edge.truth[4, 4] == pytest.approx(0.0, abs=1.0)
    assert edge.truth[np.abs(edge.distance_mm) < 0.3].mean() == pytest.approx(50.0, abs=8.0)
    assert edge.noisy.shape == (4, 5, 96, 96)


@pytest.mark.parametrize(("diameter", "contrast"), INSERTS)
def test_an_insert_keeps_what_it_adds_after_the_kernel(diameter: float, contrast: float) -> None:
    found = insert_scene(3, diameter, contrast, 20.0, 3)
    area = np.pi * (diameter / 2) ** 2 / found.pixel_mm**2
    assert found.signal.sum() == pytest.approx(contrast * area, rel=0.05)
    assert found.noise[:, MIDDLE].std() == pytest.approx(20.0, rel=0.1)
    assert found.name == f"{diameter:g} mm {contrast:g} HU"


def test_kernels_are_named_for_a_pixel() -> None:
    for name, (half, _, _) in KERNELS.items():
        assert named_kernel(name, 0.5).half_per_mm == pytest.approx(2 * half)
