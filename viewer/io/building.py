"""An `Instance` from the raw values of a header."""

import math
from functools import lru_cache
from typing import Any

from viewer.core.objects import KEY_OBJECTS, PRESENTATION_STATES, RT_DOSE, is_image_class
from viewer.core.study import FrameFacts, Instance, PixelLayout
from viewer.io import facts, marks, multiframe
from viewer.io.elements import Elements
from viewer.io.sequences import OddElement
from viewer.io.values import (
    code,
    codes,
    decode_binary,
    depends_on,
    number,
    numbers,
    short,
    text,
    whole,
)

_PADDINGS = (
    ("PixelPaddingValue", "PixelPaddingRangeLimit", ""),
    ("FloatPixelPaddingValue", "FloatPixelPaddingRangeLimit", "FL"),
    ("DoubleFloatPixelPaddingValue", "DoubleFloatPixelPaddingRangeLimit", "FD"),
)
_LEAST_FRAGMENT = 10
"""Bytes of an item header and the shortest fragment: no encapsulated frame takes less."""


def build_instance(
    elements: Elements,
    *,
    path: str,
    origin: str,
    sop_class: str,
    sop_instance: str,
    transfer_syntax: str,
    size: int | None,
    warnings: list[str],
) -> Instance:
    """Return the instance that a header describes; `size` is None where positions are inflated.

    What is wrong is left out and named in `Instance.warnings`.
    """
    is_image = is_image_class(sop_class)
    layout = _pixel_layout(elements, warnings) if is_image else None
    if not sop_instance:
        warnings.append("no SOP Instance UID in the header")
    common, common_warnings = _common(elements)
    warnings += common_warnings
    frames: tuple[FrameFacts, ...] = ()
    if layout is not None:
        count = _frame_count(elements, layout, size, warnings)
        frames, groups = _frames(elements, layout, count, warnings)
        if groups is not None:
            common = _with_groups(common, groups)
    if sop_class == RT_DOSE:
        common = {**common, "rescale_type": text(elements, "DoseUnits")}
    return Instance(
        path=path,
        origin=origin,
        sop_class_uid=sop_class,
        sop_instance_uid=sop_instance,
        transfer_syntax_uid=transfer_syntax,
        instance_number=whole(elements, "InstanceNumber"),
        frame_of_reference_uid=code(elements, "FrameOfReferenceUID"),
        pixels=layout,
        frames=frames,
        padding=_padding(elements, layout) if layout else None,
        lossy=marks.lossy_words(elements, transfer_syntax) if layout else "",
        frame_time_ms=multiframe.frame_time_ms(elements) if len(frames) > 1 else None,
        acquisition=_acquisition(elements, sop_class),
        warnings=tuple(dict.fromkeys(warnings)) if warnings else (),
        **common,
    )


@depends_on(
    "SpecificCharacterSet",
    "Modality",
    "SliceThickness",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "PixelAspectRatio",
    "EstimatedRadiographicMagnificationFactor",
    "PixelSpacingCalibrationType",
    "RescaleType",
    "Units",
    "ModalityLUTSequence",
    "VOILUTSequence",
    "PresentationLUTShape",
    "PatientOrientation",
    "AnatomicalOrientationType",
    *marks.KEYWORDS,
)
def _common(elements: Elements) -> tuple[dict[str, Any], list[str]]:
    """Return the fields of an instance that most of its series share, and their warnings."""
    warnings: list[str] = []
    raw = elements.raw
    aspect = numbers(elements, "PixelAspectRatio")
    fields = {
        "modality": code(elements, "Modality"),
        "image_type": codes(elements, "ImageType"),
        "slice_thickness_mm": _positive(number(elements, "SliceThickness")),
        "pixel_spacing_mm": facts.spacing_pair(elements, "PixelSpacing", warnings),
        "imager_spacing_mm": facts.spacing_pair(elements, "ImagerPixelSpacing", warnings),
        "pixel_aspect": _aspect(aspect) if aspect else None,
        "magnification": _positive(number(elements, "EstimatedRadiographicMagnificationFactor")),
        "calibration": code(elements, "PixelSpacingCalibrationType"),
        "rescale_type": text(elements, "RescaleType"),
        "units": code(elements, "Units"),
        "has_modality_lut": bool(raw.get("ModalityLUTSequence")),
        "has_voi_lut": bool(raw.get("VOILUTSequence")),
        "is_presentation_inverse": code(elements, "PresentationLUTShape") == "INVERSE",
        "patient_orientation": codes(elements, "PatientOrientation"),
        "is_quadruped": code(elements, "AnatomicalOrientationType") == "QUADRUPED",
        "is_ai": _is_ai(elements, warnings),
        "notes": marks.not_drawn(elements),
    }
    return fields, warnings


