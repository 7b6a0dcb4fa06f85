"""What a residual looks like: noise alone, or anatomy that was taken away with it."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from viewer.core.arrays import BoolArray
from viewer.enhancement.conditioning import counting_sd
from viewer.enhancement.level_noise import level_curve
from viewer.enhancement.method import Float32Array, SourceSlices
from viewer.enhancement.noise import fine_detail, signal_range, smoothed, tissue
from viewer.enhancement.noise_models import COUNTS, LEVELS
from viewer.enhancement.residual import Residual

SAMPLED_SLICES = 5
SMOOTHING_PIXELS = 1.5
NOISELESS_PIXELS, FAINT_SHARE = 16, 0.1
"""A neighbourhood of so many pixels, most of them with less than this share of the usual fine
detail, holds no noise."""
LEAST_SHARE = np.float32(0.1)
"""Of the brightest's noise, that counted noise is taken to have at least."""


@dataclass(frozen=True, slots=True)
class Audit:
    """Figures of a full-strength residual.

    `structure` is the correlation of the residual's local size with the edges of the source: about
    0 for pure noise, towards 1 where edges were changed. `sd` and `largest` are in modality units.
    """

    structure: float
    sd: float
    largest: float


@dataclass(frozen=True, slots=True)
class StructureLine:
    """The red line of a method: the 95th percentile of its structure index over `scenes` scenes.

    `command` is what measured it.
    """

    p95: float
    scenes: int
    command: str


def audit(source: SourceSlices, residual: Residual, noise_model: str = "") -> Audit:
    """Judge up to five computed slices, spread evenly; all 0 where nothing was changed.

    Informational: what counts as much depends on the method and the anatomy. Where values have no
    fixed scale only signal counts: air has neither edges nor much noise, which is no structure; of
    radiographs all that is neither saturated nor collimated. Of a `noise_model` other than the even
    one the residual's size is taken over the noise expected.
    """
    there = np.flatnonzero(residual.loaded)
    chosen = there[np.unique(np.linspace(0, len(there) - 1, SAMPLED_SLICES).round().astype(int))]
    sizes: list[Float32Array] = []
    edges: list[Float32Array] = []
    changes: list[Float32Array] = []
    for index in chosen:
        change = residual.in_units(int(index))
        inside = ndimage.binary_erosion(ndimage.binary_closing(change != 0), iterations=6)
        image = source.values[index].astype(np.float32)
        expected = _expected(image, noise_model)
        if noise_model == LEVELS:
            inside &= _noisy(image, expected)
        elif source.unit != "HU":
            inside &= tissue(smoothed(image), signal_range(image[None]))
        if not inside.any():
            continue
        edge = ndimage.gaussian_gradient_magnitude(image, SMOOTHING_PIXELS)
        local = ndimage.gaussian_filter(np.abs(change) / expected, SMOOTHING_PIXELS)
        sizes.append(np.asarray(local[inside], dtype=np.float32))
        edges.append(np.asarray(np.log(edge[inside] + 1e-3), dtype=np.float32))
        changes.append(change[inside])
    if not sizes:
        return Audit(0.0, 0.0, 0.0)
    size, edge, change = (np.concatenate(parts) for parts in (sizes, edges, changes))
    is_constant = size.std() == 0 or edge.std() == 0
    structure = 0.0 if is_constant else float(np.corrcoef(size, edge)[0, 1])
    return Audit(structure, float(change.std()), float(np.abs(change).max()))


def _noisy(image: Float32Array, expected: Float32Array | np.float32) -> BoolArray:
    """Return where an image holds noise at all: not where the detector was saturated or hidden."""
    fine = np.abs(fine_detail(image)) / expected
    grainy = (fine > FAINT_SHARE * np.median(fine)).astype(np.float32)
    most = ndimage.uniform_filter(grainy, NOISELESS_PIXELS) > 0.5
    return np.asarray(ndimage.binary_erosion(most, iterations=NOISELESS_PIXELS // 2))


def _expected(image: Float32Array, noise_model: str) -> Float32Array | np.float32:
    """Return the noise that is expected at each pixel, up to a factor."""
    if noise_model == LEVELS:
        return level_curve(image).sd(image, 1.0)
    if noise_model == COUNTS:
        typical = float(np.percentile(image, 98))
        return np.maximum(counting_sd(image, typical, 1.0), LEAST_SHARE)
    return np.float32(1.0)
