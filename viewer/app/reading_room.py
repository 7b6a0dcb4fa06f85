"""Puts the images of a trial on the screen under neutral names; notes how they are looked at."""

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from viewer.app.command import Command
from viewer.app.commands import COMMANDS
from viewer.app.jobs import Jobs
from viewer.app.measuring import Notebook
from viewer.app.opening import start_state
from viewer.app.reading import POSITIONS, Shown
from viewer.app.session import Session
from viewer.app.starting import new_session
from viewer.app.windows import presets_here, set_window
from viewer.app.workspace import PartKey, StudyKey
from viewer.core.arrays import FloatArray, Point
from viewer.core.geometry import vector
from viewer.core.layout import grid
from viewer.core.measurement import Measurement, MeasurementKind
from viewer.core.provenance import Blinding
from viewer.core.study import (
    FrameFacts,
    FrameSource,
    Instance,
    PartKind,
    Series,
    SeriesPart,
    Study,
)
from viewer.core.sync import Link
from viewer.core.view import Interpolation, ViewState, screen_axes, slice_number
from viewer.core.volume import AnyVolume, Frames
from viewer.core.windowing import Window, auto_window
from viewer.reader.protocol import Case
from viewer.reader.trials import MarkPlaced, ViewerNote

SOFT_TISSUE = Window(40.0, 400.0)
MODALITY_OF_UNIT = {"HU": "CT", "SUVbw": "PT"}

LOOKING = frozenset(
    {
        *(f"tool.{name}" for name in ("window", "zoom", "pan", "scroll")),
        *(f"view.{name}" for name in ("reset", "zoom_in", "zoom_out", "interpolation")),
        *(f"view.{name}" for name in ("flip_horizontal", "flip_vertical")),
        *(f"view.{name}" for name in ("rotate_right", "rotate_left")),
        *(f"slice.{name}" for name in ("next", "previous", "next_ten", "previous_ten")),
        *("slice.first", "slice.last", "link.toggle", "window.file", "window.invert"),
        "view.maximise",
    }
)
"""Commands of the viewer that a reading has. None tells a value of a pixel, none takes an image or
a word of it out of the window, and none has a plain digit, Enter or Backspace for its key."""

MEASURING = frozenset(
    {
        *(f"tool.{name}" for name in ("length", "angle", "rectangle", "ellipse", "point")),
        *("measure.undo", "measure.redo"),
    }
)
"""Commands that a reading has besides where the protocol allows to measure."""

MAXIMISE_KEYS = ("F",)
"""Enter belongs to the form."""

PRESET_KEY = "Ctrl+{digit}"
"""Window presets give their digits to the form and have these keys instead."""


class Unkept(Notebook):
    """Measurements of a reading stay in memory: what is kept of a reading is in its record."""

    def load(self, study: StudyKey) -> None:
        """Bring nothing back."""

    def save(self, study: StudyKey) -> None:
        """Write nothing."""


def reading_session(jobs: Jobs, home: Path | None = None) -> Session:
    """Return a session of its own for a reading window, with the reader's settings."""
    session = new_session(jobs, home, is_second=True)
    session.ahead.pause()
    return for_reading(session)


def for_reading(session: Session) -> Session:
    """Return the session with its measurements kept nowhere."""
    return replace(session, notebook=Unkept(session.workspace, session.home))


def reading_commands(session: Session, *, is_measuring: bool = False) -> tuple[Command, ...]:
    """Return the commands of the viewer that a reading has, presets under keys of their own."""
    wanted = LOOKING | MEASURING if is_measuring else LOOKING
    looking = tuple(
        replace(command, keys=MAXIMISE_KEYS) if command.id == "view.maximise" else command
        for command in COMMANDS
        if command.id in wanted
    )
    presets = tuple(
        Command(
            f"window.preset_{digit}",
            f"Window preset {digit}",
            partial(_use_preset, digit),
            "Window",
            (PRESET_KEY.format(digit=digit),),
            partial(_has_preset, digit),
        )
        for digit in sorted({preset.key for preset in session.presets})
    )
    return (*looking, *presets)


def _has_preset(digit: str, session: Session) -> bool:
    return any(preset.key == digit for preset in presets_here(session))


def _use_preset(digit: str, session: Session) -> None:
    found = (preset.window for preset in presets_here(session) if preset.key == digit)
    if (window := next(found, None)) is not None:
        set_window(session, window)


# ------------------------------------------------------------------------------ on the screen


