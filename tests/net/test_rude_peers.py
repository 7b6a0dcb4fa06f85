"""What rude peers do to the listener: they are cut off, and a good one is served throughout."""

import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from tests.net.senders import (
    answer,
    associate,
    command,
    connect,
    fragment,
    is_served,
    listener,
    pdu,
    request,
    status,
    store,
    until,
)
from viewer.net.arrivals import NAME, arrivals
from viewer.net.listener import Listener

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]

ACCEPTED, REJECTED, DATA, ABORTED = 2, 3, 4, 7
MOST_OWN_BYTES = 16 << 20
"""Memory that a process which serves may have to itself."""


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Listener]:
    """Listen with short patience, into `inbox`; nothing may be left beside it."""
    (tmp_path / "beside").write_text("untouched", encoding="ascii")
    with listener(tmp_path / "inbox", acse_s=1.0, dimse_s=1.0, idle_s=3.0) as one:
        yield one
        assert until(lambda: one.state.associations == 0)
        assert one.state.lost == 0, one.state.trouble
        assert is_served(one.state.port)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["beside", "inbox"]
    assert not list((tmp_path / "inbox").glob("*.part"))


def opened(listening: Listener) -> socket.socket:
    """Open an association by hand."""
    line = connect(listening.state.port)
    line.sendall(request())
    assert answer(line)[0] == ACCEPTED
    return line


def own_bytes(process: int) -> int:
    """Return the memory of a process that it shares with no other, in bytes."""
    told = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    return 1024 * sum(
        int(line.split()[1]) for line in told.splitlines() if line.startswith("Private_")
    )


def processes(listening: Listener) -> list[int]:
    """Return the process that listens and those that serve."""
    parent = listening.process
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    return [int(parent or 0), *map(int, listed.split())]


def test_a_request_that_claims_4_gib_is_cut_off_before_it_is_read(listening: Listener):
    with connect(listening.state.port) as line:
        line.sendall(pdu(1, b"", 0xFFFFFFFF))
        assert answer(line)[0] == ABORTED
    assert until(lambda: "longer than" in listening.state.trouble)


def test_data_that_claims_more_than_was_agreed_on_is_cut_off(listening: Listener):
    for length in (131_073, 0xFFFFFFFF):
        with opened(listening) as line:
            line.sendall(pdu(4, b"", length))
            assert answer(line)[0] == ABORTED


def test_a_request_of_a_mebibyte_that_never_comes_takes_no_memory(listening: Listener):
    with connect(listening.state.port) as line:
        line.sendall(pdu(1, bytes(1000), 1 << 20))
        assert until(lambda: len(processes(listening)) == 2)
        assert own_bytes(processes(listening)[1]) < MOST_OWN_BYTES
        assert answer(line)[0] == ABORTED


@pytest.mark.parametrize("source", ["127.0.0.1", "127.0.0.2"])
def test_half_open_floods_keep_nobody_out(listening: Listener, source: str):
    before = own_bytes(listening.process or 0)
    with ExitStack() as stack:
        for _ in range(2):
            for _ in range(60):
                stack.enter_context(connect(listening.state.port, source))
            assert is_served(listening.state.port, patience_s=3.0)
        assert until(lambda: processes(listening) == [listening.process])
        assert own_bytes(listening.process or 0) - before < 2 << 20


def test_idle_connections_are_closed_in_time(listening: Listener):
    with connect(listening.state.port) as line:
        line.settimeout(3)
        assert line.recv(1) == b""


def test_slow_requests_end_in_time_and_do_not_keep_others_out(listening: Listener):
    asked = request()
    with ExitStack() as stack:
        lines = [stack.enter_context(connect(listening.state.port, "127.0.0.3")) for _ in range(10)]
        began, sent, cut = time.monotonic(), 0, set[int]()
        while len(cut) < len(lines) and time.monotonic() - began < 5:
            for number, line in enumerate(lines):
                try:
                    line.send(asked[sent : sent + 1])
                except OSError:
                    cut.add(number)
            sent += 1
            time.sleep(0.1)
            if sent == 3:
                assert is_served(listening.state.port, patience_s=3.0)
        assert len(cut) == len(lines)
        assert sent < len(asked)


def test_slow_data_ends_in_time(listening: Listener):
    with opened(listening) as line:
        line.sendall(pdu(4, fragment(3, command("1.2.3"))))
        line.settimeout(0.1)
        began, told = time.monotonic(), b""
        while not told and time.monotonic() - began < 6:
            line.sendall(pdu(4, fragment(0, b"x")))
            with suppress(TimeoutError):
                told = line.recv(1)
    assert told == bytes([ABORTED])
    assert time.monotonic() - began < 4


def test_silence_in_an_association_ends_it(listening: Listener):
    with opened(listening) as line:
        line.settimeout(5)
        began = time.monotonic()
        assert answer(line)[0] == ABORTED
        assert 2.5 < time.monotonic() - began < 4


