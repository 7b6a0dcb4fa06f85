"""What a header says about one frame or a whole instance: plane, windows, rescale, acquisition.

Names in `Instance.acquisition` (values as written, absent when empty): kernel, kvp,
tube_current_ma, exposure_mas, ctdi_vol_mgy, exposure_time_ms, echo_time_ms, repetition_time_ms,
inversion_time_ms, flip_angle, echo_number, field_strength_t, b_value, temporal_position,
temporal_positions, acquisition_number, acquisition_date, acquisition_time, acquisition_datetime,
content_date, content_time, trigger_time_ms, slice_location, spacing_between_slices_mm,
gantry_tilt, laterality, view_position, patient_age, patient_position, body_part, protocol,
sequence, scan_options, contrast_agent, reconstruction, iterative ("YES"), synthetic_data,
derivation, burned_in, corrected_image, decay_correction, lossy_ratio, lossy_method,
referenced_series (of presentation states and key objects: UIDs parted by spaces).
"""

from functools import lru_cache

from viewer.core import dimensions
from viewer.core.errors import InvalidGeometry, InvalidWindow
from viewer.core.geometry import FrameGeometry
from viewer.core.windowing import Window, WindowFunction
from viewer.io.elements import Elements
from viewer.io.tags import CREATORS
from viewer.io.values import (
    code,
    codes,
    decode_code,
    decode_decimals,
    depends_on,
    number,
    numbers,
    text,
)

_EACH_CODES = (
    ("acquisition_time", "AcquisitionTime"),
    ("content_time", "ContentTime"),
    ("slice_location", "SliceLocation"),
    ("trigger_time_ms", "TriggerTime"),
    ("acquisition_datetime", "AcquisitionDateTime"),
)
"""What differs from slice to slice."""

_CODES = (
    ("kvp", "KVP"),
    ("tube_current_ma", "XRayTubeCurrent"),
    ("exposure_mas", "Exposure"),
    ("exposure_time_ms", "ExposureTime"),
    ("echo_time_ms", "EchoTime"),
    ("repetition_time_ms", "RepetitionTime"),
    ("inversion_time_ms", "InversionTime"),
    ("flip_angle", "FlipAngle"),
    ("echo_number", "EchoNumbers"),
    ("field_strength_t", "MagneticFieldStrength"),
    ("temporal_position", "TemporalPositionIdentifier"),
    ("temporal_positions", "NumberOfTemporalPositions"),
    ("acquisition_number", "AcquisitionNumber"),
    ("acquisition_date", "AcquisitionDate"),
    ("content_date", "ContentDate"),
    ("spacing_between_slices_mm", "SpacingBetweenSlices"),
    ("gantry_tilt", "GantryDetectorTilt"),
    ("laterality", "Laterality"),
    ("laterality", "ImageLaterality"),
    ("view_position", "ViewPosition"),
    ("patient_age", "PatientAge"),
    ("patient_position", "PatientPosition"),
    ("body_part", "BodyPartExamined"),
    ("scan_options", "ScanOptions"),
    ("reconstruction", "ReconstructionAlgorithm"),
    ("synthetic_data", "SyntheticData"),
    ("burned_in", "BurnedInAnnotation"),
    ("corrected_image", "CorrectedImage"),
    ("decay_correction", "DecayCorrection"),
    ("lossy_ratio", "LossyImageCompressionRatio"),
    ("lossy_method", "LossyImageCompressionMethod"),
)
_TEXTS = (
    ("kernel", "ConvolutionKernel"),
    ("protocol", "ProtocolName"),
    ("sequence", "SequenceName"),
    ("contrast_agent", "ContrastBolusAgent"),
    ("reconstruction", "ReconstructionMethod"),
    ("derivation", "DerivationDescription"),
)
_B_VALUES = ("DiffusionBValue", "SiemensBValue", "PhilipsBValue", "GeBValue")
_GRADIENTS = tuple(keyword for keyword in CREATORS if "Gradient" in keyword)
_CREATOR_KEYWORDS = ("Creator0019", "Creator0043", "Creator2001", "Creator2005")


def acquisition(elements: Elements) -> tuple[tuple[str, str], ...]:
    """Return (name, value) pairs of the acquisition, values as written; see the module."""
    raw = elements.raw
    found = [(name, decode_code(raw[keyword])) for name, keyword in _EACH_CODES if keyword in raw]
    return (*_acquisition(elements), *(pair for pair in found if pair[1]))


