"""How strong the noise of a series is and how fine its grain, measured from the slices alone.

"Noise SD" means here, in training and at inference the standard deviation of the noise in tissue
of the reconstructed slices, after kernel and slice thickness, in modality units: in soft tissue
for CT, where there is signal for other modalities. "Mean frequency" is the
mean of the radial noise power spectrum, sum(f NPS(f)) / sum(NPS(f)) up to Nyquist.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.ndimage
from numpy.lib.stride_tricks import sliding_window_view

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
IndexArray = npt.NDArray[np.intp]
_Any = TypeVar("_Any", bound=np.generic)

Span = tuple[float, float]

SOFT_TISSUE_HU: Span = (-180.0, 220.0)
_SIGNAL_SHARE = 0.25
_FINE_PIXELS = 1.5
_MASK_PIXELS = 2.5
_EDGE_PIXELS = 3
_BLOCK_SIZES = (32, 24, 16)
_LEVEL_BLOCK = 16
_MAD_TO_SD = 1.4826
QUIET_SHARE = 0.3
"""Of all blocks, those with the least coarse structure, in which noise is measured."""
MAGNITUDE_QUIET_SHARE = 0.1
"""The same for MR, where grey and white matter are next to each other nearly everywhere."""
_FEWEST_BLOCKS = 4
_MOST_SLICES = 9
_MOST_BLOCKS = 4096
"""Of a plane: more say nothing new, and those of a large radiograph would fill the memory."""


@dataclass(frozen=True, slots=True)
class NoiseEstimate:
    """Noise of a series.

    Attributes
    ----------
    sd : standard deviation over tissue of the slices looked at, modality units.
    mean_frequency_per_mm : of the radial noise power spectrum, cycles per mm.
    blocks : number of homogeneous blocks the spectrum comes from.
    fine_share : SD of the fine detail (above a Gaussian of 1.5 pixels) divided by `sd`; turns a
        local fine SD into a noise SD.
    tissue : range of values that counted as tissue.
    quiet_share : share of blocks that the level is of.
    """

    sd: float
    mean_frequency_per_mm: float
    blocks: int
    fine_share: float
    tissue: Span = SOFT_TISSUE_HU
    quiet_share: float = QUIET_SHARE


@dataclass(frozen=True, slots=True, eq=False)
class _Plane:
    """A slice, or a difference of two: values, smoothed values, fine detail, soft tissue."""

    values: FloatArray
    smooth: FloatArray
    fine: FloatArray
    soft: BoolArray

    @classmethod
    def of(cls, plane: npt.NDArray[np.generic], span: Span) -> _Plane:
        values = np.asarray(plane, np.float32)
        smooth = smoothed(values)
        return cls(values, smooth, fine_detail(values), tissue(smooth, span))

    def difference(self, following: npt.NDArray[np.generic], span: Span) -> _Plane:
        """Next slice less this one, where both are tissue."""
        values = np.asarray(following, np.float32)
        smooth, less = smoothed(values), values - self.values
        soft = self.soft & tissue(smooth, span)
        return _Plane(less, smooth - self.smooth, fine_detail(less), soft)


def signal_range(values: npt.NDArray[np.generic]) -> Span:
    """Values that count as signal where there is no fixed scale: above a quarter of the bright.

    Bright is the 98th percentile of the smoothed slices [slice, row, column].
    """
    planes = [smoothed(np.asarray(plane, np.float32)) for plane in values[:: len(values) // 9 + 1]]
    bright = float(np.percentile(np.stack(planes)[:, ::4, ::4], 98))
    return (_SIGNAL_SHARE * bright, np.inf)


def estimate_noise(
    values: npt.NDArray[np.generic],
    spacing_mm: tuple[float, float],
    span: Span = SOFT_TISSUE_HU,
    quiet_share: float = QUIET_SHARE,
) -> NoiseEstimate | None:
    """Noise SD and NPS mean frequency of slices.

    Parameters
    ----------
    values : [slice, row, column] or [row, column]; up to nine slices, evenly spread, are used.
    spacing_mm : row and column spacing.
    span : smoothed values that count as tissue: soft tissue in HU, else see `signal_range`.
    quiet_share : share of blocks, those with the least coarse structure, that the level is of.

    Returns
    -------
    None where there is too little tissue to measure in (fewer than four homogeneous blocks of
    16 x 16 pixels).

    Notes
    -----
    The level is the median of a robust SD of the fine detail over the share of soft tissue with
    the least coarse structure. The shape (share of fine detail in all noise, mean frequency) comes
    from the most homogeneous blocks of the slices or of differences of neighbouring slices, whose
    anatomy cancels: whichever shows the finer spectrum, since anatomy only adds coarse power.
    """
    stack = values if values.ndim == 3 else values[None]
    chosen = np.unique(np.linspace(0, len(stack) - 1, min(len(stack), _MOST_SLICES)).astype(int))
    planes = [_Plane.of(stack[index], span) for index in chosen]
    differences = [
        plane.difference(stack[index + 1], span)
        for plane, index in zip(planes, chosen, strict=True)
        if index + 1 < len(stack)
    ]
    candidates = [_quiet_blocks(planes), _quiet_blocks(differences)]
    quiet = max((one for one in candidates if one is not None), key=_fine_share, default=None)
    levels = np.concatenate([_block_levels(plane) for plane in planes])
    if quiet is None or len(levels) < _FEWEST_BLOCKS:
        return None
    fine_share = _fine_share(quiet)
    return NoiseEstimate(
        sd=_typical(levels, quiet_share) / fine_share,
        mean_frequency_per_mm=mean_frequency(quiet, float(np.mean(spacing_mm))),
        blocks=len(quiet),
        fine_share=fine_share,
        tissue=span,
        quiet_share=quiet_share,
    )


def slice_sd(plane: npt.NDArray[np.generic], estimate: NoiseEstimate) -> float:
    """Noise SD of one slice [row, column]; the series' own figure where it has no tissue."""
    levels = _block_levels(_Plane.of(plane, estimate.tissue))
    if len(levels) < _FEWEST_BLOCKS:
        return estimate.sd
    return _typical(levels, estimate.quiet_share) / estimate.fine_share