def test_garbage_is_cut_off(listening: Listener):
    random = np.random.default_rng(7)
    for size in (1, 5, 6, 7, 100, 5000):
        for head in (b"", b"\1\0\0\0", b"\4", b"GET / HTTP/1.1\r\n\r\n", b"\x16\3\1"):
            with connect(listening.state.port) as line:
                line.sendall(head + random.bytes(size))
                line.shutdown(socket.SHUT_WR)
                assert answer(line)[:1] in (b"", bytes([ABORTED]))
        assert until(lambda: listening.state.associations == 0)


def mutations(whole: bytes, count: int) -> Iterator[bytes]:
    """Yield copies of some bytes with a few of them changed, removed or doubled."""
    random = np.random.default_rng(len(whole))
    for _ in range(count):
        changed = bytearray(whole)
        for place in random.integers(6, len(whole), 1 + int(random.integers(4))):
            kind = int(random.integers(3))
            if kind == 0:
                changed[min(place, len(changed) - 1)] = int(random.integers(256))
            elif kind == 1:
                del changed[place : place + int(random.integers(1, 9))]
            else:
                changed[place:place] = changed[place : place + int(random.integers(1, 9))]
        yield pdu(whole[0], bytes(changed[6:]))


def test_changed_requests_are_answered_or_cut_off(listening: Listener):
    for asked in mutations(request(contexts=3), 150):
        with connect(listening.state.port) as line:
            line.sendall(asked)
            line.shutdown(socket.SHUT_WR)
            assert answer(line)[:1] in (b"", *map(bytes, ([ACCEPTED], [REJECTED], [ABORTED])))


def test_changed_commands_are_answered_or_cut_off(listening: Listener):
    whole = pdu(4, fragment(3, command("1.2.3")))
    for sent in mutations(whole, 150):
        with opened(listening) as line:
            line.sendall(sent + pdu(4, fragment(2, b"data")))
            line.shutdown(socket.SHUT_WR)
            assert answer(line)[:1] in (b"", bytes([DATA]), bytes([ABORTED]))


