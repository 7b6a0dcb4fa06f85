"""The row of tools on top: icons with their keys in the tooltips, generated from values."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout, QMenu, QSizePolicy, QToolButton, QWidget

from viewer.ui import icons, theme
from viewer.ui.controls import icon_button, tip_with_key

_GAP = 2
_RULE = 5


@dataclass(frozen=True, slots=True)
class ToolEntry:
    """One button. Entries of one `group` stand together; `icon` is a name of the icon font.

    Checkable entries show a state, such as the tool of the left button or a link that is on.
    """

    id: str
    title: str
    icon: str
    key: str = ""
    group: str = ""
    is_checkable: bool = False
    is_checked: bool = False
    is_enabled: bool = True


class ToolRow(QWidget):
    """A row of buttons; what does not fit goes into a menu at its end.

    Signals
    -------
    command_triggered : id of the entry that was chosen.
    """

    command_triggered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: tuple[ToolEntry, ...] = ()
        self._buttons: dict[str, QToolButton] = {}
        self._rules: dict[str, QFrame] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(_GAP)
        self._row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._more = icon_button("mdi6.dots-horizontal", "More tools")
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._more_menu = QMenu(self._more)
        self._more_menu.aboutToShow.connect(self._fill_more)
        self._more.setMenu(self._more_menu)
        self._more.hide()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Tools")

    def set_tools(self, entries: Sequence[ToolEntry]) -> None:
        """Show these tools; buttons that stay are only updated."""
        entries = tuple(entries)
        if [_lasting(e) for e in entries] != [_lasting(e) for e in self._entries]:
            self._rebuild(entries)
        self._entries = entries
        for entry in entries:
            made = self._buttons[entry.id]
            made.setEnabled(entry.is_enabled)
            made.setChecked(entry.is_checkable and entry.is_checked)
        self._fit()

    def button(self, tool: str) -> QToolButton:
        """Return the button of an entry."""
        return self._buttons[tool]

    def _rebuild(self, entries: tuple[ToolEntry, ...]) -> None:
        while (taken := self._row.takeAt(0)) is not None:
            old = taken.widget()
            if old is not None and old is not self._more:
                old.hide()
                old.deleteLater()
        self._buttons, self._rules = {}, {}
        group = entries[0].group if entries else ""
        for entry in entries:
            if entry.group != group:
                group = entry.group
                rule = QFrame()
                rule.setFixedSize(_RULE, 18)
                rule.setStyleSheet(f"border: none; border-left: 1px solid {theme.HAIRLINE};")
                rule.setContentsMargins(0, 0, 0, 0)
                self._rules[entry.id] = rule
                self._row.addWidget(rule)
            self._row.addWidget(self._make(entry))
        self._row.addWidget(self._more)
        self._row.addStretch(1)

    def _make(self, entry: ToolEntry) -> QToolButton:
        made = icon_button(entry.icon, entry.title, entry.key)
        if not icons.has_icon(entry.icon):
            made.setText(entry.title[:2])
        made.setCheckable(entry.is_checkable)
        made.clicked.connect(lambda _=False, tool=entry.id: self._chosen(tool))
        self._buttons[entry.id] = made
        return made

    def _chosen(self, tool: str) -> None:
        """Say what was chosen; the state shown stays that of the program, not of the click."""
        entry = next(entry for entry in self._entries if entry.id == tool)
        if entry.is_checkable:
            self._buttons[tool].setChecked(entry.is_checked)
        self.command_triggered.emit(tool)

    def _fit(self) -> None:
        """Hide from the end what does not fit, and keep the menu for it."""
        side = theme.HIT + 2 + _GAP
        rules = len(self._rules) * (_RULE + _GAP)
        needed = len(self._entries) * side + rules
        room = self.width() if needed <= self.width() else self.width() - side
        x = 0
        for entry in self._entries:
            rule = self._rules.get(entry.id)
            x += side + (_RULE + _GAP if rule else 0)
            is_shown = x <= room
            self._buttons[entry.id].setVisible(is_shown)
            if rule:
                rule.setVisible(is_shown)
        self._more.setVisible(needed > self.width())

    def _fill_more(self) -> None:
        self._more_menu.clear()
        for entry in self._entries:
            if self._buttons[entry.id].isHidden():
                title = tip_with_key(entry.title, entry.key)
                action = self._more_menu.addAction(icons.icon(entry.icon), title)
                action.setCheckable(entry.is_checkable)
                action.setChecked(entry.is_checked)
                action.setEnabled(entry.is_enabled)
                action.triggered.connect(
                    lambda _=False, tool=entry.id: self.command_triggered.emit(tool)
                )

    def minimumSizeHint(self) -> QSize:
        """Return room for one button and the menu."""
        return QSize(2 * (theme.HIT + 4), theme.HIT + 2)

    def sizeHint(self) -> QSize:
        """Return room for everything."""
        side = theme.HIT + 2 + _GAP
        across = (len(self._entries) + 1) * side + len(self._rules) * (_RULE + _GAP)
        return QSize(across, theme.HIT + 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the buttons to the new width."""
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        """Fit the buttons once the row has its width."""
        super().showEvent(event)
        self._fit()


def _lasting(entry: ToolEntry) -> tuple[str, str, str, str, str, bool]:
    """Return what a button is made from; the rest only changes its state."""
    return (entry.id, entry.title, entry.icon, entry.key, entry.group, entry.is_checkable)
