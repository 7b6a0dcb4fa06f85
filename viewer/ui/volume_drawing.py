"""Volume rendering for the views: one thread with its own off-screen context, newest order wins."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.app.jobs import Jobs
from viewer.app.messages import Message, message_from
from viewer.core.arrays import UInt8Array
from viewer.core.errors import DiptychError
from viewer.core.view import Camera
from viewer.core.volume import DerivedVolume, Volume
from viewer.render.planar import Reslicer

if TYPE_CHECKING:
    from viewer.render.presets import VolumePreset
    from viewer.render.volumes import VolumeRenderer

Arrived = Callable[[UInt8Array], None]


@dataclass(frozen=True, slots=True, eq=False)
class VolumeOrder:
    """One picture of a volume, in device pixels; `modality` chooses the default preset."""

    volume: Volume | DerivedVolume
    camera: Camera
    modality: str
    size: tuple[int, int]
    is_coarse: bool
    arrived: Arrived
    failed: Callable[[Message], None]


class VolumeDrawer:
    """Owns the rendering thread. It starts with the first order and ends with `close`."""

    def __init__(self, jobs: Jobs, presets: Path, reslicer: Reslicer) -> None:
        self._jobs = jobs
        self._path = presets
        self._reslicer = reslicer
        self._wake: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._orders: dict[int, VolumeOrder] = {}
        self._lock = threading.Lock()
        self._busy = 0
        self._thread: threading.Thread | None = None

    @property
    def is_idle(self) -> bool:
        """True when no picture is wanted or on its way."""
        with self._lock:
            return not self._orders and not self._busy

    def preset_names(self, modality: str) -> tuple[tuple[str, str], ...]:
        """Return the presets for a modality as (id, name)."""
        from viewer.render.presets import load_presets

        return tuple(
            (preset.id, preset.name)
            for preset in load_presets(self._path)
            if not preset.modalities or modality in preset.modalities
        )

    def ask(self, view: int, order: VolumeOrder) -> None:
        """Draw a volume as soon as possible; an older order of the same view is dropped."""
        with self._lock:
            self._orders[view] = order
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="diptych-volume")
            self._thread.start()
        self._wake.put(True)

    def _run(self) -> None:
        from viewer.render.presets import load_presets
        from viewer.render.volumes import VolumeRenderer

        presets = load_presets(self._path)
        renderer = VolumeRenderer(self._reslicer)
        try:
            while self._wake.get():
                order = self._next()
                if order is not None:
                    self._try(renderer, presets, order)
        finally:
            renderer.close()

    def _next(self) -> VolumeOrder | None:
        with self._lock:
            for view in tuple(self._orders):
                self._busy += 1
                return self._orders.pop(view)
        return None

    def _try(
        self, renderer: VolumeRenderer, presets: tuple[VolumePreset, ...], order: VolumeOrder
    ) -> None:
        from viewer.render.presets import default_preset

        try:
            named = [preset for preset in presets if preset.id == order.camera.preset]
            preset = default_preset(presets, order.modality, order.volume.unit)
            preset = named[0] if named else preset or presets[0]
            rgba = renderer.render(
                order.volume, order.camera, order.size, preset, is_coarse=order.is_coarse
            )
            self._jobs.deliver(partial(order.arrived, rgba))
        except DiptychError as error:
            self._jobs.deliver(partial(order.failed, message_from(error)))
        finally:
            with self._lock:
                self._busy -= 1

    def close(self) -> None:
        """End the thread; its context is released in it."""
        if self._thread is not None:
            self._wake.put(False)
            self._thread.join(5)
            self._thread = None
