"""A reader makes thick slices finer: beside the original, in planes, saved and opened again."""

from pathlib import Path

import numpy as np
import pytest

from tests.builders import Acquisition, ct_series
from tests.journeys.hands import Hands, amber_count
from viewer.core.view import Comparison
from viewer.ui import dialogs, inspector


@pytest.fixture
def beside(hands: Hands, tmp_path: Path) -> Hands:
    thick = Acquisition(step_mm=3.0, thickness_mm=3.0, rows=64, columns=64)
    ct_series(tmp_path / "study", 10, settings=thick)
    hands.open(tmp_path / "study")
    hands.window.enhance("finer-cubic", 0.4)
    hands.rest()
    return hands


def corner(hands: Hands, view: int) -> tuple[str, ...]:
    return hands.viewport(view).picture().corners.bottom_left


def test_finer_slices_stand_beside_the_acquired_ones_and_say_where_they_lie(beside: Hands) -> None:
    assert "Slice 5 / 10" in corner(beside, 0)
    assert "Slice 17 / 37" in corner(beside, 1)
    assert "at acquired slice 5" in corner(beside, 1)
    label = beside.viewport(1).picture().pixels.label
    assert label is not None
    assert label.title == "FILTERED"
    assert "0.75 mm slices, acquired 3.0 mm" in label.detail
    beside.wheel(1, on=beside.viewport(1))
    beside.rest()
    assert "between acquired slices 5 and 6" in corner(beside, 1)
    assert "Slice 5 / 10" in corner(beside, 0)


def test_another_factor_makes_them_anew(beside: Hands) -> None:
    beside.window.inspector.show(inspector.ENHANCEMENT)
    beside.window.inspector.panel.enhancement_panel.factor_changed.emit(2)
    beside.rest()
    assert any("/ 19" in line for line in corner(beside, 1))


def test_planes_and_the_volume_are_those_of_the_finer_grid(beside: Hands) -> None:
    beside.run("compare.layer")
    beside.run("layout.mpr")
    beside.rest()
    for view in range(4):
        assert amber_count(beside.pixels(view)) > 0
    grid = beside.workspace.grid_of(beside.workspace.views[0])
    assert grid is not None
    assert grid.geometry.shape[0] == 37


def test_swipe_works_and_the_residual_is_refused_in_words(beside: Hands) -> None:
    beside.run("compare.residual")
    beside.rest()
    assert any("Finer slices have no residual" in words for words in beside.messages)
    beside.run("compare.swipe")
    beside.rest()
    assert beside.workspace.active_state.comparison is Comparison.SWIPE
    assert amber_count(beside.pixels(0)) > 0


def test_they_are_saved_and_opened_again_with_their_own_grid(
    beside: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogs, "ask_save", lambda *_args: str(tmp_path / "out"))
    beside.run("file.save_enhanced")
    beside.rest()
    assert len(list((tmp_path / "out").iterdir())) == 37
    saved = next(p for p in beside.workspace.image_parts() if len(p.sources) == 37)
    beside.drop_series(saved.key)
    beside.rest()
    volume = beside.workspace.volumes[saved.key]
    assert volume.geometry.spacing_mm[0] == pytest.approx(0.75)
    assert np.allclose(volume.geometry.slice_thickness_mm, 0.75)
    assert any("acquired slice" in line for line in corner(beside, 0))
