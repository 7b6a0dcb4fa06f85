"""The pages around the trials: sign-in, consent, display check, breaks, signature, the end."""

import random
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from viewer.ui import theme
from viewer.ui.controls import button, label, set_severity
from viewer.ui.study_pattern import CORNERS, FIELDS, FaintDisc, LineBlocks

WIDEST = 680
NOT_SEEN = "not seen"
AI_SENTENCE = "Images that were processed by AI may be shown to you in this study, unmarked."
AI_SENTENCE_OPEN = (
    "Images that were processed by AI may be shown to you in this study; they are marked."
)
RESEARCH_SENTENCE = "This reading is for research only. Nothing here is for diagnosis."
MEANING = (
    "I have read these images myself, on this display, and the answers that are recorded are mine."
)


class Sheet(QScrollArea):
    """A page of words and controls in a column in the middle, with what went wrong at its foot."""

    def __init__(self, title: str, text: str = "") -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        across = QHBoxLayout(inside)
        across.addStretch(1)
        middle = QWidget()
        middle.setMaximumWidth(WIDEST)
        self.column = QVBoxLayout(middle)
        self.column.setContentsMargins(16, 24, 16, 24)
        self.column.setSpacing(12)
        across.addWidget(middle, 8)
        across.addStretch(1)
        self.title = label(title, "large")
        self.text = label(text)
        self.text.setVisible(bool(text))
        self.problem = label()
        set_severity(self.problem, "error")
        self.problem.hide()
        self.column.addWidget(self.title)
        self.column.addWidget(self.text)
        self.setWidget(inside)
        self.setAccessibleName(title)

    def finish(self, *buttons: QPushButton) -> None:
        """Put what leads on under everything else."""
        self.column.addWidget(self.problem)
        row = QHBoxLayout()
        for made in buttons:
            row.addWidget(made)
        row.addStretch(1)
        self.column.addLayout(row)
        self.column.addStretch(1)

    def set_problem(self, words: str) -> None:
        """Say what went wrong, or take that away."""
        self.problem.setText(words)
        self.problem.setVisible(bool(words))

    def enter(self) -> None:
        """Do what Enter does on this page."""


def as_panel(widget: QWidget) -> None:
    """Give a widget the ground of a panel."""
    theme.set_role(widget, "panel")
    widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, True)


def primary(title: str) -> QPushButton:
    """Return the button that leads on from a page."""
    made = button(title)
    made.setDefault(True)
    return made


class SignInPage(Sheet):
    """Asks who reads."""

    signed_in = Signal(str, str)

    def __init__(self, title: str, readers: tuple[tuple[str, str], ...], chosen: str = "") -> None:
        super().__init__(title, "Sign in to go on where you stopped.")
        self.reader = QComboBox()
        self.reader.setAccessibleName("Reader")
        for code, name in readers:
            self.reader.addItem(f"{code}  {name}".strip(), code)
        if chosen:
            self.reader.setCurrentIndex(max(self.reader.findData(chosen), 0))
        self.passphrase = _secret("Passphrase")
        form = QFormLayout()
        form.addRow("Reader", self.reader)
        form.addRow("Passphrase", self.passphrase)
        self.column.addLayout(form)
        self._go = primary("Sign in")
        self._go.clicked.connect(self.enter)
        self.finish(self._go)

    def enter(self) -> None:
        """Sign in with what was typed."""
        words = self.passphrase.text()
        if not words:
            self.set_problem("Enter your passphrase.")
            return
        self.set_problem("")
        self.signed_in.emit(str(self.reader.currentData()), words)


class ConsentPage(Sheet):
    """The consent text; it must be read to its end and be agreed to."""

    agreed = Signal()

    def __init__(self, title: str, text: str, *, is_blinded: bool) -> None:
        super().__init__(title)
        facts = f"{AI_SENTENCE if is_blinded else AI_SENTENCE_OPEN} {RESEARCH_SENTENCE}"
        self.words = f"{text.strip()}\n\n{facts}".strip()
        self.reading = QTextBrowser()
        self.reading.setPlainText(self.words)
        self.reading.setAccessibleName("Consent")
        self.reading.setMinimumHeight(240)
        self.reading.setMaximumHeight(420)
        self.box = QCheckBox("I have read this and agree to take part.")
        self.box.setEnabled(False)
        self._how = label("Read to the end to go on.", "secondary")
        self._go = primary("Go on")
        self._go.setEnabled(False)
        bar = self.reading.verticalScrollBar()
        bar.valueChanged.connect(self._scrolled)
        bar.rangeChanged.connect(lambda *_: self._scrolled(bar.value()))
        self.box.toggled.connect(self._go.setEnabled)
        self._go.clicked.connect(self.enter)
        for widget in (self.reading, self._how, self.box):
            self.column.addWidget(widget)
        self.finish(self._go)

    def _scrolled(self, value: int) -> None:
        if self.isVisible() and value >= self.reading.verticalScrollBar().maximum():
            self.box.setEnabled(True)
            self._how.hide()

    def enter(self) -> None:
        """Agree, once the box is ticked."""
        if self.box.isChecked():
            self.agreed.emit()


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


class InterludePage(Sheet):
    """A break, a pause, or a wait: words and one way on."""

    went_on = Signal()

    def __init__(self) -> None:
        super().__init__("")
        self._go = primary("Go on  (Enter)")
        self._go.clicked.connect(self.went_on)
        self.finish(self._go)

    def say(
        self, title: str, text: str, *, can_go_on: bool = True, go_words: str = "Go on  (Enter)"
    ) -> None:
        """Show these words."""
        self._go.setText(go_words)
        self.title.setText(title)
        self.text.setText(text)
        self.text.setVisible(bool(text))
        self._go.setVisible(can_go_on)
        self.setAccessibleName(title)

    def enter(self) -> None:
        """Go on."""
        if not self._go.isHidden():
            self.went_on.emit()


