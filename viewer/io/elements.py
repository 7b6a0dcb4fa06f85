"""One pass over a data set that keeps the raw values of the attributes in `tags.WANTED`.

Everything else is skipped by its length, without recursion. Source: DICOM PS3.5 section 7.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from viewer.core.errors import BadHeader
from viewer.io.runs import LONGEST_RUN, Piece, Runs
from viewer.io.sequences import (
    EXPLICIT,
    IMPLICIT,
    ITEM,
    ITEM_END,
    SEQUENCE_END,
    UNDEFINED,
    Coding,
    OddElement,
    element_head,
    inner_coding,
    item_head,
    skip_undefined,
)
from viewer.io.sources import BytesSource, Source
from viewer.io.tags import BIG, LITTLE, PIXEL_KEYWORDS, WANTED

VALUE_LIMIT = 256 * 1024 * 1024
"""Largest single value (a sequence of functional groups) that is held in memory, in bytes."""

_KEYS = (LITTLE, BIG)
_EXPECTED = {keyword: vr.encode() for keyword, (_, vr) in WANTED.items()}


@dataclass(slots=True)
class Elements:
    """Raw values by keyword, as one pass found them.

    `raw` holds the bytes as in the file, `odd` the value representation where the file states
    another than the dictionary. `pixels` is (keyword, position, length), the length -1 when
    encapsulated. `is_cut_off` says that the source ended within an element; `end` where the pass
    ended.
    """

    coding: Coding = EXPLICIT
    raw: dict[str, bytes] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)
    pixels: tuple[str, int, int] | None = None
    is_cut_off: bool = False
    end: int = 0


def read_elements(source: Source, start: int, coding: Coding, runs: Runs | None = None) -> Elements:
    """Return the wanted attributes from `start` up to the pixel data or the end.

    `runs` remembers element headers from one file to the next.

    Raises
    ------
    OddElement : something that is not an element of this coding stands where one should.
    BadHeader : sequences nested too deeply, or a value above `VALUE_LIMIT`.
    """
    walk = _Walk(source, start, coding, runs)
    while walk.is_element_next() and (walk.jump() or walk.step()):
        pass
    return walk.found


class _Walk:
    """A pass over one data set: the bytes at hand, and where in them the next element starts."""

    __slots__ = (
        "base",
        "coding",
        "data",
        "end",
        "found",
        "keys",
        "place",
        "runs",
        "shortest",
        "source",
        "walked",
    )

    def __init__(self, source: Source, start: int, coding: Coding, runs: Runs | None) -> None:
        self.source = source
        self.coding = coding
        self.runs = runs
        self.found = Elements(coding)
        self.keys = _KEYS[coding.is_big]
        self.shortest = 8 if coding.is_implicit else 12
        self.walked: list[Piece] = []
        self.data = source.chunk(start)
        self.base = start
        self.place = 0
        self.end = len(self.data)

    def is_element_next(self) -> bool:
        """Have the next element's head at hand; False at the end of the source."""
        if self.end - self.place >= self.shortest:
            return True
        self.base += self.place
        self.data, self.place = self.source.chunk(self.base), 0
        if len(self.data) < 8:
            self.found.is_cut_off = bool(self.data.strip(b"\0"))
            self.found.end = self.base
            return False
        if len(self.data) < self.shortest:
            self.data += b"\0\0\0\0"
        self.end = len(self.data)
        return True

    def jump(self) -> bool:
        """Step over a whole run of elements whose headers are known; False when there is none."""
        if self.runs is None:
            return False
        run = self.runs.known.get(self.data[self.place : self.place + 8])
        if run is None:
            return False
        is_same = (
            self.end - self.place >= run.size
            and run.heads.unpack_from(self.data, self.place) == run.expected
        )
        if not is_same:
            self.runs.missed(run)
            return False
        values = run.values.unpack_from(self.data, self.place)
        self.found.raw.update(zip(run.keywords, values, strict=True))
        if run.odd:
            self.found.odd.update(run.odd)
        self.place += run.size
        self._learn()
        return True

    def step(self) -> bool:
        """Step over one element, keeping it when it is wanted; False at the pixel data or the end.

        Raises OddElement and BadHeader as `read_elements` does.
        """
        tag, vr, length, value = element_head(self.data, self.place, self.coding)
        keyword = self.keys.get(tag, "")
        if keyword in PIXEL_KEYWORDS:
            size = -1 if length == UNDEFINED else length
            self.found.pixels = (keyword, self.base + value, size)
            self.found.end = self.base + value
            self._learn()
            return False
        odd = vr.decode("latin-1") if keyword and vr and vr != _EXPECTED[keyword] else ""
        if odd:
            self.found.odd[keyword] = odd
        if length == UNDEFINED:
            return self._step_over_sequence(keyword, vr, value)
        after = value + length
        if after > self.end:
            return self._step_far(keyword, value, length)
        if keyword:
            self.found.raw[keyword] = self.data[value:after]
        if self.runs is not None:
            self.walked.append((self.data[self.place : value], length, keyword, odd))
            if len(self.walked) == LONGEST_RUN:
                self._learn()
        self.place = after
        return True

    def _learn(self) -> None:
        if self.walked and self.runs is not None:
            self.runs.learn(self.walked)
            self.walked = []

    def _step_over_sequence(self, keyword: str, vr: bytes, value: int) -> bool:
        """Step over a sequence of undefined length."""
        start = self.base + value
        after = skip_undefined(self.source, start, inner_coding(self.coding, vr))
        if keyword:
            self.found.raw[keyword] = _value(self.source, start, after - start)
        self._learn()
        self._move(after)
        return True

    def _step_far(self, keyword: str, value: int, length: int) -> bool:
        """Step over an element that ends beyond the bytes at hand; False when it is cut off."""
        start = self.base + value
        if start + length > self.source.size:
            self.found.is_cut_off = True
            self.found.end = start
            return False
        if keyword:
            self.found.raw[keyword] = _value(self.source, start, length)
        self._learn()
        self._move(start + length)
        return True

    def _move(self, position: int) -> None:
        """Go to a position of the source, reading there when it is not at hand."""
        if position - self.base > self.end:
            self.base = position
            self.data = self.source.chunk(position)
            self.end = len(self.data)
        self.place = position - self.base


