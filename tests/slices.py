"""One image of an acquisition, as a data set built in code; every number in it is known.

Each slice holds `pattern(...)`, which differs along all three axes, so that a swap, a flip or a
shift of any axis shows in the values. UIDs are made from words and so are the same in each run.

Any attribute can be given by its DICOM keyword (`ct_slice(WindowCenter=40)`); None removes it.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
)

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
SOP_CLASSES = {
    "CT": CTImageStorage,
    "MR": MRImageStorage,
    "PT": PositronEmissionTomographyImageStorage,
}

Vector = tuple[float, float, float]


def uid(*words: object) -> UID:
    """Return the UID that stands for these words (2.25, then 120 bits of their hash)."""
    digest = hashlib.sha256("/".join(map(str, words)).encode()).hexdigest()[:30]
    return UID(f"2.25.{int(digest, 16)}")


def pattern(rows: int, columns: int, index: int = 0) -> NDArray[np.int32]:
    """Return stored values 1000 + 20 index + 3 row + column, shape (rows, columns)."""
    row, column = np.mgrid[:rows, :columns]
    return np.asarray(1000 + 20 * index + 3 * row + column, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What the scanner was set to.

    `spacing_mm` is (between rows, between columns) as in Pixel Spacing, `step_mm` the distance of
    slices along the normal; `origin_mm` the centre of voxel (0, 0) of slice 0 in LPS.
    """

    modality: str = "CT"
    rows: int = 24
    columns: int = 32
    spacing_mm: tuple[float, float] = (0.75, 0.5)
    step_mm: float = 2.0
    thickness_mm: float = 2.5
    origin_mm: Vector = (-8.0, -9.0, -30.0)
    orientation: tuple[float, ...] = AXIAL
    slope: float = 1.0
    intercept: float = -1024.0
    patient: str = "ALPHA^ADA"
    patient_id: str = "DIP-1"
    study: str = "study"
    series: str = "series"

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit normal: row direction cross column direction."""
        return np.cross(self.orientation[:3], self.orientation[3:])

    def position_mm(self, index: float) -> Vector:
        """Centre of voxel (0, 0) of slice `index`; a fraction lies between two slices."""
        x, y, z = np.asarray(self.origin_mm) + index * self.step_mm * self.normal
        return (float(x), float(y), float(z))


def set_attributes(dataset: Dataset, attributes: dict[str, Any]) -> Dataset:
    """Set attributes by keyword; None removes the attribute."""
    for keyword, value in attributes.items():
        if value is not None:
            setattr(dataset, keyword, value)
        elif keyword in dataset:
            delattr(dataset, keyword)
    return dataset


def set_pixels(
    dataset: Dataset, values: NDArray[Any], *, bits_stored: int = 0, is_signed: bool = False
) -> Dataset:
    """Store integer `values` of shape (rows, columns), with (frames) before and (3) behind.

    Values of 8-bit types take 8 bits allocated, all others 16. `bits_stored` 0 means all bits.
    """
    allocated = 8 if values.dtype.itemsize == 1 else 16
    is_colour = values.ndim > 2 and values.shape[-1] == 3
    dataset.Rows, dataset.Columns = values.shape[-3:-1] if is_colour else values.shape[-2:]
    dataset.SamplesPerPixel = 3 if is_colour else 1
    dataset.PhotometricInterpretation = "RGB" if is_colour else "MONOCHROME2"
    if is_colour:
        dataset.PlanarConfiguration = 0
    if values.ndim - is_colour == 3:
        dataset.NumberOfFrames = len(values)
    dataset.BitsAllocated = allocated
    dataset.BitsStored = bits_stored or allocated
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(is_signed)
    kind = f"<{'i' if is_signed else 'u'}{allocated // 8}"
    pixels = values.astype(kind).tobytes()
    dataset.PixelData = pixels + b"\0" * (len(pixels) % 2)
    dataset["PixelData"].VR = "OB" if allocated == 8 else "OW"
    return dataset


def stored_values(dataset: Dataset) -> NDArray[np.int32]:
    """Return the stored values of an uncompressed single-frame image, shape (rows, columns)."""
    kind = f"<{'i' if dataset.PixelRepresentation else 'u'}{dataset.BitsAllocated // 8}"
    values = np.frombuffer(dataset.PixelData, dtype=kind, count=dataset.Rows * dataset.Columns)
    return values.reshape(dataset.Rows, dataset.Columns).astype(np.int32)


def dataset_of(sop_class: str, acquisition: Acquisition, instance: object) -> Dataset:
    """Return a data set with patient, study, series and SOP attributes and no image."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = UID(sop_class)
    dataset.SOPInstanceUID = uid(acquisition.study, acquisition.series, instance)
    dataset.StudyInstanceUID = uid(acquisition.study)
    dataset.SeriesInstanceUID = uid(acquisition.study, acquisition.series)
    dataset.StudyDate, dataset.StudyTime = "20240229", "093000"
    dataset.SeriesDate, dataset.SeriesTime = "20240229", "093100"
    dataset.Modality = acquisition.modality
    dataset.Manufacturer = "Diptych tests"
    dataset.PatientName = acquisition.patient
    dataset.PatientID = acquisition.patient_id
    dataset.PatientBirthDate, dataset.PatientSex = "19701231", "O"
    dataset.StudyID, dataset.AccessionNumber = "1", "A1"
    dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = f"Study {acquisition.study}"
    dataset.SeriesDescription = f"Series {acquisition.series}"
    dataset.SeriesNumber = 1
    dataset.BodyPartExamined = "CHEST"
    return dataset


def image_slice(acquisition: Acquisition, index: int = 0, **attributes: Any) -> Dataset:
    """Return slice `index` of an acquisition as a single-frame image holding `pattern`."""
    dataset = dataset_of(SOP_CLASSES[acquisition.modality], acquisition, index)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.AcquisitionNumber = 1
    dataset.AcquisitionDate, dataset.AcquisitionTime = "20240229", "093100"
    dataset.ContentDate, dataset.ContentTime = "20240229", "093100"
    dataset.InstanceNumber = index + 1
    dataset.PatientPosition = "HFS"
    dataset.PositionReferenceIndicator = ""
    dataset.FrameOfReferenceUID = uid(acquisition.study, "frame of reference")
    dataset.ImagePositionPatient = list(acquisition.position_mm(index))
    dataset.ImageOrientationPatient = list(acquisition.orientation)
    dataset.PixelSpacing = list(acquisition.spacing_mm)
    dataset.SliceThickness = acquisition.thickness_mm
    set_pixels(dataset, pattern(acquisition.rows, acquisition.columns, index), bits_stored=12)
    if acquisition.modality == "CT":
        dataset.KVP, dataset.XRayTubeCurrent, dataset.ConvolutionKernel = 120, 200, "B30f"
    if acquisition.modality in ("CT", "PT"):
        dataset.RescaleSlope, dataset.RescaleIntercept = acquisition.slope, acquisition.intercept
        dataset.RescaleType = "HU" if acquisition.modality == "CT" else "US"
    if acquisition.modality == "MR":
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "M"]
        dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "SE", "NONE", ""
        dataset.MRAcquisitionType, dataset.EchoTime, dataset.RepetitionTime = "2D", 10, 500
        dataset.EchoTrainLength = 1
    return set_attributes(dataset, attributes)


def ct_slice(index: int = 0, *, settings: Acquisition | None = None, **attributes: Any) -> Dataset:
    """Return one CT slice; HU = `pattern` - 1024 unless the settings say otherwise."""
    return image_slice(settings or Acquisition(), index, **attributes)
