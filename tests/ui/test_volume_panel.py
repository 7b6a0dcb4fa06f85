"""The volume panel: presets, places of the eye, and sliders that cut faces away."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QListWidget, QPushButton, QSlider
from pytestqt.qtbot import QtBot

from viewer.ui.volume_panel import VolumePanel, VolumePanelState

STATE = VolumePanelState(
    "Series 4 · Chest",
    (("bone", "CT bone"), ("mip", "MIP")),
    "bone",
    ("front", "left"),
    ("Feet", "Head", "Front", "Back", "Right", "Left"),
    (0.0, 0.25, 0.0, 0.0, 0.0, 0.0),
)


@pytest.fixture
def panel(qtbot: QtBot) -> VolumePanel:
    made = VolumePanel()
    qtbot.addWidget(made)
    made.set_state(STATE)
    made.show()
    return made


def slider(panel: VolumePanel, face: str) -> QSlider:
    name = f"Cut away from {face}, percent"
    return next(s for s in panel.findChildren(QSlider) if s.accessibleName() == name)


def push(panel: VolumePanel, title: str) -> QPushButton:
    return next(b for b in panel.findChildren(QPushButton) if b.text() == title)


def test_the_state_is_shown_without_asking_for_anything(panel: VolumePanel, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(panel.cut_changed), qtbot.assertNotEmitted(panel.preset_chosen):
        panel.set_state(replace(STATE, chosen="mip", cuts=(0.5, 0, 0, 0, 0, 0)))
    assert slider(panel, "feet").value() == 50
    assert slider(panel, "head").value() == 0
    rows = panel.findChild(QListWidget)
    assert rows is not None
    assert rows.currentItem().text() == "MIP"


def test_a_slider_asks_for_its_face(panel: VolumePanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.cut_changed) as asked:
        slider(panel, "back").setValue(40)
    assert asked.args == [1, 1, 0.4]


def test_a_click_on_a_preset_asks_for_it(panel: VolumePanel, qtbot: QtBot) -> None:
    rows = panel.findChild(QListWidget)
    assert rows is not None
    with qtbot.waitSignal(panel.preset_chosen) as asked:
        rows.itemClicked.emit(rows.item(1))
    assert asked.args == ["mip"]


def test_buttons_ask_for_a_side_and_for_the_whole(panel: VolumePanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.look_chosen) as asked:
        push(panel, "Left").click()
    assert asked.args == ["left"]
    with qtbot.waitSignal(panel.whole_requested):
        push(panel, "Show all").click()
    panel.set_state(replace(STATE, cuts=(0.0,) * 6))
    assert not push(panel, "Show all").isEnabled()
