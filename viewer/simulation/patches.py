"""Training patches: noise-free slices seen through a kernel, and noise that belongs to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.ndimage

from viewer.simulation.fan import FanBeam
from viewer.simulation.kernels import FloatArray, Kernel, noise_mean_frequency
from viewer.simulation.noise import blur, relative_sd_map, slice_weights
from viewer.simulation.phantom import Region, Sampling, Stack, random_stack
from viewer.simulation.projection import Exposure, ParallelBeam, attenuation, measured
from viewer.simulation.reconstruction import filtered_back_projection

SLICES = 5
PATCH = 96
STACK = 384
VIEWS = 576
FIXED_POINT = 8.0
MOST_SD_HU = 110.0
REGIONS = (Region.CHEST, Region.ABDOMEN, Region.HEAD, Region.ABSTRACT)
REGION_SHARES = (0.32, 0.34, 0.12, 0.22)

AnyArray = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class PatchSet:
    """Patches of one or more stacks; the first axis counts them.

    Attributes
    ----------
    clean : int16 [patch, 5, row, column], HU times 8.
    noise : float16, same shape, HU; all zero where noise is to be made by the fast mode.
    sd : float16 [patch, row, column]: local noise SD in HU, or relative to 1 for the fast mode.
    lesion : uint8 [patch, row, column]: coverage of the middle slice by lesions, 255 full.
    projected : bool [patch]: noise comes from projections.
    kernel : float32 [patch, 3]: half frequency in cycles per pixel, boost, order.
    frequency : float32 [patch]: NPS mean frequency in cycles per pixel.
    spacing_mm, pixel_mm : float32 [patch].
    correlation : float32 [patch]: of neighbouring slices.
    """

    clean: AnyArray
    noise: AnyArray
    sd: AnyArray
    lesion: AnyArray
    projected: AnyArray
    kernel: AnyArray
    frequency: AnyArray
    spacing_mm: AnyArray
    pixel_mm: AnyArray
    correlation: AnyArray

    def __len__(self) -> int:
        return len(self.clean)


def random_kernel(rng: np.random.Generator, pixel_mm: float) -> Kernel:
    """Soft to sharp: half response at 0.14 to 0.50 cycles per pixel, sharp ones boosted."""
    half = float(np.exp(rng.uniform(np.log(0.14), np.log(0.50))))
    boost = float(rng.uniform(0.0, 0.6 if half > 0.3 else 0.15))
    return Kernel(half / pixel_mm, boost, float(rng.uniform(1.6, 3.5)))


def random_sampling(rng: np.random.Generator, region: Region) -> Sampling:
    """Pixel 0.35 to 1.0 mm, slices 0.6 to 5 mm, overlap up to 40 %."""
    pixel = float(rng.uniform(0.40, 0.60) if region is Region.HEAD else rng.uniform(0.35, 1.0))
    spacing = float(np.exp(rng.uniform(np.log(0.6), np.log(5.0))))
    thickness = min(spacing * float(rng.uniform(0.9, 1.6)), 5.0)
    reach = max(165.0 - STACK * pixel / 2, 0.0)
    centre = (float(rng.uniform(-reach, reach)), float(rng.uniform(-reach, reach)) * 0.6)
    planes = 1 if thickness < 2.0 else 2
    return Sampling(SLICES, STACK, pixel, spacing, thickness, planes, centre)


def make_patches(
    rng: np.random.Generator,
    beam: ParallelBeam | None,
    count: int = 14,
    region: Region | None = None,
) -> PatchSet:
    """Draw one stack, see it through a kernel, and cut patches from it.

    Parameters
    ----------
    beam : scan it with this operator (size 384) and keep the true noise; None leaves the noise to
        the fast mode.
    count : patches cut, those with more structure preferred.
    region : which anatomy; None draws one.
    """
    chosen = region or REGIONS[int(rng.choice(len(REGIONS), p=REGION_SHARES))]
    sampling = random_sampling(rng, chosen)
    stack = random_stack(rng, chosen, sampling)
    kernel = random_kernel(rng, stack.pixel_mm)
    overlap = max(1.0 - stack.spacing_mm / stack.thickness_mm, 0.0)
    correlation = float(np.clip(overlap + rng.uniform(0.0, 0.3), 0.0, 0.6))
    values = np.maximum(stack.values, -1024.0)
    if beam is None:
        clean = blur(values, kernel, stack.pixel_mm)
        noise = np.zeros_like(clean)
        sd = relative_sd_map(clean[SLICES // 2], stack.pixel_mm)
    else:
        clean, noise = scanned(rng, values, beam, kernel, stack.pixel_mm, correlation)
        sd = local_sd(noise)
    return _cut(rng, stack, clean, noise, sd, kernel, correlation, beam is not None, count)


def scanned(
    rng: np.random.Generator,
    values: FloatArray,
    beam: ParallelBeam,
    kernel: Kernel,
    pixel_mm: float,
    correlation: float,
    wanted_sd: float | None = None,
    fan: FanBeam | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Noise-free reconstruction and its noise, both [slice, row, column].

    Parameters
    ----------
    wanted_sd : median noise SD in HU to which the exposure is set; None draws 4 to 70 HU.
    fan : the scanner whose rays are measured and then rebinned; None measures parallel ones.
    """
    offsets = beam.offsets() * np.float32(pixel_mm) if fan is None else fan.offsets_mm()
    per_mm = [attenuation(plane) for plane in values]
    if fan is None:
        sinograms = [beam.project(plane, pixel_mm) for plane in per_mm]
    else:
        sinograms = [fan.project(plane, beam, pixel_mm) for plane in per_mm]

    def image(readings: FloatArray) -> FloatArray:
        rays = readings if fan is None else fan.rebinned(readings, beam, pixel_mm)
        return filtered_back_projection(rays, beam, kernel, pixel_mm)

    clean = np.stack([image(one) for one in sinograms])

    def noise_of(plane: int, exposure: Exposure) -> FloatArray:
        noisy = measured(rng, sinograms[plane], exposure, offsets)
        return np.asarray(image(noisy) - clean[plane], np.float32)

    exposure = Exposure(
        photons=1e5,
        electronic_sd=float(rng.uniform(3.0, 12.0)),
        bow_tie_mm=float(rng.uniform(190.0, 300.0)),
    )
    if wanted_sd is None:
        wanted_sd = float(np.exp(rng.uniform(np.log(4.0), np.log(70.0))))
    found_sd = float(np.median(local_sd(noise_of(len(values) // 2, exposure)[None])))
    exposure = exposure.at_dose(min((found_sd / wanted_sd) ** 2, 1e3))
    planes = [0, *range(len(values)), len(values) - 1]
    noise = np.stack([noise_of(plane, exposure) for plane in planes])
    before, centre, after = slice_weights(correlation)
    mixed = before * noise[:-2] + centre * noise[1:-1] + after * noise[2:]
    return clean, np.asarray(mixed, np.float32)


def local_sd(noise: FloatArray, smooth_pixels: float = 12.0) -> FloatArray:
    """SD of noise [slice, row, column] around each pixel of the plane."""
    power = np.mean(noise**2, axis=0)
    return np.asarray(np.sqrt(scipy.ndimage.gaussian_filter(power, smooth_pixels)), np.float32)


def _cut(
    rng: np.random.Generator,
    stack: Stack,
    clean: FloatArray,
    noise: FloatArray,
    sd: FloatArray,
    kernel: Kernel,
    correlation: float,
    is_projected: bool,
    count: int,
) -> PatchSet:
    corners = soft_corners(rng, clean[SLICES // 2], sd, count)
    windows = [(slice(row, row + PATCH), slice(column, column + PATCH)) for row, column in corners]
    total = len(windows)
    frequency = noise_mean_frequency(kernel, stack.pixel_mm) * stack.pixel_mm
    shape = (kernel.half_per_mm * stack.pixel_mm, kernel.boost, kernel.order)
    fixed = np.clip(clean * FIXED_POINT, -32000, 32000)
    return PatchSet(
        clean=np.stack([fixed[(slice(None), *one)] for one in windows]).round().astype(np.int16),
        noise=np.stack([noise[(slice(None), *one)] for one in windows]).astype(np.float16),
        sd=np.stack([sd[one] for one in windows]).astype(np.float16),
        lesion=np.stack([stack.lesion_weight[one] * 255 for one in windows]).astype(np.uint8),
        projected=np.full(total, is_projected),
        kernel=np.tile(np.asarray(shape, np.float32), (total, 1)),
        frequency=np.full(total, frequency, np.float32),
        spacing_mm=np.full(total, stack.spacing_mm, np.float32),
        pixel_mm=np.full(total, stack.pixel_mm, np.float32),
        correlation=np.full(total, correlation, np.float32),
    )


def soft_corners(
    rng: np.random.Generator, middle: FloatArray, sd: FloatArray, count: int
) -> list[tuple[int, int]]:
    """Upper left corners of up to `count` patches, few of them mostly air."""
    limit = middle.shape[0] - PATCH
    found: list[tuple[int, int]] = []
    for _ in range(count * 8):
        if len(found) == count:
            break
        row, column = (int(place) for place in rng.integers(0, limit + 1, 2))
        window = middle[row : row + PATCH, column : column + PATCH]
        is_tissue = float(np.mean(window > -930.0))
        level = float(sd[row : row + PATCH, column : column + PATCH].mean())
        if level < MOST_SD_HU and (is_tissue > 0.5 or rng.random() < 0.03):
            found.append((row, column))
    return found or [(limit // 2, limit // 2)]
