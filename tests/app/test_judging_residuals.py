"""The red line of the residual audit: the 95th percentile over held-out scenes, per method."""

from dataclasses import replace

import numpy as np
import pytest

from viewer.app import judging_residuals
from viewer.app.grounds import CT, MR
from viewer.app.headless import new_engine
from viewer.app.judging_residuals import AUDIT_SEED, structure_lines
from viewer.core.errors import UnknownMethod, WrongUsage
from viewer.simulation import scenes as simulation


@pytest.fixture
def drawn(monkeypatch):
    """Seeds and numbers of scenes asked for; every scene is the same one, drawn once."""
    (scene,) = simulation.scenes(1, 1)
    asked = []

    def scenes(seed, count):
        asked.append((seed, count))
        return [scene] * count

    known = {"CT": replace(CT, scenes=scenes), "MR": MR}
    monkeypatch.setattr(judging_residuals, "ground_named", known.__getitem__)
    return asked


def test_each_method_gets_its_line_from_scenes_of_seeds_of_their_own(drawn, monkeypatch):
    indices = iter(np.linspace(-1, 1, 80))
    monkeypatch.setattr(judging_residuals, "_structure", lambda *_: float(next(indices)))
    table = structure_lines(new_engine(), ("gaussian",), 40)
    assert drawn == [(AUDIT_SEED, 36), (AUDIT_SEED + 1, 4)]
    (row,) = table["rows"]
    first_forty = np.linspace(-1, 1, 80)[:40]
    assert row["structure_p95"] == pytest.approx(np.percentile(first_forty, 95))
    assert (row["method"], row["scenes"]) == ("gaussian", 40)


def test_a_blurring_filter_leaves_more_structure_in_its_residual_than_the_model(drawn):
    table = structure_lines(new_engine(), ("ct-denoise-s", "gaussian"), 20)
    model, blur = (row["structure_median"] for row in table["rows"])
    assert blur > model + 0.2


def test_too_few_scenes_and_unknown_methods_are_refused_first(drawn):
    with pytest.raises(WrongUsage, match="too few for a 95th percentile"):
        structure_lines(new_engine(), None, 12)
    with pytest.raises(UnknownMethod):
        structure_lines(new_engine(), ("nothing",), 40)
    assert drawn == []


def test_models_of_two_modalities_do_not_share_scenes(drawn):
    with pytest.raises(WrongUsage, match="made for CT and MR"):
        structure_lines(new_engine(is_research=True), ("ct-denoise-s", "mr-denoise-s"), 40)
    assert drawn == []
