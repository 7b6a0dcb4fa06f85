"""Paired comparisons: Wilcoxon's signed ranks per reader, forced choice, preference, McNemar."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import numpy.typing as npt
from scipy import stats

from viewer.core.errors import NoAnalysis

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SignedRank:
    """Wilcoxon's test of one reader's paired differences (arm less control).

    `statistic` is the sum of the ranks of positive differences; `p` is two-sided, None where
    every pair is equal. `method` says the zeros rule and how p was found.
    """

    pairs: int
    higher: int
    lower: int
    equal: int
    median: float
    statistic: float
    p: float | None
    method: str


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of successes with its exact (Clopper-Pearson) interval and two-sided binomial p."""

    successes: int
    trials: int
    share: float
    interval: tuple[float, float]
    p: float


@dataclass(frozen=True, slots=True)
class Discrimination:
    """Sensitivity d' of a 2AFC task; an end of the interval is infinite at 0 or 100 % correct."""

    correct: Proportion
    d_prime: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Preferences:
    """Counts of a preference scale; `favours` tests those that prefer either against one half."""

    counts: tuple[tuple[float, int], ...]
    same: int
    favours: Proportion | None
    mean: float


@dataclass(frozen=True, slots=True)
class McNemar:
    """Pairs in which only the arm, or only the control, was positive; exact two-sided p."""

    only_arm: int
    only_control: int
    p: float


@dataclass(frozen=True, slots=True)
class MeanDifference:
    """A mean paired difference for readers and cases both taken as random.

    `df` are those of its t distribution; `left_out` cases were not read by all in both arms.
    """

    difference: float
    se: float
    df: float
    readers: int
    cases: int
    left_out: int


def signed_rank(
    differences: Sequence[float], zeros: str = "pratt", permutations: int = 0, seed: int = 0
) -> SignedRank:
    """Test one reader's paired differences; pairs of several readers never belong in one call.

    Parameters
    ----------
    zeros : "pratt" ranks zeros and drops them, "wilcox" leaves them out before ranking,
        "zsplit" splits their ranks between both signs.
    permutations : 0 takes the normal approximation with the correction for ties (exact tables do
        not hold with ties); above 0 draws that many sign flips (all of them where fewer exist)
        with numpy's PCG64 of `seed`.

    Source: Wilcoxon 1945, Biometrics Bull 1:80; Pratt 1959, J Am Stat Assoc 54:655.
    """
    if zeros not in ("pratt", "wilcox", "zsplit"):
        raise NoAnalysis(
            f"Wilcoxon's test has no zeros rule '{zeros}'.", do="Use pratt, wilcox or zsplit."
        )
    moved = np.asarray(differences, np.float64)
    if not len(moved):
        raise NoAnalysis("There are no pairs to compare.", "A pair is one case read in both arms.")
    how = f"{permutations} permutations, seed {seed}" if permutations else "normal, ties corrected"
    higher, lower = int((moved > 0).sum()), int((moved < 0).sum())
    plus, p = _ranked(moved, zeros, permutations, seed) if higher + lower else (0.0, None)
    return SignedRank(
        len(moved),
        higher,
        lower,
        len(moved) - higher - lower,
        float(np.median(moved)),
        plus,
        p,
        f"{zeros}, {how}",
    )


def _ranked(moved: Floats, zeros: str, permutations: int, seed: int) -> tuple[float, float]:
    """Return the sum of positive ranks and two-sided p."""
    rule = cast('Literal["pratt", "wilcox", "zsplit"]', zeros)
    above = stats.wilcoxon(moved, zero_method=rule, method="approx", alternative="greater")
    if permutations:
        rng = np.random.Generator(np.random.PCG64(seed))
        method = stats.PermutationMethod(n_resamples=permutations, rng=rng)
        p = stats.wilcoxon(moved, zero_method=rule, method=method).pvalue
    else:
        p = stats.wilcoxon(moved, zero_method=rule, method="approx").pvalue
    return float(above.statistic), float(p)


