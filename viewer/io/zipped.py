"""Zip archives, nested too, unpacked within limits under names made from hashes."""

import hashlib
import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from viewer.core.study import Skipped

_PORTION = 1 << 20
_TROUBLES = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an archive may hold; what is over is named and left out.

    `ratio` is unpacked to packed size, looked at for members above `free_bytes`.
    """

    members: int = 200_000
    total_bytes: int = 64 << 30
    ratio: int = 200
    free_bytes: int = 16 << 20
    depth: int = 4
    spare_bytes: int = 256 << 20


@dataclass(slots=True)
class Unpacking:
    """One outermost archive while it is unpacked: where to, how deep, and how much so far."""

    folder: Path
    limits: Limits = field(default_factory=Limits)
    depth: int = 1
    total: list[int] = field(default_factory=lambda: [0])

    def inside(self) -> "Unpacking":
        """Return the state for an archive inside this one; the total counts on."""
        return replace(self, depth=self.depth + 1)


@dataclass(frozen=True, slots=True)
class Member:
    """One member on disk; `origin` is "archive.zip/inner/name"."""

    path: Path
    origin: str


def members(path: str, origin: str, unpacking: Unpacking) -> Iterator[Member | Skipped]:
    """Unpack an archive member by member; the caller deletes what it does not keep.

    Absolute names, "..", links and encrypted members are refused, as is what goes over the limits.
    A member that was unpacked before (same archive, time and size) is not unpacked again.
    """
    if unpacking.depth > unpacking.limits.depth:
        words = f"Archives nested deeper than {unpacking.limits.depth} levels are not opened."
        yield Skipped(origin, "unreadable", words)
        return
    try:
        status = os.stat(path)  # noqa: PTH116
        archive = zipfile.ZipFile(path)
    except _TROUBLES as error:
        words = f"The archive is damaged or broken off ({error})."
        yield Skipped(origin, "damaged", words)
        return
    with archive:
        listed = [member for member in archive.infolist() if not member.is_dir()]
        if not listed:
            yield Skipped(origin, "not DICOM", "The archive is empty.")
        if _is_document(archive):
            yield Skipped(origin, "not DICOM", "This is an office document, not DICOM.")
            return
        if len(listed) > unpacking.limits.members:
            yield Skipped(origin, "unreadable", f"The archive has {len(listed)} members, too many.")
            return
        mark = f"{origin}|{status.st_size}|{status.st_mtime_ns}"
        if unpacking.depth > 1:  # the name of an inner archive on disk is a hash of the same
            mark = f"{origin}|{Path(path).name}"
        for number, member in enumerate(listed):
            shown = f"{origin}/{member.filename}"
            name = hashlib.sha256(f"{mark}|{number}|{member.filename}".encode()).hexdigest()[:40]
            yield _unpack(archive, member, unpacking.folder / name[:2] / name, shown, unpacking)


def _is_document(archive: zipfile.ZipFile) -> bool:
    names = {member.filename for member in archive.infolist()[:16]}
    return "[Content_Types].xml" in names or "mimetype" in names


def _unpack(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    target: Path,
    shown: str,
    unpacking: Unpacking,
) -> Member | Skipped:
    refusal = _refusal(member, unpacking)
    if refusal:
        return Skipped(shown, "unreadable", refusal)
    unpacking.total[0] += member.file_size
    if target.is_file() and target.stat().st_size == member.file_size:
        return Member(target, shown)
    part = target.with_suffix(".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(target.parent).free
        if free < member.file_size + unpacking.limits.spare_bytes:
            return Skipped(shown, "unreadable", "There is no room on the disk to unpack this.")
        with archive.open(member) as source, part.open("wb") as sink:
            _copy(source, sink, member.file_size)
        part.replace(target)
    except _TROUBLES as error:
        part.unlink(missing_ok=True)
        return Skipped(shown, "damaged", f"The member could not be unpacked ({error}).")
    return Member(target, shown)


def _copy(source: object, sink: object, size: int) -> None:
    """Copy no more than the stated size, in portions."""
    left = size
    while left > 0:
        portion = source.read(min(_PORTION, left))  # type: ignore[attr-defined]
        if not portion:
            raise EOFError("it is shorter than stated")
        sink.write(portion)  # type: ignore[attr-defined]
        left -= len(portion)


def _refusal(member: zipfile.ZipInfo, unpacking: Unpacking) -> str:
    """Say why a member is not unpacked; "" when it is."""
    limits = unpacking.limits
    parts = PurePosixPath(member.filename.replace("\\", "/")).parts
    if not parts or parts[0].endswith((":", "/")) or ".." in parts:
        return "The member's name leads out of the archive; it was not unpacked."
    if stat.S_ISLNK(member.external_attr >> 16):
        return "The member is a link; it was not followed."
    if member.flag_bits & 0x1:
        return "The member is encrypted; unpack the archive with its password first."
    is_bomb = member.file_size > limits.free_bytes and member.file_size > limits.ratio * max(
        1, member.compress_size
    )
    if is_bomb:
        return f"The member would grow to more than {limits.ratio} times its size; not unpacked."
    if unpacking.total[0] + member.file_size > limits.total_bytes:
        return f"The archive would unpack to more than {limits.total_bytes >> 30} GiB."
    return ""
