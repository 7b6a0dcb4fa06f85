"""Typed windows, lists of windows, and the histogram's span."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLabel, QListWidget, QPushButton

from tests.ui.samples import WINDOW_STATE
from viewer.ui.window_panel import EMPTY_TEXT, WindowPanel, window_decimals


@pytest.fixture
def panel(qtbot) -> WindowPanel:
    made = WindowPanel()
    qtbot.addWidget(made)
    made.resize(290, 700)
    made.set_state(WINDOW_STATE)
    made.show()
    return made


def number(panel, name) -> QDoubleSpinBox:
    return next(b for b in panel.findChildren(QDoubleSpinBox) if b.accessibleName() == name)


def push(panel, title) -> QPushButton:
    return next(b for b in panel.findChildren(QPushButton) if b.text() == title)


def test_without_a_series_it_says_what_it_is_for(panel):
    panel.set_state(None)
    assert any(label.text() == EMPTY_TEXT for label in panel.findChildren(QLabel))
    assert not push(panel, "Auto").isVisible()


def test_the_state_is_shown_without_asking_for_anything(panel, qtbot):
    with qtbot.assertNotEmitted(panel.window_edited):
        panel.set_state(replace(WINDOW_STATE, centre=-600.0, width=1500.0))
    assert number(panel, "Level (centre)").text() == "-600 HU"
    assert number(panel, "Width").text() == "1500 HU"


def test_the_typed_number_can_be_seen(panel):
    field = number(panel, "Width").lineEdit()
    needed = field.fontMetrics().horizontalAdvance("-10000 HU")
    assert field.width() >= needed


def test_typing_a_width_asks_for_the_window(panel, qtbot):
    width = number(panel, "Width")
    width.selectAll()
    qtbot.keyClicks(width, "350")
    with qtbot.waitSignal(panel.window_edited) as signal:
        qtbot.keyClick(width, Qt.Key.Key_Return)
    assert signal.args == [40.0, 350.0, "LINEAR"]


def test_a_width_below_one_is_not_asked_for(panel, qtbot):
    with qtbot.waitSignal(panel.window_edited) as signal:
        number(panel, "Width").setValue(-5)
    assert signal.args[1] == 1.0


def test_choosing_the_function_asks_for_it(panel, qtbot):
    box = next(b for b in panel.findChildren(QComboBox) if b.accessibleName() == "Window function")
    box.setCurrentIndex(box.findData("SIGMOID"))
    with qtbot.waitSignal(panel.window_edited) as signal:
        box.activated.emit(box.currentIndex())
    assert signal.args == [40.0, 400.0, "SIGMOID"]


def test_a_table_from_the_file_is_shown_but_cannot_be_typed(panel, qtbot):
    panel.set_state(replace(WINDOW_STATE, function="TABLE"))
    box = next(b for b in panel.findChildren(QComboBox) if b.accessibleName() == "Window function")
    assert box.currentText() == "Table from the file"
    with qtbot.assertNotEmitted(panel.window_edited):
        number(panel, "Width").setValue(123)
    panel.set_state(WINDOW_STATE)
    assert box.findData("TABLE") < 0


def test_windows_of_the_file_and_presets_are_listed_with_their_keys(panel, qtbot):
    rows = panel.findChild(QListWidget)
    texts = [rows.item(i).text().strip() for i in range(rows.count())]
    assert texts == [
        "Lung · W 1500  L −500 · from the file",
        "1  Soft tissue · W 400  L 40",
        "2  Lung · W 1500  L −600",
    ]
    assert rows.currentRow() == 1
    with qtbot.waitSignal(panel.choice_chosen) as signal:
        rows.itemActivated.emit(rows.item(0))
    assert signal.args == ["file:0"]


def test_buttons_ask_and_the_state_answers(panel, qtbot):
    for title, signal in (
        ("Auto", panel.auto_requested),
        ("From region", panel.region_requested),
        ("Invert", panel.invert_requested),
    ):
        with qtbot.waitSignal(signal):
            push(panel, title).click()
    assert not push(panel, "Invert").isChecked()
    panel.set_state(replace(WINDOW_STATE, is_inverted=True))
    assert push(panel, "Invert").isChecked()


def test_choosing_colours_asks_for_them(panel, qtbot):
    box = next(b for b in panel.findChildren(QComboBox) if b.accessibleName() == "Colour map")
    with qtbot.waitSignal(panel.colour_map_chosen) as signal:
        box.activated.emit(box.findData("hot"))
    assert signal.args == ["hot"]


def test_the_units_decide_on_the_digits(panel):
    panel.set_state(replace(WINDOW_STATE, centre=2.5, width=5.0, unit="SUVbw", decimals=2))
    assert number(panel, "Width").text() == "5.00 SUVbw"


@pytest.mark.parametrize(
    ("width", "decimals"), [(1500.0, 0), (20.0, 0), (10.0, 2), (0.5, 3), (0.0025, 5), (1e-12, 8)]
)
def test_small_windows_are_shown_with_enough_decimals(width, decimals):
    assert window_decimals(width) == decimals
