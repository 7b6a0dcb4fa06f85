"""The DICOM attributes of one instance, as a tree with search."""

from collections.abc import Iterator, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.ui import icons, theme
from viewer.ui.controls import button, label

TagRow = tuple[int, str, str, str, str]
"""(depth, tag such as "(0028,0010)", VR, name, value) in the order of the file."""

_COLUMNS = ("Tag", "Name", "VR", "Value")
_VALUE_SHOWN = 300


class TagBrowser(QDialog):
    """A tree of attributes: search over tag, name and value, Ctrl+C copies what is marked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("DICOM tags")
        self.resize(900, 640)
        self._rows: tuple[TagRow, ...] = ()
        self._source = label("", "secondary")
        self._field = QLineEdit()
        self._field.setPlaceholderText("Tag, name or value")
        self._field.setAccessibleName("Search tags")
        self._field.setClearButtonEnabled(True)
        self._field.addAction(
            icons.icon(icons.SEARCH, theme.SECONDARY), QLineEdit.ActionPosition.LeadingPosition
        )
        self._field.textChanged.connect(self._filter)
        self._found = label("", "secondary", wraps=False)
        copy = button("Copy", icons.COPY, "Copy the marked rows (Ctrl+C)")
        copy.clicked.connect(self.copy_marked)
        close = button("Close")
        close.clicked.connect(self.reject)
        self._tree = self._make_tree()
        foot = QHBoxLayout()
        foot.addWidget(self._found, 1)
        foot.addWidget(copy)
        foot.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        for widget in (self._source, self._field, self._tree):
            layout.addWidget(widget)
        layout.addLayout(foot)
        self._field.setFocus()

    def _make_tree(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setColumnCount(len(_COLUMNS))
        tree.setHeaderLabels(list(_COLUMNS))
        tree.setUniformRowHeights(True)
        tree.setAlternatingRowColors(True)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        tree.setAccessibleName("DICOM tags")
        for column, width in enumerate((150, 270, 40)):
            tree.setColumnWidth(column, width)
        tree.header().setStretchLastSection(True)
        return tree

    def set_tags(self, source: str, rows: Sequence[TagRow]) -> None:
        """Show these attributes of the file named `source`."""
        self._rows = tuple(rows)
        self._source.setText(source)
        self._tree.clear()
        above: list[QTreeWidgetItem] = []
        tops: list[QTreeWidgetItem] = []
        for depth, tag, kind, name, value in self._rows:
            row = QTreeWidgetItem([tag, name, kind, _in_one_line(value)])
            row.setForeground(2, QColor(theme.SECONDARY))
            row.setToolTip(3, value[:2000])
            del above[depth:]
            if above:
                above[-1].addChild(row)
            else:
                tops.append(row)
            above.append(row)
        self._tree.addTopLevelItems(tops)
        self._filter(self._field.text())

    def _filter(self, text: str) -> None:
        """Show the rows in which every word occurs, with the sequences that hold them."""
        words = text.casefold().split()
        count = 0
        fits: list[tuple[QTreeWidgetItem, bool]] = []
        for row in self._all_rows():
            about = " ".join(row.text(i) for i in (0, 1, 3)).casefold()
            plain = about.replace(",", "").replace("(", "").replace(")", "")
            is_fit = all(word in about or word in plain for word in words)
            fits.append((row, is_fit))
            row.setHidden(not is_fit)
            count += is_fit
        for row, is_fit in fits:
            above = row.parent()
            while is_fit and words and above is not None:
                above.setHidden(False)
                above.setExpanded(True)
                above = above.parent()
        total = len(self._rows)
        self._found.setText(f"{count} of {total} tags" if words else f"{total} tags")

    def shown(self) -> tuple[str, ...]:
        """Return the tags of all rows that are not hidden by the search."""
        return tuple(row.text(0) for row in self._all_rows() if not row.isHidden())

    def _all_rows(self) -> Iterator[QTreeWidgetItem]:
        """Walk the tree in the order of the file."""
        root = self._tree.invisibleRootItem()
        waiting = [root.child(i) for i in reversed(range(root.childCount()))]
        while waiting:
            row = waiting.pop()
            if row is None:
                continue
            yield row
            waiting += [row.child(i) for i in reversed(range(row.childCount()))]

    def copy_marked(self) -> None:
        """Copy the marked rows, cells with tabs between them."""
        lines = [
            "\t".join(row.text(i) for i in range(len(_COLUMNS)))
            for row in self._tree.selectedItems()
        ]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy on Ctrl+C."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_marked()
            return
        super().keyPressEvent(event)


def _in_one_line(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= _VALUE_SHOWN else f"{line[:_VALUE_SHOWN]}…"
