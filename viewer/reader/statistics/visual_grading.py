"""Visual grading characteristics: how far one arm's ratings lie above another's, as an area."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viewer.core.errors import NoAnalysis

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class VisualGrading:
    """The VGC area (0.5: no difference, above: the arm is rated higher), its mean over readers.

    `points` are the curve over all readers: shares of (control, arm) at or above each category,
    from (0, 0) to (1, 1). `interval` is the bootstrap's percentile interval.
    """

    area: float
    interval: tuple[float, float]
    by_reader: tuple[float, ...]
    points: tuple[tuple[float, float], ...]
    samples: int
    seed: int
    generator: str = "numpy PCG64"


def visual_grading(
    control: Floats, arm: Floats, samples: int = 2000, seed: int = 0, alpha: float = 0.05
) -> VisualGrading:
    """Compare ratings [reader, case] of two arms; NaN where a reader did not rate.

    Readers and cases are drawn anew together, and a drawn case brings both of its arms, so that
    the pairing stays. A single reader is kept as is: the interval then holds for that reader.

    Raises
    ------
    NoAnalysis : a reader has no ratings of one arm, or there are fewer than two cases.

    Source: Bath and Mansson 2007, Br J Radiol 80:169; the resampling as in Bath and Hansson 2016,
    Radiat Prot Dosim 169:54. Hansson et al. 2021 (rpd/ncab066) found such paired intervals narrow:
    a secondary figure.
    """
    readers, cases = control.shape
    if cases < 2 or (~np.isnan(control)).sum(axis=1).min() < 1 or np.isnan(arm).all(axis=1).any():
        raise NoAnalysis(
            "Visual grading needs two cases, and ratings of both arms by every reader."
        )
    values = np.stack([control, arm])
    scale = np.unique(values[~np.isnan(values)])
    counted = (values[..., None] == scale).astype(np.float64)
    shares = counted.sum(axis=2)
    by_reader = _areas(shares)
    rng = np.random.Generator(np.random.PCG64(seed))
    drawn = rng.multinomial(cases, np.full(cases, 1 / cases), samples).astype(np.float64)
    sampled = _areas(np.einsum("arck,sc->sark", counted, drawn, optimize=True).swapaxes(0, 1))
    weights = rng.multinomial(readers, np.full(readers, 1 / readers), samples)
    weights = weights * ~np.isnan(sampled)
    totals = weights.sum(axis=1)
    means = (weights * np.nan_to_num(sampled)).sum(axis=1)[totals > 0] / totals[totals > 0]
    low, high = np.quantile(means, [alpha / 2, 1 - alpha / 2])
    return VisualGrading(
        float(by_reader.mean()),
        (float(low), float(high)),
        tuple(map(float, by_reader)),
        _points(shares.sum(axis=1)),
        samples,
        seed,
    )


def _areas(counts: Floats) -> Floats:
    """Return Mann-Whitney areas from counts [arm, ..., category]; NaN where an arm is empty."""
    control, arm = counts
    below = np.cumsum(control, axis=-1) - control / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        areas: Floats = (arm * below).sum(axis=-1) / (arm.sum(axis=-1) * control.sum(axis=-1))
    return areas


def _points(counts: Floats) -> tuple[tuple[float, float], ...]:
    above = np.cumsum(counts[:, ::-1], axis=1) / counts.sum(axis=1, keepdims=True)
    return ((0.0, 0.0), *((float(one), float(two)) for one, two in above.T))
