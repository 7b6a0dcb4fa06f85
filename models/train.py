"""Train one of the models from simulation: `python models/train.py ct-denoise-s --minutes 70`.

Weights (safetensors and ONNX) and the figures of the run go to the model's folder, patches and the
state for `--resume` to a work folder outside the project. The run ends by itself at `--minutes`,
cleanly on SIGTERM or Ctrl+C, and leaves valid weights behind at any time after the first save.
"""

from __future__ import annotations

import argparse
import logging
import math
import platform
import queue
import signal
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from batches import Batch, Family, Pool, collate, draw, joined, length, produce, start_producers
from cards import update_card
from families import FAMILIES
from objective import Tensors, validate
from plans import PLANS, Plan
from weights import hashes, write_curve, write_weights

from viewer.enhancement.architectures import build

HERE = Path(__file__).resolve().parent
VALIDATION_SEED = 7_000_001
FEED = 1_000_000
"""Sets the streams of samples apart from those of stacks, which are (seed, worker, number)."""
LOG = logging.getLogger("train")


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that determines a run besides the clock and the machine."""

    model: str
    seed: int = 20261123
    start: str = ""
    """Id of a shipped model whose weights are gone on with, "" for the plan's start."""
    peak_rate: float = 0.0
    """Highest rate of learning, 0 for the plan's."""
    batch: int = 0
    """Samples per step, 0 for the plan's."""
    last_rate: float = 1.0e-5
    warm_up_steps: int = 200
    averaging: float = 0.999
    capacity: int = 8000
    first_patches: int = 300
    validation_stacks: int = 24
    save_seconds: float = 180.0
    most_steps: int = 10_000_000


class Clock:
    """Minutes allowed and spent, and whether somebody asked to stop."""

    def __init__(self, minutes: float, spent_s: float) -> None:
        self.limit_s = minutes * 60.0
        self._start = time.monotonic() - spent_s
        self.is_stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.is_stopped.set())

    @property
    def spent_s(self) -> float:
        """Seconds of training, earlier runs included."""
        return time.monotonic() - self._start

    @property
    def is_over(self) -> bool:
        """Whether training must end now."""
        return self.is_stopped.is_set() or self.spent_s >= self.limit_s


def learning_rate(recipe: Recipe, peak: float, step: int, share: float) -> float:
    """Linear warm-up in steps, then a cosine over the share of the time that has passed."""
    fall = 0.5 * (1.0 + math.cos(math.pi * min(share, 1.0)))
    rate = recipe.last_rate + (peak - recipe.last_rate) * fall
    return rate * min(1.0, (step + 1) / recipe.warm_up_steps)


def validation_batches(recipe: Recipe, family: Family) -> list[Batch]:
    """Fixed held-out samples of other seeds."""
    parts = [
        family.make(np.random.default_rng([VALIDATION_SEED, number]))
        for number in range(recipe.validation_stacks)
    ]
    parts = [{name: values[:4] for name, values in part.items()} for part in parts]
    patches = joined(parts)
    rng = np.random.default_rng([VALIDATION_SEED, FEED, 1])
    samples = [family.sample(rng, patches, index) for index in range(length(patches))]
    return [collate(samples[first : first + 16]) for first in range(0, len(samples), 16)]


class Feed:
    """Batches assembled one step ahead in a thread of their own."""

    def __init__(self, pool: Pool, family: Family, seed: int, batch: int, first_step: int) -> None:
        self._pool, self._family, self._seed, self._batch = pool, family, seed, batch
        self._ready: queue.Queue[Batch] = queue.Queue(maxsize=3)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(first_step,), daemon=True)
        self._thread.start()

    def next(self) -> Batch:
        """The next batch; waits for it."""
        return self._ready.get()

    def close(self) -> None:
        """End the thread."""
        self._ends.set()
        while not self._ready.empty():
            self._ready.get_nowait()
        self._thread.join(timeout=10.0)

    def _run(self, step: int) -> None:
        while not self._ends.is_set():
            if step % 100 == 0:
                self._pool.refresh()
            patches = self._pool.patches
            if not patches:
                time.sleep(0.2)
                continue
            rng = np.random.default_rng([self._seed, FEED, step, 1])
            batch = draw(rng, self._family, patches, self._batch)
            while not self._ends.is_set():
                try:
                    self._ready.put(batch, timeout=0.5)
                    break
                except queue.Full:
                    continue
            step += 1


