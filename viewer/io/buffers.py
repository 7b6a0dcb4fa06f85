"""Memory for the pixels of a series, private or shared with the decoding processes."""

import mmap
import os
import sys
import tempfile
from pathlib import Path
from types import TracebackType

import numpy as np

from viewer.core.arrays import AnyArray
from viewer.core.errors import OutOfMemory


class Block:
    """Writable zeroed memory with the shape of a series.

    `path` opens the same memory in another process ("" when it is private). The memory lives as
    long as an array looks at it; `close` only withdraws the path, so nothing is left behind,
    whatever happens to the process.
    """

    def __init__(self, shape: tuple[int, ...], dtype: str, *, is_shared: bool = False) -> None:
        """Take the memory; untouched pages cost nothing.

        Raises
        ------
        OutOfMemory : the machine does not have that much.
        """
        self.path = ""
        self._file = -1
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        check_memory(size)
        try:
            if is_shared and size:
                self.values: AnyArray = self._shared(size).view(dtype).reshape(shape)
            else:
                self.values = np.zeros(shape, dtype=dtype)
        except (MemoryError, OSError) as error:
            self.close()
            raise _too_large(size) from error

    def _shared(self, size: int) -> AnyArray:
        """Map nameless memory (Linux), or a temporary file where there is none."""
        if sys.platform == "linux":
            self._file = os.memfd_create("diptych-pixels", os.MFD_CLOEXEC)
            self.path = f"/proc/{os.getpid()}/fd/{self._file}"
        else:
            self._file, self.path = tempfile.mkstemp(prefix="diptych-", suffix=".pixels")
        os.ftruncate(self._file, size)
        return np.frombuffer(mmap.mmap(self._file, size), dtype=np.uint8)

    def close(self) -> None:
        """Withdraw the path; the arrays stay valid."""
        if self._file < 0:
            return
        os.close(self._file)
        self._file = -1
        if sys.platform != "linux":
            # Windows keeps the file until its last mapping goes; it lies in the temporary folder.
            try:
                Path(self.path).unlink()
            except PermissionError:
                return
        self.path = ""

    def __enter__(self) -> "Block":
        """Use the block for as long as its path is needed."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Withdraw the path."""
        self.close()


def check_memory(size: int) -> None:
    """Refuse an amount of memory, in bytes, that is not free.

    Raises
    ------
    OutOfMemory : more than the machine has available now (known on Linux only).
    """
    free = available_bytes()
    if free is not None and size > free:
        raise _too_large(size)


def available_bytes() -> int | None:
    """Return the memory that can be had without swapping, or None where it is not known."""
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        return None
    return None


def _too_large(size: int) -> OutOfMemory:
    return OutOfMemory(
        f"The images need {size / 1e9:.1f} GB of memory, which is not free.",
        "They are not shown.",
        "Close other series or other programs.",
    )
