"""Lesions of known place, size and contrast, added to what a canvas already shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from viewer.simulation.canvas import Canvas
from viewer.simulation.kernels import FloatArray


@dataclass(frozen=True, slots=True)
class Lesion:
    """A soft-edged spheroid.

    Attributes
    ----------
    place_mm : x, y, z of its centre, in the coordinates of the canvas.
    diameter_mm : mean diameter in plane.
    contrast_hu : added to the surroundings at full coverage.
    elongation : ratio of the axes in plane, 1 is round.
    turn_rad : direction of the long axis.
    """

    place_mm: tuple[float, float, float]
    diameter_mm: float
    contrast_hu: float
    elongation: float = 1.0
    turn_rad: float = 0.0


class Extent(Protocol):
    """What is needed to know about the sampling."""

    @property
    def spacing_mm(self) -> float:
        """Distance between slices."""


def lesion_coverage(canvas: Canvas, lesion: Lesion) -> tuple[slice, slice, FloatArray]:
    """Rows, columns and coverage [slice, row, column] of the small window around a lesion."""
    size, pixel = canvas.values.shape[1], canvas.pixel_mm
    column = (lesion.place_mm[0] - canvas.centre_mm[0]) / pixel + (size - 1) / 2
    row = (lesion.place_mm[1] - canvas.centre_mm[1]) / pixel + (size - 1) / 2
    reach = lesion.diameter_mm / 2 * max(lesion.elongation, 1 / lesion.elongation) / pixel + 2
    rows = slice(max(int(row - reach), 0), min(int(row + reach) + 2, size))
    columns = slice(max(int(column - reach), 0), min(int(column + reach) + 2, size))
    y = ((np.arange(rows.start, max(rows.stop, rows.start)) - row) * pixel)[:, None]
    x = ((np.arange(columns.start, max(columns.stop, columns.start)) - column) * pixel)[None, :]
    z = (canvas.z_mm - lesion.place_mm[2])[:, None, None]
    cosine, sine = np.cos(lesion.turn_rad), np.sin(lesion.turn_rad)
    stretch = np.sqrt(lesion.elongation)
    along, across = (cosine * x + sine * y) / stretch, (cosine * y - sine * x) * stretch
    distance = np.sqrt(along**2 + across**2 + z**2) - lesion.diameter_mm / 2
    return rows, columns, np.asarray(np.clip(0.5 - distance / pixel, 0, 1), np.float32)


def paint_lesions(canvas: Canvas, lesions: tuple[Lesion, ...]) -> FloatArray:
    """Add all lesions to the canvas; returns their joint coverage [slice, row, column]."""
    total = np.zeros_like(canvas.values)
    for lesion in lesions:
        rows, columns, coverage = lesion_coverage(canvas, lesion)
        window = canvas.values[:, rows, columns]
        window += coverage * lesion.contrast_hu
        joint = total[:, rows, columns]
        np.maximum(joint, coverage, out=joint)
    return total


def random_lesions(
    rng: np.random.Generator, count: int, canvas: Canvas, middle_mm: float, extent: Extent
) -> tuple[Lesion, ...]:
    """Lesions of 2 to 20 mm at 5 to 90 HU, more dark than bright, one in eight a calcification.

    They are placed at random; of those that fall outside tissue (below -150 HU) one in ten stays.
    """
    size = canvas.values.shape[1]
    plane = int(np.argmin(np.abs(canvas.z_mm - middle_mm)))
    chosen: list[Lesion] = []
    for _ in range(count * 3):
        if len(chosen) == count:
            break
        row, column = (int(index) for index in rng.integers(0, size, 2))
        if canvas.values[plane, row, column] < -150.0 and rng.random() > 0.1:
            continue
        calcified = rng.random() < 0.12
        low, high = (0.8, 4.0) if calcified else (2.0, 20.0)
        diameter = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        contrast = float(np.exp(rng.uniform(np.log(5.0), np.log(90.0))))
        contrast = float(rng.uniform(150, 900)) if calcified else contrast
        sign = 1.0 if calcified or rng.random() < 0.4 else -1.0
        x, y = ((index - (size - 1) / 2) * canvas.pixel_mm for index in (column, row))
        z = middle_mm + float(rng.normal(0.0, 0.7)) * extent.spacing_mm
        chosen.append(
            Lesion(
                (x + canvas.centre_mm[0], y + canvas.centre_mm[1], z),
                diameter,
                sign * contrast,
                float(np.exp(rng.normal(0, 0.25))),
                float(rng.uniform(0, np.pi)),
            )
        )
    return tuple(chosen)
