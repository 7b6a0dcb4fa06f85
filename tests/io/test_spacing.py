"""Pixel spacing of plain images and its origin; numbers in names are the viewing spec's rules."""

import copy

import pytest

from tests.builders import cine, colour_image, radiograph
from tests.io.openings import instance_of
from viewer.io.spacing import pixel_spacing


def spacing(folder, dataset):
    return pixel_spacing(instance_of(dataset, folder))


def test_detector_spacing_is_called_so_8(tmp_path):
    found = spacing(tmp_path, radiograph(detector_spacing_mm=0.2))
    assert (found.spacing_mm, found.origin) == ((0.2, 0.2), "detector")
    assert found.warnings == ("lengths measured at the detector",)


def test_detector_spacing_is_divided_by_the_magnification_and_says_so_8(tmp_path):
    dataset = radiograph(detector_spacing_mm=0.3, EstimatedRadiographicMagnificationFactor=1.5)
    found = spacing(tmp_path, dataset)
    assert found.spacing_mm == pytest.approx((0.2, 0.2))
    assert found.origin == "calibrated"
    assert "1.5" in found.warnings[0]


def test_calibrated_spacing_wins_over_the_detector_8(tmp_path):
    dataset = radiograph(PixelSpacing=[0.15, 0.15], PixelSpacingCalibrationType="FIDUCIAL")
    found = spacing(tmp_path, dataset)
    assert (found.spacing_mm, found.origin) == ((0.15, 0.15), "calibrated")
    assert "fiducial" in found.warnings[0]


def test_pixel_spacing_that_repeats_the_detector_is_not_calibrated_8(tmp_path):
    found = spacing(tmp_path, radiograph(PixelSpacing=[0.2, 0.2]))
    assert found.origin == "detector"


def test_a_radiograph_without_any_spacing_has_none_8(tmp_path):
    found = spacing(tmp_path, radiograph(ImagerPixelSpacing=None))
    assert (found.spacing_mm, found.origin) == (None, "none")


def test_one_ultrasound_region_gives_millimetres_inside_it_27(tmp_path):
    found = spacing(tmp_path, cine())
    assert found.spacing_mm == pytest.approx((1.0, 0.5))
    assert found.origin == "region"
    assert found.warnings == ("lengths in mm inside the ultrasound region, in pixels elsewhere",)
    (region,) = found.regions
    assert (region.first[1], region.last[1]) == (4, 27)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda regions: setattr(regions[0], "PhysicalUnitsYDirection", 4),
        lambda regions: setattr(regions[0], "RegionSpatialFormat", 3),
        lambda regions: setattr(regions[0], "RegionLocationMaxX1", 500),
        lambda regions: setattr(regions[0], "PhysicalDeltaX", 0.0),
    ],
)
def test_an_unusable_ultrasound_region_leaves_pixels_27(tmp_path, spoil):
    dataset = cine()
    spoil(dataset.SequenceOfUltrasoundRegions)
    found = spacing(tmp_path, dataset)
    assert (found.spacing_mm, found.origin, found.regions) == (None, "none", ())
    assert found.warnings == ("no plane ultrasound region: lengths in pixels",)


def test_regions_of_several_scales_leave_the_grid_in_pixels_27(tmp_path):
    dataset = cine()
    other = copy.deepcopy(dataset.SequenceOfUltrasoundRegions[0])
    other.PhysicalDeltaX = 0.2
    dataset.SequenceOfUltrasoundRegions.append(other)
    found = spacing(tmp_path, dataset)
    assert (found.spacing_mm, found.origin) == (None, "none")
    assert [region.spacing_mm for region in found.regions] == [
        pytest.approx((1.0, 0.5)),
        pytest.approx((1.0, 2.0)),
    ]
    assert found.warnings == ("lengths in mm inside one ultrasound region, in pixels elsewhere",)


def test_a_region_of_less_than_half_the_picture_leaves_the_grid_in_pixels_27(tmp_path):
    dataset = cine()
    dataset.SequenceOfUltrasoundRegions[0].RegionLocationMaxX1 = 10
    found = spacing(tmp_path, dataset)
    assert (found.spacing_mm, found.origin, len(found.regions)) == (None, "none", 1)


def test_negative_region_deltas_are_lengths_27(tmp_path):
    dataset = cine()
    dataset.SequenceOfUltrasoundRegions[0].PhysicalDeltaY = -0.1
    assert spacing(tmp_path, dataset).spacing_mm == pytest.approx((1.0, 0.5))


def test_a_capture_with_pixel_spacing_keeps_row_before_column_7(tmp_path):
    found = spacing(tmp_path, colour_image(PixelSpacing=[0.4, 0.3]))
    assert (found.spacing_mm, found.origin) == ((0.4, 0.3), "patient")
