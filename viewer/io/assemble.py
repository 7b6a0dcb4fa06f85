"""Volumes and frames from the files of a series part: the only maker of acquired volumes.

Slices are published while they arrive; what cannot be read is said and left empty, never guessed.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from viewer.core.errors import DamagedPixels, DiptychError
from viewer.core.geometry import VolumeGeometry, volume_geometry
from viewer.core.provenance import Provenance
from viewer.core.study import PartKind, SeriesPart
from viewer.core.volume import (
    AnyVolume,
    Frames,
    Volume,
    derive,
    frames_geometry,
)
from viewer.core.windowing import Window, WindowFunction, scaled
from viewer.io.addressing import frame_addresses, load_order
from viewer.io.buffers import Block
from viewer.io.conversion import Recipe
from viewer.io.loading import PALETTE, Loading, fill
from viewer.io.luts import InstanceTables, is_inverted, voi_tables
from viewer.io.pixels import FrameAddress, is_read_in_process
from viewer.io.quantity import Quantity, quantity_of
from viewer.io.spacing import PixelSpacing, pixel_spacing
from viewer.io.thumbnails import Thumbnail, small_picture

if TYPE_CHECKING:
    from viewer.io.decoding import Decoders

FOREIGN_AI = "marked as AI by its maker"


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """What stays the same while the slices of a part arrive."""

    part: SeriesPart
    geometry: VolumeGeometry
    unit: str
    sources: tuple[str, ...]
    spacing: PixelSpacing | None
    provenance: Provenance | None


def load_part(
    part: SeriesPart,
    *,
    first: int = 0,
    publish: Callable[[AnyVolume], None] = lambda _: None,
    is_cancelled: Callable[[], bool] = lambda: False,
    decoders: "Decoders | None" = None,
) -> AnyVolume:
    """Load a part of a series and return it complete.

    Parameters
    ----------
    first : slice that is wanted at once; its neighbours follow, then every fifth, then the rest.
    publish : receives read-only views while slices arrive: after the first one, then at most ten
        times a second, and the complete volume. Values are written behind published views, only
        where `loaded` is still False.
    decoders : processes for compressed frames; without any, some are started for this call.

    Returns
    -------
    A `Volume`, a `DerivedVolume` when the series is one of ours with its provenance, or `Frames`
    for colour and for images without patient geometry. Slices that could not be read are not
    `loaded`, are zero, are named in `unreadable` and counted in the warnings of the geometry.

    Raises
    ------
    UnsupportedPixels, DamagedPixels, BadHeader, UnreadableFile : no frame can be read; the first
        reason.
    InvalidGeometry : the positions do not make a volume.
    OutOfMemory : see `memory_needed`.
    Cancelled : `is_cancelled` said so.
    """
    addresses = frame_addresses(part)
    failed = {p: found for p, found in enumerate(addresses) if isinstance(found, DiptychError)}
    if not addresses or len(failed) == len(addresses):
        raise next(iter(failed.values()), DamagedPixels("There is no image in this series."))
    quantity = quantity_of(part)
    with ExitStack() as stack:
        if decoders is None and _needs_decoders(addresses):
            from viewer.io.decoding import Decoders

            decoders = stack.enter_context(Decoders(1 if len(addresses) == 1 else None))
        frame = _frame(part, quantity)
        loading = _loading(part, addresses, failed, quantity)
        stack.callback(loading.close)

        def tell() -> None:
            publish(_view(frame, loading))

        fill(loading, load_order(len(addresses), first), decoders, tell, is_cancelled)
        if not loading.loaded.any():
            raise loading.failed[min(loading.failed)]
        whole = _view(_with_failures(frame, loading), loading, is_final=True)
    publish(whole)
    return whole


def _needs_decoders(addresses: tuple[FrameAddress | DiptychError, ...]) -> bool:
    return any(isinstance(a, FrameAddress) and not is_read_in_process(a) for a in addresses)


def memory_needed(part: SeriesPart) -> int:
    """Return the most memory in bytes that loading a part takes in this process.

    Pixels, their mask when the header names a padding value, and 20 MB beside them. Decoding
    processes take about 60 MB each and a few frames.
    """
    shape = _shape(part, is_colour=_is_colour(part))
    pixels = int(np.prod(shape, dtype=np.int64)) * np.dtype(_dtype(part, None)).itemsize
    mask = int(np.prod(shape[:3], dtype=np.int64)) if _has_padding(part) else 0
    return pixels + mask + 20_000_000


# ------------------------------------------------------------------------------ the plan


def _loading(
    part: SeriesPart,
    addresses: tuple[FrameAddress | DiptychError, ...],
    failed: dict[int, DiptychError],
    quantity: Quantity,
) -> Loading:
    """Take the memory and say how frames are converted."""
    is_colour = _is_colour(part)
    recipe = Recipe(dtype=_dtype(part, quantity), factor=quantity.factor)
    shape = _shape(part, is_colour=is_colour)
    _refuse_other_matrices(addresses, shape, failed)
    is_shared = _needs_decoders(addresses)
    mask_block = None
    if _has_padding(part):
        mask_block = Block(shape[:3], "bool", is_shared=is_shared)
    count = len(addresses)
    return Loading(
        addresses=addresses,
        sources=part.sources,
        tables=InstanceTables(has_modality_table=quantity.has_table),
        recipe=recipe,
        shape=shape,
        block=Block(shape, recipe.dtype, is_shared=is_shared),
        mask_block=mask_block,
        loaded=np.zeros(count, dtype=np.bool_),
        failed=failed,
        padded=np.zeros(count, dtype=np.bool_),
    )


def _refuse_other_matrices(
    addresses: tuple[FrameAddress | DiptychError, ...],
    shape: tuple[int, ...],
    failed: dict[int, DiptychError],
) -> None:
    """Note frames of another matrix than the first as failed; they have no place here."""
    for place, address in enumerate(addresses):
        if isinstance(address, FrameAddress):
            matrix = (address.layout.rows, address.layout.columns)
            if matrix != shape[1:3]:
                failed[place] = DamagedPixels(
                    f"A frame has {matrix[0]} × {matrix[1]} pixels, the others "
                    f"{shape[1]} × {shape[2]}."
                )


def _shape(part: SeriesPart, *, is_colour: bool) -> tuple[int, ...]:
    layout = next(s.instance.pixels for s in part.sources if s.instance.pixels is not None)
    shape = (len(part.sources), layout.rows, layout.columns)
    return (*shape, 3) if is_colour else shape


def _is_colour(part: SeriesPart) -> bool:
    layout = part.sources[0].instance.pixels
    return layout is not None and (layout.samples > 1 or layout.photometric == PALETTE)


def _has_padding(part: SeriesPart) -> bool:
    return not _is_colour(part) and any(s.instance.padding is not None for s in part.sources)


def _dtype(part: SeriesPart, quantity: Quantity | None) -> str:
    """Return int16 where slope 1 and one whole intercept hold for all slices, else float32."""
    if _is_colour(part):
        return "uint8"
    if quantity is not None and quantity.factor != 1:
        return "float32"
    layout = part.sources[0].instance.pixels
    is_whole_number = layout is not None and layout.keyword == "PixelData"
    rescales = {(source.facts.slope, source.facts.intercept) for source in part.sources}
    slope, intercept = next(iter(rescales))
    is_simple = len(rescales) == 1 and slope == 1 and float(intercept).is_integer()
    fits = abs(intercept) <= np.iinfo(np.int16).max
    has_table = quantity is not None and quantity.has_table
    return "int16" if is_whole_number and (has_table or (is_simple and fits)) else "float32"


def _frame(part: SeriesPart, quantity: Quantity) -> _Frame:
    """Build the geometry and read whose the series is."""
    provenance, words = _provenance(part)
    is_volume = part.kind is PartKind.VOLUME and not _is_colour(part)
    spacing = None if is_volume else pixel_spacing(part.sources[0].instance)
    geometry = _volume_geometry(part) if spacing is None else _plain_geometry(part, spacing)
    warnings = (*part.warnings, *geometry.warnings, *quantity.warnings, *words)
    return _Frame(
        part=part,
        geometry=replace(geometry, warnings=tuple(dict.fromkeys(warnings))),
        unit=quantity.unit,
        sources=tuple(source.instance.sop_instance_uid for source in part.sources),
        spacing=spacing,
        provenance=provenance,
    )


def _provenance(part: SeriesPart) -> tuple[Provenance | None, tuple[str, ...]]:
    """Return the provenance of a series of ours, or a warning where another marked it as AI."""
    marked = next((s.instance for s in part.sources if s.instance.is_ai), None)
    if marked is None:
        return None, ()
    from viewer.io.derivation import read_provenance

    provenance = read_provenance(Path(marked.path))
    return provenance, (() if provenance is not None else (FOREIGN_AI,))


def _volume_geometry(part: SeriesPart) -> VolumeGeometry:
    first = part.sources[0].instance
    planes = [source.facts.geometry for source in part.sources]
    known = tuple(plane for plane in planes if plane is not None)
    if len(known) < len(planes):
        raise DamagedPixels("Some images of this series do not say where they lie.")
    return volume_geometry(
        known,
        frame_of_reference_uid=first.frame_of_reference_uid,
        slice_thickness_mm=first.slice_thickness_mm,
        is_quadruped=first.is_quadruped,
    )


def _plain_geometry(part: SeriesPart, spacing: PixelSpacing) -> VolumeGeometry:
    first = part.sources[0].instance
    shape = _shape(part, is_colour=False)
    return frames_geometry(
        (shape[0], shape[1], shape[2]), spacing.spacing_mm, first.pixel_aspect, spacing.warnings
    )


# ------------------------------------------------------------------------------ what is shown


def _with_failures(frame: _Frame, loading: Loading) -> _Frame:
    """Say in the geometry's warnings how many slices could not be read."""
    count = len(loading.failed)
    if not count:
        return frame
    what = "frame" if frame.spacing is not None else "slice"
    words = f"1 {what} could not be read" if count == 1 else f"{count} {what}s could not be read"
    geometry = replace(frame.geometry, warnings=(*frame.geometry.warnings, words))
    return replace(frame, geometry=geometry)


