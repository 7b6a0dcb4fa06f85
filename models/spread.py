"""Train and calibrate a denoiser's spread.

`python models/spread.py ct-denoise-s --minutes 10`; `--minutes 0` calibrates anew what is there.

Writes `spread.onnx` beside the weights and the `[spread]` table of the card: its checksum, how many
spreads hold 90 % of the true values on calibration scenes, and what share they hold on others.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import safetensors.torch
import torch
from batches import Pool, draw, produce, start_producers
from cards import read_card, write_card
from families import FAMILIES
from objective import Tensors
from plans import PLANS, Plan
from weights import write_onnx

from viewer.app.grounds import Ground, ground_named
from viewer.enhancement.architectures import build
from viewer.enhancement.networks import SpreadNetwork
from viewer.simulation.scenes import MIDDLE, Scene

HERE = Path(__file__).resolve().parent
CALIBRATION_SEED, COVERAGE_SEED = 9_100_001, 8_600_001
SHARE = 0.90
LESION_SHARE = 0.25
LOG = logging.getLogger("spread")


def likelihood(network: SpreadNetwork, batch: Tensors) -> torch.Tensor:
    """Negative logarithm of a Gaussian's density at the error, in units of the noise SD."""
    with torch.no_grad():
        error = network.denoiser(batch.slices, batch.noise_sd, batch.frequency) - batch.noise
    spread = network(batch.slices, batch.noise_sd, batch.frequency) + 1e-3 * batch.true_sd
    return (0.5 * (error / spread).square() + torch.log(spread / batch.true_sd)).mean()


