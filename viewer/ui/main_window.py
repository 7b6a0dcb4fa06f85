"""The window: browser on the left, views in the middle, inspector on the right, tools on top."""

from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QWidget

from viewer.app.enhancement_verbs import enhance_active
from viewer.app.opening import confirm_patients, needs_confirmation, open_paths, show_part
from viewer.app.session import Session
from viewer.app.unpacking import remove_unpacked
from viewer.app.workspace import PartKey
from viewer.core.layout import with_active
from viewer.core.view import ViewState
from viewer.ui import dialogs
from viewer.ui.actions import Actions
from viewer.ui.browser import StudyBrowser
from viewer.ui.browser_state import browser_studies
from viewer.ui.cine import Cine
from viewer.ui.inspector_link import InspectorLink
from viewer.ui.painting import rgb_image
from viewer.ui.status_line import StatusLine
from viewer.ui.theme import application_icon
from viewer.ui.tool_row import ToolRow
from viewer.ui.view_grid import ViewGrid

HOLD_ORIGINAL = Qt.Key.Key_Q
BROWSER_TICK_MS = 100


class MainWindow(QMainWindow):
    """Puts the panels around the views and connects them with the session."""

    def __init__(self, session: Session, *, lists_library: bool = True) -> None:
        super().__init__()
        self.session = session
        self._lists_library = lists_library
        self.setWindowTitle("Diptych")
        self.setWindowIcon(application_icon())
        self.grid = ViewGrid(session, self)
        self.setCentralWidget(self.grid)
        self.browser: StudyBrowser = StudyBrowser()
        self.status = StatusLine()
        self.cine: Cine = Cine(session, self)
        self.actions_by_id = Actions(session, self)
        self.tools = ToolRow()
        self._left = self._dock("Studies", self.browser, Qt.DockWidgetArea.LeftDockWidgetArea)
        self.inspector = InspectorLink(
            session, lambda: self.run_command("file.save_enhanced"), self
        )
        self._right = self._dock(
            "Inspector", self.inspector.panel, Qt.DockWidgetArea.RightDockWidgetArea
        )
        self._browser_timer = QTimer(self, singleShot=True, interval=BROWSER_TICK_MS)
        self._browser_timer.timeout.connect(self._fill_browser)
        self._place_bars()
        self._connect()
        self._fill_browser()
        for message in session.workspace.early_messages:
            session.workspace.tell(message)

    # ------------------------------------------------------------------ anatomy

    def _dock(self, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(title.lower())
        dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        dock.setTitleBarWidget(QWidget(dock))
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        panels = self.session.workspace.settings.panels
        width = (
            panels.browser_width
            if area == Qt.DockWidgetArea.LeftDockWidgetArea
            else panels.inspector_width
        )
        self.resizeDocks([dock], [width], Qt.Orientation.Horizontal)
        return dock

    def _place_bars(self) -> None:
        self.actions_by_id.fill_menus(self.menuBar())
        self.tools.set_tools(self.actions_by_id.tool_entries())
        bar = self.addToolBar("Tools")
        bar.setMovable(False)
        bar.setObjectName("tools")
        bar.addWidget(self.tools)
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().addWidget(self.status, 1)

    def _connect(self) -> None:
        workspace, browser, grid = self.session.workspace, self.browser, self.grid
        workspace.studies_changed.connect(self._browser_later)
        workspace.part_changed.connect(self._browser_later)
        workspace.view_changed.connect(self._view_changed)
        workspace.layout_changed.connect(self._layout_changed)
        workspace.tool_changed.connect(self._refresh_tools)
        workspace.settings_changed.connect(self._refresh_recents)
        workspace.message.connect(self.status.show_message)
        self.session.jobs.changed = self._show_jobs
        self.session.images.thumbnail_arrived = self._thumbnail_arrived
        browser.part_activated.connect(self.show_in_active)
        browser.recent_activated.connect(lambda path: self.open_paths((Path(path),)))
        browser.paths_dropped.connect(self._dropped)
        grid.menu_asked.connect(self._show_menu)
        grid.part_dropped.connect(self.show_in)
        grid.paths_dropped.connect(self._dropped)
        self.tools.command_triggered.connect(self.run_command)
        self.status.cancel_requested.connect(self._cancel_job)
        self._refresh_recents()

    # ------------------------------------------------------------------ opening

    def open_paths(self, paths: tuple[Path, ...]) -> None:
        """Scan and show files, folders or archives."""
        open_paths(self.session, paths)

    def _dropped(self, paths: list[str]) -> None:
        self.open_paths(tuple(Path(path) for path in paths))

    def show_in_active(self, key: PartKey) -> None:
        """Show a part in the active view."""
        self.show_in(self.session.workspace.active, key)

    def show_in(self, view: int, key: PartKey) -> None:
        """Show a part in a view; two patients side by side need the reader's word."""
        key = (key[0], int(key[1]))
        workspace = self.session.workspace
        pair = needs_confirmation(workspace, view, key)
        if pair is not None:
            if not dialogs.confirm_two_patients(self, *pair):
                return
            confirm_patients(workspace, pair)
        show_part(self.session, view, key)
        workspace.arrange(with_active(workspace.layout, view))

    def show_series(self, text: str) -> None:
        """Show the first series whose number or description matches."""
        for part in self.session.workspace.image_parts():
            series = self.session.workspace.series_of(part.key)
            if series is not None and text in (str(series.number), series.description, series.uid):
                self.show_in_active(part.key)
                return

    def enhance(self, method: str, strength: float | None) -> None:
        """Enhance the active series with a method."""
        chosen = self.session.workspace.settings.enhancement.strength
        enhance_active(self.session, method, chosen if strength is None else strength)

    def run_command(self, command: str) -> None:
        """Run a command by its id, if it makes sense now."""
        self.actions_by_id.run(command)

    def load_later(self) -> None:
        """Load what the first picture did not need, once the window is up."""
        if self._lists_library:
            self.session.library.show_studies()

    @property
    def is_settled(self) -> bool:
        """True when every view shows its newest picture and no panel waits to be filled."""
        return (
            self.grid.is_idle and not self._browser_timer.isActive() and self.inspector.is_settled
        )

    # ------------------------------------------------------------------ panels follow

    def _browser_later(self, *_: object) -> None:
        if not self._browser_timer.isActive():
            self._browser_timer.start()

    def _fill_browser(self) -> None:
        self.browser.set_studies(browser_studies(self.session))
        self.actions_by_id.refresh()
        self.tools.set_tools(self.actions_by_id.tool_entries())

    def _thumbnail_arrived(self, key: PartKey) -> None:
        picture = self.session.images.thumbnails.get(key)
        if picture is not None:
            self.browser.set_thumbnail(key, rgb_image(picture.pixels))

    def _refresh_recents(self) -> None:
        self.browser.set_recents(self.session.workspace.settings.recents)

    def _view_changed(self, view: int, old: ViewState, new: ViewState) -> None:
        if old.part != new.part:
            self._browser_later()
            self._refresh_title()
        self.actions_by_id.refresh_later()

    def _layout_changed(self) -> None:
        self._refresh_title()
        self._browser_later()
        self.actions_by_id.refresh_later()

    def _refresh_tools(self) -> None:
        self.tools.set_current(f"tool.{self.session.workspace.tool}")

    def _refresh_title(self) -> None:
        self.setWindowTitle("Diptych")

    def _show_jobs(self) -> None:
        self.status.set_jobs(
            tuple((str(id(j)), j.title, j.fraction, j.words) for j in self.session.jobs.running)
        )

    def _cancel_job(self, job_id: str) -> None:
        for job in self.session.jobs.running:
            if str(id(job)) == job_id:
                job.cancel()

    def toggle_panels(self) -> None:
        """Hide every panel, or bring them back: only the images are left."""
        is_shown = self._left.isVisible() or self._right.isVisible()
        for widget in (self._left, self._right, self.menuBar(), self.statusBar()):
            widget.setVisible(not is_shown)
        for bar in self.findChildren(QWidget, "tools"):
            bar.setVisible(not is_shown)

    def toggle_full_screen(self) -> None:
        """Fill the whole screen, or come back from it."""
        if self.window().isFullScreen():
            self.window().showNormal()
        else:
            self.window().showFullScreen()

    def _show_menu(self, view: int, place: QPoint) -> None:
        menu = QMenu(self)
        self.actions_by_id.fill_view_menu(menu, view)
        menu.exec(place)

    # ------------------------------------------------------------------ keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Hold the key for the original; Esc drops what is being drawn."""
        if event.key() == HOLD_ORIGINAL and not event.isAutoRepeat():
            self.grid.each(lambda viewport: viewport.hold_original(True))
        elif event.key() == Qt.Key.Key_Escape:
            self.grid.each(lambda viewport: viewport.pointing.cancel())
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Bring the derived pixels back."""
        if event.key() == HOLD_ORIGINAL and not event.isAutoRepeat():
            self.grid.each(lambda viewport: viewport.hold_original(False))
        else:
            super().keyReleaseEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop everything in order: timers, drawing, jobs, processes."""
        self.cine.stop_all()
        self._browser_timer.stop()
        self.grid.disconnect_all()
        self.inspector.stop()
        self.grid.volumes.close()
        self.session.jobs.close()
        self.session.images.close()
        remove_unpacked(self.session.home)
        super().closeEvent(event)
