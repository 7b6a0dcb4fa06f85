"""Which voxels a measurement covers: unequal pixels, tilt, uneven slices, gaps, padding."""

import numpy as np
import pytest

from tests.grids import grid, smooth, volume
from viewer.core.arrays import Point
from viewer.core.geometry import VolumeGeometry, point, vector
from viewer.core.measurement import Measurement, MeasurementKind, statistics
from viewer.core.regions import line_profile, values_at, voxels_in

ALONG_X, ALONG_Y, TO_FEET = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0)
WITH_GAP = (0.0, 2.0, 4.0, 10.0, 12.0, 14.0)
UNEVEN = (0.0, 2.0, 4.1, 6.3, 8.0, 10.4)


def drawn(
    kind: MeasurementKind, first: Point, last: Point, right: Point = ALONG_X, down: Point = ALONG_Y
) -> Measurement:
    return Measurement("1", kind, ("1.2", 0), (first, last), right, down)


def by_slice(geometry: VolumeGeometry):
    """Return a volume in which each voxel holds a hundred times the number of its slice."""
    values = np.zeros(geometry.shape, dtype=np.int16)
    values += 100 * np.arange(geometry.shape[0], dtype=np.int16)[:, None, None]
    return volume(values, geometry)


def at(geometry: VolumeGeometry, slice_: int, row: float, column: float) -> Point:
    """Return the true place of a voxel; rows and columns may be fractions."""
    return point(
        geometry.slice_origin_mm(slice_)
        + row * geometry.affine[:3, 1]
        + column * geometry.affine[:3, 2]
    )


@pytest.mark.parametrize("kind", [MeasurementKind.RECTANGLE, MeasurementKind.ELLIPSE])
@pytest.mark.parametrize("spacing", [(2.0, 0.5, 2.0), (3.0, 1.7, 0.4)])
def test_a_region_holds_the_voxels_whose_centres_it_covers(kind, spacing) -> None:
    geometry = grid((3, 40, 30), spacing)
    first, last = at(geometry, 1, 5.3, 4.2), at(geometry, 1, 31.4, 22.9)
    found = voxels_in(drawn(kind, first, last), geometry)
    middle, half = (vector(first) + vector(last)) / 2, (vector(last) - vector(first)) / 2
    rows, columns = np.meshgrid(np.arange(40), np.arange(30), indexing="ij")
    x = (at(geometry, 1, 0, 0)[0] + columns * spacing[2] - middle[0]) / half[0]
    y = (at(geometry, 1, 0, 0)[1] + rows * spacing[1] - middle[1]) / half[1]
    wanted = x**2 + y**2 <= 1 if kind is MeasurementKind.ELLIPSE else (abs(x) <= 1) & (abs(y) <= 1)
    assert set(found[:, 0]) == {1}
    assert {(r, c) for _, r, c in found} == set(zip(*np.nonzero(wanted), strict=True))


def test_a_region_may_be_drawn_from_any_corner() -> None:
    geometry = grid((3, 20, 20))
    first, last = at(geometry, 0, 3, 4), at(geometry, 0, 9, 12)
    there = voxels_in(drawn(MeasurementKind.RECTANGLE, first, last), geometry)
    back = voxels_in(drawn(MeasurementKind.RECTANGLE, last, first), geometry)
    assert len(there) == 7 * 9
    assert np.array_equal(there, back)


def test_a_region_outside_the_image_holds_nothing() -> None:
    geometry = grid((3, 20, 20))
    first, last = at(geometry, 0, 30, 30), at(geometry, 0, 40, 40)
    box = drawn(MeasurementKind.RECTANGLE, first, last)
    values = values_at(volume(smooth((3, 20, 20)), geometry), voxels_in(box, geometry))
    assert statistics(values, np.ones(len(values), np.bool_), box) is None


@pytest.mark.parametrize("tilt", [0.0, 0.3])
@pytest.mark.parametrize("positions", [None, WITH_GAP, UNEVEN])
def test_on_a_reformat_every_slice_counts_where_it_truly_lies(tilt, positions) -> None:
    geometry = grid((6, 40, 20), tilt_rad=tilt, positions_mm=positions)
    made = by_slice(geometry)
    for wanted in range(6):
        x, y, z = at(geometry, wanted, 20.0, 8.0)
        box = drawn(
            MeasurementKind.RECTANGLE, (x, y, z + 0.4), (x + 6, y, z - 0.4), ALONG_X, TO_FEET
        )
        values = values_at(made, voxels_in(box, geometry))
        assert values.size
        assert set(values) == {100 * wanted}


def test_on_a_reformat_a_gap_holds_no_voxels() -> None:
    geometry = grid((6, 20, 20), positions_mm=WITH_GAP)
    x, y, z = at(geometry, 0, 10.0, 5.0)
    inside = drawn(
        MeasurementKind.RECTANGLE, (x, y, z + 7.9), (x + 6, y, z + 6.1), ALONG_X, TO_FEET
    )
    assert len(voxels_in(inside, geometry)) == 0
    across = drawn(MeasurementKind.RECTANGLE, (x, y, z + 10), (x + 6, y, z + 4), ALONG_X, TO_FEET)
    assert set(voxels_in(across, geometry)[:, 0]) == {2, 3}


def test_a_profile_across_uneven_slices_has_their_values_at_their_places() -> None:
    geometry = grid((6, 20, 20), positions_mm=UNEVEN)
    first, last = at(geometry, 0, 10, 10), at(geometry, 5, 10, 10)
    along, values = line_profile(
        by_slice(geometry), drawn(MeasurementKind.LENGTH, first, last, ALONG_X, TO_FEET)
    )
    wanted = np.interp(along, UNEVEN, 100.0 * np.arange(6))
    np.testing.assert_allclose(values, wanted, atol=1e-6)


def test_a_profile_is_empty_in_a_gap_and_never_drawn_through_it() -> None:
    geometry = grid((6, 20, 20), positions_mm=WITH_GAP)
    first, last = at(geometry, 1, 10, 10), at(geometry, 4, 10, 10)
    along, values = line_profile(
        by_slice(geometry), drawn(MeasurementKind.LENGTH, first, last, ALONG_X, TO_FEET)
    )
    place = along + 2.0
    assert np.isnan(values[(place > 4.01) & (place < 9.99)]).all()
    rest = (place <= 4.0) | (place >= 10.0)
    np.testing.assert_allclose(
        values[rest], np.interp(place[rest], WITH_GAP, 100.0 * np.arange(6)), atol=1e-6
    )


def test_a_profile_in_an_acquired_slice_of_an_uneven_series_stays_in_that_slice() -> None:
    geometry = grid((6, 20, 20), positions_mm=UNEVEN)
    first, last = at(geometry, 3, 10, 2), at(geometry, 3, 10, 17)
    _, values = line_profile(by_slice(geometry), drawn(MeasurementKind.LENGTH, first, last))
    np.testing.assert_allclose(values, 300.0)


def test_a_profile_mixes_nothing_with_padding_or_slices_that_are_not_there() -> None:
    values = np.full((3, 8, 20), 50, dtype=np.int16)
    values[:, :, 10:] = -2000
    mask = values > -2000
    made = volume(values, mask=mask)
    line = drawn(MeasurementKind.LENGTH, at(made.geometry, 1, 4, 2), at(made.geometry, 1, 4, 17))
    along, found = line_profile(made, line)
    real = along <= 7.0
    np.testing.assert_allclose(found[real], 50.0)
    assert np.isnan(found[~real]).all()
    missing = volume(values, loaded=[True, False, True])
    assert np.isnan(line_profile(missing, line)[1]).all()
