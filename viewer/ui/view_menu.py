"""What a right click on a view offers: what fits the thing under the pointer."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF
from PySide6.QtWidgets import QMenu

from viewer.app import measuring, planes, rendering, viewing, windows
from viewer.app.following import has_volume
from viewer.core.view import Plane, SlabMode
from viewer.ui import window_tasks as tasks
from viewer.ui.composition import window_name

if TYPE_CHECKING:
    from viewer.ui.main_window import MainWindow

SLABS_MM = (0.0, 2.0, 5.0, 10.0, 20.0, 40.0)


def fill_view_menu(menu: QMenu, window: "MainWindow", place: QPoint) -> None:
    """Fill the menu of the active view; `place` is where the click was, in global pixels."""
    actions, viewport = window.actions_by_id, window.grid.active
    actions.refresh()
    found = viewport.pointing.measurement_at(QPointF(viewport.mapFromGlobal(place)))
    if found:
        _fill_measurement(menu, window, found)
        menu.addSeparator()
    if viewport.state.plane is Plane.VOLUME:
        _fill_volume(menu, window)
        actions.fill(menu.addMenu("Planes"), "Planes")
    else:
        _fill_windows(menu.addMenu("Window"), window)
        cuts = menu.addMenu("Planes")
        actions.fill(cuts, "Planes")
        _fill_slab(cuts.addMenu("Slab"), window)
        actions.fill(menu.addMenu("Compare"), "Compare")
        actions.fill(menu.addMenu("Enhance"), "Enhance")
    actions.fill(menu.addMenu("Layout"), "Layout")
    menu.addSeparator()
    for command in ("view.reset", "view.maximise", "export.clipboard", "export.png", "tags.show"):
        menu.addAction(actions.action(command))


def _fill_measurement(menu: QMenu, window: "MainWindow", measurement: str) -> None:
    session = window.session
    menu.addAction("Name measurement…", partial(tasks.name_measurement, window, measurement))
    menu.addAction(
        "Delete measurement", partial(measuring.remove_any, session, (measurement,))
    ).setShortcut("Del")


def _fill_windows(menu: QMenu, window: "MainWindow") -> None:
    """Offer the windows of the file first, then the presets and what else decides on greys."""
    session = window.session
    for offered in windows.file_windows(session):
        words = window_name(offered)
        is_named = offered.name and offered.table is None
        title = f"{offered.name}: {words}" if is_named else words
        menu.addAction(f"{title} (file)", partial(windows.set_window, session, offered))
    menu.addSeparator()
    window.actions_by_id.fill(menu, "Window")


def _fill_volume(menu: QMenu, window: "MainWindow") -> None:
    session, viewport = window.session, window.grid.active
    chosen = window.grid.shown_preset(viewport.state)
    for preset in window.grid.presets_for(viewport.state):
        action = menu.addAction(
            preset.name, partial(rendering.use_volume_preset, session, preset.id)
        )
        action.setCheckable(True)
        action.setChecked(preset.id == chosen)
    menu.addSeparator()


def _fill_slab(menu: QMenu, window: "MainWindow") -> None:
    session = window.session
    state = session.workspace.active_state
    menu.setEnabled(has_volume(session))
    for mm in SLABS_MM:
        action = menu.addAction(
            f"{mm:.0f} mm" if mm else "Thin slice", partial(planes.set_slab, session, mm)
        )
        action.setCheckable(True)
        action.setChecked(state.slab_mm == mm)
    menu.addAction("Other thickness…", partial(tasks.ask_slab, window))
    menu.addSeparator()
    for mode in SlabMode:
        action = menu.addAction(mode.value, partial(_set_mode, window, mode))
        action.setCheckable(True)
        action.setChecked(state.slab_mode is mode)


def _set_mode(window: "MainWindow", mode: SlabMode) -> None:
    state = window.session.workspace.active_state
    viewing.look(window.session, replace(state, slab_mode=mode))
