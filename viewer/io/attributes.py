"""Rarely needed attributes of one file, read with pydicom when they are asked for.

Look-up tables, ultrasound regions and radiopharmaceuticals are not part of the header walk.
"""

from viewer.io import pydicom_first  # noqa: F401 (before any part of pydicom)

# isort: split
from io import BytesIO
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag, Tag

from viewer.core.errors import BadHeader, UnreadableFile
from viewer.io.reading import opened, read_at
from viewer.io.sources import inflated
from viewer.io.syntaxes import DEFLATED

_ODD_VALUES = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    NotImplementedError,
    RecursionError,
    EOFError,
    OverflowError,
)
"""What pydicom raises for damaged files and values."""


def attributes(path: str, names: tuple[str | int, ...], syntax_uid: str = "") -> Dataset:
    """Return attributes of a file, named by keyword or tag, as far as they are there.

    A deflated file is inflated within the limits of the header walk.

    Raises
    ------
    UnreadableFile : the file is gone.
    BadHeader : the header cannot be read.
    """
    tags = [BaseTag(n) if isinstance(n, int) else Tag(n) for n in names]
    try:
        if syntax_uid == DEFLATED:
            with opened(path) as file:
                start = 144 + int.from_bytes(read_at(file, 4, 140), "little")
                data = inflated(file, start)
            return read_dataset(
                BytesIO(data), is_implicit_VR=False, is_little_endian=True, specific_tags=[*tags]
            )
        return dcmread(path, stop_before_pixels=True, force=True, specific_tags=[*tags])
    except OSError as error:
        raise UnreadableFile(f"A file could not be read ({error.strerror or error}).") from error
    except _ODD_VALUES as error:
        raise BadHeader(f"The header of a file could not be read ({error}).") from error


def value_of(dataset: Dataset, keyword: str) -> Any:
    """Return the value of an attribute; None when it is absent, empty or cannot be parsed."""
    try:
        value = dataset.get(keyword)
    except _ODD_VALUES:
        return None
    return None if value is None or value == "" else value


def number_of(dataset: Dataset, keyword: str) -> float | None:
    """Return an attribute as a number (the first, when there are several), or None."""
    value = value_of(dataset, keyword)
    if isinstance(value, (list, tuple)) or (
        hasattr(value, "__iter__") and not isinstance(value, str)
    ):
        value = next(iter(value), None)
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def items_of(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """Return the items of a sequence; none when it is absent or is no sequence."""
    value = value_of(dataset, keyword)
    try:
        return tuple(item for item in value or () if isinstance(item, Dataset))
    except TypeError:
        return ()