class Training:
    """One run: network, its average, optimiser, and where everything is written."""

    def __init__(self, recipe: Recipe, out: Path, work: Path, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.out, self.work, self.device = recipe, out, work, device
        self.plan: Plan = PLANS[recipe.model]
        options = {**self.plan.architecture, **self.plan.training_options}
        self.model, self.average = (
            build(options).to(device, memory_format=torch.channels_last) for _ in range(2)
        )
        self.started_from = "random weights"
        if start := recipe.start or self.plan.start:
            weights = HERE / start / "weights.safetensors"
            self.model.network.load_state_dict(safetensors.torch.load_file(weights))
            self.started_from = f"{start}, weights {sha256(weights.read_bytes()).hexdigest()[:12]}"
        self.average.load_state_dict(self.model.state_dict())
        self.objective = self.plan.objective()
        self.objective.to(device)
        self.average.eval()
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=1e-3, weight_decay=1e-4)
        self.step, self.spent_s = 0, 0.0
        self.curve: list[dict[str, float]] = []

    def resume(self) -> None:
        """Go on from the last saved state."""
        state = torch.load(self.work / "state.pt", map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.spent_s = int(state["step"]), float(state["spent_s"])
        self.curve = list(state["curve"])
        self.objective.load_state_dict(state["objective"])

    def advance(self, batch: Batch, share: float) -> float:
        """One optimiser step; returns the loss."""
        for group in self.optimiser.param_groups:
            peak = self.recipe.peak_rate or self.plan.peak_rate
            group["lr"] = learning_rate(self.recipe, peak, self.step, share)
        tensors = Tensors.of(batch, self.device)
        is_cuda = self.device.type == "cuda"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=is_cuda):
            loss = self.objective(self.model, tensors)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self._average()
        self.step += 1
        return float(loss.detach())

    @torch.no_grad()
    def _average(self) -> None:
        share = min(self.recipe.averaging, (1.0 + self.step) / (10.0 + self.step))
        pairs = zip(self.average.parameters(), self.model.parameters(), strict=True)
        for mean, current in pairs:
            mean.lerp_(current, 1.0 - share)
        for mean, current in zip(self.average.buffers(), self.model.buffers(), strict=True):
            mean.copy_(current)

    def save(self, clock: Clock) -> None:
        """Write state, weights, ONNX, curve and the training part of the card, each atomically."""
        self.work.mkdir(parents=True, exist_ok=True)
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "spent_s": clock.spent_s,
            "curve": self.curve,
            "objective": self.objective.state_dict(),
        }
        torch.save(state, self.work / "state.partial")
        (self.work / "state.partial").replace(self.work / "state.pt")
        self.out.mkdir(parents=True, exist_ok=True)
        write_weights(self.average, self.plan.architecture, self.out)
        write_curve(self.curve, self.out / "training.csv")
        count = sum(one.numel() for one in self.average.network.parameters())
        update_card(
            self.out / "card.toml",
            self.recipe.model,
            hashes(self.out),
            self.summary(clock),
            {**self.plan.architecture, "parameters": count},
        )

    def summary(self, clock: Clock) -> dict[str, object]:
        """What the card says about the run."""
        last = self.curve[-1] if self.curve else {}
        return {
            "seed": self.recipe.seed,
            "validation_seed": VALIDATION_SEED,
            "steps": self.step,
            "batch": self.recipe.batch or self.plan.batch,
            "started_from": self.started_from,
            "peak_rate": self.recipe.peak_rate or self.plan.peak_rate,
            "minutes": round(clock.spent_s / 60.0, 1),
            "hardware": hardware(self.device),
            "torch": torch.__version__,
            "finished_utc": datetime.now(UTC).isoformat(timespec="seconds"),
            "patches_seen": int(last.get("patches", 0)),
            "validation_loss": round(last.get("loss", math.nan), 5),
            "validation_rmse_sd": round(last.get("rmse_sd", math.nan), 5),
            "validation_gain_db": round(last.get("gain_db", math.nan), 3),
        }


