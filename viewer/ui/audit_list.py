"""What the residual audit found: its index beside the red line, and places to go to."""

from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.ui.controls import label, set_severity

_NUMBER = int(Qt.ItemDataRole.UserRole)


@dataclass(frozen=True, slots=True)
class SpotRow:
    """One place: what is there, where, and how far it stands out; `tip` explains the kind."""

    title: str
    place: str
    figure: str
    tip: str = ""


@dataclass(frozen=True, slots=True)
class AuditState:
    """What the audit says in words; `warning` is "" unless the index is above the red line.

    `note` stands above the places, or says why there are none.
    """

    index: str
    warning: str = ""
    note: str = ""
    rows: tuple[SpotRow, ...] = ()


class AuditList(QWidget):
    """The audit of what is shown; a click or Enter asks to go to a place.

    Signals
    -------
    place_chosen : number of the place, counted from 0.
    """

    place_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: AuditState | None = None
        self._index = label("")
        self._warning = label("")
        set_severity(self._warning, "warning")
        self._note = label("", "small")
        self._rows = self._made_rows()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self._index, self._warning, self._note, self._rows):
            layout.addWidget(widget)

    def _made_rows(self) -> QTreeWidget:
        rows = QTreeWidget()
        rows.setColumnCount(2)
        rows.setHeaderHidden(True)
        rows.setRootIsDecorated(False)
        rows.setWordWrap(True)
        rows.setTabKeyNavigation(False)
        rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        rows.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        rows.setAccessibleName("Places of the residual audit")
        rows.header().setStretchLastSection(False)
        rows.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        rows.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        rows.itemClicked.connect(self._chosen)
        rows.itemActivated.connect(self._chosen)
        return rows

    def _chosen(self, row: QTreeWidgetItem) -> None:
        self.place_chosen.emit(row.data(0, _NUMBER))

    def set_state(self, state: AuditState) -> None:
        """Show what was found; the chosen place stays chosen while the list is the same."""
        if state == self._shown:
            return
        old, self._shown = self._shown, state
        self._index.setText(state.index)
        self._warning.setText(state.warning)
        self._warning.setVisible(bool(state.warning))
        self._note.setText(state.note)
        self._note.setVisible(bool(state.note))
        if old is None or old.rows != state.rows:
            self._fill(state.rows)
        self._rows.setVisible(bool(state.rows))

    def mark(self, number: int | None) -> None:
        """Choose the place that the view shows, without asking to go there."""
        with QSignalBlocker(self._rows):
            row = self._rows.topLevelItem(number) if number is not None else None
            if row is None:
                self._rows.clearSelection()
            else:
                self._rows.setCurrentItem(row)

    def _fill(self, rows: tuple[SpotRow, ...]) -> None:
        self._rows.clear()
        for number, row in enumerate(rows):
            made = QTreeWidgetItem([f"{row.title}\n{row.place}", row.figure])
            made.setData(0, _NUMBER, number)
            made.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            made.setToolTip(0, row.tip)
            made.setData(
                0,
                int(Qt.ItemDataRole.AccessibleTextRole),
                f"{row.title}, {row.place}, {row.figure}",
            )
            self._rows.addTopLevelItem(made)
        tall = sum(
            self._rows.sizeHintForRow(place) for place in range(self._rows.topLevelItemCount())
        )
        self._rows.setFixedHeight(tall + 2 * self._rows.frameWidth() + 2)
