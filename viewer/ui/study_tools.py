"""What of the viewer a reading has: tools on top, keys, and a menu on the images."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from viewer.app.command import Command
from viewer.app.reading_room import PRESET_KEY, reading_commands
from viewer.app.session import Session
from viewer.app.windows import presets_here
from viewer.ui import icons
from viewer.ui.composition import window_name
from viewer.ui.tool_row import ToolEntry, ToolRow

IN_MENU = ("window.file", "window.invert", "view.reset", "view.maximise")


class ReadingTools(QWidget):
    """The row of tools; its actions belong to `page`, so that their keys work all over it.

    `may_run` is asked before anything is done, and hears of every use.
    """

    def __init__(
        self,
        session: Session,
        page: QWidget,
        may_run: Callable[[], bool],
        *,
        is_measuring: bool = False,
    ) -> None:
        super().__init__()
        self._session, self._may_run = session, may_run
        commands = reading_commands(session, is_measuring=is_measuring)
        self._commands = {command.id: command for command in commands}
        self._actions: dict[str, QAction] = {}
        self._row = ToolRow()
        self._row.command_triggered.connect(self.run)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 2, 6, 2)
        layout.addWidget(self._row)
        for command in self._commands.values():
            action = QAction(command.title, page)
            action.setShortcuts([QKeySequence(key) for key in command.keys])
            action.triggered.connect(partial(self.run, command.id))
            page.addAction(action)
            self._actions[command.id] = action
        session.workspace.tool_changed.connect(self.refresh)
        session.workspace.link_changed.connect(self.refresh)

    def run(self, command_id: str, _checked: object = None) -> None:
        """Run a command of the viewer, if a reading has it and it makes sense now."""
        command = self._commands.get(command_id)
        if command is not None and self._may_run() and command.when(self._session):
            command.run(self._session)
        self.refresh()

    def refresh(self) -> None:
        """Show which tools can be used, and which are on."""
        self._row.set_tools(
            tuple(
                self._entry(command)
                for command in self._commands.values()
                if command.icon and icons.has_icon(command.icon)
            )
        )

    def _entry(self, command: Command) -> ToolEntry:
        return ToolEntry(
            command.id,
            command.title,
            command.icon,
            QKeySequence(command.keys[0]).toString() if command.keys else "",
            command.menu,
            is_checkable=command.is_on is not None,
            is_checked=command.is_on is not None and command.is_on(self._session),
            is_enabled=command.when(self._session),
        )

    def show_menu(self, _view: int, place: QPoint) -> None:
        """Open the menu of a view."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.fill_menu(menu)
        menu.popup(place)

    def fill_menu(self, menu: QMenu) -> None:
        """Offer windows and what else a reading may do to a view."""
        for preset in presets_here(self._session):
            key = PRESET_KEY.format(digit=preset.key)
            title = f"{preset.window.name} ({window_name(preset.window)})\t{key}"
            menu.addAction(title, partial(self.run, f"window.preset_{preset.key}"))
        menu.addSeparator()
        for command_id in IN_MENU:
            menu.addAction(self._actions[command_id])

    def stop(self) -> None:
        """Stop listening, before the window goes."""
        self._session.workspace.tool_changed.disconnect(self.refresh)
        self._session.workspace.link_changed.disconnect(self.refresh)
