"""What is new about a derived image: its type, numbers, description, dates and source reference."""

from viewer.io import pydicom_first  # noqa: F401 (before any part of pydicom)

# isort: split
import unicodedata
from collections.abc import Collection
from datetime import datetime, timedelta, timezone

from pydicom import uid as uids
from pydicom.dataset import Dataset

from viewer.core.provenance import MethodKind, Provenance
from viewer.core.study import FrameSource, SeriesPart
from viewer.io import coding

MARKS = {MethodKind.AI: "AI_ENHANCED", MethodKind.FILTER: "FILTERED"}
"""Image Type value 4 of derived images (after the terms that the object itself asks for)."""

PREFIXES = {MethodKind.AI: "AI ", MethodKind.FILTER: "FILTER "}


def series_number(source: int | None, taken: Collection[int]) -> int:
    """Return the first free number after source x 100 (after 9000 where the source has none).

    Numbers that would not fit into an integer string fall back to counting after the source's.
    """
    start = 9000 if source is None or source < 0 else source * 100
    if source is not None and start > 2_000_000_000:
        start = source
    return next(n for n in range(start + 1, start + 2 + len(taken)) if n not in taken)


def series_description(source: str, provenance: Provenance) -> str:
    """Return "AI " or "FILTER " and the source's description, 64 characters at most.

    It is cut between characters, never between a letter and its accent.
    """
    rest = source.strip() or coding.plain(provenance.method_name)
    text = PREFIXES[provenance.kind] + rest
    cut = text[:64]
    if len(text) > 64 and unicodedata.combining(text[64]):
        while unicodedata.combining(cut[-1]):
            cut = cut[:-1]
        cut = cut[:-1]
    return cut.rstrip()


def image_type(header: Dataset, kind: MethodKind) -> list[str]:
    r"""Return Image Type: DERIVED\SECONDARY, the object's own value 3 and the mark as value 4.

    PET knows PRIMARY only (C.8.9.4.1.1). Value 3 of CT must be AXIAL or LOCALIZER (C.8.2.1.1.1), of
    MR it must be there (C.8.3.1.1.1), of projection X-ray it may be empty. The fourth value of
    multi-energy CT says what the values are and stays in front of the mark (C.8.2.1.1.1).
    """
    source = [str(value) for value in header.get("ImageType") or []]
    third = source[2] if len(source) > 2 else ""
    if not all(sign.isupper() or sign.isdigit() or sign in " _" for sign in third):
        third = ""
    if header.SOPClassUID == uids.CTImageStorage and third not in ("AXIAL", "LOCALIZER"):
        third = "AXIAL"
    if header.SOPClassUID == uids.MRImageStorage:
        third = third or "OTHER"
    is_pet = header.SOPClassUID == uids.PositronEmissionTomographyImageStorage
    values = ["DERIVED", "PRIMARY" if is_pet else "SECONDARY", third[:16]]
    if str(header.get("MultienergyCTAcquisition", "")) == "YES" and len(source) > 3:
        values.append(source[3])
    mosaic = ["MOSAIC"] if "MOSAIC" in source[3:] else []  # tiles are slices side by side
    return [*values, MARKS[kind], *mosaic]


def instance_numbers(part: SeriesPart) -> tuple[int, ...]:
    """Return the source's Instance Numbers where they tell the slices apart, else 1, 2, 3 ..."""
    numbers = [frame.instance.instance_number for frame in part.sources]
    given = [number for number in numbers if number is not None and number >= 0]
    if len(set(given)) == len(numbers):
        return tuple(given)
    return tuple(range(1, len(numbers) + 1))


def source_item(header: Dataset) -> Dataset:
    """Return the item that names the source of one image (PS3.3 C.12.4.1, Table 10-3)."""
    item = Dataset()
    item.ReferencedSOPClassUID = header.SOPClassUID
    item.ReferencedSOPInstanceUID = header.SOPInstanceUID
    item.SpatialLocationsPreserved = "YES"
    item.PurposeOfReferenceCodeSequence = coding.sequence(coding.code_item(coding.SOURCE_IMAGE))
    return item


def neighbour_item(source: FrameSource) -> Dataset:
    """Return the item that names another source image that the pixels were computed from."""
    item = Dataset()
    item.ReferencedSOPClassUID = source.instance.sop_class_uid
    item.ReferencedSOPInstanceUID = source.instance.sop_instance_uid
    item.SpatialLocationsPreserved = "NO"
    if source.instance.frame_count > 1:
        item.ReferencedFrameNumber = source.index + 1
    item.PurposeOfReferenceCodeSequence = coding.sequence(coding.code_item(coding.SOURCE_IMAGE))
    return item


def put_dates(dataset: Dataset, now: datetime) -> None:
    """Date series, content and creation; acquisition keeps its own.

    Series Date and Time of PET are the reference of its decay correction and frame times
    (C.8.9.1.1.4 and (0054,1300)) and so must stay.
    """
    local = now.astimezone(_zone(dataset))
    date, time = local.strftime("%Y%m%d"), local.strftime("%H%M%S.%f")
    dataset.ContentDate, dataset.ContentTime = date, time
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = date, time
    if dataset.SOPClassUID != uids.PositronEmissionTomographyImageStorage:
        dataset.SeriesDate, dataset.SeriesTime = date, time


def _zone(dataset: Dataset) -> timezone | None:
    """Return the time zone that the source's dates are in; None for this machine's."""
    text = str(dataset.get("TimezoneOffsetFromUTC") or "").strip()
    if len(text) != 5 or text[0] not in "+-" or not text[1:].isdigit():
        return None
    shift = timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))
    return timezone(-shift if text[0] == "-" else shift) if shift < timedelta(hours=24) else None
