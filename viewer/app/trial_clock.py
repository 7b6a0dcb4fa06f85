"""The time of one trial, read from a monotonic clock and handed out once."""

from collections.abc import Callable
from dataclasses import replace

from viewer.reader import watch
from viewer.reader.trials import Span
from viewer.reader.watch import Watch


class TrialClock:
    """Runs from the first frame of a trial to its commit; `read_s` adds up reading over trials."""

    def __init__(self, idle_s: float, now_ns: Callable[[], int]) -> None:
        self._idle_s, self._now_ns = idle_s, now_ns
        self._watch: Watch | None = None
        self.read_s = 0.0

    @property
    def is_running(self) -> bool:
        """True during a trial."""
        return self._watch is not None

    def start(self) -> None:
        """Begin a trial."""
        self._watch = watch.started(self._idle_s, self._now_ns())

    def stop(self) -> None:
        """End a trial; what was not taken is dropped."""
        self._watch = None

    def touch(self) -> None:
        """Note that the hand moved."""
        if self._watch is not None:
            self._watch = self._watch.touched(self._now_ns())

    def switch(self, kind: str) -> bool:
        """Note that something else goes on from now; False where nothing changes."""
        if self._watch is None or self._watch.kind == kind:
            return False
        self._watch = self._watch.switched(kind, self._now_ns())
        return True

    def take(self) -> tuple[Span, ...]:
        """Return all time of the trial that was not taken before."""
        if self._watch is None:
            return ()
        self._watch, spans = self._watch.taken(self._now_ns())
        self.read_s += watch.total_s(spans, watch.READING)
        return spans

    def put_back(self, spans: tuple[Span, ...]) -> None:
        """Keep time that could not be stored for the next try."""
        if self._watch is not None:
            self._watch = replace(self._watch, spans=(*spans, *self._watch.spans))
            self.read_s -= watch.total_s(spans, watch.READING)
