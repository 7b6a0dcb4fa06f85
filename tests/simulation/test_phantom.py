"""Phantoms are reproducible, plausible in HU and true to what they say about themselves."""

import numpy as np
import pytest

from viewer.simulation.canvas import Canvas, Ellipsoid, Warp, texture
from viewer.simulation.lesions import Lesion, paint_lesions
from viewer.simulation.phantom import Region, Sampling, random_stack
from viewer.simulation.vessels import filling_tree, path, tree

SAMPLING = Sampling(5, 192, 1.6, 2.0, 2.0)


def test_an_ellipsoid_covers_its_area() -> None:
    canvas = Canvas.blank([0.0], 200, 0.5)
    coverage = canvas.inside(Ellipsoid((3.0, -4.0, 0.0), (20.0, 12.0, np.inf), 0.4))
    assert coverage.sum() * 0.25 == pytest.approx(np.pi * 20.0 * 12.0, rel=0.01)


def test_a_shape_is_drawn_the_same_wherever_it_lies_on_the_canvas() -> None:
    rng = np.random.default_rng(8)
    for _ in range(40):
        canvas = Canvas.blank([-3.0, 0.0, 4.0], 60, 1.0, Warp.random(rng, 8.0))
        x, y, z = (float(one) for one in rng.uniform(-40.0, 40.0, 3) * (1.0, 1.0, 0.2))
        shape = Ellipsoid(
            (x, y, z),
            (float(rng.uniform(1, 25)), float(rng.uniform(1, 25)), float(rng.uniform(2, 20))),
            float(rng.uniform(0, np.pi)),
            float(rng.uniform(1.2, 5.0)),
            (float(rng.normal(0, 0.5)), 0.3),
        )
        z_mm = canvas.z_mm[:, None, None] - z
        moved_x = canvas.x_mm - (x + shape.drift[0] * z_mm)
        moved_y = canvas.y_mm - (y + shape.drift[1] * z_mm)
        cosine, sine = np.cos(shape.turn_rad), np.sin(shape.turn_rad)
        sides = (cosine * moved_x + sine * moved_y, cosine * moved_y - sine * moved_x, z_mm)
        power = sum(
            np.abs(side / axis) ** shape.exponent
            for side, axis in zip(sides, shape.axes, strict=True)
        )
        depth = (power ** (1.0 / shape.exponent) - 1.0) * min(shape.axes[:2])
        expected = np.clip(0.5 - depth / 2.5, 0.0, 1.0)
        np.testing.assert_allclose(canvas.inside(shape, 1.5), expected, atol=2e-4)


def test_painting_mixes_in_proportion_to_coverage() -> None:
    canvas = Canvas.blank([0.0, 1.0], 8, 1.0)
    coverage = np.zeros_like(canvas.values)
    coverage[1, 2:5, 3] = 0.25
    canvas.paint(coverage, 1000.0)
    assert canvas.values.sum() == pytest.approx(-1000.0 * (128 - 3) - 500.0 * 3)
    canvas.paint(coverage, np.float32([1.0, 3.0])[:, None, None])
    assert canvas.values[1, 2, 3] == pytest.approx(-500.0 * 0.75 + 0.75)
    canvas.paint(np.zeros_like(coverage), 5.0)
    assert canvas.values[0].max() == -1000.0


def test_a_sphere_has_its_slice_profile_along_z() -> None:
    heights = np.arange(-12.0, 12.5, 0.5)
    canvas = Canvas.blank(heights, 64, 0.5)
    paint_lesions(canvas, (Lesion((0.0, 0.0, 0.0), 10.0, 100.0),))
    area = ((canvas.values + 1000.0) / 100.0).sum(axis=(1, 2)) * 0.25
    expected = np.pi * np.clip(25.0 - heights**2, 0.0, None)
    np.testing.assert_allclose(area, expected, atol=2.5)


def test_a_thick_slice_dilutes_a_small_lesion() -> None:
    thin, thick = Canvas.blank([0.0], 64, 0.5), Canvas.blank(np.arange(-4.5, 5.0, 1.0), 64, 0.5)
    for canvas in (thin, thick):
        paint_lesions(canvas, (Lesion((0.0, 0.0, 0.0), 5.0, 100.0),))
    peak_thin = thin.values[0].max() + 1000.0
    peak_thick = thick.values.mean(axis=0).max() + 1000.0
    assert peak_thin == pytest.approx(100.0, abs=1.0)
    assert 45.0 < peak_thick < 65.0  # 5 mm of tissue in a 10 mm slice


