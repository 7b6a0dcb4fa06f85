"""A virtual X screen whose pixels can be read: what is timed is what a person would see."""

import mmap
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

SIZE = (1600, 1000)
POLL_S = 0.001
PATIENCE_S = 60.0
CHECKOUT = Path(__file__).resolve().parents[2]

Seen = Callable[[NDArray[np.uint8]], bool]
"""Tells from the screen, uint8 [row, column, 4] BGRX, whether what is waited for is there."""


def is_available() -> bool:
    """True when Xvfb is installed."""
    return shutil.which("Xvfb") is not None


class VirtualScreen:
    """Xvfb with its picture mapped into this process."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="diptych-screen-")
        read, write = os.pipe()
        size = f"{SIZE[0]}x{SIZE[1]}x24"
        self._server = subprocess.Popen(
            [
                "Xvfb",
                "-displayfd",
                str(write),
                "-screen",
                "0",
                size,
                "-nolisten",
                "tcp",
                "-fbdir",
                self._folder.name,
                "-nocursor",
                "-br",
            ],
            pass_fds=(write,),
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as numbers:
            self.display = ":" + numbers.readline().strip()
        self._pixels = self._map(Path(self._folder.name) / "Xvfb_screen0")

    @staticmethod
    def _map(path: Path) -> NDArray[np.uint8]:
        """Return a view of the screen in an XWD file (header words are big-endian)."""
        with path.open("rb") as file:
            memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        words = struct.unpack(">25I", memory[:100])
        header, width, height, stride, colours = words[0], words[4], words[5], words[12], words[19]
        data = np.frombuffer(memory, np.uint8, stride * height, header + 12 * colours)
        return data.reshape(height, stride // 4, 4)[:, :width]

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The screen as it is now, uint8 [row, column, 4] BGRX."""
        return self._pixels

    def seconds_until(
        self, command: Sequence[str], seen: Seen, environment: dict[str, str]
    ) -> float:
        """Start a program and return the seconds until the screen shows what is waited for.

        Raises
        ------
        TimeoutError : it is not seen within a minute, or the program ended before.
        """
        environment = environment | {"DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb"}
        start = time.perf_counter()
        program = subprocess.Popen(
            command, env=environment, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True
        )
        try:
            while not seen(self._pixels):
                if program.poll() is not None or time.perf_counter() - start > PATIENCE_S:
                    program.kill()
                    words = program.communicate()[1]
                    raise TimeoutError(f"{command} showed nothing. {words[-2000:]}")
                time.sleep(POLL_S)
            return time.perf_counter() - start
        finally:
            program.kill()
            program.communicate()
            self._wait_for_black()

    def _wait_for_black(self) -> None:
        while self._pixels[::8, ::8, :3].any():
            time.sleep(POLL_S)

    def close(self) -> None:
        """End the server."""
        self._server.terminate()
        self._server.wait()
        self._folder.cleanup()

    def __enter__(self) -> "VirtualScreen":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def is_window_painted(pixels: NDArray[np.uint8]) -> bool:
    """True when nine tenths of the screen are no longer the black of the root window."""
    return float(pixels[::16, ::16, :3].any(axis=2).mean()) > 0.9


def is_image_painted(pixels: NDArray[np.uint8]) -> bool:
    """True when the middle of the window shows many grey levels, as an image and no words do."""
    middle = pixels[350:650:3, 600:1000:3, 1]
    return float((middle > 24).mean()) > 0.3 and np.unique(middle).size > 40


def program_environment(work: Path) -> dict[str, str]:
    """Return the environment of a user who has run the program before: compiled, empty home."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONDONTWRITEBYTECODE", "WAYLAND_DISPLAY", "PYTHONPROFILEIMPORTTIME")
    }
    home = Path(tempfile.mkdtemp(prefix="home-", dir=work))
    return kept | {
        "DIPTYCH_HOME": str(home),
        "PYTHONPYCACHEPREFIX": str(work / "bytecode"),
        "XDG_RUNTIME_DIR": str(home),
    }


def python(*arguments: str) -> list[str]:
    """Return the command line of this Python."""
    return [sys.executable, *arguments]
