"""One DICOM file's header as an `Entry`, by an own walk of its bytes; pydicom reads what is odd."""

from functools import lru_cache
from typing import NamedTuple

from viewer.core.errors import BadHeader, DirectoryRecord, NotDicom, UnreadableFile
from viewer.core.objects import DIRECTORY, is_image_class
from viewer.core.study import Entry, Series, Study
from viewer.io.building import build_instance
from viewer.io.elements import Elements, read_elements
from viewer.io.reading import opened
from viewer.io.runs import Runs
from viewer.io.sequences import EXPLICIT, EXPLICIT_BIG, IMPLICIT, Coding, OddElement
from viewer.io.sniffing import describe_other, looks_known
from viewer.io.sources import FileSource, InflatedSource, Source
from viewer.io.syntaxes import BIG_ENDIAN, DEFLATED
from viewer.io.values import code, decode_code, decode_decimals, decode_text

_GE_BIG_PIXELS = "1.2.840.113619.5.2"
_IMPLICIT_SYNTAXES = frozenset({"1.2.840.10008.1.2", _GE_BIG_PIXELS})
_STUDY_KEYWORDS = (
    "StudyInstanceUID",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "StudyDate",
    "StudyTime",
    "StudyDescription",
    "AccessionNumber",
)
_SERIES_KEYWORDS = (
    "SeriesInstanceUID",
    "Modality",
    "SeriesNumber",
    "SeriesDescription",
    "BodyPartExamined",
    "SeriesDate",
    "SeriesTime",
    "Manufacturer",
    "ManufacturerModelName",
    "ConvolutionKernel",
    "KVP",
)


class Beginning(NamedTuple):
    """Where the data set starts, how it is coded, and what the meta header says."""

    start: int
    coding: Coding
    transfer_syntax: str
    sop_class: str
    sop_instance: str
    warnings: tuple[str, ...] = ()


def read_entry(path: str, origin: str = "", runs: Runs | None = None) -> Entry:
    """Read the header of one file.

    Parameters
    ----------
    path : where the bytes are.
    origin : what the reader is shown; the path when empty.
    runs : what the headers before had in common; makes the next one faster.

    Returns
    -------
    The instance with its study and series, without children. `PixelLayout.offset` counts from
    the start of the file, in a deflated file from the start of the inflated data set.

    Raises
    ------
    UnreadableFile : the file is gone, empty or may not be read.
    NotDicom : the file is something else; the words say what it looks like.
    DirectoryRecord : the file is a DICOMDIR.
    BadHeader : the header is damaged, or says neither what the object is nor where it belongs.

    Source: DICOM PS3.10 section 7, PS3.5 section 7.
    """
    with opened(path) as file:
        try:
            source = FileSource(file)
        except OSError as error:
            raise UnreadableFile(
                f"The file could not be read ({error.strerror or error})."
            ) from error
        return _read(source, path, origin or path, runs)


def _read(source: FileSource, path: str, origin: str, runs: Runs | None) -> Entry:
    beginning = find_beginning(source)
    if beginning.sop_class == DIRECTORY:
        raise DirectoryRecord("This is the index of a medium (DICOMDIR), not an image.")
    elements, beginning = read_header(source, beginning, path, runs)
    if code(elements, "SOPClassUID") == DIRECTORY:
        raise DirectoryRecord("This is the index of a medium (DICOMDIR), not an image.")
    return build_entry(elements, beginning, source.size, path, origin)


def read_header(
    source: Source, beginning: Beginning, path: str, runs: Runs | None = None
) -> tuple[Elements, Beginning]:
    """Return the elements up to the pixel data, by the own walk or else through pydicom."""
    data: Source = source
    start = beginning.start
    if beginning.transfer_syntax == DEFLATED:
        data, start = InflatedSource(source, start), 0
    try:
        elements = read_elements(data, start, beginning.coding, runs)
    except OddElement as odd:
        if beginning.transfer_syntax == DEFLATED:
            raise BadHeader(f"The deflated header is damaged ({odd}).") from odd
        from viewer.io.fallback import read_odd

        elements = read_odd(path, beginning.start, beginning.coding)
        words = "the header is coded irregularly and was read as far as it makes sense"
        beginning = beginning._replace(warnings=(*beginning.warnings, words))
    return elements, beginning


