"""Models that were added are bounded from outside, confined, and can be stopped at any time."""

import json
import threading

import numpy as np
import pytest

from tests.enhancement import toys
from tests.enhancement.scenes import noisy_volume, source_of
from viewer.core.errors import Cancelled, UnfitModel
from viewer.enhancement import added, model_process
from viewer.enhancement.added import bounded, open_added, open_added_spread, standard_deviations
from viewer.enhancement.catalogue import read_catalogue
from viewer.enhancement.engine import Engine, QuietThread
from viewer.enhancement.inference import weights_used


def own(tmp_path, content, **changes):
    """A catalogue with one model that was added."""
    toys.write_toy(tmp_path / "own", content, **changes)
    return read_catalogue(tmp_path / "nothing", tmp_path / "own")


class Answering:
    """A runner that answers always the same value."""

    slab, device = 1, "a test"

    def __init__(self, value):
        self.value = value

    def run(self, slices, noise_sd, frequency):
        return np.full_like(noise_sd, self.value)


def test_the_answer_is_held_within_the_bound_and_0_without_noise():
    level = np.array([0.0, 1.0, 20.0], np.float32).reshape(1, 1, 1, 3)
    for value, sign in ((1e6, 1), (-1e6, -1)):
        answer = bounded(Answering(value), 2.0, "toy").run(level, level, level)
        np.testing.assert_array_equal(answer, sign * 2 * level)


def test_an_answer_within_the_bound_is_left_alone():
    level = np.full((1, 1, 2, 2), 20.0, np.float32)
    assert (bounded(Answering(7.5), 3.0, "toy").run(level, level, level) == 7.5).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_stop_the_model(value):
    level = np.ones((1, 1, 2, 2), np.float32)
    with pytest.raises(UnfitModel, match='"toy" answered with values that cannot be used'):
        bounded(Answering(value), 3.0, "toy").run(level, level, level)


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.1, 3e38])
def test_a_spread_that_is_no_standard_deviation_stops_the_model(value):
    level = np.ones((1, 1, 2, 2), np.float32)
    with pytest.raises(UnfitModel, match='spread of the model "toy" answered with values'):
        standard_deviations(Answering(value), "toy").run(level, level, level)


def test_a_spread_of_another_size_stops_the_model():
    class Short(Answering):
        def run(self, slices, noise_sd, frequency):
            return super().run(slices, noise_sd, frequency)[..., :1]

    level = np.ones((1, 1, 2, 2), np.float32)
    with pytest.raises(UnfitModel, match="values that cannot be used"):
        standard_deviations(Short(1.0), "toy").run(level, level, level)


@pytest.mark.parametrize("length", [0, 15, 17, 20])
def test_an_answer_that_is_not_the_size_of_its_input_is_refused(tmp_path, monkeypatch, length):
    process = model_process.ModelProcess(own(tmp_path, toys.honest()).card("toy"))
    reply = b'{"kind": "done"}\n' + bytes(length)
    monkeypatch.setattr(process._child, "ask", lambda *_: reply)
    level = np.ones((1, 1, 2, 2), np.float32)
    with pytest.raises(UnfitModel, match="too few or too many numbers"):
        process.run(np.ones((1, 5, 2, 2), np.float32), level, level)


def test_a_process_that_answers_with_a_flood_of_words_is_cut_short(tmp_path, monkeypatch):
    process = model_process.ModelProcess(own(tmp_path, toys.honest()).card("toy"))
    reply = json.dumps({"kind": "UnfitModel", "what": "x" * 60_000}).encode() + b"\n"
    monkeypatch.setattr(process._child, "ask", lambda *_: reply)
    with pytest.raises(UnfitModel) as told:
        process.open()
    assert told.value.what == "x" * 2000


def test_the_spread_of_an_added_model_is_not_cut_at_the_bound_of_its_change(tmp_path):
    toys.write_toy(tmp_path / "own", toys.honest(), more="bound_sd = 0.5")
    toys.add_spread(tmp_path / "own" / "toy", toys.spread_of(2.0))
    card = read_catalogue(tmp_path / "nothing", tmp_path / "own").card("toy")
    level = np.full((1, 1, 32, 32), 20.0, np.float32)
    slices = np.zeros((1, 5, 32, 32), np.float32)
    assert (open_added_spread(card).run(slices, level, level) == 40.0).all()


def test_an_unbounded_model_changes_no_pixel_beyond_its_bound_nor_outside_the_body(tmp_path):
    catalogue = own(tmp_path, toys.unbounded(), more="bound_sd = 1.5")
    volume, truth = noisy_volume(3)
    source = source_of(volume, noise_sd=20.0)
    method = catalogue.method("toy")
    residuals = Engine(catalogue).processor(method, source, ()).residuals((0, 1))
    assert np.abs(residuals).max() == 30.0
    assert not residuals[:, :16, :16].any()
    assert (truth[:2][residuals != 0] > -1000).any()


