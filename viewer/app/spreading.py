"""The spread of a model in use: computed for the slices in view, and what may be said of it.

The interval of one half width to both sides of the full-strength image holds the stated share of
true values on images like those that it was calibrated on. Of the image at a lower strength nothing
of the kind is known, so nothing is said: it lies between the original and the centre of the
interval, which stays where it is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from viewer.app.command import Command
from viewer.app.enhancement_verbs import shown_method
from viewer.app.jobs import Job, Jobs, Lane, Progress
from viewer.app.messages import Message, info
from viewer.core.units import figure_with_unit
from viewer.core.view import ORIGINAL, Comparison, Plane, ViewState
from viewer.core.volume import DerivedVolume, Volume, derive

if TYPE_CHECKING:
    import numpy.typing as npt

    from viewer.app.enhancing import Enhancement, Plan
    from viewer.app.session import Session
    from viewer.app.workspace import Layer, PartKey, Workspace
    from viewer.enhancement.catalogue import Spread
    from viewer.enhancement.engine import Engine

NOT_ERROR = "model spread, not error"
"""Stands beside the colours wherever they are shown."""

KEPT_SLICES = 16
SHORTEST_SIDE = 260
"""Of a view: below it there is no room for what must be said of the colours."""
LOWEST = 1 / 4
"""Half widths below this share of the top are not drawn, so that anatomy stays readable."""


@dataclass(frozen=True, slots=True, eq=False)
class SliceSpread:
    """The half width of the interval on one slice, float32 [row, column] in modality units.

    It is 0 where the model changes nothing: outside the body and in padding. `median` is that of
    the pixels inside.
    """

    half_width: npt.NDArray[np.float32]
    median: float


@dataclass(frozen=True, slots=True, eq=False)
class SpreadOverlay:
    """Half widths to be drawn over an enhanced slice, and the range of their colours.

    `volume` is on the grid of the series and has the slice in view only; what is not above `low`
    is not drawn, and from `high` on the colour stays the same. `words` stand beside the colours.
    """

    volume: DerivedVolume
    low: float
    high: float
    unit: str
    words: tuple[str, ...]


class Spreads:
    """Computes half widths in the compute lane, the slice in view first, and keeps the latest."""

    def __init__(self, workspace: Workspace, jobs: Jobs, engine: Callable[[], Engine]) -> None:
        self._workspace = workspace
        self._jobs = jobs
        self._engine = engine
        self._kept: OrderedDict[tuple[str, int], SliceSpread] = OrderedDict()
        self._waiting: tuple[PartKey, Enhancement, int] | None = None
        self._running: PartKey | None = None
        self._problems: dict[str, Message] = {}

    def known(self, found: Enhancement, index: int) -> SliceSpread | None:
        """Return the half widths of a slice if they are there."""
        return self._kept.get((found.plan.key, index))

    def problem(self, found: Enhancement) -> Message | None:
        """Return why the spread of this enhancement could not be computed, None if it could."""
        return self._problems.get(found.plan.key)

    def is_computing(self, part: PartKey) -> bool:
        """True while a slice of a part is on its way."""
        return self._running == part or (self._waiting is not None and self._waiting[0] == part)

    def of_slice(self, part: PartKey, found: Enhancement, index: int) -> SliceSpread | None:
        """Return the half widths of a slice, None while they are computed or if they cannot be.

        `part_changed` tells when they are there. Of slices that are asked for while one is
        computed, the last one is next.
        """
        if self.known(found, index) is None and self.problem(found) is None:
            self._waiting = (part, found, index)
            if self._running is None:
                self._start()
        return self.known(found, index)

    def _start(self) -> None:
        if self._waiting is None:
            return
        (part, found, index), self._waiting = self._waiting, None
        self._running = part
        key = found.plan.key

        def work(_progress: Progress) -> SliceSpread:
            return slice_spread(self._engine(), found.plan, index)

        def keep(made: SliceSpread) -> None:
            self._kept[(key, index)] = made
            while len(self._kept) > KEPT_SLICES:
                self._kept.popitem(last=False)

        def failed(message: Message) -> None:
            self._problems[key] = message
            self._workspace.tell(message)

        def ended(_job: Job) -> None:
            self._running = None
            self._start()
            self._workspace.part_changed.emit(part)

        self._jobs.submit(
            Lane.COMPUTE,
            "Computing the model spread",
            work,
            keep,
            failed=failed,
            ended=ended,
            is_quiet=True,
        )


def slice_spread(engine: Engine, plan: Plan, index: int) -> SliceSpread:
    """Compute the half widths of one slice, at lower priority; see `half_width`."""
    from viewer.enhancement.engine import QuietThread

    with QuietThread() as quiet:
        half = quiet.call(lambda: half_width(engine, plan, index))
    inside = half[half > 0]
    return SliceSpread(half, float(np.median(inside)) if inside.size else 0.0)


def half_width(engine: Engine, plan: Plan, index: int) -> npt.NDArray[np.float32]:
    """Return the half width of the interval around the full-strength values of one slice.

    Float32 [row, column] in modality units, 0 where the model may change nothing.

    Raises
    ------
    UntrustedWeights : the network of the spread is missing, or is not the one that the card names.
    UnfitModel : the user has added the model, and it failed its checks.
    """
    from viewer.core.errors import UntrustedWeights
    from viewer.enhancement.conditioning import source_slices

    card = plan.card
    if card is None or card.spread is None:
        raise UntrustedWeights(f"{plan.method.name} states no spread.")
    processor = engine.spread(card, source_slices(plan.volume, plan.noise))
    (minus_spread,) = processor.residuals((index,))
    return np.asarray(-card.spread.factor * minus_spread, dtype=np.float32)


def one_slice_volume(
    source: Volume, found: Enhancement, made: SliceSpread, at: int
) -> DerivedVolume:
    """Return half widths as a volume on the grid of `source` of which only slice `at` is there.

    Every slice is the same memory, so that it costs no more than the one.
    """
    values = np.broadcast_to(made.half_width, source.values.shape)
    loaded = np.arange(len(values)) == at
    return derive(source, values, found.provenance(1.0), loaded)


# ------------------------------------------------------------------------------ what may be shown


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
    """Return what is drawn over a layer's pixels in a view, None for nothing, or nothing yet.

    `side` is the shorter one of the view, in view pixels.
    """
    part = state.part
    if part is None or layer is None or not state.shows_spread or not is_slice(state):
        return None
    if side < SHORTEST_SIDE or state.comparison is Comparison.RESIDUAL:
        return None
    found = session.enhancements.enhancement(part, layer.provenance.method_id)
    volume = session.workspace.volumes.get(part)
    if found is None or not isinstance(volume, Volume) or not found.residual.is_complete:
        return None
    card = found.plan.card
    if card is None or card.spread is None:
        return None
    index = volume.geometry.slice_of(state.focus_mm)
    made = session.enhancements.spreads.of_slice(part, found, index)
    if made is None:
        return None
    high = session.residual_largest(volume.unit)
    low = LOWEST * high
    words = (
        NOT_ERROR,
        f"{100 * card.spread.share:.0f} % half width at full strength",
        f"not drawn below {figure_with_unit(low, volume.unit)}",
    )
    shown = one_slice_volume(volume, found, made, index)
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
