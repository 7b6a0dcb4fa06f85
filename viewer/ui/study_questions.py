"""The bodies of a form's questions: scales, lines, fields and lists of marks.

Each shows a `BlockState` and says what a hand did; keys are read by the window, not here.
"""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from viewer.app.reading_form import BlockState, ChoiceState, MarkState, RowState
from viewer.ui import theme
from viewer.ui.controls import button, label

KEY_WIDTH = 38
TEXT_HEIGHT = 72


class Body(QWidget):
    """What is under the heading of an open question.

    Signals
    -------
    chosen : place and value of a choice; `written` : place and text;
    mark_wanted, mark_erased : place and id of a mark.
    """

    chosen = Signal(tuple, float)
    written = Signal(tuple, str)
    mark_wanted = Signal(tuple, str)
    mark_erased = Signal(tuple, str)

    def set_state(self, state: BlockState) -> None:
        """Show the present answers."""

    def take_focus(self) -> bool:
        """Take the keyboard where keys are typed into a field; False where they are not."""
        return False


class Words(QLabel):
    """Words of a choice that can be clicked like its button."""

    clicked = Signal()

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setMinimumHeight(theme.HIT)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()


class ScaleBody(Body):
    """Choices with their digits and words, one column of buttons for each image."""

    def __init__(self, state: BlockState) -> None:
        super().__init__()
        self._buttons: dict[tuple[tuple[str, str], float], QPushButton] = {}
        self._heads: dict[tuple[str, str], QLabel] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 2, 0, 2)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(2)
        self._state = state
        columns = len(state.rows)
        self._grid.setColumnStretch(columns, 1)
        if any(row.letter for row in state.rows):
            for column, row in enumerate(state.rows):
                head = label(row.letter, "section", wraps=False)
                head.setAlignment(Qt.AlignmentFlag.AlignCenter)
                self._heads[row.place] = head
                self._grid.addWidget(head, 0, column)
        for line, choice in enumerate(state.choices, 1):
            self._add(
                line, choice, is_centre=state.is_centred and 2 * line == len(state.choices) + 1
            )
        self.set_state(state)

    def _add(self, line: int, choice: ChoiceState, *, is_centre: bool) -> None:
        for column, row in enumerate(self._state.rows):
            made = button(choice.key, is_checkable=True)
            made.setFixedWidth(KEY_WIDTH)
            made.setStyleSheet("padding: 0;")
            image = f" of image {row.letter}" if row.letter else ""
            made.setAccessibleName(f"{self._state.text}{image}: {choice.text}")
            made.clicked.connect(
                lambda _=False, place=row.place, value=choice.value: self.chosen.emit(place, value)
            )
            self._buttons[(row.place, choice.value)] = made
            self._grid.addWidget(made, line, column)
        words = Words(choice.text)
        if is_centre:
            words.setStyleSheet("font-weight: 600;")
        words.clicked.connect(lambda value=choice.value: self._choose_active(value))
        self._grid.addWidget(words, line, len(self._state.rows))

    def _choose_active(self, value: float) -> None:
        active = next((row for row in self._state.rows if row.is_active), self._state.rows[0])
        self.chosen.emit(active.place, value)

    def set_state(self, state: BlockState) -> None:
        """Check the buttons of the present answers and light the active column."""
        self._state = state
        for row in state.rows:
            for choice in state.choices:
                made = self._buttons.get((row.place, choice.value))
                if made is not None:
                    made.setChecked(choice.value in row.values)
            if (head := self._heads.get(row.place)) is not None:
                colour = theme.FOCUS if row.is_active else theme.SECONDARY
                head.setStyleSheet(f"color: {colour};")


class AnalogueLine(QWidget):
    """A line between two words on which a place is chosen, from 0 to 100; no figure is shown."""

    chosen = Signal(float)

    def __init__(self, name: str, ends: tuple[str, str]) -> None:
        super().__init__()
        self._ends = ends
        self._value: float | None = None
        self._is_active = False
        self.setAccessibleName(name)
        self.setMinimumHeight(46)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_value(self, value: float | None, *, is_active: bool) -> None:
        """Show a place on the line, or none yet."""
        self._value, self._is_active = value, is_active
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for the line and its words."""
        return QSize(200, 46)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Move the place along with the hand."""
        self._follow(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the place along with the hand."""
        self._follow(event)

    def _follow(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._value = self._value_at(event.position().x())
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Answer with the place where the hand let go."""
        self.chosen.emit(self._value_at(event.position().x()))

    def _value_at(self, x: float) -> float:
        share = (x - 10) / max(self.width() - 20, 1)
        return float(round(100 * min(max(share, 0.0), 1.0)))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw line, ends and place."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        left, right, y = 10.0, self.width() - 10.0, 12.0
        painter.setPen(QPen(QColor(theme.FOCUS if self._is_active else theme.OUTLINE), 1.5))
        painter.drawLine(QPointF(left, y), QPointF(right, y))
        for x in (left, right):
            painter.drawLine(QPointF(x, y - 6), QPointF(x, y + 6))
        if self._value is not None:
            x = left + (right - left) * self._value / 100
            painter.fillRect(QRectF(x - 2, y - 9, 4, 18), QColor(theme.TEXT))
        painter.setPen(QColor(theme.SECONDARY))
        painter.setFont(theme.font(theme.SMALL))
        room = QRectF(0, 26, self.width(), 18)
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft, self._ends[0])
        painter.drawText(room, Qt.AlignmentFlag.AlignRight, self._ends[1])
        painter.end()


