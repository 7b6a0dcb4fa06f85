"""Reading times from ratings: each image is read once, whatever number of questions it had."""

from collections.abc import Sequence

from viewer.core.errors import NoAnalysis
from viewer.reader.comparison import attempted
from viewer.reader.ordinal_results import ReaderDrift, TimeResult
from viewer.reader.rating_table import arm_column, in_order, order_columns, separable
from viewer.reader.readings import Rating
from viewer.reader.statistics.cumulative_search import Column, Grouping
from viewer.reader.statistics.times import TimeFit, drift, fit_times

POSITIONS = 100.0
"""The effect of position is stated per so many readings."""


def analyse_times(ratings: Sequence[Rating], control: str, alpha: float) -> TimeResult:
    """Return the mixed model of reading times and the drift of each reader's times.

    Where both arms of a case were on the screen at once, they share one time: it then counts
    once and has no effect of the arm.
    """
    timed = [one for one in ratings if one.repeat == 0 and one.seconds is not None]
    known = [one for one in timed if one.seconds is not None and one.seconds > 0]
    cautions = []
    if len(known) < len(timed):
        cautions.append(f"{len(timed) - len(known)} times of zero are left out.")
    single, is_together = _readings(known)
    if is_together:
        cautions.append("Both arms were read at once, so time has no effect of the arm.")
    arms = [arm for arm in in_order(one.arm for one in single) if arm != control]
    refusals: list[str] = []
    fitted = attempted(
        "Reading times",
        lambda: _fit(single, [] if is_together else arms, alpha, cautions),
        refusals,
    )
    return TimeResult(fitted, reader_drift(single, of_time=True), tuple(cautions), tuple(refusals))


def reader_drift(ratings: Sequence[Rating], *, of_time: bool) -> tuple[ReaderDrift, ...]:
    """Return Kendall's tau of rating or time with the place in the list, per reader."""
    found = []
    for reader in in_order(one.reader for one in ratings if one.position):
        own = [one for one in ratings if one.reader == reader and one.position]
        order = {at: float(place) for place, at in enumerate(sorted({_at(one) for one in own}))}
        values = [(one.seconds or 0.0) if of_time else one.value for one in own]
        found.append(ReaderDrift(reader, drift(values, [order[_at(one)] for one in own])))
    return tuple(found)


def _at(rating: Rating) -> tuple[int, int]:
    return rating.period, rating.position


def _readings(ratings: Sequence[Rating]) -> tuple[tuple[Rating, ...], bool]:
    """Return one rating per reading, and whether the arms of a case share their readings."""
    by_arm: dict[object, Rating] = {}
    by_trial: dict[object, Rating] = {}
    for one in ratings:
        by_arm.setdefault((one.reader, one.case, one.arm), one)
        by_trial.setdefault((one.reader, one.case, _at(one), one.seconds), one)
    arms = len({one.arm for one in ratings})
    if arms > 1 and len(by_trial) * arms == len(by_arm):
        return tuple(by_trial.values()), True
    return tuple(by_arm.values()), False


def _fit(
    ratings: Sequence[Rating], arms: Sequence[str], alpha: float, cautions: list[str]
) -> TimeFit:
    if not ratings:
        raise NoAnalysis("None were recorded.")
    columns = [arm_column(ratings, arm) for arm in arms]
    columns += order_columns(ratings)
    if len({one.position for one in ratings}) > 1:
        places = tuple(one.position / POSITIONS for one in ratings)
        columns.append(Column(f"position per {POSITIONS:g}", places))
    kept, left = separable([], columns)
    cautions += [
        f"The effect of {name} on time cannot be told from others: left out." for name in left
    ]
    groupings = (
        Grouping("reader", tuple(one.reader for one in ratings)),
        Grouping("case", tuple(one.case for one in ratings)),
    )
    return fit_times([one.seconds or 0.0 for one in ratings], kept, groupings, alpha)
