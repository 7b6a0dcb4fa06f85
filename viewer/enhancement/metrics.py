"""Figures that judge an enhancement: against a known truth, and region by region without one."""

import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from viewer.core.arrays import AnyArray, BoolArray, FloatArray

FLAT_HU = (-50.0, 150.0)
FLAT_GRADIENT_HU = 3.0
FLAT_MARGIN = 4
TISSUE_MARGIN = 2
STRUCTURE_SD, STRUCTURE_PIXELS, STRUCTURE_SMOOTHING = 3.0, 4, 1.5

WINDOWS_HU: tuple[tuple[str, float, float], ...] = (
    ("soft tissue", 50.0, 400.0),
    ("lung", -600.0, 1500.0),
    ("liver", 60.0, 150.0),
)
"""Name, centre and width of the windows in which PSNR and SSIM are stated."""


def rmse(values: AnyArray, truth: AnyArray, mask: BoolArray) -> float:
    """Root mean square of values minus truth inside a mask, in their unit; NaN if it is empty."""
    error = _difference(values, truth, mask)
    return math.sqrt(float((error**2).mean())) if error.size else math.nan


def bias(values: AnyArray, truth: AnyArray, mask: BoolArray) -> float:
    """Mean of values minus truth inside a mask, in their unit; NaN if it is empty."""
    error = _difference(values, truth, mask)
    return float(error.mean()) if error.size else math.nan


def _difference(values: AnyArray, truth: AnyArray, mask: BoolArray) -> FloatArray:
    return np.asarray(values[mask].astype(np.float64) - truth[mask].astype(np.float64))


def in_window(values: AnyArray, centre: float, width: float) -> npt.NDArray[np.float32]:
    """Return values clipped to a window and scaled to 0 to 1."""
    scaled = (values.astype(np.float32) - np.float32(centre - width / 2)) / np.float32(width)
    return np.asarray(np.clip(scaled, 0.0, 1.0), dtype=np.float32)


def psnr(values: AnyArray, truth: AnyArray, mask: BoolArray, centre: float, width: float) -> float:
    """Peak signal-to-noise ratio in dB inside a mask; the peak is the window's width.

    Both are clipped to the window first. Infinite where they agree, NaN if the mask is empty.
    """
    if not mask.any():
        return math.nan
    error = in_window(values[mask], centre, width) - in_window(truth[mask], centre, width)
    mean_square = float((error.astype(np.float64) ** 2).mean())
    return -10.0 * math.log10(mean_square) if mean_square > 0 else math.inf


def ssim(values: AnyArray, truth: AnyArray, mask: BoolArray, centre: float, width: float) -> float:
    """Mean structural similarity of [slice, row, column] inside a mask, slice by slice.

    Both are clipped to the window, whose width is the data range; Gaussian weights of 1.5 pixels.

    Source: Wang et al., IEEE TIP 2004 (scikit-image).
    """
    from skimage.metrics import structural_similarity

    total, count = 0.0, 0
    for one, true, inside in zip(values, truth, mask, strict=True):
        if not inside.any():
            continue
        _, similarity = structural_similarity(
            in_window(one, centre, width),
            in_window(true, centre, width),
            data_range=1.0,
            gaussian_weights=True,
            use_sample_covariance=False,
            full=True,
        )
        total += float(similarity[inside].sum())
        count += int(inside.sum())
    return total / count if count else math.nan


def flat_tissue(truth: AnyArray) -> BoolArray:
    """Return where a noise-free CT slice [row, column] is soft tissue without structure.

    -50 to 150 HU, changing by less than 3 HU from pixel to pixel, and four pixels away from
    anything else, so that blurred edges do not count as noise.
    """
    down, across = np.gradient(truth.astype(np.float32))
    plain = np.hypot(down, across) < FLAT_GRADIENT_HU
    plain &= (truth > FLAT_HU[0]) & (truth < FLAT_HU[1])
    return np.asarray(ndimage.binary_erosion(plain, iterations=FLAT_MARGIN))


def contrast_to_noise(values: AnyArray, inside: BoolArray, around: BoolArray) -> float:
    """Difference of two regions' means divided by the SD of the second; NaN without one."""
    region, background = values[inside].astype(np.float64), values[around].astype(np.float64)
    if not region.size or background.size < 2 or background.std() == 0:
        return math.nan
    return float(abs(region.mean() - background.mean()) / background.std())


def sphere_template(
    shape: tuple[int, int, int],
    spacing_mm: tuple[float, float, float],
    centre: tuple[float, float, float],
    diameter_mm: float,
) -> npt.NDArray[np.float32]:
    """Return how much of each voxel lies in a sphere, [slice, row, column], 0 to 1.

    Parameters
    ----------
    centre : (slice, row, column) index of its middle, fractions allowed.
    """
    grids = np.ogrid[tuple(slice(0, size) for size in shape)]
    square = sum(
        ((grid - place) * step) ** 2
        for grid, place, step in zip(grids, centre, spacing_mm, strict=True)
    )
    depth = diameter_mm / 2 - np.sqrt(square)
    return np.asarray(np.clip(0.5 + depth / min(spacing_mm), 0.0, 1.0), dtype=np.float32)


def contrast_in(values: AnyArray, template: AnyArray, around: BoolArray) -> float:
    """Return the contrast of a lesion: the least-squares height of its template over a plain level.

    Parameters
    ----------
    template : 0 to 1, same shape as the values.
    around : the voxels to fit, the lesion and a rim about it.
    """
    shape = template[around].astype(np.float64)
    shape -= shape.mean()
    power = float((shape**2).sum())
    if power == 0:
        return math.nan
    return float((values[around].astype(np.float64) * shape).sum()) / power


def tissue(truth: AnyArray, body: BoolArray, low: float, high: float) -> BoolArray:
    """Return where a noise-free slice [row, column] is one tissue, two pixels away from others."""
    inside = body & (truth > low) & (truth < high)
    return np.asarray(ndimage.binary_erosion(inside, iterations=TISSUE_MARGIN))


def smoothed(images: AnyArray, pixels: float) -> npt.NDArray[np.float32]:
    """Return images [image, row, column] after a Gaussian of an SD in pixels."""
    return np.asarray(ndimage.gaussian_filter(images, (0.0, pixels, pixels)), np.float32)


def structures(images: AnyArray) -> float:
    """Return how many structures stand out of plain images, per 100,000 pixels.

    Parameters
    ----------
    images : [image, row, column] of something in which there is no structure.

    Counted are groups of `STRUCTURE_PIXELS` or more touching pixels beyond `STRUCTURE_SD` of the
    images' own SD after a Gaussian of `STRUCTURE_SMOOTHING` pixels, brighter or darker.
    """
    smooth = smoothed(images, STRUCTURE_SMOOTHING)
    limit = STRUCTURE_SD * float(smooth.std())
    count = 0
    for image in smooth:
        for sign in (1, -1):
            labels, _ = ndimage.label(sign * image > limit)
            sizes = np.bincount(labels.ravel())[1:]
            count += int((sizes >= STRUCTURE_PIXELS).sum())
    return 1e5 * count / smooth.size


def overshoot(image: AnyArray, ideal: AnyArray, mask: BoolArray, share: float = 0.999) -> float:
    """Return how far values leave the range of the ideal within three pixels, in their unit.

    The quantile `share` over the mask; images are [row, column].
    """
    beyond = np.maximum(
        image - ndimage.maximum_filter(ideal, 7), ndimage.minimum_filter(ideal, 7) - image
    )
    return float(np.quantile(np.maximum(beyond[mask], 0.0), share))
