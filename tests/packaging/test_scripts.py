"""The two commands of the README: what they start, and that a second start does no set-up."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = CHECKOUT / "packaging"
SCRIPTS = ["packaging/run", "packaging/test", "packaging/setup", "packaging/lock", ".ci/run"]

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the scripts' display rule is Linux's"
)


PROGRAM = ("requirements.lock",)
CHECKS = ("requirements.lock", "requirements-dev.lock")


def state(*locks: str) -> str:
    """Return what the set-up writes down about an environment made from these locks."""
    parts = [FOLDER / "setup", *(FOLDER / lock for lock in locks), CHECKOUT / "pyproject.toml"]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest() + "\n"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return variables that name a set-up environment whose `diptych` prints its arguments."""
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    command = venv / "bin" / "diptych"
    command.write_text('#!/bin/sh\necho "diptych $*"\n')
    command.chmod(0o755)
    (venv / ".diptych-setup").write_text(state(*PROGRAM))
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return {**kept, "DIPTYCH_VENV": str(venv)}


def start(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run packaging/run and return what it printed."""
    return subprocess.run(
        ["bash", str(FOLDER / "run"), *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_script_is_valid_shell(script):
    done = subprocess.run(
        ["bash", "-n", str(CHECKOUT / script)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_paths_are_opened_in_the_window_where_there_is_a_display(environment):
    done = start({**environment, "DISPLAY": ":1"}, "a folder", "b.dcm")
    assert done.stdout == "diptych open a folder b.dcm\n"
    assert done.stderr == ""


def test_without_paths_the_demo_study_is_opened(environment):
    assert start({**environment, "WAYLAND_DISPLAY": "w"}).stdout == "diptych demo\n"


def test_without_a_display_the_window_is_rendered_to_a_file(environment):
    done = start(environment, "study")
    assert done.stdout == "diptych open study --screenshot diptych.png\n"
    assert "no display" in done.stderr


def harmless(environment: dict[str, str], folder: Path) -> dict[str, str]:
    """Return the variables with stubs, so that a set-up runs neither apt nor pip."""
    stubs = folder / "stubs"
    stubs.mkdir()
    python = Path(environment["DIPTYCH_VENV"]) / "bin" / "python"
    for command, line in ((stubs / "uname", "echo other"), (python, "exit 0")):
        command.write_text(f"#!/bin/sh\n{line}\n")
        command.chmod(0o755)
    return {**environment, "PATH": f"{stubs}:{environment['PATH']}", "DISPLAY": ":1"}


def test_what_was_set_up_for_the_checks_is_enough_to_start(environment, tmp_path):
    venv = Path(environment["DIPTYCH_VENV"])
    (venv / ".diptych-setup").unlink()
    (venv / ".diptych-setup-dev").write_text(state(*CHECKS))
    done = start(harmless(environment, tmp_path), "study")
    assert done.stdout == "diptych open study\n"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("stamp", "locks", "words"),
    [
        ("", PROGRAM, ["--dev"]),  # lacks what the checks need
        ("-dev", PROGRAM, []),  # made from other locks
        ("-dev", ("requirements-dev.lock",), []),
    ],
)
def test_a_stamp_of_something_else_does_not_count(environment, tmp_path, stamp, locks, words):
    venv = Path(environment["DIPTYCH_VENV"])
    (venv / ".diptych-setup").unlink()
    (venv / f".diptych-setup{stamp}").write_text(state(*locks))
    done = subprocess.run(
        ["bash", str(FOLDER / "setup"), *words],
        env=harmless(environment, tmp_path),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "Set-up is complete." in done.stderr
