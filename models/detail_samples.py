"""Detail that an image lacks: finer slices of MR, a sharper kernel for CT."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from batches import Arrays, Batch, turned, without_far_neighbours

from viewer.simulation.kernels import FloatArray, Kernel, noise_mean_frequency, sharper
from viewer.simulation.mr import (
    TYPICAL_SIGNAL,
    Acquisition,
    Profile,
    magnitude,
    profile_matrix,
)
from viewer.simulation.mr_patches import make_mr_patches
from viewer.simulation.noise import NoiseCharacter, blur, relative_sd_map, unit_noise
from viewer.simulation.patches import (
    PATCH,
    REGION_SHARES,
    REGIONS,
    SLICES,
    random_sampling,
    soft_corners,
)
from viewer.simulation.phantom import random_stack

MIDDLE = SLICES // 2
FACTORS = (2, 3, 4, 5, 6)
MARGIN = 16


class FinerMr:
    """Planes across the slices: rows run along the slice direction on the fine grid.

    The pictures are those of MR in plane, taken as if their rows were slices: anatomy has no
    preferred direction at this scale. What is to be found is how the cubic interpolation of the
    slices differs from the truth; their noise is left as it is.
    """

    def make(self, rng: np.random.Generator) -> Arrays:
        """One stack in a random sequence, sharp along its rows."""
        columns = float(rng.uniform(0.6, 1.0))
        return make_mr_patches(rng, acquisition=Acquisition(1.0, columns, 1.0, 0.3))

    def sample(self, rng: np.random.Generator, patches: Arrays, index: int) -> Batch:
        """One patch through a random slice profile, factor, gap and noise level."""
        truth = patches["clean"][index].astype(np.float32) * np.float32(TYPICAL_SIGNAL)
        lesion = patches["lesion"][index].astype(np.float32) / np.float32(255.0)
        if rng.random() < 0.5:
            truth, lesion = truth.swapaxes(1, 2), lesion.T
        factor = int(rng.choice(FACTORS))
        thickness = factor * float(rng.uniform(0.7, 1.0))
        shape = Profile.GAUSSIAN if rng.random() < 0.5 else Profile.SINC
        first = float(rng.uniform(0.0, factor - 1.0))
        matrix = profile_matrix(PATCH, factor, thickness, shape, first)
        clean = np.einsum("kr,src->skc", matrix, truth)
        sd = TYPICAL_SIGNAL / float(np.exp(rng.uniform(np.log(12.0), np.log(90.0))))
        noisy = magnitude(rng, clean, sd, Acquisition())
        slices = interpolated(noisy, factor, first, PATCH)
        lost = interpolated(clean[MIDDLE : MIDDLE + 1], factor, first, PATCH) - truth[MIDDLE]
        scale = np.float32(np.exp(rng.uniform(np.log(0.01), np.log(30.0))))
        unit = max(float(np.sqrt(np.mean(lost**2))), 0.01 * TYPICAL_SIGNAL)
        jitter = float(np.exp(rng.uniform(np.log(0.75), np.log(1.33))))
        if rng.random() < 0.1:
            slices = np.repeat(slices[MIDDLE : MIDDLE + 1], SLICES, axis=0)
        if rng.random() < 0.5:
            slices = slices[::-1]
        ready = Batch(
            slices=np.ascontiguousarray(scale * slices),
            noise_sd=np.full((1, PATCH, PATCH), scale * sd * jitter, np.float32),
            frequency=np.full((1, PATCH, PATCH), 1.0 / factor, np.float32),
            noise=scale * lost,
            true_sd=np.full((1, 1, 1), scale * unit, np.float32),
            lesion=np.ascontiguousarray(lesion[None]),
        )
        return turned(ready, int(rng.choice([0, 2, 4, 6])))


def interpolated(slices: FloatArray, factor: int, first: float, count: int) -> FloatArray:
    """Cubic B-spline through slices [plane, slice, column] on `count` fine rows.

    `first` is the place of the first slice in fine rows; beyond the ends values are mirrored.
    """
    rows = (np.arange(count) - first) / factor
    columns = np.arange(slices.shape[-1])
    places = np.meshgrid(rows, columns, indexing="ij")
    return np.stack(
        [
            scipy.ndimage.map_coordinates(one, places, order=3, mode="mirror").astype(np.float32)
            for one in slices
        ]
    )


class SharperCt:
    """CT through a soft kernel; what is to be found is how it differs from a sharper one.

    The difference is that of the noise-free images: noise is to stay as it is.
    """

    def make(self, rng: np.random.Generator) -> Arrays:
        """One stack through two kernels."""
        region = REGIONS[int(rng.choice(len(REGIONS), p=REGION_SHARES))]
        stack = random_stack(rng, region, random_sampling(rng, region))
        half = float(np.exp(rng.uniform(np.log(0.14), np.log(0.30))))
        order = float(rng.uniform(1.6, 3.0))
        soft = Kernel(half / stack.pixel_mm, float(rng.uniform(0.0, 0.1)), order)
        values = np.maximum(stack.values, -1024.0)
        clean = blur(values, soft, stack.pixel_mm)
        lost = clean[MIDDLE] - blur(values[MIDDLE], sharper(soft), stack.pixel_mm)
        relative = relative_sd_map(clean[MIDDLE], stack.pixel_mm)
        corners = soft_corners(rng, clean[MIDDLE], relative, 14)
        windows = [np.s_[row : row + PATCH, column : column + PATCH] for row, column in corners]
        total, kernel = len(windows), (half, soft.boost, order)
        frequency = noise_mean_frequency(soft, stack.pixel_mm) * stack.pixel_mm
        return {
            "clean": np.stack([clean[:, one[0], one[1]] for one in windows]).astype(np.float16),
            "lost": np.stack([lost[one] for one in windows]).astype(np.float16),
            "relative": np.stack([relative[one] for one in windows]).astype(np.float16),
            "lesion": np.stack([stack.lesion_weight[one] * 255 for one in windows]).astype(
                np.uint8
            ),
            "kernel": np.tile(np.asarray(kernel, np.float32), (total, 1)),
            "frequency": np.full(total, frequency, np.float32),
            "spacing_mm": np.full(total, stack.spacing_mm, np.float32),
        }

    def sample(self, rng: np.random.Generator, patches: Arrays, index: int) -> Batch:
        """One patch with fresh noise of the soft kernel."""
        half, boost, order = (float(figure) for figure in patches["kernel"][index])
        character = NoiseCharacter(Kernel(half, boost, order), 1.0)
        size = PATCH + MARGIN
        sd = float(np.exp(rng.uniform(np.log(3.0), np.log(45.0))))
        local = np.float32(sd) * patches["relative"][index].astype(np.float32)
        noise = unit_noise(rng, (SLICES, size, size), character)[:, :PATCH, :PATCH] * local
        noisy = patches["clean"][index].astype(np.float32) + noise
        lost = patches["lost"][index].astype(np.float32)
        true_sd = float(np.sqrt(np.mean(local**2)))
        jitter = float(np.exp(rng.uniform(np.log(0.78), np.log(1.28))))
        frequency = patches["frequency"][index] * rng.uniform(0.92, 1.08)
        unit = max(float(np.sqrt(np.mean(lost**2))), 2.0)
        ready = Batch(
            slices=without_far_neighbours(rng, noisy, float(patches["spacing_mm"][index])),
            noise_sd=np.full((1, PATCH, PATCH), true_sd * jitter, np.float32),
            frequency=np.full((1, PATCH, PATCH), frequency, np.float32),
            noise=lost[None],
            true_sd=np.full((1, 1, 1), unit, np.float32),
            lesion=patches["lesion"][index].astype(np.float32)[None] / np.float32(255.0),
        )
        return turned(ready, int(rng.integers(8)))
