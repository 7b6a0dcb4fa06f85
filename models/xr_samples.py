"""Radiographs: counts of a flat detector in their logarithm, and samples of them."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from batches import Arrays, Batch, turned

from viewer.simulation.kernels import radial_frequencies
from viewer.simulation.patches import PATCH, SLICES
from viewer.simulation.radiograph import Detector, make_radiograph_patches

TYPICAL = 1000.0
"""Grey levels of a ten-fold change of exposure, as detectors deliver their logarithm."""


class Radiograph:
    """Single pictures: all five slices are the same one, as the contract has it without neighbours.

    The noise is Poisson, blurred as the picture is, and electronic, before the logarithm; in it,
    dense parts are noisier. Whether dense is bright or dark, and what a level of 0 means, is up to
    the maker of a detector: both are drawn.
    """

    def make(self, rng: np.random.Generator) -> Arrays:
        """One exposure of a person or pattern."""
        made = make_radiograph_patches(rng, 8)
        return {name: np.asarray(values) for name, values in made.items()}

    def sample(self, rng: np.random.Generator, patches: Arrays, index: int) -> Batch:
        """One patch with the noise that it was exposed with."""
        photons = float(patches["photons"][index])
        electronic = float(patches["electronic_sd"][index])
        clean, noisy = (
            np.maximum(patches[name][index].astype(np.float32), 1.0) for name in ("clean", "noisy")
        )
        image, truth = (-TYPICAL * np.log10(one / photons) for one in (noisy, clean))
        slope = TYPICAL / np.log(10.0)
        detector = Detector(
            float(patches["pixel_mm"][index]),
            photons,
            float(patches["half_per_mm"][index]),
            electronic,
        )
        radial = radial_frequencies(PATCH, PATCH, detector.pixel_mm)
        passed = detector.transfer(radial) ** 2
        local = slope * np.sqrt(clean * passed.mean() + electronic**2) / clean
        around = scipy.ndimage.gaussian_filter(local, 4.0)
        jitter = float(np.exp(rng.uniform(np.log(0.78), np.log(1.28))))
        sign, pedestal = rng.choice([-1.0, 1.0]), rng.uniform(-0.5, 3.0) * TYPICAL
        true_sd = float(np.sqrt(np.mean(local**2)))
        spectrum = float(clean.mean()) * passed + electronic**2
        frequency = _frequency(radial * detector.pixel_mm, spectrum) * rng.uniform(0.85, 1.12)
        ready = Batch(
            slices=np.repeat(sign * image[None] + pedestal, SLICES, axis=0).astype(np.float32),
            noise_sd=(around * jitter)[None].astype(np.float32),
            frequency=np.full((1, PATCH, PATCH), frequency, np.float32),
            noise=(sign * (image - truth))[None].astype(np.float32),
            true_sd=np.full((1, 1, 1), true_sd, np.float32),
            lesion=np.zeros((1, PATCH, PATCH), np.float32),
        )
        return turned(ready, int(rng.integers(8)))


def _frequency(radial: np.ndarray, power: np.ndarray) -> float:
    """Mean of the radial profile of a spectrum below Nyquist, cycles per pixel."""
    ring = np.round(radial * PATCH).astype(int).ravel()
    profile = np.bincount(ring, power.ravel()) / np.maximum(np.bincount(ring), 1)
    bins = np.arange(1, PATCH // 2 + 1)
    return float(np.sum(bins * profile[bins]) / np.sum(profile[bins]) / PATCH)
