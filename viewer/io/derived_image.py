"""One derived image: the source's header again, new identity and pixels, coded for a file."""

from viewer.io import pydicom_first  # noqa: F401 (before any part of pydicom)

# isort: split
import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
from pydicom import uid as uids
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import correct_ambiguous_vr
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from viewer.core.arrays import AnyArray
from viewer.core.errors import NotSaved, UnreadableFile
from viewer.core.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION
from viewer.core.provenance import Provenance
from viewer.core.study import FrameSource
from viewer.core.volume import ARBITRARY
from viewer.io import coding, derivation, identity, inheritance
from viewer.io.safely import NOTHING_CHANGED
from viewer.io.stored_format import FormatRules, StoredFormat, decimal_text

WHAT = "The enhanced series"

_PROJECTIONS = (
    uids.DigitalXRayImageStorageForPresentation,
    uids.DigitalXRayImageStorageForProcessing,
    uids.DigitalMammographyXRayImageStorageForPresentation,
    uids.DigitalMammographyXRayImageStorageForProcessing,
    uids.DigitalIntraOralXRayImageStorageForPresentation,
    uids.DigitalIntraOralXRayImageStorageForProcessing,
)

RULES: dict[str, FormatRules] = {
    uids.CTImageStorage: FormatRules(needs_rescale=True, least_bits=12, least_allocated=16),
    uids.MRImageStorage: FormatRules(least_allocated=16),
    uids.PositronEmissionTomographyImageStorage: FormatRules(
        has_no_intercept=True, needs_rescale=True, least_bits=16, least_allocated=16
    ),
    uids.ComputedRadiographyImageStorage: FormatRules(),
    **{kind: FormatRules(is_identity=True) for kind in _PROJECTIONS},
}
"""Kinds of single-frame object that a derived image is written of, and what they allow."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What all images of the new series share."""

    series_uid: UID
    series_number: int
    provenance: Provenance
    record: str
    now: datetime
    unit: str
    instance_numbers: tuple[int, ...]
    neighbours: tuple[tuple[FrameSource, ...], ...] = ()

    def others(self, index: int) -> tuple[FrameSource, ...]:
        """Return the source slices beside its own that a slice was computed from."""
        return self.neighbours[index] if self.neighbours else ()


def read_header(frame: FrameSource) -> Dataset:
    """Read a source's header again; it must still be the image that was opened.

    Raises
    ------
    NotSaved : another image lies there now, or the header lacks what a derived image must name.
    UnreadableFile : it cannot be read again.
    """
    path = Path(frame.instance.path)
    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        correct_ambiguous_vr(header, is_little_endian=True)
    except derivation.READING_ERRORS as error:
        raise UnreadableFile(
            f"{WHAT} could not be saved: the original image {path.name} {_reason(error)}.",
            NOTHING_CHANGED,
        ) from error
    uid = str(header.get("SOPInstanceUID") or "")
    if not header.get("Rows") or not header.get("SOPClassUID"):
        raise _unfit(path, "is coded irregularly, and its header cannot be taken over")
    if not uid:
        raise _unfit(path, "has no SOP Instance UID, so that nothing can refer to it")
    if uid != frame.instance.sop_instance_uid:
        raise NotSaved(
            f"{WHAT} could not be saved: the original image {path.name} has changed on disk.",
            NOTHING_CHANGED,
            "Open the original again.",
        )
    return header


def _reason(error: Exception) -> str:
    """Say why a file that was readable before is not any more."""
    if isinstance(error, FileNotFoundError):
        return "is not there any more"
    if isinstance(error, PermissionError):
        return "may not be read any more"
    return "could not be read again"


def _unfit(path: Path, why: str) -> NotSaved:
    return NotSaved(
        f"{WHAT} could not be saved: the original image {path.name} {why}.",
        NOTHING_CHANGED,
        "The enhanced image can be viewed and exported as a picture.",
    )


def whole_number(dataset: Dataset, keyword: str) -> int | None:
    """Return an attribute as a whole number; None when it is absent or none."""
    try:
        return int(dataset.get(keyword))
    except (TypeError, ValueError):
        return None


# ------------------------------------------------------------------ header


def derived_header(
    header: Dataset, frame: FrameSource, index: int, plan: Plan, coded: StoredFormat
) -> Dataset:
    """Return the data set of one derived image, but for its pixels."""
    dataset = inheritance.inherited(header)
    syntax = frame.instance.transfer_syntax_uid
    length = frame.instance.pixels.length if frame.instance.pixels else -1
    inheritance.inherit_lossy(dataset, syntax, length)
    inheritance.correct(dataset)
    if "NumberOfFrames" in dataset and whole_number(dataset, "NumberOfFrames") is None:
        del dataset.NumberOfFrames
    dataset.ImageType = identity.image_type(header, plan.provenance.kind)
    dataset.SOPInstanceUID = generate_uid(prefix=None)
    dataset.SeriesInstanceUID = plan.series_uid
    dataset.SeriesNumber = plan.series_number
    dataset.SeriesDescription = identity.series_description(
        str(header.get("SeriesDescription") or ""), plan.provenance
    )
    dataset.InstanceNumber = plan.instance_numbers[index]
    if str(dataset.get("BurnedInAnnotation", "")) != "YES":
        dataset.BurnedInAnnotation = "NO"
    identity.put_dates(dataset, plan.now)
    # frames of the same file are named by the functional groups of each frame
    others = [one for one in plan.others(index) if one.instance.path != frame.instance.path]
    dataset.SourceImageSequence = coding.sequence(
        identity.source_item(header), *map(identity.neighbour_item, others)
    )
    notes = (
        "Values limited to the range of the stored type." if coded.is_limited else "",
        "Values are grey levels in arbitrary units." if plan.unit == ARBITRARY else "",
    )
    derivation.mark(dataset, plan.provenance, plan.record, " ".join(filter(None, notes)))
    _put_unit(dataset, plan.unit)
    return dataset


