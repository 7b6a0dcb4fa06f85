"""What a right click on a series in the browser offers."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from viewer.app import layouts
from viewer.app.workspace import PartKey
from viewer.core.study import PartKind
from viewer.ui import window_tasks as tasks

if TYPE_CHECKING:
    from viewer.ui.main_window import MainWindow


def fill_part_menu(menu: QMenu, window: "MainWindow", key: PartKey) -> None:
    """Offer to show the part in a view, beside what is shown, and its attributes."""
    key = (key[0], int(key[1]))
    workspace = window.session.workspace
    part = workspace.parts.get(key)
    if part is None:
        return
    if part.kind is not PartKind.OBJECT:
        menu.addAction("Show", partial(window.show_in_active, key))
        menu.addAction("Show beside", partial(_show_beside, window, key))
        shown = workspace.layout.shown
        for place, view in enumerate(shown if len(shown) > 1 else ()):
            menu.addAction(f"Show in view {place + 1}", partial(window.show_in, view, key))
        menu.addSeparator()
    menu.addAction("DICOM tags…", partial(tasks.show_tags_of, window, part.sources[0]))


def _show_beside(window: "MainWindow", key: PartKey) -> None:
    """Show a part in the view after the active one, making room for two where there is one."""
    workspace = window.session.workspace
    if len(workspace.layout.views) == 1 or workspace.layout.name == layouts.MPR:
        layouts.arrange(1, 2)(window.session)
    layout = workspace.layout
    place = layout.views.index(layout.active)
    window.show_in(layout.views[(place + 1) % len(layout.views)], key)
