"""Where one reader stands: a value that each event of the log replaces by the next one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from viewer.core.errors import IllegalTransition
from viewer.reader.asked import Place, check_answer, check_change, missing
from viewer.reader.chain import Event
from viewer.reader.plain import from_plain
from viewer.reader.protocol import EditPolicy, Protocol
from viewer.reader.states import (
    FINISHED,
    OPEN_TRIAL,
    READING_MOVES,
    REVIEW_MOVES,
    SESSION_MOVES,
    TRAINING_MOVES,
    TRIAL_MOVES,
    Kind,
    moved,
)
from viewer.reader.trials import Answer, SessionState, Trial, TrialState


@dataclass(frozen=True, slots=True)
class Given:
    """A current answer, the event that stored it and how often it was given (from 1)."""

    answer: Answer
    seq: int
    revision: int


@dataclass(frozen=True, slots=True)
class TrialStanding:
    """Where a trial stands; `reservations` are the reasons why it was flagged."""

    state: TrialState = TrialState.PENDING
    given: Mapping[Place, Given] = field(default_factory=dict)
    reservations: tuple[str, ...] = ()
    interruptions: int = 0

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The current answers in the order in which they were first given."""
        return tuple(given.answer for given in self.given.values())


_PENDING = TrialStanding()


@dataclass(frozen=True, slots=True)
class Guess:
    """Which position of a trial the reader took for AI-processed; "" for cannot tell."""

    trial: str
    position: str


@dataclass(frozen=True, slots=True)
class Sitting:
    """Where a reader stands.

    `trials` is the reader's list in its order, training first; `ended_utc` the latest time at
    which each period had a trial finished.
    """

    reader: str
    trials: tuple[Trial, ...]
    state: SessionState = SessionState.INVITED
    paused_from: SessionState = SessionState.READING
    standings: Mapping[str, TrialStanding] = field(default_factory=dict)
    guesses: tuple[Guess, ...] = ()
    interruptions: int = 0
    ended_utc: Mapping[int, str] = field(default_factory=dict)

    def standing(self, trial_id: str) -> TrialStanding:
        """Return where a trial stands."""
        return self.standings.get(trial_id, _PENDING)

    def trial(self, trial_id: str) -> Trial:
        """Return a trial of this reader; IllegalTransition where it is not one."""
        for trial in self.trials:
            if trial.id == trial_id:
                return trial
        raise IllegalTransition(f"{trial_id} is no trial of reader {self.reader}.")

    @property
    def next_trial(self) -> Trial | None:
        """The first trial that is not finished, None after the last one."""
        unfinished = (t for t in self.trials if self.standing(t.id).state not in FINISHED)
        return next(unfinished, None)

    @property
    def open_trial(self) -> Trial | None:
        """The trial that the reader is at, None between trials."""
        found = self.next_trial
        is_open = found is not None and self.standing(found.id).state in OPEN_TRIAL
        return found if is_open else None

    @property
    def counted(self) -> tuple[int, int]:
        """How many trials are finished, and of how many; training does not count."""
        trials = [trial for trial in self.trials if not trial.is_training]
        done = sum(self.standing(trial.id).state in FINISHED for trial in trials)
        return (done, len(trials))

    def opens_utc(self, trial: Trial, washout_days: int) -> datetime | None:
        """Return when the washout before a trial's period ends, None without one."""
        before = [utc for period, utc in self.ended_utc.items() if period < trial.period]
        if trial.period <= 1 or not before:
            return None
        return datetime.fromisoformat(max(before)) + timedelta(days=washout_days)


def positions_of(trial: Trial) -> tuple[str, ...]:
    """Return the places on the screen of a trial's images: A, B, ..."""
    return tuple(chr(ord("A") + place) for place in range(len(trial.shown)))


def after(sitting: Sitting, protocol: Protocol, event: Event) -> Sitting:
    """Return where a reader stands after an event.

    Raises
    ------
    IllegalTransition : the event is not allowed where the reader stands.
    """
    kind = Kind(event.kind)
    if kind not in _STEPS:
        return sitting
    return _STEPS[kind](sitting, protocol, event)


# ------------------------------------------------------------------------------ the session


def _consented(sitting: Sitting, _protocol: Protocol, event: Event) -> Sitting:
    return replace(sitting, state=_session(sitting, Kind(event.kind), "given consent"))


def _display_checked(sitting: Sitting, _protocol: Protocol, event: Event) -> Sitting:
    return replace(sitting, state=_session(sitting, Kind(event.kind), "display-checked"))


def _paused(sitting: Sitting, _protocol: Protocol, event: Event) -> Sitting:
    state = _session(sitting, Kind(event.kind), "paused")
    return replace(sitting, state=state, paused_from=sitting.state)


