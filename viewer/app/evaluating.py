"""Evaluating: methods against the known truth of a simulated study, in one honest table.

The input and every classical filter stand beside the model, at the strength that was asked for
and at full strength, so that a gain is never shown without what it costs.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np
import numpy.typing as npt

from viewer.app.contenders import refuse_finer
from viewer.app.demonstrating import DemoStudy, read_demo
from viewer.app.enhancing import EnhanceRequest, prepare, run
from viewer.core.arrays import AnyArray, BoolArray
from viewer.core.errors import Blocked, Cancelled, UnreadableFile
from viewer.core.partition import parts
from viewer.core.study import Series, SeriesPart, Study
from viewer.core.volume import Volume
from viewer.enhancement import metrics
from viewer.enhancement.denoising import body_mask
from viewer.enhancement.engine import Engine
from viewer.enhancement.method import Effect
from viewer.enhancement.strength import DEFAULT_STRENGTH
from viewer.io.assemble import load_part
from viewer.io.scan import scan

RIM_MM = 6.0
SSIM_SLICES = 12
"""SSIM is the slowest figure; it is taken on about this many evenly chosen slices."""

Row = dict[str, object]
Table = dict[str, object]


@dataclass(frozen=True, slots=True)
class KnownLesion:
    """A lesion whose place and size are known; `centre` is (slice, row, column), fractions too."""

    name: str
    kind: str
    centre: tuple[float, float, float]
    diameter_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class KnownCase:
    """A noisy series and what it would be without noise, float32 HU of the same shape."""

    study: Study
    series: Series
    part: SeriesPart
    volume: Volume
    truth: npt.NDArray[np.float32]
    lesions: tuple[KnownLesion, ...]


def known_case(files: DemoStudy) -> KnownCase:
    """Open the demo's quarter-dose series as any other series, and join it with its truth.

    Raises
    ------
    UnreadableFile : a file of the demo study is missing or damaged.
    """
    demo = read_demo(files)
    with TemporaryDirectory(prefix="diptych-evaluate-") as unpacked:
        report = scan((files.quarter_dose,), lambda *_: None, lambda: False, Path(unpacked))
    study = next(iter(report.studies), None)
    series = study.series[0] if study else None
    part = parts(study, series)[0] if study and series else None
    volume = load_part(part) if part else None
    if study is None or series is None or part is None or not isinstance(volume, Volume):
        raise UnreadableFile("The demo study cannot be opened.", do="Build it again.")
    step, row_mm, column_mm = demo.spacing_mm
    x, y, z = demo.first_voxel_mm
    lesions = tuple(
        KnownLesion(
            nodule.name,
            nodule.kind,
            (
                (nodule.place_mm[2] - z) / step,
                (nodule.place_mm[1] - y) / row_mm,
                (nodule.place_mm[0] - x) / column_mm,
            ),
            nodule.diameter_mm,
        )
        for nodule in demo.nodules
    )
    return KnownCase(study, series, part, volume, demo.truth, lesions)


def evaluate(
    engine: Engine,
    case: KnownCase,
    method_ids: Iterable[str] | None = None,
    strength: float = DEFAULT_STRENGTH,
    *,
    report: Callable[[float, str], None] | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Table:
    """Return a table of figures: the input, and each method at a strength and at full strength.

    Parameters
    ----------
    method_ids : the methods to judge; by default every model and every denoising filter.

    Returns
    -------
    Ready for JSON: "windows", "lesions", "voxels" and "rows". A method that a gate refuses has a
    row with the reason under "refused".

    Raises
    ------
    UnknownMethod : there is no such method.
    WrongUsage : a method makes finer slices, which have no truth here.
    Cancelled : the flag was up between methods.
    """
    denoisers = [m.id for m in engine.catalogue.methods() if m.effect is Effect.NOISE_CUT]
    chosen = denoisers if method_ids is None else list(method_ids)
    refuse_finer(engine, chosen)
    judge = _Judge.of(case)
    rows: list[Row] = [{"method": "input", "name": "Quarter-dose input", "strength": 0.0}]
    rows[0].update(judge.figures(case.volume.values))
    for number, method_id in enumerate(chosen):
        if is_cancelled():
            raise Cancelled
        if report:
            report(number / len(chosen), f"{engine.catalogue.method(method_id).name}")
        rows += _rows(engine, case, judge, method_id, strength, is_cancelled)
    return {
        "windows": [
            {"name": name, "centre_hu": centre, "width_hu": width}
            for name, centre, width in metrics.WINDOWS_HU
        ],
        "lesions": [lesion.name for lesion in case.lesions],
        "voxels": {"body": int(judge.body.sum()), "flat": int(judge.flat.sum())},
        "rows": rows,
    }


def _rows(
    engine: Engine,
    case: KnownCase,
    judge: "_Judge",
    method_id: str,
    strength: float,
    is_cancelled: Callable[[], bool],
) -> list[Row]:
    """Return a method's row at the strength and at full strength."""
    method = engine.catalogue.method(method_id)
    request = EnhanceRequest(
        case.study, case.series, case.part, case.volume, method_id, strength=strength
    )
    head: Row = {"method": method_id, "name": method.name, "kind": method.kind.value}
    try:
        plan = prepare(engine, request)
    except Blocked as refusal:
        return [{**head, "refused": str(refusal)}]
    enhancement = run(engine, plan, is_cancelled=is_cancelled)
    rows: list[Row] = []
    for asked in dict.fromkeys((strength, 1.0)):
        blend = plan.blend(asked)
        values = enhancement.volume(asked).values
        rows.append(
            {
                **head,
                "strength": asked,
                "blend": blend.factor,
                "reached": blend.reached,
                **judge.figures(values),
            }
        )
    return rows


