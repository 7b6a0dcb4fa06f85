"""Playing frames or slices of views, each at its own speed."""

from PySide6.QtCore import QObject, QTimer, Signal

from viewer.app import viewing
from viewer.app.session import Session
from viewer.core.volume import Frames

LIMITS_HZ = (0.5, 120.0)


class Cine(QObject):
    """One timer per playing view; `changed` when one starts or stops.

    The speed comes from the file, else from the settings.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._timers: dict[int, QTimer] = {}

    def toggle(self) -> None:
        """Play or pause the active view."""
        view = self._session.workspace.active
        if view in self._timers:
            self._stop(view)
            return
        timer = QTimer(self)
        timer.timeout.connect(lambda: self._tick(view))
        timer.start(round(1000 / self._speed_hz(view)))
        self._timers[view] = timer
        self.changed.emit()

    def _stop(self, view: int) -> None:
        timer = self._timers.pop(view)
        timer.stop()
        timer.deleteLater()
        self.changed.emit()

    def is_playing(self, view: int) -> bool:
        """True while a view plays."""
        return view in self._timers

    def _speed_hz(self, view: int) -> float:
        workspace = self._session.workspace
        part = workspace.views[view].part
        volume = workspace.volumes.get(part) if part else None
        rate = workspace.settings.viewing.cine_fps
        if isinstance(volume, Frames) and volume.frame_time_ms:
            rate = 1000 / volume.frame_time_ms
        return min(max(rate, LIMITS_HZ[0]), LIMITS_HZ[1])

    def change_speed(self, factor: float) -> None:
        """Play the active view faster or slower."""
        timer = self._timers.get(self._session.workspace.active)
        if timer is not None:
            shortest, longest = (1000 / rate for rate in reversed(LIMITS_HZ))
            timer.setInterval(round(min(max(timer.interval() / factor, shortest), longest)))

    def _tick(self, view: int) -> None:
        workspace = self._session.workspace
        part = workspace.views[view].part
        if view not in workspace.layout.shown or part not in workspace.volumes:
            self._stop(view)
            return
        viewing.advance(self._session, view)

    def stop_all(self) -> None:
        """Stop every timer."""
        for timer in self._timers.values():
            timer.stop()
        self._timers.clear()
