"""Agreement of readers on categories: kappa, Fleiss, Krippendorff, Gwet, each with an interval."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viewer.core.errors import NoAnalysis

Floats = npt.NDArray[np.float64]
Closing = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Agreement:
    """A coefficient (1: perfect, 0: chance) with its percentile interval over cases.

    `value` is None where the coefficient is not defined, such as when all ratings are equal;
    `note` then says why. `samples` of the bootstrap were drawn with numpy's PCG64 of `seed`.
    """

    name: str
    value: float | None
    interval: tuple[float, float] | None
    cases: int
    samples: int
    seed: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """The points of a scale, ascending; Gwet's coefficients depend on those nobody used, too.

    `level` is "nominal", "ordinal" or "interval".
    """

    points: tuple[float, ...]
    level: str = "ordinal"

    def weights(self, kind: str) -> Floats:
        """Return agreement weights [point, point]: "identity", "linear" or "quadratic"."""
        values = np.array(self.points)
        apart = np.abs(values[:, None] - values)
        if kind == "identity":
            return np.asarray(apart == 0, np.float64)
        width = max(float(np.ptp(values)), 1e-300)
        return np.asarray(1 - (apart / width) ** {"linear": 1, "quadratic": 2}[kind], np.float64)

    def counted(self, ratings: Floats) -> Floats:
        """Return ratings [case, rater] (NaN: gap) as indicators [case, rater, point]."""
        counted = np.asarray(ratings[..., None] == np.array(self.points), np.float64)
        if counted.sum() < (~np.isnan(ratings)).sum():
            raise NoAnalysis("A rating is not a point of its scale, so agreement cannot be stated.")
        return counted


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are found: `samples` draws of cases with PCG64 of `seed`, at 1 - `alpha`."""

    samples: int = 2000
    seed: int = 0
    alpha: float = 0.05


def weighted_kappa(
    ratings: Floats, scale: Scale, weights: str, resampling: Resampling = Resampling()
) -> Agreement:
    """Return Cohen's kappa of two raters [case, 2]; cases with a gap are left out.

    Source: Cohen 1968, Psychol Bull 70:213.
    """
    whole = ratings[~np.isnan(ratings).any(axis=1)]
    counted = scale.counted(whole)
    tables = np.einsum("ci,cj->cij", counted[:, 0], counted[:, 1])
    apart = 1 - scale.weights(weights)

    def close(sums: Floats) -> Floats:
        table = sums.reshape(-1, *apart.shape)
        total = table.sum(axis=(1, 2))
        chance = np.einsum("bi,bj,ij->b", table.sum(axis=2), table.sum(axis=1), apart) / total
        kappa: Floats = 1 - np.einsum("bij,ij->b", table, apart) / chance
        return kappa

    return _resampled(f"Cohen kappa ({weights} weights)", tables, close, resampling)


def fleiss_kappa(ratings: Floats, scale: Scale, resampling: Resampling = Resampling()) -> Agreement:
    """Return Fleiss's kappa of many raters [case, rater]; cases with a gap are left out.

    Source: Fleiss 1971, Psychol Bull 76:378.
    """
    whole = ratings[~np.isnan(ratings).any(axis=1)]
    raters = whole.shape[1]
    counts = scale.counted(whole).sum(axis=1)
    pairs = (counts * (counts - 1)).sum(axis=1) / max(raters * (raters - 1), 1)

    def close(sums: Floats) -> Floats:
        shares = sums[:, 1:] / sums[:, 1:].sum(axis=1, keepdims=True)
        chance = (shares**2).sum(axis=1)
        agreed = sums[:, 0] / (sums[:, 1:].sum(axis=1) / raters)
        kappa: Floats = (agreed - chance) / (1 - chance)
        return kappa

    return _resampled("Fleiss kappa", np.column_stack([pairs, counts]), close, resampling)


