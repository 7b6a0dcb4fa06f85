"""How the frames of a part get into memory: in which order, by whom, and what may go wrong."""

import queue
import statistics
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from viewer.core.arrays import AnyArray, BoolArray
from viewer.core.errors import Cancelled, DamagedPixels, DiptychError
from viewer.core.study import FrameSource
from viewer.io.buffers import Block
from viewer.io.conversion import DoesNotFit, Recipe, add_in_place, converted
from viewer.io.luts import InstanceTables
from viewer.io.pixels import (
    FrameAddress,
    has_big_pixels,
    is_read_in_process,
    native_span,
    read_stored,
)
from viewer.io.reading import opened, read_into

if TYPE_CHECKING:
    from viewer.io.decoding import Decoders, DecodeTask

PALETTE = "PALETTE COLOR"

PUBLISH_EVERY_S = 0.1
MOST_LOST_DECODERS = 3
"""Frames of one part that may end or stall a decoding process before the rest is given up."""

_TRIAL = 16
_COLD_BYTES_PER_S = 0.25e9
_COLD_READERS = 4

Outcome = tuple[int, bool | DiptychError | DoesNotFit]
"""Place of a frame, and whether it has padding, or what went wrong."""


@dataclass(slots=True, eq=False)
class Loading:
    """The memory of a part while it fills, and the marks of what is there.

    `recipe` is what all frames share; padding and look-up tables are those of each file. `loaded`
    marks slices that are there; `failed` says why a slice never will be.
    """

    addresses: tuple[FrameAddress | DiptychError, ...]
    sources: tuple[FrameSource, ...]
    tables: InstanceTables
    recipe: Recipe
    shape: tuple[int, ...]
    block: Block
    mask_block: Block | None
    loaded: BoolArray
    failed: dict[int, DiptychError]
    padded: BoolArray

    @property
    def is_shared(self) -> bool:
        """True when decoding processes write into the memory."""
        return bool(self.block.path)

    def widen(self) -> None:
        """Go over to float32, because a slice does not fit into int16; loaded slices move."""
        wide = Block(self.shape, "float32", is_shared=self.is_shared)
        for place in np.flatnonzero(self.loaded):
            wide.values[place] = self.block.values[place]
        self.block.close()
        self.block = wide
        self.recipe = replace(self.recipe, dtype="float32")

    def mask(self) -> BoolArray | None:
        """Return where pixels are real, or None when no slice so far has padding."""
        if self.mask_block is None or not self.padded.any():
            return None
        for place in np.flatnonzero(self.loaded & ~self.padded):
            if not self.mask_block.values[place, 0, 0]:
                self.mask_block.values[place] = True
        return self.mask_block.values

    def read(self, place: int) -> bool:
        """Read a frame of native data into its slice; True when it has padding."""
        address = self._address(place)
        row: AnyArray = self.block.values[place]
        try:
            mask = self._read_row(address, place, row)
        except (DiptychError, DoesNotFit):
            row[...] = 0
            raise
        if mask is None or self.mask_block is None:
            return False
        self.mask_block.values[place] = mask
        return True

    def _read_row(self, address: FrameAddress, place: int, row: AnyArray) -> BoolArray | None:
        facts, recipe = self.sources[place].facts, self.recipe_of(place)
        if recipe.dtype == "int16" and recipe.table is None and _is_plain(address):
            position, _ = native_span(address)
            with opened(address.path) as file:
                is_plain = not has_big_pixels(file, address)
                if is_plain:
                    read_into(file, row, position)
            if is_plain:
                return add_in_place(row, address.layout, int(facts.intercept), recipe.padding)
        values, mask = converted(
            read_stored(address), address.layout, recipe, facts.slope, facts.intercept
        )
        row[...] = values
        return mask

    def recipe_of(self, place: int) -> Recipe:
        """Return how one frame is converted.

        Raises
        ------
        BadHeader : its palette or modality LUT is missing or damaged.
        """
        instance = self.sources[place].instance
        if self.recipe.is_colour:
            layout = instance.pixels
            if layout is None or layout.photometric != PALETTE:
                return self.recipe
            return replace(self.recipe, palette=self.tables.palette(instance))
        if instance.padding is None and not instance.has_modality_lut:
            return self.recipe
        return replace(self.recipe, padding=instance.padding, table=self.tables.table(instance))

    def task(self, place: int) -> "DecodeTask":
        """Return what a decoding process is told to load one slice."""
        from viewer.io.decoding import DecodeTask

        facts, mask_block = self.sources[place].facts, self.mask_block
        return DecodeTask(
            self._address(place),
            self.recipe_of(place),
            facts.slope,
            facts.intercept,
            self.block.path,
            place * self.block.values[0].nbytes,
            mask_block.path if mask_block is not None else "",
            place * mask_block.values[0].nbytes if mask_block is not None else 0,
        )

    def _address(self, place: int) -> FrameAddress:
        address = self.addresses[place]
        if isinstance(address, DiptychError):
            raise address
        return address

    def note(self, place: int, outcome: bool | DiptychError) -> None:
        """Mark a slice as loaded, with or without padding, or as failed."""
        if isinstance(outcome, DiptychError):
            self.failed[place] = outcome
            return
        self.padded[place] = outcome
        self.loaded[place] = True

    def close(self) -> None:
        """Withdraw the paths of shared memory."""
        self.block.close()
        if self.mask_block is not None:
            self.mask_block.close()


