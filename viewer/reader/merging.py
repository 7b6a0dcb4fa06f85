"""Records of several sites as one: each keeps its own chain, whole and verifiable."""

from pathlib import Path

from viewer.core.errors import IllegalTransition
from viewer.reader.chain import Link, linked
from viewer.reader.clock import Clock, SystemClock
from viewer.reader.journal import stamped
from viewer.reader.record_file import write_study
from viewer.reader.standing import OWNER, Standing, folded, link_within
from viewer.reader.states import Kind
from viewer.reader.verify import looked_at

_SIGN_IN = frozenset({Kind.SIGNED_IN, Kind.REFUSED, Kind.PASSPHRASE, Kind.AMENDED})


def merge(
    first: Path, second: Path, out: Path, second_log: Path, clock: Clock | None = None
) -> tuple[str, ...]:
    """Write a study with all that stands in both files; return the readers that came in.

    The events of `first` stay as they are. Each event of `second` that the files do not share
    follows as an event that carries it with its own hashes, so both chains can be verified.

    Raises
    ------
    DamagedRecord : a chain breaks.
    IllegalTransition : other studies, a reader who read in both, or nothing to take over.
    NotSaved : the file is there already, or cannot be made.
    """
    (one, links), (_, others) = looked_at(first), looked_at(second)
    shared = _shared(links, others, first, second)
    coming = others[shared:]
    readers = _check(one, links[shared:], coming, first, second)
    clock = clock or SystemClock()
    standing, merged = one, list(links)
    for link in coming:
        data = {"payload": link.payload, "prev_hash": link.prev_hash, "hash": link.hash}
        seq, earlier = len(merged) + 1, standing.latest_utc
        event = stamped(clock, seq, OWNER, Kind.IMPORTED, data, earlier)
        standing = folded(standing, event)
        merged.append(linked(event, merged[-1].hash))
    write_study(out, tuple(merged), second_log)
    return readers


def _shared(links: tuple[Link, ...], others: tuple[Link, ...], first: Path, second: Path) -> int:
    """Return how many events both files begin with; the lock of the study is the least."""
    protocols = [str(chain[0].event.data["protocol_id"]) for chain in (links, others)]
    if protocols[0] != protocols[1]:
        raise IllegalTransition(
            f"{first.name} and {second.name} are of different protocols "
            f"({protocols[0][:12]} and {protocols[1][:12]}).",
            "Readings of different protocols are never put together.",
            "Merge copies of one locked study only.",
        )
    if links[0].hash != others[0].hash:
        raise IllegalTransition(
            f"{first.name} and {second.name} were locked apart, and have trials of their own.",
            "",
            "Merge copies of one locked study only.",
        )
    pairs = zip(links, others, strict=False)
    return next(
        (place for place, (one, other) in enumerate(pairs) if one != other),
        min(len(links), len(others)),
    )


def _check(
    standing: Standing,
    own: tuple[Link, ...],
    coming: tuple[Link, ...],
    first: Path,
    second: Path,
) -> tuple[str, ...]:
    """Return the readers of the events that come in, unless one of them has read twice."""
    if any(link.event.kind == Kind.IMPORTED for link in coming):
        raise IllegalTransition(
            f"{second.name} is itself a merge.",
            "Events would be carried twice.",
            f"Give it first: merge {second.name} {first.name}.",
        )
    there = {link_within(link.event).hash for link in own if link.event.kind == Kind.IMPORTED}
    readers = _readers(standing, coming)
    twice = sorted(set(readers) & set(_readers(standing, own)))
    if twice:
        again = any(link.hash in there for link in coming)
        why = "These readings were merged already." if again else "One person reads a study once."
        raise IllegalTransition(
            f"{', '.join(twice)} has readings in both {first.name} and {second.name}.",
            why,
            "Leave one of the files out.",
        )
    if not readers:
        raise IllegalTransition(f"{second.name} has no readings that {first.name} lacks.")
    return readers


def _readers(standing: Standing, links: tuple[Link, ...]) -> tuple[str, ...]:
    """Return the readers who did more than sign in, in the order of the protocol."""
    found, known = set(), list(standing.sittings)
    for link in links:
        event = link.event
        if event.kind == Kind.IMPORTED:
            event = link_within(event).event
        if event.kind == Kind.AMENDED:
            known += [code for code in event.data["come"] if code not in known]
        if Kind(event.kind) not in _SIGN_IN:
            found.add(event.actor)
    return tuple(reader for reader in known if reader in found)
