"""Runs of element headers that came before, so that the next file of a series is read faster.

The files of a series have nearly the same elements. A run holds the headers (tag, value
representation, length) of consecutive elements. Where all headers of a run stand in the next file
exactly as they did in the last, the values lie at the same distances, so one comparison replaces a
walk over the elements. Nothing is assumed: a header that differs is walked.
"""

from dataclasses import dataclass
from struct import Struct

LONGEST_RUN = 24
"""Most elements of one run."""

Piece = tuple[bytes, int, str, str]
"""An element: its header, length of the value, keyword or "", and its representation if odd."""

_PATIENCE = 8
_MOST_RUNS = 4096


@dataclass(slots=True)
class Run:
    """Consecutive elements of defined length.

    `heads` takes the headers and skips the values, `values` takes the wanted values and skips the
    rest; `misses` counts files in which the run began and did not hold.
    """

    expected: tuple[bytes, ...]
    heads: Struct
    keywords: tuple[str, ...]
    values: Struct
    odd: tuple[tuple[str, str], ...]
    size: int
    misses: int = 0


class Runs:
    """The runs seen so far by their first header; owned by one scan and used in its thread."""

    __slots__ = ("known",)

    def __init__(self) -> None:
        """Start without any."""
        self.known: dict[bytes, Run | None] = {}

    def missed(self, run: Run) -> None:
        """Count a file in which a run did not hold; one that often fails is not tried again."""
        run.misses += 1
        if run.misses > _PATIENCE:
            self.known[run.expected[0][:8]] = None

    def learn(self, pieces: list[Piece]) -> None:
        """Take elements that were walked one after the other."""
        if len(pieces) < 2 or len(self.known) >= _MOST_RUNS or pieces[0][0][:8] in self.known:
            return
        heads, values = "<", "<"
        skipped = 0
        keywords = []
        for header, length, keyword, _ in pieces:
            heads += f"{len(header)}s{length}x"
            if keyword:
                values += f"{skipped + len(header)}x{length}s"
                skipped = 0
                keywords.append(keyword)
            else:
                skipped += len(header) + length
        self.known[pieces[0][0][:8]] = Run(
            expected=tuple(piece[0] for piece in pieces),
            heads=Struct(heads),
            keywords=tuple(keywords),
            values=Struct(values),
            odd=tuple((keyword, vr) for _, _, keyword, vr in pieces if vr),
            size=sum(len(header) + length for header, length, _, _ in pieces),
        )
