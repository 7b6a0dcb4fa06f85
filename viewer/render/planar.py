"""Planes and slabs of volumes: the values that a view shows, and where there are any."""

import math
import sys
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from viewer.core.arrays import AnyArray, BoolArray, owner, read_only
from viewer.core.blending import with_residual
from viewer.core.geometry import VolumeGeometry, point, vector
from viewer.core.view import Interpolation, SlabMode, SliceRequest
from viewer.core.volume import AnyVolume, DerivedVolume, Frames, Volume, regular
from viewer.render import upright
from viewer.render.grid import (
    IndexPlane,
    coordinate,
    flattened,
    follows_grid,
    index_plane,
    inside,
    moved,
    still_axis,
)
from viewer.render.padding import without_padding
from viewer.render.reduced import ReducedImages, on_reduced, reduction


def has_vtk() -> bool:
    """True when VTK's imaging pipeline is loaded; pictures that need it load it themselves."""
    return "viewer.render.sampling" in sys.modules


def load_vtk() -> None:
    """Load VTK's imaging pipeline (about 0.4 s); in a worker, once the first picture is painted."""
    import viewer.render.sampling  # noqa: F401


@dataclass(frozen=True, slots=True, eq=False)
class PlaneValues:
    """Modality values of a picture before the window.

    `values` is [row, column] in the volume's own type, or [row, column, 3] (uint8 RGB); `mask` is
    False where nothing was acquired: outside the volume, in a gap, padding, not loaded yet.
    """

    values: AnyArray
    mask: BoolArray

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        object.__setattr__(self, "values", read_only(self.values))
        object.__setattr__(self, "mask", read_only(self.mask))


COARSE_PIXELS = 300 * 300
"""Pixels of a coarse picture, at most: three oblique planes of them keep up with the hand."""


