"""Tools as pure maps from a drag to a new state."""

from dataclasses import replace

import numpy as np
import pytest

from viewer.app.tools import Drag, DragContext, camera_zoom, cropped, drag_state, points_needed
from viewer.core.geometry import FrameGeometry, volume_geometry
from viewer.core.view import Camera, Plane, ViewState, resolve
from viewer.core.windowing import Window

GEOMETRY = volume_geometry(
    tuple(
        FrameGeometry((0.0, 0.0, 3.0 * k), (1, 0, 0), (0, 1, 0), (1.0, 1.0), (64, 64))
        for k in range(20)
    )
)
WINDOW = Window(40.0, 400.0)


def context(**changes: object) -> DragContext:
    state = replace(ViewState(part=("1", 0), focus_mm=GEOMETRY.centre_mm), **changes)
    request = resolve(state, GEOMETRY, (200, 200), WINDOW)
    return DragContext(state, request, GEOMETRY, WINDOW, 2000.0)


def test_window_drag_widens_to_the_right_and_raises_the_level_downwards() -> None:
    state = drag_state("window", context(), Drag((10, 10), (60, 30)))
    assert state.window is not None
    assert state.window.width == pytest.approx(400 + 100)
    assert state.window.centre == pytest.approx(40 + 40)


def test_window_never_gets_narrower_than_its_function_allows() -> None:
    state = drag_state("window", context(), Drag((900, 0), (0, 0)))
    assert state.window is not None
    assert state.window.width == 1.0


def test_zoom_drag_upwards_enlarges() -> None:
    assert drag_state("zoom", context(), Drag((0, 200), (0, 0))).zoom == pytest.approx(np.e)


def test_pan_drag_moves_the_picture_with_the_hand() -> None:
    before = context()
    mm = before.request.to_mm(50, 60)
    state = drag_state("pan", before, Drag((50, 60), (80, 40)))
    after = resolve(state, GEOMETRY, (200, 200), WINDOW)
    assert after.to_pixel(mm) == pytest.approx((80, 40))


def test_scroll_drag_over_the_whole_view_passes_through_all_slices() -> None:
    first = replace(context().state, focus_mm=(0.0, 0.0, 0.0))
    start = DragContext(first, context().request, GEOMETRY, WINDOW, 2000.0)
    state = drag_state("scroll", start, Drag((0, 0), (0, 200)))
    assert state.focus_mm[2] == pytest.approx(57.0)


def test_crosshair_goes_to_the_pointer_and_keeps_its_slice() -> None:
    before = context(plane=Plane.AXIAL)
    state = drag_state("crosshair", before, Drag((0, 0), (30, 40)))
    wanted = before.request.to_mm(29.5, 39.5)  # (0, 0) is the corner of the first pixel
    assert state.focus_mm[:2] == pytest.approx(wanted[:2])
    assert state.focus_mm[2] == pytest.approx(before.state.focus_mm[2])


def test_dragging_a_volume_turns_it() -> None:
    before = context(plane=Plane.VOLUME)
    state = drag_state("window", before, Drag((0, 0), (100, 50)))
    assert state.camera.azimuth_rad == pytest.approx(np.pi / 2)
    assert state.camera.elevation_rad == pytest.approx(np.pi / 4)


def test_a_volume_can_be_brought_nearer_within_limits() -> None:
    state = context(plane=Plane.VOLUME).state
    assert camera_zoom(state, 2.0).camera.zoom == 2.0
    assert camera_zoom(state, 1e9).camera.zoom == 10


def test_the_crop_box_keeps_something() -> None:
    camera = cropped(Camera(), 0, 0, 0.4)
    assert camera.crop[0] == (0.4, 1.0)
    camera = cropped(camera, 0, 1, 0.1)
    assert camera.crop[0][1] > camera.crop[0][0]


@pytest.mark.parametrize(
    ("tool", "count"), [("length", 2), ("angle", 3), ("point", 1), ("window", 0)]
)
def test_drawing_tools_know_their_points(tool: str, count: int) -> None:
    assert points_needed(tool) == count
