"""Patterns of the display check: faint discs to be found, and lines of single screen pixels."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QWidget

from viewer.core.arrays import UInt8Array
from viewer.ui import theme

FIELDS = ((0, 10), (64, 69), (128, 133), (255, 245))
"""Grey of each field and of the disc in it, of 255: dark, two in between, bright."""
CORNERS = ("top left", "top right", "bottom left", "bottom right")
FIELD, DISC = 120, 26
LINES = 96
"""Side of a field and of a block of lines, and width of a disc, in view pixels."""


class FaintDisc(QWidget):
    """A grey field with one disc that is hardly lighter or darker, in one of its corners.

    A click, or a digit from 1 to 4 in the order of `CORNERS`, says where the disc is seen;
    `chosen` is that corner, -1 for none yet.
    """

    answered = Signal(int)

    def __init__(self, field: int) -> None:
        super().__init__()
        self._field = field
        self.corner, self.chosen = 0, -1
        self.setFixedSize(FIELD, FIELD)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setToolTip("Click where you see the disc, or press 1 to 4")

    def set_corner(self, corner: int) -> None:
        """Move the disc, and forget the answer."""
        self.corner = corner
        self.set_chosen(-1)

    def set_chosen(self, corner: int) -> None:
        """Show which corner was answered."""
        self.chosen = corner
        said = CORNERS[corner] if corner >= 0 else "no answer"
        self.setAccessibleName(f"Square {self._field + 1} with one faint disc: {said}")
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Wait for the release."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Answer with the corner under the pointer."""
        place = event.position()
        self.answered.emit(2 * int(place.y() >= FIELD / 2) + int(place.x() >= FIELD / 2))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Answer with a digit."""
        if event.text() in ("1", "2", "3", "4"):
            self.answered.emit(int(event.text()) - 1)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that digits go here."""
        super().focusInEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw field and disc, and around the corner that was answered a frame."""
        ground, disc = FIELDS[self._field]
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(ground, ground, ground))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(disc, disc, disc))
        x = FIELD * (0.25 if self.corner % 2 == 0 else 0.75)
        y = FIELD * (0.25 if self.corner < 2 else 0.75)
        painter.drawEllipse(QPointF(x, y), DISC / 2, DISC / 2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QColor(theme.FOCUS))
        half = FIELD // 2
        if self.chosen >= 0:
            corner = QRect(half * (self.chosen % 2), half * (self.chosen // 2), half, half)
            painter.drawRect(corner.adjusted(1, 1, -2, -2))
        if self.hasFocus():
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()


def line_block(kind: str, side: int) -> UInt8Array:
    """Return a square [row, column]: black and white lines of one pixel, or their mean grey.

    The mean of black and white light is grey 188 of 255 on a screen with a gamma of 2.2.
    """
    made = np.full((side, side), 188, dtype=np.uint8)
    if kind == "upright":
        made[:, 0::2], made[:, 1::2] = 0, 255
    elif kind == "level":
        made[0::2], made[1::2] = 0, 255
    return made


class LineBlocks(QWidget):
    """Three squares, two of lines as thin as a screen pixel and one plain, one to one in pixels."""

    def __init__(self, kinds: Sequence[str]) -> None:
        super().__init__()
        self.kinds = tuple(kinds)
        self.setFixedSize(3 * LINES + 2 * 24, LINES)
        self.setAccessibleName("Three squares, one of them plain grey")

    def set_kinds(self, kinds: Sequence[str]) -> None:
        """Put the squares in another order."""
        self.kinds = tuple(kinds)
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size of the three squares."""
        return self.size()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the squares in device pixels, whatever the scale of the screen."""
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        side = int(LINES * ratio) // 2 * 2
        painter.scale(1 / ratio, 1 / ratio)
        origin = painter.deviceTransform().map(QPointF(0, 0))
        for place, kind in enumerate(self.kinds):
            values = line_block(kind, side)
            image = QImage(values.data, side, side, side, QImage.Format.Format_Grayscale8)
            x = round(place * (LINES + 24) * ratio)
            shift = (round(origin.x()) - origin.x(), round(origin.y()) - origin.y())
            painter.drawImage(QPointF(x + shift[0], shift[1]), image, QRect(0, 0, side, side))
        painter.end()
