"""What a reader study is: frozen values that the study file is read into and that are locked."""

from dataclasses import dataclass
from enum import Enum

SCHEMA_VERSION = 1
"""Version of the study file; resources/study.schema.json describes it."""


class DesignKind(Enum):
    """How the arms of a case meet a reader."""

    PAIRED = "paired_side_by_side"
    CROSSOVER = "sequential_crossover"
    SINGLE = "single_stimulus"
    FORCED_CHOICE = "2afc"
    SEARCH = "froc"


class QuestionKind(Enum):
    """What form an answer has."""

    LIKERT = "likert"
    EQUIVALENCE = "equivalence"
    CHOICE = "choice"
    CHOICES = "choices"
    NUMBER = "number"
    ANALOGUE = "visual_analogue"
    PREFERENCE = "preference"
    FORCED_CHOICE = "2afc"
    TEXT = "text"
    MARKS = "marks"


class LabelPolicy(Enum):
    """Where the words that mark AI-processed pixels stand during a session."""

    ON_IMAGE = "on_image"
    SESSION_BANNER = "session_banner"


class EditPolicy(Enum):
    """How long an answer may be changed; every change is kept beside what it replaces."""

    UNTIL_NEXT = "until_next"
    UNTIL_SESSION_END = "until_session_end"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """Title, owner and references of a study; `consent` is what each reader agrees to."""

    title: str
    owner: str
    reference: str = ""
    phase: str = ""
    consent: str = ""


@dataclass(frozen=True, slots=True)
class Arm:
    """A way to show a case: the original (`method` ""), or what a method makes of it.

    `code` is neutral and appears nowhere while blinded. `strength` is 0 to 1; `weights_sha256`
    and `version` are filled in when the study is locked.
    """

    code: str
    name: str
    method: str = ""
    strength: float = 0.4
    version: str = ""
    weights_sha256: str = ""
    settings: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Lesion:
    """A known lesion: its centre in patient coordinates (LPS, mm), radius and weight."""

    id: str
    centre_mm: tuple[float, float, float]
    radius_mm: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Case:
    """A case: a series on disk that every arm is made from.

    `path` is relative to the study file; `series` is a Series Instance UID, or "" where the path
    holds one series. `patient` groups cases of one person (the case id where empty). `truth` is
    "normal", "abnormal" or "" (not known). `strata` are (name, value) pairs for subgroups. A
    training case is shown before the trials with `feedback`, and never analysed. `window` and
    `is_inverted` (low values shown bright) are how it is shown first; the lock fills in what the
    file says.
    """

    id: str
    path: str
    series: str = ""
    patient: str = ""
    truth: str = ""
    lesions: tuple[Lesion, ...] = ()
    strata: tuple[tuple[str, str], ...] = ()
    is_training: bool = False
    feedback: str = ""
    window: tuple[float, float] | None = None
    is_inverted: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader, by the code that stands in the data, the name that signs, and facts for tables."""

    code: str
    name: str
    years: float | None = None
    site: str = ""


@dataclass(frozen=True, slots=True)
class Design:
    """The design: `gap_trials` is the least number of trials between two of one patient.

    `washout_days` lie between the periods of a crossover; `block_trials` (0: one block) is the
    length of a block, after which a break is offered.
    """

    kind: DesignKind
    washout_days: int = 28
    gap_trials: int = 1
    block_trials: int = 0
    break_minutes: int = 45


@dataclass(frozen=True, slots=True)
class Randomisation:
    """How trials are ordered: our own generator's name and version, and the seed.

    `is_side_random` shuffles and balances left and right; `repeats` cases are shown again, with
    all their arms and in each period, to each reader for intra-reader agreement.
    """

    seed: str
    algorithm: str = "sha256-fisher-yates-2"
    is_order_random: bool = True
    is_side_random: bool = True
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class BlindingRule:
    """Whether the label leaves the image for the session's banner, and who answers for that.

    `is_measuring` allows cursor values and region statistics; `asks_guess` asks each reader at
    the end which image was AI-processed.
    """

    ai_label: LabelPolicy = LabelPolicy.ON_IMAGE
    justification: str = ""
    reference: str = ""
    is_measuring: bool = False
    asks_guess: bool = True


@dataclass(frozen=True, slots=True)
class Choice:
    """One point of a scale: its value, the words beside it."""

    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A question shows only when another one's current answer is among `values`."""

    question: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the form.

    `choices` are the points of Likert, equivalence, choice, preference and 2AFC questions, in
    ascending value. `least`, `most`, `step` and `unit` bound a number; the two `ends` are the
    words at the ends of a visual analogue scale (0 to 100). `is_per_arm` asks it of each image
    of a pair. Marks take `choices` as confidence and at most `most_marks` (0: any number);
    `mark_shape` is "point" or "ellipse".
    """

    id: str
    kind: QuestionKind
    text: str
    choices: tuple[Choice, ...] = ()
    is_required: bool = True
    is_per_arm: bool = True
    least: float | None = None
    most: float | None = None
    step: float = 1.0
    unit: str = ""
    ends: tuple[str, str] = ("", "")
    show_if: Condition | None = None
    most_marks: int = 0
    mark_shape: str = "point"
    help: str = ""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds without input that count as idle, and the limit of a trial (0: none)."""

    idle_s: float = 60.0
    limit_s: float = 0.0


