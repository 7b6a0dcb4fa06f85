"""Volumes of thick MR slices whose finely sliced truth is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage

from viewer.simulation.kernels import FloatArray
from viewer.simulation.mr import TYPICAL_SIGNAL, Acquisition, Contrast, Profile, magnitude
from viewer.simulation.mr import slice_profile as weights_of
from viewer.simulation.phantom import Region, Sampling, random_stack
from viewer.simulation.scenes import BoolArray

SIZE, PIXEL_MM, FINE_MM = 128, 1.5, 1.0
SLICES = 13
FACTORS = (2, 4, 6)
NOISE_SD = (2.0, 5.0)
REGIONS = (Region.HEAD, Region.ABDOMEN)


@dataclass(frozen=True, slots=True)
class FinerScene:
    """Thick slices and what finer ones would show; 100 is the signal of typical tissue.

    Attributes
    ----------
    slices : as acquired, noisy [slice, row, column].
    truth : noise-free [fine slice, row, column], from the first acquired slice to the last.
    body : where figures are taken, shape of `truth`.
    factor : fine steps of 1 mm from one slice to the next; `thickness_mm` of the profile.
    """

    region: str
    noise_sd: float
    slices: FloatArray
    truth: FloatArray
    body: BoolArray
    factor: int
    thickness_mm: float
    pixel_mm: float = PIXEL_MM


def finer_scenes(seed: int, count: int) -> list[FinerScene]:
    """`count` scenes in a fixed rotation of factors, regions and noise levels."""
    return [
        _scene(
            np.random.default_rng([seed, number]),
            REGIONS[(number // 3) % 2],
            FACTORS[number % 3],
            NOISE_SD[(number // 6) % 2],
        )
        for number in range(count)
    ]


def _scene(rng: np.random.Generator, region: Region, factor: int, sd: float) -> FinerScene:
    thickness = factor * FINE_MM * float(rng.uniform(0.75, 1.0))
    margin = int(np.ceil(1.5 * thickness / FINE_MM)) + 1
    inner = (SLICES - 1) * factor + 1
    sampling = Sampling(inner + 2 * margin, SIZE, PIXEL_MM, FINE_MM, FINE_MM)
    stack = random_stack(rng, region, sampling, lesion_count=60)
    signal = Contrast.random(rng).signal(stack.values)
    profile = Profile.GAUSSIAN if rng.random() < 0.5 else Profile.SINC
    offsets = np.arange(-margin, margin + 1, dtype=np.float32) * np.float32(FINE_MM)
    weights = weights_of(offsets, thickness, profile)
    middles = margin + factor * np.arange(SLICES)
    clean = np.stack(
        [np.tensordot(weights, signal[one - margin : one + margin + 1], 1) for one in middles]
    )
    truth = signal[margin : margin + inner]
    body = scipy.ndimage.binary_opening(truth > 0.1 * TYPICAL_SIGNAL, iterations=2)
    return FinerScene(
        region.value,
        sd,
        magnitude(rng, clean.astype(np.float32), sd, Acquisition()),
        truth,
        body,
        factor,
        thickness,
    )