def start_window(case: Case, images: tuple[AnyVolume, ...]) -> Window:
    """Return the window that all images of a case start with.

    It is the case's own, soft tissue for CT, else an automatic one rounded so coarsely that what
    was done to an image does not show in its figures.
    """
    if case.window is not None:
        return Window(*case.window)
    if images[0].unit == "HU":
        return SOFT_TISSUE
    found = [auto_window(image.values[len(image.values) // 2], None) for image in images]
    centre = sum(window.centre for window in found) / len(found)
    width = sum(window.width for window in found) / len(found)
    return Window(_coarse(centre, width), max(_coarse(width, width), 1e-6))


def _coarse(value: float, size: float) -> float:
    """Round a value to one and a half digits of `size`: steps of 1, 2 or 5 times a power of ten."""
    step = 10.0 ** math.floor(math.log10(max(abs(size), 1e-9))) / 2
    return round(value / step) * step


def part_key(shown: Shown, place: int) -> PartKey:
    """Return the part of an image of a trial."""
    return _parts(shown, SOFT_TISSUE)[1][place].key


def _parts(shown: Shown, window: Window) -> tuple[Study, tuple[SeriesPart, ...]]:
    """Return a study and parts that say nothing but the trial and the position."""
    unit = shown.images[0].unit
    modality = MODALITY_OF_UNIT.get(unit, "")
    first = shown.images[0]
    source = FrameSource(
        Instance(
            *("", "", "", "", "", modality),
            frames=(FrameFacts(windows=(window,)),),
            patient_orientation=first.patient_orientation if isinstance(first, Frames) else (),
            is_presentation_inverse=shown.case.is_inverted,
        ),
        0,
    )
    series = tuple(
        Series(f"{shown.trial.id}.{position}", modality)
        for position in POSITIONS[: len(shown.images)]
    )
    study = Study(shown.trial.id, series=series)
    parts = tuple(
        SeriesPart(
            study.key,
            one.uid,
            0,
            PartKind.FRAMES if isinstance(image, Frames) else PartKind.VOLUME,
            "",
            (source,),
        )
        for one, image in zip(series, shown.images, strict=True)
    )
    return (study, parts)


def badge(place: int, count: int) -> Blinding:
    """Return what stands in the place of the label: the position, or that it is the study's."""
    return Blinding(f"Study image {POSITIONS[place]}" if count > 1 else "Study image")


def show_images(session: Session, shown: Shown, *, is_blinded: bool, is_measuring: bool) -> None:
    """Show the images of a trial side by side, all at once and all in the same way."""
    workspace = session.workspace
    window = start_window(shown.case, shown.images)
    study, parts = _parts(shown, window)
    workspace.stage(study, parts)
    workspace.shows_values = is_measuring
    if is_blinded:
        workspace.badges = {part.key: badge(place, len(parts)) for place, part in enumerate(parts)}
    workspace.set_link(Link(is_one=True))
    interpolation = Interpolation(workspace.settings.viewing.interpolation)
    states = [
        start_state(
            ViewState(
                part=part.key,
                window=window,
                interpolation=interpolation,
                is_inverted=shown.case.is_inverted,
            ),
            image,
        )
        for part, image in zip(parts, shown.images, strict=True)
    ]
    for part, image in zip(parts, shown.images, strict=True):
        workspace.put_volume(part.key, image)
    workspace.arrange(grid(1, len(parts)))
    for view, state in enumerate(states):
        workspace.show(view, state)


def clear_images(session: Session) -> None:
    """Take the images off the screen."""
    workspace = session.workspace
    for view in workspace.layout.views:
        workspace.show(view, ViewState())
    workspace.stage(Study(""), ())


# ------------------------------------------------------------------------------ marks


def spots_of(
    session: Session, shown: Shown, marks: tuple[tuple[str, MarkPlaced, str], ...]
) -> tuple[Measurement, ...]:
    """Return marks as they are drawn: each of (position, mark, words) on every image it is about.

    A mark without a position is about the case and stands on all of its images.
    """
    found = []
    for place, position in enumerate(POSITIONS[: len(shown.images)]):
        state = session.workspace.views[place]
        right, down = screen_axes(state, shown.images[place].geometry)
        image = shown.images[place]
        found += [
            _spot(
                replace(mark, point_mm=place_on_screen(image, mark.point_mm)),
                part_key(shown, place),
                right,
                down,
                words,
            )
            for where, mark, words in marks
            if where in ("", position)
        ]
    return tuple(found)


def _spot(
    mark: MarkPlaced, part: PartKey, right: FloatArray, down: FloatArray, words: str
) -> Measurement:
    across, along = vector(_point(right)), vector(_point(down))
    axes = (_point(right), _point(down))
    if len(mark.half_axes_mm) < 2:
        return Measurement(
            mark.id, MeasurementKind.POINT, part, (mark.point_mm,), *axes, text=words
        )
    reach = mark.half_axes_mm[0] * across + mark.half_axes_mm[1] * along
    centre = vector(mark.point_mm)
    corners = (_point(centre - reach), _point(centre + reach))
    return Measurement(mark.id, MeasurementKind.ELLIPSE, part, corners, *axes, text=words)


def _point(values: Iterable[float]) -> Point:
    x, y, z = (float(value) for value in values)
    return (x, y, z)


def place_of_mark(image: AnyVolume, mm: Point) -> Point:
    """Return what a mark stores: LPS mm, or (frame, column, row) without patient geometry."""
    if image.geometry.is_patient:
        return mm
    frame, row, column = image.geometry.to_index(mm)
    return (float(round(frame)), float(column), float(row))


def place_on_screen(image: AnyVolume, stored: Point) -> Point:
    """Return where a stored mark is drawn, the reverse of `place_of_mark`."""
    if image.geometry.is_patient:
        return stored
    frame, column, row = stored
    return _point(image.geometry.to_mm((frame, row, column)))


def mark_between(
    session: Session,
    shown: Shown,
    view: int,
    corners: tuple[Point, Point],
    mark_id: str,
    shape: str,
) -> MarkPlaced:
    """Return the mark at the first of two points, or the ellipse that spans both (LPS mm)."""
    image = shown.images[view]
    if shape != "ellipse":
        return MarkPlaced(mark_id, place_of_mark(image, corners[0]), 0.0)
    first, last = vector(corners[0]), vector(corners[1])
    right, down = screen_axes(session.workspace.views[view], image.geometry)
    halves = (abs(float((last - first) @ right)) / 2, abs(float((last - first) @ down)) / 2)
    return MarkPlaced(mark_id, place_of_mark(image, _point((first + last) / 2)), 0.0, halves)


def go_to_mark(session: Session, shown: Shown, mark: MarkPlaced) -> None:
    """Show the slice that a mark lies on in every view."""
    for view, image in enumerate(shown.images):
        state, geometry = session.workspace.views[view], image.geometry
        mm = place_on_screen(image, mark.point_mm)
        focus = geometry.on_slice(mm, geometry.slice_of(mm))
        session.workspace.show(view, replace(state, focus_mm=focus))


# ------------------------------------------------------------------------------ notes


class Looking:
    """Notes which slices of each image were seen, for the note that goes with an answer."""

    def __init__(self, session: Session) -> None:
        self._images, self._workspace = session.images, session.workspace
        self._seen: dict[int, set[int]] = {}
        self._workspace.view_changed.connect(self._view_changed)

    def restart(self) -> None:
        """Forget what was seen of the trial before."""
        self._seen.clear()
        for view in self._workspace.layout.views:
            self._see(view)

    def _view_changed(self, view: int, _old: ViewState, _new: ViewState) -> None:
        self._see(view)

    def _see(self, view: int) -> None:
        state = self._workspace.views[view]
        volume = self._workspace.grid_of(state)
        if volume is not None:
            self._seen.setdefault(view, set()).add(slice_number(state, volume.geometry))

    def note(self) -> ViewerNote:
        """Return window, zoom and the slices seen of every image; names begin with its position."""
        facts = []
        views = self._workspace.layout.views
        for view in views:
            state = self._workspace.views[view]
            begin = f"{POSITIONS[view]}." if len(views) > 1 else ""
            if state.part is None:
                continue
            window = state.window or self._images.default_window(state.part)
            facts.append((f"{begin}window", f"{window.centre:g}/{window.width:g}"))
            facts.append((f"{begin}zoom", f"{state.zoom:.2f}"))
            facts.append((f"{begin}slices", runs(self._seen.get(view, set()))))
        return ViewerNote(tuple(facts))

    def close(self) -> None:
        """Stop noting."""
        self._workspace.view_changed.disconnect(self._view_changed)


def runs(numbers: set[int]) -> str:
    """Return whole numbers as runs, such as "3-88, 91"."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(f"{a}-{b}" if b > a else f"{a}" for a, b in found)
