"""A study's record on a PostgreSQL server, for several workstations that read at once.

The study file is then a line of text, `postgresql://user@host/database#schema`, beside the sealed
images; everything else is as with SQLite, and each workstation keeps a second log of its own.
A password stands in the user's own `~/.pgpass`, never in the line.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urldefrag

from viewer.core.errors import DamagedRecord, NotSaved, UnsavedAnswer
from viewer.reader.chain import Link
from viewer.reader.tables import APPEND_ONLY, SCHEMA, Row, rows_of

if TYPE_CHECKING:
    import psycopg

SCHEME = b"postgresql://"

_GUARD = """
CREATE FUNCTION only_added_to() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN RAISE EXCEPTION '% can only be added to', TG_TABLE_NAME; END$$;
"""


def address_in(path: Path) -> str:
    """Return the address that a study file consists of, "" where it is something else."""
    try:
        with path.open("rb") as file:
            start = file.read(1000)
    except OSError:
        return ""
    return start.decode(errors="replace").strip() if start.startswith(SCHEME) else ""


def share(links: tuple[Link, ...], address: str, path: Path) -> None:
    """Put a whole chain of events on a server, and write the study file that names it.

    Raises
    ------
    NotSaved : the file or the study on the server is there already, or cannot be made.
    """
    import psycopg
    from psycopg import sql

    if path.exists():
        raise NotSaved(f"{path} is there already.")
    url, schema = urldefrag(address)
    if not schema:
        raise NotSaved(
            f"{address} names no study.", "", "Write it as postgresql://user@host/database#NAME."
        )
    try:
        with psycopg.connect(url) as db:
            db.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
            db.execute(sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(schema)))
            db.execute((_schema() + _GUARD + _triggers()).encode())
            for seq, link in enumerate(links, start=1):
                _add(db, seq, link, rows_of(link.event))
        path.write_text(address + "\n", encoding="utf-8")
    except (psycopg.Error, OSError) as error:
        raise NotSaved(
            f"The study could not be put on the server ({_words(error)}).",
            "",
            "Check the address, and that its user may make a schema there.",
        ) from error


def _schema() -> str:
    words = {" STRICT": "", "INTEGER": "BIGINT", "REAL": "DOUBLE PRECISION"}
    made = SCHEMA
    for ours, theirs in words.items():
        made = made.replace(ours, theirs)
    return made


def _triggers() -> str:
    return "".join(
        f"CREATE TRIGGER {table}_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION only_added_to();\n"
        for table in APPEND_ONLY
    )


def _add(db: "psycopg.Connection", seq: int, link: Link, rows: Iterable[Row]) -> None:
    from psycopg import sql

    event = {"seq": seq, "payload": link.payload, "prev_hash": link.prev_hash, "hash": link.hash}
    for table, values in (("event", event), *rows):
        insert = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join([sql.Placeholder()] * len(values)),
        )
        db.execute(insert, tuple(values.values()))


class PostgresStore:
    """The open study on its server; a connection that was lost is made again at the next use."""

    is_shared = True

    def __init__(self, path: Path, address: str) -> None:
        """Connect; DamagedRecord where the server does not answer or has no such study."""
        self.path, self._seat = path, ""
        self._url, self._schema = urldefrag(address)
        with self._reading():
            self._db = self._connected()
            found = self._db.execute("SELECT to_regclass('event')").fetchone()
        if found is None or found[0] is None:
            self._db.close()
            raise DamagedRecord(f"The server that {path.name} names has no such study.")

    def _connected(self) -> "psycopg.Connection":
        import psycopg
        from psycopg import sql

        db = psycopg.connect(self._url, autocommit=True, connect_timeout=10)
        db.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(self._schema)))
        db.execute("SET synchronous_commit = on")
        return db

    def _live(self) -> "psycopg.Connection":
        if self._db.closed:
            self._db = self._connected()
            if self._seat and not self._is_seated(self._seat):
                reader, self._seat = self._seat, ""
                raise UnsavedAnswer(
                    f"The server was away, and reader {reader} has signed in elsewhere since.",
                    "What you just entered is not acknowledged; everything before it is stored.",
                    "Go on at the other workstation.",
                )
        return self._db

    @contextmanager
    def _reading(self) -> Iterator[None]:
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            raise DamagedRecord(
                f"The server of {self.path.name} cannot be read ({_words(error)}).",
                "Whatever was acknowledged stands there and in the second log.",
                "Check the network and the server, then try again.",
            ) from error

    def links(self, after: int = 0) -> tuple[Link, ...]:
        """Return the events after a number, in order."""
        with self._reading():
            rows = self._live().execute(
                "SELECT payload, prev_hash, hash FROM event WHERE seq > %s ORDER BY seq", (after,)
            )
            return tuple(Link(*map(str, row)) for row in rows.fetchall())

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all that the block adds, or nothing; other workstations wait for their turn."""
        import psycopg

        try:
            with self._live().transaction():
                self._db.execute("LOCK TABLE event IN EXCLUSIVE MODE")
                yield
        except psycopg.Error as error:
            raise UnsavedAnswer(
                f"The server of {self.path.name} did not store it ({_words(error)}).",
                "What you just entered is not acknowledged; everything before it is stored.",
                "Check the network and the server, then enter it again.",
            ) from error

    def add(self, seq: int, link: Link, rows: Iterable[Row]) -> None:
        """Add an event and its rows; within a transaction."""
        _add(self._db, seq, link, rows)

    def place(self, name: str) -> str:
        """Return nothing: where a second log lies is each workstation's own."""
        del name
        return ""

    def remember(self, name: str, value: str) -> None:
        """Remember nothing; see `place`."""

    def rows(self, table: str, columns: tuple[str, ...]) -> tuple[tuple[object, ...], ...]:
        """Return columns of a table."""
        from psycopg import sql

        query = sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)
        )
        with self._reading():
            return tuple(self._live().execute(query).fetchall())

    def unguarded(self) -> tuple[str, ...]:
        """Return the tables whose triggers against changes are not there."""
        with self._reading():
            found = self._live().execute(
                "SELECT tgrelid::regclass::text FROM pg_trigger "
                "WHERE tgname = tgrelid::regclass::text || '_only_added_to' AND tgenabled = 'O'"
            )
            there = {str(row[0]) for row in found.fetchall()}
        return tuple(table for table in APPEND_ONLY if table not in there)

    def damage(self) -> str:
        """Return nothing: a server looks after its own pages."""
        return ""

    def take_seat(self, reader: str) -> bool:
        """Hold the seat of a reader while this connection lives; False where another one has it."""
        self.leave_seat()
        with self._reading():
            is_free = self._is_seated(reader)
        self._seat = reader if is_free else ""
        return is_free

    def _is_seated(self, reader: str) -> bool:
        """Take the server's lock of a reader's seat; it falls with the connection."""
        found = self._db.execute(
            "SELECT pg_try_advisory_lock(hashtext(%s), hashtext(%s))", (self._schema, reader)
        ).fetchone()
        return found is not None and bool(found[0])

    def leave_seat(self) -> None:
        """Give the seat back that this workstation holds."""
        self._seat = ""
        with self._reading():
            self._live().execute("SELECT pg_advisory_unlock_all()")

    def close(self) -> None:
        """Close the connection."""
        self._db.close()


def _words(error: Exception) -> str:
    return " ".join(str(error).split())
