"""Files that carry the same header: copies are one image, other pixels are another."""

from pathlib import Path

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, JPEGLSLossless

from tests.builders import ct_slice, set_pixels, stored_values, write
from tests.found import scanned
from viewer.core.partition import parts
from viewer.core.study import Entry, PartKind, ScanReport, SeriesPart
from viewer.io.header import read_entry
from viewer.io.index import open_index
from viewer.io.scan import scan
from viewer.io.twins import Twins

CODINGS = [ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, JPEGLSLossless]


def shown(report: ScanReport) -> list[SeriesPart]:
    (study,) = report.studies
    (series,) = study.series
    return [part for part in parts(study, series) if part.kind is not PartKind.OBJECT]


def pair(folder: Path, syntax: str, *, differ: bool) -> tuple[Path, Path]:
    """Write two files of one image, or of two images under one header."""
    dataset = ct_slice()
    first = write(dataset, folder / "1.dcm", transfer_syntax=syntax)
    if differ:
        values = stored_values(dataset).copy()
        values[3, 4] += 1
        is_signed = bool(dataset.PixelRepresentation)
        set_pixels(dataset, values, bits_stored=dataset.BitsStored, is_signed=is_signed)
    return first, write(dataset, folder / "2.dcm", transfer_syntax=syntax)


@pytest.mark.parametrize("syntax", CODINGS)
def test_equal_headers_with_other_pixels_are_two_images(tmp_path: Path, syntax: str) -> None:
    pair(tmp_path, syntax, differ=True)
    found = shown(scanned(tmp_path))
    assert sum(len(part.sources) for part in found) == 2
    words = "different images carry the same SOP Instance UID"
    assert all(words in part.warnings for part in found)


@pytest.mark.parametrize("syntax", CODINGS)
def test_equal_headers_with_equal_pixels_are_one_image(tmp_path: Path, syntax: str) -> None:
    pair(tmp_path, syntax, differ=False)
    (part,) = shown(scanned(tmp_path))
    assert len(part.sources) == 1
    assert "copy" in part.warnings[0]


def test_a_damaged_file_does_not_hide_the_good_one(tmp_path: Path) -> None:
    first, _ = pair(tmp_path, ExplicitVRLittleEndian, differ=False)
    first.write_bytes(first.read_bytes()[:-100])
    assert sum(len(part.sources) for part in shown(scanned(tmp_path))) == 2


def test_a_third_file_is_a_copy_of_whichever_it_equals(tmp_path: Path) -> None:
    first, second = pair(tmp_path, ExplicitVRLittleEndian, differ=True)
    for number, path in ((3, first), (4, second)):
        (tmp_path / f"{number}.dcm").write_bytes(path.read_bytes())
    found = shown(scanned(tmp_path))
    assert sum(len(part.sources) for part in found) == 2
    assert "2 files hold a copy of an image that is shown once" in found[0].warnings


def test_a_file_is_compared_with_what_was_opened_before(tmp_path: Path) -> None:
    first, second = pair(tmp_path, ExplicitVRLittleEndian, differ=True)
    before, alone = scanned(first).studies, read_entry(str(second))
    assert Twins().told_apart(alone) == alone
    assert Twins(before).told_apart(alone).instance.pixel_digest
    assert Twins(before).told_apart(read_entry(str(first))).instance.pixel_digest == ""


def test_the_library_remembers_which_images_differ(tmp_path: Path) -> None:
    pair(tmp_path / "study", ExplicitVRLittleEndian, differ=True)
    report = scanned(tmp_path / "study")
    entries: list[Entry] = []
    folder = tmp_path / "study"
    scan((folder,), lambda e, _s: entries.extend(e), lambda: False, tmp_path / "unused")
    with open_index(tmp_path / "home")[0] as index:
        index.add(entries)
        study = index.load(report.studies[0].key)
    assert study is not None
    assert study.series[0].instances == report.studies[0].series[0].instances
