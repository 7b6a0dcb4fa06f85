"""The power of a study of ratings, by the very test that its analysis makes."""

import numpy as np

from viewer.core.errors import NoAnalysis
from viewer.reader.comparison import arm_effect
from viewer.reader.statistics.ordinal_mixed import fit
from viewer.reader.statistics.rating_power import (
    ARM,
    DrawnStudy,
    RatingPilot,
    RatingPower,
    drawn_study,
    wilson,
)
from viewer.reader.statistics.reader_spread import reader_spread

SEED = 20150511


def rating_power(
    pilot: RatingPilot,
    log_odds: float,
    readers: int,
    cases: int,
    studies: int,
    alpha: float = 0.05,
    seed: int = SEED,
) -> RatingPower:
    """Return how often drawn studies find a shift, in its direction (numpy's PCG64)."""
    rng = np.random.default_rng([seed, readers, cases])
    found = refused = 0
    for _ in range(studies):
        study = drawn_study(pilot, log_odds, readers, cases, rng)
        try:
            found += _is_found(study, log_odds, readers, alpha)
        except NoAnalysis:
            refused += 1
    low, high = wilson(found, studies)
    return RatingPower(readers, cases, found / studies, low, high, studies, refused)


def _is_found(study: DrawnStudy, log_odds: float, readers: int, alpha: float) -> bool:
    fitted = fit(study.values, [study.arm], study.groupings, alpha=alpha)
    try:
        spread = reader_spread(study.values, study.arm, study.readers, study.groupings[:2])
    except NoAnalysis:
        spread = None
    effect = arm_effect(fitted, ARM, readers, alpha, spread)
    return effect.p < alpha and effect.log_odds * log_odds > 0
