"""Decode one compressed frame into the samples that were coded.

imagecodecs does the work: it frees the interpreter while it decodes, and it brings several
decoders for the awkward codings, which are tried in turn. What a stream says about itself is
compared with the DICOM header first; a contradiction is an error, never a picture.
"""

import zlib
from collections.abc import Callable

import numpy as np

from viewer.core.arrays import AnyArray, UInt8Array
from viewer.core.errors import DamagedPixels, UnsupportedPixels
from viewer.core.study import PixelLayout
from viewer.io.codestream import (
    LOSSLESS_FRAME,
    StreamFacts,
    codestream,
    has_whole_tiles,
    is_whole,
    jpeg2000_facts,
    jpeg_facts,
)
from viewer.io.syntaxes import Coding, coding_of, syntax_name

Decoded = tuple[AnyArray, str, int]
"""Samples [row, column] or [row, column, sample], their photometric interpretation as they are
now (the decoder may have undone a colour transform), and the precision of the stream in bits."""

_RLE_HEADER = 64
_RLE_MOST = 65
"""A run of 2 bytes gives at most 128: no RLE frame grows by more than this."""


def decode(stream: bytes, syntax_uid: str, layout: PixelLayout) -> Decoded:
    """Decode the bytes of one frame.

    Raises
    ------
    UnsupportedPixels : no decoder for this transfer syntax, which is named.
    DamagedPixels : the stream is cut off, contradicts the header, or no decoder accepts it.
    """
    coding = coding_of(syntax_uid)
    if coding not in _DECODERS:
        raise UnsupportedPixels(
            f"Diptych does not decode {syntax_name(syntax_uid)}.",
            "The image is not shown.",
            "Ask the sender for another transfer syntax.",
        )
    return _DECODERS[coding](stream, layout)


def check_stream(stream: bytes, syntax_uid: str, layout: PixelLayout) -> None:
    """Compare what a compressed frame says about its matrix with the header, without decoding.

    Raises
    ------
    DamagedPixels : they differ, or the frame could not hold that many pixels.
    """
    coding = coding_of(syntax_uid)
    if coding in (Coding.JPEG, Coding.JPEG_LOSSLESS, Coding.JPEG_LS):
        _check_facts(jpeg_facts(stream), layout)
    elif coding in (Coding.JPEG_2000, Coding.HTJ2K):
        _check_facts(jpeg2000_facts(codestream(stream)), layout)
    elif coding is Coding.RLE and frame_bytes(layout) > _RLE_MOST * len(stream):
        raise DamagedPixels(
            "The compressed data is too short for "
            f"{layout.rows} × {layout.columns} pixels in run-length coding."
        )


