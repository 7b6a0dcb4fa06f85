"""Codes that Diptych writes and recognises: its own scheme, and DICOM's where one fits."""

from viewer.io import pydicom_first  # noqa: F401 (before any part of pydicom)

# isort: split
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from viewer.core.provenance import MethodKind, Provenance

OWN_SCHEME = "99DIPTYCH"
OWN_SCHEME_NAME = "Diptych image derivation codes"


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept. Source: DICOM PS3.3 section 8.8 (Code Sequence Macro)."""

    value: str
    scheme: str
    meaning: str
    version: str = ""


AI_ENHANCED = Code("AI-ENHANCED", OWN_SCHEME, "Enhanced by a trained model")
FILTERED = Code("FILTERED", OWN_SCHEME, "Processed by a classical image filter")
RESEARCH = Code("RESEARCH", OWN_SCHEME, "Research model: not for reading")

ARTIFICIAL_INTELLIGENCE = Code("123110", "DCM", "Artificial Intelligence")
SOURCE_IMAGE = Code("121322", "DCM", "Source image for image processing operation")
ACQUISITION_EQUIPMENT = Code("109101", "DCM", "Acquisition Equipment")
PROCESSING_EQUIPMENT = Code("109102", "DCM", "Processing Equipment")

_SPATIAL_RESAMPLING = Code("113085", "DCM", "Spatial resampling")
_EDGE_ENHANCEMENT = Code("113086", "DCM", "Edge enhancement")
_SMOOTHING = Code("113087", "DCM", "Smoothing")
_GAUSSIAN_BLUR = Code("113088", "DCM", "Gaussian blur")
_UNSHARP_MASK = Code("113089", "DCM", "Unsharp mask")

# CID 7203 has no code for noise reduction by a model, for wavelets' or local contrast's effect on
# contrast; the nearest one is given only where its meaning is true of what was done.
_NEAREST = (
    ("gauss", _GAUSSIAN_BLUR),
    ("bilateral", _SMOOTHING),
    ("nlm", _SMOOTHING),
    ("non-local", _SMOOTHING),
    ("tv", _SMOOTHING),
    ("total-variation", _SMOOTHING),
    ("wavelet", _SMOOTHING),
    ("median", _SMOOTHING),
    ("unsharp", _UNSHARP_MASK),
    ("sharpen", _EDGE_ENHANCEMENT),
)


def plain(text: str) -> str:
    """Return text in ASCII, so that it fits every character set that a source may declare."""
    for sign, word in (("−", "-"), ("–", "-"), ("·", ","), ("µ", "u"), ("²", "2"), ("×", "x")):
        text = text.replace(sign, word)
    decomposed = unicodedata.normalize("NFKD", text)
    kept = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    ascii_text = kept.encode("ascii", "replace").decode("ascii")
    return " ".join(ascii_text.replace("\\", "/").split())


def code_item(code: Code) -> Dataset:
    """Return one item of a code sequence."""
    item = Dataset()
    item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme
    if code.version:
        item.CodingSchemeVersion = code.version
    item.CodeMeaning = code.meaning
    return item


def method_codes(provenance: Provenance) -> tuple[Code, ...]:
    """Return the codes of a method: its kind, itself, the nearest standard one, and the marks.

    A mark says that it is AI, another that nobody should read from what a research model made.

    The codes outlive de-identification, which removes every text (PS3.15 Table E.1-1).
    """
    is_ai = provenance.kind is MethodKind.AI
    kind = AI_ENHANCED if is_ai else FILTERED
    name, version = plain(provenance.method_id), plain(provenance.version)
    meaning = plain(provenance.method_name)[:64] or name[:64]
    method = Code(name[:16], OWN_SCHEME, meaning, version[:16])
    nearest = [code for word, code in _NEAREST if not is_ai and word in provenance.method_id]
    codes = [kind, *([RESEARCH] if provenance.is_research else [])]
    codes += [*([method] if name else []), *nearest[:1]]
    if provenance.slice_steps_mm is not None:
        codes.append(_SPATIAL_RESAMPLING)
    return (*codes, ARTIFICIAL_INTELLIGENCE) if is_ai else tuple(codes)


def scheme_item() -> Dataset:
    """Return the item of Coding Scheme Identification Sequence that explains our own scheme."""
    item = Dataset()
    item.CodingSchemeDesignator = OWN_SCHEME
    item.CodingSchemeName = OWN_SCHEME_NAME
    item.CodingSchemeResponsibleOrganization = "Diptych"
    return item


def read_codes(items: Iterable[Dataset] | None) -> tuple[Code, ...]:
    """Return the codes of a sequence; items without value and scheme are left out."""
    found = []
    for item in items or ():
        value, scheme = str(item.get("CodeValue", "")), str(item.get("CodingSchemeDesignator", ""))
        if value and scheme:
            meaning = str(item.get("CodeMeaning", ""))
            found.append(Code(value, scheme, meaning, str(item.get("CodingSchemeVersion", ""))))
    return tuple(found)


def sequence(*items: Dataset) -> Sequence:
    """Return a DICOM sequence of these items."""
    return Sequence(items)
