"""A stack of planes on which phantoms are painted: warped ellipsoids, tubes, texture."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import scipy.fft

from viewer.simulation.kernels import FloatArray, radial_frequencies

AIR_HU = -1000.0

Ranges = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """A (super)ellipsoid, in mm; x to the patient's left, y to the back, z to the head.

    Attributes
    ----------
    centre : x, y, z.
    axes : half axes; z may be `inf` for a cylinder.
    turn_rad : rotation about z.
    exponent : 2 is an ellipse, more is boxier.
    drift : how far the centre moves in x and y per mm of z.
    """

    centre: tuple[float, float, float]
    axes: tuple[float, float, float]
    turn_rad: float = 0.0
    exponent: float = 2.0
    drift: tuple[float, float] = (0.0, 0.0)

    def scaled(self, by_mm: float) -> Ellipsoid:
        """The same shape with every half axis longer by `by_mm` (shorter if negative)."""
        axes = tuple(max(axis + by_mm, 0.5) for axis in self.axes)
        return Ellipsoid(
            self.centre, (axes[0], axes[1], axes[2]), self.turn_rad, self.exponent, self.drift
        )


@dataclass(frozen=True, slots=True)
class Warp:
    """A smooth displacement in x and y: a few long waves in all three directions."""

    waves_per_mm: FloatArray
    phases_rad: FloatArray
    amplitudes_mm: FloatArray

    @classmethod
    def random(cls, rng: np.random.Generator, amplitude_mm: float, count: int = 6) -> Warp:
        """Waves of 60 to 260 mm length whose displacements add up to about `amplitude_mm`."""
        length = rng.uniform(60.0, 260.0, count)
        angle = rng.uniform(0.0, 2.0 * np.pi, count)
        waves = np.stack(
            (np.cos(angle) / length, np.sin(angle) / length, rng.normal(0, 0.004, count)), 1
        )
        share = length / length.sum()
        amplitudes = rng.normal(0.0, amplitude_mm, (count, 2)) * share[:, None] * 2.0
        phases = rng.uniform(0.0, 2.0 * np.pi, count)
        return cls(
            waves.astype(np.float32), phases.astype(np.float32), amplitudes.astype(np.float32)
        )

    def displacement(
        self, x: FloatArray, y: FloatArray, z: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Shift in x and y at broadcastable coordinates."""
        total_x = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), np.float32)
        total_y = total_x.copy()
        for wave, phase, amplitude in zip(
            self.waves_per_mm, self.phases_rad, self.amplitudes_mm, strict=True
        ):
            turn = np.float32(2 * np.pi) * (x * wave[0] + y * wave[1] + z * wave[2]) + phase
            sine = np.sin(turn)
            total_x += amplitude[0] * sine
            total_y += amplitude[1] * sine
        return total_x, total_y


