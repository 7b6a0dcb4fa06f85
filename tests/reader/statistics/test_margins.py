"""Decisions against margins are those of intervals."""

import numpy as np
import pytest
from scipy import stats

from viewer.core.errors import NoAnalysis
from viewer.reader.statistics.margins import holm, margin_test


def test_superiority_is_the_two_sided_t_test() -> None:
    found = margin_test(0.3, 0.1, 8, "superiority")
    assert found.p == pytest.approx(2 * stats.t.sf(3.0, 8))
    assert found.is_met
    assert not margin_test(-0.3, 0.1, 8, "superiority").is_met


@pytest.mark.parametrize("difference", np.linspace(-0.7, 0.4, 23))
def test_non_inferiority_stands_just_where_the_interval_does(difference: float) -> None:
    found = margin_test(difference, 0.12, 6, "non_inferiority", 0.5)
    assert found.is_met == (found.interval[0] > -0.5)
    assert found.level == 0.95


@pytest.mark.parametrize("difference", np.linspace(-0.7, 0.7, 29))
def test_equivalence_stands_just_where_the_narrower_interval_does(difference: float) -> None:
    found = margin_test(difference, 0.12, 6, "equivalence", 0.5)
    assert found.is_met == (found.interval[0] > -0.5 and found.interval[1] < 0.5)
    assert found.level == pytest.approx(0.9)


def test_infinite_df_are_the_normal_distribution() -> None:
    found = margin_test(0.196, 0.1, float("inf"), "superiority")
    assert found.p == pytest.approx(2 * stats.norm.sf(1.96))


def test_holm_is_the_step_down_of_the_paper() -> None:
    assert holm([0.01, 0.04, 0.03]) == (
        (pytest.approx(0.03), True),
        (pytest.approx(0.06), False),
        (pytest.approx(0.06), False),
    )
    assert holm([]) == ()


@pytest.mark.parametrize(
    ("kind", "margin", "se", "words"),
    [
        ("better", 0.0, 1.0, "no kind of endpoint"),
        ("non_inferiority", 0.0, 1.0, "has no margin"),
        ("superiority", 0.0, 0.0, "no standard error"),
    ],
)
def test_what_cannot_be_tested_is_refused_in_words(kind, margin, se, words) -> None:
    with pytest.raises(NoAnalysis, match=words):
        margin_test(0.1, se, 5, kind, margin)
