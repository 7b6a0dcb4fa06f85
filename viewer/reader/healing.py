"""Both logs compared: what a kill or a lost journal left apart is made whole, in words."""

from dataclasses import dataclass
from pathlib import Path

from viewer.core.errors import DamagedRecord
from viewer.reader.chain import START, Link, first_break
from viewer.reader.second_log import SecondLog, read_log
from viewer.reader.store import Store
from viewer.reader.tables import rows_of

RESTORE = (
    "Keep both files as they are, look with diptych study verify, and make a study file "
    "anew from the second log with diptych study restore."
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a second log stands to the store: what each lacks, and the first event that differs."""

    lacking_in_log: int
    lacking_in_store: int
    differs_at: int = 0


def compared(links: tuple[Link, ...], logged: tuple[Link, ...]) -> Comparison:
    """Compare two chains event by event."""
    for place, (one, other) in enumerate(zip(links, logged, strict=False), start=1):
        if one != other:
            return Comparison(0, 0, place)
    return Comparison(max(len(links) - len(logged), 0), max(len(logged) - len(links), 0))


def verified(links: tuple[Link, ...], path: Path) -> tuple[Link, ...]:
    """Return links whose chain is whole; DamagedRecord with the place where it is not."""
    found = first_break(links)
    if not links or found is not None:
        words = f"breaks at event {found.seq}: {found.words}" if found else "is empty"
        raise DamagedRecord(
            f"The chain of {path} {words}.",
            "The study file was damaged or changed, and is not opened.",
            RESTORE,
        )
    return links


def heal(
    store: Store, links: tuple[Link, ...], place: Path
) -> tuple[tuple[Link, ...], SecondLog, tuple[str, ...]]:
    """Return all links, the open second log that holds them, and what was healed, in words.

    Raises
    ------
    DamagedRecord : the logs tell different stories; nothing is touched.
    """
    logged, wrong = read_log(place)
    findings = []
    comparison = compared(links, logged)
    if comparison.differs_at:
        raise DamagedRecord(
            f"The study file and its second log {place} differ from event "
            f"{comparison.differs_at} on.",
            "One of them was changed, or belongs to another copy of the study.",
            RESTORE,
        )
    if comparison.lacking_in_store:
        head = links[-1].hash if links else START
        more = logged[len(links) :]
        if first_break(more, head, len(links)) is not None:
            raise DamagedRecord(f"The second log {place} is damaged.", "", RESTORE)
        _restore(store, len(links), more)
        links = (*links, *more)
        findings.append(
            f"{events_of(len(more))} stood in the second log only and came back into the study."
        )
    if wrong and not (store.is_shared and not place.exists()):
        findings.append(_set_aside(place, wrong))
        logged = ()
    log = SecondLog(place, logged)
    if len(logged) < len(links):
        if not wrong and not store.is_shared:
            findings.append(
                f"{events_of(len(links) - len(logged))} stood in the study only and came into "
                "the second log."
            )
        log.follow(links[len(logged) :])
    return links, log, tuple(findings)


def _restore(store: Store, count: int, more: tuple[Link, ...]) -> None:
    with store.transaction():
        for seq, link in enumerate(more, start=count + 1):
            store.add(seq, link, rows_of(link.event))


def _set_aside(place: Path, wrong: str) -> str:
    """Move a damaged log out of the way, never away."""
    if not place.exists():
        return f"The second log {place} was missing and was written anew from the study."
    number = 1
    while (aside := place.with_name(f"{place.name}.damaged-{number}")).exists():
        number += 1
    place.rename(aside)
    return f"{wrong}; it was kept as {aside.name} and written anew from the study."


def events_of(count: int) -> str:
    """Return so many events in words."""
    return "1 event" if count == 1 else f"{count} events"
