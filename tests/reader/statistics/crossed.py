"""Ratings of crossed readers and cases, made without a random generator or with a seeded one."""

import numpy as np

from viewer.reader.statistics.cumulative_search import Column, Grouping

CUTS = (-1.5, -0.4, 0.6, 1.6)

# Randall 1989, the ratings of 72 glasses of wine: judge after judge, bottle 1 to 8.
WINE = tuple(
    int(digit)
    for digit in "233444551213235423325544323232532343333332322454112223232223333412323244"
)
TEMPERATURE = Column("temp", tuple([0.0] * 4 + [1.0] * 4) * 9)
CONTACT = Column("contact", (0.0, 0.0, 1.0, 1.0) * 18)
JUDGE = Grouping("judge", tuple(str(place // 8) for place in range(72)))
BOTTLE = Grouping("bottle", tuple(str(place % 8) for place in range(72)))


def waves() -> tuple[list[int], Column, tuple[Grouping, Grouping]]:
    """Return 100 ratings of 5 readers, 10 cases and 2 arms from sines, as R makes them, too."""
    rows = [(r, c, a) for r in range(5) for c in range(10) for a in range(2)]
    reader, case, arm = (np.array(one, float) for one in zip(*rows, strict=True))
    height = 0.9 * arm + 1.1 * np.sin(1.7 * reader) + 1.3 * np.sin(2.3 * case + 0.5)
    height += 1.9 * np.sin(12.9898 * reader + 78.233 * case + 37.719 * arm)
    groups = (
        Grouping("reader", tuple(f"{one:g}" for one in reader)),
        Grouping("case", tuple(f"{one:g}" for one in case)),
    )
    return list(np.digitize(height, CUTS)), Column("arm", tuple(arm)), groups


def choices(noise: float) -> tuple[list[float], Grouping, Grouping]:
    """Return 60 choices (0 or 1) of 5 readers between pairs of 12 cases, from sines as R makes."""
    case, reader = (one.ravel() for one in np.meshgrid(np.arange(12.0), np.arange(5.0)))
    height = 0.6 + 1.2 * np.sin(1.7 * reader) + 1.4 * np.sin(2.3 * case + 0.5)
    height += noise * np.sin(12.9898 * reader + 78.233 * case)
    return (
        [float(one > 0) for one in height],
        Grouping("reader", tuple(f"{one:g}" for one in reader)),
        Grouping("case", tuple(f"{one:g}" for one in case)),
    )


def drawn(
    rng: np.random.Generator, readers: int, cases: int, effect: float, reader_arm: float = 0.0
) -> tuple[list[int], Column, tuple[Grouping, Grouping, Grouping]]:
    """Return ratings drawn from the model: every reader rates every case in both arms.

    `effect` is the arm's log odds; deviations are 0.7 (reader), 1.0 (case) and `reader_arm`.
    """
    reader = np.tile(np.repeat(np.arange(readers), cases), 2)
    case = np.tile(np.arange(cases), 2 * readers)
    arm = np.repeat([0, 1], readers * cases)
    height = effect * arm + 0.7 * rng.normal(size=readers)[reader] + rng.normal(size=cases)[case]
    height += reader_arm * rng.normal(size=(readers, 2))[reader, arm]
    height += rng.logistic(size=len(arm))
    groups = (
        Grouping("reader", tuple(map(str, reader))),
        Grouping("case", tuple(map(str, case))),
        Grouping(
            "reader x arm", tuple(f"{one} {two}" for one, two in zip(reader, arm, strict=True))
        ),
    )
    return (
        list(np.digitize(height, (-2.0, -0.5, 1.0, 2.5))),
        Column("arm", tuple(map(float, arm))),
        groups,
    )
