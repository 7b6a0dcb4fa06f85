"""Large CT series written quickly: 512 x 512 int16, about 147 header elements, pixels near 6.5 KB.

The header is made once by pydicom; each slice puts its own numbers into fields of fixed width.
"""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian

from tests.slices import Acquisition, image_slice, uid

SIZE = 512
STEP_MM = 0.75
_Z, _NUMBER, _UID_END = "   -1000.000", "   99999", ".987654321.99999"

Encoder = Callable[[NDArray[np.int16]], bytes]
"""Turns one slice into the codestream of its only frame."""


def write_series(
    folder: Path,
    count: int,
    *,
    transfer_syntax: str = ExplicitVRLittleEndian,
    encode: Encoder | None = None,
    series: str = "benchmark",
) -> list[Path]:
    """Write `count` slices as 00000.dcm ... and return the files.

    `encode` codes the pixels for a compressed transfer syntax; without it they are raw.
    """
    folder.mkdir(parents=True, exist_ok=True)
    template = header_template(series, transfer_syntax)
    pictures = [slice_values(place) for place in range(8)]
    coded = [encode(picture) for picture in pictures] if encode else []
    paths = []
    for index in range(count):
        header = header_of(template, index)
        shift = 2 * SIZE * (7 * index % SIZE)
        if coded:
            pixels = _element(encapsulate([coded[index % 8]], has_bot=True), is_encapsulated=True)
        else:
            raw = pictures[index % 8].tobytes()
            pixels = _element(raw[shift:] + raw[:shift], is_encapsulated=False)
        path = folder / f"{index:05d}.dcm"
        path.write_bytes(header + pixels)
        paths.append(path)
    return paths


def slice_values(place: int) -> NDArray[np.int16]:
    """Return stored values of a noisy disc with a few rods, shape (512, 512)."""
    rng = np.random.default_rng(place)
    row, column = np.mgrid[:SIZE, :SIZE] - SIZE / 2
    radius = np.hypot(row, 1.3 * column)
    values = np.where(radius < 230, 1040.0, 24.0)
    for rod in range(6):
        centre = 120 * np.exp(1j * (rod + place / 8))
        values[np.hypot(row - centre.real, column - centre.imag) < 20] += 150 * rod - 300
    values += rng.normal(0, 18, values.shape)
    return np.clip(np.rint(values), 0, 4095).astype(np.int16)


