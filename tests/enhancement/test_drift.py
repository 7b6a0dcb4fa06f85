"""The CUSUM keeps its stated false-alarm rate and finds changes; one odd patient is no alarm."""

import numpy as np
import pytest
from scipy import stats

from viewer.enhancement import drift
from viewer.enhancement.drift import (
    FIGURES,
    GROUP_RUN_LENGTH,
    LEARNING,
    MOST_SD,
    chart,
    group_limit,
    limit_for,
    normal_score,
    run_length_of,
    siegmund_limit,
)


def run_lengths(limit, draws, longest, shift_sd=0.0, seed=1):
    """Uses after learning until the alarm, simulated."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        values = rng.normal(0.4, 0.05, LEARNING + longest)
        values[LEARNING:] += 0.05 * shift_sd
        signal = chart(values, limit).signal
        found.append(longest if signal is None else signal - LEARNING + 1)
    return np.asarray(found)


def test_run_lengths_are_those_of_the_literature(monkeypatch):
    monkeypatch.setattr(drift, "MOST_SD", 50.0)
    # Montgomery, Introduction to Statistical Quality Control, table 9.3 (k = 0.5)
    assert run_length_of(4.0) == pytest.approx(168, rel=0.01)
    assert run_length_of(5.0) == pytest.approx(465, rel=0.01)
    assert run_length_of(5.0, 1.0) == pytest.approx(10.4, rel=0.01)


def test_the_limit_gives_the_run_length_that_is_stated_for_a_whole_group():
    assert run_length_of(group_limit()) == pytest.approx(GROUP_RUN_LENGTH * FIGURES, rel=1e-3)
    assert group_limit() == pytest.approx(siegmund_limit(GROUP_RUN_LENGTH * FIGURES), abs=0.05)


def test_a_short_run_length_holds_in_simulation_with_a_baseline_of_twenty():
    wanted = 60.0
    found = run_lengths(limit_for(wanted), draws=600, longest=600)
    error = found.std() / np.sqrt(len(found))
    assert found.mean() == pytest.approx(wanted, abs=4 * error)


def test_a_change_of_two_standard_deviations_is_found_within_a_few_uses():
    found = run_lengths(group_limit(), draws=100, longest=80, shift_sd=2.0)
    assert np.median(found) <= 10


def test_scores_are_standard_normal_however_few_came_before():
    rng = np.random.default_rng(3)
    scores = []
    for _ in range(4000):
        values = rng.normal(10.0, 2.0, 6)
        before = values[:-1]
        square = ((before - before.mean()) ** 2).sum()
        scores.append(normal_score(values[-1], len(before), before.mean(), square))
    inside = np.asarray(scores)
    assert stats.kstest(inside[np.abs(inside) < MOST_SD], "norm").pvalue > 0.01


def test_one_odd_patient_is_no_alarm_and_two_in_a_row_are():
    rng = np.random.default_rng(5)
    usual = list(rng.normal(0.0, 1.0, LEARNING))
    calm = [0.0, 0.0, 0.0]
    assert chart([*usual, *calm, 50.0, *calm]).signal is None
    assert chart([*usual, *calm, 50.0, 50.0, 50.0]).signal is not None


def test_the_side_of_the_change_is_told_and_the_baseline_stays_after_it():
    rng = np.random.default_rng(6)
    values = [*rng.normal(0.0, 1.0, LEARNING), *np.full(30, -3.0)]
    found = chart(values)
    assert found.signal is not None
    assert not found.is_up
    assert found.down[-1] > found.down[found.signal]


def test_nothing_is_summed_while_learning_or_without_values():
    found = chart(np.random.default_rng(7).normal(size=LEARNING))
    assert not found.up.any()
    assert not found.down.any()
    assert chart([]).signal is None


def test_figures_that_never_vary_make_no_alarm_until_one_does():
    assert chart([0.3] * 40).signal is None
    assert chart([*[0.3] * 40, 0.31, 0.31, 0.31]).signal is not None


@pytest.mark.parametrize("usual", [0.0, 0.3, -0.2])
def test_a_rounding_error_in_what_never_varied_is_no_alarm(usual):
    moved = [usual + 1e-6] * 200
    assert chart([*[usual] * 40, *moved]).signal is None
    assert chart([*[usual] * 40, *[usual + 1e-2] * 5]).signal is not None
