"""Volume rendering: pictures of a whole volume, coarse while the hand moves and full at rest."""

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from viewer.core.arrays import AnyArray, BoolArray, UInt8Array
from viewer.core.camera import eye_direction, half_height_mm, right_direction
from viewer.core.geometry import VolumeGeometry, vector
from viewer.core.view import Camera
from viewer.core.volume import AnyVolume, DerivedVolume, Volume
from viewer.render.planar import Reslicer
from viewer.render.presets import VolumePreset

if TYPE_CHECKING:
    from viewer.render.raycasting import Body, Stage

COARSE_PIXELS = 2
"""A picture for the moving hand has one pixel for so many of the full one, each way."""

HALVED_FROM = 200
"""Axes with at least so many voxels are halved in the preview volume."""

BODIES_KEPT = 2
"""Volumes kept ready: an original and what was derived from it."""


def halved(values: AnyArray) -> tuple[AnyArray, tuple[int, int, int]]:
    """Return means of neighbouring voxels, and how many along (slice, row, column): 1 or 2.

    The preview volume: an eighth of the voxels and less noise. A last odd layer is left out.
    """
    steps = tuple(2 if count >= HALVED_FROM else 1 for count in values.shape)
    slices, rows, columns = (n // step for n, step in zip(values.shape, steps, strict=True))
    kind = np.int32 if values.dtype.kind in "iu" else np.float32
    made = np.empty((slices, rows, columns), dtype=values.dtype)
    for index in range(slices):
        block = values[index * steps[0] : (index + 1) * steps[0]].sum(axis=0, dtype=kind)
        block = sum(block[k : rows * steps[1] : steps[1]] for k in range(steps[1]))
        block = sum(block[:, k : columns * steps[2] : steps[2]] for k in range(steps[2]))
        made[index] = block / np.prod(steps)
    return (made, (steps[0], steps[1], steps[2]))


@dataclass(slots=True)
class _Ready:
    """A volume made ready: its preview at once, its full body when first wanted."""

    alive: "weakref.ref[AnyArray]"
    """The volume's own array; `values` is another view, or it would never die."""
    geometry: VolumeGeometry
    values: AnyArray
    range: tuple[float, float]
    preview: "Body"
    full: "Body | None" = None


class VolumeRenderer:
    """Renders volumes off screen; made, used and closed in one worker thread.

    The window opens with `open` or at the first picture. `close` must run in the same thread.
    """

    def __init__(self, reslicer: Reslicer) -> None:
        """Start; `reslicer` gives the even copies of volumes with uneven slices."""
        self._reslicer = reslicer
        self._stage: Stage | None = None
        self._ready: list[_Ready] = []

    def render(
        self,
        volume: Volume | DerivedVolume,
        camera: Camera,
        size: tuple[int, int],
        preset: VolumePreset,
        *,
        is_coarse: bool = False,
    ) -> UInt8Array:
        """Return a picture of the volume on black as BGRA, shape (height, width, 4).

        Parameters
        ----------
        size : (width, height) in pixels.
        is_coarse : for a moving hand: half the width and height, from the preview volume.

        Raises
        ------
        NoVolumeRendering : the machine has no OpenGL library.
        """
        if is_coarse:
            size = (max(1, size[0] // COARSE_PIXELS), max(1, size[1] // COARSE_PIXELS))
        stage = self._opened()
        ready = self._made_ready(volume, stage)
        body = self._body_for(ready, preset, stage, is_coarse=is_coarse)
        body.set_preset(preset, *ready.range, is_lit=not is_coarse or body.has_light)
        body.set_crop(camera.crop)
        stage.show(body)
        centre = vector(ready.geometry.centre_mm)
        eye, up = eye_direction(camera)
        right, down = camera.pan_mm
        centre = centre - right * right_direction(camera) + down * up
        far = 2 * float(np.ptp(ready.geometry.corners_mm(), axis=0).max())
        stage.look(centre, centre + far * eye, up, half_height_mm(ready.geometry, camera, size))
        return stage.picture(*size)

    def drop_dead(self) -> None:
        """Give back the volumes that nobody else has any more."""
        self._ready = [ready for ready in self._ready if ready.alive() is not None]

    def open(self) -> None:
        """Load VTK's rendering and open the window now (about 0.4 s), before the first picture.

        Raises
        ------
        NoVolumeRendering : the machine has no OpenGL library.
        """
        self._opened()

    def close(self) -> None:
        """Give back the window and all volumes, in the thread that rendered."""
        self._ready.clear()
        if self._stage is not None:
            self._stage.close()
            self._stage = None

    def _opened(self) -> "Stage":
        if self._stage is None:
            from viewer.render.raycasting import Stage

            self._stage = Stage()
        return self._stage

    def _made_ready(self, volume: Volume | DerivedVolume, stage: "Stage") -> _Ready:
        """Return the volume's bodies, made now unless they are at hand."""
        from viewer.render.raycasting import Body

        self.drop_dead()
        for ready in self._ready:
            if ready.alive() is volume.values:
                return ready
        even = self._reslicer.even(volume)
        values = _emptied(even.values, _real(even))
        small, steps = halved(values)
        low, high = np.percentile(small[::2, ::2, ::2], (1.0, 99.8))
        ready = _Ready(
            alive=weakref.ref(volume.values),
            geometry=even.geometry,
            values=values.view(),
            range=(float(low), max(float(high), float(low) + 1e-6)),
            preview=Body(small, even.geometry, steps, on_hardware=stage.on_hardware),
        )
        self._ready = [*self._ready[-(BODIES_KEPT - 1) :], ready]
        return ready

    def _body_for(
        self, ready: _Ready, preset: VolumePreset, stage: "Stage", *, is_coarse: bool
    ) -> "Body":
        """Return the preview or the full volume.

        Light on the processor needs three more bytes a voxel and seconds to begin, so there the
        preview is lit also at rest; its averaged voxels make smoother surfaces.
        """
        if is_coarse or (preset.is_shaded and not stage.on_hardware):
            return ready.preview
        if ready.full is None:
            from viewer.render.raycasting import Body

            ready.full = Body(
                ready.values, ready.geometry, (1, 1, 1), on_hardware=stage.on_hardware
            )
        return ready.full


def _real(volume: AnyVolume) -> BoolArray | None:
    """Return where pixels are real: no padding, and of slices that are there; None for all."""
    if volume.is_complete:
        return volume.mask
    loaded = np.broadcast_to(volume.loaded[:, None, None], volume.values.shape)
    return loaded if volume.mask is None else volume.mask & loaded


def _emptied(values: AnyArray, mask: BoolArray | None) -> AnyArray:
    """Return the values with padding and gaps at the lowest value; copied only where needed."""
    if mask is None:
        return values
    low = values.min()
    for layer, real in zip(values, mask, strict=True):
        hidden = layer[~real]
        if hidden.size and hidden.max() > low:
            return np.where(mask, values, low)
    return values
