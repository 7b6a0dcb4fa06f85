"""Simulated CT as DICOM: arrays written as a valid series, and read back as arrays."""

from viewer.io import pydicom_first  # noqa: F401 (before any part of pydicom)

# isort: split
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from viewer.core.arrays import Point
from viewer.core.errors import Cancelled, UnreadableFile
from viewer.core.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION
from viewer.io.derivation import READING_ERRORS
from viewer.io.safely import write_bytes
from viewer.io.stored_format import decimal_text

Int16Array = npt.NDArray[np.int16]

_AIR_HU = -1024


@dataclass(frozen=True, slots=True)
class PhantomGrid:
    """Where the voxels lie: axial slices, rows along +x, columns along +y, slices along +z.

    `first_voxel_mm` is the centre of voxel (0, 0, 0) in LPS; `spacing_mm` is (slice, row, column).
    """

    first_voxel_mm: Point
    spacing_mm: tuple[float, float, float]
    thickness_mm: float


@dataclass(frozen=True, slots=True)
class PhantomIdentity:
    """Who and what a simulated series says it is.

    `words` make the UIDs: the same words give the same UIDs, so that a study that is built again
    is the same study. Series of one study share the first word only.
    """

    words: tuple[str, ...]
    series_description: str
    series_number: int
    acquired: datetime
    patient_name: str = "Phantom^Chest"
    patient_id: str = "DIPTYCH-DEMO"
    sex: str = "O"
    age_years: int = 60
    study_description: str = "Simulated chest CT"
    kernel: str = "STANDARD"
    kvp: float = 120.0
    software_version: str = ""


def phantom_uid(*words: str) -> UID:
    """Return the UID that stands for these words (2.25 and 120 bits of their SHA-256)."""
    digest = hashlib.sha256("/".join(words).encode()).hexdigest()[:30]
    return UID(f"2.25.{int(digest, 16)}")


def write_ct_series(
    values_hu: Int16Array,
    grid: PhantomGrid,
    identity: PhantomIdentity,
    folder: Path,
    *,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Path, ...]:
    """Write HU values [slice, row, column] as CT images into an existing folder.

    Synthetic Data is YES and the patient is a phantom by name. Values from -1024 to 3071 are
    stored in 12 bits, others in 16 signed ones.

    Raises
    ------
    OSError : the disk refuses (the caller knows what was being made and says so).
    Cancelled : somebody asked for it.
    """
    first = _series(values_hu, grid, identity)
    paths: list[Path] = []
    for index, values in enumerate(values_hu):
        if is_cancelled():
            raise Cancelled
        path = folder / f"{index + 1:05d}.dcm"
        write_bytes(path, _slice_file(first, values, grid, identity, index))
        paths.append(path)
    return tuple(paths)


def _series(values: Int16Array, grid: PhantomGrid, identity: PhantomIdentity) -> Dataset:
    """Return what all slices share (PS3.3 A.3.3, modules of the CT image)."""
    study = identity.words[:1]
    date, time = identity.acquired.strftime("%Y%m%d"), identity.acquired.strftime("%H%M%S")
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.SOPClassUID = CTImageStorage
    dataset.SyntheticData = "YES"
    for event in ("Study", "Series", "Acquisition", "Content", "InstanceCreation"):
        setattr(dataset, f"{event}Date", date)
        setattr(dataset, f"{event}Time", time)
    dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.Modality, dataset.Manufacturer = "CT", "Diptych"
    dataset.ManufacturerModelName = "Simulated CT"
    dataset.SoftwareVersions = identity.software_version or "1"
    dataset.StudyDescription = identity.study_description
    dataset.SeriesDescription = identity.series_description
    dataset.PatientName, dataset.PatientID = identity.patient_name, identity.patient_id
    born = identity.acquired.year - identity.age_years
    dataset.PatientBirthDate, dataset.PatientSex = f"{born:04d}0101", identity.sex
    dataset.PatientAge = f"{identity.age_years:03d}Y"
    dataset.PatientComments = "Simulated by Diptych; not a person."
    dataset.BodyPartExamined, dataset.PatientPosition = "CHEST", "HFS"
    dataset.ProtocolName = identity.study_description
    dataset.StudyInstanceUID = phantom_uid(*study, "study")
    dataset.SeriesInstanceUID = phantom_uid(*identity.words, "series")
    dataset.FrameOfReferenceUID = phantom_uid(*study, "frame of reference")
    dataset.PositionReferenceIndicator = ""
    dataset.StudyID, dataset.SeriesNumber = "1", identity.series_number
    dataset.AcquisitionNumber = 1
    _put_scan(dataset, values, grid, identity)
    return dataset


