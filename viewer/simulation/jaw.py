"""A procedural slice through the lower jaw: teeth, some of them filled, tongue, neck, spine."""

from __future__ import annotations

import numpy as np

from viewer.simulation import anatomy
from viewer.simulation.anatomy import INFINITE
from viewer.simulation.canvas import AIR_HU, Canvas, Ellipsoid
from viewer.simulation.kernels import FloatArray
from viewer.simulation.vessels import path

AMALGAM_HU = 28_000.0
DENTINE_HU = 1600.0
ENAMEL_HU = 2600.0
SIDES = (-1.0, 1.0)
TEETH = 14


def paint_jaw(rng: np.random.Generator, canvas: Canvas, fillings: int | None = None) -> None:
    """Paint the level of the crowns; z = 0 is the middle of the teeth.

    Parameters
    ----------
    fillings : teeth filled with metal; None draws none to five.
    """
    grain = anatomy.organ_grain(rng, canvas)
    fibres = anatomy.muscle_hu(grain)
    face = Ellipsoid((0.0, 8.0, 0.0), (64.0, 86.0, INFINITE), exponent=2.3)
    canvas.paint_shape(face, anatomy.SKIN_HU)
    canvas.paint(canvas.inside(face.scaled(-2.0)), anatomy.FAT_HU + 8.0 * grain)
    blood = float(rng.choice([42.0, rng.uniform(120.0, 300.0)]))
    for side in SIDES:
        _paint_muscles(canvas, side, fibres, canvas.inside(face.scaled(-5.0)))
        _paint_vessels(canvas, side, blood, grain)
    lips = Ellipsoid((0.0, -64.0, 0.0), (30.0, 10.0, INFINITE), exponent=2.3)
    canvas.paint(canvas.inside(lips, 1.0) * canvas.inside(face.scaled(-2.0)), 45.0 + 6.0 * grain)
    tongue = Ellipsoid((0.0, -22.0, 0.0), (23.0, 30.0, INFINITE), exponent=2.2)
    canvas.paint(canvas.inside(tongue, 0.8), fibres)
    airway = Ellipsoid((0.0, 18.0, 0.0), (14.0, 6.0, INFINITE), exponent=2.4)
    canvas.paint(canvas.inside(airway.scaled(3.0), 1.0), 40.0)
    canvas.paint(canvas.inside(airway), AIR_HU)
    anatomy.paint_spine(canvas, 42.0, grain, 15.0, 0.55)
    _paint_bone_and_teeth(canvas, grain, _filled(rng, fillings))


def _paint_muscles(canvas: Canvas, side: float, fibres: FloatArray, under_skin: FloatArray) -> None:
    muscles = (
        ((47.0, -2.0), (8.0, 24.0), 0.25),  # masseter
        ((27.0, 8.0), (6.0, 16.0), 0.35),  # medial pterygoid
        ((48.0, 46.0), (8.0, 17.0), -0.5),  # sternocleidomastoid
        ((20.0, 74.0), (18.0, 15.0), 0.2),  # of the neck
        ((16.0, 34.0), (11.0, 5.0), 0.2),  # before the spine
        ((40.0, 66.0), (13.0, 13.0), 0.6),
    )
    for (x, y), axes, turn in muscles:
        shape = Ellipsoid((side * x, y, 0.0), (*axes, INFINITE), side * turn)
        canvas.paint(canvas.inside(shape, 0.8) * under_skin, fibres)


def _paint_vessels(canvas: Canvas, side: float, blood: float, grain: FloatArray) -> None:
    """Parotid gland, carotid arteries and jugular vein."""
    parotid = Ellipsoid((side * 49.0, 24.0, 0.0), (9.0, 14.0, INFINITE), side * 0.2)
    canvas.paint(canvas.inside(parotid, 1.0), 10.0 + 14.0 * grain)
    for x, y, radius in ((27.0, 32.0, 3.4), (33.0, 36.0, 5.5), (30.0, 24.0, 2.4)):
        vessel = Ellipsoid((side * x, y, 0.0), (radius, radius, INFINITE))
        canvas.paint_shape(vessel, blood)


def _filled(rng: np.random.Generator, fillings: int | None) -> frozenset[int]:
    """Numbers of filled teeth; front teeth are spared."""
    back = [number for number in range(TEETH) if not 4 <= number <= 9]
    count = int(rng.integers(0, 6)) if fillings is None else fillings
    return frozenset(int(one) for one in rng.permutation(back)[:count])


def _paint_bone_and_teeth(canvas: Canvas, grain: FloatArray, filled: frozenset[int]) -> None:
    ramus = [(44.0, 26.0), (40.0, 2.0), (36.0, -20.0), (27.0, -40.0), (12.0, -50.0), (0.0, -52.0)]
    arch = [*ramus, *((-x, y) for x, y in reversed(ramus[:-1]))]
    for height in np.unique(np.round(canvas.z_mm / 2.0) * 2.0):
        bone = path([(x, y, float(height)) for x, y in arch], 6.5, 1.0)
        anatomy.paint_tube_bones(canvas, bone, 2.0, grain)
    for number in range(TEETH):
        turn = np.pi * (0.04 + 0.92 * (number + 0.5) / TEETH)
        x, y = 33.0 * np.cos(turn), -14.0 - 37.0 * np.sin(turn) ** 0.8
        is_front = 4 <= number <= 9
        axes = (2.6, 3.6, 10.0) if is_front else (4.6, 4.4, 8.0)
        crown = Ellipsoid((float(x), float(y), 0.0), axes, float(turn) - np.pi / 2, 2.6)
        canvas.paint_shape(crown, ENAMEL_HU)
        canvas.paint(canvas.inside(crown.scaled(-1.2), 0.4), DENTINE_HU)
        canvas.paint(canvas.inside(crown.scaled(-3.2), 0.6), 60.0)
        if number in filled:
            canvas.paint(canvas.inside(crown.scaled(-1.8)), AMALGAM_HU)
