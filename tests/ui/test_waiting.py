"""A view that waits shows a line first and words later, and nothing when it is quick."""

import pytest
from pytestqt.qtbot import QtBot

from viewer.ui import waiting
from viewer.ui.waiting import Waiting


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    monkeypatch.setattr(waiting, "LINE_MS", 30)
    monkeypatch.setattr(waiting, "WORDS_MS", 1500)
    return Waiting()


def words_of(wait: Waiting) -> str:
    shown = wait.shown("Loading images", 0.3)
    return shown.words if shown is not None else ""


def test_a_short_wait_is_not_mentioned(quick: Waiting) -> None:
    assert quick.shown("Loading images", 0.1) is None
    assert quick.shown("", None) is None


def test_a_line_comes_first_and_words_later(quick: Waiting, qtbot: QtBot) -> None:
    assert quick.shown("Loading images", 0.1) is None
    with qtbot.waitSignal(quick.changed, timeout=10_000):
        pass
    line = quick.shown("Loading images", 0.2)
    assert line is not None
    assert (line.fraction, line.words) == (0.2, "")
    said: list[str] = []
    quick.changed.connect(lambda: said.append(words_of(quick)))
    qtbot.waitUntil(lambda: "Loading images 30 %" in said, timeout=2000)


def test_a_new_wait_starts_anew(quick: Waiting, qtbot: QtBot) -> None:
    quick.shown("Drawing", None)
    with qtbot.waitSignal(quick.changed, timeout=10_000):
        pass
    assert quick.shown("Drawing", None) is not None
    quick.shown("", None)
    assert quick.shown("Drawing", None) is None
