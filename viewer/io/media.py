"""The index of a medium (DICOMDIR): which files it names, and which of them are not there."""

import os
from pathlib import Path

from viewer.core.errors import DiptychError
from viewer.core.study import Skipped
from viewer.io.elements import Elements, items
from viewer.io.header import find_beginning, read_header
from viewer.io.reading import opened
from viewer.io.sequences import OddElement
from viewer.io.sources import FileSource
from viewer.io.values import codes

MISSING_LIMIT = 1000
"""At most this many missing files of one medium are listed."""


def check_directory(path: Path) -> list[Skipped]:
    """Return the files that a DICOMDIR names and that are not below its folder.

    Names are compared without regard to case, as ISO 9660 media are read. A name that leads out
    of the folder, directly or by a link, is refused. Source: DICOM PS3.10 section 8, PS3.12.
    """
    root = path.parent
    real_root = os.path.realpath(root)
    found: list[Skipped] = []
    try:
        names = named_files(path)
    except (DiptychError, OddElement) as error:
        return [Skipped(str(path), "damaged", f"The index of the medium is damaged: {error}")]
    for name in dict.fromkeys(names):
        trouble = _trouble(root, real_root, name)
        if trouble:
            found.append(Skipped(os.path.join(root, *name), "unreadable", trouble))  # noqa: PTH118
        if len(found) == MISSING_LIMIT:
            words = f"More than {MISSING_LIMIT} files that the index names are missing."
            return [*found, Skipped(str(path), "unreadable", words)]
    return found


def named_files(path: Path) -> list[tuple[str, ...]]:
    """Return the file IDs of a DICOMDIR as tuples of name components, in its order.

    Raises
    ------
    UnreadableFile, NotDicom, BadHeader, OddElement : the index cannot be read.
    """
    with opened(str(path)) as file:
        source = FileSource(file)
        elements, _ = read_header(source, find_beginning(source), str(path))
    return [
        name for record in items(elements, "DirectoryRecordSequence") if (name := _name(record))
    ]


def _name(record: Elements) -> tuple[str, ...]:
    return tuple(part for part in codes(record, "ReferencedFileID") if part)


def _trouble(root: Path, real_root: str, name: tuple[str, ...]) -> str:
    """Say what is wrong with a named file; "" when it is there and inside the folder."""
    is_outside = any(
        part in (".", "..") or "/" in part or "\0" in part or ":" in part for part in name
    )
    if is_outside:
        return "The index of the medium names a file outside of its folder; it was not read."
    place = _resolve(root, name)
    if place is None:
        return "The index of the medium names this file, and it is not there."
    if os.path.commonpath([real_root, os.path.realpath(place)]) != real_root:
        return "The index of the medium names a link that leads out of its folder."
    return ""


def _resolve(root: Path, name: tuple[str, ...]) -> Path | None:
    """Find a file by its components, without regard to case and version numbers (";1")."""
    place = root.joinpath(*name)
    if place.exists():
        return place
    place = root
    for part in name:
        wanted = part.casefold()
        try:
            children = list(place.iterdir())
        except OSError:
            return None
        same = [c for c in children if c.name.split(";")[0].rstrip(".").casefold() == wanted]
        if not same:
            return None
        place = same[0]
    return place
