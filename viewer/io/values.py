"""Raw values of attributes as text and numbers; anything that does not parse is absent.

Source: DICOM PS3.5 section 6.2, and PS3.3 C.12.1.1.2 for character sets.
"""

import math
import re
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from viewer.io.elements import Elements
from viewer.io.sequences import Coding
from viewer.io.tags import WANTED

LONGEST_TEXT = 1024
"""Text beyond this many characters is cut: no attribute that is kept may be longer."""

_NUMBERS = {
    "US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "UV": "Q", "SV": "q",
    "OF": "f", "OD": "d",
}  # fmt: skip
_LATIN = frozenset({b"", b"ISO_IR 6", b"ISO_IR 100", b"ISO 2022 IR 6", b"ISO 2022 IR 100"})
_UNICODE = {b"ISO_IR 192": "utf-8", b"GB18030": "gb18030", b"GBK": "gbk"}
_ESCAPE = 0x1B
_LEFT_ESCAPES = re.compile("\x1b[$()*+,./-]{1,2}[@-~]")
"""Code extensions that the decoder leaves in the text."""


@lru_cache(maxsize=8192)
def decode_text(raw: bytes, charset: bytes = b"", *, is_name: bool = False) -> str:
    """Return text of VR LO, SH, ST, PN and so on, without padding, at most 1,024 characters.

    Parameters
    ----------
    charset : raw value of Specific Character Set; an unknown one reads as Latin-1.
    is_name : component groups of a person name are decoded apart.
    """
    raw = raw[: 8 * LONGEST_TEXT]
    if raw.isascii() and _ESCAPE not in raw:
        text = raw.decode("ascii")
    else:
        text = _decode_other(raw, charset.strip(b" \0"), is_name=is_name)
    text = text.strip(" \0\t\r\n")[:LONGEST_TEXT]
    return text.rstrip("=") if is_name else text


def _decode_other(raw: bytes, charset: bytes, *, is_name: bool) -> str:
    """Decode text beyond ASCII; pydicom knows the code extensions and is loaded only here."""
    if charset in _LATIN:
        return raw.decode("latin-1")
    if charset in _UNICODE:
        return raw.decode(_UNICODE[charset], errors="replace")
    from viewer.io import pydicom_first  # noqa: F401, I001 (before any part of pydicom)
    from pydicom.charset import decode_bytes, python_encoding

    names = [part.strip(b" \0").decode("latin-1") for part in charset.split(b"\\")]
    codecs = [python_encoding.get(name, "iso8859") for name in names]
    if _ESCAPE not in raw:
        return raw.decode(codecs[0], errors="replace")
    if not is_name:
        decoded = decode_bytes(raw, codecs, {0x0A, 0x0C, 0x0D, 0x09, 0x5C})
    else:
        decoded = "=".join(decode_bytes(part, codecs, {0x5E}) for part in raw.split(b"="))
    return _LEFT_ESCAPES.sub("", decoded)


Value = TypeVar("Value")


Maker = Callable[[Elements], Value]


def depends_on(*keywords: str) -> Callable[[Maker[Value]], Maker[Value]]:
    """Let files that agree in these attributes share what a function makes of them.

    The function sees the attributes named, and no others; what it returns must not be changed.
    """
    names = frozenset(keywords)

    def decorate(make: Maker[Value]) -> Maker[Value]:
        @lru_cache(maxsize=512)
        def remembered(
            coding: Coding,
            values: tuple[bytes | None, ...],
            odd: tuple[tuple[str, str], ...],
        ) -> Value:
            raw = {k: v for k, v in zip(keywords, values, strict=True) if v is not None}
            return make(Elements(coding, raw, dict(odd)))

        def shared(elements: Elements) -> Value:
            odd = tuple(pair for pair in elements.odd.items() if pair[0] in names)
            return remembered(elements.coding, tuple(map(elements.raw.get, keywords)), odd)

        return shared

    return decorate


def text(elements: Elements, keyword: str) -> str:
    """Return the text of an attribute; "" when absent."""
    raw = elements.raw.get(keyword)
    if not raw:
        return ""
    charset = elements.raw.get("SpecificCharacterSet", b"")
    return decode_text(raw, charset, is_name=WANTED[keyword][1] == "PN")


@lru_cache(maxsize=8192)
def decode_code(raw: bytes) -> str:
    """Return a UID or a code string: Latin-1 without padding."""
    return raw.decode("latin-1").strip(" \0\t\r\n")


def code(elements: Elements, keyword: str) -> str:
    """Return a UID, code string, date or time as written; "" when absent."""
    raw = elements.raw.get(keyword)
    return decode_code(raw) if raw else ""


def codes(elements: Elements, keyword: str) -> tuple[str, ...]:
    """Return the values of a code string attribute; empty when absent."""
    raw = elements.raw.get(keyword)
    return _split(raw) if raw else ()


@lru_cache(maxsize=2048)
def _split(raw: bytes) -> tuple[str, ...]:
    return tuple(part.strip(" \0\t\r\n") for part in decode_code(raw).split("\\"))


@lru_cache(maxsize=8192)
def decode_decimals(raw: bytes) -> tuple[float, ...]:
    """Return decimal or integer strings as numbers; empty when one of them is not a number."""
    try:
        values = tuple(float(part.strip(b" \0")) for part in raw.rstrip(b" \0").split(b"\\"))
    except ValueError:
        return ()
    if b"_" in raw or not all(map(math.isfinite, values)):
        return ()
    return values


def numbers(elements: Elements, keyword: str) -> tuple[float, ...]:
    """Return the numbers of an attribute of any representation; empty when absent or wrong."""
    raw = elements.raw.get(keyword)
    if not raw:
        return ()
    vr = elements.odd.get(keyword, "") or WANTED[keyword][1]
    if vr not in _NUMBERS:
        expected = WANTED[keyword][1]
        if vr in ("DS", "IS") or expected not in _NUMBERS or len(vr) != 2 or vr in _TEXTS:
            return decode_decimals(raw)
        vr = expected
    return decode_binary(raw, vr, is_big=elements.coding.is_big)


_TEXTS = frozenset({"LO", "SH", "CS", "ST", "LT", "UT", "UC"})


def decode_binary(raw: bytes, vr: str, *, is_big: bool) -> tuple[float, ...]:
    """Return binary numbers of value representation `vr`; bytes over are left out."""
    kind = _NUMBERS[vr]
    count = len(raw) // struct.calcsize(kind)
    values = struct.unpack_from(f"{'>' if is_big else '<'}{count}{kind}", raw)
    if kind in "fd" and not all(map(math.isfinite, values)):
        return ()
    return values


def number(elements: Elements, keyword: str) -> float | None:
    """Return the first number of an attribute; None when absent or not a number."""
    values = numbers(elements, keyword)
    return values[0] if values else None


def whole(elements: Elements, keyword: str) -> int | None:
    """Return the first number of an attribute as an integer; None when absent or not one."""
    values = numbers(elements, keyword)
    return int(values[0]) if values and values[0] == int(values[0]) else None


def short(elements: Elements, keyword: str) -> int | None:
    """Return an unsigned 16-bit number such as Rows, the fast way; None when absent."""
    raw = elements.raw.get(keyword)
    if raw is None or len(raw) != 2 or keyword in elements.odd:
        return whole(elements, keyword)
    return raw[0] << 8 | raw[1] if elements.coding.is_big else raw[1] << 8 | raw[0]