def _view(frame: _Frame, loading: Loading, *, is_final: bool = False) -> AnyVolume:
    """Return a read-only view of what is there; the final one names what never will be."""
    unreadable: tuple[tuple[int, str], ...] = ()
    if is_final:
        unreadable = tuple((place, error.what) for place, error in sorted(loading.failed.items()))
    values, loaded, mask = loading.block.values, loading.loaded.copy(), loading.mask()
    if frame.spacing is not None:
        return Frames(
            values=values,
            geometry=frame.geometry,
            unit=frame.unit,
            sources=frame.sources,
            loaded=loaded,
            spacing_origin=frame.spacing.origin,
            frame_time_ms=frame.part.sources[0].instance.frame_time_ms,
            mask=mask,
            provenance=frame.provenance,
            regions=frame.spacing.regions,
            patient_orientation=frame.part.sources[0].instance.patient_orientation,
            unreadable=unreadable,
        )
    volume = Volume(values, frame.geometry, frame.unit, frame.sources, loaded, mask, unreadable)
    return _marked(volume, frame.provenance)


def _marked(volume: Volume, provenance: Provenance | None) -> AnyVolume:
    """Give a series of ours its provenance back."""
    return volume if provenance is None else derive(volume, volume.values, provenance)


def file_windows(part: SeriesPart, index: int) -> tuple[Window, ...]:
    """Return every window that the file offers for a frame: centre and width, then VOI LUTs.

    They are in the unit of the loaded values (SUV where the volume is SUV), in the order of the
    file. The reader chooses one; they are never combined. A damaged VOI LUT is left out.
    """
    source = part.sources[index]
    windows = source.facts.windows
    try:
        windows = (*windows, *voi_tables(source))
        factor = quantity_of(part).factor
    except DiptychError:
        factor = 1.0
    pixels = source.instance.pixels
    if pixels is not None and pixels.keyword != "PixelData":
        windows = tuple(_for_fractions(window) for window in windows)
    windows = tuple(dict.fromkeys(windows))
    if factor == 1:
        return windows
    return tuple(scaled(window, factor) for window in windows if window.table is None)


def _for_fractions(window: Window) -> Window:
    """Return a window for float pixels: the steps of one half of LINEAR are meant for integers.

    A map from 0 to 1 with the window 0.5 / 1 would be plain white. Source: PS3.3 C.11.2.1.2.
    """
    is_linear = window.function is WindowFunction.LINEAR
    return replace(window, function=WindowFunction.LINEAR_EXACT) if is_linear else window


def thumbnail(part: SeriesPart, size: int = 160, decoders: "Decoders | None" = None) -> Thumbnail:
    """Return a picture of the middle frame with its first window, or an automatic one.

    Pixels keep their physical proportions; without `decoders` a compressed frame starts a
    process of its own.

    Raises
    ------
    DiptychError : as `load_part`.
    """
    middle = len(part.sources) // 2
    source = part.sources[middle]
    frame = load_part(replace(part, sources=(source,)), decoders=decoders)
    windows = file_windows(part, middle) if frame.values.ndim == 3 else ()
    return Thumbnail(
        pixels=small_picture(frame, size, windows, is_inverted=is_inverted(source.instance)),
        provenance=frame.provenance,
        is_ai=source.instance.is_ai,
    )
