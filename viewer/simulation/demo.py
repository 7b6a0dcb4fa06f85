"""The demo study: one chest scanned at full and at quarter dose, with nodules of known truth."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from viewer.simulation.anatomy import paint_table
from viewer.simulation.canvas import Canvas
from viewer.simulation.chest import Chest, lung_region, paint_chest
from viewer.simulation.kernels import STANDARD, FloatArray, Kernel
from viewer.simulation.lesions import Lesion, lesion_coverage
from viewer.simulation.projection import Exposure, ParallelBeam, attenuation, measured
from viewer.simulation.reconstruction import filtered_back_projection

Int16Array = npt.NDArray[np.int16]
Progress = Callable[[int, int], None]

DEMO_SEED = 314
_LUNG_NODULES = ((4.0, 880.0), (5.0, 880.0), (6.0, 870.0), (8.0, 880.0), (12.0, 880.0))
_GROUND_GLASS = ((8.0, 180.0), (10.0, 240.0))
_LIVER_LESIONS = ((5.0, -20.0), (8.0, -20.0), (10.0, -40.0), (14.0, -30.0), (5.0, 60.0))
_FULL_DOSE_SD_HU = 12.0
_PLANES = 2
_TOP_MM = 2.0
_ROOMY_MM = 70.0
"""Scans lower than this bring lesions closer to their first and last slice in proportion."""


@dataclass(frozen=True, slots=True)
class Nodule:
    """A lesion of known truth.

    Attributes
    ----------
    name : organ and number, "lung 3".
    kind : "solid", "ground glass" or "liver".
    place_mm : centre, x, y, z in LPS millimetres.
    diameter_mm : of the sphere.
    contrast_hu : at its centre, over what was there before, ahead of blurring by the kernel.
    """

    name: str
    kind: str
    place_mm: tuple[float, float, float]
    diameter_mm: float
    contrast_hu: float


@dataclass(frozen=True, slots=True)
class DemoStudy:
    """Arrays [slice, row, column] of one anatomy, slices from the feet upwards, and their truth.

    Attributes
    ----------
    full_dose, quarter_dose : int16 HU, noise drawn independently.
    truth : float32 HU, the same reconstruction without noise.
    first_voxel_mm : centre of voxel (0, 0, 0), x, y, z in LPS millimetres; rows run along +x,
        columns along +y, slices along +z.
    spacing_mm : between slices, rows and columns.
    thickness_mm : slice thickness.
    nodules : what was put in.
    kernel : reconstruction kernel.
    photons : per ray at full dose in the middle of the bow-tie.
    kvp : nominal tube voltage.
    seed : of the person and of the noise.
    """

    full_dose: Int16Array
    quarter_dose: Int16Array
    truth: FloatArray
    first_voxel_mm: tuple[float, float, float]
    spacing_mm: tuple[float, float, float]
    thickness_mm: float
    nodules: tuple[Nodule, ...]
    kernel: Kernel
    photons: float
    kvp: float
    seed: int


def demo_chest(
    seed: int = DEMO_SEED,
    slices: int = 56,
    size: int = 512,
    spacing_mm: float = 2.5,
    workers: int = 2,
    progress: Progress | None = None,
) -> DemoStudy:
    """Build the demo study by projection, Poisson and electronic noise and back projection.

    Parameters
    ----------
    slices, size, spacing_mm : slices of `size` x `size` pixels, as thick as they are apart.
    workers : threads.
    progress : called with (slices done, slices in all) from any of the threads; it may raise to
        stop the work, and the exception comes out here.

    Raises
    ------
    ValueError : fewer than 8 slices or an odd or small picture.
    """
    if slices < 8 or size < 64 or size % 2:
        raise ValueError("The demo needs at least 8 slices of an even size of at least 64 pixels.")
    chest = Chest.random(np.random.default_rng(seed), leaves=1300, leaf_mm=0.42)
    pixel = (2.0 * chest.torso.skin.axes[0] + 24.0) / size
    lowest = _TOP_MM - (slices - 1) * spacing_mm
    heights = lowest + np.arange(slices) * spacing_mm
    nodules = _placed_nodules(np.random.default_rng([seed, 1]), chest, float(lowest), _TOP_MM)
    scanner = _Scanner.prepared(chest, nodules, size, pixel, spacing_mm, heights, seed)
    done: list[int] = []

    def one(index: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        images = scanner.slice_images(index)
        done.append(index)
        if progress is not None:
            progress(len(done), slices)
        return images

    with ThreadPoolExecutor(max_workers=max(workers, 1)) as pool:
        truth, full, quarter = (
            np.stack(part) for part in zip(*pool.map(one, range(slices)), strict=True)
        )
    corner = -(size - 1) / 2 * pixel
    return DemoStudy(
        full_dose=_stored(full),
        quarter_dose=_stored(quarter),
        truth=truth,
        first_voxel_mm=(corner, corner, float(heights[0])),
        spacing_mm=(spacing_mm, pixel, pixel),
        thickness_mm=spacing_mm,
        nodules=nodules,
        kernel=scanner.kernel,
        photons=scanner.exposure.photons,
        kvp=120.0,
        seed=seed,
    )


def _stored(values: FloatArray) -> Int16Array:
    return np.clip(np.round(values), -1024, 3071).astype(np.int16)


@dataclass(frozen=True, slots=True)
class _Scanner:
    """One person on the table and all settings of the scan."""

    chest: Chest
    nodules: tuple[Nodule, ...]
    beam: ParallelBeam
    kernel: Kernel
    exposure: Exposure
    pixel_mm: float
    spacing_mm: float
    heights_mm: FloatArray
    seed: int

    @classmethod
    def prepared(
        cls,
        chest: Chest,
        nodules: tuple[Nodule, ...],
        size: int,
        pixel_mm: float,
        spacing_mm: float,
        heights_mm: npt.NDArray[np.floating],
        seed: int,
    ) -> _Scanner:
        """Set the tube so that the full dose gives 12 HU of noise in the middle slice."""
        beam = ParallelBeam.build(size, views=round(size * 1.6))
        exposure = Exposure(photons=2e5, electronic_sd=6.0, bow_tie_mm=240.0)
        heights = np.asarray(heights_mm, np.float32)
        trial = cls(chest, nodules, beam, STANDARD, exposure, pixel_mm, spacing_mm, heights, seed)
        truth, full, _ = trial.slice_images(len(heights) // 2)
        soft = (truth > -150.0) & (truth < 150.0)
        found_sd = float(np.std((full - truth)[soft]))
        return replace(trial, exposure=exposure.at_dose((found_sd / _FULL_DOSE_SD_HU) ** 2))

    def anatomy(self, index: int) -> FloatArray:
        """HU of one slice before the scan: the mean over its thickness."""
        within = (np.arange(_PLANES) + 0.5) / _PLANES - 0.5
        planes = self.heights_mm[index] + within * self.spacing_mm
        canvas = Canvas.blank(planes, self.beam.size, self.pixel_mm, self.chest.warp)
        paint_chest(canvas, self.chest)
        for nodule in self.nodules:
            paint_nodule(canvas, nodule)
        paint_table(canvas, self.chest.torso.skin.axes[1] + 14.0)
        return np.asarray(canvas.values.mean(axis=0), np.float32)

    def slice_images(self, index: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Noise-free, full-dose and quarter-dose image of one slice."""
        offsets = self.beam.offsets() * np.float32(self.pixel_mm)
        integrals = self.beam.project(attenuation(self.anatomy(index)), self.pixel_mm)
        rng = np.random.default_rng([self.seed, 2, index])
        scans = (
            integrals,
            measured(rng, integrals, self.exposure, offsets),
            measured(rng, integrals, self.exposure.at_dose(0.25), offsets),
        )
        truth, full, quarter = (
            filtered_back_projection(one, self.beam, self.kernel, self.pixel_mm) for one in scans
        )
        return truth, full, quarter


