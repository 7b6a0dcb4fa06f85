"""The settings, generated from their own descriptions."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QScrollArea,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from viewer.app.settings import Setting, Settings, described
from viewer.ui import icons, theme
from viewer.ui.controls import button, icon_button, label

HIDDEN = ("recents",)
"""Kept by the program itself; there is nothing for a hand to change."""

_GENERAL = "General"
LINES_HEIGHT = 140


_ABBREVIATIONS = {"id": "ID", "mb": "", "hz": "", "fps": "speed", "cpu": "CPU", "cuda": "CUDA"}
_ABBREVIATIONS |= {"mps": "MPS"}


def titled(name: str) -> str:
    """Return a field's name as words, without its unit: "cache_mb" gives "Cache"."""
    words = (_ABBREVIATIONS.get(word, word) for word in name.split("_"))
    joined = " ".join(word for word in words if word)
    return joined[:1].upper() + joined[1:]


def grouped(settings: Settings) -> tuple[tuple[str, tuple[Setting, ...]], ...]:
    """Return the settings by page, in the order of the tree."""
    pages: dict[str, list[Setting]] = {}
    for setting in described(settings):
        if setting.path not in HIDDEN:
            head, _, rest = setting.path.partition(".")
            pages.setdefault(titled(head) if rest else _GENERAL, []).append(setting)
    return tuple((title, tuple(rows)) for title, rows in pages.items())


class Preferences(QDialog):
    """Pages of settings; every change is reported at once.

    Signals
    -------
    value_changed : path such as "viewing.cine_fps", and the new value.
    """

    value_changed = Signal(str, object)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Preferences")
        self.resize(760, 520)
        self._editors: dict[str, _Editor] = {}
        pages = QStackedWidget()
        names = QListWidget()
        names.setFixedWidth(160)
        names.setAccessibleName("Groups of settings")
        for title, rows in grouped(settings):
            row = QListWidgetItem(title, names)
            row.setSizeHint(QSize(0, theme.HIT))
            pages.addWidget(self._page(title, rows))
        names.currentRowChanged.connect(pages.setCurrentIndex)
        names.setCurrentRow(0)
        close = button("Close")
        close.clicked.connect(self.accept)
        body = QHBoxLayout()
        body.setSpacing(12)
        body.addWidget(names)
        body.addWidget(pages, 1)
        foot = QHBoxLayout()
        foot.addWidget(label("Changes are used and kept at once.", "secondary"), 1)
        foot.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(10)
        layout.addLayout(body, 1)
        layout.addLayout(foot)

    def _page(self, title: str, rows: tuple[Setting, ...]) -> QScrollArea:
        content = QWidget()
        grid = QGridLayout(content)
        grid.setContentsMargins(8, 4, 8, 4)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        for i, setting in enumerate(rows):
            editor = _Editor(setting)
            editor.changed.connect(lambda value, p=setting.path: self.value_changed.emit(p, value))
            self._editors[setting.path] = editor
            name = label(titled(setting.path.rpartition(".")[2]))
            name.setBuddy(editor.control)
            grid.addWidget(name, 2 * i, 0)
            grid.addWidget(editor, 2 * i, 1)
            is_box = isinstance(setting.value, bool)
            if words := _parted(setting.help)[1] if is_box else setting.help:
                grid.addWidget(label(words, "small"), 2 * i + 1, 1)
                grid.setRowMinimumHeight(2 * i + 1, 24)
        grid.setRowStretch(2 * len(rows), 1)
        area = QScrollArea()
        area.setWidget(content)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName(title)
        return area

    def editor(self, path: str) -> "_Editor":
        """Return the row that edits a setting."""
        return self._editors[path]


def _parted(words: str) -> tuple[str, str]:
    """Return the first sentence, without its full stop, for a box to tick, and the others."""
    first, _, rest = words.partition(". ")
    return first.rstrip("."), rest


