"""A reader looks at a series in other planes, in slabs, and as a rendered volume."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.builders import Acquisition, ct_series
from tests.journeys.hands import LEFT, MIDDLE, RIGHT, Hands
from viewer.core.view import Plane, SlabMode
from viewer.ui import dialogs

FINE = Acquisition(rows=32, columns=32, spacing_mm=(1.0, 1.0), step_mm=1.0, thickness_mm=1.0)


@pytest.fixture
def opened(hands: Hands, tmp_path: Path) -> Hands:
    ct_series(tmp_path / "study", 32, settings=FINE)
    hands.open(tmp_path / "study")
    return hands


@pytest.fixture
def mpr(opened: Hands) -> Hands:
    opened.press("M")
    opened.rest()
    return opened


def planes(hands: Hands) -> list[Plane]:
    return [hands.workspace.views[view].plane for view in hands.workspace.layout.views]


def test_one_key_shows_three_planes_and_the_volume_and_the_same_key_goes_back(mpr: Hands) -> None:
    assert planes(mpr) == [Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL, Plane.VOLUME]
    assert all(mpr.pixels(place).max() > 60 for place in range(4))
    mpr.press("M")
    mpr.rest()
    assert planes(mpr) == [Plane.ACQUIRED]


def test_the_planes_start_in_the_middle_of_voxels(mpr: Hands) -> None:
    geometry = mpr.workspace.volumes[mpr.shown].geometry
    index = np.asarray(geometry.to_index(mpr.state.focus_mm))
    assert index == pytest.approx(np.round(index), abs=1e-6)


def test_the_axial_plane_shows_the_slice_that_was_in_view(opened: Hands) -> None:
    opened.press("Home")
    opened.press("PgDown")
    number = opened.slice_number
    assert f"Slice {number} / 32" in opened.texts()
    opened.press("M")
    opened.rest()
    assert f"Slice {number} / 32" in opened.texts(0)


def test_letters_name_the_directions_of_every_view(mpr: Hands) -> None:
    letters = [mpr.viewport(place).picture().letters for place in range(4)]
    assert letters == [
        ("R", "A", "L", "P"),
        ("R", "H", "L", "F"),
        ("A", "H", "P", "F"),
        ("R", "H", "L", "F"),
    ]


def test_the_crosshair_moves_the_other_planes(mpr: Hands) -> None:
    mpr.press("X")
    before = mpr.workspace.views[1].focus_mm
    view = mpr.viewport(0)
    mpr.click(LEFT, (view.width() // 3, view.height() // 3), on=view)
    after = mpr.workspace.views[1].focus_mm
    assert after[0] != before[0]
    assert after[1] != before[1]
    assert after == mpr.workspace.views[2].focus_mm


def test_scrolling_one_plane_moves_the_crosshair_in_the_others(mpr: Hands) -> None:
    mpr.wheel(4, on=mpr.viewport(0))
    mpr.rest()
    heights = {mpr.workspace.views[view].focus_mm[2] for view in range(3)}
    assert len(heights) == 1


def test_turning_the_crosshair_makes_the_other_planes_oblique_and_reset_straightens(
    mpr: Hands,
) -> None:
    mpr.press("X")
    view = mpr.viewport(0)
    down = view.height() // 2
    mpr.drag(LEFT, (view.width() - 20, down), (view.width() - 40, down + 60), on=view)
    mpr.rest()
    assert planes(mpr)[1:3] == [Plane.OBLIQUE, Plane.OBLIQUE]
    assert len(mpr.viewport(1).picture().letters[0]) == 2
    mpr.press("R")
    assert planes(mpr)[:3] == [Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL]


def test_a_slab_is_thickened_by_key_and_its_mode_changed(opened: Hands) -> None:
    opened.press("Alt+2")
    opened.rest()
    thin = opened.pixels()
    opened.press("Ctrl+Up")
    opened.press("Ctrl+Up")
    opened.rest()
    assert opened.state.slab_mm > 5
    assert f"MIP {opened.state.slab_mm:.1f} mm" in opened.texts()
    assert opened.pixels().mean() > thin.mean()
    opened.press("Shift+M")
    opened.rest()
    assert opened.state.slab_mode is SlabMode.MINIP
    assert opened.pixels().mean() < thin.mean()


def test_a_slab_thickness_can_be_typed(opened: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialogs, "ask_number", lambda *_args, **_more: 12.5)
    opened.press("Alt+2")
    opened.run("slab.thickness")
    assert opened.state.slab_mm == 12.5


def test_a_slice_number_can_be_typed(opened: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialogs, "ask_number", lambda *_args, **_more: 7.0)
    opened.press("Ctrl+G")
    assert opened.slice_number == 7


class TestVolume:
    """The rendered volume."""

    @pytest.fixture
    def volume(self, opened: Hands) -> Hands:
        opened.press("Alt+4")
        opened.rest()
        return opened

    def test_it_says_its_preset_and_no_window(self, volume: Hands) -> None:
        corners = volume.view.picture().corners
        assert corners.bottom_right == ("CT bone",)

    def test_a_drag_turns_it_and_the_letters_follow(self, volume: Hands) -> None:
        width = volume.view.width()
        volume.drag(LEFT, (100, 300), (100 + width // 2, 300))
        volume.rest()
        assert volume.view.picture().letters[0] == "A"
        assert volume.view.picture().letters[2] == "P"

    def test_wheel_and_right_drag_zoom_and_the_scale_bar_follows(self, volume: Hands) -> None:
        before = volume.view.picture().scale.per_pixel
        volume.wheel(-2)
        volume.drag(RIGHT, (300, 300), (300, 250))
        volume.rest()
        assert volume.state.camera.zoom > 1.4
        assert volume.view.picture().scale.per_pixel < before / 1.4

    def test_the_middle_button_moves_it_by_as_many_pixels_as_the_hand(self, volume: Hands) -> None:
        volume.wheel(6)
        volume.rest()
        before = bright_centre(volume)
        volume.drag(MIDDLE, (300, 300), (360, 340))
        volume.rest()
        assert bright_centre(volume) - before == pytest.approx((60, 40), abs=4)

    def test_its_presets_are_in_the_right_click_menu(self, volume: Hands) -> None:
        volume.click(RIGHT, (300, 300))
        titles = {action.text(): action for action in volume.menu().actions()}
        assert {"CT bone", "CT soft tissue", "CT lung", "CT vessels", "MIP"} <= set(titles)
        titles["MIP"].trigger()
        volume.menu().close()
        volume.rest()
        assert volume.view.picture().corners.bottom_right == ("MIP",)

    def test_a_key_goes_through_its_presets(self, volume: Hands) -> None:
        volume.press("Shift+V")
        volume.rest()
        assert volume.view.picture().corners.bottom_right == ("CT soft tissue",)

    def test_the_inspector_is_about_the_volume_and_cuts_faces_away(self, volume: Hands) -> None:
        volume.run("volume.whole")
        panel = volume.window.inspector.panel.volume_panel
        assert panel.isVisible()
        assert [name.text() for name in panel._names] == [
            "Feet",
            "Head",
            "Front",
            "Back",
            "Right",
            "Left",
        ]
        panel.preset_chosen.emit("mip")
        volume.rest()
        before = lit_rows(volume)
        panel._sliders[1].setValue(50)
        volume.rest()
        after = lit_rows(volume)
        assert after[-1] == pytest.approx(before[-1], abs=3)
        assert after[0] == pytest.approx((before[0] + before[-1]) / 2, abs=6)
        panel._whole.click()
        volume.rest()
        assert lit_rows(volume)[0] == pytest.approx(before[0], abs=3)

    def test_looking_from_the_left_shows_the_front_on_the_left_side(self, volume: Hands) -> None:
        volume.run("volume.from_left")
        assert volume.view.picture().letters == ("A", "H", "P", "F")

    def test_leaving_it_brings_the_window_panel_back(self, volume: Hands) -> None:
        QTest.keyClick(volume.view, Qt.Key.Key_0, Qt.KeyboardModifier.AltModifier)
        volume.rest()
        assert volume.window.inspector.panel.window_panel.isVisible()


def core_pixels(hands: Hands) -> np.ndarray:
    """Return the picture without the texts at its rim, as one channel."""
    pixels = hands.pixels().max(axis=-1).astype(float)
    pixels[:90], pixels[-90:] = 0, 0
    pixels[:, :30], pixels[:, -30:] = 0, 0
    return pixels


def bright_centre(hands: Hands) -> np.ndarray:
    """Return the (x, y) centre of what is lit, in view pixels."""
    rows, columns = np.nonzero(core_pixels(hands) > 20)
    return np.array([(columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2])


def lit_rows(hands: Hands) -> np.ndarray:
    """Return the rows in which something is lit."""
    return np.flatnonzero((core_pixels(hands) > 20).any(axis=1))
