"""The hand on a view: which drag means what, drawing measurements, turning the crosshair."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, Qt

from viewer.app import following, measuring, windows
from viewer.app.tools import DRAWING_TOOLS, Drag, DragContext, drag_state, points_needed
from viewer.core.arrays import Point
from viewer.core.measurement import (
    AREA_KINDS,
    POINT_COUNT,
    Measurement,
    MeasurementKind,
)
from viewer.core.regions import values_at, voxels_in
from viewer.core.view import Comparison, Plane, tilted_plane
from viewer.core.windowing import auto_window
from viewer.ui.picture import Place, Shape
from viewer.ui.view_lines import in_plane, outline

if TYPE_CHECKING:
    from viewer.app.session import Session
    from viewer.ui.viewport import Viewport

NEAR = 8
"""Pixels within which the pointer grabs a point or a line."""

CLICK = 4
"""A press that moves less than this many pixels is a click."""


class Pointing:
    """Turns presses, moves and releases on one view into intent."""

    def __init__(self, session: Session, viewport: Viewport) -> None:
        self._session = session
        self._viewport = viewport
        self._tool = ""
        self._start: QPointF | None = None
        self._here = QPointF()
        self._context: DragContext | None = None
        self._points: list[Point] = []
        self._grabbed: tuple[str, int] | None = None
        self._wheel = 0
        self.active = ""
        self.region: tuple[Place, Place] | None = None

    # ------------------------------------------------------------------ places

    def to_mm(self, place: QPointF) -> Point:
        """Map a place in view pixels to LPS mm on the plane of the view."""
        request = self._viewport.request
        if request is None:
            return (0.0, 0.0, 0.0)
        ratio = self._viewport.devicePixelRatioF()
        return request.to_mm(place.x() * ratio - 0.5, place.y() * ratio - 0.5)

    def _to_place(self, mm: Point) -> QPointF:
        request = self._viewport.request
        if request is None:
            return QPointF()
        ratio = self._viewport.devicePixelRatioF()
        x, y = request.to_pixel(mm)
        return QPointF((x + 0.5) / ratio, (y + 0.5) / ratio)

    # ------------------------------------------------------------------ presses

    def press(self, place: QPointF, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        """Begin what a button does at a place."""
        self._here = place
        if self._viewport.request is None:
            return
        self._tool = self._tool_for(place, button, modifiers)
        self._start = place
        self._context = self._drag_context()
        if self._tool in DRAWING_TOOLS:
            self._points.append(self.to_mm(place))
            if points_needed(self._tool) == 1:
                self._finish_drawing()
        elif self._tool == "crosshair":
            self._drag_to(place)

    def _tool_for(
        self, place: QPointF, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier
    ) -> str:
        if button == Qt.MouseButton.RightButton:
            return "zoom"
        if button == Qt.MouseButton.MiddleButton:
            return "pan"
        tool = self._session.workspace.tool
        if self._viewport.state.plane is Plane.VOLUME:
            is_shifted = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
            return "pan" if is_shifted else tool if tool in ("zoom", "pan") else "orbit"
        if self._near_divider(place):
            return "divider"
        self._grabbed = self._point_at(place)
        if self._grabbed is not None:
            self.active = self._grabbed[0]
            return "move"
        self.active = self.measurement_at(place)
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            return "pan"
        is_turning = tool == "crosshair" and self._near_crosshair_line(place)
        return "turn" if is_turning else tool

    def _drag_context(self) -> DragContext | None:
        viewport = self._viewport
        volume = self._session.workspace.grid_of(viewport.state)
        if volume is None or viewport.request is None:
            return None
        window = viewport.window_in_use()
        span = 2000.0 if volume.unit == "HU" else max(window.width * 3, 1e-3)
        return DragContext(viewport.state, viewport.request, volume.geometry, window, span)

    def move(self, place: QPointF) -> bool:
        """Go on with a drag; False when none is under way."""
        self._here = place
        if self._start is None or self._context is None:
            if self._points:
                self._viewport.update()
            return False
        self._drag_to(place)
        return True

    def _drag_to(self, place: QPointF) -> None:
        if self._context is None or self._start is None:
            return
        if self._tool == "divider":
            self._move_divider(place)
        elif self._tool == "region_window":
            self.region = ((self._start.x(), self._start.y()), (place.x(), place.y()))
            self._viewport.update()
        elif self._tool in DRAWING_TOOLS or self._tool == "move":
            self._viewport.update()
        elif self._tool == "turn":
            self._turn_planes(place)
        else:
            is_by_hand = self._tool in ("window", "zoom")
            ratio = 1.0 if is_by_hand else self._viewport.devicePixelRatioF()
            drag = Drag(
                (self._start.x() * ratio, self._start.y() * ratio),
                (place.x() * ratio, place.y() * ratio),
            )
            state = drag_state(self._tool, self._context, drag)
            following.change(self._session, self._viewport.view, state)

    def release(self, place: QPointF, button: Qt.MouseButton) -> bool:
        """End a drag; True when it was a right click without one, which asks for the menu."""
        start, tool = self._start, self._tool
        self._start = None
        if start is None:
            return button == Qt.MouseButton.RightButton
        is_click = (place - start).manhattanLength() < CLICK
        if tool in DRAWING_TOOLS and self._points:
            self._release_drawing(place, is_click)
        elif tool == "move" and self._grabbed is not None and not is_click:
            self._move_point(place)
        elif tool == "region_window":
            self._window_from_region(start, place)
        self._grabbed = None
        self._tool = ""
        return button == Qt.MouseButton.RightButton and is_click

    @property
    def is_busy(self) -> bool:
        """True while something is drawn, moved or dragged."""
        return bool(self._points) or self._start is not None

    def cancel(self) -> None:
        """Forget what was begun, such as on Esc."""
        self._points.clear()
        self._start, self._grabbed, self.region = None, None, None
        self.active = ""
        self._viewport.update()

    def wheel_steps(self, angle: int) -> int:
        """Return whole slices for a turn of the wheel, collecting the fine steps of touch pads."""
        self._wheel += angle
        steps = int(self._wheel / 120)
        self._wheel -= steps * 120
        return -steps

    # ------------------------------------------------------------------ drawing

    def _release_drawing(self, place: QPointF, is_click: bool) -> None:
        kind = DRAWING_TOOLS[self._tool]
        if not is_click or len(self._points) >= points_needed(self._tool):
            if not is_click:
                self._points.append(self.to_mm(place))
            if len(self._points) >= points_needed(self._tool):
                self._finish_drawing()
        elif kind in AREA_KINDS and len(self._points) > 1:
            self._finish_drawing()

    def _finish_drawing(self) -> None:
        kind = DRAWING_TOOLS[self._tool]
        points = tuple(self._points[: points_needed(self._tool)])
        self._points.clear()
        self._start = None
        self.active = measuring.add(self._session, self._viewport.view, kind, points)
        if kind is MeasurementKind.ARROW and self.active:
            self._viewport.text_wanted.emit(self._viewport.view, self.active)

    @property
    def moving(self) -> str:
        """Id of the measurement that is in the hand, drawn by `sketch` alone; "" for none."""
        is_moving = self._tool == "move" and self._grabbed is not None and self._start is not None
        return self._grabbed[0] if is_moving and self._grabbed else ""

    def sketch(self) -> tuple[Shape, ...]:
        """Return what is being drawn or moved, up to the pointer."""
        tool = self._tool or self._session.workspace.tool
        if self._points and tool in DRAWING_TOOLS:
            places = [*self._points, self.to_mm(self._here)][: points_needed(tool)]
            kind = DRAWING_TOOLS[tool]
            return (Shape(kind, self._places(places), self._numbers(kind, places), True),)
        if self._grabbed is not None and self._tool == "move" and self._start is not None:
            found = self._measurement(self._grabbed[0])
            if found is not None:
                points = list(found.points_mm)
                points[self._grabbed[1]] = self.to_mm(self._here)
                numbers = self._numbers(found.kind, points)
                return (Shape(found.kind, self._places(points), numbers, True),)
        return ()

    def _numbers(self, kind: MeasurementKind, points: list[Point]) -> tuple[str, ...]:
        """Return the length or angle of what is being drawn, once it has all its points."""
        is_quick = kind in (MeasurementKind.LENGTH, MeasurementKind.ANGLE)
        if not is_quick or len(points) < POINT_COUNT[kind]:
            return ()
        made = measuring.drawn(self._session, self._viewport.view, kind, tuple(points))
        if made is None:
            return ()
        volume = self._session.workspace.volumes.get(made.part)
        return measuring.numbers_in_words(measuring.in_true_units(made, volume), None, "")

    def _places(self, points: list[Point]) -> tuple[Place, ...]:
        places = [self._to_place(p) for p in points]
        return tuple((p.x(), p.y()) for p in places)

    def _measurement(self, measurement_id: str) -> Measurement | None:
        part = self._viewport.state.part
        found = measuring.of_part(self._session.workspace, part) if part else ()
        return next((m for m in found if m.id == measurement_id), None)

    def _point_at(self, place: QPointF) -> tuple[str, int] | None:
        for measurement in self._in_plane():
            for index, mm in enumerate(measurement.points_mm):
                if (self._to_place(mm) - place).manhattanLength() <= NEAR:
                    return (measurement.id, index)
        return None

    def _in_plane(self) -> tuple[Measurement, ...]:
        state, request = self._viewport.state, self._viewport.request
        volume = self._session.workspace.grid_of(state)
        if volume is None or request is None:
            return ()
        return in_plane(self._session, state, request, volume.geometry)

    def measurement_at(self, place: QPointF) -> str:
        """Return the id of the measurement at a place: at a point of it or on its outline."""
        if (found := self._point_at(place)) is not None:
            return found[0]
        for shape_id, corners in self._outlines():
            if any(_distance(place, a, b) <= NEAR for a, b in pairwise(corners)):
                return shape_id
        return ""

    def _outlines(self) -> Iterator[tuple[str, list[QPointF]]]:
        for measurement in self._in_plane():
            places = [self._to_place(mm) for mm in outline(measurement)]
            is_closed = measurement.kind in AREA_KINDS
            yield (measurement.id, [*places, places[0]] if is_closed else places)

    def _move_point(self, place: QPointF) -> None:
        part = self._viewport.state.part
        if self._grabbed is None or part is None:
            return
        found = self._measurement(self._grabbed[0])
        if found is not None:
            points = list(found.points_mm)
            points[self._grabbed[1]] = self.to_mm(place)
            measuring.move_points(self._session, part, found.id, tuple(points))

    # ------------------------------------------------------------------ the rest

    def _near_divider(self, place: QPointF) -> bool:
        state = self._viewport.state
        if state.comparison is not Comparison.SWIPE:
            return False
        return abs(place.x() - state.swipe * self._viewport.width()) <= NEAR

    def _move_divider(self, place: QPointF) -> None:
        share = float(np.clip(place.x() / max(1, self._viewport.width()), 0.02, 0.98))
        self._session.workspace.show(
            self._viewport.view, replace(self._viewport.state, swipe=share)
        )

    def _window_from_region(self, start: QPointF, end: QPointF) -> None:
        self.region = None
        volume = self._session.workspace.grid_of(self._viewport.state)
        if volume is None or volume.values.ndim > 3 or (end - start).manhattanLength() < 2 * CLICK:
            return
        corners = (self.to_mm(start), self.to_mm(end))
        kind = MeasurementKind.RECTANGLE
        region = measuring.drawn(self._session, self._viewport.view, kind, corners)
        if region is None:
            return
        values = values_at(volume, voxels_in(region, volume.geometry))
        if values.size:
            windows.set_window(self._session, auto_window(values, None, 0.5, 99.5))

    def _near_crosshair_line(self, place: QPointF) -> bool:
        """True on the outer part of a crosshair line, where it can be turned."""
        centre = self._to_place(self._viewport.state.focus_mm)
        away = place - centre
        distance = float(np.hypot(away.x(), away.y()))
        if distance < 0.25 * min(self._viewport.width(), self._viewport.height()):
            return False
        lines = self._viewport.picture().crosshair
        for line in lines.lines if lines else ():
            across = abs(away.x() * np.sin(line.angle_rad) - away.y() * np.cos(line.angle_rad))
            if across <= NEAR:
                return True
        return False

    def _turn_planes(self, place: QPointF) -> None:
        """Turn the other planes about this view's normal by the angle that the pointer moved."""
        context = self._context
        if context is None or self._start is None:
            return
        centre = self._to_place(context.state.focus_mm)
        before, after = self._start - centre, place - centre
        angle = float(np.arctan2(after.y(), after.x()) - np.arctan2(before.y(), before.x()))
        self._start = place
        request = context.request
        axis = np.cross(np.asarray(request.right_mm), np.asarray(request.down_mm))
        workspace = self._session.workspace
        for view in workspace.layout.views:
            state = workspace.views[view]
            if view != self._viewport.view and state.plane is not Plane.VOLUME:
                turned = tilted_plane(state, context.geometry, (axis[0], axis[1], axis[2]), angle)
                workspace.show(view, turned)

    def cursor_at(self, place: QPointF) -> Qt.CursorShape:
        """Return the pointer's shape at a place."""
        if self._viewport.request is None:
            return Qt.CursorShape.ArrowCursor
        if self._near_divider(place):
            return Qt.CursorShape.SplitHCursor
        if self._point_at(place) is not None:
            return Qt.CursorShape.PointingHandCursor
        is_drawing = self._session.workspace.tool in (*DRAWING_TOOLS, "crosshair", "region_window")
        is_flat = self._viewport.state.plane is not Plane.VOLUME
        return Qt.CursorShape.CrossCursor if is_drawing and is_flat else Qt.CursorShape.ArrowCursor


def _distance(place: QPointF, start: QPointF, end: QPointF) -> float:
    """Return the distance in pixels of a place from the stretch between two others."""
    across, away = end - start, place - start
    size = across.x() ** 2 + across.y() ** 2
    share = (away.x() * across.x() + away.y() * across.y()) / size if size else 0.0
    nearest = start + across * min(max(share, 0.0), 1.0)
    return float(np.hypot(place.x() - nearest.x(), place.y() - nearest.y()))
