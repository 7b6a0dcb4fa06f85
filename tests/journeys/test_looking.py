"""A reader opens a folder and looks: scroll, window, zoom, pan, layouts, keys."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from tests.builders import Acquisition, ct_series
from tests.journeys.hands import LEFT, MIDDLE, RIGHT, Hands
from viewer.core.view import Plane

SLICES = 12


@pytest.fixture
def study(tmp_path: Path) -> Path:
    ct_series(tmp_path / "study" / "a", SLICES)
    ct_series(tmp_path / "study" / "b", 5, settings=Acquisition(series="thick", step_mm=4.0))
    return tmp_path / "study"


@pytest.fixture
def opened(hands: Hands, study: Path) -> Hands:
    hands.open(study)
    return hands


def test_opening_a_folder_fills_the_browser_and_shows_the_first_series(opened: Hands) -> None:
    assert len(opened.workspace.studies) == 1
    (listed,) = opened.window.browser._studies
    assert (listed.patient_name, len(listed.parts)) == ("ALPHA, ADA", 2)
    assert abs(opened.slice_number - (SLICES + 1) / 2) < 1
    assert opened.pixels().max() > 100
    assert opened.messages == ()


def test_every_view_names_patient_study_and_series(opened: Hands) -> None:
    words = opened.texts()
    for expected in ("ALPHA, ADA", "ID DIP-1", "born 1970-12-31", "2024-02-29", "Series series"):
        assert expected in words


def test_the_wheel_scrolls_slices_and_changes_the_pixels(opened: Hands) -> None:
    before, pixels = opened.slice_number, opened.pixels()
    opened.wheel(2)
    opened.rest()
    assert opened.slice_number == before + 2
    assert not np.array_equal(opened.pixels(), pixels)
    opened.wheel(-99)
    assert opened.slice_number == 1


def test_a_left_drag_sideways_changes_the_width_alone(opened: Hands) -> None:
    before = opened.view.window_in_use()
    opened.drag(LEFT, (300, 300), (360, 300))
    after = opened.view.window_in_use()
    assert after.width > before.width
    assert after.centre == before.centre


def test_a_left_drag_downwards_raises_the_level_alone(opened: Hands) -> None:
    before = opened.view.window_in_use()
    opened.drag(LEFT, (300, 300), (300, 360))
    after = opened.view.window_in_use()
    assert after.centre > before.centre
    assert after.width == before.width


def test_a_right_drag_zooms_and_opens_no_menu(opened: Hands) -> None:
    opened.drag(RIGHT, (300, 300), (300, 200))
    assert opened.state.zoom > 1.2
    assert QApplication.activePopupWidget() is None


def test_a_right_click_opens_a_menu_of_what_fits(opened: Hands) -> None:
    opened.click(RIGHT, (300, 300))
    titles = [action.text() for action in opened.menu().actions()]
    assert {"Window", "Planes", "Enhance", "Reset view"} <= set(titles)
    opened.menu().close()


def test_a_middle_drag_moves_the_picture_with_the_hand(opened: Hands) -> None:
    place = QPoint(300, 300)
    under = opened.view.pointing.to_mm(place.toPointF())
    opened.drag(MIDDLE, (300, 300), (340, 320))
    opened.rest()
    there = opened.view.pointing.to_mm(QPoint(340, 320).toPointF())
    assert there == pytest.approx(under, abs=0.05)


def test_ctrl_and_wheel_zoom_at_the_pointer(opened: Hands) -> None:
    place = QPoint(200, 250)
    under = opened.view.pointing.to_mm(place.toPointF())
    before = opened.slice_number
    opened.wheel(-3, at=place, ctrl=True)
    opened.rest()
    assert opened.state.zoom > 1.4
    assert opened.slice_number == before
    assert opened.view.pointing.to_mm(place.toPointF()) == pytest.approx(under, abs=1e-6)


def test_a_double_click_maximises_a_view_and_brings_the_grid_back(opened: Hands) -> None:
    opened.press("Ctrl+4")
    opened.rest()
    assert len(opened.window.grid.shown) == 4
    opened.double_click(opened.viewport(1))
    assert opened.workspace.layout.shown == (1,)
    opened.double_click(opened.viewport(0))
    assert len(opened.workspace.layout.shown) == 4


def test_digits_choose_presets_and_zero_is_automatic(opened: Hands) -> None:
    opened.press("2")
    assert opened.view.window_in_use().name == "Lung"
    opened.press("0")
    low, high = opened.view.window_in_use().range
    values = opened.workspace.volumes[opened.shown].values[opened.slice_number - 1]
    assert (low, high) == pytest.approx(tuple(np.percentile(values, [1, 99])), abs=1)


def test_i_inverts_and_r_resets_everything(opened: Hands) -> None:
    start = opened.state
    grey = opened.pixels()[400, 380]
    opened.press("I")
    opened.rest()
    assert abs(int(opened.pixels()[400, 380][0]) - (255 - int(grey[0]))) <= 1
    opened.press("H")
    opened.drag(RIGHT, (300, 300), (300, 200))
    opened.press("R")
    assert opened.state == start


def test_arrows_page_keys_home_and_end_scroll(opened: Hands) -> None:
    opened.press("Home")
    assert opened.slice_number == 1
    opened.press("Down")
    assert opened.slice_number == 2
    opened.press("PgDown")
    assert opened.slice_number == SLICES
    opened.press("Up")
    assert opened.slice_number == SLICES - 1
    opened.press("PgUp")
    assert opened.slice_number == 1
    opened.press("End")
    assert opened.slice_number == SLICES


def test_left_and_right_change_the_series(opened: Hands) -> None:
    first = opened.shown
    opened.press("Right")
    opened.rest()
    assert opened.shown != first
    opened.press("Left")
    assert opened.shown == first


def test_space_plays_and_pauses(opened: Hands) -> None:
    opened.press("Home")
    opened.press("Space")
    assert opened.window.tools.button("cine.toggle").isCheckable()
    opened.wait(lambda: opened.slice_number > 2)
    opened.press("Space")
    still = opened.slice_number
    QTest.qWait(200)
    assert opened.slice_number == still


def test_f9_leaves_only_images_and_brings_the_panels_back(opened: Hands) -> None:
    opened.press("F9")
    opened.wait(lambda: opened.view.width() == opened.window.width())
    opened.press("F9")
    opened.wait(lambda: opened.view.width() < opened.window.width() - 400)


def test_tab_moves_the_focus_from_view_to_view_and_on(opened: Hands) -> None:
    opened.press("Ctrl+2")
    opened.rest()
    assert opened.focused is opened.viewport(0)
    QTest.keyClick(opened.focused, Qt.Key.Key_Tab)
    assert opened.focused is opened.viewport(1)
    assert opened.workspace.active == 1
    QTest.keyClick(opened.focused, Qt.Key.Key_Tab)
    assert opened.focused not in opened.window.grid.shown


def test_digits_in_the_search_field_are_text_and_escape_gives_the_keys_back(opened: Hands) -> None:
    before = opened.view.window_in_use()
    opened.press("Ctrl+F")
    assert isinstance(opened.focused, QLineEdit)
    QTest.keyClicks(opened.focused, "20 W")
    assert opened.focused.text() == "20 W"
    assert opened.view.window_in_use() == before
    assert opened.workspace.tool == "window"
    QTest.keyClick(opened.focused, Qt.Key.Key_Escape)
    QTest.keyClick(opened.focused, Qt.Key.Key_Escape)
    assert opened.focused is opened.view


def test_space_on_a_button_presses_the_button_and_plays_nothing(opened: Hands) -> None:
    button = opened.window.tools.button("view.reset")
    opened.press("I")
    button.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert not opened.state.is_inverted
    assert not opened.window.cine.is_playing(0)


def test_the_tool_row_follows_the_tool_of_the_keyboard(opened: Hands) -> None:
    opened.press("L")
    opened.rest()
    assert opened.window.tools.button("tool.length").isChecked()
    assert not opened.window.tools.button("tool.window").isChecked()
    opened.press("Esc")
    opened.rest()
    assert opened.window.tools.button("tool.window").isChecked()


def test_the_value_under_the_pointer_has_its_unit(opened: Hands) -> None:
    centre = opened.view.rect().center()
    QTest.mouseMove(opened.view, centre)
    opened.wait(lambda: " HU" in opened.texts())


def test_a_window_from_a_region_spans_the_region_of_a_reformat(opened: Hands) -> None:
    opened.press("Alt+2")
    opened.rest()
    assert opened.state.plane is Plane.CORONAL
    opened.press("Shift+W")
    opened.drag(LEFT, (200, 300), (400, 380))
    window = opened.state.window
    assert window is not None
    low, high = window.range
    row = opened.workspace.volumes[opened.shown].geometry.to_index(opened.state.focus_mm)[1]
    values = opened.workspace.volumes[opened.shown].values[:, round(row), :]
    assert values.min() <= low < high <= values.max() + 1
