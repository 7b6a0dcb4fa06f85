"""Keys belong to the control that has the focus where they mean something to it."""

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QListWidget,
    QPushButton,
    QSlider,
    QTabBar,
    QTableWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from viewer.ui.keys import belongs_to

Key, Modifier = Qt.Key, Qt.KeyboardModifier
NONE, CTRL, SHIFT = Modifier.NoModifier, Modifier.ControlModifier, Modifier.ShiftModifier


@pytest.mark.parametrize(
    ("kind", "key", "modifiers", "expected"),
    [
        (QPushButton, Key.Key_Space, NONE, True),
        (QPushButton, Key.Key_W, NONE, False),
        (QPushButton, Key.Key_Down, NONE, False),
        (QListWidget, Key.Key_Down, NONE, True),
        (QListWidget, Key.Key_2, NONE, False),
        (QListWidget, Key.Key_C, CTRL, False),
        (QTableWidget, Key.Key_C, CTRL, True),
        (QSlider, Key.Key_Left, NONE, True),
        (QSlider, Key.Key_Space, NONE, False),
        (QComboBox, Key.Key_Down, NONE, True),
        (QTabBar, Key.Key_Right, NONE, True),
        (QDoubleSpinBox, Key.Key_Up, NONE, True),
        (QDoubleSpinBox, Key.Key_Z, CTRL, True),
        (QLineEdit, Key.Key_Home, SHIFT, True),
        (QLineEdit, Key.Key_K, CTRL, False),
        (QWidget, Key.Key_Space, NONE, False),
    ],
)
def test_a_key_goes_to_the_control_only_where_it_means_something_there(
    qtbot: QtBot, kind: type[QWidget], key: Key, modifiers: Modifier, expected: bool
) -> None:
    widget = QSlider(Qt.Orientation.Horizontal) if kind is QSlider else kind()
    qtbot.addWidget(widget)
    event = QKeyEvent(QEvent.Type.ShortcutOverride, key, modifiers)
    assert belongs_to(widget, event) is expected


def test_without_a_focus_every_key_is_for_the_images() -> None:
    event = QKeyEvent(QEvent.Type.ShortcutOverride, Key.Key_Space, NONE)
    assert not belongs_to(None, event)
