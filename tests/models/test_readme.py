"""The guide to models of one's own does what it says."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from viewer.app.cataloguing import add_model, known_models
from viewer.core.places import data_folder
from viewer.enhancement.card_rules import description

TEXT = (data_folder("models") / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The one block of code of a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return found


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example of the guide, made as the guide says."""
    program = [sys.executable, "-W", "ignore", "-c", block("python")]
    subprocess.run(program, cwd=tmp_path, check=True, timeout=110)
    checksum = hashlib.sha256((tmp_path / "weights.onnx").read_bytes()).hexdigest()
    card = block("toml").replace("SHA-256 of weights.onnx", checksum)
    (tmp_path / "card.toml").write_text(card, encoding="utf-8")
    return tmp_path


def test_the_example_of_the_guide_is_a_model_that_passes(example: Path):
    row = add_model(example)
    assert row["problem"] == ""
    assert row["notes"] == []
    card = known_models(is_research=True).card("toy-mean")
    assert card is not None
    assert card.bound_sd == 1.0
    assert card.method.is_research


def test_the_guide_lists_every_entry_of_the_card():
    assert description() in TEXT
