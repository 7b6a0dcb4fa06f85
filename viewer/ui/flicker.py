"""Taking turns between two layers of a view, never faster than is safe to look at."""

from PySide6.QtCore import QObject, QTimer, Signal

from viewer.app.settings import HIGHEST_FLICKER_HZ


class Flicker(QObject):
    """Says whose turn it is; `changed` asks for a repaint."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.shows_original = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._take_turns)

    def set_on(self, is_on: bool, rate_hz: float) -> None:
        """Start at `rate_hz` full changes to and fro a second, or stop."""
        if is_on and not self._timer.isActive():
            self._timer.start(round(500 / min(rate_hz, HIGHEST_FLICKER_HZ)))
        elif not is_on:
            self._timer.stop()
            self.shows_original = False

    def _take_turns(self) -> None:
        self.shows_original = not self.shows_original
        self.changed.emit()
