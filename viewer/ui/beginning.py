"""Fills the window after its first paint, opens what was asked for, and takes the screenshot."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from viewer.app.jobs import Jobs
from viewer.app.messages import Message, Severity
from viewer.app.starting import new_session
from viewer.core.errors import NotSaved
from viewer.ui.main_window import MainWindow
from viewer.ui.unexpected import Unexpected

if TYPE_CHECKING:
    from viewer.ui.application import StartRequest
    from viewer.ui.frame import Frame

DONE, FAILED, WARNED = 0, 1, 3
"""Exit codes of the command line."""
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


class Beginning(QObject):
    """Opens the paths, then enhances, runs commands and takes the screenshot, in that order."""

    def __init__(self, frame: Frame, request: StartRequest) -> None:
        """Build what is in the window and put it into the frame."""
        super().__init__()
        self._frame = frame
        self._request = request
        self._messages: list[Message] = []
        self._settled = 0
        self._steps: list[Callable[[], None]] = []
        self._exit_code = 0
        self._courier = Courier()
        self._session = new_session(Jobs(self._courier.deliver), is_research=request.is_research)
        self._session.workspace.message.connect(self._note)
        if request.screenshot is not None:  # a picture does not wait for what nobody asked for
            self._session.ahead.pause()
        self._window = MainWindow(self._session, lists_library=request.screenshot is None)
        self._unexpected = Unexpected(self._tell)
        frame.put(self._window)
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._begin()

    def _note(self, message: Message) -> None:
        self._messages.append(message)

    def _tell(self, message: Message) -> None:
        self._courier.deliver(lambda: self._session.workspace.tell(message))

    def _begin(self) -> None:
        request = self._request
        if request.paths:
            self._window.open_paths(request.paths)
        else:
            self._window.load_later()
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

    def end(self) -> int:
        """Clear up after the window has closed and return the exit code."""
        self._unexpected.remove()
        return self._exit_code

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
        told = (*self._messages, *self._session.workspace.problems.values())
        severities = {message.severity for message in told}
        for message in told:
            sys.stderr.write(message.text + "\n")
        self._timer.stop()
        self._exit_code = FAILED if Severity.ERROR in severities else DONE
        if self._exit_code == DONE and Severity.WARNING in severities:
            self._exit_code = WARNED
        QTimer.singleShot(0, self._frame.close)
