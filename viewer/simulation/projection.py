"""Parallel-beam CT projections through the Fourier slice theorem, and the noise of a scanner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.sparse

from viewer.simulation.kernels import FloatArray

ComplexArray = npt.NDArray[np.complex64]

WATER_PER_MM = 0.0192
_TAPS = 5
_OVERSAMPLING = 2


def attenuation(values_hu: FloatArray, water_per_mm: float = WATER_PER_MM) -> FloatArray:
    """Linear attenuation in 1/mm from HU; never negative."""
    return np.asarray(water_per_mm * np.maximum(1.0 + values_hu / 1000.0, 0.0), np.float32)


def hounsfield(per_mm: FloatArray, water_per_mm: float = WATER_PER_MM) -> FloatArray:
    """HU from linear attenuation in 1/mm."""
    return np.asarray(1000.0 * (per_mm / water_per_mm - 1.0), np.float32)


@dataclass(frozen=True, slots=True)
class ParallelBeam:
    """Scan geometry in units of the pixel: parallel rays over half a turn.

    One operator serves every pixel size; detector spacing equals the pixel. A fan-beam scanner's
    data are rebinned to this before reconstruction.

    Attributes
    ----------
    size : rows and columns of the image, even.
    views, detectors : angles over 180 degrees; detectors even and at least size * sqrt(2).
    samples : sparse interpolation from the padded spectrum to the (view, frequency) points.
    taper : what the interpolation kernel does to the image, divided out, [size].
    shift : phase of every point for the half-pixel centre, [view, frequency].
    """

    size: int
    views: int
    detectors: int
    samples: scipy.sparse.csr_array
    taper: FloatArray
    shift: ComplexArray

    @classmethod
    def build(cls, size: int, views: int) -> ParallelBeam:
        """Prepare the operator (a second or two, tens of megabytes)."""
        detectors = 2 * int(np.ceil(size * np.sqrt(2.0) / 2.0)) + 16
        angle = np.arange(views) * np.pi / views
        frequency = np.arange(detectors // 2) / detectors
        along_x = np.cos(angle)[:, None] * frequency
        along_y = np.sin(angle)[:, None] * frequency
        half = 0.5 if size % 2 == 0 else 0.0
        shift = np.exp(-2j * np.pi * half * (along_x + along_y)).astype(np.complex64)
        samples = _interpolation(along_y.ravel(), along_x.ravel(), size * _OVERSAMPLING)
        return cls(size, views, detectors, samples, _taper(size), shift)

    def project(self, per_mm: FloatArray, pixel_mm: float) -> FloatArray:
        """Line integrals of one slice: [view, detector], dimensionless.

        Parameters
        ----------
        per_mm : linear attenuation [row, column], `size` x `size`.

        Source: Fourier slice theorem, Kak and Slaney 1988, section 3.2; Kaiser-Bessel gridding,
        Jackson et al., IEEE TMI 10, 1991.
        """
        padded = np.zeros((self.size * _OVERSAMPLING,) * 2, np.float32)
        place = self._places()
        padded[np.ix_(place, place)] = per_mm / (self.taper[:, None] * self.taper[None, :])
        spectrum = scipy.fft.fft2(padded).ravel()
        points = self.samples @ spectrum.real + 1j * (self.samples @ spectrum.imag)
        points = points.reshape(self.views, -1) * self.shift * self._detector_phase().conj()
        full = np.zeros((self.views, self.detectors // 2 + 1), np.complex64)
        full[:, :-1] = points
        integrals = scipy.fft.irfft(full, n=self.detectors, axis=1) * pixel_mm
        return np.asarray(integrals, np.float32)

    def backproject(self, filtered: FloatArray) -> FloatArray:
        """Sum of `filtered` [view, detector] along the rays through each pixel, by pi / views."""
        points = scipy.fft.rfft(filtered, axis=1)[:, :-1] * self._detector_phase()
        points = points * self.shift.conj() * (2.0 / self.detectors)
        points[:, 0] *= 0.5
        flat = points.ravel()
        transposed = self.samples.T
        grid = (transposed @ flat.real) + 1j * (transposed @ flat.imag)
        width = self.size * _OVERSAMPLING
        image = scipy.fft.ifft2(grid.reshape(width, width).astype(np.complex64)).real * width**2
        place = self._places()
        image = image[np.ix_(place, place)] / (self.taper[:, None] * self.taper[None, :])
        return np.asarray(image * (np.pi / self.views), np.float32)

    def offsets(self) -> FloatArray:
        """Distance of each detector from the centre of rotation, in pixels."""
        return (np.arange(self.detectors) - (self.detectors - 1) / 2).astype(np.float32)

    def _places(self) -> npt.NDArray[np.intp]:
        return (np.arange(self.size) - self.size // 2) % (self.size * _OVERSAMPLING)

    def _detector_phase(self) -> ComplexArray:
        order = np.arange(self.detectors // 2)
        middle = (self.detectors - 1) / 2
        phase = np.exp(2j * np.pi * order * middle / self.detectors)
        return np.asarray(phase, np.complex64)


def _kaiser(distance: FloatArray) -> FloatArray:
    inside = np.clip(1.0 - (2.0 * distance / _TAPS) ** 2, 0.0, None)
    return np.asarray(np.i0(_beta() * np.sqrt(inside)) * (inside > 0), np.float32)


def _beta() -> float:
    ratio = _TAPS / _OVERSAMPLING
    return float(np.pi * np.sqrt((ratio * (_OVERSAMPLING - 0.5)) ** 2 - 0.8))


def _taper(size: int) -> FloatArray:
    place = (np.arange(size) - size // 2) / (size * _OVERSAMPLING)
    root = np.sqrt(_beta() ** 2 - (np.pi * _TAPS * place) ** 2)
    return np.asarray(_TAPS * np.sinh(root) / root, np.float32)


def _interpolation(
    rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64], width: int
) -> scipy.sparse.csr_array:
    taps = np.arange(_TAPS) - _TAPS // 2
    places, weights = [], []
    for axis in (rows, columns):
        centre = axis * width
        index = np.round(centre)[:, None] + taps
        places.append(index.astype(np.int64) % width)
        weights.append(_kaiser(np.abs(centre[:, None] - index)))
    count = len(rows)
    data = (weights[0][:, :, None] * weights[1][:, None, :]).reshape(-1)
    target = (places[0][:, :, None] * width + places[1][:, None, :]).reshape(-1)
    starts = np.arange(count + 1) * _TAPS**2
    shape = (count, width * width)
    return scipy.sparse.csr_array(
        (data.astype(np.float32), target.astype(np.int32), starts.astype(np.int32)), shape=shape
    )


@dataclass(frozen=True, slots=True)
class Exposure:
    """What reaches the detector.

    Attributes
    ----------
    photons : unattenuated photons per ray at the centre of the bow-tie.
    electronic_sd : SD of the electronic noise in photons.
    bow_tie_mm : radius of the water cylinder the bow-tie is made for; `inf` for none.
    """

    photons: float
    electronic_sd: float = 5.0
    bow_tie_mm: float = 230.0

    def at_dose(self, fraction: float) -> Exposure:
        """The same scan with a fraction of the photons."""
        return Exposure(self.photons * fraction, self.electronic_sd, self.bow_tie_mm)

    def incident(self, offsets_mm: FloatArray, water_per_mm: float = WATER_PER_MM) -> FloatArray:
        """Photons per ray before the patient at each distance from the centre."""
        if np.isinf(self.bow_tie_mm):
            return np.full(len(offsets_mm), self.photons, np.float32)
        inside = np.clip(1.0 - (offsets_mm / self.bow_tie_mm) ** 2, 0.05, 1.0)
        thickness = self.bow_tie_mm * (1.0 - np.sqrt(inside))
        return np.asarray(self.photons * np.exp(-water_per_mm * thickness), np.float32)


def measured(
    rng: np.random.Generator, integrals: FloatArray, exposure: Exposure, offsets_mm: FloatArray
) -> FloatArray:
    """Line integrals as a noisy detector reports them, same shape [view, detector].

    Counts are Poisson plus normal electronic noise, floored at one before the logarithm.
    """
    incident = exposure.incident(offsets_mm)
    counts = rng.poisson(incident * np.exp(-integrals)).astype(np.float32)
    counts += exposure.electronic_sd * rng.standard_normal(counts.shape, dtype=np.float32)
    return np.asarray(-np.log(np.maximum(counts, 1.0) / incident), np.float32)
