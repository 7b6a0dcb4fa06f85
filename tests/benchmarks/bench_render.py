"""Pictures of slices, reformats, slabs and volumes beside their peers in the same run.

The peer of slices, pyqtgraph, draws the nearest voxels; ours interpolates between them.

Run as ``python -m tests.benchmarks.bench_render [NAME ...]``; names are beginnings of row names.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from tests.grids import grid
from viewer.core.arrays import AnyArray, UInt8Array
from viewer.core.places import data_folder
from viewer.core.view import Camera, Plane, SliceRequest, ViewState, resolve, tilted_plane
from viewer.core.volume import Frames, Volume, frames_geometry
from viewer.core.windowing import Window
from viewer.render.drawing import draw
from viewer.render.grid import index_plane
from viewer.render.planar import Reslicer, slab_offsets_mm
from viewer.render.presets import load_presets
from viewer.render.volumes import VolumeRenderer

RUNS = 5
FRAMES = 40
VIEW = (900, 900)
FRAME_MS = 16.6
SHAPE = (600, 512, 512)
WINDOW = Window(40, 400)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """What a row must reach: a least ratio of the peer's time to ours, or a most in ms."""

    ratio: float | None = None
    ms: float | None = None


def body(shape: tuple[int, int, int]) -> AnyArray:
    """Return an elliptic body with lungs, spine and noise, int16 HU [slice, row, column]."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[-1 : 1 : shape[1] * 1j, -1 : 1 : shape[2] * 1j]
    values = np.empty(shape, dtype=np.int16)
    noise = rng.normal(0, 25, (4, *shape[1:]))
    for index in range(shape[0]):
        swell = 1 + 0.1 * np.sin(index / 40)
        plane = np.where((x / 0.85) ** 2 + (y / 0.6) ** 2 < swell, 40.0, -1000.0)
        for side in (-0.4, 0.4):
            plane[((x - side) / 0.28) ** 2 + (y / 0.4) ** 2 < swell] = -850.0
        plane[(x / 0.1) ** 2 + ((y - 0.42) / 0.1) ** 2 < 1 + 0.4 * (index % 30 < 22)] = 600.0
        values[index] = plane + noise[index % 4]
    return values


def ct() -> Volume:
    """Return a CT of 600 slices of 512 x 512, 0.7 mm pixels, 1 mm steps."""
    geometry = grid(SHAPE, (1.0, 0.7, 0.7))
    return Volume(body(SHAPE), geometry, "HU", ("1",) * SHAPE[0], np.ones(SHAPE[0], np.bool_))


class Screen:
    """A picture in memory that stands for the window."""

    def __init__(self) -> None:
        self.image = QImage(*VIEW, QImage.Format.Format_RGB32)

    def show(self, rgba: UInt8Array) -> None:
        """Paint an RGBA picture as the viewport does."""
        height, width = rgba.shape[:2]
        picture = QImage(rgba.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
        painter = QPainter(self.image)
        painter.drawImage(0, 0, picture)
        painter.end()


class PyqtgraphPeer:
    """pyqtgraph's ImageItem filling a view of 900 x 900, grabbed after each change."""

    def __init__(self) -> None:
        import pyqtgraph as pg

        pg.setConfigOptions(imageAxisOrder="row-major")
        self._view = pg.GraphicsView()
        self._view.resize(*VIEW)
        box = pg.ViewBox(lockAspect=True, invertY=True, enableMenu=False)
        self._view.setCentralItem(box)
        self._item = pg.ImageItem()
        box.addItem(self._item)

    def show(self, values: AnyArray, window: Window) -> None:
        """Show an array with a window and draw the view."""
        self._item.setImage(values, levels=window.range, autoLevels=False)
        self._view.grab()

    def close(self) -> None:
        """Close the view."""
        self._view.close()


def timed(work: Callable[[int], object], frames: int) -> list[float]:
    """Return the milliseconds of each of some frames, after two that are not counted."""
    for index in range(2):
        work(index)
    found = []
    for index in range(frames):
        start = time.perf_counter()
        work(index)
        found.append((time.perf_counter() - start) * 1000)
    return found


def paired(
    name: str,
    ours: Callable[[int], object],
    peer: tuple[str, Callable[[int], object]],
    target: Target,
    frames: int = FRAMES,
) -> Row:
    """Return a row: medians over paired runs of the median frame, and our 95th percentile."""
    mine, theirs, worst = [], [], []
    for _ in range(RUNS):
        frame_ms = timed(ours, frames)
        mine.append(statistics.median(frame_ms))
        worst.append(float(np.percentile(frame_ms, 95)))
        theirs.append(statistics.median(timed(peer[1], frames)))
    return {
        "name": name,
        "ours_ms": round(statistics.median(mine), 2),
        "p95_ms": round(statistics.median(worst), 2),
        "peer": peer[0],
        "peer_ms": round(statistics.median(theirs), 2),
        "ratio": round(statistics.median(p / o for p, o in zip(theirs, mine, strict=True)), 2),
        "target": None if target.ratio is None else round(target.ratio, 2),
        "target_ms": target.ms,
    }


