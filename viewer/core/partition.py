"""Splitting a series into the parts that can be shown together, each in slice or frame order.

Source: DICOM PS3.3 C.7.6.2.1.1 (planes); what counts as one stack is the reading room's custom:
parallel planes of one matrix and contrast, each position once.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from viewer.core import dimensions
from viewer.core.arrays import Point
from viewer.core.errors import InvalidGeometry
from viewer.core.geometry import (
    POSITION_TOLERANCE_MM,
    FrameGeometry,
    VolumeGeometry,
    volume_geometry,
)
from viewer.core.labels import LOCALIZER, labelled
from viewer.core.moments import Group, separated
from viewer.core.objects import PRESENTATION_STATES, object_name
from viewer.core.study import FrameSource, Instance, PartKind, Series, SeriesPart, Study

_SLICE_MODALITIES = frozenset({"CT", "MR", "PT", "NM"})


def parts(study: Study, series: Series) -> tuple[SeriesPart, ...]:
    """Return the parts of a series: volumes, then plain frames, then objects without pixels.

    Frames are never interleaved: each part holds one orientation, matrix, spacing, photometric
    interpretation, frame of reference, image type, echo, b-value and time point, and each position
    once. Slices are ordered by position along the normal, in the direction of the instance numbers
    where these follow the positions.
    """
    instances, copies, clashes = _without_copies(series.instances)
    images = [instance for instance in instances if instance.frames and instance.pixels]
    stacked, plain = _planes(images)
    found = [*_volumes(stacked), *_plain_groups(plain)]
    warnings = _series_warnings(study, series, copies, clashes)
    made = [_part(study, series, group, warnings) for group in labelled(found)]
    made += [_object_part(study, series, instance) for instance in instances if not instance.frames]
    return tuple(replace(part, index=index) for index, part in enumerate(made))


def geometry_of(part: SeriesPart) -> VolumeGeometry | None:
    """Return the grid of a volume part in its order; None for frames and objects."""
    if part.kind is not PartKind.VOLUME:
        return None
    planes = tuple(
        source.facts.geometry for source in part.sources if source.facts.geometry is not None
    )
    instance = part.sources[0].instance
    return volume_geometry(
        planes,
        frame_of_reference_uid=instance.frame_of_reference_uid,
        slice_thickness_mm=instance.slice_thickness_mm,
        is_quadruped=instance.is_quadruped,
    )


# ------------------------------------------------------------------------------ what is there


def _without_copies(instances: Iterable[Instance]) -> tuple[list[Instance], int, int]:
    """Leave out files whose header and pixels are those of an image that is there already.

    Returns what is kept, the number of copies, and how many files share the SOP Instance UID of
    another one and differ from it. Objects are all kept.
    """
    firsts: dict[str, Instance] = {}
    known: dict[str, set[Instance]] = {}
    kept: list[Instance] = []
    copies = clashes = 0
    for instance in instances:
        uid = instance.sop_instance_uid
        if uid in firsts and uid and instance.frames:
            others = known.setdefault(uid, {firsts[uid].without_place()})
            bare = instance.without_place()
            if bare in others:
                copies += 1
                continue
            others.add(bare)
            clashes += 1
        firsts.setdefault(uid, instance)
        kept.append(instance)
    return kept, copies, clashes


def _planes(images: list[Instance]) -> tuple[list[FrameSource], list[Instance]]:
    """Return the greyscale frames that lie in a patient, and the instances that do not.

    An instance of which only some frames have a place is shown as plain frames.
    """
    stacked: list[FrameSource] = []
    plain: list[Instance] = []
    for instance in images:
        pixels = instance.pixels
        is_grey = (
            pixels is not None
            and pixels.samples == 1
            and pixels.photometric.startswith("MONOCHROME")
        )
        if is_grey and all(frame.geometry is not None for frame in instance.frames):
            stacked += [FrameSource(instance, index) for index in range(instance.frame_count)]
        else:
            plain.append(instance)
    return stacked, plain


# ------------------------------------------------------------------------------ volumes


@dataclass(slots=True)
class _Clusters:
    """Numbers for values that agree within a tolerance, in the order of their appearance."""

    is_same: Callable[[FrameGeometry, FrameGeometry], bool]
    known: dict[Hashable, int]
    firsts: list[FrameGeometry]

    def number(self, key: Hashable, plane: FrameGeometry) -> int:
        """Return the cluster of a plane; equal keys are not compared again."""
        if key not in self.known:
            same = (n for n, first in enumerate(self.firsts) if self.is_same(plane, first))
            self.known[key] = next(same, len(self.firsts))
            if self.known[key] == len(self.firsts):
                self.firsts.append(plane)
        return self.known[key]


def _is_same_spacing(first: FrameGeometry, second: FrameGeometry) -> bool:
    return np.allclose(first.spacing_mm, second.spacing_mm, rtol=1e-3, atol=1e-5)


def _volumes(sources: list[FrameSource]) -> list[Group]:
    """Split frames with a place by everything that keeps them from being one stack."""
    has_own_frames = _has_own_frames_of_reference(sources)
    orientations = _Clusters(FrameGeometry.is_parallel_to, {}, [])
    spacings = _Clusters(_is_same_spacing, {}, [])
    split: dict[Hashable, Group] = {}
    for source in sources:
        plane, instance = source.facts.geometry, source.instance
        if plane is None or instance.pixels is None:
            continue
        directions = (plane.row_direction, plane.column_direction)
        facets = (
            ("orientation", str(orientations.number(directions, plane))),
            ("matrix", f"{plane.shape[1]} × {plane.shape[0]}"),
            ("spacing", str(spacings.number(plane.spacing_mm, plane))),
            ("photometric", instance.pixels.photometric),
            ("frame of reference", "" if has_own_frames else instance.frame_of_reference_uid),
            (LOCALIZER, LOCALIZER if _is_localizer(instance) else ""),
            *_contrasts(source),
        )
        if facets not in split:
            split[facets] = Group([], facets)
        split[facets].sources.append(source)
    if has_own_frames:
        words = "every image has its own frame of reference UID: taken as one"
        split = {key: replace(group, warnings=(words,)) for key, group in split.items()}
    return [part for group in split.values() for part in separated(group)]


def _has_own_frames_of_reference(sources: list[FrameSource]) -> bool:
    """Tell whether no two images share a frame of reference, as after careless pseudonyms.

    A frame of reference that holds one slice of a series says nothing; two images may differ. The
    same slice twice, such as two versions of one file, is one.
    """
    places: dict[str, set[Point]] = {}
    for source in sources:
        plane = source.facts.geometry
        if plane is not None:
            places.setdefault(source.instance.frame_of_reference_uid, set()).add(plane.position_mm)
    return len(places) > 2 and max(map(len, places.values())) == 1


def _is_localizer(instance: Instance) -> bool:
    return "LOCALIZER" in instance.image_type


def _contrasts(source: FrameSource) -> tuple[tuple[str, str], ...]:
    values = dict(source.facts.dimensions)
    return tuple((name, values.get(name, "")) for name in dimensions.CONTRASTS)


# ------------------------------------------------------------------------------ plain frames


def _plain_groups(instances: list[Instance]) -> list[Group]:
    """Group images without a place: each cine alone, single images of one size together."""
    found: dict[Hashable, Group] = {}
    for place, instance in enumerate(instances):
        pixels = instance.pixels
        if pixels is None:
            continue
        is_colour = pixels.samples > 1 or not pixels.photometric.startswith("MONOCHROME")
        facets = (
            ("matrix", f"{pixels.columns} × {pixels.rows}"),
            ("photometric", "colour" if is_colour else pixels.photometric),
            ("image spacing", str(instance.pixel_spacing_mm or instance.imager_spacing_mm)),
            ("cine", str(place) if instance.frame_count > 1 else ""),
        )
        group = found.setdefault(facets, Group([], facets, is_plain=True))
        group.sources += [FrameSource(instance, index) for index in range(instance.frame_count)]
    for group in found.values():
        group.sources.sort(key=_by_number)
    return list(found.values())


def _by_number(source: FrameSource) -> tuple[bool, int, int]:
    number = source.instance.instance_number
    return (number is None, number or 0, source.index)


# ------------------------------------------------------------------------------ parts


def _part(
    study: Study, series: Series, group: Group, series_warnings: tuple[str, ...]
) -> SeriesPart:
    is_volume = not group.is_plain
    sources = _slice_order(group.sources) if is_volume else group.sources
    warnings = [*group.warnings, *_own_warnings(sources), *series_warnings]
    if is_volume:
        warnings += _place_warnings(sources)
    elif series.modality in _SLICE_MODALITIES and group.sources[0].facts.geometry is None:
        warnings.append("no position in the patient: in file order, without MPR and 3D")
    return SeriesPart(
        study_key=study.key,
        series_uid=series.uid,
        index=0,
        kind=PartKind.VOLUME if is_volume else PartKind.FRAMES,
        label=group.label,
        sources=tuple(sources),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _object_part(study: Study, series: Series, instance: Instance) -> SeriesPart:
    return SeriesPart(
        study_key=study.key,
        series_uid=series.uid,
        index=0,
        kind=PartKind.OBJECT,
        label="",
        sources=(FrameSource(instance, 0),),
        warnings=instance.warnings,
        object_name=object_name(instance.sop_class_uid, has_pixels=False),
    )


def _slice_order(sources: list[FrameSource]) -> list[FrameSource]:
    """Order slices by position along the normal of the first.

    The direction is that of the instance numbers where they follow the positions (correlation of
    at least 0.9 either way), else towards higher positions.
    """
    places = positions_mm(sources)
    order = np.argsort(places, kind="stable")
    numbers = np.empty(len(sources))
    ranked = sorted(range(len(sources)), key=lambda place: _by_number(sources[place]))
    numbers[ranked] = np.arange(len(sources))
    if len(sources) > 1 and np.ptp(places) > POSITION_TOLERANCE_MM:
        correlation = float(np.corrcoef(places, numbers)[0, 1])
        if correlation < -0.9:
            order = order[::-1]
    return [sources[place] for place in order]


def positions_mm(sources: list[FrameSource]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the positions of parallel frames along the normal of the first, shape (n,), in mm."""
    planes = [source.facts.geometry for source in sources]
    points = np.array([plane.position_mm for plane in planes if plane is not None])
    first = planes[0]
    normal = np.array(first.normal if first is not None else (0.0, 0.0, 1.0))
    return np.asarray(points @ normal)


