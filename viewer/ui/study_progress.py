"""The coordinator's page: who reads, how far, what was interrupted or left; never an answer."""

from PySide6.QtCore import Signal

from viewer.app.sitting_down import StudyRows
from viewer.ui.controls import FactList, FigureTable, button, label, set_severity
from viewer.ui.study_deeds import DeedButtons
from viewer.ui.study_steps import Sheet

COLUMNS = ("Reader", "State", "Read", "Interruptions", "Not read", "Flagged")


class ProgressPage(Sheet):
    """Readers in a table, and the state of the record; `verify` recomputes its chain."""

    verify_wanted = Signal()
    back_wanted = Signal()

    def __init__(self) -> None:
        super().__init__(
            "", "What was answered is not shown before the study is closed and unblinded."
        )
        self._facts = FactList()
        self.table = FigureTable("Readers")
        self.verdict = label()
        self._verify = button("Verify the record")
        self._verify.clicked.connect(self.verify_wanted)
        self._back = button("Back")
        self._back.clicked.connect(self.back_wanted)
        self.deeds = DeedButtons()
        for widget in (self._facts, self.table, self.deeds, self.verdict):
            self.column.addWidget(widget)
        self.finish(self._verify, self._back)

    def set_rows(self, rows: StudyRows) -> None:
        """Show how far everybody is."""
        self.title.setText(rows.title)
        self._facts.set_facts(
            (
                ("State", rows.state),
                ("Protocol", rows.protocol_id),
                ("Head of the record", rows.head),
                ("Second log", rows.second_log),
                *(("Healed", words) for words in rows.findings),
            )
        )
        self.table.set_figures(
            COLUMNS,
            [
                (
                    f"{row.reader}  {row.name}".strip(),
                    row.state,
                    f"{row.done} of {row.total}",
                    str(row.interruptions),
                    str(row.missing),
                    str(row.flagged),
                )
                for row in rows.readers
            ],
        )
        self.set_verdict(True, "")

    def set_verdict(self, is_intact: bool, words: str) -> None:
        """Say whether the record is what was written, and where it is not."""
        self.verdict.setText(words)
        self.verdict.setVisible(bool(words))
        set_severity(self.verdict, "" if is_intact else "error")
