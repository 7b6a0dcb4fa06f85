"""Differences of two scans: noise is measured without a truth, structure that is lost shows."""

import math

import numpy as np
import pytest
from scipy import ndimage

from tests.enhancement.scenes import ct_noise
from viewer.enhancement.repeats import (
    Aligned,
    align,
    registration_figures,
    repeat_figures,
    spectrum,
)

SIDE, SLICES, SD, PIXEL_MM = 192, 4, 12.0, 0.5


def truth(row: float) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    radius = np.hypot(rows - row, columns - 96.0)
    return np.clip((70.0 - radius) * 300.0, -980.0, 40.0) + np.clip(
        (20.0 - np.hypot(rows - row - 30, columns - 96.0)) * 60.0, 0.0, 120.0
    )


def scan(row: float, seed: int) -> np.ndarray:
    image = np.stack([truth(row)] * SLICES) + ct_noise((SLICES, SIDE, SIDE), SD, seed)
    return image.astype(np.float32)


@pytest.fixture(scope="module")
def pair() -> Aligned:
    found = align(scan(96.0, 1), scan(93.5, 2), (0.0, 0.0), "HU")
    assert found is not None
    return found


def test_the_noise_of_one_scan_is_measured_from_both(pair: Aligned) -> None:
    figures = repeat_figures(pair, scan(96.0, 1), scan(93.5, 2), PIXEL_MM)
    assert figures["noise_flat_before"] == pytest.approx(SD, rel=0.06)
    assert figures["cut_flat"] == pytest.approx(0.0, abs=1e-6)
    assert figures["nps_frequency"] == pytest.approx(1.0, abs=1e-6)


def test_the_registration_is_stated_with_what_it_leaves(pair: Aligned) -> None:
    figures = registration_figures(pair, PIXEL_MM)
    assert figures["shift_rows_mm"] == pytest.approx(2.5 * PIXEL_MM, abs=0.03)
    assert figures["shift_columns_mm"] == pytest.approx(0.0, abs=0.03)
    assert figures["structure_error"] < SD / 2
    assert abs(figures["noise_correlation"]) < 0.05


def test_scans_that_share_their_noise_are_found_out() -> None:
    one = scan(96.0, 1)
    same = align(one, one.copy(), (0.0, 0.0), "HU")
    assert same is not None
    assert registration_figures(same, PIXEL_MM)["noise_correlation"] > 0.99


def test_a_method_that_removes_only_noise_takes_no_structure_from_both(pair: Aligned) -> None:
    clean = [np.stack([truth(row)] * SLICES).astype(np.float32) for row in (96.0, 93.5)]
    halves = [(scan(r, s) + c) / 2 for r, s, c in zip((96.0, 93.5), (1, 2), clean, strict=True)]
    figures = repeat_figures(pair, halves[0], halves[1], PIXEL_MM)
    assert figures["cut_flat"] == pytest.approx(0.5, abs=0.02)
    assert abs(figures["taken_from_both"]) < 2.0


def test_a_method_that_blurs_takes_edges_from_both(pair: Aligned) -> None:
    blurred = [
        ndimage.gaussian_filter(scan(r, s), (0, 1.5, 1.5)) for r, s in ((96.0, 1), (93.5, 2))
    ]
    figures = repeat_figures(pair, blurred[0], blurred[1], PIXEL_MM)
    assert figures["taken_from_both"] > 30.0
    assert figures["nps_frequency"] < 0.9


def test_the_power_of_the_spectrum_adds_up_to_the_noise(pair: Aligned) -> None:
    frequency, power = spectrum(pair, pair.first - pair.second, PIXEL_MM)
    step = frequency[1] - frequency[0]
    variance = float(np.sum(2 * math.pi * frequency * power) * step)
    assert math.sqrt(variance) == pytest.approx(SD, rel=0.15)


def test_too_little_in_common_is_no_pair() -> None:
    empty = np.full((2, 64, 64), -1000.0, np.float32)
    assert align(empty, empty, (0.0, 0.0), "HU") is None
