"""Radiographs with known truth on which methods are judged, in percent of exposure.

Values are 100 times the line integral of attenuation: the logarithm that detectors deliver, so that
one more unit lets one percent less through. All five slices are the one picture.
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage

from viewer.simulation.kernels import FloatArray
from viewer.simulation.mr_scenes import flat_blocks
from viewer.simulation.patches import SLICES
from viewer.simulation.phantom import Region, Sampling
from viewer.simulation.radiograph import Detector, random_integrals
from viewer.simulation.scenes import (
    EdgeScene,
    Inserted,
    InsertScene,
    Scene,
    disc,
    drawn_scenes,
    free_places,
    lesion_coverage_at,
)

PERCENT = 100.0
PIXEL_MM = 0.15
DETECTORS = {"sharp": 2.0, "standard": 1.4, "soft": 1.0}
"""Frequency in cycles per mm at which the MTF is one half, by name."""
PHOTONS = (24_000.0, 6_000.0, 1_500.0)
"""Detected photons of a pixel without a patient."""
ELECTRONIC_SD = 4.0
REGIONS = (Region.CHEST, Region.EXTREMITY, Region.PELVIS)
THICKNESS_MM = {Region.EXTREMITY: 60.0}
LESIONS = {
    "5 mm +10 %": (5.0, 10.0),
    "3 mm +10 %": (3.0, 10.0),
    "1 mm +20 %": (1.0, 20.0),
    "3 mm -10 %": (3.0, -10.0),
}
"""Diameter in mm and largest contrast; 5 mm of soft tissue in lung stop about 10 %."""
INSERTS = ((1.0, 2.0), (2.0, 1.0), (3.0, 0.6), (5.0, 0.4))
"""Diameter in mm and contrast in percent of faint discs."""
BEHIND = 3.0
"""Line integral of the uniform object in front of edges and inserts."""
_FLAT_SHARE = 0.25
"""Of the noise, that the truth of a flat block may vary."""
_FEWEST_FLAT = 8


def xr_scenes(seed: int, count: int) -> list[Scene]:
    """`count` scenes in a fixed rotation in which every region meets every exposure and MTF."""

    def draw(rng: np.random.Generator, place: int) -> Scene:
        name = list(DETECTORS)[(place // 3) % 3]
        photons = PHOTONS[(place + place // 3) % 3]
        return _scene(rng, REGIONS[place % 3], name, photons)

    return drawn_scenes(seed, count, draw, _FEWEST_FLAT, len(LESIONS))


def detector_named(name: str, photons: float) -> Detector:
    """One of `DETECTORS` at an exposure."""
    return Detector(PIXEL_MM, photons, DETECTORS[name], ELECTRONIC_SD)


def _scene(rng: np.random.Generator, region: Region, name: str, photons: float) -> Scene:
    detector = detector_named(name, photons)
    integrals = random_integrals(rng, region, PIXEL_MM, THICKNESS_MM.get(region, 150.0))
    truth = _levels(detector, detector.expected(integrals))
    draws = [detector.exposed(rng, integrals) for _ in range(4)]
    noisy, longer = (_levels(detector, one) for one in (draws[0], np.mean(draws, axis=0)))
    lesions, added = _inserted(rng, detector, integrals, truth)
    body = np.asarray(scipy.ndimage.binary_opening(truth > 10.0, iterations=2), np.bool_)
    flat = flat_blocks(truth, _FLAT_SHARE * float((noisy - truth)[body].std()))
    return Scene(
        region=region.value,
        kernel=name,
        noise_sd=photons,
        noisy=_repeated(noisy),
        with_lesions=_repeated(noisy + added),
        truth=truth,
        body=body,
        flat=flat,
        lesions=lesions,
        full_dose=longer,
        pixel_mm=PIXEL_MM,
    )


def _levels(detector: Detector, image: FloatArray) -> FloatArray:
    return np.asarray(PERCENT * detector.logarithm(image), np.float32)


def _repeated(image: FloatArray) -> FloatArray:
    return np.repeat(np.asarray(image, np.float32)[None], SLICES, axis=0)


def _inserted(
    rng: np.random.Generator, detector: Detector, integrals: FloatArray, truth: FloatArray
) -> tuple[tuple[Inserted, ...], FloatArray]:
    """Lesions of every kind in turn at homogeneous places, and what they add to the levels.

    The noise is that without them.
    """
    smooth = scipy.ndimage.gaussian_filter(truth, 3.0)
    spread = scipy.ndimage.maximum_filter(smooth, 21) - scipy.ndimage.minimum_filter(smooth, 21)
    free = (spread < 12.0) & (smooth > 30.0)
    sampling = Sampling(1, truth.shape[0], PIXEL_MM, 1.0, 1.0)
    changed = integrals.copy()
    kinds, found = list(LESIONS), []
    for number, (row, column) in enumerate(free_places(rng, free)):
        diameter, contrast = LESIONS[kinds[number % len(kinds)]]
        window, coverage = lesion_coverage_at(row, column, diameter, sampling)
        changed[window] += coverage[0] * contrast / PERCENT
        found.append((kinds[number % len(kinds)], window))
    added = _levels(detector, detector.expected(changed)) - truth
    return tuple(Inserted(kind, window, added[window]) for kind, window in found), added


def xr_edge_scene(seed: int, contrast: float, photons: float, draws: int) -> EdgeScene:
    """A disc of 5 mm radius on a uniform object."""
    size, radius = 96, 5.0
    detector = detector_named("standard", photons)
    integrals = BEHIND + disc(size, PIXEL_MM, radius, contrast / PERCENT)
    noisy = _exposures(np.random.default_rng([seed, round(contrast)]), detector, integrals, draws)
    truth = _levels(detector, detector.expected(integrals))
    return EdgeScene(contrast, noisy, truth, PIXEL_MM, radius)


def xr_insert_scene(
    seed: int, diameter_mm: float, contrast: float, photons: float, draws: int
) -> InsertScene:
    """One faint disc on a uniform object; it is too faint to change the noise."""
    size = 64
    detector = detector_named("standard", photons)
    rng = np.random.default_rng([seed, round(10 * diameter_mm)])
    uniform = np.full((size, size), BEHIND, np.float32)
    rod = uniform + disc(size, PIXEL_MM, diameter_mm / 2, contrast / PERCENT)
    with_rod, without = (_levels(detector, detector.expected(one)) for one in (rod, uniform))
    noise = _exposures(rng, detector, uniform, draws)
    return InsertScene(diameter_mm, contrast, with_rod - without, noise, PIXEL_MM, unit="%")


def _exposures(
    rng: np.random.Generator, detector: Detector, integrals: FloatArray, draws: int
) -> FloatArray:
    """Draws [draw, 5, row, column] in which all five slices are the same."""
    found = [_levels(detector, detector.exposed(rng, integrals)) for _ in range(draws)]
    return np.repeat(np.stack(found)[:, None], SLICES, axis=1)
