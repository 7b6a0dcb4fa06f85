"""Paired comparisons: signed ranks, forced choice, preference, and mean differences."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as peer_mcnemar

from viewer.core.errors import NoAnalysis
from viewer.reader.statistics.paired import (
    discrimination,
    mcnemar,
    mean_difference,
    preferences,
    proportion,
    signed_rank,
)

LIKERT = (1, 0, -1, 2, 0, 0, 1, 1, -1, 0, 2, 1)


def test_zeros_left_out_are_as_r_prints_them() -> None:
    # R 4: wilcox.test(x, exact = FALSE, correct = FALSE): V = 29, p-value = 0.10672
    found = signed_rank(LIKERT, "wilcox")
    assert (found.statistic, round(found.p, 5)) == (29.0, 0.10672)
    assert (found.higher, found.lower, found.equal) == (6, 2, 4)


def test_zeros_rules_differ_and_are_named() -> None:
    rules = {rule: signed_rank(LIKERT, rule) for rule in ("pratt", "wilcox", "zsplit")}
    assert len({one.p for one in rules.values()}) == 3
    assert rules["pratt"].method == "pratt, normal, ties corrected"


def test_permutations_are_those_of_the_exact_distribution_in_small_samples() -> None:
    found = signed_rank((1, 2, 3, 4, 5, 6), "wilcox", permutations=1000)
    assert found.p == pytest.approx(2 / 2**6)
    assert found == signed_rank((1, 2, 3, 4, 5, 6), "wilcox", permutations=1000)


def test_pairs_without_any_difference_have_no_p() -> None:
    found = signed_rank((0, 0, 0))
    assert (found.p, found.equal) == (None, 3)


def test_no_pairs_and_unknown_rules_are_refused_in_words() -> None:
    with pytest.raises(NoAnalysis, match="no pairs"):
        signed_rank(())
    with pytest.raises(NoAnalysis, match="no zeros rule 'drop'"):
        signed_rank(LIKERT, "drop")


def test_share_has_clopper_and_pearsons_interval() -> None:
    # R 4: binom.test(36, 50)$conf.int
    found = proportion(36, 50)
    assert found.interval == pytest.approx((0.57509464, 0.83768940), abs=5e-9)


def test_d_prime_is_root_two_z() -> None:
    found = discrimination(36, 50)
    assert found.d_prime == pytest.approx(np.sqrt(2) * stats.norm.ppf(0.72))
    assert found.interval[0] < found.d_prime < found.interval[1]


def test_all_correct_has_a_finite_d_prime_and_an_open_interval() -> None:
    found = discrimination(50, 50)
    assert found.d_prime == pytest.approx(np.sqrt(2) * stats.norm.ppf(0.99))
    assert found.interval[1] == np.inf


def test_preferences_leave_same_out_of_the_test() -> None:
    found = preferences([2, 1, 1, 0, 0, -1, 2, 1])
    assert found.counts == ((-1.0, 1), (0.0, 2), (1.0, 3), (2.0, 2))
    assert (found.favours.successes, found.favours.trials, found.same) == (5, 6, 2)
    assert found.favours.p == pytest.approx(stats.binomtest(5, 6).pvalue)
    assert preferences([0, 0]).favours is None


def test_mcnemar_is_that_of_statsmodels() -> None:
    arm = [True] * 9 + [False] * 2 + [True] * 5
    control = [False] * 9 + [True] * 2 + [True] * 5
    found = mcnemar(arm, control)
    assert (found.only_arm, found.only_control) == (9, 2)
    assert found.p == pytest.approx(peer_mcnemar([[5, 9], [2, 0]], exact=True).pvalue)


def test_mean_difference_of_readers_and_cases_is_the_variance_of_both() -> None:
    moved = np.array([[1.0, 0, 1, 0], [0, 0, 1, 1], [2, 1, 1, 0]])
    found = mean_difference(moved)
    ms_reader = 4 * moved.mean(axis=1).var(ddof=1)
    ms_case = 3 * moved.mean(axis=0).var(ddof=1)
    left = moved - moved.mean(axis=1, keepdims=True) - moved.mean(axis=0) + moved.mean()
    ms_error = (left**2).sum() / 6
    whole = ms_reader + max(ms_case - ms_error, 0)
    assert found.difference == pytest.approx(2 / 3)
    assert found.se == pytest.approx(np.sqrt(whole / 12))
    assert found.df == pytest.approx(2 * (whole / ms_reader) ** 2)


def test_mean_difference_leaves_out_what_not_all_read_and_needs_two_readers() -> None:
    moved = np.array([[1.0, 0, 1, np.nan], [0, 0, 1, 1]])
    assert mean_difference(moved).left_out == 1
    with pytest.raises(NoAnalysis, match="two readers"):
        mean_difference(moved[:1])
    with pytest.raises(NoAnalysis, match="differences are equal"):
        mean_difference(np.ones((3, 4)))
