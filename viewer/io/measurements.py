"""Measurements on disk: one JSON file per study, apart from the index, written atomically.

The folder holds for each study ``<hash>.json`` and its backup ``<hash>.json.bak`` (the version
before). Every write has a stamp, by which a second window's writes are noticed and merged.
"""

import contextlib
import hashlib
import json
import os
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from viewer.core.arrays import Point
from viewer.core.errors import DamagedStore
from viewer.core.measurement import POINT_COUNT, Measurement, MeasurementKind, Revision
from viewer.io.safely import locked, not_saved, private_folder, replace_file, set_aside

FORMAT = 1
WHAT = "The measurements"

StudyKey = tuple[str, str, str]
Tell = Callable[[str, str], None]
"""Told in words what happened and what it means."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a file holds: the measurements, their revision number and the stamp of the write."""

    measurements: tuple[Measurement, ...] = ()
    number: int = 0
    stamp: str = ""


def _quiet(_what: str, _means: str) -> None:
    """Tell nobody."""


class MeasurementStore:
    """The measurements of all studies in one folder; each window has its own store.

    Parameters
    ----------
    folder : made when first needed.
    tell : told about damaged files and about changes that came from another window.
    """

    def __init__(self, folder: Path, tell: Tell = _quiet) -> None:
        self._folder = folder
        self._tell = tell
        self._seen: dict[StudyKey, Stored] = {}

    def path(self, study: StudyKey) -> Path:
        """Return the file of a study; its name says nothing about the patient."""
        name = hashlib.sha256("\0".join(study).encode()).hexdigest()[:32]
        return self._folder / f"{name}.json"

    def load(self, study: StudyKey) -> Revision:
        """Return the measurements kept for a study, an empty revision where there are none.

        A damaged file is set aside and its backup used; `tell` says so.

        Raises
        ------
        DamagedStore : the file cannot be read, or a later version of Diptych wrote it; it stays.
        """
        stored = self._read(study) or Stored()
        self._seen[study] = stored
        return Revision(stored.measurements, stored.number)

    def save(self, study: StudyKey, revision: Revision) -> Revision:
        """Write a revision and return what is kept now.

        That is the same revision, or, where another window has written since this store looked
        last, one in which both windows' changes are merged by id; `tell` says so.

        Raises
        ------
        NotSaved : the disk refuses; what was on disk is still there.
        DamagedStore : the file on disk cannot be read, or a later version of Diptych wrote it.
        """
        path = self.path(study)
        try:
            private_folder(self._folder)
            with locked(path):
                seen = self._seen.get(study, Stored())
                on_disk, _ = self._read_file(study)  # an older backup is no other window
                kept = self._merged(seen, on_disk, revision)
                stored = Stored(kept.measurements, kept.number, uuid.uuid4().hex)
                _back_up(path)
                replace_file(path, _encoded(study, stored))
        except OSError as error:
            raise not_saved(WHAT, error) from error
        self._seen[study] = stored
        return kept

    def _merged(self, seen: Stored, on_disk: Stored | None, revision: Revision) -> Revision:
        """Return the revision to write: ours, or ours and the other window's together."""
        if on_disk is None or on_disk.stamp == seen.stamp:
            return revision
        both, clashes = merge(seen.measurements, revision.measurements, on_disk.measurements)
        lost = (
            f" {clashes} were changed in both; this window's version was kept." if clashes else ""
        )
        self._tell(
            "Another window has changed the measurements of this study.",
            f"Both windows' measurements were put together.{lost}",
        )
        number = max(revision.number, on_disk.number) + 1
        return Revision(both, number, revision.past, revision.future)

    def _read(self, study: StudyKey) -> Stored | None:
        """Return what is on disk, from the backup where the file is damaged; None: nothing."""
        path = self.path(study)
        stored, aside = self._read_file(study)
        if stored is None and (aside or backup_of(path).exists()):
            return self._read_backup(study, aside)
        return stored

    def _read_file(self, study: StudyKey) -> tuple[Stored | None, str]:
        """Return what the file holds, or None and where it was set aside ("" when missing)."""
        path = self.path(study)
        try:
            return _decoded(study, path.read_bytes()), ""
        except FileNotFoundError:
            return None, ""
        except ValueError:
            aside = path.name
            with contextlib.suppress(OSError):
                aside = set_aside(path).name
            return None, aside
        except OSError as error:
            raise DamagedStore(
                f"The measurements of this study could not be read: {error.strerror}.",
                "They are left as they are.",
            ) from error

    def _read_backup(self, study: StudyKey, aside: str) -> Stored | None:
        where = f" The damaged file is kept as {aside}." if aside else ""
        what = "The file with this study's measurements is damaged or missing."
        try:
            stored = _decoded(study, backup_of(self.path(study)).read_bytes())
        except (OSError, ValueError):
            self._tell(what, f"There is no usable backup: the list starts empty.{where}")
            return None
        self._tell(what, f"The version before the last change was restored.{where}")
        return stored


