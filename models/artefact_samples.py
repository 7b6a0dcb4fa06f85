"""CT with streaks of too few views and rings of uneven detectors, and samples of it."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from batches import Arrays, Batch, turned

from viewer.simulation.patches import (
    FIXED_POINT,
    PATCH,
    REGION_SHARES,
    REGIONS,
    SLICES,
    STACK,
    VIEWS,
    local_sd,
    random_kernel,
    random_sampling,
    soft_corners,
)
from viewer.simulation.phantom import random_stack
from viewer.simulation.projection import Exposure, ParallelBeam, attenuation, measured
from viewer.simulation.reconstruction import filtered_back_projection

MIDDLE = SLICES // 2
FEWER = (3, 4, 6)
"""Every so many views are left."""


class Artefacts:
    """Slices of few views; what is to be found is how they differ from those of all views.

    The noise that both share is left as it is.
    """

    @cached_property
    def _beams(self) -> dict[int, ParallelBeam]:
        return {one: ParallelBeam.build(STACK, VIEWS // one) for one in (1, *FEWER)}

    def make(self, rng: np.random.Generator) -> Arrays:
        """One stack, reconstructed from all views and from few."""
        region = REGIONS[int(rng.choice(len(REGIONS), p=REGION_SHARES))]
        stack = random_stack(rng, region, random_sampling(rng, region))
        kernel, pixel = random_kernel(rng, stack.pixel_mm), stack.pixel_mm
        every = int(rng.choice(FEWER))
        full, few = self._beams[1], self._beams[every]
        exposure = Exposure(float(np.exp(rng.uniform(np.log(3e4), np.log(1e6)))))
        rings = np.where(rng.random(full.detectors) < 0.02, rng.normal(0, 0.02, full.detectors), 0)
        streaky, lost = [], None
        for index, plane in enumerate(np.maximum(stack.values, -1024.0)):
            sinogram = full.project(attenuation(plane), pixel)
            noisy = measured(rng, sinogram, exposure, full.offsets() * np.float32(pixel))
            thin = (noisy + rings.astype(np.float32))[::every]
            streaky.append(filtered_back_projection(thin, few, kernel, pixel))
            if index == MIDDLE:
                lost = streaky[-1] - filtered_back_projection(noisy, full, kernel, pixel)
        sd = local_sd(np.asarray(lost)[None])
        corners = soft_corners(rng, streaky[MIDDLE], np.zeros_like(sd), 10)
        windows = [np.s_[row : row + PATCH, column : column + PATCH] for row, column in corners]
        slices = np.stack(streaky)
        return {
            "streaky": np.stack([slices[:, one[0], one[1]] * FIXED_POINT for one in windows])
            .clip(-32768, 32767)
            .astype(np.int16),
            "lost": np.stack([np.asarray(lost)[one] for one in windows]).astype(np.float16),
            "sd": np.asarray([float(sd[one].mean()) for one in windows], np.float32),
        }

    def sample(self, rng: np.random.Generator, patches: Arrays, index: int) -> Batch:
        """One patch; the size of the artefacts is told, wrong by up to a third."""
        slices = patches["streaky"][index].astype(np.float32) / np.float32(FIXED_POINT)
        lost = patches["lost"][index].astype(np.float32)
        unit = max(float(np.sqrt(np.mean(lost**2))), 2.0)
        jitter = float(np.exp(rng.uniform(np.log(0.75), np.log(1.33))))
        ready = Batch(
            slices=slices,
            noise_sd=np.full((1, PATCH, PATCH), patches["sd"][index] * jitter, np.float32),
            frequency=np.full((1, PATCH, PATCH), 0.25, np.float32),
            noise=lost[None],
            true_sd=np.full((1, 1, 1), unit, np.float32),
            lesion=np.zeros((1, PATCH, PATCH), np.float32),
        )
        return turned(ready, int(rng.integers(8)))
