"""Studies of other nodes: a search, its answers in a table, and what is fetched of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.app.jobs import Jobs
from viewer.app.messages import Message
from viewer.app.remote import Node
from viewer.app.searching_nodes import (
    COLUMNS,
    DATES,
    MODALITIES,
    NodeWork,
    Retrieved,
    Search,
    StudyRow,
    received_folder,
)
from viewer.ui.controls import button, label, set_severity

ALL = "All nodes"
WIDTHS = (190, 110, 90, 90, 80, 220, 64, 110)


class NodeSearch(QDialog):
    """Looks for studies on other nodes and fetches them; stays open beside the images."""

    def __init__(
        self,
        nodes: tuple[Node, ...],
        jobs: Jobs,
        home: Path,
        open_folder: Callable[[Path], None],
        parent: QWidget | None = None,
        port: int = 0,
    ) -> None:
        """Make the dialog; `open_folder` is called with the folder of each study that came.

        `port` is where archives send to by C-MOVE.
        """
        super().__init__(parent)
        self.setWindowTitle("Studies on other nodes")
        self.resize(1020, 620)
        self._nodes, self._home, self._open = nodes, home, open_folder
        self._work = NodeWork(jobs, port)
        self._rows: list[StudyRow] = []
        self.node = QComboBox()
        for node in nodes:
            self.node.addItem(node.name or node.words, node)
        if len(nodes) > 1:
            self.node.insertItem(0, ALL, None)
            self.node.setCurrentIndex(0)
        self.name, self.patient_id = QLineEdit(), QLineEdit()
        self.accession, self.description = QLineEdit(), QLineEdit()
        self.name.setPlaceholderText("MUELLER^A, or with * and ?")
        self.when, self.modality = QComboBox(), QComboBox()
        self.when.setEditable(True)
        self.when.addItems(list(DATES))
        for modality in MODALITIES:
            self.modality.addItem(modality or "any", modality)
        self.search, self.stop, self.test = button("Search"), button("Stop"), button("Test node")
        self.search.setDefault(True)
        self.retrieve = button("Retrieve and open")
        self.search.clicked.connect(self.look)
        self.stop.clicked.connect(self._work.stop)
        self.test.clicked.connect(self.try_node)
        self.retrieve.clicked.connect(self.fetch)
        self.table = _table()
        self.table.itemSelectionChanged.connect(self._show_state)
        self.table.itemDoubleClicked.connect(lambda _item: self.fetch())
        self.said = label("")
        self._lay_out()
        self._show_state()
        self.name.setFocus()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        named = (
            (("Node", self.node), ("Name", self.name), ("Patient ID", self.patient_id)),
            (("Date", self.when), ("Modality", self.modality), ("Accession", self.accession)),
        )
        for line, fields in enumerate(named):
            for place, (words, control) in enumerate(fields):
                control.setAccessibleName(words)
                grid.addWidget(label(words, "secondary", wraps=False), line, 2 * place)
                grid.addWidget(control, line, 2 * place + 1)
                grid.setColumnStretch(2 * place + 1, 1)
        self.description.setAccessibleName("Description")
        grid.addWidget(label("Description", "secondary", wraps=False), 2, 0)
        grid.addWidget(self.description, 2, 1)
        deeds = QHBoxLayout()
        for made in (self.search, self.stop, self.test):
            deeds.addWidget(made)
        deeds.addStretch(1)
        grid.addLayout(deeds, 2, 2, 1, 4)
        foot = QHBoxLayout()
        foot.addWidget(self.said, 1)
        foot.addWidget(self.retrieve)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(10)
        column.addLayout(grid)
        column.addWidget(self.table, 1)
        column.addLayout(foot)

    # ---------------------------------------------------------------- what is done

    def look(self) -> None:
        """Search; answers come into the table as they arrive."""
        self._rows = []
        self.table.setSortingEnabled(False)
        self.table.setRowCount(0)
        chosen = self.node.currentData()
        nodes = self._nodes if chosen is None else (chosen,)
        search = Search(
            self.name.text(),
            self.patient_id.text(),
            self.accession.text(),
            self.description.text(),
            self.modality.currentData(),
            self.when.currentText(),
        )
        self.tell("Searching…")
        self._work.search(nodes, search, self._found, self._searched)
        self._show_state()

    def try_node(self) -> None:
        """Say whether the chosen nodes answer and know us."""
        chosen = self.node.currentData()
        for node in self._nodes if chosen is None else (chosen,):
            self._work.test(node, self.tell)

    def fetch(self) -> None:
        """Retrieve the chosen studies, one after the other."""
        for row in self.chosen():
            self.tell(f"Retrieving {row.values[0]}…")
            folder = received_folder(self._home, row.study_uid)
            self._work.retrieve(row, folder, self._came, self._failed)
        self._show_state()

    def chosen(self) -> list[StudyRow]:
        """Return the studies whose rows are marked."""
        places = {index.row() for index in self.table.selectedIndexes()}
        items = (self.table.item(place, 0) for place in sorted(places))
        return [item.data(Qt.ItemDataRole.UserRole) for item in items if item is not None]

    def tell(self, words: str, severity: str = "") -> None:
        """Say how it stands."""
        self.said.setText(words)
        set_severity(self.said, severity)

    # ---------------------------------------------------------------- what comes of it

    def _found(self, row: StudyRow) -> None:
        self._rows.append(row)
        place = self.table.rowCount()
        self.table.insertRow(place)
        for column, value in enumerate(row.values):
            item = QTableWidgetItem()
            is_count = COLUMNS[column] == "Images" and value.isdigit()
            item.setData(Qt.ItemDataRole.DisplayRole, int(value) if is_count else value)
            item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
            if column == 0:
                item.setData(Qt.ItemDataRole.UserRole, row)
            self.table.setItem(place, column, item)
        self.tell(f"{len(self._rows)} so far…")

    def _searched(self, failed: tuple[str, ...]) -> None:
        self.table.setSortingEnabled(True)
        self.table.sortItems(COLUMNS.index("Date"), Qt.SortOrder.DescendingOrder)
        count = len(self._rows)
        words = f"{count} stud{'y' if count == 1 else 'ies'} found."
        self.tell("\n".join((words, *failed)), "error" if failed else "")
        self._show_state()

    def _came(self, got: Retrieved) -> None:
        self.tell(got.words, "" if got.is_whole else "warning")
        if got.arrived:
            self._open(got.folder)

    def _failed(self, message: Message) -> None:
        self.tell(message.text, "error")

    def _show_state(self) -> None:
        self.retrieve.setEnabled(bool(self.table.selectedIndexes()))
        self.search.setEnabled(bool(self._nodes))
        self.test.setEnabled(bool(self._nodes))
        if not self._nodes:
            self.tell("No node is entered yet: Preferences, Network.", "warning")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter searches from a field, and retrieves from the table."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.table.hasFocus():
                self.fetch()
            else:
                self.look()
            return
        super().keyPressEvent(event)


def _table() -> QTableWidget:
    made = QTableWidget(0, len(COLUMNS))
    made.setHorizontalHeaderLabels(list(COLUMNS))
    made.setAccessibleName("Studies")
    made.verticalHeader().hide()
    made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    made.setTabKeyNavigation(False)
    made.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    made.horizontalHeader().setStretchLastSection(True)
    for column, width in enumerate(WIDTHS):
        made.setColumnWidth(column, width)
    return made
