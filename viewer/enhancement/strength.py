"""From a strength between 0 and 1 to the one blend factor of a series.

For denoisers the strength is the cut of the noise SD in flat regions. With source x and
full-strength residual r, the noise of x + a r there is sqrt(Vx + 2 a C + a^2 Vr); the factor a is
the smaller root of that set equal to (1 - strength) sqrt(Vx). Regions and variances are taken from
the source on a sample of slices before the first enhanced pixel is shown.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from viewer.core.arrays import AnyArray, BoolArray, FloatArray
from viewer.core.errors import InvalidStrength
from viewer.enhancement.method import Float32Array, Processor, Region, SourceSlices

DEFAULT_STRENGTH = 0.4
SAMPLED_SLICES = 8
PATCH = 96
BLOCKS_MM = (12.0, 6.0)
BLOCK_PIXELS = (8, 32)
FEW_SLICES = 3
NOISE_AT_MOST = 2.0
"""Blocks whose SD is more than this many times the measured noise were not flat after all."""
FLATTEST_SHARE = 20
FLAT_FACTOR = 1.4
OUTLIER = 1.6
"""Blocks of more than this times the median variance hold something else than noise."""
FEWEST_BLOCKS = 12
FEWEST_SLICES = 4
UNUSUAL = 2.0
"""A slice on which the residual has this many times more or less of the variance is left out."""
SMOOTHING_PIXELS = 2.0
TISSUE_HU = (-150.0, 250.0)


@dataclass(frozen=True, slots=True)
class Blend:
    """The factor on the residual, and the noise cut that it gives (None: not a noise cut)."""

    factor: float
    reached: float | None


@dataclass(frozen=True, slots=True)
class FlatNoise:
    """Pooled variances in flat regions: of the source, of the residual, and their covariance.

    `blocks` counts the regions of about 12 x 12 mm that they come from.
    """

    variance: float
    covariance: float
    residual_variance: float
    blocks: int

    def reached(self, factor: float) -> float:
        """Return the fraction by which the noise SD falls at a blend factor."""
        left = self.variance + factor * (2 * self.covariance + factor * self.residual_variance)
        return 1.0 - math.sqrt(max(0.0, left) / self.variance)

    def blend(self, strength: float) -> Blend:
        """Return the factor, at most 1, whose noise cut is nearest to `strength` from below.

        Raises
        ------
        InvalidStrength : outside 0 to 1.
        """
        asked = checked_strength(strength)
        if self.covariance >= 0 or self.residual_variance <= 0:
            return Blend(0.0, 0.0)  # no factor cuts the noise
        best = min(1.0, -self.covariance / self.residual_variance)
        surplus = self.variance * (1.0 - (1.0 - asked) ** 2)
        root = self.covariance**2 - self.residual_variance * surplus
        factor = best
        if root >= 0:
            factor = min(best, (-self.covariance - math.sqrt(root)) / self.residual_variance)
        return Blend(factor, self.reached(factor))


def checked_strength(strength: float) -> float:
    """Return a strength that is between 0 and 1.

    Raises
    ------
    InvalidStrength : anything else, not-a-number included.
    """
    if not 0.0 <= strength <= 1.0:
        raise InvalidStrength(
            f"A strength of {strength:g} is not between 0 and 1.",
            "Strength is a fraction: 0.4 means 40 %.",
            "Give a number from 0 to 1.",
        )
    return float(strength)


@dataclass(frozen=True, slots=True, eq=False)
class FlatPatch:
    """A part of one slice and the flat blocks in it.

    `blocks` are (row, column) of their first pixel, counted from the region's; `size` their edge.
    """

    index: int
    region: Region
    blocks: tuple[tuple[int, int], ...]
    size: int


def block_sizes(source: SourceSlices) -> tuple[int, ...]:
    """Return edges in pixels to try: regions as a reader would draw them, 12 mm, else 6 mm."""
    pixel_mm = float(np.mean(source.spacing_mm[1:]))
    return tuple(int(np.clip(round(edge / pixel_mm), *BLOCK_PIXELS)) for edge in BLOCKS_MM)


def flat_patches(source: SourceSlices) -> tuple[FlatPatch, ...]:
    """Return the part with most flat blocks, and these blocks, from each of up to eight slices.

    Flat is what has little structure left after smoothing: at most 1.4 times what the flattest
    twentieth of all blocks has, so that places where the noise happens to be low are hardly
    favoured, and no more than twice the measured noise before smoothing. In CT only soft tissue
    counts; elsewhere a slope is taken off first. Empty where too little is flat, even in small
    blocks.
    """
    ends = np.linspace(0, source.count - 1, min(SAMPLED_SLICES, source.count) + 2)
    chosen = np.unique(ends.round().astype(int)[1:-1]) if source.count > 2 else range(source.count)
    for size in block_sizes(source):
        if min(source.values.shape[1:]) < size:
            continue
        structures = {int(index): _structure(source, int(index), size) for index in chosen}
        finite = np.concatenate([one[np.isfinite(one)] for one in structures.values()])
        if finite.size < FEWEST_BLOCKS:
            continue
        flattest = np.sort(finite)[max(FEWEST_BLOCKS, finite.size // FLATTEST_SHARE) - 1]
        limit = FLAT_FACTOR * float(flattest)
        cut = _whole_slice if len(structures) <= FEW_SLICES else _densest_part
        patches = [cut(index, one <= limit, size) for index, one in structures.items()]
        if sum(len(patch.blocks) for patch in patches) >= FEWEST_BLOCKS:
            return tuple(patch for patch in patches if patch.blocks)
    return ()


def _whole_slice(index: int, flat: BoolArray, size: int) -> FlatPatch:
    """Return a slice with all its flat blocks, for series too short to sample."""
    blocks = tuple((int(row) * size, int(column) * size) for row, column in np.argwhere(flat))
    rows, columns = flat.shape
    return FlatPatch(index, (0, rows * size, 0, columns * size), blocks, size)


def _structure(source: SourceSlices, index: int, size: int) -> FloatArray:
    """Return the SD of each block after smoothing, in noise SDs; infinite where it is not flat."""
    image = source.values[index].astype(np.float32)
    noise_sd = float(source.noise_sd[index])
    smooth = ndimage.gaussian_filter(image, SMOOTHING_PIXELS, mode="nearest", truncate=3.0)
    coarse, whole = (_level_blocks(source, one, size).std(axis=(2, 3)) for one in (smooth, image))
    structure = np.asarray(coarse, dtype=np.float64)
    if noise_sd > 0:
        structure /= noise_sd
        structure[whole > NOISE_AT_MOST * noise_sd] = np.inf
    structure[~_tissue_blocks(image, source.slice_mask(index), source.unit, size)] = np.inf
    return structure


def _densest_part(index: int, flat: BoolArray, size: int) -> FlatPatch:
    """Return the square of blocks that holds most of the flat ones."""
    across = min(max(3, PATCH // size), *flat.shape)
    counts = np.lib.stride_tricks.sliding_window_view(flat, (across, across)).sum(axis=(2, 3))
    row, column = (int(place) for place in np.unravel_index(int(counts.argmax()), counts.shape))
    inside = np.argwhere(flat[row : row + across, column : column + across])
    blocks = tuple((int(down) * size, int(right) * size) for down, right in inside)
    top, left, edge = row * size, column * size, across * size
    return FlatPatch(index, (top, top + edge, left, left + edge), blocks, size)


def _blocks(image: npt.NDArray[np.floating], size: int) -> npt.NDArray[np.floating]:
    """Return the image cut into whole blocks, [block row, block column, row, column]."""
    rows, columns = (length // size for length in image.shape)
    cut = image[: rows * size, : columns * size]
    return cut.reshape(rows, size, columns, size).swapaxes(1, 2)


def _level_blocks(
    source: SourceSlices, image: npt.NDArray[np.floating], size: int
) -> npt.NDArray[np.floating]:
    blocks = _blocks(image, size)
    return blocks if source.unit == "HU" else levelled(blocks)


def levelled(blocks: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Return square blocks [..., row, column] less their means and best planes.

    Coil fields and thickness make every place of an MR image or radiograph slope.
    """
    size = blocks.shape[-1]
    side = np.linspace(-1.0, 1.0, size, dtype=blocks.dtype)
    share = 1.0 / (size * (side @ side))
    down = (blocks.sum(axis=-1) @ side * share)[..., None, None] * side[:, None]
    across = (blocks.sum(axis=-2) @ side * share)[..., None, None] * side[None, :]
    return np.asarray(blocks - blocks.mean(axis=(-2, -1), keepdims=True) - down - across)


