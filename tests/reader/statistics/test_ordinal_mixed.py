"""Mixed models of ordered ratings agree with R's ordinal and refuse what has no answer."""

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.special import expit

from tests.reader.statistics.crossed import (
    BOTTLE,
    CONTACT,
    JUDGE,
    TEMPERATURE,
    WINE,
    choices,
    drawn,
    waves,
)
from viewer.core.errors import NoAnalysis
from viewer.reader.statistics.cumulative_search import Column, Grouping
from viewer.reader.statistics.ordinal_mixed import (
    averaged,
    category_probabilities,
    combination,
    fit,
    likelihood_ratio,
)


def test_wine_with_judges_is_as_clmm_prints_it() -> None:
    # R 4: clmm(rating ~ temp + contact + (1|judge), data = wine); summary(.)
    found = fit(WINE, [TEMPERATURE, CONTACT], [JUDGE])
    assert round(found.log_likelihood, 2) == -81.57
    assert [round(one.estimate, 4) for one in found.coefficients] == [3.0630, 1.8349]
    assert [round(one.se, 4) for one in found.coefficients] == [0.5954, 0.5126]
    assert [round(one.z, 3) for one in found.coefficients] == [5.145, 3.580]
    assert [round(one.estimate, 4) for one in found.thresholds] == [-1.6237, 1.5134, 4.2285, 6.0888]
    assert [round(one.se, 4) for one in found.thresholds] == [0.6824, 0.6037, 0.8090, 0.9725]
    assert [one.name for one in found.thresholds] == ["1|2", "2|3", "3|4", "4|5"]
    assert found.random[0].variance == pytest.approx(1.2795, abs=5e-5)
    assert found.cautions == ()


def test_wine_with_crossed_judges_and_bottles_is_at_the_boundary_as_in_r() -> None:
    # R 4: clmm(rating ~ temp + contact + (1|judge) + (1|bottle), data = wine)
    found = fit(WINE, [TEMPERATURE, CONTACT], [JUDGE, BOTTLE])
    assert found.log_likelihood == pytest.approx(-81.565412777, abs=1e-7)
    assert found.coefficient("temp").estimate == pytest.approx(3.0630032, abs=5e-6)
    assert found.coefficient("temp").se == pytest.approx(0.59539, abs=1e-5)
    assert found.random[0].variance == pytest.approx(1.27948827, abs=2e-5)
    assert found.random[1].variance == 0.0
    assert found.cautions == ("The variance of bottle is estimated as 0 (at its boundary).",)


def test_crossed_readers_and_cases_with_variance_are_as_clmm_prints_them() -> None:
    # R 4 on the same 100 ratings (`waves` says how they are made): clmm(y ~ a + (1|r) + (1|c),
    # control = clmm.control(gradTol = 1e-9, maxIter = 200)); its default stops at -118.6648342.
    values, arm, groups = waves()
    found = fit(values, [arm], groups)
    assert found.log_likelihood == pytest.approx(-118.664833099, abs=1e-8)
    assert [one.estimate for one in found.thresholds] == pytest.approx(
        [-4.03446, -0.97290, 0.92702, 2.31093], abs=2e-5
    )
    assert found.coefficient("arm").estimate == pytest.approx(1.8175, abs=5e-5)
    assert found.coefficient("arm").se == pytest.approx(0.4563, abs=5e-5)
    assert [one.variance for one in found.random] == pytest.approx([1.4222, 6.0786], abs=5e-5)
    tested = likelihood_ratio(fit(values, [], groups), found)
    assert (round(tested.statistic, 4), tested.df) == (17.7924, 1)
    assert tested.p == pytest.approx(2.4636e-05, rel=1e-3)


