"""What a file says of itself at its beginning, also where it says less than it should."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tests.builders import ct_series, dataset_bytes
from viewer.core.errors import NotDicom
from viewer.net.inbox import Arrival, is_uid
from viewer.net.part10 import HEAD_BYTES, head_of

SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)


def file(
    folder: Path, syntax: str = ExplicitVRLittleEndian, lacking: tuple[str, ...] = ()
) -> bytes:
    """Return the content of a file whose file meta information lacks some attributes."""
    (path,) = ct_series(folder, 1, transfer_syntax=syntax)
    dataset = dcmread(path)
    for keyword in lacking:
        delattr(dataset.file_meta, keyword)
    del dataset.file_meta.FileMetaInformationGroupLength
    dataset.save_as(path, enforce_file_format=False)
    return path.read_bytes()


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_file_says_what_it_is_and_where_its_data_set_begins(tmp_path: Path, syntax: str):
    content = file(tmp_path, syntax)
    dataset = dcmread(tmp_path / "0001.dcm")
    arrival, place = head_of(content, "PACS", "10.0.0.1")
    said = dataset.SOPClassUID, dataset.SOPInstanceUID, syntax
    assert arrival == Arrival(*said, "PACS", "10.0.0.1")
    assert head_of(content[:HEAD_BYTES]) == head_of(bytearray(content))
    if syntax == ExplicitVRLittleEndian:
        assert content[place : place + 2] == b"\x08\0"
        assert dataset_bytes(dataset).endswith(content[place:])


@pytest.mark.parametrize("syntax", SYNTAXES[:3])
def test_uids_that_the_meta_information_lacks_are_found_in_the_data_set(
    tmp_path: Path, syntax: str
):
    lacking = ("MediaStorageSOPInstanceUID", "MediaStorageSOPClassUID")
    arrival, _ = head_of(file(tmp_path, syntax, lacking))
    dataset = dcmread(tmp_path / "0001.dcm")
    assert arrival.sop_instance_uid == dataset.SOPInstanceUID
    assert arrival.sop_class_uid == dataset.SOPClassUID


def test_what_does_not_say_what_it_is_is_no_dicom(tmp_path: Path):
    whole = file(tmp_path)
    lacking = file(tmp_path, lacking=("TransferSyntaxUID",))
    deflated = file(
        tmp_path, DeflatedExplicitVRLittleEndian, lacking=("MediaStorageSOPInstanceUID",)
    )
    rubbish = whole[:132] + bytes(range(256)) * 9
    for content in (b"", whole[:131], whole[:150], whole[4:], lacking, deflated, rubbish):
        with pytest.raises(NotDicom):
            head_of(content)


@pytest.fixture(scope="module")
def lacking(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    names = ("MediaStorageSOPInstanceUID",)
    return file(tmp_path_factory.mktemp("file"), ImplicitVRLittleEndian, names)[:1200]


@given(st.integers(132, 700), st.binary(min_size=1, max_size=9))
def test_wrong_bytes_are_read_or_told(lacking: bytes, place: int, wrong: bytes):
    with suppress(NotDicom):
        arrival, start = head_of(lacking[:place] + wrong + lacking[place + len(wrong) :])
        assert is_uid(arrival.sop_instance_uid)
        assert 132 < start <= len(lacking)
