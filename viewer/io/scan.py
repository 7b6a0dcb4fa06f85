"""Finding DICOM: folders of any depth, files, media and archives; every file is accounted for."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.core.errors import BadHeader, DiptychError, DirectoryRecord, NotDicom
from viewer.core.study import Entry, ScanReport, Skipped, Study
from viewer.io.header import read_entry
from viewer.io.library import Library
from viewer.io.media import check_archived_directory, check_directory
from viewer.io.runs import Runs
from viewer.io.sniffing import is_archive
from viewer.io.twins import Twins

if TYPE_CHECKING:
    from viewer.io.zipped import Member, Unpacking

BATCH_INTERVAL_S = 0.1
"""Shortest time between two batches, after the first."""

BATCH_LIMIT = 1000
"""Most files of one batch."""

FOLDER_DEPTH_LIMIT = 64
"""Folders nested deeper than this below what was opened are named and not entered."""

OnBatch = Callable[[tuple[Entry, ...], tuple[Skipped, ...]], None]


def scan(
    paths: tuple[Path, ...] | list[Path],
    on_batch: OnBatch,
    is_cancelled: Callable[[], bool],
    unpack_folder: Path,
    known: tuple[Study, ...] = (),
) -> ScanReport:
    """Read every header below `paths` and report what each file is.

    Parameters
    ----------
    paths : files, folders, DICOMDIRs and zip archives; a DICOMDIR stands for its whole folder.
    on_batch : called in this thread with what is new: at once after the first readable file,
        then at most ten times a second.
    is_cancelled : asked before each file; what was found until then is returned.
    unpack_folder : where members of archives are written, under names made from hashes.
    known : studies that are open already; a file with the header of one of their images is
        compared with it pixel by pixel, as files of this scan are with each other.

    Returns
    -------
    The studies in the order found, and each file that is in no study with the reason in words.
    """
    found = _Findings(on_batch, is_cancelled, Twins(known))
    try:
        for path in paths:
            _scan_one(Path(path), found, unpack_folder)
    except _Stopped:
        pass
    found.flush()
    return found.library.report()


class _Stopped(Exception):  # noqa: N818
    """The scan was cancelled; what was found stays."""


@dataclass(slots=True)
class _Findings:
    """What the scan has found, and what of it was not handed over yet."""

    on_batch: OnBatch
    is_cancelled: Callable[[], bool]
    twins: Twins
    runs: Runs = field(default_factory=Runs)
    library: Library = field(default_factory=Library)
    entries: list[Entry] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    due: float = 0.0

    def add(self, entry: Entry) -> None:
        """Take a readable file; the first one is handed over at once."""
        entry = self.twins.told_apart(entry)
        self.library.add((entry,))
        self.entries.append(entry)
        self._hand_over()

    def skip(self, skipped: Skipped) -> None:
        """Take a file that is in no study."""
        self.library.skip((skipped,))
        self.skipped.append(skipped)
        if self.due:
            self._hand_over()

    def check(self) -> None:
        """Leave the scan when somebody asked for it."""
        if self.is_cancelled():
            raise _Stopped

    def flush(self) -> None:
        """Hand over what is left."""
        if self.entries or self.skipped:
            self.on_batch(tuple(self.entries), tuple(self.skipped))
            self.entries.clear()
            self.skipped.clear()

    def _hand_over(self) -> None:
        if time.monotonic() >= self.due or len(self.entries) >= BATCH_LIMIT:
            self.flush()
            self.due = time.monotonic() + BATCH_INTERVAL_S


def _scan_one(path: Path, found: _Findings, unpack_folder: Path) -> None:
    """Scan one of the paths that were asked for."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        found.skip(Skipped(str(path), "unreadable", _os_words(error)))
        return
    if stat.S_ISDIR(mode):
        _scan_folder(path, found, unpack_folder)
    elif "DICOMDIR" in path.name.upper() and _is_directory_record(path):
        _scan_folder(path.parent, found, unpack_folder)
    else:
        _scan_file(str(path), found, unpack_folder, [])


