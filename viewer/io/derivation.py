"""Provenance in DICOM's terms: written into derived images, and read back from them.

People find it in Derivation Description, other programs in the codes, and Diptych itself as JSON in
a private element: group 0009, creator "DIPTYCH", element xx01 (UT). After de-identification has
removed the texts and the private element, the codes still say what kind of image it is.
"""

from viewer.io import pydicom_first  # noqa: F401 (before any part of pydicom)

# isort: split
import base64
import binascii
import dataclasses
import json
import re
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError

from viewer.core.errors import UnreadableFile
from viewer.core.provenance import RESEARCH_CAUTION, MethodKind, Provenance, strength_words
from viewer.io import coding

PRIVATE_GROUP = 0x0009
PRIVATE_CREATOR = "DIPTYCH"
PROVENANCE_ELEMENT = 0x01
FORMAT = 1

DESCRIPTION_LENGTH = 1024
"""Longest Derivation Description and Contribution Description (VR ST)."""

LONGEST_UID_LIST = 16_384
"""Above this many packed characters an image names its own source only."""

_LONGEST_JSON = 1_000_000
_UID = re.compile(r"[0-9.]{1,64}")

READING_ERRORS = (
    OSError,
    InvalidDicomError,
    BytesLengthException,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    NotImplementedError,
    OverflowError,
    RecursionError,
    EOFError,
    LookupError,
    zlib.error,
)
"""What pydicom raises on damaged files."""


# ------------------------------------------------------------------ words


def description(provenance: Provenance, note: str = "") -> str:
    """Return the Derivation Description: at most 1,024 ASCII characters, the important ones first.

    `note` says what happened to the values on their way into the file ("" for nothing).
    """
    is_ai = provenance.kind is MethodKind.AI
    parts = [
        f"{'AI-ENHANCED' if is_ai else 'FILTERED'}: not the original, compare before reporting.",
        "For research use, not for diagnosis.",
        f"Method {provenance.method_name} ({provenance.method_id} {provenance.version}).",
    ]
    if provenance.weights_sha256:
        parts.append(f"Weights SHA-256 {provenance.weights_sha256}.")
    parts.append(
        f"Strength {provenance.strength:g} ({strength_words(provenance)}), "
        f"blend factor (alpha) {provenance.blend:.4g}."
    )
    if provenance.parameters:
        values = ", ".join(f"{name}={value}" for name, value in provenance.parameters)
        parts.append(f"Parameters {values}.")
    low, high = provenance.input_range
    version = provenance.software_version.removeprefix("Diptych ")
    parts.append(f"Input {low:g} to {high:g}. {note}".strip())
    parts.append(f"Diptych {version} on {provenance.device}, {provenance.time}.")
    parts.append(f"Gates: {_joined(provenance.gates) or 'passed without a warning'}.")
    if provenance.cautions:
        parts.append(f"Cautions: {_joined(provenance.cautions)}.")
    return _cut(coding.plain(" ".join(parts)), DESCRIPTION_LENGTH)


def _joined(sentences: tuple[str, ...]) -> str:
    return "; ".join(words.rstrip(". ") for words in sentences)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3].rstrip() + "..."


def date_time(iso: str) -> str:
    """Return an ISO 8601 time as a DICOM date-time with its offset; "" where it is none."""
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError:
        return ""
    return moment.strftime("%Y%m%d%H%M%S.%f") + (moment.strftime("%z") if moment.tzinfo else "")


# ------------------------------------------------------------------ writing


def mark(dataset: Dataset, provenance: Provenance, record: str, note: str = "") -> None:
    """Write everything that says how the pixels were made, but for the source image itself.

    `record` is `packed(provenance)`, made once for all images of a series.

    Derivation codes of earlier steps stay in front of ours: several items mean successive steps.
    Source: DICOM PS3.3 C.12.4.1 (Derivation), C.12.1 (Synthetic Data, coding schemes), C.7.5.
    """
    text = description(provenance, note)
    dataset.DerivationDescription = text
    earlier = [item for item in dataset.get("DerivationCodeSequence") or () if _is_coded(item)]
    ours = [coding.code_item(code) for code in coding.method_codes(provenance)]
    dataset.DerivationCodeSequence = coding.sequence(*earlier, *ours)
    schemes = [
        item
        for item in dataset.get("CodingSchemeIdentificationSequence") or ()
        if item.get("CodingSchemeDesignator") != coding.OWN_SCHEME
    ]
    dataset.CodingSchemeIdentificationSequence = coding.sequence(*schemes, coding.scheme_item())
    inherited = str(dataset.get("SyntheticData", "")) == "YES"
    dataset.SyntheticData = "YES" if provenance.is_synthetic_data or inherited else "NO"
    _add_equipment(dataset, provenance, text)
    block = dataset.private_block(PRIVATE_GROUP, PRIVATE_CREATOR, create=True)
    block.add_new(PROVENANCE_ELEMENT, "UT", record)