# ------------------------------------------------------------------------------ the beginning


def find_beginning(source: FileSource) -> Beginning:
    """Find the data set of a file with or without preamble and meta header.

    Raises
    ------
    UnreadableFile : the file is empty.
    NotDicom : it does not begin as DICOM does.
    """
    first = source.first
    if not first:
        raise UnreadableFile("The file is empty.")
    mark = 128 if first[128:132] == b"DICM" else -1
    if mark < 0 and not looks_known(first):
        mark = first.find(b"DICM", 0, 260)
    warnings: tuple[str, ...] = ()
    if mark >= 0:
        start = mark + 4
        if mark != 128:
            warnings = (f"the DICM mark stands at byte {mark}, not at 128",)
    elif _is_meta(first[:6]):
        start, warnings = 0, ("the file has no preamble",)
    elif _is_meta(first[132:138]):
        start, warnings = 132, ("the DICM mark is missing after the preamble",)
    else:
        return _without_meta(source)
    return _with_meta(source, start, warnings)


def _is_meta(head: bytes) -> bool:
    """Tell whether an explicit element of the meta group stands there."""
    return head[:2] == b"\x02\x00" and head[4:6] in (b"UL", b"OB", b"UI")


def _with_meta(source: FileSource, start: int, warnings: tuple[str, ...]) -> Beginning:
    """Read the meta header, which is explicit VR little endian whatever follows."""
    values: dict[int, bytes] = {}
    place = start
    first = source.first
    while True:
        head = first[place : place + 12] if place + 12 <= len(first) else source.read(place, 12)
        if len(head) < 8 or head[:2] != b"\x02\x00":
            break
        if head[4:6] in (b"OB", b"UN", b"OW", b"UT", b"SQ"):
            length, value = int.from_bytes(head[8:12], "little"), place + 12
        else:
            length, value = int.from_bytes(head[6:8], "little"), place + 8
        element = int.from_bytes(head[2:4], "little")
        if element in (2, 3, 16):
            values[element] = source.read(value, min(length, 64))
        place = value + length
        if place > source.size:
            raise BadHeader("The file breaks off in its meta header.")
    syntax = decode_code(values.get(16, b""))
    if not syntax:
        warnings = (*warnings, "the meta header names no transfer syntax")
    declared = _declared_coding(syntax)
    coding = declared
    if syntax != DEFLATED:
        coding = _likely_coding(source.read(place, 8), declared)
    if coding != declared and syntax:
        warnings = (*warnings, "the header is not coded as its transfer syntax says")
    return Beginning(
        place,
        coding,
        syntax or _syntax_of(coding),
        decode_code(values.get(2, b"")),
        decode_code(values.get(3, b"")),
        warnings,
    )


@lru_cache(maxsize=64)
def _declared_coding(syntax: str) -> Coding:
    if syntax == BIG_ENDIAN:
        return EXPLICIT_BIG
    return IMPLICIT if syntax in _IMPLICIT_SYNTAXES else EXPLICIT


def _syntax_of(coding: Coding) -> str:
    if coding.is_implicit:
        return "1.2.840.10008.1.2"
    return BIG_ENDIAN if coding.is_big else "1.2.840.10008.1.2.1"


def _likely_coding(head: bytes, declared: Coding) -> Coding:
    """Return the coding that the first element shows, where it contradicts the declared one."""
    if len(head) < 8:
        return declared
    is_explicit = head[4:6].isalpha() and head[4:6].isupper()
    little, big = int.from_bytes(head[:2], "little"), int.from_bytes(head[:2], "big")
    # Groups of a data set begin at 0008 or soon after; the other byte order reads as 0800 and up.
    is_big = big < little and little >= 0x0100
    if not is_explicit:
        return Coding(is_implicit=True, is_big=is_big)
    return Coding(is_big=is_big)


