"""What a batch has done, in words for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.io.batch_record import Settled

if TYPE_CHECKING:
    from viewer.app.batch import BatchResult


def duration(seconds: float) -> str:
    """Return a time in words of at most two units: "40 s", "12 min", "3 h 20 min"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def lines(result: BatchResult, out: Path) -> Iterator[str]:
    """Yield what a batch has done as lines for a terminal, series that belong together in one."""
    done = result.of(Settled.DONE)
    speed = result.slices / result.elapsed_s if result.elapsed_s else 0.0
    yield f"{len(done)} of {len(result.outcomes) + result.left} series are enhanced in {out}."
    if result.there:
        yield f"{result.there} of all were settled before; this run did what was missing."
    if result.lost:
        yield f"{result.lost} of all had lost files since they were done, and were open again."
        yield "  What was left of them is kept beside, named *.damaged-N."
    if result.slices:
        yield f"{result.slices} slices in {duration(result.elapsed_s)}, {speed:.1f} a second."
    if result.damaged_lines:
        yield f"{result.damaged_lines} lines of the record were damaged and left out."
    yield from _told("caution", ((words, one.name) for one in done for words in one.cautions))
    for state in (Settled.REFUSED, Settled.FAILED):
        yield from _told(state.value, ((one.words, one.name) for one in result.of(state)))
    for skipped in result.unread:
        yield f"not read: {skipped.origin}: {skipped.reason}"
    if result.left:
        yield f"Stopped with {result.left} left. The same command does what is missing."


def _told(title: str, said: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield two lines for each of the words: the series that they are said of, and the words."""
    found: dict[str, list[str]] = {}
    for words, name in said:
        found.setdefault(words, []).append(name)
    for words, names in found.items():
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        yield f"{title}, {len(names)}: {', '.join(names[:5])}{more}"
        yield f"  {words}"
