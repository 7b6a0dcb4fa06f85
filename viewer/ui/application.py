"""Starts the window: paints it first, with nothing but Qt loaded, then fills it and opens files."""

import ctypes
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMessageLogContext, QSize, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from viewer.core.errors import WrongUsage
from viewer.ui.collecting import WindowThreadCollection
from viewer.ui.frame import Frame
from viewer.ui.theme import darken

if TYPE_CHECKING:
    from viewer.ui.beginning import Beginning

SCREENSHOT_SIZE = (1600, 1000)
_NO_SIZE_HINTS = "This plugin does not support propagateSizeHints()"
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
SWITCH_INTERVAL_S = 0.001
"""How long a worker may keep Python to itself while the window wants it (Python's own: 5 ms)."""


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What to show when the window opens.

    `method` is enhanced on the first series once it is loaded ("" for none) at `strength` (None:
    the setting). With `screenshot` the window is drawn without a display, saved there, and closed.
    `commands` are ids run in order once everything is loaded, such as "layout.mpr". `is_research`
    turns research mode on for this window.
    """

    paths: tuple[Path, ...] = ()
    method: str = ""
    strength: float | None = None
    screenshot: Path | None = None
    size: tuple[int, int] = SCREENSHOT_SIZE
    scale: float = 1.0
    commands: tuple[str, ...] = ()
    series: str = ""
    is_research: bool = False


def keep_freed_memory() -> None:
    """Have the C library keep what a picture gives back for the next one (Linux with glibc).

    Each frame takes and frees arrays of some megabytes in a worker. Giving their pages to the
    system and having them cleared again cost a sixth of a frame.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 16 << 20)
        mallopt(_M_TRIM_THRESHOLD, 64 << 20)


def has_display() -> bool:
    """True when there is a screen to open a window on, or Qt was told what to take for one."""
    if sys.platform in ("win32", "darwin"):
        return True
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(os.environ.get(name) for name in names)


def leave_size_hints_unsaid() -> None:
    """Keep Qt from saying for each window that its offscreen platform takes no size hints.

    Everything else goes to the terminal as before. Nothing changes on a real display.
    """
    if QGuiApplication.platformName() != "offscreen":
        return

    def say(_kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
        if text != _NO_SIZE_HINTS:
            sys.stderr.write(f"{text}\n")

    qInstallMessageHandler(say)


def started(screenshot: Path | None, scale: float) -> tuple[QApplication, WindowThreadCollection]:
    """Start Qt for a window, or for a picture of one that needs no display.

    Raises
    ------
    WrongUsage : there is no display, and no screenshot is wanted.
    """
    if screenshot is not None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    elif not has_display():
        raise WrongUsage(
            "There is no display to open a window on.",
            "",
            "Save a picture with --screenshot FILE, or use a verb such as: diptych enhance",
        )
    if scale != 1.0:
        os.environ["QT_SCALE_FACTOR"] = f"{scale:g}"
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    keep_freed_memory()
    application = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(application, QApplication):
        raise TypeError("Qt was started without widgets")
    leave_size_hints_unsaid()
    darken(application)
    collection = WindowThreadCollection(application)
    return (application, collection)


def run(request: StartRequest) -> int:
    """Open the window and return the exit code: 0, 1 when it failed, 3 for a picture with warnings.

    Raises
    ------
    WrongUsage : there is no display, and no screenshot is wanted.
    """
    application, collection = started(request.screenshot, request.scale)
    begun: list[Beginning] = []

    def fill(frame: Frame) -> None:
        from viewer.ui.beginning import Beginning
        from viewer.ui.theme import apply_theme

        apply_theme(application)
        begun.append(Beginning(frame, request))

    frame = Frame(fill)
    frame.resize(QSize(*request.size))
    frame.show()
    try:
        application.exec()
        return begun[0].end() if begun else 1
    finally:
        collection.stop()
