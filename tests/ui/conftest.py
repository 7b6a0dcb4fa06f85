"""What every test of the window gets: the theme, applied once."""

import pytest
from PySide6.QtWidgets import QApplication

from viewer.ui.theme import apply_theme


@pytest.fixture(autouse=True)
def themed(qapp: QApplication) -> QApplication:
    """Return the application in the reading-room look."""
    if not qapp.styleSheet():
        apply_theme(qapp)
    return qapp
