"""The display check of a reading: what a reader must find on the screen before the first case."""

import random

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QLineEdit

from viewer.ui.controls import button, label
from viewer.ui.study_pattern import CORNERS, FIELDS, FaintDisc, LineBlocks
from viewer.ui.study_steps import Sheet, primary

NOT_SEEN = "not seen"


class DisplayPage(Sheet):
    """The display check: four faint discs, lines of single pixels, and a word on luminance.

    `checked` carries (name, value) pairs once everything was found.
    """

    checked = Signal(tuple)

    def __init__(self, *, asks_luminance: bool, seed: int | None = None) -> None:
        super().__init__(
            "Display check",
            "Sit as you will read, with the room light as it will be.",
        )
        self._random = random.Random(seed)
        self._tries = 0
        self.discs = [FaintDisc(place, 0) for place in range(len(FIELDS))]
        self._places = [self._answers((*CORNERS, NOT_SEEN)) for _ in FIELDS]
        self.blocks = LineBlocks(("upright", "plain", "level"))
        self._plain = self._answers(("first", "second", "third", "cannot tell"))
        self.luminance = QLineEdit()
        self.luminance.setAccessibleName("Display and luminance")
        self.luminance.setPlaceholderText("Model, luminance in cd/m², last calibration")
        self._asks_luminance = asks_luminance
        self._go = primary("Check")
        self._go.clicked.connect(self.enter)
        self._fill()
        self.finish(self._go)
        self.shuffle()

    def _answers(self, words: tuple[str, ...]) -> QButtonGroup:
        group = QButtonGroup(self)
        for place, text in enumerate(words):
            made = button(text, is_checkable=True)
            made.setStyleSheet("padding: 0 6px;")
            group.addButton(made, place)
        return group

    def _fill(self) -> None:
        self.column.addWidget(label("1  Where is the disc in each square?", "heading"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        for place, disc in enumerate(self.discs):
            grid.addWidget(disc, 0, place, Qt.AlignmentFlag.AlignHCenter)
            for line, made in enumerate(self._places[place].buttons(), 1):
                made.setAccessibleName(f"Square {place + 1}: {made.text()}")
                grid.addWidget(made, line, place)
        self.column.addLayout(grid)
        self.column.addWidget(label("2  Which square is plain grey, without lines?", "heading"))
        self.column.addWidget(self.blocks)
        row = QHBoxLayout()
        for made in self._plain.buttons():
            row.addWidget(made)
        row.addStretch(1)
        self.column.addLayout(row)
        if self._asks_luminance:
            self.column.addWidget(label("3  Which display is this, and how bright?", "heading"))
            self.column.addWidget(self.luminance)

    def shuffle(self) -> None:
        """Hide the discs and the plain square in other places, and forget what was chosen."""
        for disc in self.discs:
            disc.set_corner(self._random.randrange(len(CORNERS)))
        kinds = ["upright", "plain", "level"]
        self._random.shuffle(kinds)
        self.blocks.set_kinds(kinds)
        for group in (*self._places, self._plain):
            group.setExclusive(False)
            for made in group.buttons():
                made.setChecked(False)
            group.setExclusive(True)

    def choose(self, field: int, corner: int) -> None:
        """Say where the disc of a field is; `field` beyond the last is the plain square."""
        group = [*self._places, self._plain][field]
        group.button(corner).setChecked(True)

    def enter(self) -> None:
        """Compare what was seen with what is there; on a miss everything moves to be found anew."""
        chosen = [group.checkedId() for group in self._places]
        plain = self._plain.checkedId()
        if -1 in (*chosen, plain):
            self.set_problem("Answer for each square.")
            return
        luminance = self.luminance.text().strip()
        if self._asks_luminance and not luminance:
            self.set_problem("Say which display this is, and how bright.")
            return
        self._tries += 1
        found = sum(disc.corner == at for disc, at in zip(self.discs, chosen, strict=True))
        is_sharp = plain == self.blocks.kinds.index("plain")
        if found < len(self.discs) or not is_sharp:
            self.shuffle()
            self.set_problem(_failed_words(found, is_sharp=is_sharp))
            return
        screen = self.screen().size()
        self.checked.emit(
            (
                ("contrast", f"{found} of {len(self.discs)}"),
                ("resolution", "seen"),
                ("tries", str(self._tries)),
                ("luminance", luminance),
                ("screen", f"{screen.width()}x{screen.height()}"),
                ("scale", f"{self.devicePixelRatioF():g}"),
            )
        )


def _failed_words(found: int, *, is_sharp: bool) -> str:
    discs = "" if found == len(FIELDS) else f"{found} of {len(FIELDS)} discs were found. "
    lines = "" if is_sharp else "The lines were not told from grey. "
    advice = "Dim the room, clean and warm up the display, set it to its own resolution, try again."
    return f"{discs}{lines}{advice}"
