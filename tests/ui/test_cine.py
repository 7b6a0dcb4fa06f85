"""Cine: the file's own speed, limits, and a stop when there is nothing left to play."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from tests.sessions import new_session, put_series
from viewer.app import opening
from viewer.app.session import Session
from viewer.core.layout import grid
from viewer.core.volume import Frames, frames_geometry
from viewer.ui.cine import Cine


@pytest.fixture
def session(tmp_path: Path) -> Session:
    made = new_session(tmp_path)
    opening.show_part(made, 0, put_series(made))
    return made


@pytest.fixture
def cine(session: Session, qtbot: QtBot) -> Cine:
    parent = QObject()
    made = Cine(session, parent)
    made._owner = parent  # type: ignore[attr-defined]
    return made


def test_it_plays_at_the_speed_of_the_settings(session: Session, cine: Cine) -> None:
    settings = session.workspace.settings
    faster = replace(settings, viewing=replace(settings.viewing, cine_fps=25.0))
    session.workspace.put_settings(faster)
    cine.toggle()
    assert cine._timers[0].interval() == 40
    cine.stop_all()


def test_the_timing_of_the_file_comes_first(session: Session, cine: Cine) -> None:
    part = session.workspace.views[0].part
    assert part is not None
    volume = session.workspace.volumes[part]
    frames = Frames(
        values=volume.values,
        geometry=frames_geometry(volume.values.shape[:3], (1.0, 1.0), "mm"),
        unit="stored",
        sources=(),
        loaded=volume.loaded,
        frame_time_ms=50.0,
    )
    session.workspace.put_volume(part, frames)
    cine.toggle()
    assert cine._timers[0].interval() == 50
    cine.change_speed(2.0)
    assert cine._timers[0].interval() == 25
    cine.stop_all()


def test_the_second_press_pauses_and_both_are_told(
    session: Session, cine: Cine, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(cine.changed):
        cine.toggle()
    assert cine.is_playing(0)
    with qtbot.waitSignal(cine.changed):
        cine.toggle()
    assert not cine.is_playing(0)


def test_it_stops_when_its_view_is_gone(session: Session, cine: Cine, qtbot: QtBot) -> None:
    session.workspace.arrange(grid(1, 2))
    session.workspace.show(1, session.workspace.views[0])
    session.workspace.arrange(replace(session.workspace.layout, active=1))
    cine.toggle()
    session.workspace.arrange(grid(1, 1))
    qtbot.waitUntil(lambda: not cine.is_playing(1), timeout=2000)


def test_it_stops_when_its_series_is_closed(session: Session, cine: Cine, qtbot: QtBot) -> None:
    cine.toggle()
    opening.close_all(session)
    qtbot.waitUntil(lambda: not cine.is_playing(0), timeout=2000)
