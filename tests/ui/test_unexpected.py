"""Defects that nobody caught become a message, wherever they happen."""

import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QTimer
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

from viewer.app.messages import Message, Severity
from viewer.ui.unexpected import Unexpected


@pytest.fixture
def told() -> list[Message]:
    return []


@pytest.fixture
def unexpected(told: list[Message]) -> Iterator[Unexpected]:
    made = Unexpected(told.append)
    yield made
    made.remove()


def fail() -> None:
    raise ValueError("a defect")


def test_an_exception_in_a_thread_is_told(unexpected: Unexpected, told: list[Message]) -> None:
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    assert [message.severity for message in told] == [Severity.ERROR]
    assert "a defect" not in told[0].text


def test_an_exception_in_a_slot_is_told(qtbot: QtBot, told: list[Message]) -> None:
    with capture_exceptions() as caught:
        made = Unexpected(told.append)
        QTimer.singleShot(0, fail)
        qtbot.waitUntil(lambda: bool(told), timeout=2000)
        made.remove()
    assert len(told) == 1
    assert not caught


def test_what_was_there_before_is_put_back(told: list[Message]) -> None:
    before = (sys.excepthook, threading.excepthook)
    Unexpected(told.append).remove()
    assert (sys.excepthook, threading.excepthook) == before


def test_ctrl_c_still_stops_the_program(
    monkeypatch: pytest.MonkeyPatch, told: list[Message]
) -> None:
    seen: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, _error, _trace: seen.append(kind))
    made = Unexpected(told.append)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    made.remove()
    assert seen == [KeyboardInterrupt]
    assert told == []
