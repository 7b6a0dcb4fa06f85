"""Figures of merit of marks, on cases small enough to count by hand."""

import numpy as np
import pytest

from viewer.reader.statistics.froc import (
    MarkedCases,
    afroc_points,
    figure,
    froc_points,
    left_out_figures,
)

NONE, MISSED = np.nan, -np.inf
# Two normal cases (one marked with 2), an abnormal case of two lesions (3 and missed, weights 0.7
# and 0.3), one of a single lesion (2) that has a mark of 4 beside it, too.
CASES = MarkedCases(
    misses=np.array([MISSED, 2.0, MISSED, 4.0]),
    hits=np.array([[NONE, NONE], [NONE, NONE], [3.0, MISSED], [2.0, NONE]]),
    weights=np.array([[0, 0], [0, 0], [0.7, 0.3], [1.0, 0.0]]),
    is_abnormal=np.array([False, False, True, True]),
)


def test_wafroc_weighs_lesions_within_their_case():
    first = 0.7 * 1.0 + 0.3 * (0.5 + 0.0) / 2  # the missed one ties with the unmarked case
    second = (1.0 + 0.5) / 2
    assert figure("wafroc", CASES) == pytest.approx((first + second) / 2)


def test_afroc_counts_every_lesion_alike():
    assert figure("afroc", CASES) == pytest.approx((1.0 + 0.25 + 0.75) / 3)


def test_afroc1_looks_for_non_lesions_in_abnormal_cases_too():
    # Non-lesion ratings: unmarked, 2, unmarked, 4.
    shares = (0.75, 0.5 * 2 / 4, (1 + 0.5 + 1 + 0) / 4)
    assert figure("afroc1", CASES) == pytest.approx(np.mean(shares))


def test_hrauc_takes_the_highest_rating_of_each_case():
    # Normal: unmarked, 2; abnormal: 3, 4.
    assert figure("hrauc", CASES) == 1.0


@pytest.mark.parametrize("name", ["wafroc", "afroc", "wafroc1", "afroc1", "hrauc"])
def test_a_reader_without_a_mark_is_a_reader_who_guesses(name: str):
    silent = MarkedCases(
        np.full(4, MISSED),
        np.where(np.isnan(CASES.hits), NONE, MISSED),
        CASES.weights,
        CASES.is_abnormal,
    )
    assert figure(name, silent) == 0.5


def test_leaving_a_case_out_is_computing_without_it():
    left = left_out_figures("wafroc", CASES)
    assert left[3] == pytest.approx(0.7 + 0.3 * 0.25)
    assert left[1] == pytest.approx((0.7 + 0.3 * 0.5 + 1.0) / 2)


def test_the_froc_curve_counts_every_mark_a_case():
    points = froc_points(CASES, np.array([2.0, 4.0]))
    assert points == ((0.0, 0.0), (0.25, 0.0), (0.25, 1 / 3), (0.5, 2 / 3))


def test_the_afroc_curve_ends_in_the_corner():
    points = afroc_points(CASES)
    assert points[1] == pytest.approx((0.0, 0.35))
    assert points[2] == pytest.approx((0.5, 0.85))
    assert points[-1] == (1.0, 1.0)
