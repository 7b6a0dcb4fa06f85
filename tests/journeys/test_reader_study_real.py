"""The reader study of real scans and the demo study, from a template to its report."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.conftest import real_data_folder
from tests.journeys.scripted_readers import (
    OWNER,
    opened,
    read_to_the_end,
    unblinded,
    written_passphrases,
)
from viewer.__main__ import main
from viewer.app.demonstrating import demo_study
from viewer.reader.record import open_study
from viewer.reader.sealing import unseal_plan
from viewer.ui.study_window import StudyWindow
from viewer.ui.theme import apply_theme

pytestmark = [pytest.mark.realdata, pytest.mark.slow, pytest.mark.timeout(1800)]

READERS, CASES = ("R1", "R2", "R3"), 12
SCANS = (
    "ct/acr_phantom_ge_repeat_a",
    "ct/acr_phantom_ge_repeat_b",
    "ct/acr_phantom_siemens_80kvp",
    "ct/catphan_elekta_cbct_3slices",
    "ct/chest_lidc0314_1mm_jls",
    "ct/chest_siemens_two_studies",
    "ct/osirix_single",
    "geometry/head_ge_tilt18",
    "objects/seg_liver_ct3",
)
"""Ten series; the demo study's two doses make twelve cases."""

EFFECTS = {"sharpness": -0.5, "noise": 2.0, "artefacts": 0.0, "confidence": 1.0, "overall": 1.5}
"""Log odds of a better rating of the enhanced image, question by question."""

CUTS = (-2.0, -0.5, 1.0, 2.5)


class Readers:
    """Readers whose opinions follow the model that is analysed; they alone know the arms."""

    def __init__(self, study: Path) -> None:
        with open_study(study) as record:
            plan = unseal_plan(record.sealed, OWNER)
        self._arms = {token: arm for token, _, arm in plan.images}

    def opinion(self, window: StudyWindow, reader: str) -> str:
        """Return the keys of the five answers, and page through the images now and then."""
        trial = window._reading.shown.trial
        is_enhanced = self._arms[trial.shown[0]] == "Q"
        case, who = int(trial.case[1:]), ord(reader[1])
        answers = []
        for place, effect in enumerate(EFFECTS.values()):
            by_case = np.random.default_rng([case, place]).normal() * 0.8
            by_reader = np.random.default_rng([who, place, 77]).normal() * 0.5
            once = np.random.default_rng([case, who, place, int(is_enhanced)]).logistic()
            latent = effect * is_enhanced + by_case + by_reader + once
            answers.append(str(1 + sum(latent > cut for cut in CUTS)))
        if kept := os.environ.get("DIPTYCH_KEEP_REPORT"):
            Path(kept).mkdir(parents=True, exist_ok=True)
            if reader == "R1":
                QTest.qWait(30)
                window.grab().save(f"{kept}/{trial.case}-{trial.period}.png")
        return "\n".join(answers)


def written(folder: Path) -> Path:
    """Return the template of quality ratings with the twelve cases, blinded."""
    home = real_data_folder()
    assert home is not None
    demo = demo_study(folder / "home")
    places = [demo.quarter_dose, demo.full_dose, *(home / name for name in SCANS)]
    new = ["study", "new", "likert", str(folder / "draft"), "--cases"]
    assert main([*new, *(str(place) for place in places)]) == 0
    file = folder / "draft" / "study.toml"
    text = file.read_text()
    for old, now in (
        ("washout_days = 28", "washout_days = 0"),
        ('ai_label = "on_image"', 'ai_label = "session_banner"'),
        ('justification = ""', 'justification = "the label would tell the arm"'),
        ('reference = ""\nasks', 'reference = "protocol 1"\nasks'),
        ("subgroups = []", 'subgroups = ["vendor", "region"]'),
    ):
        assert old in text
        text = text.replace(old, now)
    file.write_text(text)
    written_passphrases(file.parent)
    return file


def test_three_readers_read_the_demo_study_and_real_scans_and_the_effect_is_found(
    request: pytest.FixtureRequest, qapp: QApplication, tmp_path: Path, capsys
) -> None:
    apply_theme(qapp)
    file = written(tmp_path)
    study = opened(file, tmp_path / "log", READERS)
    readers, qtbot = Readers(study), QtBot(request)
    with open_study(study) as record:
        for reader in READERS:
            read_to_the_end(qtbot, tmp_path, record, reader, readers.opinion, is_first=True)
        assert all(row.done == row.total == 2 * CASES for row in record.progress())
    unblinded(study, file.parent)
    assert main(["study", "verify", str(study)]) == 0
    capsys.readouterr()
    report = tmp_path / "report"
    assert main(["study", "analyse", str(study), "--json", "--report", str(report)]) == 3
    facts = json.loads(capsys.readouterr().out)
    for criterion in facts["ordinal"]["criteria"]:
        low, high = criterion["comparisons"][0]["model"]["effect"]["interval"]
        assert low < np.exp(EFFECTS[criterion["criterion"]]) < high
    if kept := os.environ.get("DIPTYCH_KEEP_REPORT"):
        shutil.copytree(report, kept, dirs_exist_ok=True)
