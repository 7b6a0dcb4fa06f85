"""The fields of one part of a study file, with what is wrong beside each."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from viewer.app.study_fields import Field, FieldKind, fields_of, idle_fields
from viewer.ui import theme
from viewer.ui.controls import label, set_severity

NAMES_WIDTH = 150
LINES_HEIGHT = 118
SHORT_HEIGHT = 62
SHORT = ("window", "ends", "show_if", "settings", "subgroups", "amendment")
"""Fields of lines that seldom hold more than two."""


class PartForm(QWidget):
    """Fields of a part; whatever a hand changes is told at once.

    Signals
    -------
    changed : name of the field, and its plain value, None for nothing.
    """

    changed = Signal(str, object)

    def __init__(
        self, part: str, suggestions: Mapping[str, Sequence[tuple[str, str]]] | None = None
    ) -> None:
        """Make the fields; `suggestions` are (value, words) by the name of a field."""
        super().__init__()
        self.part = part
        self._rows: dict[str, FieldRow] = {}
        self._names: dict[str, QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        grid.setColumnMinimumWidth(0, NAMES_WIDTH)
        grid.setColumnStretch(1, 1)
        for number, field in enumerate(fields_of(part)):
            row = FieldRow(field, (suggestions or {}).get(field.name, ()))
            row.changed.connect(lambda value, name=field.name: self.changed.emit(name, value))
            name = label(field.title, wraps=False)
            name.setMinimumHeight(theme.HIT)
            name.setBuddy(row.control)
            grid.addWidget(name, 3 * number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(row.control, 3 * number, 1)
            grid.addWidget(row.help, 3 * number + 1, 1)
            grid.addWidget(row.problem, 3 * number + 2, 1)
            self._rows[field.name], self._names[field.name] = row, name

    def row(self, name: str) -> "FieldRow":
        """Return the row of a field."""
        return self._rows[name]

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show the values of a part, and the fields that mean something; nothing is told."""
        idle = idle_fields(self.part, values)
        for name, row in self._rows.items():
            row.set_value(values.get(name))
            for widget in (self._names[name], row.control, row.help):
                widget.setVisible(name not in idle)

    def set_problems(self, problems: Mapping[str, str]) -> None:
        """Say beside each field what is wrong with it; nothing beside others."""
        for name, row in self._rows.items():
            row.set_problem(problems.get(name, ""))


class FieldRow(QWidget):
    """One field: its control, what it is for, and what is wrong with it."""

    changed = Signal(object)

    def __init__(self, field: Field, suggestions: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__()
        self.field = field
        self.control: QWidget = self._made(suggestions)
        self.control.setAccessibleName(field.title)
        self.control.setAccessibleDescription(field.help)
        self.help: QLabel = label(self._words(), "small")
        self.problem: QLabel = label()
        set_severity(self.problem, "error")
        self.problem.hide()
        self._is_quiet = False

    def _words(self) -> str:
        words = self.field.help.rstrip(".")
        words = f"{words[:1].upper()}{words[1:]}." if words else ""
        if self.field.default and self.field.kind not in (FieldKind.CHOICE, FieldKind.FLAG):
            words += f" {self.field.default} where nothing is written."
        return words.strip()

    def _made(self, suggestions: Sequence[tuple[str, str]]) -> QWidget:
        field = self.field
        if field.kind is FieldKind.FLAG:
            box = QCheckBox()
            box.toggled.connect(self._tell)
            return box
        if field.kind is FieldKind.CHOICE or suggestions:
            return self._combo(suggestions)
        if field.kind is FieldKind.LINES:
            area = QPlainTextEdit()
            area.setTabChangesFocus(True)
            area.setFixedHeight(SHORT_HEIGHT if field.name in SHORT else LINES_HEIGHT)
            area.textChanged.connect(lambda: self._tell(area.toPlainText()))
            return area
        line = QLineEdit()
        line.setPlaceholderText(field.default)
        line.textEdited.connect(self._tell)
        return line

    def _combo(self, suggestions: Sequence[tuple[str, str]]) -> QComboBox:
        box = QComboBox()
        box.setEditable(bool(suggestions))
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        for value, words in suggestions or [
            (one, one.replace("_", " ") or "not known") for one in self.field.options
        ]:
            box.addItem(words, value)
        if suggestions:
            box.lineEdit().textEdited.connect(self._tell)  # type: ignore[union-attr]
        box.activated.connect(lambda place: self._tell(box.itemData(place)))
        return box

    def set_value(self, value: object) -> None:
        """Show a value, or the default where there is none; nothing is told."""
        self._is_quiet = True
        try:
            told = "" if value is None else self._told(value)
            match self.control:
                case QCheckBox() as box:
                    box.setChecked(self.field.default == "yes" if value is None else bool(value))
                case QComboBox() as combo:
                    place = combo.findData(told or self.field.default)
                    combo.setCurrentIndex(place)
                    if place < 0 and combo.isEditable():
                        combo.setEditText(told)
                case QPlainTextEdit() as area:
                    if area.toPlainText() != told:
                        area.setPlainText(told)
                case QLineEdit() as line:
                    line.setText(told)
        finally:
            self._is_quiet = False

    def _told(self, value: object) -> str:
        try:
            return self.field.told(value)
        except (TypeError, ValueError, AttributeError, KeyError):
            return str(value)  # what stands there is of another kind; its fault is told beside it

    def set_problem(self, words: str) -> None:
        """Say what is wrong, or take that away."""
        self.problem.setText(words)
        self.problem.setVisible(bool(words))

    def _tell(self, given: object) -> None:
        if self._is_quiet:
            return
        if isinstance(given, bool):
            self.changed.emit(given)
            return
        text = str(given or "")
        is_kept = self.field.kind is FieldKind.LINES and self.field.read is str
        if not (text if is_kept else text.strip()):
            self.set_problem("")
            self.changed.emit("" if self.field.is_needed else None)
            return
        try:
            value = self.field.read(text if is_kept else text.strip())
        except ValueError as error:
            self.set_problem(str(error))
            return
        self.set_problem("")
        self.changed.emit(value)
