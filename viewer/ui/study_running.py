"""Opens the reading window of a study from the command line, or draws a picture of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, QTimer
from PySide6.QtWidgets import QMainWindow

from viewer.app.sitting_down import close_record, open_record
from viewer.core.errors import NotSaved
from viewer.ui.application import started
from viewer.ui.theme import apply_theme

if TYPE_CHECKING:
    from viewer.app.sitting_down import StudyRecord

DONE, FAILED = 0, 1
TICK_MS = 50
SETTLED_TICKS = 4


@dataclass(frozen=True, slots=True)
class ReadingRequest:
    """Whose reading of which study to open; without a passphrase the reader is asked for it.

    `keys` are pressed one after the other once the page is there: "Enter", "Back", "Delete",
    digits, or ids of the viewer's commands such as "slice.next". With `screenshot` the window is
    drawn without a display, saved there, and closed.
    """

    path: Path
    reader: str = ""
    passphrase: str = ""
    second_log: Path | None = None
    keys: tuple[str, ...] = ()
    screenshot: Path | None = None
    size: tuple[int, int] = (1600, 1000)
    scale: float = 1.0


def run_reading(request: ReadingRequest) -> int:
    """Open the window and return the exit code.

    Raises
    ------
    DiptychError : the study does not open, or the reader is not let in; WrongUsage : no display.
    """
    record = open_record(request.path, request.second_log)
    try:
        return _shown(request, record)
    finally:
        close_record(record)


def _shown(request: ReadingRequest, record: StudyRecord) -> int:
    application, collection = started(request.screenshot, request.scale)
    try:
        apply_theme(application)
        window = _window(request, record)
        window.resize(QSize(*request.size))
        window.show()
        script = _Script(window, request)
        application.exec()
        return script.exit_code
    finally:
        collection.stop()


def _window(request: ReadingRequest, record: StudyRecord) -> QMainWindow:
    from viewer.ui.study_door import StudyDoor, seat

    if request.passphrase:
        return seat(record, request.reader, request.passphrase)
    return StudyDoor(record, request.reader)


class _Script(QObject):
    """Presses the keys of a request and takes its picture, each once the window is at rest."""

    def __init__(self, window: QMainWindow, request: ReadingRequest) -> None:
        super().__init__(window)
        self._window, self._request = window, request
        self._keys = list(request.keys)
        self._settled = 0
        self.exit_code = DONE
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._tick)
        if request.keys or request.screenshot is not None:
            self._timer.start()

    def _tick(self) -> None:
        is_still = getattr(self._window, "is_settled", True)
        self._settled = self._settled + 1 if is_still else 0
        if self._settled < SETTLED_TICKS:
            return
        self._settled = 0
        if self._keys:
            self._press(self._keys.pop(0))
            return
        self._timer.stop()
        if self._request.screenshot is not None:
            self._take(self._request.screenshot)

    def _press(self, key: str) -> None:
        from viewer.ui.study_window import StudyWindow

        if not isinstance(self._window, StudyWindow):
            return
        if "." in key:
            self._window.page.tools.run(key)
        else:
            self._window.press(key)

    def _take(self, path: Path) -> None:
        if not self._window.grab().save(str(path), "PNG"):
            error = NotSaved(f"The picture could not be written to {path}.")
            sys.stderr.write(f"{error}\n")
            self.exit_code = FAILED
        QTimer.singleShot(0, self._window, self._window.close)
