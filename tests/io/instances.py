"""Instances read with pydicom: an independent way to the same values, for the tests of pixels."""

from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset

from viewer.core.geometry import FrameGeometry
from viewer.core.study import FrameFacts, FrameSource, Instance, PartKind, PixelLayout, SeriesPart
from viewer.core.windowing import Window

KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def instance_of(path: Path, **changes: Any) -> Instance:
    """Return the instance in a file, every value found by pydicom; `changes` replace some."""
    dataset = pydicom.dcmread(path, force=True)
    facts = facts_of(dataset)
    values: dict[str, Any] = {
        "path": str(path),
        "origin": str(path),
        "sop_class_uid": str(dataset.get("SOPClassUID", "")),
        "sop_instance_uid": str(dataset.get("SOPInstanceUID", "")),
        "transfer_syntax_uid": str(dataset.file_meta.get("TransferSyntaxUID", "")),
        "modality": dataset.get("Modality", ""),
        "image_type": tuple(dataset.get("ImageType", "") or ()),
        "frame_of_reference_uid": str(dataset.get("FrameOfReferenceUID", "")),
        "pixels": layout_of(dataset, path),
        "frames": (facts,) * int(dataset.get("NumberOfFrames", 1) or 1),
        "slice_thickness_mm": number(dataset, "SliceThickness"),
        "pixel_spacing_mm": pair(dataset, "PixelSpacing"),
        "imager_spacing_mm": pair(dataset, "ImagerPixelSpacing"),
        "pixel_aspect": pair(dataset, "PixelAspectRatio"),
        "magnification": number(dataset, "EstimatedRadiographicMagnificationFactor"),
        "calibration": dataset.get("PixelSpacingCalibrationType", ""),
        "rescale_type": dataset.get("RescaleType", ""),
        "units": dataset.get("Units", ""),
        "has_modality_lut": "ModalityLUTSequence" in dataset,
        "has_voi_lut": "VOILUTSequence" in dataset,
        "is_presentation_inverse": dataset.get("PresentationLUTShape", "") == "INVERSE",
        "padding": padding_of(dataset),
        "frame_time_ms": number(dataset, "FrameTime"),
    }
    return Instance(**(values | changes))


def number(dataset: Dataset, keyword: str) -> float | None:
    value = dataset.get(keyword)
    return None if value in (None, "") else float(value)


def pair(dataset: Dataset, keyword: str) -> Any:
    value = dataset.get(keyword)
    if not value:
        return None
    return tuple(int(part) if keyword == "PixelAspectRatio" else float(part) for part in value)


def padding_of(dataset: Dataset) -> tuple[float, float] | None:
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return None
    other = dataset.get("PixelPaddingRangeLimit", value)
    return (float(min(value, other)), float(max(value, other)))


def facts_of(dataset: Dataset) -> FrameFacts:
    """Return the facts of the single frame of a data set."""
    geometry = None
    if "ImagePositionPatient" in dataset and "ImageOrientationPatient" in dataset:
        orientation = [float(value) for value in dataset.ImageOrientationPatient]
        geometry = FrameGeometry(
            tuple(float(value) for value in dataset.ImagePositionPatient),
            tuple(orientation[:3]),
            tuple(orientation[3:]),
            pair(dataset, "PixelSpacing") or (1.0, 1.0),
            (dataset.Rows, dataset.Columns),
        )
    windows: tuple[Window, ...] = ()
    if "WindowCenter" in dataset and "WindowWidth" in dataset:
        centres, widths = dataset.WindowCenter, dataset.WindowWidth
        centres = [centres] if isinstance(centres, float) else list(centres)
        widths = [widths] if isinstance(widths, float) else list(widths)
        windows = tuple(
            Window(float(c), float(w)) for c, w in zip(centres, widths, strict=False) if w >= 1
        )
    return FrameFacts(
        geometry,
        float(dataset.get("RescaleSlope", 1) or 0),
        float(dataset.get("RescaleIntercept", 0) or 0),
        windows,
    )


def layout_of(dataset: Dataset, path: Path) -> PixelLayout | None:
    """Return the pixel layout with the position of the pixel data in the file."""
    keyword = next((name for name in KEYWORDS if name in dataset), None)
    if keyword is None:
        return None
    element = dataset.get_item(keyword)
    bits = int(dataset.BitsAllocated)
    value_length = getattr(element, "length", None)
    return PixelLayout(
        rows=int(dataset.Rows),
        columns=int(dataset.Columns),
        samples=int(dataset.get("SamplesPerPixel", 1)),
        photometric=dataset.get("PhotometricInterpretation", "MONOCHROME2"),
        bits_allocated=bits,
        bits_stored=int(dataset.get("BitsStored", bits)),
        high_bit=int(dataset.get("HighBit", int(dataset.get("BitsStored", bits)) - 1)),
        is_signed=bool(dataset.get("PixelRepresentation", 0)),
        planar_configuration=int(dataset.get("PlanarConfiguration", 0) or 0),
        offset=_value_position(element, path),
        length=-1 if value_length in (None, 0xFFFFFFFF) else int(value_length),
        keyword=keyword,
    )


def _value_position(element: Any, path: Path) -> int:
    """Return where the value of a raw element lies in the file.

    pydicom tells the position of the value; an encapsulated one starts with its first item.
    """
    return int(element.value_tell)


def part_of(paths: list[Path], kind: PartKind = PartKind.VOLUME, **changes: Any) -> SeriesPart:
    """Return all frames of some files as one part, in the order given."""
    instances = [instance_of(path, **changes) for path in paths]
    sources = tuple(
        FrameSource(instance, index)
        for instance in instances
        for index in range(instance.frame_count)
    )
    return SeriesPart(("1.2", "ID", "NAME"), "1.2.3", 0, kind, "", sources)
