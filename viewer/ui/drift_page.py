"""The drift page: each group of uses with its state, and the control charts of the chosen one."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.app.drifting import DriftGroup, DriftReport, WatchedFigure
from viewer.ui import theme
from viewer.ui.charts import Chart, ChartState, Curve
from viewer.ui.controls import button, label, set_severity
from viewer.ui.dialogs import confirm

COLUMNS = ("Method", "Modality", "Scanner", "Kernel", "Dose", "Uses", "State")
CHART_HEIGHT, ROWS_IN_SIGHT, COLUMN_GAP = 165, 8, 14


class DriftPage(QDialog):
    """Lists the groups, those with a signal first; a row shows its charts underneath.

    Signals
    -------
    restart_requested : key of the group whose baseline is to be made anew.
    """

    restart_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Drift")
        self.resize(900, 720)
        self._groups: tuple[DriftGroup, ...] = ()
        self._rule = label("The log of uses is being read…", "secondary")
        self._damaged = label("")
        set_severity(self._damaged, "warning")
        self.table = _empty_table()
        self.table.itemSelectionChanged.connect(self._show_chosen)
        self._charts = QWidget()
        self._stack = QVBoxLayout(self._charts)
        self._stack.setContentsMargins(0, 0, 6, 0)
        self._stack.setSpacing(4)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setWidget(self._charts)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        box.rejected.connect(self.reject)
        self._restart = button(
            "Start a new baseline…", "", "After a change that was meant, such as a new scanner"
        )
        self._restart.clicked.connect(self._ask_restart)
        self._restart.hide()
        box.addButton(self._restart, QDialogButtonBox.ButtonRole.ActionRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 12)
        layout.setSpacing(8)
        for widget in (self._rule, self._damaged, self.table):
            layout.addWidget(widget)
            widget.setVisible(widget is self._rule)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(box)

    def set_report(self, report: DriftReport, rule: str, empty: str) -> None:
        """Show a report; `rule` says what is watched, `empty` what to do while there is nothing.

        The group that was chosen stays chosen where it is there still.
        """
        chosen = self._chosen
        keys = [group.key for group in report.groups]
        self._groups = report.groups
        self._rule.setText(rule if report.groups else empty)
        self._rule.show()
        self._say(report.damaged_words)
        with QSignalBlocker(self.table):
            _fill(self.table, report.groups)
            self.table.selectRow(keys.index(chosen.key) if chosen and chosen.key in keys else 0)
        self.table.setVisible(bool(report.groups))
        self._restart.setVisible(bool(report.groups))
        self._show_chosen()

    def set_problem(self, words: str) -> None:
        """Say why the log could not be read or written; groups that are shown stay."""
        self._rule.setVisible(bool(self._groups))
        self._say(words)

    def _say(self, words: str) -> None:
        self._damaged.setText(words)
        self._damaged.setVisible(bool(words))

    @property
    def _chosen(self) -> DriftGroup | None:
        row = self.table.currentRow()
        return self._groups[row] if 0 <= row < len(self._groups) else None

    def _ask_restart(self) -> None:
        """Ask before the uses of the chosen group so far count no more."""
        if (group := self._chosen) is None:
            return
        question = (
            f"The {len(group.uses)} uses of {group.name} will not count any more; they stay in the "
            "log. The next ones make a new baseline."
        )
        if confirm(self, "New baseline", question, "Start a new baseline"):
            self.restart_requested.emit(group.key)

    def _show_chosen(self) -> None:
        while (taken := self._stack.takeAt(0)) is not None:
            if (old := taken.widget()) is not None:
                old.hide()
                old.deleteLater()
        if (group := self._chosen) is None:
            return
        for figure in group.figures:
            self._stack.addWidget(_heading(figure))
            chart = Chart(f"CUSUM of {figure.title.lower()}", height=CHART_HEIGHT)
            chart.set_state(chart_state(figure))
            self._stack.addWidget(chart)
        self._stack.addStretch(1)


def _heading(figure: WatchedFigure) -> QWidget:
    made = label(f"{figure.title} · {figure_words(figure)}")
    set_severity(made, "warning" if figure.chart.signal is not None else "")
    return made


def figure_words(figure: WatchedFigure) -> str:
    """Say the latest value of a figure and whether it has drifted."""
    if not figure.values:
        return "not measured in this group"
    last = f"latest {figure.values[-1]:.3f}".replace("-", "\N{MINUS SIGN}")
    if figure.chart.signal is None:
        return last
    way = "rose" if figure.chart.is_up else "fell"
    return f"{last} · {way}, signal since {figure.signal_time.replace('T', ' ')[:16]} UTC"


def chart_state(figure: WatchedFigure) -> ChartState:
    """Return the two sums of a figure, the lower one downwards, between their limits."""
    count = len(figure.values)
    if count == 0:
        return ChartState(empty_text="This figure was not measured in this group.")
    if figure.is_learning:
        words = f"The sums begin after {figure.learning} uses; there are {count}."
        return ChartState(empty_text=words)
    uses = np.arange(1, count + 1, dtype=np.float64)
    ends = np.array([1.0, float(count)])
    limit = np.full(2, figure.chart.limit)
    return ChartState(
        curves=(
            Curve("rising", uses, figure.chart.up, "original"),
            Curve("falling", uses, -figure.chart.down, "residual"),
            Curve(f"limits ±{figure.chart.limit:.2f} SD", ends, limit, "limit"),
            Curve("", ends, -limit, "limit"),
        ),
        x_title="use",
        y_title="sum, SD",
    )


def _empty_table() -> QTableWidget:
    table = QTableWidget(0, len(COLUMNS))
    table.setAccessibleName("Groups of uses")
    table.setHorizontalHeaderLabels(list(COLUMNS))
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setTabKeyNavigation(False)
    table.setShowGrid(False)
    table.verticalHeader().hide()
    left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    table.horizontalHeader().setDefaultAlignment(left)
    theme.set_role(table, "figures")
    return table


def _fill(table: QTableWidget, groups: Sequence[DriftGroup]) -> None:
    """List the groups, one row each, as high as up to eight of them need."""
    table.setRowCount(len(groups))
    for row, group in enumerate(groups):
        uses = str(len(group.uses))
        cells = (*group.key, uses, group.state)
        for column, words in enumerate(cells):
            cell = QTableWidgetItem(words)
            cell.setToolTip(words)
            if group.alarms and words == group.state:
                cell.setForeground(QColor(theme.WARNING))
            table.setItem(row, column, cell)
    table.resizeColumnsToContents()
    header = table.horizontalHeader()
    for column in range(len(COLUMNS)):
        header.resizeSection(column, header.sectionSize(column) + COLUMN_GAP)
    header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
    rows = sum(table.rowHeight(row) for row in range(min(len(groups), ROWS_IN_SIGHT)))
    table.setFixedHeight(header.sizeHint().height() + rows + 2 * table.frameWidth())
