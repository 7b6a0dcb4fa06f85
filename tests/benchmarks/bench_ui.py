"""The real window: frames of scrolling, windowing and turning, and its tick while work runs.

Frames go all the way: state, worker, delivery, paint. Run as
``python -m tests.benchmarks.bench_ui [NAME ...]``; names are beginnings of row names. The offscreen
platform paints like a screen does, without a display server.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QEventLoop, QSize, Qt, QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication

from tests.benchmarks.bench_load import CODINGS, coded_folder
from tests.benchmarks.bench_render import WINDOW, PyqtgraphPeer, ct
from tests.benchmarks.table import Row, work_folder
from tests.sessions import put_series
from viewer.app import following, viewing
from viewer.app.enhancement_verbs import enhance_active
from viewer.app.jobs import Jobs
from viewer.app.session import Session
from viewer.app.starting import new_session
from viewer.core.layout import grid
from viewer.core.view import Plane, ViewState, tilted_plane
from viewer.core.volume import AnyVolume, Frames, frames_geometry
from viewer.core.windowing import Window
from viewer.ui.application import SWITCH_INTERVAL_S, keep_freed_memory
from viewer.ui.beginning import Courier
from viewer.ui.main_window import MainWindow
from viewer.ui.theme import apply_theme
from viewer.ui.viewport import Viewport

RUNS = 5
FRAMES = 60
SIDE = 900
FRAME_MS = 16.6
TICK_MS = 8.0
PATIENCE_S = 300.0
ENHANCED_SLICES = 40
PEER = "pyqtgraph ImageItem, nearest neighbour"


class Stage:
    """A main window with its session, driven through Qt's own event loop."""

    def __init__(self, work: Path) -> None:
        os.environ["DIPTYCH_HOME"] = tempfile.mkdtemp(prefix="home-", dir=work)
        self._painted: dict[int, object] = {}
        self._paint_event = Viewport.paintEvent
        Viewport.paintEvent = self._watched()  # type: ignore[assignment,method-assign]
        self.courier = Courier()
        self.session: Session = new_session(Jobs(self.courier.deliver))
        self.window = MainWindow(self.session, lists_library=False)
        self.window.resize(QSize(1600, 1000))
        self.window.show()

    def wait(self, is_done: Callable[[], bool]) -> None:
        """Run the event loop until something is true.

        Raises
        ------
        TimeoutError : it is not after five minutes.
        """
        loop, start = QEventLoop(), time.monotonic()
        heart = QTimer(interval=50)
        heart.start()
        while not is_done():
            if time.monotonic() - start > PATIENCE_S:
                raise TimeoutError("the window did not get there")
            loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)

    def settle(self) -> None:
        """Wait until nothing runs and every view is at rest."""
        for _ in range(2):
            self.wait(lambda: self.session.jobs.is_idle and self.window.grid.is_idle)

    def put(self, volume: AnyVolume, modality: str = "CT") -> tuple[str, int]:
        """Put a volume into the workspace without files and return its part."""
        key = put_series(self.session, "1.2.3", slices=1, modality=modality)
        self.session.workspace.put_volume(key, volume)
        return key

    def arrange(self, rows: int, columns: int, state: ViewState) -> None:
        """Show one state in every view of a grid whose views have 900 x 900 pixels."""
        workspace = self.session.workspace
        workspace.arrange(grid(rows, columns))
        for view in workspace.layout.views:
            workspace.show(view, state)
        self.fit(rows, columns)

    def fit(self, rows: int, columns: int, side: int = SIDE) -> None:
        """Make the window so large that the views have `side` x `side` pixels."""
        for _ in range(3):
            self.settle()
            view = self.window.grid.shown[0]
            self.window.resize(
                self.window.width() + columns * (side - view.width()),
                self.window.height() + rows * (side - view.height()),
            )
        self.settle()
        sizes = {(view.width(), view.height()) for view in self.window.grid.shown}
        assert sizes == {(side, side)}, sizes

    def _watched(self) -> Callable[[Viewport, QPaintEvent], None]:
        """Return a paint event that notes what was painted; it must be there before any view."""
        painted, original = self._painted, Viewport.paintEvent

        def paint_event(view: Viewport, event: QPaintEvent) -> None:
            original(view, event)
            drawn = view._drawn
            painted[view.view] = drawn.order.slice if drawn is not None else None

        return paint_event

    def timed_ms(self, change: Callable[[], None], views: tuple[int, ...]) -> float:
        """Change something and return how long it takes until the views show just that."""
        shown = {view.view: view for view in self.window.grid.shown}
        self._painted.clear()
        start = time.perf_counter()
        change()
        self.wait(
            lambda: all(
                self._painted.get(view) is not None and self._painted[view] == shown[view].request
                for view in views
            )
        )
        return (time.perf_counter() - start) * 1000

    def close(self) -> None:
        """Close the window."""
        self.window.close()
        Viewport.paintEvent = self._paint_event  # type: ignore[method-assign]


