"""Models are listed by their cards, and run only with the weights that the card names."""

import shutil

import pytest

from tests.enhancement import toys
from tests.enhancement.scenes import write_card
from viewer.core.errors import UnknownMethod, UntrustedWeights
from viewer.core.provenance import MethodKind
from viewer.enhancement.catalogue import read_catalogue
from viewer.enhancement.engine import spread_runner
from viewer.enhancement.inference import open_runner
from viewer.enhancement.model_card import Span
from viewer.enhancement.weights_file import WeightsState, trusted_weights, weights_state


@pytest.fixture
def models(tiny_models, tmp_path):
    """A copy of the models that a test may damage."""
    shutil.copytree(tiny_models, tmp_path / "models")
    return tmp_path / "models"


def test_a_card_becomes_a_method_before_the_filters(models):
    catalogue = read_catalogue(models)
    first = catalogue.methods()[0]
    assert (first.id, first.name, first.kind) == ("tiny", "Tiny", MethodKind.AI)
    card = catalogue.card("tiny")
    assert card.input.noise_sd == Span(4.0, 70.0)
    assert card.cautions == ("a test model",)
    assert card.limits == ("none known",)
    assert card.metrics == (("rmse_hu", "1.5"),)
    assert first.weights_sha256 == card.tensors.sha256
    assert not card.is_synthetic_data
    assert catalogue.card("gaussian") is None


def test_weights_with_the_stated_checksum_are_verified(models):
    card = read_catalogue(models).card("tiny")
    assert weights_state(card.onnx) is WeightsState.VERIFIED
    assert trusted_weights(card.tensors) == card.tensors.path.read_bytes()


@pytest.mark.parametrize("file", ["weights.onnx", "weights.safetensors"])
def test_one_changed_bit_of_the_weights_refuses_to_run(models, file):
    path = models / "tiny" / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    card = read_catalogue(models).card("tiny")
    weights = card.onnx if file.endswith("onnx") else card.tensors
    assert weights_state(weights) is WeightsState.MISMATCH
    for device in ("cpu", "cuda"):
        with pytest.raises(UntrustedWeights, match=f"{file} of tiny are not .* checksum differs"):
            open_runner(card, device)


def test_missing_weights_are_named(models):
    (models / "tiny" / "weights.onnx").unlink()
    card = read_catalogue(models).card("tiny")
    assert weights_state(card.onnx) is WeightsState.MISSING
    with pytest.raises(UntrustedWeights, match=r"weights\.onnx of tiny cannot be read"):
        trusted_weights(card.onnx)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id = ", "it is not TOML"),
        ('id = "broken"', "version is missing; it must be a text"),
        (None, r"[input] spacing_mm must be two numbers, the smaller first, and is '[9.0, 1.0]'"),
    ],
)
def test_a_card_that_cannot_be_used_is_told_and_the_others_stay(models, text, reason):
    broken = models / "broken"
    if text is None:
        shutil.copytree(models / "tiny", broken)
        card = (broken / "card.toml").read_text().replace("[0.3, 1.0]", "[9.0, 1.0]")
        (broken / "card.toml").write_text(card)
    else:
        broken.mkdir()
        (broken / "card.toml").write_text(text)
    catalogue = read_catalogue(models)
    assert [card.method.id for card in catalogue.cards] == ["tiny"]
    ((name, words),) = catalogue.problems
    assert name == "broken"
    assert reason in words
    with pytest.raises(UnknownMethod, match=r"card of \"broken\" cannot be used"):
        catalogue.method("broken")


def test_an_unknown_method_is_answered_with_those_that_there_are(models):
    with pytest.raises(UnknownMethod, match="tiny, gaussian"):
        read_catalogue(models).method("dream")


def test_without_a_models_folder_the_filters_remain(tmp_path):
    catalogue = read_catalogue(tmp_path / "nowhere")
    assert catalogue.method("nlm").kind is MethodKind.FILTER
    assert not catalogue.cards


def test_a_checksum_in_capitals_is_the_same(models):
    card = read_catalogue(models).card("tiny")
    write_card(models / "tiny", onnx=card.onnx.sha256.upper())
    assert weights_state(read_catalogue(models).card("tiny").onnx) is WeightsState.VERIFIED


def test_the_red_line_of_the_audit_comes_from_the_card(models):
    card = models / "tiny" / "card.toml"
    assert read_catalogue(models).card("tiny").structure is None
    line = '\n[audit]\nstructure_p95 = {}\nscenes = 180\ncommand = "a command"\n'
    text = card.read_text()
    card.write_text(text + line.format(0.12))
    found = read_catalogue(models).card("tiny").structure
    assert (found.p95, found.scenes, found.command) == (0.12, 180, "a command")
    card.write_text(text + line.format(1.2))
    ((name, reason),) = read_catalogue(models).problems
    assert name == "tiny"
    assert "structure_p95 must be a number from -1 to 1" in reason


