"""Comparing original and enhanced pixels: side by side, swipe, flicker, residual."""

import math
from collections.abc import Callable
from dataclasses import replace

from viewer.app.command import Command
from viewer.app.following import change
from viewer.app.messages import info
from viewer.app.session import Session
from viewer.app.workspace import Layer, PartKey, Workspace
from viewer.core.layout import grid
from viewer.core.view import ORIGINAL, Comparison, Plane, ViewState

NO_RESIDUAL = (
    "Finer slices have no residual.",
    "Most of them lie where nothing was acquired to take them from.",
    "Compare them side by side, by swipe or by flicker.",
)

FIXED_RANGES = {"HU": 60.0, "SUVbw": 1.0}
USUAL_RANGE = 100.0
"""Of a residual in a unit that is not listed, where no noise was measured."""
SIDE_BY_SIDE = "comparison"
"""Name of the layout with the original on the left and its derived layer on the right."""


def layer_name(workspace: Workspace, part: PartKey) -> str | None:
    """Return the name of a part's derived layer that was made last, None without one."""
    names = [name for key, name in workspace.layers if key == part]
    return names[-1] if names else None


def layer_of(workspace: Workspace, state: ViewState) -> Layer | None:
    """Return the derived layer that a view shows or compares with, None for plain views."""
    if state.part is None:
        return None
    if state.layer != ORIGINAL:
        return workspace.layers.get((state.part, state.layer))
    if state.comparison is Comparison.NONE:
        return None
    name = layer_name(workspace, state.part)
    return workspace.layers.get((state.part, name)) if name else None


def usual_change(session: Session, part: PartKey | None, layer: Layer | None, unit: str) -> float:
    """Return a change, in the unit of the pixels, that stands out among those of a part's layer.

    It is fixed for HU and SUV; other values have no scale of their own, and get a round number of
    at least three noise SDs of the series.
    """
    if unit in FIXED_RANGES or part is None or layer is None:
        return FIXED_RANGES.get(unit, USUAL_RANGE)
    found = session.enhancements.enhancement(part, layer.provenance.method_id)
    wanted = 3.0 * found.plan.noise.typical_sd if found is not None else 0.0
    if not wanted > 0:
        return USUAL_RANGE
    decade = 10.0 ** math.floor(math.log10(wanted))
    return next((step * decade for step in (1.0, 2.0, 5.0) if step * decade >= wanted), 10 * decade)


def largest_change(session: Session, state: ViewState, layer: Layer | None, unit: str) -> float:
    """Return the value at the ends of a residual's colour bar, at the range that a view has."""
    return usual_change(session, state.part, layer, unit) * state.residual_range


def makes_finer(workspace: Workspace, state: ViewState) -> bool:
    """True when the derived layer of a view's part has finer slices than were acquired."""
    name = state.layer
    if name == ORIGINAL and state.part is not None:
        name = layer_name(workspace, state.part) or ""
    layer = workspace.layers.get((state.part, name)) if state.part is not None else None
    return layer is not None and layer.start is not None


def has_layer(session: Session) -> bool:
    """True when the active view's part has a derived layer."""
    part = session.workspace.active_state.part
    return part is not None and layer_name(session.workspace, part) is not None


def show_side_by_side(session: Session, part: PartKey, name: str) -> None:
    """Show the original in the left view and the derived layer in the right one, linked."""
    workspace = session.workspace
    views = [view for view in workspace.layout.views if workspace.views[view].part == part]
    state = workspace.views[views[0]] if views else replace(ViewState(), part=part)
    if state.plane is Plane.VOLUME:
        state = replace(state, plane=Plane.ACQUIRED)
    workspace.show(0, replace(state, layer=ORIGINAL, comparison=Comparison.NONE))
    workspace.show(1, replace(state, layer=name, comparison=Comparison.NONE))
    workspace.arrange(grid(1, 2, 0, SIDE_BY_SIDE))


def is_side_by_side(session: Session) -> bool:
    """True when the window shows original and enhanced pixels of one series side by side."""
    workspace = session.workspace
    if workspace.layout.name != SIDE_BY_SIDE:
        return False
    left, right = (workspace.views[view] for view in workspace.layout.views)
    return left.part == right.part and {left.layer, right.layer} != {ORIGINAL}


def leave_side_by_side(session: Session) -> None:
    """Go back to one view of the original; the layer is kept."""
    workspace = session.workspace
    workspace.arrange(grid(1, 1))
    workspace.show(0, replace(workspace.views[0], layer=ORIGINAL, comparison=Comparison.NONE))


def toggle(comparison: Comparison) -> Callable[[Session], None]:
    """Return what switches a way to compare on or off in the active view."""

    def run(session: Session) -> None:
        workspace = session.workspace
        state = workspace.active_state
        wanted = Comparison.NONE if state.comparison is comparison else comparison
        if wanted is Comparison.RESIDUAL and makes_finer(workspace, state):
            workspace.tell(info(*NO_RESIDUAL))
            return
        if has_layer(session) and state.plane is not Plane.VOLUME:
            change(session, workspace.active, replace(state, comparison=wanted))

    return run


def _is_shown(comparison: Comparison) -> Callable[[Session], bool]:
    return lambda session: session.workspace.active_state.comparison is comparison


def toggle_layer(session: Session) -> None:
    """Swap the active view between the original and its derived layer."""
    workspace = session.workspace
    state = workspace.active_state
    name = layer_name(workspace, state.part) if state.part else None
    if name is not None:
        layer = name if state.layer == ORIGINAL else ORIGINAL
        new = replace(state, layer=layer, comparison=Comparison.NONE)
        workspace.show(workspace.active, new)


_MENU = "Compare"

COMMANDS: tuple[Command, ...] = (
    Command(
        "compare.swipe",
        "Swipe between original and enhanced",
        toggle(Comparison.SWIPE),
        _MENU,
        ("Y",),
        has_layer,
        "mdi6.arrow-split-vertical",
        _is_shown(Comparison.SWIPE),
    ),
    Command(
        "compare.flicker",
        "Flicker between original and enhanced",
        toggle(Comparison.FLICKER),
        _MENU,
        ("F",),
        has_layer,
        "mdi6.swap-horizontal",
        _is_shown(Comparison.FLICKER),
    ),
    Command(
        "compare.residual",
        "Residual: enhanced minus original",
        toggle(Comparison.RESIDUAL),
        _MENU,
        ("N",),
        has_layer,
        "mdi6.plus-minus-variant",
        _is_shown(Comparison.RESIDUAL),
    ),
    Command(
        "compare.layer",
        "Swap original and enhanced in this view",
        toggle_layer,
        _MENU,
        ("G",),
        has_layer,
    ),
)