def _value(source: Source, position: int, length: int) -> bytes:
    if length > VALUE_LIMIT:
        raise BadHeader(f"One value of the header has {length >> 20} MiB and was not read.")
    return source.read(position, length)


def items(elements: Elements, keyword: str) -> Iterator[Elements]:
    """Yield the wanted attributes of each item of a sequence that was kept; none when absent.

    Raises
    ------
    OddElement, BadHeader : as `read_elements`.
    """
    raw = elements.raw.get(keyword)
    if not raw:
        return
    coding = IMPLICIT if elements.odd.get(keyword) == "UN" else elements.coding
    place = 0
    while place + 8 <= len(raw):
        tag, length = item_head(raw, place, coding)
        if tag == SEQUENCE_END:
            return
        if tag != ITEM:
            raise OddElement(f"no item in {keyword}")
        place += 8
        end = _item_end(raw, place, coding) if length == UNDEFINED else place + length
        yield read_elements(BytesSource(raw[place:end]), 0, coding)
        place = end + (8 if length == UNDEFINED else 0)


def _item_end(raw: bytes, place: int, coding: Coding) -> int:
    """Return where the delimiter of an item of undefined length stands."""
    source = BytesSource(raw)
    while place + 8 <= len(raw):
        if item_head(raw, place, coding)[0] in (ITEM_END, SEQUENCE_END):
            return place
        head = raw[place : place + 12].ljust(12, b"\0")
        _, vr, length, value = element_head(head, 0, coding)
        place += value
        if length == UNDEFINED:
            place = skip_undefined(source, place, inner_coding(coding, vr))
        else:
            place += length
    return len(raw)