@depends_on(
    "SpecificCharacterSet",
    *(keyword for _, keyword in (*_CODES, *_TEXTS)),
    "CTDIvol",
    *_B_VALUES,
    *_CREATOR_KEYWORDS,
)
def _acquisition(elements: Elements) -> tuple[tuple[str, str], ...]:
    """Return the pairs that a whole series mostly has in common."""
    raw = elements.raw
    pairs = {}
    for name, keyword in _CODES:
        if keyword in raw and (value := decode_code(raw[keyword])):
            pairs[name] = value
    for name, keyword in _TEXTS:
        if keyword in raw and (value := text(elements, keyword)):
            pairs[name] = value
    dose = number(elements, "CTDIvol")
    if dose is not None and dose > 0:
        pairs["ctdi_vol_mgy"] = f"{dose:g}"
    b_value = diffusion_b_value(elements)
    if b_value is not None:
        pairs["b_value"] = f"{b_value:g}"
    if is_iterative(pairs.get("kernel", ""), pairs.get("reconstruction", "")):
        pairs["iterative"] = "YES"
    return tuple(pairs.items())


@lru_cache(maxsize=256)
def is_iterative(kernel: str, reconstruction: str) -> bool:
    r"""Tell whether kernel or algorithm name an iterative reconstruction.

    Siemens writes the strength as a second value ("Br38f\3", "I70f\2"); Reconstruction Algorithm
    (0018,9315) says ITERATIVE; others write the product's name into the text.
    """
    words = f"{kernel} {reconstruction}".upper()
    names = ("ITERATIVE", "SAFIRE", "ADMIRE", "ASIR", "IDOSE", "AIDR", "FIRST", "MBIR", "IMR")
    values = kernel.split("\\")
    has_strength = len(values) > 1 and values[1].isdigit() and values[0][:1] in "IBQH"
    return has_strength or any(name in words for name in names)


def diffusion_b_value(elements: Elements) -> float | None:
    """Return the b-value in s/mm2 from the standard attribute or the vendor's; None when absent.

    GE adds multiples of 1e9 to its value, which are taken off.
    """
    for keyword in _B_VALUES:
        if keyword in elements.raw and is_reserved(elements, keyword):
            value = number(elements, keyword)
            if value is not None:
                return value % 1e9 if keyword == "GeBValue" else value
    return None


def is_reserved(elements: Elements, keyword: str) -> bool:
    """Tell whether a private attribute stands in its own creator's block; standard ones do."""
    if keyword not in CREATORS:
        return True
    where, name = CREATORS[keyword]
    return elements.raw.get(where, b"").strip(b" \0") == name


def gradient_direction(elements: Elements) -> tuple[float, ...]:
    """Return the diffusion gradient direction as written, in the system of its writer."""
    raw = elements.raw
    for keyword in ("DiffusionGradientOrientation", "SiemensGradientDirection"):
        if keyword in raw and is_reserved(elements, keyword):
            return numbers(elements, keyword)
    for vendor in ("Ge", "Philips"):
        axes = tuple(f"{vendor}Gradient{axis}" for axis in "XYZ")
        if all(axis in raw and is_reserved(elements, axis) for axis in axes):
            return tuple(number(elements, axis) or 0.0 for axis in axes)
    return ()


