"""Voxel values with their place, unit and origin: volumes, frames and derived volumes."""

from dataclasses import dataclass, field, replace
from typing import TypeGuard

import numpy as np

from viewer.core.arrays import AnyArray, BoolArray, FloatArray, median, read_only
from viewer.core.errors import InvalidGeometry
from viewer.core.geometry import VolumeGeometry
from viewer.core.provenance import Provenance


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """Acquired modality values [slice, row, column] on a grid in the patient.

    `values` is int16 where the rescale allows it, else float32, and is made read-only; `unit` is
    "HU", "SUVbw", "BQML" or "stored"; `sources` are SOP Instance UIDs by slice; `loaded` tells
    which slices are there; `mask` is False where a pixel is padding (None: no padding).
    `unreadable` names slices that never will be there, each as (index, why). `is_complete` is True
    when every slice is loaded, which AI and export wait for; `is_finished` when nothing more will
    come: statistics and rendering leave out what could not be read.
    """

    values: AnyArray
    geometry: VolumeGeometry
    unit: str
    sources: tuple[str, ...]
    loaded: BoolArray
    mask: BoolArray | None = None
    unreadable: tuple[tuple[int, str], ...] = ()
    is_complete: bool = field(init=False)
    is_finished: bool = field(init=False)

    def __post_init__(self) -> None:
        """Freeze the arrays and check that they fit the geometry."""
        if self.values.shape[:3] != self.geometry.shape:
            raise InvalidGeometry("The values do not have the shape of their geometry.")
        _freeze(self)

    @property
    def provenance(self) -> Provenance | None:
        """None: these pixels were acquired."""
        return None


@dataclass(frozen=True, slots=True, eq=False)
class DerivedVolume:
    """Computed values with the provenance that they can never be without."""

    values: AnyArray
    geometry: VolumeGeometry
    unit: str
    sources: tuple[str, ...]
    loaded: BoolArray
    provenance: Provenance
    mask: BoolArray | None = None
    unreadable: tuple[tuple[int, str], ...] = ()
    is_complete: bool = field(init=False)
    is_finished: bool = field(init=False)

    def __post_init__(self) -> None:
        """Freeze the arrays and check that they fit the geometry."""
        if self.values.shape[:3] != self.geometry.shape:
            raise InvalidGeometry("The values do not have the shape of their geometry.")
        _freeze(self)


