"""What arrives is kept as it was sent, whole, under names that no peer chose."""

from pathlib import Path

import pytest
from pydicom import dcmread

from tests.builders import build_series, dataset_bytes
from viewer.core.errors import NotSaved
from viewer.net.inbox import Arrival, Inbox, is_uid

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
