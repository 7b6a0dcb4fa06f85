"""Where received objects land: raw, whole or not at all, under names that no peer chose.

Nothing is decoded here. A file is what the peer sent, byte for byte, behind a header of ours.
"""

import errno
import hashlib
import os
import re
import secrets
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from viewer.core.errors import NotSaved
from viewer.core.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION

PREAMBLE = bytes(128) + b"DICM"

_NO_ROOM, _FREE_SPACE = "There is no room for received images.", "Free some space."
MOST_COPIES = 100
"""Different objects that are kept under one SOP Instance UID."""
_STEP = 1 << 20
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EACCES)
"""How a file system says that it has no hard links."""
_LOOK_EVERY = 64 << 20
"""Bytes of one object after which the free space is looked at again."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is said about an object that arrives, before anybody looks into it."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    calling_title: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where an object was kept; not `is_new` where the very same bytes had come before.

    `is_conflict` marks an object whose SOP Instance UID came before with other bytes: both are
    kept.
    """

    path: Path
    is_new: bool
    is_conflict: bool


class Inbox:
    """A folder that objects are written into; several processes may use it at once."""

    def __init__(self, folder: Path, least_free: int = 1 << 30) -> None:
        """Use a folder, made where it is missing; refuse objects below `least_free` bytes left."""
        self.folder, self.least_free = folder, least_free
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def has_room(self, size: int = 0) -> bool:
        """Tell whether the disk takes an object of a size and keeps enough free."""
        found = os.statvfs(self.folder) if hasattr(os, "statvfs") else None
        return found is None or found.f_bavail * found.f_frsize >= self.least_free + size

    def held(self, uids: Iterable[str]) -> dict[str, str]:
        """Return which of some SOP Instance UIDs are here, with the first file of each."""
        there: dict[str, str] = {}
        for path in sorted(self.folder.glob("*.dcm")):
            there.setdefault(path.name.partition("-")[0], str(path))
        hashed = ((uid, uid_name(uid)) for uid in uids)
        return {uid: there[name] for uid, name in hashed if name in there}

    def keep(self, arrival: Arrival, encoded: bytes | memoryview) -> Kept:
        """Write an object as it was sent, and return where.

        Parameters
        ----------
        encoded : the data set in the transfer syntax of the arrival, without file meta.

        Raises
        ------
        NotSaved : the disk is full or refuses; nothing of the object is left.
        """
        if not self.has_room(len(encoded)):
            raise NotSaved(_NO_ROOM, "", _FREE_SPACE)
        with Incoming(self, arrival) as incoming:
            incoming.write(encoded)
            return incoming.finish()

    def sweep(self, process: int) -> None:
        """Remove what a process of this id left unfinished when it died."""
        for part in self.folder.glob(f"*.{process}-*.part"):
            part.unlink(missing_ok=True)


