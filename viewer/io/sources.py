"""Where the bytes of a data set come from: an open file, inflated bytes, or a value in memory."""

import os
import zlib
from typing import Protocol

from viewer.core.errors import BadHeader
from viewer.io.reading import read_at

FIRST_READ = 16 * 1024
"""Bytes of the first read; nearly every header of a single image fits."""

NEXT_READ = 64 * 1024
INFLATED_LIMIT = 256 * 1024 * 1024
"""Largest deflated data set that is inflated, in bytes."""

RATIO_LIMIT = 400
"""Largest growth of a deflated data set beyond the first 16 MiB, as a factor."""

_FREE_OF_RATIO = 16 * 1024 * 1024


class Source(Protocol):
    """Bytes at positions; `size` is where they end (as far as is known)."""

    size: int

    def chunk(self, position: int) -> bytes:
        """Return some bytes from `position` on; empty at the end."""

    def read(self, position: int, length: int) -> bytes:
        """Return exactly the bytes asked for, or fewer where the source ends."""


class FileSource:
    """An open file; the first 16 KiB are read once."""

    __slots__ = ("file", "first", "size")

    def __init__(self, file: int) -> None:
        """Take an open file descriptor, which stays the caller's."""
        self.file = file
        self.size = os.fstat(file).st_size
        self.first = read_at(file, FIRST_READ, 0)

    def chunk(self, position: int) -> bytes:
        """Return bytes from `position` on, at most 64 KiB."""
        if position < len(self.first) - 16:
            return self.first[position:]
        return read_at(self.file, NEXT_READ, position)

    def read(self, position: int, length: int) -> bytes:
        """Return the bytes asked for, from the first read where they are in it."""
        if position + length <= len(self.first):
            return self.first[position : position + length]
        return read_at(self.file, min(length, max(0, self.size - position)), position)


class BytesSource:
    """A value in memory."""

    __slots__ = ("data", "size")

    def __init__(self, data: bytes) -> None:
        """Take the bytes; positions count from their start."""
        self.data = data
        self.size = len(data)

    def chunk(self, position: int) -> bytes:
        """Return bytes from `position` on, at most 4 KiB."""
        return self.data[position : position + 4096]

    def read(self, position: int, length: int) -> bytes:
        """Return the bytes asked for."""
        return self.data[position : position + length]


class InflatedSource:
    """A deflated data set, inflated only as far as it is looked at; positions after inflation.

    Raises
    ------
    BadHeader : the stream is damaged, or grows beyond `INFLATED_LIMIT` or `RATIO_LIMIT`.

    Source: DICOM PS3.5 A.5.
    """

    __slots__ = ("_data", "_eaten", "_inflater", "_packed", "_start", "size")

    def __init__(self, packed: Source, start: int) -> None:
        """Take the source of the packed bytes and where they start in it."""
        self._packed = packed
        self._start = start
        self._eaten = 0
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._data = bytearray()
        self.size = INFLATED_LIMIT

    def chunk(self, position: int) -> bytes:
        """Return inflated bytes from `position` on, at most 64 KiB."""
        return self.read(position, NEXT_READ)

    def read(self, position: int, length: int) -> bytes:
        """Return the inflated bytes asked for, inflating further when needed."""
        while len(self._data) < position + length and not self._inflater.eof:
            if not self._inflate_more():
                break
        return bytes(self._data[position : position + length])

    def _inflate_more(self) -> bool:
        """Inflate one more portion; False at the end of the packed bytes."""
        packed = self._inflater.unconsumed_tail
        if not packed:
            packed = self._packed.read(self._start + self._eaten, NEXT_READ)
            self._eaten += len(packed)
            if not packed:
                return False
        try:
            self._data += self._inflater.decompress(packed, 1 << 20)
        except zlib.error as error:
            raise BadHeader("The deflated data set is damaged and cannot be inflated.") from error
        grown = len(self._data)
        is_bomb = grown > _FREE_OF_RATIO and grown > RATIO_LIMIT * max(1, self._eaten)
        if grown > INFLATED_LIMIT or is_bomb:
            raise BadHeader(
                f"The deflated data set grows beyond {INFLATED_LIMIT >> 20} MiB or to more than"
                f" {RATIO_LIMIT} times its size and was not read further."
            )
        return True


def inflated(file: int, start: int) -> bytes:
    """Return a whole inflated data set that starts, deflated, at byte `start` of an open file.

    Raises
    ------
    BadHeader : damaged, or larger than the limits.
    """
    return InflatedSource(FileSource(file), start).read(0, INFLATED_LIMIT + 1)
