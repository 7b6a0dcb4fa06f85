"""Metal in the beam: hardening and starvation, which leave streaks in the image.

A spectrum of a few energies is weakened by tissue and by metal, whose attenuation falls faster with
energy. The scanner corrects the readings as if all of it were water: right for tissue, too low
behind metal, which gives dark bands between implants. Where next to nothing arrives, Poisson and
electronic noise become streaks, of which the scanner's smoothing of starved readings leaves some.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage

from viewer.simulation.kernels import FloatArray, Kernel
from viewer.simulation.projection import (
    WATER_PER_MM,
    Exposure,
    ParallelBeam,
    attenuation,
    measured,
)
from viewer.simulation.reconstruction import filtered_back_projection

METAL_HU = 3000.0
"""Above this, a voxel holds metal; what is beyond counts as metal alone."""

_WEIGHTS = np.array([0.10, 0.22, 0.28, 0.25, 0.15])
_WATER_CM2_PER_G = np.array([0.2683, 0.2269, 0.2059, 0.1837, 0.1707])
TITANIUM = (2.214, 1.213, 0.7661, 0.4052, 0.2721)
IRON = (3.629, 1.958, 1.205, 0.5952, 0.3717)
"""Mass attenuation in cm2 / g at 40, 50, 60, 80 and 100 keV; iron stands for steel and amalgam.

Source: Hubbell and Seltzer, NISTIR 5632, 1995, tables of elements and of liquid water.
"""


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Energies behind the filter of a tube at 120 kV, in five groups.

    Attributes
    ----------
    weights : share of the signal of each group, adding up to 1.
    water, metal : attenuation in each group over that which the values in HU state.
    """

    weights: FloatArray
    water: FloatArray
    metal: FloatArray

    @classmethod
    def through(cls, metal: tuple[float, ...] = TITANIUM) -> Spectrum:
        """A spectrum and a metal; `TITANIUM` or `IRON`. HU are as at the mean of water's."""
        water = _WATER_CM2_PER_G / np.sum(_WEIGHTS * _WATER_CM2_PER_G)
        at_mean = float(np.exp(np.interp(1.0, water[::-1], np.log(metal)[::-1])))
        return cls(
            _WEIGHTS.astype(np.float32),
            water.astype(np.float32),
            (np.asarray(metal) / at_mean).astype(np.float32),
        )

    def hardened(self, tissue: FloatArray, metal: FloatArray | float = 0.0) -> FloatArray:
        """Line integral that a detector reports for integrals of tissue and metal, same shape."""
        arriving = np.zeros(np.broadcast_shapes(np.shape(tissue), np.shape(metal)))
        for weight, by_tissue, by_metal in zip(self.weights, self.water, self.metal, strict=True):
            arriving += weight * np.exp(-by_tissue * tissue - by_metal * metal)
        return np.asarray(-np.log(np.maximum(arriving, 1e-30)), np.float32)

    def water_corrected(self, reported: FloatArray) -> FloatArray:
        """Readings made linear as if all had passed through water; keeps noise below zero."""
        path = np.linspace(0.0, 40.0, 2001, dtype=np.float32)
        curve = self.hardened(path)
        steep = float((path[1] - path[0]) / (curve[1] - curve[0]))
        corrected = np.interp(reported, curve, path)
        return np.asarray(np.where(reported < 0.0, steep * reported, corrected), np.float32)


def calmed(readings: FloatArray, incident: FloatArray, fewest: float = 60.0) -> FloatArray:
    """Readings [view, detector] of which those of few photons are averaged with their neighbours.

    Parameters
    ----------
    incident : photons per ray before the patient, [detector].
    fewest : readings of more photons than this stay as they are.

    Source: Hsieh, Med Phys 25, 1998 (adaptive smoothing of starved readings).
    """
    counts = incident * np.exp(-readings)
    smooth = scipy.ndimage.gaussian_filter(counts, (1.5, 4.0))
    share = np.clip(1.0 - smooth / fewest, 0.0, 1.0)
    return np.asarray(-np.log((counts + share * (smooth - counts)) / incident), np.float32)


def metal_image(
    rng: np.random.Generator,
    values_hu: FloatArray,
    beam: ParallelBeam,
    kernel: Kernel,
    pixel_mm: float,
    exposure: Exposure,
    spectrum: Spectrum,
) -> FloatArray:
    """One slice [row, column] as a scanner with a tube shows it, in HU, with its noise.

    Parameters
    ----------
    values_hu : noise-free; metal is what lies above `METAL_HU`.
    """
    tissue = beam.project(attenuation(np.minimum(values_hu, METAL_HU)), pixel_mm)
    excess = np.maximum(values_hu - METAL_HU, 0.0) * np.float32(WATER_PER_MM / 1000.0)
    metal = np.maximum(beam.project(excess, pixel_mm), 0.0) if bool(excess.any()) else 0.0
    reported = spectrum.hardened(tissue, metal)
    offsets = beam.offsets() * np.float32(pixel_mm)
    noisy = calmed(measured(rng, reported, exposure, offsets), exposure.incident(offsets))
    return filtered_back_projection(spectrum.water_corrected(noisy), beam, kernel, pixel_mm)
