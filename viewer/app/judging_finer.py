"""Judging finer slices on simulation: how near they come to slices that were acquired so fine.

Linear and cubic interpolation stand beside every method; gains are over plain cubic interpolation.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np

from viewer.app.scene_figures import Row, means
from viewer.core.errors import Cancelled, WrongUsage
from viewer.core.units import STORED
from viewer.enhancement import metrics
from viewer.enhancement.engine import Engine
from viewer.enhancement.finer import unseen_detail
from viewer.enhancement.method import Float32Array, Method, SourceSlices
from viewer.enhancement.through_plane import SliceSampling, ThroughPlane, through_plane
from viewer.simulation.finer_scenes import FINE_MM, FinerScene, finer_scenes

SEED = 8_900_001
RESAMPLE = "resample"
EXPLANATION = (
    "Volumes of thick slices of random MR contrasts; the truth is noise-free at 1 mm. gain_db: how "
    "much nearer to it than plain cubic interpolation, in the body; edges_gain_db: the same in the "
    "tenth of the body where the truth changes most along the slice axis; misfit: RMS by which the "
    "acquired slices differ from the result seen through the slice profile, in percent of tissue."
)

Table = dict[str, object]
Finer = Callable[[ThroughPlane, SourceSlices], Float32Array]


def judge_finer(
    engine: Engine,
    method_ids: Iterable[str] | None = None,
    count: int = 12,
    *,
    report: Callable[[float, str], None] = lambda _fraction, _words: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Table:
    """Return the figures of methods that make finer slices, ready for JSON; see `EXPLANATION`.

    Raises
    ------
    UnknownMethod : there is no such method.
    WrongUsage : a method does not make finer slices.
    Cancelled : the flag was up.
    """
    ways: dict[str, Finer] = {"linear": _linear, "cubic": lambda p, s: p.interpolated(s.values)}
    for method in _chosen(engine, method_ids):
        ways[method.id] = _way(engine, method)
    report(0.0, "Simulating scenes")
    scenes = finer_scenes(SEED, count)
    rows: list[Row] = []
    for number, (name, way) in enumerate(ways.items()):
        if is_cancelled():
            raise Cancelled
        report((number + 1) / (len(ways) + 1), name)
        found = [_figures(scene, way) for scene in scenes]
        rows.append({"method": name, "strength": "full", **means(found), **_by_factor(found)})
    return {
        "operation": RESAMPLE,
        "title": "Finer slices judged against slices acquired so fine",
        "explanation": EXPLANATION,
        "modality": "MR",
        "scenes": len(scenes),
        "seeds": {"scenes": SEED},
        "settings": {},
        "rows": rows,
    }


def _chosen(engine: Engine, method_ids: Iterable[str] | None) -> list[Method]:
    catalogue = engine.catalogue
    if method_ids is None:
        return [one for one in catalogue.methods() if one.operation == RESAMPLE]
    chosen = [catalogue.method(one) for one in dict.fromkeys(method_ids)]
    for method in chosen:
        if method.operation != RESAMPLE:
            raise WrongUsage(
                f"{method.name} does not make finer slices.",
                "",
                "Name methods of one kind for a comparison.",
            )
    return chosen


def _linear(planes: ThroughPlane, source: SourceSlices) -> Float32Array:
    factor, fine = planes.sampling.factor, planes.sampling.fine_count
    place = np.arange(fine) / factor
    below = np.minimum(place.astype(int), source.count - 2)
    share = (place - below).astype(np.float32)[:, None, None]
    values = source.values
    return np.asarray((1 - share) * values[below] + share * values[below + 1], np.float32)


def _way(engine: Engine, method: Method) -> Finer:
    """Return a method of the program at full strength."""
    runner = engine.runner(method, "cpu")

    def finer(planes: ThroughPlane, source: SourceSlices) -> Float32Array:
        cubic = planes.cubic(source.values)
        return cubic if runner is None else cubic + unseen_detail(runner, planes, source)

    return finer


def _figures(scene: FinerScene, way: Finer) -> Row:
    sampling = SliceSampling(
        len(scene.slices), scene.factor * FINE_MM, scene.thickness_mm, scene.factor
    )
    planes = through_plane(sampling)
    source = SourceSlices(
        values=scene.slices,
        spacing_mm=(sampling.step_mm, scene.pixel_mm, scene.pixel_mm),
        noise_sd=np.full(len(scene.slices), scene.noise_sd, np.float32),
        noise_frequency_per_mm=0.25 / scene.pixel_mm,
        unit=STORED,
    )
    result = way(planes, source)
    plain = planes.interpolated(scene.slices)
    edges = _edges(scene)
    return {
        "factor": float(scene.factor),
        "rmse_percent": metrics.rmse(result, scene.truth, scene.body),
        "gain_db": _gain(plain, result, scene.truth, scene.body),
        "edges_gain_db": _gain(plain, result, scene.truth, edges),
        "misfit": planes.misfit(result, scene.slices)[0],
    }


def _edges(scene: FinerScene) -> np.ndarray:
    """Return where the truth changes most along the slice axis."""
    change = np.abs(np.gradient(scene.truth, axis=0))
    return np.asarray(scene.body & (change > np.percentile(change[scene.body], 90)))


def _gain(
    plain: Float32Array, result: Float32Array, truth: Float32Array, mask: np.ndarray
) -> float:
    before, after = (metrics.rmse(one, truth, mask) for one in (plain, result))
    return 20.0 * math.log10(before / after)


def _by_factor(found: list[Row]) -> Row:
    """Return the mean gain for each factor."""
    factors = sorted({float(str(row["factor"])) for row in found})
    return {
        f"gain_db x{factor:g}": float(
            np.mean([float(str(row["gain_db"])) for row in found if row["factor"] == factor])
        )
        for factor in factors
    }
