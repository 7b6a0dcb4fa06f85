"""Whether readers saw through the blinding: the indices of Bang and of James."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from viewer.core.errors import NoAnalysis


@dataclass(frozen=True, slots=True)
class BlindingIndex:
    """An index with its interval; `answers` counts right, wrong and "cannot tell"."""

    answers: tuple[int, int, int]
    index: float
    se: float
    interval: tuple[float, float]


def bang(right: int, wrong: int, unsure: int, alpha: float = 0.05) -> BlindingIndex:
    """Return Bang's index of one arm: (right - wrong) / all.

    1: all named it rightly; 0: as by chance; -1: all named it wrongly. It is the 2x3 form, with
    (2c/(c+w) - 1)(c+w)/(c+w+dk).

    Source: Bang, Ni and Davis 2004, Control Clin Trials 25:143, eq. 4 and its variance.
    """
    total = right + wrong + unsure
    if not total:
        raise NoAnalysis("Nobody was asked which image was AI-processed.")
    yes, no = right / total, wrong / total
    index = yes - no
    se = float(np.sqrt((yes * (1 - yes) + no * (1 - no) + 2 * yes * no) / total))
    half = float(stats.norm.isf(alpha / 2)) * se
    return BlindingIndex((right, wrong, unsure), index, se, (index - half, index + half))


def james(
    arms: tuple[tuple[int, int, int], tuple[int, int, int]], alpha: float = 0.05
) -> BlindingIndex:
    """Return James's index over both arms, each (right, wrong, unsure).

    1: nobody could tell; 0.5: as by chance; 0: all named it rightly. Disagreement weighs a right
    guess 0, a wrong one 0.5, "cannot tell" 1. The interval is by the delta method on the counts.

    Source: James et al. 1996, Stat Med 15:1421.
    """
    counts = np.array([[right, wrong, unsure] for right, wrong, unsure in arms], np.float64)
    if not counts.sum():
        raise NoAnalysis("Nobody was asked which image was AI-processed.")
    index = _james(counts)
    steps = np.zeros_like(counts)
    for place in np.ndindex(*counts.shape):
        step = np.zeros_like(counts)
        step[place] = 1e-4
        steps[place] = (_james(counts + step) - _james(np.abs(counts - step))) / 2e-4
    se = float(
        np.sqrt(max((counts * steps**2).sum() - (counts * steps).sum() ** 2 / counts.sum(), 0))
    )
    half = float(stats.norm.isf(alpha / 2)) * se
    right, wrong, unsure = (int(one) for one in counts.sum(axis=0))
    return BlindingIndex((right, wrong, unsure), index, se, (index - half, index + half))


def _james(counts: npt.NDArray[np.float64]) -> float:
    total, unsure = counts.sum(), counts[:, 2].sum() / counts.sum()
    told = counts[:, :2].sum()
    if not told:
        return 1.0
    # Column 0 guesses the first arm: what is right in the first arm is wrong in the second.
    guesses = np.array([counts[0, :2], counts[1, 1::-1]]) / total / (1 - unsure)
    observed = 0.5 * (guesses[0, 1] + guesses[1, 0])
    arms, said = guesses.sum(axis=1), guesses.sum(axis=0)
    expected = 0.5 * (arms[0] * said[1] + arms[1] * said[0])
    kappa = (observed - expected) / expected if expected > 0 else -1.0
    return float((1 + unsure + (1 - unsure) * kappa) / 2)
