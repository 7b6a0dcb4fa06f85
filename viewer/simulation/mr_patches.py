"""Training patches of MR: noise-free magnitude slices of random contrast, without their noise."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import numpy.typing as npt

from viewer.simulation.kernels import FloatArray
from viewer.simulation.mr import (
    TYPICAL_SIGNAL,
    Acquisition,
    Contrast,
    Profile,
    reconstructed,
    smooth_field,
)
from viewer.simulation.patches import PATCH, SLICES
from viewer.simulation.phantom import Region, Sampling, Stack, random_stack

SIZE = 320
PROFILE_PLANES = 7
REGIONS = (Region.HEAD, Region.ABDOMEN, Region.CHEST, Region.ABSTRACT)
REGION_SHARES = (0.40, 0.30, 0.06, 0.24)

Arrays = dict[str, npt.NDArray[np.generic]]


def random_sampling(rng: np.random.Generator, region: Region) -> Sampling:
    """Pixel 0.45 to 1.2 mm, slices 0.8 to 6 mm apart, gaps up to a third."""
    pixel = float(rng.uniform(0.45, 0.8) if region is Region.HEAD else rng.uniform(0.6, 1.2))
    spacing = float(np.exp(rng.uniform(np.log(0.8), np.log(6.0))))
    thickness = spacing * float(rng.uniform(0.7, 1.0))
    reach = max(130.0 - SIZE * pixel / 2, 0.0)
    centre = (float(rng.uniform(-reach, reach)), float(rng.uniform(-reach, reach)) * 0.6)
    return Sampling(SLICES, SIZE, pixel, spacing, thickness, 1 if thickness < 2 else 2, centre)


def random_mr_stack(
    rng: np.random.Generator, region: Region | None = None, profile: Profile = Profile.BOX
) -> tuple[Stack, FloatArray]:
    """One person or pattern, and its signal in a random sequence [slice, row, column].

    The signal carries the bias field of a receive coil, up to 40 % either way.

    Parameters
    ----------
    profile : of the slices; other than a box costs seven planes a slice.
    """
    chosen = region or REGIONS[int(rng.choice(len(REGIONS), p=REGION_SHARES))]
    sampling = random_sampling(rng, chosen)
    if profile is not Profile.BOX:
        sampling = replace(sampling, planes=PROFILE_PLANES, profile=profile)
    stack = random_stack(rng, chosen, sampling)
    signal = Contrast.random(rng).signal(stack.values)
    bias = 1.0 + np.float32(rng.uniform(0.0, 0.4)) * smooth_field(rng, SIZE, SIZE)
    return stack, np.asarray(signal * bias, np.float32)


def make_mr_patches(
    rng: np.random.Generator,
    count: int = 14,
    region: Region | None = None,
    acquisition: Acquisition | None = None,
    profile: Profile = Profile.BOX,
) -> Arrays:
    """Draw one stack, see it through an acquisition (None draws one), and cut patches from it.

    Returns
    -------
    The first axis of every array counts patches. `clean` float16 [patch, 5, row, column],
    intensity over 100; `lesion` uint8 [patch, row, column], coverage, 255 full; `acquisition`
    float32 [patch, 5]: rows, columns, partial, taper, coils; `frequency` cycles per pixel;
    `spacing_mm`.
    """
    stack, signal = random_mr_stack(rng, region, profile)
    acquisition = acquisition or Acquisition.random(rng)
    phase = 1.2 * smooth_field(rng, SIZE, SIZE)
    clean = reconstructed(signal, acquisition, phase) / np.float32(TYPICAL_SIGNAL)
    corners = _corners(rng, clean[SLICES // 2], count)
    windows = [np.s_[row : row + PATCH, column : column + PATCH] for row, column in corners]
    total = len(windows)
    figures = np.asarray(list(asdict(acquisition).values()), np.float32)
    return {
        "clean": np.stack([clean[:, one[0], one[1]] for one in windows]).astype(np.float16),
        "lesion": np.stack([stack.lesion_weight[one] * 255 for one in windows]).astype(np.uint8),
        "acquisition": np.tile(figures, (total, 1)),
        "frequency": np.full(total, acquisition.noise_frequency(), np.float32),
        "spacing_mm": np.full(total, stack.spacing_mm, np.float32),
    }


def _corners(
    rng: np.random.Generator, middle: FloatArray, count: int, size: int = PATCH
) -> list[tuple[int, int]]:
    """Upper left corners of up to `count` patches, few of them mostly without signal."""
    limit = middle.shape[0] - size
    found: list[tuple[int, int]] = []
    for _ in range(count * 8):
        if len(found) == count:
            break
        row, column = (int(place) for place in rng.integers(0, limit + 1, 2))
        share = float(np.mean(middle[row : row + size, column : column + size] > 0.08))
        if share > 0.5 or rng.random() < 0.08:
            found.append((row, column))
    return found or [(limit // 2, limit // 2)]
