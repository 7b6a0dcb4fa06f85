"""How views follow each other: scroll by patient position, shared zoom, reference lines."""

from dataclasses import dataclass, replace

import numpy as np

from viewer.core.arrays import Point
from viewer.core.geometry import VolumeGeometry, cross, point, vector
from viewer.core.view import Plane, SliceRequest, ViewState, plane_corners_mm, plane_normal


@dataclass(frozen=True, slots=True)
class Link:
    """Whether and how a view follows others.

    `offset_mm` maps the other view's points to ours where the user linked across frames of
    reference (None: not linked across). `is_on` switches the view's link as a whole. `is_one` says
    that all parts are made from one acquisition on one grid, so that they follow as one part does.
    """

    is_on: bool = True
    offsets_mm: tuple[tuple[tuple[str, int], tuple[str, int], Point], ...] = ()
    is_one: bool = False


def offset_between(
    link: Link,
    source: tuple[str, int],
    target: tuple[str, int],
    source_geometry: VolumeGeometry,
    target_geometry: VolumeGeometry,
) -> Point | None:
    """Return what to add to a point of `source` to get the same place in `target`.

    Zero within one frame of reference; the user's own offset across frames of reference; None
    when the two are not linked. Images without patient geometry link only with themselves.
    """
    if source == target or link.is_one:
        return (0.0, 0.0, 0.0)
    for first, second, shift in link.offsets_mm:
        if (first, second) == (source, target):
            return shift
        if (first, second) == (target, source):
            return point(-vector(shift))
    if not (source_geometry.is_patient and target_geometry.is_patient):
        return None
    uid = source_geometry.frame_of_reference_uid
    is_same = bool(uid) and uid == target_geometry.frame_of_reference_uid
    return (0.0, 0.0, 0.0) if is_same else None


def with_offset(link: Link, source: tuple[str, int], target: tuple[str, int], shift: Point) -> Link:
    """Return the link with the user's offset from `source` to `target` set."""
    kept = tuple(o for o in link.offsets_mm if {o[0], o[1]} != {source, target})
    return replace(link, offsets_mm=(*kept, (source, target, shift)))


def are_parallel(
    a: ViewState, a_geometry: VolumeGeometry, b: ViewState, b_geometry: VolumeGeometry
) -> bool:
    """True when two views' planes are parallel within about 6 degrees; only these follow."""
    cosine = float(plane_normal(a, a_geometry) @ plane_normal(b, b_geometry))
    return abs(cosine) > 0.995


def followed(
    follower: ViewState, geometry: VolumeGeometry, focus_mm: Point, shift: Point
) -> ViewState:
    """Return the follower moved to the plane nearest to the leader's focus, keeping its own pan."""
    wanted = point(vector(focus_mm) + vector(shift))
    if follower.plane is not Plane.ACQUIRED:
        normal = plane_normal(follower, geometry)
        move = float((vector(wanted) - vector(follower.focus_mm)) @ normal)
        return replace(follower, focus_mm=point(vector(follower.focus_mm) + move * normal))
    return replace(follower, focus_mm=geometry.on_slice(wanted, geometry.slice_of(wanted)))


def reference_line(
    request: SliceRequest, other: ViewState, other_geometry: VolumeGeometry
) -> tuple[Point, Point] | None:
    """Return where another view's plane cuts this view's plane, clipped to the other's extent.

    Two points in LPS mm on this view's plane; None for parallel planes, and where this plane lies
    beyond the other's extent.
    """
    here = vector(request.normal)
    there = plane_normal(other, other_geometry)
    direction = cross(here, there)
    size = float(np.linalg.norm(direction))
    if size < 0.05:
        return None
    direction = direction / size
    focus = vector(other.focus_mm)
    if other.plane is Plane.ACQUIRED:
        focus = other_geometry.slice_origin_mm(other_geometry.slice_of(other.focus_mm))
    system = np.stack((here, there, direction))
    right_hand = (here @ vector(request.origin_mm), there @ focus, 0.0)
    anchor = np.linalg.solve(system, np.asarray(right_hand))
    corners = plane_corners_mm(other, other_geometry)
    beside = cross(there, direction)
    across = corners @ beside
    if not across.min() <= float(anchor @ beside) <= across.max():
        return None
    along = corners @ direction
    base = float(anchor @ direction)
    low, high = float(along.min()) - base, float(along.max()) - base
    return (point(anchor + low * direction), point(anchor + high * direction))
