"""Pixel spacing of images without a place in the patient, and where that spacing comes from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from viewer.core.study import Instance
from viewer.core.volume import ScaledRegion

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_PROJECTIONS = frozenset({"CR", "DX", "MG", "XA", "RF", "IO", "PX", "DR"})
_LEAST_COVER = 0.5
_CENTIMETRES, _TWO_DIMENSIONAL = 3, 1


@dataclass(frozen=True, slots=True)
class PixelSpacing:
    """Millimetres between (rows, columns), None when only pixels are known.

    `origin` is "patient", "detector", "calibrated", "region" or "none"; `warnings` say what a
    length on this image means. `regions` are the only parts with millimetres, where there are any.
    """

    spacing_mm: tuple[float, float] | None
    origin: str
    warnings: tuple[str, ...] = ()
    regions: tuple[ScaledRegion, ...] = ()


_UNKNOWN = PixelSpacing(None, "none")


def pixel_spacing(instance: Instance) -> PixelSpacing:
    """Return the spacing of an image that is shown as a plain frame.

    Projection radiographs: Pixel Spacing when it was calibrated, else the spacing at the
    detector, divided by the estimated magnification where that is known; the two are never
    mistaken for each other. Ultrasound: the plane regions in centimetres. Anything else: Pixel
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
    """Return the scale of the plane regions, and of the whole grid where they agree on one.

    The grid is in millimetres where all plane regions have one scale and take at least half of the
    picture; else it is in pixels, and lengths are in millimetres inside a region only.
    """
    from viewer.io.attributes import attributes, items_of

    dataset = attributes(
        instance.path, ("SequenceOfUltrasoundRegions",), instance.transfer_syntax_uid
    )
    items = items_of(dataset, "SequenceOfUltrasoundRegions")
    if not items:
        spacing = _usable(instance.pixel_spacing_mm)
        return PixelSpacing(spacing, "patient") if spacing else _UNKNOWN
    regions = tuple(found for item in items if (found := _plane_region(item, instance)))
    if not regions:
        return PixelSpacing(None, "none", ("no plane ultrasound region: lengths in pixels",))
    scale = regions[0].spacing_mm
    is_one_scale = all(np.allclose(region.spacing_mm, scale, rtol=1e-3) for region in regions)
    where = "the ultrasound region" if len(regions) == 1 else "one ultrasound region"
    words = f"lengths in mm inside {where}, in pixels elsewhere"
    if is_one_scale and _covers(instance, regions):
        return PixelSpacing(scale, "region", (words,), regions)
    return PixelSpacing(None, "none", (words,), regions)


def _plane_region(item: "Dataset", instance: Instance) -> ScaledRegion | None:
    """Return a two-dimensional region in centimetres; None for any other, or one off the picture.

    Deltas may be negative. Corners count from 0; some makers count the last one from 1.
    """
    from viewer.io.attributes import number_of

    codes = [
        number_of(item, keyword)
        for keyword in (
            "RegionSpatialFormat",
            "PhysicalUnitsXDirection",
            "PhysicalUnitsYDirection",
        )
    ]
    right, down = (number_of(item, f"PhysicalDelta{axis}") or 0.0 for axis in "XY")
    layout = instance.pixels
    if codes != [_TWO_DIMENSIONAL, _CENTIMETRES, _CENTIMETRES] or not right or not down:
        return None
    left, top = (number_of(item, f"RegionLocationMin{axis}0") or 0.0 for axis in "XY")
    last = [number_of(item, f"RegionLocationMax{axis}1") or 0.0 for axis in "XY"]
    if layout is None or last[0] > layout.columns or last[1] > layout.rows:
        return None
    if not (0 <= left < last[0] and 0 <= top < last[1]):
        return None
    corner = (min(last[1], layout.rows - 1), min(last[0], layout.columns - 1))
    return ScaledRegion((top, left), corner, (10 * abs(down), 10 * abs(right)))


def _covers(instance: Instance, regions: tuple[ScaledRegion, ...]) -> bool:
    """Tell whether regions together take at least half of the picture."""
    layout = instance.pixels
    if layout is None:
        return False
    area = sum(
        (one.last[0] - one.first[0] + 1) * (one.last[1] - one.first[1] + 1) for one in regions
    )
    return area >= _LEAST_COVER * layout.rows * layout.columns
