"""What a spread holds on images that it was not calibrated on is counted pixel by pixel."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.enhancement import toys
from tests.enhancement.scenes import noisy_volume, study_of, tiny_model
from viewer.enhancement.catalogue import read_catalogue
from viewer.enhancement.engine import Engine

MODELS = Path(__file__).resolve().parents[2] / "models"


@pytest.mark.parametrize(("spread", "low", "high"), [(50.0, 1.0, 1.0), (1e-6, 0.0, 0.001)])
def test_a_wide_interval_holds_everything_and_a_narrow_one_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, spread: float, low: float, high: float
) -> None:
    monkeypatch.syspath_prepend(str(MODELS))
    from spread_elsewhere import held

    toys.add_spread(tiny_model(tmp_path), toys.spread_of(spread))
    volume, truth = noisy_volume(3, 96)
    study, series, part = study_of()
    case = SimpleNamespace(study=study, series=series, part=part, volume=volume, truth=truth)
    shares = held(case, Engine(read_catalogue(tmp_path)), "tiny")
    assert len(shares) == 3
    assert low <= float(np.mean(shares)) <= high
