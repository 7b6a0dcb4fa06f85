"""MR images with known truth: contrasts, k-space, noise of magnitude images, bias, slice profile.

Intensities are arbitrary; 100 is typical tissue. "Noise SD" is that of the real and of the
imaginary part of the reconstructed image, which is what a magnitude image shows in tissue far
above the noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.special

from viewer.simulation.kernels import FloatArray

ComplexArray = npt.NDArray[np.complex64]

TYPICAL_SIGNAL = 100.0
_TISSUE_NODES_HU = np.array(
    [-180, -110, -60, -20, 5, 16, 28, 38, 50, 65, 85, 110, 150, 220], np.float32
)
_FWHM_TO_SD = 1.0 / np.sqrt(8.0 * np.log(2.0))


@dataclass(frozen=True, slots=True)
class Contrast:
    """How bright each tissue is in one sequence, as a curve over CT numbers.

    The curve passes through one level per tissue; dense bone, air and lung give no signal.

    Attributes
    ----------
    levels : intensity at each node of the curve, fat first, then fluid, brain, organs, contrast
        medium.
    """

    levels: tuple[float, ...]

    @classmethod
    def random(cls, rng: np.random.Generator) -> Contrast:
        """A sequence that nobody has seen: every tissue has a level of its own."""
        levels = TYPICAL_SIGNAL * rng.uniform(0.15, 1.6, len(_TISSUE_NODES_HU))
        near = 0.5 * levels + 0.25 * (np.roll(levels, 1) + np.roll(levels, -1))
        mixed = levels if rng.random() < 0.5 else near
        return cls(tuple(float(level) for level in mixed))

    def signal(self, values_hu: FloatArray) -> FloatArray:
        """Intensity of tissue that is `values_hu` in CT, same shape, never negative."""
        nodes = np.concatenate(([-1000.0, -600.0], _TISSUE_NODES_HU, [500.0, 900.0]))
        levels = np.concatenate(([0.0, 0.03 * TYPICAL_SIGNAL], self.levels, [12.0, 2.0]))
        return np.interp(values_hu, nodes, levels).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Acquisition:
    """Which part of k-space was measured, how it is weighted, and how channels are combined.

    Attributes
    ----------
    rows, columns : share of k-space measured along each axis, 0 to 1; the rest is zero-filled.
    partial : share of the measured rows (phase encoding) that was really measured, above 0.5 to 1.
    taper : strength of the Hann window over what was measured, 0 none, 1 full.
    coils : channels combined as the root of the sum of squares; 1 is a complex combination.
    """

    rows: float = 1.0
    columns: float = 1.0
    partial: float = 1.0
    taper: float = 0.0
    coils: int = 1

    @classmethod
    def random(cls, rng: np.random.Generator) -> Acquisition:
        """What scanners do: zero filling (rows up to three-fold), partial Fourier, filtering."""
        fills = rng.random() < 0.6
        columns = float(rng.uniform(0.5, 1.0)) if fills else 1.0
        return cls(
            rows=columns * float(rng.uniform(0.7, 1.0)) if fills else float(rng.uniform(0.8, 1.0)),
            columns=columns,
            partial=float(rng.uniform(0.65, 0.95)) if rng.random() < 0.25 else 1.0,
            taper=float(rng.uniform(0.0, 1.0)) if rng.random() < 0.6 else 0.0,
            coils=int(rng.choice([1, 1, 1, 4, 8])),
        )

    def weights(self, rows: int, columns: int) -> FloatArray:
        """Weight of every point of k-space, [rows, columns] as `scipy.fft.fft2` lays it out."""
        down, across = np.fft.fftfreq(rows)[:, None], np.fft.fftfreq(columns)[None, :]
        result = self._along(down, self.rows) * self._along(across, self.columns)
        if self.partial < 1.0:
            result = result * (down <= (self.partial - 0.5) * self.rows)
        return np.asarray(result, np.float32)

    def _along(self, frequency: FloatArray, share: float) -> FloatArray:
        half = share / 2
        hann = np.cos(0.5 * np.pi * np.clip(frequency / half, -1, 1)) ** 2
        window = 1.0 - self.taper * (1.0 - hann)
        return np.asarray(window * (np.abs(frequency) <= half), np.float32)

    def noise_frequency(self, size: int = 128) -> float:
        """Mean of the radial noise power spectrum below Nyquist, cycles per pixel.

        The mean is over the radial profile, as in `kernels.noise_mean_frequency`.
        """
        power = self.weights(size, size) ** 2
        axis = np.fft.fftfreq(size)
        ring = np.round(np.hypot(axis[:, None], axis[None, :]) * size).astype(int).ravel()
        radial = np.bincount(ring, power.ravel()) / np.bincount(ring)
        bins = np.arange(1, size // 2 + 1)
        return float(np.sum(bins * radial[bins]) / np.sum(radial[bins]) / size)


def reconstructed(
    signal: FloatArray, acquisition: Acquisition, phase_rad: FloatArray | float = 0.0
) -> FloatArray:
    """Noise-free magnitude image, same shape [..., row, column].

    Parameters
    ----------
    phase_rad : of the object; with partial Fourier it decides what zero filling loses.
    """
    object_ = signal * np.exp(1j * np.asarray(phase_rad))
    weights = acquisition.weights(*signal.shape[-2:])
    image = scipy.fft.ifft2(scipy.fft.fft2(object_.astype(np.complex64)) * weights)
    return np.asarray(np.abs(image), np.float32)


def complex_noise(
    rng: np.random.Generator, shape: tuple[int, ...], acquisition: Acquisition
) -> ComplexArray:
    """Noise of the image [..., row, column]: unit SD in the real and in the imaginary part."""
    white = rng.standard_normal((*shape, 2), dtype=np.float32).view(np.complex64)[..., 0]
    weights = acquisition.weights(*shape[-2:])
    gain = np.float32(1.0 / np.sqrt(np.mean(weights**2)))
    return np.asarray(scipy.fft.ifft2(scipy.fft.fft2(white) * (weights * gain)), np.complex64)


def magnitude(
    rng: np.random.Generator,
    signal: FloatArray,
    noise_sd: FloatArray | float,
    acquisition: Acquisition,
    crop: tuple[int, int] | None = None,
) -> FloatArray:
    """Noisy magnitude image of a noise-free one, [..., row, column].

    With several coils each sees an equal share of the signal and noise of its own.

    Parameters
    ----------
    noise_sd : may vary over the image, as with parallel imaging (the g-factor).
    crop : noise is made for a larger periodic area and this many rows and columns are used.

    Source: Gudbjartsson and Patz, MRM 34, 1995 (Rician); Constantinides et al., MRM 38, 1997
    (noncentral chi of root-sum-of-squares images).
    """
    share = signal / np.float32(np.sqrt(acquisition.coils))
    shape = (*signal.shape[:-2], *(crop or signal.shape[-2:]))
    power = np.zeros(signal.shape, np.float32)
    rows, columns = signal.shape[-2:]
    for _ in range(acquisition.coils):
        noise = complex_noise(rng, shape, acquisition)[..., :rows, :columns] * noise_sd
        power += np.abs(share + noise) ** 2
    return np.sqrt(power)


def expected_magnitude(
    signal: FloatArray, noise_sd: FloatArray | float, coils: int = 1
) -> FloatArray:
    """Mean of the magnitude over many draws: what averaging magnitude images would show.

    It lies above the signal where that is not far above the noise.

    Source: Constantinides et al., MRM 38, 1997, equation 4; for one coil the mean of a Rician.
    """
    sd = np.maximum(np.asarray(noise_sd, np.float64), 1e-12)
    half = np.asarray(signal, np.float64) ** 2 / (2.0 * sd**2)
    if coils == 1:
        bessel = (1.0 + half) * scipy.special.ive(0, half / 2)
        bessel += half * scipy.special.ive(1, half / 2)
        return np.asarray(sd * np.sqrt(np.pi / 2) * bessel, np.float32)
    factor = np.sqrt(2.0) * np.exp(
        scipy.special.gammaln(coils + 0.5) - scipy.special.gammaln(coils)
    )
    far = half > 300.0
    series = scipy.special.hyp1f1(-0.5, coils, -np.where(far, 0.0, half))
    mean = np.where(far, np.sqrt(2 * half + 2 * coils - 1), factor * series)
    return np.asarray(sd * mean, np.float32)


def smooth_field(rng: np.random.Generator, rows: int, columns: int, waves: int = 3) -> FloatArray:
    """A field of -1 to 1 that changes over a third of the image or more, [row, column]."""
    y, x = np.linspace(-1, 1, rows)[:, None], np.linspace(-1, 1, columns)[None, :]
    field = np.zeros((rows, columns))
    for _ in range(waves):
        down, across = rng.uniform(-1.6, 1.6, 2)
        field += rng.normal() * np.cos(np.pi * (down * y + across * x) + rng.uniform(0, 2 * np.pi))
    return np.asarray(field / (np.abs(field).max() + 1e-9), np.float32)


class Profile(StrEnum):
    """Shape of the slice that a pulse selects."""

    GAUSSIAN = "gaussian"
    SINC = "sinc"
    BOX = "box"


def slice_profile(offsets_mm: FloatArray, thickness_mm: float, profile: Profile) -> FloatArray:
    """Weight of planes at distances from the middle of a slice; they add up to 1.

    Parameters
    ----------
    thickness_mm : full width at half maximum.
    profile : `SINC` is what a sinc pulse of two lobes on each side under a Hann window selects:
        a plateau with slopes of a third of the thickness.
    """
    away = np.abs(np.asarray(offsets_mm, np.float64)) / thickness_mm
    if profile is Profile.GAUSSIAN:
        weights = np.exp(-0.5 * (away / _FWHM_TO_SD) ** 2)
    elif profile is Profile.BOX:
        weights = (away <= 0.5).astype(np.float64)
    else:
        weights = 0.5 * scipy.special.erfc((away - 0.5) / 0.14)
    return np.asarray(weights / weights.sum(), np.float32)


def profile_matrix(
    count: int, factor: int, thickness: float, profile: Profile, first: float
) -> FloatArray:
    """How slices arise from finely spaced planes: [slice, plane], each row adds up to 1.

    Parameters
    ----------
    count : number of planes.
    factor : planes from one slice to the next.
    thickness : full width at half maximum in planes; less than `factor` leaves gaps.
    first : place of the first slice in planes, 0 is the middle of the first plane. Beyond the ends
        the planes are mirrored.
    """
    centres = np.arange(first, count - 0.5, factor)
    reach = int(np.ceil(1.5 * thickness)) + 1
    matrix = np.zeros((len(centres), count), np.float32)
    for row, centre in enumerate(centres):
        places = np.arange(int(np.floor(centre)) - reach, int(np.ceil(centre)) + reach + 1)
        mirrored = np.abs(places)
        mirrored = np.where(mirrored >= count, 2 * (count - 1) - mirrored, mirrored)
        np.add.at(matrix[row], mirrored, slice_profile(places - centre, thickness, profile))
    return matrix
