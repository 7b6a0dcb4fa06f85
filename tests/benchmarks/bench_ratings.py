"""Mixed models of ratings: seconds a study takes, and how often their intervals hold the truth.

Run as ``python -m tests.benchmarks.bench_ratings [NAME ...]``; names are row names. The studies are
drawn from the model itself. `ratings_coverage_*` rows fit 400 studies of 3 readers, 12 cases and 2
arms, in which readers differ in the arm's effect by a deviation of 0, 0.35 or 0.7 (log odds), and
state in how many of them the 95 % interval of the arm's log odds ratio covers the true one.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tests.benchmarks.table import Row
from tests.reader.rated_studies import joined, likert_study
from tests.reader.statistics.crossed import drawn
from viewer.core.errors import NoAnalysis
from viewer.reader.analysis_ordinal import analyse_ratings
from viewer.reader.comparison import arm_effect
from viewer.reader.protocol import AnalysisPlan, Endpoint
from viewer.reader.statistics.cumulative_search import Column, Grouping
from viewer.reader.statistics.ordinal_mixed import fit
from viewer.reader.statistics.reader_spread import ReaderSpread, reader_spread

STUDIES = 400
EFFECT = 0.8
QUESTIONS = ("sharpness", "noise", "artefacts", "confidence", "overall")


def fits(readers: int, cases: int, models: int) -> None:
    """Fit models of two arms and the models without the arm."""
    for seed in range(models):
        values, arm, groups = drawn(np.random.default_rng(seed), readers, cases, EFFECT)
        fit(values, [arm], groups)
        fit(values, [], groups)


def whole(readers: int, cases: int) -> None:
    """Analyse five questions from readings to findings, with a subgroup."""
    study = joined(
        *(likert_study(EFFECT, readers, cases, seed, name) for seed, name in enumerate(QUESTIONS))
    )
    endpoints = tuple(Endpoint(name, "E", "O") for name in QUESTIONS)
    analyse_ratings(study, AnalysisPlan(endpoints, subgroups=("vendor",)))


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often intervals held the truth, and Wald's; the median of their half widths (log odds).

    `found` is how often p was below 0.05; `refused` studies had no fit.
    """

    share: float
    plain: float
    half: float
    plain_half: float
    found: float
    refused: int


def coverage(
    reader_arm: float,
    studies: int = STUDIES,
    readers: int = 3,
    cases: int = 12,
    effect: float = EFFECT,
) -> Coverage:
    """Return how the interval of the arm did in simulated studies."""
    rng = np.random.default_rng(20)
    rows = []
    for _ in range(studies):
        values, arm, groups = drawn(rng, readers, cases, effect, reader_arm)
        try:
            fitted = fit(values, [arm], groups)
        except NoAnalysis:
            continue
        shown = arm_effect(fitted, "arm", readers, 0.05, _spread(values, arm, groups))
        ends = np.log([*shown.interval, *fitted.coefficient("arm").interval])
        low, high, wald_low, wald_high = ends
        rows.append(
            (
                low < effect < high,
                wald_low < effect < wald_high,
                high - low,
                wald_high - wald_low,
                shown.p < 0.05,
            )
        )
    held, plain, widths, wald, found = np.array(rows, float).T
    return Coverage(
        float(held.mean()),
        float(plain.mean()),
        float(np.median(widths)) / 2,
        float(np.median(wald)) / 2,
        float(found.mean()),
        studies - len(rows),
    )


def _spread(
    values: list[int], arm: Column, groups: tuple[Grouping, Grouping, Grouping]
) -> ReaderSpread | None:
    try:
        return reader_spread(values, arm, groups[0].labels, groups[:2])
    except NoAnalysis:
        return None


TIMED: dict[str, tuple[Callable[[], None], float]] = {
    "ratings_fit_2000": (lambda: fits(5, 200, 1), 30_000),
    "ratings_fit_5x8000": (lambda: fits(20, 200, 5), 120_000),
    "ratings_analyse_5x8000": (lambda: whole(20, 200), 120_000),
}
COVERED = {"ratings_coverage_0": 0.0, "ratings_coverage_35": 0.35, "ratings_coverage_70": 0.7}


def row(name: str) -> Row:
    """Return the row of one name."""
    wall, cpu = time.perf_counter(), time.process_time()
    if name in TIMED:
        work, target_ms = TIMED[name]
        work()
        said: Row = {"target_ms": target_ms, "peer": ""}
    else:
        did = coverage(COVERED[name])
        said = {
            "peer": f"{100 * did.share:.1f} % of {STUDIES - did.refused} covered, half width"
            f" {did.half:.2f} log odds (Wald's {100 * did.plain:.1f} %, {did.plain_half:.2f}),"
            f" {did.refused} refused"
        }
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"name": name, "ours_ms": round(1000 * wall), "cpu_ms": round(1000 * cpu)} | said


def rows(*names: str) -> Iterator[Row]:
    """Yield the rows whose names begin with one of these; all when there are none."""
    for name in (*TIMED, *COVERED):
        if not names or any(name.startswith(one) for one in names):
            yield row(name)


if __name__ == "__main__":
    for one in rows(*sys.argv[1:]):
        print(one)
