"""Compressed frames: every coding against what was coded, and every way to be damaged."""

import struct

import imagecodecs
import numpy as np
import pytest
from pydicom.uid import RLELossless

from tests.builders import colour_image, ct_slice, set_pixels, write
from tests.io.openings import encapsulated, noisy, source_of
from viewer.core.errors import DamagedPixels, DiptychError, UnsupportedPixels
from viewer.io import codecs
from viewer.io.codestream import codestream, jpeg2000_facts
from viewer.io.header import read_entry
from viewer.io.pixels import read_frame

BASELINE = "1.2.840.10008.1.2.4.50"
EXTENDED = "1.2.840.10008.1.2.4.51"
PROCESS_14 = "1.2.840.10008.1.2.4.57"
SV1 = "1.2.840.10008.1.2.4.70"
JLS = "1.2.840.10008.1.2.4.80"
JLS_NEAR = "1.2.840.10008.1.2.4.81"
J2K = "1.2.840.10008.1.2.4.90"
J2K_LOSSY = "1.2.840.10008.1.2.4.91"
HTJ2K = "1.2.840.10008.1.2.4.201"
JXL = "1.2.840.10008.1.2.4.110"
DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"


def grey(bits, *, is_signed=False, rows=40, columns=56):
    dataset = ct_slice()
    return set_pixels(dataset, noisy(rows, columns, bits), bits_stored=bits, is_signed=is_signed)


def values_of(path, index=0):
    return read_frame(source_of(read_entry(str(path)).instance, index)).values


def jpeg_lossless(values, bits, predictor=1):
    return imagecodecs.jpeg8_encode(values, lossless=True, predictor=predictor, bitspersample=bits)


def j2k(values, bits, **options):
    return imagecodecs.jpeg2k_encode(
        values, codecformat="J2K", reversible=True, bitspersample=bits, **options
    )


LOSSLESS = [
    pytest.param(SV1, jpeg_lossless, id="jpeg-lossless-sv1"),
    pytest.param(JLS, lambda v, bits: imagecodecs.jpegls_encode(v), id="jpeg-ls"),
    pytest.param(J2K, j2k, id="jpeg-2000"),
    pytest.param(HTJ2K, lambda v, bits: imagecodecs.htj2k_encode(v, reversible=True), id="htj2k"),
    pytest.param(JXL, lambda v, bits: imagecodecs.jpegxl_encode(v, lossless=True), id="jpeg-xl"),
]


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize(("syntax", "encode"), LOSSLESS)
def test_lossless_codings_give_back_every_value_20(tmp_path, syntax, encode, bits):
    values = noisy(40, 56, bits)
    path = encapsulated(grey(bits), [encode(values, bits)], syntax, tmp_path)
    assert np.array_equal(values_of(path), values)


@pytest.mark.parametrize("predictor", range(1, 8))
def test_lossless_jpeg_is_decoded_with_every_predictor_20(tmp_path, predictor):
    values = noisy(40, 56, 12)
    stream = jpeg_lossless(values, 12, predictor)
    assert np.array_equal(values_of(encapsulated(grey(12), [stream], PROCESS_14, tmp_path)), values)


def test_signed_values_in_an_unsigned_stream_get_their_sign_17(tmp_path):
    values = noisy(40, 56, 12).astype(np.int16) - 2048
    coded = (values & 0x0FFF).astype(np.uint16)
    dataset = grey(12, is_signed=True)
    path = encapsulated(dataset, [imagecodecs.jpegls_encode(coded)], JLS, tmp_path)
    assert np.array_equal(values_of(path), values)


def test_a_signed_stream_under_an_unsigned_header_stays_unsigned_17(tmp_path):
    values = noisy(40, 56, 12).astype(np.int16) - 2048
    stream = imagecodecs.jpeg2k_encode(values, codecformat="J2K", reversible=True)
    assert jpeg2000_facts(stream).is_signed
    path = encapsulated(grey(16), [stream], J2K, tmp_path)
    assert np.array_equal(values_of(path), values.view(np.uint16))


@pytest.mark.parametrize("level", [0, 2])
def test_near_lossless_jpeg_ls_stays_within_its_bound(tmp_path, level):
    values = noisy(40, 56, 12)
    stream = imagecodecs.jpegls_encode(values, level=level)
    decoded = values_of(encapsulated(grey(12), [stream], JLS_NEAR, tmp_path))
    assert int(np.abs(decoded.astype(int) - values).max()) <= level