def test_a_tube_has_the_area_of_its_radius() -> None:
    canvas = Canvas.blank([0.0], 128, 0.5)
    tube = path([(5.0, 5.0, -20.0), (5.0, 5.0, 20.0)], 6.0, 0.3)
    assert canvas.tubes(tube.points_mm, tube.radii_mm).sum() * 0.25 == pytest.approx(
        np.pi * 36.0, rel=0.02
    )


@pytest.mark.parametrize("grower", ["tree", "filling"])
def test_vessels_get_thinner_and_stay_near_their_organ(grower: str) -> None:
    organ = Ellipsoid((0.0, 0.0, 0.0), (60.0, 50.0, 70.0))
    rng = np.random.default_rng(3)
    if grower == "tree":
        found = tree(rng, (40.0, 0.0, 0.0), (-1.0, 0.0, 0.0), 5.0, organ)
    else:
        found = filling_tree(rng, (40.0, 0.0, 0.0), organ, leaves=300)
    assert found.radii_mm.max() > 2.0
    assert found.radii_mm.min() < 0.6
    reach = np.sum((found.points_mm / np.array([60.0, 50.0, 70.0])) ** 2, axis=1)
    assert np.mean(reach < 1.1) > 0.95


def test_the_trunk_of_a_filling_tree_carries_all_leaves() -> None:
    organ = Ellipsoid((0.0, 0.0, 0.0), (60.0, 50.0, 70.0))
    found = filling_tree(np.random.default_rng(1), (0.0, 0.0, 0.0), organ, leaves=200, leaf_mm=0.5)
    total = found.radii_mm[:400].max()
    assert total <= 0.5 * 200 ** (1 / 3) + 1e-3


def test_texture_changes_slowly_from_slice_to_slice() -> None:
    found = texture(np.random.default_rng(1), np.array([0.0, 1.0, 12.0]), 128, 0.8, depth_mm=8.0)
    near = np.corrcoef(found[0].ravel(), found[1].ravel())[0, 1]
    far = np.corrcoef(found[0].ravel(), found[2].ravel())[0, 1]
    assert near > 0.95
    assert far < 0.5
    assert found.std() == pytest.approx(1.0, rel=0.2)


@pytest.mark.parametrize("region", list(Region))
def test_the_same_seed_draws_the_same_stack(region: Region) -> None:
    first, second = (random_stack(np.random.default_rng(9), region, SAMPLING, 5) for _ in range(2))
    np.testing.assert_array_equal(first.values, second.values)
    assert first.lesions == second.lesions
    other = random_stack(np.random.default_rng(10), region, SAMPLING, 5)
    assert not np.array_equal(first.values, other.values)


def test_a_chest_has_air_lung_fat_tissue_and_bone() -> None:
    values = random_stack(np.random.default_rng(2), Region.CHEST, SAMPLING, 0).values
    shares = [
        float(np.mean((values > low) & (values <= high)))
        for low, high in ((-1100, -950), (-950, -750), (-140, -60), (20, 90), (300, 1200))
    ]
    assert all(share > 0.004 for share in shares), shares
    assert shares[1] > 0.08


def test_lesions_change_the_picture_by_their_contrast() -> None:
    canvas = Canvas.blank([0.0], 96, 0.7)
    canvas.values[:] = 50.0
    weight = paint_lesions(canvas, (Lesion((4.0, -6.0, 0.0), 8.0, -20.0, 1.3, 0.5),))
    assert canvas.values.min() == pytest.approx(30.0, abs=0.01)
    np.testing.assert_allclose(canvas.values, 50.0 - 20.0 * weight, atol=1e-4)


DRAWN = (
    (Region.CHEST, -487.54, [-101.8, -828.3, -995.0, -806.3, 49.3]),
    (Region.ABDOMEN, -389.12, [52.8, 123.7, 112.4, 112.9, 227.0]),
    (Region.HEAD, -746.81, [620.0, 874.7, 14.8, 396.6, 38.1]),
    (Region.ABSTRACT, 22.14, [0.2, -28.7, -3.4, 6.3, 982.2]),
)
"""Region, mean and values in the middle slice for seed 9: shipped models were judged on these."""


@pytest.mark.parametrize(("region", "mean", "values"), DRAWN)
def test_regions_that_models_were_judged_on_are_drawn_as_ever(
    region: Region, mean: float, values: list[float]
) -> None:
    found = random_stack(np.random.default_rng(9), region, SAMPLING, 5).values
    assert found.mean(dtype=float) == pytest.approx(mean, abs=0.02)
    seen = found[2, [40, 70, 96, 120, 150], [96, 60, 96, 130, 100]]
    np.testing.assert_allclose(seen, values, atol=0.2)
