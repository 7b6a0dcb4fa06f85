"""Scenes seen through a soft and a sharper kernel, on which sharpening is judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viewer.simulation.kernels import FloatArray, Kernel, sharper
from viewer.simulation.noise import NoiseCharacter, blur, relative_sd_map, unit_noise
from viewer.simulation.patches import SLICES
from viewer.simulation.phantom import Region, Sampling, random_stack
from viewer.simulation.scenes import MIDDLE, BoolArray, body_of, flat_blocks

SIZE = 384
SOFT_HALVES = (0.16, 0.20, 0.26)
NOISE_SD = (8.0, 18.0)
_SPACING_MM = 1.5


@dataclass(frozen=True, slots=True)
class KernelScene:
    """Five slices through a soft kernel; the middle one is judged.

    Attributes
    ----------
    region, half, noise_sd : anatomy, half response of the soft kernel in cycles per pixel, HU.
    noisy : HU [5, row, column]; `noise` that of the middle slice [row, column].
    soft, sharp : the middle slice without noise through the soft and the sharper kernel.
    body, flat : where figures are taken; corners of flat blocks of 16 x 16 pixels.
    """

    region: str
    half: float
    noise_sd: float
    noisy: FloatArray
    noise: FloatArray
    soft: FloatArray
    sharp: FloatArray
    body: BoolArray
    flat: tuple[tuple[int, int], ...]
    pixel_mm: float
    spacing_mm: float = _SPACING_MM

    @property
    def ideal(self) -> FloatArray:
        """The middle slice with the sharper kernel's detail and the noise that it has."""
        return np.asarray(self.noisy[MIDDLE] + self.sharp - self.soft, np.float32)


def kernel_scenes(seed: int, count: int) -> list[KernelScene]:
    """`count` scenes in a fixed rotation of regions, kernels and noise levels."""
    regions = (Region.ABDOMEN, Region.CHEST, Region.HEAD)
    return [
        _scene(
            np.random.default_rng([seed, number]),
            regions[number % 3],
            SOFT_HALVES[(number // 3) % 3],
            NOISE_SD[number % 2],
        )
        for number in range(count)
    ]


def _scene(rng: np.random.Generator, region: Region, half: float, sd: float) -> KernelScene:
    pixel = 0.5 if region is Region.HEAD else 0.8
    stack = random_stack(rng, region, Sampling(SLICES, SIZE, pixel, _SPACING_MM, _SPACING_MM))
    kernel = Kernel(half / pixel, 0.05, 2.0)
    values = np.maximum(stack.values, -1024.0)
    soft = blur(values, kernel, pixel)
    local = sd * relative_sd_map(soft[MIDDLE], pixel)
    noise = unit_noise(rng, soft.shape, NoiseCharacter(kernel, pixel, 0.1, 0.3, 0.15)) * local
    return KernelScene(
        region=region.value,
        half=half,
        noise_sd=sd,
        noisy=soft + noise,
        noise=noise[MIDDLE],
        soft=soft[MIDDLE],
        sharp=blur(values[MIDDLE], sharper(kernel), pixel),
        body=body_of(soft[MIDDLE]),
        flat=flat_blocks(soft[MIDDLE]),
        pixel_mm=pixel,
    )
