"""Where members of archives lie while the program runs; nothing of them stays behind."""

import os
import shutil
import sys
import time
from pathlib import Path

_NAME = "unpacked"
_LONGEST_SESSION_S = 2 * 24 * 3600.0


def unpack_folder(home: Path) -> Path:
    """Return this process's own folder for members of archives (not created)."""
    return home / _NAME / str(os.getpid())


def remove_unpacked(home: Path) -> None:
    """Remove what this process has unpacked, and what ended processes have left behind."""
    for folder in (home / _NAME).glob("*"):
        if folder.name == str(os.getpid()) or not _is_in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_in_use(folder: Path) -> bool:
    """True while the process that a folder is named after may be running."""
    if not folder.name.isdigit():
        return False
    if sys.platform == "win32":  # signal 0 means something else there
        return time.time() - folder.stat().st_mtime < _LONGEST_SESSION_S
    try:
        os.kill(int(folder.name), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
