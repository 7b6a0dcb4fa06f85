"""A main window on a session that exists in memory only."""

from pathlib import Path

from pytestqt.qtbot import QtBot

from tests.sessions import new_session
from viewer.app.session import Session
from viewer.ui.main_window import MainWindow


def new_window(qtbot: QtBot, home: Path) -> tuple[MainWindow, Session]:
    """Return a shown window of 1280 x 800 and its session; jobs run at once."""
    session = new_session(home)
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.resize(1280, 800)
    with qtbot.waitActive(window):
        window.show()
    return (window, session)
