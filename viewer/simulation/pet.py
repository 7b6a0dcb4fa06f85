"""PET images with known truth: counts, resolution, and noise that grows with the activity.

Each voxel's counts are Poisson around activity times sensitivity; the reconstruction's smoothing
follows. That leaves the mean right everywhere, noise whose variance grows with the activity and
falls with the counts, and a grain set by the filter: what regularised iterative reconstruction
shows outside of cold regions. Attenuation, scatter and randoms are taken to be corrected.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage

from viewer.simulation.kernels import FloatArray

FWHM_PER_SD = float(np.sqrt(8.0 * np.log(2.0)))


@dataclass(frozen=True, slots=True)
class PetScan:
    """How a scan counts and resolves.

    Attributes
    ----------
    counts : mean counts of a voxel of activity 1, before smoothing.
    resolution_mm : full width at half maximum of the scanner's point spread.
    filter_mm : of the smoothing after reconstruction, in all three directions.
    """

    counts: float
    resolution_mm: float = 5.0
    filter_mm: float = 5.0

    @classmethod
    def random(cls, rng: np.random.Generator) -> PetScan:
        """From a short scan of little activity to a long one of much."""
        return cls(
            counts=float(np.exp(rng.uniform(np.log(0.8), np.log(60.0)))),
            resolution_mm=float(rng.uniform(4.0, 6.5)),
            filter_mm=float(rng.uniform(3.0, 7.0)),
        )


def resolved(activity: FloatArray, scan: PetScan, spacing_mm: tuple[float, float]) -> FloatArray:
    """Noise-free image [slice, row, column] of an activity of the same shape.

    Parameters
    ----------
    spacing_mm : slice distance and pixel size.
    """
    width = float(np.hypot(scan.resolution_mm, scan.filter_mm))
    return _smoothed(activity, width, spacing_mm)


def counted(
    rng: np.random.Generator, activity: FloatArray, scan: PetScan, spacing_mm: tuple[float, float]
) -> FloatArray:
    """Noisy image of an activity, in its unit; its mean over draws is `resolved`."""
    blurred = _smoothed(activity, scan.resolution_mm, spacing_mm)
    counts = rng.poisson(np.maximum(blurred, 0.0) * scan.counts).astype(np.float32)
    return _smoothed(counts / np.float32(scan.counts), scan.filter_mm, spacing_mm)


def noise_sd(activity: FloatArray, scan: PetScan, spacing_mm: tuple[float, float]) -> FloatArray:
    """SD of the noise at each voxel of the image, same shape.

    The variance of a filtered Poisson field is its mean filtered with the squared kernel.
    """
    blurred = _smoothed(activity, scan.resolution_mm, spacing_mm)
    spread = _smoothed(blurred, scan.filter_mm / np.sqrt(2.0), spacing_mm)
    gain = float(np.prod([_power(scan.filter_mm, one) for one in _steps(spacing_mm)]))
    return np.sqrt(np.maximum(spread, 0.0) * np.float32(gain / scan.counts))


def _smoothed(values: FloatArray, fwhm_mm: float, spacing_mm: tuple[float, float]) -> FloatArray:
    sigma = [fwhm_mm / FWHM_PER_SD / step for step in _steps(spacing_mm)]
    return np.asarray(scipy.ndimage.gaussian_filter(values, sigma, mode="nearest"), np.float32)


def _steps(spacing_mm: tuple[float, float]) -> tuple[float, float, float]:
    return (spacing_mm[0], spacing_mm[1], spacing_mm[1])


def _power(fwhm_mm: float, step_mm: float) -> float:
    """Sum of the squared weights of the sampled Gaussian."""
    impulse = np.zeros(129)
    impulse[64] = 1.0
    weights = scipy.ndimage.gaussian_filter1d(impulse, fwhm_mm / FWHM_PER_SD / step_mm)
    return float(np.sum(weights**2))
