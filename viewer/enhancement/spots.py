"""Places of a series where the residual is least like noise, and structure that one image lacks.

Everything is measured on a band of blob-sized detail, the difference of two Gaussians, in SDs of
the noise around: robust, from tiles, so that the blob that is judged does not count as noise.
Within a tile the noise is taken to be even, or that of counts, which grows with the signal.
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from viewer.core.errors import Cancelled
from viewer.enhancement.conditioning import counting_sd
from viewer.enhancement.engine import lower_priority
from viewer.enhancement.method import Float32Array, SourceSlices
from viewer.enhancement.residual import Residual

COARSE_BELOW_MM = 1.0
"""Finer pixels than this are taken in blocks of two by two: the smallest blob is a few pixels."""
INNER_PIXELS, OUTER_PIXELS = 1.0, 3.0
TILE = 16
THREADS = 2
CELL = 8
STANDS_OUT_SD = 3.0
OWN_SHARE = 0.5
"""Of a blob that only the enhanced image shows, at least this share was added by the method: with
less of it the method has uncovered what the original holds."""
ROUGHNESS = 1.0
"""Variance of the slope of the normalised detail per pixel: 0.5 for white noise after the narrow
Gaussian, up to about 1 for the grain of CT, which has little at low frequencies."""
MAD_TO_SD = 1.4826
QUIETEST = 0.5
COLDEST = np.float32(0.25)
"""Of the even SD of the noise of counts: where next to nothing is counted it is not told well."""
INSIDE = 0.9
INSIDE_PIXELS = 9
WINDOW = 7
NEAR = 2
"""What only one image shows has nothing in the other within so many coarse pixels: the flank of an
edge that was moved or blurred is no structure of its own."""
LEAST_CORRELATION = 0.2
EDGES_A_SLICE = 6
MOST = 10
MOST_OF_A_KIND = 4
APART_MM = 8.0

BoolArray = npt.NDArray[np.bool_]


class SpotKind(Enum):
    """What is unlike noise at a place."""

    EDGE = "change along an edge"
    ORIGINAL = "only in the original"
    ENHANCED = "only in the enhanced"


@dataclass(frozen=True, slots=True)
class Spot:
    """One place, as indices from 0; the enhanced image is the one at full strength.

    `size_sd` is how far it stands out, in SDs of the local noise after smoothing: of the change
    itself for `EDGE`, of the image that shows it for the others. `correlation` tells how closely
    the size of the change follows the edges around, 0 for the other kinds.
    """

    kind: SpotKind
    slice_index: int
    row: int
    column: int
    size_sd: float
    correlation: float = 0.0

    @property
    def weight(self) -> float:
        """What spots of one kind are ranked by."""
        return self.size_sd * (self.correlation if self.kind is SpotKind.EDGE else 1.0)


def spots(
    source: SourceSlices,
    residual: Residual,
    is_cancelled: Callable[[], bool] = lambda: False,
    *,
    is_counted: bool = False,
) -> tuple[Spot, ...]:
    """Return up to ten places, at most four of a kind, the farthest out of the noise first.

    A place must stand out by 3 SD, or by more where a series is so large that noise alone would
    reach 3 SD somewhere: the limit is what one place of the whole series is expected to pass by
    chance. What only one image shows must be below 3 SD in the other. Places are at least 8 mm
    apart, so that one structure is listed once.

    Parameters
    ----------
    is_counted : the noise is that of counts, as in PET: its variance grows with the signal.

    Raises
    ------
    Cancelled : the flag was up between slices.
    """
    block = 2 if max(source.spacing_mm[1:]) < COARSE_BELOW_MM else 1

    def looked_at(index: int) -> tuple[int, list[Spot]]:
        if is_cancelled():
            raise Cancelled
        detail = _Detail.of(source, residual, index, block, is_counted=is_counted)
        if detail is None:
            return 0, []
        return int(detail.inside.sum()), detail.candidates(index, block)

    indices = [int(index) for index in np.flatnonzero(residual.loaded)]
    with ThreadPoolExecutor(THREADS, "diptych-audit", initializer=lower_priority) as threads:
        results = list(threads.map(looked_at, indices))
    limit = chance_limit(sum(pixels for pixels, _ in results))
    found = [spot for _, some in results for spot in some if spot.size_sd >= limit]
    return _apart(found, source.spacing_mm)


def chance_limit(pixels: float) -> float:
    """Return how many SDs one place in so many pixels of smooth noise passes by chance, at least 3.

    Source: Worsley et al., J Cereb Blood Flow Metab 1992, expected Euler characteristic of a
    Gaussian field in two dimensions, for peaks of either sign.
    """
    limit = STANDS_OUT_SD
    for _ in range(20):
        expected = 2.0 * pixels * ROUGHNESS / (2.0 * math.pi) ** 1.5 * limit
        limit = math.sqrt(2.0 * math.log(expected)) if expected > 1.0 else 0.0
        limit = max(STANDS_OUT_SD, limit)
    return limit


@dataclass(frozen=True, slots=True, eq=False)
class _Detail:
    """Blob-sized detail of one slice on coarse pixels, [row, column].

    `original`, `enhanced` and `change` are in SDs of their own local noise; `added` is the share
    of the enhanced blob that the method added.
    """

    image: Float32Array
    size: Float32Array
    inside: BoolArray
    original: Float32Array
    enhanced: Float32Array
    change: Float32Array
    added: Float32Array

    @classmethod
    def of(
        cls, source: SourceSlices, residual: Residual, index: int, block: int, *, is_counted: bool
    ) -> "_Detail | None":
        """Measure one slice; None where too little of it was changed to tell noise from blobs."""
        image = _coarse(source.values[index].astype(np.float32), block)
        change = _coarse(residual.in_units(index), block)
        if min(image.shape) < 2 * TILE:
            return None
        touched = ndimage.uniform_filter(
            (change != 0).astype(np.float32), INSIDE_PIXELS, mode="constant"
        )
        inside = np.asarray(touched > INSIDE)
        if inside.sum() < TILE * TILE:
            return None
        first, second = _band(image), _band(change)
        both = first + second
        with np.errstate(divide="ignore", invalid="ignore"):
            added = np.where(both != 0, second / both, 0.0).astype(np.float32)
        even = relative_sd(image, inside) if is_counted else np.float32(1.0)
        original, enhanced, changed = (
            _in_local_sds(one / even, inside) for one in (first, both, second)
        )
        return cls(image, np.abs(change / even), inside, original, enhanced, changed, added)

    def candidates(self, index: int, block: int) -> list[Spot]:
        """Return the outstanding places of the slice, the largest of each cell and kind."""
        original, enhanced = np.abs(self.original), np.abs(self.enhanced)
        added = self.inside & (self.added >= OWN_SHARE)
        found = [
            Spot(kind, index, block * row, block * column, size)
            for kind, sizes, other, where in (
                (SpotKind.ORIGINAL, original, enhanced, self.inside),
                (SpotKind.ENHANCED, enhanced, original, added),
            )
            for row, column, size in _peaks(np.where(where & (other < STANDS_OUT_SD), sizes, 0.0))
            if other[_around(row, column, NEAR)].max() < STANDS_OUT_SD
        ]
        edges = _peaks(np.where(self.inside, np.abs(self.change), 0.0))
        for row, column, size in edges[:EDGES_A_SLICE]:
            correlation = self._correlation(row, column)
            if correlation >= LEAST_CORRELATION:
                place = (block * row, block * column)
                found.append(Spot(SpotKind.EDGE, index, *place, size, correlation))
        return found

    def _correlation(self, row: int, column: int) -> float:
        """Return how the size of the change follows the edges within seven coarse pixels."""
        near = _around(row, column, WINDOW)
        edges = ndimage.gaussian_gradient_magnitude(self.image[near], INNER_PIXELS)
        size = ndimage.gaussian_filter(self.size[near], INNER_PIXELS)
        if edges.std() == 0 or size.std() == 0:
            return 0.0
        return float(np.corrcoef(edges.ravel(), size.ravel())[0, 1])


def relative_sd(image: Float32Array, inside: BoolArray) -> Float32Array:
    """Return the SD of the noise of counts, with a mean square of 1 inside, [row, column].

    It follows the square root of the signal after smoothing, and does not fall below `COLDEST`.
    """
    spread = counting_sd(image, 1.0, 1.0)
    even = math.sqrt(float(np.square(spread[inside]).mean()))
    if even == 0:
        return np.ones_like(image)
    return np.asarray(np.maximum(spread / np.float32(even), COLDEST), np.float32)


def _around(row: int, column: int, reach: int) -> tuple[slice, slice]:
    """Return the square of pixels within a reach."""
    rows, columns = (slice(max(0, at - reach), at + reach + 1) for at in (row, column))
    return rows, columns


def _coarse(image: Float32Array, block: int) -> Float32Array:
    """Return means of two by two pixels, or the image itself."""
    if block == 1:
        return image
    rows, columns = (length // 2 * 2 for length in image.shape)
    cut = image[:rows, :columns]
    total = cut[::2, ::2] + cut[1::2, ::2] + cut[::2, 1::2] + cut[1::2, 1::2]
    return np.asarray(total * np.float32(0.25), dtype=np.float32)


def _band(image: Float32Array) -> Float32Array:
    """Return the blob-sized detail: a narrow Gaussian less a wide one."""
    narrow = ndimage.gaussian_filter(image, INNER_PIXELS, truncate=3.0)
    wide = ndimage.gaussian_filter(image, OUTER_PIXELS, truncate=2.5)
    return np.asarray(narrow - wide, dtype=np.float32)


def _in_local_sds(detail: Float32Array, inside: BoolArray) -> Float32Array:
    """Return the detail divided by the robust SD of its tile and the tiles about it, 0 outside.

    One tile alone is too small to tell its SD well. What is quieter than half of the typical tile
    counts as half of it.
    """
    rows, columns = (length // TILE for length in detail.shape)
    some = np.abs(detail[: rows * TILE, : columns * TILE : 2]).reshape(rows, TILE, columns, -1)
    spread = MAD_TO_SD * np.median(some.swapaxes(1, 2).reshape(rows, columns, -1), axis=-1)
    is_real = inside[TILE // 2 :: TILE, TILE // 2 :: TILE][:rows, :columns] & (spread > 0)
    typical = float(np.median(spread[is_real])) if is_real.any() else 0.0
    if typical <= 0:
        return np.zeros_like(detail)
    share = ndimage.uniform_filter(is_real.astype(np.float64), 3, mode="constant")
    around = ndimage.uniform_filter(np.where(is_real, spread, 0.0), 3, mode="constant")
    spread = np.maximum(around / np.maximum(share, 1e-9), QUIETEST * typical)
    wide = np.pad(spread, ((0, 1), (0, 1)), mode="edge").repeat(TILE, 0).repeat(TILE, 1)
    local = wide[: detail.shape[0], : detail.shape[1]]
    return np.asarray(np.where(inside, detail / local, 0.0), dtype=np.float32)


def _peaks(sizes: npt.NDArray[np.floating]) -> list[tuple[int, int, float]]:
    """Return (row, column, size) of the largest of each cell above 3 SD, the largest first."""
    rows, columns = (length // CELL for length in sizes.shape)
    cells = sizes[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL)
    flat = cells.swapaxes(1, 2).reshape(rows * columns, CELL * CELL)
    best = flat.argmax(axis=1)
    highest = flat[np.arange(len(flat)), best]
    order = np.argsort(-highest)
    return [
        (
            int(cell // columns * CELL + best[cell] // CELL),
            int(cell % columns * CELL + best[cell] % CELL),
            float(highest[cell]),
        )
        for cell in order[: np.count_nonzero(highest >= STANDS_OUT_SD)]
    ]


def _apart(found: list[Spot], spacing_mm: tuple[float, float, float]) -> tuple[Spot, ...]:
    """Return the heaviest of each kind that do not lie close to a heavier one; blobs go first."""
    kept: list[Spot] = []
    for spot in sorted(found, key=lambda one: (one.kind is SpotKind.EDGE, -one.weight)):
        if sum(other.kind is spot.kind for other in kept) >= MOST_OF_A_KIND:
            continue
        if all(_distance_mm(spot, other, spacing_mm) >= APART_MM for other in kept):
            kept.append(spot)
        if len(kept) >= len(SpotKind) * MOST_OF_A_KIND:
            break
    return tuple(sorted(kept, key=lambda one: -one.size_sd)[:MOST])


def _distance_mm(one: Spot, other: Spot, spacing_mm: tuple[float, float, float]) -> float:
    steps = (
        one.slice_index - other.slice_index,
        one.row - other.row,
        one.column - other.column,
    )
    pairs = zip(steps, spacing_mm, strict=True)
    return float(np.hypot.reduce([step * mm if step else 0.0 for step, mm in pairs]))
