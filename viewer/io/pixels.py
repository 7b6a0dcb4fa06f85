"""From the bytes of one frame to its stored values, masked and with the right sign."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viewer.core.arrays import AnyArray
from viewer.core.errors import BadHeader, DamagedPixels, OutOfMemory, UnsupportedPixels
from viewer.core.study import FrameSource, PixelLayout
from viewer.io.encapsulated import Fragment, frame_fragments, frame_stream
from viewer.io.reading import opened, read_at, read_into
from viewer.io.sources import FileSource, InflatedSource
from viewer.io.syntaxes import BIG_ENDIAN, DEFLATED, GE_BIG_PIXELS, Coding, coding_of

MOST_SAMPLES = 1 << 29
"""Samples of one frame at most (a whole-slide level or a 23,000 x 23,000 matrix)."""

HALF_CHROMA = ("YBR_FULL_422", "YBR_PARTIAL_422")
"""Native colour whose CB and CR are stored once for two pixels."""

_FLOATS = {"FloatPixelData": "f4", "DoubleFloatPixelData": "f8"}


@dataclass(frozen=True, slots=True)
class FrameAddress:
    """All that is needed to read one frame; small enough to send to another process.

    `fragments` are where an encapsulated frame lies (None: look it up).
    """

    path: str
    syntax_uid: str
    layout: PixelLayout
    frame_count: int
    index: int
    fragments: tuple[Fragment, ...] | None = None


@dataclass(frozen=True, slots=True)
class StoredFrame:
    """Stored values [row, column] or [row, column, sample], and their colour as they are now.

    `photometric` differs from the header's where the decoder has undone a colour transform.
    """

    values: AnyArray
    photometric: str


def address_of(source: FrameSource) -> FrameAddress:
    """Return where a frame is.

    Raises
    ------
    DamagedPixels : the object has no pixel data.
    BadHeader : its description of the pixels contradicts itself.
    """
    instance = source.instance
    if instance.pixels is None:
        raise DamagedPixels("There is no pixel data in this file.")
    check_layout(instance.pixels)
    return FrameAddress(
        instance.path,
        instance.transfer_syntax_uid,
        instance.pixels,
        max(1, instance.frame_count),
        source.index,
    )


def read_frame(source: FrameSource) -> StoredFrame:
    """Read one frame and return its stored values.

    Returns
    -------
    Integers masked to High Bit and sign-extended, or floats for (Double) Float Pixel Data.

    Raises
    ------
    UnreadableFile : the file cannot be opened.
    UnsupportedPixels : the transfer syntax or the number of bits is not decoded; it is named.
    DamagedPixels : the data is shorter or otherwise than the header says.

    Source: DICOM PS3.5 section 8 and Annexes A, D, G; PS3.3 C.7.6.3.
    """
    return read_stored(address_of(source))


def read_stored(address: FrameAddress) -> StoredFrame:
    """Read a frame by its address; see `read_frame`."""
    values, photometric, precision = read_coded(address)
    return StoredFrame(masked(values, address.layout, precision), photometric)


def read_coded(address: FrameAddress) -> tuple[AnyArray, str, int]:
    """Return samples as they are coded, their photometric interpretation and their precision."""
    check_layout(address.layout)
    if coding_of(address.syntax_uid) is Coding.NATIVE:
        return _native(address)
    with opened(address.path) as file:
        fragments = address.fragments
        if fragments is None:
            every = frame_fragments(file, address.layout.offset, address.frame_count)
            fragments = every[address.index] if address.index < len(every) else ()
        stream = frame_stream(file, fragments)
    from viewer.io.codecs import decode

    return decode(stream, address.syntax_uid, address.layout)


def is_read_in_process(address: FrameAddress) -> bool:
    """True for pixels that are neither compressed nor deflated."""
    return coding_of(address.syntax_uid) is Coding.NATIVE and address.syntax_uid != DEFLATED


def check_layout(layout: PixelLayout) -> None:
    """Refuse a pixel description that contradicts itself or is beyond any memory.

    Raises
    ------
    BadHeader : rows, columns, samples or bits are impossible.
    UnsupportedPixels : a number of allocated bits that is not read.
    OutOfMemory : more samples in a frame than `MOST_SAMPLES`.
    """
    if layout.rows < 1 or layout.columns < 1:
        raise BadHeader(f"The header says {layout.rows} rows and {layout.columns} columns.")
    if layout.samples not in (1, 3, 4):
        raise UnsupportedPixels(f"{layout.samples} samples in each pixel are not shown.")
    wanted = {"FloatPixelData": (32,), "DoubleFloatPixelData": (64,)}.get(
        layout.keyword, (1, 8, 16, 32)
    )
    if layout.bits_allocated not in wanted:
        raise UnsupportedPixels(f"{layout.bits_allocated} allocated bits a sample are not read.")
    if layout.keyword == "PixelData" and not (
        1 <= layout.bits_stored <= layout.high_bit + 1 <= layout.bits_allocated
    ):
        raise BadHeader(
            f"The header says {layout.bits_stored} bits stored up to bit {layout.high_bit} "
            f"of {layout.bits_allocated}, which contradicts itself."
        )
    if layout.rows * layout.columns * layout.samples > MOST_SAMPLES:
        raise OutOfMemory(
            f"A frame of {layout.rows} × {layout.columns} pixels is over the limit of "
            f"{MOST_SAMPLES:,} samples."
        )


# ------------------------------------------------------------------------------ native data


def native_frame_bytes(layout: PixelLayout) -> int:
    """Bytes of one native frame; chroma of `HALF_CHROMA` is stored for every second pixel.

    A frame of single bits may begin inside a byte; its length is rounded up.
    """
    samples = 2 if layout.photometric in HALF_CHROMA else layout.samples
    return (layout.rows * layout.columns * samples * layout.bits_allocated + 7) // 8


def native_span(address: FrameAddress) -> Fragment:
    """Return position and length of a native frame in its file, checked against the header.

    Raises
    ------
    DamagedPixels : the pixel data is declared too short for this frame.
    """
    layout = address.layout
    length = native_frame_bytes(layout)
    start = address.index * length
    if layout.bits_allocated == 1:
        bits = layout.rows * layout.columns * layout.samples
        start = address.index * bits // 8
        length = ((address.index + 1) * bits + 7) // 8 - start
    if layout.length >= 0 and start + length > layout.length:
        whole = native_frame_bytes(layout) * address.frame_count
        raise DamagedPixels(
            f"The pixel data has {layout.length:,} bytes where {layout.rows} × {layout.columns} "
            f"pixels in {address.frame_count} frame(s) need {whole:,}.",
            "This image is not shown.",
        )
    return layout.offset + start, length


def has_big_pixels(file: int, address: FrameAddress) -> bool:
    """Tell whether native samples are big endian, by the tag that stands before them.

    A file that is coded otherwise than its transfer syntax says is read as it is coded.
    """
    if address.syntax_uid == GE_BIG_PIXELS:
        return True
    head = read_at(file, 12, max(0, address.layout.offset - 12))
    for tag in (head[:4], head[4:8]):
        if tag[:2] == b"\x7f\xe0":
            return True
        if tag[:2] == b"\xe0\x7f":
            return False
    return address.syntax_uid == BIG_ENDIAN


def native_dtype(layout: PixelLayout, *, is_big: bool) -> np.dtype[np.generic]:
    """Return the type of the samples as they lie in the file."""
    order = ">" if is_big else "<"
    if layout.keyword in _FLOATS:
        return np.dtype(order + _FLOATS[layout.keyword])
    return np.dtype(f"{order}u{max(1, layout.bits_allocated // 8)}")


def _native(address: FrameAddress) -> tuple[AnyArray, str, int]:
    layout = address.layout
    position, length = native_span(address)
    is_big = False
    if address.syntax_uid == DEFLATED:
        raw = np.frombuffer(_inflated(address, position, length), dtype=np.uint8)
    else:
        with opened(address.path) as file:
            raw = _read_whole(file, position, length)
            is_big = has_big_pixels(file, address)
            if is_big and layout.bits_allocated <= 8:
                raw = _unswapped(file, address, raw)
    if layout.bits_allocated == 1:
        return _single_bits(address, raw), layout.photometric, 1
    values = raw.view(native_dtype(layout, is_big=is_big))
    values = np.asarray(values, dtype=values.dtype.newbyteorder("="))
    return _arranged(values, layout), layout.photometric, layout.bits_allocated


def _read_whole(file: int, position: int, length: int) -> npt.NDArray[np.uint8]:
    """Read bytes that must be there; the file's size is looked at before memory is taken."""
    if len(read_at(file, 1, position + length - 1)) < 1:
        raise DamagedPixels("The file ends before its pixel data does.")
    raw = np.empty(length, dtype=np.uint8)
    read_into(file, raw, position)
    return raw


