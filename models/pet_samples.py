"""PET: activity seen by scanners of any sensitivity, and samples of it."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from batches import Arrays, Batch, turned, without_far_neighbours

from viewer.enhancement.conditioning import counting_sd
from viewer.simulation.mr import TYPICAL_SIGNAL, Contrast
from viewer.simulation.patches import PATCH, SLICES
from viewer.simulation.pet import FWHM_PER_SD, PetScan, counted, noise_sd, resolved
from viewer.simulation.phantom import Region, Sampling, random_stack

MIDDLE = SLICES // 2
EXTRA = 2
"""Slices on each side that only lend their counts to the smoothing."""
SIZE = 128
REGIONS = (Region.CHEST, Region.ABDOMEN, Region.HEAD, Region.ABSTRACT)
REGION_SHARES = (0.32, 0.34, 0.14, 0.20)


class Pet:
    """Slices of uptake; their noise is what the network has to find, never a bias."""

    def make(self, rng: np.random.Generator) -> Arrays:
        """One stack of activity, typical tissue 1, lesions up to thirteen times as much."""
        region = REGIONS[int(rng.choice(len(REGIONS), p=REGION_SHARES))]
        pixel = float(rng.uniform(1.6, 4.2))
        spacing = float(rng.uniform(2.0, 5.0))
        sampling = Sampling(SLICES + 2 * EXTRA, SIZE, pixel, spacing, spacing, 1)
        stack = random_stack(rng, region, sampling, lesion_count=25)
        activity = Contrast.random(rng).signal(stack.values) / TYPICAL_SIGNAL
        hot = stack.lesion_weight * np.exp(rng.uniform(np.log(0.3), np.log(12.0)))
        reach = rng.uniform(0.4, 1.0, len(activity))
        activity = activity + hot[None] * reach[:, None, None] * (activity > 0.02)
        corners = [(int(one), int(two)) for one, two in rng.integers(0, SIZE - PATCH + 1, (4, 2))]
        windows = [np.s_[row : row + PATCH, column : column + PATCH] for row, column in corners]
        total = len(windows)
        return {
            "activity": np.stack([activity[:, one[0], one[1]] for one in windows]).astype(
                np.float16
            ),
            "lesion": np.stack([stack.lesion_weight[one] * 255 for one in windows]).astype(
                np.uint8
            ),
            "spacing_mm": np.full(total, spacing, np.float32),
            "pixel_mm": np.full(total, pixel, np.float32),
        }

    def sample(self, rng: np.random.Generator, patches: Arrays, index: int) -> Batch:
        """One patch counted anew by a random scanner."""
        activity = np.maximum(patches["activity"][index].astype(np.float32), 0.0)
        spacing = (float(patches["spacing_mm"][index]), float(patches["pixel_mm"][index]))
        scan = PetScan.random(rng)
        inner = np.s_[EXTRA : EXTRA + SLICES]
        noisy = counted(rng, activity, scan, spacing)[inner]
        clean = resolved(activity, scan, spacing)[inner]
        local = noise_sd(activity, scan, spacing)[inner][MIDDLE]
        true_sd = float(np.sqrt(np.mean(local**2))) + 1e-4
        scale = np.float32(np.exp(rng.uniform(np.log(0.01), np.log(3e3))))
        ready = Batch(
            slices=scale * without_far_neighbours(rng, noisy, spacing[0]),
            noise_sd=scale * self._conditioning_sd(rng, noisy[MIDDLE], local)[None],
            frequency=np.full(
                (1, PATCH, PATCH),
                _frequency(scan.filter_mm, spacing[1]) * rng.uniform(0.85, 1.15),
                np.float32,
            ),
            noise=scale * (noisy - clean)[MIDDLE][None],
            true_sd=np.full((1, 1, 1), scale * true_sd, np.float32),
            lesion=patches["lesion"][index].astype(np.float32)[None] / np.float32(255.0),
        )
        return turned(ready, int(rng.integers(8)))

    def _conditioning_sd(
        self, rng: np.random.Generator, noisy: np.ndarray, local: np.ndarray
    ) -> np.ndarray:
        """What is known in use: the level in tissue, and that variance follows activity."""
        around = np.maximum(scipy.ndimage.gaussian_filter(noisy, 2.0), 0.0)
        typical = float(np.median(around[around >= 0.25 * np.percentile(around, 98)])) + 1e-3
        near = np.abs(around - typical) < 0.4 * typical
        level = float(np.sqrt(np.mean(local[near] ** 2))) if near.any() else float(local.mean())
        jitter = float(np.exp(rng.uniform(np.log(0.78), np.log(1.28))))
        return counting_sd(noisy, typical, max(level * jitter, 1e-4))


def _frequency(filter_mm: float, pixel_mm: float) -> float:
    """Mean of the radial noise power spectrum of Poisson noise after a Gaussian, per pixel."""
    frequency = np.linspace(0.0, 0.5, 257)
    sigma = filter_mm / FWHM_PER_SD / pixel_mm
    power = np.exp(-((2.0 * np.pi * sigma * frequency) ** 2))
    return float(np.sum(frequency * power) / np.sum(power))