@dataclass(frozen=True, slots=True)
class DisplayCheck:
    """What a reader must see and state before reading."""

    is_required: bool = True
    asks_luminance: bool = True
    valid_hours: float = 24.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A pre-specified comparison of `arm` with `control` on a question or a figure of merit.

    `measure` is the question's id, or "auc", "sensitivity" or "specificity" of ratings, or
    "wafroc", "afroc", "alroc" or "pcl" (these two of one lesion in each abnormal case) of marks.
    `kind` is superiority, non_inferiority or equivalence; `margin` is in the measure's unit.
    """

    measure: str
    arm: str
    control: str
    kind: str = "superiority"
    margin: float = 0.0
    is_primary: bool = True


@dataclass(frozen=True, slots=True)
class AnalysisPlan:
    """What is analysed, fixed at lock.

    `zeros` is the rule of Wilcoxon's test ("pratt", "wilcox", "zsplit"); `hit_radius_mm` (0: the
    lesion's own radius) is how far from a lesion's centre a mark counts as a hit; `score` is the
    question by which images are called abnormal ("" where only one could be it), and `threshold`
    its least answer that counts as positive for sensitivity and specificity.
    """

    endpoints: tuple[Endpoint, ...] = ()
    alpha: float = 0.05
    zeros: str = "pratt"
    hit_radius_mm: float = 0.0
    threshold: float | None = None
    score: str = ""
    subgroups: tuple[str, ...] = ()
    bootstrap: int = 2000


@dataclass(frozen=True, slots=True)
class Protocol:
    """A whole study as its file says it; `version` counts amendments from 1."""

    study: StudyFacts
    arms: tuple[Arm, ...]
    cases: tuple[Case, ...]
    readers: tuple[Reader, ...]
    design: Design
    randomisation: Randomisation
    questions: tuple[Question, ...]
    blinding: BlindingRule = BlindingRule()
    editing: EditPolicy = EditPolicy.UNTIL_NEXT
    timing: Timing = Timing()
    display_check: DisplayCheck = DisplayCheck()
    analysis: AnalysisPlan = AnalysisPlan()
    schema_version: int = SCHEMA_VERSION
    version: int = 1
    amendment: str = ""

    @property
    def trial_cases(self) -> tuple[Case, ...]:
        """Return the cases that are analysed."""
        return tuple(case for case in self.cases if not case.is_training)

    @property
    def is_blinded(self) -> bool:
        """True where the session's banner stands in for the label on the image."""
        return self.blinding.ai_label is LabelPolicy.SESSION_BANNER