def _with_groups(common: dict[str, Any], groups: multiframe.EnhancedFacts) -> dict[str, Any]:
    """Fill what the header leaves to the functional groups."""
    return {
        **common,
        "pixel_spacing_mm": common["pixel_spacing_mm"] or _positive_pair(groups.spacing),
        "slice_thickness_mm": common["slice_thickness_mm"] or _positive(groups.thickness_mm),
        "rescale_type": common["rescale_type"] or groups.rescale_type,
    }


def _acquisition(elements: Elements, sop_class: str) -> tuple[tuple[str, str], ...]:
    pairs = facts.acquisition(elements)
    if sop_class in PRESENTATION_STATES or sop_class == KEY_OBJECTS:
        uids = marks.referenced_series(elements)
        return (*pairs, ("referenced_series", " ".join(uids))) if uids else pairs
    return pairs


def _is_ai(elements: Elements, warnings: list[str]) -> bool:
    """Look for AI marks; damaged sequences are named and count as marked, to be safe."""
    try:
        return marks.is_ai(elements)
    except OddElement:
        warnings.append("the derivation in the header is damaged: treated as marked by AI")
        return True


def _pixel_layout(elements: Elements, warnings: list[str]) -> PixelLayout | None:
    """Return how the pixels are coded, or None (with a warning) when there are none to show."""
    if elements.pixels is None:
        if short(elements, "Rows"):
            warnings.append("the file holds no pixel data")
        return None
    fields, words = _layout_fields(elements)
    warnings += words
    return _layout(fields, *elements.pixels) if fields else None


@lru_cache(maxsize=1024)
def _layout(fields: "_Fields", keyword: str, offset: int, length: int) -> PixelLayout:
    rows, columns, samples, photometric, allocated, stored, high, is_signed, planar = fields
    is_float = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}.get(keyword)
    allocated = is_float or allocated
    stored = is_float or stored or allocated
    return PixelLayout(
        rows=rows,
        columns=columns,
        samples=samples,
        photometric=photometric,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=stored - 1 if high is None else high,
        is_signed=is_signed,
        planar_configuration=planar,
        offset=offset,
        length=length,
        keyword=keyword,
    )


_Fields = tuple[int, int, int, str, int, int, int | None, bool, int]


@depends_on(
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PlanarConfiguration",
)
def _layout_fields(elements: Elements) -> tuple[_Fields | None, list[str]]:
    """Return the fields of the layout that the header states, and what is wrong with them."""
    rows, columns = short(elements, "Rows") or 0, short(elements, "Columns") or 0
    if rows <= 0 or columns <= 0:
        return None, [f"the header says {rows} rows and {columns} columns: nothing to show"]
    warnings = []
    samples = short(elements, "SamplesPerPixel") or 1
    photometric = code(elements, "PhotometricInterpretation")
    if not photometric:
        photometric = "RGB" if samples == 3 else "MONOCHROME2"
        warnings.append(f"the header names no photometric interpretation: taken as {photometric}")
    fields = (
        rows,
        columns,
        samples,
        photometric,
        short(elements, "BitsAllocated") or 0,
        short(elements, "BitsStored") or 0,
        short(elements, "HighBit"),
        short(elements, "PixelRepresentation") == 1,
        short(elements, "PlanarConfiguration") or 0,
    )
    return fields, warnings


