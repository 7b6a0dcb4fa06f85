"""Scenes of radiographs: what is known about them is true."""

import numpy as np
import pytest

from viewer.simulation.patches import SLICES
from viewer.simulation.scenes import MIDDLE, Scene
from viewer.simulation.xr_scenes import (
    DETECTORS,
    PHOTONS,
    REGIONS,
    xr_edge_scene,
    xr_insert_scene,
    xr_scenes,
)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return xr_scenes(11, 3)


def test_all_slices_are_the_one_picture(scenes: list[Scene]) -> None:
    for scene in scenes:
        assert scene.noisy.shape[0] == SLICES
        assert all(np.array_equal(one, scene.noisy[MIDDLE]) for one in scene.noisy)


def test_every_region_meets_another_exposure(scenes: list[Scene]) -> None:
    assert [scene.region for scene in scenes] == [region.value for region in REGIONS]
    assert {scene.noise_sd for scene in scenes} == set(PHOTONS)
    assert {scene.kernel for scene in scenes} <= set(DETECTORS)


def test_noise_is_what_the_picture_has_beside_its_truth_and_less_of_it_at_four_times_the_dose(
    scenes: list[Scene],
) -> None:
    for scene in scenes:
        inside = scene.body
        noise = (scene.noisy[MIDDLE] - scene.truth)[inside]
        assert abs(noise.mean()) < 0.1 * noise.std()
        rest = (scene.full_dose - scene.truth)[inside]
        assert rest.std() == pytest.approx(noise.std() / 2, rel=0.05)


def test_lesions_add_what_is_stated_and_no_noise(scenes: list[Scene]) -> None:
    for scene in scenes:
        added = scene.with_lesions[MIDDLE] - scene.noisy[MIDDLE]
        for lesion in scene.lesions:
            assert np.allclose(added[lesion.window], lesion.response, atol=1e-3)
        for lesion in scene.lesions:
            if lesion.kind == "5 mm +10 %":
                assert 8.0 < lesion.response.max() < 11.0


def test_thick_parts_are_noisier(scenes: list[Scene]) -> None:
    noise = scenes[2].noisy[MIDDLE] - scenes[2].truth
    low, high = np.percentile(scenes[2].truth[scenes[2].body], [20, 80])
    thin, thick = scenes[2].truth < low, scenes[2].truth > high
    assert noise[thick].std() > 1.2 * noise[thin & scenes[2].body].std()


def test_an_edge_and_a_faint_disc_have_their_contrast() -> None:
    edge = xr_edge_scene(1, 20.0, 6000.0, 4)
    assert edge.truth.max() - edge.truth.min() == pytest.approx(20.0, abs=0.2)
    assert (edge.noisy[:, MIDDLE] - edge.truth).mean() == pytest.approx(0.0, abs=0.1)
    disc = xr_insert_scene(1, 5.0, 0.4, 6000.0, 3)
    assert disc.signal.max() == pytest.approx(0.4, abs=0.03)
    assert disc.noise.shape == (3, SLICES, 64, 64)
