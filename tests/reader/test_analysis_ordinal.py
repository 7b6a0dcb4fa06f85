"""The analysis of ratings: from readings and a plan to findings, in words where it refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.reader.rated_studies import joined, likert_study, repeated
from viewer.core.errors import InvalidReadings, NoAnalysis
from viewer.reader.analysis_ordinal import analyse_ratings
from viewer.reader.findings import Finding, claim, decided_together
from viewer.reader.ordinal_results import as_facts
from viewer.reader.protocol import AnalysisPlan, Choice, Endpoint, Question, QuestionKind
from viewer.reader.readings import GUESS, Rating, Readings

BETTER = Endpoint("noise", "E", "O")
PLAN = AnalysisPlan(endpoints=(BETTER,), subgroups=("vendor",), bootstrap=200)


@pytest.fixture(scope="module")
def study() -> Readings:
    return likert_study()


@pytest.fixture(scope="module")
def analysis(study: Readings):
    return analyse_ratings(study, PLAN)


def test_arm_with_higher_ratings_has_an_odds_ratio_above_one(analysis) -> None:
    comparison = analysis.criteria[0].comparisons[0]
    effect = comparison.model.effect
    assert (comparison.arm, comparison.control) == ("E", "O")
    assert effect.interval[0] < effect.odds_ratio < effect.interval[1]
    assert effect.interval[0] > 1
    assert comparison.model.test.p < 0.01
    assert comparison.visual_grading.area > 0.5
    assert comparison.mean_difference.difference > 0


def test_model_holds_period_and_three_random_effects(analysis) -> None:
    fitted = analysis.criteria[0].comparisons[0].model.fit
    assert [one.name for one in fitted.coefficients] == ["E", "period 2"]
    assert [one.name for one in fitted.random] == ["reader", "case", "reader x arm"]


def test_probabilities_of_the_model_are_near_the_observed_shares(analysis, study) -> None:
    model = analysis.criteria[0].comparisons[0].model
    for one in model.probabilities:
        values = [each.value for each in study.ratings if each.arm == one.arm]
        shares = [values.count(category) / len(values) for category in model.fit.categories]
        assert one.probabilities == pytest.approx(shares, abs=0.08)


def test_counts_are_those_of_the_readings(analysis, study) -> None:
    criterion = analysis.criteria[0]
    assert sum(sum(one.counts) for one in criterion.counts) == len(study.ratings)
    first = next(one for one in criterion.counts if (one.reader, one.arm) == ("R1", "O"))
    values = [one.value for one in study.ratings if (one.reader, one.arm) == ("R1", "O")]
    assert first.counts == tuple(values.count(point) for point in criterion.scale)


def test_each_reader_is_tested_alone(analysis) -> None:
    tests = analysis.criteria[0].comparisons[0].by_reader
    assert [one.reader for one in tests] == ["R1", "R2", "R3", "R4", "R5"]
    assert {one.test.pairs for one in tests} == {20}
    assert all(one.effect.interval[0] < one.effect.odds_ratio for one in tests)


def test_answers_of_yes_and_no_have_mcnemars_test_of_each_reader(analysis, study) -> None:
    said = tuple(replace(one, value=float(one.value > 3)) for one in study.ratings)
    found = analyse_ratings(replace(study, ratings=said), AnalysisPlan(bootstrap=50))
    for one in found.criteria[0].comparisons[0].by_reader:
        higher, lower = one.test.higher, one.test.lower
        assert (one.mcnemar.only_arm, one.mcnemar.only_control) == (higher, lower)
        assert one.mcnemar.p == pytest.approx(stats.binomtest(higher, higher + lower).pvalue)
    assert all(one.mcnemar is None for one in analysis.criteria[0].comparisons[0].by_reader)


def test_subgroup_has_one_test_and_an_effect_per_value(analysis) -> None:
    subgroup = analysis.criteria[0].comparisons[0].subgroups[0]
    assert (subgroup.name, subgroup.interaction.df) == ("vendor", 1)
    assert [(one.value, one.cases) for one in subgroup.strata] == [("A", 13), ("B", 7)]
    assert all(one.effect.interval[0] < one.effect.odds_ratio for one in subgroup.strata)


def test_agreement_stands_per_arm_with_alpha_first(analysis) -> None:
    agreement = analysis.criteria[0].agreement
    assert [one.arm for one in agreement] == ["O", "E"]
    assert agreement[0].coefficients[0].name == "Krippendorff alpha (ordinal)"
    assert agreement[0].intraclass[0].name == "ICC(2,1)"


def test_times_are_shorter_in_the_faster_arm(analysis) -> None:
    effects = {one.name: one for one in analysis.times.fit.effects}
    assert effects["E"].interval[1] < 1
    assert effects["constant"].ratio == pytest.approx(20, rel=0.2)
    assert len(analysis.times.drift) == 5


def test_results_turn_into_json_without_any_figure_that_json_lacks(analysis) -> None:
    text = json.dumps(as_facts(analysis), allow_nan=False)
    assert json.loads(text)["criteria"][0]["comparisons"][0]["arm"] == "E"


def test_same_seed_gives_the_same_analysis(analysis, study) -> None:
    again = analyse_ratings(study, PLAN)
    assert as_facts(again) == as_facts(analysis)


def test_ratings_are_never_said_to_be_detection(analysis) -> None:
    assert any("not what can be detected" in one for one in analysis.cautions)
    assert "detect" not in claim(analysis.findings[0])


def test_only_endpoints_of_the_plan_are_findings(study) -> None:
    both = joined(study, likert_study(criterion="sharpness", seed=2))
    found = analyse_ratings(both, replace(PLAN, subgroups=()))
    assert len(found.criteria) == 2
    assert [one.endpoint.measure for one in found.findings] == ["noise"]
    assert found.findings[0].stands
    assert claim(found.findings[0]).startswith(
        "In ratings of noise, E is superior to O (odds ratio"
    )


def test_without_a_plan_nothing_is_found_and_the_first_arm_is_the_control(study) -> None:
    found = analyse_ratings(study, AnalysisPlan(bootstrap=50))
    assert found.findings == ()
    assert found.control == "O"


def test_non_inferiority_is_decided_on_points_with_the_margin(study) -> None:
    plan = AnalysisPlan((Endpoint("noise", "E", "O", "non_inferiority", 0.5),), bootstrap=50)
    finding = analyse_ratings(study, plan).findings[0]
    assert finding.figure == "mean difference"
    assert finding.stands
    assert finding.interval[0] > -0.5
    assert "margin 0.5" in claim(finding)


def test_lower_ratings_are_no_superiority_however_small_p_is(study) -> None:
    plan = AnalysisPlan((Endpoint("noise", "O", "E"),), bootstrap=50)
    finding = analyse_ratings(study, plan).findings[0]
    assert finding.p < 0.05
    assert not finding.stands
    assert claim(finding) == ""


def test_holm_counts_an_endpoint_that_could_not_be_analysed() -> None:
    p_values = (0.02, None)
    findings = [Finding(BETTER, p=p, is_met=p is not None) for p in p_values]
    decided = decided_together(findings, 0.05)
    assert decided[0].p_adjusted == pytest.approx(0.04)
    assert decided[0].stands
    assert not decided[1].stands
    secondary = Finding(replace(BETTER, is_primary=False), p=0.001, is_met=True)
    assert decided_together([secondary], 0.05)[0].p_adjusted is None


def test_an_endpoint_nobody_rated_says_so(study) -> None:
    plan = AnalysisPlan((Endpoint("sharpness", "E", "O"),), bootstrap=50)
    finding = analyse_ratings(study, plan).findings[0]
    assert "not rated in both arms" in finding.reason
    assert not finding.stands


def test_endpoints_of_detection_are_left_to_their_own_analysis(study) -> None:
    plan = AnalysisPlan((Endpoint("auc", "E", "O"),), bootstrap=50)
    assert analyse_ratings(study, plan).findings == ()


@pytest.mark.parametrize(("readers", "is_warned"), [(4, True), (5, False)])
def test_fewer_than_five_readers_are_warned_of(readers: int, is_warned: bool) -> None:
    found = analyse_ratings(likert_study(readers=readers), AnalysisPlan(bootstrap=50))
    assert any("readers only" in one for one in found.cautions) is is_warned


def test_one_reader_gets_words_for_what_needs_two() -> None:
    found = analyse_ratings(likert_study(readers=1), AnalysisPlan(bootstrap=50))
    comparison = found.criteria[0].comparisons[0]
    assert any("1 reader only" in one for one in found.cautions)
    assert any("needs two readers" in one for one in comparison.refusals)
    assert found.criteria[0].agreement[0].refusals == ("Agreement needs two readers.",)
    assert comparison.by_reader[0].test.pairs == 20


def test_equal_answers_get_words_and_no_figures(study) -> None:
    same = replace(study, ratings=tuple(replace(one, value=3.0) for one in study.ratings))
    found = analyse_ratings(same, PLAN)
    comparison = found.criteria[0].comparisons[0]
    assert comparison.model is None
    assert any("All answers are equal" in one for one in comparison.refusals)
    assert "All answers are equal" in found.findings[0].reason
    assert found.criteria[0].agreement[0].coefficients[0].value is None


def test_separated_arms_get_words_and_each_readers_test(study) -> None:
    apart = tuple(replace(one, value=5.0 if one.arm == "E" else 1.0) for one in study.ratings)
    comparison = analyse_ratings(replace(study, ratings=apart), PLAN).criteria[0].comparisons[0]
    assert comparison.model is None
    assert any("do not overlap enough" in one for one in comparison.refusals)
    assert all(one.test.p < 0.001 for one in comparison.by_reader)
    assert all(one.effect is None for one in comparison.by_reader)


def test_points_nobody_used_are_named_from_the_questions() -> None:
    points = tuple(Choice(float(one), str(one)) for one in range(1, 8))
    question = Question("noise", QuestionKind.LIKERT, "Noise", points)
    found = analyse_ratings(likert_study(), AnalysisPlan(bootstrap=50), questions=(question,))
    assert found.criteria[0].unused == (6.0, 7.0)
    assert len(found.criteria[0].counts[0].counts) == 7


def test_arms_that_use_other_points_have_no_check_of_proportional_odds(study) -> None:
    lifted = tuple(
        replace(one, value=2.0) if one.arm == "E" and one.value == 1 else one
        for one in study.ratings
    )
    comparison = analyse_ratings(replace(study, ratings=lifted), PLAN).criteria[0].comparisons[0]
    assert comparison.model.proportional_odds is None
    assert any("Proportional odds are not checked" in one for one in comparison.cautions)


def test_repeats_are_kept_from_the_model_and_give_agreement_within(study) -> None:
    found = analyse_ratings(repeated(study), PLAN)
    assert found.criteria[0].comparisons[0].model.fit.ratings == 200
    assert [one.reader for one in found.criteria[0].repeats] == ["R1", "R2", "R3", "R4", "R5"]
    assert found.criteria[0].repeats[0].coefficients[0].value > 0.8


def test_a_rating_given_twice_is_an_error_in_words(study) -> None:
    twice = replace(study, ratings=(*study.ratings, study.ratings[0]))
    with pytest.raises(InvalidReadings, match="twice in arm O"):
        analyse_ratings(twice, PLAN)


def test_no_ratings_are_refused_in_words() -> None:
    with pytest.raises(NoAnalysis, match="no ratings"):
        analyse_ratings(Readings(), PLAN)


def test_gaps_are_analysed_and_counted(study) -> None:
    gappy = replace(study, ratings=study.ratings[:-7], unread=(("R5", "C01", "E"),))
    found = analyse_ratings(gappy, PLAN)
    assert found.criteria[0].comparisons[0].model.fit.ratings == 193
    assert found.criteria[0].comparisons[0].mean_difference.left_out > 0
    assert any("1 readings of the design are missing" in one for one in found.cautions)


def test_guesses_at_the_end_give_bangs_index_per_arm(study) -> None:
    guesses = [Rating(f"R{one}", "", "E", GUESS, 1.0) for one in range(1, 5)]
    guesses += [Rating(f"R{one}", "", "O", GUESS, value) for one, value in enumerate((1, 0, 0, -1))]
    found = analyse_ratings(replace(study, ratings=study.ratings + tuple(guesses)), PLAN)
    indices = dict(found.blinding.arms)
    assert indices["E"].index == 1.0
    assert indices["O"].answers == (1, 1, 2)
    assert indices["O"].index == 0.0
    assert found.blinding.james is not None


def test_arms_read_side_by_side_have_no_effect_on_time(study) -> None:
    shared = {(one.reader, one.case): one for one in study.ratings}
    together = tuple(
        replace(one, period=1, seconds=shared[one.reader, one.case].seconds)
        for one in study.ratings
    )
    times = analyse_ratings(replace(study, ratings=together), PLAN).times
    assert times.fit.readings == 100
    assert "E" not in [one.name for one in times.fit.effects]
    assert any("read at once" in one for one in times.cautions)


def test_an_arm_read_in_one_period_only_keeps_the_arm_and_says_what_it_left_out(study) -> None:
    fixed = tuple(replace(one, period=1 + (one.arm == "E")) for one in study.ratings)
    comparison = analyse_ratings(replace(study, ratings=fixed), PLAN).criteria[0].comparisons[0]
    assert comparison.model is not None
    assert any("effect of period 2 cannot be told" in one for one in comparison.cautions)


def test_unknown_times_are_told(study) -> None:
    timeless = tuple(replace(one, seconds=None) for one in study.ratings)
    times = analyse_ratings(replace(study, ratings=timeless), PLAN).times
    assert times.fit is None
    assert times.refusals == ("Reading times: None were recorded.",)


def test_a_subgroup_of_one_value_is_refused_in_words(study) -> None:
    one_vendor = tuple(replace(one, strata=(("vendor", "A"),)) for one in study.ratings)
    comparison = (
        analyse_ratings(replace(study, ratings=one_vendor), PLAN).criteria[0].comparisons[0]
    )
    assert comparison.subgroups == ()
    assert any("one and the same vendor" in one for one in comparison.refusals)


def test_analogue_scales_are_compared_by_their_mean_and_have_no_model(study) -> None:
    analogue = Question("noise", QuestionKind.ANALOGUE, "Noise")
    finding = analyse_ratings(study, PLAN, questions=(analogue,))
    comparison = finding.criteria[0].comparisons[0]
    assert comparison.model is None
    assert any("measurements, not grades" in one for one in comparison.cautions)
    assert finding.findings[0].figure == "mean difference"
    assert finding.criteria[0].agreement[0].coefficients[0].name == "Krippendorff alpha (interval)"


def test_many_different_values_are_measurements(study) -> None:
    fine = tuple(
        replace(one, value=one.value + place / 1000) for place, one in enumerate(study.ratings)
    )
    assert analyse_ratings(replace(study, ratings=fine), PLAN).criteria[0].level == "interval"


def test_choices_without_order_have_counts_and_agreement_alone(study) -> None:
    choice = Question("noise", QuestionKind.CHOICE, "Kind of noise")
    found = analyse_ratings(study, PLAN, questions=(choice,))
    assert found.criteria[0].comparisons == ()
    assert "no order" in found.refusals[0]
    assert found.criteria[0].agreement[0].coefficients[0].name == "Krippendorff alpha (nominal)"
    assert found.findings[0].reason


@pytest.mark.parametrize("seed", range(25))
def test_odd_little_studies_get_figures_or_words_and_never_break(seed: int) -> None:
    rng = np.random.default_rng(seed)
    readers, cases = int(rng.integers(1, 4)), int(rng.integers(1, 6))
    whole = likert_study(float(rng.normal()), readers, cases, seed)
    most = int(rng.integers(1, 6))
    kept = tuple(
        replace(one, value=min(one.value, float(most)), period=0 if seed % 2 else one.period)
        for one in whole.ratings
        if rng.random() > 0.25
    )
    if not kept:
        return
    plan = replace(PLAN, endpoints=(BETTER, replace(BETTER, kind="equivalence", margin=0.5)))
    found = analyse_ratings(Readings(kept), plan)
    assert json.loads(json.dumps(as_facts(found), allow_nan=False))
    assert len(found.findings) == 2
    assert all(one.reason or one.estimate is not None for one in found.findings)
