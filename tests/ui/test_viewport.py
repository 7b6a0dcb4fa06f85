"""One view: what it asks for, what it paints, and what it says while it waits or fails."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from tests.sessions import put_layer, put_series
from tests.ui.windows import new_window
from viewer.app import comparing, opening
from viewer.app.messages import Message, Severity
from viewer.app.session import Session
from viewer.core.layout import grid
from viewer.core.view import Comparison, Plane
from viewer.ui.main_window import MainWindow
from viewer.ui.view_drawing import Show
from viewer.ui.viewport import Viewport

Opened = tuple[MainWindow, Session]


@pytest.fixture
def opened(qtbot: QtBot, tmp_path: Path) -> Opened:
    window, session = new_window(qtbot, tmp_path)
    opening.show_part(session, 0, put_series(session))
    qtbot.waitUntil(lambda: window.is_settled)
    return (window, session)


@pytest.fixture
def view(opened: Opened) -> Viewport:
    return opened[0].grid.active


def settle(opened: Opened, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: opened[0].is_settled)


def test_the_picture_is_as_large_as_the_view_in_device_pixels(view: Viewport) -> None:
    pixels = view.picture().pixels
    assert pixels is not None
    ratio = view.devicePixelRatioF()
    assert pixels.values.shape[:2] == (round(view.height() * ratio), round(view.width() * ratio))


def test_an_empty_view_says_what_to_do_and_a_failed_one_says_why(
    qtbot: QtBot, tmp_path: Path
) -> None:
    window, session = new_window(qtbot, tmp_path)
    view = window.grid.active
    tile = view.picture().tile
    assert tile is not None
    assert "Ctrl+O" in tile.title
    key = put_series(session)
    session.workspace.volumes.pop(key)
    opening.show_part(session, 0, key)
    why = Message(Severity.ERROR, "The file ends early.", "It is not shown.", "Copy it again.")
    session.workspace.put_problem(key, why)
    tile = view.picture().tile
    assert tile is not None
    assert (tile.title, tile.text) == ("The file ends early.", "It is not shown. Copy it again.")
    assert view.picture().pixels is None


def test_pixels_of_a_layer_that_was_dropped_are_still_labelled(
    opened: Opened, view: Viewport, qtbot: QtBot
) -> None:
    _, session = opened
    part = session.workspace.views[0].part
    assert part is not None
    put_layer(session, part)
    comparing.toggle_layer(session)
    settle(opened, qtbot)
    late = view._drawn
    assert late is not None
    assert late.derived is not None
    session.workspace.drop_layer(part, "test-denoise")
    view._drawn = late
    pixels = view.picture().pixels
    assert pixels is not None
    assert pixels.label is not None


def test_pixels_of_another_series_are_not_shown(
    opened: Opened, view: Viewport, qtbot: QtBot
) -> None:
    _, session = opened
    old = view._drawn
    opening.show_part(session, 0, put_series(session, "1.2.4"))
    settle(opened, qtbot)
    view._drawn = old
    assert view.picture().pixels is None


def test_a_view_that_waits_for_its_layer_says_that_it_is_the_original(
    opened: Opened, view: Viewport, qtbot: QtBot
) -> None:
    _, session = opened
    session.workspace.show(0, replace(session.workspace.views[0], layer="test-denoise"))
    settle(opened, qtbot)
    pixels = view.picture().pixels
    assert pixels is not None
    assert pixels.caption == "Original, not enhanced yet"
    assert pixels.label is None


@pytest.mark.parametrize(
    "comparison", [Comparison.NONE, Comparison.SWIPE, Comparison.FLICKER, Comparison.RESIDUAL]
)
def test_holding_the_key_shows_the_original_in_every_mode(
    opened: Opened, view: Viewport, qtbot: QtBot, comparison: Comparison
) -> None:
    _, session = opened
    part = session.workspace.views[0].part
    assert part is not None
    put_layer(session, part)
    state = replace(session.workspace.views[0], layer="test-denoise", comparison=comparison)
    session.workspace.show(0, state)
    view.hold_original(True)
    settle(opened, qtbot)
    picture = view.picture()
    assert picture.pixels is not None
    assert (picture.pixels.label, picture.pixels.caption) == (None, "Original")
    assert picture.right is None
    view.hold_original(False)
    settle(opened, qtbot)
    wanted = Show.DERIVED if comparison is Comparison.NONE else None
    assert view._drawn is not None
    assert wanted is None or view._drawn.order.show is wanted


def test_only_one_of_several_views_is_framed(opened: Opened, qtbot: QtBot) -> None:
    window, session = opened
    assert not window.grid.active.picture().is_active
    session.workspace.arrange(grid(1, 2))
    settle(opened, qtbot)
    assert [view.picture().is_active for view in window.grid.shown] == [True, False]


def test_settings_decide_what_is_written(opened: Opened, view: Viewport) -> None:
    _, session = opened
    settings = session.workspace.settings
    hidden = replace(
        settings.overlays, patient_name=False, orientation=False, scale_bar=False, series=False
    )
    session.workspace.put_settings(replace(settings, overlays=hidden))
    picture = view.picture()
    assert "Doe, Jane" not in picture.corners.top_left
    assert picture.letters is None
    assert picture.scale is None
    assert "Chest" not in picture.corners.top_right


def test_the_letters_follow_flips_and_turns(opened: Opened, view: Viewport, qtbot: QtBot) -> None:
    window, _ = opened
    assert view.picture().letters == ("R", "A", "L", "P")
    window.run_command("view.flip_horizontal")
    settle(opened, qtbot)
    assert view.picture().letters == ("L", "A", "R", "P")
    window.run_command("view.rotate_right")
    settle(opened, qtbot)
    assert view.picture().letters == ("P", "L", "A", "R")


def test_a_volume_in_loading_is_not_rendered(
    opened: Opened, view: Viewport, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, session = opened
    asked: list[int] = []
    monkeypatch.setattr(window.grid.volumes, "ask", lambda number, _order: asked.append(number))
    part = session.workspace.views[0].part
    assert part is not None
    volume = session.workspace.volumes[part]
    loaded = np.array(volume.loaded)
    loaded[-1] = False
    session.workspace.volumes[part] = replace(volume, loaded=loaded)
    session.workspace.show(0, replace(session.workspace.views[0], plane=Plane.VOLUME))
    assert asked == []
    assert view.picture().pixels is None
    session.workspace.put_volume(part, volume)
    assert asked == [0]