def _is_coded(item: Dataset) -> bool:
    return all(item.get(word) for word in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning"))


_SCANNER = (
    "Manufacturer",
    "InstitutionName",
    "InstitutionAddress",
    "StationName",
    "InstitutionalDepartmentName",
    "ManufacturerModelName",
    "DeviceSerialNumber",
    "SoftwareVersions",
    "SpatialResolution",
    "DateOfLastCalibration",
    "TimeOfLastCalibration",
)


def _add_equipment(dataset: Dataset, provenance: Provenance, text: str) -> None:
    """Add the scanner (once) and Diptych to Contributing Equipment Sequence (PS3.3 C.12.1)."""
    items = list(dataset.get("ContributingEquipmentSequence") or ())
    purposes = [
        code.value
        for item in items
        for code in coding.read_codes(item.get("PurposeOfReferenceCodeSequence"))
    ]
    # Manufacturer is type 1 in the sequence: without one there is nothing true to write.
    if coding.ACQUISITION_EQUIPMENT.value not in purposes and dataset.get("Manufacturer"):
        scanner = Dataset()
        for keyword in _SCANNER:
            if dataset.get(keyword):
                scanner[keyword] = dataset[keyword]
        scanner.PurposeOfReferenceCodeSequence = coding.sequence(
            coding.code_item(coding.ACQUISITION_EQUIPMENT)
        )
        items.append(scanner)
    ours = Dataset()
    ours.Manufacturer = "Diptych"
    ours.ManufacturerModelName = _cut(coding.plain(provenance.method_name or "Diptych"), 64)
    ours.SoftwareVersions = [
        _cut(coding.plain(version), 64)
        for version in (provenance.software_version, provenance.version)
        if version
    ]
    if moment := date_time(provenance.time):
        ours.ContributionDateTime = moment
    ours.ContributionDescription = text
    ours.PurposeOfReferenceCodeSequence = coding.sequence(
        coding.code_item(coding.PROCESSING_EQUIPMENT)
    )
    dataset.ContributingEquipmentSequence = coding.sequence(*items, ours)


def packed(provenance: Provenance) -> str:
    """Return the provenance as compact ASCII JSON; `unpacked` restores every field.

    The sources of the series are packed (zlib, base64), because every image carries them; where
    that is still longer than `LONGEST_UID_LIST` they are left to Source Image Sequence.
    """
    content: dict[str, Any] = dataclasses.asdict(provenance)
    content["kind"] = provenance.kind.value
    del content["source_uids"]
    raw = zlib.compress("\n".join(provenance.source_uids).encode(), 9)
    sources = base64.b64encode(raw).decode()
    if len(sources) <= LONGEST_UID_LIST:
        content["sources"] = sources
    return json.dumps({"format": FORMAT, **content}, separators=(",", ":"))


# ------------------------------------------------------------------ reading


def is_ours(dataset: Dataset) -> bool:
    """True for an image that Diptych derived, even after its texts were removed."""
    derivation = coding.read_codes(dataset.get("DerivationCodeSequence"))
    if any(code.scheme == coding.OWN_SCHEME for code in derivation):
        return True
    equipment = dataset.get("ContributingEquipmentSequence") or ()
    if any(str(item.get("Manufacturer", "")) == "Diptych" for item in equipment):
        return True
    return _private_text(dataset) is not None


def is_marked_ai(dataset: Dataset) -> bool:
    """True for an image with a coded mark of artificial intelligence, of ours or another's."""
    codes = coding.read_codes(dataset.get("DerivationCodeSequence"))
    marks = {(code.value, code.scheme) for code in codes}
    known = (coding.ARTIFICIAL_INTELLIGENCE, coding.AI_ENHANCED)
    return any((code.value, code.scheme) in marks for code in known)


def read_provenance(path: Path) -> Provenance | None:
    """Return how the pixels of a file were made; None for images that are not ours.

    Raises
    ------
    UnreadableFile : the file cannot be read.
    """
    try:
        dataset = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        return provenance_of(dataset)
    except READING_ERRORS as error:
        raise UnreadableFile(
            f"The file {path.name} could not be read.", "Whether it was enhanced is not known."
        ) from error


def provenance_of(dataset: Dataset) -> Provenance | None:
    """Return the provenance of an image of ours, whole or as far as the codes go, else None.

    From codes alone the strength is NaN (not recorded) and texts are empty.
    """
    text = _private_text(dataset)
    sources = _sources(dataset)
    whole = unpacked(text, sources) if text else None
    if whole is not None:
        return whole
    return _from_codes(dataset, sources) if is_ours(dataset) else None


def _private_text(dataset: Dataset) -> str | None:
    try:
        block = dataset.private_block(PRIVATE_GROUP, PRIVATE_CREATOR)
        value = block[PROVENANCE_ELEMENT].value
    except KeyError:
        return None
    if isinstance(value, bytes):  # VR UN, as stored by a system that does not know the element
        value = value.decode("ascii", "replace")
    return value.rstrip(" \0") if isinstance(value, str) and len(value) < _LONGEST_JSON else None


def _sources(dataset: Dataset) -> tuple[str, ...]:
    """SOP Instance UIDs of the images' own sources, with the purpose that we write."""
    return tuple(
        str(item.get("ReferencedSOPInstanceUID", ""))
        for item in dataset.get("SourceImageSequence") or ()
        if str(item.get("SpatialLocationsPreserved", "YES")) == "YES"
        and coding.SOURCE_IMAGE.value
        in [c.value for c in coding.read_codes(item.get("PurposeOfReferenceCodeSequence"))]
    )


def unpacked(text: str, own_sources: tuple[str, ...] = ()) -> Provenance | None:
    """Return the provenance of a JSON text made by `packed`; None where it is damaged."""
    try:
        content = json.loads(text)
        sources = _unpacked_uids(content["sources"]) if "sources" in content else own_sources
        low, high = (float(value) for value in content["input_range"])
        reached = content["reached"]
        return Provenance(
            kind=MethodKind(content["kind"]),
            **{word: str(content[word]) for word in _TEXTS},
            parameters=tuple((str(name), str(value)) for name, value in content["parameters"]),
            strength=float(content["strength"]),
            blend=float(content["blend"]),
            reached=None if reached is None else float(reached),
            input_range=(low, high),
            source_uids=sources,
            cautions=tuple(str(caution) for caution in content["cautions"]),
            is_synthetic_data=bool(content["is_synthetic_data"]),
            gates=tuple(str(words) for words in content.get("gates", ())),
            slice_steps_mm=_unpacked_steps(content.get("slice_steps_mm")),
        )
    except (ValueError, KeyError, TypeError, zlib.error, binascii.Error, RecursionError):
        return None


_TEXTS = (
    "method_id",
    "method_name",
    "version",
    "weights_sha256",
    "device",
    "software_version",
    "time",
)


def _unpacked_steps(value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    made, acquired = (float(step) for step in value)
    if not 0 < made <= acquired < float("inf"):
        raise ValueError("not steps of slices")
    return (made, acquired)


def _unpacked_uids(text: str) -> tuple[str, ...]:
    inflated = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), 2_000_000)
    uids = inflated.decode("ascii").split("\n") if inflated else []
    if not all(_UID.fullmatch(uid) for uid in uids):
        raise ValueError("not a list of UIDs")
    return tuple(uids)