def krippendorff(ratings: Floats, scale: Scale, resampling: Resampling = Resampling()) -> Agreement:
    """Return Krippendorff's alpha of raters [case, rater] with gaps, by the scale's level.

    Cases with fewer than two ratings hold no
    pairs and do not count.

    Source: Krippendorff 2011, Computing Krippendorff's alpha-reliability, eq. in sections C and D.
    """
    counts = scale.counted(ratings).sum(axis=1)
    counts = counts[counts.sum(axis=1) > 1]
    raters = counts.sum(axis=1)[:, None, None]
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(counts.shape[1])
    values = np.array(scale.points)

    def close(sums: Floats) -> Floats:
        table = sums.reshape(-1, len(values), len(values))
        marginal = table.sum(axis=2)
        if scale.level == "nominal":
            apart = np.broadcast_to(1 - np.eye(len(values)), table.shape)
        else:
            middle = np.cumsum(marginal, axis=1) - marginal / 2
            place = middle if scale.level == "ordinal" else np.broadcast_to(values, marginal.shape)
            apart = (place[:, :, None] - place[:, None, :]) ** 2
        expected = marginal[:, :, None] * marginal[:, None, :]
        observed = (table * apart).sum(axis=(1, 2))
        by_chance = (expected * apart).sum(axis=(1, 2)) / (marginal.sum(axis=1) - 1)
        alpha: Floats = 1 - observed / by_chance
        return alpha

    return _resampled(
        f"Krippendorff alpha ({scale.level})", pairs / (raters - 1), close, resampling
    )


def gwet(
    ratings: Floats,
    scale: Scale,
    weights: str = "identity",
    resampling: Resampling = Resampling(),
) -> Agreement:
    """Return Gwet's AC1 (identity weights) or AC2 of raters [case, rater] with gaps.

    Source: Gwet 2008, Br J Math Stat Psychol 61:29; Gwet 2014, Handbook of inter-rater
    reliability, section 4.4 (gaps: a case with one rating counts for the prevalence only).
    """
    agree = scale.weights(weights)
    counts = scale.counted(ratings).sum(axis=1)
    counts = counts[counts.sum(axis=1) > 0]
    raters = counts.sum(axis=1)
    paired = raters > 1
    agreed = (counts * (counts @ agree - 1)).sum(axis=1) / np.where(
        paired, raters * (raters - 1), 1
    )
    features = np.column_stack([agreed * paired, paired, counts / raters[:, None]])
    size = len(scale.points)
    chances = agree.sum() / max(size * (size - 1), 1)

    def close(sums: Floats) -> Floats:
        shares = sums[:, 2:] / sums[:, 2:].sum(axis=1, keepdims=True)
        chance = chances * (shares * (1 - shares)).sum(axis=1)
        coefficient: Floats = (sums[:, 0] / sums[:, 1] - chance) / (1 - chance)
        return coefficient

    name = "Gwet AC1" if weights == "identity" else f"Gwet AC2 ({weights} weights)"
    return _resampled(name, features, close, resampling)


def _resampled(name: str, features: Floats, close: Closing, how: Resampling) -> Agreement:
    """Close the sums of per-case features, and those of drawn cases for the interval.

    Every coefficient here is a function of sums over cases, so a draw is a row of weights.
    """
    cases = len(features)
    if cases < 2:
        note = "Fewer than two cases were rated by two readers."
        return Agreement(name, None, None, cases, 0, how.seed, note)
    flat = features.reshape(cases, -1)
    rng = np.random.Generator(np.random.PCG64(how.seed))
    drawn = rng.multinomial(cases, np.full(cases, 1 / cases), how.samples)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(close(flat.sum(axis=0, keepdims=True))[0])
        sampled = close(drawn @ flat)
    if not np.isfinite(value):
        note = "All ratings are equal: chance agreement is complete and the coefficient undefined."
        return Agreement(name, None, None, cases, 0, how.seed, note)
    sampled = sampled[np.isfinite(sampled)]
    low, high = np.quantile(sampled, [how.alpha / 2, 1 - how.alpha / 2])
    left = how.samples - len(sampled)
    note = f"{left} draws without any variation were left out." if left else ""
    return Agreement(name, value, (float(low), float(high)), cases, len(sampled), how.seed, note)
