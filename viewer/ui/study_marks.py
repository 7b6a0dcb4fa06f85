"""The hand that places lesion marks: a click that does not move, or a drag over a lesion."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent

from viewer.ui.pointing import CLICK
from viewer.ui.viewport import Viewport

_TOUCHES = (QEvent.Type.MouseMove, QEvent.Type.MouseButtonPress, QEvent.Type.Wheel)


class MarkHand(QObject):
    """Watches the mouse on views, and leaves to them what is not a mark.

    `wanted` returns the shape of mark that is asked for now: "point", "ellipse", or "" for none;
    `touched` hears of every move. `marked` carries the view's number, where the button went down
    and up (LPS mm), and the shape.
    """

    marked = Signal(int, tuple, tuple, str)

    def __init__(
        self, wanted: Callable[[], str], touched: Callable[[], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._wanted, self._touched = wanted, touched
        self._start: tuple[Viewport, QPointF] | None = None

    def watch(self, viewport: Viewport) -> None:
        """Watch a view; the same one may be given again."""
        self._start = None
        viewport.removeEventFilter(self)
        viewport.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Place a mark; True where the view must not see the event."""
        if event.type() in _TOUCHES:
            self._touched()
        if not isinstance(watched, Viewport) or not isinstance(event, QMouseEvent):
            return False
        shape = self._wanted()
        if not shape:
            self._start = None
            return False
        return self._follow(watched, event, shape)

    def _follow(self, viewport: Viewport, event: QMouseEvent, shape: str) -> bool:
        kind, is_drag = event.type(), shape == "ellipse"
        if kind == QEvent.Type.MouseMove:
            return is_drag and self._start is not None
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        if kind == QEvent.Type.MouseButtonDblClick:
            self._start = (viewport, event.position())
            return True
        if kind == QEvent.Type.MouseButtonPress and not event.modifiers():
            self._start = (viewport, event.position())
            return is_drag
        if kind == QEvent.Type.MouseButtonRelease and self._start is not None:
            (begun, start), self._start = self._start, None
            self._end(begun, start, event.position(), shape)
            return is_drag
        return False

    def _end(self, viewport: Viewport, start: QPointF, end: QPointF, shape: str) -> None:
        has_moved = (end - start).manhattanLength() >= CLICK
        if has_moved == (shape == "ellipse"):
            to_mm = viewport.pointing.to_mm
            self.marked.emit(viewport.view, to_mm(start), to_mm(end), shape)
