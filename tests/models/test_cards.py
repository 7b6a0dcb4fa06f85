"""Cards are read and written without losing what people wrote."""

import math
from pathlib import Path
from types import ModuleType

import pytest

MODELS = Path(__file__).resolve().parents[2] / "models"


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(MODELS))
    import cards

    return cards


def test_a_card_survives_writing_and_reading(cards: ModuleType, tmp_path: Path) -> None:
    card = {
        "id": "x",
        "flag": True,
        "limits": ['a long sentence with "quotes" and \\ strokes', "another long sentence"],
        "input": {"spacing_mm": [0.35, 1.0], "slices": 5},
        "metrics": {"simulated": {"rmse": 1.5, "bad": math.inf, "kept_+60_HU": 0.9}},
    }
    cards.write_card(tmp_path / "card.toml", card)
    found = cards.read_card(tmp_path / "card.toml")
    assert math.isnan(found["metrics"]["simulated"].pop("bad"))
    card["metrics"]["simulated"].pop("bad")
    assert found == card


def test_training_leaves_other_entries_of_the_card_alone(cards: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    cards.write_card(path, {"id": "x", "limits": ["none that is known"], "training": {"note": "n"}})
    hashes = {"weights.safetensors": "a" * 64, "weights.onnx": "b" * 64}
    cards.update_card(path, "x", hashes, {"steps": 7}, {"network": "Denoiser"})
    card = cards.read_card(path)
    assert card["limits"] == ["none that is known"]
    assert card["training"] == {"note": "n", "steps": 7}
    assert card["architecture"] == {"network": "Denoiser"}
    assert card["weights"]["onnx_sha256"] == "b" * 64


def test_a_report_fills_the_figures_of_a_card_and_nothing_else(
    cards: ModuleType, tmp_path: Path
) -> None:
    report = {
        "command": "diptych evaluate x --on simulated",
        "cut": 0.4,
        "scenes": 2,
        "pairs": 30,
        "ceiling_db": 6.02,
        "settings": {"gaussian": "sigma_mm 0.8"},
        "rows": [
            {"method": "input", "strength": "none", "rmse_hu": 20.0},
            {"method": "x", "strength": "full", "gain_db": 7.12345},
            {"method": "x", "strength": "40% cut", "kept 5 mm +60 HU": 0.9, "gone": math.nan},
        ],
        "inserts": [
            {"method": "x", "insert": "3 mm 14 HU", "d_ratio": 1.01},
            {"method": "other", "insert": "3 mm 14 HU", "d_ratio": 0.5},
        ],
        "checks": [{"method": "x", "identity_hu": 0.7}],
    }
    card = {"id": "x", "limits": ["one"], "metrics": {"phantom": {"noise": 7.0}}}
    taken = cards.take_figures(card, report)
    cards.write_card(tmp_path / "card.toml", taken)
    found = cards.read_card(tmp_path / "card.toml")
    assert found["limits"] == ["one"]
    assert found["metrics"]["phantom"] == {"noise": 7.0}
    figures = found["metrics"]["simulated"]
    assert figures["command"] == report["command"]
    assert figures["x_full"] == {"gain_db": 7.1235}
    assert figures["x_at_the_cut"] == {"kept_5_mm_plus_60_HU": 0.9}
    assert figures["inserts_3_mm_14_HU"] == {"d_ratio": 1.01}
    assert figures["checks_x"] == {"identity_hu": 0.7}


def test_the_red_line_of_the_audit_is_taken_with_its_command(
    cards: ModuleType, tmp_path: Path
) -> None:
    table = {
        "command": "diptych evaluate x --on residuals --scenes 180 --json",
        "scenes": 180,
        "seed": 5,
        "rows": [
            {"method": "other", "structure_p95": 0.9, "structure_median": 0.5, "scenes": 180},
            {"method": "x", "structure_p95": 0.12345, "structure_median": -0.2, "scenes": 178},
        ],
    }
    cards.write_card(tmp_path / "card.toml", cards.take_red_line({"id": "x"}, table))
    assert cards.read_card(tmp_path / "card.toml")["audit"] == {
        "structure_p95": 0.1235,
        "structure_median": -0.2,
        "scenes": 178,
        "seed": 5,
        "command": table["command"],
    }
    with pytest.raises(SystemExit, match="no row of y"):
        cards.take_red_line({"id": "y"}, table)


def test_a_report_of_another_modality_and_job_fills_a_card(cards: ModuleType) -> None:
    report = {
        "command": "diptych evaluate m --on simulated",
        "modality": "MR",
        "rows": [
            {"method": "m", "strength": "full", "rmse_percent": 2.5, "bias_percent dark": 0.1}
        ],
    }
    figures = cards.take_figures({"id": "m"}, report)["metrics"]["simulated"]
    assert figures["modality"] == "MR"
    assert figures["m_full"] == {"rmse_percent": 2.5, "bias_percent_dark": 0.1}
    assert figures["command"] == report["command"]
    assert "missed" not in figures  # a report without aims says nothing about them
    met = {"method": "m", "aim": "bias", "verdict": "met"}
    again = cards.take_figures({"id": "m"}, {**report, "aims": [met]})["metrics"]["simulated"]
    assert again["missed"] == []


def test_missed_aims_the_floor_and_the_memory_go_on_the_card(cards: ModuleType) -> None:
    aim = {
        "aim": "resolution",
        "at": "at the cut",
        "sense": "at least",
        "limit": 0.95,
        "figure": 0.9,
    }
    report = {
        "command": "diptych evaluate x --on simulated",
        "rows": [
            {"method": "x", "strength": "full", "gain_db": 7.0},
            {"method": "x", "strength": "40% cut", "gain_db": 3.0},
        ],
        "inserts": [
            {"method": "x", "insert": one, "d_ratio_low": low}
            for one, low in (("3 mm", 0.99), ("5 mm", 0.97))
        ],
        "aims": [
            {"method": "x", "verdict": "missed", **aim},
            {"method": "y", "verdict": "missed", **aim},
            {"method": "x", "verdict": "met", **aim},
        ],
        "memory": [{"method": "x", "peak_memory_mib": 321.04}],
        "floors": [{"method": "x", "is_below": False}],
    }
    found = cards.take_figures({"id": "x"}, report)["metrics"]["simulated"]
    assert found["missed"] == ["resolution, at the cut: 0.9 (at least 0.95)"]
    assert found["x_full"]["peak_memory_mib"] == 321.0
    assert found["x_full"]["is_below_the_input"] is False
    assert found["x_at_the_cut"]["lowest_d_ratio_low"] == 0.97


def test_figures_of_repeated_scans_keep_names_and_no_paths(cards: ModuleType) -> None:
    report = {
        "command": "diptych evaluate x --on /home/someone/a --repeat '/home/some one/b c'",
        "registrations": [
            {"pair": "a and b", "shift_rows_mm": 0.1, "slices": 9, "registered_by": "r"}
        ],
        "repeats": [{"pair": "a and b", "method": "x", "cut_flat": 0.4}],
        "rows": [],
    }
    found = cards.take_repeats({"id": "x"}, report)["metrics"]["repeated_scans"]
    assert found["command"] == "diptych evaluate x --on a --repeat 'b c'"
    assert found["x"] == {"cut_flat": 0.4}
    assert found["registration"] == {"shift_rows_mm": 0.1, "slices": 9}