@pytest.mark.parametrize(("bits", "syntax"), [(8, BASELINE), (12, EXTENDED)])
def test_lossy_jpeg_is_close(tmp_path, bits, syntax):
    row, column = np.mgrid[:40, :56]
    smooth = ((row + column) * (1 << bits) / 100).astype(np.uint8 if bits == 8 else np.uint16)
    stream = imagecodecs.jpeg8_encode(smooth, 95, bitspersample=bits)
    decoded = values_of(encapsulated(grey(bits), [stream], syntax, tmp_path))
    assert float(np.abs(decoded.astype(float) - smooth).mean()) < (1 << bits) / 200


def test_lossy_jpeg_2000_is_close(tmp_path):
    values = noisy(64, 64, 12)
    stream = imagecodecs.jpeg2k_encode(values, 40, codecformat="J2K", bitspersample=12)
    decoded = values_of(encapsulated(grey(12, rows=64, columns=64), [stream], J2K_LOSSY, tmp_path))
    assert float(np.abs(decoded.astype(float) - values).mean()) < 60


def test_rle_of_grey_and_colour_gives_back_every_value_20(tmp_path):
    path = write(grey(12), tmp_path / "grey.dcm", transfer_syntax=RLELossless)
    assert np.array_equal(values_of(path), noisy(40, 56, 12))
    colour = colour_image(24, 32)
    path = write(colour, tmp_path / "colour.dcm", transfer_syntax=RLELossless)
    wanted = np.frombuffer(colour.PixelData, np.uint8).reshape(24, 32, 3)
    assert np.array_equal(values_of(path), wanted)


def test_planar_configuration_is_ignored_in_compressed_data_18(tmp_path):
    colour = colour_image(24, 32)
    wanted = np.frombuffer(colour.PixelData, np.uint8).reshape(24, 32, 3)
    colour.PlanarConfiguration = 1
    stream = imagecodecs.jpegls_encode(wanted)
    assert np.array_equal(values_of(encapsulated(colour, [stream], JLS, tmp_path)), wanted)


def test_a_jp2_file_around_the_codestream_changes_nothing(tmp_path):
    values = noisy(40, 56, 12)
    wrapped = imagecodecs.jpeg2k_encode(
        values, codecformat="JP2", reversible=True, bitspersample=12
    )
    assert wrapped[:4] != codestream(wrapped)[:4]
    assert np.array_equal(values_of(encapsulated(grey(12), [wrapped], J2K, tmp_path)), values)


def test_deflated_frames_are_read(tmp_path):
    import zlib

    values = noisy(40, 56, 12)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    stream = packer.compress(values.astype("<u2").tobytes()) + packer.flush()
    stream += b"\0" * (len(stream) % 2)
    path = encapsulated(grey(12), [stream], DEFLATED_FRAMES, tmp_path)
    assert np.array_equal(values_of(path), values)


# ------------------------------------------------------------------------------ fragments


@pytest.mark.parametrize("has_table", [True, False])
@pytest.mark.parametrize("pieces", [1, 3])
@pytest.mark.parametrize("count", [1, 4])
def test_fragments_are_shared_among_the_frames(tmp_path, has_table, pieces, count):
    dataset = ct_slice()
    frames = [noisy(40, 56, 12, seed) for seed in range(count)]
    set_pixels(dataset, np.stack(frames), bits_stored=12)
    streams = [imagecodecs.jpegls_encode(frame) for frame in frames]
    path = encapsulated(
        dataset, streams, JLS, tmp_path, fragments_per_frame=pieces, has_table=has_table
    )
    for index, frame in enumerate(frames):
        assert np.array_equal(values_of(path, index), frame)


def test_missing_frames_at_the_end_are_damaged_and_the_others_read(tmp_path):
    dataset = ct_slice()
    frames = [noisy(40, 56, 12, seed) for seed in range(3)]
    set_pixels(dataset, np.stack([*frames, frames[0]]), bits_stored=12)
    streams = [imagecodecs.jpegls_encode(frame) for frame in frames]
    path = encapsulated(dataset, streams, JLS, tmp_path, has_table=False)
    assert np.array_equal(values_of(path, 2), frames[2])
    with pytest.raises(DamagedPixels, match="no pixel data for this frame"):
        values_of(path, 3)


# ------------------------------------------------------------------------------ damage


