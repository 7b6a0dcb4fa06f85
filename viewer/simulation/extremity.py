"""Procedural limbs: thighs, lower legs, an upper arm or a forearm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viewer.simulation import anatomy
from viewer.simulation.anatomy import INFINITE
from viewer.simulation.canvas import Canvas, Ellipsoid
from viewer.simulation.kernels import FloatArray

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Bone:
    """A long bone across the slice: centre from the limb's, half axes and cortex in mm."""

    centre: Place
    axes: Place
    cortex_mm: float
    turn_rad: float = 0.0


@dataclass(frozen=True, slots=True)
class Limb:
    """What makes a kind of limb; for the left one, mirrored for the right.

    Attributes
    ----------
    axes : half axes of the fascia around the muscles, mm.
    bones : see `Bone`.
    muscles : how many compartments fat septa make.
    vessels : centre of the artery; its vein lies beside it.
    apart_mm : distance of a pair of limbs from the middle, 0 for a single one.
    """

    axes: Place
    bones: tuple[Bone, ...]
    muscles: int
    vessels: tuple[Place, ...]
    apart_mm: float


LIMBS = {
    "thighs": Limb((64.0, 70.0), (Bone((4.0, 2.0), (14.0, 14.5), 5.5),), 11, ((-22.0, 6.0),), 90.0),
    "lower legs": Limb(
        (42.0, 48.0),
        (Bone((-10.0, -16.0), (12.5, 15.0), 4.5, 0.5), Bone((20.0, 2.0), (6.5, 6.0), 2.4)),
        8,
        ((4.0, 6.0), (10.0, -12.0)),
        75.0,
    ),
    "upper arm": Limb(
        (40.0, 44.0), (Bone((2.0, 3.0), (11.0, 11.5), 4.0),), 6, ((-20.0, 4.0),), 0.0
    ),
    "forearm": Limb(
        (38.0, 28.0),
        (Bone((15.0, 4.0), (7.5, 6.5), 2.6), Bone((-13.0, 6.0), (7.0, 8.0), 2.8)),
        9,
        ((14.0, -12.0), (-14.0, -10.0)),
        0.0,
    ),
}


def paint_extremity(
    rng: np.random.Generator, canvas: Canvas, kind: str | None = None, screw_share: float = 0.15
) -> None:
    """Skin, fat with veins, muscles between septa, bones, vessels; now and then a screw.

    Parameters
    ----------
    kind : one of `LIMBS`; None draws one.
    screw_share : how often a screw crosses a bone.
    """
    limb = LIMBS[kind or list(LIMBS)[int(rng.integers(len(LIMBS)))]]
    grain = anatomy.organ_grain(rng, canvas)
    scale, fat_mm = float(rng.uniform(0.85, 1.1)), float(rng.uniform(4.0, 20.0))
    blood = float(rng.choice([42.0, rng.uniform(150.0, 320.0)]))
    sides = (-1.0, 1.0) if limb.apart_mm else (float(rng.choice([-1.0, 1.0])),)
    lowest = 0.0
    for side in sides:
        middle = (side * max(limb.apart_mm * scale, limb.axes[0] * scale + fat_mm + 4.0), 0.0)
        middle = middle if limb.apart_mm else (0.0, 0.0)
        fascia = Ellipsoid(
            (*middle, 0.0),
            (limb.axes[0] * scale, limb.axes[1] * scale, INFINITE),
            side * float(rng.normal(0.0, 0.15)),
            2.2,
        )
        _paint_soft(rng, canvas, limb, fascia, fat_mm, grain)
        _paint_vessels(rng, canvas, limb, middle, side * scale, blood)
        for number, bone in enumerate(limb.bones):
            _paint_bone(canvas, bone, middle, (side * scale, scale), grain)
            if number == 0 and rng.random() < screw_share:
                paint_screw(canvas, _placed(bone, middle, (side * scale, scale)))
        lowest = max(lowest, fascia.axes[1] + fat_mm)
    anatomy.paint_table(canvas, lowest + 8.0)


def _paint_soft(
    rng: np.random.Generator,
    canvas: Canvas,
    limb: Limb,
    fascia: Ellipsoid,
    fat_mm: float,
    grain: FloatArray,
) -> None:
    canvas.paint_shape(fascia.scaled(fat_mm), anatomy.SKIN_HU)
    under_skin = canvas.inside(fascia.scaled(fat_mm - 1.6))
    canvas.paint(under_skin, anatomy.FAT_HU + 6.0 * grain)
    canvas.values += under_skin * (np.exp(-((grain / 0.05) ** 2)) * 40.0)
    for _ in range(int(rng.integers(2, 6))):
        turn = rng.uniform(0.0, 2.0 * np.pi)
        away = np.array(fascia.axes[:2]) + 0.5 * fat_mm
        place = fascia.centre[:2] + away * (np.cos(turn), np.sin(turn))
        vein = Ellipsoid((float(place[0]), float(place[1]), 0.0), (1.6, 1.2, INFINITE))
        canvas.paint(canvas.inside(vein) * under_skin, 40.0)
    muscle = canvas.inside(fascia)
    canvas.paint(muscle, anatomy.FAT_HU + 8.0 * grain)
    tone, septum = _compartments(rng, canvas, fascia, limb.muscles)
    streaks = 60.0 * np.exp(-((grain / 0.06) ** 2))
    canvas.paint(
        canvas.inside(fascia.scaled(-0.8)) * septum,
        anatomy.MUSCLE_HU + tone + 5.0 * grain - streaks,
    )


