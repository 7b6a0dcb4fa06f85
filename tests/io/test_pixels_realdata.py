"""Stored values of real files against the checksums of other decoders."""

import csv
import hashlib
from pathlib import Path

import numpy as np
import pydicom
import pytest

from viewer.core.errors import DiptychError
from viewer.core.study import FrameFacts, FrameSource, Instance, PixelLayout
from viewer.io.header import read_entry
from viewer.io.pixels import read_frame

pytestmark = pytest.mark.realdata

GROUPS = (
    "ct", "enhanced", "geometry", "malformed", "media", "mg", "mr", "nm", "objects", "pet",
    "radiograph", "transfer_syntax", "us", "xa",
)  # fmt: skip

NOT_DECODED = "NOT DECODED"
LOSSY = {
    # 12-bit JPEG: the reference's inverse DCT rounds otherwise; compared with the uncompressed
    # original instead, below.
    "transfer_syntax/ct_ge_chest_all_ts/"
    "CTImage.dcm_JPEGProcess2_4TransferSyntax_1.2.840.10008.1.2.4.51.dcm",
}
CHEST = "transfer_syntax/ct_ge_chest_all_ts/CTImage.dcm_{}.dcm"
ORIGINAL = CHEST.format("LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1")


def rows(real_data, group):
    with (real_data / "PIXELS.csv").open(newline="", encoding="utf-8") as text:
        return [row for row in csv.DictReader(text) if row["path"].startswith(f"{group}/")]


def instance_at(path: Path) -> Instance:
    """Return an instance; objects that are not images get their layout from pydicom."""
    instance = read_entry(str(path)).instance
    return instance if instance.pixels is not None else segmentation(path, instance)


def segmentation(path: Path, instance: Instance) -> Instance:
    dataset = pydicom.dcmread(path)
    element = dataset.get_item("PixelData")
    layout = PixelLayout(
        dataset.Rows,
        dataset.Columns,
        dataset.SamplesPerPixel,
        dataset.PhotometricInterpretation,
        dataset.BitsAllocated,
        dataset.BitsStored,
        dataset.HighBit,
        is_signed=False,
        planar_configuration=0,
        offset=element.value_tell,
        length=element.length,
    )
    frames = (FrameFacts(),) * int(dataset.NumberOfFrames)
    return Instance(
        str(path),
        str(path),
        instance.sop_class_uid,
        instance.sop_instance_uid,
        str(dataset.file_meta.TransferSyntaxUID),
        "SEG",
        pixels=layout,
        frames=frames,
    )


def stored(path: Path) -> np.ndarray:
    instance = instance_at(path)
    frames = [
        read_frame(FrameSource(instance, index)).values for index in range(len(instance.frames))
    ]
    return np.ascontiguousarray(np.stack(frames) if len(frames) > 1 else frames[0])


def hounsfield(path: Path) -> np.ndarray:
    facts = read_entry(str(path)).instance.frames[0]
    return stored(path) * facts.slope + facts.intercept


@pytest.mark.parametrize("group", GROUPS)
def test_every_decodable_file_gives_the_checksum_of_the_reference(real_data, group):
    wrong = []
    checked = 0
    for row in rows(real_data, group):
        if row["raw_pixels_sha256"] == NOT_DECODED or row["path"] in LOSSY:
            continue
        values = stored(real_data / row["path"])
        checked += 1
        if hashlib.sha256(values.tobytes()).hexdigest() != row["raw_pixels_sha256"]:
            wrong.append(row["path"])
    assert checked
    assert not wrong


def test_all_rows_of_the_reference_are_in_a_group(real_data):
    with (real_data / "PIXELS.csv").open(newline="", encoding="utf-8") as text:
        found = {row["path"].split("/")[0] for row in csv.DictReader(text)}
    assert found == set(GROUPS)


@pytest.mark.parametrize(
    "name",
    [
        "JPEGProcess2_4TransferSyntax_1.2.840.10008.1.2.4.51",
        "JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53",
        "JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55",
    ],
)
def test_twelve_bit_jpeg_is_close_to_the_uncompressed_original(real_data, name):
    difference = hounsfield(real_data / CHEST.format(name)) - hounsfield(real_data / ORIGINAL)
    # Its coded step is 2 HU; what remains is the loss of the compression.
    assert np.abs(difference).max() < 40
    assert np.sqrt((difference**2).mean()) < 6


def test_files_without_a_reference_are_decoded_or_refused_in_words(real_data):
    for group in GROUPS:
        for row in rows(real_data, group):
            if row["raw_pixels_sha256"] != NOT_DECODED:
                continue
            instance = read_entry(str(real_data / row["path"])).instance
            for index in range(min(3, len(instance.frames))):
                outcome = tried(FrameSource(instance, index))
                if isinstance(outcome, DiptychError):
                    assert len(outcome.what) > 20, row["path"]
                else:
                    layout = instance.pixels
                    assert outcome.shape[:2] == (layout.rows, layout.columns)


def tried(source: FrameSource) -> np.ndarray | DiptychError:
    try:
        return read_frame(source).values
    except DiptychError as error:
        return error
