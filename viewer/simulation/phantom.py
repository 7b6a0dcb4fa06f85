"""Random stacks of slices for training and evaluation: parts of the body, abstract shapes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from viewer.simulation import anatomy
from viewer.simulation.anatomy import INFINITE, Torso
from viewer.simulation.canvas import Canvas, Ellipsoid, Warp
from viewer.simulation.chest import Chest, paint_chest
from viewer.simulation.extremity import paint_extremity
from viewer.simulation.jaw import paint_jaw
from viewer.simulation.kernels import FloatArray
from viewer.simulation.lesions import Lesion, paint_lesions, random_lesions
from viewer.simulation.mr import Profile, slice_profile
from viewer.simulation.pelvis import Pelvis, paint_pelvis
from viewer.simulation.vessels import tree


class Region(StrEnum):
    """Kinds of anatomy that can be drawn."""

    CHEST = "chest"
    ABDOMEN = "abdomen"
    HEAD = "head"
    ABSTRACT = "abstract"
    PELVIS = "pelvis"
    EXTREMITY = "extremity"
    JAW = "jaw"


_LEVELS_MM = {Region.CHEST: (-160.0, 110.0), Region.PELVIS: (-55.0, 105.0)}
"""Range of heights at which the middle slice of a stack lies; 0 for all others."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Noise-free slices before any scanner has seen them.

    Attributes
    ----------
    values : HU, float32 [slice, row, column].
    lesion_weight : coverage by lesions in the middle slice, 0 to 1, [row, column].
    lesions : what was put in, millimetres from the middle of the stack.
    pixel_mm, spacing_mm, thickness_mm : voxel size in plane, slice distance and thickness.
    """

    values: FloatArray
    lesion_weight: FloatArray
    lesions: tuple[Lesion, ...]
    pixel_mm: float
    spacing_mm: float
    thickness_mm: float


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a stack is sampled.

    Attributes
    ----------
    slices, size : number of slices and of rows and columns.
    thickness_mm : of each slice, full width at half maximum; less than the spacing leaves gaps.
    planes : thin planes averaged into each slice, over its thickness.
    centre_mm : x and y of the middle of the picture.
    profile : weight of the planes; other than a box they lie over twice the thickness, and five or
        more are needed.
    """

    slices: int
    size: int
    pixel_mm: float
    spacing_mm: float
    thickness_mm: float
    planes: int = 1
    centre_mm: tuple[float, float] = (0.0, 0.0)
    profile: Profile = Profile.BOX

    def plane_heights(self, middle_mm: float) -> FloatArray:
        """Heights of all thin planes, slice by slice."""
        centres = middle_mm + (np.arange(self.slices) - (self.slices - 1) / 2) * self.spacing_mm
        return np.asarray(centres[:, None] + self._offsets_mm(), np.float32).ravel()

    def sliced(self, planes: FloatArray) -> FloatArray:
        """Slices [slice, row, column] from values or coverage on all planes, slice by slice."""
        grouped = planes.reshape(self.slices, self.planes, *planes.shape[1:])
        if self.profile is Profile.BOX:
            return np.asarray(grouped.mean(axis=1), np.float32)
        weights = slice_profile(self._offsets_mm(), self.thickness_mm, self.profile)
        return np.asarray(np.tensordot(grouped, weights, (1, 0)), np.float32)

    def _offsets_mm(self) -> FloatArray:
        """Heights of a slice's planes over its middle."""
        width = self.thickness_mm * (1.0 if self.profile is Profile.BOX else 2.0)
        return np.asarray(((np.arange(self.planes) + 0.5) / self.planes - 0.5) * width)


