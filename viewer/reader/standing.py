"""Where a whole study stands: the fold of its log, from the event that locked it to the last."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from viewer.core.errors import IllegalTransition
from viewer.reader.chain import Event, Link, hash_of
from viewer.reader.plain import from_plain
from viewer.reader.protocol import Protocol
from viewer.reader.sitting import Sitting, after
from viewer.reader.states import STUDY_MOVES, Kind, moved
from viewer.reader.trials import StudyState, Trial

OWNER = "owner"
"""The actor of what a study's owner or coordinator does."""

SET_BACK = "clock_set_back_s"
"""What an event says beside its own data when the clock of the machine had been set back."""

_OF_READERS_WHILE_OPEN = frozenset(Kind) - {
    *STUDY_MOVES,
    Kind.LOCKED,
    Kind.AMENDED,
    Kind.PASSPHRASE,
    Kind.VOIDED,
    Kind.EXPORTED,
    Kind.IMPORTED,
    Kind.HEALED,
    Kind.REFUSED,
}
_IMPORTABLE = frozenset({StudyState.LOCKED, StudyState.OPEN, StudyState.CLOSED})


@dataclass(frozen=True, slots=True)
class Locked:
    """What was fixed when the study was locked; the trials' `shown` are tokens of images."""

    protocol: Protocol
    protocol_id: str
    trials: tuple[Trial, ...]
    sealed: bytes
    image_key: bytes


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a study stands.

    `secrets` are the salted hashes of the readers' passphrases; `unblinded` is what the event
    that unblinded the study says, None before; `amendments` are the events that changed the
    protocol, and `locked` says what holds now; `set_back` are (event, seconds by which the clock
    had been set back). `latest_utc` is the latest time of day so far, `latest_ns` boot and
    monotonic clock of the last event.
    """

    locked: Locked
    state: StudyState = StudyState.LOCKED
    sittings: Mapping[str, Sitting] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    unblinded: Event | None = None
    amendments: tuple[Event, ...] = ()
    set_back: tuple[tuple[int, float], ...] = ()
    latest_utc: str = ""
    latest_ns: tuple[str, int] = ("", 0)


def data_of_lock(locked: Locked, protocol: object, trials: object) -> dict[str, object]:
    """Return what the first event says; `protocol` and `trials` are plain."""
    return {
        "protocol": protocol,
        "protocol_id": locked.protocol_id,
        "trials": trials,
        "sealed": base64.b64encode(locked.sealed).decode("ascii"),
        "image_key": base64.b64encode(locked.image_key).decode("ascii"),
    }


def begun(event: Event) -> Standing:
    """Return where a study stands after the event that locked it."""
    data = event.data
    if event.kind != Kind.LOCKED:
        raise IllegalTransition("The record does not begin with the lock of a study.")
    trials = tuple(from_plain(Trial, trial) for trial in data["trials"])
    protocol = from_plain(Protocol, data["protocol"])
    sittings = {reader.code: _seat(reader.code, trials) for reader in protocol.readers}
    locked = Locked(
        protocol,
        data["protocol_id"],
        trials,
        base64.b64decode(data["sealed"]),
        base64.b64decode(data["image_key"]),
    )
    return Standing(locked, sittings=sittings, latest_utc=event.utc)


def _seat(reader: str, trials: Sequence[Trial]) -> Sitting:
    """Return the sitting of a reader who has done nothing yet, training first."""
    own = (trial for trial in trials if trial.reader == reader)
    return Sitting(reader, tuple(sorted(own, key=lambda trial: not trial.is_training)))


def _amended(standing: Standing, event: Event) -> Standing:
    """Take over a later version of the protocol; new readers sit down, nobody leaves."""
    _check_open(standing, _IMPORTABLE)
    data, locked = event.data, standing.locked
    protocol = from_plain(Protocol, data["protocol"])
    if protocol.version != locked.protocol.version + 1:
        raise IllegalTransition(
            f"Version {protocol.version} does not follow version {locked.protocol.version}.",
            "The study was amended apart in two places.",
            "Amend one copy, before packages go out.",
        )
    trials = tuple(from_plain(Trial, trial) for trial in data["trials"])
    come = [one.code for one in protocol.readers if one.code not in standing.sittings]
    if not {trial.reader for trial in trials} <= set(come):
        raise IllegalTransition("An amendment gives new trials to a reader who has some.")
    return replace(
        standing,
        locked=Locked(
            protocol,
            data["protocol_id"],
            (*locked.trials, *trials),
            base64.b64decode(data["sealed"]),
            locked.image_key,
        ),
        sittings={**standing.sittings, **{code: _seat(code, trials) for code in come}},
        amendments=(*standing.amendments, event),
    )


def folded(standing: Standing | None, event: Event) -> Standing:
    """Return where a study stands after one more event.

    Raises
    ------
    IllegalTransition : the event is not allowed where the study or the reader stands.
    """
    if standing is None:
        return begun(event)
    kind = Kind(event.kind)
    standing = _stamped(standing, event)
    if kind in STUDY_MOVES:
        state = moved(STUDY_MOVES[kind], standing.state, "The study", kind.value)
        is_opening = kind is Kind.UNBLINDED
        return replace(standing, state=state, unblinded=event if is_opening else standing.unblinded)
    if kind is Kind.PASSPHRASE:
        secrets = {**standing.secrets, event.data["reader"]: event.data["secret"]}
        return replace(standing, secrets=secrets)
    if kind is Kind.AMENDED:
        return _amended(standing, event)
    if kind is Kind.IMPORTED:
        return _imported(standing, event)
    if kind is Kind.VOIDED:
        _check_open(standing, _IMPORTABLE)
        return _read(standing, event.data["reader"], event)
    if kind in _OF_READERS_WHILE_OPEN:
        _check_open(standing, frozenset({StudyState.OPEN}))
        return _read(standing, event.actor, event)
    return standing


def _stamped(standing: Standing, event: Event) -> Standing:
    """Note a clock that was set back; the order of the log is that of its numbers alone."""
    if event.kind != Kind.IMPORTED and SET_BACK in event.data:
        told = (event.seq, float(event.data[SET_BACK]))
        standing = replace(standing, set_back=(*standing.set_back, told))
    latest_utc = max(standing.latest_utc, event.utc)
    return replace(standing, latest_utc=latest_utc, latest_ns=(event.boot, event.ns))


def _imported(standing: Standing, event: Event) -> Standing:
    """Take over what a reader did in another copy; what was done to that copy is kept only."""
    _check_open(standing, _IMPORTABLE)
    link = link_within(event)
    if hash_of(link.prev_hash, link.payload) != link.hash:
        raise IllegalTransition("An event of another copy does not match its own hash.")
    inner = replace(link.event, seq=event.seq)
    if inner.kind == Kind.PASSPHRASE:
        secrets = {**standing.secrets, inner.data["reader"]: inner.data["secret"]}
        return replace(standing, secrets=secrets)
    if inner.kind == Kind.AMENDED:
        return _amended(standing, inner)
    if inner.kind == Kind.VOIDED:
        return _read(standing, inner.data["reader"], inner)
    if Kind(inner.kind) in _OF_READERS_WHILE_OPEN:
        return _read(standing, inner.actor, inner)
    return standing


def event_within(event: Event) -> Event:
    """Return the event of another copy that an imported one carries."""
    return link_within(event).event


def link_within(event: Event) -> Link:
    """Return the link of another copy's chain that an imported event carries."""
    return Link(event.data["payload"], event.data["prev_hash"], event.data["hash"])


def signatures(links: tuple[Link, ...]) -> tuple[tuple[str, str], ...]:
    """Return (reader, hash of the event that signed) of every signature."""
    found = []
    for link in links:
        is_imported = link.event.kind == Kind.IMPORTED
        own = link_within(link.event) if is_imported else link
        if own.event.kind == Kind.SIGNED:
            found.append((own.event.actor, own.hash))
    return tuple(found)


def _read(standing: Standing, reader: str, event: Event) -> Standing:
    if reader not in standing.sittings:
        raise IllegalTransition(f"The study has no reader {reader!r}.")
    sitting = after(standing.sittings[reader], standing.locked.protocol, event)
    return replace(standing, sittings={**standing.sittings, reader: sitting})


def _check_open(standing: Standing, states: frozenset[StudyState]) -> None:
    if standing.state not in states:
        raise IllegalTransition(
            f"The study is {standing.state.value}; nobody can read it now.",
            "",
            "A study is read while it is open: diptych study open."
            if standing.state is StudyState.LOCKED
            else "",
        )
