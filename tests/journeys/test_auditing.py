"""A reader looks at what the residual audit lists, goes there, and opens the drift page."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QTreeWidget

from tests.journeys.conftest import Opener
from tests.journeys.hands import Hands
from tests.journeys.noisy import write_noisy_ct
from viewer.app.recording import log_path, read_log
from viewer.app.settings import with_value
from viewer.ui import view_grid
from viewer.ui.drift_page import DriftPage


@pytest.fixture
def beside(opener: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hands:
    """A blurring filter beside its original: it changes the edge of the disc."""
    monkeypatch.setattr(view_grid, "MARK_MS", 300)
    write_noisy_ct(tmp_path / "study")
    hands = opener()
    hands.open(tmp_path / "study")
    hands.window.enhance("gaussian", 0.4)
    hands.rest()
    return hands


def places(hands: Hands) -> QTreeWidget:
    found = hands.window.inspector.panel.enhancement_panel.findChildren(QTreeWidget)
    return next(tree for tree in found if tree.accessibleName().startswith("Places"))


def slice_in(words: str) -> int:
    return int(words.split("slice ")[1].split(",", maxsplit=1)[0])


def shown_slices(hands: Hands) -> set[int]:
    workspace = hands.workspace
    return {
        workspace.volumes[state.part].geometry.slice_of(state.focus_mm) + 1
        for state in (workspace.views[view] for view in (0, 1))
    }


def test_a_click_on_a_place_moves_both_views_there_and_points_at_it_for_a_moment(
    beside: Hands, qtbot: object
) -> None:
    rows = places(beside)
    row = rows.topLevelItem(rows.topLevelItemCount() - 1)
    QTest.mouseClick(
        rows.viewport(), Qt.MouseButton.LeftButton, pos=rows.visualItemRect(row).center()
    )
    assert shown_slices(beside) == {slice_in(row.text(0))}
    assert all(beside.viewport(view).picture().mark is not None for view in (0, 1))
    qtbot.waitUntil(lambda: beside.workspace.mark is None)
    assert beside.viewport(0).picture().mark is None


def test_enter_and_the_arrow_keys_go_from_place_to_place(beside: Hands) -> None:
    rows = places(beside)
    rows.setFocus()
    rows.setCurrentItem(rows.topLevelItem(0))
    QTest.keyClick(rows, Qt.Key.Key_Down)
    QTest.keyClick(rows, Qt.Key.Key_Return)
    assert shown_slices(beside) == {slice_in(rows.topLevelItem(1).text(0))}
    assert rows.hasFocus()


def test_j_goes_to_the_next_place_and_the_list_follows(beside: Hands) -> None:
    beside.press("J")
    beside.rest()
    rows = places(beside)
    assert shown_slices(beside) == {slice_in(rows.topLevelItem(0).text(0))}
    assert rows.currentItem() is rows.topLevelItem(0)


def test_the_list_stays_the_same_when_the_strength_changes(beside: Hands) -> None:
    rows = places(beside)
    before = [rows.topLevelItem(n).text(0) for n in range(rows.topLevelItemCount())]
    beside.window.inspector.panel.enhancement_panel.strength_settled.emit(0.8)
    beside.rest()
    assert [rows.topLevelItem(n).text(0) for n in range(rows.topLevelItemCount())] == before
    assert before


def test_each_enhancement_is_logged_once_and_coming_back_to_it_is_not(beside: Hands) -> None:
    home = beside.window.session.home
    assert len(read_log(home)[0]) == 1
    beside.press("E")
    beside.rest()
    beside.window.enhance("gaussian", 0.4)
    beside.rest()
    assert len(read_log(home)[0]) == 1
    beside.window.enhance("tv", 0.4)
    beside.rest()
    assert [use.method for use in read_log(home)[0]] == ["gaussian", "tv"]


def test_the_log_can_be_switched_off(hands: Hands, tmp_path: Path) -> None:
    settings = hands.workspace.settings
    hands.window.session.change_settings(with_value(settings, "enhancement.log_uses", False))
    write_noisy_ct(tmp_path / "study")
    hands.open(tmp_path / "study")
    hands.window.enhance("gaussian", 0.4)
    hands.rest()
    assert not log_path(hands.window.session.home).exists()


def test_the_drift_page_opens_from_the_menu_and_lists_what_was_done(beside: Hands) -> None:
    beside.window.run_command("drift.show")
    beside.rest()
    (page,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, DriftPage)]
    assert page.table.item(0, 0).text().startswith("gaussian")
    assert page.table.item(0, 6).text() == "learning 1 of 20"
    assert any("false alarm about once in 500" in w.text() for w in page.findChildren(QLabel))
    page.reject()


def test_a_new_baseline_from_the_page_shows_at_once(beside: Hands) -> None:
    beside.window.run_command("drift.show")
    beside.rest()
    (page,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, DriftPage)]
    page.restart_requested.emit(read_log(beside.window.session.home)[0][0].group)
    beside.wait(lambda: not page.table.isVisible())
    assert read_log(beside.window.session.home) == ((), ())
    page.reject()
