"""What a study's owner and coordinator do with its file; nothing here shows an answer."""

import tempfile
import zipfile
from dataclasses import asdict
from pathlib import Path

from viewer.app import coordinating
from viewer.app.coordinating import DONE, FAILED, Told
from viewer.core.errors import WrongUsage
from viewer.reader.merging import merge
from viewer.reader.packages import read_package
from viewer.reader.postgres_store import share as share_study
from viewer.reader.progress import ReaderProgress, progress_of
from viewer.reader.record import open_study
from viewer.reader.trials import SessionState
from viewer.reader.verify import LIMIT, restore, standing_of, verify


def status(path: Path) -> Told:
    """Say how far each reader is; works while a window has the study open."""
    standing = standing_of(path)
    readers = progress_of(standing)
    protocol = standing.locked.protocol
    facts = {
        "title": protocol.study.title,
        "state": standing.state.value,
        "protocol_id": standing.locked.protocol_id,
        "readers": [asdict(one) | {"state": one.state.value} for one in readers],
    }
    lines = [
        f"{protocol.study.title}: {standing.state.value}, protocol "
        f"{standing.locked.protocol_id[:12]}",
        *map(_reader_line, readers),
    ]
    return Told(facts, tuple(lines))


def _reader_line(one: ReaderProgress) -> str:
    words = [f"{one.done} of {one.total} trials", one.state.value]
    if one.state is SessionState.INVITED and not one.has_passphrase:
        words[1] = "no passphrase yet"
    if one.interruptions:
        words.append(_count(one.interruptions, "interruption"))
    if one.missing:
        words.append(f"{len(one.missing)} skipped or void")
    if one.flagged:
        words.append(f"{len(one.flagged)} flagged")
    return f"  {one.reader} ({one.name}): {', '.join(words)}"


def check(path: Path, second_log: Path | None = None) -> Told:
    """Say whether the record is what was written, and where it is not."""
    found = verify(path, second_log)
    facts = asdict(found) | {"is_intact": found.is_intact}
    if found.is_intact:
        lines = [f"Intact: {found.events} events, {found.logged} in the second log."]
    else:
        lines = ["Not intact.", *found.problems]
    lines += [*found.notes, f"Head: {found.head}"]
    lines += [f"Signed by {reader}: {head}" for reader, head in found.signatures]
    return Told(facts, (*lines, LIMIT), DONE if found.is_intact else FAILED)


def open_for_reading(path: Path, who: str) -> Told:
    """Let readers begin."""
    with open_study(path) as study:
        return coordinating.open_for_reading(study, who)


def close_reading(path: Path, who: str, why: str) -> Told:
    """End reading for good, and say who has not signed."""
    with open_study(path) as study:
        return coordinating.close_reading(study, who, why)


def set_passphrase(path: Path, reader: str, passphrase: str, who: str) -> Told:
    """Give a reader a passphrase."""
    with open_study(path) as study:
        return coordinating.set_passphrase(study, reader, passphrase, who)


def unblind(path: Path, passphrase: str, who: str, why: str) -> Told:
    """Open the sealed allocation of a closed study, and write down who did it, when and why."""
    with open_study(path) as study:
        return coordinating.unblind(study, passphrase, who, why)


def archive(path: Path, who: str) -> Told:
    """End an unblinded study."""
    with open_study(path) as study:
        return coordinating.archive(study, who)


def pack(path: Path, out: Path, who: str) -> Told:
    """Write a package with everything for a site, or back from one."""
    with open_study(path) as study:
        return coordinating.pack(study, out, who)


def unpacked(package: Path, folder: Path) -> Path:
    """Unpack a package into a new folder and return its study; errors as `read_package` has."""
    return read_package(package, folder)


def unpack(package: Path, folder: Path) -> Told:
    """Unpack a package for reading."""
    path = unpacked(package, folder)
    return Told({"study": str(path)}, (f"The study is {path}",))


def join(first: Path, second: Path, out: Path) -> Told:
    """Write one study of two copies of it, each a study file or a package."""
    with tempfile.TemporaryDirectory(prefix="diptych-merge-") as scratch:
        one = _study_in(first, Path(scratch) / "1")
        other = _study_in(second, Path(scratch) / "2")
        readers = merge(one, other, out, out.with_suffix(".jsonl"))
    line = f"{', '.join(readers)} came in from {second.name}; the study is {out}"
    return Told({"study": str(out), "readers": list(readers)}, (line,))


def _study_in(path: Path, scratch: Path) -> Path:
    """Return the study file that is meant: the path itself, or the one in a package."""
    if not path.is_file():
        raise WrongUsage(f"There is no file {path}.", "", "Name a study file or a package.")
    if not zipfile.is_zipfile(path):
        return path
    return read_package(path, scratch, scratch.with_suffix(".jsonl"))


def share(path: Path, address: str, out: Path) -> Told:
    """Put a study on a server that several workstations reach; `out` is the file that names it."""
    with open_study(path) as study:
        study.exported(f"shared on a server as {out.name}")
        share_study(study.links, address, out)
    lines = (
        f"The study is on the server; every workstation opens a copy of {out} beside the images.",
        f"Keep {path} as it is, and read in it no more.",
    )
    return Told({"study": str(out)}, lines)


def make_anew(second_log: Path, out: Path) -> Told:
    """Make a study file anew from its second log."""
    count = restore(second_log, out)
    lines = (f"Restored {_count(count, 'event')} into {out}.",)
    return Told({"study": str(out), "events": count}, lines)


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"
