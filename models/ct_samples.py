"""CT: patches from projections or the fast noise mode, and samples drawn from them."""

from __future__ import annotations

from dataclasses import fields
from functools import cached_property

import numpy as np
from batches import Arrays, Batch, conditioning_sd, turned, without_far_neighbours

from viewer.simulation.kernels import FloatArray, Kernel
from viewer.simulation.noise import NoiseCharacter, unit_noise
from viewer.simulation.patches import (
    FIXED_POINT,
    PATCH,
    SLICES,
    STACK,
    VIEWS,
    PatchSet,
    make_patches,
)
from viewer.simulation.projection import ParallelBeam

PROJECTED_SHARE = 0.4
MIDDLE = SLICES // 2
MARGIN = 16


class Ct:
    """Slices of all regions in HU; their noise is what the network has to find."""

    @cached_property
    def _beam(self) -> ParallelBeam:
        return ParallelBeam.build(STACK, VIEWS)

    def make(self, rng: np.random.Generator) -> Arrays:
        """One stack, two in five seen by a simulated scanner."""
        made = make_patches(rng, self._beam if rng.random() < PROJECTED_SHARE else None)
        return {one.name: getattr(made, one.name) for one in fields(PatchSet)}

    def sample(self, rng: np.random.Generator, patches: Arrays, index: int) -> Batch:
        """One patch with fresh noise."""
        return sample(rng, PatchSet(**patches), index)


def sample(rng: np.random.Generator, patches: PatchSet, index: int) -> Batch:
    """One patch with noise, without the leading batch axis."""
    clean = patches.clean[index].astype(np.float32) / np.float32(FIXED_POINT)
    relative = patches.sd[index].astype(np.float32)
    if patches.projected[index]:
        scale = np.float32(np.exp(rng.uniform(np.log(0.6), np.log(1.5))))
        noise = patches.noise[index].astype(np.float32) * scale
        local_sd = relative * scale
    else:
        local_sd = relative * np.float32(np.exp(rng.uniform(np.log(3.5), np.log(80.0))))
        noise = _fast_noise(rng, patches, index) * local_sd
    true_sd = np.float32(np.sqrt(np.mean(local_sd**2)))
    if rng.random() < 0.08:
        noise = noise * np.float32(max(rng.uniform(-0.2, 0.4), 0.0))
    stacked = np.round(clean + noise + np.float32(rng.uniform(-60.0, 60.0)))
    noise_map = conditioning_sd(rng, local_sd, true_sd, 0.6)
    frequency = patches.frequency[index] * _frequency_error(rng)
    ready = Batch(
        slices=without_far_neighbours(rng, stacked, float(patches.spacing_mm[index])),
        noise_sd=noise_map[None],
        frequency=np.full((1, PATCH, PATCH), frequency, np.float32),
        noise=noise[MIDDLE : MIDDLE + 1],
        true_sd=np.maximum(true_sd, np.float32(1.0)).reshape(1, 1, 1),
        lesion=patches.lesion[index].astype(np.float32)[None] / np.float32(255.0),
    )
    return turned(ready, int(rng.integers(8)))


def _fast_noise(rng: np.random.Generator, patches: PatchSet, index: int) -> FloatArray:
    half, boost, order = (float(value) for value in patches.kernel[index])
    character = NoiseCharacter(
        Kernel(half, boost, order),
        1.0,
        float(rng.uniform(0.0, 0.35)),
        float(rng.uniform(0.0, np.pi)),
        float(patches.correlation[index]),
    )
    size = PATCH + MARGIN
    return unit_noise(rng, (SLICES, size, size), character)[:, :PATCH, :PATCH]


def _frequency_error(rng: np.random.Generator) -> np.float32:
    """Mostly within 8 %; at times much too low, as when tissue texture is taken for noise."""
    low, high = (0.92, 1.08) if rng.random() < 0.7 else (0.55, 1.12)
    return np.float32(rng.uniform(low, high))
