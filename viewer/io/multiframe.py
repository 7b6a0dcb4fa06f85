"""Facts frame by frame: functional groups of enhanced objects, and the vectors of older ones.

Source: DICOM PS3.3 C.7.6.16 (functional groups), C.7.6.5 (cine), C.8.8.3.2 (dose planes),
C.8.4.11 (reconstructed nuclear medicine).
"""

import math
from dataclasses import dataclass, replace

from viewer.core import dimensions
from viewer.core.geometry import FrameGeometry, point, vector
from viewer.core.study import FrameFacts
from viewer.core.windowing import Window
from viewer.io.elements import Elements, items
from viewer.io.facts import make_plane, rescale, type_dimensions, windows
from viewer.io.tags import WANTED
from viewer.io.values import code, codes, number, numbers, text, whole

_FRAME_TYPES = ("CTImageFrameTypeSequence", "MRImageFrameTypeSequence", "PETFrameTypeSequence")
_NAMED_INDEXES = {
    WANTED[keyword][0]
    for keyword in (
        "StackID",
        "InStackPositionNumber",
        "TemporalPositionIndex",
        "ImagePositionPatient",
        "DiffusionBValue",
        "EffectiveEchoTime",
        "DiffusionGradientOrientation",
    )
}
"""Dimensions that have a name of their own, or that are the position itself."""


@dataclass(frozen=True, slots=True)
class EnhancedFacts:
    """The frames of an enhanced object, and what its functional groups say about all of them."""

    frames: tuple[FrameFacts, ...]
    spacing: tuple[float, ...]
    thickness_mm: float | None
    rescale_type: str


def is_enhanced(elements: Elements) -> bool:
    """Tell whether the object has functional groups."""
    return bool(elements.raw.get("PerFrameFunctionalGroupsSequence"))


def enhanced_facts(
    elements: Elements, shape: tuple[int, int], count: int, warnings: list[str]
) -> EnhancedFacts:
    """Return the facts of `count` frames from the shared and per-frame functional groups.

    Frames without an item of their own get the shared values. Each kind of warning is given once.
    """
    shared = next(items(elements, "SharedFunctionalGroupsSequence"), Elements(elements.coding))
    outer = _Groups(shared, None)
    pointers = tuple(_pointers(elements))
    found: list[FrameFacts] = []
    troubles: list[str] = []
    groups = outer
    for item in items(elements, "PerFrameFunctionalGroupsSequence"):
        if len(found) == count:
            break
        groups = _Groups(item, outer)
        found.append(_frame(groups, elements, shape, pointers, troubles))
    if len(found) < count:
        troubles.append("some frames have no functional groups of their own")
        found += [_frame(outer, elements, shape, (), troubles)] * (count - len(found))
    warnings.extend(dict.fromkeys(troubles))
    measures = groups.group("PixelMeasuresSequence")
    values = groups.group("PixelValueTransformationSequence")
    return EnhancedFacts(
        frames=tuple(found),
        spacing=numbers(measures, "PixelSpacing") if measures else (),
        thickness_mm=number(measures, "SliceThickness") if measures else None,
        rescale_type=text(values, "RescaleType") if values else "",
    )


class _Groups:
    """One item of functional groups with the shared one behind it; shared groups are read once."""

    __slots__ = ("_cache", "_item", "_shared")

    def __init__(self, item: Elements, shared: "_Groups | None") -> None:
        self._item = item
        self._shared = shared
        self._cache: dict[str, Elements | None] = {}

    def group(self, keyword: str) -> Elements | None:
        """Return the first item of a macro, from this frame or shared; None when absent."""
        if keyword not in self._cache:
            own = next(items(self._item, keyword), None)
            if own is None and self._shared is not None:
                return self._shared.group(keyword)
            self._cache[keyword] = own
        return self._cache[keyword]


