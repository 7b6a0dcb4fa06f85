"""Where frames and volumes lie in the patient: planes, affines, slice order, letters."""

import math
from bisect import bisect
from dataclasses import dataclass, field, replace

import numpy as np

from viewer.core.arrays import FloatArray, Point, median, read_only
from viewer.core.errors import InvalidGeometry

PARALLEL_TOLERANCE = 1e-3
"""Largest difference of a direction cosine between planes that count as parallel."""

POSITION_TOLERANCE_MM = 0.01
"""Smallest distance along the normal between two slices; closer means the same position."""

SPACING_TOLERANCE = 0.01
"""Slice steps that differ by less than this fraction (or 0.01 mm) count as even."""

_LETTERS = (("R", "L"), ("A", "P"), ("F", "H"))
_QUADRUPED = (("RT", "LE"), ("V", "D"), ("CD", "CR"))


def vector(point: Point) -> FloatArray:
    """Return a point or direction as a float64 array of shape (3,)."""
    return np.asarray(point, dtype=np.float64)


def cross(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the cross product of two arrays of shape (3,); NumPy's takes ten times as long."""
    (a, b, c), (d, e, f) = first.tolist(), second.tolist()
    return np.array((b * f - c * e, c * d - a * f, a * e - b * d))


def point(array: FloatArray) -> Point:
    """Return an array of shape (3,) as a tuple of floats."""
    return (float(array[0]), float(array[1]), float(array[2]))


@dataclass(frozen=True, slots=True)
class FrameGeometry:
    """Plane of one frame in LPS millimetres.

    `position_mm` is the centre of the first voxel; `row_direction` points along a row (towards
    higher columns), `column_direction` along a column; `spacing_mm` is (between rows, between
    columns) and `shape` (rows, columns). Source: DICOM PS3.3 C.7.6.2.1.1 and 10.7.1.3.
    """

    position_mm: Point
    row_direction: Point
    column_direction: Point
    spacing_mm: tuple[float, float]
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        """Refuse directions that are not unit vectors at right angles, and bad spacings."""
        row, column = self.row_direction, self.column_direction
        cosine = row[0] * column[0] + row[1] * column[1] + row[2] * column[2]
        lengths = (math.hypot(*row), math.hypot(*column))
        if not all(abs(length - 1) < 0.02 for length in lengths) or abs(cosine) > 0.02:
            raise InvalidGeometry(
                "The image orientation in the header is not a pair of perpendicular unit vectors.",
                "The plane of the image in the patient is unknown.",
            )
        for step, count in zip(self.spacing_mm, self.shape, strict=True):
            if not math.isfinite(step) or step < 0 or (step == 0 and count > 1):
                raise InvalidGeometry(f"The pixel spacing in the header is {step:g} mm.")

    @property
    def normal(self) -> Point:
        """Unit normal: row direction cross column direction."""
        return point(cross(vector(self.row_direction), vector(self.column_direction)))

    @property
    def distance_mm(self) -> float:
        """Position along the normal, by which slices are ordered."""
        return float(vector(self.position_mm) @ vector(self.normal))

    def is_parallel_to(self, other: "FrameGeometry") -> bool:
        """True when both direction cosines agree within `PARALLEL_TOLERANCE`."""
        return bool(
            np.allclose(self.row_direction, other.row_direction, atol=PARALLEL_TOLERANCE)
            and np.allclose(self.column_direction, other.column_direction, atol=PARALLEL_TOLERANCE)
        )


@dataclass(frozen=True, slots=True, eq=False)
class VolumeGeometry:
    """Regular or nearly regular grid of voxels in the patient.

    `affine` is 4 x 4 and maps (slice, row, column, 1) to LPS mm, voxel centres on whole numbers.
    It may be sheared (gantry tilt). `slice_positions_mm` are the true positions along the normal
    in slice order, ascending; where they are uneven the affine uses the median step and `is_even`
    is False.
    `is_patient` is False for images without patient geometry; then millimetres are distances in
    the image (or pixels, when `unit` is "px").

    From these follow `inverse`, the unit vectors `row_direction` (towards higher columns) and
    `column_direction` (towards higher rows), `normal` (unit normal of the acquired plane, towards
    higher slices), `plane_normal` (row direction x column direction, the one that DICOM states
    positions along, whichever way the slices are numbered), and `spacing_mm`, the step along
    (normal, column direction, row direction), that is (slice, row, column).
    """

    affine: FloatArray
    shape: tuple[int, int, int]
    frame_of_reference_uid: str = ""
    slice_positions_mm: tuple[float, ...] = ()
    slice_thickness_mm: float | None = None
    warnings: tuple[str, ...] = ()
    is_patient: bool = True
    is_even: bool = True
    is_tilted: bool = False
    has_gaps: bool = False
    unit: str = "mm"
    is_quadruped: bool = False
    inverse: FloatArray = field(init=False)
    row_direction: FloatArray = field(init=False)
    column_direction: FloatArray = field(init=False)
    normal: FloatArray = field(init=False)
    plane_normal: FloatArray = field(init=False)
    spacing_mm: tuple[float, float, float] = field(init=False)
    _places_mm: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Freeze the affine and compute what follows from it; refuse a degenerate one."""
        affine = np.asarray(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or abs(np.linalg.det(affine[:3, :3])) < 1e-12:
            raise InvalidGeometry("Position and spacing of the slices do not describe a volume.")
        across, down = _unit(affine[:3, 2]), _unit(affine[:3, 1])
        plane_normal = _unit(cross(across, down))
        normal = plane_normal if plane_normal @ affine[:3, 0] >= 0 else -plane_normal
        steps = (abs(affine[:3, 0] @ normal), *np.linalg.norm(affine[:3, 1:3], axis=0))
        known: dict[str, object] = {
            "affine": read_only(affine),
            "inverse": read_only(np.linalg.inv(affine)),
            "row_direction": read_only(across),
            "column_direction": read_only(down),
            "normal": read_only(normal),
            "plane_normal": read_only(plane_normal),
            "spacing_mm": tuple(float(step) for step in steps),
            "_places_mm": read_only(np.asarray(self.slice_positions_mm, dtype=np.float64)),
        }
        for name, value in known.items():
            object.__setattr__(self, name, value)

    def to_mm(self, index: FloatArray | Point) -> FloatArray:
        """Map (..., 3) (slice, row, column) indices to LPS mm."""
        index = np.asarray(index, dtype=np.float64)
        return np.asarray(index @ self.affine[:3, :3].T + self.affine[:3, 3])

    def to_index(self, mm: FloatArray | Point) -> FloatArray:
        """Map (..., 3) LPS mm to fractional (slice, row, column) indices of the even grid."""
        mm = np.asarray(mm, dtype=np.float64)
        return np.asarray(mm @ self.inverse[:3, :3].T + self.inverse[:3, 3])

    def to_acquired_index(self, mm: FloatArray | Point) -> FloatArray:
        """Map (..., 3) LPS mm to fractional (slice, row, column) indices of the acquired slices.

        On uneven slices the first index counts true positions: halfway between two slices it is
        halfway between their numbers, however far apart they lie.
        """
        index = self.to_index(mm)
        if not self.is_even:
            places = self._places_mm
            step, count = self.spacing_mm[0], len(places)
            ends = (places[0] - step, *places, places[-1] + step)
            along = np.asarray(mm, dtype=np.float64) @ self.normal
            index[..., 0] = np.interp(along, ends, np.arange(-1, count + 1))
        return index

    def finer(self, factor: int) -> "VolumeGeometry":
        """Return the grid with `factor` steps for each step between slices, first and last kept.

        The slices count as as thick as they are far apart; every `factor`-th lies where a slice of
        this grid does.

        Raises
        ------
        InvalidGeometry : the slices are not evenly spaced in the patient, or there is one only.
        """
        if not (self.is_even and self.is_patient) or self.shape[0] < 2 or factor < 1:
            raise InvalidGeometry("Only evenly spaced slices in the patient can be made finer.")
        affine = np.array(self.affine)
        affine[:3, 0] /= factor
        count = (self.shape[0] - 1) * factor + 1
        first = float(affine[:3, 3] @ self.normal)
        step = self.spacing_mm[0] / factor
        return replace(
            self,
            affine=affine,
            shape=(count, *self.shape[1:]),
            slice_positions_mm=tuple(first + step * k for k in range(count)),
            slice_thickness_mm=step,
        )

    @property
    def centre_mm(self) -> Point:
        """Centre of the volume."""
        return point(self.to_mm((np.asarray(self.shape, dtype=np.float64) - 1) / 2))

    def corners_mm(self) -> FloatArray:
        """Return the eight outer corners (half a voxel outside the centres), shape (8, 3)."""
        ends = [(-0.5, count - 0.5) for count in self.shape]
        corners = [(s, r, c) for s in ends[0] for r in ends[1] for c in ends[2]]
        return self.to_mm(np.asarray(corners))

    def slice_of(self, mm: Point) -> int:
        """Return the index of the acquired slice whose true position is nearest to a point."""
        places = self.slice_positions_mm
        if not places:
            return int(np.clip(round(float(self.to_index(mm)[0])), 0, self.shape[0] - 1))
        wanted = float(vector(mm) @ self.normal)
        after = min(max(bisect(places, wanted), 1), len(places) - 1)
        before = max(after - 1, 0)
        return before if wanted - places[before] <= places[after] - wanted else after

    def on_slice(self, mm: Point, index: int) -> Point:
        """Return the point moved along the normal into the plane of slice `index`."""
        if not self.slice_positions_mm:
            moved = self.to_index(mm)
            moved[0] = index
            return point(self.to_mm(moved))
        normal = self.normal
        shift = self.slice_positions_mm[index] - float(vector(mm) @ normal)
        return point(vector(mm) + shift * normal)

    def slice_origin_mm(self, index: int) -> FloatArray:
        """Return the true centre of voxel (0, 0) of slice `index`, shape (3,)."""
        origin = self.to_mm((float(index), 0.0, 0.0))
        if not self.slice_positions_mm or self.is_even:
            return origin
        wanted = self.slice_positions_mm[index]
        step = self.affine[:3, 0]
        along = float(step @ self.normal)
        return np.asarray(origin + step * ((wanted - float(origin @ self.normal)) / along))


def _unit(array: FloatArray) -> FloatArray:
    return np.asarray(array / np.linalg.norm(array))


def orientation_letters(direction: FloatArray | Point, *, is_quadruped: bool = False) -> str:
    """Name the patient direction that `direction` points to, such as "L" or "PLH".

    The letters come strongest first; a component below 0.2 of the unit vector is left out
    (about 11 degrees). LPS: +x is L, +y is P, +z is H. Source: DICOM PS3.3 C.7.6.1.1.1; quadruped
    codes LE, RT, D, V, CR, CD when `is_quadruped`.
    """
    unit = _unit(np.asarray(direction, dtype=np.float64))
    names = _QUADRUPED if is_quadruped else _LETTERS
    order = np.argsort(-np.abs(unit), kind="stable")
    return "".join(names[axis][int(unit[axis] > 0)] for axis in order if abs(unit[axis]) >= 0.2)


def volume_geometry(
    frames: tuple[FrameGeometry, ...],
    *,
    frame_of_reference_uid: str = "",
    slice_thickness_mm: float | None = None,
    is_quadruped: bool = False,
) -> VolumeGeometry:
    """Build the grid of parallel frames that are already ordered by position.

    They may run along the normal of their plane or against it.

    Steps come from position differences, never from Slice Thickness; tilt from comparing the
    last-minus-first position with the normal, never from Gantry Tilt. A single frame gets its
    slice thickness (or 1 mm) as a step.

    Raises
    ------
    InvalidGeometry : no frames, or two of them at the same position.
    """
    if not frames:
        raise InvalidGeometry("There is no slice to build a volume from.")
    first = frames[0]
    shift = vector(frames[-1].position_mm) - vector(first.position_mm)
    normal = vector(first.normal) * (-1.0 if shift @ vector(first.normal) < 0 else 1.0)
    positions = np.asarray([vector(frame.position_mm) @ normal for frame in frames])
    steps = np.diff(positions)
    if steps.size and float(np.min(np.abs(steps))) < POSITION_TOLERANCE_MM:
        raise InvalidGeometry("Two slices lie at the same position.")
    step, is_even, has_gaps, warnings = _slice_step(steps, slice_thickness_mm)
    lateral = shift - (shift @ normal) * normal
    is_tilted = len(frames) > 1 and bool(
        np.linalg.norm(lateral) > 0.002 * abs(shift @ normal) + 0.05
    )
    if is_tilted:
        angle = np.degrees(np.arctan2(np.linalg.norm(lateral), abs(shift @ normal)))
        warnings = (*warnings, f"gantry tilt {angle:.1f}°, corrected")
    column = normal * step
    if is_tilted:
        column = column + lateral / (shift @ normal) * step
    affine = np.eye(4)
    affine[:3, 0] = column
    affine[:3, 1] = vector(first.column_direction) * (first.spacing_mm[0] or 1.0)
    affine[:3, 2] = vector(first.row_direction) * (first.spacing_mm[1] or 1.0)
    affine[:3, 3] = vector(first.position_mm)
    return VolumeGeometry(
        affine=affine,
        shape=(len(frames), *first.shape),
        frame_of_reference_uid=frame_of_reference_uid,
        slice_positions_mm=tuple(float(value) for value in positions),
        slice_thickness_mm=slice_thickness_mm,
        warnings=warnings,
        is_even=is_even,
        is_tilted=is_tilted,
        has_gaps=has_gaps,
        is_quadruped=is_quadruped,
    )


def _slice_step(
    steps: FloatArray, thickness_mm: float | None
) -> tuple[float, bool, bool, tuple[str, ...]]:
    """Return the typical step, whether steps are even, whether slices are missing, warnings."""
    if not steps.size:
        return (thickness_mm or 1.0, True, False, ())
    sizes = np.abs(steps)
    typical = median(sizes)
    tolerance = max(SPACING_TOLERANCE * typical, POSITION_TOLERANCE_MM)
    if np.all(np.abs(sizes - typical) <= tolerance):
        return (float(sizes.mean()), True, False, ())
    missing = np.rint(sizes / typical) - 1
    whole = np.abs(sizes - (missing + 1) * typical) <= 0.05 * typical
    gaps = int(np.sum(missing[whole & (missing > 0)]))
    if gaps and bool(np.all(whole)):
        words = "1 slice is missing" if gaps == 1 else f"{gaps} slices are missing"
        return (typical, False, True, (f"gap: {words}",))
    warning = f"uneven slice steps {sizes.min():.2f} to {sizes.max():.2f} mm"
    return (typical, False, bool(gaps), (warning,))
