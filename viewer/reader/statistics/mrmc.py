"""Several readers and cases: Obuchowski and Rockette's analysis, Hillis' degrees of freedom.

It compares any figure of merit that every reader has in every arm, given its error covariances.
Sources: Obuchowski & Rockette 1995, Commun Stat Simul 24:285; Hillis 2007, Stat Med 26:596; Hillis
2014, Stat Med 33:330; Chen, Petrick & Sahiner 2012, Acad Radiol 19:1158 for shifted hypotheses.
"""

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from viewer.core.arrays import FloatArray
from viewer.core.errors import NoAnalysis

RANDOM, FIXED_READERS, FIXED_CASES = "RRRC", "FRRC", "RRFC"


@dataclass(frozen=True, slots=True)
class Components:
    """Error covariances of figures of merit, averaged over like pairs.

    `variance` of one reader in one arm, `cov1` of a reader in two arms, `cov2` of two readers in
    an arm, `cov3` of two readers in two arms; `ms_arm`, `ms_reader`, `ms_both` are mean squares.
    """

    variance: float
    cov1: float
    cov2: float
    cov3: float
    ms_arm: float
    ms_reader: float
    ms_both: float


@dataclass(frozen=True, slots=True)
class Difference:
    """An arm minus a control, with its interval; `df` is None where it is infinite.

    `statistic` is t, or z with infinite df; it and `p` are None where nothing varies.
    """

    arm: str
    control: str
    estimate: float
    se: float
    df: float | None
    statistic: float | None
    p: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ArmMean:
    """The mean figure of an arm over readers, with its interval."""

    arm: str
    estimate: float
    se: float
    df: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Inference:
    """One way to generalise: "RRRC" to readers and cases, "FRRC" to cases, "RRFC" to readers.

    `f` has `df_arm` and `df_error` degrees of freedom (None: infinite; then `chi_square` is
    f times `df_arm`, with `df_arm` degrees of freedom).
    """

    kind: str
    f: float | None
    df_arm: int
    df_error: float | None
    chi_square: float | None
    p: float | None
    differences: tuple[Difference, ...]
    arms: tuple[ArmMean, ...]
    note: str = ""


def components(figures: FloatArray, covariances: FloatArray) -> Components:
    """Return the components of figures [arm, reader].

    Parameters
    ----------
    covariances : [arm and reader, arm and reader], readers within arms.
    """
    arms, readers = figures.shape
    cov = covariances.reshape(arms, readers, arms, readers)
    is_arm = np.eye(arms, dtype=bool)[:, None, :, None]
    is_reader = np.eye(readers, dtype=bool)[None, :, None, :]

    def mean(where: np.ndarray) -> float:
        chosen = cov[np.broadcast_to(where, cov.shape)]
        return float(chosen.mean()) if chosen.size else 0.0

    by_arm, by_reader = figures.mean(axis=1), figures.mean(axis=0)
    whole = figures.mean()
    rest = figures - by_arm[:, None] - by_reader[None, :] + whole
    return Components(
        variance=mean(is_arm & is_reader),
        cov1=mean(~is_arm & is_reader),
        cov2=mean(is_arm & ~is_reader),
        cov3=mean(~is_arm & ~is_reader),
        ms_arm=_over(readers * float(((by_arm - whole) ** 2).sum()), arms - 1),
        ms_reader=_over(arms * float(((by_reader - whole) ** 2).sum()), readers - 1),
        ms_both=_over(float((rest**2).sum()), (arms - 1) * (readers - 1)),
    )


def _over(total: float, df: int) -> float:
    return total / df if df else 0.0


