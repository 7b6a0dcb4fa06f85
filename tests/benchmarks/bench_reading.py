"""A reader study in its real window over its real record: from one case to the next.

Pairs of CTs of 150 slices of 512 x 512, loaded ahead; timed from the press of Enter behind the last
question until both images of the next case are painted, with the commit durable in both logs.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QEventLoop, QSize, QTimer
from PySide6.QtWidgets import QApplication

from tests.benchmarks.bench_render import body
from tests.benchmarks.table import Row, work_folder
from tests.grids import grid
from tests.sessions import provenance
from tests.study_fake import protocol, trials
from viewer.app.jobs import Jobs
from viewer.app.reading_room import reading_session
from viewer.app.sitting_down import sit_down
from viewer.core.volume import AnyVolume, Volume, derive
from viewer.reader.record import create_study, open_study
from viewer.ui.application import SWITCH_INTERVAL_S, keep_freed_memory
from viewer.ui.beginning import Courier
from viewer.ui.study_window import StudyWindow
from viewer.ui.theme import apply_theme

RUNS = 5
CASES, SHAPE = 14, (150, 512, 512)
MOST_MS, ANSWER_MS = 300.0, 50.0
PATIENCE_S = 120.0
SECRET = "a long passphrase"
ANSWERS = ("4", "Enter", "3", "Enter", "2", "Enter", "5", "Enter", "1")


def _images() -> Callable[[Path, bytes], AnyVolume]:
    """Return what opens an image: a fresh copy of one of two, as reading a container gives."""
    values = body(SHAPE)
    geometry = grid(SHAPE, (1.0, 0.7, 0.7))
    there = np.ones(SHAPE[0], np.bool_)
    enhanced = (values * 0.97).astype(values.dtype)

    def read(path: Path, _key: bytes) -> AnyVolume:
        volume = Volume(values.copy(), geometry, "HU", ("1",) * SHAPE[0], there)
        return derive(volume, enhanced.copy(), provenance()) if path.name[-1] == "1" else volume

    return read


def _wait(is_done: Callable[[], bool]) -> None:
    loop, start = QEventLoop(), time.monotonic()
    heart = QTimer(interval=20)
    heart.start()
    while not is_done():
        if time.monotonic() - start > PATIENCE_S:
            raise TimeoutError("the window did not get there")
        loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def _window(folder: Path) -> StudyWindow:
    """Return the window of a reader who has consent and display check behind him."""
    made = protocol(cases=CASES)
    path, log = folder / "speed.study", folder / "speed.jsonl"
    create_study(path, made, trials(made), b"", b"k" * 32, "ab" * 32, log)
    record = open_study(path, log)
    record.open_for_reading()
    record.set_passphrase("R1", SECRET)
    before = record.sign_in("R1", SECRET)
    before.consent("00")
    before.display_checked(())
    courier = Courier()
    session = reading_session(Jobs(courier.deliver), folder)
    window = StudyWindow(session, sit_down(record, "R1", SECRET, session.jobs, _images()))
    courier.setParent(window)
    window.closed.connect(record.close)
    window.resize(QSize(1600, 1000))
    window.show()
    return window


def rows(work: Path, runs: int) -> Iterator[Row]:
    """Yield the time from a case to the next, and until an answer is durable."""
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    apply_theme(application)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    keep_freed_memory()
    cases: list[float] = []
    answers: list[float] = []
    for _run in range(max(1, runs // 2)):
        with tempfile.TemporaryDirectory(dir=work) as folder:
            window = _window(Path(folder))
            _wait(lambda window=window: window.page.is_presented)
            while window._reading.trial is not None and len(cases) < (_run + 1) * (CASES - 2):
                _read_one(window, cases, answers)
            window.close()
    yield _row("reading_next_case", cases, MOST_MS)
    yield _row("reading_answer", answers, ANSWER_MS)


def _read_one(window: StudyWindow, cases: list[float], answers: list[float]) -> None:
    """Answer a case and go on to the next once its images are there ahead."""
    reading = window._reading
    for key in ANSWERS:
        start = time.perf_counter()
        window.press(key)
        if key != "Enter":
            answers.append((time.perf_counter() - start) * 1000)
    _wait(lambda: window._session.jobs.is_idle)
    trial = reading.trial
    is_training = trial is not None and trial.is_training
    if is_training:
        window.press("Enter")
    start = time.perf_counter()
    window.press("Enter")
    _wait(lambda: reading.trial is not trial and window.page.is_presented)
    if not is_training:
        cases.append((time.perf_counter() - start) * 1000)


def _row(name: str, found: list[float], most_ms: float) -> Row:
    return {
        "name": name,
        "ours_ms": round(statistics.median(found), 1),
        "p95_ms": round(float(np.percentile(found, 95)), 1),
        "target_ms": most_ms,
        "peer": "",
    }


if __name__ == "__main__":
    for row in rows(work_folder(), RUNS):
        print(row, flush=True)
