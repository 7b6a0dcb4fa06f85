"""What a hand on a view means: nothing is drawn, grabbed or measured that cannot be seen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtTest import QTest

from tests.builders import Acquisition, ct_series
from tests.journeys.hands import LEFT, Hands
from viewer.app import following, measuring
from viewer.core.measurement import MeasurementKind
from viewer.core.view import Plane
from viewer.core.windowing import Window, WindowFunction, auto_window


@pytest.fixture
def opened(hands: Hands, tmp_path: Path) -> Hands:
    ct_series(tmp_path / "study", 6)
    hands.open(tmp_path / "study")
    return hands


def look_at(hands: Hands, plane: Plane) -> None:
    state = replace(hands.state, plane=plane)
    following.change(hands.session, hands.workspace.active, state)
    hands.rest()


@pytest.mark.parametrize("keys", ["L", "B", "K", "T"])
def test_nothing_is_drawn_on_a_rendered_volume(opened: Hands, keys: str) -> None:
    look_at(opened, Plane.VOLUME)
    before = opened.state.camera
    opened.press(keys)
    opened.drag(LEFT, (200, 300), (300, 300))
    assert measuring.of_part(opened.workspace, opened.shown) == ()
    assert opened.state.camera != before


def test_points_of_measurements_out_of_the_plane_are_not_grabbed(opened: Hands) -> None:
    x, y, z = opened.state.focus_mm
    ends = ((x, y, z), (x, y + 60.0, z))
    measuring.add(opened.session, opened.workspace.active, MeasurementKind.LENGTH, ends)
    look_at(opened, Plane.CORONAL)
    view = opened.view
    assert view.picture().shapes == ()
    place = view.pointing._to_place(ends[0])
    assert view.pointing._point_at(place) is None


def test_a_window_from_a_region_of_a_reformat_looks_at_all_that_it_covers(opened: Hands) -> None:
    look_at(opened, Plane.CORONAL)
    volume = opened.workspace.volumes[opened.shown]
    row = volume.values.shape[1] // 2
    opened.workspace.set_tool("region_window")
    size = opened.view.size()
    opened.drag(LEFT, (2, 2), (size.width() - 3, size.height() - 3))
    wanted = auto_window(volume.values[:, row], None, 0.5, 99.5)
    found = opened.state.window
    assert found is not None
    assert found.centre == pytest.approx(wanted.centre, abs=0.2 * wanted.width)
    assert found.width == pytest.approx(wanted.width, rel=0.2)


def test_windows_narrower_than_one_can_be_typed(opened: Hands) -> None:
    opened.window.inspector.panel.window_panel.window_edited.emit(0.5, 0.25, "LINEAR_EXACT")
    assert opened.state.window == Window(0.5, 0.25, WindowFunction.LINEAR_EXACT)


def shown_value(hands: Hands) -> str:
    """Return the first line of the lower right corner, with a plain minus."""
    return hands.view.picture().corners.bottom_right[0].replace("−", "-")


def true_value(hands: Hands, place: QPoint) -> str:
    """Return the value of the voxel under a place in the slice that is shown."""
    volume = hands.workspace.volumes[hands.shown]
    mm = hands.view.pointing.to_mm(place.toPointF())
    _, row, column = np.rint(volume.geometry.to_index(mm)).astype(int)
    return f"{volume.values[hands.slice_number - 1, row, column]} HU"


def test_the_value_under_a_still_pointer_follows_what_is_shown(opened: Hands) -> None:
    place = QPoint(300, 320)
    QTest.mouseMove(opened.view, place)
    first = true_value(opened, place)
    assert shown_value(opened) == first
    opened.press("End")
    opened.rest()
    assert shown_value(opened) == true_value(opened, place) != first
    look_at(opened, Plane.VOLUME)
    assert "HU" not in " ".join(opened.view.picture().corners.bottom_right)


def test_no_value_of_one_study_stands_on_another(opened: Hands, tmp_path: Path) -> None:
    place = QPoint(310, 330)
    QTest.mouseMove(opened.view, QPoint(320, 340))
    QTest.mouseMove(opened.view, place)
    first = shown_value(opened)
    assert first == true_value(opened, place)
    opened.press("Ctrl+W")
    assert opened.view.picture().tile is not None
    ct_series(tmp_path / "other", 3, settings=Acquisition(series="other"), RescaleIntercept=-500)
    opened.open(tmp_path / "other")
    assert shown_value(opened) == true_value(opened, place) != first