@dataclass(frozen=True, slots=True, eq=False)
class _Judge:
    """A case with the masks that its figures are taken in; the input's figures are the scale."""

    case: KnownCase
    body: BoolArray
    flat: BoolArray

    @classmethod
    def of(cls, case: KnownCase) -> "_Judge":
        """Find the body, and soft tissue without structure, both in the truth."""
        body = np.stack([body_mask(plane) for plane in case.truth])
        flat = np.stack([metrics.flat_tissue(plane) for plane in case.truth])
        return cls(case, body, flat & body)

    def figures(self, values: AnyArray) -> Row:
        """Return every figure of one version of the pixels."""
        truth, body = self.case.truth, self.body
        row: Row = {
            "rmse_hu": metrics.rmse(values, truth, body),
            "bias_hu": metrics.bias(values, truth, body),
            "noise_sd_hu": self._noise(values),
            "noise_cut": 1.0 - self._noise(values) / self._noise(self.case.volume.values),
        }
        for name, centre, width in metrics.WINDOWS_HU:
            row[f"psnr_db {name}"] = metrics.psnr(values, truth, body, centre, width)
            some = slice(None, None, -(-len(values) // SSIM_SLICES))
            row[f"ssim {name}"] = metrics.ssim(values[some], truth[some], body[some], centre, width)
        row.update(self._lesion_figures(values))
        return row

    def _noise(self, values: AnyArray) -> float:
        """Return the SD of what differs from the truth in flat soft tissue."""
        error = values[self.flat].astype(np.float64) - self.case.truth[self.flat]
        return float(error.std()) if error.size else math.nan

    def _lesion_figures(self, values: AnyArray) -> Row:
        """Return contrast kept and CNR by kind of lesion.

        Contrast kept is the sum of measured contrasts over that of the truth's; the same noise is
        in the input, so compare with the input's figure.
        """
        kept: dict[str, list[tuple[float, float]]] = {}
        cnr: dict[str, list[float]] = {}
        for lesion in self.case.lesions:
            box, template = _template(self.case, lesion)
            around = np.ones(template.shape, dtype=np.bool_)
            true = metrics.contrast_in(self.case.truth[box], template, around)
            found = metrics.contrast_in(values[box], template, around)
            kept.setdefault(lesion.kind, []).append((found * math.copysign(1, true), abs(true)))
            inside, rim = template > 0.9, template < 0.01
            cnr.setdefault(lesion.kind, []).append(
                metrics.contrast_to_noise(values[box], inside, rim)
            )
        row: Row = {}
        for kind, pairs in kept.items():
            row[f"contrast_kept {kind}"] = sum(p[0] for p in pairs) / sum(p[1] for p in pairs)
            row[f"cnr {kind}"] = float(np.nanmean(cnr[kind]))
        return row


def _template(
    case: KnownCase, lesion: KnownLesion
) -> tuple[tuple[slice, ...], npt.NDArray[np.float32]]:
    """Return the box around a lesion and how much of each of its voxels is lesion."""
    spacing = case.volume.geometry.spacing_mm
    reach = [(lesion.diameter_mm / 2 + RIM_MM) / step for step in spacing]
    box = tuple(
        slice(max(0, int(place - far)), min(size, int(place + far) + 2))
        for place, far, size in zip(lesion.centre, reach, case.truth.shape, strict=True)
    )
    shape = tuple(one.stop - one.start for one in box)
    centre = tuple(place - one.start for place, one in zip(lesion.centre, box, strict=True))
    template = metrics.sphere_template(
        (shape[0], shape[1], shape[2]),
        spacing,
        (centre[0], centre[1], centre[2]),
        lesion.diameter_mm,
    )
    return box, template


_COLUMNS = (
    ("rmse_hu", "RMSE HU", ".2f"),
    ("psnr_db soft tissue", "PSNR dB", ".2f"),
    ("ssim soft tissue", "SSIM", ".3f"),
    ("noise_cut", "noise cut", ".3f"),
    ("bias_hu", "bias HU", "+.2f"),
)
"""Main figures: key, title in a terminal, format. PSNR and SSIM are those of the window 400/50."""


def table_lines(table: Table) -> tuple[str, ...]:
    """Return the main figures of a table as lines for a terminal, one for each row."""
    rows = cast("list[Row]", table["rows"])
    found = [
        (name, name.replace("contrast_kept", "kept").replace("cnr", "CNR"), ".3f")
        for prefix in ("contrast_kept ", "cnr ")
        for name in rows[0]
        if name.startswith(prefix)
    ]
    columns = (*_COLUMNS, *found)
    lines = [_line("method", "strength", [(title, title) for _, title, _ in columns])]
    for row in rows:
        if "refused" in row:
            lines.append(f"{row['method']}: {row['refused']}")
            continue
        figures = [(title, format(row[name], form)) for name, title, form in columns]
        lines.append(_line(str(row["method"]), f"{row['strength']:.2f}", figures))
    notes = "kept: share of the lesions' true contrast; CNR: against what is around them"
    return (*lines, f"{notes}; PSNR and SSIM in the soft tissue window")


def _line(name: str, strength: str, figures: list[tuple[str, str]]) -> str:
    cells = "".join(f"{figure:>{len(title) + 2}}" for title, figure in figures)
    return f"{name:<14}{strength:>8}{cells}"
