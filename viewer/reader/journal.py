"""The two logs of a study as one: an event is in both, and durable, when it is told."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from viewer import __version__
from viewer.core.errors import DamagedRecord, IllegalTransition, UnsavedAnswer
from viewer.reader.chain import START, Event, Link, linked
from viewer.reader.clock import Clock
from viewer.reader.plain import canonical
from viewer.reader.second_log import SecondLog
from viewer.reader.standing import SET_BACK, Standing, folded
from viewer.reader.states import Kind
from viewer.reader.store import Store
from viewer.reader.tables import rows_of


class Journal:
    """The store, its second log, and where the study stands after the last event of both."""

    def __init__(self, store: Store, log: SecondLog, links: tuple[Link, ...], clock: Clock) -> None:
        """Follow the links that both logs hold."""
        self.store, self.log, self.clock = store, log, clock
        self.head = START
        self._guard = threading.RLock()
        self._count = 0
        self._standing: Standing | None = None
        self._doubtful: tuple[str, int] | None = None
        self._take(links)

    @property
    def standing(self) -> Standing:
        """Where the study stands."""
        if self._standing is None:
            raise IllegalTransition("The record is empty.")
        return self._standing

    def append(self, actor: str, kind: Kind, data: Mapping[str, Any]) -> int:
        """Write an event into both logs and return its number; it is durable then.

        Raises
        ------
        IllegalTransition : it is not allowed where the study or the reader stands.
        UnsavedAnswer : it could not be stored in both logs; nothing before it is lost.
        """
        with self._guard:
            wish = _wish(actor, kind, data)
            if self._doubtful is not None and self._doubtful[0] == wish:
                seq = self._settled(*self._doubtful)
                if seq:
                    return seq
            return self.append_made(actor, kind, lambda _standing: data)

    def _settled(self, wish: str, count: int) -> int:
        """Return the number of an event that was stored without being told, 0 for none."""
        self.flush()
        later = (link.event for link in self.store.links(count))
        same = (e.seq for e in later if _wish(e.actor, e.kind, e.data) == wish)
        return next(same, 0)

    def append_made(
        self, actor: str, kind: Kind, make: Callable[[Standing], Mapping[str, Any]]
    ) -> int:
        """Write the event that `make` makes of where the study stands by then."""
        with self._guard:
            with self.store.transaction():
                self._catch_up()
                standing = self.standing
                earlier = standing.latest_utc
                seq = self._count + 1
                data = make(standing)
                self._doubtful = (_wish(actor, kind, data), self._count)
                event = stamped(self.clock, seq, actor, kind, data, earlier)
                after = folded(standing, event)
                link = linked(event, self.head)
                self.store.add(seq, link, rows_of(event))
            self._standing, self._count, self.head = after, seq, link.hash
            self.flush()
            self._doubtful = None
            return seq

    def flush(self) -> None:
        """Bring the second log up to the store; UnsavedAnswer where it cannot be written."""
        with self._guard:
            self._catch_up()
            if self.log.count < self._count:
                self.log.follow(self.store.links(self.log.count))

    def _catch_up(self) -> None:
        """Follow what other workstations wrote; UnsavedAnswer where the store cannot be read."""
        try:
            self._take(self.store.links(self._count))
        except DamagedRecord as error:
            raise UnsavedAnswer(
                error.what,
                "What you just entered is not stored yet; everything before it is.",
                "Check the disk or the network, then enter it again.",
            ) from error

    def _take(self, links: tuple[Link, ...]) -> None:
        """Follow events that are in the store already."""
        for link in links:
            self._standing = folded(self._standing, link.event)
            self._count, self.head = self._count + 1, link.hash

    def close(self) -> None:
        """Close both files."""
        self.store.close()
        self.log.close()


def _wish(actor: str, kind: str, data: Mapping[str, Any]) -> str:
    """Return what was to be written, without what differs each time that it is tried."""
    return canonical([actor, kind, {k: v for k, v in data.items() if k != SET_BACK}])


def stamped(
    clock: Clock, seq: int, actor: str, kind: Kind, data: Mapping[str, Any], earlier: str
) -> Event:
    """Return an event with the time; a clock that was set back is told in it."""
    utc = clock.utc()
    if earlier and (back := datetime.fromisoformat(earlier) - utc).total_seconds() > 0:
        data = {**data, SET_BACK: back.total_seconds()}
    stamp = utc.isoformat(timespec="microseconds")
    return Event(seq, stamp, clock.ns(), clock.boot(), actor, __version__, kind.value, data)
