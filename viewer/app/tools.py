"""Tools as pure maps: from a drag in a view to a new state of the view."""

from dataclasses import dataclass, replace

import numpy as np

from viewer.core.camera import mm_per_pixel
from viewer.core.geometry import VolumeGeometry, point, vector
from viewer.core.measurement import POINT_COUNT, MeasurementKind
from viewer.core.view import (
    Camera,
    Comparison,
    Plane,
    SliceRequest,
    ViewState,
    panned,
    scrolled,
    slice_count,
    zoomed,
)
from viewer.core.windowing import Window, dragged

DRAWING_TOOLS = {kind.value: kind for kind in MeasurementKind}
"""Tools that draw a measurement, by name."""


@dataclass(frozen=True, slots=True)
class Drag:
    """A drag in view pixels: from `start` to `end` (x to the right, y down)."""

    start: tuple[float, float]
    end: tuple[float, float]

    @property
    def right(self) -> float:
        """Pixels to the right."""
        return self.end[0] - self.start[0]

    @property
    def down(self) -> float:
        """Pixels downwards."""
        return self.end[1] - self.start[1]


@dataclass(frozen=True, slots=True)
class DragContext:
    """What a tool needs to know about the view when the drag began.

    `span` is the range of modality values over which 1,000 pixels of window drag go.
    """

    state: ViewState
    request: SliceRequest
    geometry: VolumeGeometry
    window: Window
    span: float


def window_drag(context: DragContext, drag: Drag) -> ViewState:
    """Horizontal changes the width, vertical the level: downwards raises it.

    On a residual, which is centred on zero, horizontal changes the range of its colours.
    """
    if context.state.comparison is Comparison.RESIDUAL:
        factor = float(np.exp(drag.right / 200))
        wider = float(np.clip(context.state.residual_range * factor, 0.05, 20.0))
        return replace(context.state, residual_range=wider)
    window = dragged(context.window, drag.right, drag.down, context.span)
    return replace(context.state, window=window)


def zoom_drag(context: DragContext, drag: Drag) -> ViewState:
    """Dragging up enlarges about the middle of the view."""
    return zoomed(context.state, float(np.exp(-drag.down / 200)))


def zoom_at(
    state: ViewState, request: SliceRequest, place: tuple[float, float], factor: float
) -> ViewState:
    """Zoom by a factor so that what is under `place` (request pixels) stays there."""
    new = zoomed(state, factor)
    share = 1 - state.zoom / new.zoom
    right = (place[0] - request.width / 2) * request.mm_per_pixel * share
    down = (place[1] - request.height / 2) * request.mm_per_pixel * share
    return replace(new, pan_mm=(state.pan_mm[0] - right, state.pan_mm[1] - down))


def pan_drag(context: DragContext, drag: Drag) -> ViewState:
    """The picture follows the hand."""
    return panned(context.state, context.request, drag.right, drag.down)


def scroll_drag(context: DragContext, drag: Drag) -> ViewState:
    """Dragging over the view's height passes through all slices."""
    count = slice_count(context.state, context.geometry)
    steps = round(drag.down / max(context.request.height, 1) * count)
    return scrolled(context.state, context.geometry, steps)


def crosshair_drag(context: DragContext, drag: Drag) -> ViewState:
    """The crosshair goes where the pointer is; linked planes follow."""
    focus = vector(context.request.to_mm(drag.end[0] - 0.5, drag.end[1] - 0.5))
    depth = context.request.distance_mm(context.state.focus_mm)
    moved = focus + depth * vector(context.request.normal)
    return replace(context.state, focus_mm=point(moved))


def orbit_drag(context: DragContext, drag: Drag) -> ViewState:
    """Turn the volume: across the view is half a turn."""
    camera = context.state.camera
    scale = np.pi / max(context.request.width, 1)
    turned = replace(
        camera,
        azimuth_rad=float((camera.azimuth_rad + drag.right * scale) % (2 * np.pi)),
        elevation_rad=float(
            np.clip(camera.elevation_rad + drag.down * scale, -np.pi / 2, np.pi / 2)
        ),
    )
    return replace(context.state, camera=turned)


def volume_pan(context: DragContext, drag: Drag) -> ViewState:
    """The rendered volume follows the hand."""
    camera = context.state.camera
    size = (context.request.width, context.request.height)
    step = mm_per_pixel(context.geometry, camera, size)
    pan = (camera.pan_mm[0] + drag.right * step, camera.pan_mm[1] + drag.down * step)
    return replace(context.state, camera=replace(camera, pan_mm=pan))


def camera_zoom(state: ViewState, factor: float) -> ViewState:
    """Bring the volume nearer, between 0.2 and 10 times."""
    zoom = float(np.clip(state.camera.zoom * factor, 0.2, 10))
    return replace(state, camera=replace(state.camera, zoom=zoom))


def cropped(camera: Camera, axis: int, side: int, fraction: float) -> Camera:
    """Return the camera with one face of the crop box at a fraction of the volume.

    `axis` 0 slice, 1 row, 2 column; `side` 0 from, 1 to. The box keeps 2 % at least.
    """
    low, high = camera.crop[axis]
    fraction = float(np.clip(fraction, 0, 1))
    pair = (min(fraction, high - 0.02), high) if side == 0 else (low, max(fraction, low + 0.02))
    crop = list(camera.crop)
    crop[axis] = pair
    return replace(camera, crop=(crop[0], crop[1], crop[2]))


DRAGS = {
    "window": window_drag,
    "zoom": zoom_drag,
    "pan": pan_drag,
    "scroll": scroll_drag,
    "crosshair": crosshair_drag,
}
"""Tools that change the state of the view, by name."""


def drag_state(tool: str, context: DragContext, drag: Drag) -> ViewState:
    """Return the state after a drag with a tool; a volume view turns, zooms or moves."""
    if context.state.plane is Plane.VOLUME:
        if tool == "zoom":
            return camera_zoom(context.state, float(np.exp(-drag.down / 200)))
        return volume_pan(context, drag) if tool == "pan" else orbit_drag(context, drag)
    return DRAGS.get(tool, window_drag)(context, drag)


def points_needed(tool: str) -> int:
    """Return how many points a drawing tool wants; 0 for the others."""
    kind = DRAWING_TOOLS.get(tool)
    return POINT_COUNT[kind] if kind else 0
