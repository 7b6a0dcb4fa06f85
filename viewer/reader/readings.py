"""What readers said, as plain values: the one input of every analysis, whoever recorded it."""

from dataclasses import dataclass

GUESS = "blinding_guess"
"""The criterion of the guess at the end: 1 said that the arm is AI-processed, -1 that it is the
original, 0 could not tell."""


@dataclass(frozen=True, slots=True)
class Rating:
    """One answer that is a number: a Likert point, a confidence, a preference, a choice's place.

    `arm` is the arm rated ("" for an answer about a pair); `criterion` the question's id;
    `value` the number (for a preference, positive in favour of `arm`). `period` and `position`
    count from 1 (0: not known); `sequence` names the order of the arms that the reader was
    given ("" not known); `repeat` counts from 0, above 0 for a case shown again; `seconds` is
    the active reading time (None: not known). `strata` are (name, value) pairs of the case,
    such as ("vendor", "A").
    """

    reader: str
    case: str
    arm: str
    criterion: str
    value: float
    period: int = 0
    position: int = 0
    sequence: str = ""
    repeat: int = 0
    seconds: float | None = None
    strata: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MarkRating:
    """A mark with its confidence; `lesion` is the id of the lesion it hit, "" for none of them."""

    reader: str
    case: str
    arm: str
    lesion: str
    confidence: float
    point_mm: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class CaseTruth:
    """What is known of a case: (lesion id, weight) of each lesion; weights of a case sum to 1.

    `is_abnormal` without lesions is the truth of ROC data, where no place is known.
    """

    case: str
    is_abnormal: bool
    lesions: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Readings:
    """Everything an analysis looks at; readers, arms and cases keep the order of the source.

    `source` says where they came from, for the report. `unread` are (reader, case, arm) that
    the design asked for and nobody read. A case read without any mark (FROC) stands in `looked`
    like every other (reader, case, arm) that was read for marks.
    """

    ratings: tuple[Rating, ...] = ()
    marks: tuple[MarkRating, ...] = ()
    looked: tuple[tuple[str, str, str], ...] = ()
    truth: tuple[CaseTruth, ...] = ()
    source: str = ""
    unread: tuple[tuple[str, str, str], ...] = ()
