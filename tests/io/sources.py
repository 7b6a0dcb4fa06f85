"""Parts and volumes made from files by an independent reader, for the tests of what we write."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.core.geometry import VolumeGeometry
from viewer.core.provenance import MethodKind, Provenance
from viewer.core.study import FrameFacts, FrameSource, Instance, PartKind, PixelLayout, SeriesPart
from viewer.core.volume import DerivedVolume, Volume, derive
from viewer.io.derived import write_derived

SHA256 = "0123456789abcdef" * 4


def instance_of(path: Path) -> Instance:
    """Return what the writer needs to know of a file."""
    header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
    syntax = str(header.file_meta.get("TransferSyntaxUID", "1.2.840.10008.1.2"))
    frames = int(header.get("NumberOfFrames") or 1)
    return Instance(
        path=str(path),
        origin=str(path),
        sop_class_uid=str(header.SOPClassUID),
        sop_instance_uid=str(header.SOPInstanceUID),
        transfer_syntax_uid=syntax,
        modality=str(header.get("Modality", "")),
        instance_number=header.get("InstanceNumber"),
        pixels=PixelLayout(
            rows=header.Rows,
            columns=header.Columns,
            samples=header.get("SamplesPerPixel", 1),
            photometric=header.get("PhotometricInterpretation", "MONOCHROME2"),
            bits_allocated=header.BitsAllocated,
            bits_stored=header.BitsStored,
            high_bit=header.HighBit,
            is_signed=bool(header.PixelRepresentation),
            planar_configuration=0,
            offset=0,
            length=-1,
        ),
        frames=(FrameFacts(),) * frames,
    )


def part_of(paths: list[Path], *, kind: PartKind = PartKind.VOLUME) -> SeriesPart:
    """Return the part of these files in the given order."""
    header = pydicom.dcmread(paths[0], stop_before_pixels=True, force=True)
    key = (str(header.StudyInstanceUID), str(header.get("PatientID", "")), "")
    sources = tuple(FrameSource(instance_of(path), 0) for path in paths)
    return SeriesPart(key, str(header.SeriesInstanceUID), 0, kind, "", sources)


def stored_of(path: Path) -> NDArray[np.int32]:
    """Return the stored values of a single-frame file, decoded by ITK where they are coded."""
    dataset = pydicom.dcmread(path, force=True)
    if (
        "TransferSyntaxUID" in dataset.file_meta
        and dataset.file_meta.TransferSyntaxUID.is_compressed
    ):
        image = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[0]
        slope = float(dataset.get("RescaleSlope") or 1)
        return np.rint((image - float(dataset.get("RescaleIntercept") or 0)) / slope).astype(
            np.int32
        )
    return dataset.pixel_array.astype(np.int32)


def modality_of(dataset: Dataset, stored: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return modality values. Source: DICOM PS3.3 C.11.1.1.2."""
    slope = float(dataset.get("RescaleSlope") or 1)
    return stored * slope + float(dataset.get("RescaleIntercept") or 0)


def volume_of(paths: list[Path], *, unit: str = "HU") -> Volume:
    """Return the modality values of these files: int16 where whole, else float32."""
    headers = [pydicom.dcmread(path, stop_before_pixels=True, force=True) for path in paths]
    stored = [stored_of(path) for path in paths]
    values = np.stack([modality_of(*pair) for pair in zip(headers, stored, strict=True)])
    is_whole = np.array_equal(values, np.rint(values)) and np.abs(values).max() < 32768
    pads = [header.get("PixelPaddingValue") for header in headers]
    mask = (
        np.stack([s != p for s, p in zip(stored, pads, strict=True)])
        if pads[0] is not None
        else None
    )
    return Volume(
        values=values.astype(np.int16 if is_whole else np.float32),
        geometry=VolumeGeometry(np.eye(4), values.shape),
        unit=unit,
        sources=tuple(str(header.SOPInstanceUID) for header in headers),
        loaded=np.ones(len(paths), dtype=np.bool_),
        mask=mask,
    )


def provenance_for(
    volume: Volume, *, kind: MethodKind = MethodKind.AI, is_synthetic_data: bool = False
) -> Provenance:
    """Return a full record of a run, every field of it different from its default."""
    is_ai = kind is MethodKind.AI
    return Provenance(
        kind=kind,
        method_id="ct-denoise-s" if is_ai else "gaussian",
        method_name="CT denoise S" if is_ai else "Gaussian",
        version="1.0",
        weights_sha256=SHA256 if is_ai else "",
        parameters=(("sigma_mm", "0.7"), ("noise", "12.5 HU")),
        strength=0.4,
        blend=0.523456,
        reached=0.38,
        input_range=(float(volume.values.min()), float(volume.values.max())),
        source_uids=volume.sources,
        device="CPU (ONNX Runtime, 1 thread)",
        software_version="Diptych 0.1.0",
        time="2026-03-04T05:06:07.123456+00:00",
        cautions=("the source is DERIVED", "slices of 2.5 mm − thicker than trained"),
        is_synthetic_data=is_synthetic_data,
    )


def enhanced_of(
    volume: Volume, residual: float = 3, *, kind: MethodKind = MethodKind.AI, **changes: bool
) -> DerivedVolume:
    """Return the volume with a chequered residual of plus and minus `residual` added."""
    grid = np.indices(volume.values.shape).sum(axis=0) % 2 * 2 - 1
    values = volume.values + (grid * residual).astype(volume.values.dtype)
    if volume.mask is not None:
        values = np.where(volume.mask, values, volume.values)
    return derive(volume, values, provenance_for(volume, kind=kind, **changes))


NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def saved(
    paths: list[Path], folder: Path, residual: float = 3, **keywords: object
) -> list[Dataset]:
    """Write the enhanced form of some files and return the new data sets."""
    kind, unit = keywords.pop("kind", MethodKind.AI), keywords.pop("unit", "HU")
    enhanced = enhanced_of(volume_of(paths, unit=unit), residual, kind=kind)
    written = write_derived(part_of(paths), enhanced, folder, now=NOW, **keywords)
    return [pydicom.dcmread(path) for path in written]