def hardware(device: torch.device) -> str:
    """The device in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.get_num_threads()} CPU threads, {platform.machine()}"


def train(run: Training, clock: Clock, producers: int) -> None:
    """Steps until the clock is over; validation and saving every few minutes."""
    recipe, family = run.recipe, FAMILIES[run.plan.family]()
    pool = Pool(run.work / "patches", recipe.capacity)
    started = start_producers(run.plan.family, pool.folder, recipe.seed, producers)
    if not producers and not list(pool.folder.glob("patches-*.npz")):
        produce(family, pool.folder, recipe.seed, 0, files=1, stacks=1)
    held_out = [Tensors.of(one, run.device) for one in validation_batches(recipe, family)]
    while len(pool) < recipe.first_patches and not clock.is_over:
        pool.refresh()
        time.sleep(0.5)
    feed = Feed(pool, family, recipe.seed, recipe.batch or run.plan.batch, run.step)
    saved, losses = time.monotonic(), []
    while not clock.is_over and run.step < recipe.most_steps:
        losses.append(run.advance(feed.next(), clock.spent_s / clock.limit_s))
        if run.step % 100 == 0:
            LOG.info(
                "step %d, %.1f min, loss %.4f, %d patches seen, %d in the pool",
                run.step,
                clock.spent_s / 60,
                np.mean(losses[-100:]),
                pool.seen,
                len(pool),
            )
        if time.monotonic() - saved > recipe.save_seconds:
            record(run, clock, held_out, losses, pool.seen)
            saved, losses = time.monotonic(), []
    feed.close()
    for process in started:
        process.terminate()
        process.join(timeout=10.0)
    record(run, clock, held_out, losses, pool.seen)


def record(
    run: Training, clock: Clock, held_out: list[Tensors], losses: list[float], seen: int
) -> None:
    """Validate, add a row to the curve, save."""
    found = validate(run.average, held_out)
    row = {
        "step": run.step,
        "minutes": round(clock.spent_s / 60.0, 2),
        "training_loss": round(float(np.mean(losses)) if losses else math.nan, 5),
        "patches": seen,
        **{name: round(value, 5) for name, value in found.items()},
    }
    run.curve.append(row)
    LOG.info("validation %s", row)
    run.save(clock)


def chosen_device(name: str) -> torch.device:
    """`auto` takes CUDA where it is there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=sorted(PLANS))
    parser.add_argument("--minutes", type=float, default=70.0, help="training time, default 70")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--resume", action="store_true", help="go on from the work folder")
    parser.add_argument("--out", type=Path, help="default: models/MODEL")
    parser.add_argument("--work", type=Path, help="patches and state; default in the temp folder")
    parser.add_argument("--seed", type=int, default=Recipe("").seed)
    parser.add_argument("--start", default="", help="go on from the weights of this model")
    parser.add_argument("--rate", type=float, default=0.0, help="highest rate of learning")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of torch")
    parser.add_argument(
        "--producers", type=int, default=1, help="processes making patches; 0: one small file"
    )
    parser.add_argument("--smoke", action="store_true", help="three steps on very few patches")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(options.threads)
    recipe = Recipe(options.model, seed=options.seed, start=options.start, peak_rate=options.rate)
    if options.smoke:
        recipe = replace(
            recipe, batch=2, first_patches=4, validation_stacks=1, warm_up_steps=1, most_steps=3
        )
    work = options.work or Path(tempfile.gettempdir()) / "diptych-training" / options.model
    run = Training(recipe, options.out or HERE / options.model, work, chosen_device(options.device))
    if options.resume and (work / "state.pt").exists():
        run.resume()
    train(run, Clock(options.minutes, run.spent_s), options.producers)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
