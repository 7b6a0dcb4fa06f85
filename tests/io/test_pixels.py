"""Stored values of native pixel data; numbers in brackets are the rules of the viewing spec."""

import zlib

import numpy as np
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tests.builders import colour_image, ct_slice, image_slice, pattern, set_pixels, write
from tests.io.openings import instance_of, source_of
from tests.slices import Acquisition
from viewer.core.errors import (
    BadHeader,
    DamagedPixels,
    OutOfMemory,
    UnreadableFile,
    UnsupportedPixels,
)
from viewer.core.study import PixelLayout
from viewer.io.header import read_entry
from viewer.io.pixels import FrameAddress, masked, read_frame, read_stored


def layout(**changes):
    values = {
        "rows": 4,
        "columns": 6,
        "samples": 1,
        "photometric": "MONOCHROME2",
        "bits_allocated": 16,
        "bits_stored": 16,
        "high_bit": 15,
        "is_signed": False,
        "planar_configuration": 0,
        "offset": 0,
        "length": -1,
    }
    return PixelLayout(**(values | changes))


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ],
)
def test_native_values_are_the_same_in_every_byte_order(tmp_path, syntax):
    dataset = ct_slice(3)
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    instance = read_entry(str(write(dataset, tmp_path / "a.dcm", transfer_syntax=syntax))).instance
    frame = read_frame(source_of(instance))
    assert np.array_equal(frame.values, pattern(24, 32, 3))
    assert frame.values.dtype == np.uint16


def test_samples_follow_the_data_when_the_meta_header_names_another_byte_order(tmp_path):
    path = write(ct_slice(3), tmp_path / "a.dcm")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.2\0", 1))
    values = read_frame(source_of(read_entry(str(path)).instance)).values
    assert np.array_equal(values, pattern(24, 32, 3))


def test_bits_above_high_bit_are_cleared_in_unsigned_data_16(tmp_path):
    dataset = ct_slice()
    stored = np.frombuffer(dataset.PixelData, "<u2")
    dataset.PixelData = (stored | 0xF000).tobytes()
    values = read_frame(source_of(instance_of(dataset, tmp_path))).values
    assert np.array_equal(values, pattern(24, 32))


def test_sign_is_extended_from_high_bit_in_signed_data_16(tmp_path):
    dataset = ct_slice()
    wanted = pattern(24, 32) - 1100
    set_pixels(dataset, wanted & 0x0FFF, bits_stored=12)
    dataset.PixelRepresentation = 1
    values = read_frame(source_of(instance_of(dataset, tmp_path))).values
    assert values.min() < 0
    assert np.array_equal(values, wanted)


def test_values_above_their_lowest_bit_are_shifted_down_16(tmp_path):
    dataset = ct_slice()
    dataset.PixelData = (np.frombuffer(dataset.PixelData, "<u2") << 4).tobytes()
    dataset.HighBit = 15
    values = read_frame(source_of(instance_of(dataset, tmp_path))).values
    assert np.array_equal(values, pattern(24, 32))


def test_grey_sign_follows_the_header_and_colour_is_unsigned_17():
    coded = np.array([[200, 100]], dtype=np.uint8)
    eight = layout(bits_allocated=8, bits_stored=8, high_bit=7, is_signed=True)
    assert masked(coded, eight, 8).tolist() == [[-56, 100]]
    colour = layout(samples=3, bits_allocated=8, bits_stored=8, high_bit=7, is_signed=True)
    assert masked(np.array([[[200, 1, 2]]], np.uint8), colour, 8).tolist() == [[[200, 1, 2]]]
    # A stream that calls itself signed, under a header that does not.
    assert masked(np.array([[-1]], np.int16), layout(bits_stored=12, high_bit=11), 12)[0, 0] == 4095


@pytest.mark.parametrize("planar", [0, 1])
def test_planar_configuration_is_honoured_in_native_data_18(tmp_path, planar):
    values = read_frame(source_of(instance_of(colour_image(planar=planar), tmp_path))).values
    row, column = np.mgrid[:24, :32]
    assert np.array_equal(values, np.stack([5 * row, 4 * column, row * 0 + 50], axis=-1))


def test_half_chroma_is_repeated_for_both_pixels(tmp_path):
    dataset = colour_image(4, 6, photometric="YBR_FULL_422")
    luma = np.arange(24, dtype=np.uint8).reshape(4, 6)
    pairs = np.empty((4, 3, 4), np.uint8)
    pairs[..., 0], pairs[..., 1] = luma[:, 0::2], luma[:, 1::2]
    pairs[..., 2], pairs[..., 3] = 10 + np.arange(3), 20 + np.arange(3)
    dataset.PixelData = pairs.tobytes()
    values = read_frame(source_of(instance_of(dataset, tmp_path))).values
    assert np.array_equal(values[..., 0], luma)
    assert values[0, :, 1].tolist() == [10, 10, 11, 11, 12, 12]
    assert values[3, :, 2].tolist() == [20, 20, 21, 21, 22, 22]


