"""Measurements: draw, list, jump to, undo, and keep them on disk at every change."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from viewer.app.command import Command
from viewer.app.following import change, geometry_of, has_image
from viewer.app.messages import message_from, warning
from viewer.app.session import Session
from viewer.app.viewing import choose_tool
from viewer.app.workspace import PartKey, StudyKey, Workspace
from viewer.core.arrays import Point
from viewer.core.errors import DiptychError
from viewer.core.measurement import (
    Measurement,
    MeasurementKind,
    RegionStatistics,
    angle_rad,
    area,
    changed,
    length,
    redone,
    undone,
)
from viewer.core.provenance import AT_A_SLICE
from viewer.core.units import figure, figure_with_unit
from viewer.core.view import Plane, ViewState, screen_axes
from viewer.core.volume import AnyVolume, Frames
from viewer.io.measurements import MeasurementStore


class Notebook:
    """Keeps measurements on disk, one file per study, written at every change.

    When the disk refuses, everything stays on screen and the reader is told.
    """

    def __init__(self, workspace: Workspace, home: Path) -> None:
        self._workspace = workspace
        self._store = MeasurementStore(home / "measurements", self._tell)

    def _tell(self, what: str, means: str) -> None:
        self._workspace.tell(warning(what, means))

    def load(self, study: StudyKey) -> None:
        """Bring back what was measured on a study before."""
        try:
            self._workspace.put_revision(study, self._store.load(study))
        except DiptychError as error:
            self._workspace.tell(message_from(error))

    def save(self, study: StudyKey) -> None:
        """Write the measurements of a study, and take over what another window has added."""
        revision = self._workspace.revision(study)
        try:
            kept = self._store.save(study, revision)
        except DiptychError as error:
            self._workspace.tell(message_from(error))
            return
        if kept != revision:
            self._workspace.put_revision(study, kept)


Alter = Callable[[tuple[Measurement, ...]], tuple[Measurement, ...]]


def numbers_in_words(
    measurement: Measurement, region: RegionStatistics | None, unit: str
) -> tuple[str, ...]:
    """Return the derived numbers of a measurement with units, one line each.

    `region` are the statistics of an area (None while not known) and `unit` that of the values.
    """
    if measurement.kind is MeasurementKind.LENGTH:
        return (f"{length(measurement):.1f} {measurement.unit}",)
    if measurement.kind is MeasurementKind.ANGLE:
        return (f"{np.degrees(angle_rad(measurement)):.1f}°",)
    if measurement.kind is MeasurementKind.ARROW:
        return (measurement.text,) if measurement.text else ()
    if measurement.kind is MeasurementKind.POINT:
        return (figure_with_unit(region.mean, unit),) if region else ()
    square = "mm²" if measurement.unit == "mm" else "px²"
    size = f"{area(measurement):.0f} {square}"
    if region is None:
        return (size,)
    mean = figure_with_unit(region.mean, unit, is_mean=True)
    return (
        f"mean {mean}  SD {figure(region.sd, unit, is_mean=True)}",
        f"min {figure(region.minimum, unit)}  max {figure(region.maximum, unit)}  {size}",
    )


def in_true_units(measurement: Measurement, volume: AnyVolume | None) -> Measurement:
    """Return a measurement with the points and the unit that its numbers hold in.

    On an image with regions these are millimetres where all points lie in one region, or in
    several of one scale, and pixels elsewhere. Source: DICOM PS3.3 C.8.5.5.
    """
    if not isinstance(volume, Frames) or not volume.regions:
        return measurement
    pixels = volume.geometry.to_index(np.asarray(measurement.points_mm))[:, 1:]
    scales = {region.spacing_mm for region in volume.regions if region.holds(pixels)}
    unit = "mm" if len(scales) == 1 else "px"
    rows, columns = scales.pop() if unit == "mm" else (1.0, 1.0)
    points = tuple((float(x) * columns, float(y) * rows, 0.0) for y, x in pixels)
    return replace(measurement, points_mm=points, unit=unit)


def study_key(workspace: Workspace, part: PartKey) -> StudyKey | None:
    """Return the key of the study that a part belongs to."""
    found = workspace.parts.get(part)
    return found.study_key if found else None


def of_part(workspace: Workspace, part: PartKey) -> tuple[Measurement, ...]:
    """Return the measurements on a part."""
    study = study_key(workspace, part)
    if study is None:
        return ()
    return tuple(m for m in workspace.revision(study).measurements if m.part == part)


def add(
    session: Session, view: int, kind: MeasurementKind, points_mm: tuple[Point, ...], text: str = ""
) -> str:
    """Add what was drawn in a view, save it, and return its id ("" when the view is empty)."""
    measurement = drawn(session, view, kind, points_mm, text)
    if measurement is None:
        return ""
    _put(session, measurement.part, lambda old: (*old, measurement))
    return measurement.id


def drawn(
    session: Session, view: int, kind: MeasurementKind, points_mm: tuple[Point, ...], text: str = ""
) -> Measurement | None:
    """Return what is drawn in a view as a measurement that is not kept yet."""
    workspace = session.workspace
    state, geometry = workspace.views[view], geometry_of(workspace, view)
    if state.part is None or geometry is None:
        return None
    right, down = screen_axes(replace(state, rotation_rad=0.0), geometry)
    part = workspace.parts[state.part]
    index = _acquired_slice(workspace, state)
    source = part.sources[index] if index is not None and index < len(part.sources) else None
    return Measurement(
        id=uuid.uuid4().hex,
        kind=kind,
        part=state.part,
        points_mm=points_mm,
        right=(float(right[0]), float(right[1]), float(right[2])),
        down=(float(down[0]), float(down[1]), float(down[2])),
        layer=state.layer,
        text=text,
        unit=geometry.unit,
        sop_instance_uid=source.instance.sop_instance_uid if source else "",
        frame=source.index if source else 0,
    )


def _acquired_slice(workspace: Workspace, state: ViewState) -> int | None:
    """Return the acquired slice that a view shows; None where it shows none.

    A finer slice is one only where it lies on it.
    """
    grid = workspace.grid_of(state)
    volume = workspace.volumes.get(state.part) if state.part else None
    if volume is None or grid is None or state.plane is not Plane.ACQUIRED:
        return None
    shown = grid.geometry.slice_of(state.focus_mm)
    if grid.geometry is volume.geometry:
        return shown
    place = grid.geometry.on_slice(state.focus_mm, shown)
    nearest = volume.geometry.slice_of(place)
    apart_mm = np.linalg.norm(np.subtract(volume.geometry.on_slice(place, nearest), place))
    return nearest if apart_mm < AT_A_SLICE * volume.geometry.spacing_mm[0] else None


def _put(session: Session, part: PartKey, alter: Alter) -> None:
    workspace = session.workspace
    study = study_key(workspace, part)
    if study is None:
        return
    revision = workspace.revision(study)
    workspace.put_revision(study, changed(revision, alter(revision.measurements)))
    save(session, study)


def remove(session: Session, part: PartKey, measurement_id: str) -> None:
    """Remove one measurement; undo brings it back."""
    _put(session, part, lambda old: tuple(m for m in old if m.id != measurement_id))


def rename(session: Session, part: PartKey, measurement_id: str, text: str) -> None:
    """Give a measurement a name or an arrow its text."""
    _put(
        session,
        part,
        lambda old: tuple(replace(m, text=text) if m.id == measurement_id else m for m in old),
    )


def move_points(
    session: Session, part: PartKey, measurement_id: str, points_mm: tuple[Point, ...]
) -> None:
    """Move a measurement's points."""
    _put(
        session,
        part,
        lambda old: tuple(
            replace(m, points_mm=points_mm) if m.id == measurement_id else m for m in old
        ),
    )


