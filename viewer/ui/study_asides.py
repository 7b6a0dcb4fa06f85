"""What stands in the form's place beside the images: a reason to be given, a last guess."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget

from viewer.ui.controls import button, label
from viewer.ui.study_steps import as_panel, primary


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
