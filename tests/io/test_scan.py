"""Scanning folders, media and archives: nothing is lost, nothing leads outside, nothing hangs."""

import os
import shutil
import stat
import struct
import time
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from tests.builders import ct_series, ct_slice, text_report, write
from tests.found import scanned
from viewer.core.study import Entry, ScanReport, Skipped
from viewer.io import scan as scan_module
from viewer.io.library import Library
from viewer.io.media import check_directory
from viewer.io.scan import FOLDER_DEPTH_LIMIT, scan
from viewer.io.zipped import Limits, Unpacking, members


def origins(report: ScanReport) -> list[str]:
    return [
        instance.origin
        for study in report.studies
        for series in study.series
        for instance in series.instances
    ]


def reasons(report: ScanReport) -> dict[str, str]:
    return {Path(skipped.origin).name: skipped.reason for skipped in report.skipped}


# ------------------------------------------------------------------------------ folders


def test_folders_of_any_depth_are_read_and_every_file_is_accounted_for(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "a" / "b" / "c", 3)
    report_path = write(text_report(), tmp_path / "sr")
    (tmp_path / "a" / "notes.txt").write_text("hello")
    (tmp_path / "a" / "empty").touch()
    report = scanned(tmp_path)
    assert sorted(origins(report)) == sorted(map(str, [*paths, report_path]))
    assert reasons(report) == {
        "notes.txt": "This is a text, not DICOM.",
        "empty": "The file is empty.",
    }
    kinds = {Path(skipped.origin).name: skipped.kind for skipped in report.skipped}
    assert kinds == {"notes.txt": "not DICOM", "empty": "damaged"}


def test_an_empty_folder_gives_an_empty_report(tmp_path: Path) -> None:
    assert scanned(tmp_path) == ScanReport()


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    (skipped,) = scanned(tmp_path / "gone").skipped
    assert (skipped.kind, skipped.reason) == ("unreadable", "The file is not there any more.")


def test_single_files_and_several_paths_are_read(tmp_path: Path) -> None:
    paths = ct_series(tmp_path, 3)
    assert origins(scanned(paths[2], paths[0])) == [str(paths[2]), str(paths[0])]


def test_the_first_batch_comes_after_the_first_readable_file(tmp_path: Path) -> None:
    (tmp_path / "0.txt").write_text("first in order, and not DICOM")
    ct_series(tmp_path, 20)
    batches: list[tuple[tuple[Entry, ...], tuple[Skipped, ...]]] = []
    report = scan(
        (tmp_path,), lambda e, s: batches.append((e, s)), lambda: False, tmp_path / "unused"
    )
    assert len(batches[0][0]) == 1
    assert sum(len(entries) for entries, _ in batches) == len(origins(report)) == 20
    assert sum(len(skipped) for _, skipped in batches) == 1


def test_batches_come_at_most_ten_times_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ct_series(tmp_path, 12)
    clock = iter(range(1000))
    monkeypatch.setattr(scan_module.time, "monotonic", lambda: next(clock) * 0.04)
    sizes: list[int] = []
    scan((tmp_path,), lambda e, _s: sizes.append(len(e)), lambda: False, tmp_path / "unused")
    assert sizes[0] == 1
    assert all(size >= 2 for size in sizes[1:-1])
    assert sum(sizes) == 12


def test_a_cancelled_scan_returns_what_it_has(tmp_path: Path) -> None:
    ct_series(tmp_path, 10)
    seen: list[Entry] = []
    report = scan(
        (tmp_path,), lambda e, _s: seen.extend(e), lambda: len(seen) >= 1, tmp_path / "unused"
    )
    assert len(origins(report)) == len(seen) == 1


def test_a_folder_that_disappears_while_scanning_is_a_message(tmp_path: Path) -> None:
    first = ct_series(tmp_path / "a", 2)
    ct_series(tmp_path / "b" / "deep", 2)
    report = scan(
        (tmp_path,),
        lambda _e, _s: shutil.rmtree(tmp_path / "b", ignore_errors=True),
        lambda: False,
        tmp_path / "unused",
    )
    assert origins(report) == list(map(str, first))
    assert [skipped.reason for skipped in report.skipped] == ["The folder is not there any more."]


