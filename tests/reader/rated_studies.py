"""Readings of small simulated studies, for tests of the analysis."""

from dataclasses import replace

import numpy as np

from viewer.reader.readings import Rating, Readings

CUTS = (-2.0, -0.5, 1.0, 2.5)


def likert_study(
    effect: float = 1.5, readers: int = 5, cases: int = 20, seed: int = 1, criterion: str = "noise"
) -> Readings:
    """Return a crossover of arms O and E: two periods, half of the cases in each order.

    Cases have a vendor; ratings are 1 to 5; times are 20 s and a fifth shorter in E.
    """
    rng = np.random.default_rng(seed)
    by_reader, by_case = rng.normal(size=readers) * 0.6, rng.normal(size=cases)
    ratings = []
    for reader in range(readers):
        for place, case in enumerate(rng.permutation(cases)):
            for arm in ("O", "E"):
                is_late = (arm == "E") == (case % 2 == 0)
                height = effect * (arm == "E") + by_reader[reader] + by_case[case] + rng.logistic()
                ratings.append(
                    Rating(
                        reader=f"R{reader + 1}",
                        case=f"C{case + 1:02d}",
                        arm=arm,
                        criterion=criterion,
                        value=float(np.digitize(height, CUTS) + 1),
                        period=2 if is_late else 1,
                        position=place + 1,
                        seconds=float(20 * rng.lognormal(0, 0.2) * (0.8 if arm == "E" else 1)),
                        strata=(("vendor", "B" if case % 3 == 0 else "A"),),
                    )
                )
    return Readings(ratings=tuple(ratings), source="simulated")


def joined(*studies: Readings) -> Readings:
    """Return the ratings of several studies as those of one."""
    return Readings(ratings=tuple(one for study in studies for one in study.ratings))


def repeated(study: Readings) -> Readings:
    """Return a study with every rating given again, one point off in each fifth."""
    again = tuple(
        replace(one, repeat=1, value=min(one.value + (place % 5 == 0), 5.0))
        for place, one in enumerate(study.ratings)
    )
    return replace(study, ratings=study.ratings + again)
