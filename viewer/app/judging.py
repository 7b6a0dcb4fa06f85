"""Judging methods on simulated scenes whose truth is known, at a matched cut of the noise.

Errors, bias, lesions kept, resolution, grain, a model observer, and what a method does where there
is nothing to do. Filters get their parameter from scenes of other seeds first, so that none is
judged at a bad setting; every method is then judged at full strength and blended back to the cut.
"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from viewer.app.aims import aims, floors
from viewer.app.contenders import TUNED, Answer, Contender, answer_of, candidates
from viewer.app.grounds import CT, Ground
from viewer.app.peak_memory import machine_words, peak_memory_mib
from viewer.app.scene_figures import (
    Judged,
    Row,
    at_cut,
    cut_at,
    factor_at_cut,
    figures,
    groups,
    judged_on,
    kept_contrast,
    self_checks,
    water_figures,
)
from viewer.core.errors import Cancelled, WrongUsage
from viewer.enhancement import metrics
from viewer.enhancement.engine import Engine
from viewer.enhancement.method import Effect, Float32Array, Method
from viewer.enhancement.noise import NoiseEstimate
from viewer.enhancement.observers import Scores, observed, ratio_interval
from viewer.enhancement.resolution import edge_frequency, grain
from viewer.simulation.scenes import MIDDLE, EdgeScene, InsertScene, Scene

Table = dict[str, object]

HELD_OUT_SEED, TUNING_SEED, EDGE_SEED, INSERT_SEED = 8_200_001, 8_100_001, 8_300_001, 8_400_001
MEMORY_SHAPE = (32, 512, 512)
CEILING_DB = 10.0 * math.log10(4.0)
"""Most that a quarter-dose image can gain against a noisy full-dose one.

It takes an estimator that leaves the part of the noise that both share; the exact truth, without
any noise, gains 10 log10(3) = 4.8 dB.
"""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is drawn: held-out and tuning scenes, noise draws per edge, pairs per insert."""

    scenes: int = 12
    tuning: int = 6
    draws: int = 30
    pairs: int = 200


def judge(
    engine: Engine,
    method_ids: Iterable[str] | None = None,
    cut: float = 0.4,
    extent: Extent = Extent(),
    ground: Ground = CT,
    *,
    report: Callable[[float, str], None] = lambda _fraction, _words: None,
    is_cancelled: Callable[[], bool] = lambda: False,
    peak: Callable[[tuple[int, int, int], str], float] = peak_memory_mib,
) -> Table:
    """Return every figure of some methods on simulated scenes, ready for JSON.

    Parameters
    ----------
    method_ids : by default every model for the ground's modality and every denoising filter.
    cut : the noise cut in flat tissue at which methods are compared, 0 to 1.
    ground : the simulation that methods are judged on.
    peak : measures the memory in MiB that a method needs for a shape.

    Raises
    ------
    UnknownMethod : there is no such method.
    WrongUsage : a method does not cut noise, so it cannot be compared at a cut, or is a model for
        another modality.
    Cancelled : the flag was up at the start or between methods.
    """
    chosen = _denoisers(engine, method_ids, ground)
    if is_cancelled():
        raise Cancelled
    report(0.0, "Simulating scenes")
    machine = machine_words()
    bench = _Bench.drawn(ground, extent, cut)
    tuning = _known(ground, TUNING_SEED, extent.tuning) if _needs_tuning(chosen) else []
    rows: list[Row] = [{"method": "input", "strength": "none", **bench.input_figures()}]
    found: Table = {"inserts": [], "groups": [], "checks": [], "settings": {}, "memory": []}
    for number, method in enumerate(chosen):
        if is_cancelled():
            raise Cancelled
        report((number + 1) / (len(chosen) + 1), method.name)
        contender = _tuned(engine, method, ground, tuning, cut)
        part = bench.judged(contender)
        rows += part.rows
        for name in ("inserts", "groups", "checks"):
            found[name] += getattr(part, name)
        found["settings"][method.id] = contender.words  # type: ignore[index]
        found["memory"] += [_memory(method, peak)]  # type: ignore[operator]
    table = {**bench.stated, "machine": machine, "pairs": extent.pairs, "rows": rows, **found}
    return {**table, "aims": aims(table), "floors": floors(table)}


def _memory(method: Method, peak: Callable[[tuple[int, int, int], str], float]) -> Row:
    mib = peak(MEMORY_SHAPE, method.id)
    return {"method": method.id, "shape": MEMORY_SHAPE, "peak_memory_mib": mib}


def _denoisers(engine: Engine, method_ids: Iterable[str] | None, ground: Ground) -> list[Method]:
    methods = engine.catalogue.methods()
    if method_ids is None:
        return [
            method
            for method in methods
            if method.effect is Effect.NOISE_CUT and _fits(engine, method, ground)
        ]
    chosen = [engine.catalogue.method(one) for one in dict.fromkeys(method_ids)]
    for method in chosen:
        if method.effect is not Effect.NOISE_CUT:
            raise WrongUsage(
                f"{method.name} does not lower noise.",
                "Methods are compared here at the same cut of the noise.",
                "Name denoising methods; diptych models lists what there is.",
            )
        if not _fits(engine, method, ground):
            raise WrongUsage(
                f"{method.name} is not made for {ground.modality}.",
                "Methods are compared here on images of one modality.",
                "Name methods of one modality.",
            )
    return chosen


