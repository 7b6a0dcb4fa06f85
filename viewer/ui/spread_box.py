"""The spread of the model on the inspector: its switch, one number for the slice, what it held."""

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from viewer.ui.controls import button, label


@dataclass(frozen=True, slots=True)
class SpreadState:
    """What the box says.

    `refusal` tells why there is nothing to switch on ("" where there is). `figure` is that of the
    slice in view and `coverage` what the interval held elsewhere.
    """

    refusal: str = ""
    is_on: bool = False
    figure: str = ""
    coverage: str = ""


class SpreadBox(QWidget):
    """Shows the state and asks for the overlay.

    Signals
    -------
    toggled : the reader wants the overlay on or off.
    """

    toggled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_on = False
        self._switch = button(
            "Show over the enhanced image",
            "",
            "Colours where the model is less sure: model spread, not error (U)",
            is_checkable=True,
        )
        self._switch.clicked.connect(self._clicked)
        self._refusal = label("", "secondary")
        self._figure = label("")
        self._coverage = label("", "small")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self._switch, self._refusal, self._figure, self._coverage):
            layout.addWidget(widget)

    def set_state(self, state: SpreadState) -> None:
        """Show what is known; the switch is disabled with the reason below it."""
        self._is_on = state.is_on
        self._switch.setChecked(state.is_on)
        self._switch.setEnabled(not state.refusal)
        for shown, words in (
            (self._refusal, state.refusal),
            (self._figure, state.figure),
            (self._coverage, state.coverage),
        ):
            shown.setText(words)
            shown.setVisible(bool(words))

    def _clicked(self) -> None:
        """Ask for it; the switch follows the state that comes back."""
        self._switch.setChecked(self._is_on)
        self.toggled.emit()
