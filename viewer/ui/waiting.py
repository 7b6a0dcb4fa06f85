"""When a view says that it waits: a thin line after 300 ms, and words after 2 s."""

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

from viewer.ui.picture import Wait

LINE_MS = 300
WORDS_MS = 2000


class Waiting(QObject):
    """Times one view's wait. `changed` asks for a repaint when line or words are due."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = QElapsedTimer()
        self._due = QTimer(self, singleShot=True)
        self._due.timeout.connect(self._next)

    def shown(self, words: str, fraction: float | None) -> Wait | None:
        """Return what to show while `words` says what is waited for; "" when nothing is."""
        if not words:
            self._clock.invalidate()
            self._due.stop()
            return None
        if not self._clock.isValid():
            self._clock.start()
            self._due.start(LINE_MS)
        elapsed = self._clock.elapsed()
        if elapsed < LINE_MS:
            return None
        percent = "" if fraction is None else f" {100 * fraction:.0f} %"
        return Wait(fraction, f"{words}{percent}" if elapsed >= WORDS_MS else "")

    def _next(self) -> None:
        elapsed = self._clock.elapsed() if self._clock.isValid() else WORDS_MS
        left = [due - elapsed for due in (LINE_MS, WORDS_MS) if due > elapsed]
        if left:
            self._due.start(left[0] + 1)
        if len(left) < 2:
            self.changed.emit()
