"""A trial on the screen: the images, the form beside them, and what a reader may do meanwhile."""

import uuid
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from viewer.app import reading_room
from viewer.app.reading import POSITIONS, Effect, Place, Reading
from viewer.app.reading_form import form_state, mark_words, wants_marks
from viewer.app.session import Session
from viewer.app.tools import DRAWING_TOOLS
from viewer.core.arrays import Point
from viewer.core.errors import DiptychError
from viewer.ui import theme
from viewer.ui.controls import button, label
from viewer.ui.study_asides import GuessPanel, ReasonPanel
from viewer.ui.study_form import StudyForm
from viewer.ui.study_marks import MarkHand
from viewer.ui.study_tools import ReadingTools
from viewer.ui.view_grid import ViewGrid

FORM_WIDTH = 348


class TrialPage(QWidget):
    """The views of one trial with its form.

    Signals
    -------
    leaves : "next" or "back". presented : the first frame of all images is on the screen.
    reason_given : what was asked for ("skip", "flag", "break") and the reason.
    pause_wanted : the pause button.
    """

    leaves = Signal(str)
    presented = Signal()
    reason_given = Signal(str, str)
    pause_wanted = Signal()

    def __init__(self, session: Session, reading: Reading) -> None:
        super().__init__()
        self._session, self._reading = session, reading
        self._is_waiting = False
        self._asked = ""
        self.grid = ViewGrid(session, self)
        self._hand = MarkHand(self._wanted_shape, reading.touch, self)
        self._hand.marked.connect(self._marked)
        self.form = StudyForm()
        self.guess = GuessPanel()
        self.reason = ReasonPanel()
        self.tools = ReadingTools(session, self, self._may_run, is_measuring=reading.is_measuring)
        self.side = QStackedWidget()
        self.side.setFixedWidth(FORM_WIDTH)
        for widget in (self.form, self.guess, self.reason):
            self.side.addWidget(widget)
        self._done = label("", "secondary", wraps=False)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(160)
        self._limit = QTimer(self, singleShot=True)
        self._limit.timeout.connect(self._end_time)
        self._arrange()
        self._connect()

    # ------------------------------------------------------------------ anatomy

    def _arrange(self) -> None:
        across = QHBoxLayout()
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(self.grid, 1)
        across.addWidget(self.side)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.tools)
        layout.addLayout(across, 1)
        layout.addLayout(self._foot())

    def _foot(self) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setContentsMargins(10, 4, 10, 4)
        foot.setSpacing(10)
        foot.addWidget(self._done)
        foot.addWidget(self._bar)
        foot.addStretch(1)
        self._asks = {
            "flag": button("Flag case…"),
            "skip": button("Cannot be read…"),
            "break": button("Emergency: show labels…", tip="Ctrl+B"),
        }
        for what, made in self._asks.items():
            theme.set_role(made, "flat")
            made.clicked.connect(partial(self.ask_reason, what))
            foot.addWidget(made)
        self._pause = button("Pause", tip="Ctrl+P")
        self._pause.clicked.connect(self.pause_wanted)
        foot.addWidget(self._pause)
        return foot

    def _connect(self) -> None:
        form = self.form
        form.chosen.connect(lambda place, value: self._did(self._reading.choose(place, value)))
        form.written.connect(self._written)
        form.emptied.connect(self._emptied)
        form.activated.connect(self._activated)
        form.mark_wanted.connect(self._go_to_mark)
        form.mark_erased.connect(lambda place, one: self._did(self._reading.erase(place, one)))
        form.retry_wanted.connect(self._retry)
        form.next_wanted.connect(self._next)
        form.back_wanted.connect(lambda: self.press("Back"))
        self.reason.given.connect(self._reason_given)
        self.reason.cancelled.connect(self.show_form)
        self.grid.picture_arrived.connect(self._picture_arrived)
        self.grid.menu_asked.connect(self.tools.show_menu)

    # ------------------------------------------------------------------ images

    def put_up(self) -> None:
        """Show the images of the trial that is ready: all of them in one instant, none before."""
        shown = self._reading.shown
        if shown is None:
            return
        self._is_waiting = True
        self._limit.stop()
        self.grid.show()
        self.grid.setUpdatesEnabled(False)
        reading_room.show_images(
            self._session,
            shown,
            is_blinded=self._reading.protocol.is_blinded,
            is_measuring=self._reading.is_measuring,
        )
        for viewport in self.grid.shown:
            viewport.setAcceptDrops(False)
            self._hand.watch(viewport)
        self.tools.refresh()
        QTimer.singleShot(0, self, self._picture_arrived)

    def _picture_arrived(self) -> None:
        if not self._is_waiting or any(view.is_drawing for view in self.grid.shown):
            return
        if any(view.picture().pixels is None for view in self.grid.shown):
            return
        self._is_waiting = False
        self.grid.setUpdatesEnabled(True)
        for viewport in self.grid.shown:
            viewport.repaint()
        self.presented.emit()

    @property
    def is_presented(self) -> bool:
        """True once the images of the trial are on the screen."""
        return not self._is_waiting and self._reading.shown is not None

    def lift(self) -> None:
        """Give all images their own labels back, on the screen before anything else happens."""
        self._session.workspace.lift_badges()
        for viewport in self.grid.shown:
            viewport.repaint()

    # ------------------------------------------------------------------ form

    def begin_form(self, *, can_go_back: bool) -> None:
        """Show the form of the trial that was put up."""
        self.form.renew()
        self.form.set_feedback("")
        self.form.set_leave_words("Next case  (Enter)", can_go_back=can_go_back)
        self.refresh()
        self.show_form()
        if (limit_s := self._reading.protocol.timing.limit_s) > 0:
            self._limit.start(round(1000 * limit_s))

    def show_form(self) -> None:
        """Show the form beside the images, and give the keys to it."""
        self._asked = ""
        self.side.setCurrentWidget(self.form)
        self._take_focus()

    def show_feedback(self, words: str) -> None:
        """Show what a training case was about; the next press of Enter leads on."""
        self.form.set_feedback(words)
        self.form.set_leave_words("Go on  (Enter)", can_go_back=False)

    def refresh(self) -> None:
        """Show the present answers and marks."""
        self.form.set_state(form_state(self._reading))
        shown = self._reading.shown
        if shown is not None:
            spots = reading_room.spots_of(self._session, shown, mark_words(self._reading))
            form = self._reading.form
            active = form.pending.id if form.pending is not None else form.mark
            self._session.workspace.put_spots(spots, active)

    def _did(self, effect: Effect) -> None:
        """Show what a key or a click did to the form, and leave the trial if it asks for that."""
        self._show_change(effect.notice)
        if effect.leaves == "next" and not self._reading.can_leave:
            self.form.set_notice("An answer is not saved yet.")
        elif effect.leaves:
            self.leaves.emit(effect.leaves)

    def _show_change(self, notice: str = "") -> None:
        self.form.set_notice(notice)
        self.refresh()

    def press(self, key: str) -> None:
        """Do what a key does in the form."""
        before = self._reading.form.active
        if key in ("Enter", "Back"):
            self.form.finish_typing()
        self._did(self._reading.press(key))
        if self._reading.form.active != before:
            self._take_focus()

    def _next(self) -> None:
        self.form.finish_typing()
        self.leaves.emit("next")

    def _written(self, place: Place, text: str) -> None:
        effect = self._reading.write(place, text)
        if effect.answer is not None or effect.notice:
            self._did(effect)

    def _emptied(self, place: Place) -> None:
        self._reading.activate(place)
        self.press("Delete")

    def _activated(self, place: Place) -> None:
        self._reading.activate(place)
        self._show_change()
        self._take_focus()

    def _retry(self) -> None:
        self._reading.retry()
        self._show_change()

    def _take_focus(self) -> None:
        """Give the keyboard to a field that is typed into, else to the images."""
        if self.side.currentWidget() is not self.form or not self.form.take_focus():
            self.grid.active.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_progress(self, words: str, share: float) -> None:
        """Say how far the reader is."""
        self._done.setText(words)
        self._bar.setRange(0, 1000)
        self._bar.setValue(round(1000 * share))
        self._bar.setAccessibleName(words)

    # ------------------------------------------------------------------ guess and reasons

    def ask_guess(self, done: int, total: int) -> None:
        """Ask which of the images on the screen was AI-processed."""
        self.guess.ask(len(self._reading.positions), done, total)
        self.side.setCurrentWidget(self.guess)
        self.grid.active.setFocus(Qt.FocusReason.OtherFocusReason)

    def ask_reason(self, what: str, _checked: object = None) -> None:
        """Ask why a case is flagged, skipped, or shown with its labels."""
        self._asked = what
        self.side.setCurrentWidget(self.reason)
        self.reason.ask(*_REASONS[what])

    def _reason_given(self, reason: str) -> None:
        asked = self._asked
        self.show_form()
        self.reason_given.emit(asked, reason)

    def set_doors(self, *, is_trial: bool, is_blinded: bool) -> None:
        """Offer to flag, to skip and to break the blinding only where there is something to."""
        for what, made in self._asks.items():
            made.setVisible(is_trial and (what != "break" or is_blinded))
        self._pause.setVisible(is_trial)

    # ------------------------------------------------------------------ commands

    def _may_run(self) -> bool:
        self._reading.touch()
        return self.is_presented

    def _end_time(self) -> None:
        """Take the images away: the time that the protocol gives a case is over."""
        self.grid.hide()
        self.form.set_notice("The time for the images is over. Answer and go on.")
        try:
            self._reading.session.note("time limit")
        except DiptychError as error:
            self.form.set_notice(str(error))

    # ------------------------------------------------------------------ marks

    def _wanted_shape(self) -> str:
        """Return the shape of mark that a click places now, "" where it places none."""
        is_form = self.is_presented and self.side.currentWidget() is self.form
        is_drawing = self._session.workspace.tool in DRAWING_TOOLS
        return wants_marks(self._reading.form) if is_form and not is_drawing else ""

    def _marked(self, view: int, start: Point, end: Point, shape: str) -> None:
        """Put a lesion mark on an image."""
        shown = self._reading.shown
        if shown is None:
            return
        name = f"m{uuid.uuid4().hex[:8]}"
        mark = reading_room.mark_between(self._session, shown, view, (start, end), name, shape)
        position = POSITIONS[view] if len(shown.images) > 1 else ""
        self._did(self._reading.place_mark(mark, position))

    def _go_to_mark(self, place: Place, mark_id: str) -> None:
        self._reading.activate(place, mark_id)
        mark, shown = self._reading.mark(place, mark_id), self._reading.shown
        if mark is not None and shown is not None:
            reading_room.go_to_mark(self._session, shown, mark)
        self._show_change()

    def close_views(self) -> None:
        """Stop drawing, before the window goes."""
        self._limit.stop()
        self.tools.stop()
        self.grid.disconnect_all()
        self.grid.volumes.close()


_REASONS = {
    "flag": (
        "Flag this case",
        "The case stays in your list and your answers count; the reason is noted.",
        "Flag the case",
    ),
    "skip": (
        "This case cannot be read",
        "It is left without answers. The reason is noted.",
        "Leave the case",
    ),
    "break": (
        "Show the labels of this case",
        "For an emergency only. The labels come back at once, this reading is marked as unblinded,"
        " and who did it, when and why is noted. Other cases stay blinded.",
        "Show the labels now",
    ),
}
