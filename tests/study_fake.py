"""A reader's session in memory with the calls of the real one, and small images to read."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.sessions import provenance
from viewer.core.errors import IllegalTransition, UnsavedAnswer
from viewer.core.geometry import FrameGeometry, volume_geometry
from viewer.core.volume import AnyVolume, Volume, derive
from viewer.reader.asked import missing
from viewer.reader.protocol import (
    BlindingRule,
    Case,
    Choice,
    Design,
    DesignKind,
    EditPolicy,
    LabelPolicy,
    Protocol,
    Question,
    QuestionKind,
    Randomisation,
    Reader,
    StudyFacts,
)
from viewer.reader.trials import Answer, SessionState, Span, Trial, ViewerNote

WORDS = ("Non-diagnostic", "Poor", "Acceptable", "Good", "Excellent")
LIKERT = tuple(Choice(float(n), text) for n, text in enumerate(WORDS, 1))
SURE = tuple(
    Choice(float(n), text)
    for n, text in enumerate(("Probably none", "Unsure", "Probable", "Definite"), 1)
)
BETTER = tuple(
    Choice(float(value), text)
    for value, text in (
        (-2, "A clearly better"),
        (-1, "A slightly better"),
        (0, "Same"),
        (1, "B slightly better"),
        (2, "B clearly better"),
    )
)
QUALITY = (
    Question("sharpness", QuestionKind.LIKERT, "Sharpness of vessel edges", LIKERT),
    Question("noise", QuestionKind.LIKERT, "Image noise", LIKERT),
    Question(
        "preference",
        QuestionKind.PREFERENCE,
        "Which image would you rather read?",
        BETTER,
        is_per_arm=False,
    ),
)
SEARCH = (
    Question("lesions", QuestionKind.MARKS, "Liver lesions", SURE),
    Question("overall", QuestionKind.LIKERT, "Is there any lesion?", LIKERT),
)


def protocol(
    questions: tuple[Question, ...] = QUALITY,
    *,
    cases: int = 3,
    kind: DesignKind = DesignKind.PAIRED,
    is_blinded: bool = True,
    editing: EditPolicy = EditPolicy.UNTIL_NEXT,
    **parts: Any,
) -> Protocol:
    """Return the protocol of a running session: without arms, the first case for training."""
    rule = LabelPolicy.SESSION_BANNER if is_blinded else LabelPolicy.ON_IMAGE
    return Protocol(
        StudyFacts("Low-dose CT of the liver", "Dr Example", "EC 12/2026", consent=CONSENT),
        (),
        tuple(
            Case(f"case{n}", f"c{n}", is_training=n == 0, feedback="The vessels were blurred.")
            for n in range(cases)
        ),
        (Reader("R1", "Dr Anna Beispiel"), Reader("R2", "Dr Ben Muster")),
        Design(kind),
        Randomisation("sha256:00"),
        questions,
        BlindingRule(rule, "blinding needed", "EC 12/2026"),
        editing,
        **parts,
    )


CONSENT = "You will read CT images of the liver and rate their quality.\n\n" + "\n\n".join(
    f"Paragraph {n}. Your answers are stored under your code. You may stop at any time." * 2
    for n in range(1, 7)
)


def trials(made: Protocol, shown: int = 2) -> tuple[Trial, ...]:
    """Return one trial of each case for the first reader; tokens say nothing."""
    return tuple(
        Trial(
            f"t{n}",
            "R1",
            n + 1,
            case.id,
            tuple(f"{n}-{place}" for place in range(shown)),
            is_training=case.is_training,
        )
        for n, case in enumerate(made.cases)
    )


@dataclass
class FakeStudy:
    """The study of a fake session."""

    protocol: Protocol
    protocol_id: str = "ab" * 32


@dataclass
class FakeSession:
    """Keeps everything in memory and notes every call; `is_full` refuses answers."""

    study: FakeStudy
    sitting: Any
    reader: str = "R1"
    state: SessionState = SessionState.INVITED
    is_full: bool = False
    calls: list[tuple[str, Any]] = field(default_factory=list)
    kept: dict[str, dict[tuple[str, str], Answer]] = field(default_factory=dict)
    finished: list[str] = field(default_factory=list)
    guessed: dict[str, str] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    notes: list[ViewerNote] = field(default_factory=list)

    def _call(self, name: str, what: Any = None) -> None:
        self.calls.append((name, what))

    def named(self, name: str) -> list[Any]:
        """Return what was given to every call of a name."""
        return [what for called, what in self.calls if called == name]

    def consent(self, text_sha256: str) -> None:
        self._call("consent", text_sha256)
        self.state = SessionState.CONSENTED

    def display_checked(self, facts: tuple[tuple[str, str], ...]) -> None:
        self._call("display", facts)
        self.state = SessionState.DISPLAY_OK

    def next_trial(self) -> Trial | None:
        return next((t for t in self.sitting.trials if t.id not in self.finished), None)

    def loading(self, trial: Trial) -> None:
        self._call("loading", trial.id)
        self.state = SessionState.TRAINING if trial.is_training else SessionState.READING

    def shown(self, trial: Trial) -> None:
        self._call("shown", trial.id)

    def answer(
        self, trial: Trial, answer: Answer, view: ViewerNote, spans: tuple[Span, ...]
    ) -> int:
        if self.is_full:
            raise UnsavedAnswer("The disk is full.", "", "Free some space, then try again.")
        old = self.kept.get(trial.id, {}).get((answer.question, answer.position))
        if self.study.protocol.editing is EditPolicy.NEVER and old is not None:
            raise IllegalTransition("The answer was given and cannot be changed.")
        self._call("answer", answer)
        self.kept.setdefault(trial.id, {})[(answer.question, answer.position)] = answer
        self.spans += spans
        self.notes.append(view)
        return len(self.calls)

    def answers(self, trial: Trial) -> tuple[Answer, ...]:
        return tuple(self.kept.get(trial.id, {}).values())

    def commit(self, trial: Trial, spans: tuple[Span, ...]) -> None:
        positions = ("A", "B")[: len(trial.shown)]
        if missing(self.study.protocol.questions, positions, self.answers(trial)):
            raise IllegalTransition("A required answer is missing.")
        self._call("commit", trial.id)
        self.spans += spans
        self.finished.append(trial.id)

    def skip(self, trial: Trial, reason: str) -> None:
        self._call("skip", (trial.id, reason))
        self.finished.append(trial.id)

    def flag(self, trial: Trial, reason: str) -> None:
        self._call("flag", (trial.id, reason))

    def note(self, kind: str, facts: tuple[tuple[str, str], ...] = ()) -> None:
        self._call("note", kind)

    def pause(self) -> None:
        self._call("pause")
        self.state = SessionState.PAUSED

    def resume(self) -> None:
        self._call("resume")
        self.state = SessionState.READING

    def break_blinding(self, trial: Trial, reason: str) -> None:
        self._call("break", (trial.id, reason))

    def previous(self, trial: Trial) -> Trial | None:
        place = self.sitting.trials.index(trial)
        is_allowed = self.study.protocol.editing is EditPolicy.UNTIL_SESSION_END
        return self.sitting.trials[place - 1] if is_allowed and place else None

    @property
    def guesses(self) -> tuple[Any, ...]:
        return tuple(SimpleNamespace(trial=t, position=p) for t, p in self.guessed.items())

    def guess(self, trial: Trial, position: str) -> None:
        self._call("guess", (trial.id, position))
        self.guessed[trial.id] = position

    def sign(self, passphrase: str, meaning: str) -> str:
        if passphrase != "secret":
            raise IllegalTransition("The passphrase is wrong.")
        self._call("sign", meaning)
        self.state = SessionState.SIGNED
        return "c0ffee" * 10 + "beef"

    def progress(self) -> tuple[int, int]:
        real = [t.id for t in self.sitting.trials if not t.is_training]
        return (sum(t in self.finished for t in real), len(real))


def fake(made: Protocol | None = None, shown: int = 2, **parts: Any) -> FakeSession:
    """Return a session of the first reader."""
    made = made or protocol()
    return FakeSession(FakeStudy(made), SimpleNamespace(trials=trials(made, shown)), **parts)


def ready(made: Protocol | None = None, shown: int = 2, **parts: Any) -> FakeSession:
    """Return a session that has consent and display check behind it."""
    return fake(made, shown, state=SessionState.DISPLAY_OK, **parts)


def image(seed: int = 0, *, slices: int = 9, side: int = 64, is_derived: bool = False) -> AnyVolume:
    """Return a small CT: a body with vessels and noise; a derived one has less of it."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side] / side - 0.5
    body = np.where(rows**2 / 0.16 + columns**2 / 0.2 < 1, 60.0, -1000.0)
    body = np.where((rows - 0.1) ** 2 + (columns + 0.15) ** 2 < 0.012, 110.0, body)
    noise = rng.normal(0, 15, (slices, side, side))
    values = (body + noise).astype(np.int16)
    size = 320.0 / side
    planes = tuple(
        FrameGeometry((-160.0, -160.0, 5.0 * k), (1, 0, 0), (0, 1, 0), (size, size), (side, side))
        for k in range(slices)
    )
    geometry = volume_geometry(planes, frame_of_reference_uid="1.9")
    uids = tuple(f"1.2.{seed}.{k}" for k in range(slices))
    volume = Volume(values, geometry, "HU", uids, np.ones(slices, dtype=np.bool_))
    if not is_derived:
        return volume
    smooth = (body + 0.4 * noise).astype(np.int16)
    return derive(volume, smooth, replace(provenance(), source_uids=uids))


@dataclass
class Shelf:
    """Where images lie by their tokens; notes the order in which they were taken."""

    taken: list[str] = field(default_factory=list)
    derived: tuple[str, ...] = ()
    side: int = 64

    def load(self, token: str) -> AnyVolume:
        """Return an image; the second of each pair is enhanced unless `derived` says otherwise."""
        self.taken.append(token)
        is_derived = token in self.derived if self.derived else token.endswith("-1")
        return image(int(token.split("-", maxsplit=1)[0]), side=self.side, is_derived=is_derived)
