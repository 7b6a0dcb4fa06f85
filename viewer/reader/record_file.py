"""Files of a study: made whole or not at all, and where the second log of one lies."""

from pathlib import Path

from viewer.core.errors import NotSaved, UnsavedAnswer
from viewer.core.places import user_folder
from viewer.reader.chain import Link, first_break
from viewer.reader.second_log import SecondLog, read_log
from viewer.reader.sqlite_store import SqliteStore, make_file
from viewer.reader.store import Store
from viewer.reader.tables import rows_of

SECOND_LOG = "second log"
"""Under this name a study file remembers where its second log lies on this machine."""


def default_second_log(path: Path, protocol_id: str) -> Path:
    """Return where the second log of a study lies where nobody said so."""
    return user_folder() / "studies" / f"{path.stem}-{protocol_id[:12]}.jsonl"


def place_of_log(store: Store, path: Path, links: tuple[Link, ...]) -> Path:
    """Return where the second log of a study lies on this machine."""
    remembered = store.place(SECOND_LOG)
    if remembered or first_break(links[:1]) is not None or not links:
        return Path(remembered or default_second_log(path, ""))
    return default_second_log(path, str(links[0].event.data["protocol_id"]))


def write_study(path: Path, links: tuple[Link, ...], second_log: Path) -> None:
    """Make a study file, and its second log, of a whole chain of events."""
    write_file(path, links, str(second_log.resolve()))
    known, _ = read_log(second_log)
    log = SecondLog(second_log, known)
    try:
        log.follow(links[log.count :])
    finally:
        log.close()


def write_file(path: Path, links: tuple[Link, ...], second_log: str = "") -> None:
    """Make a study file of a whole chain of events; it remembers where its second log lies.

    Raises
    ------
    NotSaved : a file of that name is there, or none can be made; there is never half of one.
    """
    if path.exists():
        raise NotSaved(
            f"{path} is there already.", "A study that was locked is never written over."
        )
    part = path.with_name(path.name + ".part")
    try:
        make_file(part)
        store = SqliteStore(part)
        try:
            with store.transaction():
                for seq, link in enumerate(links, start=1):
                    store.add(seq, link, rows_of(link.event))
                store.remember(SECOND_LOG, second_log)
        finally:
            store.close()
        part.replace(path)
    except (OSError, UnsavedAnswer) as error:
        raise NotSaved(f"{path} could not be made ({error}).") from error
    finally:
        part.unlink(missing_ok=True)