def _unswapped(
    file: int, address: FrameAddress, raw: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    """Undo the byte swap of 8-bit pixels written as big endian words (OW). See PS3.5 8.1.2."""
    head = read_at(file, 12, max(0, address.layout.offset - 12))
    if head[4:6] != b"OW" or len(raw) % 2 or address.frame_count > 1:
        return raw
    return raw.reshape(-1, 2)[:, ::-1].reshape(-1)


def _single_bits(address: FrameAddress, raw: npt.NDArray[np.uint8]) -> AnyArray:
    """Unpack 1-bit samples; frames are packed across byte borders. Source: PS3.5 8.1.1."""
    layout = address.layout
    count = layout.rows * layout.columns * layout.samples
    first = (address.index * count) % 8
    bits = np.unpackbits(raw, bitorder="little")[first : first + count]
    shape = (layout.rows, layout.columns, layout.samples)
    return bits.reshape(shape if layout.samples > 1 else shape[:2])


def _arranged(values: AnyArray, layout: PixelLayout) -> AnyArray:
    """Give native samples their shape; Planar Configuration counts here and only here."""
    rows, columns, samples = layout.rows, layout.columns, layout.samples
    if samples == 1:
        return values.reshape(rows, columns)
    if layout.photometric in HALF_CHROMA:
        return _full_chroma(values, rows, columns)
    if layout.planar_configuration == 1:
        return np.ascontiguousarray(np.moveaxis(values.reshape(samples, rows, columns), 0, -1))
    return values.reshape(rows, columns, samples)


def _full_chroma(values: AnyArray, rows: int, columns: int) -> AnyArray:
    """Repeat each CB and CR of YBR_FULL_422 (Y Y CB CR) for both pixels. See C.7.6.3.1.2."""
    if columns % 2:
        raise BadHeader("An image in YBR_FULL_422 needs an even number of columns.")
    pairs = values.reshape(rows, columns // 2, 4)
    full = np.empty((rows, columns, 3), dtype=values.dtype)
    full[:, 0::2, 0], full[:, 1::2, 0] = pairs[:, :, 0], pairs[:, :, 1]
    full[:, :, 1] = np.repeat(pairs[:, :, 2], 2, axis=1)
    full[:, :, 2] = np.repeat(pairs[:, :, 3], 2, axis=1)
    return full


def _inflated(address: FrameAddress, position: int, length: int) -> bytes:
    """Unpack a deflated data set as far as the frame needs; positions count after inflation."""
    with opened(address.path) as file:
        head = read_at(file, 144, 0)
        start = 144 + int.from_bytes(head[140:144], "little")
        try:
            frame = InflatedSource(FileSource(file), start).read(position, length)
        except BadHeader as error:
            raise DamagedPixels(error.what) from error
    if len(frame) < length:
        raise DamagedPixels("The file ends before its pixel data does.")
    return frame


# ------------------------------------------------------------------------------ bits and sign


def masked(values: AnyArray, layout: PixelLayout, precision: int) -> AnyArray:
    """Return the stored values: only the bits up to High Bit, sign-extended where signed.

    Grey data follows Pixel Representation, whatever a stream says of its own sign; colour is
    always unsigned. `precision` is the number of bits of the coded stream.

    Source: DICOM PS3.5 8.1.1 and PS3.3 C.7.6.3.1.4.
    """
    if values.dtype.kind == "f" or layout.bits_allocated == 1:
        return values
    width = values.dtype.itemsize * 8
    coded = values.view(f"u{values.dtype.itemsize}")
    is_signed = layout.is_signed and layout.samples == 1
    is_native = precision == layout.bits_allocated and layout.high_bit + 1 >= layout.bits_stored
    drop = layout.high_bit + 1 - layout.bits_stored if is_native else 0
    bits = min(layout.bits_stored if is_native else layout.high_bit + 1, precision, width)
    if not is_signed:
        if bits + drop < width:
            coded = coded & np.array((1 << (bits + drop)) - 1, dtype=coded.dtype)
        return coded >> np.array(drop, coded.dtype) if drop else coded
    if bits == width:
        return coded.view(f"i{values.dtype.itemsize}")
    up = np.array(width - bits - drop, dtype=coded.dtype)
    signed = (coded << up).view(f"i{values.dtype.itemsize}")
    return np.asarray(signed >> np.array(width - bits, dtype=signed.dtype))


def sample_bits(layout: PixelLayout) -> tuple[int, int]:
    """Return the smallest and largest stored value that the header allows."""
    if layout.is_signed and layout.samples == 1:
        return -(1 << (layout.bits_stored - 1)), (1 << (layout.bits_stored - 1)) - 1
    return 0, (1 << layout.bits_stored) - 1