def _tissue_blocks(image: Float32Array, mask: BoolArray | None, unit: str, size: int) -> BoolArray:
    """Return which blocks are wholly real and lie in tissue (for CT) or signal (otherwise)."""
    blocks = _blocks(image, size)
    means, lowest = blocks.mean(axis=(2, 3)), blocks.min(axis=(2, 3))
    real = np.ones(means.shape, dtype=np.bool_)
    if mask is not None:
        real = np.asarray(_blocks(mask.astype(np.float32), size).min(axis=(2, 3)) > 0)
    real &= blocks.max(axis=(2, 3)) > lowest
    if unit == "HU":
        return np.asarray(real & (means > TISSUE_HU[0]) & (means < TISSUE_HU[1]))
    if not real.any():
        return real
    return np.asarray(real & (means > 0.25 * np.percentile(means[real], 98)))


def flat_noise(
    source: SourceSlices, processor: Processor, patches: Sequence[FlatPatch]
) -> FlatNoise | None:
    """Run the method on the patches and pool the variances in their flat blocks.

    Returns
    -------
    None where there are too few flat blocks, or where they carry no noise at all: then a noise
    cut cannot be measured.

    Notes
    -----
    A slice on which the method does much less or much more than on most, such as one between two
    parts of a phantom, does not set the strength of all others.
    """
    found: list[tuple[float, float, float]] = []
    places: list[int] = []
    for patch in patches:
        top, bottom, left, right = patch.region
        values = source.values[patch.index, top:bottom, left:right].astype(np.float64)
        residual = processor.residuals((patch.index,), patch.region)[0].astype(np.float64)
        for row, column in patch.blocks:
            area = np.s_[row : row + patch.size, column : column + patch.size]
            pair = np.stack([values[area], residual[area]])
            pair = pair if source.unit == "HU" else levelled(pair)
            together = np.cov(pair[0].ravel(), pair[1].ravel(), bias=True)
            found.append((together[0, 0], together[0, 1], together[1, 1]))
            places.append(patch.index)
    moments = np.asarray(found).reshape(-1, 3)
    if found:
        kept = moments[:, 0] <= OUTLIER * np.median(moments[:, 0])
        kept &= _on_usual_slices(moments, np.asarray(places), kept)
        moments = moments[kept]
    if len(moments) < FEWEST_BLOCKS or not moments[:, 0].any():
        return None
    variance, covariance, residual_variance = (float(mean) for mean in moments.mean(axis=0))
    return FlatNoise(variance, covariance, residual_variance, len(moments))


def _on_usual_slices(moments: FloatArray, places: AnyArray, kept: BoolArray) -> BoolArray:
    """Return which blocks lie on slices whose share of residual variance is the usual one.

    Usual is from 1 / `UNUSUAL` to `UNUSUAL` times the median slice's; with fewer than four
    slices every one is.
    """
    indices = np.unique(places)
    if len(indices) < FEWEST_SLICES:
        return np.ones(len(moments), dtype=np.bool_)
    shares = []
    for index in indices:
        variance, _, residual = moments[(places == index) & kept].reshape(-1, 3).sum(axis=0)
        shares.append(residual / variance if variance > 0 else 0.0)
    ratio = np.asarray(shares) / max(float(np.median(shares)), 1e-12)
    usual = indices[(ratio > 1 / UNUSUAL) & (ratio < UNUSUAL)]
    return np.isin(places, usual)
