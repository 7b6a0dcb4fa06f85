"""Readings after unblinding: positions become arms, marks meet lesions, guesses are judged."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.reader.studies import (
    ARMS,
    PASSPHRASE,
    SCALE,
    allocation_of,
    begin,
    make,
    protocol,
    read,
    read_all,
    say,
    show,
)
from viewer.core.errors import SealedStudy
from viewer.reader.protocol import Case, Choice, Lesion, Protocol, Question, QuestionKind
from viewer.reader.readings import GUESS, CaseTruth, Rating, Readings
from viewer.reader.record import open_study
from viewer.reader.trials import MarkPlaced
from viewer.reader.unblinding import readings


def unblinded(path: Path, study: Protocol) -> Readings:
    with open_study(path) as record:
        record.close_reading("done")
        record.unblind(allocation_of(study), "for the analysis", arms=ARMS)
    return readings(path)


def only(found: Readings, **wanted: object) -> list[Rating]:
    return [r for r in found.ratings if all(getattr(r, k) == v for k, v in wanted.items())]


def test_a_blinded_study_gives_no_readings(tmp_path: Path):
    path = make(tmp_path)
    with pytest.raises(SealedStudy, match="its arms are sealed"):
        readings(path)


def test_positions_become_the_arms_that_stood_there(tmp_path: Path):
    study = protocol(readers=1)
    path = make(tmp_path, study)
    with open_study(path) as record:
        read_all(begin(record))
    found = unblinded(path, study)
    # Position A was rated 4, B 3; the original (X) is at A in odd trials. Case c1 is trial 2.
    for case, arm_at_a in (("c1", "Y"), ("c2", "X"), ("c3", "Y")):
        (at_a,) = only(found, case=case, criterion="sharpness", arm=arm_at_a)
        assert at_a.value == 4.0
    assert not only(found, case="training")
    assert {rating.reader for rating in found.ratings} == {"R1"}
    assert found.truth == tuple(CaseTruth(f"c{n}", is_abnormal=False) for n in (1, 2, 3))


def test_a_preference_is_signed_in_favour_of_the_later_arm(tmp_path: Path):
    study = protocol(readers=1)
    path = make(tmp_path, study)
    with open_study(path) as record:
        read_all(begin(record))
    found = unblinded(path, study)
    # "better" was 4 of 1 to 5: one point in favour of position B.
    told = {r.case: (r.arm, r.value) for r in only(found, criterion="better")}
    assert told == {"c1": ("Y", -1.0), "c2": ("Y", 1.0), "c3": ("Y", -1.0)}


def test_a_reading_has_its_place_and_its_active_seconds(tmp_path: Path):
    study = protocol(readers=1)
    path = make(tmp_path, study)
    with open_study(path) as record:
        read_all(begin(record))
    rating = only(unblinded(path, study), case="c2", criterion="better")[0]
    # Three answers of 2 s of reading (and 7 s idle) each, and 1 s until the commit.
    assert rating.seconds == pytest.approx(7.0)
    assert (rating.period, rating.position, rating.sequence, rating.repeat) == (1, 3, "first", 0)


def test_a_guess_says_of_each_arm_what_it_was_taken_for(tmp_path: Path):
    study = protocol(readers=1)
    path = make(tmp_path, study)
    with open_study(path) as record:
        session = begin(record)
        while session.next_trial() is not None:
            read(session, show(session))
        _, first, second, third = session.sitting.trials
        session.guess(first, "A")  # Y is at A
        session.guess(second, "A")  # X is at A
        session.guess(third, "")
        session.sign(PASSPHRASE, "read")
    found = unblinded(path, study)
    told = {(r.case, r.arm): r.value for r in only(found, criterion=GUESS)}
    assert told == {
        ("c1", "Y"): 1.0,
        ("c1", "X"): -1.0,
        ("c2", "Y"): -1.0,
        ("c2", "X"): 1.0,
        ("c3", "Y"): 0.0,
        ("c3", "X"): 0.0,
    }


def test_what_nobody_read_is_told(tmp_path: Path):
    study = protocol(readers=2)
    path = make(tmp_path, study)
    with open_study(path) as record:
        session = begin(record)
        read(session, show(session))
        session.skip(show(session), "wrong patient")
        while session.next_trial() is not None:
            read(session, show(session))
    found = unblinded(path, study)
    assert {case for reader, case, _ in found.unread if reader == "R1"} == {"c1"}
    assert len([1 for reader, _, _ in found.unread if reader == "R2"]) == 6
    assert not only(found, case="c1")


def test_marks_are_scored_against_the_lesions_of_the_case(tmp_path: Path):
    lesions = (Lesion("l1", (0, 0, 0), 5.0), Lesion("l2", (8, 0, 0), 5.0, weight=3.0))
    question = Question("marks", QuestionKind.MARKS, "Where?", SCALE)
    study = protocol(cases=1, readers=1)
    cases = (replace(study.cases[0], truth="abnormal", lesions=lesions), *study.cases[1:])
    study = replace(study, cases=cases, questions=(question,))
    path = make(tmp_path, study)
    points = {"A": ((1.0, 0.0, 0.0), (5.0, 0.0, 0.0)), "B": ((0.0, 9.0, 0.0),)}
    with open_study(path) as record:
        session = begin(record)
        for _ in range(2):
            trial = show(session)
            for position, places in points.items():
                marks = tuple(MarkPlaced(str(n), at, 3.0) for n, at in enumerate(places))
                say(session, trial, "marks", position, marks=marks)
            session.commit(trial, ())
        session.guess(trial, "")
        session.sign(PASSPHRASE, "read")
    found = unblinded(path, study)
    # Trial 2 shows Y at A.
    assert [(m.arm, m.lesion) for m in found.marks] == [("Y", "l1"), ("Y", "l2"), ("X", "")]
    assert set(found.looked) == {("R1", "c1", "X"), ("R1", "c1", "Y")}
    assert found.truth == (CaseTruth("c1", True, (("l1", 0.25), ("l2", 0.75))),)


def test_several_choices_become_one_number_each_and_a_single_image_has_one_arm(tmp_path: Path):
    points = (Choice(1, "noise"), Choice(2, "motion"), Choice(3, "metal"))
    question = Question("seen", QuestionKind.CHOICES, "What disturbs?", points)
    study = protocol(cases=1, readers=1, questions=(question,))
    study = replace(study, cases=(Case("c1", "", strata=(("vendor", "A"),)),))
    path = make(tmp_path, study)
    with open_study(path) as record:
        session = begin(record)
        trial = show(session)
        for position in "AB":
            say(session, trial, "seen", position, values=(1.0, 3.0))
        session.commit(trial, ())
    told = only(unblinded(path, study), arm="Y")
    assert [(r.criterion, r.value) for r in told] == [
        ("seen: noise", 1.0),
        ("seen: motion", 0.0),
        ("seen: metal", 1.0),
    ]
    assert told[0].strata == (("vendor", "A"),)
