"""The second log: every event once more as a line of JSON, appended and synced on another path."""

import os
from pathlib import Path

from viewer.core.errors import DamagedRecord, UnsavedAnswer
from viewer.reader.chain import Link, link_of_line


class SecondLog:
    """The open second log; it follows the store event by event and is never behind a return."""

    def __init__(self, path: Path, links: tuple[Link, ...]) -> None:
        """Open a log that holds `links`, as `read_log` found them, to add to it.

        A line that a kill tore is cut off; the store still has its event.
        """
        self.path = path
        self.count = len(links)
        self._end = sum(len(_bytes(link)) for link in links)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not path.exists()
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | _BINARY, 0o600)
            if is_new:
                _sync_folder(path.parent)
            if os.fstat(self._file).st_size != self._end:
                os.truncate(self._file, self._end)
        except OSError as error:
            raise _unsaved(path, error) from error

    def follow(self, links: tuple[Link, ...]) -> None:
        """Append links and return when the disk has them; UnsavedAnswer where it has not."""
        if not links:
            return
        content = b"".join(map(_bytes, links))
        try:
            _write(self._file, content, self._end)
            os.fsync(self._file)
        except OSError as error:
            raise _unsaved(self.path, error) from error
        self._end += len(content)
        self.count += len(links)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def read_log(path: Path) -> tuple[tuple[Link, ...], str]:
    """Return the links of a log up to the first line that is none, and what is wrong after them.

    Raises
    ------
    DamagedRecord : the file is there and cannot be read.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return (), f"{path} is missing"
    except OSError as error:
        raise DamagedRecord(
            f"The second log {path} cannot be read ({error.strerror}).",
            "",
            "Check the disk and the permissions of that folder.",
        ) from error
    links: list[Link] = []
    for place, line in enumerate(lines[:-1], start=1):
        try:
            link = link_of_line(line.decode())
            is_ours = link.line.encode() == line
        except (ValueError, KeyError, TypeError):
            is_ours = False
        if not is_ours:
            is_last = place == len(lines) - 1 and not lines[-1]
            return tuple(links), "" if is_last else f"line {place} of {path} is damaged"
        links.append(link)
    return tuple(links), ""


def _bytes(link: Link) -> bytes:
    return link.line.encode() + b"\n"


def _write(file: int, content: bytes, start: int) -> None:
    """Write behind the last whole line; what a failure left there is written over."""
    os.lseek(file, start, os.SEEK_SET)
    while content:
        content = content[os.write(file, content) :]


def _sync_folder(folder: Path) -> None:
    """Make a new file's name durable, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unsaved(path: Path, error: OSError) -> UnsavedAnswer:
    return UnsavedAnswer(
        f"The second log {path} could not be written ({error.strerror}).",
        "What you just entered is not stored yet; everything before it is.",
        "Make room on that disk or allow writing there, then enter it again.",
    )
