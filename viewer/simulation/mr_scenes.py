"""MR scenes with known truth on which methods are judged; 100 is the signal of typical tissue.

The truth is the mean over many draws of the same magnitude image: averaging, and a denoiser, leave
the bias of magnitude images where it is.
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage

from viewer.simulation.kernels import FloatArray
from viewer.simulation.mr import (
    TYPICAL_SIGNAL,
    Acquisition,
    Contrast,
    complex_noise,
    expected_magnitude,
    reconstructed,
    smooth_field,
)
from viewer.simulation.patches import SLICES
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

SIZE = 320
ACQUISITIONS = {
    "full": Acquisition(),
    "zero-filled": Acquisition(rows=0.6, columns=0.7),
    "filtered": Acquisition(rows=0.9, columns=0.9, taper=0.8),
}
NOISE_SD = (4.0, 8.0, 14.0)
LESIONS = {
    "5 mm -20 %": (5.0, -20.0, False),
    "8 mm -20 %": (8.0, -20.0, False),
    "5 mm +60 %": (5.0, 60.0, False),
    "5 mm -20 %, one slice only": (5.0, -20.0, True),
}
INSERTS = ((3.0, 3.5), (5.0, 1.75), (7.0, 1.25), (10.0, 0.75))
"""Diameter in mm and contrast in percent of typical tissue of faint rods."""
_FLAT_BLOCK = 16
_FLAT_SD = 1.0
_FEWEST_FLAT = 8
_SPACING_MM = 3.0


def mr_scenes(seed: int, count: int) -> list[Scene]:
    """`count` scenes in a fixed rotation of regions, acquisitions and noise levels."""
    regions = (Region.HEAD, Region.ABDOMEN, Region.HEAD, Region.ABSTRACT)

    def draw(rng: np.random.Generator, place: int) -> Scene:
        name = list(ACQUISITIONS)[place % 3]
        return _scene(rng, regions[place % 4], name, NOISE_SD[(place // 3) % 3])

    return drawn_scenes(seed, count, draw, _FEWEST_FLAT, len(LESIONS))


def _scene(rng: np.random.Generator, region: Region, name: str, sd: float) -> Scene:
    pixel = 0.6 if region is Region.HEAD else 0.9
    sampling = Sampling(SLICES, SIZE, pixel, _SPACING_MM, _SPACING_MM)
    stack = random_stack(rng, region, sampling, lesion_count=0)
    signal = Contrast.random(rng).signal(stack.values)
    signal = signal * (1.0 + 0.25 * smooth_field(rng, SIZE, SIZE))
    acquisition, phase = ACQUISITIONS[name], smooth_field(rng, SIZE, SIZE)
    clean = reconstructed(signal, acquisition, phase)
    lesions, added = _inserted(rng, clean, signal, acquisition, sampling)
    noise = sd * complex_noise(rng, clean.shape, acquisition)
    more = sd * complex_noise(rng, (3, *clean.shape[1:]), acquisition)
    noisy = np.abs(clean + noise).astype(np.float32)
    averaged = (noisy[MIDDLE] + np.abs(clean[MIDDLE] + more).sum(axis=0)) / 4
    truth = expected_magnitude(clean[MIDDLE], sd)
    return Scene(
        region=region.value,
        kernel=name,
        noise_sd=sd,
        noisy=noisy,
        with_lesions=np.abs(clean + added + noise).astype(np.float32),
        truth=truth,
        body=body_of(clean[MIDDLE]),
        flat=flat_blocks(clean[MIDDLE]),
        lesions=lesions,
        full_dose=averaged.astype(np.float32),
        pixel_mm=pixel,
        spacing_mm=_SPACING_MM,
    )


def body_of(clean: FloatArray) -> BoolArray:
    """Where there is signal, holes filled."""
    tissue = scipy.ndimage.binary_opening(clean > 0.1 * TYPICAL_SIGNAL, iterations=2)
    return np.asarray(scipy.ndimage.binary_fill_holes(tissue), np.bool_)


def flat_blocks(clean: FloatArray, most_sd: float = _FLAT_SD) -> tuple[tuple[int, int], ...]:
    """Corners of blocks of tissue in which the noise-free image hardly varies but for a slope.

    `most_sd` is how much it may vary beside that.
    """
    found = []
    sides = np.linspace(-1, 1, _FLAT_BLOCK)
    for row in range(0, clean.shape[0] - _FLAT_BLOCK, _FLAT_BLOCK // 2):
        for column in range(0, clean.shape[1] - _FLAT_BLOCK, _FLAT_BLOCK // 2):
            block = clean[row : row + _FLAT_BLOCK, column : column + _FLAT_BLOCK]
            across, down = ((one @ sides).mean() / (sides @ sides) for one in (block, block.T))
            slope = across * sides[None, :] + down * sides[:, None]
            if block.mean() > 0.25 * TYPICAL_SIGNAL and (block - slope).std() < most_sd:
                found.append((row, column))
    return tuple(found)


def _inserted(
    rng: np.random.Generator,
    clean: FloatArray,
    signal: FloatArray,
    acquisition: Acquisition,
    sampling: Sampling,
) -> tuple[tuple[Inserted, ...], FloatArray]:
    """Lesions of every kind in turn at homogeneous places, and what they add to the slices."""
    smooth = scipy.ndimage.gaussian_filter(clean[MIDDLE], 3.0)
    spread = scipy.ndimage.maximum_filter(smooth, 21) - scipy.ndimage.minimum_filter(smooth, 21)
    free = (spread < 12.0) & (smooth > 35.0)
    changed = signal.copy()
    kinds, found = list(LESIONS), []
    for number, (row, column) in enumerate(free_places(rng, free)):
        diameter, contrast, is_single = LESIONS[kinds[number % len(kinds)]]
        window, coverage = lesion_coverage_at(row, column, diameter, sampling)
        if is_single:
            coverage[[index for index in range(SLICES) if index != MIDDLE]] = 0.0
        changed[(slice(None), *window)] += coverage * contrast
        found.append((kinds[number % len(kinds)], window))
    added = reconstructed(changed, acquisition) - reconstructed(signal, acquisition)
    return tuple(Inserted(kind, window, added[(MIDDLE, *window)]) for kind, window in found), added


def mr_edge_scene(seed: int, contrast: float, sd: float, draws: int) -> EdgeScene:
    """A rod of 14 mm radius through all slices of uniform tissue, all of k-space measured."""
    pixel, radius, size = 0.7, 14.0, 96
    acquisition = ACQUISITIONS["filtered"]
    signal = TYPICAL_SIGNAL + disc(size, pixel, radius, contrast)
    clean = reconstructed(signal, acquisition)
    noise = _tissue_noise(np.random.default_rng([seed, round(contrast)]), size, draws)
    truth = expected_magnitude(clean, sd)
    return EdgeScene(
        contrast, np.abs(clean + sd * noise).astype(np.float32), truth, pixel, radius, _SPACING_MM
    )


def mr_insert_scene(
    seed: int, diameter_mm: float, contrast: float, sd: float, draws: int
) -> InsertScene:
    """One faint rod in uniform tissue, far enough above the noise for it to be normal."""
    pixel, size = 0.7, 64
    rng = np.random.default_rng([seed, round(10 * diameter_mm)])
    signal = reconstructed(
        TYPICAL_SIGNAL + disc(size, pixel, diameter_mm / 2, contrast), ACQUISITIONS["filtered"]
    )
    noise = TYPICAL_SIGNAL + sd * _tissue_noise(rng, size, draws).real
    return InsertScene(
        diameter_mm,
        contrast,
        np.asarray(signal - TYPICAL_SIGNAL, np.float32),
        np.asarray(noise, np.float32),
        pixel,
        _SPACING_MM,
        "%",
    )


def _tissue_noise(rng: np.random.Generator, size: int, draws: int) -> np.ndarray:
    """Draws of complex unit noise [draw, 5, row, column]."""
    return complex_noise(rng, (draws, SLICES, size, size), ACQUISITIONS["filtered"])