def _fits(engine: Engine, method: Method, ground: Ground) -> bool:
    """True for filters, and for models of the ground's modality."""
    card = engine.catalogue.card(method.id)
    return card is None or card.input.takes(ground.modality)


def _needs_tuning(methods: Iterable[Method]) -> bool:
    return any(method.id in TUNED for method in methods)


def _known(ground: Ground, seed: int, count: int) -> list[tuple[Scene, NoiseEstimate]]:
    """Return scenes with their noise as the program measures it, where it can."""
    pairs = [(one, ground.noise(one.noisy, one.pixel_mm)) for one in ground.scenes(seed, count)]
    return [(scene, noise) for scene, noise in pairs if noise is not None]


def _tuned(
    engine: Engine,
    method: Method,
    ground: Ground,
    tuning: list[tuple[Scene, NoiseEstimate]],
    cut: float,
) -> Contender:
    """Return a method ready to be judged; a filter with its best parameters of those tried.

    Best is the lowest RMSE: at full strength, and at the cut among those that reach it.
    """
    if method.id not in TUNED or not tuning:
        answer, card = answer_of(engine, method, (), ground.unit), engine.catalogue.card(method.id)
        is_here = card is None or not card.is_added
        return Contender(method, answer, answer, "as shipped", is_here)
    full: list[tuple[float, float, Answer]] = []
    tried: list[tuple[bool, float, float, Answer]] = []
    for value, answer in candidates(engine, method, ground.unit):
        results = [judged_on(answer, ground, scene, noise) for scene, noise in tuning]
        factors = [one.factor_for(cut) for one in results]
        reached = np.mean([cut_at(one, f) for one, f in zip(results, factors, strict=True)])
        full.append((_mean_error(results, [1.0] * len(results)), value, answer))
        is_short = bool(reached < cut - 0.02)
        tried.append((is_short, _mean_error(results, factors), value, answer))
    _, best_full, full_answer = min(full, key=lambda one: one[0])
    _, _, best_cut, cut_answer = min(tried, key=lambda one: one[:2])
    name = TUNED[method.id][0]
    words = f"{name} {best_full:g} at full strength, {best_cut:g} at the cut"
    return Contender(method, full_answer, cut_answer, words)


def _mean_error(results: list[Judged], factors: list[float]) -> float:
    """Mean of the RMSE over that of the input."""
    return float(
        np.mean(
            [
                metrics.rmse(one.blended(factor)[0], one.scene.truth, one.scene.body)
                / metrics.rmse(one.scene.noisy[MIDDLE], one.scene.truth, one.scene.body)
                for one, factor in zip(results, factors, strict=True)
            ]
        )
    )


# ------------------------------------------------------------------------------ the bench


