"""What a reader is shown, one after the other: values that allocation makes and sessions run."""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Trial:
    """One showing of a case to a reader.

    `id` is unique in the study and says nothing of the arms. `shown` are the arms' codes in the
    order of the positions on the screen (A, B, ...): two for a pair, one otherwise. `number`
    counts from 1 within the reader's whole list, `period` from 1; `block` counts from 1.
    `repeat` is above 0 for a case shown again; a training trial is never analysed.
    """

    id: str
    reader: str
    number: int
    case: str
    shown: tuple[str, ...]
    period: int = 1
    block: int = 1
    sequence: str = ""
    repeat: int = 0
    is_training: bool = False


@dataclass(frozen=True, slots=True)
class Allocation:
    """The full list of trials of every reader in the order of reading, made once at lock."""

    algorithm: str
    seed: str
    trials: tuple[Trial, ...]

    def of_reader(self, reader: str) -> tuple[Trial, ...]:
        """Return the trials of one reader in their order."""
        return tuple(trial for trial in self.trials if trial.reader == reader)


class StudyState(Enum):
    """Where a study stands."""

    DRAFT = "draft"
    LOCKED = "locked"
    OPEN = "open"
    CLOSED = "closed"
    UNBLINDED = "unblinded"
    ARCHIVED = "archived"


class SessionState(Enum):
    """Where a reader stands."""

    INVITED = "invited"
    CONSENTED = "consented"
    DISPLAY_OK = "display ok"
    TRAINING = "training"
    READING = "reading"
    PAUSED = "paused"
    SIGNED = "signed"


class TrialState(Enum):
    """Where a trial stands."""

    PENDING = "pending"
    LOADING = "loading"
    SHOWN = "shown"
    ANSWERED = "answered"
    COMMITTED = "committed"
    SKIPPED = "skipped"
    FLAGGED = "flagged"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class MarkPlaced:
    """A lesion mark: LPS millimetres, or (frame, column, row) where there is no patient geometry.

    `half_axes_mm` is empty for a point.
    """

    id: str
    point_mm: tuple[float, float, float]
    confidence: float
    half_axes_mm: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader answered: a number, several, text, or marks; `is_empty` for "no answer" said.

    `position` is the place on the screen it is about ("A", "B", or "" for the pair or a single
    image), never an arm.
    """

    question: str
    position: str = ""
    value: float | None = None
    values: tuple[float, ...] = ()
    text: str = ""
    marks: tuple[MarkPlaced, ...] = ()
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class ViewerNote:
    """How the images stood when an answer was given: per position, in words and numbers.

    `facts` are (name, value) pairs such as ("window", "40/400"), ("zoom", "1.5"),
    ("slices", "3-88").
    """

    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of monotonic time: reading, idle, unfocused or paused."""

    kind: str
    started_ns: int
    ended_ns: int
