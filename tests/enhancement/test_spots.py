"""The audit finds blobs that one image lacks, changes along edges, and nothing in plain noise."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from tests.enhancement.scenes import ct_noise, source_of, volume_of
from viewer.core.errors import Cancelled
from viewer.enhancement.residual import ResidualBuffer
from viewer.enhancement.spots import APART_MM, SpotKind, chance_limit, relative_sd, spots
from viewer.simulation.pet import PetScan, counted, resolved

SHAPE = (6, 192, 192)
SPACING_MM = (3.0, 0.8, 0.8)
PLACE = (3, 100, 60)


def stored(values):
    buffer = ResidualBuffer(values.shape, 0.125)
    buffer.write(range(len(values)), values.astype(np.float32))
    return buffer.published("a test")


def source(values):
    return source_of(volume_of(np.rint(values).astype(np.int16), spacing_mm=SPACING_MM))


def blob(height, place=PLACE, sd=2.0):
    """A Gaussian blob on one slice."""
    values = np.zeros(SHAPE, np.float32)
    values[place] = height * 2 * np.pi * sd**2
    values[place[0]] = ndimage.gaussian_filter(values[place[0]], sd)
    return values


def denoised(noise):
    """The residual of a method that takes four fifths of the noise and nothing else."""
    return -0.8 * noise


NOISE = ct_noise(SHAPE, 20.0, seed=4)


def test_a_method_that_takes_only_noise_gives_no_place_to_look_at():
    assert spots(source(40 + NOISE), stored(denoised(NOISE))) == ()


def test_a_blob_that_was_taken_away_is_found_where_it_was():
    taken = blob(60.0)
    (found,) = spots(source(40 + NOISE + taken), stored(denoised(NOISE) - taken))
    assert found.kind is SpotKind.ORIGINAL
    assert found.slice_index == PLACE[0]
    assert (found.row, found.column) == (
        pytest.approx(PLACE[1], abs=2),
        pytest.approx(PLACE[2], abs=2),
    )
    assert found.size_sd > 5


def test_a_blob_that_was_invented_is_found_where_it_is():
    found = spots(source(40 + NOISE), stored(denoised(NOISE) + blob(25.0)))
    assert [spot.kind for spot in found] == [SpotKind.ENHANCED]
    assert abs(found[0].row - PLACE[1]) <= 2


def test_a_blob_that_the_original_holds_and_the_method_uncovers_is_not_called_invented():
    faint = blob(20.0)
    found = spots(source(40 + NOISE + faint), stored(denoised(NOISE)))
    assert SpotKind.ENHANCED not in {spot.kind for spot in found}


def test_a_blurred_edge_is_a_change_along_an_edge():
    image = np.full(SHAPE, 40.0, np.float32)
    image[2, 60:130, 60:130] = 240.0
    edge = ndimage.gaussian_filter(image, (0, 1.5, 1.5)) - image
    found = spots(source(image + NOISE), stored(denoised(NOISE) + edge))
    assert found
    assert {spot.kind for spot in found} == {SpotKind.EDGE}
    assert {spot.slice_index for spot in found} == {2}
    assert all(spot.correlation > 0.2 for spot in found)


def test_places_keep_their_distance_and_the_farthest_out_comes_first():
    pair = blob(60.0) + blob(80.0, (3, 100, 66)) + blob(70.0, (1, 40, 140))
    found = spots(source(40 + NOISE + pair), stored(denoised(NOISE) - pair))
    assert len(found) == 2
    first, second = found
    assert first.size_sd >= second.size_sd
    away = np.array([first.slice_index - second.slice_index, first.row - second.row])
    assert np.hypot(*(away * SPACING_MM[:2])) > APART_MM


def test_places_of_one_picture_are_all_listed_where_pictures_have_no_distance():
    pair = blob(60.0) + blob(80.0, (3, 40, 150))
    apart = replace(source(40 + NOISE + pair), spacing_mm=(np.inf, 0.8, 0.8))
    assert len(spots(apart, stored(denoised(NOISE) - pair))) == 2


def test_the_limit_grows_with_the_series_and_is_never_below_three():
    assert chance_limit(10) == 3.0
    assert chance_limit(1e5) < chance_limit(1e7)
    pixels, limit = 1e6, chance_limit(1e6)
    by_chance = 2 * pixels / (2 * np.pi) ** 1.5 * limit * np.exp(-(limit**2) / 2)
    assert by_chance == pytest.approx(1.0, rel=1e-3)


def test_padding_and_slices_that_are_not_there_are_left_out():
    residual = denoised(NOISE) - blob(60.0)
    residual[3] = 0.0
    assert spots(source(40 + NOISE + blob(60.0)), stored(residual)) == ()


def test_it_stops_when_asked():
    with pytest.raises(Cancelled):
        spots(source(40 + NOISE), stored(denoised(NOISE)), lambda: True)


# ------------------------------------------------------------------ noise of counts


PET_MM = (3.0, 2.0)
HOT_SPOTS = ((50, 50), (50, 95), (95, 60), (90, 100))
ROW, COLUMN = np.mgrid[:144, :144]


def pet_with_hot_spots(seed):
    """A body with four hot spots through all slices: what counting gives, and without noise."""
    activity = np.where(np.hypot((ROW - 72) / 55, (COLUMN - 72) / 62) < 1, 1.0, 0.02)
    for place in HOT_SPOTS:
        activity[away(place) < 6] = 12.0
    block, scan = np.repeat(activity[None].astype(np.float32), 14, axis=0), PetScan(8.0)
    noisy = counted(np.random.default_rng(seed), block, scan, PET_MM)
    return 100 * noisy[3:-3], 100 * resolved(block, scan, PET_MM)[3:-3]


def away(place):
    return np.hypot(ROW - place[0], COLUMN - place[1])


def places_of(noisy, residual, *, is_counted):
    volume = volume_of(noisy.astype(np.float32), spacing_mm=(3.0, 2.0, 2.0), unit="BQML")
    return spots(source_of(volume), stored(residual), is_counted=is_counted)


def is_hot(spot):
    return min(np.hypot(spot.row - row, spot.column - column) for row, column in HOT_SPOTS) < 10


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_noise_of_counts_in_hot_spots_is_no_place_to_look_at(seed):
    noisy, clean = pet_with_hot_spots(seed)
    as_even = places_of(noisy, denoised(noisy - clean), is_counted=False)
    assert all(is_hot(spot) for spot in as_even)
    assert as_even[0].size_sd > 8
    as_counted = places_of(noisy, denoised(noisy - clean), is_counted=True)
    assert not any(is_hot(spot) for spot in as_counted)
    assert all(spot.size_sd < 6 for spot in as_counted)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_hot_spot_that_was_blurred_still_comes_first(seed):
    noisy, clean = pet_with_hot_spots(seed)
    near = np.exp(-(away(HOT_SPOTS[0]) ** 2) / 128)
    residual = denoised(noisy - clean)
    residual[3] += near * (ndimage.gaussian_filter(clean[3], 2.0) - clean[3])
    first = places_of(noisy, residual, is_counted=True)[0]
    assert (first.kind, first.slice_index) == (SpotKind.EDGE, 3)
    assert away(HOT_SPOTS[0])[first.row, first.column] < 10


def test_the_expected_noise_of_counts_follows_the_root_of_the_signal_and_is_even_on_average():
    image = np.full((64, 64), 100.0, np.float32)
    image[:, 32:] = 900.0
    relative = relative_sd(image, np.ones(image.shape, np.bool_))
    assert relative[32, 50] / relative[32, 10] == pytest.approx(3.0, rel=1e-3)
    assert np.square(relative).mean() == pytest.approx(1.0, rel=1e-3)
    assert (relative_sd(0 * image, image > 0) == 1.0).all()
