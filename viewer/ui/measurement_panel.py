"""The list of measurements: jump to one, rename, delete, undo, copy."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.ui import icons, theme
from viewer.ui.controls import icon_button, label

EMPTY_TEXT = "Lengths, angles and regions that you draw are listed here. Choose a tool, then drag."
_ID = int(Qt.ItemDataRole.UserRole)

KIND_ICONS = {
    "length": "mdi6.ruler",
    "angle": "mdi6.angle-acute",
    "rectangle": "mdi6.vector-rectangle",
    "ellipse": "mdi6.ellipse-outline",
    "point": "mdi6.plus",
    "arrow": "mdi6.arrow-top-left",
}


@dataclass(frozen=True, slots=True)
class MeasurementRow:
    """One measurement as listed; `values` and `place` in words with units.

    `kind` is a MeasurementKind's value; `layer` is "" on acquired pixels, else the word for the
    synthetic ones it was drawn on ("on enhanced").
    """

    id: str
    kind: str
    values: str
    place: str = ""
    text: str = ""
    layer: str = ""


class _Rows(QTreeWidget):
    """The rows; keys are turned into signals of the panel."""

    key_pressed = Signal(str)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Turn Delete, F2 and Ctrl+C into intent."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.key_pressed.emit("copy")
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.key_pressed.emit("delete")
        elif event.key() == Qt.Key.Key_F2:
            self.key_pressed.emit("rename")
        else:
            super().keyPressEvent(event)


class MeasurementPanel(QWidget):
    """Measurements of the study, by series.

    Signals
    -------
    jump_requested : id of the measurement to show.
    selected : id of the one that became current ("" for none).
    renamed : id and the new text.
    delete_requested : tuple of ids.
    undo_requested, redo_requested : step back or forward.
    """

    jump_requested = Signal(str)
    selected = Signal(str)
    renamed = Signal(str, str)
    delete_requested = Signal(object)
    undo_requested = Signal()
    redo_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[MeasurementRow, ...] = ()
        self._rows = self._make_rows()
        self._undo = icon_button(icons.UNDO, "Undo", "Ctrl+Z")
        self._redo = icon_button(icons.REDO, "Redo", "Ctrl+Shift+Z")
        self._go = icon_button(icons.GO, "Go to the measurement", "Enter")
        self._copy = icon_button(icons.COPY, "Copy the list", "Ctrl+C")
        self._delete = icon_button(icons.DELETE, "Delete", "Del")
        self._undo.clicked.connect(self.undo_requested)
        self._redo.clicked.connect(self.redo_requested)
        self._go.clicked.connect(lambda: self._act("go"))
        self._copy.clicked.connect(lambda: self._act("copy"))
        self._delete.clicked.connect(lambda: self._act("delete"))
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for made in (self._undo, self._redo, self._go, self._copy, self._delete):
            buttons.addWidget(made)
        buttons.addStretch(1)
        self._empty = label(EMPTY_TEXT, "secondary")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self._rows)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(6)
        layout.addLayout(buttons)
        layout.addWidget(self._pages, 1)
        self.set_rows((), can_undo=False, can_redo=False)

    def _make_rows(self) -> _Rows:
        rows = _Rows()
        rows.setColumnCount(2)
        rows.setHeaderLabels(["Measurement", "Value"])
        rows.setRootIsDecorated(False)
        rows.setUniformRowHeights(False)
        rows.setWordWrap(True)
        rows.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        rows.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        rows.setAccessibleName("Measurements")
        rows.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        rows.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        rows.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        rows.header().setStretchLastSection(False)
        rows.itemActivated.connect(lambda row, _: self.jump_requested.emit(row.data(0, _ID)))
        rows.currentItemChanged.connect(
            lambda row, _: self.selected.emit(row.data(0, _ID) if row else "")
        )
        rows.itemChanged.connect(self._text_changed)
        rows.key_pressed.connect(self._act)
        rows.itemSelectionChanged.connect(self._refresh_buttons)
        rows.customContextMenuRequested.connect(self._show_menu)
        return rows

    def set_rows(self, rows: Sequence[MeasurementRow], *, can_undo: bool, can_redo: bool) -> None:
        """List these measurements; the selection stays on the ones that are still there."""
        self._undo.setEnabled(can_undo)
        self._redo.setEnabled(can_redo)
        rows = tuple(rows)
        if rows != self._shown:
            self._shown = rows
            self._fill(rows)
        self._pages.setCurrentWidget(self._rows if rows else self._empty)
        self._refresh_buttons()

    def _fill(self, rows: tuple[MeasurementRow, ...]) -> None:
        chosen = set(self.chosen())
        current = self._rows.currentItem()
        current_id = current.data(0, _ID) if current else ""
        with QSignalBlocker(self._rows):
            self._rows.clear()
            for row in rows:
                made = _listed(row)
                self._rows.addTopLevelItem(made)
                if row.id == current_id:
                    self._rows.setCurrentItem(made)
                made.setSelected(row.id in chosen)

    def select(self, identity: str) -> None:
        """Mark a measurement without asking to jump to it."""
        with QSignalBlocker(self._rows):
            for i in range(self._rows.topLevelItemCount()):
                row = self._rows.topLevelItem(i)
                if row is not None and row.data(0, _ID) == identity:
                    self._rows.setCurrentItem(row)
        self._refresh_buttons()

    def chosen(self) -> tuple[str, ...]:
        """Return the ids that are selected, in the list's order."""
        picked = {row.data(0, _ID) for row in self._rows.selectedItems()}
        return tuple(row.id for row in self._shown if row.id in picked)

    def as_text(self) -> str:
        """Return the list as lines of cells with tabs between them."""
        lines = [("Kind", "Text", "Values", "Where", "Layer")]
        for row in self._shown:
            values = row.values.replace("\n", ", ")
            lines.append((row.kind, row.text, values, row.place, row.layer))
        return "\n".join("\t".join(cells) for cells in lines)

    def _act(self, what: str) -> None:
        chosen = self.chosen()
        if what == "copy":
            QGuiApplication.clipboard().setText(self.as_text())
        elif what == "delete" and chosen:
            self.delete_requested.emit(chosen)
        elif what == "go" and chosen:
            self.jump_requested.emit(chosen[0])
        elif what == "rename" and chosen:
            row = self._rows.selectedItems()[0]
            with QSignalBlocker(self._rows):
                row.setText(0, self._row(chosen[0]).text)
                row.setFlags(row.flags() | Qt.ItemFlag.ItemIsEditable)
            self._rows.editItem(row, 0)

    def _row(self, identity: str) -> MeasurementRow:
        return next(row for row in self._shown if row.id == identity)

    def _text_changed(self, row: QTreeWidgetItem) -> None:
        """Hand on what was typed; the list shows it when it comes back as state."""
        typed = row.text(0).strip()
        identity = row.data(0, _ID)
        with QSignalBlocker(self._rows):
            row.setFlags(row.flags() & ~Qt.ItemFlag.ItemIsEditable)
            row.setText(0, _title(self._row(identity)))
        if typed != self._row(identity).text:
            self.renamed.emit(identity, typed)

    def _refresh_buttons(self) -> None:
        has_choice = bool(self._rows.selectedItems())
        self._go.setEnabled(has_choice)
        self._delete.setEnabled(has_choice)
        self._copy.setEnabled(bool(self._shown))

    def _show_menu(self, place: QPoint) -> None:
        if not self.chosen():
            return
        menu = QMenu(self)
        for what, words in (
            ("go", "Go to the measurement"),
            ("rename", "Rename"),
            ("copy", "Copy the list"),
            ("delete", "Delete"),
        ):
            action = menu.addAction(words)
            action.triggered.connect(lambda _=False, what=what: self._act(what))
        menu.exec(self._rows.viewport().mapToGlobal(place))


def _title(row: MeasurementRow) -> str:
    name = row.text or row.kind.capitalize()
    return "\n".join(part for part in (name, row.place, row.layer) if part)


def _listed(row: MeasurementRow) -> QTreeWidgetItem:
    made = QTreeWidgetItem([_title(row), row.values])
    made.setData(0, _ID, row.id)
    made.setIcon(0, icons.icon(KIND_ICONS.get(row.kind, "mdi6.ruler"), theme.MEASUREMENT))
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
    made.setTextAlignment(1, right)
    made.setToolTip(0, " · ".join(part for part in (row.text, row.place, row.layer) if part))
    made.setToolTip(1, row.values)
    return made
