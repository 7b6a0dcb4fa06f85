"""Locks a study from its editor: the owner's passphrase, where it goes, and how far it is."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from viewer.app.jobs import Job, Jobs, Lane, Progress
from viewer.app.locking import LockedStudy, lock_study
from viewer.app.messages import Message
from viewer.core.errors import Cancelled
from viewer.ui.controls import button, label, set_severity
from viewer.ui.study_steps import primary, secret

WIDTH = 620


class LockDialog(QDialog):
    """Asks how, locks in the background, and says what came of it.

    Signals
    -------
    locked : the path of the locked study, once the owner has read what there is to know.
    """

    locked = Signal(object)

    def __init__(self, file: Path, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._file, self._jobs = file, jobs
        self._job: Job | None = None
        self._made: LockedStudy | None = None
        self.setWindowTitle("Lock the study")
        self.setMinimumWidth(WIDTH)
        self.first, self.again = secret("Owner's passphrase"), secret("The same again")
        self.out = QLineEdit(str(file.with_name(f"{file.stem}-locked")))
        self.out.setAccessibleName("New folder")
        self.log = QLineEdit()
        self.log.setAccessibleName("Second log")
        self.log.setPlaceholderText("a folder on another disk; your own data folder without")
        self.research = QCheckBox("Methods for research may be arms")
        form = QFormLayout()
        form.addRow("Owner's passphrase", self.first)
        form.addRow("The same again", self.again)
        form.addRow("New folder", self.out)
        form.addRow("Second log", self.log)
        form.addRow("", self.research)
        self.said = label()
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.hide()
        self.go = primary("Lock")
        self.go.clicked.connect(self.lock)
        self._leave = button("Cancel")
        self._leave.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._leave)
        row.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        column.addWidget(
            label(
                "Locking computes the images of every arm, draws who sees what, and seals both. "
                "After that the study can be amended, but what readers see and are asked stays."
            )
        )
        column.addWidget(
            label("Nobody can restore the passphrase, and nothing is unblinded without it.")
        )
        column.addLayout(form)
        column.addWidget(self.said)
        column.addWidget(self.bar)
        column.addLayout(row)
        self.tell("")

    def tell(self, words: str, severity: str = "") -> None:
        """Say how it stands."""
        self.said.setText(words)
        self.said.setVisible(bool(words))
        set_severity(self.said, severity)

    def lock(self) -> None:
        """Begin, or leave once it is done."""
        if self._made is not None:
            self.accept()
            self.locked.emit(self._made.path)
            return
        if self.first.text() != self.again.text():
            self.tell("The two passphrases differ.", "error")
            return
        passphrase, out = self.first.text(), Path(self.out.text().strip())
        log = Path(self.log.text().strip()) if self.log.text().strip() else None
        is_research = self.research.isChecked()

        def work(progress: Progress) -> LockedStudy:
            def report(fraction: float, words: str) -> None:
                if progress.is_cancelled():
                    raise Cancelled
                progress.publish((fraction, words))

            return lock_study(
                self._file, passphrase, report, out=out, second_log=log, is_research=is_research
            )

        self._set_busy(is_busy=True)
        self._job = self._jobs.submit(
            Lane.COMPUTE,
            "Locking a study",
            work,
            self._done,
            partial=lambda told: self._went_on(*told),
            failed=self._failed,
            ended=lambda _job: self._set_busy(is_busy=False),
            is_quiet=True,
        )

    def _set_busy(self, *, is_busy: bool) -> None:
        for widget in (self.first, self.again, self.out, self.log, self.research, self.go):
            widget.setEnabled(not is_busy)
        self.bar.setVisible(is_busy)
        if not is_busy:
            self._job = None

    def _went_on(self, fraction: float, words: str) -> None:
        self.bar.setValue(round(1000 * fraction))
        self.tell(words)

    def _done(self, made: LockedStudy) -> None:
        self._made = made
        lines = [
            f"Locked: {made.trials} trials, {made.images} images, protocol "
            f"{made.protocol_id[:12]}.",
            f"Study: {made.path}",
            f"Second log: {made.second_log}",
            *(f"Warning: {words}" for words in made.warnings),
        ]
        self.tell("\n".join(lines), "warning" if made.warnings else "")
        self.go.setText("Go to the study")
        self._leave.setText("Close")

    def _failed(self, message: Message) -> None:
        self.tell(message.text, "error")

    def reject(self) -> None:
        """Stop the work, and leave."""
        if self._job is not None:
            self._job.cancel()
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop the work, and leave."""
        if self._job is not None:
            self._job.cancel()
        super().closeEvent(event)
