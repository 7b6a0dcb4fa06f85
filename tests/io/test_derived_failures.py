"""Derived series: the source is untouched, and every failure leaves nothing behind."""

import errno
import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    MRImageStorage,
)

from tests.builders import (
    Acquisition,
    cine,
    colour_image,
    ct_series,
    write,
)
from tests.io.sources import (
    enhanced_of,
    part_of,
    provenance_for,
    saved,
    stored_of,
    volume_of,
)
from viewer.core.errors import Blocked, Cancelled, NotSaved, UnreadableFile
from viewer.core.study import SeriesPart
from viewer.core.volume import derive
from viewer.io.derived import write_derived


def digest(folder: Path) -> dict[str, str]:
    """Return the hash of every file under a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


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


def test_files_are_not_executable_and_have_no_preamble(tmp_path: Path) -> None:
    part, enhanced = failing(ct_series(tmp_path / "source", 1))
    (path,) = write_derived(part, enhanced, tmp_path / "out")
    assert path.stat().st_mode & 0o111 == 0
    assert path.read_bytes()[:132] == bytes(128) + b"DICM"


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
    with pytest.raises(UnreadableFile, match=r"\.dcm is not there any more"):
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


@pytest.mark.parametrize("kind", ["multi-frame object of the old kind", "in colour", "Ultrasound"])
def test_objects_that_would_come_out_wrong_are_refused(tmp_path: Path, kind: str) -> None:
    image = colour_image() if "colour" in kind else cine(1)
    if "old" in kind:
        image.SOPClassUID, image.NumberOfFrames = MRImageStorage, 2
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


@pytest.mark.parametrize(
    ("keyword", "words"),
    [
        ("SOPInstanceUID", "has no SOP Instance UID"),
        ("SOPClassUID", "is coded irregularly"),
        ("Rows", "is coded irregularly"),
    ],
)
def test_an_original_that_lacks_something_is_not_said_to_have_changed(
    tmp_path: Path, keyword: str, words: str
) -> None:
    (path,) = ct_series(tmp_path / "source", 1)
    part, enhanced = failing([path])
    dataset = pydicom.dcmread(path)
    delattr(dataset, keyword)
    dataset.save_as(path)
    with pytest.raises(NotSaved, match=words):
        write_derived(part, enhanced, tmp_path / "out")


def test_a_header_that_breaks_off_is_not_blamed_on_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part, enhanced = failing(ct_series(tmp_path / "source", 1))

    def broken(*_: object, **__: object) -> None:
        raise OSError("No tag to read at file position 81994")  # as pydicom does

    monkeypatch.setattr(pydicom, "dcmread", broken)
    with pytest.raises(UnreadableFile, match="could not be read again") as refused:
        write_derived(part, enhanced, tmp_path / "out")
    assert "another folder" not in str(refused.value)


def test_a_count_of_frames_that_is_no_number_is_taken_for_one_and_not_handed_on(
    tmp_path: Path,
) -> None:
    (path,) = ct_series(tmp_path / "source", 1)
    part, enhanced = failing([path])
    content = path.read_bytes()
    rows = content.index(b"\x28\x00\x10\x00US\x02\x00")
    frames = b"\x28\x00\x08\x00IS\x02\x001A"
    path.write_bytes(content[:rows] + frames + content[rows:])
    (written,) = write_derived(part, enhanced, tmp_path / "out")
    assert "NumberOfFrames" not in pydicom.dcmread(written)
