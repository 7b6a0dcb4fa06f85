"""One reader's sitting: which step comes next, the images of a trial, its form and its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from viewer.app.jobs import Jobs
from viewer.app.messages import Message
from viewer.app.trial_clock import TrialClock
from viewer.app.trial_images import POSITIONS, Shown, TrialImages
from viewer.core.errors import DiptychError, IllegalTransition, UnsavedAnswer
from viewer.core.volume import AnyVolume
from viewer.reader import form as forms
from viewer.reader import watch
from viewer.reader.asked import Place
from viewer.reader.form import Effect, Form
from viewer.reader.protocol import Protocol
from viewer.reader.trials import Answer, MarkPlaced, SessionState, Trial, ViewerNote

if TYPE_CHECKING:
    from viewer.reader.reader_session import ReaderSession

__all__ = ["POSITIONS", "Effect", "Place", "Reading", "Shown", "Step"]


class Step(Enum):
    """What a reader has to do next."""

    CONSENT = "consent"
    DISPLAY = "display check"
    TRAINING = "training"
    TRIALS = "reading"
    GUESS = "guess"
    SIGN = "sign"
    DONE = "done"


class Reading:
    """Runs one reader's sitting; plain calls on the window's thread, images in the background.

    `load` returns the image behind a token. `form` is what the reader sees, `unsaved` the answers
    that the record refused, with the `refusal` in words. `look` tells how the images stand.
    `is_check_due` asks for the display check once more.
    """

    def __init__(
        self,
        session: ReaderSession,
        load: Callable[[str], AnyVolume],
        jobs: Jobs,
        now_ns: Callable[[], int] = time.monotonic_ns,
        *,
        is_check_due: bool = False,
    ) -> None:
        self.session = session
        self.look: Callable[[], ViewerNote] = ViewerNote
        self.shown: Shown | None = None
        self.form = Form(())
        self.unsaved: tuple[Answer, ...] = ()
        self.refusal = ""
        self._images = TrialImages(load, jobs)
        self._clock = TrialClock(session.study.protocol.timing.idle_s, now_ns)
        self._is_check_due = is_check_due
        self._is_paused = session.state is SessionState.PAUSED

    # ------------------------------------------------------------------ steps

    @property
    def protocol(self) -> Protocol:
        """The protocol as a running session knows it: without arms."""
        return self.session.study.protocol

    @property
    def step(self) -> Step:
        """What the reader has to do next."""
        state = self.session.state
        if state is SessionState.SIGNED:
            return Step.DONE
        if state is SessionState.INVITED:
            return Step.CONSENT
        is_new = state is SessionState.CONSENTED and self.protocol.display_check.is_required
        if is_new or self._is_check_due:
            return Step.DISPLAY
        if (trial := self.session.next_trial()) is not None:
            return Step.TRAINING if trial.is_training else Step.TRIALS
        return Step.GUESS if self._to_guess else Step.SIGN

    def check_display(self, facts: tuple[tuple[str, str], ...]) -> None:
        """Note that the display was checked, and what was stated of it."""
        self.session.display_checked(facts)
        self._is_check_due = False

    @property
    def is_measuring(self) -> bool:
        """True where values of pixels may be told: no blinding, or the protocol allows it."""
        return self.protocol.blinding.is_measuring or not self.protocol.is_blinded

    @property
    def trial(self) -> Trial | None:
        """The trial on the screen."""
        return self.shown.trial if self.shown is not None else None

    def _now(self) -> Trial:
        if self.shown is None:
            raise ValueError("no trial is on the screen")
        return self.shown.trial

    @property
    def positions(self) -> tuple[str, ...]:
        """Names of the images of the trial on the screen."""
        return POSITIONS[: len(self.shown.images)] if self.shown is not None else ()

    # ------------------------------------------------------------------ images

    def open(self, ready: Callable[[], None], failed: Callable[[Message], None]) -> None:
        """Load the images of the trial that is due; `ready` is called once all are there."""
        trial = self.session.next_trial()
        if trial is not None:
            self.session.loading(trial)
            self._get(trial, ready, failed)

    @property
    def is_loading(self) -> bool:
        """True while the reader waits for images."""
        return self._images.is_awaited

    def _get(
        self, trial: Trial, ready: Callable[[], None], failed: Callable[[Message], None]
    ) -> None:
        self.shown = None
        self._clock.stop()

        def arrived(images: tuple[AnyVolume, ...]) -> None:
            case = next(case for case in self.protocol.cases if case.id == trial.case)
            self.shown = Shown(trial, case, images)
            ready()

        self._images.get(trial, arrived, failed)

    def presented(self) -> None:
        """Begin the trial's time: the first frame of all its images is on the screen.

        Only then the images of the trial after it are loaded ahead.
        """
        trial = self._now()
        self.session.shown(trial)
        self._clock.start()
        answers = self.session.answers(trial)
        self.form = forms.begun(Form(self.protocol.questions, self.positions, answers))
        self.unsaved, self.refusal = (), ""
        if (after := self._after(trial)) is not None:
            self._images.prepare(after)

    def _after(self, trial: Trial) -> Trial | None:
        ids = [one.id for one in self.session.sitting.trials]
        place = ids.index(trial.id) + 1
        return self.session.sitting.trials[place] if place < len(ids) else None

    # ------------------------------------------------------------------ answers

    def press(self, key: str) -> Effect:
        """Do what a key does; the effect says whether it leaves the trial, or why it did nothing.

        An answer that cannot be stored stays in the form and among `unsaved`.
        """
        return self._apply(forms.press(self.form, key))

    def choose(self, place: Place, value: float) -> Effect:
        """Choose a value by hand."""
        return self._apply(forms.choose(self.form, place, value))

    def write(self, place: Place, text: str) -> Effect:
        """Take over typed text or a typed number."""
        return self._apply(forms.write(self.form, place, text))

    def place_mark(self, mark: MarkPlaced, position: str) -> Effect:
        """Put a lesion mark down on the image at a position."""
        return self._apply(forms.place_mark(self.form, mark, position))

    def erase(self, place: Place, mark_id: str) -> Effect:
        """Take a lesion mark away."""
        return self._apply(forms.erase(self.form, place, mark_id))

    def activate(self, place: Place, mark_id: str = "") -> None:
        """Give the keys to another question, and a mark of it into the hand."""
        if self.form.row(place) is not None:
            self.touch()
            self.form = replace(self.form, active=place, pending=None, mark=mark_id)

    def mark(self, place: Place, mark_id: str) -> MarkPlaced | None:
        """Return a stored mark."""
        found = (mark for mark in forms.marks_at(self.form, place) if mark.id == mark_id)
        return next(found, None)

    def _apply(self, effect: Effect) -> Effect:
        self.touch()
        self.form = effect.form
        if effect.answer is None:
            return effect
        place = (effect.answer.question, effect.answer.position)
        waiting = tuple(a for a in self.unsaved if (a.question, a.position) != place)
        if words := self._store((*waiting, effect.answer)):
            return replace(effect, form=self.form, notice=words)
        return effect

    def retry(self) -> None:
        """Try again to store what is not stored."""
        self.touch()
        self._store(self.unsaved)

    def _store(self, answers: tuple[Answer, ...]) -> str:
        """Store answers one by one; return why one is not allowed, such as a second thought.

        What is not allowed is taken back; what cannot be written now stays and waits.
        """
        self.unsaved, self.refusal = answers, ""
        for answer in answers:
            spans = self._clock.take()
            try:
                self.session.answer(self._now(), answer, self.look(), spans)
            except UnsavedAnswer as error:
                self.refusal = str(error)
                self._clock.put_back(spans)
                return ""
            except IllegalTransition as error:
                self.unsaved = ()
                self.form = replace(self.form, answers=self.session.answers(self._now()))
                self._clock.put_back(spans)
                return str(error)
            self.unsaved = self.unsaved[1:]
        return ""

    def is_saved(self, place: Place) -> bool:
        """Tell whether the answer at a place is in the record."""
        waiting = {(answer.question, answer.position) for answer in self.unsaved}
        return self.form.answer(place) is not None and place not in waiting

    @property
    def can_leave(self) -> bool:
        """True when everything required is answered and stored."""
        return self.shown is not None and self.form.is_complete and not self.unsaved

    # ------------------------------------------------------------------ leaving a trial

    def finish(self) -> str:
        """Commit the trial; return the feedback of a training case, "" where there is none."""
        trial, case = self._now(), self.shown.case if self.shown else None
        spans = self._clock.take()
        try:
            self.session.commit(trial, spans)
        except DiptychError:
            self._clock.put_back(spans)
            raise
        self._clock.stop()
        return case.feedback if case is not None and trial.is_training else ""

    def skip(self, reason: str) -> None:
        """Leave the trial without its answers."""
        self.session.skip(self._now(), reason)
        self._clock.stop()

    def back(self, ready: Callable[[], None], failed: Callable[[Message], None]) -> bool:
        """Take up the trial before, where the record allows it; False where it does not."""
        trial = self.session.previous(self._now())
        if trial is None:
            return False
        self.session.loading(trial)
        self._get(trial, ready, failed)
        return True

    @property
    def break_words(self) -> str:
        """Why a break is due before the next trial, "" where none is."""
        trial, after = self.trial, self.session.next_trial()
        minutes = self.protocol.design.break_minutes
        if trial is not None and after is not None and not after.is_training:
            if trial.block != after.block and not trial.is_training:
                return f"Block {trial.block} is done. A short break keeps your eye fresh."
            if minutes and self._clock.read_s > 60 * minutes:
                return f"You have been reading for {round(self._clock.read_s / 60)} minutes."
        return ""

    def flag(self, reason: str) -> None:
        """Note a reservation about the trial; its answers count."""
        self.session.flag(self._now(), reason)

    @property
    def name(self) -> str:
        """The name that signs."""
        code = self.session.reader
        return next((one.name for one in self.protocol.readers if one.code == code), "") or code

    @property
    def progress(self) -> tuple[str, float]:
        """How far the reader is, in words and as a share from 0 to 1."""
        trial = self.trial
        done, total = self.session.progress()
        share = done / total if total else 0.0
        if trial is not None and trial.is_training:
            ids = [one.id for one in self.session.sitting.trials if one.is_training]
            return (f"Training case {ids.index(trial.id) + 1} of {len(ids)}", share)
        return (f"Case {min(done + 1, total)} of {total}", share)

    def break_blinding(self, reason: str, lift: Callable[[], None]) -> None:
        """Show every label again (`lift`), and only then note that the blinding was broken."""
        lift()
        self.session.break_blinding(self._now(), reason)

    # ------------------------------------------------------------------ time

    def touch(self) -> None:
        """Note that the reader's hand moved."""
        self._clock.touch()

    def focus(self, *, is_here: bool) -> None:
        """Note that the window lost the keyboard to another one, or has it back."""
        kind = watch.READING if is_here else watch.UNFOCUSED
        if not self._is_paused and self._clock.switch(kind):
            self.session.note("focus back" if is_here else "focus lost")

    @property
    def is_paused(self) -> bool:
        """True while the reader pauses."""
        return self._is_paused

    def pause(self) -> None:
        """Stop the reading time; the record knows it, too."""
        self.session.pause()
        self._is_paused = True
        self._clock.switch(watch.PAUSED)

    def resume(self) -> None:
        """Go on reading after a pause."""
        self.session.resume()
        self._is_paused = False
        self._clock.switch(watch.READING)
        self.rested()

    def rested(self) -> None:
        """Count the time to the next break from here."""
        self._clock.read_s = 0.0

    # ------------------------------------------------------------------ guess and sign

    @property
    def _to_guess(self) -> tuple[Trial, ...]:
        """Trials that the reader has not yet been asked about, once all ratings are done."""
        if not (self.protocol.is_blinded and self.protocol.blinding.asks_guess):
            return ()
        known = {guess.trial for guess in self.session.guesses}
        return tuple(
            t for t in self.session.sitting.trials if not t.is_training and t.id not in known
        )

    def open_guess(self, ready: Callable[[], None], failed: Callable[[Message], None]) -> None:
        """Bring the images of the next trial to guess about."""
        if self._to_guess:
            self._get(self._to_guess[0], ready, failed)

    def presented_guess(self) -> None:
        """Load the images of the guess after this one ahead."""
        if len(self._to_guess) > 1:
            self._images.prepare(self._to_guess[1])

    @property
    def guessed(self) -> tuple[int, int]:
        """How many guesses are made, and of how many."""
        asked = [trial for trial in self.session.sitting.trials if not trial.is_training]
        return (len(asked) - len(self._to_guess), len(asked))

    def guess(self, position: str) -> None:
        """Store which image the reader takes for AI-processed: "A", "B", "none" or ""."""
        self.session.guess(self._now(), position)

    def guess_rest_unknown(self) -> None:
        """Store "cannot tell" for every trial that is left."""
        for trial in self._to_guess:
            self.session.guess(trial, "")

    def close(self) -> None:
        """Stop loading, and note that the window was closed in the middle of a trial."""
        self._images.close()
        if self._clock.is_running:
            self.session.note("window closed")
            self._clock.stop()
