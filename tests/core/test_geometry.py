"""Where slices and voxels lie in the patient: order, spacing, tilt, gaps, letters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.grids import AXIAL, CORONAL, SAGITTAL, frames, grid
from viewer.core.arrays import FloatArray, Point
from viewer.core.errors import InvalidGeometry
from viewer.core.geometry import (
    FrameGeometry,
    VolumeGeometry,
    orientation_letters,
    point,
    volume_geometry,
)

steps = st.floats(0.2, 8)
indices = st.tuples(st.floats(-5, 50), st.floats(-5, 50), st.floats(-5, 50))


def turned(seed: int) -> tuple[Point, Point]:
    """Return a row and a column direction in no special orientation."""
    axes, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return (point(axes[:, 0]), point(axes[:, 1]))


@given(
    index=indices,
    spacing=st.tuples(steps, steps, steps),
    seed=st.integers(0, 1000),
    tilt=st.floats(-0.5, 0.5),
)
def test_index_to_millimetres_and_back_is_the_same_place(
    index: Point, spacing: tuple[float, float, float], seed: int, tilt: float
) -> None:
    geometry = grid((6, 20, 30), spacing, turned(seed), tilt_rad=tilt)
    assert geometry.to_index(geometry.to_mm(index)) == pytest.approx(np.asarray(index), abs=1e-6)


@given(spacing=st.tuples(steps, steps, steps), seed=st.integers(0, 1000))
def test_rule_2_spacing_comes_from_the_positions(
    spacing: tuple[float, float, float], seed: int
) -> None:
    geometry = volume_geometry(frames((6, 20, 30), spacing, turned(seed)), slice_thickness_mm=99.0)
    assert geometry.spacing_mm == pytest.approx(spacing)
    assert geometry.is_even
    assert geometry.warnings == ()


def test_rule_7_row_and_column_spacing_are_never_swapped() -> None:
    # PS3.3 10.7.1.3: the first value is the distance between rows, so along a column.
    geometry = grid((3, 4, 5), (2.0, 0.5, 0.9))
    step_of_a_row = geometry.to_mm((0, 1, 0)) - geometry.to_mm((0, 0, 0))
    step_of_a_column = geometry.to_mm((0, 0, 1)) - geometry.to_mm((0, 0, 0))
    assert step_of_a_row == pytest.approx([0.0, 0.5, 0.0])
    assert step_of_a_column == pytest.approx([0.9, 0.0, 0.0])


def test_a_voxel_centre_lies_at_its_slice_position() -> None:
    planes = frames((4, 6, 7), (2.5, 1.0, 1.0), SAGITTAL)
    geometry = volume_geometry(planes)
    for index, plane in enumerate(planes):
        assert geometry.to_mm((index, 0, 0)) == pytest.approx(np.asarray(plane.position_mm))


def test_slices_that_run_against_the_normal_keep_their_order() -> None:
    planes = frames((4, 6, 7), (2.5, 1.0, 1.0))[::-1]
    geometry = volume_geometry(planes)
    assert geometry.to_mm((0, 0, 0)) == pytest.approx(np.asarray(planes[0].position_mm))
    assert geometry.normal == pytest.approx([0, 0, -1])
    assert np.all(np.diff(geometry.slice_positions_mm) > 0)
    assert [geometry.slice_of(plane.position_mm) for plane in planes] == [0, 1, 2, 3]


@given(tilt=st.floats(0.02, 0.5), seed=st.integers(0, 100))
def test_rule_5_a_gantry_tilt_is_found_from_the_positions_and_sheared(
    tilt: float, seed: int
) -> None:
    planes = frames((9, 20, 30), (3.0, 0.8, 0.8), turned(seed), tilt_rad=tilt)
    geometry = volume_geometry(planes)
    assert geometry.is_tilted
    assert f"{np.degrees(tilt):.1f}°" in geometry.warnings[-1]
    assert geometry.spacing_mm == pytest.approx((3.0, 0.8, 0.8))
    last = geometry.to_mm((8, 0, 0))
    assert last == pytest.approx(np.asarray(planes[-1].position_mm), abs=1e-6)


def test_rule_5_without_tilt_no_tilt_is_claimed() -> None:
    geometry = grid((9, 20, 30), (3.0, 0.8, 0.8), turned(4))
    assert not geometry.is_tilted
    assert geometry.warnings == ()


@pytest.mark.parametrize(("missing", "words"), [(1, "1 slice is missing"), (3, "3 slices")])
def test_rule_6_a_gap_is_found_and_the_rest_is_not_stretched(missing: int, words: str) -> None:
    positions = [0.0, 2.0, 4.0, *(6.0 + 2 * (missing + k) for k in range(3))]
    geometry = grid((6, 8, 8), positions_mm=positions)
    assert geometry.has_gaps
    assert not geometry.is_even
    assert words in geometry.warnings[0]
    assert geometry.spacing_mm[0] == pytest.approx(2.0)
    assert geometry.slice_origin_mm(3)[2] == pytest.approx(100.0 + positions[3])


def test_uneven_steps_are_named_with_their_range() -> None:
    geometry = grid((5, 8, 8), positions_mm=[0.0, 2.0, 4.0, 7.0, 10.1])
    assert not geometry.is_even
    assert not geometry.has_gaps
    assert "2.00 to 3.10 mm" in geometry.warnings[0]


def test_steps_that_differ_by_rounding_count_as_even() -> None:
    geometry = grid((5, 8, 8), positions_mm=[0.0, 0.625, 1.25, 1.874, 2.5])
    assert geometry.is_even
    assert geometry.spacing_mm[0] == pytest.approx(0.625)


@given(step=st.floats(1, 4), index=st.integers(0, 4), seed=st.integers(0, 50))
def test_each_slice_is_found_at_its_true_position(step: float, index: int, seed: int) -> None:
    positions = [0.0, step, 2 * step, 3.4 * step, 4.9 * step]
    planes = frames((5, 8, 8), directions=turned(seed), positions_mm=positions)
    geometry = volume_geometry(planes)
    assert geometry.slice_of(planes[index].position_mm) == index
    assert geometry.slice_origin_mm(index) == pytest.approx(
        np.asarray(planes[index].position_mm), abs=1e-6
    )
    moved = geometry.on_slice((3.0, 4.0, 5.0), index)
    assert geometry.slice_of(moved) == index
    assert np.asarray(moved) @ geometry.normal == pytest.approx(geometry.slice_positions_mm[index])


def test_two_slices_at_one_position_are_no_volume() -> None:
    with pytest.raises(InvalidGeometry, match="same position"):
        grid((3, 8, 8), positions_mm=[0.0, 2.0, 2.005])


def test_no_slices_are_no_volume() -> None:
    with pytest.raises(InvalidGeometry):
        volume_geometry(())


@pytest.mark.parametrize(("thickness", "step"), [(5.0, 5.0), (None, 1.0)])
def test_a_single_slice_is_as_thick_as_its_slice(thickness: float | None, step: float) -> None:
    geometry = volume_geometry(frames((1, 8, 8)), slice_thickness_mm=thickness)
    assert geometry.spacing_mm[0] == step
    assert geometry.shape == (1, 8, 8)


@pytest.mark.parametrize(
    ("row", "column", "spacing"),
    [
        ((0.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 1.0)),
        ((1.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0)),
        ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (-1.0, 1.0)),
        ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 1.0)),
        ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (float("nan"), 1.0)),
    ],
)
def test_headers_that_give_no_plane_are_refused(
    row: Point, column: Point, spacing: tuple[float, float]
) -> None:
    with pytest.raises(InvalidGeometry):
        FrameGeometry((0.0, 0.0, 0.0), row, column, spacing, (10, 10))


def test_rule_7_zero_spacing_is_allowed_for_a_single_row() -> None:
    # CP-2380: zero is legal where there is only one row or column.
    plane = FrameGeometry((0.0, 0.0, 0.0), *AXIAL, (0.0, 1.0), (1, 10))
    assert volume_geometry((plane,)).shape == (1, 1, 10)


def test_an_affine_that_is_flat_is_refused() -> None:
    with pytest.raises(InvalidGeometry):
        VolumeGeometry(np.zeros((4, 4)), (1, 1, 1))


def test_rule_3_planes_are_parallel_within_the_tolerance_only() -> None:
    here = frames((1, 8, 8))[0]
    nearly = FrameGeometry(here.position_mm, (1.0, 5e-4, 0.0), (-5e-4, 1.0, 0.0), (1, 1), (8, 8))
    slanted = FrameGeometry(here.position_mm, (1.0, 5e-3, 0.0), (-5e-3, 1.0, 0.0), (1, 1), (8, 8))
    assert here.is_parallel_to(nearly)
    assert not here.is_parallel_to(slanted)


def test_rule_31_corners_are_half_a_voxel_outside_the_outer_centres() -> None:
    geometry = grid((3, 4, 5), (2.0, 1.0, 1.0), origin_mm=(0.0, 0.0, 0.0))
    corners: FloatArray = geometry.corners_mm()
    assert corners.min(axis=0) == pytest.approx([-0.5, -0.5, -1.0])
    assert corners.max(axis=0) == pytest.approx([4.5, 3.5, 5.0])
    assert geometry.centre_mm == pytest.approx((2.0, 1.5, 2.0))


@pytest.mark.parametrize(
    ("direction", "letters"),
    [
        ((1.0, 0.0, 0.0), "L"),
        ((-1.0, 0.0, 0.0), "R"),
        ((0.0, 1.0, 0.0), "P"),
        ((0.0, -1.0, 0.0), "A"),
        ((0.0, 0.0, 1.0), "H"),
        ((0.0, 0.0, -1.0), "F"),
        ((0.6, 0.8, 0.0), "PL"),
        ((-0.3, 0.1, 0.95), "HR"),
        ((0.5, -0.5, -0.7), "FLA"),
        ((0.05, 0.0, 1.0), "H"),
    ],
)
def test_rule_25_letters_name_the_direction_strongest_first(direction: Point, letters: str) -> None:
    assert orientation_letters(direction) == letters


def test_rule_25_animals_get_their_own_letters() -> None:
    named = [
        orientation_letters(axis, is_quadruped=True)
        for axis in ((1.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0))
    ]
    assert named == ["LE", "RT", "V", "CR"]


@given(seed=st.integers(0, 5000))
def test_rule_25_opposite_directions_have_opposite_letters(seed: int) -> None:
    direction = np.random.default_rng(seed).normal(size=3)
    swap = str.maketrans("LRPAHF", "RLAPFH")
    letters = orientation_letters(direction)
    assert letters
    assert orientation_letters(-direction) == letters.translate(swap)


@pytest.mark.parametrize(
    ("directions", "normal"),
    [(AXIAL, (0, 0, 1)), (CORONAL, (0, 1, 0)), (SAGITTAL, (-1, 0, 0))],
)
def test_the_normal_points_to_higher_slices(directions: tuple[Point, Point], normal: Point) -> None:
    geometry = grid((3, 4, 5), directions=directions)
    assert geometry.normal == pytest.approx(normal)
    assert (geometry.to_mm((1, 0, 0)) - geometry.to_mm((0, 0, 0))) @ geometry.normal > 0


def test_positions_are_stated_along_the_plane_whichever_way_slices_are_numbered() -> None:
    upwards = volume_geometry(frames((4, 8, 8)))
    downwards = volume_geometry(frames((4, 8, 8))[::-1])
    assert upwards.plane_normal.tolist() == downwards.plane_normal.tolist() == [0, 0, 1]
    assert downwards.normal.tolist() == [0, 0, -1]
    assert float(downwards.slice_origin_mm(0) @ downwards.plane_normal) == pytest.approx(106.0)
