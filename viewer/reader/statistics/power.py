"""How many readers and cases a study needs: the power of the test of Obuchowski and Rockette."""

from dataclasses import dataclass

from scipy import stats

from viewer.core.errors import NoAnalysis, WrongUsage
from viewer.reader.statistics.mrmc import FIXED_CASES, FIXED_READERS, RANDOM, Components


@dataclass(frozen=True, slots=True)
class Pilot:
    """Variance components of a figure, estimated from `cases` cases.

    `error` and the covariances shrink as one over the number of cases; `arm_reader` does not.
    """

    arm_reader: float
    error: float
    cov1: float
    cov2: float
    cov3: float
    cases: int


@dataclass(frozen=True, slots=True)
class PowerAt:
    """The power to find a difference with so many readers and cases.

    `error_df` is None where it is infinite.
    """

    readers: int
    cases: int
    power: float
    noncentrality: float
    error_df: float | None


def pilot_of(components: Components, cases: int) -> Pilot:
    """Return the pilot of an analysis of `cases` cases; a variance below 0 counts as 0.

    Raises
    ------
    NoAnalysis : the pilot has fewer than two arms or readers, so this variance is not known.
    """
    if components.ms_both <= 0:
        raise NoAnalysis(
            "A pilot needs at least two arms and two readers that differ.",
            "Without them, how much readers differ between arms is not known.",
        )
    arm_reader = components.ms_both - components.variance + components.cov1
    return Pilot(
        max(arm_reader + components.cov2 - components.cov3, 0.0),
        components.variance,
        components.cov1,
        components.cov2,
        components.cov3,
        cases,
    )


def power(
    pilot: Pilot,
    readers: int,
    cases: int,
    effect: float,
    population: str = RANDOM,
    alpha: float = 0.05,
) -> PowerAt:
    """Return the power of the two-sided test that two arms are equal.

    Parameters
    ----------
    effect : true difference of the two arms, in units of the figure.
    population : "RRRC", "FRRC" or "RRFC", as `mrmc.Inference` says.
    cases : cases in all, in the pilot's proportion of normal and abnormal ones.

    Raises
    ------
    WrongUsage : fewer than two readers or cases, or components that give no variance.

    Source: Hillis, Obuchowski and Berbaum 2011, table 2; Cov2 - Cov3 below zero counts as zero.
    """
    if readers < 2 or cases < 2 or pilot.cases < 2:
        raise WrongUsage("Power needs at least two readers and two cases.")
    scale = pilot.cases / cases
    shared = scale * max(pilot.cov2 - pilot.cov3, 0.0)
    own = scale * (pilot.error - pilot.cov1)
    mean_square = pilot.arm_reader + own - shared
    unit, df = {
        RANDOM: (mean_square + readers * shared, readers - 1.0),
        FIXED_READERS: (own + (readers - 1) * shared, None),
        FIXED_CASES: (mean_square, readers - 1.0),
    }[population]
    if min(unit, mean_square) <= 0:
        raise WrongUsage(
            "These components give a variance that is not above zero.",
            "The error must be larger than Cov1 and Cov2 - Cov3 together.",
        )
    if df is not None:
        df *= (unit / mean_square) ** 2
    noncentrality = readers * effect**2 / (2.0 * unit)
    return PowerAt(readers, cases, _power(noncentrality, df, alpha), noncentrality, df)


def _power(noncentrality: float, df: float | None, alpha: float) -> float:
    if noncentrality == 0:
        return alpha
    if df is None:
        return float(stats.ncx2.sf(stats.chi2.isf(alpha, 1), 1, noncentrality))
    return float(stats.ncf.sf(stats.f.isf(alpha, 1, df), 1, df, noncentrality))


def needed_cases(
    pilot: Pilot,
    readers: int,
    effect: float,
    population: str = RANDOM,
    alpha: float = 0.05,
    wanted: float = 0.8,
    most: int = 100_000,
) -> PowerAt | None:
    """Return the fewest cases with at least the wanted power; None where `most` are not enough."""
    low, high = 2, most
    if power(pilot, readers, most, effect, population, alpha).power < wanted:
        return None
    while low < high:
        middle = (low + high) // 2
        if power(pilot, readers, middle, effect, population, alpha).power >= wanted:
            high = middle
        else:
            low = middle + 1
    return power(pilot, readers, low, effect, population, alpha)
