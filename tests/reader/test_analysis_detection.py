"""From readings to what they say about arms, or why they say nothing."""

from dataclasses import replace

import numpy as np
import pytest

from viewer.core.errors import NoAnalysis
from viewer.reader.analysis_detection import analyse_detection
from viewer.reader.readings import CaseTruth, MarkRating, Rating, Readings


def roc_readings(readers: int = 3, cases: int = 40, gain: float = 1.5, seed: int = 1) -> Readings:
    """Return ratings of two arms; the second tells cases apart better by `gain`."""
    draw = np.random.default_rng(seed)
    truth = tuple(CaseTruth(f"C{n}", n % 2 == 1) for n in range(cases))
    base = draw.normal(size=cases)
    ratings = []
    for reader in range(readers):
        for arm, power in (("plain", 1.0), ("better", 1.0 + gain)):
            for place, one in enumerate(truth):
                value = base[place] + power * one.is_abnormal + draw.normal()
                ratings.append(Rating(f"R{reader}", one.case, arm, "score", round(value, 1)))
    return Readings(tuple(ratings), truth=truth, source="made")


def test_the_better_arm_is_found_by_each_way_to_generalise():
    found = analyse_detection(roc_readings(readers=5))
    assert [one.kind for one in found.inferences] == ["RRRC", "FRRC", "RRFC"]
    for one in found.inferences:
        (pair,) = one.differences
        assert (pair.arm, pair.control) == ("better", "plain")
        assert pair.low > 0
        assert one.p is not None
        assert one.p < 0.05


@pytest.mark.parametrize("covariance", ["jackknife", "delong", "unbiased"])
def test_the_covariances_agree_about_the_same_data(covariance: str):
    found = analyse_detection(roc_readings(), covariance=covariance)
    other = analyse_detection(roc_readings())
    assert found.components.variance == pytest.approx(other.components.variance, rel=0.1)
    assert [one.value for one in found.figures] == [one.value for one in other.figures]


def test_sensitivity_and_specificity_are_shares_at_the_threshold():
    readings = roc_readings()
    found = analyse_detection(readings, "sensitivity", threshold=1.0)
    first = found.figures[0]
    own = [
        one.value
        for one in readings.ratings
        if (one.reader, one.arm) == (first.reader, first.arm) and int(one.case[1:]) % 2 == 1
    ]
    assert first.value == pytest.approx(np.mean(np.array(own) >= 1.0))


def test_few_readers_are_warned_of_and_five_are_not():
    assert "3 readers are few" in analyse_detection(roc_readings(3)).warnings[0]
    assert analyse_detection(roc_readings(5)).warnings == ()


def test_one_reader_gets_what_holds_for_one_and_the_reason_for_the_rest():
    found = analyse_detection(roc_readings(1))
    assert [one.kind for one in found.inferences] == ["FRRC"]
    assert [words.split(":")[0] for words in found.refusals] == ["RRRC", "RRFC"]


def without(readings: Readings, **truth: bool) -> Readings:
    keep = tuple(one for one in readings.truth if one.is_abnormal is truth["abnormal"])
    return replace(readings, truth=keep)


@pytest.mark.parametrize(
    ("readings", "words"),
    [
        (replace(roc_readings(), truth=()), "truth of the cases is not known"),
        (without(roc_readings(), abnormal=True), "no normal cases"),
        (without(roc_readings(), abnormal=False), "no abnormal cases"),
        (replace(roc_readings(), ratings=roc_readings().ratings[:-1]), "1 of 120 ratings"),
        (replace(roc_readings(), ratings=()), "no ratings"),
        (
            replace(
                roc_readings(), ratings=tuple(replace(r, value=1.0) for r in roc_readings().ratings)
            ),
            "All ratings are equal",
        ),
    ],
)
def test_what_the_data_cannot_carry_is_refused_with_the_reason(readings: Readings, words: str):
    with pytest.raises(NoAnalysis, match=words):
        analyse_detection(readings)


def test_repeated_showings_do_not_count():
    readings = roc_readings()
    again = tuple(replace(one, repeat=1, value=99.0) for one in readings.ratings[:5])
    more = replace(readings, ratings=(*readings.ratings, *again))
    assert analyse_detection(more).figures == analyse_detection(readings).figures


def froc_readings() -> Readings:
    draw = np.random.default_rng(2)
    truth = tuple(
        CaseTruth(f"C{n}", n % 2 == 1, (("a", 0.5), ("b", 0.5)) if n % 2 else ()) for n in range(30)
    )
    marks, looked = [], []
    for reader in ("R1", "R2", "R3", "R4"):
        for arm, chance in (("plain", 0.5), ("better", 0.9)):
            for one in truth:
                looked.append((reader, one.case, arm))
                for lesion, _ in one.lesions:
                    if draw.random() < chance:
                        value = draw.integers(2, 6)
                        marks.append(MarkRating(reader, one.case, arm, lesion, float(value)))
                if draw.random() < 0.3:
                    value = draw.integers(1, 4)
                    marks.append(MarkRating(reader, one.case, arm, "", float(value)))
    return Readings(marks=tuple(marks), looked=tuple(looked), truth=truth, source="made")


def test_marks_are_compared_by_wafroc():
    found = analyse_detection(froc_readings())
    assert (found.measure, found.criterion) == ("wafroc", "marks")
    (pair,) = found.inferences[0].differences
    assert pair.arm == "better"
    assert pair.low > 0


def lroc_readings() -> Readings:
    """Return marks with the first lesion of each case as its only one; hits never tie misses."""
    readings = froc_readings()
    truth = tuple(
        replace(one, lesions=(("a", 1.0),) if one.lesions else ()) for one in readings.truth
    )
    marks = tuple(
        replace(one, confidence=one.confidence - 0.5 * (not one.lesion))
        for one in readings.marks
        if one.lesion != "b"
    )
    return replace(readings, truth=truth, marks=marks)


@pytest.mark.parametrize("measure", ["alroc", "pcl"])
def test_one_lesion_a_case_is_compared_by_where_the_highest_mark_is(measure: str):
    found = analyse_detection(lroc_readings(), measure)
    assert [one.kind for one in found.inferences] == ["RRRC", "FRRC", "RRFC"]
    (pair,) = found.inferences[0].differences
    assert pair.arm == "better"
    assert pair.low > 0
    assert found.figures[0].curve[-1][0] == 1.0
    assert not any("0.5" in words for words in found.warnings)


def test_the_error_of_lesions_located_is_that_of_a_share_of_abnormal_cases():
    found = analyse_detection(lroc_readings(), "pcl")
    for one in found.figures:
        expected = one.value * (1 - one.value) / (found.abnormal - 1)
        assert (one.se or 0.0) ** 2 == pytest.approx(expected)


def test_several_lesions_in_a_case_are_none_of_lroc():
    with pytest.raises(NoAnalysis, match="has 2 lesions"):
        analyse_detection(froc_readings(), "alroc")


def test_a_reading_that_is_missing_is_named():
    readings = froc_readings()
    with pytest.raises(NoAnalysis, match=r"1 of 240 readings are missing, such as reader R4"):
        analyse_detection(replace(readings, looked=readings.looked[:-1]))


def test_weighted_figures_need_the_lesions_of_abnormal_cases():
    readings = froc_readings()
    bare = tuple(replace(one, lesions=()) for one in readings.truth)
    with pytest.raises(NoAnalysis, match="C1 is abnormal and has no lesions"):
        analyse_detection(replace(readings, truth=bare))
