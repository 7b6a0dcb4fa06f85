"""The tag browser's lines: names, values, nesting, limits, and files that are broken."""

import warnings
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from tests.builders import Acquisition, ct_series, ct_slice, enhanced_ct, write
from viewer.core.errors import UnreadableFile
from viewer.io.tag_list import TagLimits, TagLine, tag_list


def line(lines: tuple[TagLine, ...], tag: str) -> TagLine:
    return next(one for one in lines if one.tag == tag)


def nested(depth: int) -> Dataset:
    """Return a data set with `depth` sequences inside each other."""
    dataset = Dataset()
    dataset.CodeMeaning = f"level {depth}"
    if depth:
        dataset.ContentSequence = [nested(depth - 1)]
    return dataset


def test_lines_carry_tag_vr_name_and_value(tmp_path: Path) -> None:
    (path,) = ct_series(tmp_path, 1, PatientName="Ärzte^Ida", ImageType=["ORIGINAL", "PRIMARY"])
    found = tag_list(path)
    assert found.problem == ""
    assert found.lines[0].tag == "0002,0000"
    assert line(found.lines, "0010,0010") == TagLine(
        0, "0010,0010", "PN", "PatientName", "Patient's Name", "Ärzte^Ida"
    )
    assert line(found.lines, "0008,0008").value == "ORIGINAL\\PRIMARY"
    assert line(found.lines, "0008,0016").value.endswith("(CT Image Storage)")
    assert line(found.lines, "7FE0,0010").value.startswith("(1,536 bytes)")


def test_sequences_are_opened_with_their_items(tmp_path: Path) -> None:
    path = write(enhanced_ct(3), tmp_path / "1.dcm")
    lines = tag_list(path).lines
    start = lines.index(line(lines, "5200,9230"))
    assert lines[start].value == "3 items"
    assert lines[start + 1].name == "Item 1"
    depths = {one.depth for one in lines[start + 1 :]}
    assert depths == {0, 1, 2, 3, 4}
    assert sum(one.tag == "0020,0032" for one in lines) == 3


def test_private_attributes_say_whose_they_are(tmp_path: Path) -> None:
    dataset = ct_slice()
    block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "IS", 1000)
    dataset.private_block(0x0021, "NOBODY", create=True).add_new(1, "UN", b"\1\2\3\4")
    lines = tag_list(write(dataset, tmp_path / "1.dcm")).lines
    assert line(lines, "0019,0010").name == "Private Creator"
    assert "B" in line(lines, "0019,100C").name
    assert line(lines, "0021,1001").name == "Private: NOBODY"
    assert line(lines, "0021,1001").value == "(4 bytes) 01 02 03 04"


def test_long_values_are_cut_and_large_ones_not_read(tmp_path: Path) -> None:
    dataset = ct_slice(ImageComments="x" * 9000 + "\r\n\x07end")
    dataset.add_new("EncapsulatedDocument", "OB", b"\1" * 300_000)
    lines = tag_list(write(dataset, tmp_path / "1.dcm"), TagLimits(characters=40)).lines
    assert line(lines, "0020,4000").value == "x" * 39 + "…"
    assert line(lines, "0042,0011").value == "(300,000 bytes)"


def test_control_characters_never_reach_the_screen(tmp_path: Path) -> None:
    (path,) = ct_series(tmp_path, 1, ImageComments="a\x1b[31mb\r\nc\x07")
    assert line(tag_list(path).lines, "0020,4000").value == "a [31mb c"


def test_lines_and_depth_are_limited(tmp_path: Path) -> None:
    dataset = ct_slice()
    dataset.update(nested(20))
    path = write(dataset, tmp_path / "1.dcm")
    few = tag_list(path, TagLimits(lines=10))
    assert len(few.lines) == 10
    assert "first 10" in few.problem
    flat = tag_list(path, TagLimits(depth=4))
    assert max(one.depth for one in flat.lines) == 4
    assert any("nested too deeply" in one.value for one in flat.lines)


def test_hundreds_of_nested_sequences_do_no_harm(tmp_path: Path) -> None:
    inner = b""
    for _ in range(600):  # undefined lengths, written by hand: pydicom could not
        item = b"\xfe\xff\x00\xe0" + (len(inner)).to_bytes(4, "little") + inner
        inner = b"\x40\x00\x30\xa7SQ\0\0" + len(item).to_bytes(4, "little") + item
    (path,) = ct_series(tmp_path, 1)
    dataset = pydicom.dcmread(path)
    del dataset.PixelData
    dataset.save_as(path)
    path.write_bytes(path.read_bytes() + inner)
    found = tag_list(path)
    assert len(found.lines) > 20
    assert max(one.depth for one in found.lines) <= 34


def test_deflated_file_is_listed_and_a_bomb_is_not_inflated(tmp_path: Path) -> None:
    path = write(ct_slice(), tmp_path / "1.dcm", transfer_syntax=DeflatedExplicitVRLittleEndian)
    assert line(tag_list(path).lines, "0010,0020").value == "DIP-1"
    bomb = ct_slice()
    bomb.PixelData = bytes(60_000_000)
    path = write(bomb, tmp_path / "2.dcm", transfer_syntax=DeflatedExplicitVRLittleEndian)
    found = tag_list(path)
    assert found.problem != ""


@pytest.mark.parametrize("size", [0, 1, 100, 140, 200, 500, 900, 1500])
def test_file_broken_off_anywhere_gives_lines_or_words(tmp_path: Path, size: int) -> None:
    (path,) = ct_series(tmp_path, 1)
    path.write_bytes(path.read_bytes()[:size])
    found = tag_list(path)
    assert found.lines or found.problem


def test_unreadable_value_is_shown_as_bytes(tmp_path: Path) -> None:
    (path,) = ct_series(tmp_path, 1, SliceThickness=2.5)
    good, bad = b"\x18\0\x50\0DS\4\0002.5 ", b"\x18\0\x50\0FD\4\0002.5 "
    assert path.read_bytes().count(good) == 1
    path.write_bytes(path.read_bytes().replace(good, bad))
    found = line(tag_list(path).lines, "0018,0050")
    assert "32 2e 35 20" in found.value


def test_pixels_that_the_file_does_not_hold_are_said(tmp_path: Path) -> None:
    (path,) = ct_series(tmp_path, 1, settings=Acquisition(rows=256, columns=256))
    path.write_bytes(path.read_bytes()[:9000])
    found = tag_list(path)
    assert "ends before" in found.problem
    assert line(found.lines, "0010,0020").value == "DIP-1"


def test_text_file_and_missing_file(tmp_path: Path) -> None:
    (tmp_path / "text.dcm").write_text("Dear colleague, " * 50)
    assert tag_list(tmp_path / "text.dcm").problem != ""
    with pytest.raises(UnreadableFile):
        tag_list(tmp_path / "absent.dcm")


@pytest.mark.realdata
def test_no_real_file_however_broken_brings_it_down(real_data: Path) -> None:
    files = [path for path in sorted((real_data / "malformed").rglob("*")) if path.is_file()]
    assert len(files) > 100
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [tag_list(path) for path in files]
    assert sum(bool(one.lines) for one in found) > 100
    assert all(one.lines or one.problem for one in found)