def paint_nodule(canvas: Canvas, nodule: Nodule) -> None:
    """Add a sphere; a solid one replaces the vessels that cross it."""
    lesion = Lesion(nodule.place_mm, nodule.diameter_mm, nodule.contrast_hu)
    rows, columns, coverage = lesion_coverage(canvas, lesion)
    if coverage.size == 0 or not coverage.any():
        return
    window = canvas.values[:, rows, columns]
    if nodule.kind == "liver":
        window += coverage * nodule.contrast_hu
    else:
        around = np.minimum(window, -780.0)
        window += coverage * (around + nodule.contrast_hu - window)


def _placed_nodules(
    rng: np.random.Generator, chest: Chest, low_mm: float, high_mm: float
) -> tuple[Nodule, ...]:
    """Put each lesion where a coarse drawing shows its organ all around and no other lesion."""
    wanted = [
        *((f"lung {number}", "solid", *one) for number, one in enumerate(_LUNG_NODULES, 1)),
        *(
            (f"ground glass {number}", "ground glass", *one)
            for number, one in enumerate(_GROUND_GLASS, 1)
        ),
        *((f"liver {number}", "liver", *one) for number, one in enumerate(_LIVER_LESIONS, 1)),
    ]
    found: list[Nodule] = []
    for name, kind, diameter, contrast in wanted:
        for _ in range(60):
            place = _candidate(rng, chest, kind, low_mm, high_mm)
            near = any(np.linalg.norm(np.subtract(place, other.place_mm)) < 22.0 for other in found)
            if not near and _is_surrounded(chest, place, diameter, kind):
                found.append(Nodule(name, kind, place, diameter, contrast))
                break
    return tuple(found)


def _candidate(
    rng: np.random.Generator, chest: Chest, kind: str, low_mm: float, high_mm: float
) -> tuple[float, float, float]:
    cavity = chest.torso.cavity
    share = min(1.0, (high_mm - low_mm) / _ROOMY_MM)
    if kind == "liver":
        height = low_mm + share * float(rng.uniform(6.0, 22.0))
        x = -cavity.axes[0] * float(rng.uniform(0.2, 0.7))
        return x, float(rng.uniform(-0.45, 0.45)) * cavity.axes[1], height
    side = float(rng.choice([-1.0, 1.0]))
    lung = lung_region(cavity, side)
    x = lung.centre[0] + float(rng.uniform(-0.6, 0.6)) * lung.axes[0]
    y = lung.centre[1] + float(rng.uniform(-0.7, 0.7)) * lung.axes[1]
    return x, y, float(rng.uniform(low_mm + share * 25.0, high_mm - share * 10.0))


def _is_surrounded(
    chest: Chest, place: tuple[float, float, float], diameter_mm: float, kind: str
) -> bool:
    """Whether the sphere and a rim of 5 mm lie in one organ."""
    reach = diameter_mm / 2 + 5.0
    heights = place[2] + np.array([-reach, 0.0, reach])
    size = 24
    canvas = Canvas.blank(heights, size, 2 * reach / (size - 1), chest.warp, place[:2])
    paint_chest(canvas, chest)
    low, high = (40.0, 80.0) if kind == "liver" else (-1000.0, -650.0)
    inside = (canvas.values > low) & (canvas.values < high)
    return float(inside.mean()) > (0.995 if kind == "liver" else 0.93)