def _is_plain(address: FrameAddress) -> bool:
    """True for samples that can be read straight into an int16 slice."""
    layout = address.layout
    return (
        is_read_in_process(address)
        and layout.bits_allocated == 16
        and layout.samples == 1
        and sys.byteorder == "little"
    )


# ------------------------------------------------------------------------------ who does it


def fill(
    loading: Loading,
    order: Sequence[int],
    decoders: "Decoders | None",
    tell: Callable[[], None],
    is_cancelled: Callable[[], bool],
) -> None:
    """Load every frame in `order`; call `tell` after the first and then ten times a second.

    Raises
    ------
    Cancelled : `is_cancelled` said so.
    """
    told = -PUBLISH_EVERY_S
    left = [place for place in order if place not in loading.failed]
    while left:
        is_too_narrow = False
        with closing(_outcomes(loading, left, decoders, is_cancelled)) as outcomes:
            for place, outcome in outcomes:
                if is_cancelled():
                    raise Cancelled
                if isinstance(outcome, DoesNotFit):
                    is_too_narrow = True
                    break
                loading.note(place, outcome)
                if loading.loaded[place] and time.monotonic() - told >= PUBLISH_EVERY_S:
                    tell()
                    told = time.monotonic()
        if is_too_narrow:
            loading.widen()
        left = [p for p in left if not loading.loaded[p] and p not in loading.failed]


def _outcomes(
    loading: Loading,
    order: Sequence[int],
    decoders: "Decoders | None",
    is_cancelled: Callable[[], bool],
) -> Generator[Outcome, None, None]:
    """Yield what became of each frame, native data first read here, the rest by the decoders."""
    here = [place for place in order if _is_here(loading, place)]
    yield from _read_here(loading, here)
    elsewhere = [place for place in order if not _is_here(loading, place)]
    if elsewhere and decoders is not None:
        yield from _concurrently(_decode_with(loading, decoders), elsewhere, decoders.count)
    if is_cancelled():
        raise Cancelled


def _is_here(loading: Loading, place: int) -> bool:
    address = loading.addresses[place]
    return not isinstance(address, FrameAddress) or is_read_in_process(address)


def _read_here(loading: Loading, order: Sequence[int]) -> Generator[Outcome, None, None]:
    """Read native frames: one after another, or four at a time where the files are not cached."""
    seconds: list[float] = []
    for place in order[:_TRIAL]:
        start = time.monotonic()
        outcome = _tried(loading.read, place)
        seconds.append(time.monotonic() - start)
        yield place, outcome
    rest = order[_TRIAL:]
    if rest and statistics.median(seconds) * _COLD_BYTES_PER_S > loading.block.values[0].nbytes:
        yield from _concurrently(loading.read, rest, _COLD_READERS)
        return
    for place in rest:
        yield place, _tried(loading.read, place)


def _tried(work: Callable[[int], bool], place: int) -> bool | DiptychError | DoesNotFit:
    try:
        return work(place)
    except (DiptychError, DoesNotFit) as error:
        return error


def _decode_with(loading: Loading, decoders: "Decoders") -> Callable[[int], bool]:
    """Return the work of one frame; after `MOST_LOST_DECODERS` losses the rest is not tried."""
    from viewer.io.decoding import DecoderLost

    lost: list[int] = []

    def work(place: int) -> bool:
        if len(lost) >= MOST_LOST_DECODERS:
            raise DamagedPixels("Not tried: frames of this series ended the decoder before.")
        try:
            return decoders.decode(loading.task(place))
        except DecoderLost:
            lost.append(place)
            raise

    return work


def _concurrently(
    work: Callable[[int], bool], order: Sequence[int], count: int
) -> Generator[Outcome, None, None]:
    """Do the work on `count` threads and yield outcomes as they come; closing stops them."""
    waiting = iter(order)
    lock, stop = threading.Lock(), threading.Event()
    done: queue.SimpleQueue[Outcome] = queue.SimpleQueue()

    def run() -> None:
        while not stop.is_set():
            with lock:
                place = next(waiting, None)
            if place is None:
                return
            done.put((place, _tried(work, place)))

    threads = [
        threading.Thread(target=run, name=f"diptych-load-{number}", daemon=True)
        for number in range(min(count, len(order)))
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in order:
            yield done.get()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
