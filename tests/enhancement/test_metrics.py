"""Figures agree with their formulas and with an independent library."""

import math

import numpy as np
import pytest
from skimage import metrics as reference

from viewer.enhancement import metrics
from viewer.enhancement.metrics import (
    bias,
    contrast_in,
    contrast_to_noise,
    flat_tissue,
    psnr,
    rmse,
    sphere_template,
    ssim,
)

RNG = np.random.default_rng(0)
TRUTH = RNG.normal(50, 60, (2, 64, 64)).astype(np.float32)
NOISY = (TRUTH + RNG.normal(3, 10, TRUTH.shape)).astype(np.float32)
EVERYWHERE = np.ones(TRUTH.shape, dtype=np.bool_)


def test_rmse_and_bias_by_their_formulas():
    error = NOISY.astype(np.float64) - TRUTH
    assert rmse(NOISY, TRUTH, EVERYWHERE) == pytest.approx(np.sqrt((error**2).mean()))
    assert bias(NOISY, TRUTH, EVERYWHERE) == pytest.approx(error.mean())


def test_figures_are_taken_inside_the_mask_only():
    spoiled = NOISY.copy()
    spoiled[:, :10] += 1000
    mask = EVERYWHERE.copy()
    mask[:, :10] = False
    assert rmse(spoiled, TRUTH, mask) == rmse(NOISY, TRUTH, mask)
    assert psnr(spoiled, TRUTH, mask, 50, 400) == psnr(NOISY, TRUTH, mask, 50, 400)
    assert math.isnan(rmse(NOISY, TRUTH, ~EVERYWHERE))


def test_psnr_agrees_with_scikit_image_in_the_window():
    clipped = [np.clip(one, -150, 250).astype(np.float64) for one in (TRUTH, NOISY)]
    expected = reference.peak_signal_noise_ratio(*clipped, data_range=400)
    assert psnr(NOISY, TRUTH, EVERYWHERE, 50, 400) == pytest.approx(expected, abs=1e-3)
    assert psnr(TRUTH, TRUTH, EVERYWHERE, 50, 400) == math.inf


def test_ssim_agrees_with_scikit_image_in_the_window():
    scaled = [(np.clip(one, -150, 250) + 150) / 400 for one in (TRUTH, NOISY)]
    maps = [
        reference.structural_similarity(
            a, b, data_range=1.0, gaussian_weights=True, use_sample_covariance=False, full=True
        )[1]
        for a, b in zip(*scaled, strict=True)
    ]
    assert ssim(NOISY, TRUTH, EVERYWHERE, 50, 400) == pytest.approx(np.mean(maps), abs=1e-4)
    assert ssim(TRUTH, TRUTH, EVERYWHERE, 50, 400) == pytest.approx(1.0)


def test_a_sphere_has_its_volume():
    spacing = (1.0, 0.5, 0.5)
    template = sphere_template((24, 48, 48), spacing, (11.5, 23.5, 23.5), 12.0)
    volume = float(template.sum()) * 0.25
    assert volume == pytest.approx(4 / 3 * math.pi * 6**3, rel=0.03)
    assert template.max() == 1.0


def test_contrast_is_found_under_noise_and_halves_when_it_is_halved():
    template = sphere_template((12, 40, 40), (1.0, 0.7, 0.7), (5.5, 20.0, 20.0), 8.0)
    around = np.ones(template.shape, dtype=np.bool_)
    image = 50 + 30 * template + RNG.normal(0, 5, template.shape)
    found = contrast_in(image, template, around)
    assert found == pytest.approx(30.0, abs=1.0)
    halved = contrast_in(image - 15 * template, template, around)
    assert halved == pytest.approx(found - 15.0, abs=1e-4)
    assert math.isnan(contrast_in(image, np.zeros_like(template), around))


def test_contrast_to_noise_is_the_difference_over_the_background():
    values = np.concatenate([np.full(50, 40.0), np.tile([9.0, 11.0], 25)])
    inside = np.arange(100) < 50
    assert contrast_to_noise(values, inside, ~inside) == pytest.approx(30.0)
    assert math.isnan(contrast_to_noise(np.full(100, 7.0), inside, ~inside))


def test_flat_tissue_keeps_away_from_edges_and_other_tissue():
    truth = np.full((60, 60), 50.0)
    truth[:, :20] = -900.0
    truth[:, 50:] = 400.0
    flat = flat_tissue(truth)
    assert flat[30, 30]
    assert not flat[:, :24].any()
    assert not flat[:, 45:].any()


def test_structures_of_plain_noise_are_few_and_lumps_are_counted():
    noise = np.random.default_rng(4).normal(0, 1, (10, 64, 64)).astype(np.float32)
    lumps = noise.copy()
    lumps[:, 10:16, 10:16] += 8
    lumps[:, 40:46, 40:46] -= 8
    per_image = metrics.structures(lumps) * 64 * 64 / 1e5
    assert per_image == pytest.approx(2.0, abs=0.2)
    assert metrics.structures(noise * 5) == metrics.structures(noise)


def test_tissue_keeps_away_from_its_border():
    truth = np.zeros((20, 20), np.float32)
    truth[5:15, 5:15] = 50
    found = metrics.tissue(truth, np.ones(truth.shape, bool), 20, 80)
    assert found.sum() == 36
    assert found[7:13, 7:13].all()
