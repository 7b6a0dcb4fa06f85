"""Runs a method over a volume: the visible slice first, then outwards, quietly and cancellably."""

import contextlib
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from viewer.core.errors import Cancelled
from viewer.enhancement.added import open_added, open_added_spread
from viewer.enhancement.catalogue import Catalogue
from viewer.enhancement.conditioning import NoiseProfile
from viewer.enhancement.denoising import DenoisingProcessor
from viewer.enhancement.filters import FilterProcessor
from viewer.enhancement.inference import CPU, Runner, open_runner
from viewer.enhancement.method import (
    Float32Array,
    Method,
    Processor,
    Region,
    Settings,
    SourceSlices,
)
from viewer.enhancement.model_card import ModelCard, spread_form
from viewer.enhancement.residual import ResidualCache, Unfinished
from viewer.enhancement.strength import FlatNoise, FlatPatch
from viewer.enhancement.tiles import PatientRunner

LOWER_PRIORITY = 10
LOOK_AHEAD = 3
LISTEN_S = 0.1
"""How often whoever waits for a method looks whether it is still wanted."""
REMEMBERED = 64

Result = TypeVar("Result")


def slice_order(count: int, first: int, direction: int = 1) -> tuple[int, ...]:
    """Return every slice once: the visible one, then outwards, the scroll direction preferred.

    Three slices in the scroll direction (`direction` 1 or -1) come before each one behind.
    """
    start = min(max(0, first), count - 1)
    step = 1 if direction >= 0 else -1
    ahead = list(range(start + step, count if step > 0 else -1, step))
    behind = list(range(start - step, -1 if step > 0 else count, -step))
    order = [start]
    while ahead or behind:
        order += ahead[:LOOK_AHEAD]
        ahead = ahead[LOOK_AHEAD:]
        order += behind[:1]
        behind = behind[1:]
    return tuple(order)


def patient_runner(
    card: ModelCard, device: str = "auto", threads: int | None = None
) -> PatientRunner:
    """Return the model on a device, with the CPU to fall back on when its memory runs out.

    `threads` compute on the CPU; by default one core is left free for the window.

    Raises
    ------
    UntrustedWeights : the weights are missing or are not those that the card names.
    UnfitModel : the user has added it, and it failed its checks.
    """
    if card.is_added:
        return open_added(card, device)
    first = open_runner(card, device, threads)
    is_cpu = first.device.startswith("CPU")
    return PatientRunner(first, None if is_cpu else lambda: open_runner(card, CPU, threads))


def spread_runner(card: ModelCard) -> PatientRunner:
    """Return the network of a model's spread on the CPU.

    Raises
    ------
    UntrustedWeights : its file is missing, is not the one that the card names, or there is none.
    UnfitModel : the user has added the model, and it failed its checks.
    """
    return (
        open_added_spread(card)
        if card.is_added
        else PatientRunner(open_runner(spread_form(card), CPU))
    )


def residual_slices(
    processor: Processor,
    order: Sequence[int],
    is_cancelled: Callable[[], bool],
    in_view: Callable[[], int | None] = lambda: None,
) -> Iterator[tuple[tuple[int, ...], Float32Array]]:
    """Compute the residual slab by slab and yield (slices, residuals) as they come.

    `in_view` is asked between slabs: a slice that the reader has gone to and that is not there yet
    comes next, alone, and the rest from there outwards.

    Raises
    ------
    Cancelled : the flag was up before a slab.
    OutOfMemory : not even the smallest piece of a slice fits.
    """
    left, size = list(order), 1
    while left:
        if is_cancelled():
            raise Cancelled
        wanted = in_view()
        if wanted is not None and wanted != left[0] and wanted in left:
            missing = frozenset(left)
            left = [index for index in slice_order(max(order) + 1, wanted) if index in missing]
            size = 1
        slab = tuple(left[:size])
        yield slab, processor.residuals(slab)
        left, size = left[len(slab) :], processor.slab


class QuietThread:
    """One thread of lower priority in which everything heavy is done; use it as a context.

    The network's own threads are born in it and inherit the priority, so that the window stays
    fluid even where the system gives them its core.

    Parameters
    ----------
    is_cancelled : looked at while something runs; a model in a process of its own is then ended.
    interrupt : ends what runs, where it can be ended, when the context is left by an error.
    """

    def __init__(
        self,
        is_cancelled: Callable[[], bool] = lambda: False,
        interrupt: Callable[[], None] = lambda: None,
    ) -> None:
        self._executor = ThreadPoolExecutor(1, "diptych-enhance", initializer=lower_priority)
        self._is_cancelled = is_cancelled
        self._interrupt = interrupt
        self._running: Future[Any] | None = None

    def __enter__(self) -> "QuietThread":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        while kind is not None and self._running is not None and not self._running.done():
            self._interrupt()  # again and again: its process may not have been there yet
            wait((self._running,), LISTEN_S)
        self._executor.shutdown(wait=True, cancel_futures=True)

    def call(self, work: Callable[[], Result]) -> Result:
        """Run something there and wait for it; its errors are raised here.

        Raises
        ------
        Cancelled : the flag went up while it ran.
        """
        self._running = future = self._executor.submit(work)
        while not wait((future,), LISTEN_S).done:
            if self._is_cancelled():
                raise Cancelled
        return future.result()