def _resumed(sitting: Sitting, _protocol: Protocol, _event: Event) -> Sitting:
    moves = {SessionState.PAUSED: sitting.paused_from}
    return replace(sitting, state=moved(moves, sitting.state, _name(sitting), "resumed"))


def _interrupted(sitting: Sitting, _protocol: Protocol, event: Event) -> Sitting:
    standing = sitting.standing(event.data["trial"])
    new = replace(standing, interruptions=standing.interruptions + 1)
    sitting = replace(sitting, interruptions=sitting.interruptions + 1)
    return _with(sitting, event.data["trial"], new)


def _guessed(sitting: Sitting, _protocol: Protocol, event: Event) -> Sitting:
    if sitting.next_trial is not None:
        raise IllegalTransition(
            "Which image was AI-processed is asked after the last trial only.",
            "A guess before that would colour the ratings.",
        )
    if sitting.state is SessionState.SIGNED:
        raise _already_signed(sitting)
    trial = sitting.trial(event.data["trial"])
    guess = Guess(trial.id, event.data["position"])
    if guess.position not in (*positions_of(trial), "none", ""):
        raise IllegalTransition(f"{guess.position!r} is no position of trial {trial.number}.")
    kept = tuple(other for other in sitting.guesses if other.trial != trial.id)
    return replace(sitting, guesses=(*kept, guess))


def _signed(sitting: Sitting, protocol: Protocol, event: Event) -> Sitting:
    state = _session(sitting, Kind(event.kind), "signed")
    done, total = sitting.counted
    if sitting.next_trial is not None:
        raise IllegalTransition(
            f"{done} of {total} trials are done.", "", "Finish the others before you sign."
        )
    if protocol.is_blinded and protocol.blinding.asks_guess and not sitting.guesses:
        raise IllegalTransition(
            "The protocol asks which images you took for AI-processed.",
            "",
            "Answer that before you sign.",
        )
    return replace(sitting, state=state)


def _session(sitting: Sitting, kind: Kind, deed: str) -> SessionState:
    return moved(SESSION_MOVES[kind], sitting.state, _name(sitting), deed)


def _name(sitting: Sitting) -> str:
    return f"Reader {sitting.reader}"


def _already_signed(sitting: Sitting) -> IllegalTransition:
    return IllegalTransition(
        f"Reader {sitting.reader} has signed.", "What was read is closed and cannot be changed."
    )


# ------------------------------------------------------------------------------ a trial


def _loading(sitting: Sitting, protocol: Protocol, event: Event) -> Sitting:
    trial = sitting.trial(event.data["trial"])
    if sitting.standing(trial.id).state not in FINISHED:
        _check_turn(sitting, protocol, trial, event)
    state = sitting.state
    if state is SessionState.CONSENTED and not protocol.display_check.is_required:
        state = SessionState.DISPLAY_OK
    is_review = trial.is_training and state is SessionState.READING
    if not is_review:
        moves = TRAINING_MOVES if trial.is_training else READING_MOVES
        state = moved(moves, state, _name(sitting), "shown a trial")
    return replace(_step(sitting, protocol, event, "loaded"), state=state)


def _check_turn(sitting: Sitting, protocol: Protocol, trial: Trial, event: Event) -> None:
    """Refuse a trial out of its order, or before its washout has passed."""
    wanted = sitting.next_trial
    if wanted is not None and wanted.id != trial.id:
        raise IllegalTransition(
            f"Trial {trial.number} is not the next one.",
            f"The order was fixed when the study was locked: trial {wanted.number} is next.",
        )
    opens = sitting.opens_utc(trial, protocol.design.washout_days)
    if opens is not None and datetime.fromisoformat(event.utc) < opens:
        raise IllegalTransition(
            f"Period {trial.period} opens on {opens:%Y-%m-%d} at {opens:%H:%M} UTC.",
            f"The protocol asks for {protocol.design.washout_days} days between the periods.",
        )


def _answered(sitting: Sitting, protocol: Protocol, event: Event) -> Sitting:
    sitting = _step(sitting, protocol, event, "answered")
    trial = sitting.trial(event.data["trial"])
    standing = sitting.standing(trial.id)
    answer = from_plain(Answer, event.data["answer"])
    check_answer(protocol.questions, positions_of(trial), answer)
    place = (answer.question, answer.position)
    old = standing.given.get(place)
    question = next(q for q in protocol.questions if q.id == answer.question)
    check_change(question, protocol.editing, old.answer if old else None, answer)
    given = Given(answer, event.seq, old.revision + 1 if old else 1)
    return _with(sitting, trial.id, replace(standing, given={**standing.given, place: given}))


