"""The demo study's truth is true."""

import numpy as np
import pytest

from viewer.simulation.demo import DemoStudy, demo_chest


@pytest.fixture(scope="module")
def study() -> DemoStudy:
    return demo_chest(slices=16, size=160, spacing_mm=9.0)


def test_demo_study_has_the_shapes_and_places_it_states(study: DemoStudy) -> None:
    assert study.full_dose.shape == study.quarter_dose.shape == study.truth.shape == (16, 160, 160)
    assert study.full_dose.dtype == np.int16
    first, spacing = np.array(study.first_voxel_mm), np.array(study.spacing_mm)
    np.testing.assert_allclose(first[:2] + 79.5 * spacing[1:], 0.0, atol=1e-3)
    assert {nodule.kind for nodule in study.nodules} == {"solid", "ground glass", "liver"}


def test_quarter_dose_has_twice_the_noise_of_full_dose(study: DemoStudy) -> None:
    soft = (study.truth > -150.0) & (study.truth < 150.0)
    full = (study.full_dose - study.truth)[soft].std()
    quarter = (study.quarter_dose - study.truth)[soft].std()
    assert 7.0 < full < 20.0
    assert quarter / full == pytest.approx(2.0, rel=0.12)


def test_every_large_lung_nodule_is_where_it_is_said_to_be(study: DemoStudy) -> None:
    large = [one for one in study.nodules if one.kind == "solid" and one.diameter_mm >= 8.0]
    assert large
    first, spacing = np.array(study.first_voxel_mm), np.array(study.spacing_mm)
    for nodule in large:
        x, y, z = (np.array(nodule.place_mm) - first) / spacing[[2, 1, 0]]
        plane, row, column = round(z), round(y), round(x)
        near = study.truth[plane, row - 1 : row + 2, column - 1 : column + 2].mean()
        ring = study.truth[plane, row - 7 : row + 8, column - 7 : column + 8]
        assert near > np.median(ring) + 150.0


def test_the_demo_is_the_same_every_time(study: DemoStudy) -> None:
    again = demo_chest(slices=16, size=160, spacing_mm=9.0, workers=1)
    np.testing.assert_array_equal(again.quarter_dose, study.quarter_dose)
    assert again.nodules == study.nodules


def test_progress_can_stop_the_work() -> None:
    def stop(done: int, total: int) -> None:
        raise InterruptedError(f"{done} of {total}")

    with pytest.raises(InterruptedError):
        demo_chest(slices=8, size=96, spacing_mm=9.0, progress=stop)


def test_a_demo_of_few_slices_holds_its_lesions_too() -> None:
    slices = 8
    low = demo_chest(slices=slices, size=96)
    assert low.truth.shape[0] == slices
    assert len(low.nodules) >= 2
    first, step = low.first_voxel_mm[2], low.spacing_mm[0]
    assert all(
        first <= one.place_mm[2] <= first + (slices - 1) * step + 1e-6 for one in low.nodules
    )


def test_a_demo_too_small_to_show_a_chest_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 8"):
        demo_chest(slices=3)
