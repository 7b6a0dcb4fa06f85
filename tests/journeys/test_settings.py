"""What a reader sets in the preferences is what happens."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QWidget

from tests.builders import ct_series
from tests.journeys.conftest import Opener
from tests.journeys.hands import Hands
from viewer.app.settings import with_value
from viewer.core.view import Interpolation


def change(hands: Hands, path: str, value: object) -> None:
    hands.session.change_settings(with_value(hands.workspace.settings, path, value))
    hands.rest()


PANELS: dict[str, Callable[[Hands], QWidget]] = {
    "browser": lambda hands: hands.window.browser,
    "inspector": lambda hands: hands.window.inspector.panel,
    "tools": lambda hands: hands.window.tools,
    "status": lambda hands: hands.window.status,
}


@pytest.mark.parametrize("name", PANELS)
def test_panels_are_shown_as_the_settings_say(hands: Hands, opener: Opener, name: str) -> None:
    assert PANELS[name](hands).isVisible()
    change(hands, f"panels.{name}", False)
    assert not PANELS[name](hands).isVisible()
    hands.press("F9")
    hands.press("F9")
    assert not PANELS[name](hands).isVisible()
    assert not PANELS[name](opener()).isVisible()
    change(hands, f"panels.{name}", True)
    assert PANELS[name](hands).isVisible()


def test_panels_come_back_as_wide_as_they_were(hands: Hands, opener: Opener) -> None:
    dock = hands.window.browser.parentWidget()
    assert isinstance(dock, QDockWidget)
    hands.window.resizeDocks([dock], [350], Qt.Orientation.Horizontal)
    hands.rest()
    assert hands.window.browser.width() == 350
    hands.window.close()
    assert opener().window.browser.width() == 350


def test_images_open_with_the_interpolation_of_the_settings(hands: Hands, tmp_path: Path) -> None:
    change(hands, "viewing.interpolation", Interpolation.CUBIC.value)
    ct_series(tmp_path / "study", 3)
    hands.open(tmp_path / "study")
    assert hands.state.interpolation is Interpolation.CUBIC