class _Editor(QWidget):
    """One setting: the control that fits its type, and back to the default."""

    changed = Signal(object)

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self._setting = setting
        self.control, self._put = self._make_control()
        self.control.setToolTip(setting.help)
        self.control.setAccessibleName(titled(setting.path.rpartition(".")[2]))
        self.control.setAccessibleDescription(setting.help)
        self._default = icon_button(icons.UNDO, f"Back to the default: {_shown(setting)}")
        self._default.clicked.connect(self._reset)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.control, 1)
        row.addWidget(self._default)
        self._put(setting.value)
        self._default.setEnabled(setting.value != setting.default)
        self._is_ready = True

    _is_ready = False

    def _make_control(self) -> tuple[QWidget, Callable[[object], None]]:
        value = self._setting.value
        if isinstance(value, bool):
            return self._check_box()
        if self._setting.choices:
            return self._combo_box()
        if isinstance(value, int):
            return self._spin_box()
        if isinstance(value, float):
            return self._double_spin_box()
        if isinstance(value, tuple):
            return self._lines()
        line = QLineEdit()
        line.editingFinished.connect(lambda: self._tell(line.text()))
        return line, lambda v: line.setText(str(v))

    def _lines(self) -> tuple[QWidget, Callable[[object], None]]:
        """Edit words, one a line; they are used when the focus leaves."""
        area = _Lines()
        area.left.connect(lambda: self._tell(area.lines()))
        return area, lambda v: area.setPlainText("\n".join(v) if isinstance(v, tuple) else "")

    def _check_box(self) -> tuple[QWidget, Callable[[object], None]]:
        box = QCheckBox(_parted(self._setting.help)[0])
        box.toggled.connect(self._tell)
        return box, lambda v: box.setChecked(bool(v))

    def _combo_box(self) -> tuple[QWidget, Callable[[object], None]]:
        box = QComboBox()
        for choice in self._setting.choices:
            box.addItem(titled(choice), choice)
        box.currentIndexChanged.connect(lambda i: self._tell(box.itemData(i)))
        return box, lambda v: box.setCurrentIndex(box.findData(v))

    def _spin_box(self) -> tuple[QWidget, Callable[[object], None]]:
        box = QSpinBox()
        low, high = self._setting.limits or (-(2**31), 2**31 - 1)
        box.setRange(int(low), int(high))
        box.setKeyboardTracking(False)
        box.setSuffix(f" {self._setting.unit}" if self._setting.unit else "")
        box.valueChanged.connect(self._tell)
        return box, lambda v: box.setValue(v if isinstance(v, int) else 0)

    def _double_spin_box(self) -> tuple[QWidget, Callable[[object], None]]:
        box = QDoubleSpinBox()
        low, high = self._setting.limits or (-1e9, 1e9)
        box.setRange(low, high)
        box.setDecimals(2)
        box.setSingleStep(0.05 if high - low <= 1 else 0.5)
        box.setKeyboardTracking(False)
        box.setSuffix(f" {self._setting.unit}" if self._setting.unit else "")
        box.valueChanged.connect(self._tell)
        return box, lambda v: box.setValue(v if isinstance(v, float) else 0.0)

    def _tell(self, value: object) -> None:
        if self._is_ready:
            self._default.setEnabled(value != self._setting.default)
            self.changed.emit(value)

    def _reset(self) -> None:
        self._put(self._setting.default)
        if isinstance(self.control, QLineEdit | _Lines):
            self._tell(self._setting.default)


class _Lines(QPlainTextEdit):
    """Several lines of words.

    Signals
    -------
    left : the focus has gone elsewhere.
    """

    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumHeight(LINES_HEIGHT)
        self.setTabChangesFocus(True)

    def lines(self) -> tuple[str, ...]:
        """Return the lines that have something in them."""
        return tuple(line for line in self.toPlainText().splitlines() if line.strip())

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell that the words can be used now."""
        super().focusOutEvent(event)
        self.left.emit()


def _shown(setting: Setting) -> str:
    if isinstance(setting.default, tuple):
        return "none"
    if isinstance(setting.default, bool):
        return "on" if setting.default else "off"
    words = f"{setting.default} {setting.unit}".strip()
    return words or "empty"
