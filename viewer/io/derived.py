"""Derived series as DICOM: the source's headers with new pixels, identity and provenance.

One file per source slice, same SOP class, same study and frame of reference, a new series.
Source: DICOM PS3.3 C.7.6.1.1.2 (Image Type), C.12.4 (General Reference), C.7.6.3 (pixels).
"""

import io
from collections.abc import Callable, Collection
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
from viewer.core.errors import Blocked, Cancelled, NotSaved, UnreadableFile
from viewer.core.provenance import Provenance
from viewer.core.study import FrameSource, SeriesPart
from viewer.core.volume import DerivedVolume, Frames
from viewer.io import coding, derivation, identity, inheritance
from viewer.io.safely import NOTHING_CHANGED, new_folder, not_saved, write_bytes
from viewer.io.stored_format import (
    Extremes,
    FormatRules,
    StoredFormat,
    decimal_text,
    extremes,
    joined,
    stored_format,
    stored_values,
)

WHAT = "The enhanced series"
IMPLEMENTATION_CLASS_UID = UID("2.25.242397305402226420338402361041586318057")
IMPLEMENTATION_VERSION = "DIPTYCH_1"

_PROJECTIONS = (
    uids.DigitalXRayImageStorageForPresentation,
    uids.DigitalXRayImageStorageForProcessing,
    uids.DigitalMammographyXRayImageStorageForPresentation,
    uids.DigitalMammographyXRayImageStorageForProcessing,
    uids.DigitalIntraOralXRayImageStorageForPresentation,
    uids.DigitalIntraOralXRayImageStorageForProcessing,
)

_RULES: dict[str, FormatRules] = {
    uids.CTImageStorage: FormatRules(needs_rescale=True, least_bits=12, least_allocated=16),
    uids.MRImageStorage: FormatRules(least_allocated=16),
    uids.PositronEmissionTomographyImageStorage: FormatRules(
        has_no_intercept=True, needs_rescale=True, least_bits=16, least_allocated=16
    ),
    **{kind: FormatRules(is_identity=True) for kind in _PROJECTIONS},
}

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all images of the new series share."""

    series_uid: UID
    series_number: int
    provenance: Provenance
    record: str
    now: datetime
    unit: str
    instance_numbers: tuple[int, ...]


def write_derived(
    part: SeriesPart,
    enhanced: DerivedVolume | Frames,
    folder: Path,
    *,
    taken_numbers: Collection[int] = (),
    now: datetime | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
    on_progress: Progress = lambda _fraction, _words: None,
) -> tuple[Path, ...]:
    """Write the enhanced values of a part as a new series and return its files in slice order.

    Parameters
    ----------
    part : the source; its files are read again for their headers and never written.
    enhanced : complete modality values [slice, row, column], one slice per source of `part`.
    folder : comes into being with the whole series in it, or not at all.
    taken_numbers : Series Numbers of the study, which the new series must not repeat.
    now : when the series is made (default: now); shown in the source's time zone if it has one.

    Raises
    ------
    Blocked : this kind of object is not written (multi-frame, colour, fractional pixel data).
    NotSaved : the disk refuses, `folder` has something in it, or the source has changed.
    Cancelled : somebody asked for it; nothing is left behind.
    """
    provenance = _checked(part, enhanced)
    values, mask = enhanced.values, enhanced.mask
    first = _header(part.sources[0])
    if first.get("SOPClassUID") not in _RULES:
        _check_kind(first)
    plan = _Plan(
        series_uid=generate_uid(prefix=None),
        series_number=identity.series_number(_number(first, "SeriesNumber"), taken_numbers),
        provenance=provenance,
        record=derivation.packed(provenance),
        now=now or datetime.now().astimezone(),
        unit=enhanced.unit,
        instance_numbers=identity.instance_numbers(part),
    )
    rules = _RULES.get(first.SOPClassUID, FormatRules())
    seen = [extremes(values[n], None if mask is None else mask[n]) for n in range(len(values))]
    whole = joined(seen)
    written: list[str] = []
    with new_folder(folder, WHAT) as temporary:
        for index, frame in enumerate(part.sources):
            if is_cancelled():
                raise Cancelled
            header = _header(frame)
            span = _with_padding(seen[index], whole) if rules.has_no_intercept else whole
            reference = header if rules.has_no_intercept else first
            coded = stored_format(source_format(reference), span, rules)
            real = None if mask is None else mask[index]
            dataset = _image(header, frame, index, plan, coded)
            _put_pixels(
                dataset, header, stored_values(values[index], real, coded), real, coded, plan.unit
            )
            name = f"{index + 1:05d}.dcm"
            write_bytes(temporary / name, _encoded(dataset))
            written.append(name)
            on_progress((index + 1) / len(part.sources), f"{index + 1} of {len(part.sources)}")
    return tuple(folder / name for name in written)


def _with_padding(seen: Extremes, whole: Extremes) -> Extremes:
    """Return a slice's extremes that declare padding where any slice of the series has it."""
    return Extremes(seen.low, seen.high, whole.has_padding, has_fractions=True)


