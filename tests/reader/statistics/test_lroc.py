"""Figures of one lesion a case, on cases small enough to count by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.reader.statistics.froc import MarkedCases, curve_points, figure, left_out_figures

NONE, MISSED = np.nan, -np.inf
# Normal cases unmarked and marked with 2; abnormal ones located with 3, located with 2 beside a
# lower mark, marked higher elsewhere, and not marked.
CASES = MarkedCases(
    misses=np.array([MISSED, 2.0, MISSED, 1.0, 4.0, MISSED]),
    hits=np.array([[NONE], [NONE], [3.0], [2.0], [3.0], [MISSED]]),
    weights=np.array([[0.0], [0.0], *[[1.0]] * 4]),
    is_abnormal=np.array([False, False, True, True, True, True]),
)


def test_a_lesion_is_located_where_the_highest_mark_hits_it() -> None:
    assert figure("pcl", CASES) == 0.5


def test_the_area_counts_pairs_of_a_located_case_above_a_normal_one() -> None:
    assert figure("alroc", CASES) == pytest.approx((1.0 + 0.75) / 4)


def test_the_curve_ends_at_the_share_of_lesions_located() -> None:
    points = curve_points("alroc", CASES)  # at cuts of 4, 3 and 2, and then all cases
    assert points == ((0.0, 0.0), (0.0, 0.0), (0.0, 0.25), (0.5, 0.5), (1.0, 0.5))


def test_a_hit_and_a_miss_of_one_rating_locate_half_a_lesion() -> None:
    hit = np.array([[NONE], [3.0]])
    tied = MarkedCases(np.array([1.0, 3.0]), hit, np.ones((2, 1)), np.array([False, True]))
    assert figure("pcl", tied) == 0.5
    assert figure("alroc", tied) == 0.5


def test_a_reader_without_a_mark_locates_nothing() -> None:
    silent = MarkedCases(
        np.full(6, MISSED),
        np.where(np.isnan(CASES.hits), NONE, MISSED),
        CASES.weights,
        CASES.is_abnormal,
    )
    assert figure("alroc", silent) == figure("pcl", silent) == 0.0


def test_only_abnormal_cases_are_left_out_of_the_share_located() -> None:
    assert left_out_figures("pcl", CASES) == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3])
    assert len(left_out_figures("alroc", CASES)) == 6


@given(
    st.lists(st.integers(0, 5), min_size=2, max_size=8),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=8),
)
def test_the_area_is_that_under_the_curve(
    normal: list[int], abnormal: list[tuple[int, int]]
) -> None:
    count = len(normal)
    ratings = np.array([*normal, *(miss for _, miss in abnormal)], np.float64)
    hits = np.array([*[NONE] * count, *(hit for hit, _ in abnormal)])
    is_abnormal = np.arange(len(ratings)) >= count
    cases = MarkedCases(
        np.where(ratings == 0, MISSED, ratings),
        np.where(hits == 0, MISSED, hits)[:, None],
        np.ones((len(ratings), 1)),
        is_abnormal,
    )
    across, up = np.array(curve_points("alroc", cases)).T
    assert np.trapezoid(up, across) == pytest.approx(figure("alroc", cases))
