"""What a compressed frame says about itself: matrix, precision, colour, and whether it is whole.

Read before any decoder touches the bytes, so that a stream which contradicts the DICOM header is
refused before memory is taken for it. Sources: ITU-T T.81 (JPEG), T.87 (JPEG-LS), T.800 (JPEG 2000)
and T.814 (HTJ2K).
"""

import struct
from dataclasses import dataclass

from viewer.core.errors import DamagedPixels

JPEG_START = b"\xff\xd8"
CODESTREAM_START = b"\xff\x4f\xff\x51"
JP2_START = b"\x00\x00\x00\x0cjP  "
END = b"\xff\xd9"
JPEG_LS_FRAME = 0xF7
LOSSLESS_FRAME = 0xC3

_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {JPEG_LS_FRAME}
_WITHOUT_LENGTH = frozenset(range(0xD0, 0xD8)) | {0x01, 0xD8}


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """The header of a JPEG, JPEG-LS or JPEG 2000 stream.

    `process` is the frame marker of a JPEG (0xC0 baseline, 0xC3 lossless, 0xF7 JPEG-LS) and 0 for
    JPEG 2000; `component_ids` and `adobe_transform` (None when absent) tell the colour of a JPEG;
    `has_colour_transform` is JPEG 2000's own; `restart_interval` is 0 without restarts.
    """

    process: int
    precision: int
    rows: int
    columns: int
    components: int
    is_signed: bool = False
    component_ids: bytes = b""
    adobe_transform: int | None = None
    is_jfif: bool = False
    has_colour_transform: bool = False
    restart_interval: int = 0


def jpeg_facts(stream: bytes) -> StreamFacts:
    """Read the markers of a JPEG or JPEG-LS stream up to its frame header.

    Raises
    ------
    DamagedPixels : no start marker, or no frame header before the data ends.
    """
    if stream[:2] != JPEG_START:
        raise DamagedPixels("A compressed frame does not begin as a JPEG stream does.")
    place, adobe, is_jfif, restart = 2, None, False, 0
    while place + 4 <= len(stream):
        if stream[place] != 0xFF:
            break
        marker = stream[place + 1]
        if marker == 0xFF or marker in _WITHOUT_LENGTH:
            place += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", stream, place + 2)
        body = stream[place + 4 : place + 2 + length]
        if marker in _FRAME_MARKERS:
            return _jpeg_frame(marker, body, adobe, is_jfif, restart)
        if marker == 0xEE and body[:5] == b"Adobe" and len(body) >= 12:
            adobe = body[11]
        is_jfif = is_jfif or (marker == 0xE0 and body[:4] == b"JFIF")
        if marker == 0xDD and len(body) >= 2:
            (restart,) = struct.unpack_from(">H", body)
        place += 2 + max(length, 2)
    raise DamagedPixels("A JPEG frame has no frame header.")


def _jpeg_frame(
    marker: int, body: bytes, adobe: int | None, is_jfif: bool, restart: int
) -> StreamFacts:
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        raise DamagedPixels("The frame header of a JPEG stream is cut off.")
    precision, rows, columns, components = struct.unpack_from(">BHHB", body)
    return StreamFacts(
        process=marker,
        precision=precision,
        rows=rows,
        columns=columns,
        components=components,
        component_ids=bytes(body[6 : 6 + 3 * components : 3]),
        adobe_transform=adobe,
        is_jfif=is_jfif,
        restart_interval=restart,
    )


def codestream(stream: bytes) -> bytes:
    """Return the JPEG 2000 codestream without the boxes of a JP2 file around it.

    The wrapper is not allowed in DICOM but occurs; its colour boxes must not change the colour.

    Raises
    ------
    DamagedPixels : neither a codestream nor a JP2 file holding one.
    """
    if stream[:4] == CODESTREAM_START:
        return stream
    place = 0
    while stream[:8] == JP2_START and place + 8 <= len(stream):
        length, kind = struct.unpack_from(">I4s", stream, place)
        if kind == b"jp2c":
            head = 16 if length == 1 else 8
            return stream[place + head :]
        if length < 8:
            break
        place += length
    raise DamagedPixels("A compressed frame does not begin as a JPEG 2000 stream does.")


def jpeg2000_facts(stream: bytes) -> StreamFacts:
    """Read the SIZ and COD segments of a JPEG 2000 or HTJ2K codestream.

    Raises
    ------
    DamagedPixels : the image header is missing or cut off.
    """
    if stream[:4] != CODESTREAM_START or len(stream) < 43:
        raise DamagedPixels("A JPEG 2000 frame has no image header.")
    across, down, left, top = struct.unpack_from(">IIII", stream, 8)
    (components,) = struct.unpack_from(">H", stream, 40)
    depth = stream[42]
    return StreamFacts(
        process=0,
        precision=(depth & 0x7F) + 1,
        rows=down - top,
        columns=across - left,
        components=components,
        is_signed=bool(depth & 0x80),
        has_colour_transform=_uses_colour_transform(stream),
    )


def _uses_colour_transform(stream: bytes) -> bool:
    """Look for COD (0xFF52) in the main header; its fifth byte switches the transform on."""
    place = 2
    while place + 10 <= len(stream) and stream[place] == 0xFF:
        marker = stream[place + 1]
        (length,) = struct.unpack_from(">H", stream, place + 2)
        if marker == 0x52:
            return stream[place + 8] == 1
        if marker == 0x90:
            return False
        place += 2 + length
    return False


def has_whole_tiles(stream: bytes) -> bool:
    """True when every tile-part of a JPEG 2000 codestream is as long as it says (SOT, Psot).

    Decoders fill up what is missing without a word. A length of 0 reaches to the end.
    """
    place = 2
    while place + 12 <= len(stream) and stream[place] == 0xFF:
        marker = stream[place + 1]
        if marker == 0xD9:
            return True
        (length,) = struct.unpack_from(">H", stream, place + 2)
        if marker != 0x90:
            place += 2 + length
            continue
        (part,) = struct.unpack_from(">I", stream, place + 6)
        if part == 0:
            return True
        place += max(part, 12)
    return stream[place : place + 2] == END


def is_whole(stream: bytes) -> bool:
    """True when the stream has its end marker; zeros and up to 64 other bytes may follow it."""
    filled = stream.rstrip(b"\0")
    return filled.rfind(END, max(0, len(filled) - 66)) >= 0
