"""The analysis in words: figures with their intervals, reasons, and claims of endpoints alone."""

from dataclasses import replace

import pytest

from tests.reader.rated_studies import likert_study
from viewer.reader.analysis_ordinal import analyse_ratings
from viewer.reader.ordinal_words import lines_of
from viewer.reader.protocol import AnalysisPlan, Endpoint

PLAN = AnalysisPlan((Endpoint("noise", "E", "O"),), subgroups=("vendor",), bootstrap=50)


@pytest.fixture(scope="module")
def lines() -> tuple[str, ...]:
    return lines_of(analyse_ratings(likert_study(readers=3), PLAN))


def test_readers_stand_before_the_odds_ratio_of_all(lines: tuple[str, ...]) -> None:
    reader = next(place for place, line in enumerate(lines) if "reader R1: " in line)
    whole = next(place for place, line in enumerate(lines) if "odds ratio" in line)
    assert reader < whole


def test_few_readers_and_the_endpoint_are_told(lines: tuple[str, ...]) -> None:
    assert any("3 readers only" in line for line in lines)
    assert lines[-1].startswith(
        "Endpoint noise, E to O, superiority: In ratings of noise, E is superior to O"
    )


def test_no_claim_is_made_without_a_plan() -> None:
    lines = lines_of(analyse_ratings(likert_study(), replace(PLAN, endpoints=())))
    assert not any("superior" in line for line in lines)


def test_what_cannot_be_analysed_has_its_reason() -> None:
    study = likert_study()
    same = replace(study, ratings=tuple(replace(one, value=2.0) for one in study.ratings))
    lines = lines_of(analyse_ratings(same, PLAN))
    assert any("All answers are equal" in line for line in lines)
    assert not any("superior to" in line for line in lines)
