"""How large a study must be: a grid of readers and cases, since one number would claim too much."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from viewer.app.analysing import Asked, analyse
from viewer.core.errors import NoAnalysis, WrongUsage
from viewer.reader.rating_sizing import rating_power
from viewer.reader.statistics.power import Pilot, PowerAt, needed_cases, pilot_of, power
from viewer.reader.statistics.rating_power import RatingPilot, RatingPower, pilot_from


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be found: a difference `effect`, by a test at `alpha`, with power `wanted`."""

    effect: float
    population: str = "RRRC"
    alpha: float = 0.05
    wanted: float = 0.8


@dataclass(frozen=True, slots=True)
class Sizing:
    """The power on a grid, row by row of `readers`, and the cases that each row needs.

    A row of `needed` is None where no number of cases gives the wanted power.
    """

    source: str
    question: Question
    pilot: Pilot
    readers: tuple[int, ...]
    cases: tuple[int, ...]
    grid: tuple[tuple[PowerAt, ...], ...]
    needed: tuple[PowerAt | None, ...]


def size_study(
    question: Question,
    readers: tuple[int, ...],
    cases: tuple[int, ...],
    pilot: Path | tuple[float, ...],
    measure: str = "",
) -> Sizing:
    """Return the grid for a pilot's file, or for components that are stated.

    Parameters
    ----------
    pilot : a file of readings, or (arm by reader, error, Cov1, Cov2, Cov3, cases).

    Raises
    ------
    WrongUsage : numbers that mean nothing.
    NoAnalysis : a pilot that does not carry the analysis.
    """
    if not question.effect:
        raise WrongUsage(
            "The effect must not be zero.", "", "State a difference worth finding, such as 0.05."
        )
    if not (0 < question.alpha < 1 and 0 < question.wanted < 1):
        raise WrongUsage("Alpha and the wanted power must lie between 0 and 1.")
    source, known = _pilot(pilot, measure)
    fixed = (question.effect, question.population, question.alpha)
    return Sizing(
        source,
        question,
        known,
        readers,
        cases,
        tuple(tuple(power(known, row, column, *fixed) for column in cases) for row in readers),
        tuple(needed_cases(known, row, *fixed, wanted=question.wanted) for row in readers),
    )


def _pilot(pilot: Path | tuple[float, ...], measure: str) -> tuple[str, Pilot]:
    if isinstance(pilot, tuple):
        arm_reader, error, cov1, cov2, cov3, cases = pilot
        return "stated components", Pilot(arm_reader, error, cov1, cov2, cov3, int(cases))
    found = analyse(pilot, Asked(measure))
    if not found.detection:
        raise NoAnalysis(
            f"{pilot.name} is no pilot of a detection study.",
            "Its readings have no truth.",
            "Add the truth of each case, or state --components.",
        )
    one = found.detection[0]
    return pilot.name, pilot_of(one.components, one.cases)


def counts(words: str) -> tuple[int, ...]:
    """Return whole numbers that are parted by commas, in ascending order."""
    try:
        return tuple(sorted({int(word) for word in words.split(",")}))
    except ValueError as error:
        raise WrongUsage(
            f"{words!r} is no list of whole numbers.", "", "Write them as 4,6,8."
        ) from error


def sizing_lines(found: Sizing) -> tuple[str, ...]:
    """Return the grid as a table, and what each number of readers needs."""
    asked = found.question
    lines = [
        f"Power to find a difference of {asked.effect:g} at two-sided {asked.alpha:g} "
        f"({asked.population}), from {found.source} with {found.pilot.cases} cases",
        "",
        "readers" + "".join(f"{count:>9}" for count in found.cases) + "   cases",
    ]
    for readers, row, needed in zip(found.readers, found.grid, found.needed, strict=True):
        words = f"{needed.cases} cases" if needed else "no number of cases"
        powers = "".join(f"{at.power:9.3f}" for at in row)
        lines.append(f"{readers:>7}{powers}   {words} for {asked.wanted:g}")
    return (
        *lines,
        "",
        "A pilot gives these components with large uncertainty: read the grid, not one cell.",
    )


