"""The way into a study: a reader signs in, a coordinator looks how far everybody is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QWidget

from viewer.app.coordinating import allowed_deeds
from viewer.app.debriefing import debrief, is_revealed
from viewer.app.jobs import Jobs
from viewer.app.reading_room import reading_session
from viewer.app.sitting_down import (
    close_record,
    leave_seat,
    open_record,
    readers_of,
    sit_down,
    study_rows,
    verify_words,
)
from viewer.core.errors import DiptychError
from viewer.ui import dialogs, theme
from viewer.ui.beginning import Courier
from viewer.ui.controls import button
from viewer.ui.study_debrief import DebriefPage
from viewer.ui.study_deeds import Deeds
from viewer.ui.study_progress import ProgressPage
from viewer.ui.study_steps import SignInPage
from viewer.ui.study_window import StudyWindow

if TYPE_CHECKING:
    from viewer.app.sitting_down import StudyRecord


def seat(record: StudyRecord, reader: str, passphrase: str) -> StudyWindow:
    """Return the reading window of a reader, with a session and jobs of its own.

    Raises
    ------
    IllegalTransition : unknown reader, wrong passphrase, or the study is not open for reading.
    """
    courier = Courier()
    session = reading_session(Jobs(courier.deliver))
    try:
        reading = sit_down(record, reader, passphrase, session.jobs)
    except DiptychError:
        session.jobs.close()
        raise
    window = StudyWindow(session, reading)
    courier.setParent(window)
    return window


class StudyDoor(QMainWindow):
    """Signs readers in, one after the other; whoever opened the record closes it."""

    seated = Signal(object)
    closed = Signal()

    def __init__(self, record: StudyRecord, reader: str = "") -> None:
        super().__init__()
        self._record = record
        self.stack: QStackedWidget = QStackedWidget()
        self._reading: StudyWindow | None = None
        self.setWindowTitle("Diptych reading")
        self.setWindowIcon(theme.application_icon())
        self.sign_in = SignInPage(record.protocol.study.title, readers_of(record), reader)
        self.sign_in.signed_in.connect(self._seat)
        self.progress = ProgressPage()
        self.progress.verify_wanted.connect(self._verify)
        courier = Courier()
        courier.setParent(self)
        self._jobs = Jobs(courier.deliver)
        self.owner_deeds = Deeds(record, self._jobs, self)
        self.owner_deeds.told.connect(self._tell)
        self.progress.deeds.wanted.connect(self.owner_deeds.do)
        self.progress.back_wanted.connect(lambda: self.stack.setCurrentWidget(self.sign_in))
        others = button("Coordinator: progress of the study")
        others.clicked.connect(self.show_progress)
        self.sign_in.column.insertWidget(
            self.sign_in.column.count() - 1, others, 0, Qt.AlignmentFlag.AlignLeft
        )
        self.stack.addWidget(self.sign_in)
        self.stack.addWidget(self.progress)
        self.told = DebriefPage()
        self.told.back_wanted.connect(lambda: self.stack.setCurrentWidget(self.sign_in))
        self.stack.addWidget(self.told)
        self.setCentralWidget(self.stack)

    def showEvent(self, event: QShowEvent) -> None:
        """Wait for a passphrase."""
        super().showEvent(event)
        self.sign_in.passphrase.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_progress(self) -> None:
        """Show how far everybody is."""
        self.progress.set_rows(study_rows(self._record))
        self.progress.deeds.set_allowed(allowed_deeds(self._record))
        self.stack.setCurrentWidget(self.progress)

    def _tell(self, words: str, is_good: bool) -> None:
        """Say what came of a deed, beside how the study stands now."""
        if self.stack.currentWidget() is self.progress:
            self.show_progress()
            self.progress.set_verdict(is_good, words)

    def _verify(self) -> None:
        try:
            self.progress.set_verdict(*verify_words(self._record))
        except DiptychError as error:
            self.progress.set_verdict(False, str(error))

    def _seat(self, reader: str, passphrase: str) -> None:
        self.sign_in.passphrase.clear()
        try:
            if is_revealed(self._record):
                self.told.set_debrief(debrief(self._record, reader, passphrase))
                self.stack.setCurrentWidget(self.told)
                return
            window = seat(self._record, reader, passphrase)
        except DiptychError as error:
            self.sign_in.set_problem(str(error))
            return
        self._reading = window
        window.closed.connect(self._left)
        window.resize(self.size())
        window.show()
        self.hide()
        self.seated.emit(window)

    def _left(self) -> None:
        """Let the next reader sign in."""
        self._reading = None
        leave_seat(self._record)
        self.sign_in.set_problem("")
        self.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Sign in on Enter."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and self.stack.currentWidget() is self.sign_in:
            self.sign_in.enter()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Say that nobody reads here any more."""
        super().closeEvent(event)
        self._jobs.close()
        self.closed.emit()


def open_door(parent: QWidget, path: Path) -> StudyDoor | None:
    """Open the door of a locked study; why it does not open is told."""
    try:
        record = open_record(path)
    except DiptychError as error:
        dialogs.tell(parent, "Open reader study", str(error))
        return None
    door = StudyDoor(record)
    door.closed.connect(lambda: close_record(record))
    in_own_window(door, parent)
    return door


def in_own_window(window: QMainWindow, parent: QWidget) -> None:
    """Show a window of its own above its parent, as large, and gone once it is closed."""
    window.setParent(parent, Qt.WindowType.Window)
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    window.resize(parent.window().size())
    window.show()
