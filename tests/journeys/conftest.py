"""A whole window on a real session, with hands to use it as a reader does."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.journeys.hands import Hands
from viewer.app.jobs import Jobs
from viewer.app.starting import new_session
from viewer.ui.beginning import Courier
from viewer.ui.main_window import MainWindow
from viewer.ui.theme import apply_theme

Opener = Callable[[], Hands]


@pytest.fixture
def opener(qtbot: QtBot, qapp: QApplication, fresh_home: Path) -> Iterator[Opener]:
    """Return what starts the program: a window of 1280 x 800 with nothing open.

    Started twice it is the next start on the same machine. Windows are closed after the test.
    """
    if not qapp.styleSheet():
        apply_theme(qapp)
    made: list[tuple[MainWindow, Courier]] = []

    def start() -> Hands:
        courier = Courier()
        window = MainWindow(new_session(Jobs(courier.deliver), fresh_home))
        made.append((window, courier))
        qtbot.addWidget(window)
        window.resize(1280, 800)
        with qtbot.waitActive(window):
            window.show()
        return Hands(window, qtbot)

    yield start
    for window, _ in made:
        window.close()


@pytest.fixture
def hands(opener: Opener) -> Hands:
    """Return hands on a window with nothing open."""
    return opener()
