"""Questions about a pair: which image is preferred, and how strongly."""

from collections.abc import Sequence
from dataclasses import replace

from viewer.core.errors import NoAnalysis
from viewer.reader.comparison import attempted
from viewer.reader.ordinal_results import PreferenceResult, ReaderPreference
from viewer.reader.rating_table import RatingTable, in_order
from viewer.reader.readings import Rating
from viewer.reader.statistics.ordinal_mixed import Coefficient, fit
from viewer.reader.statistics.paired import discrimination, preferences


def prefer(
    table: RatingTable, arm: str, control: str, *, is_forced: bool, alpha: float
) -> PreferenceResult:
    """Return how often `arm` was preferred to `control`, by reader and over all.

    Ratings stand in favour of their own arm; those of the control are turned. `is_forced` adds
    d' of the choice per reader.
    """
    turned = tuple(
        replace(one, value=-one.value) if one.arm == control else one for one in table.ratings
    )
    refusals: list[str] = []
    cautions: list[str] = []
    odds = attempted("Mixed model", lambda: _odds(turned, alpha, cautions), refusals)
    return PreferenceResult(
        table.criterion,
        arm,
        control,
        tuple(
            _of_reader(
                reader,
                [one.value for one in turned if one.reader == reader],
                is_forced=is_forced,
                alpha=alpha,
            )
            for reader in table.readers
        ),
        odds,
        tuple(cautions),
        tuple(refusals),
    )


def _of_reader(
    reader: str, values: Sequence[float], *, is_forced: bool, alpha: float
) -> ReaderPreference:
    found = preferences(values, alpha)
    chosen = sum(value > 0 for value in values)
    sensitivity = discrimination(chosen, len(values), alpha) if is_forced else None
    return ReaderPreference(reader, found, sensitivity)


def _odds(ratings: Sequence[Rating], alpha: float, cautions: list[str]) -> Coefficient:
    """Return the odds of preferring the arm: a logistic mixed model of the sign alone."""
    sided = RatingTable("", tuple(one for one in ratings if one.value != 0))
    if len(in_order(one.reader for one in sided.ratings)) < 2:
        raise NoAnalysis("Preference over readers needs two readers who prefer either image.")
    signs = [float(one.value > 0) for one in sided.ratings]
    if len(set(signs)) < 2:
        raise NoAnalysis("All readers prefer the same arm always, so no finite odds exist.")
    found = fit(signs, [], sided.groupings(), alpha=alpha)
    cautions += found.cautions
    one = found.thresholds[0]
    low, high = one.interval
    return Coefficient(
        "preference", -one.estimate, one.se, -one.z, one.p, 1 / one.odds_ratio, (1 / high, 1 / low)
    )
