"""Where the frames of encapsulated pixel data lie: the fragments that belong to each frame."""

import os
import struct

from viewer.core.errors import DamagedPixels
from viewer.io.codestream import CODESTREAM_START, JP2_START, JPEG_START
from viewer.io.reading import read_at

Fragment = tuple[int, int]
"""Position and length of a piece of a frame, in bytes."""

_ITEM = b"\xfe\xff\x00\xe0"
MOST_FRAGMENTS = 2_000_000
"""Items read at most; more than any real file has, so that a damaged one ends."""


def frame_fragments(file: int, offset: int, frame_count: int) -> tuple[tuple[Fragment, ...], ...]:
    """Return the fragments of each frame of encapsulated pixel data.

    Parameters
    ----------
    file : descriptor of the open file.
    offset : position of the first item, the basic offset table.
    frame_count : Number of Frames.

    Returns
    -------
    One tuple of fragments per frame. Frames for which there is no data get an empty one.

    Raises
    ------
    DamagedPixels : the items do not form a sequence, or cannot be shared among the frames.

    Source: DICOM PS3.5 A.4. The extended offset table (PS3.3 C.7.6.3.1.8) needs no reading here:
    it is only allowed with one fragment per frame, and then the items tell as much.
    """
    size = os.fstat(file).st_size
    items = _items(file, offset, size)
    table, fragments = items[0], items[1:]
    if not fragments:
        raise DamagedPixels("The compressed pixel data holds no frame.")
    if frame_count <= 1:
        return (tuple(fragments),)
    if len(fragments) <= frame_count:
        missing = ((),) * (frame_count - len(fragments))
        return (*((fragment,) for fragment in fragments), *missing)
    return _by_table(file, table, fragments, frame_count) or _by_start(file, fragments, frame_count)


def _items(file: int, offset: int, size: int) -> list[Fragment]:
    """Walk the items; the first is the offset table. One that is cut off keeps what is there."""
    items: list[Fragment] = []
    place = offset
    while len(items) < MOST_FRAGMENTS:
        head = read_at(file, 8, place)
        if len(head) < 8 or head[:4] != _ITEM:
            break
        (length,) = struct.unpack_from("<I", head, 4)
        items.append((place + 8, min(length, max(0, size - place - 8))))
        place += 8 + length
    if not items:
        raise DamagedPixels("The compressed pixel data does not begin with an item.")
    return items


def _by_table(
    file: int, table: Fragment, fragments: list[Fragment], frame_count: int
) -> tuple[tuple[Fragment, ...], ...] | None:
    """Share the fragments by the basic offset table; None where it is absent or wrong."""
    if table[1] != 4 * frame_count:
        return None
    starts = struct.unpack(f"<{frame_count}I", read_at(file, table[1], table[0]))
    first = fragments[0][0]
    places = {position - first: number for number, (position, _) in enumerate(fragments)}
    if any(start not in places for start in starts) or list(starts) != sorted(set(starts)):
        return None
    ends = (*(places[start] for start in starts[1:]), len(fragments))
    return tuple(
        tuple(fragments[places[start] : end]) for start, end in zip(starts, ends, strict=True)
    )


def _by_start(
    file: int, fragments: list[Fragment], frame_count: int
) -> tuple[tuple[Fragment, ...], ...]:
    """Begin a frame at every fragment that starts like a compressed stream."""
    frames: list[list[Fragment]] = []
    for fragment in fragments:
        head = read_at(file, 12, fragment[0])
        is_start = head[:2] == JPEG_START or head[:4] == CODESTREAM_START or head[:8] == JP2_START
        if is_start or not frames:
            frames.append([])
        frames[-1].append(fragment)
    if len(frames) != frame_count:
        raise DamagedPixels(
            f"{len(fragments)} pieces of compressed data cannot be shared among "
            f"{frame_count} frames."
        )
    return tuple(tuple(frame) for frame in frames)


def frame_stream(file: int, fragments: tuple[Fragment, ...]) -> bytes:
    """Return the bytes of one frame, its fragments joined.

    Raises
    ------
    DamagedPixels : there is no fragment for this frame, or the file ends inside one.
    """
    if not fragments or not any(length for _, length in fragments):
        raise DamagedPixels("There is no pixel data for this frame.")
    parts = [read_at(file, length, position) for position, length in fragments]
    if any(len(part) < length for part, (_, length) in zip(parts, fragments, strict=True)):
        raise DamagedPixels("The file ends before its pixel data does.")
    return parts[0] if len(parts) == 1 else b"".join(parts)
