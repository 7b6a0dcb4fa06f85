"""Qt actions for every command: menus, keys, the palette and the shortcut sheet come from here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

from viewer.app.command import Command
from viewer.app.commands import COMMANDS
from viewer.app.session import Session
from viewer.app.windows import presets_here
from viewer.ui import icons, window_commands
from viewer.ui.composition import window_name
from viewer.ui.tool_row import ToolEntry

if TYPE_CHECKING:
    from viewer.ui.main_window import MainWindow

MENUS = ("File", "View", "Layout", "Planes", "Window", "Tools", "Compare", "Enhance", "Help")
"""Order of the menus."""


RECENT = "file.recent"

FILE_MENU = (
    ("file.open_folder", "file.open_files", "pacs.search", RECENT, "file.demo"),
    ("browser.search", "file.skipped", "tags.show", "study.close_all"),
    ("file.save_enhanced", "pacs.send", "export.png", "export.clipboard"),
    ("study.new", "study.read"),
    ("settings.show",),
    ("file.quit",),
)
"""The File menu in groups; `RECENT` is a menu of its own."""


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command as the palette and the shortcut sheet list it."""

    id: str
    title: str
    keys: str
    menu: str
    is_enabled: bool


class Actions(QObject):
    """Owns one QAction per command and keeps them enabled and checked as the commands say.

    `refreshed` is emitted after that, for the tool row.
    """

    refreshed = Signal()

    def __init__(self, session: Session, window: "MainWindow") -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._commands: dict[str, Command] = {}
        self._actions: dict[str, QAction] = {}
        for command in COMMANDS:
            self._add(command, partial(command.run, session))
        for own in window_commands.COMMANDS:
            self._add(own.as_command(window), partial(own.run, window))
        self._later = QTimer(self, singleShot=True, interval=120)
        self._later.timeout.connect(self.refresh)
        self.refresh()

    def _add(self, command: Command, run: Callable[[], object]) -> None:
        action = QAction(command.title, self._window)
        action.setShortcuts([QKeySequence(key) for key in command.keys])
        if command.icon:
            action.setIcon(icons.icon(command.icon))
        action.setIconVisibleInMenu(False)
        action.setCheckable(command.is_on is not None)
        action.triggered.connect(lambda _=False: self.run(command.id))
        self._window.addAction(action)
        self._commands[command.id] = command
        self._actions[command.id] = action
        action.setData(run)

    def run(self, command_id: str) -> None:
        """Run a command by its id if it makes sense now."""
        command = self._commands.get(command_id)
        if command is not None and command.when(self._session):
            run: Callable[[], None] = self._actions[command_id].data()
            run()
        self.refresh_later()

    def refresh(self) -> None:
        """Enable and disable the actions."""
        for command_id, command in self._commands.items():
            action = self._actions[command_id]
            action.setEnabled(command.when(self._session))
            if command.means is not None:
                action.setText(command.title_now(self._session))
            if command.is_on is not None:
                action.setChecked(command.is_on(self._session))
        self.refreshed.emit()

    def refresh_later(self) -> None:
        """Enable and disable the actions soon, once for many changes."""
        if not self._later.isActive():
            self._later.start()

    def rows(self) -> tuple[CommandRow, ...]:
        """Return every command for the palette and the shortcut sheet."""
        return tuple(
            CommandRow(
                command.id,
                command.title_now(self._session),
                " or ".join(_shown(key) for key in command.keys),
                command.menu,
                command.when(self._session),
            )
            for command in self._commands.values()
        )

    def tool_entries(self) -> tuple[ToolEntry, ...]:
        """Return the buttons of the tool row: every command with an icon, grouped by menu."""
        return tuple(
            ToolEntry(
                command.id,
                command.title,
                command.icon,
                _shown(command.keys[0]) if command.keys else "",
                command.menu,
                is_checkable=command.is_on is not None,
                is_checked=command.is_on is not None and command.is_on(self._session),
                is_enabled=command.when(self._session),
            )
            for title in MENUS
            for command in self._commands.values()
            if command.icon and command.menu == title
        )

    def action(self, command_id: str) -> QAction:
        """Return the action of a command."""
        return self._actions[command_id]

    # ------------------------------------------------------------------ menus

    def fill_menus(self, bar: QMenuBar) -> None:
        """Put every command with a menu into the menu bar."""
        for title in MENUS:
            menu = bar.addMenu(title)
            self.fill(menu, title)
            if title == "Window":
                menu.aboutToShow.connect(partial(self._refill, menu, title))

    def _fill_file(self, menu: QMenu) -> None:
        for group in FILE_MENU:
            for command in group:
                if command == RECENT:
                    recent = menu.addMenu("Recent")
                    recent.aboutToShow.connect(partial(self._fill_recent, recent))
                else:
                    menu.addAction(self._actions[command])
            menu.addSeparator()

    def _refill(self, menu: QMenu, title: str) -> None:
        menu.clear()
        self.fill(menu, title)

    def fill(self, menu: QMenu, title: str) -> None:
        """Add every command of a menu; presets by their own names, and only those that fit."""
        if title == "File":
            self._fill_file(menu)
            return
        if title == "Window":
            for preset in presets_here(self._session):
                words = f"{preset.window.name} ({window_name(preset.window)})"
                key = f"window.preset_{preset.key}"
                menu.addAction(f"{words}\t{preset.key}", partial(self.run, key))
            menu.addSeparator()
        for command_id, command in self._commands.items():
            if command.menu == title and not command_id.startswith("window.preset_"):
                menu.addAction(self._actions[command_id])

    def _fill_recent(self, menu: QMenu) -> None:
        menu.clear()
        for path in self._session.workspace.settings.recents:
            menu.addAction(path, partial(self._window.open_paths, (Path(path),)))


def _shown(key: str) -> str:
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
