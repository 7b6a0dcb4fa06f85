"""Fast noise mode: correlated CT noise made in the image itself, without projections.

"Sigma" and "SD" mean, everywhere in training and inference, the standard deviation in HU of the
noise in soft tissue of the reconstructed slice, after the kernel and slice thickness.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.ndimage

from viewer.simulation.kernels import FloatArray, Kernel, radial_frequencies


@dataclass(frozen=True, slots=True)
class NoiseCharacter:
    """What the noise of one series looks like, apart from its strength.

    Attributes
    ----------
    kernel : reconstruction kernel.
    pixel_mm : pixel size.
    anisotropy : relative depth of the cos(2 theta) modulation of the amplitude spectrum, 0 to 0.5.
    angle_rad : direction of its maximum.
    slice_correlation : correlation coefficient of neighbouring slices, 0 to 0.6.
    """

    kernel: Kernel
    pixel_mm: float
    anisotropy: float = 0.0
    angle_rad: float = 0.0
    slice_correlation: float = 0.0


def amplitude_spectrum(character: NoiseCharacter, rows: int, columns: int) -> FloatArray:
    """sqrt(f) W(f) (1 + e cos 2(theta - theta0)), scaled for unit variance of filtered white noise.

    Returns
    -------
    Shape (rows, columns // 2 + 1), the layout of `scipy.fft.rfft2`.
    """
    radial = radial_frequencies(rows, columns, character.pixel_mm)
    across = np.fft.fftfreq(rows)[:, None]
    along = np.fft.rfftfreq(columns)[None, :]
    angle = np.arctan2(across, along)
    modulation = 1.0 + character.anisotropy * np.cos(2.0 * (angle - character.angle_rad))
    amplitude = np.sqrt(radial) * character.kernel.response(radial) * modulation
    doubled = np.full(amplitude.shape[1], 2.0)
    doubled[0] = 1.0
    if columns % 2 == 0:
        doubled[-1] = 1.0
    variance = float(np.sum(doubled * amplitude**2)) / (rows * columns)
    return np.asarray(amplitude / np.sqrt(variance), np.float32)


def slice_weights(correlation: float) -> tuple[float, float, float]:
    """Moving-average weights (w, c, w) of unit power whose lag-one correlation is as asked.

    Parameters
    ----------
    correlation : 0 to 0.66, the most a three-point average can give.

    Raises
    ------
    ValueError : outside that range.
    """
    if not 0.0 <= correlation <= 2.0 / 3.0:
        raise ValueError(f"Slice correlation {correlation} is outside 0 to 2/3.")
    side = np.linspace(0.0, 1.0 / np.sqrt(3.0), 513)
    centre = np.sqrt(1.0 - 2.0 * side**2)
    chosen = float(np.interp(correlation, 2.0 * side * centre, side))
    return chosen, float(np.sqrt(1.0 - 2.0 * chosen**2)), chosen


def unit_noise(
    rng: np.random.Generator, shape: tuple[int, int, int], character: NoiseCharacter
) -> FloatArray:
    """Stationary noise of zero mean and unit variance, shape [slice, row, column].

    The spectrum is periodic over the shape; ask for more and crop when that matters.
    """
    slices, rows, columns = shape
    white = rng.standard_normal((slices + 2, rows, columns), dtype=np.float32)
    if character.slice_correlation > 0.0:
        before, centre, after = slice_weights(character.slice_correlation)
        white = before * white[:-2] + centre * white[1:-1] + after * white[2:]
    else:
        white = white[1:-1]
    spectrum = scipy.fft.rfft2(white) * amplitude_spectrum(character, rows, columns)
    return np.asarray(scipy.fft.irfft2(spectrum, s=(rows, columns)), np.float32)


def relative_sd_map(
    values: FloatArray, pixel_mm: float, water_per_mm: float = 0.0192, views_mm: float = 30.0
) -> FloatArray:
    """How the noise SD varies over a slice: dense surroundings make more of it.

    An approximation of exp(mean path / 2): the attenuation in HU is smoothed over `views_mm` and
    the exponent taken relative to the slice's own mean inside the body. Shape of `values`; mean
    square 1 inside the body (above -500 HU).
    """
    density = np.clip(values / 1000.0 + 1.0, 0.0, 2.0)
    sigma = views_mm / pixel_mm
    around = scipy.ndimage.gaussian_filter(density, (0.0, sigma, sigma)[-values.ndim :])
    growth = np.exp(0.5 * water_per_mm * 120.0 * around)
    body = values > -500.0
    scale = np.sqrt(np.mean(growth[body] ** 2)) if bool(body.any()) else growth.max()
    return np.asarray(growth / scale, np.float32)


def blur(values: FloatArray, kernel: Kernel, pixel_mm: float) -> FloatArray:
    """Noise-free image seen through the kernel: each slice filtered with W(f).

    Parameters
    ----------
    values : HU, last two axes row and column; borders are mirrored.
    """
    rows, columns = values.shape[-2:]
    margin = min(24, rows - 1, columns - 1)
    widths = [(0, 0)] * (values.ndim - 2) + [(margin, margin)] * 2
    padded = np.pad(values, widths, mode="reflect")
    size = padded.shape[-2:]
    response = kernel.response(radial_frequencies(size[0], size[1], pixel_mm))
    filtered = scipy.fft.irfft2(scipy.fft.rfft2(padded) * response, s=size)
    return np.asarray(filtered[..., margin:-margin, margin:-margin], np.float32)
