"""Finer slices are judged against slices that were acquired so fine."""

import numpy as np
import pytest

from viewer.app.judging_finer import judge_finer
from viewer.app.report_html import rows_of
from viewer.core.errors import WrongUsage
from viewer.enhancement.catalogue import Catalogue
from viewer.enhancement.engine import Engine
from viewer.simulation.finer_scenes import SLICES, finer_scenes


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, object]]:
    table = judge_finer(Engine(Catalogue()), ("finer-cubic",), 2)
    return {str(row["method"]): row for row in rows_of(table, "rows")}


def test_plain_cubic_is_what_gains_are_over(rows: dict[str, dict[str, object]]) -> None:
    assert rows["cubic"]["gain_db"] == 0.0
    assert float(str(rows["linear"]["edges_gain_db"])) < 0.0


def test_consistent_slices_are_measured_as_acquired_and_others_are_not(
    rows: dict[str, dict[str, object]],
) -> None:
    assert float(str(rows["finer-cubic"]["misfit"])) < 1e-3
    assert float(str(rows["cubic"]["misfit"])) > 0.1


def test_gains_are_told_for_each_factor(rows: dict[str, dict[str, object]]) -> None:
    assert {"gain_db x2", "gain_db x4"} <= set(rows["finer-cubic"])


def test_a_denoiser_is_refused() -> None:
    with pytest.raises(WrongUsage, match="does not make finer slices"):
        judge_finer(Engine(Catalogue()), ("gaussian",), 1)


def test_thick_slices_lie_where_the_fine_ones_are_their_mean() -> None:
    scene = finer_scenes(3, 1)[0]
    assert len(scene.slices) == SLICES
    assert len(scene.truth) == (SLICES - 1) * scene.factor + 1
    here = scene.truth[:: scene.factor][scene.body[:: scene.factor]]
    there = scene.slices[scene.body[:: scene.factor]]
    assert np.corrcoef(here, there)[0, 1] > 0.9
