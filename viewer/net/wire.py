"""A connected socket that is read PDU by PDU, within limits of size and time that a peer must keep.

Nothing is buffered on the word of a peer: the length of a PDU is looked at before its body is read,
and every read has a deadline. Source: DICOM PS3.8 9.3.
"""

import select
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ = 1, 2, 3
P_DATA, RELEASE_RQ, RELEASE_RP, ABORT = 4, 5, 6, 7

UNRECOGNISED, UNEXPECTED, INVALID = 1, 2, 6
"""Reasons for an abort by us: unknown PDU, unexpected PDU, wrong value (PS3.8 table 9-26)."""

MOST_DATA_BYTES = 131_072
"""The longest body of a P-DATA PDU that we offer to take."""
MOST_ASSOCIATE_BYTES = 1 << 20
"""The longest body of a request for an association."""
MOST_SHORT_BYTES = 64
"""The longest body of any other PDU; four bytes by the standard."""

_LINGER_S = 0.5


class PeerLeft(Exception):  # noqa: N818 - named after what is wrong, and always translated
    """The peer closed the connection, or we were told to stop."""


class RudePeer(Exception):  # noqa: N818 - named after what is wrong, and always translated
    """The peer broke a rule; it is cut off with an abort for this reason."""

    def __init__(self, words: str, reason: int = INVALID) -> None:
        super().__init__(words)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Pdu:
    """A PDU; the body lies in the buffer of the wire and holds until the next one is read."""

    kind: int
    body: memoryview


