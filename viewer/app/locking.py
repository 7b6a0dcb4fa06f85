"""Locking a study: the file becomes a record that readers sit down to, and cannot change."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from viewer.app.preparing_arms import prepare_arms
from viewer.core.errors import WrongUsage
from viewer.io.safely import new_folder
from viewer.io.sealed_images import new_image_key
from viewer.reader.allocation import allocate
from viewer.reader.passphrases import LEAST_LETTERS
from viewer.reader.protocol import Case, Protocol
from viewer.reader.record import create_study
from viewer.reader.record_file import default_second_log
from viewer.reader.sealing import Plan, seal_plan
from viewer.reader.study_file import protocol_id, read_study_file
from viewer.reader.trials import Allocation, Trial

Report = Callable[[float, str], None]
IMAGES = "images"


@dataclass(frozen=True, slots=True)
class LockedStudy:
    """What locking made: the study file, its second log, and what there is to know."""

    path: Path
    second_log: Path
    protocol_id: str
    trials: int
    images: int
    warnings: tuple[str, ...]


def lock_study(
    file: Path,
    passphrase: str,
    report: Report,
    *,
    out: Path | None = None,
    second_log: Path | None = None,
    is_research: bool = False,
) -> LockedStudy:
    """Lock the study of a file into a new folder with `NAME.study` and its sealed images.

    All is made in a folder beside it that is renamed at the end, so what looks locked is locked.
    The second log of a lock that fails is taken away.

    Parameters
    ----------
    passphrase : the owner's; it alone opens the allocation, and nobody can restore it.
    out : the new folder, by default NAME-locked beside the file.
    second_log : the folder of the second log, by default the user's own.

    Raises
    ------
    InvalidProtocol, Blocked, UnreadableFile, NotSaved, WrongUsage : see their words.
    """
    protocol = read_study_file(file)
    if len(passphrase) < LEAST_LETTERS:
        raise WrongUsage(
            f"The owner's passphrase has fewer than {LEAST_LETTERS} letters.",
            "It seals who sees what.",
            "Choose a longer one, and keep it: nobody can restore it.",
        )
    target = out or file.with_name(f"{file.stem}-locked")
    if target.exists():
        raise WrongUsage(f"{target} is there already.", "", "Name a new folder with --out.")
    with ExitStack() as undo:
        with new_folder(target, "The locked study") as part:
            (part / IMAGES).mkdir()
            found = _make(
                protocol, file, part, passphrase, report, second_log, undo, is_research=is_research
            )
        undo.pop_all()
    return replace(found, path=target / found.path.name)


def _make(
    protocol: Protocol,
    file: Path,
    part: Path,
    passphrase: str,
    report: Report,
    second_log: Path | None,
    undo: ExitStack,
    *,
    is_research: bool,
) -> LockedStudy:
    """Make the record in the folder `part`; `undo` takes away the second log, which is outside."""
    key = new_image_key()
    made = prepare_arms(protocol, file.parent, part / IMAGES, key, report, is_research=is_research)
    _same_times(part / IMAGES)
    allocation = allocate(made.protocol)
    name = protocol_id(made.protocol)
    path = part / f"{file.stem}.study"
    log = _free(second_log / f"{file.stem}-{name[:12]}.jsonl" if second_log else None, path, name)
    sealed = seal_plan(Plan(made.protocol, allocation, made.images), passphrase)
    trials = as_shown(allocation, made.images)
    undo.callback(log.unlink, missing_ok=True)
    create_study(path, as_read(made.protocol), trials, sealed, key, name, log)
    return LockedStudy(path, log, name, len(trials), len(made.images), made.warnings)


def _free(wanted: Path | None, study: Path, protocol_id: str) -> Path:
    """Return a place for the second log where nothing is yet: logs are never written over."""
    log = wanted or default_second_log(study, protocol_id)
    others = (log.with_name(f"{log.stem}-{number}{log.suffix}") for number in count(2))
    return log if not log.exists() else next(other for other in others if not other.exists())


def _same_times(folder: Path) -> None:
    """Give every image the same time, so that the order in which they were made is not told."""
    now = folder.stat().st_mtime_ns
    for image in folder.iterdir():
        os.utime(image, ns=(now, now))


def as_shown(allocation: Allocation, images: Sequence[tuple[str, str, str]]) -> tuple[Trial, ...]:
    """Return the trials with the tokens of images in place of the codes of arms.

    `images` are (token, case, arm).
    """
    tokens = {(case, arm): token for token, case, arm in images}
    return tuple(
        replace(
            trial,
            shown=tuple(tokens[trial.case, arm] for arm in trial.shown),
            sequence="",
        )
        for trial in allocation.trials
    )


def as_read(protocol: Protocol) -> Protocol:
    """Return a protocol as a session may know it: no arms, no seed, no truth but in training."""
    hidden = "sha256:" + protocol_id(protocol)
    return replace(
        protocol,
        arms=(),
        cases=tuple(_as_read(case) for case in protocol.cases),
        randomisation=replace(protocol.randomisation, seed=hidden),
        analysis=replace(protocol.analysis, endpoints=()),
    )


def _as_read(case: Case) -> Case:
    if case.is_training:
        return replace(case, path="", series="")
    return replace(case, path="", series="", truth="", lesions=(), strata=())