def lower_priority() -> None:
    """Lower the calling thread's priority where the system has one per thread (Linux)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWER_PRIORITY)


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What is measured on a series before any method runs; small, so it is kept.

    `key` names the pixels; `value_range` is the lowest and highest real value; `patches` are the
    flat regions that every denoiser's strength is measured in; `metal_cm3` is how much is denser
    than bone.
    """

    key: str
    value_range: tuple[float, float]
    noise: NoiseProfile
    patches: tuple[FlatPatch, ...]
    metal_cm3: float = 0.0


class Recent(Generic[Result]):
    """The latest of many small things by key."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._kept: OrderedDict[str, Result] = OrderedDict()
        self._limit = limit
        self._lock = threading.Lock()

    def find(self, key: str) -> Result | None:
        """Return what is kept under a key, or None."""
        with self._lock:
            return self._kept.get(key)

    def keep(self, key: str, value: Result) -> None:
        """Keep something; the oldest is dropped beyond the limit."""
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > self._limit:
                self._kept.popitem(last=False)


class ParallelProcessor:
    """A processor on the CPU whose slices are computed side by side, one on each of some threads.

    Two threads on one slice gain nothing with a network of this size (the table in `inference`);
    two slices at once do, with one thread inside each.
    """

    def __init__(self, inner: Processor, threads: ThreadPoolExecutor, count: int) -> None:
        self._inner = inner
        self._threads = threads
        self.slab = count

    @property
    def device(self) -> str:
        """Where it runs, in words."""
        return self._inner.device

    def residuals(self, indices: Sequence[int], region: Region | None = None) -> Float32Array:
        """Return enhanced minus original, [len(indices), row, column]."""
        found = self._threads.map(lambda index: self._inner.residuals((index,), region), indices)
        return np.concatenate(list(found))


class Engine:
    """What outlives one run: the catalogue, opened models, cached residuals and measurements.

    `surveys` are kept by the pixels' key, `scales` of the strength by the residual's.

    Parameters
    ----------
    catalogue : the methods that there are, see `read_catalogue`.
    budget_bytes : most memory for cached residuals.
    open_model : opens a model on a device; replaced in tests.
    cores : how many slices are computed side by side on the CPU; None for the window's way, one
        slice at a time with every core but one.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        budget_bytes: int = 1 << 30,
        open_model: Callable[[ModelCard, str], Runner] | None = None,
        cores: int | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.residuals = ResidualCache(budget_bytes)
        self.unfinished = Unfinished()
        self.surveys: Recent[Survey] = Recent()
        self.scales: Recent[FlatNoise] = Recent()
        threads = None if cores is None else 1
        self._open_model = open_model or (
            lambda card, device: patient_runner(card, device, threads)
        )
        self._cores = cores or 1
        self._threads = ThreadPoolExecutor(
            self._cores, "diptych-slices", initializer=lower_priority
        )
        self._runners: dict[tuple[str, str, float, str], Runner] = {}
        self._lock = threading.Lock()

    def processor(
        self, method: Method, source: SourceSlices, settings: Settings, device: str = "auto"
    ) -> Processor:
        """Return a method made ready for a source; a model stays open for the next time.

        Raises
        ------
        UntrustedWeights : a model's weights are missing or are not those that its card names.
        UnfitModel : the user has added it, and it failed its checks.
        """
        processor = self._one_at_a_time(method, source, settings, device)
        if self._cores == 1 or not processor.device.startswith("CPU"):
            return processor
        return ParallelProcessor(processor, self._threads, self._cores)

    def _one_at_a_time(
        self, method: Method, source: SourceSlices, settings: Settings, device: str
    ) -> Processor:
        card, runner = self.catalogue.card(method.id), self.runner(method, device)
        if card is None or runner is None:
            return FilterProcessor(method, source, settings)
        return DenoisingProcessor(runner, source, card.input.noise_model)

    def runner(self, method: Method, device: str = "auto") -> Runner | None:
        """Return a model's network on a device, open from now on; None for a filter.

        Raises
        ------
        UntrustedWeights, UnfitModel : see `processor`.
        """
        card = self.catalogue.card(method.id)
        if card is None:
            return None
        key = (method.id, method.weights_sha256, card.bound_sd, device)
        with self._lock:
            if key not in self._runners:
                self._runners[key] = self._open_model(card, device)
            return self._runners[key]

    def spread(self, card: ModelCard, source: SourceSlices) -> DenoisingProcessor:
        """Return the network of a model's spread made ready for a source; it stays open.

        Its `residuals` are minus the SD of the error of the full-strength answer.

        Raises
        ------
        UntrustedWeights, UnfitModel : see `spread_runner`.
        """
        key = (card.method.id, str(spread_form(card).onnx), card.bound_sd, CPU)
        with self._lock:
            if key not in self._runners:
                self._runners[key] = spread_runner(card)
            return DenoisingProcessor(self._runners[key], source, card.input.noise_model)

    def interrupt(self) -> None:
        """End a model that runs in a process of its own; it is started anew when next needed."""
        for runner in tuple(self._runners.values()):
            if isinstance(runner, PatientRunner):
                runner.interrupt()
