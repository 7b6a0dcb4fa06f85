"""What a derived image inherits from its source's header: all but what describes the old pixels.

Errors of the source are corrected where the standard leaves one right value (and only there);
attributes that the source lacks are not made up.
"""

from viewer.io import pydicom_first  # noqa: F401 (before any part of pydicom)

# isort: split
import copy
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from pydicom.charset import convert_encodings, default_encoding
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sr.codedict import codes
from pydicom.tag import BaseTag
from pydicom.uid import UID

from viewer.io import coding
from viewer.io.derivation import READING_ERRORS

_OLD_PIXELS = """
    PixelData FloatPixelData DoubleFloatPixelData PixelDataProviderURL ExtendedOffsetTable
    ExtendedOffsetTableLengths EncapsulatedPixelDataValueTotalLength
    SmallestImagePixelValue LargestImagePixelValue SmallestPixelValueInSeries
    LargestPixelValueInSeries SmallestImagePixelValueInPlane LargestImagePixelValueInPlane
    PixelPaddingValue PixelPaddingRangeLimit FloatPixelPaddingValue FloatPixelPaddingRangeLimit
    DoubleFloatPixelPaddingValue DoubleFloatPixelPaddingRangeLimit
    ModalityLUTSequence PlanarConfiguration IconImageSequence HistogramSequence
    RedPaletteColorLookupTableDescriptor GreenPaletteColorLookupTableDescriptor
    BluePaletteColorLookupTableDescriptor AlphaPaletteColorLookupTableDescriptor
    RedPaletteColorLookupTableData GreenPaletteColorLookupTableData
    BluePaletteColorLookupTableData AlphaPaletteColorLookupTableData
    SegmentedRedPaletteColorLookupTableData SegmentedGreenPaletteColorLookupTableData
    SegmentedBluePaletteColorLookupTableData PaletteColorLookupTableUID
    RealWorldValueMappingSequence
"""

_OLD_INSTANCE = """
    SourceImageSequence DerivationDescription DerivationImageSequence
    InstanceCreatorUID InstanceCoercionDateTime
    DigitalSignaturesSequence MACParametersSequence EncryptedAttributesSequence
    SOPInstanceStatus SOPAuthorizationDateTime SOPAuthorizationComment
    AuthorizationEquipmentCertificationNumber
    RetrieveAETitle InstanceAvailability QueryRetrieveLevel QueryRetrieveView
    StorageMediaFileSetID StorageMediaFileSetUID DataSetTrailingPadding
"""

DROPPED = frozenset((_OLD_PIXELS + _OLD_INSTANCE).split())
"""Keywords that are not inherited: about the old pixels, or about the old file."""

_LAST_STANDARD_GROUP = 0x7FE0
_ABOVE_IT = (0xFFFA, 0xFFFC, 0xFFFE)

_LOSSY_METHODS = {
    "1.2.840.10008.1.2.4.50": "ISO_10918_1",
    "1.2.840.10008.1.2.4.51": "ISO_10918_1",
    "1.2.840.10008.1.2.4.81": "ISO_14495_1",
    "1.2.840.10008.1.2.4.203": "ISO_15444_15",
}
"""Codings whose name alone says lossy, and DICOM's term for them (PS3.3 C.7.6.1.1.5.1)."""


def inherited(source: Dataset) -> Dataset:
    """Return a data set with what a derived image takes over from a header that was just read.

    Private attributes go at every depth, for they may describe the old pixels; so do attributes
    whose value is not what its representation says. Overlays stay where they lie in their own
    data, and go where they are in spare bits of the old pixels. Items of sequences are shared with
    `source`, which is of no use afterwards.
    """
    dataset = Dataset()
    dataset.update({e.tag: e for tag in list(source.keys()) if (e := _readable(source, tag))})
    dataset.remove_private_tags()
    if source.original_encoding[1] is False:
        _swap_words(dataset)
    for group in {element.tag.group for element in dataset if 0x6000 <= element.tag.group < 0x6100}:
        _clean_overlay(dataset, group)
    return dataset


def verbatim(header: Dataset) -> tuple[RawDataElement, ...]:
    """Return the texts of patient and study as they stand in the file, before they are decoded.

    Writing a decoded name may choose other escape sequences or drop an empty component group, and
    then two files of one patient no longer agree.
    """
    found = []
    for tag in list(header.keys()):
        raw: Any = header.get_item(tag)
        if not isinstance(raw, RawDataElement) or _is_of_series(tag) or tag.is_private:
            continue
        kind = raw.VR or (dictionary_VR(tag) if dictionary_has_tag(tag) else "UN")
        if kind in ("PN", "LO", "SH", "LT", "ST") and raw.value:
            even = raw.value + b" " * (len(raw.value) % 2)
            element = raw._replace(VR=kind, value=even, length=len(even))
            found.append(element._replace(is_implicit_VR=False, is_little_endian=True))
    return tuple(found)


