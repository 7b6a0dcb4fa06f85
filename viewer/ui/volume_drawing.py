"""Volume rendering for the views: one thread with its own off-screen context, newest order wins."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
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
        self._is_closed = False
        self._presets: tuple[VolumePreset, ...] | None = None

    @property
    def is_idle(self) -> bool:
        """True when no picture is wanted or on its way."""
        with self._lock:
            return not self._orders and not self._busy

    def presets_for(self, modality: str, unit: str) -> tuple[VolumePreset, ...]:
        """Return the presets that fit a series, its default first.

        Those of its modality come before those for every volume; values in a unit that the series
        does not have are left out. () when the file of presets cannot be read: the thread says so.
        """
        from viewer.render.presets import default_preset

        presets = self._loaded()
        first = default_preset(presets, modality, unit)
        fitting = [
            preset
            for preset in presets
            if (not preset.modalities or modality in preset.modalities)
            and preset.unit in (unit, "relative")
        ]
        return tuple(sorted(fitting, key=lambda p: (p is not first, not p.modalities)))

    def preset_name(self, chosen: str, modality: str, unit: str) -> str:
        """Return the name of a chosen preset, or of the default one for a series."""
        fitting = self.presets_for(modality, unit)
        named = [preset.name for preset in fitting if preset.id == chosen]
        return (named or [preset.name for preset in fitting[:1]] or [""])[0]

    def _loaded(self) -> tuple[VolumePreset, ...]:
        from viewer.render.presets import load_presets

        if self._presets is None:
            try:
                self._presets = load_presets(self._path)
            except DiptychError as error:
                self._presets = ()
                self._jobs.failed(message_from(error))
        return self._presets

    def warm(self) -> None:
        """Start the thread and open its window, before the first picture is wanted."""
        if self._thread is None and not self._is_closed:
            self._thread = threading.Thread(target=self._run, name="diptych-volume")
            self._thread.start()

    def ask(self, view: int, order: VolumeOrder) -> None:
        """Draw a volume as soon as possible; an older order of the same view is dropped."""
        with self._lock:
            self._orders[view] = order
        self._loaded()
        self.warm()
        self._wake.put(True)

    def drop_dead(self) -> None:
        """Have the thread give back the volumes that have been closed."""
        self._wake.put(True)

    def _run(self) -> None:
        from viewer.render.volumes import VolumeRenderer

        renderer = VolumeRenderer(self._reslicer)
        try:
            with suppress(DiptychError):  # told with the first picture that fails
                renderer.open()
            while self._wake.get():
                order = self._next()
                if order is not None:
                    self._try(renderer, order)
                order = None
                renderer.drop_dead()
        finally:
            renderer.close()

    def _next(self) -> VolumeOrder | None:
        with self._lock:
            for view in tuple(self._orders):
                self._busy += 1
                return self._orders.pop(view)
        return None

    def _try(self, renderer: VolumeRenderer, order: VolumeOrder) -> None:
        try:
            fitting = self.presets_for(order.modality, order.volume.unit)
            named = [preset for preset in fitting if preset.id == order.camera.preset]
            if fitting:
                preset = (named or list(fitting))[0]
                pixels = renderer.render(
                    order.volume, order.camera, order.size, preset, is_coarse=order.is_coarse
                )
                self._jobs.deliver(partial(order.arrived, pixels))
        except Exception as error:  # noqa: BLE001 - this thread is a lane: its defects are told
            self._jobs.deliver(partial(order.failed, message_from(error)))
        finally:
            with self._lock:
                self._busy -= 1

    def close(self) -> None:
        """End the thread for good; its context is released in it."""
        self._is_closed = True
        with self._lock:
            self._orders.clear()
        if self._thread is not None:
            self._wake.put(False)
            self._thread.join(5)
            self._thread = None
