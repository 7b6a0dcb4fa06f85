"""Hands on the window: each method is one thing that a reader does or sees."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QImage, QKeySequence, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from viewer.app.workspace import PartKey
from viewer.core.arrays import UInt8Array
from viewer.core.view import ViewState
from viewer.ui import theme
from viewer.ui.browser import part_data
from viewer.ui.main_window import MainWindow
from viewer.ui.painting import picture_image
from viewer.ui.viewport import Viewport

LEFT, RIGHT, MIDDLE = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.RightButton,
    Qt.MouseButton.MiddleButton,
)
STILL = 3
PATIENCE_MS = 30_000


class Hands:
    """A reader at a window."""

    def __init__(self, window: MainWindow, qtbot: Any) -> None:
        self.window = window
        self.session = window.session
        self.workspace = window.session.workspace
        self.qtbot = qtbot

    # ------------------------------------------------------------------ waiting

    def wait(self, claim: Callable[[], bool]) -> None:
        """Wait until a claim holds."""
        self.qtbot.waitUntil(claim, timeout=PATIENCE_MS)

    def rest(self) -> None:
        """Wait until nothing is under way any more."""
        still = 0

        def is_still() -> bool:
            nonlocal still
            is_now = self.session.jobs.is_idle and self.window.is_settled
            still = still + 1 if is_now else 0
            return still >= STILL

        self.wait(is_still)

    # ------------------------------------------------------------------ what is seen

    @property
    def view(self) -> Viewport:
        """The active view."""
        return self.window.grid.active

    def viewport(self, place: int) -> Viewport:
        """Return a view by its place in the layout."""
        return self.window.grid.shown[place]

    @property
    def state(self) -> ViewState:
        """State of the active view."""
        return self.workspace.active_state

    @property
    def slice_number(self) -> int:
        """Number of the acquired slice in the active view, from 1."""
        volume = self.workspace.volumes[self.shown]
        return volume.geometry.slice_of(self.state.focus_mm) + 1

    @property
    def shown(self) -> PartKey:
        """Key of the part in the active view."""
        part = self.state.part
        assert part is not None
        return part

    @property
    def messages(self) -> tuple[str, ...]:
        """Every message so far, as the status line has it."""
        return tuple(message.text for message in self.window.status.messages)

    def texts(self, place: int = 0) -> str:
        """Return the corner texts and warnings of a view, joined."""
        picture = self.viewport(place).picture()
        corners = picture.corners
        lines = (
            *corners.top_left,
            *corners.top_right,
            *corners.bottom_left,
            *corners.bottom_right,
            *picture.warnings,
            picture.alert,
        )
        return "\n".join(lines)

    def pixels(self, place: int = 0) -> UInt8Array:
        """Return what is painted on a view, RGB [row, column, 3]."""
        return rgb(self.viewport(place).grab().toImage())

    def exported(self, place: int = 0) -> UInt8Array:
        """Return a view as export paints it."""
        viewport = self.viewport(place)
        return rgb(picture_image(viewport.picture(), viewport.size()))

    # ------------------------------------------------------------------ what is done

    def open(self, *paths: Path) -> None:
        """Open files or folders and wait until they are there."""
        self.window.open_paths(paths)
        self.rest()

    def press(self, keys: str, on: QWidget | None = None) -> None:
        """Press a key or a combination such as "Ctrl+2" where the focus is."""
        QTest.keySequence(on or self.focused, QKeySequence(keys))

    @property
    def focused(self) -> QWidget:
        """The control that the keys go to."""
        return QApplication.focusWidget() or self.window

    def hold(self, key: Qt.Key) -> None:
        """Press a key and keep it down."""
        QTest.keyPress(self.focused, key)
        self.rest()

    def release(self, key: Qt.Key) -> None:
        """Let a key go."""
        QTest.keyRelease(self.focused, key)
        self.rest()

    def wheel(
        self,
        steps: int,
        *,
        on: Viewport | None = None,
        at: QPoint | None = None,
        ctrl: bool = False,
    ) -> None:
        """Turn the wheel over a view, away from the reader for negative steps."""
        viewport = on or self.view
        place = QPointF(at or viewport.rect().center())
        modifiers = Qt.KeyboardModifier.ControlModifier if ctrl else Qt.KeyboardModifier.NoModifier
        event = QWheelEvent(
            place,
            QPointF(viewport.mapToGlobal(place.toPoint())),
            QPoint(),
            QPoint(0, -120 * steps),
            Qt.MouseButton.NoButton,
            modifiers,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(viewport, event)

    def drag(
        self,
        button: Qt.MouseButton,
        start: tuple[int, int],
        end: tuple[int, int],
        on: Viewport | None = None,
    ) -> None:
        """Press a button at a place of a view, move and release."""
        viewport = on or self.view
        QTest.mousePress(viewport, button, pos=QPoint(*start))
        middle = ((start[0] + end[0]) // 2, (start[1] + end[1]) // 2)
        for place in (middle, end):
            QTest.mouseMove(viewport, QPoint(*place))
        QTest.mouseRelease(viewport, button, pos=QPoint(*end))

    def click(
        self, button: Qt.MouseButton, place: tuple[int, int], on: Viewport | None = None
    ) -> None:
        """Click on a view."""
        QTest.mouseClick(on or self.view, button, pos=QPoint(*place))

    def double_click(self, on: Viewport | None = None) -> None:
        """Double-click on a view, as the system reports it: click, then double click."""
        viewport = on or self.view
        QTest.mouseClick(viewport, LEFT, pos=viewport.rect().center())
        QTest.mouseDClick(viewport, LEFT, pos=viewport.rect().center())

    def drop_paths(self, *paths: Path, on: QWidget | None = None) -> None:
        """Drop files or folders."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        self._drop(data, on or self.view)
        self.rest()

    def drop_series(self, key: PartKey, place: int = 0) -> None:
        """Drag a series from the browser onto a view."""
        self._drop(part_data(key), self.viewport(place))
        self.rest()

    def _drop(self, data: QMimeData, widget: QWidget) -> None:
        place, none = QPointF(widget.rect().center()), Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(place, Qt.DropAction.CopyAction, data, LEFT, none)
        widget.dragEnterEvent(enter)
        assert enter.isAccepted()
        widget.dropEvent(QDropEvent(place, Qt.DropAction.CopyAction, data, LEFT, none))

    def run(self, command: str) -> None:
        """Choose a command from a menu."""
        self.window.run_command(command)
        self.rest()

    def menu(self) -> QMenu:
        """Return the menu that is open."""
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        return menu


def rgb(image: QImage) -> UInt8Array:
    """Return an image's pixels, RGB [row, column, 3]."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), dtype=np.uint8).reshape(
        image.height(), image.bytesPerLine()
    )
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def amber_count(pixels: UInt8Array) -> int:
    """Count the pixels in the colour that is reserved for synthetic images."""
    colour = QColor(theme.SYNTHETIC)
    wanted = (colour.red(), colour.green(), colour.blue())
    return int((np.abs(pixels.astype(int) - wanted).max(axis=-1) < 12).sum())
