"""Array types used in signatures, and the one way to make an array read-only."""

from typing import Any

import numpy as np
import numpy.typing as npt

UInt8Array = npt.NDArray[np.uint8]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
AnyArray = npt.NDArray[Any]
"""Voxel values: int16, uint8, uint16 or float32."""

Point = tuple[float, float, float]
"""(x, y, z) in LPS millimetres, or a direction in the same frame."""


def read_only(array: AnyArray) -> AnyArray:
    """Return a read-only view of `array`; the caller's own array stays as it is."""
    view = array.view()
    view.flags.writeable = False
    return view


def median(values: AnyArray) -> float:
    """Return the median of at least one value; NumPy's own loads masked arrays, for 12 ms."""
    ordered = np.sort(values, axis=None)
    return float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def owner(array: AnyArray) -> AnyArray:
    """Return the array that owns the memory under a view; views of one memory have one owner."""
    return array.base if isinstance(array.base, np.ndarray) else array
