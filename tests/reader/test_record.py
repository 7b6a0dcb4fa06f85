"""The record of a study: what is refused, what is kept, and that it is kept at once."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.reader.studies import (
    ARMS,
    PASSPHRASE,
    SetClock,
    allocation_of,
    begin,
    make,
    protocol,
    read,
    read_all,
    say,
    show,
    trials_of,
)
from viewer.core.errors import IllegalTransition, NotSaved
from viewer.reader.protocol import Design, DesignKind, EditPolicy
from viewer.reader.record import create_study, open_study
from viewer.reader.trials import SessionState, StudyState, TrialState


def test_a_study_is_read_signed_closed_and_unblinded(tmp_path: Path):
    with open_study(make(tmp_path)) as study:
        for reader in ("R1", "R2"):
            read_all(begin(study, reader))
        assert [found.state for found in study.progress()] == [SessionState.SIGNED] * 2
        assert [(found.done, found.total) for found in study.progress()] == [(3, 3), (3, 3)]
        study.close_reading("all have signed")
        study.unblind(allocation_of(study.protocol), "for the analysis", "Owner", ARMS)
        assert study.state is StudyState.UNBLINDED


def test_training_comes_first_and_does_not_count(tmp_path: Path):
    with open_study(make(tmp_path)) as study:
        session = begin(study)
        trial = show(session)
        assert trial.is_training
        assert session.state is SessionState.TRAINING
        read(session, trial)
        assert session.progress() == (0, 3)
        read(session, show(session))
        assert session.state is SessionState.READING
        assert session.progress() == (1, 3)


def test_an_answer_is_in_the_file_and_in_the_second_log_when_it_is_acknowledged(tmp_path: Path):
    path = make(tmp_path)
    with open_study(path) as study:
        session = begin(study)
        seq = say(session, show(session), "sharpness", "A", 3.0)
        with sqlite3.connect(path) as other:
            rows = other.execute("SELECT event, value FROM answer").fetchall()
        other.close()
        assert rows == [(seq, 3.0)]
        assert len(study.second_log.read_text().splitlines()) == seq


def test_a_changed_answer_keeps_what_it_replaces(tmp_path: Path):
    path = make(tmp_path)
    with open_study(path) as study:
        session = begin(study)
        trial = show(session)
        say(session, trial, "sharpness", "A", 3.0)
        say(session, trial, "sharpness", "A", 5.0)
        (answer,) = session.answers(trial)
        assert answer.value == 5.0
    db = sqlite3.connect(path)
    assert db.execute("SELECT revision, value FROM answer").fetchall() == [(1, 3.0), (2, 5.0)]
    assert db.execute("SELECT value FROM current_answer").fetchall() == [(5.0,)]
    db.close()


def test_the_same_answer_again_is_acknowledged_and_stored_once(tmp_path: Path):
    with open_study(make(tmp_path)) as study:
        session = begin(study)
        trial = show(session)
        first = say(session, trial, "sharpness", "A", 3.0)
        assert say(session, trial, "sharpness", "A", 3.0) == first
        assert len(study.links) == first


@pytest.mark.parametrize("table", ["event", "answer", "span", "viewer_state", "trial", "protocol"])
@pytest.mark.parametrize("deed", ["DELETE FROM {}", "UPDATE {} SET event = 1"])
def test_the_database_refuses_to_change_what_was_recorded(tmp_path: Path, table: str, deed: str):
    path = make(tmp_path)
    with open_study(path) as study:
        session = begin(study)
        say(session, show(session), "sharpness", "A", 3.0)
    db = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="can only be added to"):
        db.execute(deed.format(table).replace("event SET event", "event SET seq"))
    db.close()


def test_a_trial_is_not_left_while_a_required_answer_is_missing(tmp_path: Path):
    with open_study(make(tmp_path)) as study:
        session = begin(study)
        trial = show(session)
        say(session, trial, "sharpness", "A", 3.0)
        with pytest.raises(IllegalTransition, match="sharpness B, better"):
            session.commit(trial, ())
        say(session, trial, "sharpness", "B", 3.0)
        say(session, trial, "better", "", 1.0)
        with pytest.raises(IllegalTransition, match="why"):
            session.commit(trial, ())
        say(session, trial, "better", "", 2.0)
        session.commit(trial, ())
        assert session.standing(trial).state is TrialState.COMMITTED


def test_no_answer_said_to_a_required_question_does_not_count(tmp_path: Path):
    with open_study(make(tmp_path)) as study:
        session = begin(study)
        trial = show(session)
        say(session, trial, "sharpness", "A", is_empty=True)
        with pytest.raises(IllegalTransition, match="sharpness A"):
            session.commit(trial, ())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (("sharpness", "A", 9.0), "not a point"),
        (("sharpness", "", 3.0), "not asked of position"),
        (("colour", "A", 3.0), "no question"),
    ],
)
def test_an_answer_off_the_form_is_refused(tmp_path: Path, answer: tuple, words: str):
    with open_study(make(tmp_path)) as study:
        session = begin(study)
        trial = show(session)
        with pytest.raises(IllegalTransition, match=words):
            say(session, trial, *answer)
        assert session.answers(trial) == ()


def test_trials_are_read_in_the_order_of_the_list_only(tmp_path: Path):
    with open_study(make(tmp_path)) as study:
        session = begin(study)
        with pytest.raises(IllegalTransition, match="not the next one"):
            session.loading(session.sitting.trials[2])
        with pytest.raises(IllegalTransition, match="no trial of reader R1"):
            session.loading(study.standing.sittings["R2"].trials[0])


def test_nothing_is_answered_before_the_images_are_shown(tmp_path: Path):
    with open_study(make(tmp_path)) as study:
        session = begin(study)
        trial = session.next_trial()
        assert trial is not None
        session.loading(trial)
        with pytest.raises(IllegalTransition, match="loading and cannot be answered"):
            say(session, trial, "sharpness", "A", 3.0)


@pytest.mark.parametrize("policy", [EditPolicy.UNTIL_NEXT, EditPolicy.NEVER])
def test_a_committed_trial_is_closed(tmp_path: Path, policy: EditPolicy):
    with open_study(make(tmp_path, protocol(editing=policy))) as study:
        session = begin(study)
        trial = show(session)
        read(session, trial)
        with pytest.raises(IllegalTransition, match="committed"):
            say(session, trial, "sharpness", "A", 1.0)
        following = session.next_trial()
        assert following is not None
        assert session.previous(following) is None


def test_until_the_session_ends_a_reader_goes_back_and_changes_an_answer(tmp_path: Path):
    policy = EditPolicy.UNTIL_SESSION_END
    with open_study(make(tmp_path, protocol(editing=policy))) as study:
        session = begin(study)
        read(session, show(session))
        first = show(session)
        read(session, first)
        second = show(session)
        assert session.previous(second) == first
        session.loading(first)
        session.shown(first)
        say(session, first, "sharpness", "A", 1.0)
        assert session.next_trial() == first
        session.commit(first, ())
        assert session.next_trial() == second
        read_all(session)
        with pytest.raises(IllegalTransition, match="signed"):
            say(session, first, "sharpness", "A", 2.0)


def test_an_answer_that_may_never_be_edited_stands(tmp_path: Path):
    with open_study(make(tmp_path, protocol(editing=EditPolicy.NEVER))) as study:
        session = begin(study)
        trial = show(session)
        say(session, trial, "sharpness", "A", 3.0)
        with pytest.raises(IllegalTransition, match="cannot be changed"):
            say(session, trial, "sharpness", "A", 4.0)


def test_a_trial_left_open_is_noted_as_interrupted_and_resumed_with_its_answers(tmp_path: Path):
    path = make(tmp_path)
    with open_study(path) as study:
        session = begin(study)
        trial = show(session)
        say(session, trial, "sharpness", "A", 3.0)
    with open_study(path) as study:
        session = study.sign_in("R1", PASSPHRASE)
        assert session.next_trial() == trial
        assert session.standing(trial).interruptions == 1
        assert [answer.value for answer in session.answers(trial)] == [3.0]
        assert study.progress()[0].interruptions == 1
        show(session)
        assert session.standing(trial).state is TrialState.ANSWERED


def test_a_skipped_trial_is_missing_and_a_flagged_one_counts(tmp_path: Path):
    with open_study(make(tmp_path)) as study:
        session = begin(study)
        read(session, show(session))
        first = show(session)
        with pytest.raises(IllegalTransition, match="reason"):
            session.skip(first, " ")
        session.skip(first, "wrong patient")
        second = show(session)
        session.flag(second, "motion")
        read(session, second)
        assert study.progress()[0].missing == (first.id,)
        assert study.progress()[0].flagged == (second.id,)
        assert session.progress() == (2, 3)


def test_breaking_the_blinding_of_one_trial_flags_it_and_no_other(tmp_path: Path):
    with open_study(make(tmp_path)) as study:
        session = begin(study)
        read(session, show(session))
        trial = show(session)
        session.break_blinding(trial, "emergency")
        read(session, trial)
        read(session, show(session))
        assert study.progress()[0].flagged == (trial.id,)


def test_a_pause_stops_the_trial_until_the_reader_resumes(tmp_path: Path):
    with open_study(make(tmp_path)) as study:
        session = begin(study)
        trial = show(session)
        session.pause()
        with pytest.raises(IllegalTransition, match="pausing"):
            say(session, trial, "sharpness", "A", 3.0)
        session.resume()
        assert session.state is SessionState.TRAINING
        say(session, trial, "sharpness", "A", 3.0)


def test_a_guess_comes_after_the_last_trial_and_before_the_signature(tmp_path: Path):
    with open_study(make(tmp_path)) as study:
        session = begin(study)
        trial = show(session)
        with pytest.raises(IllegalTransition, match="after the last trial"):
            session.guess(trial, "A")
        read(session, trial)
        while session.next_trial() is not None:
            read(session, show(session))
        with pytest.raises(IllegalTransition, match="AI-processed"):
            session.sign(PASSPHRASE, "read")
        session.guess(trial, "")
        session.sign(PASSPHRASE, "read")
        assert session.state is SessionState.SIGNED


def test_a_signature_needs_the_passphrase_again_and_is_bound_to_the_head(tmp_path: Path):
    path = make(tmp_path)
    with open_study(path) as study:
        session = begin(study)
        while session.next_trial() is not None:
            read(session, show(session))
        session.guess(session.sitting.trials[1], "A")
        with pytest.raises(IllegalTransition, match="not the passphrase"):
            session.sign("wrong horse", "read")
        before = study.head
        signed = session.sign(PASSPHRASE, "I have read these cases.")
        assert signed == study.head
        session.note("window closed")
        assert session.sign(PASSPHRASE, "I have read these cases.") == signed
    db = sqlite3.connect(path)
    signed = db.execute("SELECT reader, name, meaning, head FROM signature").fetchall()
    db.close()
    assert signed == [("R1", "Reader 1", "I have read these cases.", before)]


def test_a_wrong_passphrase_signs_nobody_in(tmp_path: Path):
    with open_study(make(tmp_path)) as study:
        with pytest.raises(IllegalTransition, match="not the passphrase"):
            study.sign_in("R1", "wrong horse")
        with pytest.raises(IllegalTransition, match="no reader 'R9'"):
            study.sign_in("R9", PASSPHRASE)


def test_a_study_is_unblinded_only_after_it_was_closed(tmp_path: Path):
    with open_study(make(tmp_path)) as study:
        with pytest.raises(IllegalTransition, match="open and cannot be unblinded"):
            study.unblind(allocation_of(study.protocol), "curious")
        study.close_reading("done")
        with pytest.raises(IllegalTransition, match="closed"):
            begin(study)


def test_the_second_period_waits_for_the_washout(tmp_path: Path):
    design = Design(DesignKind.CROSSOVER, washout_days=28)
    clock = SetClock()
    study = protocol(cases=2, readers=1, design=design)
    path = make(tmp_path, study, clock)
    with open_study(path, clock=clock) as record:
        later = {"R1-3": 2}
        sitting = record.standing.sittings["R1"]
        trials = tuple(replace(t, period=later.get(t.id, 1)) for t in sitting.trials)
        object.__setattr__(sitting, "trials", trials)
        session = begin(record)
        read(session, show(session))
        read(session, show(session))
        with pytest.raises(IllegalTransition, match="Period 2 opens on 2026-03-29"):
            show(session)
        clock.now += timedelta(days=28)
        assert show(session).period == 2


def test_a_clock_that_was_set_back_is_noted_and_harms_nothing(tmp_path: Path):
    clock = SetClock()
    path = make(tmp_path, clock=clock)
    with open_study(path, clock=clock) as study:
        session = begin(study)
        trial = show(session)
        clock.now -= timedelta(days=2)
        seq = say(session, trial, "sharpness", "A", 3.0)
        say(session, trial, "sharpness", "B", 2.0)
    with open_study(path, clock=clock) as study:
        assert study.standing.set_back[0][0] == seq
        assert study.standing.set_back[0][1] == pytest.approx(2 * 86400, abs=5)
        answers = study.standing.sittings["R1"].standing(trial.id).answers
        assert [answer.value for answer in answers] == [3.0, 2.0]


def test_a_voided_trial_does_not_count_as_read(tmp_path: Path):
    with open_study(make(tmp_path)) as study:
        session = begin(study)
        read(session, show(session))
        trial = show(session)
        read(session, trial)
        study.void(trial, "wrong series")
        assert study.progress()[0].missing == (trial.id,)


def test_the_gap_of_an_interruption_is_told_by_the_monotonic_clock_within_one_boot(tmp_path: Path):
    clock = SetClock()
    path = make(tmp_path, clock=clock)
    with open_study(path, clock=clock) as study:
        show(begin(study))
    clock.ticks += 600 * 10**9
    clock.now += timedelta(days=3)
    with open_study(path, clock=clock) as study:
        study.sign_in("R1", PASSPHRASE)
        told = study.links[-1].event
        assert (told.kind, told.data["clock"]) == ("interrupted", "monotonic")
        assert told.data["away_s"] == pytest.approx(601)
    clock.boots.append("boot 2")
    clock.ticks = 0
    clock.now += timedelta(seconds=3600)
    with open_study(path, clock=clock) as study:
        study.sign_in("R1", PASSPHRASE)
        told = study.links[-1].event
        assert told.data["clock"] == "wall"
        assert told.data["away_s"] == pytest.approx(3600, abs=10)


def test_a_study_file_is_never_written_over_and_never_left_in_half(tmp_path: Path):
    path = make(tmp_path)
    content = path.read_bytes()
    study = protocol()
    trials = trials_of(study)
    with pytest.raises(NotSaved, match="is there already"):
        create_study(path, study, trials, b"", b"", "cd" * 32, tmp_path / "other.jsonl")
    assert path.read_bytes() == content
    twice = (*trials, trials[0])
    half = tmp_path / "half.study"
    with pytest.raises(NotSaved, match="could not be made"):
        create_study(half, study, twice, b"", b"", "cd" * 32, tmp_path / "half.jsonl")
    assert not list(tmp_path.glob("half*"))
