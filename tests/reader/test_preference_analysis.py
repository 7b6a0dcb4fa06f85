"""Questions about pairs: readers' own tests, the model over readers and cases, and findings."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from viewer.reader.analysis_ordinal import analyse_ratings
from viewer.reader.findings import claim
from viewer.reader.protocol import AnalysisPlan, Endpoint, Question, QuestionKind
from viewer.reader.readings import Rating, Readings


def paired_preferences() -> Readings:
    rng = np.random.default_rng(3)
    ratings = [
        Rating(f"R{reader}", f"C{case}", ("O", "E")[case % 2], "better", 0.0)
        for reader in range(5)
        for case in range(16)
    ]
    signs = [1 if one.arm == "E" else -1 for one in ratings]
    values = rng.choice([-1.0, 0.0, 1.0, 2.0], len(ratings), p=[0.15, 0.2, 0.4, 0.25])
    return Readings(
        tuple(
            replace(one, value=sign * value)
            for one, sign, value in zip(ratings, signs, values, strict=True)
        )
    )


def test_preferences_stand_for_one_arm_whichever_was_named() -> None:
    found = analyse_ratings(paired_preferences(), AnalysisPlan(bootstrap=50), "O").preferences[0]
    assert (found.arm, found.control) == ("E", "O")
    assert found.odds.odds_ratio > 1
    assert found.odds.interval[0] < found.odds.odds_ratio < found.odds.interval[1]
    assert len(found.by_reader) == 5
    assert found.by_reader[0].discrimination is None


def test_forced_choice_has_d_prime_per_reader() -> None:
    forced = Question("better", QuestionKind.FORCED_CHOICE, "Which?")
    found = analyse_ratings(
        paired_preferences(), AnalysisPlan(bootstrap=50), "O", (forced,)
    ).preferences[0]
    assert all(one.discrimination.d_prime is not None for one in found.by_reader)


def test_probability_of_preference_is_over_readers_and_cases() -> None:
    model = analyse_ratings(paired_preferences(), AnalysisPlan(), "O").preferences[0].model
    odds = model.odds
    assert [one.name for one in model.fit.random] == ["reader", "case"]
    assert 0.5 < model.interval[0] < model.probability < model.interval[1] < 1
    assert model.probability <= odds.odds_ratio / (1 + odds.odds_ratio) + 1e-9
    assert odds.p < 0.05
    assert model.d_prime is None


def test_forced_choice_has_d_prime_over_all_readers() -> None:
    forced = Question("better", QuestionKind.FORCED_CHOICE, "Which?")
    model = (
        analyse_ratings(paired_preferences(), AnalysisPlan(), "O", (forced,)).preferences[0].model
    )
    assert model.d_prime == pytest.approx(np.sqrt(2) * stats.norm.ppf(model.probability))
    assert model.d_prime_interval[0] < model.d_prime < model.d_prime_interval[1]


@pytest.mark.parametrize(("arm", "control", "is_met"), [("E", "O", True), ("O", "E", False)])
def test_a_planned_preference_is_decided_by_its_model(arm: str, control: str, is_met: bool) -> None:
    plan = AnalysisPlan((Endpoint("better", arm, control),))
    finding = analyse_ratings(paired_preferences(), plan, "O").findings[0]
    assert (finding.figure, finding.stands) == ("probability of being preferred", is_met)
    assert finding.interval[0] < finding.estimate < finding.interval[1]
    assert (finding.estimate > 0.5) is is_met
    assert claim(finding).startswith("In preference by better, E is superior to O") is is_met


def test_a_preference_with_a_margin_says_what_it_cannot_show() -> None:
    plan = AnalysisPlan((Endpoint("better", "E", "O", "non_inferiority", 0.1),))
    finding = analyse_ratings(paired_preferences(), plan, "O").findings[0]
    assert "shows superiority or nothing" in finding.reason
    assert not finding.stands


def test_a_reader_who_always_prefers_one_arm_does_not_end_the_model() -> None:
    study = paired_preferences()
    firm = tuple(
        replace(one, value=1.0 if one.arm == "E" else -1.0) if one.reader == "R1" else one
        for one in study.ratings
    )
    found = analyse_ratings(replace(study, ratings=firm), AnalysisPlan(), "O").preferences[0]
    assert found.model is not None
    assert any("model's estimate alone" in one for one in found.cautions)


def test_unanimous_preference_gets_words_and_counts() -> None:
    study = paired_preferences()
    unanimous = tuple(replace(one, value=2.0 if one.arm == "E" else -2.0) for one in study.ratings)
    found = analyse_ratings(replace(study, ratings=unanimous), AnalysisPlan(), "O").preferences[0]
    assert found.odds is None
    assert "no finite odds" in found.refusals[0]
    assert found.by_reader[0].preferences.favours.share == 1.0
