"""How views follow each other, and only where they may."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.grids import CORONAL, SAGITTAL, grid
from viewer.core.geometry import point, vector
from viewer.core.sync import (
    Link,
    are_parallel,
    followed,
    offset_between,
    reference_line,
    with_offset,
)
from viewer.core.view import Plane, ViewState, resolve, tilted_plane
from viewer.core.volume import frames_geometry
from viewer.core.windowing import Window

A, B, C = ("1.1", 0), ("1.2", 0), ("1.3", 0)
WINDOW = Window(40, 400)
HERE = grid((10, 20, 20), (2.0, 1.0, 1.0), uid="1.9")
THERE = grid((25, 20, 20), (0.8, 1.0, 1.0), origin_mm=(-30.0, 20.0, 98.0), uid="1.9")
ELSEWHERE = grid((10, 20, 20), (2.0, 1.0, 1.0), uid="2.9")
NOWHERE = grid((10, 20, 20), (2.0, 1.0, 1.0), uid="")


def test_rule_30_series_of_one_frame_of_reference_are_linked_without_an_offset() -> None:
    assert offset_between(Link(), A, B, HERE, THERE) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("other", [ELSEWHERE, NOWHERE, frames_geometry((3, 9, 9), (1.0, 1.0))])
def test_rule_30_another_frame_of_reference_is_never_linked_by_itself(other: object) -> None:
    assert offset_between(Link(), A, B, HERE, other) is None
    assert offset_between(Link(), B, A, other, HERE) is None


def test_rule_30_two_series_without_a_frame_of_reference_are_not_linked() -> None:
    assert offset_between(Link(), A, B, NOWHERE, NOWHERE) is None


def test_a_series_is_always_linked_with_itself() -> None:
    pictures = frames_geometry((3, 9, 9), None)
    assert offset_between(Link(), A, A, pictures, pictures) == (0.0, 0.0, 0.0)


def test_rule_30_the_users_offset_links_across_and_backwards() -> None:
    link = with_offset(Link(), A, B, (1.0, -2.0, 30.0))
    assert offset_between(link, A, B, HERE, ELSEWHERE) == (1.0, -2.0, 30.0)
    assert offset_between(link, B, A, ELSEWHERE, HERE) == (-1.0, 2.0, -30.0)
    assert offset_between(link, A, C, HERE, ELSEWHERE) is None


def test_a_later_offset_replaces_the_earlier_one_in_either_direction() -> None:
    link = with_offset(with_offset(Link(), A, B, (1.0, 0.0, 0.0)), B, A, (5.0, 0.0, 0.0))
    assert len(link.offsets_mm) == 1
    assert offset_between(link, A, B, HERE, ELSEWHERE) == (-5.0, 0.0, 0.0)


@given(z=st.floats(100, 118))
def test_the_follower_shows_its_slice_nearest_to_the_leaders(z: float) -> None:
    follower = ViewState(part=B, focus_mm=THERE.centre_mm, pan_mm=(3.0, 4.0), zoom=2.0)
    moved = followed(follower, THERE, (0.0, 0.0, z), (0.0, 0.0, 0.0))
    shown = THERE.slice_origin_mm(THERE.slice_of(moved.focus_mm))[2]
    assert abs(shown - z) <= 0.4 + 1e-6 or THERE.slice_of(moved.focus_mm) == 24
    assert (moved.pan_mm, moved.zoom) == ((3.0, 4.0), 2.0)


def test_the_offset_is_added_on_the_way() -> None:
    moved = followed(ViewState(part=B), ELSEWHERE, (0.0, 0.0, 104.0), (0.0, 0.0, 6.0))
    assert ELSEWHERE.slice_of(moved.focus_mm) == 5


def test_a_reformat_follows_along_its_normal_only() -> None:
    follower = ViewState(part=B, plane=Plane.CORONAL, focus_mm=(1.0, 2.0, 3.0))
    moved = followed(follower, THERE, (50.0, 7.0, 90.0), (0.0, 0.0, 0.0))
    assert moved.focus_mm == pytest.approx((1.0, 7.0, 3.0))


def test_rule_3_only_parallel_planes_follow() -> None:
    axial, coronal = ViewState(plane=Plane.AXIAL), ViewState(plane=Plane.CORONAL)
    acquired = ViewState()
    assert are_parallel(axial, HERE, acquired, THERE)
    assert not are_parallel(axial, HERE, coronal, HERE)
    slightly = tilted_plane(axial, HERE, (1.0, 0.0, 0.0), np.deg2rad(3))
    clearly = tilted_plane(axial, HERE, (1.0, 0.0, 0.0), np.deg2rad(10))
    assert are_parallel(axial, HERE, slightly, HERE)
    assert not are_parallel(axial, HERE, clearly, HERE)
    from_behind = grid((10, 20, 20), directions=((1.0, 0.0, 0.0), (0.0, -1.0, 0.0)))
    assert are_parallel(acquired, HERE, acquired, from_behind)


def test_a_reference_line_lies_in_both_planes() -> None:
    sagittal = grid((12, 20, 20), (1.0, 1.0, 1.0), SAGITTAL, origin_mm=(-20.0, 20.0, 118.0))
    other = ViewState(focus_mm=sagittal.centre_mm)
    request = resolve(ViewState(focus_mm=HERE.centre_mm), HERE, (100, 100), WINDOW)
    line = reference_line(request, other, sagittal)
    assert line is not None
    index = sagittal.slice_of(other.focus_mm)
    plane = sagittal.slice_origin_mm(index) @ sagittal.normal
    for end in line:
        assert request.distance_mm(end) == pytest.approx(0, abs=1e-9)
        assert vector(end) @ sagittal.normal == pytest.approx(plane)
    assert np.linalg.norm(vector(line[1]) - vector(line[0])) == pytest.approx(20)


def test_a_reference_line_ends_where_the_other_slice_ends() -> None:
    coronal = grid((6, 30, 10), (1.0, 1.0, 1.0), CORONAL, origin_mm=(-25.0, 25.0, 125.0))
    request = resolve(ViewState(focus_mm=HERE.centre_mm), HERE, (100, 100), WINDOW)
    line = reference_line(request, ViewState(focus_mm=coronal.centre_mm), coronal)
    assert line is not None
    assert sorted(end[0] for end in line) == pytest.approx([-25.5, -15.5])


def test_parallel_planes_have_no_reference_line() -> None:
    request = resolve(ViewState(focus_mm=HERE.centre_mm), HERE, (100, 100), WINDOW)
    assert reference_line(request, ViewState(focus_mm=THERE.centre_mm), THERE) is None


def test_a_plane_beyond_the_other_slice_has_no_reference_line() -> None:
    coronal = grid((6, 30, 10), (1.0, 1.0, 1.0), CORONAL, origin_mm=(-25.0, 25.0, 125.0))
    state = ViewState(focus_mm=coronal.centre_mm)
    inside = resolve(ViewState(focus_mm=(0.0, 0.0, 100.0)), HERE, (100, 100), WINDOW)
    far = grid((10, 20, 20), (2.0, 1.0, 1.0), origin_mm=(-30.0, 20.0, 300.0))
    outside = resolve(ViewState(focus_mm=point(far.to_mm((0, 0, 0)))), far, (100, 100), WINDOW)
    assert reference_line(inside, state, coronal) is not None
    assert reference_line(outside, state, coronal) is None
