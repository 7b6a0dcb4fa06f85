"""A whole window on a real session, with hands to use it as a reader does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.journeys.hands import Hands
from viewer.app.jobs import Jobs
from viewer.app.starting import new_session
from viewer.ui.beginning import Courier
from viewer.ui.main_window import MainWindow
from viewer.ui.theme import apply_theme


@pytest.fixture
def courier() -> Courier:
    return Courier()


@pytest.fixture
def hands(qtbot, qapp: QApplication, fresh_home: Path, courier: Courier) -> Iterator[Hands]:
    """Return hands on a window of 1280 x 800 with nothing open; it is closed after the test."""
    if not qapp.styleSheet():
        apply_theme(qapp)
    session = new_session(Jobs(courier.deliver), fresh_home)
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    qtbot.waitActive(window).__enter__()
    made = Hands(window, qtbot)
    yield made
    window.close()
