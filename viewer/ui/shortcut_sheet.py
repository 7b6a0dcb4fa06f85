"""Every key and every gesture on one sheet, made from the commands themselves."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from viewer.ui import icons, theme
from viewer.ui.command_palette import ListedCommand
from viewer.ui.controls import label

Gesture = tuple[str, str]
"""(what the hand does, what it brings)."""

MOUSE: tuple[Gesture, ...] = (
    ("Left drag", "Use the chosen tool (window: sideways width, up and down level)"),
    ("Right drag", "Zoom"),
    ("Right click", "Menu of what is under it"),
    ("Middle drag", "Move the image"),
    ("Wheel", "Scroll through slices"),
    ("Ctrl + wheel", "Zoom at the cursor"),
    ("Double click", "One view fills the window, or the grid again"),
    ("Hold Q", "See the original in place of the enhanced pixels"),
    ("Tab", "Move the focus"),
)

Section = tuple[str, tuple[tuple[str, str], ...]]
"""(title, ((keys, what they do), ...))."""


def sections(
    commands: Sequence[ListedCommand], gestures: Sequence[Gesture], query: str = ""
) -> tuple[Section, ...]:
    """Return mouse and keys by menu, only rows in which every word of `query` occurs."""
    words = query.casefold().split()

    def fits(*texts: str) -> bool:
        joined = " ".join(texts).casefold()
        return all(word in joined for word in words)

    groups: dict[str, list[tuple[str, str]]] = {}
    for hand, brings in gestures:
        if fits("mouse", hand, brings):
            groups.setdefault("Mouse and held keys", []).append((hand, brings))
    for command in commands:
        if command.keys and fits(command.menu, command.keys, command.title):
            groups.setdefault(command.menu or "Other", []).append((command.keys, command.title))
    return tuple((title, tuple(rows)) for title, rows in groups.items())


class ShortcutSheet(QDialog):
    """The sheet behind `?`: grouped, searchable, in as many columns as fit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keys and mouse")
        self.resize(900, 620)
        self._commands: tuple[ListedCommand, ...] = ()
        self._gestures: tuple[Gesture, ...] = MOUSE
        self._field = QLineEdit()
        self._field.setPlaceholderText("Find a key or what it does")
        self._field.setAccessibleName("Find a key")
        self._field.setClearButtonEnabled(True)
        self._field.addAction(
            icons.icon(icons.SEARCH, theme.SECONDARY), QLineEdit.ActionPosition.LeadingPosition
        )
        self._field.textChanged.connect(self._fill)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setAccessibleName("Keys by group")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(10)
        layout.addWidget(self._field)
        layout.addWidget(self._area, 1)

    def set_commands(
        self, commands: Sequence[ListedCommand], gestures: Sequence[Gesture] = MOUSE
    ) -> None:
        """Show the keys of these commands, and these gestures."""
        self._commands, self._gestures = tuple(commands), tuple(gestures)
        self._fill(self._field.text())

    def _fill(self, query: str) -> None:
        shown = sections(self._commands, self._gestures, query)
        content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, 8, 0)
        row.setSpacing(28)
        for column in _balanced(shown, 2):
            stack = QVBoxLayout()
            stack.setSpacing(14)
            for section in column:
                stack.addWidget(_section_widget(section))
            stack.addStretch(1)
            row.addLayout(stack, 1)
        if not shown:
            row.addWidget(label(f"No key fits “{query}”.", "secondary"))
        self._area.setWidget(content)


def _balanced(shown: Sequence[Section], count: int) -> tuple[tuple[Section, ...], ...]:
    """Deal the sections into columns of about the same length, keeping their order."""
    total = sum(len(rows) + 2 for _, rows in shown)
    columns: list[list[Section]] = [[] for _ in range(count)]
    done = 0
    for title, rows in shown:
        place = min(int(done * count / max(total, 1)), count - 1)
        columns[place].append((title, rows))
        done += len(rows) + 2
    return tuple(tuple(column) for column in columns)


def _section_widget(section: Section) -> QWidget:
    title, rows = section
    made = QWidget()
    grid = QGridLayout(made)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(14)
    grid.setVerticalSpacing(5)
    grid.setColumnStretch(1, 1)
    grid.setColumnMinimumWidth(0, 120)
    grid.addWidget(label(title, "heading"), 0, 0, 1, 2)
    for i, (keys, brings) in enumerate(rows, start=1):
        key = label(keys)
        key.setFont(theme.font(theme.BODY, is_bold=True))
        top = Qt.AlignmentFlag.AlignTop
        grid.addWidget(key, i, 0, top)
        grid.addWidget(label(brings.removesuffix("…")), i, 1, top)
    return made
