"""Messages of several parts (RFC 2046 5.1): read as a stream, part by part, and written as one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

from viewer.core.errors import Unreachable, UnreadableFile

MOST_PART_BYTES = 1 << 32
MOST_HEAD_BYTES = 1 << 16
BLOCK_BYTES = 1 << 18
BOUNDARY = b"diptych-7b0e5f1c9a3d4268"


def boundary_of(content_type: str) -> bytes | None:
    """Return the boundary that a Content-Type names, None where it is no multipart message."""
    message = Message()
    message["Content-Type"] = content_type
    boundary = message.get_boundary()
    if message.get_content_maintype() != "multipart" or not boundary:
        return None
    return boundary.encode("utf-8", "replace")


def parts(
    blocks: Iterable[bytes], boundary: bytes, name: str, most_bytes: int = MOST_PART_BYTES
) -> Iterator[bytearray]:
    """Yield the content of each part as soon as it is whole; memory holds one part.

    Parameters
    ----------
    blocks : the body of the message, in pieces of any size.
    name : of the node that sends, for messages.
    most_bytes : the largest part that is taken.

    Raises
    ------
    Unreachable : the message breaks off, or is not built as its boundary says.
    """
    stream = _Stream(iter(blocks), name)
    mark = b"\r\n--" + boundary
    stream.until(mark, MOST_HEAD_BYTES, "before its first part")
    number = 1
    while True:
        where = f"at part {number}"
        if stream.begins_with(b"--", where):
            return
        if stream.until(b"\r\n", MOST_HEAD_BYTES, where).strip(b" \t"):
            raise stream.broken(f"{where} (its boundary goes on)")
        if stream.begins_with(b"\r\n", where):
            stream.until(b"\r\n", 0, where)
        else:
            stream.until(b"\r\n\r\n", MOST_HEAD_BYTES, f"in the header of part {number}")
        yield stream.until(mark, most_bytes, f"in part {number}")
        number += 1


class _Stream:
    """Bytes that have come and are not used yet; begins with a line end of its own."""

    def __init__(self, blocks: Iterator[bytes], name: str) -> None:
        self.blocks, self.name, self.data = blocks, name, bytearray(b"\r\n")

    def broken(self, where: str) -> Unreachable:
        """Return the error for a message that is not built as it should be."""
        return Unreachable(
            f"The images from {self.name} are not in order {where}.",
            "What came before is whole.",
            "Retrieve what is missing again, or in another way.",
        )

    def more(self, where: str) -> None:
        """Wait for the next block."""
        block = next(self.blocks, b"")
        if not block:
            raise self.broken(f"{where}: they break off")
        self.data += block

    def begins_with(self, mark: bytes, where: str) -> bool:
        """Tell whether a mark comes next."""
        while len(self.data) < len(mark):
            self.more(where)
        return self.data.startswith(mark)

    def until(self, mark: bytes, most: int, where: str) -> bytearray:
        """Take what comes before a mark, and the mark away."""
        start = 0
        while (place := self.data.find(mark, start)) < 0:
            if len(self.data) > most + len(mark):
                raise self.broken(f"{where}: it is larger than {most} bytes")
            start = max(0, len(self.data) - len(mark) + 1)
            self.more(where)
        if place > most:
            raise self.broken(f"{where}: it is larger than {most} bytes")
        found, self.data = self.data, self.data[place + len(mark) :]
        del found[place:]
        return found


@dataclass(frozen=True, slots=True)
class FilesBody:
    """Files as the body of one request, read from the disk while it is sent.

    `sizes` are the files' sizes in bytes, as they were when the request was planned.
    """

    paths: Sequence[Path]
    sizes: Sequence[int]

    content_type = 'multipart/related; type="application/dicom"; boundary=' + BOUNDARY.decode()
    _head = b"\r\n--" + BOUNDARY + b"\r\nContent-Type: application/dicom\r\n\r\n"
    _end = b"\r\n--" + BOUNDARY + b"--\r\n"

    def __len__(self) -> int:
        """Return the size of the body in bytes."""
        return sum(self.sizes) + len(self.paths) * len(self._head) + len(self._end)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body in blocks.

        Raises
        ------
        UnreadableFile : a file is gone, or has another size than before.
        """
        for path, size in zip(self.paths, self.sizes, strict=True):
            yield self._head
            yield from _blocks(path, size)
        yield self._end


def _blocks(path: Path, size: int) -> Iterator[bytes]:
    left = size
    try:
        with path.open("rb") as file:
            while left and (block := file.read(min(left, BLOCK_BYTES))):
                left -= len(block)
                yield block
    except OSError as error:
        raise UnreadableFile(f"{path.name} cannot be read ({error.strerror}).") from error
    if left:
        raise UnreadableFile(f"{path.name} has become shorter while it was sent.")
