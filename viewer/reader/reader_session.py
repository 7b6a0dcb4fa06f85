"""One reader at work: each call is one durable event, or is refused in words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from viewer.reader.plain import to_plain
from viewer.reader.protocol import EditPolicy
from viewer.reader.sitting import Guess, Sitting, TrialStanding
from viewer.reader.standing import Standing, signatures
from viewer.reader.states import READ, Kind
from viewer.reader.trials import Answer, SessionState, Span, Trial, ViewerNote

if TYPE_CHECKING:
    from viewer.reader.record import StudyRecord


class ReaderSession:
    """The session of a reader who has signed in. What it shows is a pure function of the log."""

    def __init__(self, study: "StudyRecord", reader: str) -> None:
        self.study = study
        self.reader = reader

    @property
    def sitting(self) -> Sitting:
        """Where the reader stands."""
        return self.study.standing.sittings[self.reader]

    @property
    def state(self) -> SessionState:
        """Where the session stands."""
        return self.sitting.state

    def progress(self) -> tuple[int, int]:
        """Return how many trials are done, and of how many; training does not count."""
        return self.sitting.counted

    def next_trial(self) -> Trial | None:
        """Return the first trial that is not finished, training first; None after the last."""
        return self.sitting.next_trial

    def previous(self, trial: Trial) -> Trial | None:
        """Return the committed trial before one where the edit policy lets a reader go back."""
        if self.study.protocol.editing is not EditPolicy.UNTIL_SESSION_END:
            return None
        trials = self.sitting.trials
        before = trials[: [other.id for other in trials].index(trial.id)]
        found = (
            other
            for other in reversed(before)
            if other.is_training == trial.is_training and self.standing(other).state in READ
        )
        return next(found, None)

    def standing(self, trial: Trial) -> TrialStanding:
        """Return where a trial stands."""
        return self.sitting.standing(trial.id)

    def answers(self, trial: Trial) -> tuple[Answer, ...]:
        """Return the current answers of a trial."""
        return self.standing(trial).answers

    @property
    def guesses(self) -> tuple[Guess, ...]:
        """What the reader took for AI-processed so far."""
        return self.sitting.guesses

    # ---------------------------------------------------------------- before the trials

    def consent(self, text_sha256: str) -> None:
        """Write down that the reader agreed to the text of this hash."""
        self._append(Kind.CONSENTED, {"text_sha256": text_sha256})

    def display_checked(self, facts: tuple[tuple[str, str], ...]) -> None:
        """Write down what the reader saw and stated of the display."""
        self._append(Kind.DISPLAY_CHECKED, {"facts": to_plain(facts)})

    # ---------------------------------------------------------------- a trial

    def loading(self, trial: Trial) -> None:
        """Begin a trial: its images are being read."""
        self._append(Kind.LOADING, {"trial": trial.id})

    def shown(self, trial: Trial) -> None:
        """Write down that the first frame of all images is on the screen."""
        self._append(Kind.SHOWN, {"trial": trial.id})

    def answer(
        self, trial: Trial, answer: Answer, view: ViewerNote, spans: tuple[Span, ...]
    ) -> int:
        """Store an answer and return the number of its event once it is durable in both logs.

        The same answer again is acknowledged again and stored once.

        Raises
        ------
        UnsavedAnswer : it is not stored; enter it again.
        IllegalTransition : the trial, the question or the edit policy does not allow it.
        """
        place = (answer.question, answer.position)
        self.study.flush()
        known = self.standing(trial).given.get(place)
        if known is not None and known.answer == answer:
            return known.seq

        def made(standing: Standing) -> Mapping[str, Any]:
            given = standing.sittings[self.reader].standing(trial.id).given.get(place)
            return {
                "trial": trial.id,
                "answer": to_plain(answer),
                "revision": given.revision + 1 if given else 1,
                "view": to_plain(view.facts),
                "spans": to_plain(spans),
            }

        return self.study.append_made(self.reader, Kind.ANSWERED, made)

    def commit(self, trial: Trial, spans: tuple[Span, ...]) -> None:
        """End a trial; refused while required answers are missing.

        To commit a committed trial again only acknowledges it again, as after an UnsavedAnswer.
        """
        self.study.flush()
        is_final = self.study.protocol.editing is not EditPolicy.UNTIL_SESSION_END
        if is_final and self.standing(trial).state in READ:
            return
        self._append(Kind.COMMITTED, {"trial": trial.id, "spans": to_plain(spans)})

    def skip(self, trial: Trial, reason: str) -> None:
        """Pass over a trial; it counts as missing."""
        self._append(Kind.SKIPPED, {"trial": trial.id, "reason": reason})

    def flag(self, trial: Trial, reason: str) -> None:
        """Note a reservation about a trial; its answers still count."""
        self._append(Kind.FLAGGED, {"trial": trial.id, "reason": reason})

    def break_blinding(self, trial: Trial, reason: str) -> None:
        """Note an emergency break of one trial, before anything is shown; it flags the trial."""
        self._append(Kind.BROKEN, {"trial": trial.id, "reason": reason})

    def note(self, kind: str, facts: tuple[tuple[str, str], ...] = ()) -> None:
        """Note something else: lost focus, a display that changed, a break that was offered."""
        self._append(Kind.NOTED, {"what": kind, "facts": to_plain(facts)})

    def pause(self) -> None:
        """Pause; no trial can be worked on until `resume`."""
        self._append(Kind.PAUSED, {})

    def resume(self) -> None:
        """Go on after a pause."""
        self._append(Kind.RESUMED, {})

    # ---------------------------------------------------------------- after the trials

    def guess(
        self, trial: Trial, position_guess: str, facts: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Store which position the reader took for AI-processed, after the last trial only.

        `position_guess` is "A" or "B", "none" for neither, "" for cannot tell.
        """
        data = {"trial": trial.id, "position": position_guess, "facts": to_plain(facts)}
        self._append(Kind.GUESSED, data)

    def sign(self, passphrase: str, meaning: str) -> str:
        """Sign all that was read, and return the head hash to print beside the signature.

        The signature is the reader's name, the time and the meaning, bound to the hash of the
        event before it. To sign again only tells the hash again.

        Raises
        ------
        IllegalTransition : wrong passphrase, or trials are not done.
        """
        self.study.check_passphrase(self.reader, passphrase)
        self.study.flush()
        if self.state is SessionState.SIGNED:
            return dict(signatures(self.study.links))[self.reader]
        (name,) = (r.name for r in self.study.protocol.readers if r.code == self.reader)
        data = {"name": name, "meaning": meaning, "head": self.study.head}
        self._append(Kind.SIGNED, data)
        return self.study.head

    def _append(self, kind: Kind, data: Mapping[str, Any]) -> int:
        return self.study.append(self.reader, kind, data)
