"""Pairs with and without a lesion share anatomy and noise, and differ by the lesion alone."""

import numpy as np
import pytest

from viewer.enhancement.observers import observed
from viewer.simulation.noise import blur
from viewer.simulation.pairs import TISSUE_HU, AnatomicalScene, anatomical_pairs
from viewer.simulation.phantom import Region
from viewer.simulation.scenes import MIDDLE, disc, insert_scene, named_kernel

COUNT = 24


@pytest.fixture(scope="module")
def liver() -> AnatomicalScene:
    return anatomical_pairs(3, Region.ABDOMEN, 7.0, -20.0, COUNT)


def test_pairs_have_the_fields_of_an_insert(liver: AnatomicalScene) -> None:
    assert liver.noise.shape == (COUNT, 5, 64, 64)
    assert liver.signal.shape == (64, 64)
    assert liver.name == "7 mm -20 HU, abdomen"


def test_the_difference_is_the_lesion_as_the_kernel_shows_it(liver: AnatomicalScene) -> None:
    assert liver.anatomy is not None
    kernel = named_kernel("standard", liver.pixel_mm)
    lesion = disc(64, liver.pixel_mm, 3.5, -20.0)
    seen_with = blur(liver.anatomy[0, MIDDLE] + lesion, kernel, liver.pixel_mm)
    seen_without = blur(liver.anatomy[0, MIDDLE], kernel, liver.pixel_mm)
    np.testing.assert_allclose(liver.signal, seen_with - seen_without, atol=0.02)
    assert liver.signal.sum() * liver.pixel_mm**2 == pytest.approx(-20 * np.pi * 3.5**2, rel=0.01)


def test_every_pair_has_anatomy_and_noise_of_its_own(liver: AnatomicalScene) -> None:
    assert liver.anatomy is not None
    noise = (liver.noise - liver.anatomy)[:, MIDDLE].reshape(COUNT, -1)
    between = np.corrcoef(noise)[~np.eye(COUNT, dtype=bool)]
    assert np.abs(between).max() < 0.25
    assert noise.std() == pytest.approx(20.0, rel=0.4)
    shapes = liver.anatomy[:, MIDDLE].reshape(COUNT, -1)
    assert len(np.unique(shapes.round(1), axis=0)) == COUNT


@pytest.mark.parametrize("region", [Region.ABDOMEN, Region.CHEST])
def test_lesions_lie_in_the_tissue_of_their_region(region: Region) -> None:
    found = anatomical_pairs(4, region, 5.0, 30.0, 6)
    assert found.anatomy is not None
    low, high = TISSUE_HU[region]
    middle = found.anatomy[:, MIDDLE, 29:35, 29:35].mean(axis=(1, 2))
    assert (middle > low - 60.0).all()
    assert (middle < high + 60.0).all()


def test_anatomy_makes_a_faint_lesion_harder_to_find() -> None:
    pairs = anatomical_pairs(5, Region.ABDOMEN, 7.0, -20.0, 80)
    plain = insert_scene(5, 7.0, -20.0, 20.0, 80)
    scores = [
        observed(one.noise[:, MIDDLE], one.noise[:, MIDDLE] + one.signal, 7.0, one.pixel_mm)
        for one in (pairs, plain)
    ]
    assert 0.5 < scores[0].auc < scores[1].auc


def test_the_same_seed_draws_the_same_pairs() -> None:
    first, again = (anatomical_pairs(6, Region.CHEST, 4.0, 80.0, 2) for _ in range(2))
    np.testing.assert_array_equal(first.noise, again.noise)


def test_there_are_no_pairs_on_abstract_shapes() -> None:
    with pytest.raises(ValueError, match="not on abstract"):
        anatomical_pairs(1, Region.ABSTRACT, 5.0, 10.0, 1)
