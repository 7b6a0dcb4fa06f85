"""Numbers of regions on original, enhanced and residual pixels, side by side."""

from dataclasses import dataclass

import numpy as np

from viewer.app.workspace import Layer, PartKey, Workspace
from viewer.core.arrays import AnyArray
from viewer.core.blending import with_residual
from viewer.core.measurement import (
    AREA_KINDS,
    Measurement,
    MeasurementKind,
    RegionStatistics,
    contrast_to_noise,
    statistics,
)
from viewer.core.regions import values_at, voxels_in
from viewer.core.volume import AnyVolume, Frames


@dataclass(frozen=True, slots=True)
class RegionRow:
    """One region in the table: statistics of the three layers, and what changed.

    `noise_change` is SD enhanced / SD original - 1; `bias` the mean of the residual; `cnr` are
    (original, enhanced) against the chosen background region, None without one.
    """

    id: str
    title: str
    original: RegionStatistics
    enhanced: RegionStatistics | None = None
    residual: RegionStatistics | None = None
    noise_change: float | None = None
    bias: float | None = None
    cnr: tuple[float, float | None] | None = None


def region_statistics(volume: AnyVolume, measurement: Measurement) -> RegionStatistics | None:
    """Return the statistics of the voxels under a measurement; None for colour or no voxel."""
    if isinstance(volume, Frames) and volume.is_colour:
        return None
    values = values_at(volume, voxels_in(measurement, volume.geometry))
    return statistics(values, np.ones(len(values), dtype=np.bool_), measurement)


def _layer_values(
    volume: AnyVolume, layer: Layer, measurement: Measurement
) -> tuple[AnyArray, AnyArray | None] | None:
    """Return (enhanced, residual) values under a region, as the screen shows them.

    None until all of it is enhanced: numbers of half a region cannot be compared. Finer slices have
    voxels of their own under the region, and no residual.
    """
    is_finer = layer.start is not None
    volume = layer.start or volume
    index = voxels_in(measurement, volume.geometry)
    keep = volume.loaded[index[:, 0]]
    if volume.mask is not None:
        keep = keep & volume.mask[index[:, 0], index[:, 1], index[:, 2]]
    index = index[keep]
    if not layer.residual.loaded[index[:, 0]].all():
        return None
    at = (index[:, 0], index[:, 1], index[:, 2])
    original = volume.values[at]
    enhanced = with_residual(original, layer.residual.values[at], layer.blend * layer.scale)
    return (enhanced, None if is_finer else enhanced.astype(np.float64) - original)


def region_row(
    volume: AnyVolume,
    layer: Layer | None,
    measurement: Measurement,
    title: str,
    background: Measurement | None = None,
) -> RegionRow | None:
    """Return a region's row of the table; None where there is nothing to measure."""
    original = region_statistics(volume, measurement)
    if original is None:
        return None
    behind = region_statistics(volume, background) if background is not None else None
    cnr: tuple[float, float | None] | None = None
    if behind is not None:
        cnr = (contrast_to_noise(original, behind), None)
    if layer is None:
        return RegionRow(measurement.id, title, original, cnr=cnr)
    values = _layer_values(volume, layer, measurement)
    enhanced = _plain(values[0], measurement) if values else None
    if values is None or enhanced is None:
        return RegionRow(measurement.id, title, original, cnr=cnr)
    if cnr is not None and background is not None:
        around = _layer_values(volume, layer, background)
        after = _plain(around[0], background) if around else None
        cnr = (cnr[0], contrast_to_noise(enhanced, after) if after is not None else None)
    noise = enhanced.sd / original.sd - 1 if original.sd > 0 else None
    residual = _plain(values[1], measurement) if values[1] is not None else None
    bias = residual.mean if residual is not None else None
    return RegionRow(measurement.id, title, original, enhanced, residual, noise, bias, cnr)


def _plain(values: AnyArray, measurement: Measurement) -> RegionStatistics | None:
    return statistics(values, np.ones(len(values), dtype=np.bool_), measurement)


def region_rows(
    workspace: Workspace, part: PartKey, layer: Layer | None, background: str = ""
) -> tuple[RegionRow, ...]:
    """Return the rows of all areas on a part; `background` names the region for the CNR."""
    from viewer.app.measuring import of_part

    volume = workspace.volumes.get(part)
    if volume is None or not volume.is_finished:
        return ()
    areas = [m for m in of_part(workspace, part) if m.kind in AREA_KINDS]
    behind = next((m for m in areas if m.id == background), None)
    rows = []
    for number, measurement in enumerate(areas, 1):
        title = measurement.text or f"{measurement.kind.value.capitalize()} {number}"
        other = behind if behind is not None and behind.id != measurement.id else None
        row = region_row(volume, layer, measurement, title, other)
        if row is not None:
            rows.append(row)
    return tuple(rows)


VALUE_KINDS = (*AREA_KINDS, MeasurementKind.POINT)
"""Kinds of measurement whose numbers come from pixel values."""
