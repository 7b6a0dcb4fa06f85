"""The display check of a reading: what a reader must find on the screen before the first case."""

import random
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QLineEdit, QPushButton

from viewer.ui.controls import button, label
from viewer.ui.study_pattern import CORNERS, FIELDS, FaintDisc, LineBlocks
from viewer.ui.study_steps import Sheet, primary

NOT_SEEN, UNSEEN = "Not seen", len(CORNERS)


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
        self.discs = [FaintDisc(place) for place in range(len(FIELDS))]
        self._unseen = [self._unseen_button(place) for place in range(len(FIELDS))]
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

    def _unseen_button(self, place: int) -> QPushButton:
        made = button(NOT_SEEN, is_checkable=True)
        made.setAccessibleName(f"Square {place + 1}: {NOT_SEEN}")
        made.clicked.connect(lambda: self.choose(place, UNSEEN))
        return made

    def _fill(self) -> None:
        self.column.addWidget(label("1  Click where you see a disc in each square.", "heading"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setColumnStretch(len(self.discs), 1)
        for place, disc in enumerate(self.discs):
            grid.addWidget(disc, 0, place)
            grid.addWidget(self._unseen[place], 1, place)
            disc.answered.connect(partial(self.choose, place))
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
        for disc, unseen in zip(self.discs, self._unseen, strict=True):
            disc.set_corner(self._random.randrange(len(CORNERS)))
            unseen.setChecked(False)
        kinds = ["upright", "plain", "level"]
        self._random.shuffle(kinds)
        self.blocks.set_kinds(kinds)
        self._plain.setExclusive(False)
        for made in self._plain.buttons():
            made.setChecked(False)
        self._plain.setExclusive(True)

    def choose(self, field: int, corner: int) -> None:
        """Say where the disc of a field is; `field` beyond the last is the plain square."""
        if field == len(self.discs):
            self._plain.button(corner).setChecked(True)
            return
        self.discs[field].set_chosen(corner if corner != UNSEEN else -1)
        self._unseen[field].setChecked(corner == UNSEEN)

    def enter(self) -> None:
        """Compare what was seen with what is there; on a miss everything moves to be found anew."""
        chosen = [
            UNSEEN if unseen.isChecked() else disc.chosen
            for disc, unseen in zip(self.discs, self._unseen, strict=True)
        ]
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
