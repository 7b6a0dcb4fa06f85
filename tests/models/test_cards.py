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
    cards.update_card(path, "x", hashes, {"steps": 7})
    card = cards.read_card(path)
    assert card["limits"] == ["none that is known"]
    assert card["training"] == {"note": "n", "steps": 7}
    assert card["weights"]["onnx_sha256"] == "b" * 64
