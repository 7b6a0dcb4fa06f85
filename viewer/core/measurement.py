"""Measurements in patient coordinates, and the numbers derived from them."""

from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np

from viewer.core.arrays import AnyArray, BoolArray, FloatArray, Point
from viewer.core.geometry import point, vector
from viewer.core.view import ORIGINAL, SliceRequest


class MeasurementKind(Enum):
    """What was drawn."""

    LENGTH = "length"
    ANGLE = "angle"
    RECTANGLE = "rectangle"
    ELLIPSE = "ellipse"
    POINT = "point"
    ARROW = "arrow"


POINT_COUNT = {
    MeasurementKind.LENGTH: 2,
    MeasurementKind.ANGLE: 3,
    MeasurementKind.RECTANGLE: 2,
    MeasurementKind.ELLIPSE: 2,
    MeasurementKind.POINT: 1,
    MeasurementKind.ARROW: 2,
}
"""How many points each kind has: ends, corners, or (tip, tail) of an arrow."""

AREA_KINDS = (MeasurementKind.RECTANGLE, MeasurementKind.ELLIPSE)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement on one series part.

    `points_mm` are in LPS mm (in the image's own grid where there is no patient geometry);
    `right` and `down` are the unit vectors of the plane it was drawn in, along which a rectangle
    or ellipse is aligned. `layer` is the layer it was drawn on. `sop_instance_uid` and `frame`
    name the image where there is one.
    """

    id: str
    kind: MeasurementKind
    part: tuple[str, int]
    points_mm: tuple[Point, ...]
    right: Point
    down: Point
    layer: str = ORIGINAL
    text: str = ""
    unit: str = "mm"
    sop_instance_uid: str = ""
    frame: int = 0

    @property
    def normal(self) -> FloatArray:
        """Unit normal of the plane it was drawn in."""
        return np.asarray(np.cross(vector(self.right), vector(self.down)))

    @property
    def centre_mm(self) -> Point:
        """Mean of its points."""
        mean = np.mean(np.asarray(self.points_mm), axis=0)
        return (float(mean[0]), float(mean[1]), float(mean[2]))


@dataclass(frozen=True, slots=True)
class RegionStatistics:
    """Values under a region: sample SD (n - 1), area in mm² (or px²; 0 of a point), pixel count."""

    mean: float
    sd: float
    minimum: float
    maximum: float
    area: float
    count: int


@dataclass(frozen=True, slots=True)
class Revision:
    """The measurements of one study at one moment, with undo and redo.

    `number` grows with every change; `past` and `future` hold whole earlier and undone states.
    """

    measurements: tuple[Measurement, ...] = ()
    number: int = 0
    past: tuple[tuple[Measurement, ...], ...] = field(default=())
    future: tuple[tuple[Measurement, ...], ...] = field(default=())


def changed(revision: Revision, measurements: tuple[Measurement, ...]) -> Revision:
    """Return the next revision; what was undone before is forgotten. Keeps 200 steps."""
    past = (*revision.past, revision.measurements)[-200:]
    return Revision(measurements, revision.number + 1, past, ())


def undone(revision: Revision) -> Revision:
    """Return the revision before the last change (a new number), or the same when there is none."""
    if not revision.past:
        return revision
    future = (revision.measurements, *revision.future)
    return Revision(revision.past[-1], revision.number + 1, revision.past[:-1], future)


def redone(revision: Revision) -> Revision:
    """Return the revision with the last undone change done again, or the same."""
    if not revision.future:
        return revision
    past = (*revision.past, revision.measurements)
    return Revision(revision.future[0], revision.number + 1, past, revision.future[1:])


def length(measurement: Measurement) -> float:
    """Distance between the first two points, in the measurement's unit."""
    first, second = (vector(p) for p in measurement.points_mm[:2])
    return float(np.linalg.norm(second - first))


def angle_rad(measurement: Measurement) -> float:
    """Angle at the second of three points, 0 to pi; 0 where two points coincide."""
    first, corner, last = (vector(p) for p in measurement.points_mm[:3])
    a, b = first - corner, last - corner
    size = np.linalg.norm(a) * np.linalg.norm(b)
    return float(np.arccos(np.clip(a @ b / size, -1, 1))) if size > 0 else 0.0


def sides(measurement: Measurement) -> tuple[float, float]:
    """Width along `right` and height along `down` of a rectangle's or ellipse's bounds."""
    shift = vector(measurement.points_mm[1]) - vector(measurement.points_mm[0])
    return (
        abs(float(shift @ vector(measurement.right))),
        abs(float(shift @ vector(measurement.down))),
    )


def area(measurement: Measurement) -> float:
    """Geometric area in the square of the measurement's unit."""
    width, height = sides(measurement)
    factor = np.pi / 4 if measurement.kind is MeasurementKind.ELLIPSE else 1.0
    return float(width * height * factor)


def region_request(measurement: Measurement, request: SliceRequest, step_mm: float) -> SliceRequest:
    """Return a request that samples the region's bounding box at about `step_mm`.

    Samples lie at cell centres, so their count times the cell area is the box. `request` gives
    the plane, the slice and the slab that the region is measured on.
    """
    first, second = (vector(p) for p in measurement.points_mm[:2])
    right, down = vector(measurement.right), vector(measurement.down)
    shift = second - first
    width_mm, height_mm = float(shift @ right), float(shift @ down)
    columns = int(np.clip(round(abs(width_mm) / step_mm), 1, 2048))
    rows = int(np.clip(round(abs(height_mm) / step_mm), 1, 2048))
    across, along = right * (width_mm / columns), down * (height_mm / rows)
    origin = first + across / 2 + along / 2
    return replace(
        request,
        origin_mm=point(origin),
        right_mm=point(across),
        down_mm=point(along),
        width=columns,
        height=rows,
    )


def region_shape(measurement: Measurement, rows: int, columns: int) -> BoolArray:
    """Return which samples of the bounding box are inside the region, shape (rows, columns)."""
    if measurement.kind is not MeasurementKind.ELLIPSE:
        return np.ones((rows, columns), dtype=np.bool_)
    y = (np.arange(rows) + 0.5) / rows * 2 - 1
    x = (np.arange(columns) + 0.5) / columns * 2 - 1
    return np.asarray(x[None, :] ** 2 + y[:, None] ** 2 <= 1)


def statistics(
    values: AnyArray, inside: BoolArray, measurement: Measurement
) -> RegionStatistics | None:
    """Return the statistics of the values inside; None when nothing but padding is there."""
    flat = np.asarray(values[inside], dtype=np.float64)
    if not flat.size:
        return None
    return RegionStatistics(
        mean=float(flat.mean()),
        sd=float(flat.std(ddof=1)) if flat.size > 1 else 0.0,
        minimum=float(flat.min()),
        maximum=float(flat.max()),
        area=area(measurement) if measurement.kind in AREA_KINDS else 0.0,
        count=int(flat.size),
    )


def contrast_to_noise(region: RegionStatistics, background: RegionStatistics) -> float:
    """Return (mean - background mean) / background SD; infinite where only the SD is 0.

    Source: the usual CT definition with the background's noise (AAPM TG-233 terms).
    """
    difference = region.mean - background.mean
    if background.sd > 0 or difference == 0:
        return difference / (background.sd or 1.0)
    return float("inf") if difference > 0 else float("-inf")
