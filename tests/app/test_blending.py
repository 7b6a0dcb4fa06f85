"""One blend: what the screen shows, what a region measures and what a file holds are one number."""

from dataclasses import replace

import numpy as np
import pytest

from tests.grids import grid, volume
from tests.sessions import provenance
from viewer.app.regions import region_row
from viewer.app.workspace import Layer
from viewer.core.measurement import Measurement, MeasurementKind
from viewer.core.view import SliceRequest
from viewer.core.volume import derive
from viewer.core.windowing import Window
from viewer.enhancement.residual import blended
from viewer.render.planar import Reslicer

SIDE = 64
BLENDS = (0.1, 0.3, 1 / 3, 0.52, 0.7)
"""Factors that no binary fraction holds, so that ties of rounding fall this way and that."""


def pair(kind):
    """Return a volume of one slice and a residual of all steps, many of them between two values."""
    values = np.zeros((1, SIDE, SIDE), dtype=kind)
    values[0] = np.arange(SIDE * SIDE).reshape(SIDE, SIDE) % 7 + (
        120 if kind is np.uint8 else 32760
    )
    residual = (np.arange(SIDE * SIDE, dtype=np.int16).reshape(1, SIDE, SIDE) - 2048) * 4
    source = volume(values, grid(values.shape))
    return source, derive(source, residual, provenance())


def on_screen(source, residual, factor):
    """Return the values that a view at one pixel a voxel shows."""
    geometry = source.geometry
    x, y, z = geometry.slice_origin_mm(0)
    request = SliceRequest(
        (x, y, z), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), SIDE, SIDE,
        Window(0.0, 100.0), slice_index=0,
    )  # fmt: skip
    return Reslicer().blended(source, residual, factor, request).values


def point_at(geometry, row, column):
    x, y, z = geometry.to_mm((0.0, float(row), float(column)))
    return Measurement(
        "1", MeasurementKind.POINT, ("1.2", 0), ((x, y, z),), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)
    )


@pytest.mark.parametrize("kind", [np.int16, np.uint8, np.float32])
@pytest.mark.parametrize("blend", BLENDS)
def test_screen_region_and_file_agree_on_every_value(kind, blend):
    source, residual = pair(kind)
    step = 0.125
    saved = blended(source.values, residual.values, step, blend)[0]
    assert np.array_equal(on_screen(source, residual, blend * step), saved)
    layer = Layer(residual, step, blend, residual.provenance)
    for row, column in np.ndindex(SIDE, SIDE):
        if (row * SIDE + column) % 11:
            continue
        found = region_row(source, layer, point_at(source.geometry, row, column), "")
        assert found is not None
        assert found.enhanced is not None
        assert found.enhanced.mean == saved[row, column]


def test_a_region_is_measured_on_the_enhanced_pixels_once_all_of_it_is_enhanced():
    values = np.zeros((3, SIDE, SIDE), dtype=np.int16)
    source = volume(values, grid(values.shape))
    whole = derive(source, np.ones_like(values), provenance())
    half = replace(whole, loaded=np.array([True, True, False]))
    (x, y, z), (right, _, above) = (
        source.geometry.to_mm(np.array(place, float)) for place in ((0, 5, 5), (2, 5, 9))
    )
    across = Measurement(
        "1", MeasurementKind.RECTANGLE, ("1.2", 0), ((x, y, z), (right, y, above)),
        (1.0, 0.0, 0.0), (0.0, 0.0, 1.0),
    )  # fmt: skip
    rows = [region_row(source, Layer(r, 1.0, 1.0, r.provenance), across, "") for r in (whole, half)]
    assert rows[0].enhanced is not None
    assert rows[0].enhanced.count == rows[0].original.count
    assert rows[1].enhanced is None
    assert rows[1].noise_change is None


def test_a_row_says_what_the_enhancement_changed():
    values = np.tile(np.array([10, 30], dtype=np.int16), SIDE * SIDE // 2).reshape(1, SIDE, SIDE)
    source = volume(values, grid(values.shape))
    step = np.where(values == 10, 6, -4).astype(np.int16)
    residual = derive(source, step, provenance())
    corners = tuple(tuple(source.geometry.to_mm((0.0, a - 0.4, a - 0.4))) for a in (10.0, 30.0))
    region = Measurement(
        "1", MeasurementKind.RECTANGLE, ("1.2", 0), corners, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)
    )
    row = region_row(source, Layer(residual, 1.0, 1.0, residual.provenance), region, "")
    assert row.original.count == 400
    assert (row.original.mean, row.enhanced.mean) == (20.0, 21.0)
    assert row.noise_change == pytest.approx(-0.5)
    assert row.bias == row.residual.mean == 1.0