def restore(dataset: Dataset, texts: tuple[RawDataElement, ...]) -> None:
    """Put texts of `verbatim` back; the last step before writing, as any look decodes them."""
    charset = dataset.get("SpecificCharacterSet")
    encodings = convert_encodings(charset) if charset else default_encoding
    # said to be as it was read, or pydicom would decode and code it again
    dataset.set_original_encoding(False, True, encodings)
    for raw in texts:
        if raw.tag in dataset:
            dataset[raw.tag] = raw


def _readable(source: Dataset, tag: BaseTag) -> DataElement | None:
    """Return an element that is kept; None where it is not, or where its value is damaged."""
    try:
        element = source[tag]
    except READING_ERRORS:
        return None
    # a copy, because assigning to a data set changes the element that is there
    return copy.copy(element) if _is_kept(element) else None


def _swap_words(dataset: Dataset) -> None:
    """Bring 16-bit words of a big-endian source, which pydicom leaves as bytes, into order."""
    for element in dataset.iterall():
        if element.VR == "OW" and isinstance(element.value, bytes) and len(element.value) % 2 == 0:
            element.value = np.frombuffer(element.value, dtype=">u2").astype("<u2").tobytes()


def _is_kept(element: DataElement) -> bool:
    tag = element.tag
    if tag.is_private or tag.group < 0x0008 or element.keyword in DROPPED:
        return False
    if 0x5000 <= tag.group < 0x5100:  # retired curves, made from the old pixels
        return False
    is_standard_group = tag.group <= _LAST_STANDARD_GROUP or tag.group in _ABOVE_IT
    return is_standard_group or dictionary_has_tag(tag)


def _clean_overlay(dataset: Dataset, group: int) -> None:
    """Remove an overlay that lay in the old pixels, and statistics of its region in them."""
    tags = [element.tag for element in dataset if element.tag.group == group]
    has_own_data = (group, 0x3000) in dataset
    for tag in tags:
        if not has_own_data or tag.element in (0x1301, 0x1302, 0x1303):
            del dataset[tag]


# ------------------------------------------------------------------ corrections


def correct(dataset: Dataset) -> tuple[str, ...]:
    """Correct errors with one right value in place; returns what was corrected, in words.

    Attributes of patient and study stay as they are: they must agree with the source's.
    """
    words = [word for rule in _RULES if (word := rule(dataset))]
    return tuple(words)


_PATIENT_AND_STUDY = frozenset((0x0010, 0x0012, 0x0032))  # groups; plus the study's own tags below
_STUDY_TAGS = frozenset((0x00080020, 0x00080030, 0x00080050, 0x00080090, 0x0020000D, 0x00200010))


def _is_of_series(tag: BaseTag) -> bool:
    return tag.group not in _PATIENT_AND_STUDY and int(tag) not in _STUDY_TAGS


def _dates(dataset: Dataset) -> str:
    """ACR-NEMA wrote dates as 1995.06.26 and times as 11:20:00; DICOM has no signs in them."""
    corrected = False
    for element in dataset:
        if element.VR in ("DA", "TM") and _is_of_series(element.tag):
            pattern, sign = (
                (r"\d{4}\.\d\d\.\d\d", ".") if element.VR == "DA" else (r"\d\d:\d\d(:\d\d.*)?", ":")
            )
            value = str(element.value or "")
            if re.fullmatch(pattern, value):
                element.value = value.replace(sign, "")
                corrected = True
    return "dates and times in DICOM's form" if corrected else ""


def _aspect_ratio(dataset: Dataset) -> str:
    """Pixel Aspect Ratio is not allowed beside a spacing, nor as 1:1 (C.7.6.3.1.7)."""
    ratio = _numbers(dataset, "PixelAspectRatio")
    if not ratio:
        return ""
    spacings = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
    is_square = len(ratio) == 2 and ratio[0] == ratio[1]
    if is_square or any(dataset.get(word) for word in spacings):
        del dataset.PixelAspectRatio
        return "no pixel aspect ratio beside a spacing"
    return ""


def _windows(dataset: Dataset) -> str:
    """Drop windows whose width their function does not allow (C.11.2.1.2, C.11.2.1.3)."""
    centres, widths = _numbers(dataset, "WindowCenter"), _numbers(dataset, "WindowWidth")
    if not centres and not widths and "WindowCenter" not in dataset:
        return ""
    is_linear = str(dataset.get("VOILUTFunction", "LINEAR") or "LINEAR") == "LINEAR"
    good = [w >= 1 if is_linear else w > 0 for w in widths]
    if len(centres) == len(widths) and all(good):
        return ""
    kept = [n for n, is_good in enumerate(good) if is_good and n < len(centres)]
    names = dataset.get("WindowCenterWidthExplanation")
    drop_window(dataset)
    if kept:
        dataset.WindowCenter = [centres[n] for n in kept]
        dataset.WindowWidth = [widths[n] for n in kept]
        if isinstance(names, MultiValue) and len(names) == len(widths):
            dataset.WindowCenterWidthExplanation = [names[n] for n in kept]
    return "no windows of impossible width"


