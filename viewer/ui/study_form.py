"""The form beside the images: questions one under the other, the active one open."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from viewer.app.reading_form import BlockState, FormState
from viewer.ui import theme
from viewer.ui.controls import button, label, set_severity
from viewer.ui.study_questions import Body, FieldBody, body_for
from viewer.ui.study_steps import as_panel

HOW = "Digits answer · Enter goes on · Backspace goes back"


class QuestionBlock(QFrame):
    """One question: its words with the answer in short, and its body while it is active."""

    activated = Signal(tuple)
    emptied = Signal(tuple)

    def __init__(self, state: BlockState) -> None:
        super().__init__()
        self.setObjectName("question")
        self.body: Body = body_for(state)
        self._state = state
        self._title = label(state.text)
        self._title.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self._answer = label("", "secondary", wraps=False)
        self._status = label("", "small", wraps=False)
        self._help = label(state.help, "secondary")
        self._empty = button(f"{state.empty_words}  (Del)")
        self._empty.setCheckable(True)
        self._empty.clicked.connect(lambda: self.emptied.emit(self._active_place()))
        self._arrange()
        self.set_state(state)

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._title, 1)
        head.addWidget(self._answer)
        head.addWidget(self._status)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self._help)
        layout.addWidget(self.body)
        layout.addWidget(self._empty, 0, Qt.AlignmentFlag.AlignLeft)

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """The rows that this block was made for."""
        return tuple(row.place for row in self._state.rows)

    def _active_place(self) -> tuple[str, str]:
        active = (row.place for row in self._state.rows if row.is_active)
        return next(active, self._state.rows[0].place)

    def set_state(self, state: BlockState) -> None:
        """Show the present answers, and whether they are stored."""
        self._state = state
        self.body.set_state(state)
        for widget, is_wanted in (
            (self.body, state.is_active),
            (self._help, state.is_active and bool(state.help)),
            (self._empty, state.is_active and state.can_be_empty),
        ):
            widget.setVisible(is_wanted)
        self._empty.setChecked(any(row.is_active and row.is_empty for row in state.rows))
        self._answer.setText(state.summary)
        self._status.setText(state.status)
        set_severity(self._status, "error" if state.status == "not saved" else "")
        edge = theme.FOCUS if state.is_active else "transparent"
        ground = theme.RAISED if state.is_active else "transparent"
        self.setStyleSheet(
            f"QFrame#question {{ background: {ground}; border: none;"
            f" border-left: 2px solid {edge}; border-bottom: 1px solid {theme.HAIRLINE}; }}"
        )
        weight = 600 if state.is_active else 400
        self._title.setStyleSheet(f"font-weight: {weight};")
        words = state.summary or ("needs an answer" if state.is_required else "optional")
        self.setAccessibleName(f"{state.text}: {words} {state.status}".strip())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Make this the active question."""
        super().mousePressEvent(event)
        if not self._state.is_active:
            self.activated.emit(self._state.rows[0].place)


