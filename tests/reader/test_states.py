"""The state machines as tables: what is not in a table is refused in words."""

import pytest

from viewer.core.errors import IllegalTransition
from viewer.reader.states import (
    READING_MOVES,
    SESSION_MOVES,
    STUDY_MOVES,
    TRAINING_MOVES,
    TRIAL_MOVES,
    moved,
)
from viewer.reader.trials import SessionState, StudyState, TrialState


@pytest.mark.parametrize("kind", list(STUDY_MOVES))
@pytest.mark.parametrize("state", list(StudyState))
def test_a_study_moves_by_its_table_only(kind, state):
    moves = STUDY_MOVES[kind]
    if state in moves:
        assert moved(moves, state, "The study", kind) is moves[state]
    else:
        with pytest.raises(IllegalTransition, match=f"is {state.value} and cannot be {kind}"):
            moved(moves, state, "The study", kind)


def reached(start, tables):
    found = {start}
    while True:
        more = {table[state] for table in tables for state in found if state in table} - found
        if not more:
            return found
        found |= more


def test_every_state_can_be_reached_and_the_last_ones_are_final():
    assert reached(StudyState.LOCKED, STUDY_MOVES.values()) == set(StudyState) - {StudyState.DRAFT}
    tables = (*SESSION_MOVES.values(), TRAINING_MOVES, READING_MOVES)
    assert reached(SessionState.INVITED, tables) == set(SessionState)
    assert reached(TrialState.PENDING, TRIAL_MOVES.values()) == set(TrialState)
    assert reached(SessionState.SIGNED, tables) == {SessionState.SIGNED}
    assert reached(TrialState.VOID, TRIAL_MOVES.values()) == {TrialState.VOID}
    assert reached(StudyState.ARCHIVED, STUDY_MOVES.values()) == {StudyState.ARCHIVED}
