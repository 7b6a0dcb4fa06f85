"""How the eye of a volume view stands: directions on the screen and the size of what it sees."""

import numpy as np

from viewer.core.arrays import FloatArray
from viewer.core.geometry import VolumeGeometry
from viewer.core.view import Camera

DIRECTIONS: dict[str, tuple[float, float]] = {
    "front": (0.0, 0.0),
    "back": (np.pi, 0.0),
    "left": (np.pi / 2, 0.0),
    "right": (-np.pi / 2, 0.0),
    "head": (0.0, np.pi / 2),
    "feet": (0.0, -np.pi / 2),
}
"""Named places of the eye as (azimuth, elevation) in radians: "left" is the patient's left."""


def eye_direction(camera: Camera) -> tuple[FloatArray, FloatArray]:
    """Return the unit vectors from the centre to the eye, and upwards on the screen, in LPS.

    At azimuth and elevation 0 the eye is in front of the patient: head up, the patient's left on
    the right of the screen. Azimuth moves it towards the patient's left, elevation to the head.
    """
    a, e = camera.azimuth_rad, camera.elevation_rad
    eye = (np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), np.sin(e))
    up = (-np.sin(a) * np.sin(e), np.cos(a) * np.sin(e), np.cos(e))
    return (np.asarray(eye), np.asarray(up))


def right_direction(camera: Camera) -> FloatArray:
    """Return the unit vector to the right on the screen, in LPS."""
    eye, up = eye_direction(camera)
    return np.asarray(np.cross(up, eye))


def half_height_mm(geometry: VolumeGeometry, camera: Camera, size: tuple[int, int]) -> float:
    """Return half the height that the picture shows: at zoom 1 the volume fits from all sides.

    `size` is the picture's (width, height) in pixels.
    """
    spans = np.ptp(geometry.corners_mm(), axis=0)
    across = float(max(spans[0], spans[1])) * size[1] / size[0]
    return 1.05 * max(across, float(spans[2])) / 2 / camera.zoom


def mm_per_pixel(geometry: VolumeGeometry, camera: Camera, size: tuple[int, int]) -> float:
    """Return the size of a pixel of the parallel projection, the same at every depth."""
    return 2 * half_height_mm(geometry, camera, size) / max(size[1], 1)
