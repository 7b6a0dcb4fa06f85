"""The few controls that every panel is made of, so that all look and behave alike."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from viewer.ui import icons, theme


def button(title: str, icon: str = "", tip: str = "", *, is_checkable: bool = False) -> QPushButton:
    """Return a push button; its title is also its accessible name."""
    made = QPushButton(title)
    made.setAccessibleName(title)
    made.setCheckable(is_checkable)
    made.setToolTip(tip)
    made.setAutoDefault(False)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if icon:
        made.setIcon(icons.icon(icon))
        made.setIconSize(QSize(16, 16))
    return made


def icon_button(icon: str, name: str, key: str = "") -> QToolButton:
    """Return a flat button with an icon; `name` is its tooltip and accessible name."""
    made = QToolButton()
    made.setIcon(icons.icon(icon))
    made.setIconSize(theme.ICON_SIZE)
    made.setAccessibleName(name)
    made.setToolTip(tip_with_key(name, key))
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.setFixedSize(theme.HIT + 2, theme.HIT + 2)
    theme.set_role(made, "flat")
    return made


def tip_with_key(title: str, key: str) -> str:
    """Return the tooltip of a command, its key in brackets."""
    return f"{title} ({key})" if key else title


def label(words: str = "", role: str = "", *, wraps: bool = True) -> QLabel:
    """Return a label; `role` names its look in the style sheet."""
    made = QLabel(words)
    made.setWordWrap(wraps)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        theme.set_role(made, role)
    return made


def set_severity(widget: QLabel, severity: str) -> None:
    """Colour a label as "warning", "error", or plain for anything else."""
    widget.setProperty("severity", severity)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


class Fold(QWidget):
    """A heading that opens and closes what is under it.

    `opened` is emitted the first time, for content that costs time to make.
    """

    opened = Signal()

    def __init__(
        self, title: str, content: QWidget, *, is_open: bool = True, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._content = content
        self._head = QPushButton(title)
        self._head.setAccessibleName(title)
        self._head.setStyleSheet("text-align: left; padding-left: 2px; font-weight: 600;")
        theme.set_role(self._head, "flat")
        self._head.clicked.connect(lambda: self.set_open(not self.is_open))
        self._was_opened = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._head)
        layout.addWidget(content)
        self.set_open(is_open)

    @property
    def is_open(self) -> bool:
        """True while the content is shown."""
        return not self._content.isHidden()

    def set_open(self, is_open: bool) -> None:
        """Show or hide the content."""
        if is_open and not self._was_opened:
            self._was_opened = True
            self.opened.emit()
        self._content.setVisible(is_open)
        arrow = icons.EXPANDED if is_open else icons.COLLAPSED
        self._head.setIcon(icons.icon(arrow, theme.SECONDARY))
        state = "open" if is_open else "closed"
        self._head.setAccessibleDescription(state)


class FactList(QWidget):
    """Names and values in two columns; the values can be marked and copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        self._facts: tuple[tuple[str, str], ...] = ()

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What is listed."""
        return self._facts

    def set_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """List these (name, value) pairs."""
        if tuple(facts) == self._facts:
            return
        self._facts = tuple(facts)
        while (taken := self._grid.takeAt(0)) is not None:
            if (old := taken.widget()) is not None:
                old.hide()
                old.deleteLater()
        for row, (name, value) in enumerate(facts):
            left = label(name, "secondary")
            right = label(_breakable(value))
            right.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse
                | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            right.setAccessibleName(f"{name}: {value}")
            top = Qt.AlignmentFlag.AlignTop
            self._grid.addWidget(left, row, 0, top)
            self._grid.addWidget(right, row, 1, top)


def _breakable(value: str) -> str:
    """Let long words such as checksums break every 16 characters."""
    words = value.split(" ")
    return " ".join(
        "\N{ZERO WIDTH SPACE}".join(word[i : i + 16] for i in range(0, len(word), 16)) or word
        for word in words
    )


class FigureTable(QTableWidget):
    """A small read-only table of figures; Ctrl+C copies it, ready for a spreadsheet."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        theme.set_role(self, "figures")
        self.setWordWrap(False)
        self.verticalHeader().hide()

    def set_figures(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show these cells; the first column is text, the others are figures."""
        self.setColumnCount(len(columns))
        self.setRowCount(len(rows))
        self.setHorizontalHeaderLabels(list(columns))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for i, cells in enumerate(rows):
            for j, cell in enumerate(cells):
                made = QTableWidgetItem(cell)
                made.setToolTip(cell)
                if j:
                    made.setTextAlignment(right)
                self.setItem(i, j, made)
        header = self.horizontalHeader()
        for j in range(1, len(columns)):
            if (head := self.horizontalHeaderItem(j)) is not None:
                head.setTextAlignment(right)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setMinimumSectionSize(24)
        if columns:
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.resizeRowsToContents()
        tall = sum(self.rowHeight(i) for i in range(len(rows)))
        self.setFixedHeight(header.sizeHint().height() + tall + 4)

    def as_text(self) -> str:
        """Return the table as lines of cells with tabs between them."""
        columns = range(self.columnCount())
        rows = [
            [self._words(self.horizontalHeaderItem(j)) for j in columns],
            *([self._words(self.item(i, j)) for j in columns] for i in range(self.rowCount())),
        ]
        return "\n".join("\t".join(cells) for cells in rows)

    @staticmethod
    def _words(cell: QTableWidgetItem | None) -> str:
        return cell.text() if cell is not None else ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy the table on Ctrl+C."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.as_text())
            return
        super().keyPressEvent(event)