def proportion(successes: int, trials: int, alpha: float = 0.05, null: float = 0.5) -> Proportion:
    """Return a share with Clopper and Pearson's interval and the exact binomial test of `null`."""
    if trials < 1:
        raise NoAnalysis("There are no answers to count.")
    test = stats.binomtest(successes, trials, null)
    ends = test.proportion_ci(1 - alpha, "exact")
    interval = (float(ends.low), float(ends.high))
    return Proportion(successes, trials, successes / trials, interval, float(test.pvalue))


def discrimination(correct: int, trials: int, alpha: float = 0.05) -> Discrimination:
    """Return d' = sqrt(2) z(PC) of a two-alternative forced choice.

    At 0 or 100 % correct, half a trial is added or taken for the estimate; the interval is
    Clopper and Pearson's, transformed.

    Source: Macmillan and Creelman 2005, Detection theory, eq. 7.2; the half trial on page 8.
    """
    found = proportion(correct, trials, alpha)
    share = float(np.clip(found.share, 0.5 / trials, 1 - 0.5 / trials))
    low, high = found.interval
    return Discrimination(found, forced_d_prime(share), (forced_d_prime(low), forced_d_prime(high)))


def forced_d_prime(share: float) -> float:
    """Return d' of a share of correct choices among two; infinite at 0 and 1."""
    return float(np.sqrt(2) * stats.norm.ppf(share))


def preferences(values: Sequence[float], alpha: float = 0.05) -> Preferences:
    """Return how often each strength was chosen, and the exact test of the sign, for one reader.

    Values are positive in favour of the arm; 0 is "same" and left out of the test.
    """
    if not values:
        raise NoAnalysis("There are no preferences to count.")
    counts = tuple(sorted(Counter(float(value) for value in values).items()))
    favoured = sum(value > 0 for value in values)
    sided = sum(value != 0 for value in values)
    tested = proportion(favoured, sided, alpha) if sided else None
    return Preferences(counts, len(values) - sided, tested, float(np.mean(values)))


def mcnemar(arm: Sequence[bool], control: Sequence[bool]) -> McNemar:
    """Test one reader's paired yes-or-no answers, exactly.

    Source: McNemar 1947, Psychometrika 12:153; the binomial form.
    """
    only_arm = sum(one and not two for one, two in zip(arm, control, strict=True))
    only_control = sum(two and not one for one, two in zip(arm, control, strict=True))
    total = only_arm + only_control
    p = float(stats.binomtest(only_arm, total).pvalue) if total else 1.0
    return McNemar(only_arm, only_control, p)


def mean_difference(differences: Floats) -> MeanDifference:
    """Return the mean of paired differences [reader, case]; NaN where a pair is missing.

    Readers and cases are both random: the variance is (MSR + max(MSC - MSE, 0)) / (readers x
    cases) with MS of the differences, and df = (readers - 1) (that sum / MSR)^2, which is what
    Obuchowski and Rockette's test with Hillis's df gives for the mean rating.

    Raises
    ------
    NoAnalysis : fewer than two readers, or fewer than two cases that all read in both arms.

    Source: Hillis 2007, Stat Med 26:596; Chen, Petrick and Sahiner 2012, Acad Radiol 19:1158.
    """
    whole = differences[:, ~np.isnan(differences).any(axis=0)]
    readers, cases = whole.shape
    if readers < 2 or cases < 2:
        raise NoAnalysis(
            "A mean difference for other readers and cases needs two readers and two cases.",
            f"There are {readers} readers and {cases} cases that all of them read in both arms.",
        )
    mean = whole.mean()
    by_reader, by_case = whole.mean(axis=1), whole.mean(axis=0)
    ms_reader = cases * by_reader.var(ddof=1)
    ms_case = readers * by_case.var(ddof=1)
    left = whole - by_reader[:, None] - by_case + mean
    ms_error = (left**2).sum() / ((readers - 1) * (cases - 1))
    sum_ = ms_reader + max(ms_case - ms_error, 0.0)
    if sum_ <= 0:
        raise NoAnalysis("All paired differences are equal, so their spread is unknown.")
    df = (readers - 1) * (sum_ / ms_reader) ** 2 if ms_reader > 0 else float("inf")
    left_out = differences.shape[1] - cases
    se = float(np.sqrt(sum_ / (readers * cases)))
    return MeanDifference(float(mean), se, float(df), readers, cases, left_out)
