"""One writer per study file on a machine: a lock that ends with the process, however it ends."""

import os
import sys
from pathlib import Path

from viewer.core.errors import IllegalTransition, NotSaved

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class OneWriter:
    """The right to write a study file, held until `close`."""

    def __init__(self, study: Path) -> None:
        """Take the lock beside the study file.

        Raises
        ------
        IllegalTransition : another window of this machine has the study open.
        NotSaved : the folder cannot be written.
        """
        path = study.with_name(study.name + ".lock")
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        except OSError as error:
            raise NotSaved(
                f"The folder of {study.name} cannot be written ({error.strerror}).",
                "A study that cannot be written cannot be read in, as no answer would be stored.",
                "Allow writing there, or move the study to a folder of your own.",
            ) from error
        try:
            _take(self._file)
        except OSError as error:
            os.close(self._file)
            raise IllegalTransition(
                f"{study.name} is open in another window.",
                "Two windows on one study would mix their readers, so this one does not open it.",
                "Close the other window, or sign in there.",
            ) from error

    def close(self) -> None:
        """Give the lock back."""
        os.close(self._file)
