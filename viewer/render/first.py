"""The first picture without waiting for VTK: bilinear values of one upright acquired slice."""

import numpy as np

from viewer.core.arrays import AnyArray
from viewer.core.view import Interpolation
from viewer.render.grid import IndexPlane, coordinate


def can_sample(plane: IndexPlane, interpolation: Interpolation) -> bool:
    """True for an upright slice (columns run right, rows run down) at linear interpolation."""
    is_upright = not (plane.right[1] or plane.down[2] or plane.right[0] or plane.down[0])
    return is_upright and interpolation is Interpolation.LINEAR


def sample(values: AnyArray, plane: IndexPlane) -> AnyArray:
    """Return linearly interpolated values of a slice, as `viewer.render.sampling.sample` does.

    Parameters
    ----------
    values : shape (1, rows, columns) or (1, rows, columns, channels).
    plane : on slice 0, upright.
    """
    mixed = _along(values[0], coordinate(plane, 1)[:, 0], 0)
    mixed = _along(mixed, coordinate(plane, 2)[0], 1)
    if values.dtype.kind in "iu":
        return np.asarray(np.floor(mixed + np.float32(0.5)), dtype=values.dtype)
    return mixed


def _along(values: AnyArray, where: AnyArray, axis: int) -> AnyArray:
    """Interpolate along one axis at `where`, the ends extended; float32."""
    last = values.shape[axis] - 1
    where = where.clip(0, last)
    before = np.floor(where).astype(np.intp)
    after = np.minimum(before + 1, last)
    weight = (where - before).astype(np.float32)
    weight = weight.reshape((-1,) + (1,) * (values.ndim - axis - 1))
    low = values.take(before, axis=axis).astype(np.float32)
    high = values.take(after, axis=axis).astype(np.float32)
    high -= low
    high *= weight
    high += low
    return np.asarray(high)
