"""The reading window: one reader's sitting from consent to signature, and nothing else."""

import hashlib
from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from viewer.app.messages import Message
from viewer.app.reading import Reading, Step
from viewer.app.reading_room import Looking, clear_images
from viewer.app.session import Session
from viewer.core.errors import DiptychError
from viewer.ui import theme
from viewer.ui.controls import label
from viewer.ui.keys import belongs_to, form_key
from viewer.ui.study_display import DisplayPage
from viewer.ui.study_page import TrialPage
from viewer.ui.study_steps import (
    ConsentPage,
    DonePage,
    InterludePage,
    Sheet,
    SignPage,
)

BANNER = (
    "Research reading, not for diagnosis. One or more images in this session may be AI-processed."
)
OPEN_BANNER = "Research reading, not for diagnosis. AI-processed images are marked."
WAIT_MS = 300
"""A wait for images longer than this is said in words."""


class StudyWindow(QMainWindow):
    """Leads a reader from page to page; `closed` when the reader has left."""

    closed = Signal()

    def __init__(self, session: Session, reading: Reading, *, seed: int | None = None) -> None:
        """Build the window; `seed` fixes the places of the display check for a test."""
        super().__init__()
        self._session, self._reading = session, reading
        self._seed = seed
        self._looking = Looking(session)
        self._has_feedback = self._is_guess = self._was_warned = False
        self._after: Callable[[], object] = self.advance
        self.setWindowTitle("Diptych reading")
        self.setWindowIcon(theme.application_icon())
        is_blinded = reading.protocol.is_blinded
        self.banner = _banner(BANNER if is_blinded else OPEN_BANNER)
        self.page = TrialPage(session, reading)
        self.interlude = InterludePage()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.interlude)
        self.stack.addWidget(self.page)
        self._sheet: Sheet | None = None
        self._slow = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._slow.timeout.connect(self._say_wait)
        self._arrange()
        self._connect()
        self.advance()

    def _arrange(self) -> None:
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banner)
        layout.addWidget(self.stack, 1)
        self.setCentralWidget(content)

    def _connect(self) -> None:
        page = self.page
        page.leaves.connect(self._leave)
        page.presented.connect(self._presented)
        page.reason_given.connect(self._reason_given)
        page.pause_wanted.connect(self.pause)
        page.guess.guessed.connect(self._guessed)
        page.guess.rest_unknown.connect(self._rest_unknown)
        self.interlude.went_on.connect(self._went_on)
        self._reading.look = self._looking.note

    # ------------------------------------------------------------------ pages

    @property
    def is_settled(self) -> bool:
        """True when the page is there, its images drawn, and nothing is on its way."""
        is_drawn = self.stack.currentWidget() is not self.page or (
            self.page.is_presented and self.page.grid.is_idle
        )
        return is_drawn and not self._reading.is_loading

    def advance(self) -> None:
        """Show what the reader has to do next."""
        if self._reading.is_paused:
            self._show_pause()
            return
        step = self._reading.step
        self._is_guess = step is Step.GUESS
        if step in (Step.TRAINING, Step.TRIALS):
            self._open_trial()
        elif step is Step.GUESS:
            self._wait(self._reading.open_guess)
        else:
            clear_images(self._session)
            self._show_sheet(self._sheet_for(step))

    def _sheet_for(self, step: Step) -> Sheet:
        session, protocol = self._reading.session, self._reading.protocol
        if step is Step.CONSENT:
            consent = ConsentPage(
                protocol.study.title, protocol.study.consent, is_blinded=protocol.is_blinded
            )
            digest = hashlib.sha256(consent.words.encode()).hexdigest()
            consent.agreed.connect(lambda: self._do(lambda: session.consent(digest)))
            return consent
        if step is Step.DISPLAY:
            asks = protocol.display_check.asks_luminance
            check = DisplayPage(asks_luminance=asks, seed=self._seed)
            check.checked.connect(
                lambda facts: self._do(lambda: self._reading.check_display(facts))
            )
            return check
        if step is Step.SIGN:
            sign = SignPage(self._reading.name)
            sign.signed.connect(self._sign)
            return sign
        return self._done("")

    def _done(self, head: str) -> DonePage:
        done = DonePage()
        done.set_hash(head)
        done.closed.connect(self.close)
        return done

    def _show_sheet(self, sheet: Sheet) -> None:
        old, self._sheet = self._sheet, sheet
        self.stack.addWidget(sheet)
        self.stack.setCurrentWidget(sheet)
        if old is not None:
            self.stack.removeWidget(old)
            old.deleteLater()

    def _tried(self, deed: Callable[[], object]) -> bool:
        """Do something to the session; what refuses is said on the page, and gives False."""
        try:
            deed()
        except DiptychError as error:
            self._say_problem(str(error))
            return False
        return True

    def _do(self, deed: Callable[[], object]) -> None:
        """Do something to the session and go on."""
        if self._tried(deed):
            self.advance()

    def _say_problem(self, words: str) -> None:
        sheet = self.stack.currentWidget()
        if isinstance(sheet, Sheet):
            sheet.set_problem(words)
        else:
            self.page.form.set_notice(words)

    def _sign(self, passphrase: str, meaning: str) -> None:
        try:
            head = self._reading.session.sign(passphrase, meaning)
        except DiptychError as error:
            self._say_problem(str(error))
            return
        self._show_sheet(self._done(head))

    # ------------------------------------------------------------------ trials

    def _open_trial(self) -> None:
        self._wait(self._reading.open)

    def _wait(self, load: Callable[..., object]) -> None:
        """Load images, and say so only where it takes long."""
        self._slow.start()
        try:
            load(self._ready, self._not_loaded)
        except DiptychError as error:
            self._slow.stop()
            self._after = self.close
            self.interlude.say("The next case cannot be shown now", str(error), go_words="Close")
            self.stack.setCurrentWidget(self.interlude)

    def _say_wait(self) -> None:
        self._after = lambda: None
        self.interlude.say("Preparing the next case", "", can_go_on=False)
        self.stack.setCurrentWidget(self.interlude)

    def _not_loaded(self, message: Message) -> None:
        self._slow.stop()
        self._after = self.advance
        self.interlude.say("The images of this case could not be read", message.text)
        self.stack.setCurrentWidget(self.interlude)

    def _ready(self) -> None:
        self._slow.stop()
        self.stack.setCurrentWidget(self.page)
        self.page.put_up()

    def _presented(self) -> None:
        """Begin the trial, or the guess, now that all images are there."""
        self._has_feedback = False
        self._looking.restart()
        self.page.set_doors(
            is_trial=not self._is_guess, is_blinded=self._reading.protocol.is_blinded
        )
        if self._is_guess:
            self._reading.presented_guess()
            self.page.ask_guess(*self._reading.guessed)
            self.page.set_progress("Last questions", 1.0)
            return
        try:
            self._reading.presented()
        except DiptychError as error:
            self._after = self._ready
            self.interlude.say("The case could not be begun", str(error), go_words="Try again")
            self.stack.setCurrentWidget(self.interlude)
            return
        trial = self._reading.trial
        can_go_back = trial is not None and self._reading.session.previous(trial) is not None
        self.page.begin_form(can_go_back=can_go_back)
        self.page.set_progress(*self._reading.progress)

    def _leave(self, way: str) -> None:
        if way == "back":
            self._go_back()
        elif self._has_feedback:
            self._go_on()
        elif self._reading.can_leave:
            try:
                feedback = self._reading.finish()
            except DiptychError as error:
                self._say_problem(str(error))
                return
            if feedback:
                self._has_feedback = True
                self.page.show_feedback(feedback)
                return
            self._go_on()

    def _go_on(self) -> None:
        """Open the next trial, after a break where one is due."""
        if words := self._reading.break_words:
            self._after = self._rested
            self.interlude.say("Time for a break", words)
            self.stack.setCurrentWidget(self.interlude)
            return
        self.advance()

    def _rested(self) -> None:
        self._reading.rested()
        self.advance()

    def _go_back(self) -> None:
        try:
            has_gone = self._reading.back(self._ready, self._not_loaded)
        except DiptychError as error:
            self._say_problem(str(error))
            return
        if not has_gone:
            self.page.form.set_notice("This study does not allow to go back to the case before.")

    # ------------------------------------------------------------------ reasons, pause, guess

    def _reason_given(self, what: str, reason: str) -> None:
        if what == "flag":
            if self._tried(lambda: self._reading.flag(reason)):
                self.page.form.set_notice("The case is flagged.")
        elif what == "skip":
            if self._tried(lambda: self._reading.skip(reason)):
                self._go_on()
        elif self._tried(lambda: self._reading.break_blinding(reason, self.page.lift)):
            self.page.form.set_notice("The labels are shown. This reading counts as unblinded.")

    def pause(self) -> None:
        """Take the images away until the reader goes on."""
        if self.stack.currentWidget() is not self.page or not self.page.is_presented:
            return
        if self._tried(self._reading.pause):
            self._show_pause()

    def _show_pause(self) -> None:
        self._after = self._resume
        self.interlude.say("Paused", "Everything you answered is saved. The images are hidden.")
        self.stack.setCurrentWidget(self.interlude)

    def _resume(self) -> None:
        if not self._tried(self._reading.resume):
            return
        if self._reading.shown is not None:
            self.stack.setCurrentWidget(self.page)
            self.page.show_form()
        else:
            self.advance()

    def _went_on(self) -> None:
        self._after()

    def _guessed(self, position: str) -> None:
        self._do(lambda: self._reading.guess(position))

    def _rest_unknown(self) -> None:
        self._do(self._reading.guess_rest_unknown)

    # ------------------------------------------------------------------ keys

    def press(self, key: str) -> None:
        """Do what a key does on the page that is shown; "Enter", "Back", digits and so on."""
        page = self.stack.currentWidget()
        if isinstance(page, Sheet):
            if key == "Enter":
                page.enter()
        elif not self.page.is_presented:
            return
        elif self.page.side.currentWidget() is self.page.reason:
            if key == "Enter":
                self.page.reason.enter()
        elif self.page.side.currentWidget() is self.page.guess:
            self.page.guess.press(key)
        elif self._has_feedback:
            if key == "Enter":
                self._leave("next")
        else:
            self.page.press(key)

    def event(self, event: QEvent) -> bool:
        """Leave keys to the control that has the focus; note when the window loses the keyboard."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if belongs_to(QApplication.focusWidget(), event):
                event.accept()
                return True
        elif event.type() in (QEvent.Type.WindowActivate, QEvent.Type.WindowDeactivate):
            is_here = event.type() == QEvent.Type.WindowActivate
            self._tried(lambda: self._reading.focus(is_here=is_here))
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Give digits, Enter, Backspace and the like to the page that is shown."""
        is_control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        if is_control and event.key() == Qt.Key.Key_P:
            self.pause()
        elif is_control and event.key() == Qt.Key.Key_B:
            if self.page.is_presented and self._reading.protocol.is_blinded:
                self.page.ask_reason("break")
        elif event.key() == Qt.Key.Key_Escape:
            self.page.show_form()
        elif key := form_key(event):
            self.press(key)
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop everything; what is not stored is not lost without a second word."""
        if self._reading.unsaved and not self._was_warned:
            self._was_warned = True
            self.page.form.set_notice("An answer is not saved. Close once more to lose it.")
            event.ignore()
            return
        self._slow.stop()
        self._tried(self._reading.close)
        self._looking.close()
        self.page.close_views()
        self._session.jobs.close()
        self._session.images.close()
        super().closeEvent(event)
        self.closed.emit()


def _banner(words: str) -> QLabel:
    made = label(words, wraps=True)
    made.setAlignment(Qt.AlignmentFlag.AlignCenter)
    made.setMinimumHeight(theme.HIT)
    made.setStyleSheet(
        f"background: {theme.RAISED}; color: {theme.TEXT}; font-weight: 600; padding: 4px 10px;"
        f" border-bottom: 1px solid {theme.OUTLINE};"
    )
    made.setAccessibleName(words)
    return made
