"""Small studies for tests: a protocol, its trials and a reader who answers everything."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from viewer.reader.protocol import (
    Arm,
    BlindingRule,
    Case,
    Choice,
    Condition,
    Design,
    DesignKind,
    LabelPolicy,
    Protocol,
    Question,
    QuestionKind,
    Randomisation,
    Reader,
    StudyFacts,
)
from viewer.reader.reader_session import ReaderSession
from viewer.reader.record import StudyRecord, create_study, open_study
from viewer.reader.trials import Allocation, Answer, SessionState, Span, Trial, ViewerNote

PASSPHRASE = "correct horse"
SCALE = tuple(Choice(float(value), f"point {value}") for value in range(1, 6))
QUESTIONS = (
    Question("sharpness", QuestionKind.LIKERT, "How sharp?", SCALE),
    Question("better", QuestionKind.PREFERENCE, "Which?", SCALE, is_per_arm=False),
    Question(
        "why",
        QuestionKind.TEXT,
        "Why so low?",
        is_per_arm=False,
        show_if=Condition("better", (1.0,)),
    ),
)
ARMS = (Arm("X", "Original"), Arm("Y", "Enhanced", method="ct-denoise-s"))
CODES = {True: ("X", "Y"), False: ("Y", "X")}


@dataclass
class SetClock:
    """A clock that a test sets; it goes on by a second at each look."""

    now: datetime = datetime(2026, 3, 1, 9, tzinfo=UTC)
    ticks: int = 0
    boots: list[str] = field(default_factory=lambda: ["boot 1"])

    def utc(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def ns(self) -> int:
        self.ticks += 1_000_000_000
        return self.ticks

    def boot(self) -> str:
        return self.boots[-1]


def protocol(cases: int = 3, readers: int = 2, **changes: object) -> Protocol:
    """Return a blinded protocol of pairs as readers may see it."""
    made = Protocol(
        StudyFacts("Noise", "Owner", consent="I agree."),
        (),
        (
            *(Case(f"c{number}", "", truth="normal") for number in range(1, cases + 1)),
            Case("training", "", is_training=True),
        ),
        tuple(Reader(f"R{number}", f"Reader {number}") for number in range(1, readers + 1)),
        Design(DesignKind.PAIRED),
        Randomisation("sha256:0"),
        QUESTIONS,
        BlindingRule(LabelPolicy.SESSION_BANNER, "fair", "ethics 1"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def trials_of(study: Protocol) -> tuple[Trial, ...]:
    """Return a list for each reader: the training case, then the cases in their order."""
    found = []
    for reader in study.readers:
        cases = sorted(study.cases, key=lambda case: not case.is_training)
        for number, case in enumerate(cases, start=1):
            name = f"{reader.code}-{number}"
            found.append(
                Trial(
                    name,
                    reader.code,
                    number,
                    case.id,
                    (f"token {case.id} 1", f"token {case.id} 2"),
                    sequence="first",
                    is_training=case.is_training,
                )
            )
    return tuple(found)


def allocation_of(study: Protocol) -> Allocation:
    """Return the allocation of these trials: the original left in odd trials, right in even."""
    trials = (replace(trial, shown=CODES[trial.number % 2 == 1]) for trial in trials_of(study))
    return Allocation("sha256-fisher-yates-2", "seed", tuple(trials))


def make(folder: Path, study: Protocol | None = None, clock: object = None) -> Path:
    """Make a study file of a protocol, open for reading, with passphrases; return its path."""
    study = study or protocol()
    path = folder / "noise.study"
    log = folder / "log" / "two.jsonl"
    create_study(path, study, trials_of(study), b"sealed", b"k" * 32, "ab" * 32, log, clock=clock)
    with open_study(path, clock=clock) as record:  # type: ignore[arg-type]
        for reader in study.readers:
            record.set_passphrase(reader.code, PASSPHRASE)
        record.open_for_reading()
    return path


def begin(record: StudyRecord, reader: str = "R1") -> ReaderSession:
    """Sign a reader in, up to the first trial."""
    session = record.sign_in(reader, PASSPHRASE)
    if session.state is SessionState.INVITED:
        session.consent("0" * 64)
        session.display_checked((("luminance", "300"),))
    return session


def show(session: ReaderSession) -> Trial:
    """Show the next trial."""
    trial = session.next_trial()
    assert trial is not None
    session.loading(trial)
    session.shown(trial)
    return trial


def say(session: ReaderSession, trial: Trial, *answer: object, **more: object) -> int:
    """Store an answer that took two seconds of reading."""
    spans = (Span("reading", 0, 2_000_000_000), Span("idle", 2_000_000_000, 9_000_000_000))
    note = ViewerNote((("window", "40/400"),))
    return session.answer(trial, Answer(*answer, **more), note, spans)  # type: ignore[arg-type]


def read(session: ReaderSession, trial: Trial, value: float = 4.0) -> None:
    """Answer all that a shown trial asks, and commit it."""
    say(session, trial, "sharpness", "A", value)
    say(session, trial, "sharpness", "B", value - 1)
    say(session, trial, "better", "", value)
    session.commit(trial, (Span("reading", 9_000_000_000, 10_000_000_000),))


def read_all(session: ReaderSession) -> None:
    """Read every trial that is left, guess, and sign."""
    while session.next_trial() is not None:
        read(session, show(session))
    for trial in session.sitting.trials:
        if not trial.is_training:
            session.guess(trial, "B")
    session.sign(PASSPHRASE, "I have read these cases.")