def test_likelihood_ratio_of_temperature_is_as_anova_prints_it() -> None:
    # R 4: anova(clmm(rating ~ contact + (1|judge)), clmm(rating ~ temp + contact + (1|judge)))
    tested = likelihood_ratio(
        fit(WINE, [CONTACT], [JUDGE]), fit(WINE, [TEMPERATURE, CONTACT], [JUDGE])
    )
    assert tested.statistic == pytest.approx(34.46371, abs=5e-5)
    assert tested.p == pytest.approx(4.3427e-09, rel=1e-4)


def test_interaction_is_as_anova_prints_it() -> None:
    # R 4: anova(clmm(rating ~ temp + contact + (1|judge)), clmm(rating ~ temp * contact + ...)),
    # both with gradTol = 1e-9.
    both = Column("both", tuple(np.multiply(TEMPERATURE.values, CONTACT.values)))
    larger = fit(WINE, [TEMPERATURE, CONTACT, both], [JUDGE])
    tested = likelihood_ratio(fit(WINE, [TEMPERATURE, CONTACT], [JUDGE]), larger)
    assert (round(tested.statistic, 4), round(tested.p, 5)) == (0.0589, 0.80825)
    assert larger.coefficient("both").estimate == pytest.approx(0.23153, abs=5e-5)


def test_thresholds_of_their_own_are_as_clm_nominal_prints_them() -> None:
    # R 4: anova(clm(rating ~ temp + contact), clm(rating ~ temp, nominal = ~contact))
    own = [f"{one:g}" for one in CONTACT.values]
    free = fit(WINE, [TEMPERATURE], thresholds_by=own)
    assert free.log_likelihood == pytest.approx(-86.2085532315, abs=1e-7)
    tested = likelihood_ratio(fit(WINE, [TEMPERATURE, CONTACT]), free)
    assert (round(tested.statistic, 5), tested.df, round(tested.p, 3)) == (0.56674, 3, 0.904)
    assert [one.name for one in free.thresholds][::4] == ["1|2 0", "1|2 1"]


def test_probabilities_of_categories_add_up_and_follow_the_effect() -> None:
    found = fit(WINE, [TEMPERATURE, CONTACT], [JUDGE])
    cold, warm = category_probabilities(found, [0, 0]), category_probabilities(found, [1, 0])
    assert sum(cold) == pytest.approx(1.0)
    assert np.dot(warm, found.categories) > np.dot(cold, found.categories)


def test_a_sum_of_effects_has_the_error_of_their_covariance() -> None:
    found = fit(WINE, [TEMPERATURE, CONTACT], [JUDGE])
    one = combination(found, {"temp": 1.0}, "temp")
    assert (one.estimate, one.se) == (
        found.coefficient("temp").estimate,
        pytest.approx(found.coefficient("temp").se),
    )
    both = combination(found, {"temp": 1.0, "contact": 1.0}, "both")
    assert both.se > one.se


def test_an_offset_of_the_estimate_leaves_nothing_to_estimate() -> None:
    found = fit(WINE, [TEMPERATURE, CONTACT], [JUDGE])
    known = [found.coefficient("temp").estimate * one for one in TEMPERATURE.values]
    again = fit(WINE, [TEMPERATURE, CONTACT], [JUDGE], offset=known)
    assert again.coefficient("temp").estimate == pytest.approx(0.0, abs=1e-5)
    assert again.log_likelihood == pytest.approx(found.log_likelihood, abs=1e-7)


def test_two_categories_are_a_logistic_mixed_model() -> None:
    found = fit([int(one > 2) for one in WINE], [TEMPERATURE], [JUDGE])
    assert [one.name for one in found.thresholds] == ["0|1"]
    assert found.coefficient("temp").odds_ratio > 1


