"""Two scans of one object brought onto each other, without changing the noise of either."""

import math

import numpy as np
from scipy import ndimage

from viewer.core.arrays import AnyArray, BoolArray, FloatArray
from viewer.enhancement.method import Float32Array

SMOOTHING_PIXELS = 1.5
RIM_PIXELS = 8
STEPS = 20
FEWEST_PIXELS = 400
CLOSE_PIXELS = 1e-3

Shift = tuple[float, float]
"""Rows and columns, in pixels, by which an image is moved."""


def reconstructed(image: AnyArray) -> BoolArray:
    """Return where an image [row, column] holds measured values.

    Outside the circle of a reconstruction and in padding, values do not change from pixel to pixel;
    that rim belongs to the grid and not to the object, and must not be registered.
    """
    varies = ndimage.maximum_filter(image, 3) != ndimage.minimum_filter(image, 3)
    return np.asarray(ndimage.binary_opening(varies, iterations=2))


def shift_onto(
    reference: AnyArray, moving: AnyArray, start: Shift, values: tuple[float, float]
) -> Shift | None:
    """Return how far `moving` has to be moved to lie on `reference`, to about 0.02 pixels.

    Parameters
    ----------
    reference, moving : [row, column] of the same pixel size.
    start : first guess, right to within a few pixels, such as the difference of the headers.
    values : range that both are clipped to, so that metal does not outweigh all else.

    Returns
    -------
    None where too little is in both, or nothing in it has an edge.

    Notes
    -----
    Least squares of the difference after a Gaussian of 1.5 pixels, over what both reconstructions
    hold.

    Source: Lucas and Kanade, IJCAI 1981, for a translation.
    """
    fixed, other = (_smooth(image, values) for image in (reference, moving))
    inside, there = (
        ndimage.binary_erosion(reconstructed(image), iterations=RIM_PIXELS)
        for image in (reference, moving)
    )
    shift: FloatArray = np.asarray(start, np.float64)
    for _ in range(STEPS):
        moved = ndimage.shift(other, shift, order=3, mode="nearest")
        both = inside & (ndimage.shift(there.astype(np.float32), shift, order=1) > 0.99)
        if np.count_nonzero(both) < FEWEST_PIXELS:
            return None
        down, across = (np.asarray(slope) for slope in np.gradient(moved))
        slopes = np.stack([down[both], across[both]], axis=1)
        step, _, rank, _ = np.linalg.lstsq(slopes, (fixed - moved)[both], rcond=1e-3)
        if rank < 2:
            return None
        shift = np.subtract(shift, step)
        if np.abs(step).max() < CLOSE_PIXELS:
            break
    return (float(shift[0]), float(shift[1])) if np.isfinite(shift).all() else None


def _smooth(image: AnyArray, values: tuple[float, float]) -> Float32Array:
    clipped = np.clip(image.astype(np.float32), *values)
    return np.asarray(ndimage.gaussian_filter(clipped, SMOOTHING_PIXELS), np.float32)


def moved(image: AnyArray, shift: Shift) -> Float32Array:
    """Return an image [row, column] moved by a shift in the Fourier domain.

    Unlike interpolation between pixels this keeps the power of noise at every frequency. What
    leaves on one side comes in on the other: leave out a rim as wide as the shift.
    """
    spectrum = ndimage.fourier_shift(np.fft.fft2(image.astype(np.float64)), shift)
    return np.asarray(np.fft.ifft2(spectrum).real, np.float32)


def moved_mask(mask: BoolArray, shift: Shift) -> BoolArray:
    """Return a mask [row, column] moved by a shift; nothing comes in from outside."""
    part = ndimage.shift(mask.astype(np.float32), shift, order=1, mode="constant")
    return np.asarray(part > 0.99)


def edges(image: AnyArray, pixels: float) -> FloatArray:
    """Return the size of the slope of an image [row, column] per pixel, after a Gaussian."""
    slope = ndimage.gaussian_gradient_magnitude(image.astype(np.float32), pixels)
    return np.asarray(slope, np.float64)


def eroded(mask: BoolArray, pixels: int) -> BoolArray:
    """Return a mask without its outermost pixels."""
    return np.asarray(ndimage.binary_erosion(mask, iterations=max(1, pixels)))


def excess(total: float, noise: float) -> float:
    """Return the SD that has to be added to a noise SD to give a total, below 0 if it is less."""
    square = total**2 - noise**2
    return math.copysign(math.sqrt(abs(square)), square)
