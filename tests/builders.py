"""DICOM series and files built in code, with named defects; the way in for every test.

`ct_series(folder, defects=["gap"])` writes a series; `enhanced_ct`, `colour_image`,
`palette_image`, `radiograph`, `cine` and `text_report` return the other kinds of object. Any
attribute can be given by its DICOM keyword (`ct_slice(WindowCenter=40)`); None removes it.
"""

import copy
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    UID,
    BasicTextSRStorage,
    DigitalXRayImageStorageForPresentation,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    JPEGLSLossless,
    SecondaryCaptureImageStorage,
    UltrasoundMultiFrameImageStorage,
)

from tests.defects import DEFECTS, PADDING, TILT_RAD
from tests.slices import (
    AXIAL,
    CORONAL,
    SAGITTAL,
    Acquisition,
    ct_slice,
    dataset_of,
    image_slice,
    pattern,
    set_attributes,
    set_pixels,
    stored_values,
    uid,
)

__all__ = [
    "AXIAL",
    "CORONAL",
    "DEFECTS",
    "PADDING",
    "SAGITTAL",
    "TILT_RAD",
    "Acquisition",
    "build_series",
    "cine",
    "colour_image",
    "ct_series",
    "ct_slice",
    "enhanced_ct",
    "image_slice",
    "palette_image",
    "pattern",
    "radiograph",
    "set_attributes",
    "set_pixels",
    "stored_values",
    "text_report",
    "uid",
    "write",
    "write_all",
]


def build_series(
    n: int = 8,
    *,
    settings: Acquisition | None = None,
    defects: Sequence[str] = (),
    **attributes: Any,
) -> list[Dataset]:
    """Return `n` slices of an acquisition with the named defects applied in turn."""
    acquisition = settings or Acquisition()
    slices = [image_slice(acquisition, index, **attributes) for index in range(n)]
    for name in defects:
        slices = DEFECTS[name](slices, acquisition)
    return slices


def ct_series(
    folder: Path,
    n: int = 8,
    *,
    settings: Acquisition | None = None,
    defects: Sequence[str] = (),
    transfer_syntax: str = ExplicitVRLittleEndian,
    **attributes: Any,
) -> list[Path]:
    """Write a series into `folder` and return the files; `settings` may name another modality."""
    return write_all(
        build_series(n, settings=settings, defects=defects, **attributes),
        folder,
        transfer_syntax=transfer_syntax,
    )


def write_all(
    datasets: Sequence[Dataset], folder: Path, *, transfer_syntax: str = ExplicitVRLittleEndian
) -> list[Path]:
    """Write data sets as 0001.dcm, 0002.dcm ... and return the files."""
    return [
        write(dataset, folder / f"{number:04d}.dcm", transfer_syntax=transfer_syntax)
        for number, dataset in enumerate(datasets, start=1)
    ]


