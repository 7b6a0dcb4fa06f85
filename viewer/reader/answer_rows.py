"""Every answer of a study as a row, with when, how long and which revision: for exports."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from viewer.core.errors import SealedStudy
from viewer.reader.chain import Event, Link
from viewer.reader.plain import from_plain
from viewer.reader.protocol import Question
from viewer.reader.sitting import positions_of
from viewer.reader.standing import Standing
from viewer.reader.states import Kind
from viewer.reader.trials import Allocation, Answer, StudyState, Trial, TrialState
from viewer.reader.unblinding import own_event
from viewer.reader.verify import looked_at

_SHOWABLE = frozenset({StudyState.CLOSED, StudyState.UNBLINDED, StudyState.ARCHIVED})


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One revision of an answer.

    `session` counts the reader's sign-ins from 1; `arm` is "" for a pair as a whole, and
    everywhere before unblinding; `side` is the position on the screen; `label` are the words of
    the points that were chosen. `ms` is the time of reading since the trial was first shown, by
    the monotonic clock and without idle, unfocused and paused time. `state` is where the trial
    stands at the end, `is_current` false for an answer that was replaced.
    """

    reader: str
    session: int
    period: int
    sequence: str
    number: int
    trial: str
    repeat: int
    case: str
    arm: str
    side: str
    question: str
    answer: Answer
    label: str
    answered_utc: str
    ms: int
    revision: int
    is_current: bool
    is_interrupted: bool
    state: TrialState


@dataclass
class _Count:
    """What is counted on the way through the log."""

    sessions: Counter[str] = field(default_factory=Counter)
    read_ns: Counter[str] = field(default_factory=Counter)


def answer_rows(path: Path, allocation: Allocation | None = None) -> tuple[AnswerRow, ...]:
    """Return every revision of every answer outside training, in the order of the log.

    Raises
    ------
    SealedStudy : the study is still read; answers are nobody's business until it is closed.
    """
    standing, links = looked_at(path)
    if standing.state not in _SHOWABLE:
        raise SealedStudy(
            f"{path.name} is {standing.state.value}.",
            "Answers leave a study when reading has ended.",
            "Close it first: diptych study close.",
        )
    shown: Mapping[str, tuple[str, ...]] = {}
    if standing.unblinded is not None:
        told = allocation or from_plain(Allocation, standing.unblinded.data["allocation"])
        shown = {trial.id: trial.shown for trial in told.trials}
    return tuple(_rows(standing, links, shown))


def _rows(
    standing: Standing, links: Iterable[Link], shown: Mapping[str, tuple[str, ...]]
) -> Iterator[AnswerRow]:
    trials = {trial.id: trial for trial in standing.locked.trials}
    count = _Count()
    for seq, event in enumerate(map(own_event, links), start=1):
        if event.kind == Kind.SIGNED_IN:
            count.sessions[event.actor] += 1
        for span in event.data.get("spans", ()):
            if span["kind"] == "reading":
                count.read_ns[event.data["trial"]] += span["ended_ns"] - span["started_ns"]
        if event.kind == Kind.ANSWERED and not trials[event.data["trial"]].is_training:
            trial = trials[event.data["trial"]]
            yield _row(standing, trial, shown.get(trial.id, ()), event, seq, count)


def _row(
    standing: Standing,
    trial: Trial,
    shown: tuple[str, ...],
    event: Event,
    seq: int,
    count: _Count,
) -> AnswerRow:
    answer = from_plain(Answer, event.data["answer"])
    stand = standing.sittings[trial.reader].standing(trial.id)
    question = next(q for q in standing.locked.protocol.questions if q.id == answer.question)
    return AnswerRow(
        trial.reader,
        count.sessions[trial.reader],
        trial.period,
        trial.sequence,
        trial.number,
        trial.id,
        trial.repeat,
        trial.case,
        _arm(shown, positions_of(trial), answer.position),
        answer.position,
        answer.question,
        answer,
        label_of(question, answer),
        event.utc,
        round(count.read_ns[trial.id] / 1e6),
        int(event.data["revision"]),
        stand.given[(answer.question, answer.position)].seq == seq,
        stand.interruptions > 0,
        stand.state,
    )


def _arm(shown: tuple[str, ...], positions: tuple[str, ...], position: str) -> str:
    if shown and position:
        return shown[positions.index(position)]
    return shown[0] if len(shown) == 1 else ""


def label_of(question: Question, answer: Answer) -> str:
    """Return the words beside the points that were chosen, "" where there are none."""
    values = (answer.value, *answer.values) if answer.value is not None else answer.values
    return "; ".join(choice.text for choice in question.choices if choice.value in values)
