"""Visual grading: the area is Mann and Whitney's, the interval keeps the pairing."""

import numpy as np
import pytest
from scipy import stats

from viewer.core.errors import NoAnalysis
from viewer.reader.statistics.visual_grading import visual_grading

CONTROL = np.array([[2.0, 3, 3, 4, 2, 3], [1, 2, 4, 4, 3, 3]])
ARM = np.array([[3.0, 4, 3, 5, 3, 3], [2, 2, 5, 4, 4, 4]])


def test_area_is_the_mean_of_mann_and_whitneys_over_readers() -> None:
    found = visual_grading(CONTROL, ARM)
    areas = [
        stats.mannwhitneyu(two, one).statistic / 36 for one, two in zip(CONTROL, ARM, strict=True)
    ]
    assert found.by_reader == pytest.approx(areas)
    assert found.area == pytest.approx(np.mean(areas))


def test_curve_runs_from_corner_to_corner_and_has_the_area_of_the_pooled_ratings() -> None:
    points = np.array(visual_grading(CONTROL, ARM).points)
    assert (tuple(points[0]), tuple(points[-1])) == ((0.0, 0.0), (1.0, 1.0))
    pooled = stats.mannwhitneyu(ARM.ravel(), CONTROL.ravel()).statistic / 144
    assert np.trapezoid(points[:, 1], points[:, 0]) == pytest.approx(pooled)


def test_equal_arms_have_an_area_of_one_half_and_swapped_arms_the_mirror() -> None:
    assert visual_grading(CONTROL, CONTROL).area == 0.5
    assert visual_grading(ARM, CONTROL).area == pytest.approx(1 - visual_grading(CONTROL, ARM).area)


def test_interval_is_seeded_and_holds_the_area() -> None:
    found = visual_grading(CONTROL, ARM, 1000, 4)
    assert found == visual_grading(CONTROL, ARM, 1000, 4)
    assert found.interval[0] < found.area < found.interval[1]
    assert found.interval != visual_grading(CONTROL, ARM, 1000, 5).interval


def test_pairing_makes_the_interval_of_steady_shifts_narrow() -> None:
    rng = np.random.default_rng(2)
    base = rng.integers(1, 5, (3, 40)).astype(float)
    paired = visual_grading(base, base + 1, 1000)
    shuffled = visual_grading(base, rng.permuted(base + 1, axis=1), 1000)
    assert np.ptp(paired.interval) < np.ptp(shuffled.interval)


def test_gaps_are_left_out_and_an_unread_arm_is_refused() -> None:
    gappy = ARM.copy()
    gappy[0, 0] = np.nan
    assert visual_grading(CONTROL, gappy).by_reader[0] == pytest.approx(
        stats.mannwhitneyu(ARM[0, 1:], CONTROL[0]).statistic / 30
    )
    gappy[0] = np.nan
    with pytest.raises(NoAnalysis, match="both arms by every reader"):
        visual_grading(CONTROL, gappy)


def test_one_reader_keeps_that_reader_in_every_draw() -> None:
    found = visual_grading(CONTROL[:1], ARM[:1], 300)
    assert 0 <= found.interval[0] <= found.area <= found.interval[1] <= 1
