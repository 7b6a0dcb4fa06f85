"""A study fetched whole: by the ways that a node offers, until all that it lists has arrived.

Each way is tried in turn for what is still missing: at once, then series by series, then image by
image. What a node lists at image level is the measure, not what it says of its own success.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from viewer.core.errors import DiptychError, Refused
from viewer.net.classes import likely_classes
from viewer.net.inbox import Arrival, Inbox, Kept
from viewer.net.node import Node
from viewer.net.query import Answer, Query, find
from viewer.net.retrieve import Outcome, Wanted, get, images_of

Told = Callable[[Arrival, Kept], None]
Way = Callable[[Wanted, tuple[str, ...], Told], Outcome]
"""A way to retrieve: what is wanted, the classes that are likely, and who is told of objects."""


MOST_IN_VAIN = 5
"""Requests of one way that may bring nothing, one after the other, before the next way is tried."""


@dataclass(slots=True)
class Fetched:
    """What was listed, what arrived, and what each way said; `missing` is what never came.

    `before` of what arrived was there when it began; `repeated` counts objects that came again with
    the same bytes, `conflicts` those with other bytes under a
    known SOP Instance UID.
    """

    listed: tuple[str, ...] = ()
    arrived: dict[str, str] = field(default_factory=dict)
    before: int = 0
    repeated: int = 0
    conflicts: int = 0
    said: list[str] = field(default_factory=list)

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the SOP Instance UIDs that are listed and did not arrive."""
        return tuple(uid for uid in self.listed if uid not in self.arrived)


def ways_of(node: Node, inbox: Inbox, others: Mapping[str, Way] | None = None) -> dict[str, Way]:
    """Return the ways to retrieve from a node, in its order; `others` may bring "move"."""

    def by_web(wanted: Wanted, classes: tuple[str, ...], told: Told) -> Outcome:
        del classes
        from viewer.net.web import WebNode

        count = 0
        with WebNode(node) as web:
            for uid in wanted.instances or ("",):
                for arrival, encoded in web.retrieve(wanted.study, wanted.series, uid):
                    told(arrival, inbox.keep(arrival, encoded))
                    count += 1
        return Outcome(count, 0)

    def by_get(wanted: Wanted, classes: tuple[str, ...], told: Told) -> Outcome:
        return get(node, wanted, inbox, told, classes=classes)

    known: dict[str, Way] = {"get": by_get, **(others or {})}
    if node.web:
        known["wado"] = by_web
    return {name: known[name] for name in node.ways if name in known}


def fetch(
    node: Node,
    wanted: Wanted,
    ways: Mapping[str, Way],
    told: Told = lambda _arrival, _kept: None,
    is_cancelled: Callable[[], bool] = lambda: False,
    held: Callable[[Iterable[str]], dict[str, str]] = lambda _uids: {},
) -> Fetched:
    """Retrieve until everything that the node lists has arrived, or every way has failed.

    Parameters
    ----------
    held : returns the files of those SOP Instance UIDs that came before: they are not asked for
        again, so that a retrieval which was stopped goes on.
    told : is called with each object as it is kept; in whatever thread received it.

    Raises
    ------
    Unreachable, Refused : the node cannot even list what there is.
    """
    listed = images_of(node, wanted)
    found, lock = Fetched(tuple(one["SOPInstanceUID"] for one in listed)), Lock()
    found.arrived.update(held(found.listed))
    found.before = len(found.arrived)

    def taken(arrival: Arrival, kept: Kept) -> None:
        with lock:
            found.arrived[arrival.sop_instance_uid] = str(kept.path)
            found.repeated += not kept.is_new
            found.conflicts += kept.is_conflict
        told(arrival, kept)

    classes = _classes(node, wanted, listed)
    for name, way in ways.items():
        vain = 0
        for part in _parts(wanted, listed, found.missing):
            missing = {one for one in _within(part, listed) if one not in found.arrived}
            if is_cancelled() or not found.missing:
                return found
            if listed and not missing:
                continue
            if vain == MOST_IN_VAIN:
                break
            before = len(found.arrived)
            try:
                outcome = way(part, classes, taken)
            except DiptychError as error:
                found.said.append(f"{name}: {error}")
                if isinstance(error, Refused):
                    break  # the way as such is refused: the next one
                vain += 1
                continue
            vain = 0 if len(found.arrived) > before else vain + 1
            if outcome.words:
                found.said.append(f"{name}: {outcome.words}")
    return found


def _parts(wanted: Wanted, listed: tuple[Answer, ...], missing: tuple[str, ...]) -> list[Wanted]:
    """Return what to ask for in turn: all, then each series, then images, of what is missing.

    Where only some of it is missing, those images are asked for by their UIDs, series by series.
    """
    absent = set(missing)
    by_series: dict[str, list[str]] = {}
    for one in listed:
        if one["SOPInstanceUID"] in absent:
            by_series.setdefault(one["SeriesInstanceUID"], []).append(one["SOPInstanceUID"])
    counts = Counter(one["SeriesInstanceUID"] for one in listed)
    series = [
        Wanted(wanted.study, uid)
        if len(images) == counts[uid] and not wanted.instances
        else Wanted(wanted.study, uid, tuple(images))
        for uid, images in by_series.items()
    ]
    single = [
        Wanted(wanted.study, uid, (image,)) for uid, images in by_series.items() for image in images
    ]
    is_whole = len(absent) == len(listed)
    return [*([wanted] if is_whole else ()), *series, *single]


def _within(part: Wanted, listed: tuple[Answer, ...]) -> list[str]:
    return [
        one["SOPInstanceUID"]
        for one in listed
        if (not part.series or one["SeriesInstanceUID"] == part.series)
        and (not part.instances or one["SOPInstanceUID"] in part.instances)
    ]


def _classes(node: Node, wanted: Wanted, listed: tuple[Answer, ...]) -> tuple[str, ...]:
    """Return the classes to expect: what the node lists, or what its modalities make likely."""
    told = tuple(dict.fromkeys(one["SOPClassUID"] for one in listed if one["SOPClassUID"]))
    if told and all(one["SOPClassUID"] for one in listed):
        return told
    keys: tuple[tuple[str, str], ...] = (("StudyInstanceUID", wanted.study),)
    if wanted.series:
        keys = (*keys, ("SeriesInstanceUID", wanted.series))
    modalities = {one["Modality"] for one in find(node, Query("SERIES", keys))}
    return likely_classes(sorted(modalities))