class AnalogueBody(Body):
    """One line for each image."""

    def __init__(self, state: BlockState) -> None:
        super().__init__()
        self._lines: dict[tuple[str, str], AnalogueLine] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 2, 0, 2)
        grid.setColumnStretch(1, 1)
        for number, row in enumerate(state.rows):
            image = f" of image {row.letter}" if row.letter else ""
            line = AnalogueLine(f"{state.text}{image}", state.ends)
            line.chosen.connect(lambda value, place=row.place: self.chosen.emit(place, value))
            self._lines[row.place] = line
            grid.addWidget(label(row.letter, "section"), number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(line, number, 1)
        self.set_state(state)

    def set_state(self, state: BlockState) -> None:
        """Show the present places."""
        for row in state.rows:
            value = row.values[0] if row.values else None
            self._lines[row.place].set_value(value, is_active=row.is_active)


class TextField(QPlainTextEdit):
    """Free text; Enter is the form's, Shift+Enter begins a new line."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave Enter to the form."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            event.ignore()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Say that the text is as it is meant."""
        super().focusOutEvent(event)
        self.left.emit()


class FieldBody(Body):
    """A number with its unit, or text, for each image."""

    def __init__(self, state: BlockState) -> None:
        super().__init__()
        self._fields: dict[tuple[str, str], QLineEdit | TextField] = {}
        self._active: tuple[str, str] | None = None
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 2, 0, 2)
        grid.setColumnStretch(1, 1)
        for number, row in enumerate(state.rows):
            image = f" of image {row.letter}" if row.letter else ""
            field = self._made(state, row.place)
            field.setAccessibleName(f"{state.text}{image}")
            self._fields[row.place] = field
            if row.letter:
                grid.addWidget(label(row.letter, "section"), number, 0)
            grid.addWidget(field, number, 1)
            if state.unit:
                grid.addWidget(label(state.unit, "secondary", wraps=False), number, 2)
        self.set_state(state)

    def _made(self, state: BlockState, place: tuple[str, str]) -> QLineEdit | TextField:
        if state.kind == "text":
            text = TextField()
            text.setTabChangesFocus(True)
            text.setFixedHeight(TEXT_HEIGHT)
            text.left.connect(lambda: self.written.emit(place, self.text(place)))
            return text
        line = QLineEdit()
        line.setMaximumWidth(120)
        line.editingFinished.connect(lambda: self.written.emit(place, self.text(place)))
        return line

    def text(self, place: tuple[str, str]) -> str:
        """Return what stands in a field."""
        field = self._fields[place]
        return field.text() if isinstance(field, QLineEdit) else field.toPlainText()

    def set_state(self, state: BlockState) -> None:
        """Show the present answers; what is being typed stays."""
        self._active = next((row.place for row in state.rows if row.is_active), None)
        for row in state.rows:
            field = self._fields[row.place]
            if field.hasFocus() or self.text(row.place) == row.text:
                continue
            if isinstance(field, QLineEdit):
                field.setText(row.text)
            else:
                field.setPlainText(row.text)

    def take_focus(self) -> bool:
        """Give the keyboard to the active field."""
        if self._active is None:
            return False
        field = self._fields[self._active]
        field.setFocus(Qt.FocusReason.OtherFocusReason)
        return True

    def finish(self) -> None:
        """Answer with what is typed in the active field."""
        if self._active is not None:
            self.written.emit(self._active, self.text(self._active))


class MarkBody(Body):
    """The lesion marks of each image with their confidence, to go to or to erase."""

    def __init__(self, state: BlockState) -> None:
        super().__init__()
        self._list = QVBoxLayout(self)
        self._list.setContentsMargins(0, 2, 0, 2)
        self._list.setSpacing(2)
        self._lines: list[QWidget] = []
        self.set_state(state)

    def set_state(self, state: BlockState) -> None:
        """List the marks, and say how one is placed."""
        while self._lines:
            old = self._lines.pop()
            self._list.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._put(label(_HOW.get(state.mark_shape, _HOW["point"]), "secondary"))
        for row in state.rows:
            if row.letter:
                self._put(label(f"Image {row.letter}", "section"))
            for mark in row.marks:
                self._put(self._line(row, mark))
        if state.choices:
            legend = "\n".join(f"{choice.key}   {choice.text}" for choice in state.choices)
            self._put(label(f"Confidence\n{legend}", "small"))

    def _put(self, widget: QWidget) -> None:
        self._lines.append(widget)
        self._list.addWidget(widget)

    def _line(self, row: RowState, mark: MarkState) -> QWidget:
        line = QWidget()
        across = QHBoxLayout(line)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(4)
        words = label(f"{mark.number}   {mark.text}")
        colour = theme.MEASUREMENT_ACTIVE if mark.is_active else theme.TEXT
        words.setStyleSheet(f"color: {colour};")
        across.addWidget(words, 1)
        if not mark.is_pending:
            there = button("Go to")
            there.setAccessibleName(f"Go to mark {mark.number}")
            there.clicked.connect(lambda: self.mark_wanted.emit(row.place, mark.id))
            across.addWidget(there)
        gone = button("Erase")
        gone.setAccessibleName(f"Erase mark {mark.number}")
        gone.clicked.connect(lambda: self.mark_erased.emit(row.place, mark.id))
        across.addWidget(gone)
        return line


_HOW = {
    "point": "Click a lesion in the image, then press the digit of your confidence.",
    "ellipse": "Drag over a lesion in the image, then press the digit of your confidence.",
}


def body_for(state: BlockState) -> Body:
    """Return the body that fits the kind of a question."""
    if state.kind == "marks":
        return MarkBody(state)
    if state.kind == "visual_analogue":
        return AnalogueBody(state)
    if state.kind in ("number", "text"):
        return FieldBody(state)
    return ScaleBody(state)
