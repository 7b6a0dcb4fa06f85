"""One view: it asks for pixels, paints them with everything above, and turns hands into intent."""

from functools import partial

from PySide6.QtCore import QPoint, QPointF, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.app import comparing, following, layouts, spreading, viewing
from viewer.app.messages import Message
from viewer.app.session import Session
from viewer.app.tools import camera_zoom, zoom_at
from viewer.app.workspace import PartKey
from viewer.core.arrays import UInt8Array
from viewer.core.layout import with_active
from viewer.core.provenance import Label, label_for
from viewer.core.view import ORIGINAL, Comparison, Plane, SliceRequest, ViewState, resolve
from viewer.core.windowing import Window
from viewer.render.planar import Reslicer
from viewer.ui import composition, view_lines
from viewer.ui.browser import PART_MIME, part_key
from viewer.ui.flicker import Flicker
from viewer.ui.painting import paint_view
from viewer.ui.picture import Picture, Wait
from viewer.ui.pointing import Pointing
from viewer.ui.region_numbers import RegionNumbers
from viewer.ui.view_drawing import Drawn, DrawOrder, Show, ViewDrawer, show_for
from viewer.ui.view_layers import Layers, VolumePicture, shown_layers
from viewer.ui.volume_drawing import VolumeDrawer, VolumeOrder
from viewer.ui.waiting import Waiting

REST_MS = 80
"""A moving hand gets coarse pictures; this long after its last move the full one follows."""

COARSE_PLANES = (Plane.OBLIQUE,)


