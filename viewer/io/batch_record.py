"""The record of a batch: one line of JSON for each series that is settled, only ever added to.

It lies in the folder that the batch writes to and decides what is left when the batch goes on.
"""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from viewer.core.errors import NotSaved, UnreadableFile, WrongUsage
from viewer.io.safely import held_alone, not_saved, set_aside

FOLDER = ".diptych-batch"
"""Holds the record, the lock and what archives are unpacked to."""

_RECORD, _LOCK, _HOLDER = "record.jsonl", "lock", "holder"


class Settled(StrEnum):
    """What became of one series."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one series of a batch.

    `unit` is the batch's own name for the series with everything that was asked for; `name` names
    it for a reader; `words` say how strong the effect is, or why there is none. `warnings` are what
    the gates say about this series; `cautions` hold for the method as well. `folder` is where its
    files lie, relative to the batch's folder ("" without any), `files` how many there are (0 where
    that was not kept), and `number` their Series Number. `elapsed_s` is the time that it took; 0
    where it was found finished. `software` is the version of Diptych, `place` the machine and
    process that did it, `time` aware UTC.
    """

    unit: str
    state: Settled
    name: str
    series_uid: str
    study: str = ""
    words: str = ""
    warnings: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    folder: str = ""
    files: int = 0
    number: int | None = None
    slices: int = 0
    elapsed_s: float = 0.0
    software: str = ""
    place: str = ""
    time: str = ""


class BatchRecord:
    """What a batch has settled so far, in memory and on disk.

    `outcomes` has the latest outcome of each unit; `damaged` counts lines that make no sense, such
    as one that broke off with the power: their series are done again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FOLDER / _RECORD
        self.outcomes: dict[str, Outcome] = {}
        self.damaged = 0
        self._is_open_ended = False
        self._read()

    def _read(self) -> None:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise UnreadableFile(
                f"The record of the batch cannot be read ({error.strerror}).",
                "Without it nobody knows what is left; nothing was changed.",
                f"See to {self._path}, or name a new folder with --out.",
            ) from error
        self._is_open_ended = bool(content) and not content.endswith(b"\n")
        for line in content.splitlines():
            outcome = _outcome(line)
            if outcome is not None:
                self.outcomes[outcome.unit] = outcome
            elif line.strip():
                self.damaged += 1

    def add(self, outcome: Outcome) -> None:
        """Add an outcome and force it to the disk.

        Raises
        ------
        NotSaved : the disk refuses, in words.
        """
        line = json.dumps(asdict(outcome), ensure_ascii=False).encode() + b"\n"
        start, self._is_open_ended = b"\n" if self._is_open_ended else b"", True
        try:
            with self._path.open("ab") as file:
                file.write(start + line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise NotSaved(
                not_saved("The record of the batch", error).what,
                "The batch ends here; every series that is enhanced is kept.",
                "Once that is mended, repeat the same command: it does only what is missing.",
            ) from error
        self._is_open_ended = False
        self.outcomes[outcome.unit] = outcome

    def has_lost(self, unit: str) -> bool:
        """Return whether files of a unit that was done are not there any more."""
        known = self.outcomes.get(unit)
        if known is None or known.state is not Settled.DONE:
            return False
        return files_in(self._folder / known.folder) < max(1, known.files)

    def set_rest_aside(self, unit: str) -> None:
        """Keep what is left of a unit that lost files under another name, so that it can be redone.

        Raises
        ------
        NotSaved : the disk refuses, in words.
        """
        rest = self._folder / self.outcomes[unit].folder
        try:
            if rest.exists():
                set_aside(rest)
        except OSError as error:
            raise not_saved("The enhanced series", error) from error


def files_in(folder: Path) -> int:
    """Return how many images an enhanced series has, 0 without its folder."""
    return sum(1 for _ in folder.glob("*.dcm"))


def _outcome(line: bytes) -> Outcome | None:
    """Return the outcome in a line, None where the line is damaged; unknown keys are left out."""
    try:
        content: dict[str, Any] = json.loads(line)
        known = {part.name: content[part.name] for part in fields(Outcome) if part.name in content}
        known["state"] = Settled(known["state"])
        known |= {name: tuple(known.get(name, ())) for name in ("warnings", "cautions")}
        return Outcome(**known)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def is_batch(folder: Path) -> bool:
    """Return whether a folder is one that a batch writes to.

    Raises
    ------
    NotSaved : one may not look there, or the name is none.
    """
    try:
        return (folder / FOLDER).is_dir()
    except OSError as error:
        raise not_saved("The enhanced series", error) from error


@contextmanager
def batch_folder(folder: Path) -> Iterator[Path]:
    """Hold a folder for one batch while the block runs; gives the batch's own folder inside it.

    Raises
    ------
    WrongUsage : it is a file, holds something else, or another batch is writing into it.
    NotSaved : the disk refuses.
    """
    own = folder / FOLDER
    with ExitStack() as held:
        try:
            _refuse_other_content(folder)
            own.mkdir(parents=True, exist_ok=True)
            is_ours = held.enter_context(held_alone(own / _LOCK))
            if is_ours:
                (own / _HOLDER).write_text(
                    f"{here()}, since {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
                )
        except OSError as error:
            raise not_saved("The record of the batch", error) from error
        if not is_ours:
            raise WrongUsage(
                f"Another batch is writing into {folder} ({_holder(own)}).",
                "Two at once would do the same work twice.",
                "Wait until it has ended, or name another folder with --out.",
            )
        yield own


def _refuse_other_content(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise WrongUsage(f"{folder} is a file.", "", "Name a new folder with --out.")
    if folder.is_dir() and any(folder.iterdir()) and not is_batch(folder):
        raise WrongUsage(
            f"The folder {folder} is not empty.",
            "A batch goes on only in a folder of its own.",
            "Name a new one with --out.",
        )


def _holder(own: Path) -> str:
    try:
        return (own / _HOLDER).read_text()
    except OSError:  # it has only just begun
        return "just begun"


def here() -> str:
    """Return the machine and process that this is."""
    return f"{socket.gethostname()}, process {os.getpid()}"
