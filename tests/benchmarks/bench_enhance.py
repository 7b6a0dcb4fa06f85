"""Enhancement on the CPU beside the same network under torch, and the window's tick meanwhile.

Run as ``python -m tests.benchmarks.bench_enhance [NAME ...]``; names are row names.
"""

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.bench_render import body
from tests.benchmarks.series import write_series
from tests.grids import grid
from viewer.app.enhancing import EnhanceRequest, prepare, run, survey
from viewer.core.places import data_folder
from viewer.core.study import FrameSource, Instance, PartKind, Series, SeriesPart, Study
from viewer.core.volume import Volume
from viewer.enhancement.catalogue import read_catalogue
from viewer.enhancement.engine import Engine
from viewer.enhancement.inference import CPU, TorchRunner, compute_threads, usable_cores
from viewer.enhancement.weights_file import trusted_weights

RUNS = 5
SLICES = 300
MODEL = "ct-denoise-s"
PEER = "torch channels_last, same network, whole slice, same threads"
VISIBLE_MS = 400.0
SERIES_MS = 60_000.0
BATCH_MS = 30_000.0
TICK_MS = 8.0
SETTLING_S = 3.0

Row = dict[str, Any]


def request(slices: int) -> EnhanceRequest:
    """Return a request for a chest-like CT of 512 x 512 pixels, 0.7 mm, 1 mm steps."""
    shape = (slices, 512, 512)
    volume = Volume(
        body(shape),
        grid(shape, (1.0, 0.7, 0.7)),
        "HU",
        tuple(f"1.{index}" for index in range(slices)),
        np.ones(slices, np.bool_),
    )
    image = Instance("", "", "1.2.840.10008.5.1.4.1.1.2", "1.0", "", "CT", slice_thickness_mm=1.0)
    part = SeriesPart(("1", "", ""), "1.1", 0, PartKind.VOLUME, "", (FrameSource(image, 0),))
    study, series = Study("1", age="060Y"), Series("1.1", "CT", kvp=120.0)
    return EnhanceRequest(study, series, part, volume, MODEL, first_slice=slices // 2, device=CPU)


def fresh_engine() -> Engine:
    """Return an engine with nothing cached and nothing opened."""
    return Engine(read_catalogue(data_folder("models")))


def torch_slice(threads: int | None = None) -> Callable[[], object]:
    """Return the peer: one 512 x 512 slice through torch on as many threads as ours."""
    import torch

    torch.set_num_threads(threads or compute_threads())
    card = fresh_engine().catalogue.card(MODEL)
    assert card is not None
    runner = TorchRunner(trusted_weights(card.tensors), card.architecture, CPU)
    rng = np.random.default_rng(0)
    slices = rng.normal(0, 25, (1, 5, 512, 512)).astype(np.float32)
    noise = np.full((1, 1, 512, 512), 25, np.float32)
    frequency = np.full((1, 1, 512, 512), 0.2, np.float32)
    return lambda: runner.run(slices, noise, frequency)


def timed_ms(work: Callable[[], object]) -> float:
    """Return the wall time of one call in milliseconds."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def row(name: str, ours_ms: float, peer_ms: float, target_ms: float, **more: object) -> Row:
    """Return one row of the table; `ratio` is the peer's time over ours."""
    return {
        "name": name,
        "ours_ms": round(ours_ms, 1),
        "peer": PEER,
        "peer_ms": round(peer_ms, 1),
        "ratio": round(peer_ms / ours_ms, 2),
        "target_ms": target_ms,
        **more,
    }


class FirstSliceError(Exception):
    """Ends a run as soon as the visible slice is there."""


def visible_slice_row() -> Row:
    """Return the time from the key to the visible slice, on a series that is open and surveyed.

    The model is open (warm); fixing the strength's scale is part of the time.
    """
    asked = request(24)
    engine = fresh_engine()
    surveyed = timed_ms(lambda: survey(engine, asked.volume))  # type: ignore[arg-type]
    prepare(engine, asked)
    peer = torch_slice()
    peer()

    def key_to_slice(number: int) -> None:
        anew = replace(asked, first_slice=number)
        engine.scales._kept.clear()

        def stop(_: object) -> None:
            raise FirstSliceError

        try:
            run(engine, prepare(engine, anew), on_batch=stop)
        except FirstSliceError:
            return

    pairs = [(timed_ms(lambda k=k: key_to_slice(8 + k)), timed_ms(peer)) for k in range(RUNS)]
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    return row("enhance_visible", ours, theirs, VISIBLE_MS, survey_ms=round(surveyed, 1))


def ticks_ms(stop: threading.Event) -> list[float]:
    """Return how far apart the ticks of a 1 ms timer were until the flag went up."""
    found: list[float] = []
    last = time.perf_counter()
    while not stop.is_set():
        time.sleep(0.001)
        now = time.perf_counter()
        found.append((now - last) * 1000)
        last = now
    return found


def ticking(work: Callable[[], object]) -> tuple[float, list[float]]:
    """Run work in another thread; return its wall time and the ticks of this one meanwhile."""
    done, took = threading.Event(), [0.0]

    def worker() -> None:
        try:
            took[0] = timed_ms(work)
        finally:
            done.set()

    thread = threading.Thread(target=worker)
    thread.start()
    found = ticks_ms(done)
    thread.join()
    return took[0], found


def p95(values: list[float]) -> float:
    """Return the 95th percentile."""
    return float(np.percentile(values, 95))


def whole_series_rows(slices: int = SLICES) -> tuple[Row, Row]:
    """Return the time of a whole series, and the tick of the main thread while it ran."""
    asked = request(slices)
    engine = fresh_engine()
    survey(engine, asked.volume)  # type: ignore[arg-type]
    peer = torch_slice()
    peer()
    each = statistics.median(timed_ms(peer) for _ in range(RUNS))
    _, idle = ticking(lambda: time.sleep(SETTLING_S))
    took, busy = ticking(lambda: run(engine, prepare(engine, asked)))
    series = row(
        f"enhance_{slices}",
        took,
        each * slices,
        SERIES_MS,
        threads=compute_threads(),
    )
    tick = row("ai_tick", p95(busy), p95(idle), TICK_MS) | {"peer": "idle tick"}
    return series, tick | {
        "median_ms": round(statistics.median(busy), 2),
        "worst_ms": round(max(busy), 1),
    }


def batch_row(slices: int = SLICES) -> Row:
    """Return the time of the batch verb from its start to its end: files in, files out, all cores.

    `cpu_ms` is the processor time that it and its workers took: on idle cores the wall time cannot
    be less than that divided by the cores.
    """
    import resource

    import torch

    peer = torch_slice(usable_cores())
    peer()
    with tempfile.TemporaryDirectory() as folder:
        write_series(Path(folder) / "in", slices)
        verb = [sys.executable, "-m", "viewer", "enhance", f"{folder}/in", "--workers", "1"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        verb += ["--method", MODEL, "--out", f"{folder}/out"]
        took = timed_ms(lambda: subprocess.run(verb, check=False, capture_output=True))
        made = len([*Path(f"{folder}/out").rglob("*.dcm")])
        if made != slices:
            raise RuntimeError(f"The batch made {made} of {slices} slices.")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    each = statistics.median(timed_ms(peer) for _ in range(RUNS))
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    more = {"cores": usable_cores(), "cpu_ms": round(1000 * cpu_s), "torch": torch.__version__}
    return row("enhance_batch", took, each * slices, BATCH_MS, **more)


def rows(*names: str) -> list[Row]:
    """Return the rows with these names; all when there are none."""
    found: list[Row] = []
    if not names or "enhance_visible" in names:
        found.append(visible_slice_row())
    if not names or {f"enhance_{SLICES}", "ai_tick"} & set(names):
        found += whole_series_rows()
    if not names or "enhance_batch" in names:
        found.append(batch_row())
    return [one for one in found if not names or one["name"] in names]


if __name__ == "__main__":
    for one in rows(*sys.argv[1:]):
        print(one)
