"""What a reader is told once a study was unblinded: what every image had been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from viewer.reader.plain import from_plain
from viewer.reader.protocol import Arm
from viewer.reader.sitting import positions_of
from viewer.reader.trials import Allocation, StudyState

if TYPE_CHECKING:
    from viewer.reader.record import StudyRecord

CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Revealed:
    """One image that was shown: `was` names its arm, `taken_for` what the reader took it for."""

    number: int
    case: str
    position: str
    was: str
    taken_for: str
    is_right: bool | None


@dataclass(frozen=True, slots=True)
class Debrief:
    """All images of a reader in the order of reading; `right` of `guessed` guesses were right."""

    reader: str
    images: tuple[Revealed, ...]
    guessed: int
    right: int

    @property
    def words(self) -> str:
        """How the guesses were, in a sentence."""
        if not self.guessed:
            return "You took no image for AI-processed or original."
        return f"{self.right} of your {self.guessed} guesses of what was AI-processed were right."


def is_revealed(record: StudyRecord) -> bool:
    """True once the study was unblinded, when nothing is read and readers may be told."""
    return record.state in (StudyState.UNBLINDED, StudyState.ARCHIVED)


def debrief(record: StudyRecord, reader: str, passphrase: str) -> Debrief:
    """Return what the images of a reader had been.

    Raises
    ------
    IllegalTransition : unknown reader, or wrong passphrase; the attempt is noted.
    """
    record.check_passphrase(reader, passphrase)
    told = record.standing.unblinded
    if told is None:
        return Debrief(reader, (), 0, 0)
    arms = {arm.code: arm for arm in (from_plain(Arm, one) for one in told.data["arms"])}
    allocation = from_plain(Allocation, told.data["allocation"])
    shown = {trial.id: trial.shown for trial in allocation.of_reader(reader)}
    sitting = record.standing.sittings[reader]
    guesses = {guess.trial: guess.position for guess in sitting.guesses}
    images = [
        _revealed(trial.number, trial.case, position, arms.get(code), code, guesses.get(trial.id))
        for trial in sitting.trials
        for position, code in zip(positions_of(trial), shown.get(trial.id, ()), strict=False)
    ]
    judged = [one.is_right for one in images if one.is_right is not None]
    return Debrief(reader, tuple(images), len(judged), sum(judged))


def _revealed(
    number: int, case: str, position: str, arm: Arm | None, code: str, guess: str | None
) -> Revealed:
    """Return one image; `guess` is the position that was taken for AI-processed, "" for neither."""
    is_ai = arm is not None and bool(arm.method)
    was = code if arm is None else f"{arm.name} ({arm.method})" if arm.method else arm.name
    if guess is None:
        return Revealed(number, case, position, was, "", None)
    if not guess:
        return Revealed(number, case, position, was, CANNOT_TELL, None)
    took_ai = guess == position
    return Revealed(
        number, case, position, was, "AI-processed" if took_ai else "original", took_ai == is_ai
    )
