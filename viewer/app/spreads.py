"""Half widths of a model's interval, slice by slice: computed when looked at, the latest kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from viewer.app.jobs import Job, Jobs, Lane, Progress
from viewer.app.messages import Message
from viewer.core.volume import Acquired, Derived, derive

if TYPE_CHECKING:
    import numpy.typing as npt

    from viewer.app.enhancing import Enhancement, Plan
    from viewer.app.workspace import PartKey, Workspace
    from viewer.enhancement.engine import Engine

KEPT_SLICES = 16


@dataclass(frozen=True, slots=True, eq=False)
class SliceSpread:
    """The half width of the interval on one slice, float32 [row, column] in modality units.

    It is 0 where the model changes nothing: outside the body and in padding. `median` is that of
    the pixels inside.
    """

    half_width: npt.NDArray[np.float32]
    median: float


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

        def work(progress: Progress) -> SliceSpread:
            return slice_spread(self._engine(), found.plan, index, progress.is_cancelled)

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


def slice_spread(
    engine: Engine, plan: Plan, index: int, is_cancelled: Callable[[], bool] = lambda: False
) -> SliceSpread:
    """Compute the half widths of one slice, at lower priority; see `half_width`.

    Raises
    ------
    Cancelled : the flag went up; a model that hangs in a process of its own is ended.
    """
    from viewer.enhancement.engine import QuietThread

    with QuietThread(is_cancelled, engine.interrupt) as quiet:
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


def one_slice_volume(source: Acquired, found: Enhancement, made: SliceSpread, at: int) -> Derived:
    """Return half widths as a volume on the grid of `source` of which only slice `at` is there.

    Every slice is the same memory, so that it costs no more than the one.
    """
    values = np.broadcast_to(made.half_width, source.values.shape)
    loaded = np.arange(len(values)) == at
    return derive(source, values, found.provenance(1.0), loaded)