def framed(
    stage: Stage,
    name: str,
    change: Callable[[int], None],
    views: tuple[int, ...],
    most_ms: float,
    peer: Callable[[int], None] | None = None,
    runs: int = RUNS,
) -> Row:
    """Return a row: medians over paired runs of the median and the 95th percentile of frames."""
    mine, worst, theirs = [], [], []
    for _ in range(runs):
        found = [stage.timed_ms(partial(change, k), views) for k in range(FRAMES + 5)][5:]
        mine.append(statistics.median(found))
        worst.append(float(np.percentile(found, 95)))
        if peer is not None:
            theirs.append(statistics.median(_peer_ms(peer)))
    row: Row = {
        "name": name,
        "ours_ms": round(statistics.median(mine), 2),
        "p95_ms": round(statistics.median(worst), 2),
        "target_ms": most_ms,
    }
    if peer is None:
        return row | {"peer": ""}
    ratios = [their / my for their, my in zip(theirs, mine, strict=True)]
    return row | {
        "peer": PEER,
        "peer_ms": round(statistics.median(theirs), 2),
        "ratio": round(statistics.median(ratios), 2),
    }


def _peer_ms(peer: Callable[[int], None]) -> list[float]:
    found = []
    for index in range(12):
        start = time.perf_counter()
        peer(index)
        found.append((time.perf_counter() - start) * 1000)
    return found[2:]


# ------------------------------------------------------------------------------ frames


