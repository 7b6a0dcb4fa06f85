"""The table of regions: which numbers, in which unit."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.sessions import new_session, put_layer, put_series
from viewer.app import measuring
from viewer.app.spreading import SpreadFacts
from viewer.core.measurement import MeasurementKind
from viewer.core.volume import ARBITRARY
from viewer.ui.inspector_rows import region_figures, spread_state
from viewer.ui.spread_box import SpreadState


@pytest.mark.parametrize(
    ("unit", "title"), [("HU", "Enhanced mean"), (ARBITRARY, "Enhanced mean (a.u.)")]
)
def test_enhanced_values_name_their_unit_where_it_is_another(
    tmp_path: Path, unit: str, title: str
) -> None:
    session = new_session(tmp_path)
    key = put_series(session)
    session.workspace.show(0, replace(session.workspace.views[0], part=key, focus_mm=(0, 0, 8)))
    corners = ((-8.0, -8.0, 8.0), (8.0, 8.0, 8.0))
    measuring.add(session, 0, MeasurementKind.RECTANGLE, corners)
    layer = put_layer(session, key)
    layer = replace(layer, residual=replace(layer.residual, unit=unit))
    figures = region_figures(session.workspace, key, layer)
    titles = [line[0] for line in figures.rows]
    assert titles[0] == "Original mean (HU)"
    assert titles[2] == title
    bias = next(line for line in figures.rows if line[0].startswith("Residual mean"))
    assert float(bias[1]) == pytest.approx(-10.0)


FACTS = SpreadFacts("", is_on=True, median=13.2, unit="HU", share=0.9, coverage="It held 90 %.")


def test_the_spread_is_one_number_of_the_full_strength_image_with_what_it_held() -> None:
    state = spread_state(FACTS)
    assert state.figure.startswith("± 13 HU: half width of the 90 % interval")
    assert "around the full-strength image" in state.figure
    assert state.coverage.startswith("It held 90 %.")
    assert "at a lower strength no interval is known" in state.coverage


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (replace(FACTS, median=None), "being computed"),
        (replace(FACTS, median=None, is_drawn=False), "acquired slices only"),
        (replace(FACTS, median=None, is_on=False), "Switch it on"),
    ],
)
def test_without_the_number_the_reason_is_said(facts: SpreadFacts, words: str) -> None:
    assert words in spread_state(facts).figure


def test_a_method_without_a_spread_says_why_and_nothing_else() -> None:
    state = spread_state(SpreadFacts("Gaussian is a filter: it has no model spread."))
    assert state == SpreadState("Gaussian is a filter: it has no model spread.")
