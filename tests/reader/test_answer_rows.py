"""Answers as rows: every revision with its time, and the arm after unblinding only."""

from pathlib import Path

import pytest

from tests.reader.studies import PASSPHRASE, allocation_of, begin, make, protocol, read, say, show
from viewer.core.errors import SealedStudy
from viewer.reader.answer_rows import answer_rows
from viewer.reader.record import open_study
from viewer.reader.trials import TrialState


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a study in which R1 read one case, was interrupted, and changed an answer."""
    path = make(tmp_path, protocol(readers=1))
    with open_study(path) as study:
        session = begin(study)
        read(session, show(session))
        trial = show(session)
        say(session, trial, "sharpness", "A", 2.0)
    with open_study(path) as study:
        session = study.sign_in("R1", PASSPHRASE)
        read(session, show(session))
    return path


def test_answers_do_not_leave_a_study_that_is_read(path: Path):
    with pytest.raises(SealedStudy, match="is open"):
        answer_rows(path)


def test_a_closed_study_gives_rows_without_arms(path: Path):
    with open_study(path) as study:
        study.close_reading("done")
    assert {row.arm for row in answer_rows(path)} == {""}


def test_every_revision_has_its_time_its_session_and_its_arm(path: Path):
    with open_study(path) as study:
        study.close_reading("done")
        study.unblind(allocation_of(study.protocol), "for the analysis")
    rows = answer_rows(path)
    told = [
        (r.session, r.side, r.arm, r.answer.value, r.label, r.ms, r.revision, r.is_current)
        for r in rows
    ]
    assert told == [
        (1, "A", "Y", 2.0, "point 2", 2000, 1, False),
        (2, "A", "Y", 4.0, "point 4", 4000, 2, True),
        (2, "B", "X", 3.0, "point 3", 6000, 1, True),
        (2, "", "", 4.0, "point 4", 8000, 1, True),
    ]
    assert {row.case for row in rows} == {"c1"}
    assert all(row.is_interrupted and row.state is TrialState.COMMITTED for row in rows)
    assert [row.answered_utc for row in rows] == sorted(row.answered_utc for row in rows)