@pytest.mark.parametrize(("syntax", "encode"), LOSSLESS[:4])
def test_a_frame_that_is_cut_off_is_never_a_picture(tmp_path, syntax, encode):
    stream = encode(noisy(40, 56, 12), 12)
    for part in (0.2, 0.6, 0.95):
        cut = stream[: int(len(stream) * part)]
        path = encapsulated(grey(12), [cut], syntax, tmp_path, name=f"{part}.dcm")
        with pytest.raises(DamagedPixels):
            values_of(path)


@pytest.mark.parametrize(("syntax", "encode"), LOSSLESS[1:4])
def test_a_frame_with_a_piece_missing_before_its_end_mark_is_damaged(tmp_path, syntax, encode):
    stream = encode(noisy(40, 56, 12), 12)
    cut = stream[: len(stream) * 9 // 10] + b"\xff\xd9"
    with pytest.raises(DamagedPixels):
        values_of(encapsulated(grey(12), [cut], syntax, tmp_path))


@pytest.mark.parametrize(("syntax", "encode"), LOSSLESS[:4])
def test_a_frame_of_another_matrix_is_refused_before_it_is_decoded(tmp_path, syntax, encode):
    stream = encode(noisy(48, 56, 12), 12)
    with pytest.raises(DamagedPixels, match=r"48 × 56.*40 × 56"):
        values_of(encapsulated(grey(12), [stream], syntax, tmp_path))


def test_a_tiny_stream_that_claims_a_huge_matrix_takes_no_memory():
    stream = bytearray(imagecodecs.jpegls_encode(noisy(40, 56, 12)))
    place = stream.index(b"\xff\xf7") + 5
    stream[place : place + 4] = struct.pack(">HH", 65535, 65535)
    layout = read_layout(65535, 65535)
    with pytest.raises(DamagedPixels):
        codecs.check_stream(bytes(stream), JLS, read_layout(40, 56))
    with pytest.raises(DamagedPixels, match="too short"):
        codecs.check_stream(bytes(1000), "1.2.840.10008.1.2.5", layout)


def read_layout(rows, columns):
    from tests.io.test_pixels import layout

    return layout(rows=rows, columns=columns, bits_stored=12, high_bit=11)


@pytest.mark.parametrize(
    ("syntax", "name"),
    [
        ("1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264"),
        ("1.2.840.10008.1.2.4.107", "HEVC/H.265"),
        ("1.2.840.10008.1.2.4.94", "JPIP"),
        ("1.2.3.4.5", "transfer syntax 1.2.3.4.5"),
    ],
)
def test_an_unknown_coding_is_named_20(tmp_path, syntax, name):
    path = encapsulated(grey(12), [b"\0\0\0\1abcd"], syntax, tmp_path)
    with pytest.raises(UnsupportedPixels, match=name):
        values_of(path)


@pytest.mark.parametrize("syntax", [BASELINE, SV1, JLS, J2K, HTJ2K, JXL, RLELossless])
def test_noise_in_place_of_a_frame_is_an_error_in_words(tmp_path, syntax):
    random = np.random.default_rng(3)
    for number in range(8):
        noise = random.integers(0, 256, 700, dtype=np.uint8).tobytes()
        path = encapsulated(grey(8), [noise], syntax, tmp_path, name=f"{number}.dcm")
        with pytest.raises(DiptychError) as caught:
            values_of(path)
        assert len(caught.value.what) > 10


@pytest.mark.parametrize("header", [0, 2, 15, 1 << 20])
def test_an_rle_frame_with_wrong_segments_is_damaged(tmp_path, header):
    stream = struct.pack("<16I", header, 64, 70, *[0] * 13) + bytes(3000)
    with pytest.raises(DamagedPixels):
        values_of(encapsulated(grey(8), [stream], RLELossless, tmp_path))


def test_an_rle_segment_that_is_too_short_is_damaged_and_one_with_padding_is_not(tmp_path):
    run = bytes([256 - 127, 7]) * (40 * 56 // 128)
    rest = bytes([256 - (40 * 56 % 128 - 1), 7])
    head = struct.pack("<16I", 1, 64, *[0] * 14)
    good = encapsulated(grey(8), [head + run + rest + b"\x20\0"[:1]], RLELossless, tmp_path)
    assert np.all(values_of(good) == 7)
    short = encapsulated(grey(8), [head + run], RLELossless, tmp_path, name="short.dcm")
    with pytest.raises(DamagedPixels, match="shorter"):
        values_of(short)
