"""Empirical ROC: the area from midranks, operating points, and DeLong's covariances.

A higher rating always means more suspicion; an area below 0.5 is told as it is and never turned.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from viewer.core.arrays import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Placements:
    """Where each case stands among those of the other kind, for several sets of ratings.

    `normal` [set, normal case] is the share of abnormal cases above it (ties count a half),
    `abnormal` [set, abnormal case] the share of normal cases below it; the mean of either is the
    area. Source: DeLong et al. 1988, Biometrics 44:837, equations 4 and 5.
    """

    normal: FloatArray
    abnormal: FloatArray

    @property
    def areas(self) -> FloatArray:
        """Empirical area under the curve of each set."""
        return np.asarray(self.abnormal.mean(axis=1))


def placements(normal: FloatArray, abnormal: FloatArray) -> Placements:
    """Return the placements of ratings [set, case], by midranks in n log n.

    Source: Sun & Xu 2014, IEEE Signal Process Lett 21:1389.
    """
    count_0, count_1 = normal.shape[1], abnormal.shape[1]
    both = rankdata(np.concatenate((normal, abnormal), axis=1), axis=1)
    own_0, own_1 = rankdata(normal, axis=1), rankdata(abnormal, axis=1)
    return Placements(
        normal=1.0 - (both[:, :count_0] - own_0) / count_1,
        abnormal=(both[:, count_0:] - own_1) / count_0,
    )


def delong(found: Placements) -> FloatArray:
    """Return the covariances [set, set] of the areas.

    Source: DeLong et al. 1988, equations 6 to 8; needs two cases of each kind.
    """
    count_0, count_1 = found.normal.shape[1], found.abnormal.shape[1]
    return np.asarray(
        np.cov(found.normal, ddof=1).reshape(len(found.normal), -1) / count_0
        + np.cov(found.abnormal, ddof=1).reshape(len(found.normal), -1) / count_1
    )


def left_out(found: Placements) -> FloatArray:
    """Return the areas [set, case] without each case, normal cases first."""
    count_0, count_1 = found.normal.shape[1], found.abnormal.shape[1]
    sum_0 = found.normal.sum(axis=1, keepdims=True)
    sum_1 = found.abnormal.sum(axis=1, keepdims=True)
    without_0 = (sum_0 - found.normal) / (count_0 - 1)
    without_1 = (sum_1 - found.abnormal) / (count_1 - 1)
    return np.concatenate((without_0, without_1), axis=1)


def jackknife(left: FloatArray) -> FloatArray:
    """Return the covariances [set, set] of figures [set, case left out].

    Source: Efron & Stein 1981, Ann Stat 9:586; Hillis et al. 2005, Stat Med 24:1579, section 3.
    """
    count = left.shape[1]
    apart = left - left.mean(axis=1, keepdims=True)
    return np.asarray(apart @ apart.T * (count - 1) / count)


def unbiased(normal: FloatArray, abnormal: FloatArray) -> FloatArray:
    """Return the unbiased covariances [set, set] of the areas of ratings [set, case].

    Source: Gallas 2006, Acad Radiol 13:353, equations 9 to 19, for a reader or a pair of them.
    """
    wins = 0.5 * (
        (abnormal[:, None, :] > normal[:, :, None]).astype(np.float64)
        + (abnormal[:, None, :] >= normal[:, :, None])
    )
    sets, count_0, count_1 = wins.shape
    flat = wins.reshape(sets, -1)
    same = flat @ flat.T
    rows, columns = wins.sum(axis=2), wins.sum(axis=1)
    by_normal, by_abnormal = rows @ rows.T - same, columns @ columns.T - same
    total = flat.sum(axis=1)
    neither = np.outer(total, total) - same - by_normal - by_abnormal
    pairs = count_0 * count_1
    moments = (
        same / pairs,
        by_normal / (pairs * (count_1 - 1)),
        by_abnormal / (pairs * (count_0 - 1)),
        neither / (pairs * (count_0 - 1) * (count_1 - 1)),
    )
    first, second, third, fourth = moments
    mean = first + (count_1 - 1) * second + (count_0 - 1) * third
    mean = mean + (count_0 - 1) * (count_1 - 1) * fourth
    return np.asarray(mean / pairs - fourth)


def operating_points(normal: FloatArray, abnormal: FloatArray) -> tuple[tuple[float, float], ...]:
    """Return (false positive fraction, true positive fraction) from (0, 0) to (1, 1)."""
    cuts = np.unique(np.concatenate((normal, abnormal)))[::-1]
    inside = [(float(np.mean(normal >= cut)), float(np.mean(abnormal >= cut))) for cut in cuts]
    return ((0.0, 0.0), *inside)
