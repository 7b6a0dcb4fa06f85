"""Disks that fill up, files that are damaged, windows that meet: said in words, nothing lost."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.reader.studies import PASSPHRASE, begin, make, read, say, show
from viewer.core.errors import DamagedRecord, IllegalTransition, NotSaved, UnsavedAnswer
from viewer.reader import second_log
from viewer.reader.reader_session import ReaderSession
from viewer.reader.record import StudyRecord, open_study
from viewer.reader.trials import Span, Trial
from viewer.reader.verify import restore, standing_of, verify


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a disk of 600 kB, where the tests may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)]
    if os.name != "posix" or os.geteuid() != 0 or subprocess.run(command, check=False).returncode:
        pytest.skip("a small disk can be mounted by root on Linux only")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def opened(path: Path) -> tuple[StudyRecord, Trial]:
    """Open a study with the first trial shown and one answer given."""
    study = open_study(path)
    session = begin(study)
    trial = show(session)
    say(session, trial, "sharpness", "A", 3.0)
    return study, trial


def values(path: Path, trial: Trial) -> list[float | None]:
    """Return the current answers that a fresh look at the file finds."""
    return [a.value for a in standing_of(path).sittings["R1"].standing(trial.id).answers]


def crashed(path: Path, folder: Path) -> Path:
    """Return a copy of an open study's files, as a power cut would leave them."""
    folder.mkdir()
    for name in (path.name, path.name + "-wal"):
        shutil.copy(path.with_name(name), folder / name)
    return folder / path.name


def fill(path: Path) -> None:
    """Write a file until there is no room."""
    with path.open("wb") as file:
        while True:
            os.write(file.fileno(), b"\0" * 4096)


def answer_on(session: ReaderSession, trial: Trial, acknowledged: list[float]) -> None:
    """Change an answer again and again."""
    for value in (1.0, 2.0) * 200:
        say(session, trial, "sharpness", "A", value)
        acknowledged.append(value)


# ------------------------------------------------------------------------------ disks


def test_a_full_disk_leaves_the_answer_unacknowledged_and_the_rest_safe(small_disk: Path):
    path = make(small_disk)
    study, trial = opened(path)
    session = study.sign_in("R1", PASSPHRASE)
    session.loading(trial)
    session.shown(trial)
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space"):
        fill(filler)
    acknowledged = [3.0]
    with pytest.raises(UnsavedAnswer, match="could not be written"):
        answer_on(session, trial, acknowledged)
    assert values(path, trial)[0] in (acknowledged[-1], 3.0 - acknowledged[-1])
    filler.unlink()
    say(session, trial, "sharpness", "A", 5.0)
    study.close()
    assert values(path, trial) == [5.0]
    assert verify(path).is_intact


def test_a_database_that_cannot_grow_says_so_and_goes_on_when_it_can(tmp_path: Path):
    path = make(tmp_path)
    study, trial = opened(path)
    session = study.sign_in("R1", PASSPHRASE)
    show(session)
    database = study._journal.store._db
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(UnsavedAnswer, match="full") as refused:
        answer_on(session, trial, [])
    assert "everything before it is" in str(refused.value)
    database.execute("PRAGMA max_page_count = 1000000")
    say(session, trial, "sharpness", "A", 5.0)
    study.close()
    assert verify(path).is_intact
    assert values(path, trial) == [5.0]


def test_an_answer_counts_as_saved_only_with_the_second_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = make(tmp_path)
    study, trial = opened(path)
    session = study.sign_in("R1", PASSPHRASE)
    show(session)

    def full(_file: int, content: bytes, _start: int) -> None:
        os.write(_file, content[:10])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(second_log, "_write", full)
        with pytest.raises(UnsavedAnswer, match=r"second log .*No space left"):
            say(session, trial, "sharpness", "A", 5.0)
        with pytest.raises(UnsavedAnswer):
            session.flag(trial, "motion")
    session.flag(trial, "motion")
    say(session, trial, "sharpness", "A", 5.0)
    say(session, trial, "sharpness", "B", 5.0)
    say(session, trial, "better", "", 5.0)
    with monkeypatch.context() as patch:
        patch.setattr(second_log, "_write", full)
        with pytest.raises(UnsavedAnswer):
            session.commit(trial, ())
    session.commit(trial, (Span("reading", 0, 1),))
    assert session.next_trial() != trial
    assert session.standing(trial).reservations == ("motion",)
    study.close()
    assert verify(path).is_intact
    assert values(path, trial) == [5.0, 5.0, 5.0]


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """Make a file or folder read-only, for root too."""
    mode = place.stat().st_mode
    place.chmod(mode & ~0o222)
    is_root = os.name == "posix" and os.geteuid() == 0
    command = ["mount", "--bind", str(place), str(place)]
    if is_root and subprocess.run(command, check=False).returncode:
        pytest.skip("nothing can be made read-only for root here")
    if is_root:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(place)], check=True)
    try:
        yield
    finally:
        if is_root:
            subprocess.run(["umount", str(place)], check=True)
        place.chmod(mode)


@pytest.mark.parametrize("is_folder", [True, False])
def test_a_study_that_cannot_be_written_is_refused_at_the_door(tmp_path: Path, is_folder: bool):
    path = make(tmp_path)
    with read_only(tmp_path if is_folder else path):
        with pytest.raises(NotSaved, match=r"(cannot|could not) be written"):
            open_study(path)
        assert verify(path).is_intact
        assert standing_of(path).locked.protocol.study.title == "Noise"


