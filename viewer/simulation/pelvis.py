"""A procedural pelvis: hip bones, sacrum, femora, muscles, bladder, rectum, vessels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viewer.simulation import anatomy
from viewer.simulation.anatomy import INFINITE, Torso
from viewer.simulation.canvas import AIR_HU, Canvas, Ellipsoid
from viewer.simulation.kernels import FloatArray
from viewer.simulation.vessels import Tube, joined, path

Point = tuple[float, float, float]

HEAD_X_MM = 87.0
HEAD_RADIUS_MM = 23.5
SIDES = (-1.0, 1.0)
_LUMBAR_MM = 116.0
_STEP_MM = 2.5


@dataclass(frozen=True, slots=True)
class Pelvis:
    """One person's pelvis; z = 0 is the middle of the femoral heads.

    Attributes
    ----------
    torso : outline and layer of fat.
    blood_hu, urine_hu : without or with contrast medium.
    is_female : uterus or prostate.
    calcified : share of the arteries' length with plaques of lime.
    implant_side : -1 right or +1 left hip replaced by metal, 0 none.
    seed : of textures and of what fills the bowel.
    """

    torso: Torso
    blood_hu: float
    urine_hu: float
    is_female: bool
    calcified: float
    implant_side: float
    seed: int

    @classmethod
    def random(cls, rng: np.random.Generator, implant_share: float = 0.1) -> Pelvis:
        """A new adult, one in ten with a hip of metal."""
        width = rng.uniform(152.0, 184.0)
        depth = width * rng.uniform(0.63, 0.70)
        skin = Ellipsoid((0.0, 0.0, 0.0), (width, depth, INFINITE), exponent=rng.uniform(2.3, 2.7))
        contrast = rng.random() < 0.5
        return cls(
            torso=Torso(skin, float(width - rng.uniform(142.0, 150.0)) * 0.8, 14.0),
            blood_hu=float(rng.uniform(110.0, 260.0)) if contrast else 42.0,
            urine_hu=float(rng.uniform(0.0, 14.0)) if rng.random() < 0.8 else 400.0,
            is_female=bool(rng.random() < 0.5),
            calcified=float(rng.choice([0.0, rng.uniform(0.02, 0.2)])),
            implant_side=float(rng.choice(SIDES)) if rng.random() < implant_share else 0.0,
            seed=int(rng.integers(2**31)),
        )


def paint_pelvis(canvas: Canvas, pelvis: Pelvis) -> None:
    """Paint it all, from the skin inwards."""
    rng = np.random.default_rng(pelvis.seed)
    grain, fine = anatomy.organ_grain(rng, canvas), anatomy.organ_grain(rng, canvas, 0.8)
    _paint_layers(canvas, pelvis.torso, grain)
    _paint_muscles(canvas, pelvis.torso, grain)
    _paint_viscera(rng, canvas, pelvis, grain)
    _paint_vessels(rng, canvas, pelvis)
    _paint_spine_and_sacrum(canvas, fine)
    for side in SIDES:
        anatomy.paint_tube_bones(canvas, hip_bone(side), 1.6, fine)
        _paint_femur(canvas, side, fine)
    if pelvis.implant_side:
        paint_hip_implant(canvas, pelvis.implant_side)
    anatomy.paint_table(canvas, pelvis.torso.skin.axes[1] + 10.0)


def _paint_layers(canvas: Canvas, torso: Torso, grain: FloatArray) -> None:
    """Skin, fat with septa under it, fat between the muscles, the cleft at the back."""
    canvas.paint_shape(torso.skin, anatomy.SKIN_HU)
    canvas.paint(canvas.inside(torso.skin.scaled(-2.0)), anatomy.FAT_HU + 6.0 * grain)
    shell = canvas.inside(torso.skin.scaled(-3.0))
    canvas.values += shell * (np.exp(-((grain / 0.05) ** 2)) * 45.0)
    back = torso.skin.axes[1]
    cleft = Ellipsoid((0.0, back, -45.0), (5.0, 30.0, 70.0))
    body = canvas.inside(torso.skin)
    canvas.paint(canvas.inside(cleft, 1.0) * body, anatomy.SKIN_HU)
    canvas.paint(canvas.inside(cleft.scaled(-2.0), 0.5) * body, AIR_HU)


def _paint_muscles(canvas: Canvas, torso: Torso, grain: FloatArray) -> None:
    wall = torso.skin.scaled(-torso.fat_mm)
    inner = canvas.inside(wall)
    upper = np.clip((canvas.z_mm - 55.0) / 25.0, 0.0, 1.0)[:, None, None]
    belly = canvas.inside(wall) - canvas.inside(wall.scaled(-11.0))
    front = np.clip((-canvas.y_mm - 5.0) / 25.0, 0.0, 1.0)
    canvas.paint(np.clip(belly, 0, 1) * front * upper, anatomy.MUSCLE_HU + 5.0 * grain)
    fibres = anatomy.muscle_hu(grain)
    for side in SIDES:
        for muscle in _muscles(side, wall.axes[1]):
            canvas.paint(canvas.inside(muscle, 0.8) * inner, fibres)


def _muscles(side: float, depth: float) -> tuple[Ellipsoid, ...]:
    """Of one side; x grows away from the middle for both."""

    def of(
        centre: Point, axes: Point, turn: float = 0.0, drift: tuple[float, float] = (0, 0)
    ) -> Ellipsoid:
        x, y, z = centre
        return Ellipsoid((side * x, y, z), axes, side * turn, 2.3, (side * drift[0], drift[1]))

    return (
        of((25.0, -depth + 9.0, 40.0), (25.0, 7.5, 95.0)),  # rectus abdominis
        of((64.0, 70.0, 5.0), (58.0, 27.0, 110.0), -0.55),  # gluteus maximus
        of((120.0, 2.0, 62.0), (18.0, 52.0, 78.0), 0.48, (-0.10, 0.0)),  # gluteus medius
        of((106.0, -6.0, 50.0), (11.0, 38.0, 52.0), 0.48, (-0.10, 0.0)),  # gluteus minimus
        of((84.0, 8.0, 95.0), (12.0, 46.0, 62.0), 0.58, (0.05, 0.0)),  # iliacus
        of((50.0, 6.0, 100.0), (19.0, 22.0, 115.0), 0.4, (-0.23, 0.42)),  # psoas
        of((80.0, -42.0, -20.0), (20.0, 16.0, 60.0), 0.2),  # iliopsoas before the hip
        of((126.0, -34.0, -25.0), (15.0, 34.0, 90.0), 0.35),  # tensor fasciae latae, vastus
        of((102.0, -60.0, -30.0), (20.0, 14.0, 65.0), 0.3),  # sartorius, rectus femoris
        of((55.0, 12.0, 5.0), (8.5, 36.0, 48.0), 0.15),  # obturator internus
        of((58.0, 52.0, 48.0), (30.0, 10.0, 20.0), 0.35),  # piriformis
        of((42.0, -48.0, -45.0), (27.0, 16.0, 36.0), -0.35),  # pectineus
        of((46.0, -16.0, -75.0), (36.0, 28.0, 42.0), -0.2),  # obturator externus, adductors
        of((92.0, 38.0, -70.0), (28.0, 19.0, 50.0), 0.1),  # quadratus femoris, hamstrings
        of((17.0, 34.0, -25.0), (4.5, 28.0, 24.0), -0.35),  # levator ani
        of((30.0, 70.0, 140.0), (32.0, 22.0, 45.0), 0.2),  # erector spinae
    )


def _paint_viscera(
    rng: np.random.Generator, canvas: Canvas, pelvis: Pelvis, grain: FloatArray
) -> None:
    for height, reach in ((120.0, (78.0, 78.0)), (72.0, (50.0, 52.0))):
        anatomy.paint_bowel(rng, canvas, reach, grain, height)
    bladder = Ellipsoid(
        (float(rng.normal(0, 4)), -38.0, float(rng.uniform(15.0, 28.0))),
        (float(rng.uniform(30.0, 46.0)), float(rng.uniform(22.0, 32.0)), 34.0),
        exponent=2.2,
    )
    canvas.paint(canvas.inside(bladder, 0.5), 38.0 + 3.0 * grain)
    canvas.paint(canvas.inside(bladder.scaled(-3.5), 0.5), pelvis.urine_hu)
    if pelvis.is_female:
        womb = Ellipsoid((float(rng.normal(0, 8)), 0.0, 42.0), (27.0, 20.0, 30.0))
        canvas.paint(canvas.inside(womb, 1.0), rng.uniform(55.0, 100.0) + 5.0 * grain)
        canvas.paint(canvas.inside(womb.scaled(-15.0), 2.0), 35.0)
    else:
        gland = Ellipsoid((0.0, -12.0, -18.0), (24.0, 18.0, 19.0))
        canvas.paint(canvas.inside(gland, 1.0), 42.0 + 4.0 * grain)
        for side in SIDES:
            vesicle = Ellipsoid((side * 15.0, -2.0, 8.0), (17.0, 6.0, 9.0), side * 0.3)
            canvas.paint(canvas.inside(vesicle, 1.0), 30.0 + 3.0 * grain)
    _paint_rectum(rng, canvas, grain)


def _paint_rectum(rng: np.random.Generator, canvas: Canvas, grain: FloatArray) -> None:
    """A tube before the sacrum, its stool with bubbles and gas at the front."""
    outer = Ellipsoid((0.0, 36.0, 25.0), (19.0, 16.0, 75.0), 0.0, 2.2, (0.0, 0.08))
    canvas.paint(canvas.inside(outer, 0.8), 40.0 + 3.0 * grain)
    inside = canvas.inside(outer.scaled(-4.0), 0.8)
    fill = float(rng.random())
    canvas.paint(inside, 20.0 + 30.0 * grain)
    if fill < 0.4:
        canvas.paint(inside * np.clip(2.0 * np.abs(grain) - 1.6, 0.0, 0.9), -700.0)
    elif fill < 0.75:
        level = np.clip((34.0 - canvas.y_mm) / canvas.pixel_mm + 0.5, 0.0, 1.0)
        canvas.paint(inside * level.astype(np.float32), -980.0)


def _paint_vessels(rng: np.random.Generator, canvas: Canvas, pelvis: Pelvis) -> None:
    veins_hu = 42.0 + 0.7 * (pelvis.blood_hu - 42.0)
    for side in SIDES:
        courses: list[tuple[list[Point], float, float]] = [
            ([(22, -2, 190), (40, -4, 90), (62, -52, 15), (66, -66, -90)], 4.8, pelvis.blood_hu),
            ([(20, 8, 190), (44, 8, 90), (52, -46, 15), (56, -58, -90)], 6.0, veins_hu),
            ([(40, 4, 90), (48, 34, 55), (46, 42, 20)], 3.2, pelvis.blood_hu),
            ([(42, 12, 90), (44, 42, 55), (42, 46, 20)], 3.8, veins_hu),
        ]
        for corners, radius, hu in courses:
            tube = path([(side * x, y, z) for x, y, z in corners], radius, 1.5)
            anatomy.paint_tube(canvas, tube, hu)
            if hu == pelvis.blood_hu:
                _paint_plaques(rng, canvas, tube, pelvis.calcified)


def _paint_plaques(rng: np.random.Generator, canvas: Canvas, artery: Tube, share: float) -> None:
    """Lime along one wall of an artery."""
    count = rng.binomial(len(artery.points_mm), share)
    chosen = rng.choice(len(artery.points_mm), count, replace=False)
    turn = rng.uniform(0.0, 2.0 * np.pi, count)
    around = np.stack((np.cos(turn), np.sin(turn), np.zeros(count)), 1)
    points = artery.points_mm[chosen] + around * artery.radii_mm[chosen, None]
    radii = rng.uniform(0.5, 1.6, count)
    plaques = Tube(points.astype(np.float32), radii.astype(np.float32))
    anatomy.paint_tube(canvas, plaques, float(rng.uniform(500.0, 1000.0)))


def _paint_spine_and_sacrum(canvas: Canvas, grain: FloatArray) -> None:
    first = int(np.searchsorted(canvas.z_mm, _LUMBAR_MM))
    if first < len(canvas.z_mm):
        part = np.s_[first:]
        above = Canvas(
            canvas.values[part], canvas.z_mm[part], canvas.pixel_mm,
            canvas.x_mm[part], canvas.y_mm[part], canvas.centre_mm,
        )  # fmt: skip
        anatomy.paint_spine(above, 30.0, grain[part], 30.0 - _LUMBAR_MM % 30.0, 1.15)
    body = Ellipsoid((0.0, 52.0, 78.0), (29.0, 17.0, 46.0), 0.0, 2.4, (0.0, -0.35))
    for side in SIDES:
        wing = Ellipsoid(
            (side * 30.0, 52.0, 86.0), (24.0, 14.0, 36.0), side * -0.25, 2.4, (0.0, -0.30)
        )
        anatomy.paint_bone(canvas, wing, 1.5, grain)
    anatomy.paint_bone(canvas, body, 1.5, grain)
    tail = Ellipsoid((0.0, 70.0, 28.0), (11.0, 6.0, 22.0), 0.0, 2.2, (0.0, 0.25))
    anatomy.paint_bone(canvas, tail, 1.3, grain)
    crest = Ellipsoid((0.0, 74.0, 80.0), (4.0, 10.0, 34.0), 0.0, 2.0, (0.0, -0.35))
    anatomy.paint_bone(canvas, crest, 1.3, grain)
    canal = Ellipsoid((0.0, 63.0, 82.0), (10.0, 4.5, 40.0), 0.0, 2.0, (0.0, -0.35))
    canvas.paint(canvas.inside(canal, 0.5), -40.0)
    for side in SIDES:
        for height in (56.0, 78.0, 100.0):
            hole = Ellipsoid((side * 20.0, 50.0 + 0.35 * (78.0 - height), height), (5.0, 7.0, 6.0))
            canvas.paint(canvas.inside(hole, 0.8), 0.0)


def hip_bone(side: float) -> Tube:
    """Ilium, socket, pubis and ischium of one side as spheres along sheets and rami."""
    wing = [_wing_row(height) for height in np.arange(18.0, 152.0, _STEP_MM)]
    socket = _socket()
    rami = [
        path([(68, -28, 14), (40, -52, 0), (10, -58, -12)], 7.5, 2.0),
        path([(12, -58, -6), (12, -57, -34)], 8.5, 2.0),
        path([(10, -54, -34), (34, -20, -58), (58, 16, -66)], 5.5, 2.0),
        path([(74, 22, 20), (64, 30, -20), (60, 22, -62)], 11.0, 2.0),
        path([(62, 24, -45), (60, 22, -68)], 13.5, 2.0),
    ]
    bone = joined([*wing, socket, *rami])
    mirror = np.array([side, 1.0, 1.0], np.float32)
    return Tube(bone.points_mm * mirror, bone.radii_mm)


def _wing_row(height: float) -> Tube:
    """One height of the iliac wing: from the sacrum round to the front spine, and its radii."""
    share = float(np.clip((height - 25.0) / 95.0, 0.0, 1.0))
    back = np.array([58.0 - 4.0 * share, 34.0 + 22.0 * share, height])
    middle = np.array([90.0 + 18.0 * share, 10.0 + 6.0 * share, height])
    tip = np.clip((height - 85.0) / 65.0, 0.0, 1.0)  # the crest draws back
    front = np.array([88.0 + 34.0 * share - 6.0 * tip, -16.0 - 34.0 * share + 50.0 * tip, height])
    along = np.linspace(0.0, 1.0, 46)[:, None]
    points = (1 - along) ** 2 * back + 2 * along * (1 - along) * middle + along**2 * front
    thin = 3.4 + 5.5 * np.abs(2.0 * along[:, 0] - 1.0) ** 3
    radii = thin + 3.0 * (1.0 - share)
    return Tube(points.astype(np.float32), radii.astype(np.float32))


def _socket() -> Tube:
    """A cup around the femoral head, open below and to the side."""
    count = 1500
    place = np.arange(count) + 0.5
    polar, turn = np.arccos(1.0 - 2.0 * place / count), np.pi * (1 + 5**0.5) * place
    normal = np.stack(
        (np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)), 1
    )
    opening = np.array([0.80, -0.25, -0.55])
    cup = normal[normal @ (opening / np.linalg.norm(opening)) < 0.15]
    points = np.array([HEAD_X_MM, 0.0, 0.0]) + (HEAD_RADIUS_MM + 7.5) * cup
    return Tube(points.astype(np.float32), np.full(len(points), 4.8, np.float32))


def _femur(side: float) -> tuple[Tube, Tube]:
    """Head, neck and trochanters, and the shaft."""
    head = Tube(
        np.array([[side * HEAD_X_MM, 0.0, 0.0]], np.float32),
        np.array([HEAD_RADIUS_MM], np.float32),
    )
    upper = [
        head,
        path([(side * 92, 2, -5), (side * 122, 12, -32)], 14.5, 2.0),
        path([(side * 134, 20, -4), (side * 132, 16, -42)], 13.5, 2.0),
        path([(side * 126, 14, -34), (side * 118, 14, -72)], 17.0, 2.0),
        path([(side * 106, 26, -58), (side * 108, 22, -72)], 9.0, 2.0),
    ]
    shaft = path([(side * 118, 13, -72), (side * 106, 6, -320)], 15.0, 2.0)
    return joined(upper), shaft


def _paint_femur(canvas: Canvas, side: float, grain: FloatArray) -> None:
    upper, shaft = _femur(side)
    joint = Ellipsoid((side * HEAD_X_MM, 0.0, 0.0), (HEAD_RADIUS_MM + 3.0,) * 3)
    canvas.paint(canvas.inside(joint), 70.0)
    anatomy.paint_tube_bones(canvas, upper, 1.6, grain)
    core = Ellipsoid((side * HEAD_X_MM, 0.0, 0.0), (HEAD_RADIUS_MM - 7.0,) * 3)
    canvas.paint(canvas.inside(core, 5.0), 290.0 + 50.0 * grain)
    near = shaft.near(float(canvas.z_mm.min()), float(canvas.z_mm.max()))
    canvas.paint(canvas.tubes(near.points_mm, near.radii_mm), 1250.0)
    canvas.paint(canvas.tubes(near.points_mm, near.radii_mm - 5.5), -40.0 + 20.0 * grain)


def paint_hip_implant(canvas: Canvas, side: float, hu: float = 12_000.0) -> None:
    """A hip prosthesis: metal cup, ball, neck and a stem in the shaft of the femur."""
    middle = (side * HEAD_X_MM, 0.0, 0.0)
    cup = canvas.inside(Ellipsoid(middle, (27.0,) * 3)) - canvas.inside(
        Ellipsoid(middle, (23.0,) * 3)
    )
    canvas.paint(canvas.inside(Ellipsoid(middle, (27.0,) * 3)), 60.0)
    away = side * (canvas.x_mm - side * HEAD_X_MM) + canvas.z_mm[:, None, None] * -0.8
    canvas.paint(np.clip(cup, 0, 1) * (away < 6.0), hu)
    canvas.paint(canvas.inside(Ellipsoid(middle, (15.0,) * 3)), hu)
    stem = joined(
        [
            path([middle, (side * 116, 10, -30)], 6.5, 1.5),
            path([(side * 116, 10, -30), (side * 118, 13, -72)], 9.0, 1.5),
            path([(side * 118, 13, -72), (side * 112, 9, -200)], 7.0, 1.5),
        ]
    )
    anatomy.paint_tube(canvas, stem, hu)
