"""Scenes with known truth on which methods are judged: anatomy, lesions, edges, faint inserts.

Seeds of training start at 20,000,000 and those of its validation at 7,000,000; scenes take others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.ndimage

from viewer.simulation.canvas import Canvas
from viewer.simulation.kernels import FloatArray, Kernel
from viewer.simulation.lesions import Lesion, lesion_coverage
from viewer.simulation.noise import NoiseCharacter, blur, unit_noise
from viewer.simulation.patches import SLICES, local_sd, scanned
from viewer.simulation.phantom import Region, Sampling, random_stack
from viewer.simulation.projection import ParallelBeam

BoolArray = npt.NDArray[np.bool_]
MIDDLE = SLICES // 2
SIZE = 384
VIEWS = 576
KERNELS = {"soft": (0.20, 0.0, 2.0), "standard": (0.30, 0.1, 2.0), "sharp": (0.42, 0.45, 3.0)}
LESIONS = {
    "5 mm -20 HU": (5.0, -20.0, False),
    "8 mm -20 HU": (8.0, -20.0, False),
    "5 mm +60 HU": (5.0, 60.0, False),
    "5 mm -20 HU, one slice only": (5.0, -20.0, True),
}
INSERTS = ((3.0, 14.0), (5.0, 7.0), (7.0, 5.0), (10.0, 3.0))
"""Diameter in mm and contrast in HU of the rods of a low-contrast module."""
_INSERT_SIZE = 64
_INSERT_PIXEL_MM = 0.7
_APART = 34
_FLAT_BLOCK = 16
_FLAT_SD_HU = 2.5
_FEWEST_FLAT = 8
_SPACING_MM = 1.5


@dataclass(frozen=True, slots=True)
class Inserted:
    """One lesion as the scanner shows it: rows, columns and what it adds [row, column]."""

    kind: str
    window: tuple[slice, slice]
    response: FloatArray


@dataclass(frozen=True, slots=True)
class Scene:
    """Five slices with known truth; the middle one is judged.

    Attributes
    ----------
    region, kernel, noise_sd : what it shows, the kernel's name and the median noise SD asked for.
    noisy, with_lesions : HU [5, row, column], the same noise without and with lesions.
    truth : HU [row, column], noise-free, without lesions.
    body : where figures are taken.
    flat : corners of blocks of 16 x 16 pixels whose truth is flat soft tissue.
    lesions : what was inserted.
    full_dose : HU [row, column], the middle slice with a quarter of the noise power.
    pixel_mm, spacing_mm : pixel size and distance of the slices.
    """

    region: str
    kernel: str
    noise_sd: float
    noisy: FloatArray
    with_lesions: FloatArray
    truth: FloatArray
    body: BoolArray
    flat: tuple[tuple[int, int], ...]
    lesions: tuple[Inserted, ...]
    full_dose: FloatArray
    pixel_mm: float
    spacing_mm: float = _SPACING_MM

    @property
    def name(self) -> str:
        """Region, kernel and noise in words."""
        return f"{self.region}, {self.kernel} kernel, noise {self.noise_sd:g}"


def scenes(seed: int, count: int) -> list[Scene]:
    """`count` scenes in a fixed rotation of regions, kernels and noise levels."""
    beam = ParallelBeam.build(SIZE, VIEWS)
    regions = (Region.ABDOMEN, Region.CHEST, Region.ABDOMEN, Region.HEAD)
    levels = (12.0, 25.0, 45.0)

    def draw(rng: np.random.Generator, place: int) -> Scene:
        kernel = list(KERNELS)[place % 3]
        return _scene(rng, beam, regions[place % 4], kernel, levels[(place // 3) % 3])

    return drawn_scenes(seed, count, draw, _FEWEST_FLAT, len(LESIONS))


def drawn_scenes(
    seed: int,
    count: int,
    draw: Callable[[np.random.Generator, int], Scene],
    fewest_flat: int,
    fewest_lesions: int,
) -> list[Scene]:
    """`count` scenes in the order of their places; those with too little to judge are drawn anew.

    `draw` makes the scene of a place, counted from 0, from a generator of its own.
    """
    found: list[Scene] = []
    number = 0
    while len(found) < count:
        scene = draw(np.random.default_rng([seed, number]), len(found))
        number += 1
        if len(scene.flat) >= fewest_flat and len(scene.lesions) >= fewest_lesions:
            found.append(scene)
    return found


def _scene(
    rng: np.random.Generator, beam: ParallelBeam, region: Region, kernel_name: str, sd: float
) -> Scene:
    pixel = 0.5 if region is Region.HEAD else 0.8
    sampling = Sampling(SLICES, SIZE, pixel, _SPACING_MM, _SPACING_MM)
    stack = random_stack(rng, region, sampling, lesion_count=0)
    kernel = named_kernel(kernel_name, pixel)
    values = np.maximum(stack.values, -1024.0)
    clean, noise = scanned(rng, values, beam, kernel, pixel, 0.15, sd)
    noisy = np.round(clean + noise)
    lesions, added = _inserted(rng, clean, kernel, sampling)
    return Scene(
        region=region.value,
        kernel=kernel_name,
        noise_sd=sd,
        noisy=noisy,
        with_lesions=noisy + added,
        truth=clean[MIDDLE],
        body=body_of(clean[MIDDLE]),
        flat=flat_blocks(clean[MIDDLE]),
        lesions=lesions,
        full_dose=full_dose(rng, clean, noise, kernel, pixel),
        pixel_mm=pixel,
    )


def full_dose(
    rng: np.random.Generator,
    clean: FloatArray,
    noise: FloatArray,
    kernel: Kernel,
    pixel_mm: float,
) -> FloatArray:
    """Return the middle slice as the full dose would show it, of which `noise` is the quarter's.

    Noise at quarter dose is that at full dose and, independent of it, three times its power. The
    full dose's part of a given noise n of variance v has mean n / 4 and variance 3 v / 16.
    """
    character = NoiseCharacter(kernel, pixel_mm)
    other = unit_noise(rng, (1, *clean.shape[1:]), character)[0] * local_sd(noise)
    part = noise[MIDDLE] / 4 + np.sqrt(3.0) / 4 * other
    return np.asarray(clean[MIDDLE] + part, np.float32)


def body_of(truth: FloatArray) -> BoolArray:
    """The patient with his lungs, without the air around and the table."""
    tissue = scipy.ndimage.binary_opening(truth > -400.0, iterations=3)
    filled = scipy.ndimage.binary_fill_holes(tissue)
    return np.asarray(filled, np.bool_)


def flat_blocks(truth: FloatArray) -> tuple[tuple[int, int], ...]:
    """Corners of blocks of soft tissue in which the truth varies by less than 2.5 HU."""
    found = []
    for row in range(0, truth.shape[0] - _FLAT_BLOCK, _FLAT_BLOCK // 2):
        for column in range(0, truth.shape[1] - _FLAT_BLOCK, _FLAT_BLOCK // 2):
            block = truth[row : row + _FLAT_BLOCK, column : column + _FLAT_BLOCK]
            if -130.0 < block.mean() < 150.0 and block.std() < _FLAT_SD_HU:
                found.append((row, column))
    return tuple(found)


def _inserted(
    rng: np.random.Generator, clean: FloatArray, kernel: Kernel, sampling: Sampling
) -> tuple[tuple[Inserted, ...], FloatArray]:
    """Lesions of every kind in turn at homogeneous places, and what they add to the slices."""
    smooth = scipy.ndimage.gaussian_filter(clean[MIDDLE], 3.0)
    spread = scipy.ndimage.maximum_filter(smooth, 21) - scipy.ndimage.minimum_filter(smooth, 21)
    free = (spread < 25.0) & (smooth > -20.0) & (smooth < 150.0)
    added = np.zeros_like(clean)
    lesions: list[Inserted] = []
    kinds = list(LESIONS)
    for row, column in free_places(rng, free):
        kind = kinds[len(lesions) % len(kinds)]
        window, response = _lesion_response(kind, row, column, kernel, sampling)
        added[(slice(None), *window)] += response
        lesions.append(Inserted(kind, window, response[MIDDLE]))
    return tuple(lesions), added


def free_places(rng: np.random.Generator, free: BoolArray) -> Iterator[tuple[int, int]]:
    """Rows and columns at random where `free` [row, column], far from each other and the rim."""
    free = free.copy()
    margin = _APART
    free[:margin], free[-margin:], free[:, :margin], free[:, -margin:] = False, False, False, False
    for row, column in rng.permutation(np.argwhere(free)):
        if free[row, column]:
            rows, columns = (slice(max(one - _APART, 0), one + _APART) for one in (row, column))
            free[rows, columns] = False
            yield int(row), int(column)


def lesion_coverage_at(
    row: int, column: int, diameter_mm: float, sampling: Sampling
) -> tuple[tuple[slice, slice], FloatArray]:
    """The window around a place, and coverage by a round lesion there [slice, row, column]."""
    half = _APART // 2
    canvas = Canvas.blank(sampling.plane_heights(0.0), 2 * half, sampling.pixel_mm)
    rows, columns, coverage = lesion_coverage(canvas, Lesion((0.0, 0.0, 0.0), diameter_mm, 1.0))
    picture = np.zeros_like(canvas.values)
    picture[:, rows, columns] = coverage
    return (slice(row - half, row + half), slice(column - half, column + half)), picture


def _lesion_response(
    kind: str, row: int, column: int, kernel: Kernel, sampling: Sampling
) -> tuple[tuple[slice, slice], FloatArray]:
    """Where a lesion lies and what it adds there after the kernel [slice, row, column]."""
    diameter, contrast, is_single = LESIONS[kind]
    window, coverage = lesion_coverage_at(row, column, diameter, sampling)
    if is_single:
        coverage[[index for index in range(SLICES) if index != MIDDLE]] = 0.0
    return window, blur(contrast * coverage, kernel, sampling.pixel_mm)


@dataclass(frozen=True, slots=True)
class EdgeScene:
    """A disc in water, many noise draws: [draw, 5, row, column], and the noise-free slice.

    In HU; for MR in percent of typical tissue.
    """

    contrast: float
    noisy: FloatArray
    truth: FloatArray
    pixel_mm: float
    radius_mm: float
    spacing_mm: float = _SPACING_MM

    @property
    def distance_mm(self) -> FloatArray:
        """Distance of each pixel from the disc's edge, below 0 inside, [row, column]."""
        return _distance(self.truth.shape[0], self.pixel_mm, self.radius_mm)


