"""Which keys belong to the control that has the focus, and not to the images."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QTabBar,
    QTableWidget,
    QTextEdit,
    QTreeWidget,
    QWidget,
)

Key = Qt.Key

_SIDEWAYS = {Key.Key_Left, Key.Key_Right, Key.Key_Home, Key.Key_End}
_STEPS = {Key.Key_Up, Key.Key_Down, Key.Key_PageUp, Key.Key_PageDown, Key.Key_Home, Key.Key_End}
_PRESS = {Key.Key_Space, Key.Key_Return, Key.Key_Enter}
_EDITING = {*_SIDEWAYS, *_STEPS, *_PRESS, Key.Key_Backspace, Key.Key_Delete}

_OWN: tuple[tuple[type[QWidget], frozenset[Key]], ...] = (
    (QLineEdit, frozenset(_EDITING)),
    (QAbstractSpinBox, frozenset(_EDITING)),
    (QTextEdit, frozenset(_EDITING)),
    (QAbstractItemView, frozenset({*_SIDEWAYS, *_STEPS, *_PRESS, Key.Key_Delete, Key.Key_F2})),
    (QComboBox, frozenset({*_STEPS, *_PRESS, Key.Key_F4})),
    (QAbstractSlider, frozenset({*_SIDEWAYS, *_STEPS})),
    (QAbstractButton, frozenset(_PRESS)),
    (QTabBar, frozenset(_SIDEWAYS)),
)

_TYPING = (QLineEdit, QAbstractSpinBox, QTextEdit)


def belongs_to(widget: QWidget | None, event: QKeyEvent) -> bool:
    """True when a key means something to the focused control: arrows in a list, Space on a button.

    Keys with Ctrl, Alt or Meta stay with the window, but for Ctrl+A, C, V, X and Z while typing
    and Ctrl+C in tables.
    """
    modifiers = event.modifiers() & ~(
        Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier
    )
    key = Key(event.key())
    if modifiers:
        is_control = modifiers == Qt.KeyboardModifier.ControlModifier
        edits = {Key.Key_A, Key.Key_C, Key.Key_V, Key.Key_X, Key.Key_Z}
        copies = key == Key.Key_C and isinstance(widget, QTableWidget | QTreeWidget)
        return is_control and (copies or (isinstance(widget, _TYPING) and key in edits))
    return any(isinstance(widget, kind) and key in keys for kind, keys in _OWN)


_FORM_KEYS = {
    Key.Key_Return: "Enter",
    Key.Key_Enter: "Enter",
    Key.Key_Backspace: "Back",
    Key.Key_Delete: "Delete",
    Key.Key_Left: "Left",
    Key.Key_Right: "Right",
    **{Key(Key.Key_0 + digit): str(digit) for digit in range(10)},
}


def form_key(event: QKeyEvent) -> str:
    """Return what a plain key is called in the form of a reading, "" where it is none of its."""
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    return "" if modifiers else _FORM_KEYS.get(Key(event.key()), "")
