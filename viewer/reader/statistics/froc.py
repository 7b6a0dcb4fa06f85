"""Figures of merit of lesion marks: AFROC, wAFROC, their forms with all cases, HrAUC and LROC's.

A case's non-lesion rating is the highest of its marks that hit nothing; a lesion that nobody
marked, and a case without such a mark, are rated minus infinity. Sources: Chakraborty & Berbaum
2004, Med Phys 31:2313; Chakraborty & Zhai 2016, Med Phys 43:2548.
"""

from dataclasses import dataclass

import numpy as np

from viewer.core.arrays import BoolArray, FloatArray
from viewer.reader.statistics.lroc import LROC_FIGURES, lroc_figure, lroc_points

FIGURES = ("wafroc", "afroc", "wafroc1", "afroc1", "hrauc", *LROC_FIGURES)


@dataclass(frozen=True, slots=True, eq=False)
class MarkedCases:
    """Highest ratings of one reader in one arm.

    `misses` [case] of marks on no lesion; `hits` [case, lesion] (NaN: the case has no such
    lesion); `weights` [case, lesion] sum to 1 in each abnormal case; `is_abnormal` [case].
    """

    misses: FloatArray
    hits: FloatArray
    weights: FloatArray
    is_abnormal: BoolArray

    def without(self, case: int) -> "MarkedCases":
        """Return the rest when one case is left out."""
        keep = np.arange(len(self.misses)) != case
        return MarkedCases(
            self.misses[keep], self.hits[keep], self.weights[keep], self.is_abnormal[keep]
        )


def figure(name: str, cases: MarkedCases) -> float:
    """Return a figure of merit: the chance that a lesion is rated above non-lesions of a case.

    "wafroc" weighs lesions within their case, "afroc" all alike; "...1" look for non-lesions in
    abnormal cases, too; "hrauc" is the ROC area of the highest rating of each case; "alroc" and
    "pcl" are LROC's, of one lesion in each abnormal case.
    """
    if name in LROC_FIGURES:
        return lroc_figure(name, cases)
    abnormal = cases.is_abnormal
    if name == "hrauc":
        lesions = np.where(np.isnan(cases.hits), -np.inf, cases.hits)
        highest = np.maximum(cases.misses, lesions.max(axis=1, initial=-np.inf))
        return float(_wins(highest[abnormal], highest[~abnormal]).mean())
    others = cases.misses if name.endswith("1") else cases.misses[~abnormal]
    hits, weights = cases.hits[abnormal], cases.weights[abnormal]
    there = ~np.isnan(hits)
    shares = _wins(hits[there], others).mean(axis=1)
    if name.startswith("w"):
        return float((weights[there] * shares).sum() / abnormal.sum())
    return float(shares.mean())


def left_out_figures(name: str, cases: MarkedCases) -> FloatArray:
    """Return the figure [case] without each case; "pcl" is of abnormal cases alone."""
    left = range(len(cases.misses)) if name != "pcl" else np.flatnonzero(cases.is_abnormal)
    return np.array([figure(name, cases.without(int(case))) for case in left])


def curve_points(name: str, cases: MarkedCases) -> tuple[tuple[float, float], ...]:
    """Return the curve that belongs to a figure of merit, LROC's or AFROC's."""
    return lroc_points(cases) if name in LROC_FIGURES else afroc_points(cases)


def _wins(high: FloatArray, low: FloatArray) -> FloatArray:
    """Return [high, low] 1 where high is above low, a half where both are equal."""
    above = high[:, None] > low[None, :]
    return np.asarray(0.5 * above + 0.5 * (high[:, None] >= low[None, :]))


def froc_points(cases: MarkedCases, all_misses: FloatArray) -> tuple[tuple[float, float], ...]:
    """Return (non-lesion marks a case, share of lesions marked) from the strictest cut.

    `all_misses` are the ratings of every mark on no lesion. Source: Bunch et al. 1978.
    """
    hits = cases.hits[~np.isnan(cases.hits)]
    cuts = np.unique(np.concatenate((all_misses, hits[np.isfinite(hits)])))[::-1]
    count = len(cases.misses)
    points = [
        (float((all_misses >= cut).sum() / count), float((hits >= cut).mean())) for cut in cuts
    ]
    return ((0.0, 0.0), *points)


def afroc_points(cases: MarkedCases) -> tuple[tuple[float, float], ...]:
    """Return (share of normal cases with a non-lesion mark, weighted share of lesions marked)."""
    abnormal = cases.is_abnormal
    hits, weights = cases.hits[abnormal], cases.weights[abnormal]
    misses = cases.misses[~abnormal]
    finite = np.concatenate((misses[np.isfinite(misses)], hits[np.isfinite(hits)]))
    marked = [
        (
            float((misses >= cut).mean()),
            float(np.where(hits >= cut, weights, 0.0).sum() / abnormal.sum()),
        )
        for cut in np.unique(finite)[::-1]
    ]
    return ((0.0, 0.0), *marked, (1.0, 1.0))
