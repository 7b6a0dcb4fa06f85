"""The spread of readers' own effects, and what it does to the interval of an arm."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.reader.rated_studies import likert_study
from tests.reader.statistics.crossed import choices, drawn
from viewer.core.errors import NoAnalysis
from viewer.reader.analysis_ordinal import analyse_ratings
from viewer.reader.comparison import arm_effect
from viewer.reader.protocol import AnalysisPlan
from viewer.reader.statistics.cumulative_search import Column
from viewer.reader.statistics.ordinal_mixed import fit
from viewer.reader.statistics.reader_spread import (
    ReaderSpread,
    preference_spread,
    reader_spread,
)


def test_spread_is_of_effects_fitted_reader_by_reader() -> None:
    values, arm, groups = drawn(np.random.default_rng(4), 4, 15, 0.8, 0.7)
    own = [
        Column(name, tuple(np.array(arm.values) * (np.array(groups[0].labels) == name)))
        for name in "0123"
    ]
    effects = [one.estimate for one in fit(values, own, groups[:2]).coefficients]
    spread = reader_spread(values, arm, groups[0].labels, groups[:2])
    assert spread.readers == 4
    assert spread.mean_square == pytest.approx(np.var(effects, ddof=1))
    assert 0.2 < spread.within < 0.6


def test_readers_who_differ_more_than_chance_leave_one_degree_each_but_one() -> None:
    spread = ReaderSpread(3, 2.0, 0.5)
    assert (spread.variance, spread.df) == (2.0 / 3, 2.0)


def test_what_readers_share_adds_to_the_variance_as_in_hillis() -> None:
    spread = ReaderSpread(3, 2.0, 0.5, shared=0.2)
    assert spread.variance == pytest.approx(2.0 / 3 + 0.2)
    assert spread.df == pytest.approx(2 * (2.6 / 2.0) ** 2)
    assert ReaderSpread(3, 2.0, 0.5, shared=-0.2).variance == 2.0 / 3


def test_readers_who_agree_by_luck_do_not_leave_an_interval_of_nothing() -> None:
    spread = ReaderSpread(3, 0.25, 0.5)
    assert spread.variance == pytest.approx(0.375 / 3)
    assert spread.df == pytest.approx(2 * 1.5**2)
    alike = ReaderSpread(3, 0.0, 0.5)
    assert (alike.variance, alike.df) == (pytest.approx(0.25 / 3), np.inf)


def test_spread_of_preferences_is_that_of_glmers_readers() -> None:
    # R 4.2.2, lme4 1.1.31: glmer(y ~ 0 + factor(r) + (1|c), family = binomial), tolPwrss = 1e-12;
    # the variance of fixef(.), and means of vcov(.) on and beside its diagonal.
    signs, reader, case = choices(4.0)
    spread = preference_spread(signs, reader.labels, case)
    assert spread.mean_square == pytest.approx(0.35368, abs=3e-5)
    assert spread.within == pytest.approx(0.68491, rel=5e-4)
    assert spread.shared == pytest.approx(0.65734, rel=5e-4)


def test_a_known_offset_takes_its_part_out_of_every_reader() -> None:
    values, arm, groups = drawn(np.random.default_rng(4), 4, 15, 0.8)
    moved = reader_spread(
        values, arm, groups[0].labels, groups[:2], [3.0 * one for one in arm.values]
    )
    still = reader_spread(values, arm, groups[0].labels, groups[:2])
    assert moved.mean_square == pytest.approx(still.mean_square, abs=1e-6)


def test_two_readers_must_have_read_both_arms() -> None:
    values, _, groups = drawn(np.random.default_rng(4), 2, 15, 0.8)
    split = Column("arm", tuple(float(one == "1") for one in groups[0].labels))
    with pytest.raises(NoAnalysis, match="two readers who read both arms"):
        reader_spread(values, split, groups[0].labels, groups[:2])


def test_the_estimate_stays_the_models_and_t_is_that_of_the_spread() -> None:
    values, arm, groups = drawn(np.random.default_rng(4), 3, 12, 0.8, 0.7)
    found = fit(values, [arm], groups)
    effect = arm_effect(found, "arm", 3, 0.05, ReaderSpread(3, 1.2, 0.5))
    assert effect.log_odds == found.coefficient("arm").estimate
    assert (effect.se, effect.df) == (pytest.approx(np.sqrt(0.4)), 2.0)
    assert effect.p == pytest.approx(2 * stats.t.sf(abs(effect.log_odds) / np.sqrt(0.4), 2))


def test_a_reader_without_overlap_leaves_the_models_spread_and_says_so() -> None:
    study = likert_study(effect=0.5, readers=4)
    apart = tuple(
        replace(one, value=5.0 if one.arm == "E" else 1.0) if one.reader == "R1" else one
        for one in study.ratings
    )
    found = analyse_ratings(replace(study, ratings=apart), AnalysisPlan(bootstrap=50))
    comparison = found.criteria[0].comparisons[0]
    assert comparison.model is not None
    assert any("model's estimate alone" in one for one in comparison.cautions)
    assert comparison.model.effect.df == 3.0
