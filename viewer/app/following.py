"""Views that follow each other: a new state for one view moves the linked ones."""

import math
from collections.abc import Iterable
from dataclasses import replace

from viewer.app.session import Session
from viewer.app.workspace import PartKey, Workspace
from viewer.core.geometry import VolumeGeometry, point, vector
from viewer.core.sync import are_parallel, followed, offset_between, with_offset
from viewer.core.units import STORED
from viewer.core.view import Plane, ViewState, zoomed
from viewer.core.volume import ARBITRARY, Frames

ARBITRARY_UNITS = frozenset({STORED, ARBITRARY, "SIGNAL INTENSITY", ""})
"""Units in which equal numbers of two series mean nothing: their windows are not linked."""


def geometry_of(workspace: Workspace, view: int) -> VolumeGeometry | None:
    """Return the grid that a view shows, None while nothing is loaded."""
    state = workspace.views.get(view)
    volume = workspace.grid_of(state) if state is not None else None
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
    if state.part == new.part or workspace.link.is_one:
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
    if len(units) == 1 and not units & ARBITRARY_UNITS:
        state = _windowed(state, old, new)
    return state


def _windowed(state: ViewState, old: ViewState, new: ViewState) -> ViewState:
    """Follow what was changed of the window, the inversion and the colour map."""
    changed = {
        name: getattr(new, name)
        for name in ("window", "is_inverted", "colour_map")
        if getattr(new, name) != getattr(old, name)
    }
    return replace(state, **changed)


def catch_up(session: Session, views: Iterable[int]) -> None:
    """Bring views that appear again in line with the active one, as far as they are linked."""
    workspace = session.workspace
    new = workspace.active_state
    elsewhere = replace(
        new,
        focus_mm=(math.nan, math.nan, math.nan),
        window=None,
        is_inverted=not new.is_inverted,
    )
    for view in views:
        state = workspace.views[view]
        old = new if state.part == new.part else elsewhere
        if (state_now := _follow(workspace, workspace.active, old, new, view)) is not None:
            workspace.show(view, state_now)


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
            size = float(vector(shift) @ geometry.plane_normal)
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
