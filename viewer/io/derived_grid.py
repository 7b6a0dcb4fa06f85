"""Derived images on a finer grid: more slices than the source has, each with a place of its own.

Source: DICOM PS3.3 C.7.6.2.1.1 (Image Plane), C.12.4.1 (Source Image Sequence), 10.7.1.3.
"""

from viewer.io import pydicom_first  # noqa: F401 (before any part of pydicom)

# isort: split
from pydicom.dataset import Dataset

from viewer.core.errors import Blocked
from viewer.core.provenance import AT_A_SLICE
from viewer.core.study import SeriesPart
from viewer.core.volume import DerivedVolume, Frames
from viewer.io.identity import instance_numbers
from viewer.io.stored_format import decimal_text


def slice_steps_mm(enhanced: DerivedVolume | Frames) -> tuple[float, float] | None:
    """Return the steps (made, acquired) of slices on a finer grid; None on the source's own."""
    known = enhanced.provenance
    return known.slice_steps_mm if known is not None else None


def finer_sources(part: SeriesPart, enhanced: DerivedVolume | Frames) -> tuple[int, ...]:
    """Return for each finer slice the place of the acquired one that is nearest.

    Raises
    ------
    Blocked : the source is stored in a way whose slices cannot be multiplied.
    """
    steps = slice_steps_mm(enhanced)
    paths = {source.instance.path for source in part.sources}
    if steps is None or not isinstance(enhanced, DerivedVolume):
        return tuple(range(len(part.sources)))
    if len(paths) < len(part.sources):
        raise Blocked(
            "Finer slices of a series that is stored as one multi-frame object cannot be saved "
            "as DICOM.",
            "They can be viewed, measured and exported as pictures.",
        )
    share = steps[0] / steps[1]
    return tuple(min(round(k * share), len(part.sources) - 1) for k in range(len(enhanced.values)))


def put_place(dataset: Dataset, enhanced: DerivedVolume | Frames, index: int) -> None:
    """Write where a finer slice lies and how thick it is; orientation and frame of reference stay.

    Nothing is written for slices on the source's own grid. Slice Location goes, as it counts along
    an axis of the maker's choice; PET counts its slices anew (C.8.9.4.1.9).
    """
    steps = slice_steps_mm(enhanced)
    if steps is None:
        return
    place = enhanced.geometry.slice_origin_mm(index)
    dataset.ImagePositionPatient = [_mm(float(value)) for value in place]
    dataset.SliceThickness = dataset.SpacingBetweenSlices = _mm(steps[0])
    if "SliceLocation" in dataset:
        del dataset.SliceLocation
    if "ImageIndex" in dataset:
        dataset.ImageIndex, dataset.NumberOfSlices = index + 1, len(enhanced.values)
    away = index * steps[0] / steps[1]
    if abs(away - round(away)) > AT_A_SLICE:
        dataset.SourceImageSequence[0].SpatialLocationsPreserved = "NO"


def _mm(value: float) -> str:
    """Return millimetres as a decimal string, to a nanometre."""
    return decimal_text(round(value, 6))


def finer_numbers(part: SeriesPart, enhanced: DerivedVolume | Frames) -> tuple[int, ...]:
    """Return Instance Numbers on a finer grid: from 1, in the direction of the source's own."""
    own = instance_numbers(part)
    count = len(enhanced.values)
    numbers = range(1, count + 1) if own[0] <= own[-1] else range(count, 0, -1)
    return own if slice_steps_mm(enhanced) is None else tuple(numbers)
