"""The training script runs from its command line and leaves a valid model behind."""

import csv
import hashlib
import math
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
MODELS = (
    "ct-artefact-s",
    "ct-denoise-s",
    "ct-denoise-l",
    "ct-denoise-attention",
    "ct-denoise-diffusion",
    "ct-denoise-dncnn",
    "ct-denoise-gan",
    "ct-denoise-redcnn",
    "ct-denoise-transformer",
    "ct-sharpen",
    "mr-denoise-s",
    "mr-sr-through-plane",
    "pet-denoise-s",
    "xr-denoise-s",
)


def test_every_plan_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "models"))
    from plans import PLANS

    assert set(MODELS) == set(PLANS)


@pytest.fixture(scope="module", params=MODELS)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that a training of three steps has written."""
    out = tmp_path_factory.mktemp(request.param)
    work = tmp_path_factory.mktemp("work")
    command = [sys.executable, str(ROOT / "models" / "train.py"), request.param, "--smoke"]
    command += ["--producers", "0", "--device", "cpu", "--out", str(out), "--work", str(work)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return out


def test_smoke_training_writes_weights_whose_hashes_the_card_states(trained: Path) -> None:
    card = tomllib.loads((trained / "card.toml").read_text(encoding="utf-8"))
    weights = card["weights"]
    for name, stated in (("file", "sha256"), ("onnx", "onnx_sha256")):
        found = hashlib.sha256((trained / weights[name]).read_bytes()).hexdigest()
        assert found == weights[stated]
    assert card["training"]["steps"] == 3


def test_smoke_training_writes_a_curve_with_finite_figures(trained: Path) -> None:
    with (trained / "training.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert int(rows[-1]["step"]) == 3
    assert math.isfinite(float(rows[-1]["training_loss"]))
    assert math.isfinite(float(rows[-1]["gain_db"]))


def test_exported_onnx_and_safetensors_give_the_same_answer(trained: Path) -> None:
    import onnxruntime
    import safetensors.torch
    import torch

    from viewer.enhancement.architectures import build

    card = tomllib.loads((trained / "card.toml").read_text(encoding="utf-8"))
    model = build(card["architecture"]).eval()
    model.network.load_state_dict(safetensors.torch.load_file(trained / "weights.safetensors"))
    rng = np.random.default_rng(3)
    slices = rng.normal(40.0, 25.0, (1, 5, 72, 104)).astype(np.float32)
    sd = np.full((1, 1, 72, 104), 25.0, np.float32)
    frequency = np.full_like(sd, 0.22)
    with torch.no_grad():
        expected = model(*(torch.from_numpy(one) for one in (slices, sd, frequency))).numpy()
    session = onnxruntime.InferenceSession(
        str(trained / "weights.onnx"), providers=["CPUExecutionProvider"]
    )
    found = session.run(None, {"slices": slices, "noise_sd": sd, "frequency": frequency})[0]
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_pool_takes_files_in_and_lets_the_oldest_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "models"))
    from batches import Pool, saved

    pool = Pool(tmp_path, capacity=5)
    for number in range(4):
        saved({"clean": np.full((2, 3), number)}, tmp_path / f"patches-0-{number:05d}.npz")
        os.utime(tmp_path / f"patches-0-{number:05d}.npz", (number, number))
    assert pool.refresh() == 8
    assert pool.patches["clean"][:, 0].tolist() == [2, 2, 3, 3]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "patches-0-00002.npz",
        "patches-0-00003.npz",
    ]


def test_a_spread_is_trained_calibrated_and_described_on_the_card(tmp_path: Path) -> None:
    shipped = ROOT / "models" / "ct-denoise-s"
    for name in ("card.toml", "weights.safetensors", "weights.onnx"):
        shutil.copy(shipped / name, tmp_path / name)
    command = [sys.executable, str(ROOT / "models" / "spread.py"), "ct-denoise-s"]
    command += ["--minutes", "0.02", "--scenes", "1", "--producers", "0"]
    command += ["--work", str(tmp_path / "work"), "--out", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = tomllib.loads((tmp_path / "card.toml").read_text(encoding="utf-8"))["spread"]
    digest = hashlib.sha256((tmp_path / "spread.onnx").read_bytes()).hexdigest()
    assert told["onnx_sha256"] == digest
    assert 0.3 < told["coverage"] <= 1.0
    assert 0.3 < told["factor"] < 5.0