def _pointers(elements: Elements) -> list[int]:
    """Return the dimension index pointers as tags, in their order."""
    found = []
    for item in items(elements, "DimensionIndexSequence"):
        raw = item.raw.get("DimensionIndexPointer", b"").ljust(4, b"\0")
        order = "big" if item.coding.is_big else "little"
        group = int.from_bytes(raw[:2], order)  # type: ignore[arg-type]
        found.append(group << 16 | int.from_bytes(raw[2:4], order))  # type: ignore[arg-type]
    return found


def _frame(
    groups: _Groups,
    whole_object: Elements,
    shape: tuple[int, int],
    pointers: tuple[int, ...],
    warnings: list[str],
) -> FrameFacts:
    values = groups.group("PixelValueTransformationSequence")
    voi = groups.group("FrameVOILUTSequence")
    slope, intercept = rescale(values or whole_object, warnings)
    return FrameFacts(
        geometry=_frame_plane(groups, shape, warnings),
        slope=slope,
        intercept=intercept,
        windows=_frame_windows(voi, whole_object, warnings),
        dimensions=_frame_dimensions(groups, whole_object, pointers),
    )


def _frame_windows(
    voi: Elements | None, whole_object: Elements, warnings: list[str]
) -> tuple[Window, ...]:
    return windows(voi or whole_object, warnings)


def _frame_plane(
    groups: _Groups, shape: tuple[int, int], warnings: list[str]
) -> FrameGeometry | None:
    position = groups.group("PlanePositionSequence")
    orientation = groups.group("PlaneOrientationSequence")
    measures = groups.group("PixelMeasuresSequence")
    if position is None or orientation is None:
        return None
    return make_plane(
        numbers(position, "ImagePositionPatient"),
        numbers(orientation, "ImageOrientationPatient"),
        numbers(measures, "PixelSpacing") if measures else (),
        shape,
        warnings,
    )


def _frame_dimensions(
    groups: _Groups, whole_object: Elements, pointers: tuple[int, ...]
) -> tuple[tuple[str, str], ...]:
    frame_type, component = _frame_type(groups, whole_object)
    found = type_dimensions(frame_type)
    if component:
        found.append((dimensions.COMPONENT, component))
    if content := groups.group("FrameContentSequence"):
        found += _content_dimensions(content, pointers)
    if (echo := groups.group("MREchoSequence")) and (time := number(echo, "EffectiveEchoTime")):
        found.append((dimensions.ECHO, f"{time:g}"))
    if diffusion := groups.group("MRDiffusionSequence"):
        found += _diffusion_dimensions(diffusion)
    if cardiac := groups.group("CardiacSynchronizationSequence"):
        delay = number(cardiac, "NominalCardiacTriggerDelayTime")
        if delay is not None:
            found.append((dimensions.TRIGGER, f"{delay:g}"))
    return tuple(found)


def _frame_type(groups: _Groups, whole_object: Elements) -> tuple[tuple[str, ...], str]:
    """Return Frame Type, or else Image Type, and the complex component."""
    for keyword in _FRAME_TYPES:
        if macro := groups.group(keyword):
            kind = codes(macro, "FrameType") or codes(whole_object, "ImageType")
            component = code(macro, "ComplexImageComponent")
            return kind, component or code(whole_object, "ComplexImageComponent")
    return codes(whole_object, "ImageType"), code(whole_object, "ComplexImageComponent")


def _content_dimensions(content: Elements, pointers: tuple[int, ...]) -> list[tuple[str, str]]:
    found = []
    if stack := text(content, "StackID"):
        found.append((dimensions.STACK, stack))
    if (time := whole(content, "TemporalPositionIndex")) is not None:
        found.append((dimensions.TIME, str(time)))
    if clock := code(content, "FrameAcquisitionDateTime"):
        found.append((dimensions.CLOCK, clock))
    indexes = numbers(content, "DimensionIndexValues")
    further = [
        f"{index:g}"
        for pointer, index in zip(pointers, indexes, strict=False)
        if pointer not in _NAMED_INDEXES
    ]
    if further:
        found.append((dimensions.INDEX, " ".join(further)))
    return found