def _without_meta(source: FileSource) -> Beginning:
    """Accept a bare data set only when its first elements look like one in a known coding."""
    head = source.first[:12]
    coding = _likely_coding(head, IMPLICIT)
    order = "big" if coding.is_big else "little"
    group = int.from_bytes(head[:2], order)  # type: ignore[arg-type]
    element = int.from_bytes(head[2:4], order)  # type: ignore[arg-type]
    length = int.from_bytes(head[4:8] if coding.is_implicit else head[6:8], order)  # type: ignore[arg-type]
    is_start = group in (0x0004, 0x0008) and element <= 0x0100
    if len(head) < 8 or not is_start or length > 1 << 20:
        raise NotDicom(describe_other(source.first))
    words = "the file has no preamble and no meta header"
    return Beginning(0, coding, _syntax_of(coding), "", "", (words,))


# ------------------------------------------------------------------------------ the entry


def build_entry(
    elements: Elements, beginning: Beginning, size: int, path: str, origin: str
) -> Entry:
    """Return the entry of a header; study and series are shared between files that agree.

    Raises
    ------
    BadHeader : the header breaks off, or says neither what the object is nor where it belongs.
    """
    raw = elements.raw
    sop_class = code(elements, "SOPClassUID") or beginning.sop_class
    has_place = "StudyInstanceUID" in raw or "SeriesInstanceUID" in raw
    if elements.is_cut_off and (is_image_class(sop_class) or not has_place):
        raise BadHeader(f"The file breaks off in its header, at byte {elements.end}.")
    if elements.pixels is None and not (sop_class and has_place):
        what = "to which study this belongs" if sop_class else "what this is"
        raise BadHeader(f"The header does not say {what}, and there is no image.")
    charset = raw.get("SpecificCharacterSet", b"")
    study = _study(charset, tuple(map(raw.get, _STUDY_KEYWORDS)))
    series = _series(charset, tuple(map(raw.get, _SERIES_KEYWORDS)))
    warnings = list(beginning.warnings)
    if elements.is_cut_off:
        warnings.append("the file breaks off in its header")
    if not study.uid:
        warnings.append("no Study Instance UID in the header")
    if not series.uid:
        warnings.append("no Series Instance UID in the header: kept as a series of its own")
        series = _nameless_series(series, origin)
    instance = build_instance(
        elements,
        path=path,
        origin=origin,
        sop_class=sop_class,
        sop_instance=code(elements, "SOPInstanceUID") or beginning.sop_instance,
        transfer_syntax=beginning.transfer_syntax,
        size=size if beginning.transfer_syntax != DEFLATED else None,
        warnings=warnings,
    )
    return Entry(study, series, instance)


def _nameless_series(series: Series, origin: str) -> Series:
    import hashlib
    from dataclasses import replace

    digest = hashlib.sha256(origin.encode(errors="surrogateescape")).hexdigest()[:16]
    return replace(series, uid=f"without-uid-{digest}")


@lru_cache(maxsize=512)
def _study(charset: bytes, values: tuple[bytes | None, ...]) -> Study:
    uid, name, *others = values
    decoded = [decode_text(value, charset) if value else "" for value in others]
    patient_id, birth_date, sex, age, date, time, description, accession = decoded
    return Study(
        uid=decode_code(uid) if uid else "",
        patient_name=decode_text(name, charset, is_name=True) if name else "",
        patient_id=patient_id,
        birth_date=birth_date,
        sex=sex,
        age=age,
        date=date,
        time=time,
        description=description,
        accession=accession,
    )


@lru_cache(maxsize=2048)
def _series(charset: bytes, values: tuple[bytes | None, ...]) -> Series:
    uid, modality, number, *others, kvp = values
    description, body_part, date, time, manufacturer, model, kernel = [
        decode_text(value, charset) if value else "" for value in others
    ]
    numbers = decode_decimals(number) if number else ()
    volts = decode_decimals(kvp) if kvp else ()
    return Series(
        uid=decode_code(uid) if uid else "",
        modality=decode_code(modality) if modality else "",
        number=int(numbers[0]) if numbers else None,
        description=description,
        body_part=body_part,
        date=date,
        time=time,
        manufacturer=manufacturer,
        model=model,
        kernel=kernel,
        kvp=volts[0] if volts else None,
    )
