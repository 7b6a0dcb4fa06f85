"""A reader compares original and enhanced pixels; the label goes with them everywhere."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.builders import Acquisition, ct_series
from tests.journeys.conftest import Opener
from tests.journeys.hands import LEFT, Hands, amber_count, rgb
from tests.journeys.noisy import NOISE, write_noisy_ct
from viewer.core.view import ORIGINAL
from viewer.ui import dialogs

FEW = 60
"""Amber pixels that a label has at the very least; other things in the window have none."""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    write_noisy_ct(tmp_path / "study")
    return tmp_path / "study"


@pytest.fixture
def opened(hands: Hands, study: Path) -> Hands:
    hands.open(study)
    return hands


@pytest.fixture
def beside(opened: Hands) -> Hands:
    opened.window.enhance("gaussian", 0.4)
    opened.rest()
    return opened


def plain(pixels: np.ndarray) -> np.ndarray:
    """Return the middle of a view, free of texts."""
    rows, columns = pixels.shape[:2]
    return pixels[rows // 3 : 2 * rows // 3, columns // 4 : 3 * columns // 4]


def test_the_original_stands_left_and_the_filtered_one_right_with_its_label(beside: Hands) -> None:
    left, right = beside.viewport(0).picture(), beside.viewport(1).picture()
    assert left.pixels.label is None
    assert left.pixels.caption == "Original"
    assert right.pixels.label.title == "FILTERED"
    assert "−40 %" in right.pixels.label.detail
    assert amber_count(beside.pixels(0)) == 0
    assert amber_count(beside.pixels(1)) > FEW


def test_both_sides_share_slice_window_and_zoom(beside: Hands) -> None:
    beside.wheel(1, on=beside.viewport(0))
    beside.drag(LEFT, (100, 300), (160, 320), on=beside.viewport(1))
    beside.wheel(-2, on=beside.viewport(0), ctrl=True)
    beside.rest()
    left, right = (beside.workspace.views[view] for view in (0, 1))
    assert (left.focus_mm, left.window, left.zoom) == (right.focus_mm, right.window, right.zoom)
    assert left.pan_mm == right.pan_mm
    a, b = (plain(beside.pixels(place))[..., 0] for place in (0, 1))
    assert b.astype(float).std() < a.astype(float).std()


def test_holding_q_shows_the_original_and_nothing_else_moves(beside: Hands) -> None:
    before = beside.pixels(1)
    texts = beside.texts(1)
    beside.hold(Qt.Key.Key_Q)
    held = beside.pixels(1)
    assert amber_count(held) == 0
    assert np.array_equal(plain(held), plain(beside.pixels(0)))
    assert beside.texts(1) == texts
    foot = slice(int(held.shape[0] * 0.88), None)
    assert np.array_equal(held[foot, :-12], before[foot, :-12])
    beside.release(Qt.Key.Key_Q)
    assert np.array_equal(beside.pixels(1), before)


def test_losing_the_window_lets_go_of_the_original(beside: Hands) -> None:
    beside.hold(Qt.Key.Key_Q)
    other = dialogs.About("0")
    beside.qtbot.addWidget(other)
    with beside.qtbot.waitActive(other):
        other.show()
    assert not beside.viewport(1).is_original_held
    other.close()


def test_q_works_while_a_list_has_the_focus(beside: Hands) -> None:
    beside.window.browser._tree.setFocus()
    QTest.keyPress(beside.window.browser._tree, Qt.Key.Key_Q)
    assert beside.viewport(1).is_original_held
    QTest.keyRelease(beside.window.browser._tree, Qt.Key.Key_Q)
    assert not beside.viewport(1).is_original_held


def test_the_swipe_shows_both_halves_and_its_divider_moves(beside: Hands) -> None:
    beside.press("Ctrl+1")
    beside.press("Y")
    beside.rest()
    picture = beside.view.picture()
    assert picture.right.label.title == "FILTERED"
    assert picture.pixels.caption == "Original"
    assert amber_count(beside.pixels()) > FEW
    middle = beside.view.width() // 2
    beside.drag(LEFT, (middle, 300), (middle - 100, 300))
    assert beside.state.swipe == pytest.approx(0.5 - 100 / beside.view.width(), abs=0.01)


def test_the_flicker_takes_turns_and_the_label_comes_and_goes_with_the_pixels(
    beside: Hands,
) -> None:
    beside.press("Ctrl+1")
    beside.press("F")
    beside.rest()
    seen = set()

    def both() -> bool:
        pixels = beside.view.picture().pixels
        seen.add((pixels.label is not None, amber_count(beside.pixels()) > FEW))
        return len(seen) > 1

    beside.wait(both)
    assert seen == {(True, True), (False, False)}


def test_the_residual_has_a_signed_bar_and_says_what_it_is(beside: Hands) -> None:
    beside.press("Ctrl+1")
    beside.press("N")
    beside.rest()
    picture = beside.view.picture()
    assert picture.pixels.label.title == "FILTERED minus original"
    assert (picture.colour_bar.low, picture.colour_bar.high) == (-60.0, 60.0)
    assert picture.colour_bar.unit == "HU"
    assert amber_count(beside.pixels()) > FEW
    window = beside.view.window_in_use()
    beside.drag(LEFT, (500, 300), (400, 300))
    beside.rest()
    assert 20 < beside.view.picture().colour_bar.high < 50
    assert beside.view.window_in_use() == window
    beside.press("R")
    beside.rest()
    assert beside.view.picture().colour_bar.high == 60.0


def test_a_comparison_that_is_switched_off_leaves_the_original_an_original(
    beside: Hands,
) -> None:
    beside.press("N")
    beside.rest()
    beside.press("N")
    beside.rest()
    assert beside.workspace.views[0].layer == ORIGINAL
    assert beside.viewport(0).picture().pixels.label is None


def test_slabs_are_labelled_too(beside: Hands) -> None:
    beside.press("Ctrl+Up")
    beside.rest()
    assert amber_count(beside.pixels(1)) > FEW
    assert amber_count(beside.pixels(0)) == 0


def test_a_rendered_enhanced_volume_is_labelled(beside: Hands) -> None:
    beside.press("F6")
    beside.press("Alt+4")
    beside.rest()
    assert beside.viewport(1).picture().pixels.label.title == "FILTERED"
    assert amber_count(beside.pixels(1)) > FEW


def test_exported_pictures_and_the_clipboard_carry_the_label(
    beside: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: str(tmp_path / "view.png"))
    beside.press("F6")
    beside.press("Ctrl+P")
    beside.press("Ctrl+C")
    assert amber_count(rgb(QImage(str(tmp_path / "view.png")))) > FEW
    assert amber_count(rgb(QApplication.clipboard().image())) > FEW
    assert amber_count(beside.exported(0)) == 0


def test_a_screenshot_of_the_window_carries_the_label(beside: Hands) -> None:
    assert amber_count(rgb(beside.window.grab().toImage())) > FEW


def test_e_goes_back_to_one_view_of_the_original_and_again_costs_nothing(beside: Hands) -> None:
    beside.press("E")
    beside.rest()
    assert beside.workspace.layout.shown == (0,)
    assert beside.state.layer == ORIGINAL
    assert amber_count(beside.pixels()) == 0


def test_the_strength_changes_the_pixels_and_the_words_at_once(beside: Hands) -> None:
    before = plain(beside.pixels(1)).astype(float).std()
    panel = beside.window.inspector.panel.enhancement_panel
    panel.strength_changed.emit(0.7)
    panel.strength_settled.emit(0.7)
    beside.rest()
    label = beside.viewport(1).picture().pixels.label
    assert "70 %" in label.detail or "asked −70 %" in label.detail
    assert plain(beside.pixels(1)).astype(float).std() < before
    assert beside.workspace.settings.enhancement.strength == 0.7


def test_the_same_region_is_compared_in_one_table(beside: Hands) -> None:
    beside.press("O")
    view = beside.viewport(0)
    x, y = view.width() // 2, view.height() // 2
    beside.drag(LEFT, (x - 50, y - 50), (x + 50, y + 50), on=view)
    beside.window.inspector.show("enhancement")
    beside.rest()
    table = beside.window.inspector.panel.enhancement_panel._regions.as_text()
    rows = {line.split("\t")[0]: line.split("\t")[1] for line in table.splitlines()[1:]}
    assert float(rows["Original SD"]) == pytest.approx(NOISE, rel=0.15)
    assert float(rows["Enhanced SD"]) == pytest.approx(0.6 * NOISE, rel=0.2)
    assert rows["Noise change"].startswith("-4") or rows["Noise change"].startswith("-3")


def test_one_key_runs_the_model_and_calls_its_pixels_ai_enhanced(opened: Hands) -> None:
    opened.press("E")
    opened.rest()
    assert opened.messages == ()
    assert opened.viewport(0).picture().pixels.label is None
    assert opened.viewport(1).picture().pixels.label.title == "AI-ENHANCED"
    assert amber_count(opened.pixels(1)) > FEW
    assert opened.window.tools.button("enhance.toggle").isChecked()


def test_a_gate_that_refuses_says_why_and_leaves_one_view(hands: Hands, tmp_path: Path) -> None:
    ct_series(tmp_path / "mr", 6, settings=Acquisition("MR"))
    hands.open(tmp_path / "mr")
    hands.press("E")
    hands.rest()
    (refusal,) = [words for words in hands.messages if "was not run" in words]
    assert "MR" in refusal
    assert hands.workspace.layout.shown == (0,)
    assert amber_count(hands.pixels()) == 0
    assert hands.window.inspector.panel.enhancement_panel._blocked.text() in refusal


def test_a_strength_above_one_is_an_error_in_words(opened: Hands) -> None:
    opened.window.enhance("gaussian", 1.5)
    opened.rest()
    assert any("0 to 1" in words or "fraction" in words for words in opened.messages)
    assert opened.workspace.layout.shown == (0,)


class TestSaved:
    """An enhanced series saved as DICOM and opened again."""

    @pytest.fixture
    def saved(self, beside: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = tmp_path / "saved"
        monkeypatch.setattr(dialogs, "ask_save", lambda *_: str(folder))
        beside.run("file.save_enhanced")
        assert any("were saved" in words for words in beside.messages), beside.messages
        return folder

    def test_its_pixels_are_those_of_the_screen(self, beside: Hands, saved: Path) -> None:
        part = beside.shown
        found = beside.session.enhancements.enhancement(part, "gaussian")
        assert found is not None
        shown = found.volume(0.4)
        files = [pydicom.dcmread(path) for path in sorted(saved.rglob("*")) if path.is_file()]
        assert len(files) == len(shown.values)
        files.sort(key=lambda dataset: dataset.ImagePositionPatient[2])
        for dataset, values in zip(files, shown.values, strict=True):
            hu = dataset.pixel_array * dataset.RescaleSlope + dataset.RescaleIntercept
            assert np.abs(hu - values).max() <= 1

    def test_it_is_listed_at_once_and_the_next_one_gets_another_number(
        self, beside: Hands, saved: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (series, made) = beside.workspace.studies[0].series
        assert made.number == (series.number or 0) * 100 + 1
        second = saved.with_name("second")
        monkeypatch.setattr(dialogs, "ask_save", lambda *_: str(second))
        beside.run("file.save_enhanced")
        numbers = [one.number for one in beside.workspace.studies[0].series]
        assert len(numbers) == len(set(numbers)) == 3

    def test_it_is_recognised_with_label_and_thumbnail(
        self, beside: Hands, study: Path, saved: Path, opener: Opener
    ) -> None:
        beside.window.close()
        again = opener()
        again.open(study, saved)
        parts = list(again.workspace.image_parts())
        assert len(parts) == 2
        listed = {row.key: row for row in again.window.browser._studies[0].parts}
        derived = next(part for part in parts if listed[part.key].mark)
        again.window.show_in_active(derived.key)
        again.rest()
        label = again.view.picture().pixels.label
        assert label.title == "FILTERED"
        assert amber_count(again.pixels()) > FEW
        assert amber_count(rgb(again.window.browser.grab().toImage())) > 20


def test_closing_while_an_enhancement_runs_leaves_nothing_running(opened: Hands) -> None:
    opened.window.enhance("nlm", 0.4)
    opened.window.close()
    assert not opened.window.isVisible()


def test_a_refused_series_can_be_cancelled_and_another_method_tried(opened: Hands) -> None:
    opened.window.enhance("nlm", 0.4)
    opened.run("enhance.cancel")
    assert opened.session.enhancements.fraction(opened.shown) is None
    opened.window.enhance("gaussian", 0.4)
    opened.rest()
    assert opened.viewport(1).picture().pixels.label.title == "FILTERED"


def test_a_slice_that_was_left_out_by_cancelling_says_so(beside: Hands) -> None:
    workspace = beside.workspace
    ((key, layer),) = workspace.layers.items()
    loaded = layer.residual.loaded.copy()
    loaded[0] = False
    workspace.put_layer(*key, replace(layer, residual=replace(layer.residual, loaded=loaded)))
    assert "was not enhanced" not in beside.texts(1)
    beside.press("Home", on=beside.viewport(0))
    beside.rest()
    assert "This slice was not enhanced" in beside.texts(1)
    assert "was not enhanced" not in beside.texts(0)


def test_e_takes_the_denoiser_that_was_made_for_the_modality_even_before_methods_are_loaded(
    hands: Hands, tmp_path: Path
) -> None:
    ct_series(tmp_path / "mr", 3, settings=Acquisition("MR", rows=96, columns=96))
    hands.open(tmp_path / "mr")
    hands.press("E")
    hands.rest()
    asked = {name for _, name in hands.workspace.layers}
    asked |= {name for _, name in hands.window.session.enhancements.refusals}
    assert asked == {"mr-denoise-s"}