def slice_rows(volume: Volume) -> Iterator[Row]:
    """Yield scrolling and window dragging of one, two and four views, with painting."""
    reslicer, screen, peer = Reslicer(), Screen(), PyqtgraphPeer()
    geometry = volume.geometry

    def view(plane: Plane, index: int) -> SliceRequest:
        places = (np.asarray(geometry.shape) - 1) / 2
        places += (index % 40) - 20
        focus = geometry.to_mm(places)
        state = ViewState(plane=plane, focus_mm=(focus[0], focus[1], focus[2]))
        return resolve(state, geometry, VIEW, WINDOW)

    def picture(request: SliceRequest) -> UInt8Array:
        return draw(reslicer.plane(volume, request), request.window)

    def scroll(plane: Plane) -> Callable[[int], object]:
        return lambda index: screen.show(picture(view(plane, index)))

    def drag(index: int) -> None:
        request = replace(view(Plane.ACQUIRED, 0), window=Window(40 + index, 400 + 5 * index))
        screen.show(picture(request))

    middle = SHAPE[0] // 2
    name = "pyqtgraph ImageItem, nearest neighbour"
    bound = Target(ms=FRAME_MS)
    axial = (name, lambda index: peer.show(volume.values[middle + index % 40 - 20], WINDOW))
    yield paired("scroll_1", scroll(Plane.ACQUIRED), axial, bound)
    coronal = (name, lambda index: peer.show(volume.values[:, 256 + index % 40 - 20], WINDOW))
    yield paired("scroll_coronal", scroll(Plane.CORONAL), coronal, bound)
    window = (name, lambda index: peer.show(volume.values[middle], Window(40, 400 + 5 * index)))
    yield paired("wl_1", drag, window, bound)
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        for count, most in ((2, FRAME_MS), (4, 2 * FRAME_MS)):

            def views(index: int, count: int = count) -> None:
                requests = [view(Plane.ACQUIRED, index + 3 * k) for k in range(count)]
                for rgba in workers.map(picture, requests):
                    screen.show(rgba)

            def peers(index: int, count: int = count) -> None:
                for k in range(count):
                    axial[1](index + 3 * k)

            yield paired(f"scroll_{count}", views, (name, peers), Target(ms=most))
    peer.close()


def reformat_rows(volume: Volume) -> Iterator[Row]:
    """Yield oblique planes and slabs of 512 x 512 beside the bare VTK filter."""
    from viewer.render.sampling import sample

    reslicer, geometry = Reslicer(), volume.geometry
    state = ViewState(plane=Plane.AXIAL, focus_mm=geometry.centre_mm)
    state = tilted_plane(state, geometry, (1.0, 0.3, 0.0), 0.6)
    request = resolve(state, geometry, (512, 512), WINDOW)
    plane = index_plane(geometry, request)
    bare = _bare_reslice(volume, request, 1, 1.0)

    yield paired(
        "mpr_oblique",
        lambda _: reslicer.plane(volume, request),
        ("vtkImageReslice alone", lambda _: bare()),
        Target(ratio=1 / 1.1),
    )
    assert np.abs(sample(volume.values, plane, request.interpolation) - bare()).max() <= 1
    slab = replace(request, slab_mm=10.0)
    offsets = slab_offsets_mm(geometry, slab)
    bare_slab = _bare_reslice(volume, slab, len(offsets), offsets[1] - offsets[0])
    yield paired(
        "mpr_slab10",
        lambda _: reslicer.plane(volume, slab),
        (f"vtkImageReslice alone, {len(offsets)} planes", lambda _: bare_slab()),
        Target(ratio=1 / 1.1),
        frames=8,
    )
    large = resolve(state, geometry, VIEW, WINDOW)
    with ThreadPoolExecutor(os.cpu_count()) as workers:

        def three(is_coarse: bool) -> None:
            list(
                workers.map(
                    lambda r: draw(reslicer.plane(volume, r, is_coarse=is_coarse), WINDOW),
                    [large] * 3,
                )
            )

        yield paired(
            "mpr_draw_3",
            lambda _: three(True),
            ("the same at full size", lambda _: three(False)),
            Target(ms=FRAME_MS),
            frames=10,
        )


