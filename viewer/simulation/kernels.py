"""Reconstruction kernels as modulation transfer functions, and the noise spectrum each leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

_ORDER = 2.0


@dataclass(frozen=True, slots=True)
class Kernel:
    """Apodisation W(f) that multiplies the ramp filter.

    Attributes
    ----------
    half_per_mm : frequency in cycles per mm where W falls to one half (without boost).
    boost : height of a mid-frequency bump around 0.6 `half_per_mm`; 0 soft, up to 0.6 sharp.
    order : steepness of the fall; 2 is Gaussian.
    """

    half_per_mm: float
    boost: float = 0.0
    order: float = _ORDER

    def response(self, frequency_per_mm: npt.ArrayLike) -> FloatArray:
        """W at the given frequencies (cycles per mm, any shape); W(0) = 1."""
        ratio = np.abs(np.asarray(frequency_per_mm, np.float32)) / np.float32(self.half_per_mm)
        fall = np.exp2(-(ratio**self.order))
        bump = 1.0 + self.boost * np.exp(-(((ratio - 0.6) / 0.35) ** 2))
        at_zero = 1.0 + self.boost * np.exp(-((0.6 / 0.35) ** 2))
        return np.asarray(fall * bump / at_zero, np.float32)


SHARPER, SHARPER_BOOST = 1.6, 0.2


def sharper(kernel: Kernel) -> Kernel:
    """The kernel that `ct-sharpen` aims at: 1.6 times the frequency, a little more mid-band."""
    return Kernel(SHARPER * kernel.half_per_mm, kernel.boost + SHARPER_BOOST, kernel.order)


SOFT = Kernel(half_per_mm=0.34)
STANDARD = Kernel(half_per_mm=0.44, boost=0.1)
LUNG = Kernel(half_per_mm=0.62, boost=0.5, order=3.0)


def radial_frequencies(rows: int, columns: int, pixel_mm: float) -> FloatArray:
    """Distance from zero frequency, cycles per mm, for the layout of `scipy.fft.rfft2`.

    Returns
    -------
    Shape (rows, columns // 2 + 1).
    """
    across = np.fft.fftfreq(rows, pixel_mm)[:, None]
    along = np.fft.rfftfreq(columns, pixel_mm)[None, :]
    return np.asarray(np.hypot(across, along), np.float32)


def noise_mean_frequency(kernel: Kernel, pixel_mm: float) -> float:
    """Mean frequency of the radial noise power spectrum f W(f)^2 below Nyquist, cycles per mm.

    The mean is over the radial profile (not weighted by the ring's circumference).

    Source: Riederer, Pelc and Chesler, Phys Med Biol 23, 1978: filtered back projection turns
    white projection noise into an image spectrum |f| W(f)^2.
    """
    frequency = np.linspace(0.0, 0.5 / pixel_mm, 257)
    power = frequency * kernel.response(frequency) ** 2
    return float(np.sum(frequency * power) / np.sum(power))
