"""Two scans of one object: brought together without changing their noise, rim left out."""

import numpy as np
import pytest

from tests.enhancement.scenes import ct_noise
from viewer.enhancement.registration import (
    excess,
    moved,
    moved_mask,
    reconstructed,
    shift_onto,
)

SIDE = 192
HU = (-1000.0, 300.0)


def disc(row: float, column: float, noise_seed: int) -> np.ndarray:
    """A phantom at a place, in a reconstruction circle that stays where it is."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    radius = np.hypot(rows - row, columns - column)
    image = np.clip((52.0 - radius) * 300.0, -980.0, 40.0)
    image += ct_noise((1, SIDE, SIDE), 10.0, noise_seed)[0]
    image[np.hypot(rows - SIDE / 2, columns - SIDE / 2) > 0.49 * SIDE] = -1061.0
    return image.astype(np.float32)


def test_a_shift_is_found_to_a_part_of_a_pixel_from_a_guess_that_is_pixels_off() -> None:
    first, second = disc(95.0, 97.0, 1), disc(93.4, 90.3, 2)
    found = shift_onto(first, second, (0.0, 4.0), HU)
    assert found == pytest.approx((1.6, 6.7), abs=0.05)


def test_the_rim_of_the_reconstruction_is_no_part_of_the_object() -> None:
    image = disc(95.0, 97.0, 1)
    real = reconstructed(image)
    assert not real[:8, :8].any()
    assert real[90:100, 90:100].all()


def test_what_has_no_edges_is_not_registered() -> None:
    plain = np.zeros((SIDE, SIDE), np.float32)
    assert shift_onto(plain, plain, (0.0, 0.0), HU) is None


def test_moving_keeps_the_noise_and_comes_back() -> None:
    noise = ct_noise((1, SIDE, SIDE), 10.0, 3)[0]
    there = moved(noise, (0.5, -3.3))
    assert there.std() == pytest.approx(noise.std(), rel=0.01)
    assert (moved(there, (-0.5, 3.3)) - noise).std() < 0.1 * noise.std()


def test_nothing_comes_into_a_mask_from_outside() -> None:
    mask = moved_mask(np.ones((20, 20), np.bool_), (0.0, 4.0))
    assert not mask[:, :4].any()
    assert mask[2:-2, 6:-2].all()


def test_excess_is_what_has_to_be_added_in_quadrature_and_signed() -> None:
    assert excess(5.0, 4.0) == pytest.approx(3.0)
    assert excess(4.0, 5.0) == pytest.approx(-3.0)