def drop_window(dataset: Dataset) -> None:
    """Remove the windows and what belongs to them."""
    for word in ("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation"):
        if word in dataset:
            delattr(dataset, word)
    if "VOILUTFunction" in dataset:
        del dataset.VOILUTFunction


def _slice_distance(dataset: Dataset) -> str:
    """Spacing Between Slices is a distance and never negative, but in nuclear medicine."""
    values = _numbers(dataset, "SpacingBetweenSlices")
    if values and values[0] < 0 and dataset.get("Modality") != "NM":
        dataset.SpacingBetweenSlices = str(dataset.SpacingBetweenSlices).lstrip("-")
        return "the distance of slices is positive"
    return ""


def _zero_spacing(dataset: Dataset) -> str:
    """A pixel spacing of 0 is no spacing; projection images may go without one (10.7.1.3)."""
    words = ""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        values = _numbers(dataset, keyword)
        if values and min(values) <= 0 and "ImagePositionPatient" not in dataset:
            delattr(dataset, keyword)
            words = "no pixel spacing of zero"
    return words


def _pet(dataset: Dataset) -> str:
    """Attributes that PET forbids in the presence of others (C.8.9.1, C.7.3.1)."""
    if dataset.get("Modality") != "PT":
        return ""
    words = ""
    kind = dataset.get("SeriesType") or [""]
    if str(kind[0]) != "DYNAMIC" and "NumberOfTimeSlices" in dataset:
        del dataset.NumberOfTimeSlices
        words = "no time slices in a PET that is not dynamic"
    codes = ("PatientOrientationCodeSequence", "PatientGantryRelationshipCodeSequence")
    if all(dataset.get(word) for word in codes) and "PatientPosition" in dataset:
        del dataset.PatientPosition
        words = "patient orientation by its codes alone"
    return words


_REGIONS = {
    "CHEST": "Chest",
    "ABDOMEN": "Abdomen",
    "HEAD": "Head",
    "NECK": "Neck",
    "PELVIS": "Pelvis",
    "HAND": "Hand",
    "FOOT": "Foot",
    "KNEE": "Knee",
    "BREAST": "Breast",
    "SHOULDER": "Shoulder",
    "HIP": "Hip",
    "SKULL": "Skull",
    "CSPINE": "CervicalSpine",
    "TSPINE": "ThoracicSpine",
    "LSPINE": "LumbarSpine",
}
"""Body Part Examined and the name of the SNOMED CT concept of CID 4009 that it stands for."""


def _anatomic_region(dataset: Dataset) -> str:
    """An empty region says unknown, and is wrong where Body Part Examined names one.

    Source: DICOM PS3.3 C.8.11.1.1, correspondence of the terms PS3.16 Annex L.
    """
    name = _REGIONS.get(str(dataset.get("BodyPartExamined", "")))
    if name is None or "AnatomicRegionSequence" not in dataset or dataset.AnatomicRegionSequence:
        return ""
    concept = getattr(codes.SCT, name)
    code = coding.Code(concept.value, "SCT", concept.meaning)
    dataset.AnatomicRegionSequence = coding.sequence(coding.code_item(code))
    return "the anatomic region as the body part says"


_RULES: tuple[Callable[[Dataset], str], ...] = (
    _dates,
    _aspect_ratio,
    _windows,
    _slice_distance,
    _zero_spacing,
    _pet,
    _anatomic_region,
)


def _numbers(dataset: Dataset, keyword: str) -> list[float]:
    """Return the values of a numeric attribute; empty when absent or not numbers."""
    value = dataset.get(keyword)
    if value is None or value == "":
        return []
    values = value if isinstance(value, MultiValue | list | tuple) else [value]
    try:
        return [float(one) for one in values]
    except (TypeError, ValueError):
        return []


# ------------------------------------------------------------------ lossy compression


def inherit_lossy(dataset: Dataset, syntax: str, compressed_bytes: int) -> None:
    """Keep the lossy mark, and add it where only the source's transfer syntax says lossy.

    Once 01 it stays 01, whatever the derived image is coded in. Source: PS3.3 C.7.6.1.1.5.
    """
    if str(dataset.get("LossyImageCompression", "")) == "01" or syntax not in _LOSSY_METHODS:
        return
    size = int(dataset.Rows) * int(dataset.Columns) * (int(dataset.BitsAllocated) // 8)
    dataset.LossyImageCompression = "01"
    dataset.LossyImageCompressionMethod = _LOSSY_METHODS[UID(syntax)]
    if compressed_bytes > 0:
        dataset.LossyImageCompressionRatio = f"{size / compressed_bytes:.4g}"
