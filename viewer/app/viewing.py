"""Looking: scroll, zoom, turn, planes, slabs and layouts."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from viewer.app.command import Command
from viewer.app.following import change, geometry_of, has_image, has_volume, link_here, toggle_link
from viewer.app.session import Session
from viewer.app.workspace import PartKey, Workspace
from viewer.core.arrays import Point
from viewer.core.geometry import VolumeGeometry
from viewer.core.layout import Layout, grid, toggled_maximum, with_active
from viewer.core.view import (
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

THICKEST_SLAB_MM = 200.0

MPR = "mpr"
"""Name of the 2 x 2 layout of three planes and the volume."""

_MPR_PLANES = (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL, Plane.VOLUME)


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
    if workspace.layout.name == MPR:
        _straighten(workspace)
        state = replace(state, plane=_MPR_PLANES[workspace.active], axes=None)
    if part is not None:
        state = replace(state, is_inverted=starts_inverted(workspace, part))
    change(session, workspace.active, state)


def _straighten(workspace: Workspace) -> None:
    """Turn oblique planes back to the standard ones."""
    for view, plane in enumerate(_MPR_PLANES):
        state = workspace.views[view]
        if state.plane is not plane:
            workspace.show(view, replace(state, plane=plane, axes=None))


def starts_inverted(workspace: Workspace, key: PartKey) -> bool:
    """True when the file asks for an inverted grey scale (MONOCHROME1), once and not twice."""
    from viewer.io.luts import is_inverted

    part = workspace.parts.get(key)
    return part is not None and bool(part.sources) and is_inverted(part.sources[0].instance)


def arrange(rows: int, columns: int) -> Callable[[Session], None]:
    """Return what shows a grid of views; new views take the next series of the study."""

    def run(session: Session) -> None:
        workspace = session.workspace
        if workspace.layout.name == MPR:
            leave_mpr(session)
        workspace.arrange(grid(rows, columns, workspace.active))
        from viewer.app.opening import fill_empty_views

        fill_empty_views(session)

    return run


def show_mpr(session: Session) -> None:
    """Show the active part in three planes and as a volume; again: back to one view."""
    workspace = session.workspace
    if workspace.layout.name == MPR:
        leave_mpr(session)
        return
    state = replace(reset(workspace.active_state), window=workspace.active_state.window, axes=None)
    geometry = geometry_of(workspace, workspace.active)
    for view, plane in enumerate(_MPR_PLANES):
        workspace.show(view, replace(state, plane=plane))
    if geometry is not None:
        focus = on_slices(workspace.views[0], geometry)
        for view in range(len(_MPR_PLANES)):
            workspace.show(view, replace(workspace.views[view], focus_mm=focus))
    workspace.arrange(Layout(2, 2, (0, 1, 2, 3), 0, None, MPR))


def on_slices(state: ViewState, geometry: VolumeGeometry) -> Point:
    """Return the focus moved to the middle of a slice in each of the three standard planes."""
    for plane in _MPR_PLANES[:3]:
        snapped = scrolled(replace(state, plane=plane, axes=None), geometry, 0)
        state = replace(state, focus_mm=snapped.focus_mm)
    return state.focus_mm


def leave_mpr(session: Session) -> None:
    """Go back from the planes to one view of the acquired slices; nothing in other layouts."""
    workspace = session.workspace
    if workspace.layout.name != MPR:
        return
    state = replace(workspace.views[0], plane=Plane.ACQUIRED, axes=None)
    for view in (1, 2, 3):
        workspace.show(view, ViewState())
    workspace.show(0, state)
    workspace.arrange(grid(1, 1))


def _set_plane(plane: Plane) -> Callable[[Session], None]:
    def run(session: Session) -> None:
        workspace = session.workspace
        geometry = geometry_of(workspace, workspace.active)
        state = replace(workspace.active_state, plane=plane, axes=None, pan_mm=(0.0, 0.0))
        if geometry is not None and plane in _MPR_PLANES[:3]:
            state = scrolled(state, geometry, 0)
        change(session, workspace.active, state)

    return run


def _slab(factor: float) -> Callable[[Session], None]:
    def alter(state: ViewState) -> ViewState:
        thickness = state.slab_mm * factor if state.slab_mm else 5.0 * (factor > 1)
        return replace(
            state, slab_mm=0.0 if thickness < 2 else min(round(thickness, 1), THICKEST_SLAB_MM)
        )

    return _alter(alter)


def look(session: Session, state: ViewState) -> None:
    """Give the active view a new state; linked views follow."""
    change(session, session.workspace.active, state)


def set_slab(session: Session, thickness_mm: float) -> None:
    """Show a slab of a thickness in the active view; 0 for a thin slice."""
    thickness = float(np.clip(thickness_mm, 0.0, THICKEST_SLAB_MM))
    look(session, replace(session.workspace.active_state, slab_mm=thickness))


def _next_slab_mode(state: ViewState) -> ViewState:
    modes = tuple(SlabMode)
    mode = modes[(modes.index(state.slab_mode) + 1) % len(modes)]
    return replace(state, slab_mode=mode, slab_mm=state.slab_mm or 10.0)


def _next_interpolation(state: ViewState) -> ViewState:
    modes = tuple(Interpolation)
    return replace(state, interpolation=modes[(modes.index(state.interpolation) + 1) % len(modes)])


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


def _is_tool(tool: str) -> Callable[[Session], bool]:
    return lambda session: session.workspace.tool == tool


def _is_grid(rows: int, columns: int) -> Callable[[Session], bool]:
    def check(session: Session) -> bool:
        layout = session.workspace.layout
        return layout.name != MPR and (layout.rows, layout.columns) == (rows, columns)

    return check


def _is_linked(session: Session) -> bool:
    return session.workspace.link.is_on


def choose_tool(tool: str) -> Callable[[Session], None]:
    """Return what makes `tool` the left mouse button's job."""
    return lambda session: session.workspace.set_tool(tool)


