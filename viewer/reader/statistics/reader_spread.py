"""How much readers differ in an effect, and what that makes of its error with few readers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from viewer.core.errors import NoAnalysis
from viewer.reader.statistics.cumulative_search import Column, Grouping
from viewer.reader.statistics.laplace import Floats
from viewer.reader.statistics.ordinal_mixed import MixedFit, fit


@dataclass(frozen=True, slots=True)
class ReaderSpread:
    """Readers' own effects (log odds): their mean square, and what of it chance would make.

    `mean_square` has readers - 1 degrees of freedom. The model's error of a reader's effect is
    `within`, which is his own, and `shared` (a covariance of two readers), which is of the cases.
    """

    readers: int
    mean_square: float
    within: float
    shared: float = 0.0

    @property
    def variance(self) -> float:
        """Return the variance of the effect's mean over readers.

        Where readers differ less than chance makes them, their mean square and `within` both
        estimate the same, and their mean is taken: three readers who agree by luck would else
        leave hardly any variance.
        """
        own = max(self.mean_square, (self.mean_square + self.within) / 2)
        return own / self.readers + max(self.shared, 0.0)

    @property
    def df(self) -> float:
        """Return the degrees of freedom of `variance`; infinite for equal readers.

        Source: Hillis 2007, Stat Med 26:596, whose denominator and degrees of freedom for figures
        of merit these are, on the scale of log odds.
        """
        if self.mean_square <= 0:
            return float("inf")
        return (self.readers - 1) * (self.readers * self.variance / self.mean_square) ** 2


def reader_spread(
    values: Sequence[float],
    arm: Column,
    readers: Sequence[str],
    groupings: Sequence[Grouping],
    offset: Sequence[float] | None = None,
) -> ReaderSpread:
    """Return the spread of readers' own effects of `arm`, from one model with an effect for each.

    Parameters
    ----------
    values : the ratings; `readers`, `arm` (0 or 1) and `offset` have one of theirs for each.
    groupings : the random intercepts of readers and of cases, without that of readers in arms.
    offset : the known effects of other columns, which are taken to be the same for all readers.

    Raises
    ------
    NoAnalysis : fewer than two readers read both arms, or a reader's own effect has no estimate.
    """
    is_arm, owners = np.array(arm.values), np.array(readers)
    both = [one for one in dict.fromkeys(readers) if len(set(is_arm[owners == one])) > 1]
    if len(both) < 2:
        raise NoAnalysis("How readers differ in the arm needs two readers who read both arms.")
    kept = np.isin(owners, both)
    chosen = [int(one) for one in np.flatnonzero(kept)]
    columns = [Column(one, tuple(map(float, (is_arm * (owners == one))[kept]))) for one in both]
    found = fit(
        [values[place] for place in chosen],
        columns,
        [Grouping(one.name, tuple(one.labels[place] for place in chosen)) for one in groupings],
        offset=None if offset is None else [offset[place] for place in chosen],
    )
    own = np.array([one.estimate for one in found.coefficients])
    start = len(found.thresholds)
    return _spread(own, np.array(found.covariance)[start:, start:])


def preference_spread(
    signs: Sequence[float], readers: Sequence[str], cases: Grouping
) -> ReaderSpread:
    """Return the spread of readers' own log odds of the answer 1, from one model with one of each.

    Parameters
    ----------
    signs : 0 or 1; `readers` has one for each.
    cases : the random intercepts of cases.

    Raises
    ------
    NoAnalysis : fewer than two readers, or one who always answers the same.
    """
    names = list(dict.fromkeys(readers))
    if len(names) < 2:
        raise NoAnalysis("How readers differ needs two readers.")
    columns = [Column(name, tuple(float(one == name) for one in readers)) for name in names[1:]]
    found = fit(signs, columns, [cases])
    # From a threshold and differences from the first reader to each reader's log odds.
    change = np.eye(len(names))
    change[:, 0] = -1.0
    estimates = [one.estimate for one in (*found.thresholds, *found.coefficients)]
    return _spread(change @ estimates, change @ np.array(found.covariance) @ change.T)


def _spread(own: Floats, covariance: Floats) -> ReaderSpread:
    """Return the spread of readers' effects with the model's covariance of them."""
    count, diagonal = len(own), float(np.trace(covariance))
    shared = float(covariance.sum() - diagonal) / (count * (count - 1))
    return ReaderSpread(count, float(own.var(ddof=1)), diagonal / count - shared, shared)


def error_and_df(
    fitted: MixedFit, se: float, readers: int, varying: str, spread: ReaderSpread | None
) -> tuple[float, float]:
    """Return the standard error and Student's degrees of freedom for readers at large.

    They are those of the `spread`. Where none could be had, the model's variance is taken times
    readers / (readers - 1) with readers - 1 degrees of freedom, or as it is where its readers do
    not differ in what the random effect named `varying` holds. No degrees of freedom go beyond
    those of pairs of ratings.
    """
    most = max(fitted.ratings / 2 - 1, 1.0)
    if spread is not None:
        return math.sqrt(spread.variance), min(spread.df, most)
    free = max(readers - 1, 1)
    if any(one.variance > 0 for one in fitted.random if one.name == varying):
        return se * math.sqrt(readers / free), float(free)
    return se, most
