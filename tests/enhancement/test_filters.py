"""Filters do what their name says, in millimetres and noise SDs, and never touch padding."""

import warnings

import numpy as np
import pytest

from tests.enhancement.scenes import NOISE_HU, body, noisy_volume, source_of, volume_of
from viewer.enhancement import filters
from viewer.enhancement.filters import (
    FilterProcessor,
    filter_methods,
    grey_range,
    without_padding,
)

METHODS = {method.id: method for method in filter_methods()}
DENOISERS = ("gaussian", "bilateral", "nlm", "tv", "wavelet")
FLAT = np.s_[90:130, 40:80]


def residual_of(name, volume, index=0, noise_sd=NOISE_HU, region=None, **given):
    method = METHODS[name]
    settings = method.settings(tuple(given.items()))
    processor = FilterProcessor(method, source_of(volume, noise_sd), settings)
    return processor.residuals((index,), region)[0]


@pytest.mark.parametrize("name", DENOISERS)
def test_denoisers_cut_noise_in_flat_tissue_and_keep_its_mean(name):
    volume, _ = noisy_volume(1)
    original = volume.values[0].astype(np.float32)
    enhanced = original + residual_of(name, volume)
    assert enhanced[FLAT].std() < 0.75 * original[FLAT].std()
    assert abs(enhanced[FLAT].mean() - original[FLAT].mean()) < 1.0


@pytest.mark.parametrize("name", ["bilateral", "nlm", "tv"])
def test_edge_keeping_filters_blur_an_edge_less_than_a_gaussian_of_equal_noise_cut(name):
    volume, truth = noisy_volume(1)
    original = volume.values[0].astype(np.float32)
    edge = np.abs(truth[0] - np.roll(truth[0], 1, axis=0)) > 500
    cut = (original + residual_of(name, volume))[FLAT].std()
    sigmas = np.arange(0.3, 3.0, 0.1)
    rivals = [original + residual_of("gaussian", volume, sigma_mm=s) for s in sigmas]
    rival = min(rivals, key=lambda image: abs(image[FLAT].std() - cut))
    error = np.abs(original + residual_of(name, volume) - truth[0])[edge].mean()
    assert error < 0.8 * np.abs(rival - truth[0])[edge].mean()


@pytest.mark.parametrize("name", [*DENOISERS, "unsharp", "clahe"])
def test_padding_stays_as_it_is_and_does_not_bleed_into_the_image(name):
    volume, _ = noisy_volume(1)
    mask = np.ones(volume.values.shape, dtype=np.bool_)
    mask[:, :, :100] = False
    quiet, loud = volume.values.copy(), volume.values.copy()
    quiet[~mask], loud[~mask] = -1000, 30000
    answers = [residual_of(name, volume_of(one, mask=mask)) for one in (quiet, loud)]
    assert not answers[0][~mask[0]].any()
    np.testing.assert_array_equal(answers[0], answers[1])


@pytest.mark.parametrize("name", ["bilateral", "nlm", "tv", "wavelet"])
def test_filters_scaled_by_noise_change_nothing_where_there_is_none(name):
    volume, _ = noisy_volume(1)
    assert not residual_of(name, volume, noise_sd=0.0).any()


@pytest.mark.parametrize("name", [*DENOISERS, "unsharp", "clahe"])
def test_a_region_is_the_same_as_that_part_of_the_whole(name):
    volume, _ = noisy_volume(1)
    region = (48, 112, 16, 96)
    part = residual_of(name, volume, region=region)
    whole = residual_of(name, volume)[48:112, 16:96]
    np.testing.assert_allclose(part, whole, atol=0.05)


def test_gaussian_smooths_equally_far_in_millimetres_where_pixels_are_not_square():
    values = np.zeros((1, 81, 81), dtype=np.float32)
    values[0, 40, 40] = 1000.0
    volume = volume_of(values, spacing_mm=(1.0, 2.0, 1.0), unit="stored")
    spread = values[0] + residual_of("gaussian", volume, sigma_mm=4.0)
    row, column = np.mgrid[-40:41, -40:41]
    down = np.sqrt((spread * (2.0 * row) ** 2).sum() / spread.sum())
    across = np.sqrt((spread * column**2).sum() / spread.sum())
    assert down == pytest.approx(across, rel=0.02)


def test_unsharp_mask_steepens_an_edge_and_leaves_flat_areas_alone():
    truth = np.zeros((1, 64, 64), dtype=np.float32)
    truth[:, :, 32:] = 100.0
    volume = volume_of(truth, unit="stored")
    sharp = truth[0] + residual_of("unsharp", volume)
    assert sharp[32, 32] > 110.0
    assert sharp[32, 31] < -10.0
    assert abs(sharp[32, 50] - 100.0) < 0.1


def test_local_contrast_spreads_what_lies_close_together_and_keeps_the_order():
    volume = volume_of(body(1, lesion_hu=20.0))
    contrast = volume.values[0] + residual_of("clahe", volume, clip=0.05)
    lesion, around = contrast[45, 80], contrast[45, 97]
    assert lesion - around > 1.1 * 20.0
    assert residual_of("clahe", volume_of(np.full((1, 64, 64), 7, np.int16))).max() == 0.0


def test_grey_range_ignores_padding_and_extremes():
    values = np.tile(np.linspace(0, 100, 64, dtype=np.float32), (4, 64, 1))
    values[0, 0, 0] = 1e6
    mask = np.ones(values.shape, dtype=np.bool_)
    mask[:, :, 32:] = False
    low, high = grey_range(source_of(volume_of(values, mask=mask)))
    assert 0.0 <= low < 2.0
    assert 48.0 < high < 51.0


def test_padding_is_filled_with_the_nearest_real_pixel():
    image = np.arange(25, dtype=np.float32).reshape(5, 5)
    mask = np.ones((5, 5), dtype=np.bool_)
    mask[:, 0] = False
    filled = without_padding(image, mask)
    np.testing.assert_array_equal(filled[:, 0], image[:, 1])
    np.testing.assert_array_equal(filled[:, 1:], image[:, 1:])


@pytest.mark.parametrize("side", [16, 40, 64, 200])
def test_wavelets_take_no_more_levels_than_an_image_has(side: int) -> None:
    noise = np.random.default_rng(1).normal(0, 10, (side, side)).astype(np.float32)
    facts = filters.SliceFacts((1.0, 1.0), 10.0, (-100.0, 100.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = filters.wavelet(noise, facts, {"noise_factor": 1.5})
    assert found.std() < noise.std() or side < 30