def _compartments(
    rng: np.random.Generator, canvas: Canvas, fascia: Ellipsoid, count: int
) -> tuple[FloatArray, FloatArray]:
    """Brightness of each muscle in HU, and coverage by muscle: 0 in the fat between two."""
    turn = (np.arange(count) + rng.uniform(-0.25, 0.25, count)) * 2.399963
    away = np.sqrt((np.arange(count) + 0.5) / count) * 0.85
    seeds = np.stack((np.cos(turn), np.sin(turn)), 1) * away[:, None] * fascia.axes[:2]
    seeds = seeds + fascia.centre[:2]
    tones = rng.normal(0.0, 4.0, count)
    first = np.full(canvas.values.shape, 1e6, np.float32)
    second, tone = first.copy(), np.zeros_like(first)
    for (x, y), hu in zip(seeds, tones, strict=True):
        distance = np.hypot(canvas.x_mm - x, canvas.y_mm - y).astype(np.float32)
        second = np.minimum(np.maximum(first, distance), second)
        tone = np.where(distance < first, np.float32(hu), tone)
        first = np.minimum(first, distance)
    width = float(rng.uniform(0.8, 2.2))
    covered = np.clip((second - first - width) / (2.0 * canvas.pixel_mm) + 0.5, 0.0, 1.0)
    return tone, np.asarray(covered, np.float32)


def _placed(bone: Bone, middle: Place, scale: Place) -> Ellipsoid:
    return Ellipsoid(
        (middle[0] + scale[0] * bone.centre[0], middle[1] + scale[1] * bone.centre[1], 0.0),
        (abs(scale[0]) * bone.axes[0], scale[1] * bone.axes[1], INFINITE),
        bone.turn_rad * float(np.sign(scale[0])),
        2.3,
    )


def _paint_bone(canvas: Canvas, bone: Bone, middle: Place, scale: Place, grain: FloatArray) -> None:
    """Dense cortex, a zone of trabeculae, and marrow of fat."""
    shape = _placed(bone, middle, scale)
    canvas.paint(canvas.inside(shape.scaled(1.2), 0.6), 45.0)
    canvas.paint_shape(shape, 1350.0)
    canvas.paint(canvas.inside(shape.scaled(-bone.cortex_mm), 0.8), 60.0 + 60.0 * grain)
    canvas.paint(canvas.inside(shape.scaled(-bone.cortex_mm - 1.5), 1.5), -60.0 + 25.0 * grain)


def _paint_vessels(
    rng: np.random.Generator, canvas: Canvas, limb: Limb, middle: Place, scale: float, blood: float
) -> None:
    """Artery with its vein in a sheath of fat, the artery's wall calcified in one of four."""
    is_calcified = rng.random() < 0.25
    for x, y in limb.vessels:
        at = (middle[0] + scale * x, middle[1] + abs(scale) * y)
        sheath = Ellipsoid((at[0] + 2.5, at[1] + 1.5, 0.0), (8.0, 6.5, INFINITE))
        canvas.paint(canvas.inside(sheath, 1.0), anatomy.FAT_HU + 10.0)
        artery = Ellipsoid((*at, 0.0), (2.8, 2.8, INFINITE))
        vein = Ellipsoid((at[0] + 5.5, at[1] + 2.5, 0.0), (3.6, 2.6, INFINITE))
        canvas.paint_shape(vein, 42.0 + 0.4 * (blood - 42.0))
        if is_calcified:
            canvas.paint(canvas.inside(artery.scaled(0.7)), 600.0)
        canvas.paint_shape(artery, blood)


def paint_screw(canvas: Canvas, bone: Ellipsoid, hu: float = 12_000.0) -> None:
    """A screw of titanium across a bone, its head outside of it."""
    x, y, _ = bone.centre
    reach = max(bone.axes[:2])
    shank = Ellipsoid((x, y, 0.0), (reach + 5.0, 2.2, 2.2), exponent=6.0)
    head = Ellipsoid((x + np.sign(x or 1.0) * (reach + 5.0), y, 0.0), (2.5, 4.5, 4.5))
    for part in (shank, head):
        canvas.paint_shape(part, hu)
