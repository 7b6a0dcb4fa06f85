"""Pelvis, limbs and jaw have the parts that they say, where they say."""

from dataclasses import replace

import numpy as np
import pytest

from viewer.simulation.canvas import Canvas
from viewer.simulation.extremity import LIMBS, paint_extremity
from viewer.simulation.jaw import AMALGAM_HU, paint_jaw
from viewer.simulation.kernels import FloatArray
from viewer.simulation.metal import METAL_HU
from viewer.simulation.pelvis import HEAD_X_MM, Pelvis, paint_pelvis

PIXEL_MM = 1.2
SIZE = 320


def drawn(pelvis: Pelvis, *heights_mm: float) -> Canvas:
    canvas = Canvas.blank(heights_mm, SIZE, PIXEL_MM)
    paint_pelvis(canvas, pelvis)
    return canvas


def around(canvas: Canvas, plane: int, x_mm: float, y_mm: float, reach_mm: float) -> FloatArray:
    """Return the values within a distance of a place."""
    near = np.hypot(canvas.x_mm[plane] - x_mm, canvas.y_mm[plane] - y_mm) < reach_mm
    return canvas.values[plane][near]


@pytest.fixture(scope="module")
def person() -> Pelvis:
    return replace(Pelvis.random(np.random.default_rng(1)), implant_side=0.0, urine_hu=8.0)


def test_femoral_heads_stand_in_their_sockets_and_the_bladder_in_the_middle(
    person: Pelvis,
) -> None:
    canvas = drawn(person, 0.0, 20.0)
    for side in (-1.0, 1.0):
        assert 150.0 < around(canvas, 0, side * HEAD_X_MM, 0.0, 12.0).mean() < 450.0
        cup = around(canvas, 0, side * (HEAD_X_MM - 31.0), 0.0, 4.0)
        assert cup.max() > 500.0
    assert around(canvas, 1, 0.0, -38.0, 10.0).mean() == pytest.approx(8.0, abs=3.0)


def test_wings_reach_the_sacrum_above_and_are_gone_below(person: Pelvis) -> None:
    canvas = drawn(person, -50.0, 90.0)
    for side in (-1.0, 1.0):
        assert around(canvas, 1, side * 100.0, 0.0, 40.0).max() > 500.0
        assert around(canvas, 1, side * 48.0, 55.0, 12.0).max() > 500.0
    assert around(canvas, 1, 0.0, 50.0, 8.0).mean() > 100.0
    assert around(canvas, 0, 0.0, 50.0, 20.0).max() < 200.0


def test_both_sides_of_the_pelvis_are_alike(person: Pelvis) -> None:
    values = drawn(person, 60.0).values[0]
    bone = values > 400.0
    assert bone[:, : SIZE // 2].sum() == pytest.approx(bone[:, SIZE // 2 :].sum(), rel=0.1)


def test_a_replaced_hip_is_metal_on_its_side_alone(person: Pelvis) -> None:
    canvas = drawn(replace(person, implant_side=1.0), 0.0, -60.0)
    assert around(canvas, 0, HEAD_X_MM, 0.0, 10.0).min() > METAL_HU
    assert around(canvas, 1, HEAD_X_MM + 30.0, 12.0, 6.0).max() > METAL_HU
    assert canvas.values[:, :, : SIZE // 2].max() < METAL_HU


def test_arteries_hold_contrast_medium_and_lime(person: Pelvis) -> None:
    filled = replace(person, blood_hu=230.0, calcified=0.0)
    plain, calcified = (
        around(drawn(replace(filled, calcified=share), 15.0), 0, 62.0, -52.0, 9.0)
        for share in (0.0, 0.9)
    )
    assert plain.max() == pytest.approx(230.0, abs=12.0)
    assert calcified.max() > 400.0


@pytest.mark.parametrize("kind", list(LIMBS))
def test_limbs_are_fat_muscle_marrow_and_cortex(kind: str) -> None:
    canvas = Canvas.blank([0.0, 40.0], SIZE, PIXEL_MM)
    paint_extremity(np.random.default_rng(3), canvas, kind, 0.0)
    values = canvas.values[1]
    body = values > -300.0
    shares = [
        float(np.mean((values[body] > low) & (values[body] < high)))
        for low, high in ((-140, -60), (25, 90), (700, 1600))
    ]
    assert all(share > least for share, least in zip(shares, (0.08, 0.2, 0.01), strict=True))
    assert values.max() < METAL_HU


def test_legs_come_in_pairs_and_arms_alone() -> None:
    spread = {}
    for kind in LIMBS:
        canvas = Canvas.blank([0.0], SIZE, PIXEL_MM)
        paint_extremity(np.random.default_rng(4), canvas, kind, 0.0)
        spread[kind] = np.ptp(canvas.x_mm[canvas.values > 900.0])
    assert min(spread["thighs"], spread["lower legs"]) > 100.0
    assert max(spread["upper arm"], spread["forearm"]) < 60.0


def test_a_screw_crosses_the_bone_in_its_own_planes_only() -> None:
    canvas = Canvas.blank([0.0, 20.0], SIZE, 0.6)
    paint_extremity(np.random.default_rng(5), canvas, "upper arm", 1.0)
    assert canvas.values[0].max() > METAL_HU
    assert canvas.values[1].max() < METAL_HU


@pytest.mark.parametrize("fillings", [0, 3])
def test_fillings_are_the_only_metal_of_a_jaw(fillings: int) -> None:
    canvas = Canvas.blank([0.0], 320, 0.5)
    paint_jaw(np.random.default_rng(6), canvas, fillings)
    metal = canvas.values > 0.8 * AMALGAM_HU
    area = metal.sum() * 0.25
    assert 15.0 * fillings <= area <= 60.0 * fillings
    assert (canvas.values > 2000.0).sum() * 0.25 > 80.0
