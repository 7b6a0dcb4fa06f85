"""Derived series: values come back exactly or within half a step, padding stays padding."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
)

from tests.builders import (
    Acquisition,
    ct_series,
    radiograph,
    set_pixels,
    write,
)
from tests.io.sources import (
    enhanced_of,
    modality_of,
    part_of,
    provenance_for,
    saved,
    volume_of,
)
from viewer.core.volume import derive
from viewer.io.derived import write_derived


def back(new: Dataset) -> np.ndarray:
    """Return the modality values of a derived image."""
    return modality_of(new, new.pixel_array.astype(np.int32))


def test_whole_values_come_back_exactly(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 3)
    enhanced = enhanced_of(volume_of(paths), 700)
    for index, path in enumerate(write_derived(part_of(paths), enhanced, tmp_path / "out")):
        new = pydicom.dcmread(path)
        assert np.array_equal(back(new), enhanced.values[index])
        assert new.HighBit == new.BitsStored - 1


def test_coding_stays_as_the_source_where_values_fit(tmp_path: Path) -> None:
    (new,) = saved(ct_series(tmp_path / "source", 1), tmp_path / "out")
    coding = (new.BitsStored, new.PixelRepresentation, new.RescaleSlope, new.RescaleIntercept)
    assert coding == (12, 0, 1, -1024)


def test_values_below_the_source_range_become_signed(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 2)
    volume = volume_of(paths)
    values = np.array(volume.values)
    values[0, 0, 0] = -1500
    enhanced = derive(volume, values, provenance_for(volume))
    new = [pydicom.dcmread(p) for p in write_derived(part_of(paths), enhanced, tmp_path / "out")]
    assert back(new[0])[0, 0] == -1500
    assert {(n.BitsStored, n.PixelRepresentation) for n in new} == {(16, 1)}


@profile(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    slope=st.sampled_from([1.0, 0.5, 2.0, 0.234542]),
    intercept=st.sampled_from([0.0, -1024.0, -1000.5]),
    low=st.integers(-32768, 32000),
    spread=st.integers(0, 60000),
    is_float=st.booleans(),
)
def test_any_values_come_back_within_half_a_step(
    tmp_path_factory: pytest.TempPathFactory,
    slope: float,
    intercept: float,
    low: int,
    spread: int,
    is_float: bool,
) -> None:
    folder = tmp_path_factory.mktemp("any")
    paths = ct_series(folder / "s", 1, settings=Acquisition(slope=slope, intercept=intercept))
    volume = volume_of(paths)
    high = min(low + spread, 32767)
    values = np.linspace(low, high, volume.values.size).reshape(volume.values.shape)
    values = values.astype(np.float32) if is_float else values.astype(np.int16)
    enhanced = derive(volume, values, provenance_for(volume))
    (path,) = write_derived(part_of(paths), enhanced, folder / "out")
    new = pydicom.dcmread(path)
    error = np.abs(back(new) - values[0].astype(np.float64)).max()
    allowed = float(new.RescaleSlope) * 0.501 + 0.002 if is_float else 0
    assert error <= allowed


def test_each_pet_slice_gets_the_finest_slope(tmp_path: Path) -> None:
    acquisition = Acquisition("PT", slope=0.25, intercept=0)
    paths = ct_series(tmp_path / "s", 3, settings=acquisition, defects=["pet_slopes"])
    volume = volume_of(paths, unit="BQML")
    enhanced = enhanced_of(volume, 0.37)
    for index, path in enumerate(write_derived(part_of(paths), enhanced, tmp_path / "out")):
        new = pydicom.dcmread(path)
        assert new.RescaleIntercept == 0
        assert np.abs(back(new) - enhanced.values[index]).max() <= new.RescaleSlope / 2 * 1.01
        assert abs(np.abs(new.pixel_array).max() - 32500) <= 1


def test_suv_values_say_so_and_drop_windows_in_other_units(tmp_path: Path) -> None:
    acquisition = Acquisition("PT", slope=0.5, intercept=0)
    paths = ct_series(
        tmp_path / "s", 1, settings=acquisition, Units="BQML", WindowCenter=9000, WindowWidth=9000
    )
    volume = volume_of(paths, unit="SUVbw")
    (path,) = write_derived(part_of(paths), enhanced_of(volume, 1), tmp_path / "out")
    new = pydicom.dcmread(path)
    assert (new.Units, new.SUVType) == ("GML", "BW")
    assert "WindowCenter" not in new


def test_padding_stays_padding(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "s", 2, defects=["padding"])
    volume = volume_of(paths)
    values = np.array(enhanced_of(volume).values)
    values[:, 5, 5] = -3024  # a real value that the source's padding would hide
    enhanced = derive(volume, values, provenance_for(volume))
    for index, path in enumerate(write_derived(part_of(paths), enhanced, tmp_path / "out")):
        new = pydicom.dcmread(path)
        is_real = new.pixel_array != new.PixelPaddingValue
        assert np.array_equal(is_real, volume.mask[index])
        assert np.array_equal(back(new)[is_real], values[index][is_real])


def test_free_padding_value_of_the_source_is_kept(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "s", 1, defects=["padding"])
    (new,) = saved(paths, tmp_path / "out")
    assert new.PixelPaddingValue == -2000


def test_padding_attribute_goes_where_nothing_is_padding(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "s", 1, PixelPaddingValue=4000)
    (new,) = saved(paths, tmp_path / "out")
    assert "PixelPaddingValue" not in new


def test_radiograph_stays_unsigned_with_identity_rescale(tmp_path: Path) -> None:
    image = radiograph(RescaleSlope=1, RescaleIntercept=0, RescaleType="US")
    set_pixels(image, np.array([[0, 1], [4094, 4095]]), bits_stored=12)
    path = write(image, tmp_path / "s" / "1.dcm")
    (new,) = saved([path], tmp_path / "out", 5, unit="stored")
    assert (new.PixelRepresentation, new.RescaleSlope, new.RescaleType) == (0, 1, "US")
    assert new.pixel_array.min() == 0
    assert new.pixel_array.max() == 4099
    assert "limited to the range" in new.DerivationDescription


def test_smallest_and_largest_are_counted_again(tmp_path: Path) -> None:
    paths = ct_series(
        tmp_path / "s", 1, SmallestImagePixelValue=7, LargestImagePixelValue=9, IconImageSequence=[]
    )
    (new,) = saved(paths, tmp_path / "out")
    assert new.SmallestImagePixelValue == new.pixel_array.min()
    assert new.LargestImagePixelValue == new.pixel_array.max()
    assert "IconImageSequence" not in new


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, JPEGLSLossless])
def test_any_coding_of_the_source_becomes_explicit_little_endian(
    tmp_path: Path, syntax: str
) -> None:
    table = Dataset()
    table.LUTDescriptor = [3, 0, 16]
    table.LUTExplanation = "table"
    table.add_new(
        "LUTData",
        "OW",
        bytes([1, 0, 2, 0, 3, 0] if syntax != ExplicitVRBigEndian else [0, 1, 0, 2, 0, 3]),
    )
    paths = ct_series(tmp_path / "s", 2, transfer_syntax=syntax, VOILUTSequence=[table])
    plain = ct_series(tmp_path / "plain", 2)
    part = part_of(paths)
    uids = tuple(frame.instance.sop_instance_uid for frame in part.sources)
    volume = replace(volume_of(plain), sources=uids)
    new = [
        pydicom.dcmread(path) for path in write_derived(part, enhanced_of(volume), tmp_path / "out")
    ]
    assert np.array_equal(back(new[1]), enhanced_of(volume).values[1])
    assert new[0].file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
    assert bytes(new[0].VOILUTSequence[0].LUTData) == bytes([1, 0, 2, 0, 3, 0])
