"""PET scenes with known truth on which methods are judged; 100 is the uptake of typical tissue.

The truth is the noise-free image. A lesion is added to the same noise, which is a little less than
its own counts would bring.
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage

from viewer.simulation.kernels import FloatArray
from viewer.simulation.mr import TYPICAL_SIGNAL, Contrast
from viewer.simulation.mr_scenes import flat_blocks
from viewer.simulation.patches import SLICES
from viewer.simulation.pet import PetScan, counted, resolved
from viewer.simulation.phantom import Region, Sampling, random_stack
from viewer.simulation.scenes import (
    MIDDLE,
    BoolArray,
    EdgeScene,
    Inserted,
    InsertScene,
    Scene,
    disc,
    drawn_scenes,
    free_places,
    lesion_coverage_at,
)

SIZE, PIXEL_MM, SPACING_MM = 192, 2.0, 3.0
EXTRA = 3
"""Slices on each side that only lend their counts to the smoothing."""
FILTERS = {"sharp": 3.5, "standard": 5.0, "smooth": 7.0}
COUNTS = (30.0, 8.0, 3.0)
LESIONS = {
    "10 mm +300 %": (10.0, 300.0, False),
    "16 mm +100 %": (16.0, 100.0, False),
    "16 mm -50 %": (16.0, -50.0, False),
    "10 mm +300 %, one slice only": (10.0, 300.0, True),
}
INSERTS = ((8.0, 20.0), (12.0, 10.0), (16.0, 7.0), (24.0, 4.0))
"""Diameter in mm and contrast in percent of typical tissue of faint rods."""
_FEWEST_FLAT = 4
_DISC_MM = 28.0


def pet_scenes(seed: int, count: int) -> list[Scene]:
    """`count` scenes in a fixed rotation in which every region meets every count and filter."""
    regions = (Region.ABDOMEN, Region.ABSTRACT, Region.CHEST)

    def draw(rng: np.random.Generator, place: int) -> Scene:
        name = list(FILTERS)[(place // 3) % 3]
        counts = COUNTS[(place + place // 3) % 3]
        return _scene(rng, regions[place % 3], name, counts)

    return drawn_scenes(seed, count, draw, _FEWEST_FLAT, len(LESIONS))


def _scene(rng: np.random.Generator, region: Region, name: str, counts: float) -> Scene:
    sampling = Sampling(SLICES + 2 * EXTRA, SIZE, PIXEL_MM, SPACING_MM, SPACING_MM)
    stack = random_stack(rng, region, sampling, lesion_count=0)
    activity = Contrast.random(rng).signal(stack.values) / np.float32(TYPICAL_SIGNAL)
    scan, spacing = PetScan(counts, filter_mm=FILTERS[name]), (SPACING_MM, PIXEL_MM)
    inner = np.s_[EXTRA : EXTRA + SLICES]
    clean = TYPICAL_SIGNAL * resolved(activity, scan, spacing)[inner]
    draws = [TYPICAL_SIGNAL * counted(rng, activity, scan, spacing)[inner] for _ in range(4)]
    lesions, added = _inserted(rng, clean, scan)
    body = scipy.ndimage.binary_opening(clean[MIDDLE] > 0.1 * TYPICAL_SIGNAL, iterations=2)
    return Scene(
        region=region.value,
        kernel=name,
        noise_sd=counts,
        noisy=draws[0].astype(np.float32),
        with_lesions=(draws[0] + added).astype(np.float32),
        truth=clean[MIDDLE].astype(np.float32),
        body=np.asarray(body, np.bool_),
        flat=flat_blocks(clean[MIDDLE]),
        lesions=lesions,
        full_dose=np.mean([one[MIDDLE] for one in draws], axis=0).astype(np.float32),
        pixel_mm=PIXEL_MM,
        spacing_mm=SPACING_MM,
    )


def _inserted(
    rng: np.random.Generator, clean: FloatArray, scan: PetScan
) -> tuple[tuple[Inserted, ...], FloatArray]:
    """Lesions of every kind in turn at homogeneous places, and what they add to the slices."""
    smooth = scipy.ndimage.gaussian_filter(clean[MIDDLE], 2.0)
    spread = scipy.ndimage.maximum_filter(smooth, 11) - scipy.ndimage.minimum_filter(smooth, 11)
    free: BoolArray = (spread < 40.0) & (smooth > 30.0)
    sampling = Sampling(SLICES, SIZE, PIXEL_MM, SPACING_MM, SPACING_MM)
    uptake = np.zeros_like(clean)
    kinds, found = list(LESIONS), []
    for number, (row, column) in enumerate(free_places(rng, free)):
        diameter, contrast, is_single = LESIONS[kinds[number % len(kinds)]]
        window, coverage = lesion_coverage_at(row, column, diameter, sampling)
        if is_single:
            coverage[[index for index in range(SLICES) if index != MIDDLE]] = 0.0
        uptake[(slice(None), *window)] += coverage * contrast
        found.append((kinds[number % len(kinds)], window))
    added = resolved(uptake, scan, (SPACING_MM, PIXEL_MM))
    return tuple(Inserted(kind, window, added[(MIDDLE, *window)]) for kind, window in found), added


def pet_edge_scene(seed: int, contrast: float, counts: float, draws: int) -> EdgeScene:
    """A rod of 28 mm radius through all slices of uniform tissue."""
    size = 96
    activity = 1.0 + disc(size, PIXEL_MM, _DISC_MM, contrast / 100.0)
    rng = np.random.default_rng([seed, round(contrast)])
    noisy, truth = _uniform(rng, activity, counts, draws)
    return EdgeScene(contrast, noisy, truth, PIXEL_MM, _DISC_MM, SPACING_MM)


def pet_insert_scene(
    seed: int, diameter_mm: float, contrast: float, counts: float, draws: int
) -> InsertScene:
    """One faint rod in uniform tissue; its own counts are too few to change the noise."""
    size = 64
    rng = np.random.default_rng([seed, round(10 * diameter_mm)])
    noise, _ = _uniform(rng, np.ones((size, size), np.float32), counts, draws)
    rod = np.repeat(disc(size, PIXEL_MM, diameter_mm / 2, contrast)[None], SLICES, axis=0)
    scan = PetScan(counts)
    signal = resolved(rod, scan, (SPACING_MM, PIXEL_MM))[MIDDLE]
    return InsertScene(diameter_mm, contrast, signal, noise, PIXEL_MM, SPACING_MM, "%")


def _uniform(
    rng: np.random.Generator, activity: FloatArray, counts: float, draws: int
) -> tuple[FloatArray, FloatArray]:
    """Draws [draw, 5, row, column] of an activity that is the same in all slices, and its mean."""
    scan, spacing = PetScan(counts), (SPACING_MM, PIXEL_MM)
    block = np.repeat(activity[None].astype(np.float32), SLICES + 2 * EXTRA, axis=0)
    inner = np.s_[EXTRA : EXTRA + SLICES]
    noisy = np.stack([counted(rng, block, scan, spacing)[inner] for _ in range(draws)])
    truth = resolved(block, scan, spacing)[EXTRA + MIDDLE]
    return (
        np.asarray(TYPICAL_SIGNAL * noisy, np.float32),
        np.asarray(TYPICAL_SIGNAL * truth, np.float32),
    )