@dataclass(slots=True)
class _Part:
    """What one method adds to the tables."""

    rows: list[Row] = field(default_factory=list)
    inserts: list[Row] = field(default_factory=list)
    groups: list[Row] = field(default_factory=list)
    checks: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class _Bench:
    """Everything that methods are judged on, drawn once, with what the input itself scores."""

    ground: Ground
    cut: float
    scenes: list[tuple[Scene, NoiseEstimate]]
    edges: list[tuple[EdgeScene, NoiseEstimate]]
    inserts: list[tuple[InsertScene, NoiseEstimate]]
    bare: list[Scores]

    @classmethod
    def drawn(cls, ground: Ground, extent: Extent, cut: float) -> "_Bench":
        """Draw scenes, edges and inserts."""
        edges = [ground.edge(EDGE_SEED, one, ground.edge_sd, extent.draws) for one in ground.edges]
        inserts = [
            ground.insert(INSERT_SEED, *one, ground.insert_sd, extent.pairs)
            for one in ground.inserts
        ]
        inserts += ground.anatomical(INSERT_SEED, ground.insert_sd, extent.pairs)
        bare = [
            observed(
                one.noise[:, MIDDLE],
                one.noise[:, MIDDLE] + one.signal,
                one.diameter_mm,
                one.pixel_mm,
            )
            for one in inserts
        ]
        return cls(
            ground,
            cut,
            _known(ground, HELD_OUT_SEED, extent.scenes),
            [(one, _water_noise(one.noisy - one.truth, one.pixel_mm)) for one in edges],
            [(one, _water_noise(one.noise - one.background, one.pixel_mm)) for one in inserts],
            bare,
        )

    @property
    def stated(self) -> Table:
        """What has to be known to draw it again."""
        return {
            "modality": self.ground.modality,
            "cut": self.cut,
            "scenes": len(self.scenes),
            "seeds": {
                "scenes": HELD_OUT_SEED,
                "tuning": TUNING_SEED,
                "edges": EDGE_SEED,
                "inserts": INSERT_SEED,
            },
            "ceiling_db": CEILING_DB,
        }

    def input_figures(self) -> Row:
        """Return the input's own figures."""
        bare = [
            Judged(self.ground, one, one.noisy[MIDDLE], one.with_lesions[MIDDLE])
            for one, _ in self.scenes
        ]
        found = figures(bare, [1.0] * len(bare))
        return {name: figure for name, figure in found.items() if name != "factor"}

    def judged(self, contender: Contender) -> _Part:
        """Return everything about one method."""
        started = time.perf_counter(), time.process_time()
        full = [judged_on(contender.full, self.ground, *one) for one in self.scenes]
        taken = time.perf_counter() - started[0], time.process_time() - started[1]
        pixels = sum(2 * one.truth.size for one, _ in self.scenes)
        wall, processor = (seconds * 512 * 512 / max(pixels, 1) for seconds in taken)
        matched = full
        if contender.cut is not contender.full:
            matched = [judged_on(contender.cut, self.ground, *one) for one in self.scenes]
        factors = [one.factor_for(self.cut) for one in matched]
        head: Row = {"method": contender.method.id, "kind": contender.method.kind.value}
        inserts = self._insert_rows(contender)
        water = water_figures(contender.cut, self.inserts[0], self.cut)
        rows: list[Row] = [
            {
                **head,
                "strength": "full",
                "seconds_per_slice": wall,
                "processor_seconds_per_slice": processor if contender.is_here else math.nan,
                **figures(full, [1.0] * len(full)),
            },
            {
                **head,
                "strength": f"{self.cut:.0%} cut",
                **figures(matched, factors),
                **self._edge_figures(contender),
                **water,
            },
        ]
        return _Part(
            rows,
            [{**head, **row} for row in inserts],
            [
                {**head, "strength": strength, **row}
                for strength, some, how in (
                    ("full", full, [1.0] * len(full)),
                    (f"{self.cut:.0%} cut", matched, factors),
                )
                for row in groups(some, how)
            ],
            [{**head, **self_checks(contender.full, self.ground, *self.scenes[0])}],
        )

    def _edge_figures(self, contender: Contender) -> Row:
        """Return TTF50 and grain at the cut over those of the input, for each contrast."""
        row: Row = {}
        for scene, noise in self.edges:
            answers = contender.cut(scene.noisy, noise, (scene.spacing_mm, scene.pixel_mm))
            sources = scene.noisy[:, MIDDLE]
            inside = scene.distance_mm < -4.0
            blended = at_cut(sources, answers, inside, self.cut)
            averages = [one.mean(axis=0) for one in (blended, sources)]
            after, before = (
                edge_frequency(mean, scene.distance_mm, scene.pixel_mm) for mean in averages
            )
            fine, plain = (
                grain(one - mean, scene.pixel_mm)
                for one, mean in zip((blended, sources), averages, strict=True)
            )
            contrast = f"{scene.contrast:g} {self.ground.scale}"
            row[f"ttf50 {contrast}"] = after / before
            row[f"nps_frequency {contrast}"] = fine / plain
        return row

    def _insert_rows(self, contender: Contender) -> list[Row]:
        """Return the observer's figures for each insert, at the cut and beside the input."""
        rows: list[Row] = []
        for (scene, noise), bare in zip(self.inserts, self.bare, strict=True):
            spacing = (scene.spacing_mm, scene.pixel_mm)
            sources = [scene.noise, scene.noise + scene.signal]
            answers = [contender.cut(one, noise, spacing) for one in sources]
            middles = [one[:, MIDDLE] for one in sources]
            every = np.ones(scene.signal.shape, np.bool_)
            background = np.broadcast_to(scene.background, scene.noise.shape)[:, MIDDLE]
            factor = factor_at_cut(
                middles[0] - background, answers[0] - background, every, self.cut
            )
            absent, present = (
                source + np.float32(factor) * (answer - source)
                for source, answer in zip(middles, answers, strict=True)
            )
            scores = observed(absent, present, scene.diameter_mm, scene.pixel_mm)
            low, high = ratio_interval(scores, bare, INSERT_SEED)
            rows.append(
                {
                    "insert": scene.name,
                    "auc": scores.auc,
                    "d": scores.detectability,
                    "input_auc": bare.auc,
                    "input_d": bare.detectability,
                    "d_ratio": scores.detectability / bare.detectability,
                    "d_ratio_low": low,
                    "d_ratio_high": high,
                    "kept": kept_contrast((present - absent).mean(axis=0), scene.signal),
                }
            )
        return rows


def _water_noise(noise: Float32Array, pixel_mm: float) -> NoiseEstimate:
    """Return the known noise of water draws [draw, 5, row, column] in the estimator's terms."""
    middle = noise[:, MIDDLE]
    return NoiseEstimate(float(middle.std()), grain(middle, pixel_mm), len(middle), 1.0)