def edge_scene(seed: int, contrast_hu: float, sd: float, draws: int) -> EdgeScene:
    """A rod of 14 mm radius through all slices of water, standard kernel."""
    pixel, radius, size = 0.7, 14.0, 96
    kernel = named_kernel("standard", pixel)
    truth = blur(disc(size, pixel, radius, contrast_hu), kernel, pixel)
    noise = _water(np.random.default_rng([seed, round(contrast_hu)]), kernel, pixel, size, draws)
    return EdgeScene(contrast_hu, truth + sd * noise, truth, pixel, radius)


@dataclass(frozen=True, slots=True)
class InsertScene:
    """A faint rod: what it adds [row, column], and noise [draw, 5, row, column], in `unit`.

    The same noise without and with the rod makes a pair.
    """

    diameter_mm: float
    contrast: float
    signal: FloatArray
    noise: FloatArray
    pixel_mm: float
    spacing_mm: float = _SPACING_MM
    unit: str = "HU"

    @property
    def background(self) -> FloatArray | float:
        """What `noise` holds besides noise, broadcastable to it."""
        return 0.0

    @property
    def name(self) -> str:
        """Size and contrast in words."""
        return f"{self.diameter_mm:g} mm {self.contrast:g} {self.unit}"


def insert_scene(
    seed: int, diameter_mm: float, contrast_hu: float, sd: float, draws: int
) -> InsertScene:
    """One rod of a low-contrast module in the middle of a patch, standard kernel."""
    pixel, size = _INSERT_PIXEL_MM, _INSERT_SIZE
    kernel = named_kernel("standard", pixel)
    picture = disc(size, pixel, diameter_mm / 2, contrast_hu)
    rng = np.random.default_rng([seed, round(10 * diameter_mm)])
    noise = sd * _water(rng, kernel, pixel, size, draws)
    return InsertScene(diameter_mm, contrast_hu, blur(picture, kernel, pixel), noise, pixel)


def named_kernel(name: str, pixel_mm: float) -> Kernel:
    """One of `KERNELS` for a pixel size."""
    half, boost, order = KERNELS[name]
    return Kernel(half / pixel_mm, boost, order)


def _water(
    rng: np.random.Generator, kernel: Kernel, pixel_mm: float, size: int, draws: int
) -> FloatArray:
    """Draws of unit noise [draw, 5, row, column]."""
    character = NoiseCharacter(kernel, pixel_mm, 0.1, 0.3, 0.15)
    return np.stack([unit_noise(rng, (SLICES, size, size), character) for _ in range(draws)])


def disc(size: int, pixel_mm: float, radius_mm: float, contrast: float) -> FloatArray:
    """A disc in the middle of an empty picture [size, size], its rim partly covering pixels."""
    coverage = np.clip(0.5 - _distance(size, pixel_mm, radius_mm) / pixel_mm, 0.0, 1.0)
    return np.asarray(contrast * coverage, np.float32)


def _distance(size: int, pixel_mm: float, radius_mm: float) -> FloatArray:
    axis = (np.arange(size) - (size - 1) / 2) * pixel_mm
    return np.asarray(np.hypot(axis[None, :], axis[:, None]) - radius_mm, np.float32)
