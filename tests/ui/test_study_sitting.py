"""A whole sitting over a real record: read, left in the middle, taken up again, and signed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.sessions import new_session
from tests.study_fake import Shelf, protocol, trials
from tests.ui.study_windows import keys, settle
from viewer.app import sitting_down
from viewer.app.reading_room import for_reading
from viewer.reader.record import StudyRecord, create_study, open_study
from viewer.reader.trials import SessionState
from viewer.ui import study_door
from viewer.ui.study_display import DisplayPage
from viewer.ui.study_door import StudyDoor
from viewer.ui.study_progress import ProgressPage
from viewer.ui.study_steps import ConsentPage, DonePage, SignPage
from viewer.ui.study_window import StudyWindow

SECRET = "a long passphrase"
PAIR = "4\n3\n2\n5\n1\n"


@pytest.fixture
def record(tmp_path: Path) -> StudyRecord:
    path, log = tmp_path / "liver.study", tmp_path / "log.jsonl"
    made = protocol(cases=3)
    create_study(path, made, trials(made), b"sealed", b"k" * 32, "ab" * 32, log)
    opened = open_study(path, log)
    opened.open_for_reading()
    opened.set_passphrase("R1", SECRET)
    yield opened
    opened.close()


def seated(qtbot: QtBot, home: Path, record: StudyRecord) -> StudyWindow:
    """Return the window of the first reader; images come from memory by their tokens."""
    session, shelf = for_reading(new_session(home)), Shelf()
    reading = sitting_down.sit_down(
        record, "R1", SECRET, session.jobs, lambda path, _key: shelf.load(path.name)
    )
    window = StudyWindow(session, reading, seed=1)
    qtbot.addWidget(window)
    window.resize(1280, 800)
    with qtbot.waitActive(window):
        window.show()
    settle(qtbot, window)
    return window


def pass_the_door(qtbot: QtBot, window: StudyWindow) -> None:
    """Agree, and find everything on the display."""
    consent = window.stack.currentWidget()
    assert isinstance(consent, ConsentPage)
    consent.reading.verticalScrollBar().setValue(10**6)
    consent.box.setChecked(True)
    consent.enter()
    check = window.stack.currentWidget()
    assert isinstance(check, DisplayPage)
    for place, disc in enumerate(check.discs):
        check.choose(place, disc.corner)
    check.choose(4, check.blocks.kinds.index("plain"))
    check.luminance.setText("400 cd/m²")
    check.enter()
    settle(qtbot, window)


def test_a_sitting_is_taken_up_where_it_was_left_and_signed_at_the_end(
    qtbot: QtBot, tmp_path: Path, record: StudyRecord
) -> None:
    window = seated(qtbot, tmp_path, record)
    pass_the_door(qtbot, window)
    keys(qtbot, window, PAIR + "\n" + "4\n3\n")
    window.close()
    window = seated(qtbot, tmp_path, record)
    assert window.page._done.text() == "Case 1 of 2"
    assert window._reading.form.active == ("noise", "A")
    keys(qtbot, window, "2\n5\n1\n" + PAIR)
    keys(qtbot, window, "13")
    sign = window.stack.currentWidget()
    assert isinstance(sign, SignPage)
    sign.passphrase.setText("not it at all")
    sign.enter()
    assert "not the passphrase" in sign.problem.text()
    sign.passphrase.setText(SECRET)
    sign.enter()
    done = window.stack.currentWidget()
    assert isinstance(done, DonePage)
    assert done.hash.text() == record.head
    assert record.standing.sittings["R1"].state is SessionState.SIGNED
    guesses = {guess.trial: guess.position for guess in record.standing.sittings["R1"].guesses}
    assert guesses == {"t1": "A", "t2": ""}
    is_intact, words = sitting_down.verify_words(record)
    assert is_intact, words


def test_what_the_record_holds_of_a_sitting_names_no_arm(
    qtbot: QtBot, tmp_path: Path, record: StudyRecord
) -> None:
    window = seated(qtbot, tmp_path, record)
    pass_the_door(qtbot, window)
    keys(qtbot, window, PAIR)
    window.close()
    told = " ".join(str(link.payload) for link in record.links).lower()
    assert "t0" in told
    assert not [word for word in ("denois", "enhanced", "test-") if word in told]


def test_a_pause_and_an_emergency_break_are_in_the_record(
    qtbot: QtBot, tmp_path: Path, record: StudyRecord
) -> None:
    window = seated(qtbot, tmp_path, record)
    pass_the_door(qtbot, window)
    window.pause()
    assert record.standing.sittings["R1"].state is SessionState.PAUSED
    window.close()
    window = seated(qtbot, tmp_path, record)
    assert window.interlude.title.text() == "Paused"
    keys(qtbot, window, "\n")
    window.page.ask_reason("break")
    window.page.reason.reason.setText("patient at risk")
    window.page.reason.enter()
    assert "blinding broken" in [link.event.kind for link in record.links]
    keys(qtbot, window, PAIR)
    assert record.progress()[0].done == 0
    keys(qtbot, window, "\n" + PAIR)
    assert record.progress()[0].done == 1


def test_a_display_check_that_is_too_old_is_asked_for_again(
    qtbot: QtBot, tmp_path: Path, record: StudyRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = seated(qtbot, tmp_path, record)
    pass_the_door(qtbot, window)
    window.close()
    assert not sitting_down._is_check_due(record, "R1")

    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime.now(UTC) + timedelta(hours=25)

    monkeypatch.setattr(sitting_down, "datetime", Tomorrow)
    window = seated(qtbot, tmp_path, record)
    assert isinstance(window.stack.currentWidget(), DisplayPage)


def test_the_door_lets_nobody_in_without_the_passphrase(
    qtbot: QtBot, tmp_path: Path, record: StudyRecord
) -> None:
    door = StudyDoor(record)
    qtbot.addWidget(door)
    door.show()
    door.sign_in.passphrase.setText("wrong wrong wrong")
    QTest.keyClick(door, Qt.Key.Key_Return)
    assert "not the passphrase" in door.sign_in.problem.text()
    assert door.sign_in.passphrase.text() == ""


def test_the_door_opens_the_reading_window_and_comes_back_for_the_next_reader(
    qtbot: QtBot, record: StudyRecord
) -> None:
    door = StudyDoor(record)
    qtbot.addWidget(door)
    door.show()
    door.sign_in.passphrase.setText(SECRET)
    with qtbot.waitSignal(door.seated) as seat:
        door.sign_in.enter()
    (window,) = seat.args
    qtbot.addWidget(window)
    assert isinstance(window.stack.currentWidget(), ConsentPage)
    assert not door.isVisible()
    window.close()
    assert door.isVisible()


def test_the_coordinator_sees_counts_and_no_answer(
    qtbot: QtBot, tmp_path: Path, record: StudyRecord
) -> None:
    window = seated(qtbot, tmp_path, record)
    pass_the_door(qtbot, window)
    keys(qtbot, window, PAIR + "\n" + PAIR)
    window.page.ask_reason("skip")
    window.page.reason.reason.setText("motion")
    window.page.reason.enter()
    window.close()
    page = ProgressPage()
    qtbot.addWidget(page)
    page.set_rows(sitting_down.study_rows(record))
    cells = page.table.as_text().splitlines()
    assert cells[1].split("\t")[2:] == ["2 of 2", "0", "1", "0"]
    assert "no passphrase yet" in cells[2]
    words = "4\t3\t2\t5"
    assert words not in page.table.as_text()


def test_the_coordinator_sees_whether_the_record_is_intact(
    qtbot: QtBot, record: StudyRecord
) -> None:
    door = StudyDoor(record)
    qtbot.addWidget(door)
    door.show_progress()
    door.progress.verify_wanted.emit()
    assert "intact" in door.progress.verdict.text()
    lines = record.second_log.read_text(encoding="utf-8").splitlines(keepends=True)
    record.second_log.write_text("".join([*lines[:2], lines[2].replace("R1", "R2"), *lines[3:]]))
    door.progress.verify_wanted.emit()
    assert door.progress.verdict.property("severity") == "error"


def test_a_draft_is_told_to_be_locked_first(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PySide6.QtWidgets import QWidget

    told: list[str] = []
    monkeypatch.setattr("viewer.ui.dialogs.tell", lambda *words: told.append(words[2]))
    parent = QWidget()
    qtbot.addWidget(parent)
    assert study_door.open_door(parent, tmp_path / "study.toml") is None
    assert "diptych study lock" in told[0]
