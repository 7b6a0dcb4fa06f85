"""Choosing a method, strength, gates in words, running, comparing."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QProgressBar, QPushButton, QSlider, QSpinBox

from tests.ui.samples import ENHANCED_STATE, METHODS
from viewer.ui.controls import FactList, FigureTable
from viewer.ui.enhancement_panel import EMPTY_TEXT, EnhancementPanel, GateRow
from viewer.ui.spread_box import SpreadState


@pytest.fixture
def panel(qtbot) -> EnhancementPanel:
    made = EnhancementPanel()
    qtbot.addWidget(made)
    made.resize(290, 1000)
    made.set_state(ENHANCED_STATE)
    made.show()
    return made


def push(panel, title) -> QPushButton:
    return next(b for b in panel.findChildren(QPushButton) if b.text() == title)


def visible_texts(panel) -> list[str]:
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]


def test_without_a_series_it_says_what_to_do(panel):
    panel.set_state(None)
    assert EMPTY_TEXT in visible_texts(panel)
    assert not push(panel, "Enhance").isVisible()


def test_models_and_filters_are_told_apart(panel):
    box = panel.findChild(QComboBox)
    texts = [box.itemText(i) for i in range(box.count()) if box.itemText(i)]
    assert texts == ["CT denoise S  –  AI model", "Gaussian  –  Filter"]
    assert box.currentText().startswith("CT denoise S")
    assert METHODS[1].purpose in visible_texts(panel)


def test_choosing_a_method_asks_for_it(panel, qtbot):
    box = panel.findChild(QComboBox)
    with qtbot.waitSignal(panel.method_chosen) as signal:
        box.activated.emit(box.findData("gaussian"))
    assert signal.args == ["gaussian"]


def test_the_slider_reports_while_it_moves_and_once_when_it_rests(panel, qtbot):
    slider = panel.findChild(QSlider)
    moved, rested = [], []
    panel.strength_changed.connect(moved.append)
    panel.strength_settled.connect(rested.append)
    slider.setSliderDown(True)
    slider.setValue(50)
    slider.setValue(55)
    assert moved == [0.5, 0.55]
    assert rested == []
    slider.setSliderDown(False)
    assert rested == [0.55]
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert moved[-1] == rested[-1] == 0.56


def test_the_figure_follows_the_hand_before_the_state_does(panel):
    slider = panel.findChild(QSlider)
    slider.setSliderDown(True)
    slider.setValue(70)
    panel.set_state(ENHANCED_STATE)
    assert slider.value() == 70
    assert "70 %" in visible_texts(panel)
    slider.setSliderDown(False)
    panel.set_state(ENHANCED_STATE)
    assert slider.value() == 40


def test_what_is_reached_is_said_in_words(panel):
    assert "reached −38 % in flat regions (asked −40 %)" in visible_texts(panel)
    assert "NOISE CUT IN FLAT REGIONS" in visible_texts(panel)


def test_gates_are_words_and_what_passed_is_one_line(panel, qtbot):
    gates = (
        GateRow("warn", "Derived image", "The scanner says DERIVED."),
        GateRow("ok", "Modality"),
        GateRow("block", "Noise", "12 HU is below what the model knows."),
        GateRow("ok", "Unit"),
    )
    panel.set_state(replace(ENHANCED_STATE, gates=gates))
    qtbot.wait(1)
    names = [label.accessibleName() for label in panel.findChildren(QLabel) if label.isVisible()]
    found = [name for name in names if name.startswith(("Blocked:", "Warning:", "Passed:"))]
    assert found == [
        "Blocked: Noise: 12 HU is below what the model knows.",
        "Warning: Derived image: The scanner says DERIVED.",
        "Passed: Checked: modality, unit",
    ]


def test_a_blocked_method_cannot_run_and_says_why(panel):
    panel.set_state(replace(ENHANCED_STATE, blocked="This method is for CT.", has_result=False))
    assert not push(panel, "Enhance").isEnabled()
    assert "This method is for CT." in visible_texts(panel)


def test_running_shows_progress_and_offers_cancel_only(panel, qtbot):
    running = replace(ENHANCED_STATE, progress=0.3, progress_words="90 of 300 slices")
    panel.set_state(running)
    bar = panel.findChild(QProgressBar)
    assert bar.isVisible()
    assert bar.value() == 300
    assert not push(panel, "Enhance").isVisible()
    with qtbot.waitSignal(panel.cancel_requested):
        push(panel, "Cancel").click()
    panel.set_state(ENHANCED_STATE)
    assert not bar.isVisible()
    for title, signal in (
        ("Enhance", panel.run_requested),
        ("Save as DICOM", panel.save_requested),
    ):
        with qtbot.waitSignal(signal):
            push(panel, title).click()


def test_the_comparison_shown_is_the_programs_and_not_the_clicks(panel, qtbot):
    with qtbot.waitSignal(panel.comparison_chosen) as signal:
        push(panel, "Residual").click()
    assert signal.args == ["residual"]
    assert push(panel, "Side by side").isChecked()
    assert not push(panel, "Residual").isChecked()


def test_regions_are_compared_in_one_table(panel):
    table = panel.findChild(FigureTable)
    assert table.isVisible()
    assert table.as_text().splitlines() == [
        "\tOriginal\tEnhanced\tResidual",
        "Mean HU\t−612\t−612\t0",
        "Noise change\t\t−38 %\t",
    ]


def test_provenance_lists_every_fact(panel):
    assert panel.findChild(FactList).facts == ENHANCED_STATE.provenance


def test_results_are_hidden_until_there_are_some(panel):
    panel.set_state(replace(ENHANCED_STATE, has_result=False))
    assert not push(panel, "Swipe").isVisible()
    assert not push(panel, "Save as DICOM").isVisible()


SPREAD_SWITCH = "Show over the enhanced image"


def test_the_spread_is_asked_for_and_its_switch_follows_the_state(panel, qtbot):
    switch = push(panel, SPREAD_SWITCH)
    panel.set_state(replace(ENHANCED_STATE, spread=SpreadState("", False, "± 13 HU", "It held.")))
    with qtbot.waitSignal(panel.spread_toggled):
        qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)
    assert not switch.isChecked()
    panel.set_state(replace(ENHANCED_STATE, spread=SpreadState("", True, "± 13 HU", "It held.")))
    assert switch.isChecked()
    assert {"± 13 HU", "It held."} <= set(visible_texts(panel))


def test_without_a_spread_the_switch_is_off_with_the_reason(panel):
    panel.set_state(replace(ENHANCED_STATE, spread=SpreadState("Gaussian is a filter.")))
    assert not push(panel, SPREAD_SWITCH).isEnabled()
    assert "Gaussian is a filter." in visible_texts(panel)


def test_a_method_that_makes_finer_slices_asks_how_many_and_has_no_strength(panel, qtbot):
    number = panel.findChild(QSpinBox)
    assert not number.isVisible()
    words = "1.5 mm slices from 6.0 mm"
    state = replace(ENHANCED_STATE, has_strength=False, factor=4, factor_words=words)
    panel.set_state(state)
    assert number.isVisible()
    assert number.value() == 4
    assert words in visible_texts(panel)
    assert not panel.findChild(QSlider).isVisible()
    with qtbot.waitSignal(panel.factor_changed) as signal:
        number.setValue(5)
    assert signal.args == [5]