def type_dimensions(values: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return value 3 of Image Type, and the other values, as two dimensions."""
    found = [(dimensions.FRAME_TYPE, values[2])] if values[2:3] and values[2] else []
    return [*found, (dimensions.VARIANT, "\\".join(values[:2] + values[3:]))]


def frame_dimensions(elements: Elements) -> tuple[tuple[str, str], ...]:
    """Return what tells this single-frame image apart from others at the same position."""
    found = _dimensions(elements)
    trigger = code(elements, "TriggerTime")
    clock = code(elements, "AcquisitionTime") or code(elements, "AcquisitionDateTime")
    if trigger:
        found = (*found, (dimensions.TRIGGER, trigger))
    return (*found, (dimensions.CLOCK, clock)) if clock else found


@depends_on(
    "ImageType",
    "EchoTime",
    "ComplexImageComponent",
    "TemporalPositionIdentifier",
    "AcquisitionNumber",
    "DiffusionGradientOrientation",
    *_B_VALUES,
    *_GRADIENTS,
    *_CREATOR_KEYWORDS,
)
def _dimensions(elements: Elements) -> tuple[tuple[str, str], ...]:
    """Return the dimensions that a whole series mostly has in common."""
    raw = elements.raw
    found = type_dimensions(codes(elements, "ImageType")) if "ImageType" in raw else []
    if echo := number(elements, "EchoTime"):
        found.append((dimensions.ECHO, f"{echo:g}"))
    if (b_value := diffusion_b_value(elements)) is not None:
        found.append((dimensions.B_VALUE, f"{b_value:g}"))
    if direction := gradient_direction(elements):
        found.append((dimensions.DIRECTION, " ".join(f"{axis:g}" for axis in direction)))
    for name, keyword in (
        (dimensions.COMPONENT, "ComplexImageComponent"),
        (dimensions.TIME, "TemporalPositionIdentifier"),
        (dimensions.ACQUISITION, "AcquisitionNumber"),
    ):
        if value := code(elements, keyword):
            found.append((name, value))
    return tuple(found)


def plane(elements: Elements, shape: tuple[int, int], warnings: list[str]) -> FrameGeometry | None:
    """Return the plane of a frame, or None (with a warning where values are wrong).

    Source: DICOM PS3.3 C.7.6.2.1.1.
    """
    raw = elements.raw
    if "ImagePositionPatient" not in raw or "ImageOrientationPatient" not in raw:
        return None
    position = numbers(elements, "ImagePositionPatient")
    orientation = numbers(elements, "ImageOrientationPatient")
    spacing = numbers(elements, "PixelSpacing")
    if not position and not orientation:
        return None
    return make_plane(position, orientation, spacing, shape, warnings)


def make_plane(
    position: tuple[float, ...],
    orientation: tuple[float, ...],
    spacing: tuple[float, ...],
    shape: tuple[int, int],
    warnings: list[str],
) -> FrameGeometry | None:
    """Build a plane from parsed values, or add a warning and return None."""
    if len(position) != 3 or len(orientation) != 6:
        warnings.append("the image position or orientation in the header is not readable")
        return None
    if len(spacing) != 2:
        warnings.append("no pixel spacing in the header: shown as a plain image, without mm")
        return None
    try:
        return FrameGeometry(
            (position[0], position[1], position[2]),
            (orientation[0], orientation[1], orientation[2]),
            (orientation[3], orientation[4], orientation[5]),
            (spacing[0], spacing[1]),
            shape,
        )
    except InvalidGeometry as error:
        warnings.append(f"{error.what.rstrip('.')}; shown as a plain image")
        return None


def spacing_pair(
    elements: Elements, keyword: str, warnings: list[str]
) -> tuple[float, float] | None:
    """Return (row, column) spacing in mm; None when absent, and with a warning unless above 0."""
    if not elements.raw.get(keyword):
        return None
    values = numbers(elements, keyword)
    if len(values) == 2 and values[0] > 0 and values[1] > 0:
        return (values[0], values[1])
    words = "\\".join(f"{value:g}" for value in values) or "not readable"
    warnings.append(f"the pixel spacing in the header is {words}: lengths are in pixels")
    return None


def rescale(elements: Elements, warnings: list[str]) -> tuple[float, float]:
    """Return slope and intercept; 1 and 0 when absent, and with a warning when the slope is 0.

    Source: DICOM PS3.3 C.11.1.1.2; Dose Grid Scaling C.8.8.3.
    """
    raw = elements.raw
    if "DoseGridScaling" in raw:
        return (number(elements, "DoseGridScaling") or 1.0, 0.0)
    if "RescaleSlope" not in raw and "RescaleIntercept" not in raw:
        return (1.0, 0.0)
    slope = number(elements, "RescaleSlope")
    if slope == 0:
        warnings.append("the rescale slope in the header is 0: stored values are shown")
        return (1.0, 0.0)
    intercept = number(elements, "RescaleIntercept")
    return (1.0 if slope is None else slope, intercept or 0.0)


def windows(elements: Elements, warnings: list[str]) -> tuple[Window, ...]:
    """Return the windows in the file that are valid, in their order."""
    raw = elements.raw
    centres, widths = raw.get("WindowCenter"), raw.get("WindowWidth")
    if not centres or not widths:
        return ()
    names = text(elements, "WindowCenterWidthExplanation")
    found, has_bad = _windows(centres, widths, code(elements, "VOILUTFunction"), names)
    if has_bad:
        warnings.append("a window in the header is not valid and is left out")
    return found


@lru_cache(maxsize=2048)
def _windows(
    centres: bytes, widths: bytes, function: str, names: str
) -> tuple[tuple[Window, ...], bool]:
    pairs = tuple(zip(decode_decimals(centres), decode_decimals(widths), strict=False))
    known = {kind.value: kind for kind in WindowFunction if kind is not WindowFunction.TABLE}
    kind = known.get(function, WindowFunction.LINEAR)
    explanations = names.split("\\")
    found: list[Window] = []
    for place, (centre, width) in enumerate(pairs):
        name = explanations[place].strip() if place < len(explanations) else ""
        try:
            found.append(Window(centre, width, kind, name))
        except InvalidWindow:
            continue
    return tuple(found), len(found) < len(pairs) or not pairs