def coarser(request: SliceRequest) -> SliceRequest:
    """Return the request for the same picture with fewer pixels, for a moving hand.

    Each pixel covers n by n of the full picture: two by two, more where that would still be more
    than `COARSE_PIXELS`.
    """
    factor = max(2, math.ceil(math.sqrt(request.width * request.height / COARSE_PIXELS)))
    right, down = vector(request.right_mm), vector(request.down_mm)
    middle = (factor - 1) / 2
    return replace(
        request,
        origin_mm=point(vector(request.origin_mm) + middle * right + middle * down),
        right_mm=point(factor * right),
        down_mm=point(factor * down),
        width=max(1, request.width // factor),
        height=max(1, request.height // factor),
    )


def slab_step_mm(geometry: VolumeGeometry, request: SliceRequest) -> float:
    """Return the distance between the planes of a slab.

    One voxel step where the plane follows the grid (so that the planes fall on slices), else the
    size of a voxel along the normal.
    """
    plane = index_plane(geometry, request)
    per_mm = geometry.inverse[:3, :3] @ vector(request.normal)
    still = (plane.right == 0) & (plane.down == 0)
    if still.any():
        return float(1 / np.abs(per_mm[still]).max())
    return float(1 / np.linalg.norm(per_mm))


def slab_offsets_mm(
    geometry: VolumeGeometry, request: SliceRequest, *, is_coarse: bool = False
) -> tuple[float, ...]:
    """Return where the planes of the slab lie along the normal, in millimetres.

    Steps of `slab_step_mm` to both sides of the centre as far as half of `slab_mm`, so a 10 mm
    slab of 0.7 mm voxels has 15 planes; every second one when `is_coarse`. A slab thinner than
    two steps is its centre plane.
    """
    step = slab_step_mm(geometry, request)
    half = int(request.slab_mm / 2 / step + 1e-6)
    stride = 2 if is_coarse else 1
    return tuple(k * step for k in range(-half, half + 1) if (k + half) % stride == 0)


class Reslicer:
    """Gives the values of planes and slabs, from several threads at once.

    It keeps, for each volume of uneven slices, the copy on an even grid as long as that volume
    lives, and reduced copies of the large images looked at last. Share one reslicer among views,
    so that they share these copies.
    """

    def __init__(self) -> None:
        """Start with no copies."""
        self._lock = threading.Lock()
        self._even: dict[int, tuple[bytes, Volume | DerivedVolume]] = {}
        self._reduced = ReducedImages()

    def plane(
        self, volume: AnyVolume, request: SliceRequest, *, is_coarse: bool = False
    ) -> PlaneValues:
        """Return the values that a request asks for.

        Parameters
        ----------
        volume : values of int16, uint8, uint16, float32, or uint8 RGB.
        request : with `slice_index` the values come from that slice alone; else from the even
            grid. Millimetres are LPS, or the image's own where it has no patient geometry.
        is_coarse : fewer pixels (see `coarser`), and every second plane of a slab.
        """
        return self._projected((volume,), 0.0, request, is_coarse)

    def blended(
        self,
        original: AnyVolume,
        residual: AnyVolume,
        factor: float,
        request: SliceRequest,
        *,
        is_coarse: bool = False,
    ) -> PlaneValues:
        """Return original + `factor` x residual, in the original's type.

        Each plane of a slab is blended before the slab is projected: the maximum of a blend is
        not the blend of the maxima. False in the mask where either has nothing.
        """
        return self._projected((original, residual), factor, request, is_coarse)

    def even(self, volume: AnyVolume) -> AnyVolume:
        """Return the volume on an even grid; computed once for what is loaded of it.

        It is kept while the memory of the values lives: a layer at another strength has the same.
        """
        if isinstance(volume, Frames) or volume.geometry.is_even:
            return volume
        memory = owner(volume.values)
        key, loaded = id(memory), volume.loaded.tobytes()
        with self._lock:
            known = self._even.get(key)
            if known is None:
                weakref.finalize(memory, self._even.pop, key, None).atexit = False
            if known is None or known[0] != loaded:
                known = self._even[key] = (loaded, regular(volume))
            return known[1]

    def _projected(
        self,
        volumes: tuple[AnyVolume, ...],
        factor: float,
        request: SliceRequest,
        is_coarse: bool,
    ) -> PlaneValues:
        if is_coarse:
            request = coarser(request)
        if request.slice_index is None:
            volumes = tuple(self.even(volume) for volume in volumes)
        geometry = volumes[0].geometry
        centre = index_plane(geometry, request)
        if request.slice_index is not None or request.slab_mm <= 0:
            return self._joined(volumes, factor, centre, request)
        offsets = slab_offsets_mm(geometry, request, is_coarse=is_coarse)
        per_mm = geometry.inverse[:3, :3] @ vector(request.normal)
        planes = [moved(centre, offset * per_mm) for offset in offsets]
        is_plain = len(volumes) == 1 and volumes[0].mask is None and volumes[0].is_complete
        # Along the grid VTK (9.7) shifts a slab by half a step, and plane by plane is as quick.
        if is_plain and len(planes) > 1 and still_axis(centre) is None:
            return _whole_slab(volumes[0], centre, planes, request)
        return project(
            (self._joined(volumes, factor, plane, request) for plane in planes), request.slab_mode
        )

    def _joined(
        self,
        volumes: tuple[AnyVolume, ...],
        factor: float,
        plane: IndexPlane,
        request: SliceRequest,
    ) -> PlaneValues:
        planes = [self._thin(volume, plane, request) for volume in volumes]
        return planes[0] if len(planes) == 1 else blend(planes[0], planes[1], factor)

    def _thin(self, volume: AnyVolume, plane: IndexPlane, request: SliceRequest) -> PlaneValues:
        """Return one plane of one volume, padding and missing slices left out."""
        if request.slice_index is not None:
            return self._one_slice(volume, plane, request, request.slice_index)
        is_there = inside(plane, volume.geometry.shape)
        if not volume.is_complete:
            is_there &= _is_loaded_at(plane, volume.loaded)
        kind = request.interpolation
        found = _sampled(volume.values, plane, kind)
        if volume.mask is None:
            return PlaneValues(found, is_there)
        found, is_real = without_padding(volume.values, volume.mask, plane, kind, found)
        return PlaneValues(found, is_there & is_real)

    def _one_slice(
        self, volume: AnyVolume, plane: IndexPlane, request: SliceRequest, index: int
    ) -> PlaneValues:
        """Return one acquired slice, which takes nothing from its neighbours."""
        kind = request.interpolation
        plane = flattened(plane, 0)
        values = volume.values[index : index + 1]
        is_there = inside(plane, values.shape[:3]) & volume.loaded[index]
        mask = None if volume.mask is None else volume.mask[index : index + 1]
        if mask is not None and not mask.all():
            found = _sampled(values, plane, kind)
            found, is_real = without_padding(values, mask, plane, kind, found)
            return PlaneValues(found, is_there & is_real)
        factor = 1 if kind is Interpolation.NEAREST else reduction(plane, values.shape)
        if factor > 1:
            values = self._reduced.image(volume.values, index, factor)
            plane = on_reduced(plane, factor)
        return PlaneValues(_sampled(values, plane, kind), is_there)


def _sampled(values: AnyArray, plane: IndexPlane, interpolation: Interpolation) -> AnyArray:
    if interpolation is Interpolation.LINEAR and follows_grid(plane):
        return upright.sample(values, plane)
    from viewer.render.sampling import sample

    return sample(values, plane, interpolation)


def _whole_slab(
    volume: AnyVolume, centre: IndexPlane, planes: list[IndexPlane], request: SliceRequest
) -> PlaneValues:
    """Return the slab of a complete volume without padding in one go, as VTK can."""
    from viewer.render.sampling import sample_slab

    step = planes[1].origin - planes[0].origin
    kind, mode = request.interpolation, request.slab_mode
    values = sample_slab(volume.values, centre, step, len(planes), kind, mode)
    is_there = inside(planes[0], volume.geometry.shape)
    for plane in planes[1:]:
        is_there |= inside(plane, volume.geometry.shape)
    return PlaneValues(values, is_there)


def _is_loaded_at(plane: IndexPlane, loaded: BoolArray) -> BoolArray:
    """Return where both slices next to a pixel are loaded; shape broadcasts to the plane."""
    where = coordinate(plane, 0).clip(0, len(loaded) - 1)
    below, above = np.floor(where).astype(np.intp), np.ceil(where).astype(np.intp)
    return np.asarray(loaded[below] & loaded[above])


def blend(original: PlaneValues, residual: PlaneValues, factor: float) -> PlaneValues:
    """Return original + `factor` x residual as a plane in the original's type, rounded."""
    mixed = with_residual(original.values, residual.values, factor)
    return PlaneValues(mixed, original.mask & residual.mask)


def project(planes: Iterator[PlaneValues], mode: SlabMode) -> PlaneValues:
    """Return the maximum, minimum or mean of planes, over those that have a value at a pixel."""
    gathered: AnyArray | None = None
    count = np.zeros((), dtype=np.int32)
    for plane in planes:
        values = _neutral_outside(plane, mode)
        count = count + plane.mask
        if gathered is None:
            gathered, kind = values, plane.values.dtype
        elif mode is SlabMode.MEAN:
            gathered += values
        else:
            (np.maximum if mode is SlabMode.MIP else np.minimum)(gathered, values, out=gathered)
    if gathered is None:
        raise ValueError("a slab has at least one plane")
    shown = count if gathered.ndim == 2 else count[..., None]
    if mode is SlabMode.MEAN:
        gathered /= np.maximum(shown, 1).astype(np.float32)
        gathered = np.rint(gathered) if kind.kind in "iu" else gathered
    gathered[count == 0] = 0
    return PlaneValues(gathered.astype(kind), count > 0)


def _neutral_outside(plane: PlaneValues, mode: SlabMode) -> AnyArray:
    """Return the values of a plane, where it has none such that they change no projection."""
    kind = plane.values.dtype
    is_whole = kind.kind in "iu"
    if mode is SlabMode.MEAN:
        values, neutral = plane.values.astype(np.float32), 0.0
    else:
        limits = np.iinfo(kind) if is_whole else np.finfo(kind)
        neutral = limits.min if mode is SlabMode.MIP else limits.max
        values = np.array(plane.values)
    np.copyto(values, neutral, where=~plane.mask if values.ndim == 2 else ~plane.mask[..., None])
    return values
