"""Telling frames at one position apart: by echo, time, direction and so on, never interleaved."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from viewer.core import dimensions
from viewer.core.arrays import FloatArray, median
from viewer.core.geometry import POSITION_TOLERANCE_MM, SPACING_TOLERANCE
from viewer.core.study import FrameSource

_WORDS = {
    dimensions.TIME: "phase",
    dimensions.TRIGGER: "phase",
    dimensions.ACQUISITION: "acquisition",
    dimensions.CLOCK: "time point",
    dimensions.DIRECTION: "direction",
    dimensions.INDEX: "set",
    dimensions.VARIANT: "set",
}
_TIMES = (dimensions.TIME, dimensions.TRIGGER, dimensions.INDEX, dimensions.CLOCK)


@dataclass(slots=True)
class Group:
    """Frames that are shown together, with what sets them apart from their series.

    `facets` are (name, value) pairs that all frames share; `words` name their echo, time and so
    on; `is_plain` groups are shown as frames, not as a volume.
    """

    sources: list[FrameSource]
    facets: tuple[tuple[str, str], ...]
    words: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    is_plain: bool = False
    is_duplicate: bool = False
    label: str = field(default="")


def separated(group: Group) -> list[Group]:
    """Return groups in which each position stands once.

    Where positions repeat, the first dimension of `dimensions.MOMENTS` that tells the repetitions
    apart splits the group; where none does, the second image of a position goes into a group of
    its own. A group of one position that only differs in time stays together, as plain frames.
    Interleaved acquisitions whose positions do not quite agree are told apart, too.
    """
    places = _places(group.sources)
    slots = _slots(places)
    most = int(np.bincount(slots).max()) if len(slots) else 0
    if most <= 1:
        return _acquisitions(group, places)
    for name in dimensions.MOMENTS:
        values = [dict(source.facts.dimensions).get(name, "") for source in group.sources]
        if len(set(values)) < 2:
            continue
        if len(set(slots)) == 1 and name in _TIMES:
            return [_cine(group, values)]
        if len(set(zip(slots, values, strict=True))) == len(values):
            return _by_rank(group, name, values, slots, most)
        return [part for split in _by_value(group, name, values) for part in separated(split)]
    return _duplicates(group, slots, most)


def _places(sources: list[FrameSource]) -> FloatArray:
    planes = [source.facts.geometry for source in sources]
    points = np.array([plane.position_mm for plane in planes if plane is not None])
    normal = next(plane.normal for plane in planes if plane is not None)
    return np.asarray(points @ np.array(normal))


def _slots(places: FloatArray) -> list[int]:
    """Number the positions from below; positions closer than the tolerance share a number."""
    order = np.argsort(places, kind="stable")
    steps = np.diff(places[order]) >= POSITION_TOLERANCE_MM
    numbers = np.empty(len(places), dtype=np.int64)
    numbers[order] = np.concatenate(([0], np.cumsum(steps)))
    return [int(number) for number in numbers]


def _sort_value(value: str) -> tuple[bool, float, str]:
    """Order numbers as numbers and everything else as text, after them."""
    try:
        return (False, float(value), "")
    except ValueError:
        return (True, 0.0, value)


def _by_value(group: Group, name: str, values: list[str]) -> list[Group]:
    """Split by the values of one dimension, in their order."""
    distinct = sorted(set(values), key=_sort_value)
    found = []
    for place, value in enumerate(distinct):
        chosen = [s for s, v in zip(group.sources, values, strict=True) if v == value]
        words = _value_words(name, value, place, len(distinct))
        found.append(_split(group, chosen, words))
    return found


def _by_rank(
    group: Group, name: str, values: list[str], slots: list[int], most: int
) -> list[Group]:
    """Split by value where every position has the same ones, else by their order per position."""
    if len(set(values)) == most:
        return _by_value(group, name, values)
    waiting: dict[int, list[int]] = {}
    for place in sorted(range(len(values)), key=lambda place: _sort_value(values[place])):
        waiting.setdefault(slots[place], []).append(place)
    return [
        _split(
            group,
            [group.sources[places[rank]] for places in waiting.values() if len(places) > rank],
            f"{_WORDS.get(name, name)} {rank + 1} of {most}",
        )
        for rank in range(most)
    ]


def _value_words(name: str, value: str, place: int, count: int) -> str:
    if name == dimensions.ECHO:
        return f"TE {value} ms" if value else "no echo time"
    return f"{_WORDS.get(name, name)} {place + 1} of {count}"


def _split(group: Group, sources: list[FrameSource], words: str) -> Group:
    return Group(sources, group.facets, (*group.words, words), group.warnings)


def _cine(group: Group, values: list[str]) -> Group:
    """Keep the time points of one position together, in their order, as plain frames."""
    order = sorted(range(len(values)), key=lambda place: _sort_value(values[place]))
    words = f"{len(values)} time points at one position"
    return Group(
        [group.sources[place] for place in order],
        group.facets,
        (*group.words, words),
        group.warnings,
        is_plain=True,
    )


def _duplicates(group: Group, slots: list[int], most: int) -> list[Group]:
    """Put the second image of each position apart, the third again, and say so."""
    layers: list[list[FrameSource]] = [[] for _ in range(most)]
    counts: dict[int, int] = {}
    for source, slot in zip(group.sources, slots, strict=True):
        layer = counts.get(slot, 0)
        layers[layer].append(source)
        counts[slot] = layer + 1
    repeated = sum(count > 1 for count in counts.values())
    times = "1 position is" if repeated == 1 else f"{repeated} positions are"
    warning = f"{times} there more than once; nothing in the header tells the images apart"
    first = Group(layers[0], group.facets, group.words, (*group.warnings, warning))
    return [
        first,
        *(
            Group(
                layer,
                group.facets,
                (*group.words, "duplicate positions" + (f" {place}" if most > 2 else "")),
                (*group.warnings, warning),
                is_duplicate=True,
            )
            for place, layer in enumerate(layers[1:], start=1)
        ),
    ]


def _acquisitions(group: Group, places: FloatArray) -> list[Group]:
    """Part acquisitions that overlap without sharing positions: each even, together uneven."""
    if len(places) < 4 or _is_even(places):
        return [group]
    for name in (dimensions.TIME, dimensions.ACQUISITION, dimensions.ECHO):
        values = [dict(source.facts.dimensions).get(name, "") for source in group.sources]
        distinct = sorted(set(values))
        if not 2 <= len(distinct) <= len(values) // 2:
            continue
        array = np.array(values)
        own = [np.sort(places[array == value]) for value in distinct]
        if all(len(run) > 1 and _is_even(run) for run in own) and _overlap(own):
            return _by_value(group, name, values)
    return [group]


def _is_even(places: FloatArray) -> bool:
    steps = np.diff(np.sort(places))
    typical = median(steps) if len(steps) else 0.0
    tolerance = max(SPACING_TOLERANCE * typical, POSITION_TOLERANCE_MM)
    return bool(np.all(np.abs(steps - typical) <= tolerance))


def _overlap(runs: list[FloatArray]) -> bool:
    ordered = sorted(runs, key=lambda run: float(run[0]))
    return any(first[-1] > second[0] for first, second in pairwise(ordered))
