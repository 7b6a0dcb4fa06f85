"""The library of studies seen before, in one SQLite file that a rescan can always restore.

One thread owns an `Index` and is its only writer.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from viewer.core.errors import DamagedStore, NotSaved
from viewer.core.study import Entry, Instance, Series, Study
from viewer.io.database_file import SetAside, set_database_aside, trouble
from viewer.io.records import (
    instance_of,
    instance_record,
    series_of,
    series_record,
    study_of,
    study_record,
)
from viewer.io.safely import private_folder
from viewer.io.searching import Search, conditions

__all__ = ["FILE_NAME", "Found", "Index", "Search", "SetAside", "open_index"]

FILE_NAME = "index.sqlite"
APPLICATION_ID = 0x44495054
"""Marks the file as ours ("DIPT")."""

_MIGRATIONS = (
    """
    CREATE TABLE study (
        id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL, patient_id TEXT NOT NULL, patient_name TEXT NOT NULL,
        folded_id TEXT NOT NULL, folded_name TEXT NOT NULL,
        date TEXT NOT NULL, words TEXT NOT NULL, record TEXT NOT NULL,
        UNIQUE (uid, patient_id, patient_name));
    CREATE TABLE series (
        id INTEGER PRIMARY KEY,
        study INTEGER NOT NULL REFERENCES study (id) ON DELETE CASCADE,
        uid TEXT NOT NULL, modality TEXT NOT NULL, words TEXT NOT NULL, record TEXT NOT NULL,
        UNIQUE (study, uid));
    CREATE TABLE instance (
        id INTEGER PRIMARY KEY,
        series INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
        uid TEXT NOT NULL, path TEXT NOT NULL UNIQUE,
        size INTEGER NOT NULL, changed INTEGER NOT NULL, record TEXT NOT NULL);
    CREATE INDEX instance_series ON instance (series);
    CREATE TABLE root (path TEXT PRIMARY KEY, scanned TEXT NOT NULL);
    """,
    # Instance gained pixel_digest, "" for every file that was indexed before.
    "UPDATE instance SET record = json_insert(record, '$[0][#]', '');",
)
SCHEMA_VERSION = len(_MIGRATIONS)
"""Migration number `n` leads from version `n` to `n + 1`; none is ever changed, only added."""


@dataclass(frozen=True, slots=True)
class Found:
    """One study in the answer of a search, without its images."""

    study: Study
    modalities: tuple[str, ...]
    instance_count: int


def open_index(folder: Path) -> tuple["Index", SetAside | None]:
    """Open the index in a folder, making or migrating it; a damaged one is set aside, not deleted.

    The second value says what was set aside; the studies come back with the next scan.

    Raises
    ------
    NotSaved : the folder cannot be written, or another program holds the file.
    """
    path = folder / FILE_NAME
    aside = None
    try:
        private_folder(folder)
        reason = trouble(path, APPLICATION_ID, SCHEMA_VERSION) if path.exists() else ""
        if reason:
            aside = SetAside(set_database_aside(path), reason)
        return Index(path), aside
    except (OSError, sqlite3.OperationalError) as error:
        raise _not_written(error) from error


def _not_written(error: Exception) -> NotSaved:
    return NotSaved(
        f"The library could not be written ({error}).",
        "Studies can be opened all the same, but they will not be found by a search.",
        "Check the disk, and whether another window is busy with the library.",
    )


@contextmanager
def _reading() -> Iterator[None]:
    """Turn what SQLite says about a damaged file into words."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise DamagedStore(
            f"The library could not be read ({error}).", "", "Start Diptych again."
        ) from error


