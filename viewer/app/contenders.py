"""Methods as functions of stacks of slices, all called alike, so that they can be judged alike."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from viewer.core.errors import WrongUsage
from viewer.enhancement.engine import Engine
from viewer.enhancement.method import Float32Array, Method, Settings, SourceSlices
from viewer.enhancement.noise import NoiseEstimate

Answer = Callable[[Float32Array, NoiseEstimate, tuple[float, float]], Float32Array]
"""From stacks [stack, 5, row, column] in HU, their noise, and (slice step, pixel) in mm to the
enhanced middle slices [stack, row, column] at full strength."""

APART_MM = 1000.0
AT_ONCE = 32

TUNED: dict[str, tuple[str, tuple[float, ...]]] = {
    "gaussian": ("sigma_mm", (0.1, 0.2, 0.4, 0.6, 0.8, 1.1, 1.5, 2.2)),
    "bilateral": ("range_sd", (1.5, 2.5, 4.0, 6.0)),
    "nlm": ("cutoff_sd", (0.4, 0.6, 0.8, 1.1)),
    "tv": ("weight_sd", (0.4, 0.7, 1.0, 1.4, 2.0)),
    "wavelet": ("noise_factor", (0.7, 1.0, 1.5, 2.2, 3.0)),
}
"""The parameter of each filter that is chosen on tuning scenes, and the values that are tried."""


def refuse_finer(engine: Engine, method_ids: Iterable[str]) -> None:
    """Refuse methods whose slices lie on another grid, where results are compared voxel by voxel.

    Raises
    ------
    UnknownMethod : there is no such method.
    WrongUsage : a method makes finer slices.
    """
    for method in map(engine.catalogue.method, method_ids):
        if method.makes_finer:
            raise WrongUsage(
                f"{method.name} makes finer slices.",
                "They are judged against slices that were acquired so fine, which only "
                "simulation has.",
                f"Run: diptych evaluate {method.id} --on simulated",
            )


@dataclass(frozen=True, slots=True)
class Contender:
    """A method with the parameters that it is judged with.

    `full` answers at its best for full strength, `cut` at its best for a cut of the noise; a
    model, which has nothing to tune, has the same twice. `is_here` tells whether it is computed in
    this process, whose processor time is measured.
    """

    method: Method
    full: Answer
    cut: Answer
    words: str = ""
    is_here: bool = True


def stacked_source(
    stacks: Float32Array, noise: NoiseEstimate, spacing_mm: tuple[float, float], unit: str = "HU"
) -> SourceSlices:
    """Return stacks [stack, 5, row, column] as one series in which no stack sees another.

    Each stack lies `APART_MM` from the one before, so that its neighbours are its own slices.
    """
    count, depth = stacks.shape[:2]
    step, pixel = spacing_mm
    positions = APART_MM * np.arange(count)[:, None] + step * np.arange(depth)[None, :]
    return SourceSlices(
        values=np.ascontiguousarray(stacks.reshape(-1, *stacks.shape[2:]), np.float32),
        spacing_mm=(step, pixel, pixel),
        noise_sd=np.full(count * depth, noise.sd, np.float32),
        noise_frequency_per_mm=noise.mean_frequency_per_mm,
        positions_mm=tuple(float(place) for place in positions.ravel()),
        unit=unit,
        typical_signal=0.0 if unit == "HU" else typical_signal(stacks, noise),
    )


def typical_signal(stacks: Float32Array, noise: NoiseEstimate) -> float:
    """Return the median of what counts as tissue in the noise's own terms."""
    tissue = stacks[stacks > max(noise.tissue[0], 0.0)]
    return float(np.median(tissue)) if tissue.size else 0.0


def answer_of(engine: Engine, method: Method, settings: Settings = (), unit: str = "HU") -> Answer:
    """Return a method of the program as an `Answer`; it runs as it does on a series in `unit`."""

    def answer(
        stacks: Float32Array, noise: NoiseEstimate, spacing_mm: tuple[float, float]
    ) -> Float32Array:
        source = stacked_source(stacks, noise, spacing_mm, unit)
        processor = engine.processor(method, source, method.settings(settings))
        depth = stacks.shape[1]
        middles = [depth * place + depth // 2 for place in range(len(stacks))]
        found = [
            processor.residuals(middles[start : start + AT_ONCE])
            for start in range(0, len(middles), AT_ONCE)
        ]
        return np.asarray(source.values[middles] + np.concatenate(found), np.float32)

    return answer


def candidates(engine: Engine, method: Method, unit: str) -> Iterable[tuple[float, Answer]]:
    """Yield a filter's parameter values that are tried, each with its answer."""
    name, values = TUNED[method.id]
    for value in values:
        yield value, answer_of(engine, method, ((name, value),), unit)