def test_a_file_that_disappears_while_scanning_is_a_message(tmp_path: Path) -> None:
    paths = ct_series(tmp_path, 4)
    report = scan(
        (tmp_path,),
        lambda _e, _s: paths[3].unlink(missing_ok=True),
        lambda: False,
        tmp_path / "unused",
    )
    assert len(origins(report)) == 3
    assert reasons(report) == {"0004.dcm": "The file is not there any more."}


def test_links_are_followed_once_and_loops_end(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "real", 2)
    (tmp_path / "real" / "loop").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "real")
    (tmp_path / "broken").symlink_to(tmp_path / "nothing")
    report = scanned(tmp_path)
    assert len(origins(report)) == len(paths)
    assert reasons(report) == {"broken": "The file is not there any more."}


def test_pipes_do_not_hang_the_scan(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert reasons(scanned(tmp_path)) == {"pipe": "This is a device or a pipe, not a file."}


def test_folders_beyond_the_depth_limit_are_named(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(FOLDER_DEPTH_LIMIT + 2):
        folder /= "d"
    ct_series(folder, 1)
    report = scanned(tmp_path)
    assert origins(report) == []
    assert "nested deeper" in report.skipped[0].reason


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_named(tmp_path: Path) -> None:
    (path,) = ct_series(tmp_path, 1)
    path.chmod(0)
    (skipped,) = scanned(tmp_path).skipped
    assert skipped.kind == "unreadable"


# ------------------------------------------------------------------------------ the library


def entries_of(tmp_path: Path, count: int) -> list[Entry]:
    found: list[Entry] = []
    ct_series(tmp_path, count)
    scan((tmp_path,), lambda e, _s: found.extend(e), lambda: False, tmp_path / "unused")
    return found


def test_the_library_gives_the_same_studies_as_one_scan(tmp_path: Path) -> None:
    found = entries_of(tmp_path, 6)
    library = Library()
    for entry in [*found, found[0]]:
        library.add((entry,))
    assert library.studies() == scanned(tmp_path).studies


def test_the_library_builds_only_what_has_grown(tmp_path: Path) -> None:
    (entry,) = entries_of(tmp_path / "a", 1)
    other = replace(entry, series=replace(entry.series, uid="1.2.3"))
    other = replace(other, instance=replace(entry.instance, path="elsewhere"))
    library = Library()
    library.add((entry,))
    before = library.studies()[0].series[0]
    library.add((other,))
    assert library.studies()[0].series[0] is before
    assert len(library.studies()[0].series) == 2


def test_five_thousand_files_do_not_make_the_library_slow(tmp_path: Path) -> None:
    (entry,) = entries_of(tmp_path, 1)
    many = [
        replace(entry, instance=replace(entry.instance, path=str(place))) for place in range(5000)
    ]
    library = Library()
    start = time.process_time()
    for place in range(0, 5000, 100):
        library.add(many[place : place + 100])
        library.studies()
    assert time.process_time() - start < 0.5
    assert len(library.studies()[0].series[0].instances) == 5000


# ------------------------------------------------------------------------------ media


def directory_file(path: Path, names: list[list[str]]) -> Path:
    """Write a DICOMDIR that names these files."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    dataset.FileSetID = "TEST"
    records = []
    for name in names:
        record = Dataset()
        record.DirectoryRecordType, record.ReferencedFileID = "IMAGE", name
        records.append(record)
    dataset.DirectoryRecordSequence = records
    dataset.save_as(path, enforce_file_format=True)
    return path


def test_a_dicomdir_stands_for_its_folder_with_what_it_names_and_what_not(tmp_path: Path) -> None:
    named = write(ct_slice(0), tmp_path / "IMAGES" / "IM1")
    unnamed = write(ct_slice(1), tmp_path / "IMAGES" / "IM2")
    index = directory_file(tmp_path / "DICOMDIR", [["IMAGES", "IM1"], ["IMAGES", "IM9"]])
    report = scanned(index)
    assert sorted(origins(report)) == sorted(map(str, [named, unnamed]))
    found = {Path(s.origin).name: (s.kind, s.reason) for s in report.skipped}
    assert found["DICOMDIR"][0] == "directory record"
    assert found["IM9"] == (
        "unreadable",
        "The index of the medium names this file, and it is not there.",
    )
    assert len(found) == 2


def test_a_dicomdir_finds_its_files_whatever_their_case(tmp_path: Path) -> None:
    write(ct_slice(0), tmp_path / "images" / "im1.;1")
    index = directory_file(tmp_path / "DICOMDIR", [["IMAGES", "IM1"]])
    assert check_directory(index) == []


@pytest.mark.parametrize("name", [["..", "secret"], ["a/../../secret"], ["C:", "secret"]])
def test_a_dicomdir_that_leads_out_of_its_folder_is_refused(
    tmp_path: Path, name: list[str]
) -> None:
    write(ct_slice(0), tmp_path / "secret")
    (tmp_path / "medium").mkdir()
    index = directory_file(tmp_path / "medium" / "DICOMDIR", [name])
    report = scanned(index)
    assert origins(report) == []
    assert any("outside of its folder" in skipped.reason for skipped in report.skipped)


def test_a_dicomdir_that_names_a_link_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    secret = write(ct_slice(0), tmp_path / "secret")
    (tmp_path / "medium").mkdir()
    (tmp_path / "medium" / "IM1").symlink_to(secret)
    index = directory_file(tmp_path / "medium" / "DICOMDIR", [["IM1"]])
    (skipped,) = check_directory(index)
    assert "link that leads out" in skipped.reason


# ------------------------------------------------------------------------------ archives


def packed(path: Path, files: dict[str, Path]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, file in files.items():
            member = zipfile.ZipInfo(name)  # keeps a name as it is
            archive.writestr(member, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return path


def test_nested_archives_are_read_and_shown_by_their_inner_names(tmp_path: Path) -> None:
    first, second = ct_series(tmp_path / "s", 2)
    (tmp_path / "note.txt").write_text("hello")
    inner = packed(tmp_path / "w" / "inner.zip", {"x/IM2": second})
    files = {"IM1": first, "deep/inner.zip": inner, "note.txt": tmp_path / "note.txt"}
    outer = packed(tmp_path / "w" / "outer.zip", files)
    unpack = tmp_path / "unpacked"
    report = scanned(outer, unpack=unpack)
    assert origins(report) == [f"{outer}/IM1", f"{outer}/deep/inner.zip/x/IM2"]
    assert reasons(report) == {"note.txt": "This is a text, not DICOM."}
    written = [path for path in unpack.rglob("*") if path.is_file()]
    assert len(written) == 2  # what is not DICOM is not left behind
    for path in written:
        assert unpack in path.parents
        assert all(sign in "0123456789abcdef" for sign in path.name)
    again = scanned(outer, unpack=unpack)
    assert again == report
    assert len([path for path in unpack.rglob("*") if path.is_file()]) == 2


def test_files_that_the_dicomdir_of_an_archive_names_and_that_are_not_in_it_are_named(
    tmp_path: Path,
) -> None:
    image = write(ct_slice(0), tmp_path / "im1")
    index = directory_file(tmp_path / "DICOMDIR", [["IMAGES", "IM1"], ["IMAGES", "IM9"]])
    archive = packed(tmp_path / "medium.zip", {"disk/images/im1.;1": image, "disk/DICOMDIR": index})
    report = scanned(archive, unpack=tmp_path / "unpacked")
    assert origins(report) == [f"{archive}/disk/images/im1.;1"]
    found = {s.origin: (s.kind, s.reason) for s in report.skipped}
    assert found[f"{archive}/disk/DICOMDIR"][0] == "directory record"
    assert found[f"{archive}/disk/IMAGES/IM9"] == (
        "unreadable",
        "The index of the medium names this file, and it is not there.",
    )
    assert len(found) == 2
    kept = [path for path in (tmp_path / "unpacked").rglob("*") if path.is_file()]
    assert len(kept) == 1


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "..\\evil", "C:\\evil"])
def test_names_that_lead_out_of_an_archive_are_refused(tmp_path: Path, name: str) -> None:
    (source,) = ct_series(tmp_path / "s", 1)
    archive = packed(tmp_path / "w" / "a.zip", {name: source, "good": source})
    report = scanned(archive, unpack=tmp_path / "unpacked")
    assert origins(report) == [f"{archive}/good"]
    assert ["leads out" in skipped.reason for skipped in report.skipped] == [True]
    assert not list(tmp_path.rglob("evil"))


def test_links_in_an_archive_are_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    (skipped,) = scanned(path, unpack=tmp_path / "u").skipped
    assert skipped.reason == "The member is a link; it was not followed."


def test_encrypted_members_are_named(tmp_path: Path) -> None:
    (source,) = ct_series(tmp_path / "s", 1)
    archive = packed(tmp_path / "w" / "a.zip", {"IM1": source})
    content = bytearray(archive.read_bytes())
    place = content.index(b"PK\x01\x02")
    content[place + 8] |= 1
    archive.write_bytes(content)
    (skipped,) = scanned(archive, unpack=tmp_path / "u").skipped
    assert "encrypted" in skipped.reason


def test_a_truncated_archive_is_damaged_and_the_rest_of_the_folder_opens(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "s", 2)
    archive = packed(tmp_path / "s" / "a.zip", {"IM1": paths[0]})
    archive.write_bytes(archive.read_bytes()[:-40])
    report = scanned(tmp_path / "s", unpack=tmp_path / "u")
    assert origins(report) == list(map(str, paths))
    assert [skipped.kind for skipped in report.skipped] == ["damaged"]


def test_a_member_with_a_wrong_checksum_is_damaged(tmp_path: Path) -> None:
    (source,) = ct_series(tmp_path / "s", 1)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.write(source, "IM1")
    content = bytearray(path.read_bytes())
    content[800] ^= 0xFF
    path.write_bytes(content)
    (skipped,) = scanned(path, unpack=tmp_path / "u").skipped
    assert skipped.kind == "damaged"
    assert not [p for p in (tmp_path / "u").rglob("*") if p.is_file()]


def test_a_zip_bomb_is_refused_before_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(64 << 20))
    tracemalloc.start()
    (skipped,) = scanned(path, unpack=tmp_path / "u").skipped
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "times its size" in skipped.reason
    assert peak < 10_000_000
    assert not (tmp_path / "u").exists()


def test_the_limits_of_an_archive_are_kept(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "s", 3)
    archive = packed(tmp_path / "w" / "a.zip", {path.name: path for path in paths})

    def outcome(limits: Limits, depth: int = 1) -> list[str]:
        unpacking = Unpacking(tmp_path / "u", limits, depth)
        found = members(str(archive), "a.zip", unpacking)
        return [m.reason if isinstance(m, Skipped) else "unpacked" for m in found]

    assert outcome(Limits()) == ["unpacked"] * 3
    assert outcome(Limits(members=2)) == ["The archive has 3 members, too many."]
    size = paths[0].stat().st_size
    total = outcome(Limits(total_bytes=2 * size + 10))
    assert total[:2] == ["unpacked"] * 2
    assert "would unpack to more" in total[2]
    assert "nested deeper" in outcome(Limits(depth=2), depth=3)[0]


def test_an_archive_that_lies_about_sizes_does_not_write_more_than_stated(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("IM1", bytes(100_000))
    content = bytearray(path.read_bytes())
    for mark, field in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = content.index(mark) + field
        content[place : place + 4] = struct.pack("<I", 100)
    path.write_bytes(content)
    (skipped,) = scanned(path, unpack=tmp_path / "u").skipped
    assert skipped.kind == "damaged"
    assert sum(p.stat().st_size for p in (tmp_path / "u").rglob("*") if p.is_file()) == 0