def train(network: SpreadNetwork, pool: Pool, family: str, minutes: float, seed: int) -> int:
    """Train the head alone until the time is over; return the number of steps."""
    source = FAMILIES[family]()
    optimiser = torch.optim.Adam(network.head.parameters(), lr=1e-3)
    end, step = time.monotonic() + 60.0 * minutes, 0
    while time.monotonic() < end:
        share = 1.0 - (end - time.monotonic()) / (60.0 * minutes)
        for group in optimiser.param_groups:
            group["lr"] = 1e-3 * (1.0 - 0.95 * share)
        rng = np.random.default_rng([seed, 2, step])
        batch = Tensors.of(draw(rng, source, pool.patches, 8), torch.device("cpu"))
        loss = likelihood(network, batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step += 1
        if step % 50 == 0:
            LOG.info("step %d, loss %.4f", step, loss.item())
            pool.refresh()
    return step


class Ratios:
    """Errors of the full-strength answer over the stated spread, scene by scene."""

    def __init__(self, folder: Path, ground: Ground) -> None:
        self._ground = ground
        names = ("weights.onnx", "spread.onnx")
        self._networks = [
            onnxruntime.InferenceSession(str(folder / name), providers=["CPUExecutionProvider"])
            for name in names
        ]

    def of(self, scene: Scene) -> np.ndarray:
        """|enhanced - truth| over the spread at each pixel of the body, [pixel]."""
        return self._ratios(scene, scene.noisy, scene.truth, scene.body)

    def in_lesions(self, scene: Scene) -> np.ndarray:
        """The same where a lesion was put, [pixel]."""
        truth, inside = scene.truth.copy(), np.zeros_like(scene.body)
        for lesion in scene.lesions:
            truth[lesion.window] += lesion.response
            inside[lesion.window] |= (
                np.abs(lesion.response) > LESION_SHARE * np.abs(lesion.response).max()
            )
        return self._ratios(scene, scene.with_lesions, truth, inside)

    def _ratios(
        self, scene: Scene, noisy: np.ndarray, truth: np.ndarray, where: np.ndarray
    ) -> np.ndarray:
        noise = self._ground.noise(noisy, scene.pixel_mm)
        if noise is None:
            return np.empty(0)
        shape = (1, 1, *truth.shape)
        feed = {
            "slices": noisy[None].astype(np.float32),
            "noise_sd": np.full(shape, noise.sd, np.float32),
            "frequency": np.full(shape, noise.mean_frequency_per_mm * scene.pixel_mm, np.float32),
        }
        found, spread = (one.run(None, feed)[0][0, 0] for one in self._networks)
        error = np.abs(noisy[MIDDLE] - found - truth)
        return np.asarray((error / np.maximum(spread, 1e-3))[where])


def calibrated(folder: Path, ground: Ground, count: int) -> dict[str, float | int | str]:
    """The number of spreads that hold 90 % on calibration scenes, and its coverage on others.

    The quantile of split conformal prediction, over the pixels of all calibration scenes, each
    scene weighing the same. Pixels of a scene depend on each other, so that coverage is what other
    scenes show and not what theory promises.

    Source: Angelopoulos and Bates, "A gentle introduction to conformal prediction", 2021.
    """
    ratios = Ratios(folder, ground)
    quantiles = np.linspace(0.0, 1.0, 2001)
    parts = [ratios.of(scene) for scene in ground.scenes(CALIBRATION_SEED, count)]
    pooled = np.sort(np.concatenate([np.quantile(one, quantiles) for one in parts if len(one)]))
    factor = float(np.quantile(pooled, SHARE, method="higher"))
    shares: dict[str, list[float]] = {}
    lesions: list[float] = []
    for scene in ground.scenes(COVERAGE_SEED, count):
        found = ratios.of(scene)
        if len(found):
            for group in (scene.region, f"{scene.kernel} kernel", f"noise {scene.noise_sd:g}"):
                shares.setdefault(group, []).append(float(np.mean(found <= factor)))
            shares.setdefault("all", []).append(float(np.mean(found <= factor)))
            inside = ratios.in_lesions(scene)
            lesions += [float(np.mean(inside <= factor))] if len(inside) else []
    means = {group: float(np.mean(one)) for group, one in shares.items()}
    every = means.pop("all")
    worst = min(means, key=lambda group: means[group])
    return {
        "share": SHARE,
        "factor": round(factor, 4),
        "coverage": round(every, 4),
        "worst_group": worst,
        "worst_coverage": round(means[worst], 4),
        "lowest_scene": round(min(shares["all"]), 4),
        "lesion_coverage": round(float(np.mean(lesions)), 4),
        "scenes": len(shares["all"]),
        "calibration_seed": CALIBRATION_SEED,
        "coverage_seed": COVERAGE_SEED,
    }


def learned(
    network: SpreadNetwork, options: argparse.Namespace, plan: Plan, path: Path
) -> dict[str, object]:
    """Train the head and write it; return what the card says about the run."""
    work = options.work or Path(tempfile.gettempdir()) / "diptych-training" / options.model
    pool = Pool(work / "patches", 8000)
    started = start_producers(plan.family, pool.folder, options.seed, options.producers)
    if not options.producers and not list(pool.folder.glob("patches-*.npz")):
        produce(FAMILIES[plan.family](), pool.folder, options.seed, 0, files=1, stacks=1)
    while not pool.refresh():
        time.sleep(0.5)
    steps = train(network, pool, plan.family, options.minutes, options.seed)
    for process in started:
        process.terminate()
    write_onnx(network, path, "spread")
    words = f"--minutes {options.minutes:g} --scenes {options.scenes} --seed {options.seed}"
    command = f"python models/spread.py {options.model} {words}"
    return {"command": command, "seed": options.seed, "steps": steps}


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=sorted(PLANS))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--scenes", type=int, default=24, help="calibration, and as many others")
    parser.add_argument("--work", type=Path, help="patches; default in the temp folder")
    parser.add_argument("--out", type=Path, help="default: models/MODEL")
    parser.add_argument("--seed", type=int, default=20261127)
    parser.add_argument("--producers", type=int, default=1, help="0: one small file")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    plan, folder = PLANS[options.model], options.out or HERE / options.model
    denoiser = build(plan.architecture).eval().requires_grad_(False)
    denoiser.network.load_state_dict(safetensors.torch.load_file(folder / "weights.safetensors"))
    network = SpreadNetwork(denoiser)
    path = folder / "spread.onnx"
    card = read_card(folder / "card.toml")
    known = card.get("spread", {})
    if options.minutes > 0:
        known = learned(network, options, plan, path)
    found = calibrated(folder, ground_named(card["input"]["modality"]), options.scenes)
    card["spread"] = {
        **known,
        "onnx": path.name,
        "onnx_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        **found,
        "calibrated_by": f"python models/spread.py {options.model} --minutes 0 "
        f"--scenes {options.scenes}",
    }
    write_card(folder / "card.toml", card)
    LOG.info("%s", card["spread"])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
