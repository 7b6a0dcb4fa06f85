"""A detection study from its template: marks are scored against the lesions and compared."""

from pathlib import Path

import numpy as np
import pytest

from tests.journeys.noisy import write_noisy_ct
from viewer.app.analysing import Asked, analyse
from viewer.app.locking import lock_study
from viewer.core.places import data_folder
from viewer.reader.reader_session import ReaderSession
from viewer.reader.record import open_study
from viewer.reader.sealing import unseal_plan
from viewer.reader.trials import Answer, MarkPlaced, ViewerNote

OWNER, READER = "the owner's passphrase", "a reader's passphrase"
LESION = (5.0, -4.0, 3.0)
CASES = 8


def study(folder: Path) -> Path:
    template = (data_folder("resources") / "studies" / "detection.toml").read_text(encoding="utf-8")
    text = template.replace("washout_days = 28", "washout_days = 0").replace(
        "ct-denoise-s", "gaussian"
    )
    text = text.replace("gap_trials = 3", "gap_trials = 1")
    for number in range(CASES):
        write_noisy_ct(folder / f"c{number}", series=f"s{number}", seed=number)
        truth = 'truth = "normal"\n'
        if number % 2:
            centre = f"centre_mm = {list(LESION)}, radius_mm = 3.0"
            truth = f'truth = "abnormal"\nlesions = [{{ id = "L", {centre} }}]\n'
        text += f'\n[[cases]]\nid = "C{number}"\npath = "c{number}"\n{truth}'
    path = folder / "study.toml"
    path.write_text(text)
    return path


def read(session: ReaderSession, arms: dict[str, str], draw: np.random.Generator) -> None:
    """Mark lesions, more surely in arm Q, and now and then something that is none."""
    session.consent("hash")
    session.display_checked((("contrast", "4 of 4"),))
    while (trial := session.next_trial()) is not None:
        session.loading(trial)
        session.shown(trial)
        is_abnormal, is_better = int(trial.case[1:]) % 2 == 1, arms[trial.shown[0]] == "Q"
        marks = []
        if is_abnormal and draw.random() < (0.95 if is_better else 0.6):
            near = tuple(float(value + 1.0) for value in LESION)
            marks.append(MarkPlaced("m1", near, float(draw.integers(3, 6))))
        if draw.random() < 0.4:
            marks.append(MarkPlaced("m2", (-20.0, 20.0, 3.0), float(draw.integers(1, 4))))
        told = Answer("lesions", marks=tuple(marks), is_empty=not marks)
        session.answer(trial, told, ViewerNote(), ())
        session.answer(trial, Answer("abnormal", value=4.0 if marks else 2.0), ViewerNote(), ())
        session.commit(trial, ())
    session.sign(READER, "I have read this")


@pytest.mark.timeout(120)
def test_marks_are_scored_against_lesions_and_the_planned_endpoint_is_decided(tmp_path: Path):
    locked = lock_study(study(tmp_path), OWNER, lambda *_: None, second_log=tmp_path / "log")
    with open_study(locked.path) as record:
        record.open_for_reading()
        plan = unseal_plan(record.sealed, OWNER)
        arms = {token: arm for token, _, arm in plan.images}
        for place, code in enumerate(("R1", "R2", "R3")):
            record.set_passphrase(code, READER)
            read(record.sign_in(code, READER), arms, np.random.default_rng(place))
        record.close_reading("all signed")
        record.unblind(plan.allocation, "the study ended", protocol=plan.protocol)
    found = analyse(locked.path, Asked())
    (detection,) = found.detection
    assert (detection.measure, detection.cases, detection.abnormal) == ("wafroc", CASES, CASES // 2)
    hits = [mark for mark in found.readings.marks if mark.lesion == "L"]
    assert {mark.case for mark in hits} <= {f"C{n}" for n in range(1, CASES, 2)}
    assert len(hits) < len(found.readings.marks)
    values = {(one.reader, one.arm): one.value for one in detection.figures}
    assert np.mean([values[code, "Q"] - values[code, "P"] for code in ("R1", "R2", "R3")]) > 0
    (finding,) = found.findings
    assert finding.endpoint.measure == "wafroc"
    assert finding.interval is not None
    assert finding.interval[0] < finding.estimate < finding.interval[1]
    assert found.ratings is not None
    assert [one.criterion for one in found.ratings.criteria] == ["abnormal"]