class Index:
    """The open index; use it from the thread that made it, and close it there."""

    def __init__(self, path: Path) -> None:
        """Open or make the file and bring it to the present schema."""
        self._db = sqlite3.connect(path, isolation_level=None)
        for pragma in (
            "trusted_schema = OFF",
            "foreign_keys = ON",
            "journal_mode = WAL",
            "synchronous = NORMAL",
        ):
            self._db.execute(f"PRAGMA {pragma}")
        self._migrate()

    def __enter__(self) -> "Index":
        """Return the index itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; the index cannot be used afterwards."""
        self._db.close()

    @property
    def version(self) -> int:
        """Schema version of the file."""
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def _migrate(self) -> None:
        for version in range(self.version, SCHEMA_VERSION):
            statements = [s for s in _MIGRATIONS[version].split(";") if s.strip()]
            with _Transaction(self._db):
                for statement in statements:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._db.execute(f"PRAGMA user_version = {version + 1}")

    # -------------------------------------------------------------------------- writing

    def add(self, entries: Iterable[Entry]) -> None:
        """Store a batch of files in one transaction; a path that is there already is replaced."""
        studies: dict[tuple[str, str, str], int] = {}
        series: dict[tuple[int, str], int] = {}
        with _Transaction(self._db):
            for entry in entries:
                key = entry.study.key
                if key not in studies:
                    studies[key] = self._study_id(entry.study)
                place = (studies[key], entry.series.uid)
                if place not in series:
                    series[place] = self._series_id(place[0], entry.series)
                self._put(series[place], entry.instance)

    def _study_id(self, study: Study) -> int:
        row = self._db.execute(
            "INSERT INTO study"
            " (uid, patient_id, patient_name, folded_id, folded_name, date, words, record)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (uid, patient_id, patient_name)"
            " DO UPDATE SET date = excluded.date, words = excluded.words,"
            " record = excluded.record RETURNING id",
            (
                *study.key,
                study.patient_id.casefold(),
                study.patient_name.casefold(),
                study.date,
                _folded(study.description, study.accession),
                study_record(study),
            ),
        ).fetchone()
        return int(row[0])

    def _series_id(self, study: int, series: Series) -> int:
        words = _folded(series.description, series.body_part)
        row = self._db.execute(
            "INSERT INTO series (study, uid, modality, words, record) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (study, uid) DO UPDATE SET modality = excluded.modality,"
            " words = excluded.words, record = excluded.record RETURNING id",
            (study, series.uid, series.modality, words, series_record(series)),
        ).fetchone()
        return int(row[0])

    def _put(self, series: int, instance: Instance) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO instance (series, uid, path, size, changed, record)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                series,
                instance.sop_instance_uid,
                instance.path,
                *_stamp(instance.path),
                instance_record(instance),
            ),
        )

    def note_root(self, path: Path) -> None:
        """Remember that a path was scanned now."""
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        self._db.execute(
            "INSERT INTO root (path, scanned) VALUES (?, ?)"
            " ON CONFLICT (path) DO UPDATE SET scanned = excluded.scanned",
            (str(path), now),
        )

    def forget_vanished(self, key: tuple[str, str, str]) -> int:
        """Forget files of a study that are gone or have changed since; return how many.

        What was read from the header of a changed file, such as where its pixels lie, is not true
        any more; the next scan reads it anew.
        """
        rows = self._db.execute(
            "SELECT path, size, changed FROM instance WHERE series IN"
            " (SELECT series.id FROM series JOIN study ON series.study = study.id"
            " WHERE study.uid = ? AND study.patient_id = ? AND study.patient_name = ?)",
            key,
        ).fetchall()
        stale = tuple(path for path, *stamp in rows if tuple(stamp) != _stamp(path))
        return self.forget(stale) if stale else 0

    def forget(self, paths: Iterable[str]) -> int:
        """Forget files by path, and studies left empty; return how many were there."""
        count = 0
        with _Transaction(self._db):
            for path in paths:
                count += self._db.execute("DELETE FROM instance WHERE path = ?", (path,)).rowcount
            self._db.execute("DELETE FROM series WHERE id NOT IN (SELECT series FROM instance)")
            self._db.execute("DELETE FROM study WHERE id NOT IN (SELECT study FROM series)")
        return count

    # -------------------------------------------------------------------------- reading

    def recents(self, limit: int = 12) -> tuple[Path, ...]:
        """Return the paths scanned last, the latest first."""
        rows = self._db.execute("SELECT path FROM root ORDER BY scanned DESC LIMIT ?", (limit,))
        return tuple(Path(row[0]) for row in rows)

    def search(self, search: Search, limit: int = 500) -> tuple[Found, ...]:
        """Return the studies that match, the latest date first."""
        terms, values = conditions(search)
        rows = self._db.execute(
            "SELECT study.id, study.record FROM study"
            + (f" WHERE {' AND '.join(terms)}" if terms else "")
            + " ORDER BY study.date DESC, study.id LIMIT ?",
            (*values, limit),
        ).fetchall()
        return tuple(self._found(number, record) for number, record in rows)

    def _found(self, number: int, record: str) -> Found:
        rows = self._db.execute(
            "SELECT series.modality, count(instance.id) FROM series"
            " LEFT JOIN instance ON instance.series = series.id"
            " WHERE series.study = ? GROUP BY series.id ORDER BY series.id",
            (number,),
        ).fetchall()
        modalities = tuple(dict.fromkeys(modality for modality, _ in rows if modality))
        return Found(study_of(record), modalities, sum(count for _, count in rows))

    def load(self, key: tuple[str, str, str]) -> Study | None:
        """Return a whole study by `Study.key` as the scan found it; None when it is not there.

        Raises
        ------
        DamagedStore : its records cannot be read; a rescan restores them.
        """
        with _reading():
            row = self._db.execute(
                "SELECT id, record FROM study"
                " WHERE uid = ? AND patient_id = ? AND patient_name = ?",
                key,
            ).fetchone()
            if row is None:
                return None
            rows = self._db.execute(
                "SELECT id, record FROM series WHERE study = ? ORDER BY id", (row[0],)
            ).fetchall()
            series = tuple(self._series(number, record) for number, record in rows)
        return replace(study_of(row[1]), series=series)

    def _series(self, number: int, record: str) -> Series:
        rows = self._db.execute(
            "SELECT record FROM instance WHERE series = ? ORDER BY id", (number,)
        )
        return replace(series_of(record), instances=tuple(instance_of(row[0]) for row in rows))


class _Transaction:
    """All or nothing: commits at the end, and rolls back when something was raised."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
            return
        with suppress(sqlite3.OperationalError):  # SQLite may have rolled back by itself
            self._connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.OperationalError):
            raise _not_written(error) from error


def _stamp(path: str) -> tuple[int, int]:
    """Return size in bytes and time of the last change in ns; (-1, -1) when the file is gone."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return (-1, -1)
    return (status.st_size, status.st_mtime_ns)


def _folded(*words: str) -> str:
    return "\n".join(words).casefold()
