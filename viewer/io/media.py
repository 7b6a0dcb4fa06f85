"""The index of a medium (DICOMDIR): which files it names, and which of them are not there."""

import os
from collections.abc import Callable, Iterable
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

MISSING = "The index of the medium names this file, and it is not there."


def check_directory(path: Path) -> list[Skipped]:
    """Return the files that a DICOMDIR names and that are not below its folder.

    Names are compared without regard to case, as ISO 9660 media are read. A name that leads out
    of the folder, directly or by a link, is refused. Source: DICOM PS3.10 section 8, PS3.12.
    """
    root = path.parent
    real_root = os.path.realpath(root)
    return _troubles(path, str(path), str(root), lambda name: _trouble(root, real_root, name))


def check_archived_directory(path: Path, origin: str, members: Iterable[str]) -> list[Skipped]:
    """Return the files that a DICOMDIR in an archive names and that are not beside it there.

    `path` is where it was unpacked, `origin` "archive.zip/folder/DICOMDIR", and `members` the
    origins of all members of that archive.
    """
    root = origin.rpartition("/")[0]
    there = {_plain(member.removeprefix(f"{root}/")) for member in members}

    def trouble(name: tuple[str, ...]) -> str:
        return "" if _plain("/".join(name)) in there else MISSING

    return _troubles(path, origin, root, trouble)


def _plain(name: str) -> str:
    """Return a file's name without case and version numbers (";1")."""
    parts = name.replace("\\", "/").split("/")
    return "/".join(part.split(";")[0].rstrip(".").casefold() for part in parts)


def _troubles(
    path: Path, origin: str, root: str, trouble: Callable[[tuple[str, ...]], str]
) -> list[Skipped]:
    """Return what is wrong with each file that a DICOMDIR names, `MISSING_LIMIT` at most."""
    found: list[Skipped] = []
    try:
        names = named_files(path)
    except (DiptychError, OddElement) as error:
        return [Skipped(origin, "damaged", f"The index of the medium is damaged: {error}")]
    for name in dict.fromkeys(names):
        if words := trouble(name):
            found.append(Skipped(os.path.join(root, *name), "unreadable", words))  # noqa: PTH118
        if len(found) == MISSING_LIMIT:
            words = f"More than {MISSING_LIMIT} files that the index names are missing."
            return [*found, Skipped(origin, "unreadable", words)]
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
        return MISSING
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
