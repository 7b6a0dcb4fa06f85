"""Derived series as DICOM: the source's headers with new pixels, identity and provenance.

One file per source slice (or one multi-frame file for an enhanced multi-frame source), same SOP
class, same study and frame of reference, a new series.
Source: DICOM PS3.3 C.7.6.1.1.2 (Image Type), C.12.4 (General Reference), C.7.6.3 (pixels).
"""

from viewer.io import pydicom_first  # noqa: F401 (before any part of pydicom)

# isort: split
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from viewer.core.errors import Blocked, Cancelled, NotSaved
from viewer.core.provenance import Provenance
from viewer.core.study import SeriesPart
from viewer.core.volume import DerivedVolume, Frames
from viewer.io import derivation, identity
from viewer.io.derived_grid import finer_numbers, finer_sources, put_place
from viewer.io.derived_image import (
    RULES,
    WHAT,
    Plan,
    derived_header,
    encoded,
    put_pixels,
    read_header,
    source_format,
    whole_number,
)
from viewer.io.derived_multiframe import ENHANCED_CLASSES, derived_multiframe
from viewer.io.inheritance import restore, verbatim
from viewer.io.safely import NOTHING_CHANGED, new_folder, write_bytes
from viewer.io.stored_format import (
    Extremes,
    extremes,
    joined,
    stored_format,
    stored_values,
)

Progress = Callable[[float, str], None]


def write_derived(
    part: SeriesPart,
    enhanced: DerivedVolume | Frames,
    folder: Path,
    *,
    taken_numbers: Collection[int] = (),
    inputs: Sequence[Sequence[int]] = (),
    now: datetime | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
    on_progress: Progress = lambda _fraction, _words: None,
) -> tuple[Path, ...]:
    """Write the enhanced values of a part as a new series and return its files in slice order.

    Parameters
    ----------
    part : the source; its files are read again for their headers and never written.
    enhanced : complete modality values [slice, row, column], one slice per source of `part`, or
        on a finer grid (see `VolumeGeometry.finer`) from its first slice to its last.
    folder : comes into being with the whole series in it, or not at all.
    taken_numbers : Series Numbers of the study, which the new series must not repeat.
    inputs : for each slice of `enhanced` the sources beside its own (or nearest) that it was
        computed from, as places in `part`; () where each was computed from its own alone.
    now : when the series is made (default: now); shown in the source's time zone if it has one.

    Raises
    ------
    Blocked : this kind of object is not written (classic multi-frame, colour, fractional pixel
        data, several multi-frame files in one part).
    NotSaved : the disk refuses, `folder` has something in it, or the source has changed.
    Cancelled : somebody asked for it; nothing is left behind.
    """
    provenance = _checked(part, enhanced)
    finer_sources(part, enhanced)
    try:
        first = read_header(part.sources[0])
        _check_kind(first)
        plan = _plan(part, enhanced, first, provenance, taken_numbers, now, inputs)
        return _write(part, enhanced, first, plan, folder, is_cancelled, on_progress)
    except derivation.READING_ERRORS as error:
        raise NotSaved(
            f"{WHAT} could not be saved: a header of the original is damaged.",
            NOTHING_CHANGED,
            "The enhanced image can be viewed and exported as a picture.",
        ) from error


def _plan(
    part: SeriesPart,
    enhanced: DerivedVolume | Frames,
    first: Dataset,
    provenance: Provenance,
    taken_numbers: Collection[int],
    now: datetime | None,
    inputs: Sequence[Sequence[int]],
) -> Plan:
    """Return what all images of the new series have in common."""
    return Plan(
        series_uid=generate_uid(prefix=None),
        series_number=identity.series_number(whole_number(first, "SeriesNumber"), taken_numbers),
        provenance=provenance,
        record=derivation.packed(provenance),
        now=now or datetime.now().astimezone(),
        unit=enhanced.unit,
        instance_numbers=finer_numbers(part, enhanced),
        neighbours=tuple(tuple(part.sources[place] for place in others) for others in inputs),
    )


