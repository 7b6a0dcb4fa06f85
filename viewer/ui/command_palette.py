"""Find a command by typing a few of its letters."""

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFrame,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.ui import theme

_ID = int(Qt.ItemDataRole.UserRole)


class ListedCommand(Protocol):
    """A command as lists show it: `keys` as text, `menu` as its group."""

    @property
    def id(self) -> str:
        """Stable id."""

    @property
    def title(self) -> str:
        """A verb phrase."""

    @property
    def keys(self) -> str:
        """Keys as text, "" without any."""

    @property
    def menu(self) -> str:
        """The group that it belongs to."""

    @property
    def is_enabled(self) -> bool:
        """True when it makes sense now."""


def match_score(query: str, text: str) -> float | None:
    """Return how well the letters of `query` occur in order in `text`; None when they do not.

    Starts of words and letters in a row count more, and short texts before long ones.
    """
    wanted, there = query.casefold().replace(" ", ""), text.casefold()
    if not wanted:
        return 0.0
    whole = there.find(query.casefold().strip())
    if whole >= 0:
        at_word = whole == 0 or not there[whole - 1].isalnum()
        return 100.0 + (50.0 if at_word else 0.0) - len(there) / 100
    score, place, previous = 0.0, 0, -2
    for letter in wanted:
        found = there.find(letter, place)
        if found < 0:
            return None
        at_word = found == 0 or not there[found - 1].isalnum()
        score += 1.0 + (3.0 if at_word else 0.0) + (2.0 if found == previous + 1 else 0.0)
        previous, place = found, found + 1
    return score - len(there) / 100


def ranked(query: str, commands: Sequence[ListedCommand]) -> tuple[ListedCommand, ...]:
    """Return the commands that match, the best first; what makes sense now comes before the rest.

    Without a query they keep their order.
    """
    scored = []
    for i, command in enumerate(commands):
        score = match_score(query, command.title)
        if score is None:
            by_menu = match_score(query, f"{command.menu} {command.title}")
            score = None if by_menu is None else by_menu / 2
        if score is not None:
            scored.append((not command.is_enabled, -score, i, command))
    return tuple(row[3] for row in sorted(scored, key=lambda row: row[:3]))


class CommandPalette(QDialog):
    """A field and the commands that fit it; Enter runs the marked one.

    Signals
    -------
    command_triggered : id of the chosen command, after the palette has closed.
    """

    command_triggered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName("Find a command")
        self.setStyleSheet(f"QDialog {{ border: 1px solid {theme.OUTLINE}; }}")
        self.resize(560, 380)
        self._commands: tuple[ListedCommand, ...] = ()
        self._field = QLineEdit()
        self._field.setPlaceholderText("Type what you want to do")
        self._field.setAccessibleName("Find a command")
        self._field.textChanged.connect(self._fill)
        self._field.installEventFilter(self)
        self._list = QTreeWidget()
        self._list.setColumnCount(3)
        self._list.setHeaderHidden(True)
        self._list.setRootIsDecorated(False)
        self._list.setUniformRowHeights(True)
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setAccessibleName("Commands")
        self._list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self._list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._list.itemActivated.connect(lambda row, _: self._choose(row))
        self._list.itemClicked.connect(lambda row, _: self._choose(row))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addWidget(self._field)
        layout.addWidget(self._list)
        self._field.setFocus()

    def set_commands(self, commands: Sequence[ListedCommand]) -> None:
        """Offer these commands."""
        self._commands = tuple(commands)
        self._fill(self._field.text())

    def shown(self) -> tuple[str, ...]:
        """Return the ids that are listed, the best first."""
        rows = (self._list.topLevelItem(i) for i in range(self._list.topLevelItemCount()))
        return tuple(row.data(0, _ID) for row in rows if row is not None)

    def _fill(self, query: str) -> None:
        self._list.clear()
        for command in ranked(query, self._commands):
            row = QTreeWidgetItem([command.title, command.menu, command.keys])
            row.setData(0, _ID, command.id)
            row.setForeground(1, QColor(theme.SECONDARY))
            if not command.is_enabled:
                row.setDisabled(True)
                row.setForeground(0, QColor(theme.SECONDARY))
                row.setText(1, "not available now")
            self._list.addTopLevelItem(row)
        if not self._list.topLevelItemCount():
            nothing = QTreeWidgetItem(["No command fits these letters."])
            nothing.setDisabled(True)
            self._list.addTopLevelItem(nothing)
        self._mark(0)

    def _mark(self, place: int) -> None:
        """Mark the row at a place, counted round."""
        row = self._list.topLevelItem(place % max(self._list.topLevelItemCount(), 1))
        if row is not None:
            self._list.setCurrentItem(row)

    def _choose(self, row: QTreeWidgetItem | None) -> None:
        if row is None or row.isDisabled():
            return
        chosen = str(row.data(0, _ID))
        self.accept()
        self.command_triggered.emit(chosen)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the arrows move the mark and Enter choose while the field keeps the cursor."""
        if watched is self._field and isinstance(event, QKeyEvent):
            is_press = event.type() == QEvent.Type.KeyPress
            if is_press and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
                step = 1 if event.key() == Qt.Key.Key_Down else -1
                current = self._list.currentItem()
                here = self._list.indexOfTopLevelItem(current) if current else 0
                self._mark(here + step)
                return True
            if is_press and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose(self._list.currentItem())
                return True
        return super().eventFilter(watched, event)
