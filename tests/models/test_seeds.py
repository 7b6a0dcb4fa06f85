"""Scenes that judge, tune, calibrate and train are drawn from seeds of their own."""

from pathlib import Path

from viewer.app import judging, judging_finer, judging_residuals, judging_sharpness

MODELS = Path(__file__).resolve().parents[2] / "models"


def test_no_two_purposes_share_scenes(monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(MODELS))
    import spread
    import train

    turns = range(180 // judging_residuals.ROTATION)
    seeds = [
        judging.HELD_OUT_SEED,
        judging.TUNING_SEED,
        judging.EDGE_SEED,
        judging.INSERT_SEED,
        judging_finer.SEED,
        judging_sharpness.HELD_OUT_SEED,
        judging_sharpness.TUNING_SEED,
        spread.CALIBRATION_SEED,
        spread.COVERAGE_SEED,
        train.VALIDATION_SEED,
        train.Recipe("").seed,
        *(judging_residuals.AUDIT_SEED + turn for turn in turns),
    ]
    assert len(set(seeds)) == len(seeds)
