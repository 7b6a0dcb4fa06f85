"""The editor of a reader study: its parts as pages, its faults as they arise, and the lock."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMainWindow,
    QPlainTextEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from viewer.app.drafting import Draft, Place
from viewer.app.jobs import Jobs
from viewer.core.errors import DiptychError
from viewer.ui import dialogs, theme
from viewer.ui.controls import button, label, set_severity
from viewer.ui.study_editor_pages import ListPage, PartPage, Suggestions, mark
from viewer.ui.study_locking import LockDialog

CHECK_AFTER_MS = 250
NAMES_WIDTH = 150
ENDPOINT = ("measure", "arm", "control")
MOST_ROWS = 4

Page = PartPage | ListPage


class StudyEditor(QMainWindow):
    """Edits the draft of a study; every change is checked at once.

    Signals
    -------
    locked : the path of the study that came of the draft.
    """

    locked = Signal(object)
    closed = Signal()

    def __init__(self, draft: Draft, jobs: Jobs, methods: tuple[tuple[str, str], ...]) -> None:
        """Show a draft; `methods` are id and name of what arms can be made by."""
        super().__init__()
        self.draft, self._jobs = draft, jobs
        self.setWindowIcon(theme.application_icon())
        self._problems: dict[Place, str] = {}
        self._pages = self._made_pages(methods)
        self.names = QListWidget()
        self.names.setFixedWidth(NAMES_WIDTH)
        self.names.setAccessibleName("Parts of the study")
        self.stack: QStackedWidget = QStackedWidget()
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName("The study file")
        for name, page in self._pages.items():
            self._row(name)
            self.stack.addWidget(page)
            page.edited.connect(self._edited)
        self._row("File")
        self.stack.addWidget(self.text)
        self.names.currentRowChanged.connect(self._turned)
        self.verdict = label()
        self.faults = QListWidget()
        self.faults.setAccessibleName("Faults")
        self.faults.itemActivated.connect(self._go_to)
        self.faults.itemClicked.connect(self._go_to)
        self._save, self._lock = button("Save"), button("Lock the study…")
        self._save.clicked.connect(self.save)
        self._lock.clicked.connect(self.lock)
        QShortcut(QKeySequence.StandardKey.Save, self, self.save)
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.setInterval(CHECK_AFTER_MS)
        self._clock.timeout.connect(self.check)
        self._lay_out()
        self.names.setCurrentRow(0)
        self.refresh()

    def _row(self, name: str) -> None:
        QListWidgetItem(name, self.names).setSizeHint(QSize(0, theme.HIT + 4))

    def _made_pages(self, methods: tuple[tuple[str, str], ...]) -> dict[str, Page]:
        self._images = button("Add images…", tip="Every series in a folder becomes a case")
        self._images.clicked.connect(self.add_images)
        arm: Suggestions = {"method": (("", "none: the original"), *methods)}
        draft = self.draft
        question = {"id": "q{n}", "kind": "likert", "text": "", "choices": ["", ""]}
        return {
            "Study": PartPage(draft, (("study", "The study"), ("", "Version and changes"))),
            "Arms": ListPage(draft, ("arms",), "arm", {"code": "A{n}", "name": ""}, arm),
            "Cases": ListPage(
                draft, ("cases",), "case", {"id": "C{n}", "path": ""}, more=(self._images,)
            ),
            "Readers": ListPage(draft, ("readers",), "reader", {"code": "R{n}", "name": ""}),
            "Questions": ListPage(draft, ("questions",), "question", question),
            "Design": PartPage(draft, (("design", "Design"), ("randomisation", "Randomisation"))),
            "Blinding": PartPage(
                draft,
                (
                    ("blinding", "Blinding"),
                    ("display_check", "Display check"),
                    ("timing", "Time"),
                ),
            ),
            "Analysis": PartPage(draft, (("analysis", "Plan of analysis"),)),
            "Endpoints": ListPage(
                draft, ("analysis", "endpoints"), "endpoint", dict.fromkeys(ENDPOINT, "")
            ),
        }

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(0)
        top.addWidget(self.names)
        top.addWidget(self.stack, 1)
        foot = QHBoxLayout()
        foot.addWidget(self.verdict, 1)
        foot.addWidget(self._save)
        foot.addWidget(self._lock)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addLayout(top, 1)
        column.addLayout(foot)
        column.addWidget(self.faults)
        self.setCentralWidget(whole)

    # ---------------------------------------------------------------- what is shown

    def page(self, name: str) -> Page:
        """Return a page by its name."""
        return self._pages[name]

    def turn_to(self, name: str) -> None:
        """Show a page."""
        self.names.setCurrentRow([*self._pages, "File"].index(name))

    def refresh(self) -> None:
        """Show what the draft says, and check it."""
        for page in self._pages.values():
            page.refresh()
        self.check()

    def check(self) -> None:
        """Say what is wrong with the draft as it stands."""
        checked = self.draft.checked()
        self._problems = {}
        for fault in checked.faults:
            self._problems.setdefault(fault.path, f"{fault.rule} {fault.remedy}".strip())
        self.faults.clear()
        for fault in checked.faults:
            row = QListWidgetItem(fault.words("Line").replace("Line, line", "Line"), self.faults)
            row.setData(Qt.ItemDataRole.UserRole, fault.path)
        self.faults.setVisible(bool(checked.faults))
        self.faults.setFixedHeight(min(len(checked.faults), MOST_ROWS) * theme.HIT + 8)
        self.verdict.setText(_verdict(checked.facts, len(checked.faults)))
        set_severity(self.verdict, "error" if checked.faults else "")
        self._lock.setEnabled(not checked.faults)
        for number, (name, page) in enumerate(self._pages.items()):
            page.set_problems(self._problems)
            is_wrong = any(_belongs(path, name) for path in self._problems)
            mark(self.names.item(number), is_wrong=is_wrong)
            self.names.item(number).setText(self._named(name, page))
        self.text.setPlainText(self.draft.text)
        star = "*" if self.draft.is_changed else ""
        self.setWindowTitle(f"{self.draft.path or 'New reader study'}{star} - Diptych")

    def _named(self, name: str, page: Page) -> str:
        return f"{name}  {page.entries.count()}" if isinstance(page, ListPage) else name

    def _edited(self) -> None:
        self._clock.start()

    def _turned(self, row: int) -> None:
        self.stack.setCurrentIndex(row)

    def _go_to(self, row: QListWidgetItem) -> None:
        """Show the page of a fault, and the entry that it is in."""
        path = tuple(row.data(Qt.ItemDataRole.UserRole) or ())
        for name, page in self._pages.items():
            if _belongs(path, name):
                self.turn_to(name)
                depth = 2 if name == "Endpoints" else 1
                if isinstance(page, ListPage) and len(path) > depth:
                    page.choose(int(path[depth]))
                return

    # ---------------------------------------------------------------- what is done

    def add_images(self) -> None:
        """Ask for a folder, and make a case of every series in it."""
        if self.draft.path is None and not self.save():
            return
        chosen = dialogs.ask_folder(self)
        if not chosen:
            return
        try:
            count = self.draft.add_cases((Path(chosen),))
        except DiptychError as error:
            dialogs.tell(self, "Add images", str(error))
            return
        self.refresh()
        self.page("Cases").choose(self.draft.count(("cases",)) - count)  # type: ignore[union-attr]

    def save(self) -> bool:
        """Write the file, after asking for its name where it has none; True when it is written."""
        path = self.draft.path
        if path is None:
            chosen = dialogs.ask_save(
                self, "Save the study file", "study.toml", "Study files (*.toml *.json)"
            )
            if not chosen:
                return False
            path = Path(chosen)
        try:
            self.draft.save(path)
        except DiptychError as error:
            dialogs.tell(self, "Save the study file", str(error))
            return False
        self.check()
        return True

    def lock(self) -> None:
        """Save, and ask how the study is to be locked."""
        if not self.save() or self.draft.path is None:
            return
        dialog = LockDialog(self.draft.path, self._jobs, self)
        dialog.locked.connect(self.locked)
        dialog.open()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep what was changed, unless it is to go."""
        self._clock.stop()
        if self.draft.is_changed:
            choice = dialogs.ask_keep(self, "The study file has changes that were not saved.")
            if choice is None or (choice and not self.save()):
                event.ignore()
                return
        super().closeEvent(event)
        self.closed.emit()


_PARTS: dict[str, Callable[[Place], bool]] = {
    "Study": lambda path: path[:1] in ((), ("study",), ("version",), ("amendment",), ("editing",)),
    "Design": lambda path: path[:1] in (("design",), ("randomisation",)),
    "Blinding": lambda path: path[:1] in (("blinding",), ("display_check",), ("timing",)),
    "Analysis": lambda path: path[:1] == ("analysis",) and path[1:2] != ("endpoints",),
    "Endpoints": lambda path: path[:2] == ("analysis", "endpoints"),
}


def _belongs(path: Place, page: str) -> bool:
    rule = _PARTS.get(page)
    return rule(path) if rule is not None else path[:1] == (page.lower(),)


def _verdict(facts: dict[str, object], faults: int) -> str:
    if faults:
        return "1 fault: click it to go there." if faults == 1 else f"{faults} faults: click one."
    arms, readers = facts["arms"], facts["readers"]
    assert isinstance(arms, list)
    assert isinstance(readers, list)
    return (
        f"Valid: {facts['cases']} cases to be read, {len(arms)} arms, {len(readers)} readers. "
        f"Protocol {str(facts['protocol_id'])[:12]}."
    )
