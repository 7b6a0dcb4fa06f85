"""The coordinator's page: what can be done when, what is asked, and what comes of it."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.app.test_amending import later, read_one
from tests.journeys.noisy import write_noisy_ct
from tests.reader.study_texts import study_text
from viewer.app.locking import lock_study
from viewer.app.studying import unpacked
from viewer.reader.record import StudyRecord, open_study
from viewer.reader.sealing import unseal_plan
from viewer.ui import dialogs
from viewer.ui.study_deeds import TITLES
from viewer.ui.study_door import StudyDoor

OWNER, READER = "correct horse battery", "a reader's passphrase"
ENDPOINT = '[[analysis.endpoints]]\nmeasure = "quality"\narm = "Q"\ncontrol = "P"\n'


@pytest.fixture
def record(tmp_path: Path):
    """A locked study of four cases and two readers."""
    for number in range(1, 5):
        write_noisy_ct(tmp_path / "draft" / f"c{number}", seed=number)
    file = tmp_path / "draft" / "study.toml"
    file.write_text(study_text(cases=4, readers=2, design="washout_days = 0", extra=ENDPOINT))
    path = lock_study(file, OWNER, lambda *_: None, second_log=tmp_path / "log").path
    with open_study(path) as found:
        yield found


@pytest.fixture
def door(qtbot: QtBot, record: StudyRecord) -> StudyDoor:
    made = StudyDoor(record)
    qtbot.addWidget(made)
    made.resize(1000, 800)
    made.show()
    made.show_progress()
    return made


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a form is answered with, beside what it suggests."""
    given: dict[str, str] = {}

    def answered(_parent, _title, _words, asked):
        return {one.name: given.get(one.name, one.text) for one in asked}

    monkeypatch.setattr(dialogs, "ask_form", answered)
    return given


def shown(door: StudyDoor) -> set[str]:
    deeds = door.progress.deeds
    return {deed for deed in TITLES if deeds.button(deed).isVisible()}


def press(door: StudyDoor, deed: str) -> str:
    door.progress.deeds.button(deed).click()
    return door.progress.verdict.text()


def read_all(record: StudyRecord) -> None:
    for reader in ("R1", "R2"):
        session = record.sign_in(reader, READER)
        session.consent("hash")
        session.display_checked((("contrast", "4 of 4"),))
        while session.next_trial() is not None:
            read_one(session)
        session.sign(READER, "I have read this")


def test_a_study_is_led_from_the_lock_to_its_report_in_the_window(
    qtbot: QtBot,
    door: StudyDoor,
    record: StudyRecord,
    answers: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert shown(door) == {"passphrase", "open", "amend", "package", "merge"}
    for reader in ("R1", "R2"):
        answers |= {"reader": reader, "passphrase": READER}
        assert "has a passphrase" in press(door, "passphrase")
    assert "open for reading" in press(door, "open")
    assert shown(door) == {"passphrase", "close", "amend", "package", "merge"}
    read_all(record)
    answers |= {"why": "all have signed", "passphrase": OWNER}
    assert "closed" in press(door, "close")
    assert "unblinded by Owner" in press(door, "unblind")
    assert shown(door) == {"analyse", "export", "archive", "package"}
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: str(tmp_path / "out"))
    opened: list[Path] = []
    monkeypatch.setattr(dialogs, "open_file", opened.append)
    press(door, "analyse")
    qtbot.waitUntil(lambda: bool(opened), timeout=60_000)
    assert opened == [tmp_path / "out" / "report.html"]
    assert opened[0].is_file()
    assert "quality, superiority" in door.progress.verdict.text()
    answers["kind"] = "csv"
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: str(tmp_path / "readings"))
    assert "readings.csv" in press(door, "export")
    assert "archived" in press(door, "archive")
    assert shown(door) == {"analyse", "export", "package"}


def test_a_wrong_passphrase_is_said_and_noted(
    door: StudyDoor, record: StudyRecord, answers: dict[str, str]
) -> None:
    press(door, "open")
    answers |= {"why": "it is late", "passphrase": "not the owner's"}
    press(door, "close")
    assert "does not open the sealed allocation" in press(door, "unblind")
    assert door.progress.verdict.property("severity") == "error"
    assert "unblind" in shown(door)
    assert record.links[-1].event.data == {"what": "unblinding"}


