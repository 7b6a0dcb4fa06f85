"""A reading window on a fake session whose images are made in memory; jobs run at once."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.sessions import new_session
from tests.study_fake import FakeSession, Shelf
from viewer.app.reading import Reading
from viewer.app.reading_room import for_reading
from viewer.ui.study_window import StudyWindow

KEYS = {"\n": Qt.Key.Key_Return, "<": Qt.Key.Key_Backspace, "x": Qt.Key.Key_Delete}


def reading_window(
    qtbot: QtBot, home: Path, fake: FakeSession, shelf: Shelf | None = None
) -> StudyWindow:
    """Return a shown reading window of 1280 x 800."""
    session = for_reading(new_session(home))
    reading = Reading(fake, (shelf or Shelf()).load, session.jobs)  # type: ignore[arg-type]
    window = StudyWindow(session, reading, seed=1)
    qtbot.addWidget(window)
    window.resize(1280, 800)
    with qtbot.waitActive(window):
        window.show()
    settle(qtbot, window)
    return window


def settle(qtbot: QtBot, window: StudyWindow) -> None:
    """Wait until a trial is on the screen, or another page."""
    qtbot.waitUntil(
        lambda: window.stack.currentWidget() is not window.page or window.page.is_presented
    )


def keys(qtbot: QtBot, window: StudyWindow, text: str) -> None:
    """Press keys as a reader does, each where the focus is: a line feed is Enter, < Backspace."""
    for letter in text:
        settle(qtbot, window)
        key = KEYS.get(letter) or Qt.Key(ord(letter))
        QTest.keyClick(QApplication.focusWidget() or window, key)
    settle(qtbot, window)
