"""Where received objects land: raw, whole or not at all, under names that no peer chose.

Nothing is decoded here. A file is what the peer sent, byte for byte, behind a header of ours.
"""

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from viewer.net import pydicom_first  # noqa: F401

# isort: split

from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID

from viewer.core.errors import NotSaved
from viewer.core.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION

PREAMBLE = bytes(128) + b"DICM"

_NO_ROOM, _FREE_SPACE = "There is no room for received images.", "Free some space."
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
        self._inbox, self.size = inbox, 0
        self._name = hashlib.sha256(arrival.sop_instance_uid.encode()).hexdigest()[:32]
        self._content = hashlib.sha256(arrival.transfer_syntax_uid.encode())
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
        self._content.update(piece)
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
        path = self._inbox.folder / f"{self._name}-{self._content.hexdigest()[:24]}.dcm"
        try:
            self._file.close()
            is_new = not path.exists()
            if is_new:
                self._part.replace(path)
            # Looked for only once ours has its name: of two writers at once, one sees the other.
            others = self._inbox.folder.iterdir() if is_new else ()
            names = [other.name for other in others]
        except OSError as error:
            self.drop()
            raise _not_saved(error) from error
        is_conflict = any(
            name != path.name and name.startswith(f"{self._name}-") and name.endswith(".dcm")
            for name in names
        )
        self.drop()
        return Kept(path, is_new, is_conflict)

    def drop(self) -> None:
        """Remove what is not finished."""
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


def _not_saved(error: OSError) -> NotSaved:
    return NotSaved(
        f"A received image could not be saved ({error.strerror}).",
        "Nothing that was there before has changed.",
        "Free some space or choose another folder.",
    )


def meta_bytes(arrival: Arrival) -> bytes:
    """Return the file meta information of an arrival (PS3.10 7.1), group length first."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(arrival.sop_class_uid)
    meta.MediaStorageSOPInstanceUID = UID(arrival.sop_instance_uid)
    meta.TransferSyntaxUID = UID(arrival.transfer_syntax_uid)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION
    if arrival.calling_title.strip():
        meta.SourceApplicationEntityTitle = arrival.calling_title.strip()[:16]
    written = DicomBytesIO()
    write_file_meta_info(written, meta, enforce_standard=True)
    return written.getvalue()


def is_uid(text: str) -> bool:
    """Tell whether a text can be a UID on the wire; leading zeros are let pass (PS3.5 9.1)."""
    return bool(re.fullmatch(r"[0-9.]{1,64}", text))
