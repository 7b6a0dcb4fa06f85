"""The spread of a model in use: where it is drawn, and what may be said of it.

The interval of one half width to both sides of the full-strength image holds the stated share of
true values on images like those that it was calibrated on. Of the image at a lower strength nothing
of the kind is known, so nothing is said: it lies between the original and the centre of the
interval, which stays where it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from viewer.app.command import Command
from viewer.app.comparing import usual_change
from viewer.app.enhancement_verbs import shown_method
from viewer.app.messages import info
from viewer.app.spreads import one_slice_volume
from viewer.core.units import figure_with_unit
from viewer.core.view import ORIGINAL, Comparison, Plane, ViewState
from viewer.core.volume import Derived, is_acquired

if TYPE_CHECKING:
    from viewer.app.enhancing import Enhancement
    from viewer.app.session import Session
    from viewer.app.workspace import Layer
    from viewer.enhancement.model_card import Spread

NOT_ERROR = "model spread, not error"
"""Stands beside the colours wherever they are shown."""

SHORTEST_SIDE = 260
"""Of a view: below it there is no room for what must be said of the colours."""
LOWEST = 1 / 4
"""Half widths below this share of the top are not drawn, so that anatomy stays readable."""


@dataclass(frozen=True, slots=True, eq=False)
class SpreadOverlay:
    """Half widths to be drawn over an enhanced slice, and the range of their colours.

    `volume` is on the grid of the series and has the slice in view only, None while that is
    computed. What is not above `low` is not drawn, and from `high` on the colour stays the same.
    `words` stand beside the colours.
    """

    volume: Derived | None
    low: float
    high: float
    unit: str
    words: tuple[str, ...]


def shown_enhancement(session: Session) -> Enhancement | None:
    """Return the enhancement that the active part shows, None without one."""
    part, method = session.workspace.active_state.part, shown_method(session)
    return session.enhancements.enhancement(part, method) if part and method else None


def refusal(session: Session) -> str:
    """Say why the active part has no model spread to show; "" where it has."""
    found = shown_enhancement(session)
    if found is None:
        return "Enhance the series first: the spread is that of a model."
    name, card = found.plan.method.name, found.plan.card
    if card is None:
        return f"{name} is a filter: it has no model spread."
    if card.spread is None:
        return f"{name} states no spread: none was calibrated for this model."
    if not found.residual.is_complete:
        return "The spread can be shown once the whole series is enhanced."
    problem = session.enhancements.spreads.problem(found)
    return problem.text if problem is not None else ""


def has_spread(session: Session) -> bool:
    """True when the active part shows an enhancement whose model states a spread."""
    return not refusal(session)


def is_shown(session: Session) -> bool:
    """True when the spread is switched on and there is one to show."""
    return session.workspace.active_state.shows_spread and has_spread(session)


def toggle_spread(session: Session) -> None:
    """Draw the spread over the enhanced pixels of the active part, or stop that, in its views."""
    workspace = session.workspace
    part, is_on = workspace.active_state.part, not is_shown(session)
    reason = refusal(session)
    if reason:
        workspace.tell(info("There is no model spread to show.", reason))
        return
    for view in workspace.layout.views:
        if workspace.views[view].part == part:
            workspace.show(view, replace(workspace.views[view], shows_spread=is_on))


def is_slice(state: ViewState) -> bool:
    """True where a view shows an acquired slice by itself, the only place for the overlay."""
    return state.plane is Plane.ACQUIRED and state.slab_mm <= 0


def overlay(
    session: Session, state: ViewState, layer: Layer | None, side: int
) -> SpreadOverlay | None:
    """Return what is drawn over a layer's pixels in a view, None for nothing.

    `side` is the shorter one of the view, in view pixels.
    """
    part = state.part
    if part is None or layer is None or not state.shows_spread or not is_slice(state):
        return None
    if side < SHORTEST_SIDE or state.comparison is Comparison.RESIDUAL:
        return None
    found = session.enhancements.enhancement(part, layer.provenance.method_id)
    volume = session.workspace.volumes.get(part)
    if found is None or volume is None or not is_acquired(volume) or not found.residual.is_complete:
        return None
    card = found.plan.card
    if card is None or card.spread is None:
        return None
    index = volume.geometry.slice_of(state.focus_mm)
    spreads = session.enhancements.spreads
    made = spreads.of_slice(part, found, index)
    if spreads.problem(found) is not None:
        return None
    high = usual_change(session, part, layer, volume.unit)
    low = LOWEST * high
    shown, state_words = None, "of this slice not there yet"
    if made is not None:
        shown = one_slice_volume(volume, found, made, index)
        state_words = f"not drawn below {figure_with_unit(low, volume.unit)}"
    words = (
        NOT_ERROR,
        f"{100 * card.spread.share:.0f} % half width at full strength",
        state_words,
    )
    return SpreadOverlay(shown, low, high, volume.unit, words)


def notice(session: Session, state: ViewState) -> str:
    """Say on a view why the spread that is switched on is not drawn there; "" for nothing."""
    is_asked = state.shows_spread and state.layer != ORIGINAL and has_spread(session)
    if not is_asked or state.plane is Plane.VOLUME or state.comparison is Comparison.RESIDUAL:
        return ""
    words = "the model spread is drawn on acquired slices only, not on reformats and slabs"
    return "" if is_slice(state) else words


# ------------------------------------------------------------------------------ in words


@dataclass(frozen=True, slots=True)
class SpreadFacts:
    """What is known of the spread of the active part.

    `refusal` says why there is none ("" where there is); `is_drawn` tells whether the view can show
    it. `median` is the median half width inside the body on the slice in view, in `unit`, None
    while it is not computed; `coverage` what the interval held where that could be looked up.
    """

    refusal: str
    is_on: bool = False
    is_drawn: bool = True
    median: float | None = None
    unit: str = ""
    share: float = 0.0
    coverage: str = ""


def spread_facts(session: Session) -> SpreadFacts:
    """Return the facts for the active view."""
    reason, found = refusal(session), shown_enhancement(session)
    spread = found.plan.card.spread if found is not None and found.plan.card is not None else None
    if reason or found is None or spread is None:
        return SpreadFacts(reason)
    state, volume = session.workspace.active_state, found.plan.volume
    index = volume.geometry.slice_of(state.focus_mm)
    made = session.enhancements.spreads.known(found, index)
    return SpreadFacts(
        "",
        state.shows_spread,
        is_slice(state),
        made.median if made is not None and is_slice(state) else None,
        volume.unit,
        spread.share,
        coverage_words(spread),
    )


def coverage_words(spread: Spread) -> str:
    """Return what an interval held on scenes that it was not calibrated on."""
    worst = f"{100 * spread.worst_coverage:.1f} % in the worst group ({spread.worst_group})"
    lesions = spread.lesion_coverage
    if lesions is not None:
        rarer = "less often, " if lesions < min(spread.coverage, spread.share) else ""
        worst += f", and inside lesions {rarer}{100 * lesions:.1f} %"
    words = (
        f"It held {100 * spread.coverage:.1f} % of true values on {spread.scenes} simulated "
        f"scenes, {worst}. Holds only for images like those"
    )
    if spread.elsewhere is None:
        return f"{words}."
    return f"{words}: on {spread.elsewhere_on} it held {100 * spread.elsewhere:.1f} %."


COMMANDS: tuple[Command, ...] = (
    Command(
        "compare.spread",
        "Model spread over the enhanced image",
        toggle_spread,
        "Compare",
        ("U",),
        has_spread,
        "mdi6.blur-linear",
        is_shown,
    ),
)
