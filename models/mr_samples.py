"""MR: magnitude images of random contrast at any signal-to-noise ratio, and samples of them."""

from __future__ import annotations

import numpy as np
from batches import Arrays, Batch, conditioning_sd, turned, without_far_neighbours

from viewer.simulation.mr import (
    TYPICAL_SIGNAL,
    Acquisition,
    expected_magnitude,
    magnitude,
    smooth_field,
)
from viewer.simulation.mr_patches import make_mr_patches
from viewer.simulation.patches import PATCH, SLICES

MIDDLE = SLICES // 2
MARGIN = 16
SNR = (4.0, 70.0)


class Mr:
    """Magnitude images; the noise to be found is what is off the mean over many draws.

    That mean lies above the true signal where there is little of it: averaging magnitude images
    does not take that bias away, and neither does a network trained so.
    """

    def make(self, rng: np.random.Generator) -> Arrays:
        """One stack in a random sequence."""
        return make_mr_patches(rng)

    def sample(self, rng: np.random.Generator, patches: Arrays, index: int) -> Batch:
        """One patch with noise of a random strength, at times uneven as in parallel imaging."""
        clean = patches["clean"][index].astype(np.float32) * np.float32(TYPICAL_SIGNAL)
        acquisition = _acquisition(patches["acquisition"][index])
        sd = TYPICAL_SIGNAL / float(np.exp(rng.uniform(*np.log(SNR))))
        uneven = float(rng.uniform(0.0, 0.5)) if rng.random() < 0.4 else 0.0
        local = np.float32(sd) * (1.0 + np.float32(uneven) * smooth_field(rng, PATCH, PATCH))
        size = PATCH + MARGIN
        noisy = magnitude(rng, clean, local, acquisition, (size, size))
        expected = expected_magnitude(clean[MIDDLE], local, acquisition.coils)
        true_sd = np.float32(np.sqrt(np.mean(local**2)))
        scale = np.float32(np.exp(rng.uniform(np.log(0.01), np.log(30.0))))
        ready = Batch(
            slices=scale * without_far_neighbours(rng, noisy, float(patches["spacing_mm"][index])),
            noise_sd=scale * conditioning_sd(rng, local, true_sd, 0.7)[None],
            frequency=np.full(
                (1, PATCH, PATCH),
                patches["frequency"][index] * rng.uniform(0.85, 1.12),
                np.float32,
            ),
            noise=scale * (noisy[MIDDLE] - expected)[None],
            true_sd=(scale * true_sd).reshape(1, 1, 1),
            lesion=patches["lesion"][index].astype(np.float32)[None] / np.float32(255.0),
        )
        return turned(ready, int(rng.integers(8)))


def _acquisition(figures: np.ndarray) -> Acquisition:
    rows, columns, partial, taper, coils = (float(figure) for figure in figures)
    return Acquisition(rows, columns, partial, taper, int(coils))