def slice_rows(work: Path, runs: int) -> Iterator[Row]:
    """Yield scrolling and windowing of one, two and four linked views."""
    stage, peer = Stage(work), PyqtgraphPeer()
    volume = ct()
    key = stage.put(volume)
    state = ViewState(part=key, focus_mm=volume.geometry.centre_mm)
    session = stage.session
    for (rows, columns), most in (((1, 1), FRAME_MS), ((1, 2), FRAME_MS), ((2, 2), 33.0)):
        stage.arrange(rows, columns, state)
        views = tuple(session.workspace.layout.shown)

        def scroll(index: int) -> None:
            viewing.scroll(session, 1 if index // 30 % 2 else -1, 0)

        def window(index: int) -> None:
            new = replace(session.workspace.views[0], window=Window(40 + index, 400 + 2 * index))
            following.change(session, 0, new)

        def axial(index: int, count: int = len(views)) -> None:
            for view in range(count):
                peer.show(volume.values[300 + index + view], WINDOW)

        count = len(views)
        yield framed(stage, f"scroll_{count}", scroll, views, most, axial, runs)
        yield framed(stage, f"wl_{count}", window, views, most, axial, runs)
    stage.close()
    peer.close()


def radiograph_rows(work: Path, runs: int) -> Iterator[Row]:
    """Yield panning and windowing of a radiograph of 3000 x 4000 pixels, whole and zoomed."""
    values = np.random.default_rng(4).integers(0, 4096, (1, 4000, 3000), dtype=np.uint16)
    geometry = frames_geometry((1, 4000, 3000), (0.1, 0.1))
    frames = Frames(values, geometry, "stored", ("1",), np.ones(1, np.bool_))
    stage, peer = Stage(work), PyqtgraphPeer()
    key = stage.put(frames, "MG")
    window = Window(2048, 4096)
    session = stage.session

    def pan(index: int) -> None:
        new = replace(
            session.workspace.views[0], pan_mm=(0.7 * (index % 40 + 1), 0.3 * (index % 40))
        )
        session.workspace.show(0, new)

    def level(index: int) -> None:
        new = replace(session.workspace.views[0], window=Window(2057 + 9 * index, 3000))
        session.workspace.show(0, new)

    def whole(index: int) -> None:
        peer.show(values[0], Window(2057 + 9 * index, 3000))

    for name, zoom in (("mg", 1.0), ("mg_zoomed", 4.0)):
        stage.arrange(1, 1, ViewState(part=key, zoom=zoom, window=window))
        yield framed(stage, f"{name}_pan", pan, (0,), FRAME_MS, whole, runs)
        yield framed(stage, f"{name}_wl", level, (0,), FRAME_MS, whole, runs)
    stage.close()
    peer.close()


def reformat_rows(work: Path, runs: int) -> Iterator[Row]:
    """Yield turning three oblique planes at once in the MPR layout, in views of 512 and 900."""
    stage = Stage(work)
    volume = ct()
    key = stage.put(volume)
    workspace, geometry = stage.session.workspace, volume.geometry
    workspace.arrange(grid(2, 2))
    planes = (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)
    states = [ViewState(part=key, plane=plane, focus_mm=geometry.centre_mm) for plane in planes]
    for view, state in enumerate(states):
        workspace.show(view, state)

    def turn(index: int) -> None:
        for view, state in enumerate(states):
            workspace.show(view, tilted_plane(state, geometry, (1.0, 0.3, 0.1), 0.01 * index))

    for name, side in (("mpr_drag_3", 512), ("mpr_drag_3_900", SIDE)):
        stage.fit(2, 2, side)
        yield framed(stage, name, turn, (0, 1, 2), FRAME_MS, None, runs)
    stage.close()


# ------------------------------------------------------------------------------ ticks


class Ticks:
    """A timer of one millisecond in the window's event loop, and how late it fires."""

    def __init__(self) -> None:
        self.found_ms: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer(interval=1, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def _tick(self) -> None:
        now = time.perf_counter()
        self.found_ms.append((now - self._last) * 1000)
        self._last = now

    def during(self, stage: Stage, is_done: Callable[[], bool]) -> list[float]:
        """Tick until something is true and return the intervals."""
        self._last = time.perf_counter()
        self.found_ms.clear()
        self._timer.start()
        stage.wait(is_done)
        self._timer.stop()
        return list(self.found_ms)


def _tick_row(name: str, busy: list[list[float]], idle: list[list[float]]) -> Row:
    def middle(runs: list[list[float]], share: float) -> float:
        return statistics.median(float(np.percentile(run, share)) for run in runs)

    return {
        "name": name,
        "ours_ms": round(middle(busy, 50), 2),
        "p95_ms": round(middle(busy, 95), 2),
        "peer": "idle window, p95",
        "peer_ms": round(middle(idle, 95), 2),
        "target_ms": TICK_MS,
        "worst_ms": round(middle(busy, 100), 1),
        "ticks": len(busy[0]),
    }


def loading_rows(work: Path, names: tuple[str, ...], runs: int) -> Iterator[Row]:
    """Yield the tick from opening a folder until all its pixels are there, for each codec."""
    for coding in names:
        folder = coded_folder(work, coding)
        busy, idle = [], []
        for _ in range(runs):
            stage, ticks = Stage(work), Ticks()
            stage.settle()
            end = time.monotonic() + 0.5
            idle.append(ticks.during(stage, lambda end=end: time.monotonic() > end))
            stage.window.open_paths((folder,))
            busy.append(ticks.during(stage, partial(_is_loaded, stage)))
            stage.settle()
            stage.close()
        yield _tick_row(f"ui_tick_{coding}", busy, idle)


def _is_loaded(stage: Stage) -> bool:
    volumes = list(stage.session.workspace.volumes.values())
    return len(volumes) == 1 and volumes[0].is_complete and len(volumes[0].values) > 100


def enhancing_row(work: Path, runs: int) -> Row:
    """Return the tick while a series of 40 slices is enhanced beside its original."""
    busy, idle = [], []
    for _ in range(runs):
        stage, ticks = Stage(work), Ticks()
        volume = ct()
        part = slice(280, 280 + ENHANCED_SLICES)
        shown = replace(
            volume,
            values=volume.values[part],
            geometry=_cut(volume, ENHANCED_SLICES),
            sources=volume.sources[part],
            loaded=volume.loaded[part],
        )
        key = stage.put(shown)
        stage.session.workspace.show(0, ViewState(part=key, focus_mm=shown.geometry.centre_mm))
        stage.settle()
        end = time.monotonic() + 0.5
        idle.append(ticks.during(stage, lambda end=end: time.monotonic() > end))
        method = stage.session.workspace.settings.enhancement.method
        enhance_active(stage.session, method, 0.4)
        found = ticks.during(stage, partial(_is_enhanced, stage, key, method))
        busy.append(found)
        stage.settle()
        stage.close()
    return _tick_row("ui_tick_enhance", busy, idle)


def _cut(volume: AnyVolume, slices: int) -> object:
    from tests.grids import grid as volume_grid

    return volume_grid((slices, *volume.values.shape[1:]), (1.0, 0.7, 0.7))


def _is_enhanced(stage: Stage, key: tuple[str, int], method: str) -> bool:
    if (refusal := stage.session.enhancements.refusals.get((key, method))) is not None:
        raise AssertionError(refusal.text)
    found = stage.session.enhancements.enhancement(key, method)
    return found is not None and found.residual.is_complete


def rows(work: Path, names: tuple[str, ...] = (), runs: int = RUNS) -> Iterator[Row]:
    """Yield the rows whose names begin with one of `names`; all when there are none."""
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    apply_theme(application)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    keep_freed_memory()

    def is_asked(*parts: str) -> bool:
        return not names or any(p.startswith(n) or n.startswith(p) for p in parts for n in names)

    if is_asked("scroll", "wl"):
        yield from slice_rows(work, runs)
    if is_asked("mg"):
        yield from radiograph_rows(work, runs)
    if is_asked("mpr_drag"):
        yield from reformat_rows(work, runs)
    codings = tuple(coding for coding in CODINGS if is_asked(f"ui_tick_{coding}"))
    yield from loading_rows(work, codings, runs)
    if is_asked("ui_tick_enhance"):
        yield enhancing_row(work, runs)


if __name__ == "__main__":
    for row in rows(work_folder(), tuple(sys.argv[1:])):
        print(row, flush=True)
