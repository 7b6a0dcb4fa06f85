"""Derived series: identity, pixels, provenance, what is inherited, and what goes wrong."""

import errno
import hashlib
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
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
    MRImageStorage,
)

from tests.builders import (
    Acquisition,
    cine,
    colour_image,
    ct_series,
    radiograph,
    set_pixels,
    write,
)
from tests.io.sources import (
    SHA256,
    enhanced_of,
    modality_of,
    part_of,
    provenance_for,
    stored_of,
    volume_of,
)
from viewer.core.errors import Blocked, Cancelled, NotSaved
from viewer.core.provenance import MethodKind, label_for
from viewer.core.study import SeriesPart
from viewer.core.volume import derive
from viewer.io import derivation
from viewer.io.derivation import is_marked_ai, is_ours, read_provenance
from viewer.io.derived import write_derived
from viewer.io.identity import series_description, series_number

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def saved(
    paths: list[Path], folder: Path, residual: float = 3, **keywords: object
) -> list[Dataset]:
    """Write the enhanced form of some files and return the new data sets."""
    kind, unit = keywords.pop("kind", MethodKind.AI), keywords.pop("unit", "HU")
    enhanced = enhanced_of(volume_of(paths, unit=unit), residual, kind=kind)
    written = write_derived(part_of(paths), enhanced, folder, now=NOW, **keywords)
    return [pydicom.dcmread(path) for path in written]


