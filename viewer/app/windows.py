"""How values become grey in the active view: the file's windows, presets, automatic, colours."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from viewer.app.command import Command
from viewer.app.following import change, geometry_of, has_image
from viewer.app.session import Session, WindowPreset
from viewer.core.volume import AnyVolume
from viewer.core.windowing import COLOUR_MAPS, Window, WindowFunction, auto_window


def first_window(volume: AnyVolume | None, offered: tuple[Window, ...]) -> Window:
    """Return the first window that the file offers, or an automatic one where it has none."""
    if offered:
        return offered[0]
    if volume is None:
        return Window(0.5, 1.0, WindowFunction.LINEAR_EXACT)
    there = np.flatnonzero(volume.loaded)
    middle = int(there[len(there) // 2]) if there.size else 0
    mask = volume.mask[middle] if volume.mask is not None else None
    return auto_window(volume.values[middle], mask)


def set_window(session: Session, window: Window | None) -> None:
    """Use a window in the active view (None: the file's own)."""
    change(
        session, session.workspace.active, replace(session.workspace.active_state, window=window)
    )


def auto(session: Session) -> None:
    """Window the active view by the percentiles of the acquired slice at its focus."""
    workspace = session.workspace
    state = workspace.active_state
    volume = workspace.volumes.get(state.part) if state.part else None
    if volume is None:
        return
    index = volume.geometry.slice_of(state.focus_mm)
    mask = volume.mask[index] if volume.mask is not None else None
    set_window(session, auto_window(volume.values[index], mask))


def use_preset(session: Session, key: str) -> None:
    """Use the named window on a digit key that fits the active view's modality."""
    for preset in presets_here(session):
        if preset.key == key:
            set_window(session, preset.window)
            return


def _preset_name(key: str) -> Callable[[Session], str]:
    def name(session: Session) -> str:
        found = (preset.window.name for preset in presets_here(session) if preset.key == key)
        return next(found, "")

    return name


def presets_here(session: Session) -> tuple[WindowPreset, ...]:
    """Return the presets that fit the modality and unit of the active view."""
    workspace = session.workspace
    part = workspace.active_state.part
    series = workspace.series_of(part) if part else None
    volume = workspace.volumes.get(part) if part else None
    if series is None or volume is None:
        return ()
    return tuple(
        preset
        for preset in session.presets
        if preset.modality in ("", series.modality) and preset.unit in ("", volume.unit)
    )


def file_windows(session: Session) -> tuple[Window, ...]:
    """Return every window and VOI LUT that the file offers for the slice in the active view."""
    workspace = session.workspace
    state = workspace.active_state
    part = workspace.parts.get(state.part) if state.part else None
    geometry = geometry_of(workspace, workspace.active)
    if part is None or geometry is None:
        return ()
    return session.images.file_windows(part, geometry.slice_of(state.focus_mm))


def set_colour_map(session: Session, name: str) -> None:
    """Use a colour map in the active view."""
    state = session.workspace.active_state
    change(session, session.workspace.active, replace(state, colour_map=name))


def invert(session: Session) -> None:
    """Swap black and white in the active view."""
    state = session.workspace.active_state
    change(session, session.workspace.active, replace(state, is_inverted=not state.is_inverted))


def _next_colour_map(session: Session) -> None:
    current = session.workspace.active_state.colour_map
    at = COLOUR_MAPS.index(current) if current in COLOUR_MAPS else 0
    set_colour_map(session, COLOUR_MAPS[(at + 1) % len(COLOUR_MAPS)])


def _preset(key: str) -> Callable[[Session], None]:
    return lambda session: use_preset(session, key)


_WINDOW = "Window"

COMMANDS: tuple[Command, ...] = (
    Command("window.auto", "Automatic window", auto, _WINDOW, ("0",), has_image),
    *(
        Command(
            f"window.preset_{digit}",
            f"Window preset {digit}",
            _preset(digit),
            _WINDOW,
            (digit,),
            has_image,
            means=_preset_name(digit),
        )
        for digit in "123456789"
    ),
    Command(
        "window.file",
        "Window of the file",
        lambda s: set_window(s, None),
        _WINDOW,
        ("Shift+0",),
        has_image,
    ),
    Command(
        "window.invert",
        "Invert grey scale",
        invert,
        _WINDOW,
        ("I",),
        has_image,
        "mdi6.invert-colors",
        lambda session: session.workspace.active_state.is_inverted,
    ),
    Command(
        "window.colours",
        "Next colour map",
        _next_colour_map,
        _WINDOW,
        ("Shift+C",),
        has_image,
    ),
)