def _diffusion_dimensions(diffusion: Elements) -> list[tuple[str, str]]:
    found = []
    if (b_value := number(diffusion, "DiffusionBValue")) is not None:
        found.append((dimensions.B_VALUE, f"{b_value:g}"))
    directionality = code(diffusion, "DiffusionDirectionality")
    gradient = next(items(diffusion, "DiffusionGradientDirectionSequence"), None)
    direction = numbers(gradient, "DiffusionGradientOrientation") if gradient else ()
    if direction:
        found.append((dimensions.DIRECTION, " ".join(f"{axis:g}" for axis in direction)))
    elif directionality == "ISOTROPIC":
        found.append((dimensions.DIRECTION, directionality.lower()))
    return found


def classic_facts(
    elements: Elements, first: FrameFacts, count: int, warnings: list[str]
) -> tuple[FrameFacts, ...]:
    """Return the facts of the frames of an object without functional groups.

    Their place follows from a vector of offsets; without one only a single frame keeps its plane.
    """
    if count == 1:
        return (first,)
    plane = first.geometry or _detector_plane(elements, warnings)
    if plane is None:
        return (replace(first, geometry=None),) * count
    offsets = frame_offsets(elements, plane, count)
    if offsets is None:
        warnings.append("the header gives the place of one frame only: shown as plain images")
        return (replace(first, geometry=None),) * count
    normal = vector(plane.normal)
    start = vector(plane.position_mm)
    return tuple(
        replace(first, geometry=replace(plane, position_mm=point(start + offset * normal)))
        for offset in offsets
    )


def _detector_plane(elements: Elements, warnings: list[str]) -> FrameGeometry | None:
    """Return the plane of the first frame of a reconstructed nuclear medicine object."""
    is_tomographic = "RECON TOMO" in codes(elements, "ImageType")[2:3]
    detector = next(items(elements, "DetectorInformationSequence"), None)
    if not is_tomographic or detector is None or "ImagePositionPatient" not in detector.raw:
        return None
    shape = (whole(elements, "Rows") or 0, whole(elements, "Columns") or 0)
    return make_plane(
        numbers(detector, "ImagePositionPatient"),
        numbers(detector, "ImageOrientationPatient"),
        numbers(elements, "PixelSpacing"),
        shape,
        warnings,
    )


def frame_offsets(elements: Elements, plane: FrameGeometry, count: int) -> tuple[float, ...] | None:
    """Return how far each frame lies from the first along the normal in mm; None when unknown.

    Grid Frame Offset Vector starts at 0, or with the z of the first plane and then holds patient
    coordinates. Source: DICOM PS3.3 C.8.8.3.2.
    """
    vectors = numbers(elements, "GridFrameOffsetVector") or numbers(elements, "SliceLocationVector")
    if len(vectors) == count:
        # Values after the second form run along +z of the patient, not along the normal.
        is_along_z = vectors[0] != 0 and "GridFrameOffsetVector" in elements.raw
        sign = math.copysign(1.0, plane.normal[2]) if is_along_z else 1.0
        return tuple(sign * (value - vectors[0]) for value in vectors)
    step = number(elements, "SpacingBetweenSlices")
    if step and "DetectorInformationSequence" in elements.raw:
        return tuple(step * place for place in range(count))
    return None


def frame_time_ms(elements: Elements) -> float | None:
    """Return the time of one frame in ms: Frame Time, else the vector's mean, else the rate."""
    if (time := number(elements, "FrameTime")) and time > 0:
        return time
    steps = [step for step in numbers(elements, "FrameTimeVector") if step > 0]
    if steps:
        return sum(steps) / len(steps)
    for keyword in ("RecommendedDisplayFrameRate", "CineRate"):
        if (rate := number(elements, keyword)) and rate > 0:
            return 1000 / rate
    return None
