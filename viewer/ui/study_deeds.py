"""What an owner or coordinator does with a study in its window: buttons, questions, and the deed.

Everything here goes through `viewer.app.coordinating`; what went wrong is said and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget

from viewer.app import coordinating
from viewer.app.jobs import Jobs, Lane
from viewer.app.sitting_down import readers_of
from viewer.core.errors import DiptychError
from viewer.ui import dialogs
from viewer.ui.controls import button
from viewer.ui.dialogs import Asked

if TYPE_CHECKING:
    from viewer.app.messages import Message
    from viewer.app.sitting_down import StudyRecord

TITLES = {
    "passphrase": "Give a reader a passphrase…",
    "open": "Open for reading…",
    "package": "Package for a site…",
    "amend": "Amend the protocol…",
    "merge": "Merge a site's readings…",
    "close": "Close reading…",
    "unblind": "Unblind…",
    "analyse": "Analyse and report…",
    "export": "Export readings…",
    "archive": "Archive…",
}
FORMATS = (
    ("csv", "ratings, one in each row (CSV)"),
    ("answers", "every answer with its time and revisions (CSV)"),
    ("marks", "lesion marks (CSV)"),
    ("imrmc", "iMRMC"),
    ("lrc", "MRMC text (.lrc)"),
    ("rjafroc", "RJafroc workbook"),
    ("redcap", "REDCap dictionary and records"),
)
COLUMNS = 3


class DeedButtons(QWidget):
    """A button for each deed; those that make no sense now are gone."""

    wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._buttons: dict[str, QPushButton] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(6)
        for deed, title in TITLES.items():
            made = button(title)
            made.setParent(self)
            made.clicked.connect(lambda _=False, name=deed: self.wanted.emit(name))
            self._buttons[deed] = made

    def set_allowed(self, deeds: frozenset[str]) -> None:
        """Show the deeds that can be done now, in the order of a study's life."""
        shown = [made for deed, made in self._buttons.items() if deed in deeds]
        for made in self._buttons.values():
            self._grid.removeWidget(made)
            made.hide()
        for place, made in enumerate(shown):
            self._grid.addWidget(made, place // COLUMNS, place % COLUMNS)
            made.show()

    def button(self, deed: str) -> QPushButton:
        """Return the button of a deed."""
        return self._buttons[deed]


class Deeds(QObject):
    """Asks what a deed needs, does it, and tells what came of it.

    Signals
    -------
    told : words, and whether they are good news; the study may stand elsewhere now.
    """

    told = Signal(str, bool)

    def __init__(self, record: StudyRecord, jobs: Jobs, window: QWidget) -> None:
        super().__init__(window)
        self._record, self._jobs, self._window = record, jobs, window

    def do(self, deed: str) -> None:
        """Ask for what a deed needs, and do it unless the answer is no."""
        make: Callable[[], coordinating.Told | None] = getattr(self, f"_{deed}")
        try:
            found = make()
        except DiptychError as error:
            self.told.emit(str(error), False)
            return
        finally:
            QGuiApplication.restoreOverrideCursor()
        if found is not None:
            self.told.emit("\n".join(found.lines), True)

    def _ask(self, deed: str, words: str, *asked: Asked) -> dict[str, str] | None:
        title = TITLES[deed].rstrip("…")
        answers = dialogs.ask_form(self._window, title, words, asked)
        if answers is not None:
            QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        return answers

    @property
    def _owner(self) -> str:
        return self._record.protocol.study.owner

    def _passphrase(self) -> coordinating.Told | None:
        known = readers_of(self._record)
        readers = tuple((code, f"{code}  {name}".strip()) for code, name in known)
        answers = self._ask(
            "passphrase",
            "The reader signs in and signs off with it. A later one replaces an earlier one.",
            Asked("reader", "Reader", options=readers),
            Asked("passphrase", "Passphrase", is_secret=True),
        )
        if answers is None:
            return None
        return coordinating.set_passphrase(
            self._record, answers["reader"], answers["passphrase"], self._owner
        )

    def _open(self) -> coordinating.Told | None:
        if self._ask("open", "Readers can sign in and read from now on.") is None:
            return None
        return coordinating.open_for_reading(self._record, self._owner)

    def _close(self) -> coordinating.Told | None:
        answers = self._ask(
            "close",
            "Nobody can read any more after that, for good.",
            Asked("why", "Reason"),
        )
        if answers is None:
            return None
        return coordinating.close_reading(self._record, self._owner, answers["why"])

    def _unblind(self) -> coordinating.Told | None:
        answers = self._ask(
            "unblind",
            "Who saw what is opened for good. That, when, by whom and why is written down.",
            Asked("passphrase", "Owner's passphrase", is_secret=True),
            Asked("who", "Your name", text=self._owner),
            Asked("why", "Reason", text="reading is complete"),
        )
        if answers is None:
            return None
        return coordinating.unblind(
            self._record, answers["passphrase"], answers["who"], answers["why"]
        )

    def _amend(self) -> coordinating.Told | None:
        from viewer.app.amending import amend, later_version

        chosen = dialogs.ask_study(self._window)
        if not chosen:
            return None
        wanted = later_version(Path(chosen))
        answers = self._ask(
            "amend",
            f"Version {wanted.version} of the protocol stands beside the one that was locked. "
            f"Reason: {wanted.amendment or 'none is given'}.",
            Asked("passphrase", "Owner's passphrase", is_secret=True),
        )
        if answers is None:
            return None
        found = amend(self._record, wanted, answers["passphrase"])
        lines = (f"Version {found.version}, protocol {found.protocol_id[:12]}.", *found.changes)
        return coordinating.Told({}, lines)

    def _package(self) -> coordinating.Told | None:
        chosen = dialogs.ask_save(
            self._window,
            "Package for a site",
            f"{self._record.path.stem}-package.zip",
            "Package of a study (*.zip)",
        )
        if not chosen:
            return None
        QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        return coordinating.pack(self._record, Path(chosen), self._owner)

    def _merge(self) -> coordinating.Told | None:
        from viewer.app.studying import join

        other = dialogs.ask_study(self._window)
        name = f"{self._record.path.stem}-merged.study"
        kinds = "Reader studies (*.study)"
        chosen = dialogs.ask_save(self._window, "New file for both", name, kinds) if other else ""
        if not chosen:
            return None
        QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        return join(self._record.path, Path(other), Path(chosen))

    def _export(self) -> coordinating.Told | None:
        from viewer.app.study_exporting import export_readings

        answers = self._ask(
            "export",
            "Readings with their arms, for other programs.",
            Asked("kind", "As", options=FORMATS),
        )
        QGuiApplication.restoreOverrideCursor()
        chosen = dialogs.ask_save(self._window, "New folder for the files", "readings", "")
        if answers is None or not chosen:
            return None
        files = export_readings(self._record.path, answers["kind"], Path(chosen))
        return coordinating.Told({}, ("Written:", *map(str, files)))

    def _archive(self) -> coordinating.Told | None:
        if self._ask("archive", "The study ends here; it can be analysed, not changed.") is None:
            return None
        return coordinating.archive(self._record, self._owner)

    def _analyse(self) -> coordinating.Told | None:
        chosen = dialogs.ask_save(self._window, "New folder for the report", "report", "")
        if not chosen:
            return None
        path, folder = self._record.path, Path(chosen)
        self._jobs.submit(
            Lane.COMPUTE,
            "Analysing a study",
            lambda _progress: coordinating.report_of(path, folder),
            self._reported,
            failed=self._failed,
        )
        return coordinating.Told({}, ("Analysing…",))

    def _reported(self, found: coordinating.Reported) -> None:
        self.told.emit("\n".join((*found.lines, "", f"Report: {found.page}")), True)
        dialogs.open_file(found.page)

    def _failed(self, message: Message) -> None:
        self.told.emit(message.text, False)