@dataclass(slots=True)
class Canvas:
    """HU values [slice, row, column] under construction, with the place of every voxel.

    Attributes
    ----------
    values : float32, painted in place; air at first.
    z_mm : height of each plane.
    pixel_mm : in-plane voxel size.
    x_mm, y_mm : warped coordinates [slice, row, column].
    centre_mm : x and y of the middle of the plane.
    reach_mm : smallest and largest warped x of each column, and y of each row.
    """

    values: FloatArray
    z_mm: FloatArray
    pixel_mm: float
    x_mm: FloatArray = field(repr=False)
    y_mm: FloatArray = field(repr=False)
    centre_mm: tuple[float, float] = (0.0, 0.0)
    reach_mm: tuple[Ranges, Ranges] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Note which x each column and which y each row covers in any plane."""
        columns = (self.x_mm.min(axis=(0, 1)), self.x_mm.max(axis=(0, 1)))
        rows = (self.y_mm.min(axis=(0, 2)), self.y_mm.max(axis=(0, 2)))
        self.reach_mm = columns, rows

    @classmethod
    def blank(
        cls,
        z_mm: npt.ArrayLike,
        size: int,
        pixel_mm: float,
        warp: Warp | None = None,
        centre_mm: tuple[float, float] = (0.0, 0.0),
    ) -> Canvas:
        """Air on planes of `size` x `size` voxels."""
        axis = ((np.arange(size) - (size - 1) / 2) * pixel_mm).astype(np.float32)
        along, across = axis + np.float32(centre_mm[0]), axis + np.float32(centre_mm[1])
        z = np.asarray(z_mm, np.float32)
        shape = (len(z), size, size)
        x = np.broadcast_to(along[None, None, :], shape)
        y = np.broadcast_to(across[None, :, None], shape)
        if warp is not None:
            shift_x, shift_y = warp.displacement(
                along[None, None, :], across[None, :, None], z[:, None, None]
            )
            x, y = x + shift_x, y + shift_y
        return cls(np.full(shape, AIR_HU, np.float32), z, pixel_mm, x, y, centre_mm)

    def inside(self, shape: Ellipsoid, softness_mm: float = 0.0) -> FloatArray:
        """Coverage 0 to 1 of every voxel by `shape`, edges one voxel (plus softness) wide."""
        edge = self.pixel_mm + softness_mm
        box = self._box(shape, edge)
        coverage = np.zeros_like(self.values)
        z = self.z_mm[box[0], None, None] - shape.centre[2]
        x = self.x_mm[box] - (shape.centre[0] + shape.drift[0] * z)
        y = self.y_mm[box] - (shape.centre[1] + shape.drift[1] * z)
        cosine, sine = np.cos(shape.turn_rad), np.sin(shape.turn_rad)
        along = np.abs(cosine * x + sine * y) / shape.axes[0]
        across = np.abs(cosine * y - sine * x) / shape.axes[1]
        level = np.zeros_like(z) if np.isinf(shape.axes[2]) else (z / shape.axes[2]) ** 2
        if shape.exponent == 2.0:
            radius = np.sqrt(along**2 + across**2 + level)
        else:
            power = along**shape.exponent + across**shape.exponent
            radius = (power + level ** (shape.exponent / 2)) ** (1.0 / shape.exponent)
        distance = (radius - 1.0) * min(shape.axes[0], shape.axes[1])
        coverage[box] = np.clip(0.5 - distance / edge, 0.0, 1.0)
        return coverage

    def _box(self, shape: Ellipsoid, edge_mm: float) -> tuple[slice, slice, slice]:
        """Planes, rows and columns beyond which nothing is covered by a shape."""
        share = 1.001 + 0.5 * edge_mm / min(shape.axes[0], shape.axes[1])
        planes = _span(np.abs(self.z_mm - shape.centre[2]) <= share * shape.axes[2])
        away = self.z_mm[planes] - shape.centre[2]
        cosine, sine = abs(np.cos(shape.turn_rad)), abs(np.sin(shape.turn_rad))
        half = (
            share * (shape.axes[0] * cosine + shape.axes[1] * sine),
            share * (shape.axes[0] * sine + shape.axes[1] * cosine),
        )
        sides = []
        for axis, (least, most) in enumerate(self.reach_mm):
            middle = shape.centre[axis] + shape.drift[axis] * away
            low = middle.min(initial=np.inf) - half[axis]
            high = middle.max(initial=-np.inf) + half[axis]
            sides.append(_span((most >= low) & (least <= high)))
        return planes, sides[1], sides[0]

    def paint(self, coverage: FloatArray, hu: float | FloatArray) -> None:
        """Replace by `hu` in proportion to `coverage`."""
        covered = np.any(coverage, axis=2)
        planes, rows = _span(np.any(covered, axis=1)), _span(np.any(covered, axis=0))
        box = (planes, rows, _span(np.any(coverage[planes, rows], axis=(0, 1))))
        window = self.values[box]
        if isinstance(hu, np.ndarray):
            hu = np.broadcast_to(hu, self.values.shape)[box]
        window += coverage[box] * (hu - window)

    def paint_shape(self, shape: Ellipsoid, hu: float, softness_mm: float = 0.0) -> FloatArray:
        """Paint an ellipsoid and return its coverage."""
        coverage = self.inside(shape, softness_mm)
        self.paint(coverage, hu)
        return coverage

    def tubes(self, points_mm: FloatArray, radii_mm: FloatArray) -> FloatArray:
        """Coverage by spheres strung along centre lines (unwarped coordinates).

        Parameters
        ----------
        points_mm : shape (n, 3), x, y, z.
        radii_mm : shape (n,).
        """
        coverage = np.zeros_like(self.values)
        size = self.values.shape[1]
        middle = (size - 1) / 2
        reach = radii_mm + self.pixel_mm
        for plane, height in enumerate(self.z_mm):
            near = np.flatnonzero(np.abs(points_mm[:, 2] - height) < reach)
            for index in near:
                self._stamp(coverage[plane], points_mm[index], radii_mm[index], height, middle)
        return coverage

    def _stamp(
        self,
        plane: FloatArray,
        point: FloatArray,
        radius: float,
        height: float,
        middle: float,
    ) -> None:
        column = (point[0] - self.centre_mm[0]) / self.pixel_mm + middle
        row = (point[1] - self.centre_mm[1]) / self.pixel_mm + middle
        extent = radius / self.pixel_mm + 1.0
        top, bottom = max(int(row - extent), 0), min(int(row + extent) + 2, plane.shape[0])
        left, right = max(int(column - extent), 0), min(int(column + extent) + 2, plane.shape[1])
        if top >= bottom or left >= right:
            return
        rows = (np.arange(top, bottom, dtype=np.float32) - row)[:, None]
        columns = (np.arange(left, right, dtype=np.float32) - column)[None, :]
        level = (point[2] - height) / self.pixel_mm
        distance = np.sqrt(rows**2 + columns**2 + level**2) - radius / self.pixel_mm
        window = plane[top:bottom, left:right]
        np.maximum(window, np.clip(0.5 - distance, 0.0, 1.0), out=window)


def _span(wanted: npt.NDArray[np.bool_]) -> slice:
    """The shortest slice that holds all that is wanted; empty when nothing is."""
    found = np.flatnonzero(wanted)
    return slice(int(found[0]), int(found[-1]) + 1) if len(found) else slice(0, 0)


def texture(
    rng: np.random.Generator,
    z_mm: FloatArray,
    size: int,
    pixel_mm: float,
    exponent: float = 1.5,
    finest_mm: float = 1.0,
    depth_mm: float = 8.0,
) -> FloatArray:
    """Random field of unit SD with a power-law spectrum, coherent from slice to slice.

    Parameters
    ----------
    exponent : amplitude falls as 1 / f to this power above 1 / (40 mm).
    finest_mm : details below this size are left out.
    depth_mm : distance in z over which the pattern changes.

    Returns
    -------
    float32 [slice, size, size].
    """
    radial = radial_frequencies(size, size, pixel_mm)
    amplitude = (radial + 1.0 / 40.0) ** -exponent * np.exp(-((radial * finest_mm) ** 2))
    amplitude[0, 0] = 0.0
    white = rng.standard_normal((2, size, size), dtype=np.float32)
    fields = scipy.fft.irfft2(scipy.fft.rfft2(white) * amplitude, s=(size, size))
    fields = fields / fields.std()
    turn = (np.asarray(z_mm, np.float32) / depth_mm)[:, None, None]
    return np.asarray(np.cos(turn) * fields[0] + np.sin(turn) * fields[1], np.float32)
