"""The process that listens: it accepts on one port and gives every sender a process of its own.

It makes nothing of what a peer sends. A connection that sends nothing waits here, where it costs
nothing, until its time is up or there are too many; with the first byte it is given away. A fresh
process, forked from this one, serves that association and nothing else: it may fail without harm to
others, and what it took goes with it. It holds the socket, the inbox and, with TLS, our key; its
memory, its files and the size of what it writes are limited, and it is niced.

That is so on Linux. Elsewhere associations are threads of this process, without limits by the
system: several senders share one core, and one that brings the process down ends them all.

Run by `viewer.net.listener` as ``python -m viewer.net.reception``: the settings come as a line on
standard input, states go as lines to standard output, and the end of the input is the end of all.
"""

import contextlib
import gc
import json
import math
import os
import selectors
import socket
import ssl
import sys
import threading
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, replace

from viewer.core.errors import DiptychError
from viewer.net.inbox import Inbox
from viewer.net.listening import ListenerState, Listening, listening_of, plain_address
from viewer.net.serving import Served, Service
from viewer.net.storage_scp import Event
from viewer.net.wire import reject_bytes

MOST_WAITING = 64
"""Connections without a first byte that are kept; then the oldest of the busiest address goes."""
_LINGER_S = 1.0
_STOP_S = 1.2
_STATE_EVERY_S = 0.05
_UNKNOWN, _LIMIT, _BUSY = (1, 1, 3), (2, 3, 2), (2, 3, 1)


@dataclass(slots=True, eq=False)
class _Waiting:
    """A connection that nobody serves: not yet, or not any more, once it is refused."""

    connection: socket.socket
    address: str
    until: float
    is_refused: bool = False


class Reception:
    """Accepts connections, gives them away, counts what is done with them; one thread."""

    def __init__(self, listening: Listening, owner: socket.socket | int) -> None:
        """Listen until `owner` becomes readable.

        Raises
        ------
        OSError : the port, the address, the inbox or a certificate cannot be had.
        """
        self._listening, self._owner = listening, owner
        self._door = _listening_socket(listening)
        inbox = Inbox(listening.inbox, listening.least_free_bytes)
        stop, self._stopping = socket.socketpair()
        self._service = Service(listening, server_context(listening), inbox, stop)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._door, selectors.EVENT_READ)
        self._selector.register(owner, selectors.EVENT_READ)
        self._waiting: deque[_Waiting] = deque()
        self._served: list[Served] = []
        self._resting: deque[tuple[float, Served]] = deque()
        self.state = ListenerState("listening", self._door.getsockname()[1])
        self._told, self._told_at = ListenerState(), 0.0

    def run(self) -> None:
        """Serve until the owner is gone, then end everything."""
        while True:
            self._tell()
            for key, _ in self._selector.select(self._patience_s()):
                if isinstance(key.data, Served):
                    self._hear(key.data)
                elif isinstance(key.data, _Waiting):
                    self._attend(key.data)
                elif key.fileobj is self._door:
                    self._accept()
                else:
                    return self._end()
            for one in [one for one in self._waiting if one.until <= time.monotonic()]:
                self._forget(one)
            self._wake(time.monotonic())

    def _patience_s(self) -> float | None:
        times = [one.until for one in self._waiting]
        if self.state != self._told:
            times.append(self._told_at + _STATE_EVERY_S)
        if self._resting:
            times.append(self._resting[0][0])
        return max(min(times) - time.monotonic(), 0) if times else None

    def _tell(self) -> None:
        """Tell the owner what has changed, not too often; a full pipe is left for later."""
        if self.state != self._told and time.monotonic() >= self._told_at + _STATE_EVERY_S:
            self._told_at = time.monotonic()
            with contextlib.suppress(BlockingIOError):
                tell(self.state)
                self._told = self.state

    def _count(self, event: Event | str, words: str = "", size: int = 0) -> None:
        more = {event: getattr(self.state, event) + 1}
        if size:
            more["received_bytes"] = self.state.received_bytes + size
        self.state = replace(self.state, **more, trouble=words or self.state.trouble)

    # ------------------------------------------------------------------ connections

    def _accept(self) -> None:
        try:
            connection, (host, *_) = self._door.accept()
        except OSError:
            return  # gone again, or no file left: the next one is tried
        connection.setblocking(False)
        if len(self._waiting) >= MOST_WAITING:
            self._forget(self._most_wasteful())
        until = time.monotonic() + self._listening.acse_s
        one = _Waiting(connection, plain_address(host), until)
        self._waiting.append(one)
        self._selector.register(connection, selectors.EVENT_READ, one)

    def _most_wasteful(self) -> _Waiting:
        """Return the oldest one of the address that has most connections waiting."""
        counts = Counter(one.address for one in self._waiting)
        address = counts.most_common(1)[0][0]
        return next(one for one in self._waiting if one.address == address)

    def _forget(self, one: _Waiting) -> None:
        if one in self._waiting:
            self._selector.unregister(one.connection)
            self._waiting.remove(one)
            one.connection.close()

    def _attend(self, one: _Waiting) -> None:
        """Give away a connection that has begun to speak, or throw away what a refused one says."""
        if one not in self._waiting:
            return
        try:
            # Those who left without a word need no process to see it; nothing is read for it.
            size, flags = (65536, 0) if one.is_refused else (1, socket.MSG_PEEK)
            said = one.connection.recv(size, flags)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            self._forget(one)
        elif one.is_refused:
            pass  # what else it has to say is not heard
        elif not self._listening.is_known_address(one.address):
            self._refuse(one, _UNKNOWN, "no node of this address may send to us")
        elif self._is_full(one.address):
            self._refuse(one, _LIMIT, "too many associations at once")
        else:
            self._give_away(one)

    def _is_full(self, address: str) -> bool:
        if self._is_at_limit(address):
            for _ in range(2):  # the last words of those who have ended since, and their end
                self._wake(math.inf)
                for key, _ in self._selector.select(0):
                    if isinstance(key.data, Served):
                        self._hear(key.data)
        return self._is_at_limit(address)

    def _is_at_limit(self, address: str) -> bool:
        from_it = sum(one.address == address for one in self._served)
        return (
            len(self._served) >= self._listening.most_associations
            or from_it >= self._listening.most_per_address
        )

    def _refuse(self, one: _Waiting, reason: tuple[int, int, int], words: str) -> None:
        """Reject an association without having read its request, and leave it to close."""
        self._count("refused", f"{one.address}: {words}.")
        try:
            if self._service.context is None:
                one.connection.send(reject_bytes(*reason))
            else:
                one.connection.shutdown(socket.SHUT_WR)
        except OSError:
            self._forget(one)
        one.is_refused, one.until = True, time.monotonic() + _LINGER_S

    def _give_away(self, one: _Waiting) -> None:
        # First of all: what is watched here stays so while the socket is open in any process.
        self._selector.unregister(one.connection)
        try:
            served = Served(self._service, one.connection, one.address)
        except (OSError, RuntimeError):
            self._selector.register(one.connection, selectors.EVENT_READ, one)
            self._refuse(one, _BUSY, "no process could be started for it")
            return
        self._waiting.remove(one)
        self._served.append(served)
        self._selector.register(served.reports, selectors.EVENT_READ, served)
        self.state = replace(self.state, associations=len(self._served))

    def _hear(self, served: Served) -> None:
        """Count what an association tells; bury it once it is silent for good.

        It is not listened to again for a while: being woken for every object costs more than all
        else that is done here. One that was heard before its turn came (`_is_full`) is passed over.
        """
        if served.reports.fileno() < 0 or served.reports not in self._selector.get_map():
            return
        reports, is_over = served.heard()
        for report in reports:
            self._count(report.event, report.words, report.size)
        self._selector.unregister(served.reports)
        if not is_over:
            self._resting.append((time.monotonic() + _STATE_EVERY_S, served))
        else:
            self._served.remove(served)
            if served.is_lost():
                self._count("lost", f"{served.address}: the process that served it died.")
            self.state = replace(self.state, associations=len(self._served))

    def _wake(self, now: float) -> None:
        while self._resting and self._resting[0][0] <= now:
            _, served = self._resting.popleft()
            self._selector.register(served.reports, selectors.EVENT_READ, served)

    def _end(self) -> None:
        """Let everybody end what they do, and end those by force who do not."""
        for file in (self._door, self._owner):
            self._selector.unregister(file)
        self._door.close()
        self._stopping.close()
        for one in list(self._waiting):
            self._forget(one)
        until = time.monotonic() + _STOP_S
        while self._served and (left_s := until - time.monotonic()) > 0:
            self._wake(math.inf)
            for key, _ in self._selector.select(left_s):
                self._hear(key.data)
        for served in self._served:
            served.is_lost(patience_s=0)


