"""The noise of a series as a method is told: one SD per slice and the frequency of the noise."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from viewer.core.arrays import AnyArray, BoolArray, FloatArray
from viewer.core.volume import Acquired, Frames, Volume
from viewer.enhancement.method import Float32Array, SourceSlices
from viewer.enhancement.noise import (
    MAGNITUDE_QUIET_SHARE,
    QUIET_SHARE,
    estimate_noise,
    signal_range,
    slice_sd,
)

SAMPLED_SLICES = 8
BLOCK = 8
MAD_TO_SD = 1.4826
SATURATED_SHARE = 0.01
"""More pixels than this at the highest value are no accident."""
NOT_MAGNITUDE = frozenset({"HU", "SUVbw", "BQML", "CNTS", "GML"})
"""Units of CT and PET; slices in others are MR for the most part."""
COUNTING_PIXELS = 2.0
METAL_HU = 3000
"""Enamel reaches about 3000 HU; scanners without an extended scale end at 3071."""
LAPLACIAN_GAIN = 6.0
"""SD of the answer of the kernel in `plain_noise_sd` to white noise of SD 1."""


@dataclass(frozen=True, slots=True, eq=False)
class NoiseProfile:
    """Noise along a series.

    `sd` is float32, one value per slice in modality units; `typical_sd` their median;
    `frequency_per_mm` is the mean frequency of the noise power spectrum. All 0 where nothing could
    be measured; the frequency also where only the SD could. `typical_signal` is the median value
    of what shows signal, 0 for HU, which have no zero of their own.
    """

    sd: Float32Array
    typical_sd: float
    frequency_per_mm: float
    typical_signal: float = 0.0

    @property
    def is_measured(self) -> bool:
        """True when noise was found."""
        return self.typical_sd > 0

    @property
    def snr(self) -> float:
        """Signal over noise; 0 where there is no such figure."""
        return self.typical_signal / self.typical_sd if self.is_measured else 0.0


def noise_profile(
    values: AnyArray,
    spacing_mm: tuple[float, float],
    unit: str,
    mask: BoolArray | None = None,
    quiet_share: float = QUIET_SHARE,
) -> NoiseProfile:
    """Measure up to eight slices spread over a series and interpolate the others.

    Parameters
    ----------
    values : [slice, row, column] in modality units.
    spacing_mm : (row, column).
    unit : "HU" measures in soft tissue, anything else wherever there is signal.
    mask : False where a pixel is padding.
    quiet_share : see `noise.estimate_noise`; for values that are no HU.
    """
    count = len(values)
    nothing = NoiseProfile(np.zeros(count, dtype=np.float32), 0.0, 0.0)
    places = np.unique(np.linspace(0, count - 1, min(SAMPLED_SLICES, count)).round().astype(int))
    if unit != "HU":
        return _signal_profile(values, spacing_mm, mask, places, quiet_share)
    estimate = estimate_noise(values[places], spacing_mm)
    if estimate is None or not estimate.sd > 0:
        return nothing
    sds = [slice_sd(values[place], estimate) for place in places]
    return _interpolated(count, places, sds, estimate.mean_frequency_per_mm)


def _signal_profile(
    values: AnyArray,
    spacing_mm: tuple[float, float],
    mask: BoolArray | None,
    places: AnyArray,
    quiet_share: float,
) -> NoiseProfile:
    """Measure where there is signal; too small images for a spectrum give an SD alone.

    The spectrum is taken from neighbouring slices, whose anatomy cancels, wherever there are any.
    """
    real = values if mask is None else np.where(mask, values, np.zeros((), values.dtype))
    planes = real[places].astype(np.float32)
    span = signal_range(planes)
    signal = planes[planes > span[0]]
    level = float(np.median(signal)) if signal.size else 0.0
    estimate = estimate_noise(real, spacing_mm, span, quiet_share) if level > 0 else None
    if estimate is not None and estimate.sd > 0:
        sds = [slice_sd(plane, estimate) for plane in planes]
        return _interpolated(len(values), places, sds, estimate.mean_frequency_per_mm, level)
    masks = [None if mask is None else mask[place] for place in places]
    sds = [plain_noise_sd(values[p], real) for p, real in zip(places, masks, strict=True)]
    return _interpolated(len(values), places, sds, 0.0, level)


def _interpolated(
    count: int,
    places: AnyArray,
    sds: list[float],
    frequency_per_mm: float,
    signal: float = 0.0,
) -> NoiseProfile:
    sd = np.interp(np.arange(count), places, sds).astype(np.float32)
    return NoiseProfile(sd, float(np.median(sd)), frequency_per_mm, signal)


def counting_sd(image: Float32Array, typical: float, sd: float) -> Float32Array:
    """Return a map of the noise SD of an image of counts, whose variance follows the activity.

    Parameters
    ----------
    image : noisy values [row, column]; smoothed by two pixels they tell the activity.
    typical, sd : the activity at which the noise SD was measured, and that SD.
    """
    around = np.maximum(ndimage.gaussian_filter(image, COUNTING_PIXELS), 0.0)
    return np.asarray(sd * np.sqrt(around / np.float32(max(typical, 1e-12))), np.float32)


def plain_noise_sd(image: AnyArray, mask: BoolArray | None = None) -> float:
    """Return the noise SD of a slice [row, column] in its own unit, 0 where there is no signal.

    The kernel ignores constant and sloping values; its robust spread is taken block by block over
    blocks brighter than a quarter of the brightest, and the median of these is the answer.

    Source: Immerkaer, "Fast noise variance estimation", CVIU 1996.
    """
    rows, columns = (size // BLOCK * BLOCK for size in image.shape)
    if not rows or not columns:
        return 0.0
    values = image.astype(np.float32)
    fine = ndimage.correlate(values, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32))
    spread = np.median(np.abs(_blocks(fine[:rows, :columns])), axis=-1) * MAD_TO_SD
    level = _blocks(values[:rows, :columns]).mean(axis=-1)
    if mask is not None:
        real = _blocks(mask[:rows, :columns].astype(np.float32)).min(axis=-1) > 0
        spread, level = spread[real], level[real]
    spread, level = spread[spread > 0], level[spread > 0]  # not where a detector was saturated
    if not level.size:
        return 0.0
    signal = level > 0.25 * np.percentile(level, 98)
    return float(np.median(spread[signal])) / LAPLACIAN_GAIN if signal.any() else 0.0


def _blocks(image: Float32Array) -> FloatArray:
    """Return the pixels of every block of 8 x 8, [block, pixel]."""
    rows, columns = (size // BLOCK for size in image.shape)
    cut = image.reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2)
    return np.asarray(cut.reshape(rows * columns, -1), dtype=np.float64)


def metal_cm3(volume: Acquired) -> float:
    """Return how much of a CT is denser than any bone or tooth, in cm^3; 0 for other units."""
    if volume.unit != "HU":
        return 0.0
    count = sum(int(np.count_nonzero(plane >= METAL_HU)) for plane in volume.values)
    return count * float(np.prod(volume.geometry.spacing_mm)) / 1000.0


def measured_noise(volume: Acquired, values: AnyArray | None = None) -> NoiseProfile:
    """Measure the noise of a volume, or that of other `values` in its place, as methods are told.

    Pictures that are files of their own have nothing to do with each other and are measured one by
    one; frames of one file are alike.
    """
    pixels = volume.values if values is None else values
    spacing = (volume.geometry.spacing_mm[1], volume.geometry.spacing_mm[2])
    mask = _unsaturated(volume) if isinstance(volume, Frames) else volume.mask
    if isinstance(volume, Frames) and len(set(volume.sources)) == len(volume.sources) > 1:
        masks = [None if mask is None else mask[[at]] for at in range(len(pixels))]
        alone = [
            noise_profile(pixels[[at]], spacing, volume.unit, real) for at, real in enumerate(masks)
        ]
        sd = np.concatenate([one.sd for one in alone])
        frequency, signal = (
            float(np.median(one))
            for one in (
                [one.frequency_per_mm for one in alone],
                [one.typical_signal for one in alone],
            )
        )
        return NoiseProfile(sd, float(np.median(sd)), frequency, signal)
    is_magnitude = isinstance(volume, Volume) and volume.unit not in NOT_MAGNITUDE
    share = MAGNITUDE_QUIET_SHARE if is_magnitude else QUIET_SHARE
    return noise_profile(pixels, spacing, volume.unit, mask, share)


def _unsaturated(frames: Frames) -> BoolArray | None:
    """Return where pixels are real and no detector was at its end, None for everywhere."""
    at_end = frames.values == frames.values.max()
    if np.count_nonzero(at_end) <= SATURATED_SHARE * at_end.size:
        return frames.mask
    return np.asarray(~at_end if frames.mask is None else frames.mask & ~at_end)


def value_range(volume: Acquired) -> tuple[float, float]:
    """Return the lowest and highest value that is not padding; (0, 0) where all of it is."""
    values = volume.values
    if volume.mask is None:
        return (float(values.min()), float(values.max()))
    real = [plane[mask] for plane, mask in zip(values, volume.mask, strict=True) if mask.any()]
    if not real:
        return (0.0, 0.0)
    return (min(float(one.min()) for one in real), max(float(one.max()) for one in real))


def source_slices(volume: Acquired, noise: NoiseProfile) -> SourceSlices:
    """Return a volume and its noise as a method wants them; frames have no neighbours."""
    geometry = volume.geometry
    apart = np.inf if isinstance(volume, Frames) else geometry.spacing_mm[0]
    return SourceSlices(
        values=volume.values,
        spacing_mm=(apart, *geometry.spacing_mm[1:]),
        noise_sd=noise.sd,
        noise_frequency_per_mm=noise.frequency_per_mm,
        mask=volume.mask,
        positions_mm=geometry.slice_positions_mm,
        unit=volume.unit,
        typical_signal=noise.typical_signal,
    )
