"""Filtered back projection with a chosen kernel."""

from __future__ import annotations

import numpy as np
import scipy.fft

from viewer.simulation.kernels import FloatArray, Kernel
from viewer.simulation.projection import ParallelBeam, hounsfield


def ramp_response(samples: int, spacing_mm: float) -> FloatArray:
    """Frequency response of the band-limited ramp, [samples // 2 + 1] as `rfft` lays it out.

    Source: Kak and Slaney 1988, equation 61: the sampled kernel 1/4, 0 at even and
    -1 / (pi n)^2 at odd distances (over spacing squared) keeps water at its value.
    """
    place = np.fft.fftfreq(samples, 1.0 / samples)
    kernel = np.zeros(samples)
    kernel[0] = 0.25
    odd = np.abs(place) % 2 == 1
    kernel[odd] = -1.0 / (np.pi * place[odd]) ** 2
    return np.asarray(scipy.fft.rfft(kernel).real / spacing_mm, np.float32)


def filtered_back_projection(
    integrals: FloatArray, beam: ParallelBeam, kernel: Kernel, pixel_mm: float
) -> FloatArray:
    """HU image [row, column] from line integrals [view, detector].

    Projections are padded to twice their length, multiplied by ramp times W(f), cropped and
    back-projected.
    """
    length = 2 * beam.detectors
    response = ramp_response(length, pixel_mm) * kernel.response(np.fft.rfftfreq(length, pixel_mm))
    spectrum = scipy.fft.rfft(integrals, n=length, axis=1) * response
    filtered = scipy.fft.irfft(spectrum, n=length, axis=1)[:, : beam.detectors]
    return hounsfield(beam.backproject(np.asarray(filtered, np.float32)))
