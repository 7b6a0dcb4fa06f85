"""Judging methods on real scans, where no truth is known: noise, grain, bias, what was taken away.

One row for each series and method, with what the header says about the scan, so that a method can
be seen to do well on one kernel and badly on another.
"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from viewer.app.enhancing import Enhancement, EnhanceRequest, prepare, run
from viewer.app.scene_figures import Row
from viewer.core.arrays import AnyArray
from viewer.core.errors import DiptychError, UnreadableFile
from viewer.core.partition import parts
from viewer.core.study import PartKind, Series, SeriesPart, Study
from viewer.core.volume import Volume
from viewer.enhancement.checks import Verdict
from viewer.enhancement.conditioning import noise_profile
from viewer.enhancement.denoising import body_mask
from viewer.enhancement.engine import Engine
from viewer.enhancement.method import Effect
from viewer.io.assemble import load_part
from viewer.io.scan import scan

Table = dict[str, object]

SAMPLED_SLICES = 6


@dataclass(frozen=True, slots=True)
class _Scan:
    """A series of slices to judge on."""

    study: Study
    series: Series
    part: SeriesPart

    @property
    def facts(self) -> Row:
        """What the header says, for grouping."""
        instance = self.part.sources[0].instance
        return {
            "series": f"{self.series.number or ''} {self.series.description}".strip(),
            "slices": len(self.part.sources),
            "modality": self.series.modality,
            "vendor": self.series.manufacturer,
            "model": self.series.model,
            "kernel": self.series.kernel,
            "kvp": self.series.kvp or "",
            "thickness_mm": instance.slice_thickness_mm or "",
            "region": self.series.body_part,
            "sex": self.study.sex,
            "age": self.study.age,
        }


def judge_scans(
    engine: Engine,
    paths: Iterable[Path],
    method_ids: Iterable[str] | None = None,
    strength: float = 0.4,
    *,
    report: Callable[[float, str], None] = lambda _fraction, _words: None,
) -> Table:
    """Return figures of methods on every volume below some paths, ready for JSON.

    Parameters
    ----------
    method_ids : by default every model and every denoising filter.

    A series that a gate refuses has a row with the reason; one that cannot be read, too.

    Raises
    ------
    UnknownMethod, InvalidStrength : before anything is read.
    UnreadableFile : there is no volume there.
    """
    methods = [
        method.id
        for method in engine.catalogue.methods()
        if method_ids is None and method.effect is Effect.NOISE_CUT
    ]
    methods = methods or [engine.catalogue.method(one).id for one in method_ids or ()]
    rows: list[Row] = []
    with TemporaryDirectory(prefix="diptych-evaluate-") as unpacked:
        scans = _scans(tuple(paths), Path(unpacked))
        for number, one in enumerate(scans):
            report(number / len(scans), str(one.facts["series"]))
            rows += _rows(engine, one, methods, strength)
    return {"strength": strength, "series": len(scans), "rows": rows}


def _scans(paths: tuple[Path, ...], unpacked: Path) -> list[_Scan]:
    found = scan(paths, lambda *_: None, lambda: False, unpacked)
    scans = [
        _Scan(study, series, part)
        for study in found.studies
        for series in study.series
        for part in parts(study, series)
        if part.kind is PartKind.VOLUME
    ]
    if not scans:
        raise UnreadableFile(
            "There is no series of slices to judge methods on there.",
            "",
            "See what is there with: diptych info PATH",
        )
    return scans


def _rows(engine: Engine, one: _Scan, methods: list[str], strength: float) -> list[Row]:
    try:
        volume = load_part(one.part)
    except DiptychError as error:
        return [{**one.facts, "method": "", "refused": str(error)}]
    rows: list[Row] = []
    for method_id in methods:
        request = EnhanceRequest(
            one.study, one.series, one.part, volume, method_id, strength=strength
        )
        started = time.perf_counter()
        try:
            result = run(engine, prepare(engine, request))
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
    spacing = volume.geometry.spacing_mm[1:]
    mask = None if volume.mask is None else volume.mask[places]
    before, after = (
        noise_profile(values[places], (spacing[0], spacing[1]), volume.unit, mask)
        for values in (volume.values, enhanced)
    )
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
        "warnings": "; ".join(warned),
    }


def _bias(volume: Volume, enhanced: AnyArray, places: AnyArray) -> float:
    """Return the mean of enhanced minus original inside the body (HU), or wherever it is real."""
    changes = []
    for place in places:
        image = volume.values[place].astype(np.float32)
        real = np.ones(image.shape, np.bool_) if volume.mask is None else volume.mask[place]
        inside = body_mask(image) & real if volume.unit == "HU" else real
        changes.append((enhanced[place].astype(np.float32) - image)[inside])
    together = np.concatenate(changes)
    return float(together.mean()) if together.size else math.nan
