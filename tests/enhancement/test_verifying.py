"""A model is tried in a confined process before it may run, and what was found is kept."""

import hashlib
import pickle
import shutil

import numpy as np
import pytest

from tests.enhancement import toys
from viewer.core.errors import UnfitModel, UntrustedWeights
from viewer.enhancement import verifying
from viewer.enhancement.model_card import read_card
from viewer.enhancement.model_process import Limits, ModelProcess, refuse_no_tensors
from viewer.enhancement.verifying import (
    KEPT,
    keep,
    kept_verification,
    refuse_unverified,
    verification,
)

SHORT = Limits(memory_bytes=1 << 30, patience_s=3.0)
PATIENT = Limits(memory_bytes=1 << 30, patience_s=120.0)
"""For what ends by itself, however busy the machine is."""


def toy(folder, content, **changes):
    return read_card(toys.write_toy(folder, content, **changes) / "card.toml", is_added=True)


def test_an_honest_model_passes_without_a_word(tmp_path):
    found = verification(toy(tmp_path, toys.honest()))
    assert found.is_passed
    assert found.notes == ()
    assert "onnxruntime" in found.runtime


def test_the_models_of_the_two_forms_pass_and_must_agree(tiny_models, tmp_path):
    shutil.copytree(tiny_models / "tiny", tmp_path / "tiny")
    assert verification(read_card(tmp_path / "tiny" / "card.toml")).problem == ""
    other = toys.honest()
    (tmp_path / "tiny" / "weights.onnx").write_bytes(other)
    from tests.enhancement.scenes import write_card

    write_card(tmp_path / "tiny")
    problem = verification(read_card(tmp_path / "tiny" / "card.toml")).problem
    assert "two files of weights are not the same network" in problem


def test_a_model_that_oversteps_is_told_what_will_be_done_about_it(tmp_path):
    found = verification(toy(tmp_path, toys.unbounded(), more="bound_sd = 2"))
    assert found.is_passed
    assert "noise SDs; Diptych lets 2 through" in found.notes[0]
    assert "where the noise is said to be 0" in found.notes[1]
    assert "Diptych sets these back" in found.notes[1]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (toys.not_a_number, "values that are no numbers"),
        (toys.wrong_size, "gives [1, 1, 32, 32] where [1, 1, 64, 64] is needed"),
        (toys.fixed_size, "slices is tensor(float) ['batch', 5, 64, 64]"),
        (toys.other_inputs, "takes image and gives noise. It must take slices, noise_sd, freq"),
        (toys.whole_numbers, "slices is tensor(int32)"),
        (toys.giant, "asks for more than 1.1 GB of memory for a picture of 64 x 64"),
        (toys.growing, "asks for more than 1.1 GB of memory for a picture of 64 x 64"),
        (toys.hanging, "took longer than 3 s and was stopped"),
        (toys.foreign_operator, "operators of its own: com.example:Dream"),
        (toys.external_data, "keeps weights in files outside itself"),
        (lambda: b"no network at all", "not an ONNX file"),
    ],
)
def test_a_model_that_is_not_what_it_says_fails_with_the_reason(tmp_path, make, words):
    card = toy(tmp_path, make())
    found = verification(card, SHORT if make is toys.hanging else PATIENT)
    assert not found.is_passed
    assert words in found.problem
    assert "Traceback" not in found.problem


def test_a_card_for_mr_over_a_network_of_other_inputs_is_found_out(tmp_path):
    card = toy(tmp_path, toys.other_inputs(), modality="MR", unit="stored")
    assert "takes image" in verification(card).problem


def test_a_wrong_checksum_is_found_before_anything_is_opened(tmp_path):
    card = toy(tmp_path, toys.honest(), sha256="00" * 32)
    assert "checksum differs" in verification(card).problem
    with pytest.raises(UntrustedWeights, match="checksum differs"):
        refuse_unverified(card)


