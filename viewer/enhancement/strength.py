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

from viewer.core.arrays import BoolArray, FloatArray
from viewer.core.errors import InvalidStrength
from viewer.enhancement.method import Float32Array, Processor, Region, SourceSlices

DEFAULT_STRENGTH = 0.4
SAMPLED_SLICES = 8
PATCH = 96
BLOCK = 24
BLOCKS_PER_PATCH = 8
FEWEST_BLOCKS = 6
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

    `blocks` counts the regions of 24 x 24 pixels that they come from.
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
    """A part of one slice and the flat blocks in it, as (row, column) of their first pixel."""

    index: int
    region: Region
    blocks: tuple[tuple[int, int], ...]


def flat_patches(source: SourceSlices) -> tuple[FlatPatch, ...]:
    """Return one patch with its flattest blocks from each of up to eight slices.

    Flat means little structure left after smoothing, so that the choice does not favour places
    where the noise happens to be low. In CT only blocks of soft tissue count where there are any.
    """
    count = min(SAMPLED_SLICES, source.count)
    indices = np.unique(np.linspace(0, source.count - 1, count + 2).round().astype(int)[1:-1])
    if source.count <= 2:
        indices = np.arange(source.count)
    patches = (_flat_patch(source, int(index)) for index in indices)
    return tuple(patch for patch in patches if patch is not None)


def _flat_patch(source: SourceSlices, index: int) -> FlatPatch | None:
    """Return the flattest patch of a slice, None where nothing in it is tissue."""
    image = source.values[index].astype(np.float32)
    if min(image.shape) < BLOCK:
        return None
    structure = _block_structure(image)
    structure[~_tissue_blocks(image, source.slice_mask(index), source)] = np.inf
    size = min(PATCH // BLOCK, *structure.shape)
    windows = np.lib.stride_tricks.sliding_window_view(structure, (size, size))
    flat = np.sort(windows.reshape(*windows.shape[:2], -1), axis=-1)[..., :BLOCKS_PER_PATCH]
    usable = np.isfinite(flat)
    score = np.where(usable, flat, 0.0).sum(axis=-1) / np.maximum(1, usable.sum(axis=-1))
    score = score + np.where(usable.sum(axis=-1) < min(4, flat.shape[-1]), np.inf, 0.0)
    if not np.isfinite(score).any():
        return None
    row, column = np.unravel_index(int(np.argmin(score)), score.shape)
    return _patch(index, structure, int(row), int(column), size)


def _patch(index: int, structure: FloatArray, row: int, column: int, size: int) -> FlatPatch:
    inside = structure[row : row + size, column : column + size]
    places = np.argsort(inside, axis=None)[:BLOCKS_PER_PATCH]
    blocks = tuple(
        (int(place // size) * BLOCK, int(place % size) * BLOCK)
        for place in places
        if np.isfinite(inside.flat[place])
    )
    edge = size * BLOCK
    region = (row * BLOCK, row * BLOCK + edge, column * BLOCK, column * BLOCK + edge)
    return FlatPatch(index, region, blocks)


def _blocks(image: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Return the image cut into whole blocks, [block row, block column, row, column]."""
    rows, columns = (size // BLOCK for size in image.shape)
    cut = image[: rows * BLOCK, : columns * BLOCK]
    return cut.reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2)


def _block_structure(image: Float32Array) -> FloatArray:
    """Return the SD of each block after smoothing, noise mostly gone."""
    smooth = ndimage.gaussian_filter(image, SMOOTHING_PIXELS, mode="nearest", truncate=3.0)
    return np.asarray(_blocks(smooth).std(axis=(2, 3)), dtype=np.float64)


def _tissue_blocks(image: Float32Array, mask: BoolArray | None, source: SourceSlices) -> BoolArray:
    """Return which blocks are wholly real and lie in tissue (for CT) or signal (otherwise)."""
    blocks = _blocks(image)
    means, lowest = blocks.mean(axis=(2, 3)), blocks.min(axis=(2, 3))
    real = np.ones(means.shape, dtype=np.bool_)
    if mask is not None:
        real = np.asarray(_blocks(mask.astype(np.float32)).min(axis=(2, 3)) > 0)
    real &= blocks.max(axis=(2, 3)) > lowest
    if source.unit == "HU":
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
    """
    sums = np.zeros(3)
    blocks = 0
    for patch in patches:
        top, bottom, left, right = patch.region
        values = source.values[patch.index, top:bottom, left:right].astype(np.float64)
        residual = processor.residuals((patch.index,), patch.region)[0].astype(np.float64)
        for row, column in patch.blocks:
            area = np.s_[row : row + BLOCK, column : column + BLOCK]
            together = np.cov(values[area].ravel(), residual[area].ravel(), bias=True)
            sums += (together[0, 0], together[0, 1], together[1, 1])
            blocks += 1
    if blocks < FEWEST_BLOCKS or sums[0] <= 0:
        return None
    variance, covariance, residual_variance = (float(total) / blocks for total in sums)
    return FlatNoise(variance, covariance, residual_variance, blocks)
