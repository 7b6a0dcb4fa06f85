"""One pass over a data set that keeps the raw values of the attributes in `tags.WANTED`.

Everything else is skipped by its length, without recursion. Source: DICOM PS3.5 section 7.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from viewer.core.errors import BadHeader
from viewer.io.runs import LONGEST_RUN, Runs
from viewer.io.sources import BytesSource, Source
from viewer.io.tags import BIG, LITTLE, PIXEL_KEYWORDS, WANTED

UNDEFINED = 0xFFFFFFFF
DEPTH_LIMIT = 256
"""Sequences nested deeper than this are refused."""

VALUE_LIMIT = 256 * 1024 * 1024
"""Largest single value (a sequence of functional groups) that is held in memory, in bytes."""

_LONG = frozenset(
    vr.encode()
    for vr in "OB OD OF OL OV OW SQ SV UC UN UR UT UV".split()  # noqa: SIM905
)
_SHORT = frozenset(
    vr.encode()
    for vr in "AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split()  # noqa: SIM905
)
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD


class OddElement(Exception):  # noqa: N818
    """The data set is not coded as it should be; another reader may make something of it."""


@dataclass(frozen=True, slots=True)
class Coding:
    """How a data set is coded."""

    is_implicit: bool = False
    is_big: bool = False


EXPLICIT = Coding()
IMPLICIT = Coding(is_implicit=True)
EXPLICIT_BIG = Coding(is_big=True)


@dataclass(slots=True)
class Elements:
    """Raw values by keyword, as one pass found them.

    `raw` holds the bytes as in the file, `odd` the value representation where the file states
    another than the dictionary, `sequences` the coding of the items of a sequence. `pixels` is
    (keyword, position, length), the length -1 when encapsulated.
    """

    coding: Coding = EXPLICIT
    raw: dict[str, bytes] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)
    pixels: tuple[str, int, int] | None = None
    is_cut_off: bool = False
    end: int = 0


_KEYS = (LITTLE, BIG)
_EXPECTED = {keyword: vr.encode() for keyword, (_, vr) in WANTED.items()}
_HEADS = (struct.Struct("<4s2sH"), struct.Struct(">4s2sH"))
_IMPLICIT_HEADS = (struct.Struct("<4sI"), struct.Struct(">4sI"))
_LENGTHS = (struct.Struct("<I"), struct.Struct(">I"))
_TAGS = (struct.Struct("<HHI"), struct.Struct(">HHI"))


def read_elements(source: Source, start: int, coding: Coding, runs: Runs | None = None) -> Elements:
    """Return the wanted attributes from `start` up to the pixel data or the end.

    `runs` remembers element headers from one file to the next.

    Raises
    ------
    OddElement : something that is not an element of this coding stands where one should.
    BadHeader : sequences nested too deeply, or a value above `VALUE_LIMIT`.
    """
    if coding.is_implicit:
        return _read_implicit(source, start, coding)
    return _read_explicit(source, start, coding, runs)


def _read_explicit(  # noqa: C901, PLR0912, PLR0915
    source: Source, start: int, coding: Coding, runs: Runs | None
) -> Elements:
    """Walk explicit VR elements; the hot loop of a scan, so everything is local."""
    found = Elements(coding)
    raw, keys = found.raw, _KEYS[coding.is_big]
    head = _HEADS[coding.is_big].unpack_from
    long_length = _LENGTHS[coding.is_big].unpack_from
    known = runs.known if runs is not None else {}
    walked: list[tuple[bytes, int, str, str]] = []
    data, base, position = source.chunk(start), start, 0
    end = len(data)
    while True:
        if end - position < 12:
            base += position
            data, position = source.chunk(base), 0
            if len(data) < 8:
                found.is_cut_off = bool(data.strip(b"\0"))
                found.end = base
                return found
            data += b"\0\0\0\0" if len(data) < 12 else b""
            end = len(data)
        first = data[position : position + 8]
        if first in known and (run := known[first]) is not None and runs is not None:
            if end - position >= run.size and run.heads.unpack_from(data, position) == run.expected:
                raw.update(zip(run.keywords, run.values.unpack_from(data, position), strict=True))
                found.odd.update(run.odd)
                position += run.size
                runs.learn(walked)
                walked = []
                continue
            runs.missed(first, run)
        tag, vr, length = head(data, position)
        value = position + 8
        if vr not in _SHORT and (vr in _LONG or _is_long_form(vr, length)):
            (length,) = long_length(data, position + 8)
            value = position + 12
        keyword = ""
        if tag in keys:
            keyword = keys[tag]
            if keyword in PIXEL_KEYWORDS:
                if runs is not None:
                    runs.learn(walked)
                return _stop_at_pixels(found, keyword, base + value, length)
            if vr != _EXPECTED[keyword]:
                found.odd[keyword] = vr.decode("latin-1")
            if length == UNDEFINED:
                after = _keep_undefined(source, found, keyword, base + value, vr) - base
            elif value + length <= end:
                after = value + length
                raw[keyword] = data[value:after]
            else:
                raw[keyword] = _value(source, base + value, length)
                after = value + length
        elif length == UNDEFINED:
            after = skip_undefined(source, base + value, coding, vr) - base
        else:
            after = value + length
        if runs is not None:
            if length != UNDEFINED and after <= end:
                odd = found.odd.get(keyword, "") if keyword else ""
                walked.append((data[position:value], length, keyword, odd))
            if length == UNDEFINED or after > end or len(walked) == LONGEST_RUN:
                runs.learn(walked)
                walked = []
        position = after
        if position > end:
            if base + position > source.size:
                return _cut_off(found, base + value)
            base += position
            data, position = source.chunk(base), 0
            end = len(data)


def _read_implicit(source: Source, start: int, coding: Coding) -> Elements:
    """Walk implicit VR elements."""
    found = Elements(coding)
    raw, keys = found.raw, _KEYS[coding.is_big]
    head = _IMPLICIT_HEADS[coding.is_big].unpack_from
    data, base, position = source.chunk(start), start, 0
    end = len(data)
    while True:
        if end - position < 8:
            base += position
            data, position = source.chunk(base), 0
            end = len(data)
            if end < 8:
                found.is_cut_off = bool(data.strip(b"\0"))
                found.end = base
                return found
        tag, length = head(data, position)
        value = position + 8
        if tag in keys:
            keyword = keys[tag]
            if keyword in PIXEL_KEYWORDS:
                return _stop_at_pixels(found, keyword, base + value, length)
            if length == UNDEFINED:
                position = _keep_undefined(source, found, keyword, base + value, b"SQ") - base
            elif value + length <= end:
                position = value + length
                raw[keyword] = data[value:position]
            else:
                raw[keyword] = _value(source, base + value, length)
                position = value + length
        elif length == UNDEFINED:
            position = skip_undefined(source, base + value, coding, b"SQ") - base
        else:
            position = value + length
        if position > end:
            if base + position > source.size:
                return _cut_off(found, base + value)
            base += position
            data, position = source.chunk(base), 0
            end = len(data)


def _is_long_form(vr: bytes, low: int) -> bool:
    """Tell whether an unknown value representation has a four-byte length.

    Source: DICOM PS3.5 section 7.1.2 and 6.2.2: new representations do. Old files with a
    misspelt two-byte one are recognised by a length that is not zero.

    Raises
    ------
    OddElement : what stands there is no value representation at all.
    """
    if not (vr.isalpha() and vr.isupper()):
        raise OddElement(f"value representation {vr!r}")
    return low == 0


def _stop_at_pixels(found: Elements, keyword: str, position: int, length: int) -> Elements:
    found.pixels = (keyword, position, -1 if length == UNDEFINED else length)
    found.end = position
    return found


def _cut_off(found: Elements, position: int) -> Elements:
    found.is_cut_off = True
    found.end = position
    return found


def _value(source: Source, position: int, length: int) -> bytes:
    if length > VALUE_LIMIT and position + length <= source.size:
        raise BadHeader(f"One value of the header has {length >> 20} MiB and was not read.")
    return source.read(position, min(length, VALUE_LIMIT))


def _keep_undefined(source: Source, found: Elements, keyword: str, position: int, vr: bytes) -> int:
    """Keep the items of a sequence of undefined length; return where it ends."""
    after = skip_undefined(source, position, found.coding, vr)
    found.raw[keyword] = _value(source, position, after - position)
    if vr == b"UN":
        found.odd[keyword] = "UN"
    return after


def skip_undefined(source: Source, position: int, coding: Coding, vr: bytes) -> int:
    """Return the position after a sequence of undefined length whose value starts here.

    The contents of UN of undefined length are implicit VR little endian. Source: DICOM PS3.5
    section 6.2.2 note 2 and 7.5.

    Raises
    ------
    OddElement : no item stands where one should.
    BadHeader : nested deeper than `DEPTH_LIMIT`.
    """
    is_implicit = coding.is_implicit or vr == b"UN"
    stack: list[_Open] = [(is_implicit, coding.is_big and vr != b"UN", False)]
    data, base, place = source.chunk(position), position, 0
    while stack:
        if len(data) - place < 12:
            base += place
            data, place = source.chunk(base), 0
            if len(data) < 8:
                raise OddElement("a sequence does not end")
            data += b"\0\0\0\0"
        place = _skip_one(data, place, stack)
        if len(stack) > DEPTH_LIMIT:
            raise BadHeader(f"The header nests sequences deeper than {DEPTH_LIMIT} levels.")
        if base + place > source.size:
            raise OddElement("a sequence runs beyond the end")
        if place > len(data):
            base += place
            data, place = source.chunk(base), 0
    return base + place


_Open = tuple[bool, bool, bool]
"""One open sequence: whether it is implicit and big endian, and whether an item of it is open."""


def _skip_one(data: bytes, place: int, stack: list[_Open]) -> int:
    """Skip one delimiter, item or element of the innermost sequence; return what comes after."""
    is_implicit, is_big, is_open = stack[-1]
    group, element, length = _TAGS[is_big].unpack_from(data, place)
    tag = group << 16 | element
    if tag == _SEQUENCE_END:
        stack.pop()
        return place + 8
    if tag == _ITEM_END:
        stack[-1] = (is_implicit, is_big, False)
        return place + 8
    if tag == _ITEM and not is_open:
        if length != UNDEFINED:
            return place + 8 + int(length)
        stack[-1] = (is_implicit, is_big, True)
        return place + 8
    if not is_open:
        raise OddElement("no item in a sequence")
    place, inner = _inner_element(data, place, is_implicit=is_implicit, is_big=is_big)
    if inner is not None:
        stack.append(inner)
    return place


def _inner_element(
    data: bytes, place: int, *, is_implicit: bool, is_big: bool
) -> tuple[int, _Open | None]:
    """Skip one element inside an open item, or enter the sequence that it is."""
    if is_implicit:
        _, length = _IMPLICIT_HEADS[is_big].unpack_from(data, place)
        value, vr = place + 8, b"SQ"
    else:
        _, vr, length = _HEADS[is_big].unpack_from(data, place)
        value = place + 8
        if vr not in _SHORT and (vr in _LONG or _is_long_form(vr, length)):
            (length,) = _LENGTHS[is_big].unpack_from(data, place + 8)
            value = place + 12
    if length != UNDEFINED:
        return value + length, None
    is_unknown = vr == b"UN"
    return value, (is_implicit or is_unknown, is_big and not is_unknown, False)


def items(elements: Elements, keyword: str) -> Iterator[Elements]:
    """Yield the wanted attributes of each item of a sequence that was kept; none when absent.

    Raises
    ------
    OddElement, BadHeader : as `read_elements`.
    """
    raw = elements.raw.get(keyword)
    if not raw:
        return
    is_unknown = elements.odd.get(keyword) == "UN"
    coding = IMPLICIT if is_unknown else elements.coding
    position = 0
    while position + 8 <= len(raw):
        group, element, length = _TAGS[coding.is_big].unpack_from(raw, position)
        tag = group << 16 | element
        if tag == _SEQUENCE_END:
            return
        if tag != _ITEM:
            raise OddElement(f"no item in {keyword}")
        position += 8
        if length == UNDEFINED:
            end = _item_end(raw, position, coding)
            yield read_elements(BytesSource(raw[position:end]), 0, coding)
            position = end + 8
        else:
            yield read_elements(BytesSource(raw[position : position + length]), 0, coding)
            position += length


def _item_end(raw: bytes, position: int, coding: Coding) -> int:
    """Return where the delimiter of an item of undefined length stands."""
    source = BytesSource(raw)
    while position + 8 <= len(raw):
        group, element, _ = _TAGS[coding.is_big].unpack_from(raw, position)
        if (group << 16 | element) in (_ITEM_END, _SEQUENCE_END):
            return position
        padded = raw[position : position + 12].ljust(12, b"\0")
        after, inner = _inner_element(
            padded, 0, is_implicit=coding.is_implicit, is_big=coding.is_big
        )
        position += after
        if inner is not None:
            vr = b"UN" if inner[0] and not coding.is_implicit else b"SQ"
            position = skip_undefined(source, position, coding, vr)
    return len(raw)