def random_stack(
    rng: np.random.Generator, region: Region, sampling: Sampling, lesion_count: int = 40
) -> Stack:
    """Draw one person or pattern and slice it.

    Parameters
    ----------
    lesion_count : lesions strewn over the picture, most of them of low contrast.
    """
    low, high = _LEVELS_MM.get(region, (0.0, 0.0))
    middle = float(rng.uniform(low, high)) if low < high else 0.0
    heights = sampling.plane_heights(middle)
    canvas = _painted(rng, region, sampling, heights)
    lesions = random_lesions(rng, lesion_count, canvas, middle, sampling)
    painted = paint_lesions(canvas, lesions)
    return Stack(
        values=sampling.sliced(canvas.values),
        lesion_weight=sampling.sliced(painted)[sampling.slices // 2],
        lesions=lesions,
        pixel_mm=sampling.pixel_mm,
        spacing_mm=sampling.spacing_mm,
        thickness_mm=sampling.thickness_mm,
    )


def _painted(
    rng: np.random.Generator, region: Region, sampling: Sampling, heights: FloatArray
) -> Canvas:
    if region is Region.CHEST:
        chest = Chest.random(rng)
        canvas = _blank(sampling, heights, chest.warp)
        paint_chest(canvas, chest)
        anatomy.paint_table(canvas, chest.torso.skin.axes[1] + 10.0)
        return canvas
    sway_mm = {Region.PELVIS: 2.0, Region.EXTREMITY: 3.0, Region.JAW: 2.0}.get(region, 8.0)
    canvas = _blank(sampling, heights, Warp.random(rng, sway_mm))
    if region is Region.ABDOMEN:
        paint_abdomen(rng, canvas)
    elif region is Region.HEAD:
        paint_head(rng, canvas)
    elif region is Region.PELVIS:
        paint_pelvis(canvas, Pelvis.random(rng))
    elif region is Region.EXTREMITY:
        paint_extremity(rng, canvas)
    elif region is Region.JAW:
        paint_jaw(rng, canvas)
    else:
        paint_abstract(rng, canvas)
    return canvas


def _blank(sampling: Sampling, heights: FloatArray, warp: Warp) -> Canvas:
    return Canvas.blank(heights, sampling.size, sampling.pixel_mm, warp, sampling.centre_mm)


def paint_abdomen(rng: np.random.Generator, canvas: Canvas) -> None:
    """Liver with vessels, spleen, kidneys, bowel with gas or contrast, great vessels, spine."""
    torso = Torso.random(rng)
    grain, second = anatomy.organ_grain(rng, canvas), anatomy.organ_grain(rng, canvas, 2.0)
    cavity = torso.cavity
    width, depth = cavity.axes[0], cavity.axes[1]
    anatomy.paint_torso(canvas, torso, grain)
    canvas.paint(canvas.inside(cavity), anatomy.FAT_HU + 9.0 * second)
    blood = float(rng.choice([42.0, rng.uniform(90.0, 250.0)]))
    for side in (-1.0, 1.0):
        psoas = Ellipsoid((side * 38.0, depth * 0.55, 0.0), (19.0, 24.0, INFINITE), side * 0.3)
        canvas.paint(canvas.inside(psoas), 55.0 + 5.0 * grain)
    anatomy.paint_bowel(rng, canvas, (width, depth), second)
    organ = rng.uniform(2.0, 9.0)
    liver = Ellipsoid(
        (-width * rng.uniform(0.40, 0.55), -depth * rng.uniform(0.0, 0.2), rng.normal(0, 20)),
        (width * rng.uniform(0.45, 0.62), depth * rng.uniform(0.65, 0.85), 90.0),
        float(rng.normal(0, 0.2)),
        2.3,
    )
    liver_hu = rng.uniform(45.0, 120.0)
    covered = canvas.inside(liver, 0.5)
    canvas.paint(covered, liver_hu + organ * second)
    _paint_organ_vessels(rng, canvas, liver, covered, liver_hu + rng.uniform(-25.0, 60.0))
    spleen = Ellipsoid((width * 0.66, depth * 0.30, 10.0), (28.0, 44.0, 60.0), -0.4)
    canvas.paint(canvas.inside(spleen, 0.5), rng.uniform(45.0, 125.0) + 3.0 * grain)
    for side in (-1.0, 1.0):
        _paint_kidney(rng, canvas, (side * width * 0.46, depth * 0.48), side, grain)
    great = (
        Ellipsoid((10.0, depth * 0.30, 0.0), (10.5, 10.5, INFINITE)),
        Ellipsoid((-16.0, depth * 0.28, 0.0), (12.5, 9.5, INFINITE)),
    )
    for vessel in great:
        canvas.paint_shape(vessel, blood)
    anatomy.paint_spine(canvas, depth * 0.68, grain, float(rng.uniform(0, 30)), 1.15)
    ribs = anatomy.rib_cage(cavity, float(rng.uniform(60.0, 110.0)), 26.0, 4)
    anatomy.paint_tube_bones(canvas, ribs, 1.7, grain)
    anatomy.paint_table(canvas, torso.skin.axes[1] + 10.0)


def _paint_organ_vessels(
    rng: np.random.Generator, canvas: Canvas, organ: Ellipsoid, covered: FloatArray, hu: float
) -> None:
    x, y, z = organ.centre
    start = (x + organ.axes[0] * 0.6, y + organ.axes[1] * 0.2, z)
    for tilt in (-0.6, 0.1, 0.7):
        found = tree(rng, start, (-1.0, tilt, rng.normal(0, 0.3)), 5.0, organ, 0.5, 500)
        near = found.near(float(canvas.z_mm.min()), float(canvas.z_mm.max()))
        canvas.paint(canvas.tubes(near.points_mm, near.radii_mm) * covered, hu)


def _paint_kidney(
    rng: np.random.Generator,
    canvas: Canvas,
    place: tuple[float, float],
    side: float,
    grain: FloatArray,
) -> None:
    height = float(rng.normal(-20.0, 25.0))
    outer = Ellipsoid((*place, height), (26.0, 31.0, 55.0), side * 0.6)
    canvas.paint(canvas.inside(outer, 0.5), rng.uniform(35.0, 190.0) + 3.0 * grain)
    canvas.paint(canvas.inside(outer.scaled(-9.0), 3.0), rng.uniform(30.0, 130.0))
    sinus = Ellipsoid((place[0] - side * 10.0, place[1], height), (13.0, 12.0, 30.0), side * 0.6)
    canvas.paint(canvas.inside(sinus, 2.0), rng.uniform(-90.0, 10.0))


def paint_head(rng: np.random.Generator, canvas: Canvas) -> None:
    """Scalp, skull, grey and white matter, ventricles, falx, and air cells at the base."""
    axes = (float(rng.uniform(68, 80)), float(rng.uniform(85, 100)), INFINITE)
    grain, folds = anatomy.organ_grain(rng, canvas), anatomy.organ_grain(rng, canvas, 3.5)
    scalp = Ellipsoid((0.0, 0.0, 0.0), axes, float(rng.normal(0, 0.1)), 2.2)
    canvas.paint_shape(scalp, 20.0)
    canvas.paint(canvas.inside(scalp.scaled(-1.5)), -60.0 + 20.0 * grain)
    thick = float(rng.uniform(4.5, 9.0))
    skull = scalp.scaled(-float(rng.uniform(4.0, 8.0)))
    canvas.paint_shape(skull, 1150.0)
    canvas.paint(canvas.inside(skull.scaled(-1.6), 0.8), 420.0 + 90.0 * grain)
    canvas.paint(canvas.inside(skull.scaled(-thick + 1.6), 0.8), 1150.0)
    brain = skull.scaled(-thick)
    canvas.paint(canvas.inside(brain), 9.0)
    matter = canvas.inside(brain.scaled(-2.0), 0.8)
    rim = canvas.inside(brain.scaled(-2.0)) - canvas.inside(brain.scaled(-9.0), 3.0)
    is_grey = np.clip(np.abs(folds) * 2.5 - 0.4 + np.clip(rim, 0, 1), 0.0, 1.0)
    canvas.paint(matter, 27.0 + 10.0 * is_grey + 1.5 * grain)
    sulci = np.exp(-((folds / 0.07) ** 2)) * np.clip(rim, 0.0, 1.0)
    canvas.paint(sulci.astype(np.float32) * 0.8, 10.0)
    for side in (-1.0, 1.0):
        ventricle = Ellipsoid((side * 10.0, -8.0, 0.0), (5.0, 26.0, 30.0), side * 0.25)
        canvas.paint(canvas.inside(ventricle, 0.6), 6.0)
        nucleus = Ellipsoid((side * 23.0, -2.0, 0.0), (8.0, 17.0, 25.0), side * 0.2)
        canvas.paint(canvas.inside(nucleus, 1.0), 38.0)
    falx = Ellipsoid((0.0, 0.0, 0.0), (1.0, axes[1] * 0.85, INFINITE))
    canvas.paint(canvas.inside(falx), 50.0)
    if rng.random() < 0.4:
        for _ in range(int(rng.integers(6, 25))):
            cell = (float(rng.normal(0, 35)), float(rng.normal(-20, 40)), float(rng.normal(0, 6)))
            size = (float(rng.uniform(1.5, 9)), float(rng.uniform(1.5, 9)), 12.0)
            canvas.paint(canvas.inside(Ellipsoid(cell, size).scaled(1.5), 0.3), 900.0)
            canvas.paint(canvas.inside(Ellipsoid(cell, size)), -980.0)


def paint_abstract(rng: np.random.Generator, canvas: Canvas) -> None:
    """Dead leaves: overlapping random shapes of random values, with and without texture."""
    grain, coarse = anatomy.organ_grain(rng, canvas), anatomy.organ_grain(rng, canvas, 3.0)
    canvas.values[:] = rng.uniform(-120.0, 90.0) + rng.uniform(0, 12) * coarse
    span = canvas.values.shape[1] * canvas.pixel_mm / 2
    for _ in range(70):
        size = float(np.exp(rng.uniform(np.log(1.0), np.log(45.0))))
        axes = (size * float(rng.uniform(0.15, 1)), size, size * float(rng.uniform(0.5, 3)))
        place = (
            canvas.centre_mm[0] + float(rng.uniform(-span, span)),
            canvas.centre_mm[1] + float(rng.uniform(-span, span)),
            float(rng.normal(0.0, 4.0)),
        )
        drift = (float(rng.normal(0, 0.3)), float(rng.normal(0, 0.3)))
        shape = Ellipsoid(
            place, axes, float(rng.uniform(0, np.pi)), float(rng.uniform(1.2, 5)), drift
        )
        kind = rng.random()
        if kind < 0.70:
            hu = rng.normal(40.0, 60.0)
        elif kind < 0.88:
            hu = rng.uniform(-1000.0, -100.0)
        else:
            hu = rng.uniform(150.0, 1400.0)
        fill = hu + (rng.uniform(0, 14) * grain if rng.random() < 0.6 else 0.0)
        canvas.paint(canvas.inside(shape, float(rng.uniform(0, 2.5))), fill)
