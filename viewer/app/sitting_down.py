"""Opens a study's record, seats a reader at it, and tells a coordinator how far everybody is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.app.reading import Reading
from viewer.core.errors import DamagedRecord, WrongUsage

if TYPE_CHECKING:
    from viewer.app.jobs import Jobs
    from viewer.core.volume import AnyVolume
    from viewer.reader.record import StudyRecord

__all__ = [
    "ReaderRow",
    "StudyRecord",
    "StudyRows",
    "close_record",
    "leave_seat",
    "open_record",
    "readers_of",
    "sit_down",
    "study_rows",
    "verify_words",
]

DISPLAY_CHECKED = "display checked"
"""The event of the record that says so."""

IMAGES = "images"
"""Folder of the sealed images beside the study's file."""


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """A reader as the coordinator sees one: counts and states, never an answer."""

    reader: str
    name: str
    state: str
    done: int
    total: int
    interruptions: int
    missing: int
    flagged: int


@dataclass(frozen=True, slots=True)
class StudyRows:
    """A study as the coordinator sees it."""

    title: str
    state: str
    protocol_id: str
    head: str
    second_log: str
    findings: tuple[str, ...]
    readers: tuple[ReaderRow, ...]


def open_record(path: Path, second_log: Path | None = None) -> StudyRecord:
    """Open the record of a study.

    Raises
    ------
    WrongUsage : the file is the draft of a study, which has no record yet.
    DamagedRecord, IllegalTransition, NotSaved : as the record says it.
    """
    if path.suffix.lower() in (".toml", ".json"):
        raise WrongUsage(
            f"{path.name} is the draft of a study.",
            "Only a locked study can be read.",
            f"Lock it first: diptych study lock {path.name}",
        )
    from viewer.reader.record import open_study

    return open_study(path, second_log)


def close_record(record: StudyRecord) -> None:
    """Close the record of a study; the file is whole in itself then."""
    record.close()


def leave_seat(record: StudyRecord) -> None:
    """Let the reader who signed in here sign in elsewhere; a server that is away knows already."""
    with suppress(DamagedRecord):
        record.leave()


def readers_of(record: StudyRecord) -> tuple[tuple[str, str], ...]:
    """Return code and name of every reader of a study."""
    return tuple((reader.code, reader.name) for reader in record.protocol.readers)


def sealed_image(path: Path, key: bytes) -> AnyVolume:
    """Return the image of a sealed container."""
    from viewer.io.sealed_images import read_sealed

    return read_sealed(path, key)


def sit_down(
    record: StudyRecord,
    reader: str,
    passphrase: str,
    jobs: Jobs,
    read: Callable[[Path, bytes], AnyVolume] = sealed_image,
) -> Reading:
    """Sign a reader in and return the reading where it stopped; `read` opens an image.

    Raises
    ------
    IllegalTransition : unknown reader, wrong passphrase, or the study is not open for reading.
    """
    session = record.sign_in(reader, passphrase)
    folder, key = record.path.parent / IMAGES, record.image_key
    return Reading(
        session,
        lambda token: read(folder / token, key),
        jobs,
        is_check_due=_is_check_due(record, reader),
    )


def _is_check_due(record: StudyRecord, reader: str) -> bool:
    """Tell whether a reader's last display check is older than the protocol lets it be."""
    check = record.protocol.display_check
    events = (link.event for link in record.links if link.event.actor == reader)
    checked = [event.utc for event in events if event.kind == DISPLAY_CHECKED]
    if not check.is_required or not checked:
        return False
    age = datetime.now(UTC) - datetime.fromisoformat(checked[-1])
    return age > timedelta(hours=check.valid_hours)


def study_rows(record: StudyRecord) -> StudyRows:
    """Return how far everybody is; what was answered is not in it."""
    rows = tuple(
        ReaderRow(
            one.reader,
            one.name,
            one.state.value if one.has_passphrase else "no passphrase yet",
            one.done,
            one.total,
            one.interruptions,
            len(one.missing),
            len(one.flagged),
        )
        for one in record.progress()
    )
    return StudyRows(
        record.protocol.study.title,
        record.state.value,
        record.protocol_id,
        record.head,
        str(record.second_log),
        record.findings,
        rows,
    )


def verify_words(record: StudyRecord) -> tuple[bool, str]:
    """Recompute the chains of both logs; return whether they are intact, and that in words."""
    from viewer.reader.verify import verify

    found = verify(record.path, record.second_log)
    if not found.is_intact:
        return (False, "\n".join((*found.problems, *found.notes)))
    told = f"Both logs are intact: {found.events} entries. The head is {found.head}."
    return (True, "\n".join((told, *found.notes)))
