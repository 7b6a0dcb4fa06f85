"""The views in the middle of the window, in a grid with thin gutters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from viewer.app.layouts import MPR
from viewer.app.session import Session
from viewer.app.workspace import PartKey
from viewer.core.view import ViewState
from viewer.render.planar import Reslicer
from viewer.ui.region_numbers import RegionNumbers
from viewer.ui.viewport import Viewport
from viewer.ui.volume_drawing import VolumeDrawer

if TYPE_CHECKING:
    from viewer.render.presets import VolumePreset

GUTTER = 2
MARK_MS = 4000
"""How long a place is pointed at."""


class ViewGrid(QWidget):
    """Shows the layout of the workspace; one viewport per view number, made once and kept."""

    menu_asked = Signal(int, QPoint)
    part_dropped = Signal(int, tuple)
    paths_dropped = Signal(list)
    picture_arrived = Signal()
    text_wanted = Signal(int, str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.reslicer = Reslicer()
        self.volumes = VolumeDrawer(
            session.jobs, session.resources / "volume_presets.toml", self.reslicer
        )
        self._numbers = RegionNumbers(session)
        self._viewports: dict[int, Viewport] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GUTTER)
        self._followers = QTimer(self, singleShot=True, interval=0)
        self._followers.timeout.connect(self._repaint_followers)
        self._mark = QTimer(self, singleShot=True, interval=MARK_MS)
        self._mark.timeout.connect(lambda: session.workspace.set_mark(None))
        self._connect()
        self.arrange()

    def _connect(self) -> None:
        workspace = self._session.workspace
        workspace.layout_changed.connect(self.arrange)
        workspace.view_changed.connect(self._view_changed)
        workspace.part_changed.connect(self._part_changed)
        workspace.studies_changed.connect(self.volumes.drop_dead)
        for signal in (workspace.link_changed, workspace.settings_changed, workspace.tool_changed):
            signal.connect(self._repaint)
        workspace.measurements_changed.connect(self._repaint_one)
        workspace.mark_changed.connect(self._point)

    def disconnect_all(self) -> None:
        """Stop listening to the workspace, before the window goes."""
        self._followers.stop()
        self._mark.stop()
        workspace = self._session.workspace
        workspace.layout_changed.disconnect(self.arrange)
        workspace.view_changed.disconnect(self._view_changed)
        workspace.part_changed.disconnect(self._part_changed)
        workspace.studies_changed.disconnect(self.volumes.drop_dead)
        for signal in (workspace.link_changed, workspace.settings_changed, workspace.tool_changed):
            signal.disconnect(self._repaint)
        workspace.measurements_changed.disconnect(self._repaint_one)
        workspace.mark_changed.disconnect(self._point)

    @property
    def shown(self) -> tuple[Viewport, ...]:
        """Viewports that are visible now, in the order of the layout."""
        return tuple(self._viewports[view] for view in self._session.workspace.layout.shown)

    @property
    def active(self) -> Viewport:
        """The active viewport."""
        return self._viewports[self._session.workspace.active]

    @property
    def is_idle(self) -> bool:
        """True when every visible view shows its newest picture."""
        return all(viewport.is_idle for viewport in self.shown)

    def presets_for(self, state: ViewState) -> tuple[VolumePreset, ...]:
        """Return the volume presets that fit what a view shows, its default first."""
        workspace = self._session.workspace
        series = workspace.series_of(state.part) if state.part else None
        volume = workspace.volumes.get(state.part) if state.part else None
        if series is None or volume is None:
            return ()
        return self.volumes.presets_for(series.modality, volume.unit)

    def shown_preset(self, state: ViewState) -> str:
        """Return the id of the preset that a view is rendered with, "" for none."""
        names = [preset.id for preset in self.presets_for(state)]
        return state.camera.preset if state.camera.preset in names else (names or [""])[0]

    def each(self, do: Callable[[Viewport], None]) -> None:
        """Do something with every visible viewport."""
        for viewport in self.shown:
            do(viewport)

    def arrange(self) -> None:
        """Place the viewports as the layout says."""
        layout = self._session.workspace.layout
        if layout.name == MPR:
            self.volumes.warm()
        for view in layout.views:
            if view not in self._viewports:
                self._viewports[view] = self._made(view)
        shown = set(layout.shown)
        for view, viewport in self._viewports.items():
            if view not in shown:
                viewport.hide()
                self._grid.removeWidget(viewport)
        self._stretch(layout.rows if layout.maximised is None else 1, layout.columns)
        for place, view in enumerate(layout.shown):
            viewport = self._viewports[view]
            self._grid.addWidget(viewport, place // layout.columns, place % layout.columns)
            viewport.show()
            viewport.refresh()
        if any(viewport.hasFocus() for viewport in self._viewports.values()):
            self.active.setFocus(Qt.FocusReason.OtherFocusReason)

    def _stretch(self, rows: int, columns: int) -> None:
        is_maximised = self._session.workspace.layout.maximised is not None
        for row in range(3):
            self._grid.setRowStretch(row, int(row < rows))
        for column in range(3):
            self._grid.setColumnStretch(column, int(column < (1 if is_maximised else columns)))

    def _made(self, view: int) -> Viewport:
        viewport = Viewport(self._session, view, self.reslicer, self.volumes, self._numbers, self)
        viewport.menu_asked.connect(self.menu_asked)
        viewport.part_dropped.connect(self.part_dropped)
        viewport.paths_dropped.connect(self.paths_dropped)
        viewport.picture_arrived.connect(self.picture_arrived)
        viewport.text_wanted.connect(self.text_wanted)
        if self._viewports:
            QWidget.setTabOrder(self._viewports[max(self._viewports)], viewport)
        return viewport

    def _view_changed(self, view: int, old: ViewState, new: ViewState) -> None:
        if view in self._viewports:
            self._viewports[view].refresh(is_moving=True)
        self._followers.start()

    def _repaint_followers(self) -> None:
        """Repaint the views that get no new pixels: another view's plane cuts them elsewhere."""
        for viewport in self.shown:
            if not viewport.is_drawing:
                viewport.update()

    def _part_changed(self, key: PartKey) -> None:
        for viewport in self.shown:
            if viewport.state.part == key:
                viewport.refresh()

    def _point(self) -> None:
        """Show the mark, and take it away after a moment."""
        if self._session.workspace.mark is not None:
            self._mark.start()
        self._repaint()

    def _repaint(self) -> None:
        for viewport in self.shown:
            viewport.update()

    def _repaint_one(self, study: tuple[str, str, str]) -> None:
        self._repaint()
