"""A card says what its rules ask for, and an error names card, entry, rule and remedy."""

import pytest

from viewer.core.errors import BadCard
from viewer.enhancement.card_rules import ENTRIES, description, problems, read_card_file
from viewer.enhancement.catalogue import read_catalogue

SHA = "ab" * 32
SPREAD = {
    "onnx": "spread.onnx",
    "onnx_sha256": SHA,
    "share": 0.9,
    "factor": 1.4,
    "coverage": 0.91,
    "worst_group": "sharp kernel",
    "worst_coverage": 0.88,
    "scenes": 24,
}


def card(**changes):
    """A card that keeps every rule, changed; a name with a dot changes an entry of a table."""
    facts = {
        "id": "toy",
        "version": "1",
        "name": "Toy",
        "kind": "cnn",
        "operation": "denoise",
        "status": "ship",
        "limits": "a toy",
        "input": {"modality": "CT", "unit": "HU"},
        "weights": {"onnx": "weights.onnx", "onnx_sha256": SHA},
    }
    for name, value in changes.items():
        table, _, entry = name.rpartition("__")
        inside = facts.setdefault(table, {}) if table else facts
        inside[entry] = value
        if value is None:
            del inside[entry]
    return facts


def test_a_card_that_keeps_every_rule_has_no_problem():
    assert list(problems(card())) == []
    whole = card(
        kind="transformer",
        bound_sd=2.5,
        cautions={"one": "a", "two": "b"},
        input__noise_sd=[1, 4.5],
        input__modality="MR",
        input__unit="stored",
        training={"anything": 1},
        audit={"anything": 2},
        spread={**SPREAD, "seed": 3},
    )
    assert list(problems(whole)) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": None}, "version is missing; it must be a text"),
        ({"id": "../up"}, "id must be 2 to 40 lower-case letters, digits and hyphens, and is"),
        ({"kind": "magic"}, "kind must be one of cnn, gan, transformer, diffusion, and is 'magic'"),
        ({"operation": "erase"}, "operation must be one of denoise"),
        ({"status": "beta"}, "status must be one of ship, research"),
        ({"limits": ""}, "limits must be a text or a list of texts"),
        ({"name": "x\x1b[2J"}, "name must be a text of at most 60 letters"),
        ({"bound_sd": True}, "bound_sd must be a number from 0.1 to 10"),
        ({"bound_sd": float("nan")}, "bound_sd must be a number from 0.1 to 10"),
        ({"input__unit": "HUs"}, "[input] unit must be one of HU"),
        ({"input__modality": None}, "[input] modality is missing"),
        ({"input__noise_sd": [70, 4]}, "[input] noise_sd must be two numbers, the smaller first"),
        ({"input__noise_sd": "4 to 70"}, "[input] noise_sd must be two numbers"),
        ({"input__slices": 3}, "[input] slices must be 5, and is '3'"),
        ({"input": "CT"}, "[input] must be a table"),
        ({"weights": []}, "[weights] must be a table"),
        ({"weights": {}}, "[weights] must name onnx, or file with a registered network"),
        ({"weights__onnx": "../../x.onnx"}, "[weights] onnx must be the name of an .onnx file"),
        ({"weights__onnx_sha256": "abc"}, "[weights] onnx_sha256 must be the SHA-256"),
        ({"weights__onnx_sha256": None}, "[weights] onnx_sha256 is missing; [weights] onnx needs"),
        ({"weights__file": "w.safetensors"}, "[weights] sha256 is missing; [weights] file needs"),
        ({"weights__file": "w.pt", "weights__sha256": SHA}, "file must be the name of a .safetens"),
        ({"input__noise_sds": [4, 70]}, "noise_sds is not known; did you mean [input] noise_sd"),
        ({"spread__onnx": "s.onnx"}, "[spread] onnx_sha256 is missing; [spread] onnx needs it"),
        ({"spread": {**SPREAD, "share": 1.2}}, "[spread] share must be a number from 0 to 1"),
        ({"spread": {**SPREAD, "scenes": 0.5}}, "[spread] scenes must be a whole number above 0"),
        ({"audit": {"structure_p95": 0.3}}, "[audit] scenes is missing"),
        ({"audit": {"structure_p95": 0.3, "scenes": 9}}, "[audit] command is missing"),
        ({"audit": {"scenes": 1.5}}, "[audit] scenes must be a whole number above 0"),
        (
            {"spread": {**SPREAD, "lesion_coverage": 79.7}},
            "[spread] lesion_coverage must be a number from 0 to 1",
        ),
        ({"spread": {**SPREAD, "elsewhere": 0.8}}, "[spread] elsewhere_on is missing"),
        ({"stauts": "ship"}, "stauts is not known; did you mean status"),
    ],
)
def test_what_breaks_a_rule_is_named_with_the_rule(changes, words):
    assert words in "; ".join(problems(card(**changes)))


def test_a_registered_network_must_be_named_for_its_weights():
    both = {"weights__file": "w.safetensors", "weights__sha256": SHA}
    assert "[architecture] network is missing" in next(problems(card(**both)))
    assert not list(problems(card(**both, architecture__network="Denoiser")))


@pytest.mark.parametrize("text", ["id = ", "\x00", "id = 1\n" * 3, "[" * 5000])
def test_what_is_no_toml_is_said_with_the_name_of_the_card(tmp_path, text):
    (tmp_path / "mine").mkdir()
    path = tmp_path / "mine" / "card.toml"
    path.write_text(text)
    with pytest.raises(BadCard, match='The card of "mine" cannot be used: it is not TOML') as told:
        read_card_file(path)
    assert "models/README.md" in told.value.do


def test_a_card_that_is_no_file_or_too_large_is_not_read(tmp_path):
    path = tmp_path / "mine" / "card.toml"
    path.mkdir(parents=True)
    with pytest.raises(BadCard, match="not a file of at most 1 MB"):
        read_card_file(path)
    path.rmdir()
    path.write_text("#" * 1_000_001)
    with pytest.raises(BadCard, match="not a file of at most 1 MB"):
        read_card_file(path)


def test_the_description_has_every_entry():
    rows = description().splitlines()
    assert len(rows) == len(ENTRIES) + 2
    assert "| **input.modality** | a modality such as CT or MR | gate |" in rows


def test_every_card_that_is_shipped_keeps_the_rules():
    from viewer.core.places import data_folder

    catalogue = read_catalogue(data_folder("models"))
    assert catalogue.cards
    assert not catalogue.problems
