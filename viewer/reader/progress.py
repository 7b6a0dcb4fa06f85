"""How far each reader of a study is, which may be told while the study is blinded."""

from dataclasses import dataclass

from viewer.reader.standing import Standing
from viewer.reader.states import FINISHED, READ
from viewer.reader.trials import SessionState, TrialState


@dataclass(frozen=True, slots=True)
class ReaderProgress:
    """How far a reader is; never what was answered.

    `missing` are ids of trials that were passed over (skipped or void) and have no reading.
    """

    reader: str
    name: str
    state: SessionState
    done: int
    total: int
    interruptions: int
    missing: tuple[str, ...]
    flagged: tuple[str, ...]
    has_passphrase: bool


def progress_of(standing: Standing) -> tuple[ReaderProgress, ...]:
    """Return how far each reader is; never what was answered."""
    found = []
    for reader in standing.locked.protocol.readers:
        sitting = standing.sittings[reader.code]
        done, total = sitting.counted
        states = {
            trial.id: sitting.standing(trial.id).state
            for trial in sitting.trials
            if not trial.is_training
        }
        found.append(
            ReaderProgress(
                reader.code,
                reader.name,
                sitting.state,
                done,
                total,
                sitting.interruptions,
                tuple(i for i, state in states.items() if state in FINISHED - READ),
                tuple(i for i, state in states.items() if state is TrialState.FLAGGED),
                reader.code in standing.secrets,
            )
        )
    return tuple(found)
