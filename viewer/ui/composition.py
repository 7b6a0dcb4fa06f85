"""What is written and drawn above a view's pixels, put together from the workspace."""

from dataclasses import dataclass, replace

import numpy as np

from viewer.app import following, spreading
from viewer.app.comparing import layer_of
from viewer.app.messages import Message
from viewer.app.opening import patient_alert
from viewer.app.session import Session
from viewer.app.workspace import Layer, PartKey, Workspace
from viewer.core.arrays import Point
from viewer.core.blending import with_residual
from viewer.core.camera import eye_direction, mm_per_pixel, right_direction
from viewer.core.geometry import FrameGeometry, VolumeGeometry, orientation_letters
from viewer.core.provenance import Label, acquired_words, label_for, step_words
from viewer.core.study import FrameSource, Instance, Series, SeriesPart, Study
from viewer.core.units import figure_with_unit
from viewer.core.view import (
    ORIGINAL,
    Comparison,
    Plane,
    SliceRequest,
    ViewState,
    edge_letters,
    screen_axes,
    slice_count,
    slice_number,
)
from viewer.core.volume import AnyVolume, DerivedVolume, Frames, Volume
from viewer.core.windowing import Window, WindowFunction
from viewer.ui.picture import (
    CornerText,
    LinkMark,
    LinkState,
    ScaleBar,
    Tile,
)

FARTHEST_STEPS = 0.751
"""Slice steps from the nearest slice beyond which a point lies in a gap, black in reformats."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a view shows, looked up once for all that is written on it."""

    view: int
    state: ViewState
    study: Study
    series: Series
    part: SeriesPart
    volume: AnyVolume
    request: SliceRequest

    @property
    def geometry(self) -> VolumeGeometry:
        """Grid of the volume."""
        return self.volume.geometry

    @property
    def source(self) -> FrameSource:
        """Frame that is shown (the first one for reformats)."""
        if self.state.plane is Plane.ACQUIRED and len(self.part.sources) == self.geometry.shape[0]:
            return self.part.sources[self.geometry.slice_of(self.state.focus_mm)]
        return self.part.sources[0]

    @property
    def instance(self) -> Instance:
        """Instance that the shown slice comes from (the first one for reformats)."""
        return self.source.instance


def subject(workspace: Workspace, view: int, request: SliceRequest | None) -> Subject | None:
    """Return what a view shows, None while there is nothing to write about."""
    state = workspace.views[view]
    if state.part is None or request is None:
        return None
    study, series = workspace.study_of(state.part), workspace.series_of(state.part)
    part, volume = workspace.parts.get(state.part), workspace.grid_of(state)
    if study is None or series is None or part is None or volume is None:
        return None
    return Subject(view, state, study, series, part, volume, request)


def labels(workspace: Workspace, about: Subject) -> tuple[Label | None, Label | None]:
    """Return the labels of the (acquired, derived) pixels of a view.

    Acquired pixels that are themselves a stored derived series carry its label.
    """
    stored = label_for(workspace.volumes[about.part.key].provenance)
    layer = layer_of(workspace, about.state)
    return (stored, label_for(layer.provenance) if layer is not None else None)


def person_name(name: str) -> str:
    """Return a DICOM person name as people write it: "Family, Given Middle"."""
    first = next((group for group in name.split("=") if group), "")
    family, _, given = first.partition("^")
    rest = " ".join(part for part in given.split("^") if part)
    return f"{family}, {rest}" if rest else family


def plain_date(date: str) -> str:
    """Return a DICOM date as 2001-02-03; anything else as it is."""
    compact = date.replace(".", "")
    if len(compact) == 8 and compact.isdigit():
        return f"{compact[:4]}-{compact[4:6]}-{compact[6:]}"
    return date


def corner_text(session: Session, about: Subject, looks: str, probe: str) -> CornerText:
    """Return the four corners: patient, study and series, slice, and value over `looks`.

    `looks` says how values become colours: the window, or a volume's preset.
    """
    whose = whose_corners(session, about.part.key)
    return replace(
        whose,
        bottom_left=_filled([*_slice_lines(session, about), _view_words(about)]),
        bottom_right=_filled([probe, looks]),
    )


