"""The library: what was opened is found again, and a damaged index costs nothing but itself."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import Acquisition, ct_series
from viewer.app.jobs import Jobs
from viewer.app.opening import open_paths
from viewer.app.session import Session
from viewer.app.starting import new_session


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def started(home: Path) -> Session:
    """Return a session whose jobs run at once, with the messages it tells kept on it."""
    return new_session(Jobs(lambda call: call(), is_inline=True), home)


def patients(session: Session) -> list[str]:
    return sorted(study.patient_name for study in session.workspace.studies)


def close(session: Session) -> None:
    session.jobs.close()
    session.images.close()


def test_what_was_opened_is_listed_at_the_next_start(tmp_path: Path, home: Path) -> None:
    ct_series(tmp_path / "a", 3)
    first = started(home)
    open_paths(first, (tmp_path / "a",))
    close(first)
    second = started(home)
    assert second.workspace.studies == ()
    second.library.show_studies()
    assert patients(second) == ["ALPHA^ADA"]
    close(second)


def test_a_study_that_is_opened_and_listed_is_there_once(tmp_path: Path, home: Path) -> None:
    ct_series(tmp_path / "a", 3)
    first = started(home)
    open_paths(first, (tmp_path / "a",))
    close(first)
    second = started(home)
    open_paths(second, (tmp_path / "a",))
    second.library.show_studies()
    (study,) = second.workspace.studies
    assert [len(series.instances) for series in study.series] == [3]
    close(second)


def test_files_that_are_gone_are_not_listed(tmp_path: Path, home: Path) -> None:
    ct_series(tmp_path / "a", 3)
    other = Acquisition(patient="BETA^BO", patient_id="2", study="b", series="b")
    gone = ct_series(tmp_path / "b", 3, settings=other)
    first = started(home)
    open_paths(first, (tmp_path,))
    close(first)
    for path in gone:
        path.unlink()
    second = started(home)
    second.library.show_studies()
    assert patients(second) == ["ALPHA^ADA"]
    close(second)


def test_a_damaged_index_is_set_aside_with_a_message(tmp_path: Path, home: Path) -> None:
    ct_series(tmp_path / "a", 3)
    first = started(home)
    open_paths(first, (tmp_path / "a",))
    close(first)
    for path in (home / "library").glob("*"):
        path.write_bytes(b"this is no database" * 100)
    second = started(home)
    told: list[str] = []
    second.workspace.message.connect(lambda message: told.append(message.text))
    second.library.show_studies()
    assert any("set aside" in words for words in told)
    open_paths(second, (tmp_path / "a",))
    close(second)
    third = started(home)
    third.library.show_studies()
    assert patients(third) == ["ALPHA^ADA"]
    close(third)


def test_a_scan_comes_before_the_rest_of_the_library(tmp_path: Path, home: Path) -> None:
    for number in range(12):
        settings = Acquisition(patient=f"P{number}", patient_id=str(number), study=f"s{number}")
        ct_series(tmp_path / "old" / str(number), 1, settings=settings)
    first = started(home)
    open_paths(first, (tmp_path / "old",))
    close(first)
    waiting: list[Callable[[], None]] = []
    jobs = Jobs(waiting.append)
    second = new_session(jobs, home)
    ct_series(tmp_path / "new", 1)
    second.library.show_studies()
    open_paths(second, (tmp_path / "new",))
    order: list[str] = []
    second.workspace.studies_changed.connect(
        lambda: order.extend(n for n in patients(second) if n not in order)
    )
    while not jobs.is_idle:
        while waiting:
            waiting.pop(0)()
        time.sleep(0.001)
    close(second)
    assert len(order) == 13
    assert order.index("ALPHA^ADA") < 12
