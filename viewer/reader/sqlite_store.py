"""A study's record in one SQLite file: events that can only be added, each durable at once."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from viewer.core.errors import DamagedRecord, NotSaved, UnsavedAnswer
from viewer.reader.chain import Link
from viewer.reader.tables import APPEND_ONLY, APPLICATION_ID, SCHEMA, SCHEMA_VERSION, Row

_MAGIC = b"SQLite format 3\0"

NOT_STORED = (
    "What you just entered is not stored yet; everything before it is.",
    "Make room on the disk or allow writing there, then enter it again.",
)


def make_file(path: Path) -> None:
    """Make the empty file of a study, in the place of any that is there; NotSaved."""
    for name in (path.name, path.name + "-wal", path.name + "-shm"):
        path.with_name(name).unlink(missing_ok=True)
    try:
        db = sqlite3.connect(path, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(
                f"BEGIN;{SCHEMA}{_triggers()}PRAGMA application_id = {APPLICATION_ID};"
                f"PRAGMA user_version = {SCHEMA_VERSION};COMMIT;"
            )
        finally:
            db.close()
    except sqlite3.Error as error:
        raise NotSaved(
            f"{path} could not be made ({error}).", "", "Check the folder and the disk."
        ) from error


def _triggers() -> str:
    return "".join(
        f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} can only be added to'); END;\n"
        for table in APPEND_ONLY
        for deed in ("UPDATE", "DELETE")
    )


class SqliteStore:
    """The open file. A transaction is on disk when its block has been left."""

    is_shared = False

    def __init__(self, path: Path, *, is_writing: bool = True) -> None:
        """Open a file that `make_file` made.

        Raises
        ------
        DamagedRecord : it is no study, damaged, or of a later version.
        """
        self.path = path
        _check_kind(path)
        with self._reading():
            self._db = _connected(path, is_writing=is_writing)
            self._check_version()

    def _check_version(self) -> None:
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if application == APPLICATION_ID and version <= SCHEMA_VERSION:
            return
        self._db.close()
        what = "is no study of Diptych"
        if application == APPLICATION_ID:
            what = f"was written by a later version (format {version})"
        raise DamagedRecord(f"{self.path} {what}.", "", "Choose the .study file of the study.")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise DamagedRecord(
                f"The study file {self.path} is damaged ({error}).",
                "The second log holds every event that was acknowledged.",
                "Keep the damaged file, and make a study file anew from the second log: "
                "diptych study restore.",
            ) from error

    def links(self, after: int = 0) -> tuple[Link, ...]:
        """Return the events after a number, in order."""
        with self._reading():
            rows = self._db.execute(
                "SELECT payload, prev_hash, hash FROM event WHERE seq > ? ORDER BY seq", (after,)
            ).fetchall()
        return tuple(Link(*map(str, row)) for row in rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all that the block adds, or nothing of it; UnsavedAnswer where it could not."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise UnsavedAnswer(
                f"The study file {self.path} could not be written ({error}).", *NOT_STORED
            ) from error
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):  # SQLite may have rolled back by itself
            self._db.execute("ROLLBACK")

    def add(self, seq: int, link: Link, rows: Iterable[Row]) -> None:
        """Add an event and its rows; within a transaction."""
        self._db.execute(
            "INSERT INTO event (seq, payload, prev_hash, hash) VALUES (?, ?, ?, ?)",
            (seq, link.payload, link.prev_hash, link.hash),
        )
        for table, values in rows:
            marks = ", ".join("?" * len(values))
            self._db.execute(
                f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})",
                tuple(values.values()),
            )

    def place(self, name: str) -> str:
        """Return what is remembered under a name, "" for nothing."""
        with self._reading():
            row = self._db.execute("SELECT value FROM place WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def remember(self, name: str, value: str) -> None:
        """Remember something about this copy that is no part of the record; in a transaction."""
        self._db.execute("INSERT OR REPLACE INTO place (name, value) VALUES (?, ?)", (name, value))

    def rows(self, table: str, columns: tuple[str, ...]) -> tuple[tuple[object, ...], ...]:
        """Return columns of a table."""
        with self._reading():
            found = self._db.execute(f"SELECT {', '.join(columns)} FROM {table}")
            return tuple(found.fetchall())

    def unguarded(self) -> tuple[str, ...]:
        """Return the tables whose triggers against changes are not there."""
        with self._reading():
            found = self._db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            there = {str(row[0]) for row in found}
        wanted = {table: {f"{table}_no_update", f"{table}_no_delete"} for table in APPEND_ONLY}
        return tuple(table for table, names in wanted.items() if not names <= there)

    def damage(self) -> str:
        """Return what SQLite's own check of the file finds, "" for nothing."""
        try:
            found = [str(row[0]) for row in self._db.execute("PRAGMA integrity_check(5)")]
        except sqlite3.Error as error:
            return str(error)
        return "" if found == ["ok"] else "; ".join(found)

    def take_seat(self, reader: str) -> bool:
        """Return True: nobody else has the file open."""
        del reader
        return True

    def leave_seat(self) -> None:
        """Do nothing; see `take_seat`."""

    def close(self) -> None:
        """Close the file; what the journal held is in it then."""
        self._db.close()


def _check_kind(path: Path) -> None:
    """Refuse what is no database at all; DamagedRecord."""
    if not path.is_file():
        raise DamagedRecord(f"There is no study file {path}.", "", "Check the path.")
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) == _MAGIC:
            return
    raise DamagedRecord(
        f"{path} is no study of Diptych.",
        "If it was one, its beginning is lost; the second log holds every event that was "
        "acknowledged.",
        "Choose the .study file, or make it anew: diptych study restore.",
    )


def _connected(path: Path, *, is_writing: bool) -> sqlite3.Connection:
    address = path.resolve().as_uri()
    if not is_writing:
        is_alone = not path.with_name(path.name + "-wal").exists()
        address += "?mode=ro" + ("&immutable=1" if is_alone else "")
    db = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
    try:
        for pragma in (
            "trusted_schema = OFF",
            "foreign_keys = ON",
            "busy_timeout = 2000",
            "synchronous = FULL",
        ):
            db.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        db.close()
        raise
    return db
