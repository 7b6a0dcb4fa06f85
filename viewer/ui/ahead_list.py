"""The queue of series that are enhanced ahead: a word in the status line, and a list above it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial as bound
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.app.ahead import Ahead, Waiting
from viewer.app.ahead_verbs import summary
from viewer.ui import icons, theme
from viewer.ui.controls import button, label
from viewer.ui.inspector_rows import has_strength

if TYPE_CHECKING:
    from viewer.ui.main_window import MainWindow

SIZE = QSize(520, 300)

_SIGNS = {
    Ahead.WAITING: (icons.WAITING, theme.SECONDARY),
    Ahead.RUNNING: (icons.RUNNING, theme.TEXT),
    Ahead.READY: (icons.OK, theme.TEXT),
    Ahead.REFUSED: (icons.BLOCK, theme.SECONDARY),
    Ahead.FAILED: (icons.ERROR, theme.ERROR),
}


def row_words(entry: Waiting, *, has_strength: bool = True) -> str:
    """Return a series of the queue in words: what it is, what is made of it, where it stands.

    A method that is applied as a whole has no strength.
    """
    state = entry.state.value
    if entry.fraction and entry.state in (Ahead.WAITING, Ahead.RUNNING):
        state += f", {100 * entry.fraction:.0f} % done"
    how = entry.rule.method
    if has_strength:
        how += f", strength {100 * entry.rule.strength:.0f} %"
    return f"{entry.name} · {how}: {state}" + (f". {entry.words}" if entry.words else "")


class AheadList(QDialog):
    """Every series of the queue; closes when the focus leaves.

    Signals
    -------
    pause_toggled, clear_asked : the buttons.
    """

    pause_toggled = Signal()
    clear_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName("Series that are enhanced ahead")
        self.resize(SIZE)
        self._head = label("", wraps=False)
        self._pause = button("Pause")
        self._pause.clicked.connect(self.pause_toggled)
        self._clear = button("Clear")
        self._clear.clicked.connect(self.clear_asked)
        self._rows = QListWidget()
        self._rows.setWordWrap(True)
        self._rows.setFrameShape(QFrame.Shape.NoFrame)
        self._rows.setAccessibleName("Series")
        head = QHBoxLayout()
        head.addWidget(self._head, 1)
        head.addWidget(self._pause)
        head.addWidget(self._clear)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 4)
        layout.addLayout(head)
        layout.addWidget(self._rows)

    def set_entries(
        self,
        entries: tuple[Waiting, ...],
        *,
        is_paused: bool,
        has_strength: Callable[[str], bool] = lambda _method: True,
    ) -> None:
        """Show the queue as it is now; `has_strength` is asked by the id of a method."""
        words = summary(entries, is_paused=is_paused)
        self._head.setText(words or "Nothing is enhanced ahead.")
        self._pause.setText("Go on" if is_paused else "Pause")
        self._pause.setEnabled(bool(entries))
        self._clear.setEnabled(bool(entries))
        place = self._rows.verticalScrollBar().value()
        self._rows.clear()
        for entry in entries:
            name, colour = _SIGNS[entry.state]
            words = row_words(entry, has_strength=has_strength(entry.rule.method))
            row = QListWidgetItem(icons.icon(name, colour), words)
            row.setToolTip(entry.words)
            self._rows.addItem(row)
        if not entries:
            self._rows.addItem(
                "Rules in the preferences, page Enhance ahead, say which series are enhanced "
                "quietly when they are opened."
            )
        self._rows.verticalScrollBar().setValue(place)


def follow_queue(window: MainWindow) -> None:
    """Keep the word in the status line as the queue is."""
    workspace = window.session.workspace
    workspace.ahead_changed.connect(bound(_show_word, window))
    window.status.ahead_opened.connect(bound(show_queue, window))
    _show_word(window)


def _show_word(window: MainWindow) -> None:
    queue = window.session.ahead
    window.status.set_ahead(summary(queue.entries, is_paused=queue.is_paused))
    window.actions_by_id.refresh_later()


def show_queue(window: MainWindow) -> None:
    """Open the list of the queue above the status line."""
    queue, workspace = window.session.ahead, window.session.workspace
    listed = AheadList(window)

    def fill() -> None:
        listed.set_entries(
            queue.entries,
            is_paused=queue.is_paused,
            has_strength=bound(has_strength, window.session),
        )

    fill()
    workspace.ahead_changed.connect(fill)
    listed.destroyed.connect(lambda: workspace.ahead_changed.disconnect(fill, missing_ok=True))
    listed.pause_toggled.connect(lambda: window.run_command("ahead.pause"))
    listed.clear_asked.connect(lambda: window.run_command("ahead.clear"))
    corner = window.status.mapToGlobal(QPoint(window.status.width() - listed.width() - 4, 0))
    listed.move(corner.x(), corner.y() - listed.height() - 4)
    listed.show()
