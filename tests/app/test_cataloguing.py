"""Models of a user's own are added whole or not at all, and are listed, shown and verified."""

from pathlib import Path

import pytest

from tests.enhancement import toys
from viewer.app import cataloguing
from viewer.app.cataloguing import add_model, known_models, list_models, show_model, verify_models
from viewer.app.settings import load_settings, save_settings, with_value
from viewer.core.errors import BadCard, UnfitModel, UnknownMethod, UntrustedWeights, WrongUsage
from viewer.core.places import own_models_folder


def rows() -> dict[object, dict[str, object]]:
    return {row["id"]: row for row in list_models()}


def test_a_model_that_passes_is_a_method(tmp_path: Path):
    row = add_model(toys.write_toy(tmp_path, toys.honest(), name="My denoiser"))
    assert row["problem"] == ""
    assert Path(str(row["folder"])) == own_models_folder() / "toy"
    method = known_models().method("toy")
    assert method.name == "My denoiser"
    assert rows()["toy"]["checks"] == "passed"
    assert rows()["toy"]["origin"] == "yours"
    assert rows()["ct-denoise-s"]["origin"] == "shipped"


def test_only_the_card_and_the_weights_that_it_names_are_copied(tmp_path: Path):
    source = toys.write_toy(tmp_path, toys.honest())
    (source / "run.py").write_text("raise SystemExit")
    (source / "verified.json").write_text("{}")
    add_model(source)
    names = {path.name for path in (own_models_folder() / "toy").iterdir()}
    assert names == {"card.toml", "weights.onnx", "verified.json"}


@pytest.mark.parametrize(
    ("content", "changes", "error", "words"),
    [
        (toys.not_a_number(), {}, UnfitModel, "values that are no numbers"),
        (toys.wrong_size(), {}, UnfitModel, "is needed"),
        (toys.honest(), {"sha256": "12" * 32}, UntrustedWeights, "checksum differs"),
        (toys.honest(), {"status": "great"}, BadCard, "status must be one of"),
        (toys.honest(), {"model_id": "nlm"}, WrongUsage, '"nlm" is there already'),
        (toys.honest(), {"model_id": "ct-denoise-s"}, WrongUsage, "is there already"),
    ],
)
def test_a_model_that_fails_leaves_nothing_behind(tmp_path: Path, content, changes, error, words):
    source = toys.write_toy(tmp_path, content, **changes)
    with pytest.raises(error) as told:
        add_model(source)
    assert words in str(told.value)
    assert told.value.do
    assert not own_models_folder().exists() or not list(own_models_folder().iterdir())


def test_a_model_is_never_overwritten(tmp_path: Path):
    add_model(toys.write_toy(tmp_path / "a", toys.honest()))
    before = (own_models_folder() / "toy" / "weights.onnx").read_bytes()
    with pytest.raises(WrongUsage, match="no model is ever replaced"):
        add_model(toys.write_toy(tmp_path / "b", toys.unbounded()))
    assert (own_models_folder() / "toy" / "weights.onnx").read_bytes() == before


def test_a_folder_without_a_card_is_no_model(tmp_path: Path):
    with pytest.raises(WrongUsage, match=r"There is no card\.toml"):
        add_model(tmp_path)


def test_all_that_is_on_a_card_is_shown(tmp_path: Path):
    add_model(toys.write_toy(tmp_path, toys.unbounded(), more="bound_sd = 2.5"))
    facts = show_model("toy")
    assert facts["limits"] == ["a toy: it was trained on nothing"]
    assert facts["gates"] == {"modality": "CT", "unit": "HU", "measured noise": "4 to 70 HU"}
    assert facts["bound"] == "at most 2.5 noise SD, set by Diptych outside the network"
    assert len(facts["notes"]) == 2
    shown = show_model("ct-denoise-s")
    assert "simulated.input.rmse_hu" in shown["figures"]
    assert shown["gates"]["age"] == "18 years and above"
    assert show_model("gaussian")["kind"] == "FILTER"


def test_gates_of_values_without_a_unit_are_shown_as_ratios(tmp_path: Path):
    source = toys.write_toy(tmp_path, toys.honest(), modality="MR", unit="any")
    card = (source / "card.toml").read_text()
    ranges = "snr = [5, 60]\nnps_mean_frequency_per_pixel = [0.2, 0.4]"
    (source / "card.toml").write_text(card.replace("noise_sd = [4.0, 70.0]", ranges))
    add_model(source)
    assert show_model("toy")["gates"] == {
        "modality": "MR",
        "unit": "any",
        "signal over noise": "5 to 60",
        "noise frequency in pixels": "0.2 to 0.4 per pixel",
    }


def test_verifying_tells_what_came_of_a_model_that_was_changed(tmp_path: Path):
    add_model(toys.write_toy(tmp_path, toys.honest()))
    (row,) = verify_models(("toy",))
    assert row["problem"] == ""
    (own_models_folder() / "toy" / "weights.onnx").write_bytes(toys.unbounded())
    (row,) = verify_models(("toy",))
    assert "checksum differs" in row["problem"]
    assert rows()["toy"]["weights"] == "checksum mismatch"
    assert str(rows()["toy"]["checks"]).startswith("failed")


def test_what_cannot_be_verified_is_said():
    with pytest.raises(UnknownMethod, match="no enhancement method called"):
        verify_models(("nobody",))
    with pytest.raises(UnknownMethod, match="has no weights"):
        verify_models(("gaussian",))


def test_a_folder_that_was_copied_by_hand_is_listed_with_what_is_wrong(tmp_path: Path):
    toys.write_toy(own_models_folder(), toys.honest(), model_id="mine")
    toys.write_toy(own_models_folder(), toys.honest(), model_id="broken", status="great")
    assert rows()["mine"]["checks"] == "not checked yet"
    assert "status must be one of" in str(rows()["broken"]["problem"])


def test_comparators_are_there_in_research_mode_only(tmp_path: Path):
    add_model(toys.write_toy(tmp_path, toys.honest(), status="research"))
    assert "toy" not in {method.id for method in known_models().methods()}
    with pytest.raises(WrongUsage, match="research mode is off") as told:
        known_models().method("toy")
    assert "--research" in told.value.do
    assert known_models(is_research=True).method("toy").id == "toy"
    save_settings(with_value(load_settings()[0], "enhancement.research", True))
    assert known_models().method("toy").id == "toy"
    assert rows()["toy"]["status"] == "research"


def test_words_for_a_terminal_name_state_and_notes(tmp_path: Path):
    add_model(toys.write_toy(tmp_path, toys.unbounded(), status="research"))
    lines = cataloguing.list_lines(list_models())
    (line,) = [line for line in lines if line.startswith("toy")]
    assert line.endswith("[verified]  [passed]  [yours]  [research]")
    shown = cataloguing.show_lines(show_model("toy"))
    assert "  - Research model: not for reading" in shown
    assert "  measured noise: 4 to 70 HU" in shown
    assert "passed" in cataloguing.verify_lines(verify_models(("toy",)))[0]