def whose_corners(session: Session, part: PartKey | None) -> CornerText:
    """Return the upper corners of a part: patient on the left, study and series on the right."""
    workspace = session.workspace
    shown = workspace.settings.overlays
    found = workspace.parts.get(part) if part else None
    study = workspace.study_of(part) if part else None
    series = workspace.series_of(part) if part else None
    if found is None or study is None or series is None:
        return CornerText()
    patient = [
        person_name(study.patient_name) if shown.patient_name else "",
        f"ID {study.patient_id}" if shown.patient_id and study.patient_id else "",
        f"born {plain_date(study.birth_date)}" if shown.birth_date and study.birth_date else "",
    ]
    number = f"Series {series.number}" if series.number is not None else ""
    described = " · ".join(words for words in (number, series.modality, found.label) if words)
    origin = [
        plain_date(study.date) if shown.study_date else "",
        series.description if shown.series else "",
        described if shown.series else "",
    ]
    return CornerText(top_left=_filled(patient), top_right=_filled(origin))


def _filled(lines: list[str]) -> tuple[str, ...]:
    return tuple(line for line in lines if line)


def _slice_lines(session: Session, about: Subject) -> list[str]:
    state, geometry = about.state, about.geometry
    if state.plane is Plane.VOLUME:
        return []
    count = slice_count(state, geometry)
    number = slice_number(state, geometry)
    name = "Frame" if isinstance(about.volume, Frames) else "Slice"
    lines = [f"{name} {number} / {count}" if count > 1 else ""]
    if geometry.is_patient and state.plane is Plane.ACQUIRED:
        place = geometry.slice_origin_mm(number - 1) @ geometry.plane_normal
        thick = geometry.slice_thickness_mm
        words = f"at {place:.1f} mm"
        lines.append(f"{words} · {step_words(thick)} thick" if thick else words)
        is_blinded = about.part.key in session.workspace.badges
        known, is_even = None if is_blinded else about.volume.provenance, geometry.is_even
        lines.append(acquired_words(known, number - 1, count, is_even=is_even))
    elif geometry.is_patient:
        lines.append(f"{state.plane.value} reformat")
    if state.slab_mm > 0 and geometry.is_patient:
        lines.append(f"{state.slab_mode.value} {state.slab_mm:.1f} mm")
    return lines


def _view_words(about: Subject) -> str:
    if about.state.plane is Plane.VOLUME:
        return ""
    voxel = min(about.geometry.spacing_mm[1:])
    words = f"zoom {100 * voxel / about.request.mm_per_pixel:.0f} %"
    method = about.state.interpolation.value
    return words if method == "linear" else f"{words} · {method}"


def window_name(window: Window) -> str:
    """Return the window in words: "W 400 L 40", its function where it is not linear."""
    if window.function is WindowFunction.TABLE:
        return window.name if "LUT" in window.name else f"VOI LUT {window.name}".strip()
    digits = 0 if window.width >= 20 else 2
    words = f"W {window.width:.{digits}f}  L {window.centre:.{digits}f}"
    return f"{words}  sigmoid" if window.function is WindowFunction.SIGMOID else words


def window_words(about: Subject, window: Window) -> str:
    """Return the window of a view in words, "" for colour images."""
    if isinstance(about.volume, Frames) and about.volume.is_colour:
        return ""
    if about.state.comparison is Comparison.RESIDUAL:
        return "Drag sideways for the range"
    words = window_name(window)
    return f"{words}  inverted" if about.state.is_inverted else words


def notices(session: Session, about: Subject) -> tuple[str, ...]:
    """Return what is missing, geometry warnings, the lossy mark, and what is not drawn."""
    instance = about.instance
    found = [
        *_not_enhanced(session, about),
        spreading.notice(session, about.state),
        *_unreadable_words(about),
        *about.geometry.warnings,
        *about.part.warnings,
        instance.lossy and f"{instance.lossy} compression",
        *(f"{note}: in the file, not drawn" for note in instance.notes),
    ]
    return tuple(dict.fromkeys(words[0].upper() + words[1:] for words in found if words))


