"""Heads of data elements, and stepping over sequences of undefined length without recursion.

Source: DICOM PS3.5 section 7.
"""

import struct
from dataclasses import dataclass

from viewer.core.errors import BadHeader
from viewer.io.sources import Source

UNDEFINED = 0xFFFFFFFF
DEPTH_LIMIT = 256
"""Sequences nested deeper than this are refused."""

ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD

_LONG = frozenset(
    vr.encode()
    for vr in "OB OD OF OL OV OW SQ SV UC UN UR UT UV".split()  # noqa: SIM905
)
_SHORT = frozenset(
    vr.encode()
    for vr in "AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split()  # noqa: SIM905
)
_HEADS = (struct.Struct("<4s2sH"), struct.Struct(">4s2sH"))
_IMPLICIT_HEADS = (struct.Struct("<4sI"), struct.Struct(">4sI"))
_LENGTHS = (struct.Struct("<I"), struct.Struct(">I"))
_TAGS = (struct.Struct("<HHI"), struct.Struct(">HHI"))


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


def element_head(data: bytes, place: int, coding: Coding) -> tuple[bytes, bytes, int, int]:
    """Return tag, value representation, length and where the value starts.

    The representation is empty in implicit data sets. At least 12 bytes must follow `place`
    (8 in implicit data sets).

    Raises
    ------
    OddElement : what stands there is no value representation.
    """
    if coding.is_implicit:
        tag, length = _IMPLICIT_HEADS[coding.is_big].unpack_from(data, place)
        return tag, b"", length, place + 8
    tag, vr, length = _HEADS[coding.is_big].unpack_from(data, place)
    if vr in _SHORT:
        return tag, vr, length, place + 8
    if vr in _LONG or _is_long_form(vr, length):
        (length,) = _LENGTHS[coding.is_big].unpack_from(data, place + 8)
        return tag, vr, length, place + 12
    return tag, vr, length, place + 8


def _is_long_form(vr: bytes, low: int) -> bool:
    """Tell whether an unknown value representation has a four-byte length.

    Source: DICOM PS3.5 section 7.1.2 and 6.2.2: new representations do. Old files with a
    misspelt two-byte one are recognised by a length that is not zero.
    """
    if not (vr.isalpha() and vr.isupper()):
        raise OddElement(f"value representation {vr!r}")
    return low == 0


def item_head(data: bytes, place: int, coding: Coding) -> tuple[int, int]:
    """Return tag, as a number, and length of an item or a delimiter."""
    group, element, length = _TAGS[coding.is_big].unpack_from(data, place)
    return group << 16 | element, length


def inner_coding(coding: Coding, vr: bytes) -> Coding:
    """Return how the items of a sequence are coded: UN of undefined length holds implicit ones.

    Source: DICOM PS3.5 section 6.2.2 note 2.
    """
    return IMPLICIT if vr == b"UN" else coding


def skip_undefined(source: Source, position: int, coding: Coding) -> int:
    """Return the position after a sequence of undefined length whose items start here.

    Raises
    ------
    OddElement : no item stands where one should, or the sequence does not end.
    BadHeader : nested deeper than `DEPTH_LIMIT`.
    """
    stack: list[_Open] = [(coding, False)]
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


_Open = tuple[Coding, bool]
"""One open sequence: how its items are coded, and whether one of them is open."""


def _skip_one(data: bytes, place: int, stack: list[_Open]) -> int:
    """Skip one delimiter, item or element of the innermost sequence; return what comes after."""
    coding, is_open = stack[-1]
    tag, length = item_head(data, place, coding)
    if tag == SEQUENCE_END:
        stack.pop()
        return place + 8
    if tag == ITEM_END:
        stack[-1] = (coding, False)
        return place + 8
    if tag == ITEM and not is_open:
        if length != UNDEFINED:
            return place + 8 + length
        stack[-1] = (coding, True)
        return place + 8
    if not is_open:
        raise OddElement("no item in a sequence")
    _, vr, length, value = element_head(data, place, coding)
    if length != UNDEFINED:
        return value + length
    stack.append((inner_coding(coding, vr), False))
    return value