def test_the_spread_of_a_model_comes_from_its_card_with_its_calibration(models):
    assert read_catalogue(models).card("tiny").spread is None
    toys.add_spread(models / "tiny", toys.spread_of())
    card = read_catalogue(models).card("tiny")
    assert (card.spread.share, card.spread.factor, card.spread.scenes) == (0.9, 2.0, 24)
    assert (card.spread.worst_group, card.spread.worst_coverage) == ("noise 12", 0.8817)
    assert card.spread.elsewhere is None
    assert card.spread.lesion_coverage is None
    stated = card.path.read_text("utf-8") + "lesion_coverage = 0.797\n"
    card.path.write_text(stated, "utf-8")
    assert read_catalogue(models).card("tiny").spread.lesion_coverage == 0.797
    assert card.spread.file in card.files


def test_a_changed_spread_refuses_to_run(models):
    toys.add_spread(models / "tiny", toys.spread_of())
    (models / "tiny" / "spread.onnx").write_bytes(toys.spread_of(0.4))
    card = read_catalogue(models).card("tiny")
    with pytest.raises(UntrustedWeights, match=r"spread\.onnx of tiny are not .* checksum differs"):
        spread_runner(card)
    with pytest.raises(UntrustedWeights, match=r"spread\.onnx"):
        open_runner(card, "cpu")


def test_a_model_without_a_spread_has_none_to_open(models):
    with pytest.raises(UntrustedWeights, match="no weights of the form"):
        spread_runner(read_catalogue(models).card("tiny"))


def test_a_half_written_red_line_is_a_problem_of_that_card_alone(models, tmp_path):
    own = tmp_path / "own"
    toys.write_toy(own, toys.honest(), more="[audit]\nstructure_p95 = 0.3")
    catalogue = read_catalogue(models, own)
    assert [card.method.id for card in catalogue.cards] == ["tiny"]
    ((name, words),) = catalogue.problems
    assert name == "toy"
    assert "[audit] scenes is missing" in words


def test_an_audit_without_a_red_line_is_none(models):
    path = models / "tiny" / "card.toml"
    path.write_text(path.read_text() + "\n[audit]\nstructure_median = 0.1\n")
    assert read_catalogue(models).card("tiny").structure is None


def test_no_model_that_was_added_replaces_a_method_that_came_along(models, tmp_path):
    own = tmp_path / "own"
    for name in ("finer-cubic", "gaussian"):
        toys.write_toy(own, toys.honest(), name)
    catalogue = read_catalogue(models, own)
    assert {name for name, _ in catalogue.problems} == {"finer-cubic", "gaussian"}
    assert catalogue.method("finer-cubic").kind is MethodKind.FILTER


def test_a_method_that_fits_the_modality_is_found(models):
    shutil.copytree(models / "tiny", models / "tiny-xr")
    card = models / "tiny-xr" / "card.toml"
    words = card.read_text().replace('id = "tiny"', 'id = "tiny-xr"')
    card.write_text(words.replace('modality = "CT"', 'modality = "DX"'))
    catalogue = read_catalogue(models)
    assert catalogue.suited("tiny", "CT") == "tiny"
    assert catalogue.suited("tiny", "DX") == "tiny-xr"
    assert catalogue.suited("tiny", "CR") == "tiny-xr", "both are plain radiographs"
    assert catalogue.suited("tiny", "MG") == "tiny", "its gates will say that it is not for these"
    assert catalogue.suited("gaussian", "MR") == "gaussian", "a filter suits everything"
    assert catalogue.suited("no-such-model", "MR") == "no-such-model"


def test_a_model_for_reading_is_taken_before_a_comparator_and_no_other_job_for_denoising(models):
    for name, status, operation in (
        ("a-comparator", "research", "denoise"),
        ("b-shipped", "ship", "denoise"),
        ("c-sharpener", "ship", "sharpen"),
    ):
        shutil.copytree(models / "tiny", models / name)
        card = models / name / "card.toml"
        words = card.read_text().replace('id = "tiny"', f'id = "{name}"')
        words = words.replace('modality = "CT"', 'modality = "MR"')
        words = words.replace('status = "ship"', f'status = "{status}"')
        words = words.replace('operation = "denoise"', f'operation = "{operation}"')
        card.write_text(words)
    catalogue = read_catalogue(models, is_research=True)
    assert catalogue.suited("tiny", "MR") == "b-shipped"
    assert catalogue.suited("c-sharpener", "CT") == "c-sharpener"
