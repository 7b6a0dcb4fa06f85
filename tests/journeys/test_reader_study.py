"""A study from its file to its report: locked, read in the window, killed, resumed, analysed."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from highdicom import sr
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.journeys.noisy import write_noisy_ct
from tests.journeys.scripted_readers import (
    opened,
    read_to_the_end,
    seated,
    unblinded,
    written_passphrases,
)
from tests.ui.test_study_sitting import pass_the_door
from viewer.__main__ import main
from viewer.app.study_bundle import check_bundle, write_bundle
from viewer.reader.record import open_study
from viewer.reader.study_file import parsed
from viewer.ui.study_window import StudyWindow

pytestmark = pytest.mark.timeout(280)

CASES, READERS, EFFECT = 12, ("R1", "R2", "R3"), 1.5
CUTS = (-2.0, -0.5, 1.0, 2.5)
STUDY = """
schema_version = 1
[study]
title = "Noise of a filter"
owner = "Owner"
consent = "I agree to be recorded."
[design]
kind = "sequential_crossover"
washout_days = 0
[randomisation]
seed = "a journey"
[blinding]
ai_label = "session_banner"
justification = "the label would tell the arm"
reference = "protocol 1"
[display_check]
is_required = true
[[arms]]
code = "P"
name = "original"
[[arms]]
code = "Q"
name = "smoothed"
method = "gaussian"
strength = 0.6
[[questions]]
id = "noise"
kind = "likert"
text = "How little noise is there?"
choices = ["very much", "much", "some", "little", "none"]
[[analysis.endpoints]]
measure = "noise"
arm = "Q"
control = "P"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("study")


def write_study(folder: Path) -> Path:
    """Write the study file and a noisy series for each case."""
    blocks = [STUDY]
    for number in range(1, CASES + 1):
        write_noisy_ct(folder / f"images/{number}", series=f"noisy {number}", seed=number)
        blocks.append(f'[[cases]]\nid = "C{number:02d}"\npath = "images/{number}"\n')
    blocks += [f'[[readers]]\ncode = "{code}"\nname = "Reader {code}"\n' for code in READERS]
    path = folder / "noise.toml"
    path.write_text("\n".join(blocks))
    written_passphrases(folder)
    return path


def opinion(window: StudyWindow, reader: str) -> str:
    """Return the key of a rating by what the image looks like: its noise decides, as an eye would.

    The latent rating is EFFECT higher where the noise is low, with spread of readers and cases.
    """
    shown = window._reading.shown
    (image,) = shown.images
    middle = image.values[:, 40:56, 40:56]
    is_quiet = float(middle.std()) < 22
    number = int(shown.case.id[1:])
    by_case, by_reader = np.random.default_rng(number), np.random.default_rng(ord(reader[1]))
    once = np.random.default_rng([number, ord(reader[1]), int(is_quiet)])
    latent = EFFECT * is_quiet + by_case.normal() * 0.8 + by_reader.normal() * 0.5 + once.logistic()
    return str(1 + sum(latent > cut for cut in CUTS))


def killed_in_the_middle(study: Path, home: Path) -> None:
    """Run the window of R2 as a program, let it answer some trials by keys, and kill it."""
    pressed = [key for _ in range(5) for key in ("3", "Enter")]
    command = [sys.executable, "-m", "viewer", "study", "run", str(study), "--reader", "R2"]
    command += ["--passphrase-file", str(home / "reader"), "--do", *pressed]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    window = subprocess.Popen(command, env=environment)
    try:
        for _ in range(600):
            time.sleep(0.1)
            with sqlite3.connect(f"file:{study}?mode=ro", uri=True) as database:
                (count,) = database.execute("select count(*) from answer").fetchone()
            if count >= 3 + 2 * CASES:  # those of R1, and some of R2
                break
        assert window.poll() is None
    finally:
        os.kill(window.pid, signal.SIGKILL)
        window.wait()