def _committed(sitting: Sitting, protocol: Protocol, event: Event) -> Sitting:
    sitting = _step(sitting, protocol, event, "committed")
    trial = sitting.trial(event.data["trial"])
    standing = sitting.standing(trial.id)
    lacking = missing(protocol.questions, positions_of(trial), standing.answers)
    if lacking:
        names = ", ".join(f"{name} {position}".strip() for name, position in lacking)
        raise IllegalTransition(
            f"Trial {trial.number} still misses answers: {names}.", "", "Answer them, then go on."
        )
    if standing.reservations:
        sitting = _with(sitting, trial.id, replace(standing, state=TrialState.FLAGGED))
    return _ended(sitting, trial, event)


def _skipped(sitting: Sitting, protocol: Protocol, event: Event) -> Sitting:
    trial = sitting.trial(event.data["trial"])
    if sitting.standing(trial.id).state not in FINISHED:
        _check_turn(sitting, protocol, trial, event)
    _check_reason(event.data, "skip a trial")
    return _ended(_step(sitting, protocol, event, "skipped"), trial, event)


def _ended(sitting: Sitting, trial: Trial, event: Event) -> Sitting:
    if trial.is_training:
        return sitting
    latest = max(event.utc, sitting.ended_utc.get(trial.period, ""))
    return replace(sitting, ended_utc={**sitting.ended_utc, trial.period: latest})


def _flagged(sitting: Sitting, protocol: Protocol, event: Event) -> Sitting:
    """Flag a trial; an emergency break of its blinding flags it, too."""
    reason = _check_reason(event.data, "flag a trial or break its blinding")
    sitting = _step(sitting, protocol, event, "flagged", Kind.FLAGGED)
    standing = sitting.standing(event.data["trial"])
    new = replace(standing, reservations=(*standing.reservations, reason))
    return _with(sitting, event.data["trial"], new)


def _voided(sitting: Sitting, _protocol: Protocol, event: Event) -> Sitting:
    _check_reason(event.data, "void a trial")
    trial = sitting.trial(event.data["trial"])
    moves = TRIAL_MOVES[Kind(event.kind)]
    standing = sitting.standing(trial.id)
    state = moved(moves, standing.state, f"Trial {trial.number}", "voided")
    return _with(sitting, trial.id, replace(standing, state=state))


def _shown(sitting: Sitting, protocol: Protocol, event: Event) -> Sitting:
    sitting = _step(sitting, protocol, event, "shown")
    standing = sitting.standing(event.data["trial"])
    if standing.state is TrialState.SHOWN and standing.given:
        standing = replace(standing, state=TrialState.ANSWERED)
    return _with(sitting, event.data["trial"], standing)


def _step(
    sitting: Sitting, protocol: Protocol, event: Event, deed: str, kind: Kind | None = None
) -> Sitting:
    """Return the sitting with the event's trial moved on by the tables."""
    kind = kind or Kind(event.kind)
    if sitting.state is SessionState.SIGNED:
        raise _already_signed(sitting)
    if sitting.state is SessionState.PAUSED:
        raise IllegalTransition(f"Reader {sitting.reader} is pausing.", "", "Resume first.")
    trial = sitting.trial(event.data["trial"])
    standing = sitting.standing(trial.id)
    moves = TRIAL_MOVES[kind]
    if protocol.editing is EditPolicy.UNTIL_SESSION_END:
        moves = {**REVIEW_MOVES.get(kind, {}), **moves}
    state = moved(moves, standing.state, f"Trial {trial.number}", deed)
    return _with(sitting, trial.id, replace(standing, state=state))


def _check_reason(data: Mapping[str, Any], deed: str) -> str:
    reason = str(data.get("reason", "")).strip()
    if not reason:
        raise IllegalTransition(f"To {deed} needs a reason.", "", "Say why in a few words.")
    return reason


def _with(sitting: Sitting, trial_id: str, standing: TrialStanding) -> Sitting:
    return replace(sitting, standings={**sitting.standings, trial_id: standing})


def _same(sitting: Sitting, _protocol: Protocol, _event: Event) -> Sitting:
    return sitting


_STEPS: Mapping[Kind, Callable[[Sitting, Protocol, Event], Sitting]] = {
    Kind.SIGNED_IN: _same,
    Kind.NOTED: _same,
    Kind.CONSENTED: _consented,
    Kind.DISPLAY_CHECKED: _display_checked,
    Kind.PAUSED: _paused,
    Kind.RESUMED: _resumed,
    Kind.INTERRUPTED: _interrupted,
    Kind.GUESSED: _guessed,
    Kind.SIGNED: _signed,
    Kind.LOADING: _loading,
    Kind.SHOWN: _shown,
    Kind.ANSWERED: _answered,
    Kind.COMMITTED: _committed,
    Kind.SKIPPED: _skipped,
    Kind.FLAGGED: _flagged,
    Kind.BROKEN: _flagged,
    Kind.VOIDED: _voided,
}
