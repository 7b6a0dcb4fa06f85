"""Work away from the window's thread: lanes of executors, progress, cancelling, delivery."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from functools import partial as bound
from typing import Any, TypeVar

from viewer.app.messages import Message, message_from
from viewer.core.errors import Cancelled

Result = TypeVar("Result")
Deliver = Callable[[Callable[[], None]], None]
"""Runs a callable on the window's thread (or at once, in tests and on the command line)."""


class Lane(Enum):
    """Queues of work; each has its own threads."""

    DRAW = "draw"
    VISIBLE = "visible"
    PREFETCH = "prefetch"
    INDEX = "index"
    COMPUTE = "compute"
    NETWORK = "network"


@dataclass(eq=False)
class Job:
    """One piece of work that was submitted; `title` is what the reader sees while it runs.

    `is_quiet` jobs (drawing, thumbnails) are not listed in the window.
    """

    title: str
    lane: Lane
    is_quiet: bool = False
    fraction: float = 0.0
    words: str = ""
    is_over: bool = False
    _cancel: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """Ask the work to stop at its next look at the flag."""
        self._cancel.set()

    def is_cancelled(self) -> bool:
        """True once somebody asked the work to stop."""
        return self._cancel.is_set()


def _nothing() -> None:
    """Do nothing: what a cancelled job has to say."""


class Progress:
    """What the work itself holds: the cancel flag, a place for progress and partial results."""

    def __init__(self, job: Job, jobs: "Jobs", partial: Callable[[Any], None] | None) -> None:
        self._job = job
        self._jobs = jobs
        self._partial = partial

    def is_cancelled(self) -> bool:
        """True once the work should stop."""
        return self._job.is_cancelled()

    def report(self, fraction: float, words: str = "") -> None:
        """Tell how far the work is, from 0 to 1."""
        self._job.fraction, self._job.words = fraction, words
        if not self._job.is_quiet:
            self._jobs.tell_changed()

    def publish(self, value: Any) -> None:
        """Hand a partial result to the window's thread, unless the job was cancelled."""
        partial = self._partial
        if partial is not None:
            self._jobs.deliver(lambda: None if self._job.is_cancelled() else partial(value))


class Jobs:
    """Owns the executors. Results, errors and partial results arrive through `deliver`.

    Parameters
    ----------
    deliver : runs a callable on the thread that owns the workspace.
    is_inline : run each job at once inside `submit` (tests, command line).
    """

    def __init__(self, deliver: Deliver, *, is_inline: bool = False) -> None:
        self._deliver = deliver
        self._is_inline = is_inline
        self._running: list[Job] = []
        self._lock = threading.Lock()
        self._is_closed = False
        self._executors: dict[Lane, ThreadPoolExecutor] = {}
        self._last: list[tuple[Lane, Callable[[], None]]] = []
        self.changed: Callable[[], None] = lambda: None
        self.failed: Callable[[Message], None] = lambda _message: None

    @property
    def running(self) -> tuple[Job, ...]:
        """Jobs that are waiting or running and that the reader should see."""
        with self._lock:
            return tuple(job for job in self._running if not job.is_quiet)

    @property
    def is_idle(self) -> bool:
        """True when nothing is waiting or running in any lane."""
        with self._lock:
            return not self._running

    def is_wanted(self, lane: Lane) -> bool:
        """True when a lane has more than the job that it works on; background work gives way."""
        with self._lock:
            return sum(job.lane is lane for job in self._running) > 1

    def deliver(self, call: Callable[[], None]) -> None:
        """Run a callable on the workspace's thread; dropped once the jobs are closed."""
        if not self._is_closed:
            self._deliver(call)

    def tell_changed(self) -> None:
        """Let the window know that the list of jobs or a figure in it has changed."""
        self.deliver(self.changed)

    def submit(
        self,
        lane: Lane,
        title: str,
        work: Callable[[Progress], Result],
        done: Callable[[Result], None],
        *,
        partial: Callable[[Any], None] | None = None,
        failed: Callable[[Message], None] | None = None,
        ended: Callable[[Job], None] | None = None,
        is_quiet: bool = False,
    ) -> Job:
        """Run `work` in a lane and hand its result to `done` on the workspace's thread.

        An error of ours becomes a `Message` for `failed` (by default the window's messages); a
        cancelled job delivers neither. `ended` is called last, however the job came to its end.
        """
        job = Job(title, lane, is_quiet)
        progress = Progress(job, self, partial)
        with self._lock:
            self._running.append(job)
        if not is_quiet:
            self.tell_changed()

        def run() -> None:
            self._run(job, lambda: work(progress), done, failed or self.failed, ended)

        if self._is_inline:
            run()
        elif self._is_closed:
            self._forget(job)
        else:
            future = self._executor(lane).submit(run)
            future.add_done_callback(lambda f: self._dropped(job, f))
        return job

    def _executor(self, lane: Lane) -> ThreadPoolExecutor:
        if lane not in self._executors:
            count = max(2, os.cpu_count() or 2) if lane in (Lane.DRAW, Lane.VISIBLE) else 1
            self._executors[lane] = ThreadPoolExecutor(count, f"diptych-{lane.value}")
        return self._executors[lane]

    def _run(
        self,
        job: Job,
        work: Callable[[], Result],
        done: Callable[[Result], None],
        failed: Callable[[Message], None],
        ended: Callable[[Job], None] | None,
    ) -> None:
        try:
            result = None if job.is_cancelled() else work()
            last = _nothing if result is None else bound(done, result)
        except Cancelled:
            last = _nothing
        except Exception as error:  # noqa: BLE001 - the one place where defects become messages
            message = message_from(error)
            last = bound(failed, message)
        self._finish(job, last, ended)

    def _finish(
        self, job: Job, last: Callable[[], None], ended: Callable[[Job], None] | None
    ) -> None:
        def end() -> None:
            try:
                if not job.is_cancelled():
                    last()
            finally:
                self._forget(job)
                if ended is not None:
                    ended(job)

        if self._is_closed:
            self._forget(job)
        else:
            self._deliver(end)

    def _forget(self, job: Job) -> None:
        job.is_over = True
        with self._lock:
            if job in self._running:
                self._running.remove(job)
        if not job.is_quiet:
            self.tell_changed()

    def at_close(self, lane: Lane, call: Callable[[], None]) -> None:
        """Run `call` as the last thing in a lane, on its own thread, when the jobs are closed."""
        self._last.append((lane, call))

    def _dropped(self, job: Job, future: "Future[None]") -> None:
        if future.cancelled():
            self._forget(job)

    def close(self, timeout_s: float = 5.0) -> tuple[str, ...]:
        """Cancel everything, wait a bounded time, and return the titles of what was cut off."""
        with self._lock:
            running = tuple(self._running)
        for job in running:
            job.cancel()
        if self._is_closed:
            return ()
        self._is_closed = True
        for lane, call in self._last:
            if lane in self._executors:
                self._executors[lane].submit(call)
        for executor in self._executors.values():
            executor.shutdown(wait=False)
        threads = [t for e in self._executors.values() for t in e._threads]
        for thread in threads:
            thread.join(timeout_s / max(1, len(threads)))
        with self._lock:
            return tuple(job.title for job in self._running if not job.is_over)
