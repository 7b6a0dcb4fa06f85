"""One lesion in each abnormal case: the LROC curve, the area under it, and how many are located.

A case's rating is that of its highest mark, and an abnormal case is located where that mark hits
the lesion; a hit and a miss of the same rating count a half. A case without a mark is rated minus
infinity and never located. Chance gives figures far below a half.

Sources: Swensson 1996, Med Phys 23:1709; Wunderlich and Noo 2012, IEEE Trans Med Imaging 31:2050,
for the area as a mean over pairs of cases.
"""

from typing import TYPE_CHECKING

import numpy as np

from viewer.core.arrays import FloatArray

if TYPE_CHECKING:
    from viewer.reader.statistics.froc import MarkedCases

LROC_FIGURES = ("alroc", "pcl")


def lroc_figure(name: str, cases: "MarkedCases") -> float:
    """Return "alroc", the area under the curve, or "pcl", the share of lesions located.

    The area is the chance that an abnormal case is located and rated above a normal one.
    """
    normal, abnormal, located = _rated(cases)
    if name == "pcl":
        return float(located.mean())
    above = (abnormal[:, None] > normal).astype(np.float64)
    equal = (abnormal[:, None] == normal).astype(np.float64)
    return float((located * (above + equal / 2).mean(axis=1)).mean())


def lroc_points(cases: "MarkedCases") -> tuple[tuple[float, float], ...]:
    """Return (share of normal cases, of abnormal cases located), both marked at the cut or above.

    The last point is all cases: every normal one, and the share of lesions located.
    """
    normal, abnormal, located = _rated(cases)
    both = np.concatenate((normal, abnormal))
    points = [
        (float((normal >= cut).mean()), float((located * (abnormal >= cut)).mean()))
        for cut in np.unique(both[np.isfinite(both)])[::-1]
    ]
    return ((0.0, 0.0), *points, (1.0, float(located.mean())))


def _rated(cases: "MarkedCases") -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return ratings of normal and of abnormal cases, and how far each of these is located."""
    abnormal = cases.is_abnormal
    hits, misses = cases.hits[abnormal, 0], cases.misses[abnormal]
    located = np.where(np.isfinite(hits), 0.5 * ((hits > misses) + 1.0 * (hits >= misses)), 0.0)
    return cases.misses[~abnormal], np.maximum(hits, misses), np.asarray(located, np.float64)
