"""Ratings of one criterion as tables and as columns of a model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viewer.core.errors import InvalidReadings
from viewer.reader.readings import Rating
from viewer.reader.statistics.cumulative_search import Column, Grouping

Floats = npt.NDArray[np.float64]

READER_ARM = "reader x arm"
"""The name of the random intercept of a reader in an arm."""


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return each name once, in the order of first appearance."""
    return tuple(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class RatingTable:
    """First ratings (no repeats) of one criterion; at most one per reader, case and arm."""

    criterion: str
    ratings: tuple[Rating, ...]

    @classmethod
    def of(cls, ratings: Sequence[Rating], criterion: str) -> "RatingTable":
        """Return the table of a criterion.

        Raises
        ------
        InvalidReadings : a reader rated a case twice in one arm without calling it a repeat.
        """
        kept = tuple(one for one in ratings if one.criterion == criterion and one.repeat == 0)
        seen: set[tuple[str, str, str]] = set()
        for one in kept:
            place = (one.reader, one.case, one.arm)
            if place in seen:
                raise InvalidReadings(
                    f"Reader {one.reader} rated '{criterion}' of case {one.case} twice in arm"
                    f" {one.arm or '(none)'}.",
                    "It is not known which of the two counts.",
                    "Number repeated readings, or leave one out.",
                )
            seen.add(place)
        return cls(criterion, kept)

    @property
    def readers(self) -> tuple[str, ...]:
        """Return the readers in the order of the source."""
        return in_order(one.reader for one in self.ratings)

    @property
    def cases(self) -> tuple[str, ...]:
        """Return the cases in the order of the source."""
        return in_order(one.case for one in self.ratings)

    @property
    def arms(self) -> tuple[str, ...]:
        """Return the arms in the order of the source."""
        return in_order(one.arm for one in self.ratings)

    @property
    def values(self) -> tuple[float, ...]:
        """Return the ratings' numbers."""
        return tuple(one.value for one in self.ratings)

    def of_arms(self, arms: Sequence[str]) -> "RatingTable":
        """Return the ratings of these arms alone."""
        return RatingTable(self.criterion, tuple(one for one in self.ratings if one.arm in arms))

    def of_reader(self, reader: str) -> "RatingTable":
        """Return the ratings of one reader alone."""
        return RatingTable(
            self.criterion, tuple(one for one in self.ratings if one.reader == reader)
        )

    def matrix(self, arm: str, readers: Sequence[str], cases: Sequence[str]) -> Floats:
        """Return an arm's ratings [reader, case]; NaN where there is none."""
        rows = {name: place for place, name in enumerate(readers)}
        places = {name: place for place, name in enumerate(cases)}
        found = np.full((len(rows), len(places)), np.nan)
        for one in self.ratings:
            if one.arm == arm:
                found[rows[one.reader], places[one.case]] = one.value
        return found

    def groupings(self) -> tuple[Grouping, ...]:
        """Return the random intercepts: reader, case, and reader in an arm.

        The last lets readers differ in how an arm affects them, without which intervals hold for
        these readers only; it needs two readers and two arms.
        """
        reader = Grouping("reader", tuple(one.reader for one in self.ratings))
        case = Grouping("case", tuple(one.case for one in self.ratings))
        both = Grouping(READER_ARM, tuple(f"{one.reader}\n{one.arm}" for one in self.ratings))
        is_crossed = len(self.readers) > 1 and len(self.arms) > 1
        return (reader, case, both) if is_crossed else (reader, case)


def arm_column(ratings: Sequence[Rating], arm: str) -> Column:
    """Return 1 where a rating is of `arm`, else 0."""
    return Column(arm, tuple(float(one.arm == arm) for one in ratings))


def order_columns(ratings: Sequence[Rating]) -> tuple[Column, ...]:
    """Return indicators of periods and sequences after the first, where they are known."""
    periods = sorted({one.period for one in ratings if one.period})
    sequences = in_order(one.sequence for one in ratings if one.sequence)
    return tuple(
        Column(f"period {period}", tuple(float(one.period == period) for one in ratings))
        for period in periods[1:]
    ) + tuple(
        Column(f"sequence {name}", tuple(float(one.sequence == name) for one in ratings))
        for name in sequences[1:]
    )


def separable(
    columns: Sequence[Column], others: Sequence[Column]
) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """Return `columns` with those of `others` that are not made of them, and the names left out."""
    kept, left = list(columns), []
    for column in others:
        whole = np.column_stack([np.ones(len(column.values)), *(one.values for one in kept)])
        more = np.column_stack([whole, column.values])
        if np.linalg.matrix_rank(more) > np.linalg.matrix_rank(whole):
            kept.append(column)
        else:
            left.append(column.name)
    return tuple(kept), tuple(left)
