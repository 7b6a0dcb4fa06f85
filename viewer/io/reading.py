"""Bytes at a position of an open file, straight into the memory that wants them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from viewer.core.arrays import AnyArray
from viewer.core.errors import DamagedPixels, UnreadableFile

_HAS_PREAD = hasattr(os, "pread")
_HAS_PREADV = hasattr(os, "preadv")


@contextmanager
def opened(path: str) -> Iterator[int]:
    """Open a file for reading and yield its descriptor.

    Raises
    ------
    UnreadableFile : it is gone, is not a file, or may not be read.
    """
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise UnreadableFile(
            f"A file could not be read ({words}).", "", "Check that the folder is still there."
        ) from error
    try:
        yield file
    finally:
        os.close(file)


def read_at(file: int, length: int, position: int) -> bytes:
    """Return up to `length` bytes from `position` on; fewer at the end of the file."""
    parts: list[bytes] = []
    while length > 0:
        if _HAS_PREAD:
            part = os.pread(file, min(length, 1 << 30), position)
        else:
            os.lseek(file, position, os.SEEK_SET)
            part = os.read(file, min(length, 1 << 30))
        if not part:
            break
        parts.append(part)
        length -= len(part)
        position += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def read_into(file: int, values: AnyArray, position: int) -> None:
    """Fill a contiguous array with the bytes from `position` on.

    Raises
    ------
    DamagedPixels : the file ends before the array is full.
    """
    view = values.reshape(-1).view(np.uint8).data
    while view:
        if _HAS_PREADV:
            count = os.preadv(file, [view], position)
        else:
            part = read_at(file, len(view), position)
            count = len(part)
            view[:count] = part
        if count <= 0:
            raise DamagedPixels("The file ends before its pixel data does.")
        view = view[count:]
        position += count
