"""A procedural chest: lungs with vessel trees, mediastinum, ribs, spine, diaphragm, table."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from viewer.simulation import anatomy
from viewer.simulation.anatomy import INFINITE, Torso
from viewer.simulation.canvas import Canvas, Ellipsoid, Warp, texture
from viewer.simulation.kernels import FloatArray
from viewer.simulation.vessels import Tube, filling_tree, joined, path, tree


@dataclass(frozen=True, slots=True)
class Chest:
    """One person's chest; z = 0 is the level of the carina, x to the left, y to the back.

    Attributes
    ----------
    torso, spine_y_mm, blood_hu : layers, place of the vertebral bodies, blood (contrast or not).
    arteries, veins, bronchi, ribs : tubes in patient millimetres.
    warp : bends all of it but the tubes.
    seed : of the textures.
    """

    torso: Torso
    spine_y_mm: float
    blood_hu: float
    lung_hu: float
    arteries: Tube
    veins: Tube
    bronchi: Tube
    ribs: Tube
    warp: Warp
    rib_phase_mm: float
    seed: int

    @classmethod
    def random(cls, rng: np.random.Generator, leaves: int = 700, leaf_mm: float = 0.5) -> Chest:
        """A new person with `leaves` ends on each of the four vessel trees of the lungs."""
        torso = Torso.random(rng)
        cavity = torso.cavity
        depth = cavity.axes[1]
        arteries, veins, bronchi = [], [], []
        for side in (-1.0, 1.0):
            lung = lung_region(cavity, side).scaled(-2.0)
            hilum = (side * 34.0, depth * 0.12, -18.0)
            before = (hilum[0], hilum[1] - 12.0, hilum[2] - 16.0)
            arteries.append(filling_tree(rng, hilum, lung, leaves, leaf_mm))
            veins.append(filling_tree(rng, before, lung, leaves, leaf_mm * 0.9))
            bronchi.append(
                path(
                    [(0.0, depth * 0.15, 4.0), (side * 20.0, depth * 0.17, -12.0), hilum], 5.6, 1.0
                )
            )
            bronchi.append(tree(rng, hilum, (side, 0.3, -0.5), 3.8, lung, 1.3, 60))
        return cls(
            torso=torso,
            spine_y_mm=depth * 0.80,
            blood_hu=float(rng.choice([42.0, rng.uniform(120.0, 320.0)])),
            lung_hu=float(rng.uniform(-890.0, -820.0)),
            arteries=joined(arteries),
            veins=joined(veins),
            bronchi=joined(bronchi),
            ribs=anatomy.rib_cage(cavity, float(rng.uniform(150.0, 165.0)), 26.0, 11),
            warp=Warp.random(rng, 4.0),
            rib_phase_mm=float(rng.uniform(0.0, 30.0)),
            seed=int(rng.integers(2**31)),
        )


def lung_region(cavity: Ellipsoid, side: float) -> Ellipsoid:
    """The ellipsoid in which one lung's vessels grow; side -1 right, +1 left."""
    width = cavity.axes[0]
    return Ellipsoid(
        (side * width * 0.56, cavity.centre[1] + 2.0, -30.0),
        (width * 0.50, cavity.axes[1] * 0.97, 150.0),
    )


def paint_chest(canvas: Canvas, chest: Chest) -> None:
    """Paint the whole chest on a canvas made with `chest.warp`."""
    rng = np.random.default_rng(chest.seed)
    grain = anatomy.organ_grain(rng, canvas)
    cavity = chest.torso.cavity
    anatomy.paint_torso(canvas, chest.torso, grain)
    canvas.paint(canvas.inside(cavity.scaled(1.5)), anatomy.FAT_HU + 20.0)
    lungs = _paint_lungs(canvas, chest, rng)
    _paint_mediastinum(canvas, chest, grain)
    _paint_diaphragm(canvas, chest, grain, lungs)
    anatomy.paint_spine(canvas, chest.spine_y_mm, grain, chest.rib_phase_mm)
    anatomy.paint_tube_bones(canvas, chest.ribs, 1.7, grain)
    _paint_front_and_back_bones(canvas, chest, grain)


