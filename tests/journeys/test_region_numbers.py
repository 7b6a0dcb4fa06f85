"""Numbers beside a region say which pixels they are of."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.journeys.hands import LEFT, Hands
from tests.journeys.noisy import write_noisy_ct
from viewer.app import following
from viewer.core.view import Comparison
from viewer.ui.region_numbers import NOT_THE_SLAB


@pytest.fixture
def beside(hands: Hands, tmp_path: Path) -> Hands:
    """The original on the left, filtered on the right, and an ellipse on both."""
    write_noisy_ct(tmp_path / "study")
    hands.open(tmp_path / "study")
    hands.window.enhance("gaussian", 0.4)
    hands.rest()
    hands.press("O", on=hands.viewport(0))
    hands.drag(LEFT, (150, 300), (250, 380), on=hands.viewport(0))
    return hands


def lines(hands: Hands, place: int) -> tuple[str, ...]:
    (shape,) = hands.viewport(place).picture().shapes
    return shape.lines


def test_numbers_of_enhanced_pixels_are_called_so(beside: Hands) -> None:
    left, right = lines(beside, 0), lines(beside, 1)
    assert left[0].startswith("mean ")
    assert right[0].startswith("enhanced mean ")
    assert left[0].split("SD")[1] != right[0].split("SD")[1]


def test_numbers_on_a_swipe_name_their_layer(beside: Hands) -> None:
    state = replace(beside.workspace.views[0], comparison=Comparison.SWIPE)
    following.change(beside.session, 0, state)
    beside.rest()
    assert lines(beside, 0)[0].startswith("original mean ")


def test_a_slice_that_is_not_enhanced_yet_shows_no_number_as_enhanced(beside: Hands) -> None:
    workspace = beside.workspace
    ((key, layer),) = workspace.layers.items()
    none = replace(layer.residual, loaded=layer.residual.loaded & False)
    workspace.put_layer(*key, replace(layer, residual=none))
    assert not any("mean" in line for line in lines(beside, 1))
    assert lines(beside, 0)[0].startswith("mean ")


def test_numbers_over_a_slab_say_that_they_are_of_one_slice(beside: Hands) -> None:
    state = replace(beside.workspace.views[0], slab_mm=4.0)
    following.change(beside.session, 0, state)
    beside.rest()
    assert lines(beside, 0)[-1] == NOT_THE_SLAB
