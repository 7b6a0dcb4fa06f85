"""Planes in index space: where each output pixel lies in the voxel array, and which are inside."""

from dataclasses import dataclass

import numpy as np

from viewer.core.arrays import BoolArray, FloatArray
from viewer.core.geometry import VolumeGeometry, vector
from viewer.core.view import SliceRequest

SNAP_VOXELS = 1e-4
"""Deviations smaller than this over the whole picture count as none: the plane follows the grid."""


@dataclass(frozen=True, slots=True, eq=False)
class IndexPlane:
    """A grid of output pixels in (slice, row, column) index space.

    Pixel (column i, row j) lies at ``origin + i * right + j * down``; each has shape (3,).
    """

    origin: FloatArray
    right: FloatArray
    down: FloatArray
    width: int
    height: int


def index_plane(geometry: VolumeGeometry, request: SliceRequest) -> IndexPlane:
    """Return the request's plane in the index space of a grid, sheared grids included."""
    turn = geometry.inverse[:3, :3]
    right = _snapped(turn @ vector(request.right_mm), request.width)
    down = _snapped(turn @ vector(request.down_mm), request.height)
    origin = geometry.to_index(request.origin_mm)
    still = (right == 0) & (down == 0)
    whole = np.rint(origin)
    origin = np.where(still & (np.abs(origin - whole) < SNAP_VOXELS), whole, origin)
    return IndexPlane(origin, right, down, request.width, request.height)


def _snapped(step: FloatArray, count: int) -> FloatArray:
    return np.where(np.abs(step) * count < SNAP_VOXELS, 0.0, step)


def still_axis(plane: IndexPlane) -> int | None:
    """Return the index axis that the plane stands still on, None for an oblique plane."""
    still = np.flatnonzero((plane.right == 0) & (plane.down == 0))
    return int(still[0]) if still.size else None


def follows_grid(plane: IndexPlane) -> bool:
    """True when the picture's rows and columns run along two axes of the array."""
    across, down = np.flatnonzero(plane.right), np.flatnonzero(plane.down)
    return len(across) == 1 and len(down) == 1 and across[0] != down[0]


def flattened(plane: IndexPlane, axis: int) -> IndexPlane:
    """Return the plane within an array that has one layer alone along an axis."""
    keep = np.ones(3)
    keep[axis] = 0.0
    return IndexPlane(
        plane.origin * keep, plane.right * keep, plane.down * keep, plane.width, plane.height
    )


def moved(plane: IndexPlane, shift: FloatArray) -> IndexPlane:
    """Return the plane shifted by an index vector of shape (3,)."""
    return IndexPlane(plane.origin + shift, plane.right, plane.down, plane.width, plane.height)


def coordinate(plane: IndexPlane, axis: int) -> FloatArray:
    """Return the index coordinate of every pixel along one axis.

    Shape (height, width), or (height, 1), (1, width) or (1, 1) where it does not vary.
    """
    across = np.arange(plane.width if plane.right[axis] else 1) * plane.right[axis]
    along = np.arange(plane.height if plane.down[axis] else 1) * plane.down[axis]
    return np.asarray(plane.origin[axis] + along[:, None] + across[None, :])


def inside(plane: IndexPlane, shape: tuple[int, int, int]) -> BoolArray:
    """Return which pixels lie in the array, the outermost half voxel included.

    Shape (height, width). In each row of a plane these are the columns from a first to a last.
    """
    if follows_grid(plane):
        found: BoolArray = np.ones((1, 1), np.bool_)
        for axis, count in enumerate(shape):
            where = coordinate(plane, axis)
            found = found & (where >= -0.5) & (where <= count - 0.5)
        return found
    first = np.zeros(plane.height)
    last = np.full(plane.height, plane.width - 1.0)
    for axis, count in enumerate(shape):
        start = plane.origin[axis] + np.arange(plane.height) * plane.down[axis]
        step = plane.right[axis]
        if step == 0:
            last[(start < -0.5) | (start > count - 0.5)] = -1
            continue
        ends = np.sort(np.stack(((-0.5 - start) / step, (count - 0.5 - start) / step)), axis=0)
        np.maximum(first, np.ceil(ends[0]), out=first)
        np.minimum(last, np.floor(ends[1]), out=last)
    kind = np.int16 if plane.width < 1 << 15 else np.int32
    columns = np.arange(plane.width, dtype=kind)
    ends = np.stack((first.clip(0, plane.width), last.clip(-1, plane.width))).astype(kind)
    is_inside = columns >= ends[0][:, None]
    is_inside &= columns <= ends[1][:, None]
    return np.asarray(is_inside)
