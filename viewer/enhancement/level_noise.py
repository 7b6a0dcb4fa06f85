"""Noise that depends on the grey level, as in radiographs, measured from the image alone."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from viewer.core.arrays import AnyArray
from viewer.enhancement.method import Float32Array
from viewer.enhancement.noise import QUIET_SHARE, block_levels, signal_range

AROUND_PIXELS = 4.0
MOST_BINS, BLOCKS_PER_BIN, FEWEST_BLOCKS = 12, 24, 8
WIDEST = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class LevelCurve:
    """Noise over its typical SD (`ratios`) at some grey levels in rising order (`levels`)."""

    levels: AnyArray
    ratios: AnyArray

    def sd(self, image: Float32Array, typical_sd: float) -> Float32Array:
        """Return a map of the noise SD of an image [row, column], from its smoothed levels."""
        around = ndimage.gaussian_filter(image, AROUND_PIXELS)
        ratios = np.interp(around, self.levels, self.ratios)
        return np.asarray(typical_sd * ratios, dtype=np.float32)


def level_curve(image: Float32Array) -> LevelCurve:
    """Measure how the noise of an image [row, column] depends on the grey level.

    Blocks of 16 x 16 pixels are sorted by their mean and cut into up to twelve groups of as many
    blocks each; the noise of a group is the median of its blocks with the least coarse structure,
    as in `noise.estimate_noise`, and so is the typical SD: that where there is signal. Blocks
    without any noise, such as those behind a collimator, do not count. Too few blocks give the
    same noise everywhere.

    Source: Foi et al., "Practical Poissonian-Gaussian noise modeling and fitting for single-image
    raw-data", IEEE TIP 2008: noise against level from homogeneous regions.
    """
    level, fine, coarse = block_levels(image)
    level, fine, coarse = (one[fine > 0] for one in (level, fine, coarse))
    if len(level) < FEWEST_BLOCKS:
        return LevelCurve(np.zeros(1), np.ones(1))
    order = np.argsort(level)
    bins = np.array_split(order, max(1, min(MOST_BINS, len(order) // BLOCKS_PER_BIN)))
    sds = np.array([_quiet_median(fine[one], coarse[one]) for one in bins])
    sds = ndimage.median_filter(sds, 3, mode="nearest")
    signal = level > signal_range(image[None])[0]
    typical = _quiet_median(fine[signal], coarse[signal]) if signal.any() else np.median(sds)
    ratios = np.clip(sds / typical, 1.0 / WIDEST, WIDEST)
    levels = np.array([np.median(level[one]) for one in bins])
    return LevelCurve(levels, ratios)


def _quiet_median(fine: AnyArray, coarse: AnyArray) -> float:
    count = max(round(len(fine) * QUIET_SHARE), min(len(fine), FEWEST_BLOCKS // 2))
    return float(np.median(fine[np.argsort(coarse)[:count]]))
