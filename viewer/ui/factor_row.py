"""How many times finer slices become: a number to choose, and what that makes of the series."""

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QVBoxLayout, QWidget

from viewer.ui.controls import label


class FactorRow(QWidget):
    """A number from `LIMITS`; `changed` carries it."""

    changed = Signal(int)

    LIMITS = (2, 6)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._number = QSpinBox()
        self._number.setRange(*self.LIMITS)
        self._number.setAccessibleName("Times finer")
        self._number.setToolTip("Slices made for each step between acquired slices")
        self._number.setKeyboardTracking(False)
        self._number.valueChanged.connect(self.changed)
        self._words = label("", "secondary")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._number)
        row.addWidget(self._words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(label("TIMES FINER", "section"))
        layout.addLayout(row)

    def show_factor(self, factor: int | None, words: str) -> None:
        """Show the number and what it makes; None hides the row."""
        self.setVisible(factor is not None)
        with QSignalBlocker(self._number):
            self._number.setValue(factor or self.LIMITS[0])
        self._words.setText(words)