def _put_unit(dataset: Dataset, unit: str) -> None:
    """Say in PET what the values are now: SUV where they were converted, or nothing measured.

    Windows of the source were in other units. Source: DICOM PS3.3 C.8.9.1.1.3 (GML, NONE).
    """
    written = str(dataset.get("Units", ""))
    if written and unit == ARBITRARY:
        dataset.Units = "NONE"
        if "SUVType" in dataset:
            del dataset.SUVType
        inheritance.drop_window(dataset)
    elif unit == "SUVbw" and written != "GML":
        dataset.Units, dataset.SUVType = "GML", "BW"
        inheritance.drop_window(dataset)
        for word in ("VOILUTSequence", "RescaleType"):
            if word in dataset:
                delattr(dataset, word)


# ------------------------------------------------------------------ pixels


def source_format(header: Dataset) -> StoredFormat:
    """Return how the source is coded, as far as the derived image may follow it."""
    slope, intercept = header.get("RescaleSlope"), header.get("RescaleIntercept")
    is_signed = bool(header.get("PixelRepresentation") or 0)
    bits = int(header.BitsStored)
    padding = header.get("PixelPaddingValue")
    if isinstance(padding, int) and is_signed and padding >= 1 << (bits - 1):
        padding -= 1 << int(header.BitsAllocated)  # written with the unsigned VR by mistake
    has_table = "ModalityLUTSequence" in header
    has_rescale = slope is not None and not has_table
    return StoredFormat(
        slope=float(slope or 1) if has_rescale else 1.0,
        intercept=float(intercept or 0) if has_rescale else 0.0,
        bits_allocated=8 if int(header.BitsAllocated) == 8 else 16,
        bits_stored=min(bits, 16),
        is_signed=is_signed,
        padding=padding if isinstance(padding, int) else None,
        has_rescale=has_rescale,
    )


def _put_rescale(dataset: Dataset, header: Dataset, coded: StoredFormat, unit: str) -> None:
    """Write the rescale where the source has one (or a table), or where the values need one.

    A modality LUT has done its work: what is left of it is the name of its output. Rescale Type US
    (unspecified) keeps readers from taking grey levels for HU (C.11.1.1.2).
    """
    for word in ("RescaleSlope", "RescaleIntercept"):
        if word in dataset:
            delattr(dataset, word)
    table = header.get("ModalityLUTSequence")
    if not (coded.has_rescale or table or "RescaleSlope" in header):
        return
    dataset.RescaleSlope = decimal_text(coded.slope)
    dataset.RescaleIntercept = decimal_text(coded.intercept)
    if unit == ARBITRARY:
        dataset.RescaleType = "US"
    elif table:
        dataset.RescaleType = str(table[0].get("ModalityLUTType") or "US")
    elif unit == "HU" and "RescaleType" in dataset:
        dataset.RescaleType = "HU"
    elif "RescaleSlope" not in header:
        dataset.RescaleType = "US"


def put_pixels(
    dataset: Dataset,
    header: Dataset,
    stored: AnyArray,
    mask: AnyArray | None,
    coded: StoredFormat,
    unit: str,
) -> None:
    """Write stored values with everything that describes them."""
    dataset.SamplesPerPixel = 1
    dataset.Rows, dataset.Columns = stored.shape[-2:]
    dataset.BitsAllocated, dataset.BitsStored = coded.bits_allocated, coded.bits_stored
    dataset.HighBit = coded.bits_stored - 1
    dataset.PixelRepresentation = int(coded.is_signed)
    _put_rescale(dataset, header, coded, unit)
    short = "SS" if coded.is_signed else "US"
    if coded.padding is not None:
        dataset.add_new("PixelPaddingValue", short, coded.padding)
    if "SmallestImagePixelValue" in header or "LargestImagePixelValue" in header:
        real = stored if mask is None or not mask.any() else stored[mask]
        dataset.add_new("SmallestImagePixelValue", short, int(np.min(real)))
        dataset.add_new("LargestImagePixelValue", short, int(np.max(real)))
    pixels = stored.tobytes()
    dataset.add_new("PixelData", "OW", pixels + b"\0" * (len(pixels) % 2))


def encoded(dataset: Dataset) -> bytes:
    """Return the data set as a DICOM file in Explicit VR Little Endian."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION
    dataset.file_meta = meta
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()