def _frame_count(
    elements: Elements, layout: PixelLayout, size: int | None, warnings: list[str]
) -> int:
    """Return how many frames can be there: no more than the header says or the file can hold."""
    declared = 1
    if "NumberOfFrames" in elements.raw:
        declared = whole(elements, "NumberOfFrames") or 1
    declared = max(1, declared)
    frame_bytes = -(-layout.rows * layout.columns * layout.samples * layout.bits_allocated // 8)
    if layout.photometric == "YBR_FULL_422":
        frame_bytes = frame_bytes * 2 // 3
    there = layout.length if size is None else max(0, size - layout.offset)
    if layout.length < 0:
        most = max(1, there // _LEAST_FRAGMENT) if size is not None else declared
    else:
        if layout.length > there:
            warnings.append(
                f"the file breaks off: {there} of {layout.length} pixel bytes are there"
            )
        held = min(there, layout.length)
        if held == layout.length and held < frame_bytes:
            warnings.append(f"one image needs {frame_bytes} bytes, the file holds {held}")
        most = max(1, held // max(1, frame_bytes))
    if declared > most:
        warnings.append(f"the header says {declared} frames, the file has room for {most}")
    return min(declared, most)


def _frames(
    elements: Elements, layout: PixelLayout, count: int, warnings: list[str]
) -> tuple[tuple[FrameFacts, ...], multiframe.EnhancedFacts | None]:
    """Return the facts of every frame, and what functional groups say about all of them."""
    shape = (layout.rows, layout.columns)
    if multiframe.is_enhanced(elements):
        try:
            common = multiframe.enhanced_facts(elements, shape, count, warnings)
        except OddElement as odd:
            warnings.append(f"the functional groups are damaged ({odd}): shown as plain images")
        else:
            return common.frames, common
    slope, intercept = facts.rescale(elements, warnings)
    tiles = marks.mosaic_tiles(elements, shape) if "ImageType" in elements.raw else 0
    if tiles:
        warnings.append(f"mosaic of {tiles} tiles, shown as one plain image")
    first = FrameFacts(
        geometry=None if tiles else facts.plane(elements, shape, warnings),
        slope=slope,
        intercept=intercept,
        windows=facts.windows(elements, warnings),
        dimensions=facts.frame_dimensions(elements),
    )
    return multiframe.classic_facts(elements, first, count, warnings), None


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 and math.isfinite(value) else None


def _positive_pair(values: tuple[float, ...]) -> tuple[float, float] | None:
    if len(values) == 2 and values[0] > 0 and values[1] > 0:
        return (values[0], values[1])
    return None


def _aspect(values: tuple[float, ...]) -> tuple[int, int] | None:
    pair = _positive_pair(values)
    return (int(pair[0]), int(pair[1])) if pair and pair[0] >= 1 and pair[1] >= 1 else None


def _padding(elements: Elements, layout: PixelLayout) -> tuple[float, float] | None:
    """Return the inclusive range of stored values that mean no pixel; None when absent.

    The 16-bit forms take the sign of the pixels, whatever their value representation says.
    Source: DICOM PS3.3 C.7.5.1.1.2.
    """
    raw = elements.raw
    for value_keyword, limit_keyword, kind in _PADDINGS:
        if value_keyword not in raw:
            continue
        vr = kind or ("SS" if layout.is_signed else "US")
        values = decode_binary(raw[value_keyword], vr, is_big=elements.coding.is_big)
        limits = decode_binary(raw.get(limit_keyword, b""), vr, is_big=elements.coding.is_big)
        if values:
            ends = (values[0], limits[0] if limits else values[0])
            return (float(min(ends)), float(max(ends)))
    return None
