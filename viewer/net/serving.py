"""One association in a process of its own, as the process that listens starts and watches it.

The process tells what happens as short lines; they are counted and shown, and nothing else is made
of them: it reads what strangers send, and is not to be trusted.
"""

import contextlib
import os
import signal
import socket
import ssl
import threading
import time
import traceback
from dataclasses import dataclass

from viewer.net.confined import confine, only_files
from viewer.net.inbox import Inbox
from viewer.net.listening import Listening
from viewer.net.storage_scp import Event, StorageAssociation
from viewer.net.wire import PeerLeft, RudePeer, Wire

_EVENTS: dict[bytes, Event] = {
    b"a": "accepted",
    b"r": "refused",
    b"b": "broken",
    b"s": "stored",
    b"u": "unsaved",
}
_LETTERS = {event: letter for letter, event in _EVENTS.items()}
_LONGEST_LINE = 512


@dataclass(frozen=True, slots=True)
class Service:
    """What every association is served with; `stop` becomes readable when all are to end."""

    listening: Listening
    context: ssl.SSLContext | None
    inbox: Inbox
    stop: socket.socket


@dataclass(frozen=True, slots=True)
class Report:
    """Something that happened: a number of bytes with it, and words for the owner."""

    event: Event
    size: int
    words: str


class Served:
    """An association that is served. `reports` becomes readable when it has something to tell."""

    def __init__(self, service: Service, connection: socket.socket, address: str) -> None:
        """Serve a connection: fork, or start a thread where there is no forking.

        Raises
        ------
        OSError, RuntimeError : the system gives no process or thread.
        """
        self.address = address
        self._inbox = service.inbox
        self._process = 0
        self._rest = b""
        self.reports, theirs = socket.socketpair()
        try:
            if service.listening.is_forking:
                self._process = _forked(service, connection, address, theirs)
                theirs.close()
                connection.close()
            else:
                given = (service, connection, address, theirs)
                threading.Thread(target=_serve_in_thread, args=given, daemon=True).start()
        except (OSError, RuntimeError):
            self.reports.close()
            theirs.close()
            raise

    def heard(self) -> tuple[list[Report], bool]:
        """Return what was told since, and whether that was the last of it."""
        try:
            told = self.reports.recv(65536)
        except OSError:
            told = b""
        *lines, rest = (self._rest + told).split(b"\n")
        self._rest = rest[:_LONGEST_LINE]
        found = []
        for line in lines:
            size, _, words = line[1:_LONGEST_LINE].partition(b" ")
            event = _EVENTS.get(line[:1])
            if event is not None and size.isdigit() and len(size) < 16:
                found.append(Report(event, int(size), words.decode("ascii", "replace")))
        return found, not told

    def is_lost(self, patience_s: float = 0.5) -> bool:
        """End what is left of it, and tell whether it did not end well by itself."""
        self.reports.close()
        if not self._process or _status_of(self._process, patience_s) == 0:
            return False
        self._inbox.sweep(self._process)
        return True


def _status_of(process: int, patience_s: float) -> int:
    """Return how a process ended; it is killed unless it does so in time."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.002)
    os.kill(process, signal.SIGKILL)
    return os.waitpid(process, 0)[1]


def _forked(
    service: Service, connection: socket.socket, address: str, reports: socket.socket
) -> int:
    """Fork; return the id of the new process, which never returns from here."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        only_files(connection.fileno(), reports.fileno(), service.stop.fileno())
        confine(service.listening.most_object_bytes)
        _serve(service, connection, address, reports)
        status = 0
    finally:
        if status:
            traceback.print_exc()
        os._exit(status)


def _serve_in_thread(
    service: Service, connection: socket.socket, address: str, reports: socket.socket
) -> None:
    with reports:
        _serve(service, connection, address, reports)


def _serve(
    service: Service, connection: socket.socket, address: str, reports: socket.socket
) -> None:
    def tell(event: Event, size: int, words: str) -> None:
        text = words.encode("ascii", "replace").replace(b"\n", b" ")[:200]
        with contextlib.suppress(OSError):  # nobody listens any more, and we are told so soon
            reports.sendall(_LETTERS[event] + str(size).encode() + b" " + text + b"\n")

    wire = Wire(connection, service.stop)
    if service.context is not None:
        try:
            wire.secure(service.context, service.listening.acse_s)
        except (PeerLeft, RudePeer) as error:
            tell("refused", 0, f"{address}: {error}.")
            wire.close()
            return
    StorageAssociation(wire, service.listening, service.inbox, address, tell).serve()
