"""The window on the desktop: dark and empty at once, filled as soon as it has been seen."""

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtGui import QCloseEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QWidget

FILL_AT_LATEST_MS = 200
"""A window that starts out of sight is never painted, and is filled all the same."""


class Frame(QMainWindow):
    """Shows itself before anything but Qt is loaded, then asks for what is in it."""

    def __init__(self, fill: Callable[["Frame"], None]) -> None:
        """Start empty; `fill` is called once, after the first paint, and calls `put`."""
        super().__init__()
        self._fill: Callable[[Frame], None] | None = fill
        self.setWindowTitle("Diptych")
        QTimer.singleShot(FILL_AT_LATEST_MS, self._ask)

    def put(self, content: QWidget) -> None:
        """Fill the window with a widget, which is closed with it."""
        self.setCentralWidget(content)
        content.setFocus()

    def _ask(self) -> None:
        fill, self._fill = self._fill, None
        if fill is None:
            return
        try:
            fill(self)
        finally:
            if self.centralWidget() is None:
                self.close()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the empty window, and ask for its content once that is on the screen."""
        super().paintEvent(event)
        if self._fill is not None:
            QTimer.singleShot(0, self._ask)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Let the content stop its work first."""
        self._fill = None
        content = self.centralWidget()
        if content is not None and not content.close():
            event.ignore()
            return
        super().closeEvent(event)
