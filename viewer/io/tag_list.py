"""Every attribute of a file as lines of text, for the tag browser; damaged files in part."""

from viewer.io import pydicom_first  # noqa: F401 (before any part of pydicom)

# isort: split
import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from pydicom.datadict import (
    dictionary_description,
    dictionary_has_tag,
    private_dictionary_description,
)
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset, read_partial
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from viewer.core.errors import DiptychError, UnreadableFile
from viewer.io.derivation import READING_ERRORS
from viewer.io.reading import opened, read_at
from viewer.io.sources import inflated


@dataclass(frozen=True, slots=True)
class TagLimits:
    """How much of a file is listed: characters of a value, lines, levels of the tree.

    Values above `value_bytes` are named by their size and not read.
    """

    characters: int = 256
    lines: int = 20_000
    depth: int = 32
    value_bytes: int = 65_536


@dataclass(frozen=True, slots=True)
class TagLine:
    """One attribute, or one item of a sequence (then `tag` and `vr` are empty).

    `depth` is the level in the tree: items are one below their sequence, attributes one below
    their item; `tag` is such as "0010,0010"; `name` is the standard's
    or the vendor's, "" when neither is known.
    """

    depth: int
    tag: str
    vr: str
    keyword: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class TagList:
    """The lines of a file, and in words what could not be read or is not listed ("" for all)."""

    lines: tuple[TagLine, ...]
    problem: str = ""


_NO_LIMITS_GIVEN = TagLimits()

DAMAGED = "The file is damaged: its values cannot be read."
NOT_DICOM = "There is nothing in this file that DICOM knows."
SHORT = "The file ends before its last value does."