def test_choices_with_readers_and_cases_are_as_glmer_prints_them() -> None:
    # R 4.2.2, lme4 1.1.31: glmer(y ~ 1 + (1|r) + (1|c), family = binomial, nAGQ = 1, control =
    # glmerControl("bobyqa", optCtrl = list(rhoend = 1e-12), tolPwrss = 1e-12))
    signs, *groups = choices(1.9)
    found = fit(signs, [], groups)
    assert found.log_likelihood == pytest.approx(-29.6058591547, abs=1e-8)
    assert -found.thresholds[0].estimate == pytest.approx(2.0767394, abs=1e-6)
    assert found.thresholds[0].se == pytest.approx(1.9697, abs=2e-4)
    assert [one.variance for one in found.random] == pytest.approx([5.959074, 15.847624], abs=1e-5)


def test_choices_of_readers_who_agree_are_at_the_boundary_as_in_glmer() -> None:
    # R 4.2.2, lme4 1.1.31, as above: boundary (singular) fit
    signs, *groups = choices(4.0)
    found = fit(signs, [], groups)
    assert found.log_likelihood == pytest.approx(-33.7728565, abs=1e-6)
    assert -found.thresholds[0].estimate == pytest.approx(0.36269, abs=1e-5)
    assert found.thresholds[0].se == pytest.approx(0.8356, abs=2e-4)
    assert found.random[0].variance == 0.0
    assert found.random[1].variance == pytest.approx(5.8257, abs=1e-4)


def test_a_probability_is_averaged_over_readers_and_cases() -> None:
    signs, *groups = choices(1.9)
    found = fit(signs, [], groups)
    spread = np.sqrt(sum(one.variance for one in found.random))
    whole, _ = quad(lambda z: expit(1.5 + spread * z) * stats.norm.pdf(z), -9, 9)
    assert averaged(found, 1.5) == pytest.approx(whole, abs=2e-3)
    assert averaged(found, 0.0) == pytest.approx(0.5)


def test_a_category_nobody_used_does_not_stand_in_the_model() -> None:
    found = fit([one if one != 3 else 4 for one in WINE], [TEMPERATURE], [JUDGE])
    assert found.categories == (1.0, 2.0, 4.0, 5.0)


def test_one_reader_only_is_told() -> None:
    found = fit(WINE, [TEMPERATURE], [Grouping("reader", ("A",) * 72)])
    assert found.random == ()
    assert found.cautions == ("There is one reader only: its random effect is left out.",)


def test_equal_answers_are_refused_in_words() -> None:
    with pytest.raises(NoAnalysis, match="All answers are equal"):
        fit([3] * 72, [TEMPERATURE], [JUDGE])


def test_separated_arms_are_refused_in_words() -> None:
    with pytest.raises(NoAnalysis, match="do not overlap enough to estimate temp"):
        fit([int(one) for one in TEMPERATURE.values], [TEMPERATURE], [JUDGE])


def test_readers_who_each_use_one_value_are_refused_in_words() -> None:
    with pytest.raises(NoAnalysis, match="do not overlap enough"):
        fit([int(one) for one in JUDGE.labels], [TEMPERATURE], [JUDGE])


def test_effects_that_are_one_are_refused_in_words() -> None:
    again = Column("period", TEMPERATURE.values)
    with pytest.raises(NoAnalysis, match="effects of temp, period cannot be told apart"):
        fit(WINE, [TEMPERATURE, again], [JUDGE])


def test_estimate_is_near_the_truth_in_many_ratings() -> None:
    values, arm, groups = drawn(np.random.default_rng(5), 8, 60, 0.8)
    found = fit(values, [arm], groups[:2])
    assert abs(found.coefficient("arm").estimate - 0.8) < 3 * found.coefficient("arm").se
    assert found.random[1].variance == pytest.approx(1.0, abs=0.6)


def test_very_few_ratings_are_refused_in_words_and_not_by_a_singular_matrix() -> None:
    # One reader, two cases: the information of the arm is next to nothing.
    groups = (Grouping("reader", ("A",) * 4), Grouping("case", ("1", "1", "2", "2")))
    with pytest.raises(NoAnalysis, match="do not overlap enough"):
        fit([1, 3, 2, 5], [Column("arm", (0.0, 1.0, 0.0, 1.0))], groups)
