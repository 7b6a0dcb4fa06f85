"""The window: browser on the left, views in the middle, inspector on the right, tools on top."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QMenu, QWidget

from viewer.app.enhancement_verbs import enhance_active
from viewer.app.opening import confirm_patients, needs_confirmation, open_paths, show_part
from viewer.app.session import Session
from viewer.app.settings import with_value
from viewer.app.unpacking import remove_unpacked
from viewer.app.workspace import PartKey
from viewer.core.layout import with_active
from viewer.core.provenance import label_for
from viewer.core.view import ViewState
from viewer.ui import dialogs
from viewer.ui import window_tasks as tasks
from viewer.ui.actions import Actions
from viewer.ui.ahead_list import follow_queue
from viewer.ui.browser import StudyBrowser
from viewer.ui.browser_rows import THUMBNAIL_SIDE
from viewer.ui.browser_state import browser_studies
from viewer.ui.cine import Cine
from viewer.ui.keys import belongs_to
from viewer.ui.painting import small_image
from viewer.ui.part_menu import fill_part_menu
from viewer.ui.status_line import StatusLine
from viewer.ui.theme import application_icon, set_role
from viewer.ui.tool_row import ToolRow
from viewer.ui.view_grid import ViewGrid
from viewer.ui.view_menu import fill_view_menu

if TYPE_CHECKING:
    from viewer.ui.inspector_link import InspectorLink

HOLD_ORIGINAL = Qt.Key.Key_Q
DEFAULT_TOOL = "window"
BROWSER_TICK_MS = 100


class MainWindow(QMainWindow):
    """Puts the panels around the views and connects them with the session."""

    def __init__(self, session: Session, *, lists_library: bool = True) -> None:
        """Build the window; `lists_library` brings the studies of earlier sessions back.

        Without it the window is for a picture only, and leaves the settings as they are.
        """
        super().__init__()
        self.session: Session = session
        self._lists_library = lists_library
        self._is_loaded = False
        self._is_bare = False
        self._revealed: PartKey | None = None
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
        self._right = self._dock("Inspector", QWidget(), Qt.DockWidgetArea.RightDockWidgetArea)
        set_role(self._right.widget(), "panel")
        self._inspector: InspectorLink | None = None
        self._browser_timer = QTimer(self, singleShot=True, interval=BROWSER_TICK_MS)
        self._browser_timer.timeout.connect(self._fill_browser)
        self._place_bars()
        self._connect()
        self._fill_browser()
        self._show_panels()
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
        self._bar = self.addToolBar("Tools")
        self._bar.setMovable(False)
        self._bar.setObjectName("tools")
        self._bar.addWidget(self.tools)
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().addWidget(self.status, 1)

    def _connect(self) -> None:
        workspace, browser, grid = self.session.workspace, self.browser, self.grid
        workspace.studies_changed.connect(self._browser_later)
        workspace.part_changed.connect(self._browser_later)
        workspace.view_changed.connect(self._view_changed)
        workspace.layout_changed.connect(self._layout_changed)
        workspace.tool_changed.connect(self.actions_by_id.refresh)
        workspace.link_changed.connect(self.actions_by_id.refresh_later)
        self.actions_by_id.refreshed.connect(self._refresh_tools)
        self.cine.changed.connect(self.actions_by_id.refresh_later)
        workspace.settings_changed.connect(self._refresh_recents)
        workspace.settings_changed.connect(self._show_panels)
        workspace.message.connect(self.status.show_message)
        self.session.jobs.changed = self._show_jobs
        self.session.images.thumbnail_arrived = self._thumbnail_arrived
        browser.part_activated.connect(self.show_in_active)
        browser.thumbnails_wanted.connect(self.session.images.make_thumbnails)
        browser.part_menu_requested.connect(self._show_part_menu)
        browser.recent_activated.connect(lambda path: self.open_paths((Path(path),)))
        browser.paths_dropped.connect(self._dropped)
        grid.menu_asked.connect(self._show_menu)
        grid.part_dropped.connect(self.show_in)
        grid.paths_dropped.connect(self._dropped)
        grid.picture_arrived.connect(self._first_picture)
        grid.text_wanted.connect(lambda _view, key: tasks.name_arrow(self, key))
        self.tools.command_triggered.connect(self.run_command)
        self.status.cancel_requested.connect(self._cancel_job)
        follow_queue(self)
        self._refresh_recents()

    @property
    def inspector(self) -> "InspectorLink":
        """The panel on the right; it is built behind the first picture, or when it is asked for."""
        if self._inspector is None:
            from viewer.ui.inspector_link import InspectorLink

            self._inspector = InspectorLink(
                self.session,
                self.grid.presets_for,
                lambda: self.run_command("file.save_enhanced"),
                self,
            )
            panel = self._inspector.panel
            panel.window_panel.choice_chosen.connect(lambda _: self.focus_view())
            placeholder = self._right.widget()
            self._right.setWidget(panel)
            placeholder.deleteLater()
        return self._inspector

    # ------------------------------------------------------------------ opening

    def open_paths(self, paths: tuple[Path, ...]) -> None:
        """Scan and show files, folders or archives."""
        open_paths(self.session, paths, self.load_later)

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
        self.focus_view()

    def focus_view(self) -> None:
        """Give the keyboard back to the images."""
        self.grid.active.setFocus(Qt.FocusReason.OtherFocusReason)

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
        """Load what the first picture did not need, once it is on the screen."""
        if self._is_loaded:
            return
        self._is_loaded = True
        self.inspector.later()
        if self._lists_library:
            self.session.library.show_studies()

    def _first_picture(self) -> None:
        if not self._is_loaded:
            QTimer.singleShot(0, self.load_later)

    @property
    def is_settled(self) -> bool:
        """True when every view shows its newest picture and no panel waits to be filled."""
        is_filled = self._inspector is None or self._inspector.is_settled
        return self.grid.is_idle and not self._browser_timer.isActive() and is_filled

    # ------------------------------------------------------------------ panels follow

    def _browser_later(self, *_: object) -> None:
        if not self._browser_timer.isActive():
            self._browser_timer.start()

    def _fill_browser(self) -> None:
        self.browser.set_studies(browser_studies(self.session))
        shown = self.session.workspace.active_state.part
        if shown is not None and shown != self._revealed:
            self.browser.reveal(shown)
        self._revealed = shown
        self.actions_by_id.refresh()

    def _thumbnail_arrived(self, key: PartKey) -> None:
        picture = self.session.images.thumbnails.get(key)
        if picture is not None:
            label = label_for(picture.provenance)
            self.browser.set_thumbnail(key, small_image(picture.pixels, label, THUMBNAIL_SIDE))

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
        self.tools.set_tools(self.actions_by_id.tool_entries())

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
        """Hide every panel, or bring those that are wanted back: only the images are left."""
        self._is_bare = not self._is_bare
        self.menuBar().setVisible(not self._is_bare)
        self._show_panels()

    def _show_panels(self) -> None:
        wanted = self.session.workspace.settings.panels
        for widget, is_wanted in (
            (self._left, wanted.browser),
            (self._right, wanted.inspector),
            (self._bar, wanted.tools),
            (self.statusBar(), wanted.status),
        ):
            widget.setVisible(is_wanted and not self._is_bare)

    def _keep_widths(self) -> None:
        """Remember how wide the panels are for the next start."""
        settings = self.session.workspace.settings
        for name, dock in (("browser_width", self._left), ("inspector_width", self._right)):
            if dock.isVisible() and self._lists_library:
                settings = with_value(settings, f"panels.{name}", max(dock.width(), 120))
        if settings != self.session.workspace.settings:
            self.session.change_settings(settings)

    def toggle_full_screen(self) -> None:
        """Fill the whole screen, or come back from it."""
        if self.window().isFullScreen():
            self.window().showNormal()
        else:
            self.window().showFullScreen()

    def _show_menu(self, view: int, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fill_view_menu(menu, self, place)
        menu.popup(place)

    def _show_part_menu(self, key: PartKey, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fill_part_menu(menu, self, key)
        menu.popup(place)

    # ------------------------------------------------------------------ keys

    def event(self, event: QEvent) -> bool:
        """Leave keys to the control that has the focus; let go of Q when the window loses it."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if belongs_to(QApplication.focusWidget(), event):
                event.accept()
                return True
            self._hold(event, is_held=True)
        elif event.type() == QEvent.Type.WindowDeactivate:
            self.grid.each(lambda viewport: viewport.hold_original(False))
        return super().event(event)

    def _hold(self, event: QKeyEvent, *, is_held: bool) -> bool:
        """Show the original while its key is held, wherever the focus is but in a text."""
        is_plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        if event.key() != HOLD_ORIGINAL or event.isAutoRepeat() or (is_held and not is_plain):
            return False
        self.grid.each(lambda viewport: viewport.hold_original(is_held))
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Hold the key for the original; Esc drops what is drawn, the tool, or the focus."""
        if event.key() == Qt.Key.Key_Escape:
            self._escape()
        elif not self._hold(event, is_held=True):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Bring the derived pixels back."""
        if not self._hold(event, is_held=False):
            super().keyReleaseEvent(event)

    def _escape(self) -> None:
        workspace = self.session.workspace
        busy = [viewport for viewport in self.grid.shown if viewport.pointing.is_busy]
        for viewport in busy:
            viewport.pointing.cancel()
        if not busy and workspace.tool != DEFAULT_TOOL:
            workspace.set_tool(DEFAULT_TOOL)
        self.focus_view()

    def showEvent(self, event: QShowEvent) -> None:
        """Give the keyboard to the images."""
        super().showEvent(event)
        self.focus_view()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop everything in order: timers, drawing, jobs, processes.

        A step that fails is told and the others go on: an exception that leaves this method ends
        the process on some versions of Python.
        """
        for stop in self._stops():
            try:
                stop()
            except Exception:  # noqa: BLE001 - see above
                sys.excepthook(*sys.exc_info())
        super().closeEvent(event)

    def _stops(self) -> tuple[Callable[[], object], ...]:
        return (
            self._keep_widths,
            self.cine.stop_all,
            self._browser_timer.stop,
            self.grid.disconnect_all,
            *(() if self._inspector is None else (self._inspector.stop,)),
            self.grid.volumes.close,
            self.session.jobs.close,
            self.session.images.close,
            partial(remove_unpacked, self.session.home),
        )
