"""Headers that are not coded as they should be, read by pydicom within limits."""

from viewer.io import pydicom_first  # noqa: F401 (before any part of pydicom)

# isort: split
import struct
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_dataset

from viewer.core.errors import BadHeader
from viewer.io.elements import Elements
from viewer.io.sequences import UNDEFINED, Coding
from viewer.io.tags import BIG, LITTLE, PIXEL_KEYWORDS, WANTED

SIZE_LIMIT = 64 * 1024 * 1024
"""At most this much of an odd file is looked at, in bytes."""

_TROUBLES = (
    ArithmeticError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
_KEYWORDS = {tag: keyword for keyword, (tag, _) in WANTED.items()}
_PIXEL_TAGS = {WANTED[keyword][0] for keyword in PIXEL_KEYWORDS}


def read_odd(path: str, start: int, coding: Coding) -> Elements:
    """Return the wanted attributes of an irregular data set that starts at byte `start`.

    Raises
    ------
    BadHeader : pydicom cannot make sense of it either.
    """
    with Path(path).open("rb") as file:
        file.seek(start)
        data = file.read(SIZE_LIMIT)
    stream = BytesIO(data)
    try:
        dataset = read_dataset(
            stream,
            is_implicit_VR=coding.is_implicit,
            is_little_endian=not coding.is_big,
            stop_when=_is_pixel_data,
        )
    except _TROUBLES as error:
        words = "nested too deeply" if isinstance(error, RecursionError) else "damaged"
        raise BadHeader(f"The header is {words} and cannot be read.") from error
    found = _elements(dataset, coding)
    end = stream.tell()
    found.end = start + end
    found.pixels = _pixels(data[end : end + 12], start + end, coding)
    return found


def _is_pixel_data(tag: int, _vr: str | None, _length: int) -> bool:
    return tag in _PIXEL_TAGS


def _elements(dataset: Dataset, coding: Coding) -> Elements:
    """Keep the raw values; sequences that pydicom has taken apart already are left out."""
    found = Elements(coding)
    for tag in dataset.keys():  # noqa: SIM118
        keyword = _KEYWORDS.get(int(tag))
        element: Any = dataset.get_item(tag)
        if keyword is None or not isinstance(element, RawDataElement):
            continue
        if element.value is not None:
            found.raw[keyword] = bytes(element.value)
            if element.VR and WANTED[keyword][1] != element.VR:
                found.odd[keyword] = element.VR
    return found


def _pixels(head: bytes, position: int, coding: Coding) -> tuple[str, int, int] | None:
    """Return keyword, position and length of the pixel data whose element starts with `head`."""
    keyword = (BIG if coding.is_big else LITTLE).get(head[:4])
    if keyword not in PIXEL_KEYWORDS or len(head) < 12:
        return None
    order = ">" if coding.is_big else "<"
    is_short = coding.is_implicit or not head[4:6].isalpha()
    (length,) = struct.unpack(f"{order}I", head[4:8] if is_short else head[8:12])
    value = position + (8 if is_short else 12)
    return (keyword, value, -1 if length == UNDEFINED else length)
