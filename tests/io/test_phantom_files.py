"""Simulated CT series: valid, synthetic by their own word, and exact."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest

from tests.io.validators import SYNTHETIC_DATA, entity_errors_of, errors_of
from viewer.core.errors import Cancelled, UnreadableFile
from viewer.core.study import Study
from viewer.io.phantom_files import (
    PhantomGrid,
    PhantomIdentity,
    phantom_uid,
    read_ct_series,
    write_ct_series,
)

GRID = PhantomGrid((-10.5, -11.25, -40.0), (2.5, 0.7, 0.65), 2.5)
ACQUIRED = datetime(2026, 2, 3, 4, 5, 6)  # noqa: DTZ001 - DICOM times are local


def identity(series: str = "full", number: int = 1) -> PhantomIdentity:
    return PhantomIdentity(("demo 1", series), f"Chest {series}", number, ACQUIRED)


def volume(low: int = -1024, high: int = 3071) -> np.ndarray:
    values = np.linspace(low, high, 5 * 16 * 18).reshape(5, 16, 18)
    return np.rint(values).astype(np.int16)


@pytest.mark.parametrize(("low", "high", "bits"), [(-1024, 3071, 12), (-3000, 9000, 16)])
def test_values_come_back_exactly(tmp_path: Path, low: int, high: int, bits: int) -> None:
    values = volume(low, high)
    paths = write_ct_series(values, GRID, identity(), tmp_path)
    assert np.array_equal(read_ct_series(paths), values)
    dataset = pydicom.dcmread(paths[2])
    assert dataset.BitsStored == bits
    seen = dataset.pixel_array * dataset.RescaleSlope + dataset.RescaleIntercept
    assert np.array_equal(seen, values[2])


def test_position_spacing_and_orientation_are_those_of_the_grid(tmp_path: Path) -> None:
    paths = write_ct_series(volume(), GRID, identity(), tmp_path)
    dataset = pydicom.dcmread(paths[3])
    assert dataset.ImagePositionPatient == [-10.5, -11.25, -32.5]
    assert dataset.PixelSpacing == [0.7, 0.65]
    assert dataset.ImageOrientationPatient == [1, 0, 0, 0, 1, 0]
    assert dataset.SliceThickness == 2.5


def test_it_says_that_it_is_synthetic_and_a_phantom(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(write_ct_series(volume(), GRID, identity(), tmp_path)[0])
    assert dataset.SyntheticData == "YES"
    assert dataset.PatientName == "Phantom^Chest"
    assert (dataset.PatientAge, dataset.PatientBirthDate) == ("060Y", "19660101")


def test_two_series_are_one_study_in_one_frame_of_reference(tmp_path: Path) -> None:
    for name in ("full", "quarter"):
        (tmp_path / name).mkdir()
    full = write_ct_series(volume(), GRID, identity("full"), tmp_path / "full")
    quarter = write_ct_series(volume(), GRID, identity("quarter", 2), tmp_path / "quarter")
    first, second = pydicom.dcmread(full[0]), pydicom.dcmread(quarter[0])
    assert first.StudyInstanceUID == second.StudyInstanceUID
    assert first.FrameOfReferenceUID == second.FrameOfReferenceUID
    assert first.SeriesInstanceUID != second.SeriesInstanceUID
    uids = {pydicom.dcmread(path).SOPInstanceUID for path in (*full, *quarter)}
    assert len(uids) == 10
    assert phantom_uid("a", "b").is_valid


def test_same_words_give_the_same_study(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    one = write_ct_series(volume(), GRID, identity(), tmp_path / "1")
    two = write_ct_series(volume(), GRID, identity(), tmp_path / "2")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


@pytest.mark.peer
def test_validators_find_no_error(tmp_path: Path) -> None:
    for number, name in enumerate(("full", "quarter"), start=1):
        (tmp_path / name).mkdir()
        write_ct_series(volume(), GRID, identity(name, number), tmp_path / name)
    paths = sorted(tmp_path.rglob("*.dcm"))
    for path in paths:
        assert [line for line in errors_of(path) if SYNTHETIC_DATA not in line] == []
    assert entity_errors_of(paths) == {}


def test_the_scanner_of_the_program_opens_it_as_one_even_volume(tmp_path: Path) -> None:
    from viewer.core.partition import parts
    from viewer.io.scan import scan

    write_ct_series(volume(), GRID, identity(), tmp_path)
    report = scan((tmp_path,), lambda _entries, _skipped: None, lambda: False, tmp_path / "x")
    (study,) = report.studies
    assert isinstance(study, Study)
    (part,) = parts(study, study.series[0])
    assert len(part.sources) == 5
    assert part.warnings == ()


def test_cancelling_stops(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        write_ct_series(volume(), GRID, identity(), tmp_path, is_cancelled=lambda: True)


def test_missing_or_foreign_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        read_ct_series((tmp_path / "absent.dcm",))
    (tmp_path / "text.dcm").write_text("text")
    with pytest.raises(UnreadableFile):
        read_ct_series((tmp_path / "text.dcm",))
