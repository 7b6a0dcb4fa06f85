"""The enhancement key and what follows it: start, strength, cancel."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from viewer.app.command import Command
from viewer.app.comparing import (
    SIDE_BY_SIDE,
    is_side_by_side,
    layer_name,
    leave_side_by_side,
    makes_finer,
    show_side_by_side,
)
from viewer.app.following import has_image
from viewer.app.messages import info
from viewer.core.view import ORIGINAL, Comparison

if TYPE_CHECKING:
    from viewer.app.session import Session


def toggle_enhancement(session: Session) -> None:
    """Enhance the active series beside its original, or go back to one view."""
    if is_side_by_side(session):
        leave_side_by_side(session)
        return
    session.enhancements.when_loaded(partial(_enhance_suited, session))


def _enhance_suited(session: Session) -> None:
    """Enhance the active series with the method of the settings, or one for its modality."""
    settings, part = session.workspace.settings.enhancement, session.workspace.active_state.part
    method = session.enhancements.suited(part, settings.method) if part else settings.method
    enhance_active(session, method, settings.strength)


def enhance_active(session: Session, method_id: str, strength: float) -> None:
    """Enhance the active series with a method and show it on the right of the original."""
    workspace = session.workspace
    part = workspace.active_state.part
    volume = workspace.volumes.get(part) if part else None
    if part is None or volume is None:
        workspace.tell(info("There is no image to enhance in the active view."))
        return
    if not volume.is_complete:
        is_loading = session.images.fraction_loaded(part) is not None
        means = "Not all slices are there yet." if is_loading else "Some slices cannot be read."
        do = "Wait until the series is loaded." if is_loading else ""
        workspace.tell(info("This cannot be enhanced here.", means, do))
        return
    found = session.enhancements.enhancement(part, method_id)
    factor = workspace.settings.enhancement.factor
    is_other = found is not None and found.plan.factor not in (1, factor)
    if found is None or is_other or not found.residual.is_complete:
        first = volume.geometry.slice_of(workspace.active_state.focus_mm)
        session.enhancements.start(
            part, method_id, strength, first, refused=lambda: _leave_refused(session)
        )
        if (part, method_id) in session.enhancements.refusals:
            return
    else:
        session.enhancements.set_strength(part, method_id, strength)
    show_side_by_side(session, part, method_id)
    session.enhancements.drop_unseen(part)


def _leave_refused(session: Session) -> None:
    """Go back to one view: beside the original there is nothing to show."""
    if session.workspace.layout.name == SIDE_BY_SIDE:
        leave_side_by_side(session)


def preview_strength(session: Session, strength: float) -> None:
    """Show the layers of the active series at a strength, while the slider moves."""
    part = session.workspace.active_state.part
    for key, name in tuple(session.workspace.layers):
        if key == part:
            session.enhancements.set_strength(key, name, strength)


def set_strength(session: Session, strength: float) -> None:
    """Change the strength of the layer in view, and of the next enhancement."""
    settings = session.workspace.settings
    chosen = replace(settings.enhancement, strength=strength)
    session.change_settings(replace(settings, enhancement=chosen))
    preview_strength(session, strength)


def set_factor(session: Session, factor: int) -> None:
    """Make slices so many times finer from now on, and anew where finer ones are in view."""
    workspace = session.workspace
    settings = workspace.settings
    chosen = replace(settings.enhancement, factor=factor)
    session.change_settings(replace(settings, enhancement=chosen))
    method = shown_method(session)
    if method and makes_finer(workspace, workspace.active_state):
        enhance_active(session, method, chosen.strength)


def cancel_enhancement(session: Session) -> None:
    """Stop the enhancement of the active series."""
    part = session.workspace.active_state.part
    if part is not None:
        session.enhancements.cancel(part)


def _is_running(session: Session) -> bool:
    part = session.workspace.active_state.part
    return part is not None and session.enhancements.fraction(part) is not None


def shown_method(session: Session) -> str:
    """Return the id of the method whose layer the active part shows, "" for none."""
    workspace = session.workspace
    state = workspace.active_state
    if state.layer != ORIGINAL:
        return state.layer
    if state.part is not None and state.comparison is not Comparison.NONE:
        return layer_name(workspace, state.part) or ""
    for view in workspace.layout.shown:
        other = workspace.views[view]
        if other.part == state.part and other.layer != ORIGINAL:
            return other.layer
    return ""


_MENU = "Enhance"

COMMANDS: tuple[Command, ...] = (
    Command(
        "enhance.toggle",
        "Enhance beside the original",
        toggle_enhancement,
        _MENU,
        ("E",),
        has_image,
        "mdi6.auto-fix",
        is_side_by_side,
    ),
    Command(
        "enhance.cancel",
        "Stop enhancing",
        cancel_enhancement,
        _MENU,
        ("Shift+E",),
        _is_running,
    ),
)
