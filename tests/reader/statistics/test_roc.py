"""The empirical area, its covariances, and operating points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.reader.statistics.roc import (
    delong,
    jackknife,
    left_out,
    operating_points,
    placements,
    unbiased,
)

NORMAL = np.array([[1, 2, 2, 3, 1, 4], [2, 2, 1, 3, 3, 4]], dtype=float)
ABNORMAL = np.array([[3, 4, 5, 5, 2], [2, 4, 4, 5, 1]], dtype=float)

# pROC 1.18.0: roc(y, a, direction = "<"), then auc, var and cov by DeLong's method.
AREAS = [5 / 6, 0.65]
COVARIANCES = [[0.0154722222222222, 0.0206805555555556], [0.0206805555555556, 0.0388055555555556]]


def brute_area(normal: np.ndarray, abnormal: np.ndarray) -> float:
    wins = [(b > a) + 0.5 * (b == a) for a in normal for b in abnormal]
    return float(np.mean(wins))


def test_areas_and_covariances_are_those_of_r():
    found = placements(NORMAL, ABNORMAL)
    assert found.areas == pytest.approx(AREAS, abs=1e-14)
    np.testing.assert_allclose(delong(found), COVARIANCES, rtol=1e-12)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=2, max_size=9),
    st.lists(st.integers(0, 4), min_size=2, max_size=9),
)
def test_the_area_is_the_share_of_pairs_in_the_right_order(normal: list[int], abnormal: list[int]):
    one, other = np.array([normal], dtype=float), np.array([abnormal], dtype=float)
    assert placements(one, other).areas[0] == pytest.approx(brute_area(one[0], other[0]))


def test_an_area_below_a_half_is_told_as_it_is():
    assert placements(ABNORMAL, NORMAL).areas[0] < 0.5


def test_leaving_a_case_out_is_computing_without_it():
    left = left_out(placements(NORMAL, ABNORMAL))
    for case in range(6):
        expected = brute_area(np.delete(NORMAL[1], case), ABNORMAL[1])
        assert left[1, case] == pytest.approx(expected)
    for case in range(5):
        expected = brute_area(NORMAL[0], np.delete(ABNORMAL[0], case))
        assert left[0, 6 + case] == pytest.approx(expected)


def test_the_jackknife_is_the_variance_of_pseudovalues_over_their_number():
    left = left_out(placements(NORMAL, ABNORMAL))
    count = left.shape[1]
    whole = placements(NORMAL, ABNORMAL).areas[:, None]
    pseudo = count * whole - (count - 1) * left
    np.testing.assert_allclose(jackknife(left), np.cov(pseudo) / count)


def test_unbiased_covariances_are_means_over_pairs_of_pairs():
    wins = 0.5 * (
        (ABNORMAL[:, None, :] > NORMAL[:, :, None]) * 1.0
        + (ABNORMAL[:, None, :] >= NORMAL[:, :, None])
    )
    total, count = 0.0, 0
    for a in range(6):
        for b in range(5):
            for c in range(6):
                for d in range(5):
                    if a != c and b != d:
                        total += wins[0, a, b] * wins[1, c, d]
                        count += 1
    mean = wins[0].mean() * wins[1].mean()
    assert unbiased(NORMAL, ABNORMAL)[0, 1] == pytest.approx(mean - total / count)


def test_perfect_ratings_have_area_1_and_no_variance():
    found = placements(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]))
    assert found.areas[0] == 1.0
    assert delong(found)[0, 0] == 0.0


def test_operating_points_go_from_nobody_to_everybody():
    points = operating_points(NORMAL[0], ABNORMAL[0])
    assert points[0] == (0.0, 0.0)
    assert points[-1] == (1.0, 1.0)
    assert points[2] == (1 / 6, 3 / 5)  # ratings of 4 and more


def test_a_large_set_is_computed_without_a_table_of_all_pairs():
    many = np.random.default_rng(1).normal(size=(2, 200_000))
    found = placements(many[:1], many[1:] + 1)
    assert found.areas[0] == pytest.approx(0.7602, abs=0.003)  # Phi(1 / sqrt 2)
    assert np.isfinite(delong(found)).all()