def block_levels(image: FloatArray) -> tuple[npt.NDArray[np.floating], ...]:
    """Mean, robust SD of the fine detail, and SD of the rest, of every 16 x 16 block, [block]."""
    smooth, fine = _tiled(smoothed(image)), _tiled(fine_detail(image))
    levels = _MAD_TO_SD * np.median(np.abs(fine), axis=1)
    return smooth.mean(axis=1), levels, smooth.std(axis=1, dtype=np.float64)


def fine_detail(plane: FloatArray) -> FloatArray:
    """What a Gaussian of 1.5 pixels takes away."""
    return np.asarray(plane - scipy.ndimage.gaussian_filter(plane, _FINE_PIXELS), np.float32)


def smoothed(plane: FloatArray) -> FloatArray:
    """Plane without its detail, a Gaussian of 2.5 pixels."""
    return np.asarray(scipy.ndimage.gaussian_filter(plane, _MASK_PIXELS), np.float32)


def tissue(smooth: FloatArray, span: Span) -> BoolArray:
    """Pixels in a range of a smoothed plane, at least three pixels away from any other."""
    soft = (smooth > span[0]) & (smooth < span[1])
    return np.asarray(scipy.ndimage.minimum_filter(soft, 2 * _EDGE_PIXELS + 1), np.bool_)


def mean_frequency(blocks: FloatArray, pixel_mm: float) -> float:
    """Mean frequency in cycles per mm of detrended square blocks [block, row, column]."""
    frequency, radial = noise_power(blocks, pixel_mm)
    return float(np.sum(frequency * radial) / np.sum(radial))


def noise_power(blocks: FloatArray, pixel_mm: float) -> tuple[FloatArray, FloatArray]:
    """Radial noise power spectrum of detrended square blocks [block, row, column].

    Returns
    -------
    Frequencies in cycles per mm up to Nyquist, and the power at each in squared units times mm^2.

    Source: ICRU Report 87, 2012; a Hann window keeps coarse power from leaking.
    """
    window = np.hanning(blocks.shape[-1] + 2)[1:-1]
    taper = np.outer(window, window)
    power = np.abs(scipy.fft.fft2(blocks * taper)) ** 2
    frequency, radial = _radial(power.mean(axis=0))
    scale = pixel_mm**2 / float(np.sum(taper**2))
    return frequency / np.float32(pixel_mm), radial * np.float32(scale)


def _quiet_blocks(planes: list[_Plane]) -> FloatArray | None:
    """The most homogeneous detrended blocks [block, row, column], as large as there are."""
    for size in _BLOCK_SIZES:
        found = [_blocks_with_ratios(plane, size) for plane in planes]
        blocks = np.concatenate([part for part, _ in found]) if found else np.empty(0)
        if len(blocks) >= _FEWEST_BLOCKS:
            ratios = np.concatenate([part for _, part in found])
            count = max(int(len(ratios) * QUIET_SHARE), _FEWEST_BLOCKS)
            return np.asarray(blocks[np.argsort(ratios)[:count]], np.float32)
    return None


def _blocks_with_ratios(plane: _Plane, size: int) -> tuple[FloatArray, FloatArray]:
    """Detrended blocks of one plane [block, row, column], and their SD over that of fine detail.

    Blocks without any fine detail are left out.
    """
    if min(plane.values.shape) < size:
        return np.empty((0, size, size), np.float32), np.empty(0, np.float32)
    corners = _whole_blocks(plane.soft, size)
    levels = _robust_sds(sliding_window_view(plane.fine, (size, size))[corners])
    blocks = _detrended(sliding_window_view(plane.values, (size, size))[corners])[levels > 0.0]
    return blocks, blocks.std(axis=(1, 2), dtype=np.float64) / levels[levels > 0.0]


