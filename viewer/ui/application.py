"""Starts the window: paints it first, then opens what was asked for; or takes a screenshot."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication

from viewer.app.jobs import Jobs
from viewer.app.messages import Message, Severity
from viewer.app.session import Session
from viewer.app.starting import new_session
from viewer.core.errors import NotSaved
from viewer.ui.main_window import MainWindow
from viewer.ui.theme import apply_theme

SCREENSHOT_SIZE = (1600, 1000)
SETTLED_TICKS = 3
TICK_MS = 50


class Courier(QObject):
    """Brings callables from workers to the window's thread, in order."""

    _call = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._call.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def deliver(self, call: Callable[[], None]) -> None:
        """Have `call` run on the window's thread, soon."""
        self._call.emit(call)

    def _run(self, call: Callable[[], None]) -> None:
        call()


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What to show when the window opens.

    `method` is enhanced on the first series once it is loaded ("" for none) at `strength` (None:
    the setting). With `screenshot` the window is drawn without a display, saved there, and closed.
    `commands` are ids run in order once everything is loaded, such as "layout.mpr".
    """

    paths: tuple[Path, ...] = ()
    method: str = ""
    strength: float | None = None
    screenshot: Path | None = None
    size: tuple[int, int] = SCREENSHOT_SIZE
    scale: float = 1.0
    commands: tuple[str, ...] = ()
    series: str = ""


def has_display() -> bool:
    """True when there is a screen to open a window on."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def run(request: StartRequest) -> int:
    """Open the window and return the exit code: 0, or 1 when the screenshot failed."""
    if request.screenshot is not None or not has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if request.scale != 1.0:
        os.environ["QT_SCALE_FACTOR"] = f"{request.scale:g}"
    application = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(application, QApplication):
        raise TypeError("Qt was started without widgets")
    apply_theme(application)
    courier = Courier()
    session = new_session(Jobs(courier.deliver))
    window = MainWindow(session)
    window.resize(QSize(*request.size))
    window.show()
    starter = Starter(session, window, request)
    QTimer.singleShot(0, starter.begin)
    application.exec()
    return starter.exit_code


class Starter(QObject):
    """Opens the paths, then enhances, runs commands and takes the screenshot, in that order."""

    def __init__(self, session: Session, window: MainWindow, request: StartRequest) -> None:
        super().__init__()
        self._session = session
        self._window = window
        self._request = request
        self._messages: list[Message] = []
        self._settled = 0
        self._steps: list[Callable[[], None]] = []
        self.exit_code = 0
        session.workspace.message.connect(self._messages.append)
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._tick)

    def begin(self) -> None:
        """Start once the empty window is on the screen."""
        request = self._request
        if request.paths:
            self._window.open_paths(request.paths)
        if request.series:
            self._steps.append(lambda: self._window.show_series(request.series))
        if request.method:
            self._steps.append(lambda: self._window.enhance(request.method, request.strength))
        for command in request.commands:
            self._steps.append(partial(self._window.run_command, command))
        if request.screenshot is not None:
            self._steps.append(self._take_screenshot)
        if self._steps:
            self._timer.start()
        else:
            self._window.load_later()

    def _tick(self) -> None:
        is_still = self._session.jobs.is_idle and self._window.is_settled
        self._settled = self._settled + 1 if is_still else 0
        if self._settled < SETTLED_TICKS:
            return
        self._settled = 0
        if not self._steps:
            self._timer.stop()
            return
        self._steps.pop(0)()

    def _take_screenshot(self) -> None:
        path = self._request.screenshot
        if path is None:
            return
        picture = self._window.grab()
        if not picture.save(str(path), "PNG"):
            error = NotSaved(f"The picture could not be written to {path}.")
            self._messages.append(Message(Severity.ERROR, error.what))
        errors = [m for m in self._messages if m.severity is Severity.ERROR]
        for message in self._messages:
            sys.stderr.write(message.text + "\n")
        self._timer.stop()
        self.exit_code = 1 if errors else 0
        QTimer.singleShot(0, self._window.close)