class SignPage(Sheet):
    """The signature: name, meaning, and the passphrase once more."""

    signed = Signal(str, str)

    def __init__(self, name: str) -> None:
        super().__init__("Sign your reading", "All cases are read. Signing ends your part.")
        self.passphrase = _secret("Passphrase")
        form = QFormLayout()
        form.addRow("Name", label(name))
        form.addRow("Meaning", label(MEANING))
        form.addRow("Passphrase", self.passphrase)
        self.column.addLayout(form)
        self._go = primary("Sign")
        self._go.clicked.connect(self.enter)
        self.finish(self._go)

    def enter(self) -> None:
        """Sign with the passphrase that was typed."""
        words = self.passphrase.text()
        self.passphrase.clear()
        if not words:
            self.set_problem("Enter your passphrase once more.")
            return
        self.set_problem("")
        self.signed.emit(words, MEANING)


class DonePage(Sheet):
    """The end: the hash of the last entry of the record, to be kept by the reader."""

    closed = Signal()

    def __init__(self) -> None:
        super().__init__(
            "Your reading is signed",
            "Thank you. Nothing can be changed any more. Keep this line: it proves what was"
            " recorded up to your signature.",
        )
        self.hash = QLineEdit()
        self.hash.setReadOnly(True)
        self.hash.setAccessibleName("Head of the record")
        self.column.addWidget(self.hash)
        self._go = primary("Close")
        self._go.clicked.connect(self.closed)
        self.finish(self._go)

    def set_hash(self, head: str) -> None:
        """Show the hash; without one the reading was signed in an earlier sitting."""
        self.hash.setText(head)
        self.hash.setVisible(bool(head))
        self.hash.setCursorPosition(0)

    def enter(self) -> None:
        """Close."""
        self.closed.emit()


def _secret(name: str) -> QLineEdit:
    made = QLineEdit()
    made.setEchoMode(QLineEdit.EchoMode.Password)
    made.setAccessibleName(name)
    made.setMaximumWidth(320)
    return made


class ReasonPanel(QWidget):
    """Asks for a reason beside the images, without a dialog that takes the window away."""

    given = Signal(str)
    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        as_panel(self)
        self._title = label("", "heading")
        self._text = label()
        self.reason = QLineEdit()
        self.reason.setAccessibleName("Reason")
        self.reason.setPlaceholderText("Reason")
        self._go = primary("")
        self._stay = button("Cancel")
        self._go.setEnabled(False)
        self.reason.textChanged.connect(lambda text: self._go.setEnabled(bool(text.strip())))
        self._go.clicked.connect(self.enter)
        self._stay.clicked.connect(self.cancelled)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.setSpacing(8)
        for widget in (self._title, self._text, self.reason, self._go, self._stay):
            layout.addWidget(widget)
        layout.addStretch(1)

    def ask(self, title: str, text: str, deed: str) -> None:
        """Ask for the reason of a deed."""
        self._title.setText(title)
        self._text.setText(text)
        self._go.setText(deed)
        self._go.setAccessibleName(deed)
        self.reason.clear()
        self.reason.setFocus(Qt.FocusReason.OtherFocusReason)

    def enter(self) -> None:
        """Give the reason, if there is one."""
        if words := self.reason.text().strip():
            self.given.emit(words)


class GuessPanel(QWidget):
    """Asks which image was AI-processed, after all ratings are done."""

    guessed = Signal(str)
    rest_unknown = Signal()

    def __init__(self) -> None:
        super().__init__()
        as_panel(self)
        self._title = label("", "heading")
        self._progress = label("", "secondary")
        self._choices: list[tuple[QPushButton, str]] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.setSpacing(8)
        layout.addWidget(self._title)
        layout.addWidget(self._progress)
        for _ in range(3):
            made = button("")
            layout.addWidget(made)
            self._choices.append((made, ""))
            made.clicked.connect(partial(self._clicked, len(self._choices) - 1))
        self._rest = button("I cannot tell for any of the rest")
        self._rest.clicked.connect(self.rest_unknown)
        layout.addSpacing(16)
        layout.addWidget(self._rest)
        layout.addStretch(1)

    def ask(self, count: int, done: int, total: int) -> None:
        """Ask about `count` images; `done` of `total` guesses are made."""
        pair = (("Image A", "A"), ("Image B", "B"), ("Cannot tell", ""))
        single = (("AI-processed", "A"), ("Not processed", "none"), ("Cannot tell", ""))
        self._title.setText(
            "Which image was AI-processed?" if count > 1 else "Was this image AI-processed?"
        )
        self._progress.setText(f"Guess {done + 1} of {total}. Your ratings are done and stay.")
        answers = pair if count > 1 else single
        for place, (words, value) in enumerate(answers):
            made = self._choices[place][0]
            made.setText(f"{place + 1}   {words}")
            made.setAccessibleName(words)
            self._choices[place] = (made, value)

    def press(self, digit: str) -> None:
        """Answer by a digit."""
        if digit in ("1", "2", "3"):
            self._clicked(int(digit) - 1)

    def _clicked(self, place: int, _checked: object = None) -> None:
        self.guessed.emit(self._choices[place][1])
