"""Members of archives do not stay behind."""

import os
import subprocess
import sys
from pathlib import Path

from viewer.app.unpacking import remove_unpacked, unpack_folder


def ended_process() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_what_this_process_and_ended_ones_unpacked_is_removed(tmp_path: Path) -> None:
    own = unpack_folder(tmp_path)
    left = own.parent / str(ended_process())
    for folder in (own, left):
        folder.mkdir(parents=True)
        (folder / "slice.dcm").write_bytes(b"x")
    remove_unpacked(tmp_path)
    assert list(own.parent.iterdir()) == []


def test_what_another_window_has_unpacked_stays(tmp_path: Path) -> None:
    other = unpack_folder(tmp_path).parent / str(os.getppid())
    other.mkdir(parents=True)
    remove_unpacked(tmp_path)
    assert other.is_dir()
