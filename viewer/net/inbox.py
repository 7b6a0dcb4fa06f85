"""Where received objects land: raw, whole or not at all, under names that no peer chose.

Nothing is decoded here. A file is what the peer sent, byte for byte, behind a header of ours.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from viewer.net import pydicom_first  # noqa: F401

# isort: split

from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID

from viewer.core.errors import NotSaved
from viewer.core.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION

PREAMBLE = bytes(128) + b"DICM"


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
        """Return which of some SOP Instance UIDs are here, with the file of each."""
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
        name = uid_name(arrival.sop_instance_uid)
        content = hashlib.sha256(arrival.transfer_syntax_uid.encode())
        content.update(encoded)
        path = self.folder / f"{name}-{content.hexdigest()[:24]}.dcm"
        if path.exists():
            return Kept(path, is_new=False, is_conflict=False)
        if not self.has_room(len(encoded)):
            raise NotSaved("There is no room for received images.", "", "Free some space.")
        is_conflict = any(self.folder.glob(f"{name}-*.dcm"))
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            with part.open("xb") as file:
                file.write(PREAMBLE)
                file.write(meta_bytes(arrival))
                file.write(encoded)
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise NotSaved(
                f"A received image could not be saved ({error.strerror}).",
                "Nothing that was there before has changed.",
                "Free some space or choose another folder.",
            ) from error
        return Kept(path, is_new=True, is_conflict=is_conflict)


def uid_name(uid: str) -> str:
    """Return what the names of all files of a SOP Instance UID begin with."""
    return hashlib.sha256(uid.encode()).hexdigest()[:32]


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
