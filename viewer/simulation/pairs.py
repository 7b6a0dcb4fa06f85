"""Lesion-absent and lesion-present pairs on anatomical background, for a model observer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.ndimage

from viewer.simulation.kernels import FloatArray, Kernel
from viewer.simulation.noise import NoiseCharacter, blur, relative_sd_map, unit_noise
from viewer.simulation.patches import SLICES
from viewer.simulation.phantom import Region, Sampling, random_stack
from viewer.simulation.scenes import MIDDLE, BoolArray, InsertScene, disc, named_kernel

TISSUE_HU = {
    Region.ABDOMEN: (20.0, 170.0),
    Region.CHEST: (-960.0, -600.0),
    Region.HEAD: (12.0, 60.0),
}
"""Where lesions are put: organs of the abdomen, lung, brain; range of the smoothed truth."""
PIXEL_MM = 0.7
SPACING_MM = 1.5
_STACK = 384
_PATCH = 64
_MARGIN_MM = 3.0
_CORRELATION = 0.15


@dataclass(frozen=True, slots=True)
class AnatomicalScene(InsertScene):
    """Pairs on anatomy: `noise` [draw, 5, row, column] holds anatomy and noise together, in HU.

    The lesion is a rod through all five slices; what it adds is `signal` in every pair.

    Attributes
    ----------
    region : of the anatomy, another place or person in every draw.
    anatomy : the same without noise, [draw, 5, row, column].
    """

    region: str = ""
    anatomy: FloatArray | None = None

    @property
    def background(self) -> FloatArray | float:
        """The anatomy."""
        return 0.0 if self.anatomy is None else self.anatomy

    @property
    def name(self) -> str:
        """Size, contrast and background in words."""
        return f"{self.diameter_mm:g} mm {self.contrast:g} {self.unit}, {self.region}"


def anatomical_pairs(
    seed: int,
    region: Region,
    diameter_mm: float,
    contrast_hu: float,
    count: int,
    sd: float = 20.0,
    kernel_name: str = "standard",
) -> AnatomicalScene:
    """Draw `count` pairs, each with anatomy and noise of its own; see `AnatomicalScene`.

    Parameters
    ----------
    region : abdomen, chest or head; see `TISSUE_HU`.
    sd : mean noise SD in HU over the body; it varies with the attenuation around.
    kernel_name : one of `scenes.KERNELS`.

    Raises
    ------
    ValueError : there is no such background.
    """
    if region not in TISSUE_HU:
        raise ValueError(f"There are pairs on {', '.join(TISSUE_HU)}, not on {region}.")
    kernel = named_kernel(kernel_name, PIXEL_MM)
    rng = np.random.default_rng([seed, round(10 * diameter_mm), round(contrast_hu + 5000)])
    clean, noise = [], []
    patches = _patches(rng, region, diameter_mm, kernel)
    for _ in range(count):
        anatomy, relative = next(patches)
        character = NoiseCharacter(kernel, PIXEL_MM, 0.1, 0.3, _CORRELATION)
        clean.append(anatomy)
        noise.append(sd * relative * unit_noise(rng, anatomy.shape, character))
    picture = disc(_PATCH, PIXEL_MM, diameter_mm / 2, contrast_hu)
    anatomy = np.stack(clean)
    return AnatomicalScene(
        diameter_mm=diameter_mm,
        contrast=contrast_hu,
        signal=blur(picture, kernel, PIXEL_MM),
        noise=anatomy + np.stack(noise),
        pixel_mm=PIXEL_MM,
        spacing_mm=SPACING_MM,
        region=region.value,
        anatomy=anatomy,
    )


def _patches(
    rng: np.random.Generator, region: Region, diameter_mm: float, kernel: Kernel
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Endless patches [5, row, column] of new people, noise-free, with their relative noise SD."""
    sampling = Sampling(SLICES, _STACK, PIXEL_MM, SPACING_MM, SPACING_MM)
    while True:
        stack = random_stack(rng, region, sampling, lesion_count=0)
        clean = blur(np.maximum(stack.values, -1024.0), kernel, PIXEL_MM)
        relative = relative_sd_map(clean[MIDDLE], PIXEL_MM)
        for row, column in _places(rng, _roomy(clean[MIDDLE], region, diameter_mm)):
            top, left = row - _PATCH // 2, column - _PATCH // 2
            window = np.s_[..., top : top + _PATCH, left : left + _PATCH]
            yield clean[window], relative[window]


def _roomy(truth: FloatArray, region: Region, diameter_mm: float) -> BoolArray:
    """Where a lesion lies in the region's tissue with a margin, vessels and texture included."""
    low, high = TISSUE_HU[region]
    smooth = scipy.ndimage.gaussian_filter(truth, 2.0 / PIXEL_MM)
    depth_mm = scipy.ndimage.distance_transform_edt((smooth > low) & (smooth < high)) * PIXEL_MM
    return np.asarray(depth_mm > diameter_mm / 2 + _MARGIN_MM, np.bool_)


def _places(rng: np.random.Generator, free: BoolArray) -> Iterator[tuple[int, int]]:
    """Rows and columns whose patches do not overlap."""
    half = _PATCH // 2
    inner = np.zeros_like(free)
    inner[half:-half, half:-half] = free[half:-half, half:-half]
    for row, column in rng.permutation(np.argwhere(inner)):
        if inner[row, column]:
            rows, columns = (slice(max(at - _PATCH, 0), at + _PATCH) for at in (row, column))
            inner[rows, columns] = False
            yield int(row), int(column)
