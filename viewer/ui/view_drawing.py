"""From an order for a view's pixels to pictures, in a worker: the newest order wins."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from viewer.app.jobs import Job, Jobs, Lane
from viewer.app.messages import Message
from viewer.app.spreading import SpreadOverlay
from viewer.app.workspace import Layer
from viewer.core.arrays import UInt8Array
from viewer.core.geometry import VolumeGeometry
from viewer.core.view import ORIGINAL, Comparison, SliceRequest, ViewState
from viewer.core.volume import AnyVolume
from viewer.render.drawing import draw, draw_over, draw_residual
from viewer.render.planar import PlaneValues, Reslicer, has_vtk, load_vtk


class Show(Enum):
    """Which layers an order wants."""

    ORIGINAL = "original"
    DERIVED = "derived"
    BOTH = "both"
    RESIDUAL = "residual"


def show_for(state: ViewState, *, is_original_held: bool) -> Show:
    """Return which layers a view wants that has a derived one."""
    if state.comparison is Comparison.RESIDUAL and not is_original_held:
        return Show.RESIDUAL
    if is_original_held or state.comparison in (Comparison.SWIPE, Comparison.FLICKER):
        return Show.BOTH
    return Show.ORIGINAL if state.layer == ORIGINAL else Show.DERIVED


@dataclass(frozen=True, slots=True, eq=False)
class DrawOrder:
    """Everything that decides the pixels of one picture.

    `residual_largest` is the value at the ends of the residual's colour bar, in the unit of the
    volume; `is_coarse` asks for a quick picture while the hand moves. `spread` is laid over derived
    pixels only. `geometry` is the grid that the plane was chosen on: that of `volume` (None), or of
    finer slices.
    """

    slice: SliceRequest
    volume: AnyVolume
    layer: Layer | None
    show: Show
    residual_largest: float
    is_coarse: bool = False
    spread: SpreadOverlay | None = None
    geometry: VolumeGeometry | None = None

    @property
    def has_nearest(self) -> bool:
        """True when the original is the nearest acquired slice, not one at the very place."""
        chosen_on = self.geometry or self.volume.geometry
        is_other = chosen_on.shape != self.volume.geometry.shape
        return is_other and self.slice.slice_index is not None

    def is_of(self, volume: AnyVolume, geometry: VolumeGeometry) -> bool:
        """True when it was meant for a volume of these slices, seen on a grid of this shape."""
        chosen_on = self.geometry or self.volume.geometry
        return self.volume.geometry is volume.geometry and chosen_on.shape == geometry.shape


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Pixels of an order, BGRA [row, column, 4]: what was asked for, each None if not.

    `problem` says why there are none at all.
    """

    order: DrawOrder
    original: UInt8Array | None = None
    derived: UInt8Array | None = None
    residual: UInt8Array | None = None
    problem: Message | None = None


def drawn(order: DrawOrder, reslicer: Reslicer) -> Drawn:
    """Return the pixels of an order. Runs in a worker; several at once are safe."""
    layer = order.layer
    if layer is None or order.show is Show.ORIGINAL:
        return Drawn(order, original=_windowed(_acquired(order, reslicer), order))
    derived = _derived(order, layer, reslicer)
    if order.show is Show.DERIVED:
        return Drawn(order, derived=_with_spread(_windowed(derived, order), order, reslicer))
    original = _acquired(order, reslicer)
    if order.show is Show.RESIDUAL:
        change = PlaneValues(derived.values.astype(np.float32) - original.values, derived.mask)
        return Drawn(order, residual=draw_residual(change, order.residual_largest))
    above = _with_spread(_windowed(derived, order), order, reslicer)
    return Drawn(order, _windowed(original, order), above)


def _with_spread(derived: UInt8Array, order: DrawOrder, reslicer: Reslicer) -> UInt8Array:
    """Lay the spread over derived pixels, resampled as they are."""
    spread = order.spread
    if spread is None or spread.volume is None:
        return derived
    plane = reslicer.plane(spread.volume, order.slice, is_coarse=order.is_coarse)
    return draw_over(derived, plane, spread.low, spread.high)


def _acquired(order: DrawOrder, reslicer: Reslicer) -> PlaneValues:
    request = on_grid(order, order.volume.geometry)
    return reslicer.plane(order.volume, request, is_coarse=order.is_coarse)


def _derived(order: DrawOrder, layer: Layer, reslicer: Reslicer) -> PlaneValues:
    start, factor = layer.start or order.volume, layer.blend * layer.scale
    request = on_grid(order, start.geometry)
    if not factor and layer.start is not None:
        return reslicer.plane(start, request, is_coarse=order.is_coarse)
    return reslicer.blended(start, layer.residual, factor, request, is_coarse=order.is_coarse)


def on_grid(order: DrawOrder, geometry: VolumeGeometry) -> SliceRequest:
    """Return the request of an order for a grid: one slice becomes the nearest slice there.

    Finer slices that lie between acquired ones have the nearest of these as their original.
    """
    request, chosen_on = order.slice, order.geometry or order.volume.geometry
    if request.slice_index is None or geometry.shape == chosen_on.shape:
        return request
    return replace(request, slice_index=geometry.slice_of(request.origin_mm))


def _windowed(plane: PlaneValues, order: DrawOrder) -> UInt8Array:
    request = order.slice
    return draw(
        plane,
        request.window,
        is_inverted=request.is_inverted,
        colour_map=request.colour_map,
    )


class ViewDrawer:
    """Draws for one view: at most one order runs and one waits; late answers are dropped."""

    def __init__(self, jobs: Jobs, reslicer: Reslicer, arrived: Callable[[Drawn], None]) -> None:
        self._jobs = jobs
        self._reslicer = reslicer
        self._arrived = arrived
        self._running: Job | None = None
        self._loading: Job | None = None
        self._waiting: DrawOrder | None = None

    @property
    def is_idle(self) -> bool:
        """True when no picture is on its way."""
        return self._running is None and self._waiting is None

    def ask(self, order: DrawOrder) -> None:
        """Draw an order as soon as the one before is done."""
        self._waiting = order
        if self._running is None:
            self._start()

    def forget(self) -> None:
        """Drop what is on its way, such as when the view is emptied."""
        self._waiting = None
        if self._running is not None:
            self._running.cancel()
            self._running = None

    def _start(self) -> None:
        order, self._waiting = self._waiting, None
        if order is None:
            return
        job = self._jobs.submit(
            Lane.DRAW,
            "Drawing",
            lambda _progress: drawn(order, self._reslicer),
            self._done,
            failed=lambda message: self._done(Drawn(order, problem=message)),
            is_quiet=True,
        )
        self._running = None if job.is_over else job

    def _done(self, picture: Drawn) -> None:
        self._running = None
        self._arrived(picture)
        self._start()
        self._load_vtk()

    def _load_vtk(self) -> None:
        """Have VTK loaded once there is a picture; the first one does without it."""
        if not has_vtk() and self._loading is None:
            self._loading = self._jobs.submit(
                Lane.PREFETCH,
                "Loading VTK",
                lambda _progress: load_vtk(),
                lambda _: None,
                is_quiet=True,
            )
