"""A channelised Hotelling observer: how well a lesion of known place can be told from none.

Source: Barrett and Myers, Foundations of Image Science, 2004, chapter 13; Laguerre-Gauss channels
after Gallas and Barrett, J Opt Soc Am A 20, 2003.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viewer.core.arrays import AnyArray, FloatArray

CHANNELS = 6
WIDTH_TO_DIAMETER = 1.5
"""Width of the Laguerre-Gauss channels over the lesion's diameter."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The observer's answers, one for each pair of images: without and with the lesion.

    Attributes
    ----------
    absent, present : shape (pairs,), from templates made of other pairs.
    """

    absent: FloatArray
    present: FloatArray

    @property
    def auc(self) -> float:
        """Area under the ROC curve: the share of mixed pairs that are told apart, ties half."""
        ordered = np.sort(self.absent)
        below = np.searchsorted(ordered, self.present, "left")
        up_to = np.searchsorted(ordered, self.present, "right")
        return float((below + up_to).mean() / (2 * len(ordered)))

    @property
    def detectability(self) -> float:
        """d': the difference of the means in units of the mean SD."""
        return _detectability(self.absent, self.present)


def laguerre_gauss(size: int, pixel_mm: float, width_mm: float, count: int) -> FloatArray:
    """Rotationally symmetric channels around the middle of a square, shape (size^2, count).

    Each has unit length.
    """
    axis = (np.arange(size) - (size - 1) / 2) * pixel_mm
    place = 2 * np.pi * (axis[:, None] ** 2 + axis[None, :] ** 2) / width_mm**2
    envelope = np.exp(-place / 2)
    channels = [
        (envelope * np.polynomial.laguerre.lagval(place, np.eye(count)[order])).ravel()
        for order in range(count)
    ]
    return np.stack([one / np.linalg.norm(one) for one in channels], axis=1)


def observed(
    absent: AnyArray, present: AnyArray, diameter_mm: float, pixel_mm: float, folds: int = 2
) -> Scores:
    """Return an observer's scores for pairs of square images.

    Parameters
    ----------
    absent, present : [pair, row, column]; the lesion is in the middle of `present`, and pair `k`
        of both has the same noise.

    Pairs are scored by a template that is made of the other folds, so that no image judges itself.
    A score is what an image has beyond the middle of the two classes of those folds: templates
    differ from fold to fold, and so would what they make of a background that all images share.
    """
    channels = laguerre_gauss(absent.shape[-1], pixel_mm, WIDTH_TO_DIAMETER * diameter_mm, CHANNELS)
    seen = [one.reshape(len(one), -1).astype(np.float64) @ channels for one in (absent, present)]
    scores = [np.empty(len(absent)) for _ in seen]
    fold = np.arange(len(absent)) % folds
    for number in range(folds):
        known = [one[fold != number] for one in seen]
        template, middle = _template(*known), np.mean([one.mean(axis=0) for one in known], axis=0)
        for score, one in zip(scores, seen, strict=True):
            score[fold == number] = (one[fold == number] - middle) @ template
    return Scores(*scores)


def ratio_interval(
    method: Scores, source: Scores, seed: int, draws: int = 1000, level: float = 0.95
) -> tuple[float, float]:
    """Return the interval of d' of a method over d' of its input, by resampling pairs jointly.

    Both must be scores of the same pairs. Source: percentile bootstrap, Efron and Tibshirani 1993.
    """
    rng = np.random.default_rng(seed)
    ratios = np.empty(draws)
    for draw in range(draws):
        chosen = rng.integers(0, len(source.absent), len(source.absent))
        mine = _detectability(method.absent[chosen], method.present[chosen])
        ratios[draw] = mine / _detectability(source.absent[chosen], source.present[chosen])
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _template(absent: FloatArray, present: FloatArray) -> FloatArray:
    scatter = (np.cov(absent, rowvar=False) + np.cov(present, rowvar=False)) / 2
    return np.asarray(np.linalg.solve(scatter, present.mean(axis=0) - absent.mean(axis=0)))


def _detectability(absent: npt.NDArray[np.float64], present: npt.NDArray[np.float64]) -> float:
    spread = np.sqrt((absent.var(ddof=1) + present.var(ddof=1)) / 2)
    return float((present.mean() - absent.mean()) / spread)