def _put_scan(
    dataset: Dataset, values: Int16Array, grid: PhantomGrid, identity: PhantomIdentity
) -> None:
    """Say how it was "scanned" and how its pixels are coded."""
    _, row_mm, column_mm = grid.spacing_mm
    is_usual = int(values.min()) >= _AIR_HU and int(values.max()) <= _AIR_HU + 4095
    dataset.KVP = decimal_text(identity.kvp)
    dataset.ConvolutionKernel = identity.kernel
    dataset.GantryDetectorTilt = 0
    dataset.ReconstructionDiameter = decimal_text(round(column_mm * values.shape[2], 3))
    dataset.SliceThickness = decimal_text(grid.thickness_mm)
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = values.shape[1:]
    dataset.PixelSpacing = [decimal_text(row_mm), decimal_text(column_mm)]
    dataset.BitsAllocated = 16
    dataset.BitsStored = 12 if is_usual else 16
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = 0 if is_usual else 1
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    dataset.RescaleIntercept = _AIR_HU if is_usual else 0
    dataset.RescaleSlope, dataset.RescaleType = 1, "HU"
    dataset.WindowCenter, dataset.WindowWidth = [-600, 40], [1500, 400]
    dataset.WindowCenterWidthExplanation = ["LUNG", "MEDIASTINUM"]


def _slice_file(
    series: Dataset, values: Int16Array, grid: PhantomGrid, identity: PhantomIdentity, index: int
) -> bytes:
    """Return one slice as a DICOM file; `series` is changed from slice to slice."""
    x, y, z = grid.first_voxel_mm
    place = z + index * grid.spacing_mm[0]
    series.SOPInstanceUID = phantom_uid(*identity.words, "instance", str(index))
    series.InstanceNumber = index + 1
    series.ImagePositionPatient = [decimal_text(round(value, 6)) for value in (x, y, place)]
    series.SliceLocation = decimal_text(round(place, 6))
    stored = values.astype(np.int32) - int(series.RescaleIntercept)
    kind = "<i2" if series.PixelRepresentation else "<u2"
    series.add_new("PixelData", "OW", stored.astype(kind).tobytes())
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = series.SOPClassUID
    meta.MediaStorageSOPInstanceUID = series.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION
    series.file_meta = meta
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, series, enforce_file_format=True)
    return buffer.getvalue()


def read_ct_series(paths: tuple[Path, ...]) -> Int16Array:
    """Return the HU values of a series that `write_ct_series` has written, [slice, row, column].

    Raises
    ------
    UnreadableFile : a file is missing or is not what was written.
    """
    slices = []
    for path in paths:
        try:
            dataset = pydicom.dcmread(path)
            kind = "<i2" if dataset.PixelRepresentation else "<u2"
            stored = np.frombuffer(dataset.PixelData, kind).reshape(dataset.Rows, dataset.Columns)
            slices.append(stored.astype(np.int32) + int(dataset.RescaleIntercept))
        except READING_ERRORS as error:
            raise UnreadableFile(f"The simulated image {path.name} could not be read.") from error
    return np.stack(slices).astype(np.int16)
