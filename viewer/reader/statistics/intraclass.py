"""Agreement of readers on numbers: intraclass correlations with their published intervals."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from viewer.core.errors import NoAnalysis

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Intraclass:
    """An intraclass correlation with its interval; `left_out` cases had a gap."""

    name: str
    value: float
    interval: tuple[float, float]
    cases: int
    raters: int
    left_out: int


@dataclass(frozen=True, slots=True)
class _Squares:
    """Mean squares of cases, raters and error, in a table of `cases` x `raters`."""

    cases: int
    raters: int
    case: float
    rater: float
    error: float


def intraclass(ratings: Floats, alpha: float = 0.05) -> tuple[Intraclass, ...]:
    """Return ICC(2,1), ICC(3,1), ICC(2,k) and ICC(3,k) of ratings [case, rater].

    ICC(2, .) is absolute agreement of raters taken as random, ICC(3, .) consistency of these
    raters; k averages all raters. A case with a gap is left out and counted.

    Raises
    ------
    NoAnalysis : fewer than two raters or three whole cases, or no variation at all.

    Source: Shrout and Fleiss 1979, Psychol Bull 86:420; intervals of McGraw and Wong 1996,
    Psychol Methods 1:30, table 7.
    """
    whole = ratings[~np.isnan(ratings).any(axis=1)]
    cases, raters = whole.shape
    if cases < 3 or raters < 2:
        raise NoAnalysis(
            "An intraclass correlation needs two readers and three cases that all of them rated.",
            f"There are {raters} readers and {cases} such cases.",
        )
    if np.ptp(whole) == 0:
        raise NoAnalysis("All ratings are equal, so an intraclass correlation is not defined.")
    squares = _squares(whole)
    single, consistent = _absolute(squares, alpha), _consistency(squares, alpha)
    found = {
        "ICC(2,1)": single,
        "ICC(3,1)": consistent,
        f"ICC(2,{raters})": tuple(_averaged(one, raters) for one in single),
        f"ICC(3,{raters})": tuple(_averaged(one, raters) for one in consistent),
    }
    left_out = len(ratings) - cases
    return tuple(
        Intraclass(name, value, (low, high), cases, raters, left_out)
        for name, (value, low, high) in found.items()
    )


def _squares(whole: Floats) -> _Squares:
    cases, raters = whole.shape
    by_case, by_rater = whole.mean(axis=1), whole.mean(axis=0)
    left = whole - by_case[:, None] - by_rater + whole.mean()
    return _Squares(
        cases,
        raters,
        float(raters * by_case.var(ddof=1)),
        float(cases * by_rater.var(ddof=1)),
        float((left**2).sum() / ((cases - 1) * (raters - 1))),
    )


def _absolute(ms: _Squares, alpha: float) -> tuple[float, float, float]:
    n, k = ms.cases, ms.raters
    value = (ms.case - ms.error) / (ms.case + (k - 1) * ms.error + k * (ms.rater - ms.error) / n)
    rest = k * ms.rater + (k * n - k - n) * ms.error
    if value >= 1 or rest <= 0:
        return value, value, value
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    whole = (a * ms.rater + b * ms.error) ** 2
    df = whole / ((a * ms.rater) ** 2 / (k - 1) + (b * ms.error) ** 2 / ((n - 1) * (k - 1)))
    lower = float(stats.f.isf(alpha / 2, n - 1, df))
    upper = float(stats.f.isf(alpha / 2, df, n - 1))
    low = n * (ms.case - lower * ms.error) / (lower * rest + n * ms.case)
    high = n * (upper * ms.case - ms.error) / (rest + n * upper * ms.case)
    return value, low, high


def _consistency(ms: _Squares, alpha: float) -> tuple[float, float, float]:
    n, k = ms.cases, ms.raters
    value = (ms.case - ms.error) / (ms.case + (k - 1) * ms.error)
    if ms.error <= 0:
        return value, value, value
    ratio, within = ms.case / ms.error, (n - 1) * (k - 1)
    lower = ratio / float(stats.f.isf(alpha / 2, n - 1, within))
    upper = ratio * float(stats.f.isf(alpha / 2, within, n - 1))
    return value, (lower - 1) / (lower + k - 1), (upper - 1) / (upper + k - 1)


def _averaged(single: float, raters: int) -> float:
    """Return the reliability of a mean of raters (Spearman and Brown)."""
    below = 1 + (raters - 1) * single
    return raters * single / below if below > 0 else float("-inf")