def _write(
    part: SeriesPart,
    enhanced: DerivedVolume | Frames,
    first: Dataset,
    plan: Plan,
    folder: Path,
    is_cancelled: Callable[[], bool],
    on_progress: Progress,
) -> tuple[Path, ...]:
    """Make and write one image after another; the folder appears with all of them or not at all."""
    if first.SOPClassUID in ENHANCED_CLASSES:
        images = iter([derived_multiframe(first, part, enhanced, plan)])
    else:
        images = _single_frames(first, part, enhanced, plan)
    count = 1 if first.SOPClassUID in ENHANCED_CLASSES else len(enhanced.values)
    written: list[str] = []
    with new_folder(folder, WHAT) as temporary:
        while True:
            if is_cancelled():
                raise Cancelled
            image = next(images, None)
            if image is None:
                break
            name = f"{len(written) + 1:05d}.dcm"
            write_bytes(temporary / name, encoded(image))
            written.append(name)
            on_progress(len(written) / count, f"{len(written)} of {count}")
    return tuple(folder / name for name in written)


def _single_frames(
    first: Dataset, part: SeriesPart, enhanced: DerivedVolume | Frames, plan: Plan
) -> Iterator[Dataset]:
    """Yield one derived image per slice, all coded alike (but PET, slice by slice)."""
    values, mask = enhanced.values, enhanced.mask
    rules = RULES[first.SOPClassUID]
    is_by_slice = rules.has_no_intercept
    seen = [extremes(values[n], None if mask is None else mask[n]) for n in range(len(values))]
    whole = joined(seen)
    for index, place in enumerate(finer_sources(part, enhanced)):
        frame = part.sources[place]
        header = read_header(frame)
        texts = verbatim(header)
        span = _with_padding(seen[index], whole) if is_by_slice else whole
        coded = stored_format(source_format(header if is_by_slice else first), span, rules)
        real = None if mask is None else mask[index]
        dataset = derived_header(header, frame, index, plan, coded)
        put_place(dataset, enhanced, index)
        stored = stored_values(values[index], real, coded)
        put_pixels(dataset, header, stored, real, coded, plan.unit)
        restore(dataset, texts)
        yield dataset


def _with_padding(seen: Extremes, whole: Extremes) -> Extremes:
    """Return a slice's extremes that declare padding where any slice of the series has it."""
    return Extremes(seen.low, seen.high, whole.has_padding, has_fractions=True)


# ------------------------------------------------------------------ checks


def _checked(part: SeriesPart, enhanced: DerivedVolume | Frames) -> Provenance:
    """Return the provenance, or refuse what must not be written."""
    provenance = enhanced.provenance
    if provenance is None:
        raise NotSaved("Only an enhanced series can be saved as a derived one.", NOTHING_CHANGED)
    instances = [frame.instance for frame in part.sources]
    if enhanced.values.ndim != 3:
        raise _blocked("in colour")
    is_one_file = len({instance.path for instance in instances}) == 1
    if any(instance.frame_count > 1 for instance in instances) and not is_one_file:
        raise _blocked("stored in several multi-frame files")
    if any(i.pixels is None or i.pixels.keyword != "PixelData" for i in instances):
        raise _blocked("stored with fractional pixel values")
    if not enhanced.is_complete:
        raise NotSaved(f"{WHAT} is not complete yet.", NOTHING_CHANGED, "Wait until it is.")
    if enhanced.sources != tuple(instance.sop_instance_uid for instance in instances):
        raise NotSaved(
            f"{WHAT} could not be saved: its slices are not those of the original.",
            NOTHING_CHANGED,
            "Open the original again and repeat the enhancement.",
        )
    return provenance


def _check_kind(header: Dataset) -> None:
    """Refuse objects whose rules for derived images are not known."""
    if (whole_number(header, "SamplesPerPixel") or 1) != 1:
        raise _blocked("in colour")
    if header.SOPClassUID in ENHANCED_CLASSES:
        if not header.get("PerFrameFunctionalGroupsSequence"):
            raise _blocked("a multi-frame object without functional groups")
        if str(header.get("PixelPresentation", "")) in ("COLOR", "MIXED"):
            raise _blocked("in colours beside grey values")
        if "ConcatenationUID" in header:
            raise _blocked("one piece of a multi-frame object that was cut up")
    elif (
        whole_number(header, "NumberOfFrames") or 1
    ) > 1 or "SharedFunctionalGroupsSequence" in header:
        raise _blocked("stored as a multi-frame object of the old kind")
    elif header.SOPClassUID not in RULES:
        raise _blocked(f"of the kind {header.SOPClassUID.name}, whose derived form is not known,")


def _blocked(how: str) -> Blocked:
    return Blocked(
        f"This series is {how} and cannot be saved as an enhanced DICOM series.",
        "The enhanced image can be viewed and exported as a picture.",
    )
