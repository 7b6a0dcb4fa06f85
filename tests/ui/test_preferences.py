"""Preferences made from the settings' own descriptions."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QSpinBox,
    QToolButton,
)

from viewer.app.settings import Settings, described, with_value
from viewer.ui.preferences import HIDDEN, Preferences, grouped, titled


@pytest.fixture
def dialog(qtbot) -> Preferences:
    made = Preferences(with_value(Settings(), "viewing.cine_fps", 25.0))
    qtbot.addWidget(made)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    made.show()
    return made


def test_every_setting_has_its_row():
    paths = {setting.path for _, rows in grouped(Settings()) for setting in rows}
    assert paths == {setting.path for setting in described(Settings())} - set(HIDDEN)


def test_controls_fit_the_types_ranges_and_units(dialog):
    kinds = {
        "overlays.patient_name": QCheckBox,
        "viewing.interpolation": QComboBox,
        "viewing.cine_fps": QDoubleSpinBox,
        "memory.decoding_processes": QSpinBox,
        "viewing.window_presets": QLineEdit,
    }
    for path, kind in kinds.items():
        assert type(dialog.editor(path).control) is kind
    speed = dialog.editor("viewing.cine_fps").control
    assert (speed.minimum(), speed.maximum(), speed.value()) == (0.5, 120.0, 25.0)
    assert speed.suffix() == " frames/s"


def test_flicker_cannot_be_set_above_three_a_second(dialog):
    control = dialog.editor("viewing.flicker_hz").control
    control.setValue(50)
    assert control.value() == 3.0


def test_opening_the_dialog_changes_nothing(qtbot):
    told = []
    dialog = Preferences(Settings())
    qtbot.addWidget(dialog)
    dialog.value_changed.connect(lambda *args: told.append(args))
    dialog.show()
    assert told == []


@pytest.mark.parametrize(
    ("path", "change", "value"),
    [
        ("overlays.patient_name", lambda c: c.setChecked(False), False),
        ("viewing.interpolation", lambda c: c.setCurrentIndex(c.findData("cubic")), "cubic"),
        ("viewing.cine_fps", lambda c: c.setValue(30), 30.0),
        ("memory.decoding_processes", lambda c: c.setValue(3), 3),
    ],
)
def test_a_change_is_reported_with_its_path_and_fits_the_settings(
    dialog, qtbot, path, change, value
):
    with qtbot.waitSignal(dialog.value_changed) as signal:
        change(dialog.editor(path).control)
    assert signal.args == [path, value]
    assert type(signal.args[1]) is type(value)
    with_value(Settings(), *signal.args)


def test_text_is_reported_when_it_is_finished(dialog, qtbot):
    control = dialog.editor("viewing.window_presets").control
    with qtbot.waitSignal(dialog.value_changed) as signal:
        control.setText("/home/me/windows.toml")
        control.editingFinished.emit()
    assert signal.args == ["viewing.window_presets", "/home/me/windows.toml"]


def test_a_value_can_go_back_to_its_default(dialog, qtbot):
    editor = dialog.editor("viewing.cine_fps")
    back = editor.findChild(QToolButton)
    assert back.isEnabled()
    with qtbot.waitSignal(dialog.value_changed) as signal:
        back.click()
    assert signal.args == ["viewing.cine_fps", 15.0]
    assert not back.isEnabled()


def test_names_are_words():
    assert titled("patient_id") == "Patient ID"
    assert titled("flicker_hz") == "Flicker"
    assert titled("browser_width") == "Browser width"


def test_lines_are_used_when_the_focus_leaves_and_go_back_to_none(dialog, qtbot):
    editor = dialog.editor("enhance_ahead.rules")
    editor.control.setFocus()
    editor.control.setPlainText('method = "nlm"\n\nmethod = "tv"\n')
    told = []
    dialog.value_changed.connect(lambda path, value: told.append((path, value)))
    editor.control.clearFocus()
    assert told == [("enhance_ahead.rules", ('method = "nlm"', 'method = "tv"'))]
    editor.findChild(QToolButton).click()
    assert told[-1] == ("enhance_ahead.rules", ())
    assert editor.control.toPlainText() == ""
