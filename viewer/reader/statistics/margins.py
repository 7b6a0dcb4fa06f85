"""Decisions against a margin: superiority, non-inferiority, equivalence, and Holm's procedure."""

from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from viewer.core.errors import NoAnalysis

KINDS = ("superiority", "non_inferiority", "equivalence")


@dataclass(frozen=True, slots=True)
class MarginTest:
    """A difference (arm less control, higher is better) against its margin.

    `p` is two-sided for superiority; for non-inferiority twice the one-sided p, so that each is
    held against the same alpha; for equivalence the larger of the two one-sided p. `interval` has
    `level`; `is_met` says what it shows at alpha alone, before any correction.
    """

    kind: str
    margin: float
    difference: float
    se: float
    df: float
    level: float
    interval: tuple[float, float]
    p: float
    is_met: bool


def margin_test(
    difference: float, se: float, df: float, kind: str, margin: float = 0.0, alpha: float = 0.05
) -> MarginTest:
    """Test a difference with its standard error and degrees of freedom (inf: normal).

    Superiority: the difference is not `margin` (0 as a rule), and above it. Non-inferiority: it
    is above -`margin`, one-sided at alpha / 2, so that the interval of 1 - alpha decides.
    Equivalence: it lies between both margins, two one-sided tests at alpha each, so that the
    interval of 1 - 2 alpha decides.

    Raises
    ------
    NoAnalysis : an unknown kind, no margin where one is needed, or no standard error.

    Source: Chen, Petrick and Sahiner 2012, Acad Radiol 19:1158; Schuirmann 1987, J Pharmacokinet
    Biopharm 15:657.
    """
    _check(kind, margin, se)
    t = stats.t(df)
    if kind == "equivalence":
        level = 1 - 2 * alpha
        p = float(max(t.sf((difference + margin) / se), t.cdf((difference - margin) / se)))
        is_met = p < alpha
    else:
        level = 1 - alpha
        bound = margin if kind == "superiority" else -margin
        over = (difference - bound) / se
        p = float(2 * t.sf(abs(over)) if kind == "superiority" else min(1.0, 2 * t.sf(over)))
        is_met = p < alpha and over > 0
    half = float(t.isf((1 - level) / 2)) * se
    interval = (difference - half, difference + half)
    return MarginTest(kind, margin, difference, se, df, level, interval, p, bool(is_met))


def holm(p_values: Sequence[float], alpha: float = 0.05) -> tuple[tuple[float, bool], ...]:
    """Return each p adjusted by Holm's procedure and whether it stands at `alpha`.

    Source: Holm 1979, Scand J Stat 6:65.
    """
    from statsmodels.stats.multitest import multipletests

    if not p_values:
        return ()
    stands, adjusted, *_ = multipletests(list(p_values), alpha, method="holm")
    return tuple((float(p), bool(one)) for p, one in zip(adjusted, stands, strict=True))


def _check(kind: str, margin: float, se: float) -> None:
    if kind not in KINDS:
        raise NoAnalysis(f"'{kind}' is no kind of endpoint.", do=f"Use one of {', '.join(KINDS)}.")
    if kind != "superiority" and margin <= 0:
        raise NoAnalysis(
            f"The endpoint of {kind.replace('_', '-')} has no margin.",
            "Without one, nothing can be shown.",
            "State a margin above 0 in the unit of the measure.",
        )
    if not se > 0:
        raise NoAnalysis("The difference has no standard error, so it cannot be tested.")
