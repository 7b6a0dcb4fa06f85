"""Our storage listener as its owner sees it: started, watched and stopped; off until then.

It runs in a process of its own, which starts one for each association; `viewer.net.reception` says
how, and what differs outside Linux. What arrives is listed by `viewer.net.arrivals`.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import viewer
from viewer.net.listening import ListenerState, Listening, state_of

START_S = 20.0
STOP_S = 1.8

_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT", "TEMP", "TMP", "LD_LIBRARY_PATH")
"""What the process inherits of our environment; nothing else in it is its business."""


class Listener:
    """Listens for senders while it is started; as a context, within it.

    Nothing of it outlives its owner: the processes end when this one does, however it ends.
    """

    def __init__(self, listening: Listening) -> None:
        """Take the settings; nothing is listened to before `start`."""
        self._listening = replace(listening, inbox=listening.inbox.resolve())
        self._state = ListenerState()
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._is_settled = threading.Event()

    @property
    def state(self) -> ListenerState:
        """What the listener is doing, and what it has done since the start."""
        return self._state

    @property
    def process(self) -> int | None:
        """The id of the process that listens, None while nothing does."""
        return self._process.pid if self._process is not None else None

    def start(self) -> ListenerState:
        """Start to listen, unless that is done; return how it went, in the end."""
        if self._process is not None and self._state.phase != "failed":
            return self._state
        self.stop()
        folder = self._listening.inbox
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            words = f"The folder for received images cannot be made ({error.strerror})."
            self._state = ListenerState("failed", words=words)
            return self._state
        self._state = ListenerState("starting", self._listening.port)
        self._is_settled.clear()
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment["PYTHONPATH"] = str(Path(viewer.__file__).parents[1])
        # Linear algebra starts threads of its own, which do not go with a fork.
        environment["OPENBLAS_NUM_THREADS"] = environment["OMP_NUM_THREADS"] = "1"
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "viewer.net.reception"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._follow, args=(self._process,), daemon=True)
        self._reader.start()
        self._write(self._process, self._listening.to_json().encode() + b"\n")
        if not self._is_settled.wait(START_S):
            self.stop()
            self._state = ListenerState("failed", words="The listener did not start in time.")
        return self._state

    def stop(self) -> None:
        """Stop to listen within two seconds; associations that are open are aborted."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            with contextlib.suppress(OSError):  # it ended before
                process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)
        _end_by_force(process)
        if self._reader is not None:
            self._reader.join(1.0)
        if process.stdout is not None:
            process.stdout.close()
        self._state = replace(self._state, phase="off", associations=0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @staticmethod
    def _write(process: subprocess.Popen[bytes], line: bytes) -> None:
        if process.stdin is not None:
            with contextlib.suppress(OSError):  # it died; whoever reads its output sees that
                process.stdin.write(line)
                process.stdin.flush()

    def _follow(self, process: subprocess.Popen[bytes]) -> None:
        """Take over every state that the process tells, until its output ends."""
        for line in process.stdout or ():
            try:
                self._state = state_of(line)
            except ValueError:
                continue
            self._is_settled.set()
        if self._process is process and self._state.phase != "failed":
            words = "The listener ended by itself. Start it again."
            self._state = replace(self._state, phase="failed", words=words, associations=0)
        self._is_settled.set()


def _end_by_force(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a process and of those that it started."""
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing is left
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        process.kill()
    process.wait(1.0)
