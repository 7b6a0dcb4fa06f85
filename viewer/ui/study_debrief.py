"""What a reader sees who signs in to an unblinded study: what every image had been."""

from PySide6.QtCore import Signal

from viewer.app.debriefing import Debrief
from viewer.ui.controls import FigureTable, button, label
from viewer.ui.study_steps import Sheet

COLUMNS = ("Case", "Image", "It was", "You took it for", "")


class DebriefPage(Sheet):
    """The labels, back on every image that the reader has read."""

    back_wanted = Signal()

    def __init__(self) -> None:
        super().__init__(
            "What you have read", "The study is unblinded. This is what the images had been."
        )
        self.words = label()
        self.table = FigureTable("Images that you have read")
        self._back = button("Back")
        self._back.clicked.connect(self.back_wanted)
        self.column.addWidget(self.words)
        self.column.addWidget(self.table)
        self.finish(self._back)

    def set_debrief(self, told: Debrief) -> None:
        """Show what the images of a reader had been."""
        self.words.setText(told.words)
        has_pairs = any(one.position == "B" for one in told.images)
        verdicts = {True: "right", False: "wrong", None: ""}
        self.table.set_figures(
            COLUMNS,
            [
                (
                    f"{one.number}  {one.case}",
                    one.position if has_pairs else "",
                    one.was,
                    one.taken_for,
                    verdicts[one.is_right],
                )
                for one in told.images
            ],
        )