def frame_bytes(layout: PixelLayout) -> int:
    """Bytes of one uncompressed frame of whole-byte samples."""
    return layout.rows * layout.columns * layout.samples * max(1, layout.bits_allocated // 8)


def _check_facts(facts: StreamFacts, layout: PixelLayout) -> None:
    told = (facts.rows, facts.columns, facts.components)
    wanted = (layout.rows, layout.columns, layout.samples)
    if told != wanted:
        raise DamagedPixels(
            f"The compressed frame holds {told[0]} × {told[1]} pixels of {told[2]} sample(s), "
            f"the header says {wanted[0]} × {wanted[1]} of {wanted[2]}."
        )
    if facts.precision > layout.bits_allocated:
        raise DamagedPixels(
            f"The compressed frame has {facts.precision} bits a sample, "
            f"the header allows {layout.bits_allocated}."
        )


def _first_success(
    stream: bytes, decoders: tuple[Callable[[bytes], AnyArray], ...], name: str
) -> AnyArray:
    """Return the answer of the first decoder that accepts the stream."""
    problems: list[str] = []
    for decoder in decoders:
        try:
            return decoder(stream)
        # imagecodecs' own errors derive from RuntimeError.
        except (RuntimeError, ValueError, TypeError, IndexError, OverflowError) as error:
            problems.append(f"{type(error).__name__}: {error}")
    raise DamagedPixels(f"A {name} frame could not be decoded ({'; '.join(problems)}).")


def _shaped(values: AnyArray, layout: PixelLayout) -> AnyArray:
    """Check the matrix that came back; a single sample has no axis of its own."""
    shape = (layout.rows, layout.columns)
    wanted = shape if layout.samples == 1 else (*shape, layout.samples)
    if values.shape != wanted:
        raise DamagedPixels(
            f"The decoder returned the shape {values.shape} where {wanted} was expected."
        )
    return values


def _jpeg(stream: bytes, layout: PixelLayout) -> Decoded:
    """JPEG baseline, extended and progressive, without any colour conversion."""
    facts = _checked_jpeg(stream, layout)
    if facts.process == LOSSLESS_FRAME:
        return _jpeg_lossless(stream, layout)
    from imagecodecs import jpeg8_decode

    space = "YCBCR" if facts.components == 3 else None
    values = _first_success(
        stream,
        (lambda data: jpeg8_decode(data, colorspace=space, outcolorspace=space),),
        "JPEG",
    )
    return _shaped(values, layout), _jpeg_colour(facts, layout), facts.precision


def _checked_jpeg(stream: bytes, layout: PixelLayout) -> StreamFacts:
    facts = jpeg_facts(stream)
    _check_facts(facts, layout)
    if not is_whole(stream):
        raise DamagedPixels("A compressed frame ends before its picture is complete.")
    return facts


def _jpeg_colour(facts: StreamFacts, layout: PixelLayout) -> str:
    """Tell the colour of the components of a JPEG.

    The stream's own marks win over the header: component names R, G and B, then Adobe's marker,
    then JFIF (always YCbCr).
    """
    if facts.components != 3:
        return layout.photometric
    if facts.component_ids in (b"RGB", b"rgb"):
        return "RGB"
    if facts.adobe_transform is not None:
        return "YBR_FULL" if facts.adobe_transform else "RGB"
    if facts.is_jfif and facts.process != LOSSLESS_FRAME:
        return "YBR_FULL"
    return layout.photometric


def _jpeg_lossless(stream: bytes, layout: PixelLayout) -> Decoded:
    """Lossless JPEG, all predictors: libjpeg-turbo, then the two decoders made for it."""
    facts = _checked_jpeg(stream, layout)
    from imagecodecs import jpeg8_decode, jpegsof3_decode, ljpeg_decode

    space = "RGB" if facts.components == 3 else None
    decoders: list[Callable[[bytes], AnyArray]] = [
        lambda data: jpeg8_decode(data, colorspace=space, outcolorspace=space),
        lambda data: np.ascontiguousarray(jpegsof3_decode(data)),
    ]
    if facts.components == 1 and not facts.restart_interval:
        # It neither knows restart markers nor several components.
        decoders.append(ljpeg_decode)
    values = _first_success(stream, tuple(decoders), "lossless JPEG")
    return _shaped(values, layout), _jpeg_colour(facts, layout), facts.precision


def _jpeg_ls(stream: bytes, layout: PixelLayout) -> Decoded:
    facts = _checked_jpeg(stream, layout)
    from imagecodecs import jpegls_decode

    values = _first_success(stream, (jpegls_decode,), "JPEG-LS")
    return _shaped(values, layout), layout.photometric, facts.precision


def _jpeg_2000(stream: bytes, layout: PixelLayout) -> Decoded:
    from imagecodecs import jpeg2k_decode

    return _wavelet(stream, layout, (lambda data: jpeg2k_decode(data, numthreads=1),), "JPEG 2000")


def _htj2k(stream: bytes, layout: PixelLayout) -> Decoded:
    from imagecodecs import htj2k_decode, jpeg2k_decode

    decoders = (htj2k_decode, lambda data: jpeg2k_decode(data, numthreads=1))
    return _wavelet(stream, layout, decoders, "HTJ2K")


def _wavelet(
    stream: bytes,
    layout: PixelLayout,
    decoders: tuple[Callable[[bytes], AnyArray], ...],
    name: str,
) -> Decoded:
    """Decode the bare codestream; its own colour transform is undone by the decoder."""
    bare = codestream(stream)
    facts = jpeg2000_facts(bare)
    _check_facts(facts, layout)
    if not (is_whole(bare) and has_whole_tiles(bare)):
        raise DamagedPixels("A compressed frame ends before its picture is complete.")
    values = _shaped(_first_success(bare, decoders, name), layout)
    is_rgb = facts.has_colour_transform or layout.photometric in ("YBR_RCT", "YBR_ICT")
    colour = "RGB" if layout.samples == 3 and is_rgb else layout.photometric
    return values, colour, facts.precision


def _jpeg_xl(stream: bytes, layout: PixelLayout) -> Decoded:
    """JPEG XL; the decoder always returns RGB or grey."""
    from imagecodecs import jpegxl_decode

    values = _first_success(stream, (lambda data: jpegxl_decode(data, numthreads=1),), "JPEG XL")
    colour = "RGB" if layout.samples == 3 else layout.photometric
    return _shaped(values, layout), colour, 8 * values.dtype.itemsize


def _deflate(stream: bytes, layout: PixelLayout) -> Decoded:
    """Inflate one frame, never further than the frame is long. Source: DICOM PS3.5 A.4.13."""
    length = frame_bytes(layout)
    try:
        raw = zlib.decompressobj(-zlib.MAX_WBITS).decompress(stream, length)
    except zlib.error as error:
        raise DamagedPixels(f"A deflated frame could not be read ({error}).") from error
    if layout.bits_allocated not in (8, 16, 32) or len(raw) < length:
        raise DamagedPixels("A deflated frame is shorter than its header says.")
    values = np.frombuffer(raw, dtype=f"<u{layout.bits_allocated // 8}")
    shape = (layout.rows, layout.columns, layout.samples)
    values = values.reshape(shape if layout.samples > 1 else shape[:2])
    return values, layout.photometric, layout.bits_allocated


def _rle(stream: bytes, layout: PixelLayout) -> Decoded:
    """Run-length coding: one segment per byte of each sample, the highest byte first.

    Source: DICOM PS3.5 Annex G.
    """
    check_stream(stream, "1.2.840.10008.1.2.5", layout)
    width = layout.bits_allocated // 8
    if layout.bits_allocated not in (8, 16, 32):
        raise UnsupportedPixels(f"{layout.bits_allocated} bits in run-length coding are unknown.")
    planes = _rle_planes(stream, layout, layout.samples * width)
    values = np.empty((layout.rows * layout.columns, layout.samples, width), dtype=np.uint8)
    for number, plane in enumerate(planes):
        sample, byte = divmod(number, width)
        values[:, sample, width - 1 - byte] = plane
    coded = values.view(f"<u{width}").reshape(layout.rows, layout.columns, layout.samples)
    if layout.samples == 1:
        coded = coded[:, :, 0]
    return coded, layout.photometric, layout.bits_allocated


def _rle_planes(stream: bytes, layout: PixelLayout, wanted: int) -> list[UInt8Array]:
    """Return one array of bytes per segment."""
    if len(stream) < _RLE_HEADER:
        raise DamagedPixels("A run-length frame has no header.")
    header = np.frombuffer(stream, dtype="<u4", count=16)
    starts = [int(start) for start in header[1 : 1 + wanted]]
    if int(header[0]) != wanted or starts != sorted(starts) or starts[0] < _RLE_HEADER:
        raise DamagedPixels(
            f"A run-length frame has {int(header[0])} segments where {wanted} are needed."
        )
    size = layout.rows * layout.columns
    ends = (*starts[1:], len(stream))
    return [_rle_plane(stream[start:end], size) for start, end in zip(starts, ends, strict=True)]


def _rle_plane(segment: bytes, size: int) -> UInt8Array:
    """Undo the run lengths of one segment; up to two bytes that only fill it up may follow."""
    from imagecodecs import packbits_decode

    problem = ""
    for spare in range(3):
        try:
            plane = packbits_decode(segment[: len(segment) - spare], out=size)
        except (RuntimeError, ValueError) as error:
            problem = problem or str(error)
            continue
        if len(plane) < size:
            raise DamagedPixels("A run-length frame is shorter than its header says.")
        return np.frombuffer(plane, dtype=np.uint8, count=size)
    raise DamagedPixels(f"A run-length frame could not be decoded ({problem}).")


_DECODERS: dict[Coding, Callable[[bytes, PixelLayout], Decoded]] = {
    Coding.RLE: _rle,
    Coding.JPEG: _jpeg,
    Coding.JPEG_LOSSLESS: _jpeg_lossless,
    Coding.JPEG_LS: _jpeg_ls,
    Coding.JPEG_2000: _jpeg_2000,
    Coding.HTJ2K: _htj2k,
    Coding.JPEG_XL: _jpeg_xl,
    Coding.DEFLATE: _deflate,
}