def _fine_share(blocks: FloatArray) -> float:
    """SD of the fine detail divided by the SD of all noise, from the blocks' spectrum."""
    power = (np.abs(scipy.fft.fft2(blocks)) ** 2).mean(axis=0)
    gain = 1.0 - np.exp(-2.0 * (np.pi * _frequencies(blocks.shape[-1]) * _FINE_PIXELS) ** 2)
    return float(np.sqrt(np.sum(power * gain**2) / np.sum(power)))


@cache
def _frequencies(size: int) -> FloatArray:
    axis = np.fft.fftfreq(size)
    return np.asarray(np.hypot(axis[:, None], axis[None, :]), np.float32)


def _radial(power: npt.NDArray[np.floating]) -> tuple[FloatArray, FloatArray]:
    size = power.shape[-1]
    bins = np.arange(1, size // 2 + 1)
    ring = np.round(_frequencies(size) * size).astype(int)
    total = np.bincount(ring.ravel(), power.ravel(), minlength=size)
    count = np.bincount(ring.ravel(), minlength=size)
    radial = total[bins] / np.maximum(count[bins], 1)
    return (bins / size).astype(np.float32), radial.astype(np.float32)


def _typical(levels: FloatArray, share: float) -> float:
    """Median fine SD of the share of blocks whose coarse SD (second column) is the lowest."""
    order = np.argsort(levels[:, 1])
    count = max(round(len(order) * share), _FEWEST_BLOCKS)
    return float(np.median(levels[order[:count], 0]))


def _robust_sds(blocks: FloatArray) -> FloatArray:
    """Robust SD around zero of each block [block, row, column]."""
    flat = np.abs(blocks).reshape(len(blocks), blocks.shape[1] * blocks.shape[2])
    return np.asarray(_MAD_TO_SD * np.median(flat, axis=1), np.float64)


def _block_levels(plane: _Plane) -> FloatArray:
    """Robust SD of the fine detail, and SD of the rest, of every 16 x 16 block.

    Blocks that are less than half soft tissue are left out, and those without any detail, such as
    where a detector was saturated. Coarse structure is how anatomy shows
    itself: choosing blocks by it does not bias the fine noise that is measured in them.

    Returns
    -------
    Shape (blocks, 2).
    """
    tiled = [_tiled(image) for image in (plane.soft, plane.fine, plane.smooth)]
    enough = tiled[0].mean(axis=1) >= 0.5
    inside, fine, coarse = (tiles[enough] for tiles in tiled)
    spread = np.std(coarse, axis=1, dtype=np.float64, where=inside)
    levels = np.column_stack([_MAD_TO_SD * _masked_median(np.abs(fine), inside), spread])
    return np.asarray(levels[levels[:, 0] > 0.0])


def _masked_median(values: FloatArray, inside: BoolArray) -> FloatArray:
    """Median along the second axis of the values that are inside; each row has at least one."""
    ordered = np.sort(np.where(inside, values, np.inf), axis=1)
    count = np.count_nonzero(inside, axis=1)
    places = np.stack([(count - 1) // 2, count // 2], axis=1)
    return np.asarray(np.take_along_axis(ordered, places, axis=1).mean(axis=1), np.float32)


def _tiled(image: npt.NDArray[_Any]) -> npt.NDArray[_Any]:
    """The whole 16 x 16 blocks of an image [block, pixel]."""
    rows, columns = (size // _LEVEL_BLOCK for size in image.shape)
    cut = image[: rows * _LEVEL_BLOCK, : columns * _LEVEL_BLOCK]
    parts = cut.reshape(rows, _LEVEL_BLOCK, columns, _LEVEL_BLOCK).swapaxes(1, 2)
    return parts.reshape(rows * columns, _LEVEL_BLOCK**2)


def _whole_blocks(soft: BoolArray, size: int) -> tuple[IndexArray, IndexArray]:
    """Corner rows and columns of square blocks of nothing but soft tissue, half a block apart."""
    half = size // 2
    rows, columns = (length // half for length in soft.shape)
    cut = soft[: rows * half, : columns * half].reshape(rows, half, columns, half)
    full = np.asarray(cut.all(axis=(1, 3)), np.bool_)
    row, column = np.nonzero(full[:-1, :-1] & full[:-1, 1:] & full[1:, :-1] & full[1:, 1:])
    step = -(-len(row) // _MOST_BLOCKS) or 1
    return row[::step] * half, column[::step] * half


@cache
def _trend(size: int) -> FloatArray:
    axis = np.linspace(-1.0, 1.0, size)
    y, x = np.meshgrid(axis, axis, indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * y, x**2, y**2]).reshape(6, -1)
    basis, _ = np.linalg.qr(terms.T)
    return np.asarray(basis, np.float32)


def _detrended(blocks: FloatArray) -> FloatArray:
    """Blocks [block, row, column] less their best quadratic surfaces."""
    flat = blocks.reshape(len(blocks), blocks.shape[1] * blocks.shape[2])
    flat = flat - flat.mean(axis=1, keepdims=True)
    basis = _trend(blocks.shape[-1])
    return np.asarray((flat - (flat @ basis) @ basis.T).reshape(blocks.shape), np.float32)