def part_of(workspace: Workspace, measurement_id: str) -> PartKey | None:
    """Return the part that a measurement lies on."""
    for revision in workspace.revisions.values():
        for measurement in revision.measurements:
            if measurement.id == measurement_id:
                return measurement.part
    return None


def text_of(workspace: Workspace, measurement_id: str) -> str:
    """Return the text of a measurement, "" without one."""
    every = (m for revision in workspace.revisions.values() for m in revision.measurements)
    return next((m.text for m in every if m.id == measurement_id), "")


def remove_any(session: Session, ids: tuple[str, ...]) -> None:
    """Remove measurements by id, as one change each."""
    for measurement_id in ids:
        if (part := part_of(session.workspace, measurement_id)) is not None:
            remove(session, part, measurement_id)


def rename_any(session: Session, measurement_id: str, text: str) -> None:
    """Give a measurement a name, whichever series it is on."""
    if (part := part_of(session.workspace, measurement_id)) is not None:
        rename(session, part, measurement_id, text)


def jump_to_any(session: Session, measurement_id: str) -> None:
    """Show the slice of a measurement, opening its series in the active view if it is hidden."""
    from viewer.app.opening import show_part

    workspace = session.workspace
    part = part_of(workspace, measurement_id)
    if part is None or part not in workspace.parts:
        return
    if all(workspace.views[view].part != part for view in workspace.layout.shown):
        show_part(session, workspace.active, part)
    jump_to(session, part, measurement_id)


