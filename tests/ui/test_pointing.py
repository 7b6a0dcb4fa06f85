"""The hand on a view: which drag means what, and what is under the pointer."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from tests.sessions import put_layer, put_series
from tests.ui.windows import new_window
from viewer.app import comparing, measuring, opening
from viewer.app.session import Session
from viewer.core.measurement import MeasurementKind
from viewer.core.view import Comparison
from viewer.ui.main_window import MainWindow
from viewer.ui.pointing import Pointing

LEFT, RIGHT, MIDDLE = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.RightButton,
    Qt.MouseButton.MiddleButton,
)
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier

Opened = tuple[MainWindow, Session]


@pytest.fixture
def opened(qtbot: QtBot, tmp_path: Path) -> Opened:
    window, session = new_window(qtbot, tmp_path)
    opening.show_part(session, 0, put_series(session))
    qtbot.waitUntil(lambda: window.is_settled)
    return (window, session)


@pytest.fixture
def pointing(opened: Opened) -> Pointing:
    return opened[0].grid.active.pointing


def drag(
    pointing: Pointing,
    button: Qt.MouseButton,
    start: tuple[float, float],
    end: tuple[float, float],
    modifiers: Qt.KeyboardModifier = NONE,
) -> bool:
    pointing.press(QPointF(*start), button, modifiers)
    pointing.move(QPointF(*end))
    return pointing.release(QPointF(*end), button)


def test_places_and_points_map_onto_each_other(pointing: Pointing) -> None:
    place = QPointF(321.5, 234.25)
    there = pointing._to_place(pointing.to_mm(place))
    assert (there.x(), there.y()) == pytest.approx((place.x(), place.y()))


def test_a_right_click_asks_for_the_menu_and_a_right_drag_does_not(pointing: Pointing) -> None:
    assert drag(pointing, RIGHT, (300, 300), (301, 301))
    assert not drag(pointing, RIGHT, (300, 300), (300, 360))


def test_shift_moves_the_picture_with_any_tool(opened: Opened, pointing: Pointing) -> None:
    _, session = opened
    session.workspace.set_tool("length")
    drag(pointing, LEFT, (300, 300), (340, 300), SHIFT)
    assert session.workspace.views[0].pan_mm[0] > 0
    assert not pointing.is_busy


def test_fine_turns_of_the_wheel_are_collected(pointing: Pointing) -> None:
    assert [pointing.wheel_steps(-40) for _ in range(4)] == [0, 0, 1, 0]
    assert pointing.wheel_steps(240) == -1


def test_outlines_are_found_along_their_edges_and_not_inside(
    opened: Opened, pointing: Pointing
) -> None:
    _, session = opened
    corners = tuple(pointing.to_mm(QPointF(*place)) for place in ((200, 200), (400, 320)))
    made = measuring.add(session, 0, MeasurementKind.RECTANGLE, corners)
    assert pointing.measurement_at(QPointF(300, 202)) == made
    assert pointing.measurement_at(QPointF(398, 260)) == made
    assert pointing.measurement_at(QPointF(300, 260)) == ""


def test_a_measurement_on_another_slice_is_not_under_the_pointer(
    opened: Opened, pointing: Pointing
) -> None:
    window, session = opened
    ends = tuple(pointing.to_mm(QPointF(*place)) for place in ((200, 200), (400, 200)))
    measuring.add(session, 0, MeasurementKind.LENGTH, ends)
    assert pointing.measurement_at(QPointF(300, 200))
    window.run_command("slice.next")
    assert pointing.measurement_at(QPointF(300, 200)) == ""


def test_what_is_moved_is_drawn_once(opened: Opened, pointing: Pointing) -> None:
    window, session = opened
    ends = tuple(pointing.to_mm(QPointF(*place)) for place in ((200, 200), (400, 200)))
    made = measuring.add(session, 0, MeasurementKind.LENGTH, ends)
    pointing.press(QPointF(400, 200), LEFT, NONE)
    pointing.move(QPointF(450, 250))
    assert pointing.moving == made
    assert len(window.grid.active.picture().shapes) == 1
    pointing.cancel()
    assert pointing.moving == ""
    assert len(window.grid.active.picture().shapes) == 1


def test_the_divider_of_a_swipe_is_caught_near_its_line(opened: Opened, pointing: Pointing) -> None:
    window, session = opened
    put_layer(session, next(iter(session.workspace.volumes)))
    comparing.toggle(Comparison.SWIPE)(session)
    middle = window.grid.active.width() / 2
    drag(pointing, LEFT, (middle + 5, 300), (middle + 105, 300))
    share = session.workspace.views[0].swipe
    assert share == pytest.approx((middle + 105) / window.grid.active.width(), abs=0.01)


def test_a_region_sets_the_window_and_is_forgotten(opened: Opened, pointing: Pointing) -> None:
    _, session = opened
    session.workspace.set_tool("region_window")
    pointing.press(QPointF(200, 300), LEFT, NONE)
    pointing.move(QPointF(400, 420))
    assert pointing.region is not None
    pointing.release(QPointF(400, 420), LEFT)
    assert pointing.region is None
    assert session.workspace.views[0].window is not None


def test_a_region_of_a_few_pixels_changes_nothing(opened: Opened, pointing: Pointing) -> None:
    _, session = opened
    session.workspace.set_tool("region_window")
    drag(pointing, LEFT, (200, 300), (203, 302))
    assert session.workspace.views[0].window is None


def test_an_empty_view_ignores_the_hand(qtbot: QtBot, tmp_path: Path) -> None:
    window, session = new_window(qtbot, tmp_path)
    before = session.workspace.views[0]
    pointing = window.grid.active.pointing
    assert not drag(pointing, LEFT, (200, 300), (260, 300))
    assert session.workspace.views[0] == before
    assert pointing.cursor_at(QPointF(10, 10)) is Qt.CursorShape.ArrowCursor
