"""What arrives is kept as it was sent, whole, under names that no peer chose."""

from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info

from tests.builders import build_series, dataset_bytes
from viewer.core.errors import NotSaved
from viewer.net.inbox import MOST_COPIES, Arrival, Inbox, Incoming, is_uid, meta_bytes

EXPLICIT = "1.2.840.10008.1.2.1"


def arrival(uid: str = "1.2.3", title: str = "SENDER") -> Arrival:
    return Arrival("1.2.840.10008.5.1.4.1.1.2", uid, EXPLICIT, title, "10.0.0.9")


def test_an_object_is_kept_byte_for_byte_and_reads_as_dicom(tmp_path: Path):
    (dataset,) = build_series(1)
    encoded = dataset_bytes(dataset)
    kept = Inbox(tmp_path / "in", 0).keep(arrival(dataset.SOPInstanceUID), encoded)
    assert kept.is_new
    assert not kept.is_conflict
    assert kept.path.read_bytes().endswith(encoded)
    read = dcmread(kept.path)
    assert read.file_meta.SourceApplicationEntityTitle == "SENDER"
    assert read.SOPInstanceUID == dataset.SOPInstanceUID
    assert (read.pixel_array == dataset.pixel_array).all()


def test_the_same_again_is_known_and_other_bytes_under_one_uid_are_both_kept(tmp_path: Path):
    inbox = Inbox(tmp_path, 0)
    first = inbox.keep(arrival(), b"one")
    again, other = inbox.keep(arrival(), b"one"), inbox.keep(arrival(), b"two")
    assert (again.is_new, again.path) == (False, first.path)
    assert other.is_new
    assert other.is_conflict
    assert len(list(tmp_path.glob("*.dcm"))) == 2


def test_no_name_of_a_peer_becomes_a_path(tmp_path: Path):
    kept = Inbox(tmp_path / "in", 0).keep(arrival("../../x"), b"data")
    assert kept.path.parent == tmp_path / "in"
    assert not is_uid("../../x")
    assert is_uid("1.2.840.01")


def test_a_disk_without_room_refuses_and_leaves_nothing(tmp_path: Path):
    inbox = Inbox(tmp_path, 1 << 62)
    with pytest.raises(NotSaved, match="no room"):
        inbox.keep(arrival(), b"data")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_finished_is_removed(tmp_path: Path):
    with Incoming(Inbox(tmp_path, 0), arrival()) as incoming:
        incoming.write(b"half")
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_a_dead_process_left_is_swept_and_nothing_else(tmp_path: Path):
    inbox = Inbox(tmp_path, 0)
    kept = inbox.keep(arrival(), b"one")
    (tmp_path / "a.12-0f.part").touch()
    (tmp_path / "a.123-0f.part").touch()
    inbox.sweep(12)
    assert {path.name for path in tmp_path.iterdir()} == {kept.path.name, "a.123-0f.part"}


def test_the_same_bytes_in_another_syntax_are_another_object(tmp_path: Path):
    inbox = Inbox(tmp_path, 0)
    inbox.keep(arrival(), b"one")
    other = Arrival("1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2.840.10008.1.2")
    assert inbox.keep(other, b"one").is_conflict
    assert not inbox.keep(arrival(title="ANOTHER"), b"one").is_new


def test_one_uid_does_not_fill_the_inbox(tmp_path: Path):
    inbox = Inbox(tmp_path, 0)
    for number in range(MOST_COPIES):
        inbox.keep(arrival(), b"%d" % number)
    with pytest.raises(NotSaved, match="one and the same UID"):
        inbox.keep(arrival(), b"more")
    assert len(list(tmp_path.iterdir())) == MOST_COPIES


@pytest.mark.parametrize("title", ["", "ODD", "EVEN"])
def test_the_header_is_written_as_pydicom_writes_it(tmp_path: Path, title: str):
    kept = Inbox(tmp_path, 0).keep(arrival("1.2.34", title), b"")
    written = DicomBytesIO()
    write_file_meta_info(written, dcmread(kept.path).file_meta)
    assert written.getvalue() == meta_bytes(arrival("1.2.34", title))