def jump_to(session: Session, part: PartKey, measurement_id: str) -> None:
    """Show the slice of a measurement in the view that has its part (the active one first)."""
    workspace = session.workspace
    found = [m for m in of_part(workspace, part) if m.id == measurement_id]
    order = [workspace.active, *workspace.layout.shown]
    views = [view for view in order if workspace.views[view].part == part]
    if found and views:
        state = workspace.views[views[0]]
        change(session, views[0], replace(state, focus_mm=found[0].centre_mm))


def _active_study(session: Session) -> StudyKey | None:
    part = session.workspace.active_state.part
    return study_key(session.workspace, part) if part else None


def undo(session: Session) -> None:
    """Take back the last change of the active study's measurements."""
    if (study := _active_study(session)) is not None:
        session.workspace.put_revision(study, undone(session.workspace.revision(study)))
        save(session, study)


def redo(session: Session) -> None:
    """Do again what was taken back."""
    if (study := _active_study(session)) is not None:
        session.workspace.put_revision(study, redone(session.workspace.revision(study)))
        save(session, study)


def save(session: Session, study: StudyKey) -> None:
    """Write a study's measurements; on failure all stays on screen and the reader is told."""
    session.notebook.save(study)


def restore(session: Session, study: StudyKey) -> None:
    """Bring back what was measured on a study before, once per session."""
    if study not in session.workspace.revisions:
        session.notebook.load(study)


def _is_chosen(tool: str) -> Callable[[Session], bool]:
    return lambda session: session.workspace.tool == tool


_MENU = "Tools"

COMMANDS: tuple[Command, ...] = (
    *(
        Command(
            f"tool.{kind.value}",
            title,
            choose_tool(kind.value),
            _MENU,
            keys,
            has_image,
            icon,
            _is_chosen(kind.value),
        )
        for kind, title, keys, icon in (
            (MeasurementKind.LENGTH, "Length", ("L", "D"), "mdi6.ruler"),
            (MeasurementKind.ANGLE, "Angle", ("A",), "mdi6.angle-acute"),
            (MeasurementKind.RECTANGLE, "Rectangle", ("B",), "mdi6.rectangle-outline"),
            (MeasurementKind.ELLIPSE, "Ellipse", ("O",), "mdi6.ellipse-outline"),
            (MeasurementKind.POINT, "Point", ("K",), "mdi6.circle-medium"),
            (MeasurementKind.ARROW, "Arrow with text", ("T",), "mdi6.arrow-top-right"),
        )
    ),
    Command("measure.undo", "Undo measurement", undo, _MENU, ("Ctrl+Z",), icon="mdi6.undo"),
    Command("measure.redo", "Redo measurement", redo, _MENU, ("Ctrl+Shift+Z", "Ctrl+Y")),
)