def backup_of(path: Path) -> Path:
    """Return the backup's place beside a file."""
    return path.with_name(f"{path.name}.bak")


def _back_up(path: Path) -> None:
    """Keep the version that is about to be replaced; a broken-off copy never stands for it."""
    if not path.exists():
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.bak.part")
    temporary.unlink(missing_ok=True)
    try:
        try:
            os.link(path, temporary)
        except OSError:  # a file system without hard links
            replace_file(temporary, path.read_bytes())
        temporary.replace(backup_of(path))
    finally:
        # where both names were one file already, replacing does nothing and leaves the name
        temporary.unlink(missing_ok=True)


# ------------------------------------------------------------------ merging


def merge(
    base: tuple[Measurement, ...], mine: tuple[Measurement, ...], theirs: tuple[Measurement, ...]
) -> tuple[tuple[Measurement, ...], int]:
    """Merge two windows' measurements that started from `base`, by id.

    What only one side changed, added or removed is taken from it; what both changed differently is
    taken from `mine` and counted. A change wins over a removal. Returns the measurements in my
    order, theirs after them, and the count.
    """
    old, here, there = ({m.id: m for m in side} for side in (base, mine, theirs))
    kept: list[Measurement] = []
    clashes = 0
    for name in dict.fromkeys([*here, *there]):
        before, own, other = old.get(name), here.get(name), there.get(name)
        if own == other:
            chosen = own
        elif own == before:
            chosen = other
        elif other == before:
            chosen = own
        else:
            chosen = own or other
            clashes += own is not None and other is not None
        if chosen is not None:
            kept.append(chosen)
    return tuple(kept), clashes


# ------------------------------------------------------------------ JSON


def _encoded(study: StudyKey, stored: Stored) -> bytes:
    content = {
        "format": FORMAT,
        "study": study[0],
        "revision": stored.number,
        "stamp": stored.stamp,
        "measurements": [
            {**asdict(measurement), "kind": measurement.kind.value}
            for measurement in stored.measurements
        ],
    }
    return json.dumps(content, indent=1).encode() + b"\n"


def _decoded(study: StudyKey, content: bytes) -> Stored:
    """Return what a file holds; ValueError where it is damaged or of another study."""
    try:
        data = json.loads(content)
        version = data["format"]
        if isinstance(version, int) and version > FORMAT:
            raise DamagedStore(
                "The measurements of this study were saved by a later version of Diptych.",
                "They cannot be shown here and are left as they are.",
                "Update Diptych to see them.",
            )
        if version != FORMAT or data["study"] != study[0]:
            raise ValueError("not the measurements of this study")
        found = tuple(_measurement(entry) for entry in data["measurements"])
        return Stored(found, int(data["revision"]), str(data["stamp"]))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("damaged") from error


_TEXTS = ("id", "layer", "text", "unit", "sop_instance_uid")


def _measurement(entry: dict[str, Any]) -> Measurement:
    known = {part.name for part in fields(Measurement)}
    kind = MeasurementKind(entry["kind"])
    points = tuple(_point(one) for one in entry["points_mm"])
    if len(points) != POINT_COUNT[kind] or not known <= entry.keys():
        raise ValueError("a measurement is incomplete")
    series, index = entry["part"]
    return Measurement(
        kind=kind,
        part=(str(series), int(index)),
        points_mm=points,
        right=_point(entry["right"]),
        down=_point(entry["down"]),
        frame=int(entry["frame"]),
        **{name: str(entry[name]) for name in _TEXTS},
    )


def _point(value: Any) -> Point:
    x, y, z = (float(one) for one in value)
    return (x, y, z)