@dataclass(frozen=True, slots=True)
class ScaledRegion:
    """A part of a plain image with a scale of its own, such as an ultrasound region.

    `first` and `last` are its corner pixels (row, column), both inside; `spacing_mm` is the size of
    a pixel (between rows, between columns). Source: DICOM PS3.3 C.8.5.5.
    """

    first: tuple[float, float]
    last: tuple[float, float]
    spacing_mm: tuple[float, float]

    def holds(self, pixels: FloatArray) -> bool:
        """Tell whether all points [point, (row, column)] lie in the region."""
        low, high = np.asarray(self.first) - 0.5, np.asarray(self.last) + 0.5
        return bool(np.all((pixels >= low) & (pixels <= high)))


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Images without patient geometry, or in colour: radiographs, ultrasound, cine, captures.

    `values` is [frame, row, column] or [frame, row, column, 3] (uint8 RGB). `geometry` is the
    pseudo grid made by `frames_geometry`; `spacing_origin` is "patient", "detector",
    "calibrated", "region" or "none" (then lengths are pixels). `frame_time_ms` is None without
    timing. `provenance` is set when the frames were read back from a derived series. `regions` are
    the parts of the image in which millimetres are known; where there are any, all else is pixels.
    `patient_orientation` (0020,0020) is where rows and columns lead, () where it is not said.
    """

    values: AnyArray
    geometry: VolumeGeometry
    unit: str
    sources: tuple[str, ...]
    loaded: BoolArray
    spacing_origin: str = "none"
    frame_time_ms: float | None = None
    mask: BoolArray | None = None
    provenance: Provenance | None = None
    regions: tuple[ScaledRegion, ...] = ()
    patient_orientation: tuple[str, ...] = ()
    unreadable: tuple[tuple[int, str], ...] = ()
    is_complete: bool = field(init=False)
    is_finished: bool = field(init=False)

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        _freeze(self)

    @property
    def is_colour(self) -> bool:
        """True for RGB values."""
        return self.values.ndim == 4


AnyVolume = Volume | DerivedVolume | Frames
"""Whatever a view can show."""
Acquired = Volume | Frames
"""What can be enhanced, see `is_acquired`."""
Derived = DerivedVolume | Frames
"""What comes of it: with its provenance."""


def is_acquired(volume: AnyVolume) -> TypeGuard[Acquired]:
    """True for acquired grey values: neither computed ones nor colours."""
    if isinstance(volume, Frames):
        return volume.provenance is None and not volume.is_colour
    return isinstance(volume, Volume)


def _freeze(volume: AnyVolume) -> None:
    """Make the arrays read-only, and note whether all of it is there."""
    object.__setattr__(volume, "values", read_only(volume.values))
    object.__setattr__(volume, "loaded", read_only(volume.loaded))
    there = int(np.count_nonzero(volume.loaded))
    object.__setattr__(volume, "is_complete", there == len(volume.loaded))
    is_finished = there + len(volume.unreadable) >= len(volume.loaded)
    object.__setattr__(volume, "is_finished", is_finished)
    if volume.mask is not None:
        object.__setattr__(volume, "mask", read_only(volume.mask))


ARBITRARY = "a.u."
"""Unit of computed values that are grey levels only: no HU, no SUV, nothing to be measured."""


def derive(
    source: AnyVolume,
    values: AnyArray,
    provenance: Provenance,
    loaded: BoolArray | None = None,
    unit: str = "",
    *,
    factor: int = 1,
    mask: BoolArray | None = None,
) -> Derived:
    """Return computed values on the grid of `source`; the only maker of derived pixels.

    Parameters
    ----------
    loaded : which slices are there, by default those of the source.
    unit : that of the values where it is not the source's ("").
    factor : above 1 the values lie on the source's grid with that many steps for each of its own,
        see `VolumeGeometry.finer`; then `sources` are the slices that all of it was made from.
    mask : padding on the finer grid; on the source's own grid the source's mask holds.

    Raises
    ------
    InvalidGeometry : the values do not have the shape of that grid, or there is no such grid; a
        source that is not complete has none, nor have frames.
    """
    if isinstance(source, Frames):
        return _derived_frames(source, values, provenance, loaded, unit, factor)
    if factor == 1:
        loaded, mask = source.loaded if loaded is None else loaded, source.mask
        geometry, unreadable = source.geometry, source.unreadable
    else:
        if not source.is_complete:
            raise InvalidGeometry("Finer slices need every slice of the series.")
        geometry, unreadable = source.geometry.finer(factor), ()
        loaded = np.ones(geometry.shape[0], dtype=np.bool_) if loaded is None else loaded
    return DerivedVolume(
        values=values,
        geometry=geometry,
        unit=unit or source.unit,
        sources=source.sources,
        loaded=loaded,
        provenance=provenance,
        mask=mask,
        unreadable=unreadable,
    )


def _derived_frames(
    source: Frames,
    values: AnyArray,
    provenance: Provenance,
    loaded: BoolArray | None,
    unit: str,
    factor: int,
) -> Frames:
    if factor != 1 or values.shape != source.geometry.shape:
        raise InvalidGeometry("The values do not have the shape of their frames.")
    return replace(
        source,
        values=values,
        provenance=provenance,
        loaded=source.loaded if loaded is None else loaded,
        unit=unit or source.unit,
    )


def frames_geometry(
    shape: tuple[int, int, int],
    spacing_mm: tuple[float, float] | None,
    aspect: tuple[int, int] | None = None,
    warnings: tuple[str, ...] = (),
) -> VolumeGeometry:
    """Return the grid of images that have no place in a patient.

    Columns run along +x and rows along +y of the image, frames along +z. Without spacing one
    unit is one column; `aspect` is Pixel Aspect Ratio (vertical, horizontal), used only then.
    """
    rows, columns = spacing_mm or ((aspect[0] / aspect[1], 1.0) if aspect else (1.0, 1.0))
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[3, 3] = 1.0
    affine[1, 1], affine[0, 2] = rows, columns
    unit = "mm" if spacing_mm else "px"
    return VolumeGeometry(affine, shape, is_patient=False, unit=unit, warnings=warnings)


def regular(volume: Volume | DerivedVolume) -> Volume | DerivedVolume:
    """Return the volume on an even grid along the normal, for reformats and volume rendering.

    An even volume is returned as it is. Otherwise slices are interpolated linearly between true
    neighbours at the typical (median) step; where neighbours are further apart than 1.5 typical
    steps nothing was acquired: the mask is False and the values are just below the volume's lowest
    (never interpolated across a gap). The same goes for slices that are not loaded.

    Raises
    ------
    InvalidGeometry : the slices lie so far apart that the even grid would be mostly empty.
    """
    geometry = volume.geometry
    if geometry.is_even:
        return volume
    positions = np.asarray(geometry.slice_positions_mm)
    steps = np.diff(positions)
    typical = median(np.abs(steps))
    count = round(abs(positions[-1] - positions[0]) / typical) + 1
    if count > 8 * len(positions) + 64:
        raise InvalidGeometry(
            "The slices lie too far apart for a reformat.",
            f"They span {count} times their usual step of {typical:g} mm.",
            "Look at the slices themselves.",
        )
    sign = 1.0 if positions[-1] >= positions[0] else -1.0
    wanted = positions[0] + sign * typical * np.arange(count)
    shape = (count, *volume.values.shape[1:])
    values = np.full(shape, _below(volume.values), dtype=volume.values.dtype)
    mask = np.zeros((count, *geometry.shape[1:]), dtype=np.bool_)
    for place, position in enumerate(wanted):
        _fill_between(volume, positions, position, 1.501 * typical, values[place], mask[place])
    affine = np.array(geometry.affine)
    affine[:3, 0] *= typical / float(np.linalg.norm(affine[:3, 0] @ geometry.normal))
    grid = replace(
        geometry,
        affine=affine,
        shape=(count, *geometry.shape[1:]),
        slice_positions_mm=tuple(float(p) for p in wanted),
        is_even=True,
    )
    return replace(
        volume,
        values=values,
        geometry=grid,
        mask=mask,
        loaded=np.ones(count, dtype=np.bool_),
        sources=(),
    )


def _below(values: AnyArray) -> float:
    """Return a value just below the lowest one, or the lowest where its type ends there."""
    lowest = float(values.min()) - 1
    return max(lowest, float(np.iinfo(values.dtype).min)) if values.dtype.kind in "iu" else lowest


def _fill_between(
    volume: Volume | DerivedVolume,
    positions: FloatArray,
    wanted: float,
    widest: float,
    values: AnyArray,
    mask: BoolArray,
) -> None:
    """Interpolate one plane from its two true neighbours, if they are loaded and close enough."""
    after = int(np.argmin(np.abs(positions - wanted)))
    shift = wanted - positions[after]
    towards = after + (1 if shift * (positions[-1] - positions[0]) > 0 else -1)
    real = volume.mask if volume.mask is not None else None
    if abs(shift) < 1e-3 or not 0 <= towards < len(positions):
        if abs(shift) <= widest / 2 and volume.loaded[after]:
            values[...] = volume.values[after]
            mask[...] = True if real is None else real[after]
        return
    step = positions[towards] - positions[after]
    if abs(step) > widest or not (volume.loaded[after] and volume.loaded[towards]):
        return
    weight = shift / step
    mixed = (1 - weight) * volume.values[after] + weight * volume.values[towards]
    values[...] = np.rint(mixed) if values.dtype.kind in "iu" else mixed
    mask[...] = True if real is None else (real[after] & real[towards])
