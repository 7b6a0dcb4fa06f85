"""The table of regions: which numbers, in which unit."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.sessions import new_session, put_layer, put_series
from viewer.app import measuring
from viewer.core.measurement import MeasurementKind
from viewer.core.volume import ARBITRARY
from viewer.ui.inspector_rows import region_figures


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
