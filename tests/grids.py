"""Geometries and volumes built directly, without DICOM, for tests of core and render."""

from collections.abc import Sequence

import numpy as np

from viewer.core.arrays import AnyArray, BoolArray, Point
from viewer.core.geometry import FrameGeometry, VolumeGeometry, volume_geometry
from viewer.core.volume import Volume

AXIAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
CORONAL = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0))
SAGITTAL = ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0))


def frames(
    shape: tuple[int, int, int],
    spacing_mm: tuple[float, float, float] = (2.0, 1.0, 1.0),
    directions: tuple[Point, Point] = AXIAL,
    origin_mm: Point = (-30.0, 20.0, 100.0),
    tilt_rad: float = 0.0,
    positions_mm: Sequence[float] | None = None,
) -> tuple[FrameGeometry, ...]:
    """Return the planes of an acquisition, ordered along the normal of its orientation."""
    row, column = (np.asarray(direction) for direction in directions)
    normal = np.cross(row, column)
    if positions_mm is None:
        positions_mm = [spacing_mm[0] * index for index in range(shape[0])]
    made = []
    for position in positions_mm:
        shift = normal * position + column * (position * np.tan(tilt_rad))
        x, y, z = np.asarray(origin_mm) + shift
        made.append(
            FrameGeometry(
                (float(x), float(y), float(z)),
                directions[0],
                directions[1],
                (spacing_mm[1], spacing_mm[2]),
                (shape[1], shape[2]),
            )
        )
    return tuple(made)


def grid(
    shape: tuple[int, int, int],
    spacing_mm: tuple[float, float, float] = (2.0, 1.0, 1.0),
    directions: tuple[Point, Point] = AXIAL,
    origin_mm: Point = (-30.0, 20.0, 100.0),
    tilt_rad: float = 0.0,
    positions_mm: Sequence[float] | None = None,
    uid: str = "1.2.3",
) -> VolumeGeometry:
    """Return the grid of an acquisition; `positions_mm` along the normal make it uneven."""
    planes = frames(shape, spacing_mm, directions, origin_mm, tilt_rad, positions_mm)
    return volume_geometry(planes, frame_of_reference_uid=uid)


def volume(
    values: AnyArray,
    geometry: VolumeGeometry | None = None,
    mask: BoolArray | None = None,
    loaded: Sequence[bool] | None = None,
) -> Volume:
    """Return a volume in HU, complete unless `loaded` says otherwise."""
    geometry = geometry or grid(values.shape[:3])
    return Volume(
        values=values,
        geometry=geometry,
        unit="HU",
        sources=tuple(f"1.2.3.{index}" for index in range(len(values))),
        loaded=np.asarray([True] * len(values) if loaded is None else loaded),
        mask=mask,
    )


def smooth(shape: tuple[int, int, int], seed: int = 1) -> AnyArray:
    """Return int16 values like a body's: smooth shapes of some hundred HU with noise on them."""
    rng = np.random.default_rng(seed)
    s, r, c = np.meshgrid(*(np.arange(count) for count in shape), indexing="ij")
    waves = 400 * np.sin(r / 5.0) * np.cos(c / 7.0) + 300 * np.sin(s / 3.0)
    return np.rint(waves + rng.normal(0, 40, shape)).astype(np.int16)