def digest(folder: Path) -> dict[str, str]:
    """Return the hash of every file under a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ------------------------------------------------------------------ identity


def test_new_series_in_the_same_study_with_new_uids(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 3)
    sources = [pydicom.dcmread(path) for path in paths]
    new = saved(paths, tmp_path / "out")
    assert len(new) == 3
    old_uids = {s.SOPInstanceUID for s in sources} | {sources[0].SeriesInstanceUID}
    assert len({n.SOPInstanceUID for n in new}) == 3
    assert len({n.SeriesInstanceUID for n in new}) == 1
    for source, derived in zip(sources, new, strict=True):
        assert not {derived.SOPInstanceUID, derived.SeriesInstanceUID} & old_uids
        for same in (
            "SOPClassUID",
            "StudyInstanceUID",
            "PatientID",
            "PatientName",
            "AccessionNumber",
            "FrameOfReferenceUID",
            "ImagePositionPatient",
            "ImageOrientationPatient",
            "PixelSpacing",
            "SliceThickness",
            "AcquisitionDate",
            "AcquisitionTime",
            "InstanceNumber",
            "WindowCenter",
        ):
            assert derived.get(same) == source.get(same), same
        assert derived.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
        assert derived.file_meta.MediaStorageSOPInstanceUID == derived.SOPInstanceUID


def test_image_type_says_derived_and_enhanced(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 2)
    (ai, _), (plain, _) = (
        saved(paths, tmp_path / "ai"),
        saved(paths, tmp_path / "filter", kind=MethodKind.FILTER),
    )
    assert list(ai.ImageType) == ["DERIVED", "SECONDARY", "AXIAL", "AI_ENHANCED"]
    assert list(plain.ImageType) == ["DERIVED", "SECONDARY", "AXIAL", "FILTERED"]
    assert ai.SeriesDescription == "AI Series series"
    assert plain.SeriesDescription == "FILTER Series series"


def test_image_type_follows_the_kind_of_object(tmp_path: Path) -> None:
    pet = ct_series(
        tmp_path / "pet", 1, settings=Acquisition("PT"), ImageType=["ORIGINAL", "PRIMARY"]
    )
    odd_ct = ct_series(tmp_path / "ct", 1, ImageType=["DERIVED", "SECONDARY", "Reformatted!"])
    x_ray = [write(radiograph(), tmp_path / "dx" / "1.dcm")]
    assert list(saved(pet, tmp_path / "1")[0].ImageType) == [
        "DERIVED",
        "PRIMARY",
        "",
        "AI_ENHANCED",
    ]
    assert saved(odd_ct, tmp_path / "2")[0].ImageType[2] == "AXIAL"
    assert list(saved(x_ray, tmp_path / "3")[0].ImageType) == [
        "DERIVED",
        "SECONDARY",
        "",
        "AI_ENHANCED",
    ]


def test_dates_are_now_for_the_series_and_kept_for_the_acquisition(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 1, TimezoneOffsetFromUTC="+0530")
    (new,) = saved(paths, tmp_path / "out")
    for keyword in ("SeriesDate", "ContentDate", "InstanceCreationDate"):
        assert new[keyword].value == "20260304"
    assert new.SeriesTime == "103607.000000"
    assert (new.AcquisitionDate, new.AcquisitionTime) == ("20240229", "093100")
    assert (new.StudyDate, new.StudyTime) == ("20240229", "093000")


def test_series_time_of_pet_stays_for_it_is_the_reference_of_decay(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 1, settings=Acquisition("PT"))
    (new,) = saved(paths, tmp_path / "out")
    assert (new.SeriesDate, new.SeriesTime) == ("20240229", "093100")
    assert new.ContentDate == "20260304"


@pytest.mark.parametrize(
    ("source", "taken", "number"),
    [(4, (), 401), (4, (401, 402), 403), (0, (), 1), (None, (), 9001), (2**31 - 9, (), 2**31 - 8)],
)
def test_series_number_is_source_times_100_and_free(
    source: int | None, taken: tuple[int, ...], number: int
) -> None:
    assert series_number(source, taken) == number


def test_long_description_is_cut_between_characters(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 1)
    provenance = provenance_for(volume_of(paths))
    assert series_description("x" * 64, provenance) == "AI " + "x" * 61
    accented = "x" * 60 + "e\u0301" + "yyy"
    assert series_description(accented, provenance) == "AI " + "x" * 60
    assert series_description("  ", provenance) == "AI CT denoise S"


def test_description_in_another_script_survives(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 1, SeriesDescription="胸部 " * 30)
    (new,) = saved(paths, tmp_path / "out")
    assert new.SeriesDescription == ("AI " + "胸部 " * 30)[:64].rstrip()


# ------------------------------------------------------------------ provenance


@pytest.mark.parametrize("kind", list(MethodKind))
def test_every_field_of_the_provenance_comes_back(tmp_path: Path, kind: MethodKind) -> None:
    paths = ct_series(tmp_path / "source", 3)
    enhanced = enhanced_of(volume_of(paths), kind=kind, is_synthetic_data=True)
    for path in write_derived(part_of(paths), enhanced, tmp_path / "out"):
        assert read_provenance(path) == enhanced.provenance


def test_text_for_people_says_what_matters(tmp_path: Path) -> None:
    (new, *_) = saved(ct_series(tmp_path / "source", 2), tmp_path / "out")
    text = new.DerivationDescription
    assert len(text) <= 1024
    for word in (
        "For research use, not for diagnosis",
        "AI-ENHANCED",
        "ct-denoise-s 1.0",
        SHA256,
        "0.5235",
        "thicker than trained",
    ):
        assert word in text


def test_very_long_record_is_cut_in_the_text_but_whole_in_the_data(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 1)
    volume = volume_of(paths)
    provenance = provenance_for(volume)
    words = tuple(f"caution {n} with some words in it" for n in range(80))
    long = replace(provenance, cautions=words)
    (path,) = write_derived(part_of(paths), derive(volume, volume.values, long), tmp_path / "out")
    assert len(pydicom.dcmread(path).DerivationDescription) <= 1024
    assert read_provenance(path) == long


def test_codes_name_ai_method_and_purpose(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 1)
    (ai,) = saved(paths, tmp_path / "ai")
    (gauss,) = saved(paths, tmp_path / "gauss", kind=MethodKind.FILTER)
    codes = [(c.CodeValue, c.CodingSchemeDesignator) for c in ai.DerivationCodeSequence]
    assert codes == [("AI-ENHANCED", "99DIPTYCH"), ("ct-denoise-s", "99DIPTYCH"), ("123110", "DCM")]
    codes = [(c.CodeValue, c.CodingSchemeDesignator) for c in gauss.DerivationCodeSequence]
    assert codes == [("FILTERED", "99DIPTYCH"), ("gaussian", "99DIPTYCH"), ("113088", "DCM")]
    assert ai.CodingSchemeIdentificationSequence[0].CodingSchemeDesignator == "99DIPTYCH"
    assert is_marked_ai(ai)
    assert not is_marked_ai(gauss)
    assert is_ours(gauss)
    assert not is_ours(pydicom.dcmread(paths[0]))


def test_each_image_names_its_own_source(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 3)
    for path, new in zip(paths, saved(paths, tmp_path / "out"), strict=True):
        (item,) = new.SourceImageSequence
        assert item.ReferencedSOPInstanceUID == pydicom.dcmread(path).SOPInstanceUID
        assert item.SpatialLocationsPreserved == "YES"
        assert item.PurposeOfReferenceCodeSequence[0].CodeValue == "121322"


def test_equipment_names_the_scanner_and_diptych(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 1, ManufacturerModelName="Scanner 9")
    (new,) = saved(paths, tmp_path / "out")
    scanner, ours = new.ContributingEquipmentSequence
    assert scanner.PurposeOfReferenceCodeSequence[0].CodeValue == "109101"
    assert scanner.ManufacturerModelName == "Scanner 9"
    assert ours.PurposeOfReferenceCodeSequence[0].CodeValue == "109102"
    assert ours.Manufacturer == "Diptych"
    assert list(ours.SoftwareVersions) == ["Diptych 0.1.0", "1.0"]
    assert ours.ContributionDateTime == "20260304050607.123456+0000"
    assert new.Manufacturer == "Diptych tests"


def test_scanner_without_a_name_is_not_made_up(tmp_path: Path) -> None:
    (new,) = saved(ct_series(tmp_path / "source", 1, Manufacturer=""), tmp_path / "out")
    assert [item.Manufacturer for item in new.ContributingEquipmentSequence] == ["Diptych"]


@pytest.mark.parametrize(
    ("source", "method", "written"),
    [(None, False, "NO"), ("NO", False, "NO"), ("YES", False, "YES"), (None, True, "YES")],
)
def test_synthetic_data_is_always_said_and_inherited(
    tmp_path: Path, source: str | None, method: bool, written: str
) -> None:
    paths = ct_series(tmp_path / "source", 1, SyntheticData=source)
    enhanced = enhanced_of(volume_of(paths), is_synthetic_data=method)
    (path,) = write_derived(part_of(paths), enhanced, tmp_path / "out")
    assert pydicom.dcmread(path).SyntheticData == written


def test_recognised_after_the_texts_were_removed(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 2)
    (new, _) = saved(paths, tmp_path / "out")
    new.remove_private_tags()
    del new.DerivationDescription
    del new.SeriesDescription
    del new.ContributingEquipmentSequence
    new.save_as(tmp_path / "cleaned.dcm")
    provenance = read_provenance(tmp_path / "cleaned.dcm")
    assert provenance is not None
    assert provenance.kind is MethodKind.AI
    assert (provenance.method_id, provenance.version) == ("ct-denoise-s", "1.0")
    assert provenance.source_uids == (pydicom.dcmread(paths[0]).SOPInstanceUID,)
    label = label_for(provenance)
    assert label is not None
    assert label.title == "AI-ENHANCED"
    assert "strength not recorded" in label.detail


@pytest.mark.parametrize("text", ["{", "[]", '{"kind":"AI"}', "\0", '{"format":1,"kind":"?"}'])
def test_damaged_record_falls_back_to_the_codes(tmp_path: Path, text: str) -> None:
    (new,) = saved(ct_series(tmp_path / "source", 1), tmp_path / "out")
    new.private_block(0x0009, "DIPTYCH")[1].value = text
    new.save_as(tmp_path / "damaged.dcm")
    provenance = read_provenance(tmp_path / "damaged.dcm")
    assert provenance is not None
    assert provenance.method_id == "ct-denoise-s"


def test_acquired_image_has_no_provenance(tmp_path: Path) -> None:
    (path,) = ct_series(tmp_path, 1)
    assert read_provenance(path) is None


def test_uid_list_of_a_huge_series_stays_small(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 1)
    provenance = provenance_for(volume_of(paths))
    regular = tuple(f"1.2.826.0.1.3680043.8.498.11.{n}" for n in range(5000))
    whole = derivation.packed(replace(provenance, source_uids=regular))
    assert len(whole) < derivation.LONGEST_UID_LIST + 2000
    assert derivation.unpacked(whole).source_uids == regular
    rng = np.random.default_rng(3)
    random = tuple(f"2.25.{int(n)}{int(m)}" for n, m in rng.integers(2**62, size=(5000, 2)))
    cut = derivation.packed(replace(provenance, source_uids=random))
    assert len(cut) < 2000
    assert derivation.unpacked(cut, ("1.2.3",)).source_uids == ("1.2.3",)


def test_bomb_in_the_record_is_refused(tmp_path: Path) -> None:
    import base64
    import json
    import zlib

    paths = ct_series(tmp_path / "source", 1)
    content = json.loads(derivation.packed(provenance_for(volume_of(paths))))
    content["sources"] = base64.b64encode(zlib.compress(b"1" * 100_000_000)).decode()
    assert derivation.unpacked(json.dumps(content)) is None


def test_earlier_derivation_steps_stay_in_front(tmp_path: Path) -> None:
    step = Dataset()
    step.CodeValue, step.CodingSchemeDesignator, step.CodeMeaning = "113072", "DCM", "MPR"
    paths = ct_series(tmp_path / "source", 1, DerivationCodeSequence=[step])
    (new,) = saved(paths, tmp_path / "out")
    assert [item.CodeValue for item in new.DerivationCodeSequence][:2] == ["113072", "AI-ENHANCED"]


# ------------------------------------------------------------------ pixels


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


# ------------------------------------------------------------------ inheritance


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


# ------------------------------------------------------------------ the source, and failures


def test_nothing_of_the_source_changes(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 4, defects=["padding"])
    before = digest(tmp_path / "source")
    times = [path.stat().st_mtime_ns for path in paths]
    saved(paths, tmp_path / "out")
    assert digest(tmp_path / "source") == before
    assert [path.stat().st_mtime_ns for path in paths] == times


def failing(paths: list[Path]) -> tuple[SeriesPart, object]:
    volume = volume_of(paths)
    return part_of(paths), enhanced_of(volume)


def test_full_disk_leaves_nothing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = ct_series(tmp_path / "source", 3)
    part, enhanced = failing(paths)
    real = os.write
    written = []

    def full(descriptor: int, data: bytes) -> int:
        written.append(len(data))
        if len(written) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(NotSaved, match="disk is full"):
        write_derived(part, enhanced, tmp_path / "out")
    assert names(tmp_path) == ["source"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_place_says_so(tmp_path: Path) -> None:
    part, enhanced = failing(ct_series(tmp_path / "source", 1))
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(NotSaved, match="may not write"):
        write_derived(part, enhanced, tmp_path / "locked" / "out")


def test_unwritable_place_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part, enhanced = failing(ct_series(tmp_path / "source", 1))

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with pytest.raises(NotSaved, match="may not write there"):
        write_derived(part, enhanced, tmp_path / "out")
    assert names(tmp_path) == ["source"]


def test_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    part, enhanced = failing(ct_series(tmp_path / "source", 1))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(NotSaved, match="not empty"):
        write_derived(part, enhanced, tmp_path / "out")
    with pytest.raises(NotSaved, match="not a folder"):
        write_derived(part, enhanced, tmp_path / "out" / "mine.txt")
    assert digest(tmp_path / "out").keys() == {"mine.txt"}


def test_empty_folder_is_filled(tmp_path: Path) -> None:
    part, enhanced = failing(ct_series(tmp_path / "source", 1))
    (tmp_path / "out").mkdir()
    write_derived(part, enhanced, tmp_path / "out")
    assert names(tmp_path / "out") == ["00001.dcm"]
    assert names(tmp_path) == ["out", "source"]


def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    part, enhanced = failing(ct_series(tmp_path / "source", 4))
    told: list[float] = []
    with pytest.raises(Cancelled):
        write_derived(
            part,
            enhanced,
            tmp_path / "out",
            is_cancelled=lambda: len(told) == 2,
            on_progress=lambda fraction, _: told.append(fraction),
        )
    assert told == [0.25, 0.5]
    assert names(tmp_path) == ["source"]


def test_source_that_vanished_or_changed_is_refused(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 2)
    part, enhanced = failing(paths)
    dataset = pydicom.dcmread(paths[1])
    dataset.SOPInstanceUID = "1.2.3"
    dataset.save_as(paths[1])
    with pytest.raises(NotSaved, match="changed on disk"):
        write_derived(part, enhanced, tmp_path / "out")
    shutil.rmtree(tmp_path / "source")
    with pytest.raises(NotSaved, match="not there any more"):
        write_derived(part, enhanced, tmp_path / "out")
    assert names(tmp_path) == []


def test_slices_of_another_series_are_refused(tmp_path: Path) -> None:
    part, enhanced = failing(ct_series(tmp_path / "source", 3))
    shuffled = replace(enhanced, sources=enhanced.sources[::-1])
    with pytest.raises(NotSaved, match="not those of the original"):
        write_derived(part, shuffled, tmp_path / "out")


def test_incomplete_or_broken_values_are_refused(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 2)
    part, volume = part_of(paths), volume_of(paths)
    provenance = provenance_for(volume)
    half = derive(volume, volume.values, provenance, np.array([True, False]))
    with pytest.raises(NotSaved, match="not complete"):
        write_derived(part, half, tmp_path / "out")
    values = volume.values.astype(np.float32)
    values[1, 2, 3] = np.nan
    with pytest.raises(NotSaved, match="not numbers"):
        write_derived(part, derive(volume, values, provenance), tmp_path / "out")


@pytest.mark.parametrize("kind", ["multi-frame object of the old kind", "in colour"])
def test_objects_that_would_come_out_wrong_are_refused(tmp_path: Path, kind: str) -> None:
    image = colour_image() if "colour" in kind else cine(1, SOPClassUID=MRImageStorage)
    image.NumberOfFrames = 1 if "colour" in kind else 2
    path = write(image, tmp_path / "s" / "1.dcm")
    matrix = Acquisition(rows=image.Rows, columns=image.Columns)
    one = volume_of(ct_series(tmp_path / "ct", 1, settings=matrix))
    volume = replace(one, sources=(str(image.SOPInstanceUID),))
    part = part_of([path])
    with pytest.raises(Blocked, match=kind):
        write_derived(part, enhanced_of(volume), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_stored_values_are_what_the_independent_reader_sees(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 1)
    enhanced = enhanced_of(volume_of(paths), 11)
    (path,) = write_derived(part_of(paths), enhanced, tmp_path / "out")
    assert np.array_equal(stored_of(path) - 1024, enhanced.values[0])
