"""Readers of a study who press keys in the real window, and the owner's commands around them."""

from collections.abc import Callable
from pathlib import Path

from pytestqt.qtbot import QtBot

from tests.sessions import new_session
from tests.ui.study_windows import keys, settle
from tests.ui.test_study_sitting import pass_the_door
from viewer.__main__ import main
from viewer.app.reading import Step
from viewer.app.reading_room import for_reading
from viewer.app.sitting_down import sit_down
from viewer.reader.record import StudyRecord
from viewer.ui.study_steps import DonePage, SignPage
from viewer.ui.study_window import StudyWindow

OWNER, READER = "the owner's passphrase", "a reader's passphrase"

Opinion = Callable[[StudyWindow, str], str]
"""What a reader answers to the case on the screen: the keys of all questions, Enter not among."""


def written_passphrases(folder: Path) -> None:
    """Write the files `owner` and `reader` with their passphrases."""
    (folder / "owner").write_text(OWNER + "\n")
    (folder / "reader").write_text(READER + "\n")


def opened(file: Path, log: Path, readers: tuple[str, ...]) -> Path:
    """Lock a study file into `locked` beside it and open it for its readers; return the study."""
    folder = file.parent
    assert main(["study", "validate", str(file)]) == 0
    lock = ["study", "lock", str(file), "--passphrase-file", str(folder / "owner")]
    assert main([*lock, "--out", str(folder / "locked"), "--second-log", str(log)]) in (0, 3)
    study = folder / "locked" / f"{file.stem}.study"
    for code in readers:
        given = ["study", "reader", str(study), code, "--passphrase-file", str(folder / "reader")]
        assert main(given) == 0
    assert main(["study", "open", str(study)]) == 0
    return study


def seated(qtbot: QtBot, home: Path, record: StudyRecord, reader: str) -> StudyWindow:
    """Return the reading window of a reader who has signed in."""
    session = for_reading(new_session(home))
    window = StudyWindow(session, sit_down(record, reader, READER, session.jobs), seed=1)
    qtbot.addWidget(window)
    window.resize(1280, 800)
    with qtbot.waitActive(window):
        window.show()
    settle(qtbot, window)
    return window


def read_to_the_end(
    qtbot: QtBot,
    home: Path,
    record: StudyRecord,
    reader: str,
    opinion: Opinion,
    *,
    is_first: bool,
) -> None:
    """Read every trial that is left, guess a few arms, and sign."""
    window = seated(qtbot, home / reader, record, reader)
    if is_first:
        pass_the_door(qtbot, window)
    while window._reading.step is Step.TRIALS:
        keys(qtbot, window, opinion(window, reader) + "\n")
    _finish(qtbot, window)
    window.close()


def _finish(qtbot: QtBot, window: StudyWindow) -> None:
    keys(qtbot, window, "1212")
    window._rest_unknown()
    settle(qtbot, window)
    sign = window.stack.currentWidget()
    assert isinstance(sign, SignPage)
    sign.passphrase.setText(READER)
    sign.enter()
    assert isinstance(window.stack.currentWidget(), DonePage)


def unblinded(study: Path, folder: Path) -> None:
    """Close a study and open who saw what, as its owner does."""
    why = ["--why", "all have signed"]
    assert main(["study", "close", str(study), *why]) == 0
    unblind = ["study", "unblind", str(study), "--passphrase-file", str(folder / "owner"), *why]
    assert main([*unblind, "--who", "Owner"]) == 0
