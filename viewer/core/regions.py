"""Values of a volume under a region, a point or along a line: the numbers of measurements."""

import numpy as np

from viewer.core.arrays import AnyArray, BoolArray, FloatArray, IntArray
from viewer.core.geometry import VolumeGeometry, vector
from viewer.core.measurement import (
    Measurement,
    MeasurementKind,
    region_request,
    region_shape,
)
from viewer.core.view import SliceRequest
from viewer.core.volume import AnyVolume
from viewer.core.windowing import Window

GAP_STEPS = 1.5
"""Slices further apart than so many usual steps have nothing between them."""

SAME_PLACE = 1e-6
SAME_PLACE_MM = 1e-3
"""What lies no further from a voxel's centre (in voxels) or a slice (in mm) lies on it."""


def voxels_in(measurement: Measurement, geometry: VolumeGeometry) -> IntArray:
    """Return (n, 3) indices (slice, row, column) of the voxels that a measurement covers.

    On the acquired plane these are the voxels whose centres lie inside the outline; on a
    reformat the nearest voxels of samples taken at the finest spacing, each counted once. A point
    or the tip of an arrow is the nearest voxel.
    """
    if measurement.kind in (MeasurementKind.RECTANGLE, MeasurementKind.ELLIPSE):
        if abs(float(measurement.normal @ geometry.normal)) > 1 - 1e-6:
            return _on_slice(measurement, geometry)
        return _on_reformat(measurement, geometry)
    index = np.floor(geometry.to_index(measurement.points_mm[0]) + 0.5).astype(np.int64)
    index[0] = geometry.slice_of(measurement.points_mm[0])
    return _within(index[None, :], geometry)


def _within(index: IntArray, geometry: VolumeGeometry) -> IntArray:
    return np.asarray(index[np.all((index >= 0) & (index < geometry.shape), axis=1)])


def _on_slice(measurement: Measurement, geometry: VolumeGeometry) -> IntArray:
    place = geometry.slice_of(measurement.centre_mm)
    first, last = (vector(p) for p in measurement.points_mm[:2])
    right, down = vector(measurement.right), vector(measurement.down)
    width, height = float((last - first) @ right), float((last - first) @ down)
    corners = np.stack(
        [first + a * width * right + b * height * down for a in (0, 1) for b in (0, 1)]
    )
    index = geometry.to_index(corners)
    low = np.maximum(np.floor(index.min(axis=0)).astype(np.int64), 0)
    high = np.minimum(np.ceil(index.max(axis=0)).astype(np.int64) + 1, geometry.shape)
    if np.any(high[1:] <= low[1:]):
        return np.empty((0, 3), dtype=np.int64)
    rows, columns = np.meshgrid(
        np.arange(low[1], high[1]), np.arange(low[2], high[2]), indexing="ij"
    )
    centres = (
        geometry.slice_origin_mm(place)
        + rows[..., None] * geometry.affine[:3, 1]
        + columns[..., None] * geometry.affine[:3, 2]
    )
    inside = _is_inside(measurement, centres)
    found = np.stack((np.full(inside.sum(), place), rows[inside], columns[inside]), axis=1)
    return found.astype(np.int64)


def _is_inside(measurement: Measurement, mm: FloatArray) -> BoolArray:
    """Return which points (..., 3) lie inside the outline, seen along its normal."""
    first, last = (vector(p) for p in measurement.points_mm[:2])
    right, down = vector(measurement.right), vector(measurement.down)
    middle, half = (first + last) / 2, (last - first) / 2
    across = max(abs(float(half @ right)), 1e-9)
    along = max(abs(float(half @ down)), 1e-9)
    x, y = (mm - middle) @ right / across, (mm - middle) @ down / along
    if measurement.kind is MeasurementKind.ELLIPSE:
        return np.asarray(x**2 + y**2 <= 1)
    return np.asarray((np.abs(x) <= 1) & (np.abs(y) <= 1))


