"""Derived series: identity, image type, dates, numbers and descriptions."""

from pathlib import Path

import pydicom
import pytest

from tests.builders import (
    Acquisition,
    ct_series,
    radiograph,
    write,
)
from tests.io.sources import (
    provenance_for,
    saved,
    volume_of,
)
from viewer.core.provenance import MethodKind
from viewer.io.identity import series_description, series_number


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
