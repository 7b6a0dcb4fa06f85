"""Lines over a view's pixels: measurements, the cuts of other views, the crosshair."""

import numpy as np

from viewer.app import following, layouts, measuring
from viewer.app.session import Session
from viewer.core.arrays import Point
from viewer.core.geometry import VolumeGeometry
from viewer.core.measurement import AREA_KINDS, Measurement
from viewer.core.sync import reference_line
from viewer.core.view import Plane, SliceRequest, ViewState, plane_normal, scroll_step_mm
from viewer.ui.composition import Subject
from viewer.ui.picture import Crosshair, CrosshairLine, Place, ReferenceLine, Shape


def shapes(
    session: Session,
    about: Subject,
    ratio: float,
    numbers: dict[str, tuple[str, ...]],
    *,
    active: str,
    moving: str,
) -> tuple[Shape, ...]:
    """Return the measurements that lie in the plane of a view, but for the one in the hand.

    `active` is drawn brighter; `numbers` are lines of text by measurement id.
    """
    found = []
    for measurement in in_plane(session, about.state, about.request, about.geometry):
        if measurement.id != moving:
            points = tuple(_place(about.request, p, ratio) for p in outline(measurement))
            lines = numbers.get(measurement.id, ())
            found.append(Shape(measurement.kind, points, lines, measurement.id == active))
    return (*found, *_spots(session, about, ratio))


def _spots(session: Session, about: Subject, ratio: float) -> tuple[Shape, ...]:
    """Return the lesion marks of a reading that lie in the plane of a view, with their words.

    They are not measurements: nothing is measured on them, and the hand does not move them.
    """
    if about.state.plane is Plane.VOLUME:
        return ()
    near = max(about.state.slab_mm / 2, 0.5 * scroll_step_mm(about.state, about.geometry))
    return tuple(
        Shape(
            spot.kind,
            tuple(_place(about.request, p, ratio) for p in outline(spot)),
            (spot.text,),
            spot.id == session.workspace.spot,
        )
        for spot in session.workspace.spots
        if spot.part == about.part.key and abs(about.request.distance_mm(spot.centre_mm)) <= near
    )


def in_plane(
    session: Session, state: ViewState, request: SliceRequest, geometry: VolumeGeometry
) -> tuple[Measurement, ...]:
    """Return the measurements that lie wholly in what a view shows: its plane or its slab."""
    if state.plane is Plane.VOLUME or state.part is None:
        return ()
    near = max(state.slab_mm / 2, 0.5 * scroll_step_mm(state, geometry))
    return tuple(
        measurement
        for measurement in measuring.of_part(session.workspace, state.part)
        if all(abs(request.distance_mm(mm)) <= near for mm in measurement.points_mm)
    )


def outline(measurement: Measurement) -> tuple[Point, ...]:
    """Return the points to draw: all four corners for a rectangle or ellipse."""
    if measurement.kind not in AREA_KINDS:
        return measurement.points_mm
    first, second = (np.asarray(p) for p in measurement.points_mm[:2])
    right, down = np.asarray(measurement.right), np.asarray(measurement.down)
    width, height = float((second - first) @ right), float((second - first) @ down)
    corners = (first, first + width * right, second, first + height * down)
    return tuple((float(c[0]), float(c[1]), float(c[2])) for c in corners)


def _place(request: SliceRequest, mm: Point, ratio: float) -> Place:
    x, y = request.to_pixel(mm)
    return ((x + 0.5) / ratio, (y + 0.5) / ratio)


def other_planes(session: Session, about: Subject, ratio: float) -> tuple[ReferenceLine, ...]:
    """Return where the other views' planes cut this one (within one frame of reference)."""
    workspace = session.workspace
    is_wanted = workspace.settings.overlays.reference_lines and workspace.layout.name != layouts.MPR
    if not is_wanted or about.state.plane is Plane.VOLUME or not about.geometry.is_patient:
        return ()
    lines = []
    for view in workspace.layout.shown:
        other = workspace.views[view]
        geometry = following.geometry_of(workspace, view)
        if view == about.view or geometry is None or other.plane is Plane.VOLUME:
            continue
        same = other.part == about.state.part or (
            geometry.is_patient
            and geometry.frame_of_reference_uid
            and geometry.frame_of_reference_uid == about.geometry.frame_of_reference_uid
        )
        ends = reference_line(about.request, other, geometry) if same else None
        if ends is not None:
            start, end = (_place(about.request, p, ratio) for p in ends)
            lines.append(ReferenceLine(start, end, "", view == workspace.active))
    return tuple(lines)


def crosshair(session: Session, about: Subject, ratio: float) -> Crosshair | None:
    """Return the crosshair of the MPR layout: where the other two planes cut this one."""
    workspace = session.workspace
    if not workspace.settings.overlays.crosshair:
        return None
    if about.state.plane is Plane.VOLUME or workspace.layout.name != layouts.MPR:
        return None
    lines = []
    for view in workspace.layout.views:
        other = workspace.views[view]
        if view == about.view or other.part != about.state.part or other.plane is Plane.VOLUME:
            continue
        direction = np.cross(about.request.normal, plane_normal(other, about.geometry))
        if np.linalg.norm(direction) < 0.05:
            continue
        x = float(direction @ np.asarray(about.request.right_mm))
        y = float(direction @ np.asarray(about.request.down_mm))
        lines.append(CrosshairLine(float(np.arctan2(y, x)), ("axial", "coronal", "sagittal")[view]))
    has_handles = workspace.tool == "crosshair"
    return Crosshair(_place(about.request, about.state.focus_mm, ratio), tuple(lines), has_handles)


def mark(session: Session, about: Subject, ratio: float) -> Place | None:
    """Return the place that is pointed at, where a view of its part shows the plane it lies in."""
    pointed = session.workspace.mark
    if pointed is None or pointed[0] != about.state.part or about.state.plane is Plane.VOLUME:
        return None
    near = max(about.state.slab_mm / 2, 0.75 * scroll_step_mm(about.state, about.geometry))
    if abs(about.request.distance_mm(pointed[1])) > near:
        return None
    return _place(about.request, pointed[1], ratio)