def _paint_lungs(canvas: Canvas, chest: Chest, rng: np.random.Generator) -> FloatArray:
    cavity = chest.torso.cavity
    apex = np.clip((125.0 - canvas.z_mm) / 70.0, 0.05, 1.0) ** 0.5
    coverage = np.zeros_like(canvas.values)
    for plane, share in enumerate(apex):
        one = replace_plane(canvas, plane)
        narrowed = replace(
            cavity,
            axes=(cavity.axes[0] * (0.35 + 0.65 * share), cavity.axes[1] * share, INFINITE),
        )
        coverage[plane] = one.inside(narrowed)[0]
    fine = texture(rng, canvas.z_mm, canvas.values.shape[1], canvas.pixel_mm, 0.7, 1.0, 3.0)
    gradient = 0.45 * canvas.y_mm
    canvas.paint(coverage, chest.lung_hu + gradient + 26.0 * fine)
    fissure = canvas.y_mm - 10.0 + 0.55 * (canvas.z_mm[:, None, None] + 25.0)
    canvas.values += coverage * 110.0 * np.exp(-((fissure / 0.9) ** 2))
    low, high = float(canvas.z_mm.min()), float(canvas.z_mm.max())
    for tube in (chest.arteries, chest.veins):
        near = tube.near(low, high)
        canvas.paint(canvas.tubes(near.points_mm, near.radii_mm) * coverage, chest.blood_hu)
    airways = chest.bronchi.near(low, high)
    canvas.paint(canvas.tubes(airways.points_mm, airways.radii_mm + 1.0) * coverage, 20.0)
    canvas.paint(canvas.tubes(airways.points_mm, airways.radii_mm) * coverage, -990.0)
    return coverage


def replace_plane(canvas: Canvas, plane: int) -> Canvas:
    """A canvas that shares one plane of another."""
    return Canvas(
        canvas.values[plane : plane + 1],
        canvas.z_mm[plane : plane + 1],
        canvas.pixel_mm,
        canvas.x_mm[plane : plane + 1],
        canvas.y_mm[plane : plane + 1],
        canvas.centre_mm,
    )


def _paint_mediastinum(canvas: Canvas, chest: Chest, grain: FloatArray) -> None:
    depth = chest.torso.cavity.axes[1]
    spine_front = chest.spine_y_mm - 16.0
    fat = anatomy.FAT_HU + 8.0 * grain
    beside_spine = Ellipsoid((0.0, chest.spine_y_mm + 10.0, 0.0), (36.0, 34.0, INFINITE))
    canvas.paint(canvas.inside(beside_spine, 1.0), anatomy.MUSCLE_HU + 5.0 * grain)
    column = Ellipsoid((0.0, depth * 0.05, 0.0), (31.0, depth * 0.70, INFINITE), exponent=2.6)
    canvas.paint(canvas.inside(column, 1.5), fat)
    front = Ellipsoid((0.0, -depth * 0.78, 0.0), (14.0, depth * 0.25, INFINITE))
    canvas.paint(canvas.inside(front, 1.5), fat)
    heart = Ellipsoid((20.0, -depth * 0.22, -88.0), (62.0, depth * 0.55, 66.0), 0.55, 2.2)
    canvas.paint(canvas.inside(heart.scaled(4.0), 2.0), fat)
    canvas.paint(canvas.inside(heart, 1.0), 55.0 + 4.0 * grain)
    _paint_chambers(canvas, chest, heart)
    blood = chest.blood_hu
    vessels = [
        path(
            [(-14, -depth * 0.3, -70), (-15, -depth * 0.3, 0), (-8, -depth * 0.25, 28)], 15.0, 3.0
        ),
        path([(-8, -depth * 0.25, 28), (4, 0, 36), (20, spine_front - 22, 28)], 13.0, 3.0),
        path([(22, spine_front - 16, 30), (20, spine_front - 8, -190)], 11.5, 3.0),
        path([(-26, -depth * 0.18, 150), (-25, -depth * 0.18, -60)], 8.5, 2.5),
        path(
            [(6, -depth * 0.34, -40), (10, -depth * 0.2, -14), (26, depth * 0.05, -10)], 12.0, 3.0
        ),
        path(
            [(10, -depth * 0.15, -16), (-12, -depth * 0.05, -20), (-34, depth * 0.1, -20)], 9.5, 2.5
        ),
        path([(-6, -depth * 0.2, 34), (-12, -depth * 0.15, 150)], 6.0, 2.0),
        path([(10, -depth * 0.1, 36), (16, -depth * 0.08, 150)], 4.0, 1.5),
        path([(18, 0, 34), (24, 6, 150)], 4.5, 1.5),
    ]
    anatomy.paint_tube(canvas, joined(vessels), blood)
    gullet = path([(4, spine_front - 12, 160), (5, spine_front - 12, -190)], 6.5, 2.5)
    anatomy.paint_tube(canvas, gullet, 38.0)
    anatomy.paint_tube(
        canvas, path([(3, spine_front - 13, 60), (4, spine_front - 13, 20)], 1.8, 0.8), -700.0
    )
    windpipe = path([(0, depth * 0.1, 160), (0, depth * 0.15, 2)], 8.6, 2.0)
    anatomy.paint_tube(canvas, Tube(windpipe.points_mm, windpipe.radii_mm + np.float32(1.6)), 35.0)
    airways = chest.bronchi
    anatomy.paint_tube(canvas, Tube(airways.points_mm, airways.radii_mm + np.float32(1.2)), 30.0)
    anatomy.paint_tube(canvas, windpipe, -995.0)
    anatomy.paint_tube(canvas, airways, -990.0)


