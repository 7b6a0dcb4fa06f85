"""The network runs on the best device there is, and gives the same answer on each."""

import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from viewer.core.errors import OutOfMemory, WrongUsage
from viewer.core.places import data_folder
from viewer.enhancement import inference, networks
from viewer.enhancement.catalogue import read_catalogue
from viewer.enhancement.inference import (
    OnnxRunner,
    TorchRunner,
    best_device,
    compute_threads,
    is_out_of_memory,
    open_runner,
)
from viewer.enhancement.weights_file import trusted_weights


@pytest.fixture
def card(tiny_models):
    return read_catalogue(tiny_models).card("tiny")


def maps(batch=1, size=64, seed=0):
    rng = np.random.default_rng(seed)
    slices = rng.normal(0, 60, (batch, 5, size, size)).astype(np.float32)
    shape = (batch, 1, size, size)
    return slices, np.full(shape, 20, np.float32), np.full(shape, 0.2, np.float32)


def fake_torch(cuda=False, mps=False):
    return SimpleNamespace(
        cuda=SimpleNamespace(is_available=lambda: cuda),
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps)),
    )


@pytest.mark.parametrize(
    ("cuda", "mps", "device"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_cuda_comes_before_mps_and_mps_before_the_cpu(cuda, mps, device):
    assert best_device(lambda: fake_torch(cuda, mps)) == device


def test_a_cpu_build_of_torch_is_not_even_imported(monkeypatch):
    monkeypatch.setattr(inference.metadata, "version", lambda name: "2.13.0+cpu")
    monkeypatch.setattr(inference.sys, "platform", "linux")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert best_device() == "cpu"


def test_without_torch_the_cpu_is_used(monkeypatch):
    def absent(name):
        raise inference.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(inference.metadata, "version", absent)
    assert best_device() == "cpu"


def test_running_on_the_cpu_imports_no_torch(tiny_models):
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from viewer.app import enhancing\n"
        "from viewer.enhancement.catalogue import read_catalogue\n"
        "from viewer.enhancement.inference import open_runner\n"
        "card = read_catalogue(Path(sys.argv[1])).card('tiny')\n"
        "runner = open_runner(card, 'cpu')\n"
        "ones = np.ones((1, 1, 64, 64), np.float32)\n"
        "print(runner.run(np.zeros((1, 5, 64, 64), np.float32), ones, ones).shape)\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tiny_models)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "(1, 1, 64, 64)"


def test_both_engines_give_the_same_answer(card):
    one = OnnxRunner(trusted_weights(card.onnx), threads=1)
    other = TorchRunner(trusted_weights(card.tensors), card.architecture, "cpu")
    for batch, size in ((1, 64), (2, 96)):
        answers = [runner.run(*maps(batch, size)) for runner in (one, other)]
        assert answers[0].shape == (batch, 1, size, size)
        assert np.abs(answers[0]).max() > 1.0
        np.testing.assert_allclose(answers[0], answers[1], atol=2e-3)


def test_the_engine_says_where_it_runs(card):
    assert OnnxRunner(trusted_weights(card.onnx), threads=1).device.endswith("1 thread)")
    assert "torch" in TorchRunner(trusted_weights(card.tensors), card.architecture, "cpu").device


def test_one_core_is_left_for_the_window(monkeypatch):
    for cores, threads in ((1, 1), (2, 1), (8, 7)):
        monkeypatch.setattr(
            inference.os, "sched_getaffinity", lambda _, n=cores: set(range(n)), raising=False
        )
        assert compute_threads() == threads


def test_a_model_without_a_form_for_the_gpu_runs_on_the_cpu_and_says_so(card):
    runner = open_runner(replace(card, tensors=None), "cuda")
    assert runner.device.startswith("CPU (ONNX Runtime")
    assert "as the model has no form for the GPU" in runner.device
    assert inference.weights_used(replace(card, tensors=None), runner.device) == card.onnx


def test_a_model_without_an_onnx_file_runs_on_the_cpu_with_torch(card):
    runner = open_runner(replace(card, onnx=None), "cpu")
    assert "torch" in runner.device
    assert inference.weights_used(replace(card, onnx=None), runner.device) == card.tensors


def test_a_device_that_does_not_exist_is_named(card):
    with pytest.raises(WrongUsage, match="abacus"):
        open_runner(card, "abacus")


@pytest.mark.parametrize("words", ["CUDA out of memory. Tried to", "MPS backend out of memory"])
def test_a_device_short_of_memory_says_so_and_frees_what_it_held(card, words):
    runner = TorchRunner(trusted_weights(card.tensors), card.architecture, "cpu")
    released = []
    runner._place = "cpu"
    runner._network = lambda *_: (_ for _ in ()).throw(RuntimeError(words))
    runner._release = lambda: released.append(True)
    with pytest.raises(OutOfMemory):
        runner.run(*maps())
    assert released == [True]


def test_other_errors_of_a_device_are_not_taken_for_lack_of_memory(card):
    runner = TorchRunner(trusted_weights(card.tensors), card.architecture, "cpu")
    runner._network = lambda *_: (_ for _ in ()).throw(RuntimeError("illegal instruction"))
    with pytest.raises(RuntimeError, match="illegal"):
        runner.run(*maps())
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("device lost"))


def test_figures_shared_with_the_network_agree():
    assert inference.CHANNELS == networks.SLICES
    assert inference.STRIDE == networks.STRIDE


def test_the_models_that_are_shipped_are_verified_and_agree_on_both_engines():
    cards = read_catalogue(data_folder("models")).cards
    assert "ct-denoise-s" in {card.method.id for card in cards}
    for card in cards:
        one = OnnxRunner(trusted_weights(card.onnx), threads=1)
        other = TorchRunner(trusted_weights(card.tensors), card.architecture, "cpu")
        answers = [runner.run(*maps(1, 64)) for runner in (one, other)]
        assert np.abs(answers[0]).max() > 5.0
        np.testing.assert_allclose(answers[0], answers[1], atol=5e-3)