@pytest.mark.parametrize(("bits", "kind"), [(8, "u1"), (32, "<u4"), (32, "<i4")])
def test_other_sample_sizes_are_read(tmp_path, bits, kind):
    dataset = ct_slice()
    wanted = (pattern(24, 32) % 250).astype(kind) * (1 if bits == 8 else 1_000_003)
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit, dataset.PixelRepresentation = bits - 1, int("i" in kind)
    dataset.PixelData = wanted.tobytes()
    values = read_frame(source_of(instance_of(dataset, tmp_path))).values
    assert np.array_equal(values, wanted)


@pytest.mark.parametrize(
    ("keyword", "kind"), [("FloatPixelData", "f4"), ("DoubleFloatPixelData", "f8")]
)
def test_float_pixels_are_read(tmp_path, keyword, kind):
    dataset = ct_slice()
    del dataset.PixelData
    wanted = (pattern(24, 32) / 7).astype(kind)
    dataset.BitsAllocated = 8 * wanted.dtype.itemsize
    setattr(dataset, keyword, wanted.tobytes())
    values = read_frame(source_of(instance_of(dataset, tmp_path))).values
    assert np.array_equal(values, wanted)


def test_single_bits_are_unpacked_across_byte_borders(tmp_path):
    random = np.random.default_rng(1)
    bits = random.integers(0, 2, (3, 5, 7), dtype=np.uint8)
    path = tmp_path / "bits"
    path.write_bytes(np.packbits(bits.reshape(-1), bitorder="little").tobytes())
    one = layout(rows=5, columns=7, bits_allocated=1, bits_stored=1, high_bit=0, length=14)
    for index in range(3):
        address = FrameAddress(str(path), ExplicitVRLittleEndian, one, 3, index)
        assert np.array_equal(read_stored(address).values, bits[index])


def test_each_frame_of_a_native_multi_frame_image_is_its_own(tmp_path):
    dataset = ct_slice()
    set_pixels(dataset, np.stack([pattern(24, 32, k) for k in range(4)]), bits_stored=12)
    instance = instance_of(dataset, tmp_path)
    for index in range(4):
        assert np.array_equal(read_frame(source_of(instance, index)).values, pattern(24, 32, index))


# ------------------------------------------------------------------------------ bad input


def test_data_shorter_than_the_matrix_is_damaged_before_any_memory_is_taken(tmp_path):
    dataset = ct_slice()
    dataset.Rows = dataset.Columns = 60000
    with pytest.raises(OutOfMemory, match="60000 × 60000"):
        read_frame(source_of(instance_of(dataset, tmp_path)))
    dataset.Rows = dataset.Columns = 20000
    with pytest.raises(DamagedPixels, match="1,536 bytes where 20000 × 20000"):
        read_frame(source_of(instance_of(dataset, tmp_path, "two.dcm")))


def test_a_file_that_breaks_off_in_its_pixels_is_damaged(tmp_path):
    instance = instance_of(ct_slice(), tmp_path)
    path = tmp_path / "one.dcm"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DamagedPixels, match="ends before"):
        read_frame(source_of(instance))


def test_a_file_that_is_gone_is_named_as_such(tmp_path):
    instance = instance_of(ct_slice(), tmp_path)
    (tmp_path / "one.dcm").unlink()
    with pytest.raises(UnreadableFile, match="could not be read"):
        read_frame(source_of(instance))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"bits_allocated": 12, "bits_stored": 12, "high_bit": 11}, UnsupportedPixels),
        ({"bits_stored": 20, "high_bit": 19}, BadHeader),
        ({"bits_stored": 12, "high_bit": 5}, BadHeader),
        ({"samples": 2}, UnsupportedPixels),
        ({"rows": 0}, BadHeader),
        ({"rows": 65535, "columns": 65535}, OutOfMemory),
    ],
)
def test_an_impossible_pixel_description_is_refused_in_words(tmp_path, changes, error):
    path = tmp_path / "x"
    path.write_bytes(bytes(64))
    with pytest.raises(error) as caught:
        read_stored(FrameAddress(str(path), ExplicitVRLittleEndian, layout(**changes), 1, 0))
    assert len(str(caught.value)) > 20


def test_a_deflate_bomb_is_not_unpacked(tmp_path):
    dataset = ct_slice()
    instance = read_entry(
        str(write(dataset, tmp_path / "a.dcm", transfer_syntax=DeflatedExplicitVRLittleEndian))
    ).instance
    data = (tmp_path / "a.dcm").read_bytes()
    start = 144 + int.from_bytes(data[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(600)) + packer.flush()
    (tmp_path / "a.dcm").write_bytes(data[:start] + bomb)
    big = layout(rows=16000, columns=16000, offset=4000, length=512_000_000)
    address = FrameAddress(instance.path, DeflatedExplicitVRLittleEndian, big, 1, 0)
    with pytest.raises(DamagedPixels, match=r"inflated|grows"):
        read_stored(address)


def test_an_mr_slice_reads_like_a_ct_slice(tmp_path):
    instance = instance_of(image_slice(Acquisition("MR"), 2), tmp_path)
    assert np.array_equal(read_frame(source_of(instance)).values, pattern(24, 32, 2))