def _listening_socket(listening: Listening) -> socket.socket:
    family = socket.AF_INET6 if ":" in listening.address else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform != "win32":  # there it would let another program take the port over
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((listening.address, listening.port))
        door.listen(64)
    except OSError:
        door.close()
        raise
    door.setblocking(False)
    return door


def server_context(listening: Listening) -> ssl.SSLContext | None:
    """Return how TLS is spoken with senders, None where it is not.

    With trusted certificates given, a sender must show one that they vouch for.

    Raises
    ------
    OSError : a certificate or key cannot be read (`ssl.SSLError` is one).
    """
    if listening.tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if listening.tls.certificate is not None:
        context.load_cert_chain(listening.tls.certificate, listening.tls.key)
    if listening.tls.trusted is not None:
        context.load_verify_locations(listening.tls.trusted)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def tell(state: ListenerState) -> None:
    """Write a state for the owner, as one line."""
    os.write(1, json.dumps(asdict(state)).encode() + b"\n")


def _owner(listening: Listening) -> socket.socket | int:
    """Return what becomes readable when the owner is gone."""
    if listening.is_forking:
        return 0
    ours, theirs = socket.socketpair()

    def watch() -> None:
        while os.read(0, 1):
            pass
        theirs.close()

    threading.Thread(target=watch, daemon=True).start()
    return ours


def main() -> int:
    """Listen as the line on standard input says, until that input ends."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return 2
        line += byte
    listening = listening_of(bytes(line))
    os.umask(0o077)
    try:
        reception = Reception(listening, _owner(listening))
    except OSError as error:
        where = f"{listening.address or 'any address'}, port {listening.port}"
        words = f"Diptych cannot listen on {where} ({error.strerror or error})."
        tell(ListenerState("failed", listening.port, words))
        return 1
    except DiptychError as error:
        tell(ListenerState("failed", listening.port, str(error)))
        return 1
    if hasattr(os, "set_blocking"):
        os.set_blocking(1, False)
    gc.freeze()  # what is loaded by now is shared with every process to come
    reception.run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
