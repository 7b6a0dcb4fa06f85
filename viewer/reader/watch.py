"""Time at a trial, apart by what the reader did: reading, idle, elsewhere, pausing."""

from dataclasses import dataclass, replace

from viewer.reader.trials import Span

READING, IDLE, UNFOCUSED, PAUSED = ("reading", "idle", "unfocused", "paused")
_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Watch:
    """A stop watch in nanoseconds of one monotonic clock, which the caller reads.

    `kind` is what goes on since `since_ns`; `input_ns` is when the hand last moved. `spans` are
    stretches that ended and were not taken yet. Reading turns into idle `idle_s` after the last
    input (never where it is 0), in retrospect: the stretch is cut where the hand came to rest.
    """

    idle_s: float
    kind: str
    since_ns: int
    input_ns: int
    spans: tuple[Span, ...] = ()

    def touched(self, now_ns: int) -> "Watch":
        """Return the watch after the hand moved."""
        if self._is_idle(now_ns):
            return replace(self._cut(now_ns), input_ns=now_ns)
        return replace(self, input_ns=now_ns)

    def switched(self, kind: str, now_ns: int) -> "Watch":
        """Return the watch with something else going on from now."""
        if kind == self.kind:
            return self
        return replace(self._cut(now_ns), kind=kind, input_ns=now_ns)

    def taken(self, now_ns: int) -> tuple["Watch", tuple[Span, ...]]:
        """Return the watch and all time up to now that was not taken before."""
        cut = self._cut(now_ns)
        return (replace(cut, spans=()), cut.spans)

    def _is_idle(self, now_ns: int) -> bool:
        rest = now_ns - max(self.input_ns, self.since_ns)
        return self.kind == READING and self.idle_s > 0 and rest > self.idle_s * _S

    def _cut(self, now_ns: int) -> "Watch":
        """Return the watch with the present stretch ended, and begun anew, at this instant."""
        edge = now_ns
        found: list[Span] = []
        if self._is_idle(now_ns):
            edge = int(max(self.input_ns, self.since_ns) + self.idle_s * _S)
            found.append(Span(IDLE, edge, now_ns))
        if edge > self.since_ns:
            found.insert(0, Span(self.kind, self.since_ns, edge))
        return replace(self, since_ns=now_ns, spans=(*self.spans, *found))


def started(idle_s: float, now_ns: int, kind: str = READING) -> Watch:
    """Return a watch that starts now."""
    return Watch(idle_s, kind, now_ns, now_ns)


def total_s(spans: tuple[Span, ...], kind: str) -> float:
    """Return the seconds that were spent on one kind."""
    return sum(span.ended_ns - span.started_ns for span in spans if span.kind == kind) / _S
