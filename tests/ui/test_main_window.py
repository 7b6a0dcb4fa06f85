"""The window: panels follow what is active, menus fit, and it closes whatever fails."""

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from tests.sessions import put_layer, put_series
from tests.ui.windows import new_window
from viewer.app import opening
from viewer.app.jobs import Lane
from viewer.app.messages import warning
from viewer.app.session import Session
from viewer.ui.main_window import MainWindow
from viewer.ui.part_menu import fill_part_menu
from viewer.ui.view_menu import fill_view_menu

Opened = tuple[MainWindow, Session]


@pytest.fixture
def opened(qtbot: QtBot, tmp_path: Path) -> Opened:
    window, session = new_window(qtbot, tmp_path)
    opening.show_part(session, 0, put_series(session))
    qtbot.waitUntil(lambda: window.is_settled)
    return (window, session)


def titles(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if action.text()]


def test_messages_reach_the_status_line(opened: Opened) -> None:
    window, session = opened
    session.workspace.tell(warning("Two slices are missing.", "The gap is left empty."))
    assert window.status.messages[-1].text == "Two slices are missing. The gap is left empty."


def test_a_tool_chosen_in_the_row_is_the_tool(opened: Opened) -> None:
    window, session = opened
    window.tools.button("tool.zoom").click()
    assert session.workspace.tool == "zoom"
    assert window.tools.button("tool.zoom").isChecked()


def test_menus_tell_what_is_on(opened: Opened, qtbot: QtBot) -> None:
    window, session = opened
    assert window.actions_by_id.action("link.toggle").isChecked()
    window.run_command("link.toggle")
    qtbot.waitUntil(lambda: not window.actions_by_id.action("link.toggle").isChecked())
    assert not session.workspace.link.is_on


def test_what_makes_no_sense_is_disabled_and_does_nothing(opened: Opened) -> None:
    window, session = opened
    window.actions_by_id.refresh()
    assert not window.actions_by_id.action("compare.swipe").isEnabled()
    window.run_command("compare.swipe")
    put_layer(session, next(iter(session.workspace.volumes)))
    window.actions_by_id.refresh()
    assert window.actions_by_id.action("compare.swipe").isEnabled()


def test_no_two_commands_of_the_whole_window_share_a_key(opened: Opened) -> None:
    window, _ = opened
    keys = [
        shortcut.toString()
        for row in window.actions_by_id.rows()
        for shortcut in window.actions_by_id.action(row.id).shortcuts()
    ]
    assert len(keys) == len(set(keys))
    assert "" not in keys


def test_no_menu_takes_a_key_with_alt_that_a_command_has(opened: Opened) -> None:
    window, _ = opened
    assert not [action.text() for action in window.menuBar().actions() if "&" in action.text()]


def test_the_menu_of_a_view_fits_a_slice_and_a_volume(
    opened: Opened, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, _ = opened
    monkeypatch.setattr(window.grid.volumes, "ask", lambda _view, _order: None)
    menu = QMenu()
    qtbot.addWidget(menu)
    fill_view_menu(menu, window, QPoint(600, 400))
    assert {"Window", "Planes", "Compare", "Enhance", "Layout", "Reset view"} <= set(titles(menu))
    window.run_command("plane.volume")
    other = QMenu()
    qtbot.addWidget(other)
    fill_view_menu(other, window, QPoint(600, 400))
    assert {"CT bone", "CT lung", "MIP", "Planes"} <= set(titles(other))
    assert "Window" not in titles(other)


def test_presets_in_menus_have_their_own_names(opened: Opened, qtbot: QtBot) -> None:
    window, session = opened
    menu = QMenu()
    qtbot.addWidget(menu)
    window.actions_by_id.fill(menu, "Window")
    lung = next(action for action in menu.actions() if action.text().startswith("Lung"))
    lung.trigger()
    shown = session.workspace.views[0].window
    assert shown is not None
    assert shown.name == "Lung"


def test_a_series_of_the_browser_can_be_shown_beside(opened: Opened, qtbot: QtBot) -> None:
    window, session = opened
    other = put_series(session, "1.2.4")
    menu = QMenu()
    qtbot.addWidget(menu)
    fill_part_menu(menu, window, other)
    beside = next(action for action in menu.actions() if action.text() == "Show beside")
    beside.trigger()
    assert [session.workspace.views[view].part for view in (0, 1)][1] == other


def test_a_running_job_is_shown_and_can_be_cancelled(qtbot: QtBot, tmp_path: Path) -> None:
    window, session = new_window(qtbot, tmp_path)
    seen: list[bool] = []

    def work(progress: object) -> None:
        job = session.jobs.running[0]
        window._show_jobs()
        seen.append(window.status._job.isVisible())
        window._cancel_job(str(id(job)))
        seen.append(job.is_cancelled())

    session.jobs.submit(Lane.VISIBLE, "Loading images", work, lambda _result: None)
    assert seen == [True, True]


def test_the_focus_starts_on_the_images_and_escape_brings_it_back(opened: Opened) -> None:
    window, _ = opened
    assert window.grid.active.hasFocus()
    window.browser.focus_search()
    QTest.keySequence(window.browser._search, QKeySequence("Esc"))
    assert window.grid.active.hasFocus()


def test_a_step_that_fails_does_not_keep_the_window_open(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, session = opened
    told: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda _kind, error, _trace: told.append(error))
    closed: list[str] = []

    def fail() -> None:
        raise OSError("the timer is gone")

    monkeypatch.setattr(window.cine, "stop_all", fail)
    monkeypatch.setattr(session.images, "close", lambda: closed.append("images"))
    assert window.close()
    assert [str(error) for error in told] == ["the timer is gone"]
    assert closed == ["images"]


def test_the_library_is_asked_for_once(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, session = new_window(qtbot, tmp_path)
    asked: list[bool] = []
    monkeypatch.setattr(session.library, "show_studies", lambda: asked.append(True))
    window.load_later()
    window.load_later()
    assert asked == [True]


def test_a_screenshot_lists_no_library(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, session = new_window(qtbot, tmp_path)
    monkeypatch.setattr(session.library, "show_studies", lambda: pytest.fail("it was listed"))
    window = MainWindow(session, lists_library=False)
    qtbot.addWidget(window)
    window.load_later()
    window.close()


def test_the_file_menu_holds_every_command_of_its_own_once(opened: Opened) -> None:
    window, _ = opened
    menu = next(a.menu() for a in window.menuBar().actions() if a.text() == "File")
    shown = [title for title in titles(menu) if title != "Recent"]
    wanted = [row.title for row in window.actions_by_id.rows() if row.menu == "File"]
    assert sorted(shown) == sorted(wanted)
    assert shown[0] == "Open folder…"
    assert shown[-1] == "Quit"