def _paint_chambers(canvas: Canvas, chest: Chest, heart: Ellipsoid) -> None:
    blood = chest.blood_hu if chest.blood_hu > 60.0 else 41.0
    x, y, z = heart.centre
    for offset, axes in (
        ((26.0, 8.0, -8.0), (24.0, 18.0, 34.0)),
        ((-18.0, -14.0, -4.0), (27.0, 21.0, 36.0)),
        ((-34.0, 14.0, 10.0), (19.0, 22.0, 30.0)),
        ((0.0, 32.0, 22.0), (30.0, 15.0, 24.0)),
    ):
        place = (x + offset[0], y + offset[1], z + offset[2])
        canvas.paint(canvas.inside(Ellipsoid(place, axes, heart.turn_rad), 3.0), blood)
    groove = Ellipsoid((x - 2.0, y + 12.0, z + 4.0), (3.0, 22.0, 40.0), heart.turn_rad + 0.8)
    canvas.paint(canvas.inside(groove, 2.0) * 0.8, -70.0)


def _paint_diaphragm(canvas: Canvas, chest: Chest, grain: FloatArray, lungs: FloatArray) -> None:
    cavity = chest.torso.cavity
    width, depth = cavity.axes[0], cavity.axes[1]
    liver = Ellipsoid((-width * 0.42, -2.0, -215.0), (width * 0.66, depth * 1.05, 118.0))
    canvas.paint(canvas.inside(liver, 1.5) * lungs, 58.0 + 4.0 * grain)
    left = Ellipsoid((width * 0.52, 4.0, -225.0), (width * 0.50, depth * 0.95, 112.0))
    inside_left = canvas.inside(left, 1.5) * lungs
    canvas.paint(inside_left, anatomy.FAT_HU + 10.0 * grain)
    spleen = Ellipsoid((width * 0.68, depth * 0.45, -225.0), (34.0, 46.0, 95.0), -0.5)
    canvas.paint(canvas.inside(spleen, 1.0) * inside_left, 50.0 + 3.0 * grain)
    stomach = Ellipsoid((width * 0.42, -depth * 0.30, -232.0), (46.0, 38.0, 100.0), 0.3)
    canvas.paint(canvas.inside(stomach, 1.0) * inside_left, 40.0)
    gas = canvas.inside(stomach.scaled(-4.0), 1.0) * inside_left
    level = np.clip((-depth * 0.42 - canvas.y_mm) / canvas.pixel_mm + 0.5, 0.0, 1.0)
    canvas.paint(gas * level.astype(np.float32), -980.0)


def _paint_front_and_back_bones(canvas: Canvas, chest: Chest, grain: FloatArray) -> None:
    cavity = chest.torso.cavity
    front = cavity.centre[1] - cavity.axes[1] - 6.0
    sternum = Ellipsoid((0.0, front, 0.0), (17.0, 6.0, 95.0), exponent=2.6)
    anatomy.paint_bone(canvas, sternum, 1.3, grain)
    for side in (-1.0, 1.0):
        blade = Ellipsoid(
            (side * (cavity.axes[0] * 0.72), cavity.axes[1] * 0.90 + 8.0, 60.0),
            (46.0, 3.6, 75.0),
            -side * 0.62,
        )
        anatomy.paint_bone(canvas, blade, 1.3, grain)