def tag_list(path: Path, limits: TagLimits = _NO_LIMITS_GIVEN) -> TagList:
    """List a file's attributes with those of its file meta information first.

    A damaged file is listed as far as it can be read, and `problem` says so.

    Raises
    ------
    UnreadableFile : the file is gone or may not be read.
    """
    seen: list[tuple[BaseTag, str | None, int]] = []
    try:
        dataset = _read(path, limits, seen)
    except (*READING_ERRORS, DiptychError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # else pydicom's: a short file
            words = f"The file {path.name} could not be read ({error.strerror})."
            raise UnreadableFile(words) from error
        lines = [_seen_line(*one) for one in seen[: limits.lines]]
        return TagList(tuple(lines), DAMAGED if lines else NOT_DICOM)
    found = _listed(dataset, limits)
    if not any(line.keyword for line in found.lines):
        return TagList((), NOT_DICOM)
    size = path.stat().st_size
    is_short = not found.problem and any(_end(dataset, tag) > size for tag in list(dataset.keys()))
    return TagList(found.lines, SHORT) if is_short else found


def _end(dataset: Dataset, tag: BaseTag) -> int:
    """Return where in the file a value that was left there ends; 0 for values that were read."""
    raw: Any = dataset.get_item(tag, keep_deferred=True)
    is_left = isinstance(raw, RawDataElement) and raw.value is None
    return int(raw.value_tell + raw.length) if is_left and raw.length != 0xFFFFFFFF else 0


def _read(path: Path, limits: TagLimits, seen: list[tuple[BaseTag, str | None, int]]) -> Dataset:
    """Read all attributes, noting in `seen` which ones were reached."""

    def note(tag: BaseTag, vr: str | None, length: int) -> bool:
        seen.append((tag, vr, length))
        return False

    with path.open("rb") as file:
        if _is_deflated(file):
            return _read_deflated(path, note)
        return read_partial(file, stop_when=note, defer_size=limits.value_bytes, force=True)


def _is_deflated(file: BinaryIO) -> bool:
    """Look for the deflated transfer syntax in the first bytes, where file meta information is."""
    start = file.read(2048)
    file.seek(0)
    return DeflatedExplicitVRLittleEndian.encode() in start


def _read_deflated(path: Path, note: Any) -> Dataset:
    """Inflate within the limits of the header walk; no file can fill the memory."""
    with opened(os.fspath(path)) as descriptor:
        start = 144 + int.from_bytes(read_at(descriptor, 4, 140), "little")
        data = inflated(descriptor, start)
        head = read_at(descriptor, start, 0)
    dataset = read_dataset(BytesIO(data), is_implicit_VR=False, is_little_endian=True)
    dataset.file_meta = read_partial(BytesIO(head), stop_when=note, force=True).file_meta
    return dataset


def _seen_line(tag: BaseTag, vr: str | None, length: int) -> TagLine:
    size = "" if length == 0xFFFFFFFF else f"({length} bytes)"
    name = dictionary_description(tag) if dictionary_has_tag(tag) else ""
    return TagLine(0, _tag_text(tag), vr or "", "", name, size)


def _tag_text(tag: BaseTag) -> str:
    return f"{tag.group:04X},{tag.element:04X}"


# ------------------------------------------------------------------ lines


def _listed(dataset: Dataset, limits: TagLimits) -> TagList:
    lines: list[TagLine] = []
    problem = ""
    meta = getattr(dataset, "file_meta", None)
    try:
        for part in (meta, dataset):
            for line in _lines(part, 0, limits) if part is not None else ():
                if len(lines) == limits.lines:
                    problem = f"Only the first {limits.lines} attributes are listed."
                    return TagList(tuple(lines), problem)
                lines.append(line)
    except RecursionError:
        problem = "The file nests its sequences too deeply; the rest is not listed."
    return TagList(tuple(lines), problem)


def _lines(dataset: Dataset, depth: int, limits: TagLimits) -> Iterator[TagLine]:
    """Yield the lines of a data set in the order of its tags, sequences opened."""
    for tag in sorted(dataset.keys()):
        raw: Any = dataset.get_item(tag, keep_deferred=True)
        if isinstance(raw, RawDataElement) and raw.value is None and raw.length:
            yield _line(dataset, tag, raw.VR or "", depth, _size(raw.length))
            continue
        try:
            element = dataset[tag]
        except RecursionError:
            yield _line(dataset, tag, "SQ", depth, "(nested too deeply)")
            continue
        except READING_ERRORS:
            value = raw.value if isinstance(raw, RawDataElement) else None
            words = f"(not readable as {getattr(raw, 'VR', None) or 'its VR'}) {_bytes(value)}"
            yield _line(
                dataset, tag, getattr(raw, "VR", None) or "", depth, words[: limits.characters]
            )
            continue
        if element.VR == "SQ":
            yield from _sequence(dataset, element, depth, limits)
        else:
            yield _line(dataset, tag, element.VR, depth, value_text(element, limits))


def _sequence(
    dataset: Dataset, element: DataElement, depth: int, limits: TagLimits
) -> Iterator[TagLine]:
    items = list(element.value or ())
    count = f"{len(items)} item{'' if len(items) == 1 else 's'}"
    if depth >= limits.depth:
        yield _line(dataset, element.tag, "SQ", depth, f"{count} (nested too deeply to list)")
        return
    yield _line(dataset, element.tag, "SQ", depth, count)
    for number, item in enumerate(items, start=1):
        yield TagLine(depth + 1, "", "", "", f"Item {number}", "")
        yield from _lines(item, depth + 2, limits)


def _line(dataset: Dataset, tag: BaseTag, vr: str, depth: int, value: str) -> TagLine:
    keyword, name = "", ""
    if dictionary_has_tag(tag):
        element = DataElement(tag, "UN", b"")
        keyword, name = element.keyword, dictionary_description(tag)
    elif tag.is_private_creator:
        name = "Private Creator"
    elif tag.is_private:
        name = _private_name(dataset, tag)
    elif tag.element == 0:
        name = "Group Length"
    return TagLine(depth, _tag_text(tag), vr, keyword, name, value)


def _private_name(dataset: Dataset, tag: BaseTag) -> str:
    """Return a vendor's name for a private attribute, or its creator's, or nothing."""
    try:
        creator = str(dataset[Tag(tag.group, tag.element >> 8)].value)
    except READING_ERRORS:
        return "Private"
    try:
        return private_dictionary_description(tag, creator)
    except KeyError:
        return f"Private: {creator}"


def value_text(element: DataElement, limits: TagLimits = _NO_LIMITS_GIVEN) -> str:
    """Return a value as one line of at most `limits.characters` characters."""
    value = element.value
    if value is None:
        return ""
    if isinstance(value, bytes):
        text = _bytes(value)
    elif isinstance(value, MultiValue | list | tuple):
        text = "\\".join(str(one) for one in value[: limits.characters])
    elif isinstance(value, UID):
        text = f"{value} ({value.name})" if value.name not in ("", str(value)) else str(value)
    else:
        text = str(value)[: 4 * limits.characters]
    text = " ".join("".join(s if s.isprintable() else " " for s in text).split())
    return text if len(text) <= limits.characters else text[: limits.characters - 1] + "…"


def _bytes(value: bytes | None) -> str:
    if not value:
        return ""
    start = value[:16].hex(" ")
    return f"{_size(len(value))} {start}{' …' if len(value) > 16 else ''}"


def _size(length: int) -> str:
    return "(undefined length)" if length == 0xFFFFFFFF else f"({length:,} bytes)"
