"""Noise and structure from the difference of two scans of one object, before and after a method.

What both scans hold cancels in their difference; noise, which is new in each, does not. So noise is
measured without a truth, and what a method does to structure differently in two scans stays too.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from viewer.core.arrays import AnyArray, BoolArray, FloatArray
from viewer.enhancement.denoising import body_mask
from viewer.enhancement.method import Float32Array
from viewer.enhancement.noise import fine_detail, mean_frequency, noise_power, signal_range
from viewer.enhancement.registration import (
    RIM_PIXELS,
    Shift,
    edges,
    eroded,
    excess,
    moved,
    moved_mask,
    reconstructed,
    shift_onto,
)

BLOCK = 24
FEWEST_BLOCKS = 8
FLATTEST_PERCENT, FLAT_FACTOR = 20, 1.4
"""Blocks are flat up to 1.4 times the structure that the flattest fifth of them has."""
EDGE_FACTOR, FEWEST_EDGE_PIXELS = 4.0, 400
"""Edges are where the slope is more than four times the median slope in flat blocks."""
BESIDE_PIXELS = (3, 12)
"""From and to how far from an edge the noise beside it is taken."""
SMOOTHING_PIXELS = 2.0
TISSUE_HU = (-150.0, 250.0)
CLIPPED_HU = (-1000.0, 300.0)

Figures = dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """Slices of two scans on the grid of the first, with where to look.

    Attributes
    ----------
    first, second : originals [slice, row, column], the second moved by `shifts`, one per slice.
    inside : pixels of the object that both scans hold, away from the rim of either.
    edge : those of them where the mean of both has a steep slope.
    beside : those near an edge and not on it, since noise differs from place to place.
    flat : (slice, row, column) of the first pixel of each flat block of `BLOCK` pixels a side.
    """

    first: Float32Array
    second: Float32Array
    shifts: tuple[Shift, ...]
    inside: BoolArray
    edge: BoolArray
    beside: BoolArray
    flat: tuple[tuple[int, int, int], ...]

    def blocks(self, images: AnyArray) -> Float32Array:
        """Return the flat blocks of images on this grid, each less its mean."""
        cut = [
            images[k, row : row + BLOCK, column : column + BLOCK] for k, row, column in self.flat
        ]
        found = np.stack(cut).astype(np.float32)
        return np.asarray(found - found.mean(axis=(1, 2), keepdims=True), np.float32)

    def onto_first(self, images: AnyArray) -> Float32Array:
        """Return images of the second scan [slice, row, column] moved as its originals were."""
        pairs = zip(images, self.shifts, strict=True)
        return np.stack([moved(image, shift) for image, shift in pairs])


def align(first: AnyArray, second: AnyArray, start: Shift, unit: str) -> Aligned | None:
    """Bring slices [slice, row, column] of one scan onto those of another.

    Every slice finds its own shift, since the wobble of a helical scan differs from slice to slice.
    None where they cannot be registered or hold fewer than eight flat blocks.
    """
    span = signal_range(first) if unit != "HU" else (0.0, 0.0)
    values = CLIPPED_HU if unit == "HU" else (0.0, 4.0 * span[0])
    found = [shift_onto(one, two, start, values) for one, two in zip(first, second, strict=True)]
    shifts = tuple(shift for shift in found if shift is not None)
    if len(shifts) < len(found):
        return None
    moved_second = np.stack([moved(image, s) for image, s in zip(second, shifts, strict=True)])
    inside = np.stack(
        [
            _inside(one, two, shift, unit, span[0])
            for one, two, shift in zip(first, second, shifts, strict=True)
        ]
    )
    means = (first + moved_second) / 2
    flat = _flat_blocks(means, inside, unit)
    if len(flat) < FEWEST_BLOCKS:
        return None
    slopes = np.stack([edges(image, SMOOTHING_PIXELS) for image in means])
    plain = [slopes[k, row : row + BLOCK, column : column + BLOCK] for k, row, column in flat]
    edge = inside & (slopes > EDGE_FACTOR * float(np.median(plain)))
    beside = inside & np.stack([_beside(one) for one in edge])
    return Aligned(first.astype(np.float32), moved_second, shifts, inside, edge, beside, flat)


def _beside(edge: BoolArray) -> BoolArray:
    """Return the pixels of a slice near an edge and not on it."""
    if not edge.any():
        return edge
    distance = ndimage.distance_transform_edt(~edge)
    return np.asarray((distance > BESIDE_PIXELS[0]) & (distance < BESIDE_PIXELS[1]))


def _inside(one: AnyArray, two: AnyArray, shift: Shift, unit: str, signal: float) -> BoolArray:
    """Return where an object lies that both scans hold, without the rim of either."""
    real = reconstructed(one) & moved_mask(reconstructed(two), shift)
    image = one.astype(np.float32)
    if unit == "HU":
        return eroded(real, RIM_PIXELS) & body_mask(image)
    return eroded(real, RIM_PIXELS) & (ndimage.gaussian_filter(image, SMOOTHING_PIXELS) > signal)


def _flat_blocks(means: AnyArray, inside: BoolArray, unit: str) -> tuple[tuple[int, int, int], ...]:
    """Return the blocks in which the mean of both scans has the least structure."""
    places: list[tuple[int, int, int]] = []
    structure: list[float] = []
    for k, image in enumerate(means):
        smooth = ndimage.gaussian_filter(image, SMOOTHING_PIXELS)
        for row in range(0, image.shape[0] - BLOCK + 1, BLOCK):
            for column in range(0, image.shape[1] - BLOCK + 1, BLOCK):
                area = np.s_[row : row + BLOCK, column : column + BLOCK]
                level = float(smooth[area].mean())
                is_tissue = unit != "HU" or TISSUE_HU[0] < level < TISSUE_HU[1]
                if is_tissue and inside[k][area].all():
                    places.append((k, row, column))
                    structure.append(float(smooth[area].std()))
    if not places:
        return ()
    limit = FLAT_FACTOR * float(np.percentile(structure, FLATTEST_PERCENT))
    pairs = zip(places, structure, strict=True)
    return tuple(place for place, one in pairs if one <= limit)


def registration_figures(pair: Aligned, pixel_mm: float) -> Figures:
    """Return how the scans were brought together and what that leaves, in the unit of the values.

    `structure_error` is the SD at edges beyond that beside them, both of the difference over root
    two: what registration, motion and the wobble of a scan leave of structure (below 0: nothing
    that could be told from noise).
    `noise_correlation` of fine detail in flat blocks is near 0 for scans whose noise is their own,
    and far from it for two reconstructions of the same raw data.
    """
    shifts = pixel_mm * np.asarray(pair.shifts)
    difference = pair.first - pair.second
    fine = [
        pair.blocks(np.stack([fine_detail(image) for image in images])).ravel()
        for images in (pair.first, pair.second)
    ]
    return {
        "shift_rows_mm": float(shifts[:, 0].mean()),
        "shift_columns_mm": float(shifts[:, 1].mean()),
        "shift_varies_mm": float(np.linalg.norm(shifts - shifts.mean(axis=0), axis=1).max()),
        "structure_error": excess(
            _sd_where(pair.edge, difference), _sd_where(pair.beside, difference)
        ),
        "noise_correlation": float(np.corrcoef(fine[0], fine[1])[0, 1]),
        "flat_blocks": float(len(pair.flat)),
    }


def repeat_figures(
    pair: Aligned, first: Float32Array, second: Float32Array, pixel_mm: float
) -> Figures:
    """Return noise and structure of enhanced images of both scans beside those of the originals.

    Parameters
    ----------
    first, second : enhanced slices [slice, row, column], the second not yet moved.

    Notes
    -----
    `noise_edges` is the SD of the difference at edges, over root two, registration error included,
    and `noise_beside` that beside them: where the first falls by less, noise was left at edges or
    one structure was treated differently in two scans. `taken_from_both` is the SD at edges of
    what was taken away in both scans alike (root of the residuals' covariance): structure, since
    noise is not alike; `taken_from_both_flat` is the same in flat blocks.
    """
    onto = pair.onto_first(second)
    changes = (first - pair.first, onto - pair.second)
    row: Figures = {}
    for name, images in (("before", pair.first - pair.second), ("after", first - onto)):
        blocks = pair.blocks(images)
        row[f"noise_flat_{name}"] = _sd(blocks)
        row[f"noise_body_{name}"] = _sd(images[pair.inside])
        row[f"noise_edges_{name}"] = _sd_where(pair.edge, images)
        row[f"noise_beside_{name}"] = _sd_where(pair.beside, images)
        row[f"nps_mean_per_mm_{name}"] = mean_frequency(blocks, pixel_mm)
    for place in ("flat", "body", "edges", "beside"):
        row[f"cut_{place}"] = 1.0 - row[f"noise_{place}_after"] / row[f"noise_{place}_before"]
    row["nps_frequency"] = row["nps_mean_per_mm_after"] / row["nps_mean_per_mm_before"]
    row["taken_from_both"] = _shared([one[pair.edge] for one in changes])
    row["taken_from_both_flat"] = _shared([pair.blocks(one).ravel() for one in changes])
    row["bias"] = float(np.mean([one[pair.inside].mean() for one in changes]))
    return row


def spectrum(pair: Aligned, difference: AnyArray, pixel_mm: float) -> tuple[FloatArray, FloatArray]:
    """Return frequencies per mm and the noise power of one scan, from a difference of both."""
    frequency, power = noise_power(pair.blocks(difference), pixel_mm)
    return np.asarray(frequency, np.float64), np.asarray(power / 2.0, np.float64)


def _sd(difference: AnyArray) -> float:
    """Return the noise SD of one scan from a difference of two."""
    return float(difference.astype(np.float64).std() / np.sqrt(2.0))


def _sd_where(where: BoolArray, difference: AnyArray) -> float:
    """Return the SD of one scan somewhere, from a difference of two; NaN in too few pixels."""
    found = difference[where]
    return _sd(found) if found.size >= FEWEST_EDGE_PIXELS else float("nan")


def _shared(changes: list[AnyArray]) -> float:
    """Return the SD of what two changes have in common, below 0 if they are opposed."""
    if changes[0].size < FEWEST_EDGE_PIXELS:
        return float("nan")
    covariance = float(np.cov(changes[0].astype(np.float64), changes[1].astype(np.float64))[0, 1])
    return float(np.sign(covariance) * np.sqrt(abs(covariance)))
