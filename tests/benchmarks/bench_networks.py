"""One 512 x 512 slice through our network, the published ones and a classical filter, in one run.

Run as ``python -m tests.benchmarks.bench_networks [NAME ...]``. Published networks have random
weights: their time does not depend on them. OpenVINO is measured where it is installed.
"""

import importlib.util
import io
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from viewer.core.places import data_folder
from viewer.enhancement.architectures import build
from viewer.enhancement.catalogue import read_catalogue
from viewer.enhancement.inference import CPU, OnnxRunner, Runner, TorchRunner, usable_cores
from viewer.enhancement.weights_file import trusted_weights

MODEL = "ct-denoise-s"
RUNS = 5
TARGET_MS = 100.0
PUBLISHED = {
    "redcnn": {"network": "PlainDenoiser", "kind": "redcnn"},
    "dncnn": {"network": "PlainDenoiser", "kind": "dncnn"},
    "transformer": {"network": "TransformerDenoiser"},
    "attention": {"network": "AttentionDenoiser"},
    "diffusion": {"network": "DiffusionDenoiser"},
}

Row = dict[str, Any]
Maps = tuple[np.ndarray, np.ndarray, np.ndarray]


def maps() -> Maps:
    """Return slices, noise SD and frequency of one slice of 512 x 512 pixels."""
    rng = np.random.default_rng(0)
    slices = rng.normal(0, 25, (1, 5, 512, 512)).astype(np.float32)
    noise = np.full((1, 1, 512, 512), 25, np.float32)
    return slices, noise, np.full_like(noise, 0.2)


def timed(work: Callable[[], object], runs: int = RUNS) -> tuple[float, float]:
    """Return the median wall time, and the least processor time over the cores, in milliseconds."""
    walls, processor = [], []
    for _ in range(runs):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        processor.append((time.process_time() - cpu) * 1000 / usable_cores())
        walls.append((time.perf_counter() - wall) * 1000)
    return statistics.median(walls), min(processor)


def published(name: str) -> Runner:
    """Return a published network under ONNX Runtime on all cores."""
    network = build(PUBLISHED[name]).eval()
    names = ["slices", "noise_sd", "frequency"]
    example = (torch.zeros(1, 5, 64, 64), torch.ones(1, 1, 64, 64), torch.ones(1, 1, 64, 64))
    axes = {one: {0: "batch", 2: "row", 3: "column"} for one in [*names, "noise"]}
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            example,
            file,
            input_names=names,
            output_names=["noise"],
            opset_version=17,
            dynamic_axes=axes,
            dynamo=False,
        )
    return OnnxRunner(file.getvalue(), usable_cores())


def under_openvino(model: bytes) -> Callable[[Maps], object] | None:
    """Return our network under OpenVINO on all cores, None where it is not installed."""
    if importlib.util.find_spec("openvino") is None:
        return None
    import openvino

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(model)
        core = openvino.Core()
        compiled = core.compile_model(core.read_model(path), "CPU")
    return lambda given: compiled(list(given))


def non_local_means(given: Maps) -> object:
    """Filter one slice with scikit-image's fast non-local means."""
    from skimage.restoration import denoise_nl_means

    image = given[0][0, 2]
    return denoise_nl_means(image, patch_size=5, patch_distance=6, h=20.0, fast_mode=True)


def _answering(runner: Runner) -> Callable[[Maps], object]:
    return lambda given: runner.run(*given)


def contenders() -> dict[str, tuple[Callable[[Maps], object], int]]:
    """Return everything that is timed by name, with how often."""
    card = read_catalogue(data_folder("models")).card(MODEL)
    assert card is not None
    model, tensors = trusted_weights(card.onnx), trusted_weights(card.tensors)
    torch.set_num_threads(usable_cores())
    ours = OnnxRunner(model, usable_cores())
    in_torch = TorchRunner(tensors, card.architecture, CPU)
    plain = build(card.architecture).eval()

    def as_torch_lays_it_out(given: Maps) -> object:
        with torch.inference_mode():
            return plain(*(torch.from_numpy(one) for one in given))

    found: dict[str, tuple[Callable[[Maps], object], int]] = {
        MODEL: (lambda given: ours.run(*given), RUNS),
        "torch default": (as_torch_lays_it_out, RUNS),
        "torch channels_last": (lambda given: in_torch.run(*given), RUNS),
        "nlm (scikit-image)": (non_local_means, RUNS),
    }
    for name in PUBLISHED:
        found[name] = (_answering(published(name)), 1 if name in ("redcnn", "dncnn") else 3)
    openvino = under_openvino(model)
    if openvino is not None:
        found["openvino"] = (openvino, RUNS)
    return found


def rows(*names: str) -> list[Row]:
    """Return the rows with these names, or all; `ratio` is their time over ours."""
    every, given = contenders(), maps()
    every[MODEL][0](given)
    ours, _ = timed(lambda: every[MODEL][0](given))
    found: list[Row] = []
    for name, (work, runs) in every.items():
        if names and f"net {name}" not in names:
            continue
        if runs == RUNS:
            work(given)
        wall, processor = timed(lambda one=work: one(given), runs)
        found.append(
            {
                "name": f"net {name}",
                "ours_ms": round(ours, 1),
                "peer": name,
                "peer_ms": round(wall, 1),
                "peer_processor_ms": round(processor, 1),
                "ratio": round(wall / ours, 2),
                "target_ms": TARGET_MS,
                "threads": usable_cores(),
            }
        )
    return found


if __name__ == "__main__":
    for one in rows(*sys.argv[1:]):
        print(one)