class Evil:
    """A pickle that would write a file, were it ever loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def with_tensors(tiny_models, tmp_path, content):
    """The tiny model with other bytes as its safetensors, and their checksum on its card."""
    place = tmp_path / "tiny"
    shutil.copytree(tiny_models / "tiny", place)
    (place / "weights.safetensors").write_bytes(content)
    text = (place / "card.toml").read_text()
    old = hashlib.sha256((tiny_models / "tiny" / "weights.safetensors").read_bytes()).hexdigest()
    (place / "card.toml").write_text(text.replace(old, hashlib.sha256(content).hexdigest()))
    return read_card(place / "card.toml", is_added=True)


@pytest.mark.parametrize("protocol", [2, 5])
def test_a_pickle_that_is_called_safetensors_is_never_loaded(tiny_models, tmp_path, protocol):
    mark = tmp_path / "was run"
    content = pickle.dumps(Evil(mark), protocol)
    found = verification(with_tensors(tiny_models, tmp_path, content))
    assert "Python pickle under another name" in found.problem
    assert not mark.exists()


def test_damaged_safetensors_are_said_to_be_so(tiny_models, tmp_path):
    content = bytearray((tiny_models / "tiny" / "weights.safetensors").read_bytes())
    content[9:40] = b"?" * 31
    found = verification(with_tensors(tiny_models, tmp_path, bytes(content)))
    assert "The model could not be opened" in found.problem


def test_safetensors_of_another_network_are_said_to_be_so(tiny_models, tmp_path):
    import torch
    from safetensors.torch import save

    content = save({"weight": torch.zeros(3)})
    found = verification(with_tensors(tiny_models, tmp_path, content))
    assert "The model could not be opened" in found.problem


@pytest.mark.parametrize("content", [b"", b"x" * 20, b"\xff" * 8 + b"{}", b"PK\x03\x04 zip"])
def test_what_is_no_safetensors_file_is_refused(content):
    with pytest.raises(UnfitModel, match=r"pickle|not a safetensors file"):
        refuse_no_tensors(content)


def test_what_was_found_is_kept_for_exactly_these_bytes(tmp_path):
    card = toy(tmp_path, toys.honest())
    assert kept_verification(card) is None
    keep(card, verification(card))
    assert kept_verification(card).is_passed
    path = card.path
    path.write_text(path.read_text() + "\n# changed\n")
    assert kept_verification(card) is None


def test_other_libraries_ask_for_another_try(tmp_path, monkeypatch):
    card = toy(tmp_path, toys.honest())
    keep(card, verification(card))
    monkeypatch.setattr(verifying.metadata, "version", lambda _name: "99.0")
    assert kept_verification(card) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"key": 1, "runtime": 2, "problem": 3}'])
def test_what_was_kept_and_damaged_counts_as_nothing(tmp_path, text):
    card = toy(tmp_path, toys.honest())
    (card.path.parent / KEPT).write_text(text)
    assert kept_verification(card) is None


def test_a_model_is_tried_once_and_then_known(tmp_path, monkeypatch):
    card = toy(tmp_path, toys.honest())
    refuse_unverified(card)
    monkeypatch.setattr(verifying, "verification", lambda _card: pytest.fail("tried again"))
    refuse_unverified(card)


def test_a_model_that_failed_is_not_run_and_says_how_to_go_on(tmp_path):
    card = toy(tmp_path, toys.not_a_number())
    for _ in range(2):
        with pytest.raises(UnfitModel, match='"toy" was not run') as told:
            refuse_unverified(card)
        assert "no numbers" in told.value.means
        assert "diptych models verify toy" in told.value.do


def test_a_process_that_was_killed_is_started_again(tmp_path):
    import os

    import numpy as np

    process = ModelProcess(toy(tmp_path, toys.honest()))
    ones = np.ones((1, 1, 32, 32), np.float32)
    slices = np.random.default_rng(0).normal(size=(1, 5, 32, 32)).astype(np.float32)
    first = process.run(slices, ones, ones)
    os.kill(process._child.pid, 9)
    process._child._process.join()
    assert np.array_equal(process.run(slices, ones, ones), first)
    assert "in a process of its own" in process.device
    process.close()
    assert process._child.pid is None


@pytest.mark.parametrize(
    ("spread", "words"),
    [
        (toys.spread_of(), ""),
        (toys.spread_of(-0.5), "spread is below 0"),
        (toys.spread_of(output="noise"), "must take slices, noise_sd, frequency and give spread"),
        (toys.spread_of(np.nan), "values that are no numbers"),
    ],
)
def test_the_spread_of_a_model_is_tried_like_the_model(tmp_path, spread, words):
    place = toys.write_toy(tmp_path, toys.honest())
    toys.add_spread(place, spread)
    found = verification(read_card(place / "card.toml", is_added=True), PATIENT)
    assert found.is_passed is (words == "")
    assert words in found.problem
