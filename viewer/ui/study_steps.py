"""The pages around the trials: sign-in, consent, breaks, signature, the end."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
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

WIDEST = 680
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
        self.passphrase = secret("Passphrase")
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

    def showEvent(self, event: QShowEvent) -> None:
        """Look whether the whole text fits, once it is laid out: then nothing scrolls."""
        super().showEvent(event)
        bar = self.reading.verticalScrollBar()
        QTimer.singleShot(0, self, lambda: self._scrolled(bar.value()))

    def _scrolled(self, value: int) -> None:
        if self.isVisible() and value >= self.reading.verticalScrollBar().maximum():
            self.box.setEnabled(True)
            self._how.hide()

    def enter(self) -> None:
        """Agree, once the box is ticked."""
        if self.box.isChecked():
            self.agreed.emit()


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
        self.passphrase = secret("Passphrase")
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


def secret(name: str) -> QLineEdit:
    """Return a field whose letters are not shown."""
    made = QLineEdit()
    made.setEchoMode(QLineEdit.EchoMode.Password)
    made.setAccessibleName(name)
    made.setMaximumWidth(320)
    return made