def _from_codes(dataset: Dataset, sources: tuple[str, ...]) -> Provenance:
    """Return what the codes still say after the texts were removed."""
    codes = coding.read_codes(dataset.get("DerivationCodeSequence"))
    marks = (coding.AI_ENHANCED.value, coding.FILTERED.value, coding.RESEARCH.value)
    own = [code for code in codes if code.scheme == coding.OWN_SCHEME]
    ours = [code for code in own if code.value not in marks]
    is_research = any(code.value == coding.RESEARCH.value for code in own)
    is_ai = is_marked_ai(dataset) or not any(c.value == coding.FILTERED.value for c in codes)
    method = ours[-1] if ours else coding.Code("", coding.OWN_SCHEME, "method not recorded")
    return Provenance(
        kind=MethodKind.AI if is_ai else MethodKind.FILTER,
        method_id=method.value,
        method_name=method.meaning,
        version=method.version,
        weights_sha256="",
        parameters=(),
        strength=float("nan"),
        blend=float("nan"),
        reached=None,
        input_range=(float("nan"), float("nan")),
        source_uids=sources,
        device="",
        software_version="",
        time="",
        cautions=(
            *((RESEARCH_CAUTION,) if is_research else ()),
            "the full record was removed from the file; only its codes are left",
        ),
        is_synthetic_data=str(dataset.get("SyntheticData", "")) == "YES",
    )
