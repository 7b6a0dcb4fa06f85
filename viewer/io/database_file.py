"""Whether an SQLite file is ours and whole, before it is opened for writing."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from viewer.io.safely import set_aside


@dataclass(frozen=True, slots=True)
class SetAside:
    """A file that stood in the index's place and was renamed, and why."""

    path: Path
    reason: str


def trouble(path: Path, application_id: int, newest: int) -> str:
    """Say why a file cannot be our index, of schema version `newest` at most; "" when it is."""
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        return f"The index could not be opened ({error})."
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (check,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    except sqlite3.Error as error:
        return f"The index is damaged ({error})."
    finally:
        connection.close()
    if application != application_id and tables:
        return "The file in the place of the index belongs to another program."
    if version > newest:
        return "The index was written by a later version of Diptych."
    return "" if check == "ok" else f"The index is damaged ({check})."


def set_database_aside(path: Path) -> Path:
    """Rename a database with its journal files; returns its new place."""
    moved = set_aside(path)
    for end in ("-wal", "-shm"):
        extra = path.with_name(path.name + end)
        if extra.exists():
            extra.rename(moved.with_name(moved.name + end))
    return moved