@pytest.fixture(scope="module")
def study(request: pytest.FixtureRequest, folder: Path, qapp: QApplication) -> Path:
    """The study as three readers have read it, one of them killed on the way, and unblinded."""
    qtbot = QtBot(request)
    study = opened(write_study(folder), folder / "second log", READERS)
    with open_study(study) as record:
        read_to_the_end(qtbot, folder, record, "R1", opinion, is_first=True)
        window = seated(qtbot, folder / "before", record, "R2")
        pass_the_door(qtbot, window)
        window.close()

    killed_in_the_middle(study, folder)

    with open_study(study) as record:
        assert 2 <= record.progress()[1].done < 2 * CASES
        read_to_the_end(qtbot, folder, record, "R2", opinion, is_first=False)
        read_to_the_end(qtbot, folder, record, "R3", opinion, is_first=True)
        assert record.progress()[1].interruptions >= 1
        assert all(row.done == row.total == 2 * CASES for row in record.progress())

    assert main(["study", "analyse", str(study)]) == 1
    unblinded(study, folder)
    return study


def test_a_study_is_locked_read_killed_resumed_unblinded_and_reported(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", "verify", str(study)]) == 0
    capsys.readouterr()
    report = tmp_path / "report"
    assert main(["study", "analyse", str(study), "--json", "--report", str(report)]) == 3
    facts = json.loads(capsys.readouterr().out)
    (criterion,) = facts["ordinal"]["criteria"]
    low, high = criterion["comparisons"][0]["model"]["effect"]["interval"]
    assert low < np.exp(EFFECT) < high
    page = (report / "report.html").read_text()
    for words in ("Participants and deviations", "R2", "odds ratio", "Bang", "gaussian"):
        assert words in page
    if kept := os.environ.get("DIPTYCH_KEEP_REPORT"):
        shutil.copytree(report, kept, dirs_exist_ok=True)


@pytest.mark.parametrize("kind", ["csv", "answers", "marks", "redcap"])
def test_what_was_read_goes_into_files_for_others(study: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / kind
    assert main(["study", "export", str(study), "--format", kind, "--out", str(out)]) == 0
    lines = [line for path in sorted(out.iterdir()) for line in path.read_text().splitlines()]
    if kind in ("csv", "answers"):
        rated = [line for line in lines if ",noise," in line]
        assert len(rated) >= len(READERS) * CASES * 2
        assert {line.split(",")[lines[0].split(",").index("arm")] for line in rated} == {"P", "Q"}
    assert lines[0].count(",") >= 6


def test_each_reading_of_a_case_becomes_a_structured_report(study: Path, tmp_path: Path) -> None:
    assert (
        main(["study", "export", str(study), "--format", "sr", "--out", str(tmp_path / "sr")]) == 0
    )
    written = sorted((tmp_path / "sr").iterdir())
    assert len(written) == len(READERS) * CASES
    groups = sr.srread(written[0]).content.get_image_measurement_groups()
    assert {one.tracking_identifier for one in groups} == {"smoothed: answers", "original: answers"}
    (said,) = groups[0].get_qualitative_evaluations()
    assert said.name.meaning == "How little noise is there?"


def test_everything_goes_into_a_bundle_that_can_be_checked(study: Path, tmp_path: Path) -> None:
    first, second = (write_bundle(study, tmp_path / name) for name in ("a.zip", "b.zip"))
    assert first == second
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert check_bundle(tmp_path / "a.zip") == ()
    with zipfile.ZipFile(tmp_path / "a.zip") as bundle:
        files = {name: bundle.read(name) for name in bundle.namelist()}
    protocol, faults = parsed(files["protocol.json"].decode(), is_json=True)
    assert faults == ()
    assert protocol.study.title == "Noise of a filter"
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as bundle:
        for name, content in files.items():
            bundle.writestr(name, content.replace(b",3.0,", b",5.0,"))
    assert "readings.csv" in check_bundle(tmp_path / "c.zip")


def test_scores_without_truth_do_not_fit_a_format_of_detection(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", "export", str(study), "--format", "imrmc", "--out", str(tmp_path)]) == 1
    assert "truth of the cases is not known" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_was_changed_by_hand_is_caught(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = tmp_path / "noise.study"
    changed.write_bytes(study.read_bytes())
    with sqlite3.connect(changed) as database:
        for (name,) in database.execute("select name from sqlite_master where type = 'trigger'"):
            database.execute(f'drop trigger "{name}"')
        database.execute("update event set payload = replace(payload, '3.0', '5.0')")
    database.close()
    assert main(["study", "verify", str(changed)]) == 1
    assert "Not intact" in capsys.readouterr().out
