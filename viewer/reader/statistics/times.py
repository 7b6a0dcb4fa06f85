"""Reading times: a mixed model of log seconds, and drift along the reading list."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from viewer.core.errors import NoAnalysis
from viewer.reader.statistics.cumulative_search import Column, Grouping, places_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TimeEffect:
    """A fixed effect on log seconds; `ratio` is the factor on the time, with its interval."""

    name: str
    estimate: float
    se: float
    z: float
    p: float
    ratio: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class TimeFit:
    """A fitted model of log seconds by restricted likelihood.

    `variances` are (grouping, variance of its intercepts); `residual` the variance within.
    """

    readings: int
    log_likelihood: float
    effects: tuple[TimeEffect, ...]
    variances: tuple[tuple[str, float], ...]
    residual: float


@dataclass(frozen=True, slots=True)
class Drift:
    """Kendall's tau-b of a figure with the position in the list, and its two-sided p."""

    count: int
    tau: float
    p: float


def fit_times(
    seconds: Sequence[float],
    columns: Sequence[Column],
    groupings: Sequence[Grouping],
    alpha: float = 0.05,
) -> TimeFit:
    """Fit log seconds = constant + columns + random intercepts of crossed groupings.

    The constant's `ratio` is the typical time in seconds. Intervals are Wald's.

    Raises
    ------
    NoAnalysis : no positive times, more effects than readings, effects that cannot be told apart,
        or no maximum.

    Source: Bates et al. 2015, J Stat Softw 67(1), eq. 34 to 42 (penalised least squares, REML).
    """
    logs = _logs(seconds)
    kept = [one for one in groupings if len(set(one.labels)) > 1]
    names = ["constant", *(one.name for one in columns)]
    design = np.column_stack([np.ones(len(logs)), *(one.values for one in columns)])
    if len(logs) <= len(names) or np.linalg.matrix_rank(design) < len(names):
        raise NoAnalysis(
            f"The effects of {', '.join(names[1:])} on the time cannot be told apart.",
            "A column is constant or is made of the others.",
        )
    places, sizes = places_of(kept, len(logs))
    terms = _Terms.of(design, logs, places, sizes)
    ratios = _best_ratios(terms) if kept else np.zeros(0)
    deviance, estimates, covariance, residual = terms.solved(ratios)
    effects = tuple(
        _effect(name, float(estimate), float(se), alpha)
        for name, estimate, se in zip(names, estimates, np.sqrt(np.diag(covariance)), strict=True)
    )
    variances = tuple(
        (one.name, float(ratio**2 * residual)) for one, ratio in zip(kept, ratios, strict=True)
    )
    return TimeFit(len(logs), -deviance / 2, effects, variances, residual)


def _best_ratios(terms: "_Terms") -> Floats:
    """Return the ratios of deviations at which the restricted likelihood is greatest."""

    def deviance(ratios: Floats) -> float:
        return terms.solved(ratios)[0]

    found = minimize(
        deviance,
        np.full(len(terms.sizes), 0.5),
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-8, "maxiter": 1000},
    )
    if not found.success:
        raise NoAnalysis("The model of reading times found no maximum.", str(found.message))
    return np.abs(np.asarray(found.x, np.float64))


def drift(values: Sequence[float], positions: Sequence[float]) -> Drift | None:
    """Return Kendall's tau of values with their positions; None where either does not vary.

    Source: Kendall 1938, Biometrika 30:81, in its tau-b form for ties.
    """
    if len(set(values)) < 2 or len(set(positions)) < 2:
        return None
    found = stats.kendalltau(values, positions)
    return Drift(len(values), float(found.statistic), float(found.pvalue))


@dataclass(frozen=True, slots=True)
class _Terms:
    """Cross products of design X, indicators Z of all groups, and log times y."""

    zz: Floats
    zx: Floats
    zy: Floats
    xx: Floats
    xy: Floats
    yy: float
    count: int
    sizes: tuple[int, ...]

    @classmethod
    def of(
        cls, design: Floats, logs: Floats, places: npt.NDArray[np.int64], sizes: tuple[int, ...]
    ) -> "_Terms":
        groups = np.zeros((len(logs), sum(sizes)))
        np.put_along_axis(groups, places, 1.0, axis=1)
        return cls(
            groups.T @ groups,
            groups.T @ design,
            groups.T @ logs,
            design.T @ design,
            design.T @ logs,
            float(logs @ logs),
            len(logs),
            sizes,
        )

    def solved(self, ratios: Floats) -> tuple[float, Floats, Floats, float]:
        """Return REML deviance, estimates, their covariance and the residual variance.

        `ratios` are the deviations of the groupings over the residual's.
        """
        scale = np.repeat(ratios, self.sizes)
        inner = scale[:, None] * self.zz * scale + np.eye(len(scale))
        factor = cho_factor(inner, lower=True)
        left = scale[:, None] * self.zx
        solved = cho_solve(factor, np.column_stack([left, scale * self.zy]))
        reduced = self.xx - left.T @ solved[:, :-1]
        target = self.xy - left.T @ solved[:, -1]
        estimates = np.asarray(np.linalg.solve(reduced, target), np.float64)
        within = self.yy - self.zy @ (scale * solved[:, -1])
        within -= estimates @ target
        free = self.count - len(estimates)
        residual = max(float(within), 1e-300) / free
        deviance = 2 * np.log(np.diag(factor[0])).sum() + np.linalg.slogdet(reduced)[1]
        deviance += free * (1 + np.log(2 * np.pi * residual))
        covariance = np.asarray(residual * np.linalg.inv(reduced), np.float64)
        return float(deviance), estimates, covariance, residual


def _logs(seconds: Sequence[float]) -> Floats:
    times = np.asarray(seconds, np.float64)
    if not len(times) or times.min() <= 0:
        raise NoAnalysis("There are no reading times above zero to analyse.")
    logs: Floats = np.log(times)
    if np.ptp(logs) == 0:
        raise NoAnalysis("All reading times are equal, so nothing can be estimated.")
    return logs


def _effect(name: str, estimate: float, se: float, alpha: float) -> TimeEffect:
    half = float(stats.norm.isf(alpha / 2)) * se
    z = estimate / se
    p = float(2 * stats.norm.sf(abs(z)))
    interval = (float(np.exp(estimate - half)), float(np.exp(estimate + half)))
    return TimeEffect(name, estimate, se, z, p, float(np.exp(estimate)), interval)
