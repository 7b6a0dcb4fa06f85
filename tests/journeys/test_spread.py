"""A reader asks where the model is less sure, and sees it on the enhanced pixels alone."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from tests.journeys.conftest import Opener
from tests.journeys.hands import Hands
from tests.journeys.noisy import write_noisy_ct
from viewer.app.spreading import NOT_ERROR
from viewer.core.arrays import UInt8Array

SWITCH = "Show over the enhanced image"
SMALLEST_PAINTED = 50


@pytest.fixture
def beside(opener: Opener, tmp_path: Path) -> Hands:
    write_noisy_ct(tmp_path / "study")
    hands = opener()
    hands.open(tmp_path / "study")
    hands.window.enhance("ct-denoise-s", 0.4)
    hands.rest()
    return hands


def violet(pixels: UInt8Array) -> int:
    """How many pixels have the hue of the spread: red and blue well above green."""
    red, green, blue = (pixels[..., channel].astype(int) for channel in range(3))
    return int(np.count_nonzero((blue > green + 25) & (red > green + 10) & (blue > red)))


def switch(hands: Hands) -> QPushButton:
    panel = hands.window.inspector.panel.enhancement_panel
    return next(one for one in panel.findChildren(QPushButton) if one.text() == SWITCH)


def test_u_lays_the_spread_over_the_enhanced_view_with_its_bar_and_words(beside: Hands) -> None:
    before = beside.pixels(0)
    assert violet(beside.pixels(1)) == 0
    beside.press("U")
    beside.rest()
    right = beside.viewport(1).picture()
    assert right.colour_bar is not None
    assert NOT_ERROR in right.colour_bar.words
    assert right.pixels is not None
    assert right.pixels.label is not None
    assert violet(beside.pixels(1)) > SMALLEST_PAINTED
    assert violet(beside.exported(1)) > SMALLEST_PAINTED
    assert np.array_equal(beside.pixels(0), before)
    assert switch(beside).isChecked()


def test_it_follows_scrolling_and_turning_and_goes_when_it_is_pressed_again(beside: Hands) -> None:
    beside.press("U")
    beside.wheel(2)
    beside.press("V")
    beside.rest()
    assert beside.slice_number > 1
    assert violet(beside.pixels(1)) > SMALLEST_PAINTED
    beside.press("U")
    beside.rest()
    assert violet(beside.pixels(1)) == 0
    assert beside.viewport(1).picture().colour_bar is None


def test_holding_the_key_for_the_original_takes_the_spread_away(beside: Hands) -> None:
    beside.press("U")
    beside.rest()
    beside.hold(Qt.Key.Key_Q)
    assert violet(beside.pixels(1)) == 0
    assert beside.viewport(1).picture().colour_bar is None
    beside.release(Qt.Key.Key_Q)
    assert violet(beside.pixels(1)) > SMALLEST_PAINTED


def test_a_filter_switches_it_off_with_the_reason(beside: Hands) -> None:
    beside.press("U")
    beside.rest()
    beside.window.enhance("gaussian", 0.4)
    beside.rest()
    assert not switch(beside).isEnabled()
    assert violet(beside.pixels(1)) == 0
    assert beside.viewport(1).picture().colour_bar is None