WRONG = {
    "an empty data PDU": pdu(4, b""),
    "a fragment longer than its PDU": pdu(4, fragment(3, b"ab", 5000)),
    "a fragment of no length": pdu(4, fragment(3, b"", 0)),
    "a fragment of 4 GiB": pdu(4, fragment(3, b"", 0xFFFFFFFF)),
    "half a fragment": pdu(4, b"\0\0"),
    "an unknown context": pdu(4, fragment(3, command("1.2"), context=99)),
    "data before its command": pdu(4, fragment(2, b"data")),
    "two commands": pdu(4, fragment(3, command("1.2"))) * 2,
    "an element beyond the end": pdu(4, fragment(3, struct.pack("<HHL", 0, 2, 0xFFFFFFF0))),
    "an element of another group": pdu(4, fragment(3, struct.pack("<HHL", 8, 2, 0))),
    "an empty command": pdu(4, fragment(3, b"")),
    "a command without a field": pdu(4, fragment(3, command("1.2", x0100=b""))),
    "a command without an ID": pdu(4, fragment(3, command("1.2", x0110=b""))),
    "a response": pdu(4, fragment(3, command("1.2", x0100=b"\1\x80"))),
    "an object without data": pdu(4, fragment(3, command("1.2", x0800=b"\1\1"))),
    "a long command": pdu(4, fragment(1, bytes(9000))) * 2,
    "a second request": request(),
    "a release within a message": pdu(4, fragment(1, b"a")) + pdu(5, bytes(4)),
    "a release that claims a megabyte": pdu(5, b"", 1 << 20),
    "an acceptance": pdu(2, bytes(60)),
    "an unknown PDU": pdu(9, b"abcd"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_broken_rule_ends_the_association(listening: Listener, name: str):
    with opened(listening) as line:
        line.sendall(WRONG[name])
        assert answer(line)[0] == ABORTED
    assert until(lambda: listening.state.broken == 1)


@pytest.mark.parametrize(
    "uid", ["../../evil", "/etc/x", "1.2\\3", "..\0/x", "", "1.2.é", "a" * 300]
)
def test_a_uid_with_other_characters_is_refused_and_names_no_file(listening: Listener, uid: str):
    with opened(listening) as line:
        line.sendall(store(uid, b"data"))
        assert status(answer(line)) == 0x0117
        line.sendall(store("1.2.3", b"data"))
        assert status(answer(line)) == 0
        line.sendall(pdu(5, bytes(4)))
        assert answer(line)[0] == 6


@pytest.mark.parametrize("uid", ["1..2", ".", "0001.002", "9" * 64])
def test_a_loose_uid_of_digits_is_kept(listening: Listener, uid: str):
    with opened(listening) as line:
        line.sendall(store(uid, b"data"))
        assert status(answer(line)) == 0


def test_two_writers_at_once_with_one_uid_are_both_kept_and_marked(
    listening: Listener, tmp_path: Path
):
    with opened(listening) as one, opened(listening) as two:
        for line, letter in ((one, b"a"), (two, b"b")):
            line.sendall(pdu(4, fragment(3, command("1.2.3"))))
            line.sendall(pdu(4, fragment(0, letter * 100_000)))
        for line, letter in ((one, b"a"), (two, b"b")):
            line.sendall(pdu(4, fragment(2, letter)))
        assert [status(answer(line)) for line in (one, two)] == [0, 0]
    kept = sorted((tmp_path / "inbox").glob("*.dcm"))
    assert {path.read_bytes()[-100_001:] for path in kept} == {b"a" * 100_001, b"b" * 100_001}
    found, _ = arrivals(tmp_path / "inbox")
    assert any(one.kept.is_conflict for one in found)


def test_sequences_200_deep_are_kept_unread(listening: Listener, tmp_path: Path):
    deep = b""
    for _ in range(200):
        item = b"\xfe\xff\x00\xe0" + struct.pack("<L", len(deep)) + deep
        deep = b"\x08\x00\x40\x11SQ\0\0" + struct.pack("<L", len(item)) + item
    with opened(listening) as line:
        line.sendall(store("1.2.3", deep))
        assert status(answer(line)) == 0
    (kept,) = (tmp_path / "inbox").glob("*.dcm")
    assert kept.read_bytes().endswith(deep)


def test_deflated_is_not_agreed_on(listening: Listener):
    with connect(listening.state.port) as line:
        line.sendall(request(syntaxes=(DeflatedExplicitVRLittleEndian,)))
        accepted = answer(line)
        assert accepted[0] == ACCEPTED
        assert accepted[accepted.index(b"\x21\0") + 6] == 4  # transfer syntaxes not supported
        line.sendall(store("1.2.3", b"data"))
        assert answer(line)[0] == ABORTED


def test_an_object_beyond_the_limit_is_cut_off_and_removed(tmp_path: Path):
    with listener(tmp_path, most_object_bytes=200_000) as listening, opened(listening) as line:
        line.sendall(pdu(4, fragment(3, command("1.2.3"))))
        line.sendall(pdu(4, fragment(0, bytes(100_000))) * 3)
        assert answer(line)[0] == ABORTED
        assert until(lambda: listening.state.associations == 0)
        assert list(tmp_path.iterdir()) == []


def test_a_peer_that_vanishes_within_an_object_leaves_nothing(listening: Listener, tmp_path: Path):
    with opened(listening) as line:
        line.sendall(pdu(4, fragment(3, command("1.2.3"))))
        line.sendall(pdu(4, fragment(0, bytes(100_000))))
        assert until(lambda: bool(list((tmp_path / "inbox").glob("*.part"))))
    assert until(lambda: not list((tmp_path / "inbox").glob("*.part")))
    assert not (tmp_path / "inbox" / NAME).exists()


def test_a_large_object_takes_no_memory(listening: Listener, tmp_path: Path):
    piece = pdu(4, fragment(0, bytes(131_000)))
    with opened(listening) as line:
        line.sendall(pdu(4, fragment(3, command("1.2.3"))))
        for _ in range(800):
            line.sendall(piece)
        assert own_bytes(processes(listening)[1]) < MOST_OWN_BYTES
        line.sendall(pdu(4, fragment(2, b"")))
        assert status(answer(line)) == 0
    ((one,), _) = arrivals(tmp_path / "inbox")
    assert one.size == 800 * 131_000
    one.kept.path.unlink()


@pytest.mark.parametrize(
    "count", [300, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(300)])]
)
def test_associations_in_a_row_leave_memory_and_files_flat(listening: Listener, count: int):
    def held() -> tuple[int, int]:
        files = len(list(Path(f"/proc/{listening.process}/fd").iterdir()))
        return own_bytes(listening.process or 0), files

    assert is_served(listening.state.port)
    for number in range(count):
        if number == count // 10:
            assert until(lambda: listening.state.associations == 0)
            before = held()
        with opened(listening) as line:
            line.sendall(store("1.2.3", b"data"))
            assert status(answer(line)) == 0
            line.sendall(pdu(5, bytes(4)))
            assert answer(line)[0] == 6
    assert until(lambda: listening.state.associations == 0)
    after = held()
    assert after[0] - before[0] < 1 << 20
    assert after[1] == before[1]
    assert until(lambda: listening.state.stored == count)
    assert processes(listening) == [listening.process]


def test_a_good_peer_is_served_beside_many_rude_ones(listening: Listener):
    for name, sent in 3 * tuple(WRONG.items()):
        with connect(listening.state.port, "127.0.0.4") as line:
            line.sendall(request())
            line.sendall(sent)
            assert is_served(listening.state.port), name
    association = associate(listening.state.port)
    assert association.is_established
    association.release()