class Incoming:
    """An object that is being written into an inbox piece by piece; used as a context.

    What is not finished within the context is removed again.
    """

    def __init__(self, inbox: Inbox, arrival: Arrival) -> None:
        """Begin to write an object.

        Raises
        ------
        NotSaved : the disk is full or refuses.
        """
        self._inbox, self.size, self._is_over = inbox, 0, False
        self._name = uid_name(arrival.sop_instance_uid)
        self._looked_at = 0
        self._look()
        own = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._part = inbox.folder / f"{self._name}.{own}.part"
        try:
            self._file = self._part.open("xb", buffering=0)
            self._put(PREAMBLE + meta_bytes(arrival))
        except OSError as error:
            self.drop()
            raise _not_saved(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.drop()

    def write(self, piece: bytes | memoryview) -> None:
        """Write the next bytes of the data set.

        Raises
        ------
        NotSaved : the disk is full or refuses; nothing of the object is left.
        """
        self.size += len(piece)
        try:
            self._put(piece)
            if self.size - self._looked_at > _LOOK_EVERY:
                self._look()
        except OSError as error:
            self.drop()
            raise _not_saved(error) from error
        except NotSaved:
            self.drop()
            raise

    def finish(self) -> Kept:
        """Give the object its name, and return where it is kept.

        Raises
        ------
        NotSaved : the disk is full or refuses; nothing of the object is left.
        """
        try:
            self._file.close()
            for copy in range(MOST_COPIES):
                path = self._inbox.folder / f"{self._name}-{copy}.dcm"
                if _is_named(self._part, path):
                    self._is_over = True
                    return Kept(path, is_new=True, is_conflict=copy > 0)
                if _is_same(self._part, path, self.size):
                    return Kept(path, is_new=False, is_conflict=False)
        except OSError as error:
            raise _not_saved(error) from error
        finally:
            self.drop()
        raise NotSaved("Too many different images came under one and the same UID.")

    def drop(self) -> None:
        """Remove what is not finished."""
        if not self._is_over:
            self._is_over = True
            if hasattr(self, "_file"):
                self._file.close()
            self._part.unlink(missing_ok=True)

    def _put(self, piece: bytes | memoryview) -> None:
        left = memoryview(piece)
        while left:
            left = left[self._file.write(left) :]

    def _look(self) -> None:
        self._looked_at = self.size
        if not self._inbox.has_room():
            raise NotSaved(_NO_ROOM, "", _FREE_SPACE)


def uid_name(uid: str) -> str:
    """Return what the names of all files of a SOP Instance UID begin with."""
    return hashlib.sha256(uid.encode()).hexdigest()[:32]


def _not_saved(error: OSError) -> NotSaved:
    return NotSaved(
        f"A received image could not be saved ({error.strerror}).",
        "Nothing that was there before has changed.",
        "Free some space or choose another folder.",
    )


def _is_named(part: Path, path: Path) -> bool:
    """Give a file its name unless another has it: of several processes, one gets it."""
    try:
        if os.name == "nt":
            part.rename(path)
        else:
            path.hardlink_to(part)
            part.unlink()
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if path.exists():
            return False
        part.replace(path)
    return True


def _is_same(part: Path, path: Path, size: int) -> bool:
    """Tell whether two files that we wrote hold the same data set in the same syntax."""
    with part.open("rb") as mine, path.open("rb") as other:
        if _syntax_of(mine) != _syntax_of(other):
            return False
        if os.fstat(other.fileno()).st_size - other.tell() != size:
            return False
        while piece := mine.read(_STEP):
            if other.read(_STEP) != piece:
                return False
    return True


def _syntax_of(file: BinaryIO) -> bytes:
    """Read past the file meta information that we wrote, and return its transfer syntax."""
    start = file.read(len(PREAMBLE) + 12)
    meta = file.read(int.from_bytes(start[-4:], "little"))
    return meta.partition(b"\2\0\x10\0UI")[2].partition(b"\2\0\x12\0UI")[0]


def meta_bytes(arrival: Arrival) -> bytes:
    """Return the file meta information of an arrival (PS3.10 7.1), group length first."""
    body = b"\2\0\1\0OB\0\0\2\0\0\0\0\1" + b"".join(
        _element(number, kind, value)
        for number, kind, value in (
            (0x02, b"UI", arrival.sop_class_uid),
            (0x03, b"UI", arrival.sop_instance_uid),
            (0x10, b"UI", arrival.transfer_syntax_uid),
            (0x12, b"UI", IMPLEMENTATION_CLASS_UID),
            (0x13, b"SH", IMPLEMENTATION_VERSION),
            (0x16, b"AE", arrival.calling_title.strip()[:16]),
        )
        if value
    )
    return struct.pack("<HH2sHL", 2, 0, b"UL", 4, len(body)) + body


def _element(number: int, kind: bytes, value: str) -> bytes:
    encoded = value.encode("ascii", "replace")
    encoded += (b"\0" if kind == b"UI" else b" ") * (len(encoded) % 2)
    return struct.pack("<HH2sH", 2, number, kind, len(encoded)) + encoded


def is_uid(text: str) -> bool:
    """Tell whether a text can be a UID on the wire; leading zeros are let pass (PS3.5 9.1)."""
    return bool(re.fullmatch(r"[0-9.]{1,64}", text))