class Viewport(QWidget):
    """A view of the grid.

    Signals: `menu_asked` (view number, global position), `part_dropped` (view number, part key),
    `picture_arrived` when new pixels are about to be painted, `text_wanted` (view number, id of a
    measurement) when an arrow was drawn.
    """

    menu_asked = Signal(int, QPoint)
    part_dropped = Signal(int, tuple)
    paths_dropped = Signal(list)
    picture_arrived = Signal()
    text_wanted = Signal(int, str)

    def __init__(
        self,
        session: Session,
        view: int,
        reslicer: Reslicer,
        volume_drawer: VolumeDrawer,
        numbers: RegionNumbers,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self.view = view
        self._drawer = ViewDrawer(session.jobs, reslicer, self._arrived)
        self._volumes = volume_drawer
        self._numbers = numbers
        self.pointing = Pointing(session, self)
        self._drawn: Drawn | None = None
        self._request: SliceRequest | None = None
        self._volume_picture: VolumePicture | None = None
        self._waiting, self._drawing = Waiting(self), Waiting(self)
        for wait in (self._waiting, self._drawing):
            wait.changed.connect(self.update)
        self._pointer: QPointF | None = None
        self._probe = ""
        self.is_original_held = False
        self._is_moving = False
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._at_rest)
        self._flicker = Flicker(self)
        self._flicker.changed.connect(self.update)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 120)
        self.setAccessibleName(f"View {view + 1}")

    # ------------------------------------------------------------------ state in

    @property
    def state(self) -> ViewState:
        """State of this view."""
        return self._session.workspace.views[self.view]

    @property
    def request(self) -> SliceRequest | None:
        """The plane that is shown, in device pixels; None for an empty view."""
        return self._request

    @property
    def is_drawing(self) -> bool:
        """True when new pixels are on their way; the view is repainted with them."""
        return not self._drawer.is_idle

    @property
    def is_idle(self) -> bool:
        """True when the newest picture is on the screen."""
        return self._drawer.is_idle and not self._rest.isActive() and self._volumes.is_idle

    def window_in_use(self) -> Window:
        """Return the window that the pixels are shown with."""
        if self.state.window is not None or self.state.part is None:
            return self.state.window or Window(0.5, 1.0)
        return self._session.images.default_window(self.state.part)

    def refresh(self, *, is_moving: bool = False) -> None:
        """Ask for the pixels of the present state; coarse ones while the hand moves."""
        workspace = self._session.workspace
        state = self.state
        volume, grid = workspace.volumes.get(state.part or ("", 0)), workspace.grid_of(state)
        is_flickering = state.comparison is Comparison.FLICKER
        self._flicker.set_on(is_flickering, workspace.settings.viewing.flicker_hz)
        if volume is None or grid is None:
            self._drawer.forget()
            self._drawn, self._request, self._volume_picture = None, None, None
            self.update()
            return
        ratio = self.devicePixelRatioF()
        size = (round(self.width() * ratio), round(self.height() * ratio))
        self._request = resolve(state, grid.geometry, size, self.window_in_use())
        if is_moving:
            self._is_moving = True
            self._rest.start()
        if state.plane is Plane.VOLUME:
            self._ask_volume(size)
            return
        layer = comparing.layer_of(workspace, state)
        is_coarse = self._is_moving and (state.plane in COARSE_PLANES or state.slab_mm > 0)
        order = DrawOrder(
            self._request,
            volume,
            layer,
            show_for(state, is_original_held=self.is_original_held) if layer else Show.ORIGINAL,
            comparing.largest_change(self._session, state, layer, volume.unit),
            is_coarse,
            spreading.overlay(self._session, state, layer, min(self.width(), self.height())),
            grid.geometry,
        )
        self._drawer.ask(order)

    def _ask_volume(self, size: tuple[int, int]) -> None:
        part = self.state.part
        shown = composition.rendered_volume(self._session, self.state)
        if part is None or shown is None:
            self._volume_picture = None
            self.update()
            return
        series = self._session.workspace.series_of(part)
        order = VolumeOrder(
            shown,
            self.state.camera,
            series.modality if series else "",
            size,
            self._is_moving,
            partial(self._arrived_volume, part, label_for(shown.provenance)),
            self._session.workspace.tell,
        )
        self._volumes.ask(self.view, order)
        self.update()

    def _at_rest(self) -> None:
        self._is_moving = False
        self.refresh()

    def _arrived(self, picture: Drawn) -> None:
        self._drawn = picture
        self._drawing.shown("", None)
        self.update()
        self.picture_arrived.emit()

    def _arrived_volume(self, part: PartKey, label: Label | None, pixels: UInt8Array) -> None:
        self._volume_picture = VolumePicture(pixels, part, label)
        self._drawing.shown("", None)
        self.update()

    def hold_original(self, is_held: bool) -> None:
        """Swap to the original pixels while a key is held; nothing else on the screen moves."""
        if self.is_original_held != is_held:
            self.is_original_held = is_held
            self.refresh()

    # ------------------------------------------------------------------ picture out

    def picture(self) -> Picture:
        """Return everything that this view shows now; also what exports and screenshots paint."""
        workspace = self._session.workspace
        is_active = workspace.active == self.view and len(workspace.layout.shown) > 1
        about = composition.subject(workspace, self.view, self._request)
        if about is None or self._problem is not None:
            tile = composition.tile(self._session, self.state, self._problem)
            corners = composition.whose_corners(self._session, self.state.part)
            return Picture(tile=tile, corners=corners, is_active=is_active, wait=self._wait())
        ratio = self.devicePixelRatioF()
        layers = self._layers(about)
        self._probe = self._probe_words()
        return Picture(
            pixels=layers.pixels,
            right=layers.right,
            divider=self.state.swipe,
            corners=composition.corner_text(
                self._session, about, self._window_words(about), self._probe
            ),
            letters=composition.letters(self._session, about),
            scale=composition.scale_bar(self._session, about, ratio),
            colour_bar=layers.bar,
            shapes=(
                *view_lines.shapes(
                    self._session,
                    about,
                    ratio,
                    self._numbers.lines(about),
                    active=self.pointing.active,
                    moving=self.pointing.moving,
                ),
                *self.pointing.sketch(),
            ),
            reference_lines=view_lines.other_planes(self._session, about, ratio),
            crosshair=view_lines.crosshair(self._session, about, ratio),
            mark=view_lines.mark(self._session, about, ratio),
            alert=composition.alert(self._session, self.view),
            warnings=composition.notices(self._session, about),
            link=composition.link_mark(self._session, self.view),
            wait=self._wait(),
            region=self.pointing.region,
            is_active=is_active,
        )

    def _layers(self, about: composition.Subject) -> Layers:
        if self.state.plane is Plane.VOLUME:
            found = self._volume_picture
            return found.layers if found and found.part == self.state.part else Layers()
        acquired = self._session.workspace.volumes[about.part.key]
        if self._drawn is None or not self._drawn.order.is_of(acquired, about.geometry):
            return Layers()
        return shown_layers(
            self._drawn,
            self.state.comparison,
            shows_original=self.is_original_held or self._flicker.shows_original,
            beside=composition.label_beside(self._session.workspace, self.view),
            is_awaited=self.state.layer != ORIGINAL,
            blinding=self._session.workspace.badges.get(about.part.key),
        )

    def _window_words(self, about: composition.Subject) -> str:
        if self.state.plane is Plane.VOLUME:
            return self._volumes.preset_name(
                self.state.camera.preset, about.series.modality, about.volume.unit
            )
        return composition.window_words(about, self.window_in_use())

    @property
    def _problem(self) -> Message | None:
        """Why there is no picture: the series cannot be read, or this plane cannot be drawn."""
        part, drawn, request = self.state.part, self._drawn, self._request
        if part in self._session.workspace.problems:
            return self._session.workspace.problems[part]
        is_asked = drawn is not None and drawn.order.slice is request
        return drawn.problem if drawn is not None and is_asked else None

    def _wait(self) -> Wait | None:
        work = self._waiting.shown(*composition.waiting_for(self._session, self.state))
        is_volume = self.state.plane is Plane.VOLUME
        is_late = not (self._volumes.is_idle if is_volume else self._drawer.is_idle)
        words = "Rendering the volume" if is_volume else "Drawing"
        return work or self._drawing.shown(words if is_late else "", None)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the picture."""
        painter = QPainter(self)
        paint_view(painter, QRect(0, 0, self.width(), self.height()), self.picture())
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for pixels of the new size."""
        super().resizeEvent(event)
        self.refresh()

    # ------------------------------------------------------------------ hands in

    def make_active(self) -> None:
        """Make this the active view."""
        workspace = self._session.workspace
        if workspace.active != self.view:
            workspace.arrange(with_active(workspace.layout, self.view))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Make the view that the keyboard reaches the active one."""
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.make_active()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Start a drag."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.make_active()
        self.pointing.press(event.position(), event.button(), event.modifiers())
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer: a drag, or the value under it."""
        place = event.position()
        if not self.pointing.move(place):
            self.setCursor(self.pointing.cursor_at(place))
        self._pointer = place
        if self._probe_words() != self._probe:
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag; a right click without one opens the menu."""
        if self.pointing.release(event.position(), event.button()):
            self.menu_asked.emit(self.view, event.globalPosition().toPoint())
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Maximise, or bring the grid back."""
        self.pointing.cancel()
        self.make_active()
        if event.button() == Qt.MouseButton.LeftButton:
            layouts.maximise(self._session)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll slices; with Ctrl zoom at the pointer."""
        self.make_active()
        steps = self.pointing.wheel_steps(event.angleDelta().y())
        if not steps or self._request is None:
            return
        if self.state.plane is Plane.VOLUME:
            self._session.workspace.show(self.view, camera_zoom(self.state, 1.1**-steps))
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            ratio = self.devicePixelRatioF()
            place = (event.position().x() * ratio, event.position().y() * ratio)
            state = zoom_at(self.state, self._request, place, 1.15**-steps)
            following.change(self._session, self.view, state)
        else:
            viewing.scroll(self._session, steps, self.view)
        self._pointer = event.position()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu from the keyboard; the mouse's comes with its release."""
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.menu_asked.emit(self.view, self.mapToGlobal(self.rect().center()))

    def leaveEvent(self, event: object) -> None:
        """Forget the value under the pointer."""
        self._pointer = None
        self.update()

    def _probe_words(self) -> str:
        """Return the value under the pointer in what is shown now, wherever that came from."""
        workspace = self._session.workspace
        volume = workspace.grid_of(self.state)
        is_told = workspace.shows_values and self.state.plane is not Plane.VOLUME
        if self._pointer is None or volume is None or not is_told:
            return ""
        layer = comparing.layer_of(workspace, self.state)
        words = composition.probe_words(volume, self.pointing.to_mm(self._pointer), layer)
        return f"in the middle of the slab: {words}" if words and self.state.slab_mm > 0 else words

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take series of the browser, and files or folders."""
        if event.mimeData().hasFormat(PART_MIME) or event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Show a series here, or open what was dropped."""
        data = event.mimeData()
        if data.hasFormat(PART_MIME):
            self.part_dropped.emit(self.view, part_key(data))
        elif data.hasUrls():
            self.paths_dropped.emit([url.toLocalFile() for url in data.urls()])
        event.acceptProposedAction()
