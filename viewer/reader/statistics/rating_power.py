"""How many readers and cases find a shift of ratings: studies drawn from the mixed model."""

import math
from dataclasses import dataclass

import numpy as np

from viewer.core.errors import NoAnalysis, WrongUsage
from viewer.reader.statistics.cumulative_search import Column, Grouping
from viewer.reader.statistics.ordinal_mixed import MixedFit

ARM = "arm"
RANDOM_EFFECTS = ("reader", "case", "reader x arm")


@dataclass(frozen=True, slots=True)
class RatingPilot:
    """What is known of ratings: thresholds between categories, and deviations (all log odds).

    `reader` and `case` are deviations of how high readers and cases are rated, `reader_arm` of a
    reader's own height in each arm.
    """

    thresholds: tuple[float, ...]
    reader: float
    case: float
    reader_arm: float

    def __post_init__(self) -> None:
        """Refuse thresholds that do not ascend, and deviations below 0."""
        if list(self.thresholds) != sorted(set(self.thresholds)) or not self.thresholds:
            raise WrongUsage("Thresholds between categories must ascend.", "", "Order them.")
        if min(self.reader, self.case, self.reader_arm) < 0:
            raise WrongUsage("A standard deviation cannot be below 0.")


@dataclass(frozen=True, slots=True)
class DrawnStudy:
    """A drawn study in which every reader rates every case in both arms."""

    values: tuple[float, ...]
    arm: Column
    readers: tuple[str, ...]
    groupings: tuple[Grouping, Grouping, Grouping]


@dataclass(frozen=True, slots=True)
class RatingPower:
    """The share of drawn studies that find the shift, with Wilson's 95 % interval.

    `refused` of the `studies` had no fit, and count as not finding it.
    """

    readers: int
    cases: int
    power: float
    low: float
    high: float
    studies: int
    refused: int


def pilot_from(found: MixedFit) -> RatingPilot:
    """Return the pilot of a fitted model with the random effects reader, case and both."""
    known = {one.name: math.sqrt(one.variance) for one in found.random}
    reader, case, reader_arm = (known.get(name, 0.0) for name in RANDOM_EFFECTS)
    thresholds = tuple(one.estimate for one in found.thresholds)
    return RatingPilot(thresholds, reader, case, reader_arm)


def drawn_study(
    pilot: RatingPilot, log_odds: float, readers: int, cases: int, rng: np.random.Generator
) -> DrawnStudy:
    """Return a study drawn from the model, its arm shifted by `log_odds`."""
    reader = np.tile(np.repeat(np.arange(readers), cases), 2)
    case = np.tile(np.arange(cases), 2 * readers)
    arm = np.repeat([0, 1], readers * cases)
    height = log_odds * arm + pilot.reader * rng.normal(size=readers)[reader]
    height += pilot.case * rng.normal(size=cases)[case]
    height += pilot.reader_arm * rng.normal(size=(readers, 2))[reader, arm]
    height += rng.logistic(size=len(arm))
    owners = tuple(map(str, reader))
    both = tuple(f"{one} {two}" for one, two in zip(reader, arm, strict=True))
    return DrawnStudy(
        tuple(float(one) for one in np.digitize(height, pilot.thresholds)),
        Column(ARM, tuple(map(float, arm))),
        owners,
        (
            Grouping(RANDOM_EFFECTS[0], owners),
            Grouping(RANDOM_EFFECTS[1], tuple(map(str, case))),
            Grouping(RANDOM_EFFECTS[2], both),
        ),
    )


def wilson(found: int, count: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share.

    Source: Wilson 1927, J Am Stat Assoc 22:209.
    """
    if count <= 0:
        raise NoAnalysis("A share of nothing has no interval.")
    z = 1.959963984540054
    share, more = found / count, z * z / count
    centre = (share + more / 2) / (1 + more)
    half = z * math.sqrt(share * (1 - share) / count + more / (4 * count)) / (1 + more)
    return max(centre - half, 0.0), min(centre + half, 1.0)
