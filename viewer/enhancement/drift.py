"""Whether a method still does what it did: a self-starting CUSUM with a stated false-alarm rate.

The first uses of a group make a baseline; each later figure is compared with all before it and
turned into a number that is standard normal as long as nothing changes, however few came before.
So the rate of false alarms is the one that is stated, and not one that a baseline of chance sets.
Sources: Hawkins, "Self-starting CUSUM charts for location and scale", The Statistician 1987;
Brook and Evans, "An approach to the probability distribution of cusum run length", Biometrika 1972;
Siegmund, "Sequential Analysis", 1985, for the starting value of the limit.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import special

FloatArray = npt.NDArray[np.float64]

LEARNING = 20
"""Uses of a group before any alarm can come."""
SLACK_SD = 0.5
"""Half the change that is found fastest, in SDs: a change of one SD."""
MOST_SD = 3.5
"""One figure counts for at most this much, so that one odd patient alone is no alarm."""
FIGURES = 3
"""Figures that are watched in each group."""
GROUP_RUN_LENGTH = 500.0
"""Uses until a false alarm of any of the figures in a group in which nothing changes, on average
(at least: more where the figures go together)."""
LEAST_SD = 1e-4
"""Figures are shares and correlations of about 1. Where they vary less than this, as on the same
phantom again and again, the rounding of another processor is no drift, and nothing is divided by 0.
"""
STATES = 100


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """The CUSUM of one figure of one group.

    `up` and `down` are the two sums after each use (both at least 0, 0 while learning), `signal`
    is the index of the use at which one of them passed `limit`, None while in control, and `is_up`
    which it was.
    """

    up: FloatArray
    down: FloatArray
    limit: float
    signal: int | None
    is_up: bool = False


def chart(values: Sequence[float], limit: float | None = None) -> Chart:
    """Return the two-sided tabular CUSUM of a figure in the order of the uses.

    Parameters
    ----------
    values : finite; the first `LEARNING` set the baseline and every one in control refines it.
    limit : in SDs; by default the one for `GROUP_RUN_LENGTH`.

    After a signal the baseline no longer changes: what has drifted does not become the normal.
    """
    limit = group_limit() if limit is None else limit
    up, down = np.zeros(len(values)), np.zeros(len(values))
    count, mean, square = 0, 0.0, 0.0
    signal: int | None = None
    is_up = False
    for place, value in enumerate(values):
        if count >= LEARNING:
            score = normal_score(value, count, mean, square)
            up[place] = max(0.0, up[place - 1] + score - SLACK_SD)
            down[place] = max(0.0, down[place - 1] - score - SLACK_SD)
        if signal is None and max(up[place], down[place]) > limit:
            signal, is_up = place, bool(up[place] > down[place])
        if signal is None:
            count += 1
            step = value - mean
            mean += step / count
            square += step * (value - mean)
    return Chart(up, down, limit, signal, is_up)


def normal_score(value: float, count: int, mean: float, square: float) -> float:
    """Return a figure as a standard normal score against the `count` ones before it.

    `mean` is theirs and `square` the sum of squares about it. With normal figures that do not
    change the scores are independent and standard normal, limited to `MOST_SD`. An SD below
    `LEAST_SD` counts as that.

    Source: Hawkins 1987, equation for U_n: the studentised difference through Student's t with
    count - 1 degrees of freedom and the inverse normal.
    """
    spread = max(LEAST_SD, math.sqrt(max(square, 0.0) / (count - 1)))
    student = math.sqrt(count / (count + 1)) * (value - mean) / spread
    tail = float(special.stdtr(count - 1, -abs(student)))
    size = MOST_SD if tail <= 0 else min(MOST_SD, -float(special.ndtri(tail)))
    return math.copysign(size, student)


@cache
def group_limit() -> float:
    """Return the limit that gives `GROUP_RUN_LENGTH` with all figures of a group watched."""
    return limit_for(GROUP_RUN_LENGTH * FIGURES)


def limit_for(run_length: float) -> float:
    """Return the limit of a two-sided chart with this average run length in control, in SDs."""
    low, high = 0.0, 2.0 * siegmund_limit(run_length) + 2.0
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (middle, high) if run_length_of(middle) < run_length else (low, middle)
    return (low + high) / 2


def run_length_of(limit: float, shift_sd: float = 0.0) -> float:
    """Return the average run length of a two-sided chart, in uses after learning.

    Parameters
    ----------
    shift_sd : how far the mean of the scores has moved; 0 is in control.

    Source: Brook and Evans 1972, a Markov chain over `STATES` values of each sum; the two sides are
    joined by 1 / L = 1 / L+ + 1 / L- (van Dobben de Bruyn 1968).
    """
    sides = [_one_sided(limit, shift) for shift in (shift_sd, -shift_sd)]
    return 1.0 / sum(1.0 / side for side in sides)


def siegmund_limit(run_length: float) -> float:
    """Return the limit of a two-sided chart by Siegmund's approximation, for normal scores."""
    low, high = 0.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        reach = 2.0 * SLACK_SD * (middle + 1.166)
        one_sided = (math.exp(reach) - reach - 1.0) / (2.0 * SLACK_SD**2)
        low, high = (middle, high) if one_sided / 2.0 < run_length else (low, middle)
    return (low + high) / 2


def _one_sided(limit: float, shift_sd: float) -> float:
    width = 2.0 * limit / (2 * STATES - 1)
    middles = width * np.arange(STATES)
    edges = np.concatenate([middles - width / 2, [middles[-1] + width / 2]])
    steps = edges[None, :] - middles[:, None] + SLACK_SD
    below = np.where(steps >= MOST_SD, 1.0, special.ndtr(steps - shift_sd))
    below[steps < -MOST_SD] = 0.0
    moves = np.diff(below, axis=1)
    moves[:, 0] = below[:, 1]
    lengths = np.linalg.solve(np.eye(STATES) - moves, np.ones(STATES))
    return float(lengths[0])
