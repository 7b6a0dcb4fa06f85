"""Judging methods on real scans, where no truth is known: noise, grain, bias, what was taken away.

One row for each series and method, with what the header says about the scan, so that a method can
be seen to do well on one kernel and badly on another; two scans of one protocol are compared too.
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np

from viewer.app.contenders import refuse_finer
from viewer.app.enhancing import Enhancement, prepare, run, survey
from viewer.app.found_series import FoundSeries, found_series
from viewer.app.judging_repeats import Repeat, judge_repeats, repeats_among
from viewer.app.peak_memory import peak_memory_mib
from viewer.app.scene_figures import Row
from viewer.app.strata import strata
from viewer.core.arrays import AnyArray
from viewer.core.errors import DiptychError
from viewer.core.volume import Acquired, is_acquired
from viewer.enhancement.checks import Verdict
from viewer.enhancement.conditioning import measured_noise
from viewer.enhancement.denoising import body_mask
from viewer.enhancement.engine import Engine
from viewer.enhancement.method import Effect

Table = dict[str, object]

SAMPLED_SLICES = 6


def judge_scans(
    engine: Engine,
    paths: Iterable[Path],
    method_ids: Iterable[str] | None = None,
    strength: float = 0.4,
    repeat: Path | None = None,
    *,
    report: Callable[[float, str], None] = lambda _fraction, _words: None,
    peak: Callable[[tuple[int, int, int], str], float] = peak_memory_mib,
) -> Table:
    """Return figures of methods on every volume below some paths, ready for JSON.

    Parameters
    ----------
    method_ids : by default every model and every denoising filter.
    repeat : a second scan of the first series; without it, series of one protocol are compared.
    peak : measures the memory that a method needs for a shape.

    A series that a gate refuses has a row with the reason; one that cannot be read, too.

    Raises
    ------
    UnknownMethod, InvalidStrength, WrongUsage : before anything is read.
    UnreadableFile : there is no volume there.
    """
    methods = [
        method.id
        for method in engine.catalogue.methods()
        if method_ids is None and method.effect is Effect.NOISE_CUT
    ]
    methods = methods or [engine.catalogue.method(one).id for one in method_ids or ()]
    refuse_finer(engine, methods)
    rows: list[Row] = []
    with TemporaryDirectory(prefix="diptych-evaluate-") as unpacked:
        found = found_series(tuple(paths), Path(unpacked))
        repeats = repeats_among(found)
        if repeat is not None:
            others = found_series((repeat,), Path(unpacked))
            repeats, found = (Repeat(found[0], others[0]),), (*found, *others)
        for number, one in enumerate(found):
            report(number / len(found), str(one.facts["series"]))
            rows += _rows(engine, one, methods, strength)
        compared = judge_repeats(engine, repeats, methods, strength, report)
    return {
        "strength": strength,
        "series": len(found),
        "groups": strata(rows),
        "rows": rows,
        **compared,
        "memory": _memory(rows, methods, peak),
    }


def _memory(
    rows: Sequence[Row], methods: Sequence[str], peak: Callable[[tuple[int, int, int], str], float]
) -> list[Row]:
    """Return the peak memory of each method for the largest series that it ran on."""
    found: list[Row] = []
    for method in methods:
        mine = [row for row in rows if row["method"] == method and "shape" in row]
        if mine:
            shapes = [cast("tuple[int, int, int]", row["shape"]) for row in mine]
            largest = max(shapes, key=math.prod)
            mib = peak(largest, method)
            found.append({"method": method, "shape": largest, "peak_memory_mib": mib})
    return found


def _rows(engine: Engine, one: FoundSeries, methods: list[str], strength: float) -> list[Row]:
    try:
        volume = one.load()
    except DiptychError as error:
        return [{**one.facts, "method": "", "refused": str(error)}]
    if is_acquired(volume) and volume.is_complete:
        survey(engine, volume)  # once for all methods, and no method's own time
    rows: list[Row] = []
    for method_id in methods:
        started = time.perf_counter()
        try:
            result = run(engine, prepare(engine, one.request(volume, method_id, strength)))
        except DiptychError as error:
            rows.append({"method": method_id, **one.facts, "refused": str(error)})
            continue
        seconds = (time.perf_counter() - started) / len(volume.values)
        figures = {**_figures(result), "seconds_per_slice": seconds}
        rows.append({"method": method_id, **one.facts, **figures})
    return rows


def _figures(result: Enhancement) -> Row:
    """Return what can be said of a result without a truth.

    The noise after is measured anew on the enhanced pixels, by the estimator that measured it
    before; `cut_flat` is what the strength reached in the flat regions that set it. `structure`
    is the audit's index, of the residual at full strength.
    """
    plan = result.plan
    volume, enhanced = plan.volume, result.volume().values
    places = np.unique(
        np.linspace(0, len(enhanced) - 1, min(SAMPLED_SLICES, len(enhanced))).round().astype(int)
    )
    before, after = plan.noise, measured_noise(volume, enhanced)
    audit = result.audit()
    reached = plan.blend(plan.request.strength).reached
    ratio = after.typical_sd / before.typical_sd if before.is_measured else math.nan
    grain = math.nan
    if before.frequency_per_mm > 0:
        grain = after.frequency_per_mm / before.frequency_per_mm
    warned = [gate.words for gate in plan.gates if gate.verdict is Verdict.WARN]
    return {
        "noise_sd": before.typical_sd,
        "cut_measured": 1.0 - ratio,
        "cut_flat": math.nan if reached is None else reached,
        "nps_frequency": grain,
        "bias": _bias(volume, enhanced, places),
        "structure": audit.structure,
        "largest_change": audit.largest,
        "unit": volume.unit,
        "shape": volume.values.shape,
        "warnings": "; ".join(warned),
    }


def _bias(volume: Acquired, enhanced: AnyArray, places: AnyArray) -> float:
    """Return the mean of enhanced minus original inside the body (HU), or wherever it is real."""
    changes = []
    for place in places:
        image = volume.values[place].astype(np.float32)
        real = np.ones(image.shape, np.bool_) if volume.mask is None else volume.mask[place]
        inside = body_mask(image) & real if volume.unit == "HU" else real
        changes.append((enhanced[place].astype(np.float32) - image)[inside])
    together = np.concatenate(changes)
    return float(together.mean()) if together.size else math.nan
