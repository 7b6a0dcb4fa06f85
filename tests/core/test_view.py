"""From what a view shows to where each pixel lies: fit, zoom, turn, letters, scrolling."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.grids import AXIAL, CORONAL, SAGITTAL, grid
from viewer.core.geometry import VolumeGeometry, point, vector
from viewer.core.view import (
    Camera,
    Plane,
    ViewState,
    at_slice,
    edge_letters,
    opposite_letters,
    panned,
    plane_axes,
    plane_normal,
    reset,
    resolve,
    screen_axes,
    scroll_step_mm,
    scrolled,
    slice_count,
    slice_number,
    tilted_plane,
    zoomed,
)
from viewer.core.volume import frames_geometry
from viewer.core.windowing import Window

WINDOW = Window(40, 400)
HEAD = grid((30, 40, 50), (2.0, 0.8, 0.5))

planes = st.sampled_from([Plane.ACQUIRED, Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL])
views = st.builds(
    ViewState,
    plane=planes,
    zoom=st.floats(0.2, 20),
    pan_mm=st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
    rotation_rad=st.floats(-7, 7),
    flip_horizontal=st.booleans(),
    flip_vertical=st.booleans(),
    focus_mm=st.just(HEAD.centre_mm),
)


def test_an_axial_reformat_counts_slices_as_they_were_acquired() -> None:
    reversed_stack = grid((30, 40, 50), (2.0, 0.8, 0.5), ((-1, 0, 0), (0, 1, 0)))
    assert reversed_stack.normal == pytest.approx((0, 0, -1))
    state = at_slice(ViewState(focus_mm=reversed_stack.centre_mm), reversed_stack, 7)
    axial = replace(state, plane=Plane.AXIAL)
    assert slice_number(axial, reversed_stack) == 7
    further = scrolled(axial, reversed_stack, 3)
    assert reversed_stack.slice_of(further.focus_mm) + 1 == 10
    assert plane_normal(further, reversed_stack) == pytest.approx((0, 0, -1))


@given(state=views, x=st.floats(-100, 1000), y=st.floats(-100, 1000))
def test_pixel_to_patient_and_back_is_the_same_pixel(state: ViewState, x: float, y: float) -> None:
    request = resolve(state, HEAD, (600, 400), WINDOW)
    assert request.to_pixel(request.to_mm(x, y)) == pytest.approx((x, y), abs=1e-6)
    assert request.distance_mm(request.to_mm(x, y)) == pytest.approx(0, abs=1e-6)


@given(state=views)
def test_pixels_are_square_and_lie_in_the_plane(state: ViewState) -> None:
    request = resolve(state, HEAD, (600, 400), WINDOW)
    right, down = vector(request.right_mm), vector(request.down_mm)
    assert np.linalg.norm(right) == pytest.approx(np.linalg.norm(down))
    assert right @ down == pytest.approx(0, abs=1e-9)
    assert right @ vector(request.normal) == pytest.approx(0, abs=1e-9)


@given(state=views)
def test_at_zoom_one_the_whole_image_fits_and_touches_two_edges(state: ViewState) -> None:
    fitted = replace(state, zoom=1.0, pan_mm=(0.0, 0.0))
    request = resolve(fitted, HEAD, (600, 400), WINDOW)
    places = np.asarray([request.to_pixel(point(corner)) for corner in HEAD.corners_mm()])
    low, high = places.min(axis=0), places.max(axis=0)
    if fitted.plane is Plane.ACQUIRED:
        assert request.slice_index == HEAD.slice_of(HEAD.centre_mm)
    assert (low >= -0.5 - 1e-6).all()
    assert (high <= np.asarray([599.5, 399.5]) + 1e-6).all()
    assert max((high[0] - low[0]) / 600, (high[1] - low[1]) / 400) == pytest.approx(1)


@given(state=views, factor=st.floats(0.3, 3))
def test_zooming_keeps_what_is_in_the_middle(state: ViewState, factor: float) -> None:
    before = resolve(replace(state, zoom=2.0), HEAD, (601, 401), WINDOW)
    after = resolve(zoomed(replace(state, zoom=2.0), factor), HEAD, (601, 401), WINDOW)
    assert after.to_mm(300, 200) == pytest.approx(before.to_mm(300, 200))
    assert after.mm_per_pixel == pytest.approx(before.mm_per_pixel / factor)


def test_zoom_stays_within_its_bounds() -> None:
    assert zoomed(ViewState(), 1e9).zoom == 60
    assert zoomed(ViewState(), 1e-9).zoom == 0.05


@given(state=views, right=st.floats(-300, 300), down=st.floats(-300, 300))
def test_panning_moves_the_picture_with_the_hand(
    state: ViewState, right: float, down: float
) -> None:
    before = resolve(state, HEAD, (600, 400), WINDOW)
    after = resolve(panned(state, before, right, down), HEAD, (600, 400), WINDOW)
    place = before.to_mm(100, 120)
    assert after.to_pixel(place) == pytest.approx((100 + right, 120 + down), abs=1e-5)


@pytest.mark.parametrize(
    ("plane", "letters"),
    [
        (Plane.AXIAL, ("R", "A", "L", "P")),
        (Plane.CORONAL, ("R", "H", "L", "F")),
        (Plane.SAGITTAL, ("A", "H", "P", "F")),
    ],
)
@pytest.mark.parametrize("directions", [AXIAL, CORONAL, SAGITTAL])
def test_standard_planes_are_shown_as_radiologists_expect(
    plane: Plane, letters: tuple[str, str, str, str], directions: tuple[tuple[float, ...], ...]
) -> None:
    # Left, top, right, bottom: the patient's right on the left of the screen, seen from the
    # front or the feet; sagittal with the face to the left; the head up.
    geometry = grid((6, 7, 8), directions=(directions[0], directions[1]))
    assert edge_letters(ViewState(plane=plane), geometry) == letters


def test_rule_25_letters_follow_a_flip() -> None:
    state = ViewState(plane=Plane.CORONAL, flip_horizontal=True)
    assert edge_letters(state, HEAD) == ("L", "H", "R", "F")
    assert edge_letters(replace(state, flip_vertical=True), HEAD) == ("L", "F", "R", "H")


def test_rule_25_letters_follow_a_quarter_turn_clockwise() -> None:
    # What was at the top (A) is at the right, what was at the left (R) at the top.
    state = ViewState(plane=Plane.AXIAL, rotation_rad=np.pi / 2)
    assert edge_letters(state, HEAD) == ("P", "R", "A", "L")


def test_rule_25_letters_follow_an_oblique_plane() -> None:
    state = tilted_plane(ViewState(plane=Plane.AXIAL), HEAD, (1.0, 0.0, 0.0), np.deg2rad(30))
    assert edge_letters(state, HEAD) == ("R", "AF", "L", "PH")


@given(state=views)
def test_rule_25_letters_at_opposite_edges_are_opposite(state: ViewState) -> None:
    letters = edge_letters(state, HEAD)
    assert letters is not None
    assert letters[2] == opposite_letters(letters[0])
    assert letters[3] == opposite_letters(letters[1])


@given(state=views, x=st.floats(0, 600), y=st.floats(0, 400))
def test_rule_25_the_right_letter_is_where_pixels_to_the_right_lie(
    state: ViewState, x: float, y: float
) -> None:
    request = resolve(state, HEAD, (600, 400), WINDOW)
    letters = edge_letters(state, HEAD)
    assert letters is not None
    towards = dict(zip("LRPAHF", np.repeat(np.eye(3), 2, axis=0), strict=True))
    strongest = letters[2][0]
    sign = 1 if strongest in "LPH" else -1
    shift = vector(request.to_mm(x + 10, y)) - vector(request.to_mm(x, y))
    assert sign * (towards[strongest] @ shift) > 0


def test_rule_24_no_letters_are_invented_without_an_orientation() -> None:
    geometry = frames_geometry((1, 10, 12), None)
    assert edge_letters(ViewState(), geometry) is None
    assert edge_letters(ViewState(), geometry, ("L",)) is None
    assert edge_letters(ViewState(), geometry, ("L", "")) is None


def test_rule_25_patient_orientation_gives_letters_that_turn_with_the_view() -> None:
    geometry = frames_geometry((1, 10, 12), (0.2, 0.2))
    assert edge_letters(ViewState(), geometry, ("L", "F")) == ("R", "H", "L", "F")
    flipped = ViewState(flip_horizontal=True)
    assert edge_letters(flipped, geometry, ("L", "F")) == ("L", "H", "R", "F")
    turned = ViewState(rotation_rad=np.pi / 2)
    assert edge_letters(turned, geometry, ("L", "F")) == ("F", "R", "H", "L")
    slanted = ViewState(rotation_rad=0.6)
    assert edge_letters(slanted, geometry, ("L", "F")) is None


@pytest.mark.parametrize(
    ("letters", "opposite"), [("AH", "PF"), ("L", "R"), ("LE", "RT"), ("CR", "CD"), ("D", "V")]
)
def test_rule_25_every_letter_has_its_opposite(letters: str, opposite: str) -> None:
    assert opposite_letters(letters) == opposite
    assert opposite_letters(opposite) == letters


@pytest.mark.parametrize(
    ("plane", "away"),
    [
        (Plane.AXIAL, (0, 0, 1)),
        (Plane.CORONAL, (0, 1, 0)),
        (Plane.SAGITTAL, (-1, 0, 0)),
    ],
)
def test_scrolling_a_reformat_goes_away_from_the_reader(
    plane: Plane, away: tuple[int, int, int]
) -> None:
    state = at_slice(ViewState(plane=plane, focus_mm=HEAD.centre_mm), HEAD, 12)
    assert plane_normal(state, HEAD) == pytest.approx(away)
    moved = vector(scrolled(state, HEAD, 3).focus_mm) - vector(state.focus_mm)
    assert moved @ np.asarray(away) == pytest.approx(3 * scroll_step_mm(state, HEAD))


@pytest.mark.parametrize(
    ("plane", "step", "count"),
    [
        (Plane.ACQUIRED, 2.0, 30),
        (Plane.AXIAL, 2.0, 30),
        (Plane.CORONAL, 0.8, 40),
        (Plane.SAGITTAL, 0.5, 50),
    ],
)
def test_one_step_is_one_voxel(plane: Plane, step: float, count: int) -> None:
    state = ViewState(plane=plane, focus_mm=HEAD.centre_mm)
    assert scroll_step_mm(state, HEAD) == pytest.approx(step)
    assert slice_count(state, HEAD) == count


@given(plane=planes, number=st.integers(-5, 80), flip=st.booleans())
def test_scrolling_to_a_slice_arrives_there(plane: Plane, number: int, flip: bool) -> None:
    state = ViewState(plane=plane, focus_mm=HEAD.centre_mm, flip_horizontal=flip)
    count = slice_count(state, HEAD)
    there = at_slice(state, HEAD, number)
    assert slice_number(there, HEAD) == int(np.clip(number, 1, count))


@given(plane=planes, steps=st.integers(-100, 100))
def test_scrolling_stops_at_the_first_and_the_last_slice(plane: Plane, steps: int) -> None:
    state = scrolled(ViewState(plane=plane, focus_mm=HEAD.centre_mm), HEAD, steps)
    index = HEAD.to_index(state.focus_mm)
    assert (index >= -1e-6).all()
    assert (index <= np.asarray(HEAD.shape) - 1 + 1e-6).all()


@given(plane=planes, number=st.integers(1, 30), start=st.floats(0, 1))
def test_scrolling_a_reformat_arrives_at_the_middle_of_voxels(
    plane: Plane, number: int, start: float
) -> None:
    corners = HEAD.corners_mm()
    focus = corners.min(axis=0) + start * np.ptp(corners, axis=0)
    state = at_slice(ViewState(plane=plane, focus_mm=point(focus)), HEAD, number)
    along = HEAD.to_index(state.focus_mm) @ np.rint(
        np.abs(HEAD.inverse[:3, :3] @ plane_normal(state, HEAD)) > 0.1
    )
    assert along == pytest.approx(round(float(along)), abs=1e-6)


def test_an_acquired_view_uses_the_true_position_of_its_slice() -> None:
    geometry = grid((4, 8, 8), positions_mm=[0.0, 2.0, 4.0, 9.0])
    state = at_slice(ViewState(focus_mm=geometry.centre_mm), geometry, 4)
    request = resolve(state, geometry, (50, 50), WINDOW)
    assert request.slice_index == 3
    assert request.origin_mm[2] == pytest.approx(109.0)


@pytest.mark.parametrize("tilt", [0.0, 0.3])
def test_an_acquired_view_shows_its_slice_upright_and_whole(tilt: float) -> None:
    geometry = grid((9, 20, 30), (3.0, 1.0, 1.0), tilt_rad=tilt)
    for number in (1, 5, 9):
        state = at_slice(ViewState(focus_mm=geometry.centre_mm), geometry, number)
        request = resolve(state, geometry, (300, 200), WINDOW)
        corner = request.to_pixel(point(geometry.to_mm((number - 1, -0.5, -0.5))))
        assert corner == pytest.approx((-0.5, -0.5), abs=1e-6)


def test_a_slab_of_an_acquired_plane_is_no_single_slice() -> None:
    state = ViewState(focus_mm=HEAD.centre_mm, slab_mm=10.0)
    assert resolve(state, HEAD, (50, 50), WINDOW).slice_index is None


def test_the_states_own_window_goes_before_the_default() -> None:
    own = Window(1, 2)
    assert resolve(ViewState(), HEAD, (5, 5), WINDOW).window is WINDOW
    assert resolve(ViewState(window=own), HEAD, (5, 5), WINDOW).window is own


def test_a_view_of_no_size_gets_one_pixel() -> None:
    request = resolve(ViewState(), HEAD, (0, 0), WINDOW)
    assert (request.width, request.height) == (1, 1)


def test_standard_planes_without_patient_geometry_show_the_image_itself() -> None:
    geometry = frames_geometry((3, 10, 12), None)
    right, down = plane_axes(ViewState(plane=Plane.CORONAL), geometry)
    assert right == pytest.approx([1, 0, 0])
    assert down == pytest.approx([0, 1, 0])


@given(
    angle=st.floats(-3, 3),
    axis=st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.1, 1)),
    plane=planes,
)
def test_turning_the_plane_there_and_back_changes_nothing(
    angle: float, axis: tuple[float, float, float], plane: Plane
) -> None:
    state = ViewState(plane=plane, focus_mm=HEAD.centre_mm)
    there = tilted_plane(state, HEAD, axis, angle)
    right, down = plane_axes(there, HEAD)
    assert right @ down == pytest.approx(0, abs=1e-9)
    back = plane_axes(tilted_plane(there, HEAD, axis, -angle), HEAD)
    assert np.stack(back) == pytest.approx(np.stack(plane_axes(state, HEAD)), abs=1e-9)


def test_flips_and_turns_do_not_change_the_scroll_direction() -> None:
    state = ViewState(plane=Plane.AXIAL, flip_horizontal=True, rotation_rad=1.0)
    assert plane_normal(state, HEAD) == pytest.approx([0, 0, 1])


@given(state=views)
def test_screen_axes_are_unit_vectors_at_right_angles(state: ViewState) -> None:
    right, down = screen_axes(state, HEAD)
    assert np.linalg.norm(right) == pytest.approx(1)
    assert np.linalg.norm(down) == pytest.approx(1)
    assert right @ down == pytest.approx(0, abs=1e-9)


def test_reset_keeps_what_is_shown_and_forgets_how() -> None:
    state = ViewState(
        part=("1.2", 0),
        plane=Plane.CORONAL,
        focus_mm=(1.0, 2.0, 3.0),
        zoom=3.0,
        pan_mm=(1.0, 1.0),
        rotation_rad=1.0,
        flip_vertical=True,
        window=Window(1, 2),
        is_inverted=True,
        colour_map="hot",
        slab_mm=5.0,
        camera=Camera(azimuth_rad=1.0, preset="ct-bone"),
    )
    kept = ViewState(
        part=("1.2", 0),
        plane=Plane.CORONAL,
        focus_mm=(1.0, 2.0, 3.0),
        camera=Camera(preset="ct-bone"),
    )
    assert reset(state) == kept


def test_a_geometry_that_is_turned_keeps_its_slices_apart() -> None:
    geometry: VolumeGeometry = grid((10, 12, 14), (2.0, 1.0, 1.0), SAGITTAL)
    state = ViewState(focus_mm=geometry.centre_mm)
    assert [slice_number(at_slice(state, geometry, n), geometry) for n in range(1, 11)] == list(
        range(1, 11)
    )