def _on_reformat(measurement: Measurement, geometry: VolumeGeometry) -> IntArray:
    normal = measurement.normal
    plain = SliceRequest(
        origin_mm=(0.0, 0.0, 0.0),
        right_mm=measurement.right,
        down_mm=measurement.down,
        normal=(float(normal[0]), float(normal[1]), float(normal[2])),
        width=1,
        height=1,
        window=Window(0.0, 1.0),
    )
    request = region_request(measurement, plain, min(geometry.spacing_mm))
    inside = region_shape(measurement, request.height, request.width)
    rows, columns = np.nonzero(inside)
    mm = (
        vector(request.origin_mm)
        + columns[:, None] * vector(request.right_mm)
        + rows[:, None] * vector(request.down_mm)
    )
    place = geometry.to_acquired_index(mm)
    place = place[~_is_in_gap(geometry, place[:, 0], geometry.spacing_mm[0] / 2)]
    index = np.floor(place + 0.5).astype(np.int64)
    return _within(np.unique(index, axis=0), geometry)


def _is_in_gap(geometry: VolumeGeometry, place: FloatArray, reach_mm: float) -> BoolArray:
    """Return which slice indices (fractions) lie in a gap, further than `reach_mm` from a slice."""
    if geometry.is_even:
        return np.zeros(place.shape, dtype=np.bool_)
    steps = np.diff(geometry.slice_positions_mm)
    below = np.floor(place).clip(0, len(steps) - 1).astype(np.intp)
    away = np.minimum(place - below, below + 1 - place) * steps[below]
    return np.asarray((steps[below] > GAP_STEPS * geometry.spacing_mm[0]) & (away > reach_mm))


def values_at(volume: AnyVolume, index: IntArray) -> AnyArray:
    """Return the values at (n, 3) indices; padding and slices that are not loaded are left out."""
    keep = volume.loaded[index[:, 0]]
    if volume.mask is not None:
        keep = keep & volume.mask[index[:, 0], index[:, 1], index[:, 2]]
    chosen = index[keep]
    return np.asarray(volume.values[chosen[:, 0], chosen[:, 1], chosen[:, 2]])


def line_profile(volume: AnyVolume, measurement: Measurement) -> tuple[FloatArray, FloatArray]:
    """Return (distance, value) along a length, interpolated linearly every quarter of a voxel.

    Distances in the measurement's unit; values are NaN outside the volume, in a gap, and where
    padding or a slice that is not loaded would be mixed in.
    """
    geometry = volume.geometry
    first, last = (vector(p) for p in measurement.points_mm[:2])
    whole = float(np.linalg.norm(last - first))
    count = max(2, int(whole / (min(geometry.spacing_mm[1:]) / 4)) + 1)
    along = np.linspace(0, 1, min(count, 4096))
    index = geometry.to_acquired_index(first + along[:, None] * (last - first))
    values = _linear(volume, index)
    values[_is_in_gap(geometry, index[:, 0], SAME_PLACE_MM)] = np.nan
    return (along * whole, values)


def _linear(volume: AnyVolume, index: FloatArray) -> FloatArray:
    """Interpolate at (n, 3) indices among the eight voxels around; NaN where one is missing."""
    index = np.where(np.abs(index - np.rint(index)) < SAME_PLACE, np.rint(index), index)
    base = np.floor(index).astype(np.int64)
    part = index - base
    shape = np.asarray(volume.values.shape[:3])
    total = np.zeros(len(index))
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod(np.where(corner, part, 1 - part), axis=1)
        s, r, c = np.clip(base + corner, 0, shape - 1).T
        is_real = (
            volume.loaded[s] if volume.mask is None else volume.loaded[s] & volume.mask[s, r, c]
        )
        total += weight * volume.values[s, r, c].astype(np.float64)
        total[(weight > 0) & ~is_real] = np.nan
    outside = np.any((index < -0.5) | (index > shape - 0.5), axis=1)
    return np.asarray(np.where(outside, np.nan, total))
