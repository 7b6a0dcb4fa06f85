"""`diptych study run`: what it draws, and what it refuses."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.study_fake import protocol, trials
from viewer.__main__ import DONE, FAILED, WRONG_USAGE, main
from viewer.reader.record import create_study, open_study

SECRET = "a long passphrase"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path, made = tmp_path / "liver.study", protocol()
    create_study(path, made, trials(made), b"", b"k" * 32, "ab" * 32, tmp_path / "log.jsonl")
    record = open_study(path)
    record.open_for_reading()
    record.set_passphrase("R1", SECRET)
    record.close()
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    return path


def run(study: Path, *more: str) -> int:
    return main(["study", "run", str(study), "--screenshot", str(study.parent / "p.png"), *more])


@pytest.mark.parametrize("more", [[], ["--passphrase-file", "secret"]])
def test_a_picture_of_the_reading_window_needs_no_display(study: Path, more: list[str]) -> None:
    options = [str(study.parent / one) if one == "secret" else one for one in more]
    picture = study.parent / "window.png"
    program = [sys.executable, "-m", "viewer", "study", "run", str(study), "--reader", "R1"]
    program += ["--screenshot", str(picture), "--size", "800x600", "--do", "Enter", *options]
    done = subprocess.run(program, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (DONE, "")
    assert picture.stat().st_size > 1000


def test_a_wrong_passphrase_lets_nobody_in(
    study: Path, capsys: pytest.CaptureFixture[str], qapp: object
) -> None:
    (study.parent / "wrong").write_text("not it, not it\n")
    assert run(study, "--reader", "R1", "--passphrase-file", str(study.parent / "wrong")) == FAILED
    assert "not the passphrase of reader R1" in capsys.readouterr().err


def test_what_is_asked_wrongly_is_wrong_usage_and_says_what_to_do(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = str(study.parent / "secret")
    assert run(study, "--passphrase-file", secret) == WRONG_USAGE
    assert run(study, "--reader", "R1", "--passphrase-file", "nowhere") == WRONG_USAGE
    assert run(study, "--size", "large") == WRONG_USAGE
    assert run(study.parent / "study.toml") == WRONG_USAGE
    told = capsys.readouterr().err
    assert all(words in told for words in ("--reader CODE", "nowhere", "1280x800", "study lock"))


def test_a_file_that_is_no_study_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "nothing.study") == FAILED
    assert "no study file" in capsys.readouterr().err
