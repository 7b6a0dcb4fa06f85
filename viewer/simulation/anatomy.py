"""Bones, walls and organs shared by the phantoms of the body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viewer.simulation.canvas import Canvas, Ellipsoid, texture
from viewer.simulation.kernels import FloatArray
from viewer.simulation.vessels import Tube

INFINITE = float("inf")
FAT_HU = -100.0
MUSCLE_HU = 52.0
SKIN_HU = 20.0
CORTEX_HU = 750.0
MARROW_HU = 170.0
LUNG_HU = -860.0


@dataclass(frozen=True, slots=True)
class Torso:
    """Layers from the skin inwards.

    Attributes
    ----------
    skin : outline of the body.
    fat_mm, wall_mm : thickness under the skin and of the muscle wall.
    """

    skin: Ellipsoid
    fat_mm: float
    wall_mm: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> Torso:
        """An adult trunk, 290 to 390 mm wide."""
        width = rng.uniform(145.0, 195.0)
        depth = width * rng.uniform(0.60, 0.72)
        skin = Ellipsoid((0.0, 0.0, 0.0), (width, depth, INFINITE), exponent=rng.uniform(2.2, 2.7))
        return cls(skin, rng.uniform(6.0, 26.0), rng.uniform(16.0, 26.0))

    @property
    def cavity(self) -> Ellipsoid:
        """What the muscle wall encloses."""
        return self.skin.scaled(-(self.fat_mm + self.wall_mm))


def paint_torso(canvas: Canvas, torso: Torso, grain: FloatArray) -> None:
    """Skin, subcutaneous fat with septa, and a muscle wall streaked with fat.

    Parameters
    ----------
    grain : unit-SD texture of the canvas's shape.
    """
    canvas.paint_shape(torso.skin, SKIN_HU)
    canvas.paint(canvas.inside(torso.skin.scaled(-2.0)), FAT_HU + 6.0 * grain)
    septa = np.exp(-((grain / 0.05) ** 2)) * 45.0
    shell = canvas.inside(torso.skin.scaled(-3.0))
    canvas.values += shell * septa
    flattened = torso.skin.scaled(-torso.fat_mm)
    muscle = canvas.inside(flattened)
    canvas.paint(muscle, MUSCLE_HU + 6.0 * grain)
    depth = torso.wall_mm
    for share in (0.3, 0.62):
        layer = canvas.inside(flattened.scaled(-depth * share + 1.0)) - canvas.inside(
            flattened.scaled(-depth * share - 1.0)
        )
        canvas.paint(np.clip(layer, 0, 1) * np.clip(grain + 0.8, 0.0, 1.0), FAT_HU + 20.0)


def paint_bone(canvas: Canvas, shape: Ellipsoid, cortex_mm: float, grain: FloatArray) -> None:
    """A cortical shell around cancellous bone whose trabeculae follow `grain`."""
    canvas.paint_shape(shape, CORTEX_HU)
    inner = canvas.inside(shape.scaled(-cortex_mm), 0.6)
    canvas.paint(inner, MARROW_HU + 45.0 * grain)


def paint_spine(
    canvas: Canvas, front_mm: float, grain: FloatArray, phase_mm: float, scale: float = 1.0
) -> None:
    """Vertebral bodies with discs between them, arch, canal and processes.

    Parameters
    ----------
    front_mm : y of the middle of the vertebral body.
    phase_mm : shifts the levels along z.
    """
    body = Ellipsoid((0.0, front_mm, 0.0), (20.0 * scale, 15.5 * scale, INFINITE), exponent=2.3)
    back = front_mm + 26.0 * scale
    arch = Ellipsoid((0.0, back, 0.0), (17.0 * scale, 13.0 * scale, INFINITE), exponent=2.5)
    paint_bone(canvas, arch, 2.2, grain)
    for side in (-1.0, 1.0):
        process = Ellipsoid(
            (side * 24.0 * scale, back + 2.0, 0.0),
            (16.0 * scale, 5.0 * scale, INFINITE),
            side * 0.5,
        )
        paint_bone(canvas, process, 1.8, grain)
    spinous = Ellipsoid((0.0, back + 15.0 * scale, 0.0), (3.6, 11.0 * scale, INFINITE))
    paint_bone(canvas, spinous, 1.5, grain)
    level = np.mod(canvas.z_mm + phase_mm, 30.0)
    disc = np.clip((3.5 - np.abs(level - 3.0)) / 1.0, 0.0, 1.0)[:, None, None]
    covered = canvas.inside(body)
    canvas.paint(covered, CORTEX_HU * (1 - disc) + 90.0 * disc)
    inner = canvas.inside(body.scaled(-1.6), 0.6)
    marrow = MARROW_HU + 45.0 * grain
    canvas.paint(inner, marrow * (1 - disc) + 85.0 * disc)
    canal = Ellipsoid((0.0, back - 4.0, 0.0), (10.5 * scale, 8.5 * scale, INFINITE))
    canvas.paint_shape(canal, -10.0)
    cord = Ellipsoid((0.0, back - 4.0, 0.0), (6.0 * scale, 4.5 * scale, INFINITE))
    canvas.paint_shape(cord, 38.0)


def rib_cage(cavity: Ellipsoid, first_z_mm: float, apart_mm: float, count: int) -> Tube:
    """Centre lines of `count` pairs of ribs that fall from the spine to the front.

    Each pair leaves the spine `apart_mm` below the one above it and drops about 95 mm on its way.
    """
    turn = np.linspace(0.10, 0.86, 190) * np.pi
    along_x, along_y = np.sin(turn), np.cos(turn)
    exponent = 2.0 / cavity.exponent
    ring_x = (cavity.axes[0] + 5.0) * np.abs(along_x) ** exponent
    ring_y = (cavity.axes[1] + 5.0) * np.sign(along_y) * np.abs(along_y) ** exponent
    drop = 95.0 * ((turn - turn[0]) / (turn[-1] - turn[0])) ** 1.2
    pieces = []
    for number in range(count):
        height = first_z_mm - apart_mm * number - drop
        for side in (-1.0, 1.0):
            x = cavity.centre[0] + side * ring_x
            pieces.append(np.stack((x, cavity.centre[1] + ring_y, height), 1))
    points = np.concatenate(pieces).astype(np.float32)
    return Tube(points, np.full(len(points), 5.6, np.float32))


def paint_tube_bones(canvas: Canvas, bones: Tube, cortex_mm: float, grain: FloatArray) -> None:
    """Tubular bones: cortex, then marrow inside."""
    near = bones.near(float(canvas.z_mm.min()), float(canvas.z_mm.max()))
    canvas.paint(canvas.tubes(near.points_mm, near.radii_mm), CORTEX_HU)
    inner = canvas.tubes(near.points_mm, near.radii_mm - cortex_mm)
    canvas.paint(inner, MARROW_HU - 40.0 + 40.0 * grain)


def paint_table(canvas: Canvas, top_mm: float) -> None:
    """A curved couch: a dense skin around foam, its middle at y = `top_mm`, not warped."""
    size = canvas.values.shape[1]
    axis = (np.arange(size) - (size - 1) / 2) * canvas.pixel_mm
    x = (axis + canvas.centre_mm[0])[None, :]
    y = (axis + canvas.centre_mm[1])[:, None]
    depth = y - (top_mm - 0.00115 * x**2)
    half = (np.abs(x) < 215.0).astype(np.float32)
    inside = half * np.clip(0.5 + (18.0 - np.abs(depth - 18.0)) / canvas.pixel_mm, 0, 1)
    core = half * np.clip(0.5 + (16.0 - np.abs(depth - 18.0)) / canvas.pixel_mm, 0, 1)
    free = np.clip((-700.0 - canvas.values) / 200.0, 0.0, 1.0)
    canvas.paint(free * inside.astype(np.float32), -120.0)
    canvas.paint(free * core.astype(np.float32), -930.0)


def organ_grain(rng: np.random.Generator, canvas: Canvas, finest_mm: float = 1.2) -> FloatArray:
    """Unit-SD tissue texture for the whole canvas."""
    return texture(
        rng,
        canvas.z_mm,
        canvas.values.shape[1],
        canvas.pixel_mm,
        exponent=float(rng.uniform(1.0, 1.8)),
        finest_mm=finest_mm,
    )


def paint_bowel(
    rng: np.random.Generator,
    canvas: Canvas,
    reach_mm: tuple[float, float],
    grain: FloatArray,
    height_mm: float = 0.0,
) -> None:
    """Loops with fluid, gas, contrast medium or stool around a height.

    Parameters
    ----------
    reach_mm : half width and half depth of the cavity.
    """
    width, depth = reach_mm
    for _ in range(int(rng.integers(14, 30))):
        place = (
            float(rng.uniform(-0.8, 0.8) * width),
            float(rng.uniform(-0.85, 0.35) * depth),
            height_mm + float(rng.normal(0.0, 18.0)),
        )
        axes = (float(rng.uniform(8, 26)), float(rng.uniform(8, 18)), float(rng.uniform(15, 50)))
        loop = Ellipsoid(place, axes, float(rng.uniform(0, np.pi)), 2.2)
        canvas.paint(canvas.inside(loop, 0.5), rng.uniform(30.0, 80.0))
        content = rng.choice(4, p=[0.4, 0.3, 0.15, 0.15])
        inside = canvas.inside(loop.scaled(-2.5), 0.5)
        if content == 1:
            canvas.paint(inside, -970.0)
        elif content == 2:
            canvas.paint(inside, rng.uniform(100.0, 350.0))
        elif content == 3:
            canvas.paint(inside, -150.0 + 180.0 * grain)
        else:
            canvas.paint(inside, rng.uniform(5.0, 35.0))


def muscle_hu(grain: FloatArray) -> FloatArray:
    """Muscle streaked with fat along the zero lines of a texture, HU, same shape."""
    streaks = 55.0 * np.exp(-((grain / 0.07) ** 2))
    return np.asarray(MUSCLE_HU + 5.0 * grain - streaks, np.float32)


def paint_tube(canvas: Canvas, tube: Tube, hu: float) -> None:
    """A tube of one value."""
    near = tube.near(float(canvas.z_mm.min()), float(canvas.z_mm.max()))
    canvas.paint(canvas.tubes(near.points_mm, near.radii_mm), hu)
