"""Cumulative link mixed models: ordered ratings with crossed random intercepts, by likelihood."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import expit

from viewer.core.errors import NoAnalysis
from viewer.reader.statistics.cumulative_search import Column, Grouping, Layout, Point
from viewer.reader.statistics.laplace import Floats

SEPARATION = 15.0
"""Log odds (times the column's range) beyond which no finite odds ratio is believed."""

VAGUE = 5.0
"""Standard error of log odds (times the column's range) beyond which an estimate says nothing."""

_BOUNDARY = 1e-3


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A threshold or fixed effect on the scale of log odds, with Wald's figures.

    A positive fixed effect makes high ratings more likely. `odds_ratio` and its interval belong
    to a step of 1 in the column.
    """

    name: str
    estimate: float
    se: float
    z: float
    p: float
    odds_ratio: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class RandomEffect:
    """The variance of a grouping's intercepts (log odds squared); 0 when it is at the boundary."""

    name: str
    levels: int
    variance: float


@dataclass(frozen=True, slots=True)
class MixedFit:
    """A fitted model; `covariance` is of thresholds and then coefficients, in their order.

    `categories` are the values that occur, ascending; `parameters` counts thresholds,
    coefficients and variances.
    """

    ratings: int
    categories: tuple[float, ...]
    log_likelihood: float
    parameters: int
    thresholds: tuple[Coefficient, ...]
    coefficients: tuple[Coefficient, ...]
    random: tuple[RandomEffect, ...]
    covariance: tuple[tuple[float, ...], ...]
    cautions: tuple[str, ...] = ()

    def coefficient(self, name: str) -> Coefficient:
        """Return the fixed effect of that name."""
        return next(one for one in self.coefficients if one.name == name)


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """Twice the difference of two log-likelihoods, its degrees of freedom and p (chi-square)."""

    statistic: float
    df: int
    p: float


def fit(
    values: Sequence[float],
    columns: Sequence[Column] = (),
    groupings: Sequence[Grouping] = (),
    *,
    thresholds_by: Sequence[str] | None = None,
    offset: Sequence[float] | None = None,
    alpha: float = 0.05,
) -> MixedFit:
    """Fit logit P(Y <= k) = threshold k - fixed effects - random intercepts.

    Parameters
    ----------
    values : the ratings; any ordered numbers, of which those that occur are the categories.
    thresholds_by : a label per rating that has thresholds of its own (a nominal effect); None
        has one set for all, which is the assumption of proportional odds.
    offset : a known part of the linear predictor per rating.
    alpha : 1 - alpha is the level of Wald's intervals.

    Returns
    -------
    Estimates by maximum (Laplace) likelihood, standard errors from the observed information. A
    grouping with one level is left out, and a variance at zero is kept at zero, each with a
    caution.

    Raises
    ------
    NoAnalysis : fewer than two categories occur, a column can be made of others, the ratings are
        separated (no finite estimate exists), or no maximum was found.

    Source: Christensen, ordinal (R package), clmm with nAGQ = 1; Smedby and Fredrikson 2010,
    Br J Radiol 83:767, for its use on image criteria.
    """
    kept = [one for one in groupings if len(set(one.labels)) > 1]
    cautions = [
        f"There is one {one.name} only: its random effect is left out."
        for one in groupings
        if len(set(one.labels)) == 1
    ]
    layout = Layout.of(values, columns, kept, thresholds_by, offset)
    point = Point.maximum(layout)
    point, hessian = point.polished(layout)
    if (flat := np.abs(point.deviations) < _BOUNDARY).any():
        point = point.moved(layout, point.fixed, np.where(flat, 0.0, point.deviations))
        cautions += [
            f"The variance of {one.name} is estimated as 0 (at its boundary)."
            for one, is_flat in zip(kept, flat, strict=True)
            if is_flat
        ]
    covariance = _covariance(hessian, point, columns)
    return _result(layout, point, covariance, columns, kept, tuple(cautions), alpha)


def likelihood_ratio(smaller: MixedFit, larger: MixedFit) -> LikelihoodRatio:
    """Return the test of a model against a larger one that contains it."""
    statistic = max(0.0, 2 * (larger.log_likelihood - smaller.log_likelihood))
    df = larger.parameters - smaller.parameters
    return LikelihoodRatio(statistic, df, float(stats.chi2.sf(statistic, df)))


def category_probabilities(fitted: MixedFit, row: Sequence[float]) -> tuple[float, ...]:
    """Return the probability of each category over all readers and cases, for one row of columns.

    The random effects add up to one normal variate, over which the probabilities are averaged
    (Gauss-Hermite, 40 nodes), so that they compare with the observed shares.
    """
    shift = float(np.dot(row, [one.estimate for one in fitted.coefficients]))
    below = [averaged(fitted, one.estimate - shift) for one in fitted.thresholds]
    return tuple(float(one) for one in np.diff(below, prepend=0.0, append=1.0))


def averaged(fitted: MixedFit, log_odds: float) -> float:
    """Return the probability of these log odds over all readers and cases of the model."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    spread = np.sqrt(sum(one.variance for one in fitted.random))
    return float(expit(log_odds + spread * nodes) @ (weights / weights.sum()))


def combination(
    fitted: MixedFit, weights: dict[str, float], name: str, alpha: float = 0.05
) -> Coefficient:
    """Return a weighted sum of fixed effects with its own standard error, as one coefficient."""
    start = len(fitted.thresholds)
    covariance = np.array(fitted.covariance)[start:, start:]
    names = [one.name for one in fitted.coefficients]
    vector = np.array([weights.get(one, 0.0) for one in names])
    estimate = float(vector @ [one.estimate for one in fitted.coefficients])
    return _coefficient(name, estimate, float(np.sqrt(vector @ covariance @ vector)), alpha)


def _coefficient(name: str, estimate: float, se: float, alpha: float) -> Coefficient:
    z = estimate / se if se > 0 else float("nan")
    half = float(stats.norm.isf(alpha / 2)) * se
    ratio, low, high = (float(np.exp(one)) for one in (estimate, estimate - half, estimate + half))
    return Coefficient(name, estimate, se, z, float(2 * stats.norm.sf(abs(z))), ratio, (low, high))


def _covariance(hessian: Floats, point: Point, columns: Sequence[Column]) -> Floats:
    """Return the covariance of thresholds and coefficients from the observed information.

    Variances at the boundary carry no information, and the likelihood is even in them, so their
    rows are left out.
    """
    free = np.concatenate([np.full(len(point.fixed), True), point.deviations > 0])
    information = -hessian[np.ix_(free, free)]
    try:
        np.linalg.cholesky(information)
        inverse = np.linalg.inv(information)
    except np.linalg.LinAlgError as error:
        raise _separated(columns) from error
    slopes = len(point.fixed)
    covariance = np.asarray(inverse[:slopes, :slopes], np.float64)
    variances = np.diag(covariance)
    if not np.all(np.isfinite(variances) & (variances > 0)):
        raise _separated(columns)
    effects = slice(slopes - len(columns), None)
    ranges = np.array([np.ptp(one.values) for one in columns])
    sizes = np.abs([*(point.fixed[effects] * ranges), *point.deviations, 0.0])
    errors = [*(np.sqrt(variances[effects]) * ranges), 0.0]
    if max(sizes) > SEPARATION or max(errors) > VAGUE:
        raise _separated(columns)
    return covariance


def _separated(columns: Sequence[Column]) -> NoAnalysis:
    names = ", ".join(one.name for one in columns) or "the thresholds"
    return NoAnalysis(
        f"The ratings do not overlap enough to estimate {names}.",
        "Where one arm (or reader) always scores above another, or there are very few ratings, the"
        " likelihood has no maximum worth the name and no finite odds ratio exists.",
        "Look at the counts and at Wilcoxon's test of each reader.",
    )


def _result(
    layout: Layout,
    point: Point,
    covariance: Floats,
    columns: Sequence[Column],
    groupings: Sequence[Grouping],
    cautions: tuple[str, ...],
    alpha: float,
) -> MixedFit:
    names = layout.names + tuple(one.name for one in columns)
    errors = np.sqrt(np.diag(covariance))
    every = tuple(
        _coefficient(name, float(estimate), float(se), alpha)
        for name, estimate, se in zip(names, point.fixed, errors, strict=True)
    )
    random = tuple(
        RandomEffect(one.name, len(set(one.labels)), float(deviation) ** 2)
        for one, deviation in zip(groupings, point.deviations, strict=True)
    )
    return MixedFit(
        ratings=len(layout.model.above),
        categories=layout.categories,
        log_likelihood=point.height.value,
        parameters=len(point.fixed) + len(random),
        thresholds=every[: len(layout.names)],
        coefficients=every[len(layout.names) :],
        random=random,
        covariance=tuple(tuple(map(float, row)) for row in covariance),
        cautions=cautions,
    )
