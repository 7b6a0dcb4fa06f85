"""Large slices in overlapping tiles without a seam, and making do with little memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from viewer.core.arrays import FloatArray
from viewer.core.errors import OutOfMemory
from viewer.enhancement.inference import SMALLEST, STRIDE, Runner
from viewer.enhancement.method import Float32Array

HALO = 64
RAMP = 32
TILE = 512
SMALLEST_TILE = 256
LARGE = 1024
"""Slices of this many rows or columns and more are always tiled."""


@dataclass(frozen=True, slots=True)
class Span:
    """One tile along one axis: what is read, and the weights [size] of its answer there."""

    first: int
    last: int
    weights: Float32Array


def tile_spans(size: int, tile: int) -> tuple[Span, ...]:
    """Return tiles along an axis; their weights add up to 1 everywhere.

    Cores of `tile` pixels are read with a halo of 64 on each side. Between two cores the weights
    cross over by a cosine 32 pixels wide; what lies further out is read and not used.
    """
    edges = [*range(0, size, tile), size]
    spans = []
    for low, high in pairwise(edges):
        first, last = max(0, low - HALO), min(size, high + HALO)
        place = np.arange(first, last) + 0.5
        weights = np.ones(last - first)
        if low > 0:
            weights *= _rise((place - low) / RAMP)
        if high < size:
            weights *= _rise((high - place) / RAMP)
        spans.append(Span(first, last, weights.astype(np.float32)))
    return tuple(spans)


def _rise(distance: FloatArray) -> FloatArray:
    """Return 0 below -1/2, 1 above 1/2 and half a cosine between; f(x) + f(-x) = 1."""
    return np.asarray(0.5 * (1 + np.sin(np.pi * np.clip(distance, -0.5, 0.5))))


def run_tiled(
    runner: Runner,
    slices: Float32Array,
    noise_sd: Float32Array,
    frequency: Float32Array,
    tile: int = 0,
) -> Float32Array:
    """Return the network's answer, computed in tiles where asked or where the slices are large.

    Parameters
    ----------
    tile : pixels of a tile without its halo, a multiple of 8; 0 tiles slices of 1024 and more.
    """
    rows, columns = slices.shape[-2:]
    if not tile and max(rows, columns) < LARGE:
        return run_padded(runner, slices, noise_sd, frequency)
    answer = np.zeros((len(slices), 1, rows, columns), dtype=np.float32)
    for down, across in _pairs(rows, columns, tile or TILE):
        area = np.s_[..., down.first : down.last, across.first : across.last]
        part = run_padded(runner, slices[area], noise_sd[area], frequency[area])
        answer[area] += part * (down.weights[:, None] * across.weights[None, :])
    return answer


def _pairs(rows: int, columns: int, tile: int) -> Iterator[tuple[Span, Span]]:
    for down in tile_spans(rows, tile):
        for across in tile_spans(columns, tile):
            yield down, across


def run_padded(
    runner: Runner, slices: Float32Array, noise_sd: Float32Array, frequency: Float32Array
) -> Float32Array:
    """Return the answer for any size: padded by reflection to a multiple of 8 and cropped."""
    rows, columns = slices.shape[-2:]
    wanted = [max(SMALLEST, -(-size // STRIDE) * STRIDE) for size in (rows, columns)]
    extra = [(0, 0), (0, 0), (0, wanted[0] - rows), (0, wanted[1] - columns)]
    maps = (slices, noise_sd, frequency)
    if any(after for _, after in extra):
        maps = tuple(np.pad(one, extra, mode="reflect") for one in maps)  # type: ignore[assignment]
    contiguous = (np.ascontiguousarray(one, dtype=np.float32) for one in maps)
    answer = runner.run(*contiguous)
    return np.asarray(answer[..., :rows, :columns], dtype=np.float32)


class PatientRunner:
    """A runner that makes do: smaller batches, then tiles, then another device.

    Parameters
    ----------
    first : the preferred runner.
    fallback : returns the runner for when even one small tile does not fit, or None.
    interrupt : ends a call that runs, from another thread, where the runner can do that.
    """

    def __init__(
        self,
        first: Runner,
        fallback: Callable[[], Runner] | None = None,
        interrupt: Callable[[], None] = lambda: None,
    ) -> None:
        self.interrupt = interrupt
        self._runner = first
        self._fallback = fallback
        self._slab = first.slab
        self._tile = 0

    @property
    def device(self) -> str:
        """Where it runs now."""
        return self._runner.device

    @property
    def slab(self) -> int:
        """Slices that fit in one call, as far as is known."""
        return self._slab

    def run(
        self, slices: Float32Array, noise_sd: Float32Array, frequency: Float32Array
    ) -> Float32Array:
        """Return the noise of the middle slices, in as many calls as the memory asks for.

        Raises
        ------
        OutOfMemory : not even the smallest tile fits anywhere.
        """
        parts: list[Float32Array] = []
        done = 0
        while done < len(slices):
            chosen = slice(done, done + self._slab)
            maps = (slices[chosen], noise_sd[chosen], frequency[chosen])
            try:
                parts.append(run_tiled(self._runner, *maps, tile=self._tile))
            except OutOfMemory:
                if not self._can_make_do():
                    raise
            else:
                done += len(maps[0])
        return np.concatenate(parts)

    def _can_make_do(self) -> bool:
        """Halve the batch, then the tile, at the end change the device; False: nothing is left."""
        if self._slab > 1:
            self._slab //= 2
        elif self._tile != SMALLEST_TILE:
            self._tile = SMALLEST_TILE if self._tile else TILE
        elif self._fallback is not None:
            self._runner, self._fallback = self._fallback(), None
            self._slab, self._tile = self._runner.slab, 0
        else:
            return False
        return True