def _is_directory_record(path: Path) -> bool:
    try:
        read_entry(str(path))
    except DirectoryRecord:
        return True
    except DiptychError:
        return False
    return False


def _scan_folder(root: Path, found: _Findings, unpack_folder: Path) -> None:
    """Scan a folder, then see whether its media indexes name files that are not there."""
    directories: list[str] = []
    for path in _walk(str(root), found):
        _scan_file(path, found, unpack_folder, directories)
    for directory in directories:
        for skipped in check_directory(Path(directory)):
            found.check()
            found.skip(skipped)


def _walk(root: str, found: _Findings) -> Iterator[str]:
    """Yield the files below a folder in the order of their names; links are followed once."""
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[str, int]] = [(root, 0)]
    while waiting:
        folder, depth = waiting.pop()
        found.check()
        try:
            status = os.stat(folder)  # noqa: PTH116
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            found.skip(Skipped(folder, "unreadable", _folder_words(error)))
            continue
        below: list[tuple[str, int]] = []
        for entry in entries:
            if _is_folder(entry):
                below.append((entry.path, depth + 1))
            else:
                yield entry.path
        if below and depth >= FOLDER_DEPTH_LIMIT:
            words = f"Folders nested deeper than {FOLDER_DEPTH_LIMIT} levels are not entered."
            for path, _ in below:
                found.skip(Skipped(path, "unreadable", words))
        else:
            waiting.extend(reversed(below))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _scan_file(
    path: str,
    found: _Findings,
    unpack_folder: Path,
    directories: list[str],
    origin: str = "",
    unpacking: "Unpacking | None" = None,
) -> bool:
    """Read one file; return whether it is kept (an entry, not something skipped)."""
    found.check()
    shown = origin or path
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            found.skip(Skipped(shown, "not DICOM", "This is a device or a pipe, not a file."))
            return False
        found.add(read_entry(path, shown, found.runs))
    except DirectoryRecord as error:
        directories.append(path)
        found.skip(Skipped(shown, "directory record", error.what))
    except NotDicom as error:
        if not is_archive(path):
            found.skip(Skipped(shown, "not DICOM", error.what))
            return False
        _scan_archive(path, shown, found, unpack_folder, unpacking)
    except BadHeader as error:
        found.skip(Skipped(shown, "damaged", error.what))
    except (DiptychError, OSError, ValueError) as error:
        words = error.what if isinstance(error, DiptychError) else _os_words(error)
        kind = "damaged" if words == "The file is empty." else "unreadable"
        found.skip(Skipped(shown, kind, words))
    else:
        return True
    return False


def _scan_archive(
    path: str, origin: str, found: _Findings, unpack_folder: Path, outer: "Unpacking | None"
) -> None:
    """Unpack an archive member by member; what is not DICOM is deleted again at once."""
    from viewer.io.zipped import Unpacking, members

    unpacking = outer.inside() if outer else Unpacking(unpack_folder)
    listed: list[str] = []
    indexes: list[Member] = []
    try:
        for member in members(path, origin, unpacking):
            found.check()
            listed.append(member.origin)
            if isinstance(member, Skipped):
                found.skip(member)
                continue
            place, directories = str(member.path), list[str]()
            if _scan_file(place, found, unpack_folder, directories, member.origin, unpacking):
                continue
            if directories:
                indexes.append(member)
            else:
                member.path.unlink(missing_ok=True)
        for index in indexes:
            for skipped in check_archived_directory(index.path, index.origin, listed):
                found.skip(skipped)
    finally:
        for index in indexes:
            index.path.unlink(missing_ok=True)


def _os_words(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "The file is not there any more."
    if isinstance(error, PermissionError):
        return "You may not read this file."
    words = getattr(error, "strerror", None) or str(error)
    return f"The file could not be read ({words})."


def _folder_words(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "The folder is not there any more."
    if isinstance(error, PermissionError):
        return "You may not look into this folder."
    return f"The folder could not be read ({error.strerror or error})."