# ------------------------------------------------------------------ checks


def _checked(part: SeriesPart, enhanced: DerivedVolume | Frames) -> Provenance:
    """Return the provenance, or refuse what must not be written."""
    provenance = enhanced.provenance
    if provenance is None:
        raise NotSaved("Only an enhanced series can be saved as a derived one.", NOTHING_CHANGED)
    instances = [frame.instance for frame in part.sources]
    if enhanced.values.ndim != 3:
        raise _blocked("in colour")
    if any(instance.frame_count > 1 for instance in instances):
        raise _blocked("stored as a multi-frame object")
    if any(i.pixels is None or i.pixels.keyword != "PixelData" for i in instances):
        raise _blocked("stored with fractional pixel values")
    if not enhanced.is_complete:
        raise NotSaved(f"{WHAT} is not complete yet.", NOTHING_CHANGED, "Wait until it is.")
    if enhanced.sources != tuple(instance.sop_instance_uid for instance in instances):
        raise NotSaved(
            f"{WHAT} could not be saved: its slices are not those of the original.",
            NOTHING_CHANGED,
            "Open the original again and repeat the enhancement.",
        )
    return provenance


def _check_kind(header: Dataset) -> None:
    """Refuse objects whose rules for derived images are not known."""
    if int(header.get("NumberOfFrames") or 1) > 1 or "SharedFunctionalGroupsSequence" in header:
        raise _blocked("stored as a multi-frame object")
    if int(header.get("SamplesPerPixel") or 1) != 1:
        raise _blocked("in colour")


def _blocked(how: str) -> Blocked:
    return Blocked(
        f"This series is {how} and cannot be saved as an enhanced DICOM series.",
        "The enhanced image can be viewed and exported as a picture.",
    )


def _header(frame: FrameSource) -> Dataset:
    """Read a source's header again; it must still be the image that was opened."""
    path = Path(frame.instance.path)
    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        correct_ambiguous_vr(header, is_little_endian=True)
    except OSError as error:
        raise not_saved(WHAT, error) from error
    except derivation.READING_ERRORS as error:
        raise UnreadableFile(f"The original image {path.name} could not be read again.") from error
    is_same = str(header.get("SOPInstanceUID", "")) == frame.instance.sop_instance_uid
    if not is_same or not header.get("Rows") or not header.get("SOPClassUID"):
        raise NotSaved(
            f"{WHAT} could not be saved: the original image {path.name} has changed on disk.",
            NOTHING_CHANGED,
            "Open the original again.",
        )
    return header


def _number(dataset: Dataset, keyword: str) -> int | None:
    try:
        return int(dataset.get(keyword))
    except (TypeError, ValueError):
        return None


# ------------------------------------------------------------------ header


def _image(
    header: Dataset, frame: FrameSource, index: int, plan: _Plan, coded: StoredFormat
) -> Dataset:
    """Return the data set of one derived image, but for its pixels."""
    dataset = inheritance.inherited(header)
    syntax = frame.instance.transfer_syntax_uid
    length = frame.instance.pixels.length if frame.instance.pixels else -1
    inheritance.inherit_lossy(dataset, syntax, length)
    inheritance.correct(dataset)
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
    dataset.SourceImageSequence = coding.sequence(identity.source_item(header))
    note = "Values limited to the range of the stored type." if coded.is_limited else ""
    derivation.mark(dataset, plan.provenance, plan.record, note)
    _put_unit(dataset, plan.unit)
    return dataset


def _put_unit(dataset: Dataset, unit: str) -> None:
    """Say in PET that values are SUV where they were converted; its windows were in other units."""
    if unit == "SUVbw" and str(dataset.get("Units", "")) != "GML":
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

    A modality LUT has done its work: what is left of it is the name of its output.
    """
    for word in ("RescaleSlope", "RescaleIntercept"):
        if word in dataset:
            delattr(dataset, word)
    table = header.get("ModalityLUTSequence")
    if not (coded.has_rescale or table or "RescaleSlope" in header):
        return
    dataset.RescaleSlope = decimal_text(coded.slope)
    dataset.RescaleIntercept = decimal_text(coded.intercept)
    if table:
        dataset.RescaleType = str(table[0].get("ModalityLUTType") or "US")
    elif unit == "HU" and "RescaleType" in dataset:
        dataset.RescaleType = "HU"
    elif "RescaleSlope" not in header:
        dataset.RescaleType = "US"


def _put_pixels(
    dataset: Dataset,
    header: Dataset,
    stored: AnyArray,
    mask: AnyArray | None,
    coded: StoredFormat,
    unit: str,
) -> None:
    """Write stored values with everything that describes them."""
    dataset.SamplesPerPixel = 1
    dataset.Rows, dataset.Columns = stored.shape
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


def _encoded(dataset: Dataset) -> bytes:
    """Return the data set as a DICOM file in Explicit VR Little Endian."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION
    dataset.file_meta = meta
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()