class Wire:
    """The socket of one association; used by one thread, ended by `stop` becoming readable."""

    def __init__(self, connection: socket.socket, stop: socket.socket) -> None:
        """Take a connected socket over, and switch off the wait for full packets."""
        self._socket, self._stop = connection, stop
        self._buffer = bytearray(MOST_DATA_BYTES)
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def secure(self, context: ssl.SSLContext, within_s: float) -> None:
        """Let the peer open TLS.

        Raises
        ------
        RudePeer : it does not, or shows a certificate that we do not trust, or takes too long.
        """
        deadline = time.monotonic() + within_s
        try:
            secured = context.wrap_socket(
                self._socket, server_side=True, do_handshake_on_connect=False
            )
            self._socket = secured
            while not self._is_shaken(secured, deadline):
                pass
        except OSError as error:
            raise RudePeer(f"no TLS could be agreed on ({error.strerror or error})") from error

    def _is_shaken(self, secured: ssl.SSLSocket, deadline: float) -> bool:
        try:
            secured.do_handshake()
        except ssl.SSLWantReadError:
            self._wait(deadline)
            return False
        except ssl.SSLWantWriteError:
            self._wait(deadline, is_writing=True)
            return False
        return True

    def read(self, quiet_s: float, within_s: float, associate: bool = False) -> Pdu:
        """Return the next PDU.

        Parameters
        ----------
        quiet_s : time until it must begin.
        within_s : time from then on until it must be there.
        associate : only a request for an association is expected, and may be longer.

        Raises
        ------
        RudePeer : it is of an unknown kind, longer than allowed or too late.
        PeerLeft : the connection has ended.
        """
        head = bytearray(6)
        started = memoryview(head)[self._some(memoryview(head), time.monotonic() + quiet_s) :]
        deadline = time.monotonic() + within_s
        self._fill(started, deadline)
        kind, _, length = struct.unpack(">BBL", head)
        most = MOST_DATA_BYTES if kind == P_DATA else MOST_SHORT_BYTES
        if kind not in range(ASSOCIATE_RQ, ABORT + 1):
            raise RudePeer(f"what was sent is no DICOM (PDU type {kind})", UNRECOGNISED)
        if associate != (kind == ASSOCIATE_RQ) and kind != ABORT:
            raise RudePeer(f"a PDU of type {kind} came out of turn", UNEXPECTED)
        if associate and kind == ASSOCIATE_RQ:
            most = MOST_ASSOCIATE_BYTES
        if length > most:
            raise RudePeer(f"a PDU of {length} bytes is longer than the {most} allowed")
        if length > len(self._buffer):
            body = self._grown(length, deadline)
        else:
            body = memoryview(self._buffer)[:length]
            self._fill(body, deadline)
        return Pdu(kind, body)

    def _grown(self, length: int, deadline: float) -> memoryview:
        """Read a long body in steps, so that memory is taken for what came, not what was said."""
        body = bytearray()
        while len(body) < length:
            step = memoryview(self._buffer)[: min(length - len(body), len(self._buffer))]
            self._fill(step, deadline)
            body += step
        return memoryview(body)

    def send(self, data: bytes, within_s: float) -> None:
        """Send bytes.

        Raises
        ------
        PeerLeft : the connection has ended.
        RudePeer : the peer does not take them in time.
        """
        deadline = time.monotonic() + within_s
        left = memoryview(data)
        while left:
            try:
                left = left[self._socket.send(left) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._wait(deadline, is_writing=True)
            except ssl.SSLWantReadError:
                self._wait(deadline)
            except OSError as error:
                raise PeerLeft(str(error)) from error

    def close(self, last: bytes = b"") -> None:
        """Close the connection; after last bytes, if any, once the peer has read them and closed.

        The peer has the first word for a while, as in PS3.8 9.2.1 (Sta13).
        """
        try:
            if last:
                self.send(last, _LINGER_S)
                self._drain(time.monotonic() + _LINGER_S)
        except (OSError, PeerLeft, RudePeer):
            pass  # it had its chance
        finally:
            self._socket.close()

    def _drain(self, deadline: float) -> None:
        for _ in range(64):
            if not self._some(memoryview(self._buffer), deadline):
                return

    def _fill(self, view: memoryview, deadline: float) -> None:
        while view:
            view = view[self._some(view, deadline) :]

    def _some(self, view: memoryview, deadline: float) -> int:
        while True:
            try:
                count = self._socket.recv_into(view)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._wait(deadline)
            except ssl.SSLWantWriteError:
                self._wait(deadline, is_writing=True)
            except OSError as error:
                raise PeerLeft(str(error)) from error
            else:
                if not count:
                    raise PeerLeft("the peer closed the connection")
                return count

    def _wait(self, deadline: float, is_writing: bool = False) -> None:
        left_s = deadline - time.monotonic()
        reads = [self._stop] if is_writing else [self._stop, self._socket]
        writes = [self._socket] if is_writing else []
        ready, writable, _ = select.select(reads, writes, [], max(left_s, 0))
        if self._stop in ready:
            raise PeerLeft("the listener stops")
        if left_s <= 0 or (not ready and not writable):
            raise RudePeer("the peer was silent or slow for too long", 0)


def fragments(body: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Yield context ID, control header and bytes of the presentation data values of a PDU.

    Raises
    ------
    RudePeer : a length does not fit, or there are none. Source: PS3.8 9.3.5.1 and annex E.2.
    """
    place, end = 0, len(body)
    if not end:
        raise RudePeer("a data PDU is empty")
    while place < end:
        if place + 6 > end:
            raise RudePeer("a fragment is cut off")
        length, context_id, control = struct.unpack_from(">LBB", body, place)
        if length < 2 or place + 4 + length > end:
            raise RudePeer("a fragment has a length that does not fit its PDU")
        yield context_id, control, body[place + 6 : place + 4 + length]
        place += 4 + length


def reject_bytes(result: int, source: int, reason: int) -> bytes:
    """Return an A-ASSOCIATE-RJ PDU (PS3.8 9.3.4)."""
    return struct.pack(">BBLBBBB", ASSOCIATE_RJ, 0, 4, 0, result, source, reason)


def abort_bytes(reason: int) -> bytes:
    """Return an A-ABORT PDU of the service provider (PS3.8 9.3.8)."""
    return struct.pack(">BBLBBBB", ABORT, 0, 4, 0, 0, 2, reason)


RELEASE_RESPONSE = struct.pack(">BBLL", RELEASE_RP, 0, 4, 0)


def data_bytes(context_id: int, command: bytes, most: int) -> bytes:
    """Return the P-DATA PDUs of a whole command, each no longer than a peer takes (0: any)."""
    step = max(most - 6, 1) if most else len(command)
    framed = bytearray()
    for place in range(0, len(command), step):
        piece = command[place : place + step]
        control = 3 if place + step >= len(command) else 1
        framed += struct.pack(
            ">BBLLBB", P_DATA, 0, len(piece) + 6, len(piece) + 2, context_id, control
        )
        framed += piece
    return bytes(framed)
