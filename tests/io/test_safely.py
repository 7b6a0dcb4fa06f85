"""Writing safely: what a killed write left behind goes, what a living one works on stays."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from viewer.core.errors import NotSaved
from viewer.io.safely import ABANDONED_AFTER_S, new_folder, replace_file, write_bytes


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def aged(path: Path) -> Path:
    """Make a path look untouched for longer than a living write would leave it."""
    past = time.time() - ABANDONED_AFTER_S - 5
    os.utime(path, (past, past))
    return path


def killed_while_writing(folder: Path) -> Path:
    """Kill a process in the middle of `new_folder`; return what it left behind."""
    program = f"""
        import os, signal
        from pathlib import Path
        from viewer.io.safely import new_folder, write_bytes
        with new_folder(Path({str(folder)!r}), "It") as temporary:
            write_bytes(temporary / "00001.dcm", b"half")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = [path for path in folder.parent.iterdir() if path.suffix == ".part"]
    return left


def test_what_a_killed_write_left_goes_at_the_next_write_to_that_place(tmp_path: Path) -> None:
    out = tmp_path / "out"
    left = aged(killed_while_writing(out))
    assert (left / "00001.dcm").exists()
    with new_folder(out, "It") as temporary:
        write_bytes(temporary / "a", b"whole")
    assert names(tmp_path) == ["out"]


def test_unfinished_files_of_a_killed_write_go_too(tmp_path: Path) -> None:
    left = tmp_path / ".kept.json.4194305.part"
    left.write_bytes(b"half")
    aged(left)
    replace_file(tmp_path / "kept.json", b"whole")
    assert names(tmp_path) == ["kept.json"]


def test_a_write_that_is_going_on_is_never_touched(tmp_path: Path) -> None:
    out = tmp_path / "out"
    going_on = new_folder(out, "It")
    first = aged(going_on.__enter__())
    with new_folder(out, "It") as second:
        write_bytes(second / "a", b"second")
    assert first.exists()
    with pytest.raises(NotSaved, match="not empty"):
        going_on.__exit__(None, None, None)
    assert names(tmp_path) == ["out"]


def test_recent_and_foreign_names_are_left_alone(tmp_path: Path) -> None:
    recent = killed_while_writing(tmp_path / "out")
    for name in (".other.abcdefgh.part", "out.abcdefgh.part", ".out.notes.part", ".out.12.parts"):
        (tmp_path / name).mkdir()
        aged(tmp_path / name)
    with new_folder(tmp_path / "out", "It") as temporary:
        write_bytes(temporary / "a", b"whole")
    assert recent.name in names(tmp_path)
    assert len(names(tmp_path)) == 6
