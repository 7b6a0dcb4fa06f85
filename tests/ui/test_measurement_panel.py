"""The list of measurements: jump, rename, delete, undo, copy."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QLineEdit, QToolButton, QTreeWidget

from tests.ui.samples import MEASUREMENTS
from viewer.ui.measurement_panel import EMPTY_TEXT, MeasurementPanel


@pytest.fixture
def panel(qtbot) -> MeasurementPanel:
    made = MeasurementPanel()
    qtbot.addWidget(made)
    made.resize(290, 600)
    made.set_rows(MEASUREMENTS, can_undo=True, can_redo=False)
    made.show()
    return made


def rows(panel) -> QTreeWidget:
    return panel.findChild(QTreeWidget)


def tool(panel, name) -> QToolButton:
    return next(b for b in panel.findChildren(QToolButton) if b.accessibleName() == name)


def test_an_empty_list_says_what_it_is_for(panel):
    panel.set_rows((), can_undo=False, can_redo=False)
    assert any(x.text() == EMPTY_TEXT for x in panel.findChildren(QLabel) if x.isVisible())


def test_values_and_places_are_listed(panel):
    texts = [
        (rows(panel).topLevelItem(i).text(0), rows(panel).topLevelItem(i).text(1)) for i in range(3)
    ]
    assert texts == [
        ("Length\nSeries 4, slice 123", "12.4 mm"),
        ("nodule\nSeries 4, slice 123", "mean −612 HU\nSD 24 HU"),
        ("Angle\nSeries 5, slice 3\non enhanced", "64.2°"),
    ]


def test_enter_jumps_to_the_measurement(panel, qtbot):
    panel.select("b")
    with qtbot.waitSignal(panel.jump_requested) as signal:
        qtbot.keyClick(rows(panel), Qt.Key.Key_Return)
    assert signal.args == ["b"]
    with qtbot.waitSignal(panel.jump_requested) as signal:
        tool(panel, "Go to the measurement").click()
    assert signal.args == ["b"]


def test_walking_through_the_list_names_the_current_one(panel, qtbot):
    panel.select("a")
    with qtbot.waitSignal(panel.selected) as signal:
        qtbot.keyClick(rows(panel), Qt.Key.Key_Down)
    assert signal.args == ["b"]


def test_marking_from_outside_asks_for_nothing(panel, qtbot):
    with qtbot.assertNotEmitted(panel.jump_requested), qtbot.assertNotEmitted(panel.selected):
        panel.select("c")
    assert panel.chosen() == ("c",)


def test_delete_names_everything_that_is_marked(panel, qtbot):
    for i in (0, 2):
        rows(panel).topLevelItem(i).setSelected(True)
    with qtbot.waitSignal(panel.delete_requested) as signal:
        qtbot.keyClick(rows(panel), Qt.Key.Key_Delete)
    assert signal.args == [("a", "c")]


def test_f2_renames_by_the_text_alone(panel, qtbot):
    panel.select("b")
    rows(panel).setFocus()
    qtbot.keyClick(rows(panel), Qt.Key.Key_F2)
    editor = rows(panel).findChild(QLineEdit)
    assert editor.text() == "nodule"
    editor.setText("nodule S6")
    with qtbot.waitSignal(panel.renamed) as signal:
        qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert signal.args == ["b", "nodule S6"]
    assert rows(panel).topLevelItem(1).text(0).startswith("nodule\n")


def test_the_selection_stays_while_values_change(panel):
    panel.select("b")
    changed = replace(MEASUREMENTS[0], values="13.0 mm")
    panel.set_rows((changed, *MEASUREMENTS[1:]), can_undo=True, can_redo=True)
    assert panel.chosen() == ("b",)
    assert rows(panel).topLevelItem(0).text(1) == "13.0 mm"


def test_undo_and_redo_follow_what_is_possible(panel, qtbot):
    assert tool(panel, "Undo").isEnabled()
    assert not tool(panel, "Redo").isEnabled()
    with qtbot.waitSignal(panel.undo_requested):
        tool(panel, "Undo").click()


def test_the_list_can_be_copied(panel):
    tool(panel, "Copy the list").click()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0] == "Kind\tText\tValues\tWhere\tLayer"
    assert lines[1] == "length\t\t12.4 mm\tSeries 4, slice 123\t"