def test_a_model_that_has_no_form_for_the_gpu_says_that_it_runs_on_the_cpu(tmp_path):
    card = own(tmp_path, toys.honest()).card("toy")
    runner = open_added(card, "cuda")
    ones = np.ones((1, 1, 32, 32), np.float32)
    runner.run(np.ones((1, 5, 32, 32), np.float32), ones, ones)
    assert runner.device.startswith("CPU (ONNX Runtime")
    assert runner.device.endswith("as the model has no form for the GPU")
    assert weights_used(card, runner.device) == card.onnx


def test_a_registered_network_with_safetensors_alone_is_a_model_of_its_own(tiny_models, tmp_path):
    source = tiny_models / "tiny"
    place = tmp_path / "own" / "tiny"
    place.mkdir(parents=True)
    (place / "weights.safetensors").write_bytes((source / "weights.safetensors").read_bytes())
    lines = (source / "card.toml").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("onnx"))
    (place / "card.toml").write_text(text)
    card = read_catalogue(tmp_path / "nothing", tmp_path / "own").card("tiny")
    assert card.onnx is None
    runner = open_added(card, "cpu")
    ones = np.ones((1, 1, 32, 32), np.float32)
    slices = np.random.default_rng(1).normal(0, 20, (1, 5, 32, 32)).astype(np.float32)
    answer = runner.run(slices, 20 * ones, 0.2 * ones)
    assert 0 < np.abs(answer).max() <= 60
    assert "torch" in runner.device
    assert weights_used(card, runner.device) == card.tensors
    runner.interrupt()


def hanging_processor(tmp_path, monkeypatch, patience_s):
    """A model that passed its checks and hangs on slices that are larger than those."""
    limits = model_process.Limits(patience_s=patience_s, patience_per_megapixel_s=0.0)
    make = model_process.ModelProcess
    monkeypatch.setattr(added, "ModelProcess", lambda card, **more: make(card, limits, **more))
    engine = Engine(own(tmp_path, toys.hangs_on_large()))
    source = source_of(noisy_volume(2, size=160)[0])
    return engine, engine.processor(engine.catalogue.method("toy"), source, ())


def test_a_model_that_hangs_later_is_stopped_in_words(tmp_path, monkeypatch):
    _, processor = hanging_processor(tmp_path, monkeypatch, 2.0)
    with pytest.raises(UnfitModel, match='"toy" took longer than 2 s and was stopped'):
        processor.residuals((0,))


def test_a_model_that_hangs_can_be_cancelled_before_its_patience_ends(tmp_path, monkeypatch):
    engine, processor = hanging_processor(tmp_path, monkeypatch, 1000.0)
    flag = threading.Event()
    threading.Timer(2.0, flag.set).start()
    with pytest.raises(Cancelled), QuietThread(flag.is_set, engine.interrupt) as quiet:
        quiet.call(lambda: processor.residuals((0,)))


def test_a_model_that_was_cancelled_runs_again(tmp_path, monkeypatch):
    engine, _ = hanging_processor(tmp_path, monkeypatch, 1000.0)
    method = engine.catalogue.method("toy")
    large = engine.processor(method, source_of(noisy_volume(2, size=160)[0]), ())
    small = engine.processor(method, source_of(noisy_volume(2, size=64)[0]), ())
    flag = threading.Event()
    threading.Timer(1.0, flag.set).start()
    with pytest.raises(Cancelled), QuietThread(flag.is_set, engine.interrupt) as quiet:
        quiet.call(lambda: large.residuals((0,)))
    assert small.residuals((0,)).any()


def test_what_was_added_can_shadow_neither_a_model_nor_a_filter(tiny_models, tmp_path):
    for name in ("tiny", "gaussian", "mine"):
        toys.write_toy(tmp_path / "own", toys.honest(), model_id=name)
    (tmp_path / "own" / "mine").rename(tmp_path / "own" / "yours")
    catalogue = read_catalogue(tiny_models, tmp_path / "own")
    assert [card.is_added for card in catalogue.cards] == [False]
    reasons = dict(catalogue.problems)
    assert 'called "tiny" already' in reasons["tiny"]
    assert 'called "gaussian" already' in reasons["gaussian"]
    assert 'it is called "mine"' in reasons["yours"]
    assert catalogue.method("gaussian").weights_sha256 == ""


def test_what_was_added_says_so_on_every_result(tmp_path):
    card = own(tmp_path, toys.honest()).card("toy")
    assert card.cautions[0].startswith("This model was added on this machine")
    assert card.cautions[1:] == ("a toy",)
