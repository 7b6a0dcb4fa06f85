"""Words on a view that are made from its pixels: the value under the cursor."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.builders import ct_series
from tests.found import parts_of
from tests.sessions import new_session, provenance, put_layer, put_series
from viewer.app.workspace import Layer
from viewer.core.geometry import point
from viewer.core.volume import ARBITRARY, derive
from viewer.io.assemble import load_part
from viewer.ui.composition import probe_words

CENTRE = (0.4, -0.4, 8.2)


def test_the_value_under_the_cursor_is_that_of_the_nearest_voxel_with_its_unit(
    tmp_path: Path,
) -> None:
    session = new_session(tmp_path)
    volume = session.workspace.volumes[put_series(session)]
    assert probe_words(volume, CENTRE) == f"{volume.values[4, 16, 16]} HU"
    assert probe_words(volume, (40.0, 0.0, 8.0)) == ""


def test_a_derived_view_names_original_and_enhanced_value(tmp_path: Path) -> None:
    session = new_session(tmp_path)
    key = put_series(session)
    layer, volume = put_layer(session, key), session.workspace.volumes[key]
    value = int(volume.values[4, 16, 16])
    assert probe_words(volume, CENTRE, layer) == f"original {value} HU · enhanced {value - 10} HU"
    grey = replace(layer, residual=replace(layer.residual, unit=ARBITRARY))
    assert probe_words(volume, CENTRE, grey).endswith(f"enhanced {value - 10} a.u.")


def test_where_nothing_is_enhanced_yet_only_the_original_is_named(tmp_path: Path) -> None:
    session = new_session(tmp_path)
    key = put_series(session)
    layer, volume = put_layer(session, key), session.workspace.volumes[key]
    loaded = np.arange(len(volume.values)) != 4
    growing = replace(layer, residual=replace(layer.residual, loaded=loaded))
    assert probe_words(volume, CENTRE, growing) == f"original {volume.values[4, 16, 16]} HU"


def test_in_a_gap_there_is_no_value(tmp_path: Path) -> None:
    (part,) = parts_of(ct_series(tmp_path, 9, defects=["gap"]))
    volume = load_part(part)
    positions = np.asarray(volume.geometry.slice_positions_mm)
    widest = int(np.argmax(np.abs(np.diff(positions))))
    normal, before = volume.geometry.normal, volume.geometry.to_mm((widest, 5.0, 5.0))
    step = volume.geometry.spacing_mm[0]
    before = volume.geometry.on_slice(point(before), widest)
    assert probe_words(volume, point(np.asarray(before) + 0.4 * step * normal)).endswith("HU")
    assert probe_words(volume, point(np.asarray(before) + step * normal)) == "no pixel here"


def test_a_finer_view_names_its_own_value_and_the_acquired_view_the_original(
    tmp_path: Path,
) -> None:
    session = new_session(tmp_path)
    volume = session.workspace.volumes[put_series(session)]
    shape = volume.geometry.finer(4).shape
    own = np.broadcast_to(np.arange(shape[0], dtype=np.int16)[:, None, None], shape)
    start = derive(volume, own, provenance(), factor=4)
    residual = derive(volume, np.zeros(shape, np.int16), provenance(), factor=4)
    layer = Layer(residual, 0.0, 1.0, provenance(), start)
    between = (0.4, -0.4, 8.6)
    assert probe_words(start, between, layer) == "enhanced 17 HU"
    assert probe_words(volume, between, layer) == f"original {volume.values[4, 16, 16]} HU"