@dataclass(frozen=True, slots=True)
class RatingSizing:
    """The power to find an odds ratio of higher ratings, on a grid row by row of `readers`."""

    source: str
    odds_ratio: float
    alpha: float
    pilot: RatingPilot
    readers: tuple[int, ...]
    cases: tuple[int, ...]
    grid: tuple[tuple[RatingPower, ...], ...]


def stated_ratings(
    thresholds: Sequence[float], deviations: tuple[float, float, float]
) -> RatingPilot:
    """Return the model that is stated, by deviations of reader, case and reader in arm."""
    return RatingPilot(tuple(thresholds), *deviations)


def size_ratings(
    odds_ratio: float,
    readers: tuple[int, ...],
    cases: tuple[int, ...],
    pilot: Path | RatingPilot,
    *,
    criterion: str = "",
    studies: int = 200,
    alpha: float = 0.05,
    report: Callable[[float, str], None] = lambda _fraction, _words: None,
) -> RatingSizing:
    """Return the grid for a pilot's file of ratings, or for a model that is stated.

    Raises
    ------
    WrongUsage : numbers that mean nothing, or a pilot of several criteria without one named.
    NoAnalysis : a pilot that does not carry the model.
    """
    if odds_ratio <= 0 or odds_ratio == 1 or studies < 1 or not 0 < alpha < 1:
        raise WrongUsage(
            "The odds ratio must be above 0 and not 1, alpha between 0 and 1, with some studies."
        )
    if min(readers) < 2 or min(cases) < 2:
        raise WrongUsage("Two readers and two cases are the least.")
    source, known = (
        ("the stated model", pilot)
        if isinstance(pilot, RatingPilot)
        else (
            pilot.name,
            _rating_pilot(pilot, criterion),
        )
    )
    grid, done = [], 0
    for row in readers:
        line = []
        for column in cases:
            report(done / (len(readers) * len(cases)), f"{row} readers, {column} cases")
            line.append(rating_power(known, math.log(odds_ratio), row, column, studies, alpha))
            done += 1
        grid.append(tuple(line))
    return RatingSizing(source, odds_ratio, alpha, known, readers, cases, tuple(grid))


def _rating_pilot(path: Path, criterion: str) -> RatingPilot:
    found = analyse(path, Asked())
    criteria = found.ratings.criteria if found.ratings is not None else ()
    named = [one for one in criteria if criterion in ("", one.criterion)]
    if len(named) != 1:
        names = ", ".join(one.criterion for one in criteria) or "none"
        raise WrongUsage(f"Name one criterion of {path.name}.", "", f"It has {names}.")
    models = [one.model for one in named[0].comparisons if one.model is not None]
    if not models:
        raise NoAnalysis(
            f"{path.name} is no pilot of ratings.",
            " ".join(words for one in named[0].comparisons for words in one.refusals),
            "Give ratings of two arms by two readers, or state --thresholds and --sd.",
        )
    return pilot_from(models[0].fit)


def rating_lines(found: RatingSizing) -> tuple[str, ...]:
    """Return the grid as a table, with the intervals of simulation."""
    studies = found.grid[0][0].studies
    lines = [
        f"Power to find an odds ratio of {found.odds_ratio:g} at two-sided {found.alpha:g}, "
        f"from {found.source}; {studies} drawn studies a cell, 95 % interval",
        "",
        "readers" + "".join(f"{count:>20}" for count in found.cases) + "   cases",
    ]
    for readers, row in zip(found.readers, found.grid, strict=True):
        cells = "".join(f"{at.power:8.2f} ({at.low:.2f}-{at.high:.2f})" for at in row)
        lines.append(f"{readers:>7}{cells}")
    return (
        *lines,
        "",
        "A pilot gives its deviations with large uncertainty: read the grid, not one cell.",
    )
