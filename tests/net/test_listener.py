"""Good peers send; what they sent is there bit for bit, listed, and nobody else gets in."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
)
from pynetdicom.dsutils import encode

from tests.builders import build_series, write
from tests.net.peers import free_port
from tests.net.senders import answer, associate, connect, is_served, listener, request, until
from viewer.core.errors import WrongUsage
from viewer.net.arrivals import NAME, arrivals
from viewer.net.listener import Listener
from viewer.net.listening import Listening, Peer, listening_of
from viewer.net.negotiation import SYNTAXES
from viewer.net.node import Tls

pytestmark = pytest.mark.network

FORKING = [pytest.param(False, id="threads")]
if sys.platform == "linux":
    FORKING.append(pytest.param(True, id="processes"))


def encoded_part(path: Path) -> bytes:
    """Return what follows the file meta information of a file."""
    content = path.read_bytes()
    length = int.from_bytes(content[140:144], "little")
    return content[144 + length :]


@pytest.mark.parametrize("is_forking", FORKING)
def test_thirty_objects_are_kept_as_they_were_sent_and_listed(tmp_path: Path, is_forking: bool):
    datasets = build_series(30)
    with listener(tmp_path / "in", is_forking=is_forking) as listening:
        association = associate(listening.state.port)
        statuses = [association.send_c_store(one).Status for one in datasets]
        association.release()
        assert until(lambda: listening.state.stored == 30)
        assert until(lambda: listening.state.associations == 0)
        assert (listening.state.accepted, listening.state.lost) == (1, 0)
    assert statuses == [0] * 30
    found, offset = arrivals(tmp_path / "in")
    assert offset == (tmp_path / "in" / NAME).stat().st_size
    assert arrivals(tmp_path / "in", offset) == ((), offset)
    assert [one.arrival.sop_instance_uid for one in found] == [x.SOPInstanceUID for x in datasets]
    for one, dataset in zip(found, datasets, strict=True):
        sent = encode(dataset, is_implicit_vr=False, is_little_endian=True)
        assert encoded_part(one.kept.path) == sent
        assert one.size == len(sent or b"")
        assert (one.arrival.calling_title, one.called_title) == ("SENDER", "DIPTYCH")
        assert one.arrival.address == "127.0.0.1"
        assert dcmread(one.kept.path).pixel_array.shape == dataset.pixel_array.shape
    assert len(list((tmp_path / "in").iterdir())) == 31


def test_the_same_again_is_welcome_and_other_pixels_under_one_uid_are_both_kept(tmp_path: Path):
    first, other = build_series(2)
    other.SOPInstanceUID = first.SOPInstanceUID
    other.file_meta.MediaStorageSOPInstanceUID = first.SOPInstanceUID
    with listener(tmp_path) as listening:
        association = associate(listening.state.port)
        assert [association.send_c_store(one).Status for one in (first, first, other)] == [0] * 3
        association.release()
    found, _ = arrivals(tmp_path)
    told = [(one.kept.is_new, one.kept.is_conflict) for one in found]
    assert told == [(True, False), (False, False), (True, True)]
    assert len(list(tmp_path.glob("*.dcm"))) == 2


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, JPEGLSLossless, ExplicitVRBigEndian])
def test_an_object_of_any_accepted_syntax_is_kept_in_it(tmp_path: Path, syntax: str):
    (dataset,) = build_series(1)
    sent = dcmread(write(dataset, tmp_path / "sent.dcm", transfer_syntax=syntax))
    with listener(tmp_path / "in") as listening:
        association = associate(listening.state.port, [(CTImageStorage, (syntax,))])
        assert association.send_c_store(sent).Status == 0
        association.release()
    ((one,), _) = arrivals(tmp_path / "in")
    assert one.arrival.transfer_syntax_uid == syntax
    assert encoded_part(one.kept.path) == encoded_part(tmp_path / "sent.dcm")


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ((ImplicitVRLittleEndian, JPEG2000Lossless, ExplicitVRLittleEndian), "explicit"),
        ((ImplicitVRLittleEndian, JPEGBaseline8Bit, JPEG2000Lossless), "lossless"),
        ((ImplicitVRLittleEndian, JPEGBaseline8Bit), "lossy"),
        ((ExplicitVRBigEndian, ImplicitVRLittleEndian), "implicit"),
        ((DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian), "big"),
        ((DeflatedExplicitVRLittleEndian,), None),
    ],
)
def test_transfer_syntaxes_are_chosen_in_our_order(
    tmp_path: Path, offered: tuple[str, ...], chosen: str | None
):
    names = {
        "explicit": ExplicitVRLittleEndian,
        "lossless": JPEG2000Lossless,
        "lossy": JPEGBaseline8Bit,
        "implicit": ImplicitVRLittleEndian,
        "big": ExplicitVRBigEndian,
    }
    with listener(tmp_path) as listening:
        association = associate(listening.state.port, [(CTImageStorage, offered)])
        syntaxes = [one.transfer_syntax[0] for one in association.accepted_contexts]
        association.release() if association.is_established else association.abort()
    assert syntaxes == ([names[chosen]] if chosen else [])


def test_every_syntax_is_named_once():
    assert len(set(SYNTAXES)) == len(SYNTAXES)
    assert DeflatedExplicitVRLittleEndian not in SYNTAXES


def test_private_classes_are_stored_and_other_services_refused(tmp_path: Path):
    query = "1.2.840.10008.5.1.4.1.2.2.1"
    asked = [(name, (ExplicitVRLittleEndian,)) for name in ("1.2.826.0.1.3680043.9.1", query)]
    with listener(tmp_path) as listening:
        association = associate(listening.state.port, asked)
        accepted = [one.abstract_syntax for one in association.accepted_contexts]
        rejected = [(one.abstract_syntax, one.result) for one in association.rejected_contexts]
        association.release()
    assert accepted == ["1.2.826.0.1.3680043.9.1"]
    assert rejected == [(query, 3)]


CALLED, CALLING, LIMIT = b"\1\1\7", b"\1\1\3", b"\2\3\2"
"""Result, source and reason of a rejection (PS3.8 table 9-21)."""
KNOWN = (Peer("SENDER", "127.0.0.1"), Peer("ELSEWHERE", "10.9.8.7"))


@pytest.mark.parametrize(
    ("peers", "called", "calling", "why", "words"),
    [
        (KNOWN, "OTHER", "SENDER", CALLED, "not our title"),
        (KNOWN, "DIPTYCH", "STRANGER", CALLING, "may not send"),
        (KNOWN, "DIPTYCH", "ELSEWHERE", CALLING, "may not send"),
        (KNOWN[1:], "DIPTYCH", "ELSEWHERE", CALLING, "no node of"),
        ((), "DIPTYCH", "SENDER", CALLING, "no node of"),
    ],
)
def test_strangers_are_refused_with_the_reason(
    tmp_path: Path, peers: tuple[Peer, ...], called: str, calling: str, why: bytes, words: str
):
    # Not by pynetdicom, which takes a rejection that comes at once for a failed connection.
    with listener(tmp_path, peers=peers) as listening, connect(listening.state.port) as line:
        line.sendall(request(called, calling))
        assert answer(line) == b"\3\0\0\0\0\4\0" + why
        assert until(lambda: listening.state.refused == 1)
        assert words in listening.state.trouble
        assert listening.state.accepted == 0


def test_a_known_peer_gets_its_echo(tmp_path: Path):
    with listener(tmp_path, peers=KNOWN) as listening:
        assert is_served(listening.state.port)


def test_more_associations_than_allowed_are_refused_for_the_time_being(tmp_path: Path):
    with listener(tmp_path, most_per_address=2) as listening:
        port = listening.state.port
        held = [associate(port), associate(port)]
        with connect(port) as third:
            third.sendall(request())
            assert answer(third)[-3:] == LIMIT
        held.pop().release()
        assert until(lambda: listening.state.associations == 1)
        assert is_served(port)
        held.pop().release()


def test_a_full_disk_is_told_to_the_sender(tmp_path: Path):
    (dataset,) = build_series(1)
    with listener(tmp_path, least_free_bytes=1 << 62) as listening:
        association = associate(listening.state.port)
        assert association.send_c_store(dataset).Status == 0xA700
        association.release()
        assert until(lambda: listening.state.unsaved == 1)
        assert "no room" in listening.state.trouble
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_said(tmp_path: Path):
    with listener(tmp_path) as listening:
        other = Listener(Listening(tmp_path, port=listening.state.port))
        assert other.start().phase == "failed"
        assert "Address already in use" in other.state.words
        other.stop()


@pytest.mark.parametrize("is_forking", FORKING)
def test_a_stop_ends_an_open_association_and_every_process(tmp_path: Path, is_forking: bool):
    with listener(tmp_path, is_forking=is_forking) as listening:
        association = associate(listening.state.port)
        assert until(lambda: listening.state.associations == 1)
        group = listening.process
        began = time.monotonic()
        listening.stop()
        assert time.monotonic() - began < 2
        assert listening.state.phase == "off"
        assert until(lambda: association.is_aborted)
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="associations are threads here")
def test_a_dying_process_takes_its_own_association_only(tmp_path: Path):
    (dataset,) = build_series(1)
    with listener(tmp_path) as listening:
        first, second = associate(listening.state.port), associate(listening.state.port)
        assert until(lambda: listening.state.associations == 2)
        victim = min(children(listening.process))
        os.kill(victim, signal.SIGKILL)
        assert until(lambda: listening.state.lost == 1)
        assert second.send_c_store(dataset).Status == 0
        assert until(lambda: first.is_aborted)
        second.release()
        assert is_served(listening.state.port)


def children(process: int) -> list[int]:
    """Return the processes that a process has started and not buried."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [int(one) for one in listed.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_nothing_outlives_an_owner_that_is_killed(tmp_path: Path):
    program = (
        "import sys, time; from pathlib import Path;"
        "from viewer.net.listener import Listener; from viewer.net.listening import Listening;"
        f"one = Listener(Listening(Path({str(tmp_path)!r}), port=0, is_open=True)); one.start();"
        "print(one.process, one.state.port, flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    process, port = map(int, owner.stdout.readline().split())
    association = associate(port)
    assert association.is_established
    assert until(lambda: len(children(process)) == 1)
    left = [process, *children(process)]
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert until(lambda: not any(is_running(one) for one in left), 2.0)
    assert until(lambda: association.is_aborted)


def is_running(process: int) -> bool:
    """Tell whether a process is there and has not ended."""
    path = Path(f"/proc/{process}/stat")
    try:
        return path.read_text(encoding="ascii").rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_settings_come_back_from_their_line_and_wrong_ones_are_refused(tmp_path: Path):
    given = Listening(tmp_path, peers=KNOWN, tls=Tls(certificate=tmp_path / "c.pem"))
    assert listening_of(given.to_json()) == given
    for wrong in ({"title": "A\\B"}, {"address": "here"}, {"port": 70000}):
        with pytest.raises(WrongUsage):
            Listening(tmp_path, **wrong)


def test_a_torn_line_of_the_list_loses_nothing_else(tmp_path: Path):
    (dataset,) = build_series(1)
    (tmp_path / NAME).write_bytes(b'\n{"path": "torn')
    with listener(tmp_path) as listening:
        association = associate(listening.state.port)
        assert association.send_c_store(dataset).Status == 0
        association.release()
    ((one,), _) = arrivals(tmp_path)
    assert one.arrival.sop_instance_uid == dataset.SOPInstanceUID


def test_one_sender_after_the_other_never_meets_the_limit(tmp_path: Path):
    (dataset,) = build_series(1)
    with listener(tmp_path, most_per_address=1) as listening:
        for _ in range(20):
            association = associate(listening.state.port)
            assert association.is_established
            assert association.send_c_store(dataset).Status == 0
            association.release()
            time.sleep(0.02)
        assert until(lambda: listening.state.stored == 20)
        assert listening.state.refused == 0


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("storescu") is None, reason="DCMTK is not installed")
def test_storescu_delivers_bit_for_bit(tmp_path: Path):
    sent = {}
    for number, one in enumerate(build_series(30)):
        sent[one.SOPInstanceUID] = write(one, tmp_path / "out" / f"{number}.dcm")
    port = free_port()
    with listener(tmp_path / "in", port=port):
        done = subprocess.run(
            ["storescu", "-aec", "DIPTYCH", "127.0.0.1", str(port), "+sd", str(tmp_path / "out")],
            env=os.environ | {"TCP_NODELAY": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    found, _ = arrivals(tmp_path / "in")
    assert len(found) == 30
    for one in found:
        path = sent[one.arrival.sop_instance_uid]
        kept, was = dcmread(one.kept.path), dcmread(path)
        assert kept == was  # storescu encodes sequences anew
        assert kept.PixelData == was.PixelData
