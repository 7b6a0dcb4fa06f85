"""Branching vessel trees grown by Murray's law, as points and radii for `Canvas.tubes`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viewer.simulation.canvas import Ellipsoid
from viewer.simulation.kernels import FloatArray

_SEGMENT_RADII = 5.0
_STEP_RADII = 0.8


@dataclass(frozen=True, slots=True)
class Tube:
    """Spheres along centre lines: points (n, 3) in mm and radii (n,) in mm."""

    points_mm: FloatArray
    radii_mm: FloatArray

    def near(self, low_mm: float, high_mm: float) -> Tube:
        """Only the spheres that reach into the range of heights."""
        keep = (self.points_mm[:, 2] + self.radii_mm > low_mm) & (
            self.points_mm[:, 2] - self.radii_mm < high_mm
        )
        return Tube(self.points_mm[keep], self.radii_mm[keep])


def joined(tubes: list[Tube]) -> Tube:
    """All spheres of several tubes."""
    if not tubes:
        return Tube(np.zeros((0, 3), np.float32), np.zeros(0, np.float32))
    return Tube(
        np.concatenate([tube.points_mm for tube in tubes]),
        np.concatenate([tube.radii_mm for tube in tubes]),
    )


def path(corners_mm: list[tuple[float, float, float]], radius_mm: float, step_mm: float) -> Tube:
    """A tube of one radius through the given corners, in straight pieces."""
    corners = np.asarray(corners_mm, np.float32)
    length = np.concatenate(([0.0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))))
    place = np.arange(0.0, length[-1] + step_mm, step_mm)
    points = np.stack([np.interp(place, length, corners[:, axis]) for axis in range(3)], 1)
    return Tube(points.astype(np.float32), np.full(len(points), radius_mm, np.float32))


def _is_inside(point: FloatArray, region: Ellipsoid) -> bool:
    away = (point - np.asarray(region.centre)) / np.asarray(region.axes)
    return float(np.sum(away**2)) < 1.0


def _deflected(rng: np.random.Generator, direction: FloatArray, angle_rad: float) -> FloatArray:
    random = rng.standard_normal(3)
    side = random - direction * float(random @ direction)
    side /= np.linalg.norm(side) + 1e-9
    return np.asarray(np.cos(angle_rad) * direction + np.sin(angle_rad) * side, np.float32)


def tree(
    rng: np.random.Generator,
    start_mm: tuple[float, float, float],
    direction: tuple[float, float, float],
    radius_mm: float,
    region: Ellipsoid,
    smallest_mm: float = 0.4,
    most_segments: int = 4000,
) -> Tube:
    """A tree that starts at `start_mm` and ends where branches get too thin or leave `region`.

    Parameters
    ----------
    direction : of the trunk, any length.
    region : grown inside this ellipsoid (axis-aligned test).

    Source: radii obey r^3 = r1^3 + r2^3 (Murray, PNAS 12, 1926).
    """
    first = np.asarray(direction, np.float32)
    first = first / np.linalg.norm(first)
    root = np.asarray(start_mm, np.float32)
    waiting = [(root, first, radius_mm)]
    points: list[FloatArray] = []
    radii: list[FloatArray] = []
    segments = 0
    while waiting and segments < most_segments:
        begin, heading, radius = waiting.pop(0)
        segments += 1
        length = radius * _SEGMENT_RADII * rng.uniform(0.7, 1.5) + 1.5
        bent = _deflected(rng, heading, rng.uniform(0.0, 0.35))
        count = max(int(length / (radius * _STEP_RADII)), 2)
        share = np.linspace(0.0, 1.0, count, dtype=np.float32)[:, None]
        end = np.asarray(begin + length * (0.5 * heading + 0.5 * bent), np.float32)
        curve = begin + length * share * ((1 - share) * heading + share * bent)
        curve = curve + share * (end - curve[-1])
        points.append(curve.astype(np.float32))
        radii.append(np.linspace(radius, radius * 0.95, count, dtype=np.float32))
        if not _is_inside(end, region):
            continue
        fraction = rng.uniform(0.2, 0.6)
        larger, smaller = (1 - fraction) ** (1 / 3) * radius, fraction ** (1 / 3) * radius
        for child, spread in ((larger, 0.25), (smaller, 0.75)):
            if child * 0.95 > smallest_mm:
                turned = _deflected(rng, bent, spread * rng.uniform(0.5, 1.4))
                waiting.append((end, turned, child * 0.95))
    return Tube(np.concatenate(points), np.concatenate(radii))


def filling_tree(
    rng: np.random.Generator,
    start_mm: tuple[float, float, float],
    region: Ellipsoid,
    leaves: int,
    leaf_mm: float = 0.45,
    step_mm: float = 6.0,
) -> Tube:
    """A tree that reaches `leaves` random places spread through the whole of `region`.

    Each place, near ones first, is joined to the node from which the way out is shortest (distance
    plus a fifth of the path already behind it); radii follow from the number of leaves served.

    Parameters
    ----------
    leaf_mm : radius of the thinnest branches.
    step_mm : distance of nodes along a branch.
    """
    targets = _spread(rng, region, leaves)
    targets = targets[np.argsort(np.linalg.norm(targets - np.asarray(start_mm), axis=1))]
    most = leaves * 12
    nodes, parents = np.zeros((most, 3), np.float32), np.full(most, -1)
    behind = np.zeros(most, np.float32)
    nodes[0] = start_mm
    count = 1
    tips = []
    for target in targets:
        away = np.linalg.norm(nodes[:count] - target, axis=1)
        origin = int(np.argmin(away + 0.2 * behind[:count]))
        pieces = min(max(int(away[origin] / step_mm), 1), 11)
        if count + pieces > most:
            break
        for share in np.linspace(0.0, 1.0, pieces + 1)[1:]:
            sway = rng.normal(0.0, 0.06 * step_mm, 3) * (share < 1.0)
            nodes[count] = nodes[origin] + share * (target - nodes[origin]) + sway
            parents[count] = count - 1 if share > 1.5 / pieces else origin
            behind[count] = behind[origin] + share * away[origin]
            count += 1
        tips.append(count - 1)
    return _thickened(nodes[:count], parents[:count], tips, leaf_mm)


def _spread(rng: np.random.Generator, region: Ellipsoid, count: int) -> FloatArray:
    cube = rng.uniform(-1.0, 1.0, (count * 3, 3))
    inside = cube[np.sum(cube**2, axis=1) < 1.0][:count]
    return np.asarray(inside * region.axes + region.centre, np.float32)


def _thickened(
    nodes: FloatArray, parents: npt.NDArray[np.int_], tips: list[int], leaf_mm: float
) -> Tube:
    served = np.zeros(len(nodes))
    served[tips] = 1.0
    for index in range(len(nodes) - 1, 0, -1):
        served[parents[index]] += served[index]
    radius = leaf_mm * np.cbrt(np.maximum(served, 1.0))
    points, radii = [], []
    for index in range(1, len(nodes)):
        begin, end = nodes[parents[index]], nodes[index]
        count = max(int(np.linalg.norm(end - begin) / max(0.8 * radius[index], 0.6)), 1)
        share = (np.arange(count) + 1.0)[:, None] / count
        points.append(begin + share * (end - begin))
        radii.append(np.full(count, radius[index]))
    return Tube(np.concatenate(points).astype(np.float32), np.concatenate(radii).astype(np.float32))
