"""A child process with limits on memory and time, for work that a file could make go wrong.

What runs there can die, hang or eat memory without harm: the parent kills it and goes on.
"""

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

START_PATIENCE_S = 30.0
"""Time that a fresh process may take on top of its first answer."""

Serve = Callable[[Connection, int], None]


class ChildLost(Exception):  # noqa: N818 - named after what is wrong, and always translated
    """A child process ended or was given up; `how` completes "it ..." in words."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class ConfinedProcess:
    """One process and the connection to it; used by one thread at a time, killed from any.

    Parameters
    ----------
    serve : runs in the child with its end of the connection and the limit of its memory; answers
        requests until the other end closes, and calls `confine` once its libraries are loaded.
    limit_bytes : memory that the child may take on top of its own start.
    name : what the process is called.
    """

    def __init__(self, serve: Serve, limit_bytes: int, name: str) -> None:
        self._serve = serve
        self._limit_bytes = limit_bytes
        self._name = name
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._is_proved = False

    @property
    def pid(self) -> int | None:
        """Return the id of the process while it runs."""
        process = self._process
        try:
            return process.pid if process is not None and process.is_alive() else None
        except ValueError:  # another thread has closed it since
            return None

    def start(self) -> Connection:
        """Start the process, unless it runs, and return the connection to it."""
        if self._connection is not None and self.pid is not None:
            return self._connection
        self.stop()
        _allow_children()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=self._serve, args=(theirs, self._limit_bytes), name=self._name, daemon=True
        )
        process.start()
        theirs.close()
        self._process, self._connection, self._is_proved = process, ours, False
        return ours

    def ask(self, request: bytes, patience_s: float, longest: int) -> bytes:
        """Send a request and return the answer, of at most `longest` bytes.

        Raises
        ------
        ChildLost : it ended, took longer than `patience_s`, or said too much; it is stopped.
        """
        connection = self.start()
        wait_s = patience_s if self._is_proved else patience_s + START_PATIENCE_S
        try:
            connection.send_bytes(request)
            if not connection.poll(wait_s):
                self.stop()
                raise ChildLost(f"took longer than {wait_s:.0f} s")
            reply = connection.recv_bytes(longest)
        except (EOFError, OSError) as error:
            self.stop()
            raise ChildLost("ended its process") from error
        self._is_proved = True
        return reply

    def kill(self) -> None:
        """End the process from another thread; the one that waits for it sees the pipe close."""
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        """End the process, by force if it does not go at once, and forget it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            self._process.join(0.05)
            if self._process.is_alive():
                self._process.kill()
                self._process.join(5)
            self._process.close()
            self._process = None


def _allow_children() -> None:
    """Let a daemonic process, such as a worker of a Dask cluster, start children.

    Python refuses that because they would outlive it; those of this module go with their parent.
    """
    process = multiprocessing.current_process()
    if process.daemon:
        process.daemon = False


# ------------------------------------------------------------------------------ in the child


def confine(limit_bytes: int, niceness: int) -> None:
    """Step back in priority, leave Ctrl+C to the parent, go with it, and limit memory (Linux).

    To be called in the child once its libraries are loaded: what they take does not count.
    """
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(niceness)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_go_with, args=(parent.sentinel,), daemon=True).start()
    if sys.platform != "linux":
        return
    import resource

    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    own = int(pages) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (own + limit_bytes, own + limit_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _go_with(parent: int) -> None:
    """Leave when the parent has gone, however busy this process is."""
    wait([parent])
    os._exit(1)
