"""Whether a study's record is what was written: both chains, both logs, and the tables."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from viewer.core.errors import DamagedRecord, DiptychError
from viewer.reader.chain import START, Break, Link, first_break
from viewer.reader.healing import compared, events_of
from viewer.reader.record_file import place_of_log, write_study
from viewer.reader.second_log import read_log
from viewer.reader.standing import Standing, folded, signatures
from viewer.reader.store import Store, store_at
from viewer.reader.tables import APPEND_ONLY, rows_of

LIMIT = (
    "A chain shows that a record was changed. It does not stop somebody who holds the file and "
    "the second log from writing both anew: compare the head hash with the one that was printed "
    "when readers signed."
)


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found: `problems` mean that the record is not what was written.

    `notes` are no problem (one log ahead after a kill, a clock that was set back). `broken_at`
    is the first event of the study file that does not verify, 0 for none. `signatures` are
    (reader, head hash after signing).
    """

    events: int
    logged: int
    head: str
    broken_at: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    signatures: tuple[tuple[str, str], ...]

    @property
    def is_intact(self) -> bool:
        """True when both logs say the same and nothing was changed."""
        return not self.problems


def verify(path: Path, second_log: Path | None = None) -> Verification:
    """Look at a study file and its second log without writing anything.

    Raises
    ------
    DamagedRecord : the file is no study, or so damaged that no event can be read.
    """
    store = store_at(path, is_writing=False)
    try:
        links = store.links()
        damage = store.damage()
        log = second_log or place_of_log(store, path, links)
        rows = _wrong_rows(store, links) if first_break(links) is None else ()
        unguarded = store.unguarded()
    finally:
        store.close()
    logged, wrong = read_log(log)
    found = first_break(links)
    standing, broken_rule = _replayed(links if found is None else ())
    problems = [
        *((f"The file itself is damaged: {damage}.",) if damage else ()),
        *_broken(found, "study file"),
        *_broken(first_break(logged), "second log"),
        *((f"{wrong[:1].upper()}{wrong[1:]}.",) if wrong else ()),
        *rows,
        *((f"The guards of {', '.join(unguarded)} were taken out.",) if unguarded else ()),
        *((broken_rule,) if broken_rule else ()),
    ]
    notes: list[str] = []
    if found is None:
        different, notes = _compared(links, logged)
        problems += different
    return Verification(
        len(links),
        len(logged),
        links[-1].hash if links else START,
        found.seq if found else 0,
        tuple(problems),
        (*notes, *_set_back(standing)),
        signatures(links) if found is None else (),
    )


def restore(second_log: Path, path: Path) -> int:
    """Make a study file anew from a second log, and return how many events it has.

    Raises
    ------
    DamagedRecord : the log's chain breaks, or it holds no event.
    NotSaved : the file is there already, or cannot be made.
    """
    links, wrong = read_log(second_log)
    found = first_break(links)
    if found is not None or not links or wrong:
        words = found.words if found else wrong or "it is empty"
        raise DamagedRecord(
            f"The second log {second_log} cannot be restored from: {words}.",
            "What it says is not all that was written.",
            "Look for another copy of it.",
        )
    write_study(path, links, second_log)
    return len(links)


def standing_of(path: Path) -> Standing:
    """Return where a study stands without opening it for writing; DamagedRecord."""
    return looked_at(path)[0]


def looked_at(path: Path) -> tuple[Standing, tuple[Link, ...]]:
    """Return where a study stands and all its events, without opening it for writing.

    Raises
    ------
    DamagedRecord : its chain breaks, or it is no study.
    """
    store = store_at(path, is_writing=False)
    try:
        links = store.links()
    finally:
        store.close()
    found = first_break(links)
    standing, words = _replayed(links if found is None else ())
    if words or standing is None:
        told = f"breaks at event {found.seq}: {found.words}" if found else f"is of no use: {words}"
        raise DamagedRecord(f"The chain of {path} {told}.", "", "Look with diptych study verify.")
    return standing, links


def _replayed(links: tuple[Link, ...]) -> tuple[Standing | None, str]:
    """Return where events lead, and which of them breaks a rule of the study, in words."""
    standing: Standing | None = None
    for link in links:
        try:
            standing = folded(standing, link.event)
        except (DiptychError, KeyError, ValueError) as error:
            return standing, f"Event {link.event.seq} was never possible: {error}"
    return standing, ""


def _broken(found: Break | None, what: str) -> tuple[str, ...]:
    if found is None:
        return ()
    words = f"The chain of the {what} breaks at event {found.seq}: {found.words}."
    return (f"{words} The {found.seq - 1} events before it are as they were written.",)


def _compared(
    links: tuple[Link, ...], logged: tuple[Link, ...]
) -> tuple[tuple[str, ...], list[str]]:
    found = compared(links, logged)
    if found.differs_at:
        words = f"The study file and the second log differ from event {found.differs_at} on."
        return (words,), []
    notes = []
    if found.lacking_in_log:
        notes.append(f"The second log is {events_of(found.lacking_in_log)} behind the study file.")
    if found.lacking_in_store:
        notes.append(
            f"The study file is {events_of(found.lacking_in_store)} behind the second log."
        )
    return (), [f"{note} It is made whole when the study is opened." for note in notes]


def _wrong_rows(store: Store, links: tuple[Link, ...]) -> tuple[str, ...]:
    """Return which tables do not say what the events say."""
    expected: dict[str, list[Mapping[str, object]]] = {name: [] for name in APPEND_ONLY}
    for seq, link in enumerate(links, start=1):
        expected["event"].append({"seq": seq, "hash": link.hash})
        for table, values in rows_of(link.event):
            expected.setdefault(table, []).append(values)
    return tuple(
        f"The table {table} does not say what the events say: it was changed by hand."
        for table, rows in expected.items()
        if not _is_same(store, table, rows)
    )


def _is_same(store: Store, table: str, rows: list[Mapping[str, object]]) -> bool:
    columns = tuple(rows[0]) if rows else ("event",)
    wanted = Counter(tuple(row[name] for name in columns) for row in rows)
    return wanted == Counter(store.rows(table, columns))


def _set_back(standing: Standing | None) -> tuple[str, ...]:
    return tuple(
        f"At event {seq} the clock of the machine had been set back by {seconds:.0f} s; the "
        "order of events is that of their numbers, and times of reading are not affected."
        for seq, seconds in (standing.set_back if standing else ())
        if seconds >= 1
    )
