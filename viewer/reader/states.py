"""The three state machines of a study as tables: the study, a reader's session, a trial."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from viewer.core.errors import IllegalTransition
from viewer.reader.trials import SessionState, StudyState, TrialState

State = TypeVar("State", StudyState, SessionState, TrialState)


class Kind(StrEnum):
    """What can happen; the text stands in the record."""

    # to the study
    LOCKED = "locked"
    OPENED = "opened"
    CLOSED = "closed"
    UNBLINDED = "unblinded"
    ARCHIVED = "archived"
    AMENDED = "amended"
    PASSPHRASE = "passphrase set"
    VOIDED = "trial voided"
    EXPORTED = "exported"
    IMPORTED = "imported"
    HEALED = "healed"
    # to a reader's session
    SIGNED_IN = "signed in"
    REFUSED = "sign-in refused"
    INTERRUPTED = "interrupted"
    CONSENTED = "consented"
    DISPLAY_CHECKED = "display checked"
    PAUSED = "paused"
    RESUMED = "resumed"
    NOTED = "noted"
    GUESSED = "guessed"
    SIGNED = "signed"
    # to a trial
    LOADING = "loading"
    SHOWN = "shown"
    ANSWERED = "answered"
    COMMITTED = "committed"
    SKIPPED = "skipped"
    FLAGGED = "flagged"
    BROKEN = "blinding broken"


STUDY_MOVES: Mapping[Kind, Mapping[StudyState, StudyState]] = {
    Kind.OPENED: {StudyState.LOCKED: StudyState.OPEN},
    Kind.CLOSED: {StudyState.OPEN: StudyState.CLOSED},
    Kind.UNBLINDED: {StudyState.CLOSED: StudyState.UNBLINDED},
    Kind.ARCHIVED: {StudyState.UNBLINDED: StudyState.ARCHIVED},
}

SESSION_MOVES: Mapping[Kind, Mapping[SessionState, SessionState]] = {
    Kind.CONSENTED: {SessionState.INVITED: SessionState.CONSENTED},
    Kind.DISPLAY_CHECKED: {
        SessionState.CONSENTED: SessionState.DISPLAY_OK,
        SessionState.DISPLAY_OK: SessionState.DISPLAY_OK,
        SessionState.TRAINING: SessionState.TRAINING,
        SessionState.READING: SessionState.READING,
        SessionState.PAUSED: SessionState.PAUSED,
    },
    Kind.PAUSED: {
        SessionState.TRAINING: SessionState.PAUSED,
        SessionState.READING: SessionState.PAUSED,
    },
    Kind.SIGNED: {SessionState.READING: SessionState.SIGNED},
}

TRAINING_MOVES: Mapping[SessionState, SessionState] = {
    SessionState.DISPLAY_OK: SessionState.TRAINING,
    SessionState.TRAINING: SessionState.TRAINING,
}
"""Where a session goes when a training trial loads."""

READING_MOVES: Mapping[SessionState, SessionState] = {
    SessionState.DISPLAY_OK: SessionState.READING,
    SessionState.TRAINING: SessionState.READING,
    SessionState.READING: SessionState.READING,
}
"""Where a session goes when a trial loads."""

OPEN_TRIAL = frozenset({TrialState.LOADING, TrialState.SHOWN, TrialState.ANSWERED})
"""A trial that the reader is at; a crash interrupts it."""

FINISHED = frozenset(
    {TrialState.COMMITTED, TrialState.FLAGGED, TrialState.SKIPPED, TrialState.VOID}
)
"""A trial that the reader has done with; FLAGGED is committed, with a reservation."""

READ = frozenset({TrialState.COMMITTED, TrialState.FLAGGED})
"""A trial whose answers count."""

_BEFORE_COMMIT = (TrialState.PENDING, *sorted(OPEN_TRIAL, key=lambda state: state.value))

TRIAL_MOVES: Mapping[Kind, Mapping[TrialState, TrialState]] = {
    Kind.LOADING: dict.fromkeys(_BEFORE_COMMIT, TrialState.LOADING),
    Kind.SHOWN: {TrialState.LOADING: TrialState.SHOWN},
    Kind.ANSWERED: {
        TrialState.SHOWN: TrialState.ANSWERED,
        TrialState.ANSWERED: TrialState.ANSWERED,
    },
    Kind.COMMITTED: {
        TrialState.SHOWN: TrialState.COMMITTED,
        TrialState.ANSWERED: TrialState.COMMITTED,
    },
    Kind.SKIPPED: dict.fromkeys(_BEFORE_COMMIT, TrialState.SKIPPED),
    Kind.VOIDED: {state: TrialState.VOID for state in TrialState if state is not TrialState.VOID},
    Kind.FLAGGED: {
        **{state: state for state in (*_BEFORE_COMMIT, TrialState.FLAGGED)},
        TrialState.COMMITTED: TrialState.FLAGGED,
    },
}
"""A trial that was open at a crash loads again and keeps its answers."""

REVIEW_MOVES: Mapping[Kind, Mapping[TrialState, TrialState]] = {
    Kind.LOADING: {state: state for state in READ},
    Kind.SHOWN: {state: state for state in READ},
    Kind.ANSWERED: dict.fromkeys(READ, TrialState.ANSWERED),
    Kind.COMMITTED: {state: state for state in READ},
}
"""What the edit policy `until_session_end` adds: going back to a trial that was committed."""


def moved(moves: Mapping[State, State], state: State, what: str, deed: str) -> State:
    """Return the state after a deed.

    Parameters
    ----------
    moves : from each state where the deed is allowed, the state after it.
    what, deed : for the words, such as "The study" and "opened".

    Raises
    ------
    IllegalTransition : the deed is not allowed in this state.
    """
    if state in moves:
        return moves[state]
    allowed = ", ".join(sorted(known.value for known in moves)) or "no state"
    raise IllegalTransition(
        f"{what} is {state.value} and cannot be {deed} now.",
        f"That is allowed where it is {allowed}. Nothing has changed.",
    )
