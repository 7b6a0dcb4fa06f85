"""Radiographs count photons, blur as their MTF says, and are of the patient's thickness."""

import numpy as np
import pytest

from viewer.simulation.patches import PATCH
from viewer.simulation.phantom import Region
from viewer.simulation.projection import WATER_PER_MM
from viewer.simulation.radiograph import (
    Detector,
    line_integrals,
    make_radiograph_patches,
    random_integrals,
)

SHARP = Detector(0.15, 2000.0, np.inf, 0.0)
BLURRING = Detector(0.15, 2000.0, 1.2, 0.0)


@pytest.mark.parametrize("depth", [0.0, 1.5, 4.0])
def test_photon_noise_has_the_variance_of_its_mean(depth: float) -> None:
    found = SHARP.exposed(np.random.default_rng(1), np.full((300, 300), depth, np.float32))
    assert found.mean() == pytest.approx(2000.0 * np.exp(-depth), rel=0.01)
    assert found.var() == pytest.approx(found.mean(), rel=0.03)


def test_blur_leaves_the_mean_and_correlates_the_noise() -> None:
    found = BLURRING.exposed(np.random.default_rng(2), np.full((300, 300), 1.0, np.float32))
    sharp = SHARP.exposed(np.random.default_rng(2), np.full((300, 300), 1.0, np.float32))
    assert found.mean() == pytest.approx(sharp.mean(), rel=1e-3)
    assert found.var() < 0.5 * sharp.var()
    assert np.corrcoef(found[:, 1:].ravel(), found[:, :-1].ravel())[0, 1] > 0.3


def test_noise_power_is_that_of_the_mtf_squared() -> None:
    rng = np.random.default_rng(3)
    flat = np.full((40, 128, 128), 1.0, np.float32)
    found = BLURRING.exposed(rng, flat)
    power = (np.abs(np.fft.fft2(found - found.mean())) ** 2).mean(axis=0) / 128**2
    frequency = np.fft.fftfreq(128, 0.15)
    along = power[0, 5:60]
    expected = 2000.0 * np.exp(-1.0) * BLURRING.transfer(frequency[5:60]) ** 2
    np.testing.assert_allclose(along / expected, 1.0, atol=0.6)
    assert (along / expected).mean() == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize(("cycles_per_mm", "expected"), [(0.6, 0.8), (1.2, 0.5), (2.4, 0.2)])
def test_a_grating_keeps_the_contrast_of_the_mtf(cycles_per_mm: float, expected: float) -> None:
    x = np.arange(400) * 0.15
    wave = 0.1 * np.sin(2 * np.pi * cycles_per_mm * x)
    integrals = -np.log(1.0 + np.tile(wave, (64, 1))).astype(np.float32)
    seen = BLURRING.expected(integrals)[32, 100:300] / 2000.0 - 1.0
    basis = np.exp(2j * np.pi * cycles_per_mm * x[100:300])
    contrast = 2.0 * np.abs(np.mean(seen * basis)) / 0.1
    assert contrast == pytest.approx(expected, abs=0.02)


def test_electronic_noise_is_not_blurred_and_adds_up() -> None:
    loud = Detector(0.15, 100.0, 1.2, 20.0)
    integrals = np.full((300, 300), 3.0, np.float32)
    found = loud.exposed(np.random.default_rng(4), integrals)
    quiet = Detector(0.15, 100.0, 1.2, 0.0).exposed(np.random.default_rng(5), integrals)
    assert found.var() == pytest.approx(quiet.var() + 400.0, rel=0.03)


def test_the_logarithm_gives_line_integrals_back_and_bears_empty_pixels() -> None:
    integrals = np.array([[0.0, 2.0, 5.0]], np.float32)
    np.testing.assert_allclose(SHARP.logarithm(SHARP.expected(integrals)), integrals, atol=1e-4)
    assert np.isfinite(SHARP.logarithm(np.float32([[0.0, -3.0]]))).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_integrals_are_attenuation_times_thickness_along_every_axis(axis: int) -> None:
    values = np.full((10, 20, 30), -1000.0, np.float32)
    values[2:6, 5:13, 10:22] = 0.0
    spacing = (3.0, 0.8, 0.5)
    found = line_integrals(values, spacing, axis)
    thickness = (4 * 3.0, 8 * 0.8, 12 * 0.5)[axis]
    assert found.max() == pytest.approx(WATER_PER_MM * thickness, rel=1e-3)
    assert found.min() == 0.0


def test_the_head_is_up_and_pixels_are_square() -> None:
    values = np.full((10, 20, 30), -1000.0, np.float32)
    values[8:] = 0.0  # the slices nearest to the head
    found = line_integrals(values, (3.0, 1.0, 1.0), 1, pixel_mm=0.5)
    assert found.shape == (60, 60)
    assert found[:8].mean() > 5.0 * found[30:].mean() + 0.1


@pytest.mark.parametrize("region", [Region.EXTREMITY, Region.CHEST])
def test_patches_hold_the_truth_and_its_noise(region: Region) -> None:
    detector = Detector(0.15, 2000.0, 1.4, 3.0)
    found = make_radiograph_patches(np.random.default_rng(6), 4, region, detector)
    assert found["clean"].shape == found["noisy"].shape == (4, PATCH, PATCH)
    assert 0.0 < found["clean"].min() < found["clean"].max() < 2300.0
    error = (found["noisy"] - found["clean"]) / np.sqrt(found["clean"] + 9.0)
    assert abs(error.mean()) < 0.03
    assert 0.3 < error.std() < 1.0  # below 1 by what the blur takes
    assert (found["photons"] == 2000.0).all()


def test_the_same_seed_gives_the_same_patches() -> None:
    first, again = (make_radiograph_patches(np.random.default_rng(7), 2) for _ in range(2))
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])


def test_a_thicker_patient_absorbs_more() -> None:
    thin, thick = (
        random_integrals(np.random.default_rng(8), Region.ABSTRACT, 0.15, depth).mean()
        for depth in (60.0, 180.0)
    )
    assert thick == pytest.approx(3.0 * thin, rel=0.3)
