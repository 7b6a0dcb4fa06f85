"""A reader measures: draws, moves, undoes, names, and finds it all again at the next start."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from tests.builders import ct_series
from tests.journeys.conftest import Opener
from tests.journeys.hands import LEFT, RIGHT, Hands
from viewer.app.measuring import of_part
from viewer.core.measurement import Measurement, MeasurementKind, length
from viewer.ui import dialogs


@pytest.fixture
def study(tmp_path: Path) -> Path:
    ct_series(tmp_path / "study", 6)
    return tmp_path / "study"


@pytest.fixture
def opened(hands: Hands, study: Path) -> Hands:
    hands.open(study)
    return hands


def drawn(hands: Hands) -> tuple[Measurement, ...]:
    return of_part(hands.workspace, hands.shown)


def test_a_length_is_drawn_in_millimetres_of_the_patient(opened: Hands) -> None:
    opened.press("L")
    opened.drag(LEFT, (200, 300), (400, 300))
    (measurement,) = drawn(opened)
    step = opened.view.request.mm_per_pixel
    assert length(measurement) == pytest.approx(200 * step)
    (shape,) = opened.view.picture().shapes
    assert shape.lines == (f"{length(measurement):.1f} mm",)


def test_a_length_can_be_clicked_point_by_point_and_shows_its_number_meanwhile(
    opened: Hands,
) -> None:
    opened.press("L")
    opened.click(LEFT, (200, 300))
    QTest.mouseMove(opened.view, QPoint(300, 300))
    (sketch,) = opened.view.pointing.sketch()
    assert sketch.lines[0].endswith(" mm")
    opened.click(LEFT, (300, 300))
    assert len(drawn(opened)) == 1


def test_escape_drops_what_is_being_drawn_and_then_the_tool(opened: Hands) -> None:
    opened.press("L")
    opened.click(LEFT, (200, 300))
    opened.press("Esc")
    assert opened.view.pointing.sketch() == ()
    assert opened.workspace.tool == "length"
    opened.press("Esc")
    assert opened.workspace.tool == "window"
    assert drawn(opened) == ()


def test_an_angle_takes_three_clicks(opened: Hands) -> None:
    opened.press("A")
    for place in ((300, 200), (300, 300), (400, 300)):
        opened.click(LEFT, place)
    (shape,) = opened.view.picture().shapes
    assert shape.lines == ("90.0°",)


def test_an_ellipse_shows_the_statistics_of_its_pixels(opened: Hands) -> None:
    opened.press("O")
    opened.drag(LEFT, (200, 300), (400, 420))
    (shape,) = opened.view.picture().shapes
    assert shape.lines[0].startswith("mean ")
    assert "HU" in shape.lines[0]
    assert "mm²" in shape.lines[1]


def test_undo_takes_back_and_redo_brings_again(opened: Hands) -> None:
    opened.press("L")
    opened.drag(LEFT, (200, 300), (400, 300))
    opened.press("Ctrl+Z")
    assert drawn(opened) == ()
    opened.press("Ctrl+Y")
    assert len(drawn(opened)) == 1


def test_a_point_is_moved_by_the_hand_and_not_drawn_twice_meanwhile(opened: Hands) -> None:
    opened.press("L")
    opened.drag(LEFT, (200, 300), (400, 300))
    opened.press("W")
    before = length(drawn(opened)[0])
    QTest.mousePress(opened.view, LEFT, pos=QPoint(400, 300))
    QTest.mouseMove(opened.view, QPoint(500, 300))
    assert len(opened.view.picture().shapes) == 1
    QTest.mouseRelease(opened.view, LEFT, pos=QPoint(500, 300))
    assert length(drawn(opened)[0]) == pytest.approx(before * 1.5)


def test_delete_removes_the_measurement_that_was_clicked(opened: Hands) -> None:
    opened.press("L")
    opened.drag(LEFT, (200, 300), (400, 300))
    opened.drag(LEFT, (200, 400), (400, 400))
    opened.press("W")
    opened.click(LEFT, (300, 300))
    opened.press("Del")
    (left,) = drawn(opened)
    assert opened.view.pointing.measurement_at(QPoint(300, 400).toPointF()) == left.id


def test_a_right_click_on_a_measurement_offers_to_delete_it(opened: Hands) -> None:
    opened.press("L")
    opened.drag(LEFT, (200, 300), (400, 300))
    opened.click(RIGHT, (300, 300))
    titles = {action.text(): action for action in opened.menu().actions()}
    titles["Delete measurement"].trigger()
    opened.menu().close()
    assert drawn(opened) == ()


def test_an_arrow_whose_text_is_not_given_goes_again(
    opened: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogs, "ask_text", lambda *_: None)
    opened.press("T")
    opened.drag(LEFT, (200, 300), (300, 300))
    assert drawn(opened) == ()


def test_an_arrow_asks_for_its_text(opened: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialogs, "ask_text", lambda *_: "nodule")
    opened.press("T")
    opened.drag(LEFT, (200, 300), (260, 340))
    opened.wait(lambda: drawn(opened)[0].text == "nodule")
    assert drawn(opened)[0].kind is MeasurementKind.ARROW


def test_the_list_names_the_measurement_and_jumps_to_it(opened: Hands) -> None:
    opened.press("Home")
    opened.press("L")
    opened.drag(LEFT, (200, 300), (400, 300))
    opened.rest()
    panel = opened.window.inspector.panel
    assert panel.current == "measurements"
    (row,) = panel.measurement_panel._shown
    assert "mm" in row.values
    assert "slice 1" in row.place
    opened.press("End")
    panel.measurement_panel.jump_requested.emit(row.id)
    assert opened.slice_number == 1


def test_measurements_are_there_again_when_the_study_is_opened_again(
    opened: Hands, study: Path, opener: Opener
) -> None:
    opened.press("L")
    opened.drag(LEFT, (200, 300), (400, 300))
    kept = drawn(opened)
    opened.window.close()
    again = opener()
    again.open(study)
    assert drawn(again) == kept


def test_a_full_disk_keeps_the_measurement_on_the_screen_and_says_so(
    opened: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("viewer.io.safely.os.replace", refuse)
    opened.press("L")
    opened.drag(LEFT, (200, 300), (400, 300))
    assert len(drawn(opened)) == 1
    assert any("No space left" in words or "full" in words for words in opened.messages)


def test_keys_in_the_list_belong_to_the_list(opened: Hands) -> None:
    opened.press("L")
    opened.drag(LEFT, (200, 300), (400, 300))
    opened.drag(LEFT, (200, 400), (400, 400))
    opened.rest()
    before = opened.slice_number
    rows = opened.window.inspector.panel.measurement_panel._rows
    rows.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(rows, Qt.Key.Key_Down)
    assert opened.slice_number == before
