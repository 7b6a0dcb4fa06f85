"""A reader sees a radiograph beside its enhanced version, and compares and keeps it."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.app.test_enhancing_radiographs import noisy_radiograph
from tests.journeys.hands import Hands, amber_count
from viewer.core.view import ORIGINAL
from viewer.core.volume import Frames


@pytest.fixture
def beside(hands: Hands, tmp_path: Path) -> Hands:
    noisy_radiograph(tmp_path / "study" / "a.dcm")
    hands.open(tmp_path / "study")
    hands.window.enhance("tv", 0.4)
    hands.rest()
    return hands


def test_the_original_stands_left_and_the_filtered_one_right_with_its_label(beside: Hands) -> None:
    left, right = beside.viewport(0).picture(), beside.viewport(1).picture()
    assert left.pixels.label is None
    assert right.pixels.label.title == "FILTERED"
    assert amber_count(beside.pixels(0)) == 0
    assert amber_count(beside.pixels(1)) > 60


def test_every_way_to_compare_is_there_but_3d(beside: Hands) -> None:
    for keys in ("Y", "F", "N", "G"):
        beside.press(keys)
        beside.rest()
    assert beside.messages == ()
    states = beside.workspace.views.values()
    assert any(state.layer != ORIGINAL or state.comparison.value for state in states)


def test_the_layer_is_of_the_picture_s_own_kind(beside: Hands) -> None:
    (layer,) = beside.workspace.layers.values()
    assert isinstance(layer.residual, Frames)
    assert layer.residual.spacing_origin == "detector"


def test_e_says_why_there_is_no_model_for_it(hands: Hands, tmp_path: Path) -> None:
    noisy_radiograph(tmp_path / "study" / "a.dcm", modality="MG")
    hands.open(tmp_path / "study")
    hands.press("E")
    hands.rest()
    assert any("made for CT, this series is MG" in words for words in hands.messages)
    assert QApplication.activeModalWidget() is None
