"""Pixel spacing of images without a place in the patient, and where that spacing comes from."""

from dataclasses import dataclass

from viewer.core.study import Instance

_PROJECTIONS = frozenset({"CR", "DX", "MG", "XA", "RF", "IO", "PX", "DR"})
_LEAST_COVER = 0.5
_CENTIMETRES, _TWO_DIMENSIONAL = 3, 1


@dataclass(frozen=True, slots=True)
class PixelSpacing:
    """Millimetres between (rows, columns), None when only pixels are known.

    `origin` is "patient", "detector", "calibrated", "region" or "none"; `warnings` say what a
    length on this image means.
    """

    spacing_mm: tuple[float, float] | None
    origin: str
    warnings: tuple[str, ...] = ()


_UNKNOWN = PixelSpacing(None, "none")


def pixel_spacing(instance: Instance) -> PixelSpacing:
    """Return the spacing of an image that is shown as a plain frame.

    Projection radiographs: Pixel Spacing when it was calibrated, else the spacing at the
    detector, divided by the estimated magnification where that is known; the two are never
    mistaken for each other. Ultrasound: a single region in centimetres. Anything else: Pixel
    Spacing, or none.

    Source: DICOM PS3.3 10.7.1.3, C.8.5.5 and C.8.7.1.
    """
    if instance.modality in _PROJECTIONS or instance.imager_spacing_mm is not None:
        return _projection_spacing(instance)
    if instance.modality in ("US", "IVUS"):
        return _region_spacing(instance)
    spacing = _usable(instance.pixel_spacing_mm)
    if spacing is None and instance.frames and instance.frames[0].geometry is not None:
        spacing = _usable(instance.frames[0].geometry.spacing_mm)
    return PixelSpacing(spacing, "patient") if spacing else _UNKNOWN


def _usable(spacing: tuple[float, float] | None) -> tuple[float, float] | None:
    return spacing if spacing is not None and min(spacing) > 0 else None


def _projection_spacing(instance: Instance) -> PixelSpacing:
    pixel, imager = _usable(instance.pixel_spacing_mm), _usable(instance.imager_spacing_mm)
    is_calibrated = bool(instance.calibration) or (imager is not None and pixel != imager)
    if pixel is not None and is_calibrated:
        how = instance.calibration.lower() or "a method that is not named"
        return PixelSpacing(pixel, "calibrated", (f"lengths calibrated by {how}",))
    at_detector = imager or pixel
    if at_detector is None:
        return _UNKNOWN
    factor = instance.magnification
    if imager is not None and factor is not None and factor > 0 and factor != 1:
        spacing = (imager[0] / factor, imager[1] / factor)
        words = f"lengths corrected by an estimated magnification of {factor:g}"
        return PixelSpacing(spacing, "calibrated", (words,))
    return PixelSpacing(at_detector, "detector", ("lengths measured at the detector",))


def _region_spacing(instance: Instance) -> PixelSpacing:
    """Return the spacing of the one region that a length can lie in.

    Other regions, other units, or a region that is less than half of the picture or reaches
    outside it leave only pixels.
    """
    from viewer.io.attributes import attributes, items_of, number_of

    dataset = attributes(
        instance.path, ("SequenceOfUltrasoundRegions",), instance.transfer_syntax_uid
    )
    regions = items_of(dataset, "SequenceOfUltrasoundRegions")
    if not regions:
        spacing = _usable(instance.pixel_spacing_mm)
        return PixelSpacing(spacing, "patient") if spacing else _UNKNOWN
    if len(regions) > 1:
        return PixelSpacing(None, "none", ("several ultrasound regions: lengths in pixels",))
    region = regions[0]
    codes = [
        number_of(region, keyword)
        for keyword in (
            "RegionSpatialFormat",
            "PhysicalUnitsXDirection",
            "PhysicalUnitsYDirection",
        )
    ]
    right, down = (number_of(region, f"PhysicalDelta{axis}") or 0.0 for axis in "XY")
    if codes != [_TWO_DIMENSIONAL, _CENTIMETRES, _CENTIMETRES] or not right or not down:
        return PixelSpacing(None, "none", ("no plane ultrasound region: lengths in pixels",))
    first = [number_of(region, f"RegionLocationMin{axis}0") or 0.0 for axis in "XY"]
    last = [number_of(region, f"RegionLocationMax{axis}1") or 0.0 for axis in "XY"]
    if not _covers(instance, first, last):
        words = "the ultrasound region does not fit the picture: lengths in pixels"
        return PixelSpacing(None, "none", (words,))
    words = (
        f"lengths hold inside the region of columns {first[0]:.0f} to {last[0]:.0f}, "
        f"rows {first[1]:.0f} to {last[1]:.0f}"
    )
    return PixelSpacing((10 * abs(down), 10 * abs(right)), "region", (words,))


def _covers(instance: Instance, first: list[float], last: list[float]) -> bool:
    """Tell whether a region (x, y) lies in the picture and takes at least half of it."""
    layout = instance.pixels
    if layout is None or last[0] >= layout.columns or last[1] >= layout.rows:
        return False
    area = (last[0] - first[0] + 1) * (last[1] - first[1] + 1)
    return area >= _LEAST_COVER * layout.rows * layout.columns
