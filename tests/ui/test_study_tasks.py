"""From the window to a reader study: a new one, a draft, a locked one, a package."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.journeys.noisy import write_noisy_ct
from tests.reader.study_texts import study_text
from tests.sessions import new_session
from viewer.app.locking import lock_study
from viewer.app.studying import pack
from viewer.ui import dialogs, study_tasks
from viewer.ui.main_window import MainWindow
from viewer.ui.study_door import StudyDoor
from viewer.ui.study_editor import StudyEditor


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> MainWindow:
    made = MainWindow(new_session(tmp_path / "home"))
    qtbot.addWidget(made)
    return made


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The file of a small study; its locked copy lies beside it."""
    for number in (1, 2):
        write_noisy_ct(tmp_path / "draft" / f"c{number}", seed=number)
    file = tmp_path / "draft" / "study.toml"
    file.write_text(study_text(cases=2, readers=1))
    lock_study(file, "the owner's", lambda *_: None, second_log=tmp_path / "log")
    return file


def opened(kind: type) -> list:
    every = QApplication.topLevelWidgets()
    return [one for one in every if isinstance(one, kind) and one.isVisible()]


def close(kind: type) -> None:
    for one in opened(kind):
        one.close()


@pytest.mark.parametrize("words", list(study_tasks.BEGINNINGS))
def test_a_new_study_begins_with_a_template(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.setattr(dialogs, "ask_choice", lambda *_: words)
    window.run_command("study.new")
    (editor,) = opened(StudyEditor)
    assert editor.draft.count(("questions",)) >= 1
    assert "cases" in editor.faults.item(editor.faults.count() - 1).text()
    close(StudyEditor)
    monkeypatch.setattr(dialogs, "ask_choice", lambda *_: None)
    window.run_command("study.new")
    assert not opened(StudyEditor)


def test_a_draft_opens_in_the_editor_and_a_locked_study_at_its_door(
    window: MainWindow, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogs, "ask_study", lambda *_: str(study))
    window.run_command("study.read")
    (editor,) = opened(StudyEditor)
    assert editor.draft.path == study
    locked = study.parent / "study-locked" / "study.study"
    editor.locked.emit(locked)
    assert not editor.isVisible()
    (door,) = opened(StudyDoor)
    assert door.stack.currentWidget() is door.sign_in
    close(StudyDoor)


def test_a_package_is_unpacked_into_a_new_folder_and_opened(
    window: MainWindow, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(study.parent / "study-locked" / "study.study", tmp_path / "site.zip", "owner")
    monkeypatch.setattr(dialogs, "ask_study", lambda *_: str(tmp_path / "site.zip"))
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: str(tmp_path / "site"))
    window.run_command("study.read")
    assert (tmp_path / "site" / "study.study").is_file()
    (door,) = opened(StudyDoor)
    close(StudyDoor)
    assert door.owner_deeds is not None


def test_what_cannot_be_opened_is_told(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(dialogs, "tell", lambda *words: told.append(words[2]))
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: str(tmp_path / "out"))
    for name, content in (("a.toml", "[study"), ("b.zip", "no zip"), ("c.study", "no study")):
        (tmp_path / name).write_text(content)
        study_tasks.open_at(window, tmp_path / name)
    assert len(told) == 3
    assert all(told)