def _flip_horizontal(state: ViewState) -> ViewState:
    return replace(state, flip_horizontal=not state.flip_horizontal)


def _flip_vertical(state: ViewState) -> ViewState:
    return replace(state, flip_vertical=not state.flip_vertical)


_VIEW, _TOOLS, _PLANES, _LAYOUT = "View", "Tools", "Planes", "Layout"

COMMANDS: tuple[Command, ...] = (
    Command(
        "tool.window",
        "Window by dragging",
        choose_tool("window"),
        _TOOLS,
        ("W",),
        icon="mdi6.contrast-circle",
        is_on=_is_tool("window"),
    ),
    Command(
        "tool.zoom",
        "Zoom by dragging",
        choose_tool("zoom"),
        _TOOLS,
        ("Z",),
        icon="mdi6.magnify",
        is_on=_is_tool("zoom"),
    ),
    Command(
        "tool.pan",
        "Pan by dragging",
        choose_tool("pan"),
        _TOOLS,
        ("P",),
        icon="mdi6.cursor-move",
        is_on=_is_tool("pan"),
    ),
    Command(
        "tool.scroll",
        "Scroll by dragging",
        choose_tool("scroll"),
        _TOOLS,
        ("S",),
        icon="mdi6.layers-triple-outline",
        is_on=_is_tool("scroll"),
    ),
    Command(
        "tool.crosshair",
        "Crosshair",
        choose_tool("crosshair"),
        _TOOLS,
        ("X",),
        icon="mdi6.crosshairs",
        is_on=_is_tool("crosshair"),
    ),
    Command(
        "tool.region_window",
        "Window from a region",
        choose_tool("region_window"),
        _TOOLS,
        ("Shift+W",),
        icon="mdi6.select-drag",
        is_on=_is_tool("region_window"),
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
    Command(
        "view.maximise",
        "Maximise view",
        maximise,
        _VIEW,
        ("Return",),
        icon="mdi6.fullscreen",
        is_on=lambda s: s.workspace.layout.maximised is not None,
    ),
    Command("view.next", "Next view", _step_view(1), _VIEW, ("F6",)),
    Command("view.previous", "Previous view", _step_view(-1), _VIEW, ("Shift+F6",)),
    Command("slice.next", "Next slice", _scroll(1), _VIEW, ("Down",), has_image),
    Command("slice.previous", "Previous slice", _scroll(-1), _VIEW, ("Up",), has_image),
    Command("slice.next_ten", "Ten slices on", _scroll(10), _VIEW, ("PgDown",), has_image),
    Command("slice.previous_ten", "Ten slices back", _scroll(-10), _VIEW, ("PgUp",), has_image),
    Command("slice.first", "First slice", lambda s: go_to_slice(s, 1), _VIEW, ("Home",), has_image),
    Command("slice.last", "Last slice", _last, _VIEW, ("End",), has_image),
    Command(
        "layout.1x1",
        "One view",
        arrange(1, 1),
        "Layout",
        ("Ctrl+1",),
        icon="mdi6.square-outline",
        is_on=_is_grid(1, 1),
    ),
    Command(
        "layout.1x2",
        "Two views",
        arrange(1, 2),
        "Layout",
        ("Ctrl+2",),
        icon="mdi6.view-split-vertical",
        is_on=_is_grid(1, 2),
    ),
    Command("layout.1x3", "Three views", arrange(1, 3), "Layout", ("Ctrl+3",)),
    Command(
        "layout.2x2",
        "Four views",
        arrange(2, 2),
        "Layout",
        ("Ctrl+4",),
        icon="mdi6.view-grid-outline",
        is_on=_is_grid(2, 2),
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
        lambda session: session.workspace.layout.name == MPR,
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
    Command(
        "link.toggle",
        "Link views",
        toggle_link,
        _VIEW,
        ("Ctrl+L",),
        icon="mdi6.link-variant",
        is_on=_is_linked,
    ),
    Command(
        "link.here", "Link views at these slices", link_here, _VIEW, ("Ctrl+Shift+L",), has_image
    ),
)