# ------------------------------------------------------------------------------ warnings


def _own_warnings(sources: list[FrameSource]) -> list[str]:
    """Return the warnings of the instances, each once, with a count where not all have it."""
    instances = {id(source.instance): source.instance for source in sources}.values()
    counts: dict[str, int] = {}
    for instance in instances:
        for words in instance.warnings:
            counts[words] = counts.get(words, 0) + 1
    total = len(instances)
    return [
        words if count == total else f"{words} ({count} of {total} images)"
        for words, count in counts.items()
    ]


def _place_warnings(sources: list[FrameSource]) -> list[str]:
    """Warn where slices do not lie on one straight line, as a shift within the plane."""
    planes = [source.facts.geometry for source in sources]
    points = np.array([plane.position_mm for plane in planes if plane is not None])
    if len(points) < 3 or planes[0] is None:
        return []
    along = points[-1] - points[0]
    length = float(along @ along)
    if length < POSITION_TOLERANCE_MM**2:
        return []
    offsets = points - points[0]
    beside = offsets - np.outer(offsets @ along / length, along)
    worst = float(np.max(np.linalg.norm(beside, axis=1)))
    limit = max(0.5 * max(planes[0].spacing_mm), 0.1)
    if worst <= limit:
        return []
    return [f"slices are shifted against each other within their plane, by up to {worst:.1f} mm"]


def _series_warnings(study: Study, series: Series, copies: int, clashes: int) -> tuple[str, ...]:
    found = []
    if copies:
        count = "1 file holds" if copies == 1 else f"{copies} files hold"
        found.append(f"{count} a copy of an image that is shown once")
    if clashes:
        found.append("different images carry the same SOP Instance UID")
    states = sum(
        series.uid in dict(instance.acquisition).get("referenced_series", "").split()
        for other in study.series
        for instance in other.instances
        if instance.sop_class_uid in PRESENTATION_STATES
    )
    if states:
        count = (
            "a presentation state refers" if states == 1 else f"{states} presentation states refer"
        )
        found.append(f"{count} to these images and is not applied")
    return tuple(found)


def geometry_warnings(part: SeriesPart) -> tuple[str, ...]:
    """Return what is wrong with the place of a part's slices, as its volume will state it."""
    try:
        geometry = geometry_of(part)
    except InvalidGeometry as error:
        return (error.what,)
    return geometry.warnings if geometry is not None else ()
