"""The line at the bottom: the last message with its history, and what is running with cancel."""

from collections.abc import Sequence
from datetime import UTC, datetime

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from viewer.app.messages import Message, Severity
from viewer.ui import icons, theme
from viewer.ui.controls import button, icon_button, label, set_severity

JobRow = tuple[str, str, float, str]
"""(id, title, fraction from 0 to 1 or below 0 when unknown, words) of a running job."""

HISTORY_KEPT = 200

_SIGNS = {
    Severity.INFO: (icons.INFO, theme.SECONDARY, "Note"),
    Severity.WARNING: (icons.WARNING, theme.WARNING, "Warning"),
    Severity.ERROR: (icons.ERROR, theme.ERROR, "Error"),
}


class StatusLine(QWidget):
    """Messages on the left, jobs on the right.

    Signals
    -------
    cancel_requested : id of the job to stop.
    history_opened : the list of past messages was opened.
    ahead_opened : the word about the series that are enhanced ahead was clicked.
    """

    cancel_requested = Signal(str)
    history_opened = Signal()
    ahead_opened = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._messages: tuple[tuple[str, Message], ...] = ()
        self._jobs: tuple[JobRow, ...] = ()
        self._history = icon_button(icons.HISTORY, "Messages so far")
        self._history.clicked.connect(self.show_history)
        self._sign = QLabel()
        self._sign.setFixedWidth(20)
        self._text = label("", wraps=False)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._text.setAccessibleName("Last message")
        self._ahead = button("")
        self._ahead.setToolTip("Series that are enhanced ahead")
        self._ahead.setVisible(False)
        self._ahead.clicked.connect(self.ahead_opened)
        self._job = _JobLine(self)
        self._job.cancel_requested.connect(self.cancel_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 1, 6, 1)
        row.setSpacing(6)
        row.addWidget(self._history)
        row.addWidget(self._sign)
        row.addWidget(self._text, 1)
        row.addWidget(self._ahead)
        row.addWidget(self._job)
        self.setAccessibleName("Messages and jobs")

    @property
    def messages(self) -> tuple[Message, ...]:
        """Every message so far, the latest last."""
        return tuple(message for _, message in self._messages)

    def show_message(self, message: Message) -> None:
        """Show a message and keep it in the history."""
        now = datetime.now(UTC).astimezone().strftime("%H:%M:%S")
        self._messages = (*self._messages, (now, message))[-HISTORY_KEPT:]
        name, colour, word = _SIGNS[message.severity]
        self._sign.setPixmap(icons.icon(name, colour).pixmap(16, 16))
        self._sign.setAccessibleName(word)
        set_severity(self._text, message.severity.value)
        self._text.setToolTip("\n".join(filter(None, (message.what, message.means, message.do))))
        self._text.setAccessibleDescription(f"{word}: {message.text}")
        self._elide()

    def set_jobs(self, jobs: Sequence[JobRow]) -> None:
        """Show what is running: the first with its progress, the others as a count."""
        self._jobs = tuple(jobs)
        self._job.set_jobs(self._jobs)
        self._elide()

    def set_ahead(self, words: str) -> None:
        """Show in a few words how many series are enhanced ahead; "" for none."""
        self._ahead.setText(words)
        self._ahead.setVisible(bool(words))
        self._elide()

    def show_history(self) -> None:
        """Open the list of messages above the line."""
        history = _History(self._messages, self)
        place = self.mapToGlobal(QPoint(4, 0))
        history.move(place.x(), place.y() - history.height() - 4)
        history.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        history.show()
        self.history_opened.emit()

    def _elide(self) -> None:
        if not self._messages:
            return
        words = self._messages[-1][1].text
        end = Qt.TextElideMode.ElideRight
        self._text.setText(self._text.fontMetrics().elidedText(words, end, self._text.width() - 2))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten the message to the room there is."""
        super().resizeEvent(event)
        self._elide()

    def minimumSizeHint(self) -> QSize:
        """Return one line of hit areas."""
        return QSize(240, theme.HIT + 4)


class _JobLine(QWidget):
    """Title, thin progress line, words and cancel of the first job; the count of the others."""

    cancel_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._id = ""
        self._words = label("", wraps=False)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(240)
        self._more = label("", "secondary", wraps=False)
        self._cancel = icon_button(icons.CLOSE, "Cancel")
        self._cancel.clicked.connect(lambda: self.cancel_requested.emit(self._id))
        column = QVBoxLayout()
        column.setSpacing(2)
        column.setContentsMargins(0, 2, 0, 2)
        column.addWidget(self._words)
        column.addWidget(self._bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._more)
        row.addLayout(column)
        row.addWidget(self._cancel)
        self.setVisible(False)

    def set_jobs(self, jobs: tuple[JobRow, ...]) -> None:
        """Show the first job and count the rest."""
        self.setVisible(bool(jobs))
        if not jobs:
            return
        self._id, title, fraction, words = jobs[0]
        text = f"{title} – {words}" if words else title
        end = Qt.TextElideMode.ElideRight
        self._words.setText(self._words.fontMetrics().elidedText(text, end, self._bar.width()))
        self._words.setToolTip(text)
        self._bar.setRange(0, 1000)
        self._bar.setValue(round(1000 * max(fraction, 0.0)))
        self._bar.setAccessibleName(f"Progress: {text}")
        self._cancel.setToolTip(f"Cancel: {title}")
        self._cancel.setAccessibleName(f"Cancel {title}")
        others = len(jobs) - 1
        self._more.setText(f"+ {others} waiting" if others else "")
        self._more.setToolTip("\n".join(job[1] for job in jobs[1:]))


class _History(QDialog):
    """Every message so far with its time, the latest on top; closes when the focus leaves."""

    def __init__(
        self, messages: tuple[tuple[str, Message], ...], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAccessibleName("Messages so far")
        self.resize(560, 260)
        rows = QListWidget()
        rows.setWordWrap(True)
        rows.setFrameShape(QFrame.Shape.NoFrame)
        rows.setAccessibleName("Messages")
        for time, message in reversed(messages):
            name, colour, word = _SIGNS[message.severity]
            entry = QListWidgetItem(icons.icon(name, colour), f"{time}  {message.text}")
            entry.setData(Qt.ItemDataRole.AccessibleTextRole, f"{word}, {message.text}")
            rows.addItem(entry)
        if not messages:
            rows.addItem("Nothing has been reported yet.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(rows)
