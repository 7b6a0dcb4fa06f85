"""The coordinator's parts of `diptych study`, as they are typed."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.reader.studies import (
    ARMS,
    PASSPHRASE,
    allocation_of,
    begin,
    protocol,
    read,
    read_all,
    trials_of,
)
from tests.reader.studies import show as show_next
from viewer.__main__ import DONE, FAILED, WARNED, WRONG_USAGE, main
from viewer.reader.record import create_study, open_study
from viewer.reader.sealing import Plan, seal_plan
from viewer.reader.unblinding import readings

OWNER_WORDS = "the owner's own words"


def study(*words: object) -> int:
    return main(["study", *map(str, words)])


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase.txt"
    path.write_text(PASSPHRASE + "\n")
    return path


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """Return a locked study of two readers whose arms are sealed."""
    seen = protocol()
    whole = replace(seen, arms=ARMS)
    sealed = seal_plan(Plan(whole, allocation_of(seen)), OWNER_WORDS)
    path = tmp_path / "noise.study"
    create_study(path, seen, trials_of(seen), sealed, b"k" * 32, "ab" * 32)
    return path


@pytest.fixture
def opened(locked: Path, passphrase: Path) -> Path:
    for reader in ("R1", "R2"):
        assert study("reader", locked, reader, "--passphrase-file", passphrase) == DONE
    assert study("open", locked) == DONE
    return locked


def test_a_study_goes_from_lock_to_readings(
    opened: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with open_study(opened) as record:
        for reader in ("R1", "R2"):
            read_all(begin(record, reader))
    assert study("close", opened, "--why", "all have signed") == DONE
    owner = tmp_path / "owner.txt"
    owner.write_text(OWNER_WORDS)
    told = ("--passphrase-file", owner, "--why", "for the analysis", "--who", "Dr. Owner")
    assert study("unblind", opened, *told) == DONE
    capsys.readouterr()
    assert study("verify", opened) == DONE
    out = capsys.readouterr().out
    assert "Intact" in out
    assert "Signed by R2" in out
    assert "does not stop somebody who holds the file" in out
    found = readings(opened)
    assert {rating.arm for rating in found.ratings} == {"X", "Y"}


def test_status_says_how_far_each_is_and_nothing_of_answers_or_arms(
    opened: Path, capsys: pytest.CaptureFixture[str]
):
    with open_study(opened) as record:
        session = begin(record)
        read(session, show_next(session))
        read(session, show_next(session))
        capsys.readouterr()
        assert study("status", opened) == DONE
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Noise: open, protocol abababababab"
    assert lines[1] == "  R1 (Reader 1): 1 of 3 trials, reading"
    assert lines[2] == "  R2 (Reader 2): 0 of 3 trials, invited"
    assert study("status", opened, "--json") == DONE
    out = capsys.readouterr().out
    assert json.loads(out)["readers"][0]["done"] == 1
    assert "sharpness" not in out
    assert "Enhanced" not in out


def test_closing_early_warns_of_those_who_have_not_signed(
    opened: Path, capsys: pytest.CaptureFixture[str]
):
    assert study("close", opened, "--why", "time is over") == WARNED
    assert "Not signed: R1, R2." in capsys.readouterr().out


def test_an_open_study_is_not_unblinded(
    opened: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    owner = tmp_path / "owner.txt"
    owner.write_text(OWNER_WORDS)
    words = ("unblind", opened, "--why", "curious", "--passphrase-file", owner)
    assert study(*words) == FAILED
    assert "The study is open and cannot be unblinded now" in capsys.readouterr().err
    assert study("close", opened, "--why", "done") == WARNED
    owner.write_text("other words")
    assert study(*words) == FAILED
    assert "does not open the sealed allocation" in capsys.readouterr().err
    with open_study(opened) as record:
        told = record.links[-1].event
        assert (told.kind, told.data["what"]) == ("sign-in refused", "unblinding")


def test_a_tampered_study_fails_verification(opened: Path, capsys: pytest.CaptureFixture[str]):
    with open_study(opened) as record:
        read_all(begin(record))
    content = opened.read_bytes()
    answer = b'"position":"A","question":"sharpness","text":"","value":4.0'
    assert answer in content
    opened.write_bytes(content.replace(answer, answer.replace(b"4.0", b"5.0"), 1))
    assert study("verify", opened) == FAILED
    out = capsys.readouterr().out
    assert "Not intact." in out
    assert "changed after it was written" in out
    assert study("verify", opened, "--json") == FAILED
    assert json.loads(capsys.readouterr().out)["broken_at"] > 0


def test_packages_go_to_two_sites_and_come_back(
    opened: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    package = tmp_path / "site.zip"
    assert study("export", opened, "--package", package) == DONE
    with zipfile.ZipFile(package) as bundle:
        content = b"".join(bundle.read(name) for name in bundle.namelist())
    assert b"Enhanced" not in content
    assert b"ct-denoise-s" not in content
    whole = opened
    for reader in ("R1", "R2"):
        assert study("import", package, "-o", tmp_path / reader) == DONE
        site = tmp_path / reader / "noise.study"
        with open_study(site) as record:
            read_all(begin(record, reader))
        back = tmp_path / f"{reader}.zip"
        assert study("export", site, "--package", back) == DONE
        out = tmp_path / f"with-{reader}.study"
        assert study("merge", whole, back, "-o", out) == DONE
        whole = out
    capsys.readouterr()
    assert study("status", whole) == DONE
    out = capsys.readouterr().out
    assert "R1 (Reader 1): 3 of 3 trials, signed" in out
    assert "R2 (Reader 2): 3 of 3 trials, signed" in out
    assert study("merge", whole, tmp_path / "R1.zip", "-o", tmp_path / "x.study") == FAILED
    assert "R1 has readings in both" in capsys.readouterr().err


def test_a_lost_study_file_is_restored(opened: Path, capsys: pytest.CaptureFixture[str]):
    with open_study(opened) as record:
        log = record.second_log
        read(session := begin(record), show_next(session))
    opened.unlink()
    assert study("verify", opened) == FAILED
    assert study("restore", log, "-o", opened) == DONE
    assert study("verify", opened) == DONE
    assert study("status", opened) == DONE


def test_a_passphrase_file_without_one_is_wrong_usage(
    locked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    empty = tmp_path / "empty.txt"
    empty.touch()
    assert study("reader", locked, "R1", "--passphrase-file", empty) == WRONG_USAGE
    assert "no passphrase" in capsys.readouterr().err
    assert study("reader", locked, "R1", "--passphrase-file", tmp_path / "none") == WRONG_USAGE
    empty.write_text("short")
    assert study("reader", locked, "R1", "--passphrase-file", empty) == FAILED
    assert "at least 8 letters" in capsys.readouterr().err