def _unreadable_words(about: Subject) -> list[str]:
    """Say why the slice that is shown is not there, if it could not be read."""
    if about.state.plane is not Plane.ACQUIRED or not about.volume.unreadable:
        return []
    shown = about.geometry.slice_of(about.state.focus_mm)
    what = "frame" if isinstance(about.volume, Frames) else "slice"
    reasons = [why for place, why in about.volume.unreadable if place == shown]
    return [f"this {what} could not be read: {why}" for why in reasons]


def _not_enhanced(session: Session, about: Subject) -> tuple[str, ...]:
    """Say that the slice that is shown was not enhanced, once nothing is under way any more."""
    state = about.state
    is_derived = state.layer != ORIGINAL or state.comparison is not Comparison.NONE
    layer = layer_of(session.workspace, state) if is_derived else None
    if state.part is None or layer is None or session.enhancements.job(state.part) is not None:
        return ()
    loaded = layer.residual.loaded
    if state.plane is Plane.ACQUIRED:
        if loaded[about.geometry.slice_of(state.focus_mm)]:
            return ()
        return ("This slice was not enhanced: press Enhance on the right to go on",)
    missing = int(np.count_nonzero(~loaded))
    if not missing:
        return ()
    return (f"{missing} of {len(loaded)} slices were not enhanced: press Enhance to go on",)


def probe_words(volume: AnyVolume, mm: Point, layer: Layer | None = None) -> str:
    """Return the value of the voxel nearest to a point, with its unit; "" outside.

    With a derived layer both values are named, so that neither is taken for the other. In a gap
    between slices there is no value.
    """
    geometry = volume.geometry
    index = np.floor(geometry.to_index(mm) + 0.5).astype(int)
    index[0] = geometry.slice_of(mm)
    row, column = index[1], index[2]
    if not (0 <= row < volume.values.shape[1] and 0 <= column < volume.values.shape[2]):
        return ""
    if not volume.loaded[index[0]]:
        return ""
    if volume.mask is not None and not volume.mask[index[0], row, column]:
        return "no pixel here"
    if geometry.slice_positions_mm:
        away = geometry.slice_positions_mm[index[0]] - float(np.asarray(mm) @ geometry.normal)
        if abs(away) > FARTHEST_STEPS * geometry.spacing_mm[0]:
            return "no pixel here"
    value = volume.values[index[0], row, column]
    if np.ndim(value):
        return "RGB " + " ".join(str(int(channel)) for channel in value)
    words = figure_with_unit(float(value), volume.unit)
    if layer is None or not layer.residual.loaded[index[0]]:
        return f"original {words}" if layer is not None else words
    is_finer = layer.start is not None
    if is_finer and volume is not layer.start:
        return f"original {words}"
    residual = layer.residual.values[index[0], row, column : column + 1]
    mixed = with_residual(np.atleast_1d(value), residual, layer.blend * layer.scale)
    after = f"enhanced {figure_with_unit(float(mixed[0]), layer.residual.unit)}"
    return after if is_finer else f"original {words} · {after}"


def letters(session: Session, about: Subject) -> tuple[str, str, str, str] | None:
    """Return the letters at the edges of a view, None where there is no orientation."""
    if not session.workspace.settings.overlays.orientation:
        return None
    if about.state.plane is Plane.VOLUME:
        return _volume_letters(about)
    plane = about.source.facts.geometry
    if not about.geometry.is_patient and plane is not None:
        return _frame_letters(about, plane)
    return edge_letters(about.state, about.geometry, about.instance.patient_orientation)


def _frame_letters(about: Subject, plane: FrameGeometry) -> tuple[str, str, str, str]:
    """Return the letters of a frame that is shown alone and knows its place in the patient."""
    along, down = np.asarray(plane.row_direction), np.asarray(plane.column_direction)
    axes = [x * along + y * down for x, y, _ in screen_axes(about.state, about.geometry)]
    ends = (-axes[0], -axes[1], axes[0], axes[1])
    left, top, right, bottom = (
        orientation_letters(end, is_quadruped=about.instance.is_quadruped) for end in ends
    )
    return (left, top, right, bottom)