class StudyForm(QWidget):
    """The whole form with what leads out of the trial.

    Signals
    -------
    chosen, written, emptied, activated, mark_wanted, mark_erased : as the questions say them.
    next_wanted, back_wanted, retry_wanted : the buttons under the form.
    """

    chosen = Signal(tuple, float)
    written = Signal(tuple, str)
    emptied = Signal(tuple)
    activated = Signal(tuple)
    mark_wanted = Signal(tuple, str)
    mark_erased = Signal(tuple, str)
    next_wanted = Signal()
    back_wanted = Signal()
    retry_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._blocks: dict[str, QuestionBlock] = {}
        as_panel(self)
        self._column = QVBoxLayout()
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addStretch(1)
        inside = QWidget()
        inside.setLayout(self._column)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setWidget(inside)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._notice = label()
        set_severity(self._notice, "warning")
        self._feedback = label()
        self._refusal = _Refusal()
        self._refusal.retry.clicked.connect(self.retry_wanted)
        self._back = button("Back", tip="Question or case before (Backspace)")
        self._next = button("Next case  (Enter)", tip="Enter, once every question is answered")
        self._next.setDefault(True)
        self._back.clicked.connect(self.back_wanted)
        self._next.clicked.connect(self.next_wanted)
        self._arrange()

    def _arrange(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(10, 4, 10, 10)
        row.addWidget(self._back)
        row.addWidget(self._next, 1)
        words = QVBoxLayout()
        words.setContentsMargins(10, 4, 10, 0)
        words.addWidget(self._feedback)
        words.addWidget(self._notice)
        words.addWidget(label(HOW, "small"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(self._refusal)
        layout.addLayout(words)
        layout.addLayout(row)
        self.set_notice("")
        self.set_feedback("")

    def set_state(self, state: FormState) -> None:
        """Show the form; questions that stay are only updated."""
        wanted = {block.id: tuple(row.place for row in block.rows) for block in state.blocks}
        shown = {name: block.places for name, block in self._blocks.items()}
        if list(wanted.items()) != list(shown.items()):
            self._rebuild(state)
        for block in state.blocks:
            self._blocks[block.id].set_state(block)
        self._refusal.set_words(state.refusal)
        self._next.setEnabled(state.can_leave)
        QTimer.singleShot(0, self, self._show_active)

    def renew(self) -> None:
        """Begin the form of another trial with fresh questions."""
        self._clear()

    def _clear(self) -> None:
        for block in self._blocks.values():
            self._column.removeWidget(block)
            block.hide()
            block.deleteLater()
        self._blocks = {}

    def _rebuild(self, state: FormState) -> None:
        self._clear()
        for place, block in enumerate(state.blocks):
            made = QuestionBlock(block)
            made.body.chosen.connect(self.chosen)
            made.body.written.connect(self.written)
            made.body.mark_wanted.connect(self.mark_wanted)
            made.body.mark_erased.connect(self.mark_erased)
            made.emptied.connect(self.emptied)
            made.activated.connect(self.activated)
            self._blocks[block.id] = made
            self._column.insertWidget(place, made)

    def _show_active(self) -> None:
        for block in self._blocks.values():
            if block._state.is_active:
                self._scroll.ensureWidgetVisible(block, 0, 8)

    def block(self, question: str) -> QuestionBlock:
        """Return the block of a question."""
        return self._blocks[question]

    def finish_typing(self) -> None:
        """Answer with what is being typed."""
        for block in self._blocks.values():
            if block._state.is_active and isinstance(block.body, FieldBody):
                block.body.finish()

    def take_focus(self) -> bool:
        """Give the keyboard to the active question's field; False where keys are read as keys."""
        active = (block for block in self._blocks.values() if block._state.is_active)
        return any(block.body.take_focus() for block in active)

    def set_notice(self, words: str) -> None:
        """Say why a key did nothing, or take that away."""
        self._notice.setText(words)
        self._notice.setVisible(bool(words))

    def set_feedback(self, words: str) -> None:
        """Show what a training case was about, after its answer; "" for none."""
        self._feedback.setText(f"Training: {words}" if words else "")
        self._feedback.setVisible(bool(words))

    def set_leave_words(self, next_words: str, *, can_go_back: bool) -> None:
        """Name the way out of the trial, and offer the way back where the study allows it."""
        self._next.setText(next_words)
        self._next.setAccessibleName(next_words)
        self._back.setEnabled(can_go_back)

    def set_can_leave(self, *, can_leave: bool) -> None:
        """Offer the way out."""
        self._next.setEnabled(can_leave)


class _Refusal(QWidget):
    """Says that an answer is not stored, and offers to try again."""

    def __init__(self) -> None:
        super().__init__()
        self._words: QLabel = label()
        set_severity(self._words, "error")
        self.retry = button("Try again")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.addWidget(self._words)
        layout.addWidget(self.retry, 0, Qt.AlignmentFlag.AlignLeft)
        self.hide()

    def set_words(self, words: str) -> None:
        """Show why an answer is not stored; "" hides all of it."""
        self._words.setText(f"Not saved. {words}" if words else "")
        self.setVisible(bool(words))
