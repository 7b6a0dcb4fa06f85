"""Finer slices as a layer with a grid of its own: links, values, regions, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from tests.sessions import new_session, provenance, put_series
from viewer.app import comparing, enhancement_verbs, measuring, viewing
from viewer.app.following import geometry_of
from viewer.app.regions import region_row
from viewer.app.workspace import Layer
from viewer.core.measurement import Measurement, MeasurementKind
from viewer.core.view import ORIGINAL, Comparison
from viewer.core.volume import derive

FACTOR = 4


@pytest.fixture
def session(tmp_path):
    """A series beside its finer slices, whose values are 100 plus their own number."""
    session = new_session(tmp_path)
    part = put_series(session)
    volume = session.workspace.volumes[part]
    count = (volume.geometry.shape[0] - 1) * FACTOR + 1
    step = volume.geometry.spacing_mm[0]
    known = replace(provenance(), slice_steps_mm=(step / FACTOR, step))
    values = np.broadcast_to(
        (100 + np.arange(count, dtype=volume.values.dtype))[:, None, None],
        (count, *volume.geometry.shape[1:]),
    )
    start = derive(volume, values, known, factor=FACTOR)
    residual = derive(volume, np.zeros(values.shape, np.int16), known, factor=FACTOR)
    layer = Layer(residual, 0.0, 1.0, known, start)
    session.workspace.put_layer(part, "finer-cubic", layer)
    comparing.show_side_by_side(session, part, "finer-cubic")
    return session


def shown_slices(session):
    views = session.workspace.views
    return [geometry_of(session.workspace, v).slice_of(views[v].focus_mm) for v in (0, 1)]


def test_each_view_counts_the_slices_of_its_own_grid(session):
    acquired, finer = (geometry_of(session.workspace, view) for view in (0, 1))
    assert finer.shape[0] == (acquired.shape[0] - 1) * FACTOR + 1
    assert finer.spacing_mm[0] == pytest.approx(acquired.spacing_mm[0] / FACTOR)


def test_scrolling_the_original_moves_the_finer_slices_to_the_same_place(session):
    viewing.go_to_slice(session, 2)
    assert shown_slices(session) == [1, FACTOR]
    viewing.scroll(session, 1, 0)
    assert shown_slices(session) == [2, 2 * FACTOR]


def test_scrolling_the_finer_slices_moves_the_original_to_the_nearest(session):
    viewing.go_to_slice(session, 2)
    viewing.scroll(session, 1, 1)
    assert shown_slices(session) == [1, FACTOR + 1]
    viewing.scroll(session, 2, 1)
    assert shown_slices(session) == [2, FACTOR + 3]


def test_a_residual_of_finer_slices_is_refused_in_words(session):
    told = []
    session.workspace.message.connect(told.append)
    comparing.toggle(Comparison.RESIDUAL)(session)
    assert session.workspace.active_state.comparison is Comparison.NONE
    assert "no residual" in told[0].text
    comparing.toggle(Comparison.SWIPE)(session)
    assert session.workspace.active_state.comparison is Comparison.SWIPE


def test_a_region_has_numbers_of_acquired_and_finer_voxels_but_no_residual(session):
    workspace = session.workspace
    part = workspace.views[0].part
    volume, layer = workspace.volumes[part], workspace.layers[(part, "finer-cubic")]
    finer = layer.start.geometry
    corners = [tuple(finer.to_mm((FACTOR, row, row))) for row in (1.0, 4.0)]
    region = Measurement(
        id="a", kind=MeasurementKind.RECTANGLE, part=part, layer=ORIGINAL, points_mm=tuple(corners),
        right=tuple(finer.row_direction), down=tuple(finer.column_direction),
    )  # fmt: skip
    row = region_row(volume, layer, region, "")
    assert row.original.mean == pytest.approx(volume.values[1, 1:5, 1:5].mean(), abs=5)
    assert row.enhanced.mean == 100 + FACTOR
    assert row.residual is None
    assert row.bias is None


def test_another_factor_is_remembered_and_makes_the_slices_anew(session, monkeypatch):
    asked = []
    start = lambda part, method, *_, **__: asked.append(method)  # noqa: E731
    monkeypatch.setattr(session.enhancements, "start", start, raising=False)
    monkeypatch.setattr(session.enhancements, "drop_unseen", lambda _part: None, raising=False)
    enhancement_verbs.set_factor(session, 3)
    assert session.workspace.settings.enhancement.factor == 3
    assert asked == ["finer-cubic"]


def test_the_original_has_its_own_grid_again_when_the_layer_goes(session):
    part = session.workspace.views[1].part
    session.workspace.drop_layer(part, "finer-cubic")
    assert session.workspace.grid_of(session.workspace.views[1]) is session.workspace.volumes[part]


def test_a_measurement_names_an_acquired_slice_only_where_the_finer_one_lies_on_it(session):
    viewing.go_to_slice(session, 2)
    session.workspace.arrange(replace(session.workspace.layout, active=1))

    def drawn():
        focus = session.workspace.views[1].focus_mm
        return measuring.drawn(session, 1, MeasurementKind.POINT, (focus,))

    part = session.workspace.parts[session.workspace.views[1].part]
    acquired = part.sources[1].instance.sop_instance_uid
    assert shown_slices(session) == [1, FACTOR]
    assert drawn().sop_instance_uid == acquired
    viewing.scroll(session, 1, 1)
    assert shown_slices(session)[1] == FACTOR + 1
    assert drawn().sop_instance_uid == ""