# ------------------------------------------------------------------------------ windows


def test_a_second_window_on_one_study_is_told_so(tmp_path: Path):
    path = make(tmp_path)
    with open_study(path):
        with pytest.raises(IllegalTransition, match="open in another window"):
            open_study(path)
        assert standing_of(path).locked.protocol_id == "ab" * 32
    with open_study(path) as study:
        assert study.findings == ()


def test_readers_take_turns_at_one_workstation(tmp_path: Path):
    with open_study(make(tmp_path)) as study:
        one, two = begin(study, "R1"), begin(study, "R2")
        read(one, show(one))
        read(two, show(two))
        assert [one.next_trial().number, two.next_trial().number] == [2, 2]


# ------------------------------------------------------------------------------ damage


def test_a_torn_end_of_the_second_log_is_healed(tmp_path: Path):
    path = make(tmp_path)
    study, trial = opened(path)
    log = study.second_log
    study.close()
    log.write_bytes(log.read_bytes()[:-25])
    with open_study(path) as study:
        assert study.findings == ("1 event stood in the study only and came into the second log.",)
    assert verify(path).is_intact
    assert values(path, trial) == [3.0]


def test_a_damaged_second_log_is_kept_aside_and_written_anew(tmp_path: Path):
    path = make(tmp_path)
    study, _trial = opened(path)
    log = study.second_log
    study.close()
    lines = log.read_bytes().split(b"\n")
    lines[3] = b"garbage"
    log.write_bytes(b"\n".join(lines))
    assert "Line 4" in " ".join(verify(path).problems)
    with open_study(path) as study:
        assert "line 4" in study.findings[0]
    assert log.with_name(log.name + ".damaged-1").exists()
    assert verify(path).is_intact


def test_a_lost_second_log_is_written_anew(tmp_path: Path):
    path = make(tmp_path)
    study, _trial = opened(path)
    study.second_log.unlink()
    study.close()
    assert "is missing" in verify(path).problems[0]
    with open_study(path) as study:
        assert "was missing" in study.findings[0]
    assert verify(path).is_intact


def test_a_lost_journal_of_the_database_comes_back_from_the_second_log(tmp_path: Path):
    path = make(tmp_path)
    study, trial = opened(path)
    copy = crashed(path, tmp_path / "copy")
    log = study.second_log
    copy.with_name(copy.name + "-wal").unlink()
    study.close()
    assert standing_of(copy).sittings["R1"].standing(trial.id).answers == ()
    assert "behind the second log" in verify(copy, log).notes[0]
    with open_study(copy, log) as study:
        assert "came back into the study" in study.findings[0]
    assert values(copy, trial) == [3.0]
    assert verify(copy, log).is_intact


def test_a_byte_that_was_changed_is_found_with_its_event(tmp_path: Path):
    path = make(tmp_path)
    opened(path)[0].close()
    content = path.read_bytes()
    assert content.count(b'"text_sha256":"0000') == 1
    path.write_bytes(content.replace(b'"text_sha256":"0000', b'"text_sha256":"0100'))
    found = verify(path)
    consent = 6
    assert found.broken_at == consent
    assert "changed after it was written" in found.problems[0]
    with pytest.raises(DamagedRecord, match=r"breaks at event 6.*study restore"):
        open_study(path)


def test_an_answer_that_was_changed_by_hand_is_found(tmp_path: Path):
    path = make(tmp_path)
    opened(path)[0].close()
    db = sqlite3.connect(path)
    db.execute("DROP TRIGGER answer_no_update")
    db.execute("UPDATE answer SET value = 5.0")
    db.commit()
    db.close()
    told = " ".join(verify(path).problems)
    assert "The table answer does not say what the events say" in told
    assert "The guards of answer were taken out" in told


def test_a_chain_that_was_written_anew_differs_from_the_second_log(tmp_path: Path):
    path = make(tmp_path)
    study, _trial = opened(path)
    log = study.second_log
    study.close()
    other = make(tmp_path / "other") if (tmp_path / "other").mkdir() is None else path
    shutil.copy(other, path)
    assert "differ from event 1 on" in verify(path, log).problems[0]
    with pytest.raises(DamagedRecord, match="differ from event 1"):
        open_study(path, log)


@pytest.mark.parametrize("size", [0, 100, 5000, 60000])
def test_a_truncated_database_is_restored_from_the_second_log(tmp_path: Path, size: int):
    path = make(tmp_path)
    study, trial = opened(path)
    log = study.second_log
    study.close()
    os.truncate(path, size)
    with pytest.raises(DamagedRecord):
        open_study(path)
    restored = tmp_path / "restored.study"
    assert restore(log, restored) > 5
    assert values(restored, trial) == [3.0]
    assert verify(restored, log).is_intact


def test_a_file_that_is_no_study_is_named(tmp_path: Path):
    path = tmp_path / "notes.study"
    path.write_text("not a database, and long enough to be looked at as one")
    with pytest.raises(DamagedRecord, match=r"notes\.study is no study of Diptych"):
        open_study(path)
    with pytest.raises(IllegalTransition, match="no study file"):
        open_study(tmp_path / "nowhere.study")