def _volume_letters(about: Subject) -> tuple[str, str, str, str]:
    """Return the directions to the left, top, right and bottom of a rendered volume."""
    right, (_, up) = right_direction(about.state.camera), eye_direction(about.state.camera)
    is_quadruped = about.geometry.is_quadruped
    return (
        orientation_letters(-right, is_quadruped=is_quadruped),
        orientation_letters(up, is_quadruped=is_quadruped),
        orientation_letters(right, is_quadruped=is_quadruped),
        orientation_letters(-up, is_quadruped=is_quadruped),
    )


def scale_bar(session: Session, about: Subject, ratio: float) -> ScaleBar | None:
    """Return the length of a view pixel; `ratio` is device pixels per view pixel."""
    if not session.workspace.settings.overlays.scale_bar:
        return None
    origin = about.volume.spacing_origin if isinstance(about.volume, Frames) else "patient"
    note = {"detector": "at the detector", "calibrated": "calibrated", "none": ""}.get(origin, "")
    step = about.request.mm_per_pixel
    if about.state.plane is Plane.VOLUME:
        size = (about.request.width, about.request.height)
        step = mm_per_pixel(about.geometry, about.state.camera, size)
    return ScaleBar(step * ratio, about.geometry.unit, note)


def tile(session: Session, state: ViewState, problem: Message | None) -> Tile | None:
    """Return what is written where a picture cannot be, or is not yet asked for."""
    if problem is not None:
        return Tile(problem.what, f"{problem.means} {problem.do}".strip(), problem.severity.value)
    if state.part is not None:
        return None
    if not session.workspace.studies:
        return Tile("Drop a folder here, or press Ctrl+O")
    if not any(session.workspace.image_parts()):
        return Tile("No images", "What was opened holds other objects; they are listed.")
    return Tile("Drag a series here")


def link_mark(session: Session, view: int) -> LinkMark | None:
    """Return the chain on a view, with the user's offset where there is one."""
    words = following.link_words(session.workspace, view)
    if not words:
        return None
    if words == "not linked":
        return LinkMark(LinkState.OFF)
    if words == "linked":
        return LinkMark(LinkState.LINKED)
    return LinkMark(LinkState.OFFSET, words.removeprefix("linked "))


def label_beside(workspace: Workspace, view: int) -> Label | None:
    """Return the label of another view that shows a derived layer of the same part."""
    part = workspace.views[view].part
    for other in workspace.layout.shown:
        state = workspace.views[other]
        layer = layer_of(workspace, state)
        if other != view and state.part == part and layer is not None:
            return label_for(layer.provenance)
    return None


def rendered_volume(session: Session, state: ViewState) -> Volume | DerivedVolume | None:
    """Return what a volume view renders: the acquired pixels or the blended ones; None to wait."""
    volume = session.workspace.volumes.get(state.part) if state.part else None
    if state.part is None or volume is None or isinstance(volume, Frames):
        return None
    if not volume.is_finished:
        return None
    if state.layer == ORIGINAL or layer_of(session.workspace, state) is None:
        return volume
    blended = session.enhancements.blended(state.part, state.layer)
    return None if isinstance(blended, Frames) else blended


def waiting_for(session: Session, state: ViewState) -> tuple[str, float | None]:
    """Return what a view waits for in words, and how much of it is done; "" for nothing."""
    if state.part is None:
        return ("", None)
    fraction = session.images.fraction_loaded(state.part)
    if fraction is not None:
        return ("Loading images", fraction)
    if state.layer != ORIGINAL or state.comparison is not Comparison.NONE:
        fraction = session.enhancements.fraction(state.part)
    if fraction is not None:
        return ("Enhancing", fraction)
    is_late = state.shows_spread and session.enhancements.spreads.is_computing(state.part)
    return ("Computing the model spread" if is_late else "", None)


def alert(session: Session, view: int) -> str:
    """Return the line that warns of two patients side by side."""
    return patient_alert(session.workspace, view)
