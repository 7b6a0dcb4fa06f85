"""PET simulation against what counting says: unbiased means, variance with activity and counts."""

import numpy as np
import pytest

from viewer.simulation.pet import PetScan, counted, noise_sd, resolved

SPACING = (3.0, 2.5)


def draws(scan: PetScan, activity: np.ndarray, count: int = 60) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.stack([counted(rng, activity, scan, SPACING)[4] for _ in range(count)])


def two_regions() -> np.ndarray:
    activity = np.ones((9, 64, 64), np.float32)
    activity[:, :, 32:] = 4.0
    return activity


@pytest.mark.parametrize("counts", [0.8, 20.0])
def test_the_mean_over_draws_is_the_noise_free_image(counts: float) -> None:
    scan, activity = PetScan(counts), two_regions()
    found, clean = draws(scan, activity).mean(axis=0), resolved(activity, scan, SPACING)[4]
    assert (found - clean).mean() == pytest.approx(0.0, abs=0.01)
    assert np.abs(found - clean).max() < 0.6


def test_the_variance_grows_with_activity_and_falls_with_counts() -> None:
    activity = two_regions()
    few, many = (draws(PetScan(counts), activity).std(axis=0) for counts in (4.0, 16.0))
    cold, hot = np.s_[16:48, 6:22], np.s_[16:48, 42:58]
    assert few[hot].mean() / few[cold].mean() == pytest.approx(2.0, rel=0.08)
    assert few[cold].mean() / many[cold].mean() == pytest.approx(2.0, rel=0.08)


@pytest.mark.parametrize("filter_mm", [3.5, 7.0])
def test_the_stated_noise_sd_is_that_of_the_draws(filter_mm: float) -> None:
    scan, activity = PetScan(5.0, filter_mm=filter_mm), two_regions()
    found = draws(scan, activity, 150).std(axis=0)
    stated = noise_sd(activity, scan, SPACING)[4]
    inner = np.s_[12:52, 12:52]
    assert np.median(found[inner] / stated[inner]) == pytest.approx(1.0, rel=0.04)


def test_a_point_spreads_to_the_stated_width() -> None:
    activity = np.zeros((31, 63, 63), np.float32)
    activity[15, 31, 31] = 1000.0
    scan = PetScan(1.0, resolution_mm=6.0, filter_mm=8.0)
    line = resolved(activity, scan, (1.0, 1.0))[15, 31]
    assert (line >= line.max() / 2).sum() == pytest.approx(10.0, abs=1.0)
