"""The checks before an enhancement, each with a sign and words."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from viewer.ui import icons, theme
from viewer.ui.controls import label, set_severity

_SIGNS = {
    "ok": (icons.OK, theme.SECONDARY, "Passed"),
    "warn": (icons.WARNING, theme.WARNING, "Warning"),
    "block": (icons.BLOCK, theme.ERROR, "Blocked"),
}


@dataclass(frozen=True, slots=True)
class GateRow:
    """One check before running: `level` is "ok", "warn" or "block", `words` say why."""

    level: str
    title: str
    words: str = ""


class GateList(QWidget):
    """The checks before running, each with a sign and words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        self._gates: tuple[GateRow, ...] = ()

    def set_gates(self, gates: tuple[GateRow, ...]) -> None:
        """List the checks: blocks and warnings in words, what passed on one line."""
        if gates == self._gates:
            return
        self._gates = gates
        while (taken := self._grid.takeAt(0)) is not None:
            if (old := taken.widget()) is not None:
                old.hide()
                old.deleteLater()
        notable = [gate for gate in gates if gate.level != "ok"]
        passed = [gate.title for gate in gates if gate.level == "ok"]
        rows = sorted(notable, key=lambda gate: gate.level != "block")
        if passed:
            rows.append(GateRow("ok", "Checked", ", ".join(map(_inside_sentence, passed))))
        for row, gate in enumerate(rows):
            name, colour, word = _SIGNS[gate.level]
            sign = QLabel()
            sign.setPixmap(icons.icon(name, colour).pixmap(16, 16))
            sign.setAccessibleName(word)
            words = f"{gate.title}: {gate.words}" if gate.words else gate.title
            text = label(words, "small" if gate.level == "ok" else "")
            set_severity(text, {"warn": "warning", "block": "error"}.get(gate.level, ""))
            text.setAccessibleName(f"{word}: {words}")
            top = Qt.AlignmentFlag.AlignTop
            self._grid.addWidget(sign, row, 0, top)
            self._grid.addWidget(text, row, 1, top)


def _inside_sentence(title: str) -> str:
    """Return a title as it stands inside a sentence; abbreviations keep their capitals."""
    return title if title[:2].isupper() else title[:1].lower() + title[1:]
