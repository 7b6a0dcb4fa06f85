"""Lengths, angles, areas and region statistics in patient coordinates; undo and redo."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.grids import grid
from viewer.core.arrays import Point
from viewer.core.geometry import point, vector
from viewer.core.measurement import (
    POINT_COUNT,
    Measurement,
    MeasurementKind,
    RegionStatistics,
    Revision,
    angle_rad,
    area,
    changed,
    contrast_to_noise,
    length,
    redone,
    region_request,
    region_shape,
    sides,
    statistics,
    undone,
)
from viewer.core.view import Plane, ViewState, resolve
from viewer.core.windowing import Window

points = st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.floats(-300, 300))


def drawn(
    kind: MeasurementKind,
    *places: Point,
    right: Point = (1.0, 0.0, 0.0),
    down: Point = (0.0, 1.0, 0.0),
) -> Measurement:
    return Measurement("1", kind, ("1.2", 0), places, right, down)


def test_a_length_is_a_distance_in_the_patient() -> None:
    assert length(drawn(MeasurementKind.LENGTH, (0, 0, 0), (3.0, 4.0, 12.0))) == pytest.approx(13)


@given(first=points, second=points, shift=points)
def test_a_length_does_not_depend_on_place_or_order(
    first: Point, second: Point, shift: Point
) -> None:
    here = length(drawn(MeasurementKind.LENGTH, first, second))
    moved = (point(vector(second) + vector(shift)), point(vector(first) + vector(shift)))
    assert length(drawn(MeasurementKind.LENGTH, *moved)) == pytest.approx(here, abs=1e-6)


@pytest.mark.parametrize("degrees", [0, 30, 90, 135, 180])
def test_an_angle_is_measured_at_the_second_point(degrees: float) -> None:
    turn = np.deg2rad(degrees)
    end = (10.0 + 5 * np.cos(turn), 20.0 + 5 * np.sin(turn), 7.0)
    made = drawn(MeasurementKind.ANGLE, (13.0, 20.0, 7.0), (10.0, 20.0, 7.0), end)
    assert np.degrees(angle_rad(made)) == pytest.approx(degrees, abs=1e-5)


def test_an_angle_between_points_that_coincide_is_zero() -> None:
    made = drawn(MeasurementKind.ANGLE, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (2.0, 1.0, 1.0))
    assert angle_rad(made) == 0.0


def test_areas_follow_the_plane_that_they_were_drawn_in() -> None:
    right, down = (0.0, 0.6, 0.8), (1.0, 0.0, 0.0)
    corner = point(10 * vector(right) + 4 * vector(down))
    box = drawn(MeasurementKind.RECTANGLE, (0, 0, 0), corner, right=right, down=down)
    assert sides(box) == pytest.approx((10, 4))
    assert area(box) == pytest.approx(40)
    assert area(replace(box, kind=MeasurementKind.ELLIPSE)) == pytest.approx(np.pi * 10)


@given(width=st.floats(1, 60), height=st.floats(1, 60), flip=st.booleans())
def test_the_samples_of_a_region_fill_its_box_exactly(
    width: float, height: float, flip: bool
) -> None:
    geometry = grid((9, 40, 40), (2.0, 1.0, 1.0))
    state = ViewState(plane=Plane.AXIAL, focus_mm=geometry.centre_mm)
    request = resolve(state, geometry, (100, 100), Window(0, 1))
    start = vector(geometry.centre_mm)
    away = np.asarray([width, height, 0.0]) * (-1 if flip else 1)
    box = drawn(MeasurementKind.RECTANGLE, point(start), point(start + away))
    sampled = region_request(box, request, 0.7)
    cell = np.linalg.norm(sampled.right_mm) * np.linalg.norm(sampled.down_mm)
    assert cell * sampled.width * sampled.height == pytest.approx(area(box))
    first = vector(sampled.to_mm(-0.5, -0.5))
    last = vector(sampled.to_mm(sampled.width - 0.5, sampled.height - 0.5))
    assert first == pytest.approx(start)
    assert last == pytest.approx(start + away)
    assert (sampled.normal, sampled.slice_index) == (request.normal, request.slice_index)


def test_an_ellipse_holds_pi_quarters_of_its_box() -> None:
    ellipse = drawn(MeasurementKind.ELLIPSE, (0, 0, 0), (3.0, 2.0, 0.0))
    inside = region_shape(ellipse, 200, 300)
    assert inside.mean() == pytest.approx(np.pi / 4, rel=1e-3)
    assert not inside[0, 0]
    assert inside[100, 150]
    box = drawn(MeasurementKind.RECTANGLE, (0, 0, 0), (3.0, 2.0, 0.0))
    assert region_shape(box, 4, 5).all()


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=60))
def test_statistics_are_the_usual_ones(values: list[int]) -> None:
    array = np.asarray([values], dtype=np.int16)
    box = drawn(MeasurementKind.RECTANGLE, (0, 0, 0), (6.0, 2.0, 0.0))
    found = statistics(array, np.ones(array.shape, np.bool_), box)
    assert found is not None
    assert found.mean == pytest.approx(np.mean(values))
    assert found.sd == pytest.approx(np.std(values, ddof=1), abs=1e-9)
    assert (found.minimum, found.maximum, found.count) == (min(values), max(values), len(values))
    assert found.area == pytest.approx(12)


def test_only_what_is_inside_counts_and_nothing_inside_has_no_numbers() -> None:
    array = np.asarray([[5, 900]], dtype=np.int16)
    box = drawn(MeasurementKind.RECTANGLE, (0, 0, 0), (1.0, 1.0, 0.0))
    one = statistics(array, np.asarray([[True, False]]), box)
    assert one is not None
    assert (one.mean, one.sd, one.maximum) == (5, 0.0, 5)
    assert statistics(array, np.zeros((1, 2), np.bool_), box) is None


def test_a_point_has_the_value_of_its_voxel_and_no_area() -> None:
    point_here = drawn(MeasurementKind.POINT, (1.0, 2.0, 0.0))
    found = statistics(np.asarray([37], dtype=np.int16), np.ones(1, np.bool_), point_here)
    assert found is not None
    assert (found.mean, found.sd, found.area, found.count) == (37.0, 0.0, 0.0, 1)


def test_contrast_to_noise_is_in_units_of_the_background() -> None:
    region = RegionStatistics(90, 12, 0, 0, 1, 10)
    background = RegionStatistics(50, 8, 0, 0, 1, 10)
    assert contrast_to_noise(region, background) == pytest.approx(5)
    assert contrast_to_noise(background, region) == pytest.approx(-40 / 12)
    silent = replace(background, sd=0.0)
    assert contrast_to_noise(region, silent) == float("inf")
    assert contrast_to_noise(replace(region, mean=0), silent) == float("-inf")
    assert contrast_to_noise(silent, silent) == 0


def test_every_kind_says_how_many_points_it_has() -> None:
    assert set(POINT_COUNT) == set(MeasurementKind)


def test_undo_and_redo_walk_through_the_states() -> None:
    first, second = (drawn(MeasurementKind.POINT, (x, 0.0, 0.0)) for x in (1.0, 2.0))
    revision = changed(changed(Revision(), (first,)), (first, second))
    back = undone(revision)
    assert back.measurements == (first,)
    assert undone(back).measurements == ()
    assert redone(redone(undone(back))).measurements == (first, second)
    assert undone(undone(undone(revision))).measurements == ()
    assert redone(revision) == revision


def test_a_change_after_an_undo_forgets_what_was_undone() -> None:
    first, second = (drawn(MeasurementKind.POINT, (x, 0.0, 0.0)) for x in (1.0, 2.0))
    revision = changed(undone(changed(Revision(), (first,))), (second,))
    assert redone(revision) == revision
    assert undone(revision).measurements == ()


@given(st.lists(st.sampled_from(["change", "undo", "redo"]), max_size=40))
def test_the_number_grows_with_every_step_that_changes_something(steps: list[str]) -> None:
    revision = Revision()
    for count, step in enumerate(steps):
        before = revision
        mark = drawn(MeasurementKind.POINT, (float(count), 0.0, 0.0))
        if step == "change":
            revision = changed(revision, (*revision.measurements, mark))
        else:
            revision = undone(revision) if step == "undo" else redone(revision)
        assert revision.number == before.number + (revision is not before)
