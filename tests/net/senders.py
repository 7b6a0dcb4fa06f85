"""Senders for tests of the listener: a good one by pynetdicom, and bytes of PDUs for rude ones."""

import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association

from viewer.net.command_set import CLASS_UID, DATA_SET_TYPE, FIELD, INSTANCE_UID, MESSAGE_ID
from viewer.net.listener import Listener
from viewer.net.listening import Listening

CONTEXT = 1


@contextmanager
def listener(folder: Path, **settings: object) -> Iterator[Listener]:
    """Listen on a free port while the block runs; open to everybody unless told otherwise."""
    given = {"port": 0, "is_open": "peers" not in settings, "least_free_bytes": 0} | settings
    with Listener(Listening(folder, **given)) as listening:  # type: ignore[arg-type]
        assert listening.state.phase == "listening", listening.state.words
        yield listening


def until(is_so: Callable[[], bool], patience_s: float = 5.0) -> bool:
    """Wait until something is so, and tell whether it became so in time."""
    deadline = time.monotonic() + patience_s
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def associate(
    port: int,
    contexts: Sequence[tuple[str, Sequence[str]]] = ((CTImageStorage, (ExplicitVRLittleEndian,)),),
    called: str = "DIPTYCH",
    calling: str = "SENDER",
) -> Association:
    """Ask for an association by pynetdicom; with SOP classes and transfer syntaxes."""
    ae = AE(calling)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 10
    for class_uid, syntaxes in contexts:
        ae.add_requested_context(class_uid, list(syntaxes))
    return ae.associate("127.0.0.1", port, ae_title=called)


def connect(port: int, source: str = "127.0.0.1") -> socket.socket:
    """Open a connection from an address of the loopback interface."""
    return socket.create_connection(("127.0.0.1", port), 5, (source, 0))


def pdu(kind: int, body: bytes, length: int | None = None) -> bytes:
    """Return a PDU; `length` is what it claims where that is not the truth."""
    return struct.pack(">BBL", kind, 0, len(body) if length is None else length) + body


def _sub(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(body)) + body


def request(
    called: str = "DIPTYCH",
    calling: str = "RUDE",
    class_uid: str = CTImageStorage,
    syntaxes: Sequence[str] = (ExplicitVRLittleEndian,),
    contexts: int = 1,
) -> bytes:
    """Return a well-formed A-ASSOCIATE-RQ."""
    user = _sub(0x50, _sub(0x51, struct.pack(">L", 16384)) + _sub(0x52, b"1.2.3.4"))
    offered = b"".join(_sub(0x40, syntax.encode()) for syntax in syntaxes)
    proposed = b"".join(
        _sub(0x20, bytes([2 * at + 1, 0, 0, 0]) + _sub(0x30, class_uid.encode()) + offered)
        for at in range(contexts)
    )
    names = called.ljust(16).encode() + calling.ljust(16).encode()
    head = struct.pack(">HH", 1, 0) + names + bytes(32)
    return pdu(1, head + _sub(0x10, b"1.2.840.10008.3.1.1.1") + proposed + user)


def command(instance: str, **wrong: bytes) -> bytes:
    """Return the command set of a C-STORE-RQ."""
    values = {
        CLASS_UID: CTImageStorage.encode(),
        FIELD: b"\1\0",
        MESSAGE_ID: b"\7\0",
        0x0700: b"\0\0",
        DATA_SET_TYPE: b"\0\0",
        INSTANCE_UID: instance.encode("latin-1"),
    }
    values |= {int(name[1:], 16): value for name, value in wrong.items()}
    encoded = b""
    for element, value in values.items():
        padded = value + b"\0" * (len(value) % 2)
        encoded += struct.pack("<HHL", 0, element, len(padded)) + padded
    return encoded


def fragment(control: int, body: bytes, length: int | None = None, context: int = CONTEXT) -> bytes:
    """Return a presentation data value; `length` is what it claims where that is not the truth."""
    claimed = len(body) + 2 if length is None else length
    return struct.pack(">LBB", claimed, context, control) + body


def store(instance: str, data: bytes) -> bytes:
    """Return the PDUs of a whole C-STORE request."""
    return pdu(4, fragment(3, command(instance))) + pdu(4, fragment(2, data))


def answer(connection: socket.socket) -> bytes:
    """Return one PDU of the listener, b"" where it closes instead."""
    head = _exactly(connection, 6)
    return head + _exactly(connection, struct.unpack(">L", head[2:])[0]) if head else b""


def status(response: bytes) -> int:
    """Return the status of the response in a P-DATA PDU."""
    place = response.index(struct.pack("<HHL", 0, 0x0900, 2)) + 8
    return int.from_bytes(response[place : place + 2], "little")


def _exactly(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        try:
            piece = connection.recv(count - len(found))
        except ConnectionResetError:
            return b""
        if not piece:
            return b""
        found += piece
    return found


def is_served(port: int, patience_s: float = 8.0) -> bool:
    """Tell whether a good peer gets its echo in time."""
    deadline = time.monotonic() + patience_s
    association = associate(port, (("1.2.840.10008.1.1", (ExplicitVRLittleEndian,)),))
    try:
        told = association.send_c_echo() if association.is_established else None
        return told is not None and told.get("Status") == 0 and time.monotonic() < deadline
    finally:
        association.release() if association.is_established else association.abort()