def infer(
    kind: str,
    names: tuple[str, ...],
    figures: FloatArray,
    covariances: FloatArray,
    alpha: float = 0.05,
) -> Inference:
    """Return the comparison of arms `names` by figures [arm, reader].

    Where Cov2 lies below Cov3, their difference counts as 0 (Hillis 2014, section 4).

    Raises
    ------
    NoAnalysis : one arm or, to generalise to readers, one reader.
    """
    arms, readers = figures.shape
    if arms < 2:
        raise NoAnalysis("There is only one arm.", "Nothing can be compared.", "Add an arm.")
    if readers < 2 and kind != FIXED_READERS:
        raise NoAnalysis(
            "There is only one reader.",
            f"Nothing can be said about other readers ({kind}).",
            "Add readers, or look at the analysis for these readers (FRRC).",
        )
    parts = components(figures, covariances)
    error, df = _error(kind, parts, arms, readers)
    f = parts.ms_arm / error if error > 0 else None
    p = None
    if f is not None:
        is_endless = df is None
        p = float(stats.chi2.sf(f * (arms - 1), arms - 1)) if is_endless else None
        p = float(stats.f.sf(f, arms - 1, df)) if df is not None else p
    se = math.sqrt(2 * error / readers)
    means = figures.mean(axis=1)
    pairs = tuple(
        difference(names[arm], names[control], float(means[arm] - means[control]), se, df, alpha)
        for control, arm in combinations(range(arms), 2)
    )
    return Inference(
        kind=kind,
        f=f,
        df_arm=arms - 1,
        df_error=df,
        chi_square=f * (arms - 1) if f is not None and df is None else None,
        p=p,
        differences=pairs,
        arms=_arm_means(kind, names, figures, covariances, alpha),
        note="" if f is not None else NOTHING_VARIES,
    )


NOTHING_VARIES = (
    "The figures of merit do not vary, so neither a test nor an interval can be computed; "
    "readers without a mistake leave nothing to compare."
)


def _error(kind: str, parts: Components, arms: int, readers: int) -> tuple[float, float | None]:
    """Return the mean square that arms are compared with, and its degrees of freedom."""
    apart = max(parts.cov2 - parts.cov3, 0.0)
    if kind == FIXED_READERS:
        return max(parts.variance - parts.cov1 + (readers - 1) * apart, 0.0), None
    free = (arms - 1) * (readers - 1)
    if kind == FIXED_CASES:
        return parts.ms_both, float(free)
    error = parts.ms_both + readers * apart
    if parts.ms_both <= 0:
        return error, None
    return error, error**2 / (parts.ms_both**2 / free)


def _arm_means(
    kind: str, names: tuple[str, ...], figures: FloatArray, covariances: FloatArray, alpha: float
) -> tuple[ArmMean, ...]:
    """Return each arm's mean by the data of that arm alone (Hillis 2014, section 5)."""
    readers = figures.shape[1]
    found = []
    for arm, name in enumerate(names):
        own = slice(arm * readers, (arm + 1) * readers)
        parts = components(figures[arm : arm + 1], covariances[own, own])
        ms = float(figures[arm].var(ddof=1)) if readers > 1 else 0.0
        cov2 = max(parts.cov2, 0.0)
        df: float | None = None
        if kind == FIXED_READERS:
            error = parts.variance + (readers - 1) * cov2
        elif kind == FIXED_CASES:
            error, df = ms, float(readers - 1)
        else:
            error = ms + readers * cov2
            df = error**2 / (ms**2 / (readers - 1)) if ms > 0 else None
        se, mean = math.sqrt(error / readers), float(figures[arm].mean())
        wide = quantile(df, alpha) * se
        found.append(ArmMean(name, mean, se, df, mean - wide, mean + wide))
    return tuple(found)


def difference(
    arm: str, control: str, estimate: float, se: float, df: float | None, alpha: float
) -> Difference:
    """Return a difference with its interval and two-sided test against 0."""
    wide = quantile(df, alpha) * se
    statistic = estimate / se if se > 0 else None
    p = None if statistic is None else 2 * upper_tail(abs(statistic), df)
    return Difference(
        arm, control, estimate, se, df, statistic, p, estimate - wide, estimate + wide
    )


def quantile(df: float | None, alpha: float) -> float:
    """Return the two-sided critical value of t, or of z where df is None."""
    upper = 1 - alpha / 2
    return float(stats.norm.ppf(upper) if df is None else stats.t.ppf(upper, df))


def upper_tail(statistic: float, df: float | None) -> float:
    """Return the chance of a larger value of t, or of z where df is None."""
    return float(stats.norm.sf(statistic) if df is None else stats.t.sf(statistic, df))
