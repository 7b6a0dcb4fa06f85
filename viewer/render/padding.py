"""Padding beside acquired values: which pixels are real, and none of them mixed with padding."""

import numpy as np

from viewer.core.arrays import AnyArray, BoolArray, UInt8Array
from viewer.core.view import Interpolation
from viewer.render.grid import IndexPlane, flattened, still_axis

PURE = 1e-4
"""Largest share of padding in an interpolated value that counts as none (0.2 HU of 2,000)."""

_REACH = {Interpolation.NEAREST: 0, Interpolation.LINEAR: 1, Interpolation.CUBIC: 2}
"""How many voxels around the nearest one an interpolation looks at."""


def without_padding(
    values: AnyArray,
    mask: BoolArray,
    plane: IndexPlane,
    interpolation: Interpolation,
    found: AnyArray,
) -> tuple[AnyArray, BoolArray]:
    """Return interpolated values of which none has padding mixed in, and which are real.

    Parameters
    ----------
    values, mask : shape (slice, row, column); the mask is False at padding.
    found : the values interpolated on the plane.

    Returns
    -------
    Where padding took part in the interpolation the value is the nearest voxel's own; a pixel
    is real when its nearest voxel is. Source: DICOM PS3.3 C.7.5.1.1.2 (padding is no signal).
    """
    axis = still_axis(plane)
    is_real, is_mixed = (
        _beside_padding(mask, plane, interpolation)
        if axis is None
        else _beside_padding_on_grid(mask, plane, axis, interpolation)
    )
    rows, columns = np.nonzero(is_mixed)
    if rows.size:
        nearest = _nearest_voxels(plane, rows, columns, mask.shape)
        found = np.require(found, requirements="W")
        found[rows, columns] = values[nearest]
        is_real[rows, columns] = mask[nearest]
    return (found, is_real)


def _beside_padding(
    mask: BoolArray, plane: IndexPlane, interpolation: Interpolation
) -> tuple[BoolArray, BoolArray]:
    """Return which pixels are real and which are mixed, from the share of real voxels in each."""
    from viewer.render.sampling import sample

    share = sample(mask.view(np.uint8), plane, interpolation, as_float=True)
    is_mixed = (np.abs(share - 1) > PURE) & (share != 0)
    return (np.asarray(share > 0.5), np.asarray(is_mixed))


def _beside_padding_on_grid(
    mask: BoolArray, plane: IndexPlane, axis: int, interpolation: Interpolation
) -> tuple[BoolArray, BoolArray]:
    """Do the same for a plane that lies along the grid: much cheaper, on the mask's own plane."""
    from viewer.render.sampling import sample

    reach = _REACH[interpolation]
    last = mask.shape[axis] - 1
    place = float(plane.origin[axis].clip(0, last))
    step = 0 if place.is_integer() else reach
    around = range(int(np.floor(place)) - max(step - 1, 0), int(np.floor(place)) + step + 1)
    layers = [mask.take(min(max(k, 0), last), axis=axis) for k in around]
    nearest = mask.take(int(np.floor(place + 0.5)), axis=axis)
    pure = _shrunk(np.logical_and.reduce(layers), reach)
    classes: UInt8Array = nearest.view(np.uint8) + (pure & nearest)
    classes = np.ascontiguousarray(np.expand_dims(classes, axis))
    found = sample(classes, flattened(plane, axis), Interpolation.NEAREST)
    return (np.asarray(found > 0), np.asarray(found == 1))


def _shrunk(real: BoolArray, reach: int) -> BoolArray:
    """Return which voxels of a plane have nothing but real ones within `reach` of them."""
    for axis in (0, 1):
        padded = np.pad(real, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)], "edge")
        count = real.shape[axis]
        parts = [
            padded.take(range(shift, shift + count), axis=axis) for shift in range(2 * reach + 1)
        ]
        real = np.logical_and.reduce(parts)
    return real


def _nearest_voxels(
    plane: IndexPlane, rows: AnyArray, columns: AnyArray, shape: tuple[int, ...]
) -> tuple[AnyArray, ...]:
    """Return the (slice, row, column) indices of the voxels nearest to some pixels."""
    where = (
        plane.origin[axis] + columns * plane.right[axis] + rows * plane.down[axis]
        for axis in range(3)
    )
    return tuple(
        np.floor(place + 0.5).clip(0, count - 1).astype(np.intp)
        for place, count in zip(where, shape, strict=True)
    )