def test_nothing_is_done_where_the_answer_is_no(
    door: StudyDoor, record: StudyRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogs, "ask_form", lambda *_: None)
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: "")
    monkeypatch.setattr(dialogs, "ask_study", lambda *_: "")
    before = record.head
    for deed in shown(door):
        assert press(door, deed) == ""
    assert record.head == before


def test_a_reason_is_needed(door: StudyDoor, record: StudyRecord, answers: dict[str, str]) -> None:
    press(door, "open")
    answers["why"] = "  "
    assert "needs a reason" in press(door, "close")
    assert "close" in shown(door)


def test_a_later_version_and_a_package_come_from_the_window(
    door: StudyDoor,
    record: StudyRecord,
    answers: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    extra = '\n[[readers]]\ncode = "R3"\nname = "Late"\n'
    file = later(tmp_path / "draft" / "study.toml", extra=extra)
    monkeypatch.setattr(dialogs, "ask_study", lambda *_: str(file))
    answers["passphrase"] = OWNER
    assert "readers come in: R3" in press(door, "amend")
    assert door.progress.table.rowCount() == 3
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: str(tmp_path / "site.zip"))
    assert "files in" in press(door, "package")
    assert (tmp_path / "site.zip").is_file()
    file.write_text("[study")
    assert "This is not TOML" in press(door, "amend")


def test_what_a_site_read_is_merged_into_a_new_file(
    door: StudyDoor,
    record: StudyRecord,
    answers: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for reader in ("R1", "R2"):
        answers |= {"reader": reader, "passphrase": READER}
        press(door, "passphrase")
    press(door, "open")
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: str(tmp_path / "site.zip"))
    press(door, "package")
    site = unpacked(tmp_path / "site.zip", tmp_path / "site")
    with open_study(site) as copy:
        session = copy.sign_in("R2", READER)
        session.consent("hash")
        session.display_checked((("contrast", "4 of 4"),))
        read_one(session)
    monkeypatch.setattr(dialogs, "ask_study", lambda *_: str(site))
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: str(tmp_path / "both.study"))
    assert "R2 came in" in press(door, "merge")
    with open_study(tmp_path / "both.study") as both:
        assert [row.done for row in both.progress()] == [0, 1]


def sign_in(door: StudyDoor, passphrase: str) -> None:
    door.stack.setCurrentWidget(door.sign_in)
    door.sign_in.passphrase.setText(passphrase)
    door.sign_in.enter()


def test_a_reader_is_told_what_every_image_had_been_once_that_is_open(
    door: StudyDoor, record: StudyRecord, answers: dict[str, str]
) -> None:
    answers |= {"reader": "R1", "passphrase": READER}
    press(door, "passphrase")
    press(door, "open")
    session = record.sign_in("R1", READER)
    session.consent("hash")
    session.display_checked((("contrast", "4 of 4"),))
    while session.next_trial() is not None:
        read_one(session)
    plan = unseal_plan(record.sealed, OWNER)
    trials = session.sitting.trials
    is_ai = {trial.id: "Q" in trial.shown for trial in plan.allocation.of_reader("R1")}
    for trial in trials[:3]:
        session.guess(trial, "A" if is_ai[trial.id] else "none")
    session.guess(trials[3], "none" if is_ai[trials[3].id] else "A")
    session.guess(trials[4], "")
    answers |= {"why": "done", "passphrase": OWNER}
    press(door, "close")
    sign_in(door, READER)
    assert door.stack.currentWidget() is door.sign_in  # closed, and not open yet
    door.show_progress()
    press(door, "unblind")
    sign_in(door, "not the passphrase")
    assert door.stack.currentWidget() is door.sign_in
    sign_in(door, READER)
    assert door.stack.currentWidget() is door.told
    assert door.told.words.text().startswith("3 of your 4 guesses")
    rows = [line.split("\t") for line in door.told.table.as_text().splitlines()[1:]]
    assert len(rows) == 8
    names = {True: "enhanced (gaussian)", False: "original"}
    assert [row[2] for row in rows] == [names[is_ai[trial.id]] for trial in trials]
    assert [row[4] for row in rows[:5]] == ["right", "right", "right", "wrong", ""]
    assert rows[4][3] == "cannot tell"
    door.told.back_wanted.emit()
    assert door.stack.currentWidget() is door.sign_in