def write(dataset: Dataset, path: Path, *, transfer_syntax: str = ExplicitVRLittleEndian) -> Path:
    """Write one data set as a DICOM file, coded by pydicom where it has an encoder of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    syntax = UID(transfer_syntax)
    if syntax.is_compressed and not syntax.is_deflated:
        dataset = copy.deepcopy(dataset)
        if syntax == JPEGLSLossless:
            _code_jpeg_ls(dataset)
        else:
            dataset.compress(syntax)
    else:
        dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(path, enforce_file_format=True)
    return path


def dataset_bytes(dataset: Dataset) -> bytes:
    """Return a data set in Explicit VR Little Endian without file meta, as it goes over a line."""
    written = BytesIO()
    dcmwrite(written, dataset, implicit_vr=False, little_endian=True, enforce_file_format=False)
    return written.getvalue()


def _code_jpeg_ls(dataset: Dataset) -> None:
    """Code a single grey frame as JPEG-LS without loss."""
    stream = bytes(imagecodecs.jpegls_encode(dataset.pixel_array))
    dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True


# ------------------------------------------------------------------------------ other kinds


def _one(**values: Any) -> list[Dataset]:
    """Return a sequence value of one item with these attributes."""
    return [set_attributes(Dataset(), values)]


def enhanced_ct(
    n: int = 6,
    *,
    settings: Acquisition | None = None,
    order: Sequence[int] | None = None,
    slopes: Sequence[float] | None = None,
    **attributes: Any,
) -> Dataset:
    """Return an Enhanced CT whose frame k holds slice `order[k]` with slope `slopes[k]`.

    Orientation and spacing are in the shared functional groups, position, rescale, window and
    frame content in the per-frame ones. Source: DICOM PS3.3 A.38.1 and C.7.6.16.
    """
    acquisition = settings or Acquisition()
    order = range(n) if order is None else order
    slopes = [acquisition.slope] * n if slopes is None else slopes
    dataset = dataset_of(EnhancedCTImageStorage, acquisition, "enhanced")
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    dataset.InstanceNumber = 1
    dataset.ContentDate, dataset.ContentTime = "20240229", "093100"
    dataset.AcquisitionDateTime = "20240229093100"
    dataset.FrameOfReferenceUID = uid(acquisition.study, "frame of reference")
    dataset.PatientPosition, dataset.PositionReferenceIndicator = "HFS", ""
    dataset.DimensionOrganizationSequence = _one(DimensionOrganizationUID=uid("dimensions"))
    dataset.DimensionIndexSequence = _one(
        DimensionOrganizationUID=uid("dimensions"),
        DimensionIndexPointer=0x00209057,
        FunctionalGroupPointer=0x00209111,
    )
    dataset.SharedFunctionalGroupsSequence = _one(
        PlaneOrientationSequence=_one(ImageOrientationPatient=list(acquisition.orientation)),
        PixelMeasuresSequence=_one(
            PixelSpacing=list(acquisition.spacing_mm), SliceThickness=acquisition.thickness_mm
        ),
    )
    dataset.PerFrameFunctionalGroupsSequence = [
        _frame_groups(acquisition, index, slope) for index, slope in zip(order, slopes, strict=True)
    ]
    frames = [pattern(acquisition.rows, acquisition.columns, index) for index in order]
    set_pixels(dataset, np.stack(frames), bits_stored=12)
    return set_attributes(dataset, attributes)


def _frame_groups(acquisition: Acquisition, index: int, slope: float) -> Dataset:
    position = list(acquisition.position_mm(index))
    (groups,) = _one(
        PlanePositionSequence=_one(ImagePositionPatient=position),
        PixelValueTransformationSequence=_one(
            RescaleSlope=slope, RescaleIntercept=acquisition.intercept, RescaleType="HU"
        ),
        FrameVOILUTSequence=_one(WindowCenter=40, WindowWidth=400),
        FrameContentSequence=_one(
            StackID="1", InStackPositionNumber=index + 1, DimensionIndexValues=[index + 1]
        ),
    )
    return groups


def colour_image(
    rows: int = 24,
    columns: int = 32,
    *,
    photometric: str = "RGB",
    planar: int = 0,
    **attributes: Any,
) -> Dataset:
    """Return a secondary capture: red grows with the row, green with the column, blue is 50.

    For `photometric` YBR_FULL the same three numbers are stored as Y, CB and CR. `planar` 1 stores
    one plane after the other.
    """
    row, column = np.mgrid[:rows, :columns]
    values = np.stack([5 * row, 4 * column, np.full_like(row, 50)], axis=-1).astype(np.uint8)
    dataset = dataset_of(SecondaryCaptureImageStorage, Acquisition("OT"), "colour")
    dataset.ConversionType, dataset.InstanceNumber = "WSD", 1
    set_pixels(dataset, values)
    dataset.PhotometricInterpretation = photometric
    dataset.PlanarConfiguration = planar
    if planar:
        dataset.PixelData = np.moveaxis(values, -1, 0).tobytes()
    return set_attributes(dataset, attributes)


def palette_image(rows: int = 24, columns: int = 32, **attributes: Any) -> Dataset:
    """Return a palette image of row + column: red 257 times that, green 65535 - red, blue 0."""
    row, column = np.mgrid[:rows, :columns]
    dataset = dataset_of(SecondaryCaptureImageStorage, Acquisition("OT"), "palette")
    dataset.ConversionType, dataset.InstanceNumber = "WSD", 1
    set_pixels(dataset, (row + column).astype(np.uint8))
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    red = np.arange(256) * 257
    for colour, table in (("Red", red), ("Green", 65535 - red), ("Blue", red * 0)):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(dataset, f"{colour}PaletteColorLookupTableData", table.astype("<u2").tobytes())
    return set_attributes(dataset, attributes)


def radiograph(
    rows: int = 24, columns: int = 32, *, detector_spacing_mm: float = 0.2, **attributes: Any
) -> Dataset:
    """Return a digital radiograph whose spacing is known at the detector only."""
    dataset = dataset_of(DigitalXRayImageStorageForPresentation, Acquisition("DX"), "radiograph")
    dataset.ImageType, dataset.InstanceNumber = ["ORIGINAL", "PRIMARY"], 1
    dataset.PatientOrientation = ["L", "F"]
    dataset.ImagerPixelSpacing = [detector_spacing_mm, detector_spacing_mm]
    dataset.PresentationLUTShape, dataset.BodyPartExamined = "IDENTITY", "CHEST"
    set_pixels(dataset, pattern(rows, columns), bits_stored=12)
    return set_attributes(dataset, attributes)


def cine(
    frames: int = 5, rows: int = 24, columns: int = 32, *, frame_ms: float = 40.0, **attributes: Any
) -> Dataset:
    """Return an 8-bit ultrasound cine; grey = 10 frame + row + column.

    One region in centimetres covers columns 4 to 27 and rows 2 to 21, with 0.05 cm across and
    0.1 cm down a pixel. Source: DICOM PS3.3 C.8.5.5.
    """
    row, column = np.mgrid[:rows, :columns]
    values = np.stack([(10 * k + row + column).astype(np.uint8) for k in range(frames)])
    dataset = dataset_of(UltrasoundMultiFrameImageStorage, Acquisition("US"), "cine")
    dataset.ImageType, dataset.InstanceNumber = ["ORIGINAL", "PRIMARY"], 1
    set_pixels(dataset, values)
    dataset.FrameTime, dataset.FrameIncrementPointer = frame_ms, 0x00181063
    dataset.SequenceOfUltrasoundRegions = _one(
        RegionSpatialFormat=1,
        RegionDataType=1,
        RegionFlags=0,
        RegionLocationMinX0=4,
        RegionLocationMinY0=2,
        RegionLocationMaxX1=27,
        RegionLocationMaxY1=21,
        PhysicalUnitsXDirection=3,
        PhysicalUnitsYDirection=3,
        PhysicalDeltaX=0.05,
        PhysicalDeltaY=0.1,
    )
    return set_attributes(dataset, attributes)


def text_report(text: str = "No finding.", **attributes: Any) -> Dataset:
    """Return a Basic Text SR with one line of text: an object that is not an image."""
    dataset = dataset_of(BasicTextSRStorage, Acquisition("SR"), "report")
    dataset.InstanceNumber = 1
    dataset.ContentDate, dataset.ContentTime = "20240229", "100000"
    dataset.CompletionFlag, dataset.VerificationFlag = "COMPLETE", "UNVERIFIED"
    dataset.ValueType, dataset.ContinuityOfContent = "CONTAINER", "SEPARATE"
    dataset.ConceptNameCodeSequence = _one(
        CodeValue="18782-3", CodingSchemeDesignator="LN", CodeMeaning="Radiology Study observation"
    )
    dataset.ContentSequence = _one(
        RelationshipType="CONTAINS",
        ValueType="TEXT",
        TextValue=text,
        ConceptNameCodeSequence=_one(
            CodeValue="121071", CodingSchemeDesignator="DCM", CodeMeaning="Finding"
        ),
    )
    return set_attributes(dataset, attributes)
