"""The data that all other tests stand on is what its names say."""

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.encaps import generate_frames
from pydicom.uid import JPEGLSLossless, RLELossless

from tests import builders


def distances_mm(slices) -> np.ndarray:
    """Return the steps between neighbours along the normal of the settings' plane."""
    normal = builders.Acquisition().normal
    return np.diff([np.asarray(one.ImagePositionPatient) @ normal for one in slices])


def test_a_plain_series_is_even_and_holds_the_pattern():
    slices = builders.build_series(4)
    assert distances_mm(slices) == pytest.approx([2.0, 2.0, 2.0])
    assert np.array_equal(slices[3].pixel_array, builders.pattern(24, 32, 3))
    assert slices[0].PixelSpacing == [0.75, 0.5]


def test_a_gap_leaves_one_slice_out():
    assert distances_mm(builders.build_series(6, defects=["gap"])) == pytest.approx([2, 2, 4, 2])


def test_uneven_spacing_widens_the_second_half():
    slices = builders.build_series(6, defects=["uneven_spacing"])
    assert distances_mm(slices) == pytest.approx([2, 2, 2, 3, 3])


def test_tilt_moves_slices_in_their_plane():
    slices = builders.build_series(3, defects=["tilt"])
    shift = np.subtract(slices[1].ImagePositionPatient, slices[0].ImagePositionPatient)
    assert shift == pytest.approx([0, 2 * np.tan(builders.TILT_RAD), 2], abs=1e-5)


def test_a_duplicate_shares_its_position_and_nothing_else():
    *slices, double = builders.build_series(5, defects=["duplicate"])
    assert double.ImagePositionPatient == slices[2].ImagePositionPatient
    assert double.SOPInstanceUID not in {one.SOPInstanceUID for one in slices}
    assert np.array_equal(double.pixel_array, builders.pattern(24, 32, 2) // 2)


def test_padding_lies_below_every_value():
    (one,) = builders.build_series(1, defects=["padding"])
    assert one.PixelPaddingValue == one.pixel_array[0, 0] == builders.PADDING
    assert one.pixel_array[2:].min() > 0


@pytest.mark.parametrize("name", sorted(builders.DEFECTS))
def test_every_defect_can_be_written_and_read_back(name, tmp_path):
    files = builders.ct_series(tmp_path, 4, defects=[name])
    read = [pydicom.dcmread(file) for file in files]
    assert len({one.SOPInstanceUID for one in read}) == len(read)
    assert len({one.SeriesInstanceUID for one in read}) == 1
    assert all(one.pixel_array.size for one in read)


def test_rle_files_hold_the_same_values(tmp_path):
    (file,) = builders.ct_series(tmp_path, 1, transfer_syntax=RLELossless)
    dataset = pydicom.dcmread(file)
    assert dataset.file_meta.TransferSyntaxUID == RLELossless
    assert np.array_equal(dataset.pixel_array, builders.pattern(24, 32))


def test_jpeg_ls_files_hold_the_same_values(tmp_path):
    (file,) = builders.ct_series(tmp_path, 1, transfer_syntax=JPEGLSLossless)
    dataset = pydicom.dcmread(file)
    assert dataset.file_meta.TransferSyntaxUID == JPEGLSLossless
    (stream,) = generate_frames(dataset.PixelData, number_of_frames=1)
    assert np.array_equal(imagecodecs.jpegls_decode(stream), builders.pattern(24, 32))


def test_an_enhanced_object_holds_its_frames_in_the_given_order():
    dataset = builders.enhanced_ct(3, order=[2, 0, 1], slopes=[1, 2, 3])
    groups = dataset.PerFrameFunctionalGroupsSequence
    heights = [one.PlanePositionSequence[0].ImagePositionPatient[2] for one in groups]
    assert heights == pytest.approx([-26, -30, -28])
    assert np.array_equal(dataset.pixel_array[0], builders.pattern(24, 32, 2))


def test_attributes_are_set_and_removed_by_keyword():
    one = builders.ct_slice(WindowCenter=40, RescaleType=None)
    assert one.WindowCenter == 40
    assert "RescaleType" not in one


def test_colour_planes_hold_the_same_image():
    by_pixel = builders.colour_image().pixel_array
    by_plane = builders.colour_image(planar=1).pixel_array
    assert np.array_equal(by_pixel, by_plane)
    assert by_pixel[3, 7].tolist() == [15, 28, 50]
