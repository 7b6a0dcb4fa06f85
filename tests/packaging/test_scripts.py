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


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return variables that name a set-up environment whose `diptych` prints its arguments."""
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    command = venv / "bin" / "diptych"
    command.write_text('#!/bin/sh\necho "diptych $*"\n')
    command.chmod(0o755)
    parts = [FOLDER / "setup", FOLDER / "requirements.lock", CHECKOUT / "pyproject.toml"]
    state = hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()
    (venv / ".diptych-setup").write_text(f"{state}\n")
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


def test_an_environment_made_for_the_checks_runs_the_program_at_once(environment):
    venv = Path(environment["DIPTYCH_VENV"])
    (venv / ".diptych-setup").unlink()
    parts = [FOLDER / "setup", FOLDER / "requirements.lock", FOLDER / "requirements-dev.lock"]
    parts.append(CHECKOUT / "pyproject.toml")
    state = hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()
    (venv / ".diptych-setup-dev").write_text(f"{state}\n")
    done = start({**environment, "DISPLAY": ":1"}, "study")
    assert done.stdout == "diptych open study\n"
    assert done.stderr == ""
