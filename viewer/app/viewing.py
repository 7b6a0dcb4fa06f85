"""Looking: scroll, window, zoom, planes, slabs, layouts, and views that follow each other."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from viewer.app.command import Command
from viewer.app.session import Session, WindowPreset
from viewer.app.workspace import PartKey, Workspace
from viewer.core.geometry import VolumeGeometry, point, vector
from viewer.core.layout import Layout, grid, toggled_maximum, with_active
from viewer.core.sync import are_parallel, followed, offset_between, with_offset
from viewer.core.view import (
    ORIGINAL,
    Comparison,
    Interpolation,
    Plane,
    SlabMode,
    ViewState,
    at_slice,
    reset,
    scrolled,
    slice_count,
    zoomed,
)
from viewer.core.volume import Frames
from viewer.core.windowing import COLOUR_MAPS, Window, WindowFunction, auto_window

MPR = "mpr"
"""Name of the 2 x 2 layout of three planes and the volume."""

_MPR_PLANES = (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL, Plane.VOLUME)


# ---------------------------------------------------------------------- state and its followers


def geometry_of(workspace: Workspace, view: int) -> VolumeGeometry | None:
    """Return the grid that a view shows, None while nothing is loaded."""
    state = workspace.views.get(view)
    volume = workspace.volumes.get(state.part) if state and state.part else None
    return volume.geometry if volume is not None else None


def change(session: Session, view: int, new: ViewState) -> None:
    """Give a view a new state, and let the linked views follow."""
    workspace = session.workspace
    old = workspace.views[view]
    workspace.show(view, new)
    for other in workspace.layout.views:
        if other != view and (state := _follow(workspace, view, old, new, other)) is not None:
            workspace.show(other, state)


def _follow(
    workspace: Workspace, view: int, old: ViewState, new: ViewState, other: int
) -> ViewState | None:
    """Return the state of `other` after `view` went from `old` to `new`, None if unlinked."""
    state = workspace.views[other]
    geometry, other_geometry = geometry_of(workspace, view), geometry_of(workspace, other)
    if geometry is None or other_geometry is None or new.part is None or state.part is None:
        return None
    if old.part != new.part or not workspace.link.is_on:
        return None
    if state.part == new.part:
        return _same_part(state, old, new)
    shift = offset_between(workspace.link, new.part, state.part, geometry, other_geometry)
    if shift is None or Plane.VOLUME in (new.plane, state.plane):
        return None
    if not are_parallel(new, geometry, state, other_geometry):
        return None
    if new.focus_mm != old.focus_mm:
        state = followed(state, other_geometry, new.focus_mm, shift)
    state = zoomed(state, new.zoom / old.zoom) if new.zoom != old.zoom else state
    state = _panned_along(state, old, new)
    units = {workspace.volumes[part].unit for part in (new.part, state.part) if part}
    if units == {"HU"} and new.window != old.window:
        state = replace(state, window=new.window)
    return state


def _same_part(state: ViewState, old: ViewState, new: ViewState) -> ViewState:
    """Follow within one part: the same point, the same window, in one plane the same framing."""
    state = replace(
        state,
        focus_mm=new.focus_mm,
        window=new.window,
        is_inverted=new.is_inverted,
        colour_map=new.colour_map,
        interpolation=new.interpolation,
    )
    if (state.plane, state.axes) != (old.plane, old.axes):
        return state
    return replace(
        state,
        plane=new.plane,
        axes=new.axes,
        zoom=new.zoom,
        pan_mm=new.pan_mm,
        rotation_rad=new.rotation_rad,
        flip_horizontal=new.flip_horizontal,
        flip_vertical=new.flip_vertical,
        slab_mm=new.slab_mm,
        slab_mode=new.slab_mode,
    )


def _panned_along(state: ViewState, old: ViewState, new: ViewState) -> ViewState:
    if new.pan_mm == old.pan_mm:
        return state
    right = state.pan_mm[0] + new.pan_mm[0] - old.pan_mm[0]
    down = state.pan_mm[1] + new.pan_mm[1] - old.pan_mm[1]
    return replace(state, pan_mm=(right, down))


def link_words(workspace: Workspace, view: int) -> str:
    """Say how a view is linked to others: "linked", "linked +12.0 mm", "not linked" or ""."""
    geometry = geometry_of(workspace, view)
    state = workspace.views[view]
    if geometry is None or state.part is None or state.plane is Plane.VOLUME:
        return ""
    others = [v for v in workspace.layout.shown if v != view]
    found: list[str] = []
    for other in others:
        other_geometry, other_part = geometry_of(workspace, other), workspace.views[other].part
        if other_geometry is None or other_part is None:
            continue
        shift = offset_between(workspace.link, other_part, state.part, other_geometry, geometry)
        if shift is None or not workspace.link.is_on:
            found.append("not linked")
        else:
            size = float(vector(shift) @ geometry.normal)
            found.append("linked" if not any(shift) else f"linked {size:+.1f} mm, set by you")
    linked = [words for words in found if words != "not linked"]
    return max(linked, key=len) if linked else (found[0] if found else "")


def toggle_link(session: Session) -> None:
    """Switch following on or off for all views."""
    workspace = session.workspace
    workspace.set_link(replace(workspace.link, is_on=not workspace.link.is_on))


def link_here(session: Session) -> None:
    """Link the active view with the others at the slices that are shown now."""
    workspace = session.workspace
    active = workspace.active_state
    geometry = geometry_of(workspace, workspace.active)
    if geometry is None or active.part is None:
        return
    link = replace(workspace.link, is_on=True)
    for view in workspace.layout.views:
        state, other = workspace.views[view], geometry_of(workspace, view)
        if view == workspace.active or other is None or state.part in (None, active.part):
            continue
        shift = point(vector(state.focus_mm) - vector(active.focus_mm))
        link = with_offset(link, active.part, _some(state.part), shift)
    workspace.set_link(link)


def _some(part: PartKey | None) -> PartKey:
    if part is None:
        raise ValueError("the view is empty")
    return part


# ---------------------------------------------------------------------- windows


def default_window(workspace: Workspace, key: PartKey, focus_slice: int | None = None) -> Window:
    """Return the window of the file, or an automatic one where the file has none."""
    part, volume = workspace.parts.get(key), workspace.volumes.get(key)
    if part is not None and part.sources:
        middle = part.sources[len(part.sources) // 2 if focus_slice is None else focus_slice]
        if middle.facts.windows:
            return middle.facts.windows[0]
    if volume is None:
        return Window(0.5, 1.0, WindowFunction.LINEAR_EXACT)
    there = np.flatnonzero(volume.loaded)
    middle_slice = int(there[len(there) // 2]) if there.size else 0
    mask = volume.mask[middle_slice] if volume.mask is not None else None
    return auto_window(volume.values[middle_slice], mask)


def set_window(session: Session, window: Window | None) -> None:
    """Use a window in the active view (None: the file's own)."""
    change(
        session, session.workspace.active, replace(session.workspace.active_state, window=window)
    )


def auto(session: Session) -> None:
    """Window the active view by the percentiles of what it shows."""
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


# ---------------------------------------------------------------------- what commands do


def has_image(session: Session) -> bool:
    """True when the active view has pixels."""
    part = session.workspace.active_state.part
    return part is not None and part in session.workspace.volumes


def has_volume(session: Session) -> bool:
    """True when the active view shows a volume in the patient of more than one slice."""
    workspace = session.workspace
    part = workspace.active_state.part
    volume = workspace.volumes.get(part) if part else None
    return volume is not None and not isinstance(volume, Frames) and volume.geometry.shape[0] > 1


def scroll(session: Session, steps: int, view: int | None = None) -> None:
    """Scroll a view (the active one) by slices; through frames where there is no volume."""
    number = session.workspace.active if view is None else view
    geometry = geometry_of(session.workspace, number)
    if geometry is not None:
        change(session, number, scrolled(session.workspace.views[number], geometry, steps))


def go_to_slice(session: Session, number: int) -> None:
    """Show a slice by its number, counted from 1."""
    geometry = geometry_of(session.workspace, session.workspace.active)
    if geometry is not None:
        state = at_slice(session.workspace.active_state, geometry, number)
        change(session, session.workspace.active, state)


def advance(session: Session, view: int) -> None:
    """Show the next slice for cine, the first after the last."""
    geometry = geometry_of(session.workspace, view)
    if geometry is None:
        return
    state = session.workspace.views[view]
    forward = scrolled(state, geometry, 1)
    change(session, view, at_slice(state, geometry, 1) if forward == state else forward)


def _alter(alter: Callable[[ViewState], ViewState]) -> Callable[[Session], None]:
    def run(session: Session) -> None:
        workspace = session.workspace
        change(session, workspace.active, alter(workspace.active_state))

    return run


def _reset(session: Session) -> None:
    workspace = session.workspace
    part = workspace.active_state.part
    state = reset(workspace.active_state)
    if part is not None:
        state = replace(state, is_inverted=starts_inverted(workspace, part))
    change(session, workspace.active, state)


def starts_inverted(workspace: Workspace, key: PartKey) -> bool:
    """True when the file asks for an inverted grey scale (MONOCHROME1), once and not twice."""
    part = workspace.parts.get(key)
    if part is None or not part.sources:
        return False
    instance = part.sources[0].instance
    is_white_zero = instance.pixels is not None and instance.pixels.photometric == "MONOCHROME1"
    return is_white_zero or (instance.is_presentation_inverse and not is_white_zero)


def arrange(rows: int, columns: int) -> Callable[[Session], None]:
    """Return what shows a grid of views; new views take the next series of the study."""

    def run(session: Session) -> None:
        workspace = session.workspace
        if workspace.layout.name == MPR:
            _leave_mpr(session)
        workspace.arrange(grid(rows, columns, workspace.active))
        from viewer.app.opening import fill_empty_views

        fill_empty_views(session)

    return run


def show_mpr(session: Session) -> None:
    """Show the active part in three planes and as a volume; again: back to one view."""
    workspace = session.workspace
    if workspace.layout.name == MPR:
        _leave_mpr(session)
        return
    state = workspace.active_state
    workspace.arrange(Layout(2, 2, (0, 1, 2, 3), 0, None, MPR))
    for view, plane in enumerate(_MPR_PLANES):
        workspace.show(view, replace(reset(state), plane=plane, window=state.window, axes=None))


def _leave_mpr(session: Session) -> None:
    workspace = session.workspace
    state = replace(workspace.views[0], plane=Plane.ACQUIRED, axes=None)
    for view in (1, 2, 3):
        workspace.show(view, ViewState())
    workspace.show(0, state)
    workspace.arrange(grid(1, 1))


def _set_plane(plane: Plane) -> Callable[[Session], None]:
    return _alter(lambda state: replace(state, plane=plane, axes=None, pan_mm=(0.0, 0.0)))


def _slab(factor: float) -> Callable[[Session], None]:
    def alter(state: ViewState) -> ViewState:
        thickness = state.slab_mm * factor if state.slab_mm else 5.0 * (factor > 1)
        return replace(state, slab_mm=0.0 if thickness < 2 else min(round(thickness, 1), 200.0))

    return _alter(alter)


def _next_slab_mode(state: ViewState) -> ViewState:
    modes = tuple(SlabMode)
    mode = modes[(modes.index(state.slab_mode) + 1) % len(modes)]
    return replace(state, slab_mode=mode, slab_mm=state.slab_mm or 10.0)


def _next_colour_map(state: ViewState) -> ViewState:
    at = COLOUR_MAPS.index(state.colour_map) if state.colour_map in COLOUR_MAPS else 0
    return replace(state, colour_map=COLOUR_MAPS[(at + 1) % len(COLOUR_MAPS)])


def _next_interpolation(state: ViewState) -> ViewState:
    modes = tuple(Interpolation)
    return replace(state, interpolation=modes[(modes.index(state.interpolation) + 1) % len(modes)])


def set_colour_map(session: Session, name: str) -> None:
    """Use a colour map in the active view."""
    state = session.workspace.active_state
    change(session, session.workspace.active, replace(state, colour_map=name))


def invert(session: Session) -> None:
    """Swap black and white in the active view."""
    state = session.workspace.active_state
    change(session, session.workspace.active, replace(state, is_inverted=not state.is_inverted))


def _step_view(step: int) -> Callable[[Session], None]:
    def run(session: Session) -> None:
        layout = session.workspace.layout
        place = layout.views.index(layout.active)
        session.workspace.arrange(
            with_active(layout, layout.views[(place + step) % len(layout.views)])
        )

    return run


def maximise(session: Session) -> None:
    """Let the active view fill the window, or bring the grid back."""
    layout = session.workspace.layout
    session.workspace.arrange(toggled_maximum(layout, layout.active))


def _scroll(steps: int) -> Callable[[Session], None]:
    return lambda session: scroll(session, steps)


def _last(session: Session) -> None:
    geometry = geometry_of(session.workspace, session.workspace.active)
    if geometry is not None:
        go_to_slice(session, slice_count(session.workspace.active_state, geometry))


def choose_tool(tool: str) -> Callable[[Session], None]:
    """Return what makes `tool` the left mouse button's job."""
    return lambda session: session.workspace.set_tool(tool)


def _flip_horizontal(state: ViewState) -> ViewState:
    return replace(state, flip_horizontal=not state.flip_horizontal)


def _flip_vertical(state: ViewState) -> ViewState:
    return replace(state, flip_vertical=not state.flip_vertical)


def _preset(key: str) -> Callable[[Session], None]:
    return lambda session: use_preset(session, key)


def _is_plain(session: Session) -> bool:
    state = session.workspace.active_state
    return state.layer == ORIGINAL and state.comparison is Comparison.NONE


_VIEW, _TOOLS, _PLANES, _WINDOW = "View", "Tools", "Planes", "Window"

COMMANDS: tuple[Command, ...] = (
    Command(
        "tool.window",
        "Window by dragging",
        choose_tool("window"),
        _TOOLS,
        ("W",),
        icon="mdi6.contrast-circle",
    ),
    Command(
        "tool.zoom", "Zoom by dragging", choose_tool("zoom"), _TOOLS, ("Z",), icon="mdi6.magnify"
    ),
    Command(
        "tool.pan", "Pan by dragging", choose_tool("pan"), _TOOLS, ("P",), icon="mdi6.cursor-move"
    ),
    Command(
        "tool.scroll",
        "Scroll by dragging",
        choose_tool("scroll"),
        _TOOLS,
        ("S",),
        icon="mdi6.layers-triple-outline",
    ),
    Command(
        "tool.crosshair",
        "Crosshair",
        choose_tool("crosshair"),
        _TOOLS,
        ("X",),
        icon="mdi6.crosshairs",
    ),
    Command(
        "tool.region_window",
        "Window from a region",
        choose_tool("region_window"),
        _TOOLS,
        ("Shift+W",),
        icon="mdi6.select-drag",
    ),
    Command("window.auto", "Automatic window", auto, _WINDOW, ("0",), has_image),
    *(
        Command(
            f"window.preset_{digit}",
            f"Window preset {digit}",
            _preset(digit),
            _WINDOW,
            (digit,),
            has_image,
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
        _alter(lambda s: replace(s, is_inverted=not s.is_inverted)),
        _WINDOW,
        ("I",),
        has_image,
        "mdi6.invert-colors",
    ),
    Command(
        "window.colours",
        "Next colour map",
        _alter(_next_colour_map),
        _WINDOW,
        ("Shift+C",),
        has_image,
    ),
    Command("view.reset", "Reset view", _reset, _VIEW, ("R",), has_image, "mdi6.restore"),
    Command(
        "view.flip_horizontal",
        "Flip left to right",
        _alter(_flip_horizontal),
        _VIEW,
        ("H",),
        has_image,
    ),
    Command(
        "view.flip_vertical", "Flip top to bottom", _alter(_flip_vertical), _VIEW, ("V",), has_image
    ),
    Command(
        "view.rotate_right",
        "Rotate 90° clockwise",
        _alter(lambda s: replace(s, rotation_rad=(s.rotation_rad + np.pi / 2) % (2 * np.pi))),
        _VIEW,
        (".",),
        has_image,
    ),
    Command(
        "view.rotate_left",
        "Rotate 90° anticlockwise",
        _alter(lambda s: replace(s, rotation_rad=(s.rotation_rad - np.pi / 2) % (2 * np.pi))),
        _VIEW,
        (",",),
        has_image,
    ),
    Command(
        "view.zoom_in", "Zoom in", _alter(lambda s: zoomed(s, 1.25)), _VIEW, ("+", "="), has_image
    ),
    Command(
        "view.zoom_out", "Zoom out", _alter(lambda s: zoomed(s, 0.8)), _VIEW, ("-",), has_image
    ),
    Command(
        "view.interpolation",
        "Next interpolation",
        _alter(_next_interpolation),
        _VIEW,
        ("Shift+I",),
        has_image,
    ),
    Command("view.maximise", "Maximise view", maximise, _VIEW, ("Return",), icon="mdi6.fullscreen"),
    Command("view.next", "Next view", _step_view(1), _VIEW, ("Tab",)),
    Command("view.previous", "Previous view", _step_view(-1), _VIEW, ("Shift+Tab",)),
    Command("slice.next", "Next slice", _scroll(1), _VIEW, ("Down",), has_image),
    Command("slice.previous", "Previous slice", _scroll(-1), _VIEW, ("Up",), has_image),
    Command("slice.next_ten", "Ten slices on", _scroll(10), _VIEW, ("PgDown",), has_image),
    Command("slice.previous_ten", "Ten slices back", _scroll(-10), _VIEW, ("PgUp",), has_image),
    Command("slice.first", "First slice", lambda s: go_to_slice(s, 1), _VIEW, ("Home",), has_image),
    Command("slice.last", "Last slice", _last, _VIEW, ("End",), has_image),
    Command(
        "layout.1x1", "One view", arrange(1, 1), "Layout", ("Ctrl+1",), icon="mdi6.square-outline"
    ),
    Command(
        "layout.1x2",
        "Two views",
        arrange(1, 2),
        "Layout",
        ("Ctrl+2",),
        icon="mdi6.view-split-vertical",
    ),
    Command("layout.1x3", "Three views", arrange(1, 3), "Layout", ("Ctrl+3",)),
    Command(
        "layout.2x2",
        "Four views",
        arrange(2, 2),
        "Layout",
        ("Ctrl+4",),
        icon="mdi6.view-grid-outline",
    ),
    Command("layout.2x3", "Six views", arrange(2, 3), "Layout", ("Ctrl+6",)),
    Command("layout.3x3", "Nine views", arrange(3, 3), "Layout", ("Ctrl+9",)),
    Command(
        "layout.mpr",
        "Three planes and volume",
        show_mpr,
        _PLANES,
        ("M",),
        has_volume,
        "mdi6.axis-arrow",
    ),
    Command(
        "plane.acquired",
        "Acquired plane",
        _set_plane(Plane.ACQUIRED),
        _PLANES,
        ("Alt+0",),
        has_image,
    ),
    Command("plane.axial", "Axial plane", _set_plane(Plane.AXIAL), _PLANES, ("Alt+1",), has_volume),
    Command(
        "plane.coronal", "Coronal plane", _set_plane(Plane.CORONAL), _PLANES, ("Alt+2",), has_volume
    ),
    Command(
        "plane.sagittal",
        "Sagittal plane",
        _set_plane(Plane.SAGITTAL),
        _PLANES,
        ("Alt+3",),
        has_volume,
    ),
    Command(
        "plane.volume",
        "Volume rendering",
        _set_plane(Plane.VOLUME),
        _PLANES,
        ("Alt+4",),
        has_volume,
    ),
    Command("slab.thicker", "Thicker slab", _slab(1.5), _PLANES, ("Ctrl+Up",), has_volume),
    Command("slab.thinner", "Thinner slab", _slab(1 / 1.5), _PLANES, ("Ctrl+Down",), has_volume),
    Command(
        "slab.mode",
        "Next slab mode (MIP, MinIP, mean)",
        _alter(_next_slab_mode),
        _PLANES,
        ("Shift+M",),
        has_volume,
    ),
    Command("link.toggle", "Link views", toggle_link, _VIEW, ("Ctrl+L",), icon="mdi6.link-variant"),
    Command(
        "link.here", "Link views at these slices", link_here, _VIEW, ("Ctrl+Shift+L",), has_image
    ),
)
