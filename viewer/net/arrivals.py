"""The list of what has arrived in an inbox: one line of JSON an object, appended by any process."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from viewer.core.errors import NotSaved
from viewer.net.inbox import Arrival, Kept

NAME = "arrivals.jsonl"


@dataclass(frozen=True, slots=True)
class Received:
    """An object that arrived and was kept, and when; `size` is of its data set, in bytes.

    `called_title` is the title by which the sender called us.
    """

    kept: Kept
    arrival: Arrival
    called_title: str
    size: int
    at: datetime


def note(folder: Path, received: Received) -> None:
    """Append an object to the list of an inbox, in one write.

    Raises
    ------
    NotSaved : the disk is full or refuses.
    """
    line = json.dumps(
        {
            "path": received.kept.path.name,
            "is_new": received.kept.is_new,
            "is_conflict": received.kept.is_conflict,
            "class": received.arrival.sop_class_uid,
            "instance": received.arrival.sop_instance_uid,
            "syntax": received.arrival.transfer_syntax_uid,
            "calling": received.arrival.calling_title,
            "called": received.called_title,
            "address": received.arrival.address,
            "bytes": received.size,
            "utc": received.at.astimezone(UTC).isoformat(),
        }
    )
    # The break before it keeps a line whole that follows one which a full disk cut off.
    encoded = f"\n{line}\n".encode()
    try:
        file = os.open(folder / NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            written = os.write(file, encoded)
        finally:
            os.close(file)
    except OSError as error:
        raise NotSaved(f"An arrival could not be listed ({error.strerror}).") from error
    if written != len(encoded):
        raise NotSaved("An arrival could not be listed.", "", "Free some space.")


def arrivals(folder: Path, offset: int = 0) -> tuple[tuple[Received, ...], int]:
    """Return what was listed since an offset (0: since ever), and the offset to go on from.

    A line that is not whole yet is left for the next time; a damaged one is left out.
    """
    path = folder / NAME
    if not path.exists():
        return (), offset
    with path.open("rb") as file:
        file.seek(offset)
        lines, _, _ = file.read().rpartition(b"\n")
    found = [_received(folder, line) for line in lines.split(b"\n") if line]
    return tuple(one for one in found if one is not None), offset + len(lines) + bool(lines)


def _received(folder: Path, line: bytes) -> Received | None:
    try:
        told = json.loads(line)
        return Received(
            Kept(folder / Path(told["path"]).name, told["is_new"], told["is_conflict"]),
            Arrival(
                *(told["class"], told["instance"], told["syntax"]),
                *(told["calling"], told["address"]),
            ),
            told["called"],
            told["bytes"],
            datetime.fromisoformat(told["utc"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
