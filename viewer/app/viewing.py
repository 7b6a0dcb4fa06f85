"""Looking: scroll, zoom, turn, planes, slabs and layouts."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from viewer.app.command import Command
from viewer.app.following import change, geometry_of, has_image, link_here, toggle_link
from viewer.app.layouts import MPR, MPR_PLANES, straighten
from viewer.app.session import Session
from viewer.app.workspace import PartKey, Workspace
from viewer.core.view import (
    Interpolation,
    ViewState,
    at_slice,
    reset,
    scrolled,
    slice_count,
    zoomed,
)


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


def look(session: Session, state: ViewState) -> None:
    """Give the active view a new state; linked views follow."""
    change(session, session.workspace.active, state)


def altered(alter: Callable[[ViewState], ViewState]) -> Callable[[Session], None]:
    """Return a command's callable that changes the state of the active view."""

    def run(session: Session) -> None:
        workspace = session.workspace
        change(session, workspace.active, alter(workspace.active_state))

    return run


def _reset(session: Session) -> None:
    workspace = session.workspace
    part = workspace.active_state.part
    state = reset(workspace.active_state)
    if workspace.layout.name == MPR:
        straighten(workspace)
        state = replace(state, plane=MPR_PLANES[workspace.active], axes=None)
    if part is not None:
        state = replace(state, is_inverted=starts_inverted(workspace, part))
    change(session, workspace.active, state)


def starts_inverted(workspace: Workspace, key: PartKey) -> bool:
    """True when the file asks for an inverted grey scale (MONOCHROME1), once and not twice."""
    from viewer.io.luts import is_inverted

    part = workspace.parts.get(key)
    return part is not None and bool(part.sources) and is_inverted(part.sources[0].instance)


def _next_interpolation(state: ViewState) -> ViewState:
    modes = tuple(Interpolation)
    return replace(state, interpolation=modes[(modes.index(state.interpolation) + 1) % len(modes)])


def _scroll(steps: int) -> Callable[[Session], None]:
    return lambda session: scroll(session, steps)


def _last(session: Session) -> None:
    geometry = geometry_of(session.workspace, session.workspace.active)
    if geometry is not None:
        go_to_slice(session, slice_count(session.workspace.active_state, geometry))


def _is_tool(tool: str) -> Callable[[Session], bool]:
    return lambda session: session.workspace.tool == tool


def _is_linked(session: Session) -> bool:
    return session.workspace.link.is_on


def choose_tool(tool: str) -> Callable[[Session], None]:
    """Return what makes `tool` the left mouse button's job."""
    return lambda session: session.workspace.set_tool(tool)


def _flip_horizontal(state: ViewState) -> ViewState:
    return replace(state, flip_horizontal=not state.flip_horizontal)


def _flip_vertical(state: ViewState) -> ViewState:
    return replace(state, flip_vertical=not state.flip_vertical)


_VIEW, _TOOLS = "View", "Tools"

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
        altered(_flip_horizontal),
        _VIEW,
        ("H",),
        has_image,
    ),
    Command(
        "view.flip_vertical",
        "Flip top to bottom",
        altered(_flip_vertical),
        _VIEW,
        ("V",),
        has_image,
    ),
    Command(
        "view.rotate_right",
        "Rotate 90° clockwise",
        altered(lambda s: replace(s, rotation_rad=(s.rotation_rad + np.pi / 2) % (2 * np.pi))),
        _VIEW,
        (".",),
        has_image,
    ),
    Command(
        "view.rotate_left",
        "Rotate 90° anticlockwise",
        altered(lambda s: replace(s, rotation_rad=(s.rotation_rad - np.pi / 2) % (2 * np.pi))),
        _VIEW,
        (",",),
        has_image,
    ),
    Command(
        "view.zoom_in", "Zoom in", altered(lambda s: zoomed(s, 1.25)), _VIEW, ("+", "="), has_image
    ),
    Command(
        "view.zoom_out", "Zoom out", altered(lambda s: zoomed(s, 0.8)), _VIEW, ("-",), has_image
    ),
    Command(
        "view.interpolation",
        "Next interpolation",
        altered(_next_interpolation),
        _VIEW,
        ("Shift+I",),
        has_image,
    ),
    Command("slice.next", "Next slice", _scroll(1), _VIEW, ("Down",), has_image),
    Command("slice.previous", "Previous slice", _scroll(-1), _VIEW, ("Up",), has_image),
    Command("slice.next_ten", "Ten slices on", _scroll(10), _VIEW, ("PgDown",), has_image),
    Command("slice.previous_ten", "Ten slices back", _scroll(-10), _VIEW, ("PgUp",), has_image),
    Command("slice.first", "First slice", lambda s: go_to_slice(s, 1), _VIEW, ("Home",), has_image),
    Command("slice.last", "Last slice", _last, _VIEW, ("End",), has_image),
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
