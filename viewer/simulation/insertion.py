"""Noise of a lower dose put into images that are already reconstructed.

Only the noise that the full dose does not have yet is drawn, on the rays of a forward projection of
the image, and its reconstruction alone is added: the image itself is never projected and back.
"""

from __future__ import annotations

import numpy as np

from viewer.simulation.canvas import AIR_HU
from viewer.simulation.kernels import FloatArray, Kernel
from viewer.simulation.projection import Exposure, ParallelBeam, attenuation
from viewer.simulation.reconstruction import filtered_back_projection

VIEWS = 576


def added_sd(
    integrals: FloatArray, exposure: Exposure, dose_fraction: float, offsets_mm: FloatArray
) -> FloatArray:
    """SD of the noise that line integrals lack at a fraction of the dose, same shape.

    (1 - d) / d exp(p) / N + (1 - d^2) / d^2 s^2 exp(2 p) / N^2 is the difference of the variances
    at the fraction d and at the full dose of N photons per ray and electronic noise s.

    Parameters
    ----------
    integrals : [view, detector], dimensionless.
    exposure : of the full dose.
    dose_fraction : above 0, at most 1.

    Raises
    ------
    ValueError : the fraction is outside that range.

    Source: Zabic et al., Med Phys 40, 2013 (quantum and electronic part of a low-dose simulator).
    """
    if not 0.0 < dose_fraction <= 1.0:
        raise ValueError(f"A dose fraction of {dose_fraction} is not above 0 and at most 1.")
    inverse = 1.0 / dose_fraction
    thinned = np.exp(integrals) / exposure.incident(offsets_mm)
    quantum = (inverse - 1.0) * thinned
    electronic = (inverse**2 - 1.0) * (exposure.electronic_sd * thinned) ** 2
    return np.asarray(np.sqrt(quantum + electronic), np.float32)


def inserted_noise(
    rng: np.random.Generator,
    slices_hu: FloatArray,
    pixel_mm: float,
    dose_fraction: float,
    exposure: Exposure,
    kernel: Kernel,
    beam: ParallelBeam | None = None,
) -> FloatArray:
    """Noise in HU to add to slices so that they look taken at a fraction of their dose.

    Slices get noise of their own each; what lies outside the picture is taken for air, and what is
    below -1000 HU (padding) too.

    Parameters
    ----------
    slices_hu : [slice, row, column]; need not be square.
    dose_fraction : of the dose of the slices, above 0, at most 1.
    exposure : of the slices as they are, in photons per ray of `beam`; `matching_exposure` finds it
        from the noise they have.
    kernel : what they were reconstructed with.
    beam : of the size of the padded square, `padded_size`; None builds one of 576 views.

    Returns
    -------
    Shape of `slices_hu`, zero mean.
    """
    rows, columns = slices_hu.shape[-2:]
    beam = beam or ParallelBeam.build(padded_size(rows, columns), VIEWS)
    offsets = beam.offsets() * np.float32(pixel_mm)
    noise = np.empty(slices_hu.shape, np.float32)
    for index, plane in enumerate(slices_hu):
        integrals = beam.project(attenuation(_squared(plane, beam.size)), pixel_mm)
        sd = added_sd(integrals, exposure, dose_fraction, offsets)
        drawn = sd * rng.standard_normal(sd.shape, dtype=np.float32)
        image = _difference(drawn, beam, kernel, pixel_mm)
        top, left = (beam.size - rows) // 2, (beam.size - columns) // 2
        noise[index] = image[top : top + rows, left : left + columns]
    return noise


def matching_exposure(
    rng: np.random.Generator,
    slice_hu: FloatArray,
    pixel_mm: float,
    sd_hu: float,
    kernel: Kernel,
    where: FloatArray,
    beam: ParallelBeam | None = None,
) -> Exposure:
    """The exposure, free of electronic noise, that leaves noise of `sd_hu` in a slice.

    Parameters
    ----------
    slice_hu : [row, column].
    sd_hu : as measured in the slice where `where` [row, column] is not 0.
    """
    trial = Exposure(1e5, electronic_sd=0.0)
    noise = inserted_noise(rng, slice_hu[None], pixel_mm, 0.5, trial, kernel, beam)[0]
    found = float(noise[where > 0].std())  # half the dose adds as much variance as there is
    return trial.at_dose((found / sd_hu) ** 2)


def padded_size(rows: int, columns: int) -> int:
    """Sides of the even square that a slice is projected in."""
    return max(rows, columns) + max(rows, columns) % 2


def _squared(plane: FloatArray, size: int) -> FloatArray:
    """The slice in the middle of a square of air."""
    rows, columns = plane.shape
    square = np.full((size, size), AIR_HU, np.float32)
    top, left = (size - rows) // 2, (size - columns) // 2
    square[top : top + rows, left : left + columns] = plane
    return square


def _difference(
    integrals: FloatArray, beam: ParallelBeam, kernel: Kernel, pixel_mm: float
) -> FloatArray:
    """What a change of the line integrals changes in the image, HU."""
    changed = filtered_back_projection(integrals, beam, kernel, pixel_mm)
    return np.asarray(changed - AIR_HU, np.float32)
