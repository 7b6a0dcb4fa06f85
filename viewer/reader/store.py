"""What the record asks of a database, and which database a study file stands for."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from viewer.reader.chain import Link
from viewer.reader.tables import Row


class Store(Protocol):
    """The tables of one study. A transaction is durable when its block has been left.

    `is_shared` is true where other workstations write, too, so a second log may be behind.
    """

    path: Path
    is_shared: bool

    def links(self, after: int = 0) -> tuple[Link, ...]:
        """Return the events after a number, in order."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Do all that the block adds, or nothing of it, with nobody else writing meanwhile."""
        ...

    def add(self, seq: int, link: Link, rows: Iterable[Row]) -> None:
        """Add an event and its rows; within a transaction."""
        ...

    def place(self, name: str) -> str:
        """Return what is remembered under a name, "" for nothing."""
        ...

    def remember(self, name: str, value: str) -> None:
        """Remember something about this copy that is no part of the record; in a transaction."""
        ...

    def rows(self, table: str, columns: tuple[str, ...]) -> tuple[tuple[object, ...], ...]:
        """Return columns of a table."""
        ...

    def unguarded(self) -> tuple[str, ...]:
        """Return the tables whose triggers against changes are not there."""
        ...

    def damage(self) -> str:
        """Return what the database's own check of itself finds, "" for nothing."""
        ...

    def take_seat(self, reader: str) -> bool:
        """Hold the seat of a reader on this workstation; False where another one has it."""
        ...

    def leave_seat(self) -> None:
        """Give the seat back that this workstation holds."""
        ...

    def close(self) -> None:
        """Close the database."""
        ...


def store_at(path: Path, *, is_writing: bool = True) -> Store:
    """Return the open store of a study file: SQLite, or the server that the file names.

    Raises
    ------
    DamagedRecord : it is no study, damaged, or the server cannot be reached.
    """
    from viewer.reader.postgres_store import PostgresStore, address_in
    from viewer.reader.sqlite_store import SqliteStore

    address = address_in(path)
    if address:
        return PostgresStore(path, address)
    return SqliteStore(path, is_writing=is_writing)
