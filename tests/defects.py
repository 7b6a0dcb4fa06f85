"""Named defects of a series: each takes its slices and returns them spoiled in one known way."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from tests.slices import (
    SAGITTAL,
    Acquisition,
    pattern,
    set_attributes,
    set_pixels,
    stored_values,
    uid,
)

TILT_RAD = np.deg2rad(15.0)
"""Gantry tilt of the defect `tilt`."""

PADDING = -2000
"""Stored value that fills the first two rows in the defect `padding`."""

Slices = list[Dataset]


def _gap(slices: Slices, _: Acquisition) -> Slices:
    """Leave out the middle slice."""
    return slices[: len(slices) // 2] + slices[len(slices) // 2 + 1 :]


def _uneven_spacing(slices: Slices, acquisition: Acquisition) -> Slices:
    """Let the second half of the slices lie 1.5 times as far apart."""
    half = len(slices) // 2
    for index, dataset in enumerate(slices[half:]):
        dataset.ImagePositionPatient = list(acquisition.position_mm(half + 1.5 * index))
    return slices


def _tilt(slices: Slices, acquisition: Acquisition) -> Slices:
    """Move each slice within its plane along the columns, as a gantry tilted by 15 degrees does."""
    for index, dataset in enumerate(slices):
        shift = index * acquisition.step_mm * np.tan(TILT_RAD)
        moved = np.asarray(dataset.ImagePositionPatient) + shift * np.asarray(
            acquisition.orientation[3:]
        )
        dataset.ImagePositionPatient = [float(f"{value:.6f}") for value in moved]
        dataset.GantryDetectorTilt = 0  # wrong on purpose: the positions are to be believed
    return slices


def _copies(slices: Slices, word: str, **attributes: Any) -> Slices:
    """Return copies with other SOP Instance UIDs, later instance numbers and these attributes."""
    copies = copy.deepcopy(slices)
    for dataset in copies:
        dataset.SOPInstanceUID = uid(dataset.SOPInstanceUID, word)
        dataset.InstanceNumber += len(slices)
        set_attributes(dataset, attributes)
    return copies


def _duplicate(slices: Slices, _: Acquisition) -> Slices:
    """Add a second image, of half the values, at the position of the third slice."""
    (double,) = _copies(slices[2:3], "duplicate")
    double.InstanceNumber = len(slices) + 1
    set_pixels(double, stored_values(double) // 2, bits_stored=12)
    return [*slices, double]


def _second_orientation(slices: Slices, acquisition: Acquisition) -> Slices:
    """Add as many sagittal slices to the same series."""
    sagittal = _copies(slices, "sagittal", ImageOrientationPatient=list(SAGITTAL))
    for index, dataset in enumerate(sagittal):
        x, y, z = acquisition.origin_mm
        dataset.ImagePositionPatient = [x + index * acquisition.step_mm, y, z]
    return slices + sagittal


def _localizer(slices: Slices, acquisition: Acquisition) -> Slices:
    """Put a sagittal scout image of another size into the series."""
    (scout,) = _copies(slices[:1], "localizer", ImageOrientationPatient=list(SAGITTAL))
    scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    scout.InstanceNumber = 0
    set_pixels(scout, pattern(acquisition.rows // 2, acquisition.columns // 2), bits_stored=12)
    return [scout, *slices]


def _two_echoes(slices: Slices, _: Acquisition) -> Slices:
    """Repeat every position at a second echo time, of the values less 100."""
    for dataset in slices:
        set_attributes(dataset, {"EchoTime": 10, "EchoNumbers": 1})
    second = _copies(slices, "echo 2", EchoTime=80, EchoNumbers=2)
    for dataset in second:
        set_pixels(dataset, stored_values(dataset) - 100, bits_stored=12)
    return [image for pair in zip(slices, second, strict=True) for image in pair]


def _two_phases(slices: Slices, _: Acquisition) -> Slices:
    """Repeat every position at a second time point."""
    for dataset in slices:
        dataset.TemporalPositionIdentifier = 1
    return slices + _copies(
        slices, "phase 2", TemporalPositionIdentifier=2, AcquisitionTime="093200"
    )


def _two_b_values(slices: Slices, _: Acquisition) -> Slices:
    """Repeat every position at a second diffusion weighting."""
    for dataset in slices:
        dataset.DiffusionBValue = 0.0
    return slices + _copies(slices, "b 1000", DiffusionBValue=1000.0)


def _signed(slices: Slices, _: Acquisition) -> Slices:
    """Store HU as signed values, with an intercept of 0."""
    for dataset in slices:
        set_pixels(dataset, stored_values(dataset) - 1024, is_signed=True)
        dataset.RescaleIntercept = 0
    return slices


def _padding(slices: Slices, _: Acquisition) -> Slices:
    """Fill the first two rows with signed padding far below air."""
    for dataset in slices:
        values = stored_values(dataset)
        values[:2] = PADDING
        set_pixels(dataset, values, is_signed=True)
        dataset.add_new("PixelPaddingValue", "SS", PADDING)
    return slices


def _pet_slopes(slices: Slices, _: Acquisition) -> Slices:
    """Give every slice its own slope, 1 + index / 10, and no intercept."""
    for index, dataset in enumerate(slices):
        dataset.RescaleSlope, dataset.RescaleIntercept = 1 + index / 10, 0
    return slices


def _spare_bits(slices: Slices, _: Acquisition) -> Slices:
    """Set the four bits above the twelve stored ones, as an old overlay does."""
    for dataset in slices:
        set_pixels(dataset, stored_values(dataset) | 0xF000, bits_stored=12)
    return slices


def _wrong_order(slices: Slices, _: Acquisition) -> Slices:
    """Number the instances against their positions, and list them in neither order."""
    for index, dataset in enumerate(slices):
        dataset.InstanceNumber = len(slices) - index
        dataset.SliceLocation = 0.0
    return slices[1::2] + slices[::2]


def _wrong_thickness(slices: Slices, acquisition: Acquisition) -> Slices:
    """State a thickness and a spacing that contradict the positions."""
    return _each(SliceThickness=9.0, SpacingBetweenSlices=-acquisition.step_mm * 3)(
        slices, acquisition
    )


def _two_patients(slices: Slices, _: Acquisition) -> Slices:
    """Let the second half of the slices name another patient, under the same UIDs."""
    for dataset in slices[len(slices) // 2 :]:
        dataset.PatientName, dataset.PatientID = "BETA^BEN", "DIP-2"
    return slices


def _each(**attributes: Any) -> Callable[[Slices, Acquisition], Slices]:
    """Return a defect that sets the same attributes on every slice."""

    def change(slices: Slices, _: Acquisition) -> Slices:
        return [set_attributes(dataset, attributes) for dataset in slices]

    return change


DEFECTS: dict[str, Callable[[Slices, Acquisition], Slices]] = {
    "gap": _gap,
    "uneven_spacing": _uneven_spacing,
    "tilt": _tilt,
    "duplicate": _duplicate,
    "second_orientation": _second_orientation,
    "localizer": _localizer,
    "two_echoes": _two_echoes,
    "two_phases": _two_phases,
    "two_b_values": _two_b_values,
    "signed": _signed,
    "padding": _padding,
    "pet_slopes": _pet_slopes,
    "spare_bits": _spare_bits,
    "wrong_order": _wrong_order,
    "wrong_thickness": _wrong_thickness,
    "two_patients": _two_patients,
    "MONOCHROME1": _each(PhotometricInterpretation="MONOCHROME1"),
    "no_position": _each(
        ImagePositionPatient=None, ImageOrientationPatient=None, FrameOfReferenceUID=None
    ),
    "no_spacing": _each(PixelSpacing=None),
    "no_rescale": _each(RescaleSlope=None, RescaleIntercept=None, RescaleType=None),
}
