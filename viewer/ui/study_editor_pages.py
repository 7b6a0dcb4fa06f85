"""The pages of a study's editor: parts of one table each, and lists of entries."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from viewer.app.drafting import Draft, Place
from viewer.ui import icons, theme
from viewer.ui.controls import button, label
from viewer.ui.study_part_form import PartForm

ENTRIES_WIDTH = 190
Suggestions = Mapping[str, Sequence[tuple[str, str]]]
SWITCHES = ("kind", "method", "is_training")
"""Fields on which it depends what others mean."""

Problems = Mapping[Place, str]
"""What is wrong at each place of the file, in words."""


def mark(row: QListWidgetItem, *, is_wrong: bool) -> None:
    """Set a row off from the others where something is wrong in what it stands for."""
    row.setIcon(icons.icon(icons.WARNING, theme.ERROR) if is_wrong else QIcon())


def scrolled(content: QWidget, name: str) -> QScrollArea:
    """Return a widget that scrolls downwards."""
    area = QScrollArea()
    area.setWidget(content)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setAccessibleName(name)
    return area


class PartPage(QWidget):
    """Tables of the file that are there once, each under its heading."""

    edited = Signal()

    def __init__(
        self, draft: Draft, parts: Sequence[tuple[str, str]], more: Sequence[QWidget] = ()
    ) -> None:
        """Make the page; `parts` are (name in the file, heading), `more` comes under them."""
        super().__init__()
        self._draft = draft
        self._forms = {part: PartForm(part) for part, _ in parts}
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(10)
        for part, heading in parts:
            column.addWidget(label(heading, "heading"))
            form = self._forms[part]
            form.changed.connect(lambda name, value, p=part: self._set(p, name, value))
            column.addWidget(form)
        for widget in more:
            column.addWidget(widget)
        column.addStretch(1)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(scrolled(inside, "Fields"))

    def form(self, part: str) -> PartForm:
        """Return the fields of a part."""
        return self._forms[part]

    def refresh(self) -> None:
        """Show what the file says."""
        for part, form in self._forms.items():
            form.set_values(self._draft.value(_place(part)) or {})

    def set_problems(self, problems: Problems) -> None:
        """Say beside the fields what is wrong with them."""
        for part, form in self._forms.items():
            form.set_problems(of_fields(problems, _place(part)))

    def _set(self, part: str, name: str, value: object) -> None:
        self._draft.set((*_place(part), name), value)
        self.edited.emit()


def _place(part: str) -> Place:
    return (part,) if part else ()


def of_fields(problems: Problems, around: Place) -> dict[str, str]:
    """Return the problems within a table by the name of the field that each belongs to."""
    depth = len(around)
    found: dict[str, str] = {}
    for place, words in problems.items():
        if len(place) > depth and place[:depth] == around:
            found.setdefault(str(place[depth]), words)
    return found


class ListPage(QWidget):
    """A list of tables: its entries on the left, the fields of the chosen one on the right."""

    edited = Signal()

    def __init__(
        self,
        draft: Draft,
        place: Place,
        noun: str,
        fresh: Mapping[str, Any],
        suggestions: Suggestions | None = None,
        more: Sequence[QPushButton] = (),
    ) -> None:
        """Make the page.

        Parameters
        ----------
        noun : what an entry is, such as "reader".
        fresh : what a new entry says; "{n}" in its words becomes its number.
        more : further buttons under the list.
        """
        super().__init__()
        self._draft, self._place, self._noun, self._fresh = draft, place, noun, fresh
        self._problems: Problems = {}
        self.entries = QListWidget()
        self.entries.setFixedWidth(ENTRIES_WIDTH)
        self.entries.setAccessibleName(f"Every {noun}")
        self.entries.currentRowChanged.connect(self._chosen)
        self.form = PartForm(str(place[-1]), suggestions)
        self.form.changed.connect(self._set)
        self.add = button(f"Add {noun}")
        self.add.clicked.connect(self._add)
        self._remove = button("Remove")
        self._remove.clicked.connect(self._take_away)
        self._up, self._down = button("Up"), button("Down")
        self._up.clicked.connect(lambda: self._move(-1))
        self._down.clicked.connect(lambda: self._move(1))
        self._lay_out(more)

    def _lay_out(self, more: Sequence[QPushButton]) -> None:
        left = QVBoxLayout()
        left.setSpacing(6)
        left.addWidget(self.entries, 1)
        for made in (*more, self.add):
            left.addWidget(made)
        row = QHBoxLayout()
        row.setSpacing(6)
        for made in (self._up, self._down, self._remove):
            made.setStyleSheet("padding: 0 4px;")
            row.addWidget(made)
        left.addLayout(row)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(16, 0, 16, 0)
        column.addWidget(self.form)
        column.addStretch(1)
        across = QHBoxLayout(self)
        across.setContentsMargins(16, 12, 0, 12)
        across.addLayout(left)
        across.addWidget(scrolled(inside, f"The chosen {self._noun}"), 1)

    @property
    def position(self) -> int:
        """Position of the chosen entry, -1 where there is none."""
        return self.entries.currentRow()

    def choose(self, position: int) -> None:
        """Show an entry."""
        self.entries.setCurrentRow(position)

    def refresh(self) -> None:
        """Show what the file says."""
        chosen = max(self.position, 0)
        entries = self._draft.value(self._place) or []
        self.entries.blockSignals(True)
        self.entries.clear()
        for number, entry in enumerate(entries):
            row = QListWidgetItem(_title(entry, number), self.entries)
            row.setSizeHint(QSize(0, theme.HIT))
        self.entries.setCurrentRow(min(chosen, len(entries) - 1))
        self.entries.blockSignals(False)
        self._chosen(self.position)

    def set_problems(self, problems: Problems) -> None:
        """Mark the entries with faults, and say beside the fields what is wrong with them."""
        self._problems = problems
        depth = len(self._place)
        wrong = {place[depth] for place in problems if place[:depth] == self._place != place}
        for number in range(self.entries.count()):
            mark(self.entries.item(number), is_wrong=number in wrong)
        self._show_problems()

    def _show_problems(self) -> None:
        here = (*self._place, self.position)
        self.form.set_problems(of_fields(self._problems, here))

    def _chosen(self, position: int) -> None:
        count = self.entries.count()
        self.form.setVisible(position >= 0)
        self._remove.setEnabled(position >= 0)
        self._up.setEnabled(position > 0)
        self._down.setEnabled(0 <= position < count - 1)
        if position >= 0:
            self.form.set_values(self._draft.value((*self._place, position)) or {})
            self._show_problems()

    def _set(self, name: str, value: object) -> None:
        self._draft.set((*self._place, self.position, name), value)
        entry = self._draft.value((*self._place, self.position))
        self.entries.item(self.position).setText(_title(entry, self.position))
        if name in SWITCHES:
            self.form.set_values(entry)
        self.edited.emit()

    def _add(self) -> None:
        number = self._draft.count(self._place) + 1
        fresh = {
            name: value.replace("{n}", str(number)) if isinstance(value, str) else value
            for name, value in self._fresh.items()
        }
        position = self._draft.add(self._place, fresh)
        self.refresh()
        self.choose(position)
        self.edited.emit()

    def _take_away(self) -> None:
        self._draft.remove(self._place, self.position)
        self.refresh()
        self.edited.emit()

    def _move(self, step: int) -> None:
        position = self._draft.move(self._place, self.position, step)
        self.refresh()
        self.choose(position)
        self.edited.emit()


def _title(entry: Mapping[str, Any], number: int) -> str:
    """Return what an entry is called in the list."""
    words = [str(entry.get(name) or "") for name in ("code", "id", "measure")]
    words += [str(entry.get("name") or "")]
    if entry.get("is_training"):
        words.append("(training)")
    return "  ".join(word for word in words if word) or f"No. {number + 1}"
