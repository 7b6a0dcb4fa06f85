"""Writing so that a reader finds either the old content or the new one, never a part of it."""

import contextlib
import errno
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from viewer.core.errors import NotSaved

NOTHING_CHANGED = "Nothing that was there before has changed."
ABANDONED_AFTER_S = 60.0
"""Unfinished content that nobody holds is left alone for this long, whoever it may belong to."""

_REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space or choose another folder."),
    errno.EDQUOT: ("your share of the disk is full", "Free some space or choose another folder."),
    errno.EROFS: ("the disk is read-only", "Choose another folder."),
    errno.EACCES: ("you may not write there", "Choose another folder or ask for the right."),
    errno.EPERM: ("you may not write there", "Choose another folder or ask for the right."),
    errno.ENOENT: ("the folder is not there any more", "Choose another folder."),
    errno.ENOTDIR: ("a file stands where a folder is needed", "Choose another folder."),
    errno.EISDIR: ("a folder stands where a file is needed", "Choose another folder."),
    errno.ENOTEMPTY: ("the folder is not empty any more", "Choose another folder."),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter name."),
    errno.EIO: ("the disk reports an error", "Check the disk or the network connection."),
    errno.ESTALE: ("the network folder has gone away", "Check the network connection."),
}


def not_saved(what: str, error: OSError) -> NotSaved:
    """Return the error that says in words why `what` ("The settings") could not be written."""
    usual = f"the system refused ({error.strerror or type(error).__name__})"
    reason, do = _REASONS.get(error.errno or 0, (usual, "Choose another folder."))
    return NotSaved(f"{what} could not be saved: {reason}.", NOTHING_CHANGED, do)


def private_folder(folder: Path) -> None:
    """Make a folder that only its owner can look into, unless it is there already.

    What the program keeps names patients; the folder that holds it may lie on a shared machine.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a new file and force it to the disk; an existing file is an error (FileExistsError)."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o666)  # never executable
    try:
        _write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def append_line(path: Path, line: bytes) -> None:
    """Append a line (without its end) to a file that is made if needed: whole, or not at all.

    A line that a crash broke off is closed first, so that it spoils no other. To be called while
    the file is `locked`.

    Raises
    ------
    OSError : the disk refuses; what was written of the line is taken back.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        end = os.lseek(descriptor, 0, os.SEEK_END)
        os.lseek(descriptor, max(0, end - 1), os.SEEK_SET)
        start = b"\n" if end and os.read(descriptor, 1) != b"\n" else b""
        try:
            _write_all(descriptor, start + line + b"\n")
            os.fsync(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    """Write everything: the system may take less at a time than it is given."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file by new content in one step, or leave it as it was and raise OSError.

    The content goes to a temporary file beside it, is forced to the disk and renamed; then the
    folder is forced to the disk, so that the new name survives a power cut too.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    remove_abandoned(path)
    temporary.unlink(missing_ok=True)
    try:
        write_bytes(temporary, content)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Force a folder's list of names to the disk, where the system offers that (not Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems refuse this
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def set_aside(path: Path) -> Path:
    """Rename a damaged file or folder so that it is kept and not read again; return its place."""
    for number in range(1, 1000):
        aside = path.with_name(f"{path.name}.damaged-{number}")
        if not aside.exists():
            path.rename(aside)
            return aside
    raise FileExistsError(errno.EEXIST, "too many damaged files are kept already", str(path))


def remove_unfinished(root: Path, older_than_s: float = ABANDONED_AFTER_S) -> None:
    """Remove unfinished folders of killed writers anywhere below `root`, see `new_folder`.

    Only hidden names that this module makes, untouched for `older_than_s`, and held by no living
    process.
    """
    for one in list(root.rglob(".*.part")):
        with contextlib.suppress(OSError):
            if one.is_dir() and not one.is_symlink() and _is_abandoned(one, older_than_s):
                shutil.rmtree(one, ignore_errors=True)


def remove_abandoned(place: Path) -> None:
    """Remove what a killed write towards `place` left beside it.

    Only hidden names that this module makes for this very place, untouched for a minute, and held
    by no living process. What cannot be removed stays; it is in nobody's way.
    """
    ours = re.compile(rf"\.{re.escape(place.name)}\.([a-z0-9_]{{8}}|[0-9]+)\.part")
    try:
        found = [one for one in place.parent.iterdir() if ours.fullmatch(one.name)]
    except OSError:
        return
    for one in found:
        with contextlib.suppress(OSError):
            if not _is_abandoned(one):
                continue
            if one.is_dir() and not one.is_symlink():
                shutil.rmtree(one, ignore_errors=True)
            else:
                one.unlink()


def _is_abandoned(unfinished: Path, older_than_s: float = ABANDONED_AFTER_S) -> bool:
    if time.time() - unfinished.lstat().st_mtime < older_than_s:
        return False
    if sys.platform == "win32" or not unfinished.is_dir():
        return True  # a file is renamed the moment it is written
    import fcntl

    descriptor = os.open(unfinished, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises while its writer lives
    finally:
        os.close(descriptor)
    return True


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder while it is being filled, so that nobody takes it for abandoned."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file (``<name>.lock`` beside it) while the block runs.

    Other processes wait for it. The system frees it when a process dies; where locks are not
    offered (some network folders) the block runs without.
    """
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with contextlib.suppress(OSError):
            _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def held_alone(path: Path) -> Iterator[bool]:
    """Hold a lock file while the block runs; gives False at once where another process has it.

    The system frees it when its process dies; where locks are not offered (some network folders)
    the answer is True.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield not _is_taken(descriptor)
    finally:
        os.close(descriptor)


def _is_taken(descriptor: int) -> bool:
    try:
        _lock(descriptor, is_waiting=False)
    except OSError as error:
        return error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
    return False


def _lock(descriptor: int, *, is_waiting: bool = True) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_LOCK if is_waiting else msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if is_waiting else fcntl.LOCK_NB))


@contextlib.contextmanager
def new_folder(folder: Path, what: str) -> Iterator[Path]:
    """Give a temporary folder beside `folder` that becomes `folder` when the block succeeds.

    On any error, and when the work is cancelled, the temporary folder is removed and `folder` does
    not come into being. `what` names the content in words ("The enhanced series").

    Raises
    ------
    NotSaved : `folder` exists with something in it, or the disk refuses; in words.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise NotSaved(
            f"{what} could not be saved: {folder.name} is there already and is not a folder.",
            NOTHING_CHANGED,
            "Choose another name.",
        )
    try:
        if folder.exists() and any(folder.iterdir()):
            raise NotSaved(
                f"{what} could not be saved: the folder {folder.name} is not empty.",
                NOTHING_CHANGED,
                "Choose another folder.",
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(folder)
        temporary = Path(
            tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent)
        )
    except OSError as error:
        raise not_saved(what, error) from error
    try:
        with _held(temporary):
            yield temporary
            _become(temporary, folder)
    except OSError as error:
        raise not_saved(what, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _become(temporary: Path, folder: Path) -> None:
    """Rename the finished temporary folder; an empty folder of that name gives way."""
    mask = os.umask(0)
    os.umask(mask)
    temporary.chmod(0o777 & ~mask)  # temporary folders are private; the final one is as usual
    sync_folder(temporary)
    if folder.exists():
        folder.rmdir()
    temporary.rename(folder)
    sync_folder(folder.parent)
