"""The hash chain of a study's events: each one is bound to everything before it.

The hash of an event is SHA-256 over the hash before it (64 hexadecimal digits) and the event's
canonical JSON, in UTF-8; the first one stands on 64 zeros. A chain shows that something was
changed, left out or put in between. It does not stop somebody who holds the file from writing a
whole chain anew: that is what the head hash printed at sign-off and the second log are for.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from viewer.reader.plain import canonical

START = "0" * 64
"""What the first event stands on."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `seq` counts from 1, `kind` is one of `states.Kind`.

    `utc` is ISO 8601 with microseconds; `ns` the monotonic clock of the boot called `boot`, so
    durations never come from the wall clock. `actor` is a reader's code, "owner", or "" for the
    program itself.
    """

    seq: int
    utc: str
    ns: int
    boot: str
    actor: str
    app: str
    kind: str
    data: Mapping[str, Any]

    @property
    def payload(self) -> str:
        """The canonical JSON that is hashed and stored."""
        return canonical(
            {
                "seq": self.seq,
                "utc": self.utc,
                "ns": self.ns,
                "boot": self.boot,
                "actor": self.actor,
                "app": self.app,
                "type": self.kind,
                "data": self.data,
            }
        )


@dataclass(frozen=True, slots=True)
class Link:
    """An event as it is stored: its payload, the hash before it and its own."""

    payload: str
    prev_hash: str
    hash: str

    @property
    def event(self) -> Event:
        """The event that the payload says; ValueError or KeyError where it says none."""
        told = json.loads(self.payload)
        return Event(
            told["seq"],
            told["utc"],
            told["ns"],
            told["boot"],
            told["actor"],
            told["app"],
            told["type"],
            told["data"],
        )

    @property
    def line(self) -> str:
        """The link as a line of the second log."""
        return canonical({"hash": self.hash, "payload": self.payload, "prev_hash": self.prev_hash})


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain breaks: the place from 1, and what is wrong there."""

    seq: int
    words: str


def hash_of(prev_hash: str, payload: str) -> str:
    """Return the hash that binds a payload to what came before it."""
    return hashlib.sha256((prev_hash + payload).encode()).hexdigest()


def linked(event: Event, prev_hash: str) -> Link:
    """Return an event bound to the hash before it."""
    payload = event.payload
    return Link(payload, prev_hash, hash_of(prev_hash, payload))


def link_of_line(line: str) -> Link:
    """Return the link that a line of the second log says; ValueError or KeyError for none."""
    told = json.loads(line)
    return Link(told["payload"], told["prev_hash"], told["hash"])


def first_break(links: Sequence[Link], prev_hash: str = START, seq: int = 0) -> Break | None:
    """Return where a chain that goes on after event `seq` breaks, None where it is whole."""
    for place, link in enumerate(links, start=seq + 1):
        words = _wrong(link, prev_hash, place)
        if words:
            return Break(place, words)
        prev_hash = link.hash
    return None


def _wrong(link: Link, prev_hash: str, seq: int) -> str:
    if hash_of(link.prev_hash, link.payload) != link.hash:
        return "what it says does not match its hash: it was changed after it was written"
    if link.prev_hash != prev_hash:
        return "it does not follow from the event before it: one was changed, left out or put in"
    try:
        told = link.event.seq
    except (ValueError, KeyError, TypeError):
        return "it says nothing that can be read"
    return "" if told == seq else f"it says that it is event {told}: one was left out or put in"
