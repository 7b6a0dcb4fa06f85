"""From the record of an unblinded study to the readings that are analysed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import dist
from pathlib import Path

from viewer.core.errors import SealedStudy
from viewer.reader.chain import Event, Link
from viewer.reader.plain import from_plain
from viewer.reader.protocol import Arm, Case, Protocol, Question, QuestionKind
from viewer.reader.readings import GUESS, CaseTruth, MarkRating, Rating, Readings
from viewer.reader.sitting import Guess, Sitting, TrialStanding, positions_of
from viewer.reader.standing import Standing, event_within
from viewer.reader.states import READ, Kind
from viewer.reader.trials import Allocation, Answer, MarkPlaced, Trial
from viewer.reader.verify import looked_at

_OF_PAIR = frozenset(
    {QuestionKind.PREFERENCE, QuestionKind.EQUIVALENCE, QuestionKind.FORCED_CHOICE}
)


def readings(
    path: Path, allocation: Allocation | None = None, protocol: Protocol | None = None
) -> Readings:
    """Return what was read, with the arms joined in.

    Parameters
    ----------
    path : the study file.
    allocation : as it was unsealed; by default what the unblinding wrote down.
    protocol : with arms, truth and strata; by default what the unblinding wrote down, too.

    A preference is signed in favour of the arm that comes later in the protocol (the control is
    named first): the scale runs from position A to position B. A mark hits the nearest lesion
    whose centre is within the protocol's radius, or the lesion's own where that is 0.

    Raises
    ------
    SealedStudy : the study was not unblinded.
    """
    standing, links = _unblinded(path)
    told = standing.unblinded.data if standing.unblinded else {}
    allocation = allocation or from_plain(Allocation, told["allocation"])
    if protocol is None and told["protocol"] is not None:
        protocol = from_plain(Protocol, told["protocol"])
    arms = protocol.arms if protocol else tuple(from_plain(Arm, arm) for arm in told["arms"])
    join = _Join(protocol or standing.locked.protocol, allocation, arms, _seconds(links))
    return join.readings(standing, f"{path.name}, protocol {standing.locked.protocol_id[:12]}")


def _unblinded(path: Path) -> tuple[Standing, tuple[Link, ...]]:
    standing, links = looked_at(path)
    if standing.unblinded is None:
        raise SealedStudy(
            f"{path.name} is {standing.state.value}, and its arms are sealed.",
            "Readings can be joined with their arms once it was unblinded.",
            "Close it when all readers have signed, then: diptych study unblind.",
        )
    return standing, links


def unblinded_protocol(path: Path) -> Protocol | None:
    """Return the whole protocol that the unblinding wrote down, with arms, truth and strata.

    Raises
    ------
    SealedStudy : the study was not unblinded.
    """
    standing, _ = _unblinded(path)
    told = standing.unblinded.data["protocol"] if standing.unblinded else None
    return None if told is None else from_plain(Protocol, told)


def _seconds(links: Iterable[Link]) -> Mapping[str, float]:
    """Return the active seconds of each trial: its spans of reading, over all visits."""
    found: dict[str, float] = defaultdict(float)
    for event in map(own_event, links):
        for span in event.data.get("spans", ()):
            if span["kind"] == "reading":
                found[event.data["trial"]] += (span["ended_ns"] - span["started_ns"]) / 1e9
    return found


def own_event(link: Link) -> Event:
    """Return the event of a link, or that of another copy which it carries."""
    event = link.event
    return event_within(event) if event.kind == Kind.IMPORTED else event


class _Join:
    """What joins trials, which know positions, with the allocation, which knows arms."""

    def __init__(
        self,
        protocol: Protocol,
        allocation: Allocation,
        arms: tuple[Arm, ...],
        seconds: Mapping[str, float],
    ) -> None:
        self.protocol, self.seconds = protocol, seconds
        self.shown = {trial.id: trial.shown for trial in allocation.trials}
        self.sequences = {trial.id: trial.sequence for trial in allocation.trials}
        self.cases = {case.id: case for case in protocol.cases}
        self.questions = {question.id: question for question in protocol.questions}
        self.is_processed = {arm.code: bool(arm.method) for arm in arms}
        codes = [arm.code for arm in arms]
        codes += sorted({code for shown in self.shown.values() for code in shown} - set(codes))
        self.order = {code: place for place, code in enumerate(codes)}

    def readings(self, standing: Standing, source: str) -> Readings:
        """Return the readings of all readers in the order of the protocol."""
        ratings: list[Rating] = []
        marks: list[MarkRating] = []
        looked: list[tuple[str, str, str]] = []
        unread: list[tuple[str, str, str]] = []
        for sitting in standing.sittings.values():
            for trial in sitting.trials:
                if trial.is_training:
                    continue
                stand = sitting.standing(trial.id)
                if stand.state not in READ:
                    unread += [(trial.reader, trial.case, arm) for arm in self.shown[trial.id]]
                    continue
                ratings += self._ratings(trial, stand)
                marks += self._marks(trial, stand)
                looked += self._looked(trial)
            ratings += self._guesses(sitting)
        return Readings(
            tuple(ratings),
            tuple(marks),
            tuple(looked),
            tuple(truth_of(case) for case in self.protocol.trial_cases if case.truth),
            source,
            tuple(unread),
        )

    def _arm(self, trial: Trial, position: str) -> str:
        """Return the arm at a position; that of a single image, and "" for a pair as a whole."""
        shown = self.shown[trial.id]
        if position:
            return shown[positions_of(trial).index(position)]
        return shown[0] if len(shown) == 1 else ""

    def _rating(self, trial: Trial, arm: str, criterion: str, value: float) -> Rating:
        case = self.cases[trial.case]
        return Rating(
            trial.reader,
            trial.case,
            arm,
            criterion,
            value,
            trial.period,
            trial.number,
            self.sequences[trial.id],
            trial.repeat,
            self.seconds.get(trial.id),
            case.strata,
        )

    def _ratings(self, trial: Trial, stand: TrialStanding) -> Iterable[Rating]:
        for answer in stand.answers:
            question = self.questions[answer.question]
            if answer.is_empty:
                continue
            if question.kind is QuestionKind.CHOICES:
                yield from self._chosen(trial, question, answer)
            elif answer.value is None:
                continue
            elif question.kind in _OF_PAIR and not answer.position and len(trial.shown) == 2:
                yield self._favour(trial, question, answer.value)
            else:
                arm = self._arm(trial, answer.position)
                yield self._rating(trial, arm, question.id, answer.value)

    def _chosen(self, trial: Trial, question: Question, answer: Answer) -> Iterable[Rating]:
        """Yield 1 for each choice that was ticked and 0 for each other one."""
        arm = self._arm(trial, answer.position)
        for choice in question.choices:
            told = float(choice.value in answer.values)
            yield self._rating(trial, arm, f"{question.id}: {choice.text}", told)

    def _favour(self, trial: Trial, question: Question, value: float) -> Rating:
        """Return how far a comparison favours the later arm; a forced choice is 1 or -1."""
        left, right = self.shown[trial.id]
        middle = (question.choices[0].value + question.choices[-1].value) / 2
        for_right = value - middle
        if question.kind is QuestionKind.FORCED_CHOICE:
            for_right = 1.0 if for_right > 0 else -1.0
        arm = max(left, right, key=lambda code: self.order[code])
        return self._rating(trial, arm, question.id, for_right if arm == right else -for_right)

    def _marks(self, trial: Trial, stand: TrialStanding) -> Iterable[MarkRating]:
        radius_mm = self.protocol.analysis.hit_radius_mm
        for answer in stand.answers:
            if self.questions[answer.question].kind is not QuestionKind.MARKS:
                continue
            arm = self._arm(trial, answer.position)
            for mark in answer.marks:
                lesion = hit_of(mark, self.cases[trial.case], radius_mm)
                yield MarkRating(
                    trial.reader, trial.case, arm, lesion, mark.confidence, mark.point_mm
                )

    def _looked(self, trial: Trial) -> Iterable[tuple[str, str, str]]:
        if any(question.kind is QuestionKind.MARKS for question in self.questions.values()):
            for arm in self.shown[trial.id]:
                yield (trial.reader, trial.case, arm)

    def _guesses(self, sitting: Sitting) -> Iterable[Rating]:
        """Yield, for each arm that was seen, what the reader took it for."""
        for guess in sitting.guesses:
            trial = sitting.trial(guess.trial)
            if trial.is_training:
                continue
            for position, arm in zip(positions_of(trial), self.shown[trial.id], strict=True):
                if arm in self.is_processed:
                    yield self._rating(trial, arm, GUESS, self._said(guess, position))

    def _said(self, guess: Guess, position: str) -> float:
        if not guess.position:
            return 0.0
        return 1.0 if guess.position == position else -1.0


def hit_of(mark: MarkPlaced, case: Case, radius_mm: float) -> str:
    """Return the id of the nearest lesion that a mark hits, "" for none."""
    near = [
        (dist(mark.point_mm, lesion.centre_mm), lesion.id)
        for lesion in case.lesions
        if dist(mark.point_mm, lesion.centre_mm) <= (radius_mm or lesion.radius_mm)
    ]
    return min(near)[1] if near else ""


def truth_of(case: Case) -> CaseTruth:
    """Return what is known of a case, with weights that sum to 1."""
    total = sum(lesion.weight for lesion in case.lesions)
    lesions = tuple((lesion.id, lesion.weight / total) for lesion in case.lesions)
    return CaseTruth(case.id, case.truth == "abnormal", lesions)
