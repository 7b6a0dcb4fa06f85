"""What a header says about the picture besides its pixels: AI marks, overlays, mosaics, loss."""

import math

from viewer.io.elements import Elements, items
from viewer.io.facts import is_reserved
from viewer.io.tags import OVERLAYS
from viewer.io.values import code, codes, numbers, text, whole

OUR_SCHEME = "99DIPTYCH"
OUR_MANUFACTURER = "Diptych"
_AI_CODE = ("123110", "DCM")
_AI_WORDS = frozenset({"AI", "AI_ENHANCED", "DEEP_LEARNING", "DEEPLEARNING", "NEURAL_NETWORK"})
_ALWAYS_LOSSY = frozenset(
    f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 53, 55, 81, 100, 101, 102, 103)
)


KEYWORDS = (
    "AlgorithmFamilyCodeSequence",
    "ContributingEquipmentSequence",
    "DerivationCodeSequence",
    "ImageType",
    "MaskSubtractionSequence",
    "ShutterShape",
    *OVERLAYS,
)
"""What `is_ai` and `not_drawn` look at."""


def is_ai(elements: Elements) -> bool:
    """Tell whether a coded mark says that AI, or Diptych, made these pixels.

    Ours: a code of scheme 99DIPTYCH in Derivation Code Sequence, or Diptych among the contributing
    equipment. Another's: code (123110, DCM, "Artificial Intelligence"), or an Image Type value that
    says so. DERIVED alone says nothing.
    """
    raw = elements.raw
    if "ImageType" in raw and any(
        word.upper() in _AI_WORDS for word in codes(elements, "ImageType")
    ):
        return True
    for keyword in ("DerivationCodeSequence", "AlgorithmFamilyCodeSequence"):
        if keyword in raw and any(_is_ai_code(item) for item in items(elements, keyword)):
            return True
    if "ContributingEquipmentSequence" not in raw:
        return False
    return any(_is_ai_equipment(item) for item in items(elements, "ContributingEquipmentSequence"))


def _is_ai_code(item: Elements) -> bool:
    scheme = text(item, "CodingSchemeDesignator")
    return scheme == OUR_SCHEME or (text(item, "CodeValue"), scheme) == _AI_CODE


def _is_ai_equipment(item: Elements) -> bool:
    purposes = items(item, "PurposeOfReferenceCodeSequence")
    return text(item, "Manufacturer") == OUR_MANUFACTURER or any(map(_is_ai_code, purposes))


def not_drawn(elements: Elements) -> tuple[str, ...]:
    """Name what the file asks to be drawn on or around the image and Diptych does not draw."""
    raw = elements.raw
    found = []
    if "OverlayRows6000" in raw or not OVERLAYS.keys().isdisjoint(raw):
        count = sum(keyword in raw for keyword in OVERLAYS)
        found.append("overlay graphics" if count == 1 else f"{count} overlay graphics")
    if "ShutterShape" in raw and (shape := code(elements, "ShutterShape")):
        found.append(f"display shutter ({shape.lower().replace(chr(92), ', ')})")
    if raw.get("MaskSubtractionSequence"):
        found.append("mask subtraction")
    return tuple(found)


def mosaic_tiles(elements: Elements, shape: tuple[int, int]) -> int:
    """Return how many slices a Siemens mosaic shows side by side; 0 when the image is none.

    The word MOSAIC in Image Type is not enough: the tiles must fit the matrix.
    """
    if "MOSAIC" not in codes(elements, "ImageType"):
        return 0
    count = _siemens_tile_count(elements)
    if count > 1:
        grid = math.isqrt(count - 1) + 1
        return count if not (shape[0] % grid or shape[1] % grid) else 0
    matrix = [int(size) for size in numbers(elements, "AcquisitionMatrix") if size > 0]
    if len(matrix) != 2:
        return 0
    across = max(shape) // max(matrix)
    return across * across if across > 1 and max(shape) % max(matrix) == 0 else 0


def _siemens_tile_count(elements: Elements) -> int:
    if "SiemensTileCount" in elements.raw and is_reserved(elements, "SiemensTileCount"):
        return whole(elements, "SiemensTileCount") or 0
    if "SiemensImageHeader" in elements.raw and is_reserved(elements, "SiemensImageHeader"):
        return _shadow_number(elements.raw["SiemensImageHeader"], b"NumberOfImagesInMosaic\0")
    return 0


def _shadow_number(header: bytes, name: bytes) -> int:
    """Return the first value of a named field of a Siemens shadow header (CSA1 or CSA2); 0 if none.

    A field is a name of 64 bytes, five 4-byte words, then items of 16 bytes and text.
    """
    place = header.find(name)
    if place < 0:
        return 0
    values = header[place + 84 + 16 : place + 84 + 16 + 16].split(b"\0")[0].strip()
    return int(values) if values.isdigit() else 0


def lossy_words(elements: Elements, transfer_syntax: str) -> str:
    """Return "lossy" with its ratio where the pixels went through lossy compression; else "".

    Source: DICOM PS3.3 C.7.6.1.1.5: once lossy, always lossy.
    """
    is_flagged = code(elements, "LossyImageCompression") == "01"
    if not is_flagged and transfer_syntax not in _ALWAYS_LOSSY:
        return ""
    ratios = numbers(elements, "LossyImageCompressionRatio")
    if not ratios or ratios[-1] <= 1:
        return "lossy"
    return f"lossy {ratios[-1]:.0f}:1" if ratios[-1] >= 100 else f"lossy {ratios[-1]:.3g}:1"


def referenced_series(elements: Elements) -> tuple[str, ...]:
    """Return the UIDs of the series that a presentation state or key object refers to."""
    uids = (code(item, "SeriesInstanceUID") for item in items(elements, "ReferencedSeriesSequence"))
    return tuple(dict.fromkeys(uid for uid in uids if uid))