def header_template(series: str, transfer_syntax: str) -> bytes:
    """Return preamble, meta header and data set up to the pixel data, with marked fields."""
    acquisition = Acquisition(rows=SIZE, columns=SIZE, spacing_mm=(0.703125, 0.703125))
    dataset = image_slice(acquisition)
    dataset.SeriesInstanceUID = uid("benchmark", series)
    dataset.SOPInstanceUID = str(uid("benchmark", series, "image"))[:40] + _UID_END
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.InstanceNumber = 1
    _add_usual(dataset)
    _add_private(dataset)
    del dataset.PixelData
    dataset.PixelRepresentation = 1
    dataset.file_meta.TransferSyntaxUID = transfer_syntax
    buffer = BytesIO()
    dataset.save_as(buffer, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return _with_fields(buffer.getvalue())


def _with_fields(header: bytes) -> bytes:
    """Give position, location and instance number fields of a fixed width."""
    x, y, z = (b"-180.0000", b"-180.0000", _Z.encode())
    header = _set(header, 0x00200032, b"DS", b"\\".join((x, y, z)))
    header = _set(header, 0x00201041, b"DS", z)
    return _set(header, 0x00200013, b"IS", _NUMBER.encode())


def _set(header: bytes, tag: int, vr: bytes, value: bytes) -> bytes:
    """Replace the value of a top-level element with a two-byte length."""
    mark = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little") + vr
    start = header.index(mark)
    length = int.from_bytes(header[start + 6 : start + 8], "little")
    value += b" " * (len(value) % 2)
    rest = header[start + 8 + length :]
    return header[: start + 6] + len(value).to_bytes(2, "little") + value + rest


def header_of(template: bytes, index: int) -> bytes:
    """Return the header of slice `index`."""
    z = f"{-300 + STEP_MM * index:12.3f}".encode()
    return (
        template.replace(_Z.encode(), z)
        .replace(_NUMBER.encode(), f"{index + 1:8d}".encode())
        .replace(_UID_END.encode(), f".987654321.{index + 10000:05d}".encode())
    )


def _element(value: bytes, *, is_encapsulated: bool) -> bytes:
    head = b"\xe0\x7f\x10\x00" + (b"OB" if is_encapsulated else b"OW") + b"\0\0"
    if is_encapsulated:
        return head + b"\xff\xff\xff\xff" + value
    return head + len(value).to_bytes(4, "little") + value


def _add_usual(dataset: Dataset) -> None:
    """Add what scanners write besides, nested sequences included."""
    values: dict[str, Any] = {
        "InstitutionName": "Diptych benchmark",
        "StationName": "CT99",
        "ManufacturerModelName": "Synthetic 128",
        "ProtocolName": "Thorax routine",
        "SoftwareVersions": "1.0",
        "DeviceSerialNumber": "12345",
        "PatientAge": "053Y",
        "PatientWeight": 75,
        "DataCollectionDiameter": 500,
        "ReconstructionDiameter": 360,
        "DistanceSourceToDetector": 1085.6,
        "DistanceSourceToPatient": 595,
        "GantryDetectorTilt": 0,
        "TableHeight": 150,
        "RotationDirection": "CW",
        "ExposureTime": 500,
        "Exposure": 100,
        "FilterType": "0",
        "GeneratorPower": 30,
        "FocalSpots": 1.2,
        "SingleCollimationWidth": 0.6,
        "TotalCollimationWidth": 38.4,
        "TableSpeed": 46,
        "SpiralPitchFactor": 0.6,
        "CTDIvol": 6.1,
        "SliceLocation": 0,
        "WindowCenter": [40, -600],
        "WindowWidth": [400, 1200],
        "WindowCenterWidthExplanation": ["WINDOW1", "WINDOW2"],
        "RequestedProcedureDescription": "CT thorax",
        "PerformedProcedureStepStartDate": "20240229",
        "PerformedProcedureStepStartTime": "093000",
        "PerformedProcedureStepID": "P1",
        "CommentsOnThePerformedProcedureStep": "synthetic",
        "SmallestImagePixelValue": 0,
        "LargestImagePixelValue": 4095,
        "LossyImageCompression": "00",
        "BurnedInAnnotation": "NO",
        "ImageComments": "made for a benchmark, shows no patient",
        "ContentDate": "20240229",
        "InstanceCreationDate": "20240229",
        "InstanceCreationTime": "093200",
        "OperatorsName": "NOBODY",
        "StudyID": "1",
    }
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    code = _item(CodeValue="113820", CodingSchemeDesignator="DCM", CodeMeaning="CT Acquisition")
    dataset.ProcedureCodeSequence = [code]
    request = _item(RequestedProcedureID="R1", ScheduledProcedureStepID="S1")
    request.ScheduledProtocolCodeSequence = [code, code]
    dataset.RequestAttributesSequence = [request]
    dataset.ReferencedImageSequence = [
        _item(ReferencedSOPClassUID="1.2.3", ReferencedSOPInstanceUID=f"1.2.3.{place}")
        for place in range(3)
    ]


def _item(**values: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def _add_private(dataset: Dataset) -> None:
    """Add private blocks: short values, a shadow header of 3 KiB, and a private sequence."""
    short = dataset.private_block(0x0019, "DIPTYCH BENCHMARK A", create=True)
    for place in range(46):
        short.add_new(place, "DS", f"{place * 1.5:.3f}")
    long = dataset.private_block(0x0029, "DIPTYCH BENCHMARK B", create=True)
    long.add_new(0x10, "OB", bytes(range(256)) * 13)
    long.add_new(0x11, "SQ", [_item(CodeValue="1", CodeMeaning="nested")])
    long.add_new(0x12, "LO", "text")
