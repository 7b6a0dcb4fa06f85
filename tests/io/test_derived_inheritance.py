"""Derived series: what is inherited from the source, what is corrected, what is dropped."""

from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.builders import Acquisition, ct_series, radiograph, write
from tests.found import parts_of
from tests.io.sources import (
    enhanced_of,
    part_of,
    saved,
    volume_of,
)
from viewer.core.volume import ARBITRARY
from viewer.io.derived import write_derived
from viewer.io.quantity import quantity_of


def test_private_attributes_go_at_every_depth(tmp_path: Path) -> None:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = "1.2", "1.3"
    item.private_block(0x0019, "VENDOR", create=True).add_new(1, "LO", "old pixels")
    (source,) = ct_series(tmp_path / "s", 1, ReferencedImageSequence=[item])
    dataset = pydicom.dcmread(source)
    dataset.private_block(0x0043, "VENDOR", create=True).add_new(2, "LO", "old pixels")
    dataset.save_as(source)
    (new,) = saved([source], tmp_path / "out")
    private = [element.tag for element in new.iterall() if element.tag.is_private]
    assert private == [0x00090010, 0x00091001]
    assert new.ReferencedImageSequence[0].ReferencedSOPInstanceUID == "1.3"


def test_lossy_mark_is_inherited_and_added_from_the_coding(tmp_path: Path) -> None:
    marked = ct_series(tmp_path / "a", 1, LossyImageCompression="01", LossyImageCompressionRatio=9)
    (new,) = saved(marked, tmp_path / "1")
    assert (new.LossyImageCompression, new.LossyImageCompressionRatio) == ("01", 9)
    paths = ct_series(tmp_path / "b", 1)
    part = part_of(paths)
    frame = part.sources[0]
    near = replace(frame.instance, transfer_syntax_uid="1.2.840.10008.1.2.4.81")
    part = replace(part, sources=(replace(frame, instance=near),))
    (path,) = write_derived(part, enhanced_of(volume_of(paths)), tmp_path / "2")
    assert pydicom.dcmread(path).LossyImageCompression == "01"
    assert pydicom.dcmread(path).LossyImageCompressionMethod == "ISO_14495_1"


def test_burned_in_text_stays_declared(tmp_path: Path) -> None:
    (text,) = saved(ct_series(tmp_path / "a", 1, BurnedInAnnotation="YES"), tmp_path / "1")
    (none,) = saved(ct_series(tmp_path / "b", 1), tmp_path / "2")
    assert (text.BurnedInAnnotation, none.BurnedInAnnotation) == ("YES", "NO")


def test_source_errors_with_one_right_value_are_corrected(tmp_path: Path) -> None:
    (path,) = ct_series(
        tmp_path / "s",
        1,
        PixelAspectRatio=[1, 1],
        WindowCenter=[40, 50],
        WindowWidth=[0, 400],
        SpacingBetweenSlices=-2.5,
        RescaleType="US",
    )
    dataset = pydicom.dcmread(path)
    with pydicom.config.disable_value_validation():
        dataset.SeriesDate, dataset.AcquisitionDate = "2024.02.29", "2024.02.29"
        dataset.AcquisitionTime = "09:31:00"
    dataset.save_as(path)
    (new,) = saved([path], tmp_path / "out")
    assert "PixelAspectRatio" not in new
    assert (new.WindowCenter, new.WindowWidth) == (50, 400)
    assert new.SpacingBetweenSlices == 2.5
    assert new.RescaleType == "HU"
    assert (new.AcquisitionDate, new.AcquisitionTime) == ("20240229", "093100")


def test_unit_of_a_source_that_is_not_hu_is_not_called_hu(tmp_path: Path) -> None:
    paths = ct_series(
        tmp_path / "s", 1, RescaleType="US", ImageType=["DERIVED", "SECONDARY", "AXIAL"]
    )
    volume = volume_of(paths, unit="stored")
    (path,) = write_derived(part_of(paths), enhanced_of(volume), tmp_path / "out")
    assert pydicom.dcmread(path).RescaleType == "US"


@pytest.mark.parametrize("written", ["HU", None])
def test_grey_levels_of_no_unit_are_never_called_hu(tmp_path: Path, written: str | None) -> None:
    paths = ct_series(tmp_path / "s", 2, RescaleType=written)
    (new, _) = saved(paths, tmp_path / "out", unit=ARBITRARY)
    assert new.RescaleType == "US"
    assert "arbitrary units" in new.DerivationDescription
    (part,) = parts_of((tmp_path / "out").iterdir())
    assert quantity_of(part).unit == "stored"


def test_grey_levels_of_no_unit_are_never_called_suv(tmp_path: Path) -> None:
    acquisition = Acquisition("PT", slope=0.25, intercept=0)
    paths = ct_series(
        tmp_path / "s", 2, settings=acquisition, defects=["pet_slopes"], Units="GML", SUVType="BW"
    )
    (new, _) = saved(paths, tmp_path / "out", unit=ARBITRARY)
    assert new.Units == "NONE"
    assert not {"SUVType", "WindowCenter"} & set(new.dir())


def test_modality_table_leaves_the_name_of_its_output(tmp_path: Path) -> None:
    table = Dataset()
    table.LUTDescriptor, table.ModalityLUTType = [2, 0, 16], "OD"
    table.add_new("LUTData", "US", [5, 6])
    image = radiograph(SOPClassUID="1.2.840.10008.5.1.4.1.1.1", ModalityLUTSequence=[table])
    path = write(image, tmp_path / "s" / "1.dcm")
    (new,) = saved([path], tmp_path / "out")
    assert "ModalityLUTSequence" not in new
    assert (new.RescaleSlope, new.RescaleIntercept, new.RescaleType) == (1, 0, "OD")


def test_missing_values_are_not_made_up(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "s", 1, PatientID=None, KVP=None, FrameOfReferenceUID=None)
    (new,) = saved(paths, tmp_path / "out")
    assert not {"PatientID", "KVP", "FrameOfReferenceUID", "PatientSize"} & set(new.dir())


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        (["", "ISO 2022 IR 149"], b"\x1b$)C\xb1\xe8\xc8\xf1\xc1\xdf\x1b(B "),
        (["", "ISO 2022 IR 58"], b"Zhang^Xiao=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1= "),
        ("ISO_IR 100", b"M\xfcller^Ida"),
    ],
)
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_patient_texts_keep_their_bytes(
    tmp_path: Path, charset: object, name: bytes, syntax: str
) -> None:
    (path,) = ct_series(
        tmp_path / "s", 1, transfer_syntax=syntax, PatientName="N" * len(name), PatientID="7 "
    )
    dataset = pydicom.dcmread(path)
    dataset.SpecificCharacterSet = charset
    dataset.save_as(path)
    path.write_bytes(path.read_bytes().replace(b"N" * len(name), name))
    enhanced = enhanced_of(volume_of([path]))
    (new,) = write_derived(part_of([path]), enhanced, tmp_path / "out")
    written = pydicom.dcmread(new, stop_before_pixels=True)
    assert written.get_item("PatientName").value == name
    assert str(written.PatientName) == str(pydicom.dcmread(path).PatientName)


def test_mosaic_stays_marked_as_one(tmp_path: Path) -> None:
    paths = ct_series(
        tmp_path / "s",
        1,
        settings=Acquisition("MR"),
        ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"],
    )
    (new,) = saved(paths, tmp_path / "out")
    assert list(new.ImageType) == ["DERIVED", "SECONDARY", "M", "AI_ENHANCED", "MOSAIC"]