def _bare_reslice(
    volume: Volume, request: SliceRequest, planes: int, step_mm: float
) -> Callable[[], AnyArray]:
    """Return a call of vtkImageReslice alone, in millimetres, as a plain program would make it."""
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkCommonMath import vtkMatrix4x4
    from vtkmodules.vtkImagingCore import vtkImageReslice

    from viewer.render.sampling import image_data

    image = image_data(volume.values)
    image.SetSpacing(*volume.geometry.spacing_mm[::-1])
    image.SetOrigin(*volume.geometry.to_mm((0, 0, 0)).tolist())
    size = request.mm_per_pixel
    axes = np.eye(4)
    axes[:3, 0] = np.asarray(request.right_mm) / size
    axes[:3, 1] = np.asarray(request.down_mm) / size
    axes[:3, 2] = request.normal
    axes[:3, 3] = request.origin_mm
    matrix = vtkMatrix4x4()
    matrix.DeepCopy(axes.ravel().tolist())
    reslice = vtkImageReslice()
    reslice.SetInputData(image)
    reslice.SetResliceAxes(matrix)
    reslice.SetOutputExtent(0, request.width - 1, 0, request.height - 1, 0, 0)
    reslice.SetOutputSpacing(size, size, step_mm)
    reslice.SetOutputOrigin(0, 0, 0)
    reslice.SetInterpolationModeToLinear()
    reslice.SetSlabNumberOfSlices(planes)
    reslice.SetSlabModeToMax()

    def work() -> AnyArray:
        reslice.Modified()
        reslice.Update()
        found: AnyArray = vtk_to_numpy(reslice.GetOutput().GetPointData().GetScalars())
        return found.reshape(request.height, request.width)

    return work


def radiograph_rows() -> Iterator[Row]:
    """Yield panning and windowing of a radiograph of 3000 x 4000 pixels."""
    values = np.random.default_rng(4).integers(0, 4096, (1, 4000, 3000), dtype=np.uint16)
    geometry = frames_geometry((1, 4000, 3000), (0.1, 0.1))
    frames = Frames(values, geometry, "stored", ("1",), np.ones(1, np.bool_))
    reslicer, screen, peer = Reslicer(), Screen(), PyqtgraphPeer()

    def show(zoom: float, pan_mm: float, window: Window) -> None:
        state = ViewState(zoom=zoom, pan_mm=(pan_mm, 0.0))
        request = resolve(state, geometry, VIEW, window)
        screen.show(draw(reslicer.plane(frames, request), window))

    window = Window(2048, 4096)
    name = "pyqtgraph ImageItem, nearest neighbour"
    whole = (name, lambda _: peer.show(values[0], window))
    for label, zoom in (("mg_pan", 1.0), ("mg_pan_zoomed", 4.0)):
        yield paired(
            label,
            lambda index, zoom=zoom: show(zoom, index * 0.7, window),
            whole,
            Target(ms=FRAME_MS),
            frames=10,
        )
    yield paired(
        "mg_wl",
        lambda index: show(1.0, 0.0, Window(2048 + 9 * index, 3000)),
        (name, lambda index: peer.show(values[0], Window(2048 + 9 * index, 3000))),
        Target(ms=FRAME_MS),
        frames=10,
    )
    peer.close()


def volume_rows(volume: Volume) -> Iterator[Row]:
    """Yield volume rendering of 512 x 512 pixels, shading off: moving, at rest, and the start."""
    presets = {p.id: p for p in load_presets(data_folder("resources") / "volume_presets.toml")}
    plain = replace(presets["ct-bone"], is_shaded=False)
    renderer = VolumeRenderer(Reslicer())

    def render(index: int, *, is_coarse: bool, preset: str = "") -> UInt8Array:
        camera = Camera(azimuth_rad=0.05 * index, elevation_rad=0.2)
        chosen = presets.get(preset, plain)
        return renderer.render(volume, camera, (512, 512), chosen, is_coarse=is_coarse)

    def first(is_coarse: bool) -> float:
        start = time.perf_counter()
        render(0, is_coarse=is_coarse)
        return (time.perf_counter() - start) * 1000

    began = [first(True), first(False)]
    peer = ("vtkFixedPointVolumeRayCastMapper at full size", lambda k: render(k, is_coarse=False))
    move = paired("vr_move", lambda k: render(k, is_coarse=True), peer, Target(ms=50), frames=8)
    move["first_ms"] = round(began[0], 1)
    yield move
    rest = paired("vr_rest", lambda k: render(k, is_coarse=False), peer, Target(ms=200), frames=4)
    rest["first_ms"] = round(began[1], 1)
    yield rest
    for preset in ("ct-bone", "mip"):
        yield paired(
            f"vr_rest_{preset}",
            lambda k, preset=preset: render(k, is_coarse=False, preset=preset),
            peer,
            Target(),
            frames=4,
        )
    renderer.close()


def rows(*names: str) -> list[Row]:
    """Return the rows whose names begin with one of `names`; all when there are none."""
    application = QApplication.instance() or QApplication([])
    assert application is not None
    volume = ct()
    parts: dict[str, Callable[[], Iterator[Row]]] = {
        "scroll": lambda: slice_rows(volume),
        "mpr": lambda: reformat_rows(volume),
        "mg": radiograph_rows,
        "vr": lambda: volume_rows(volume),
    }
    return [row for key, part in parts.items() if not names or key in names for row in part()]


if __name__ == "__main__":
    for row in rows(*sys.argv[1:]):
        print(row)
