"""What the analysis of ratings finds: frozen values that turn into JSON."""

import math
from dataclasses import dataclass, fields, is_dataclass

from viewer.reader.findings import Finding
from viewer.reader.statistics.agreement import Agreement
from viewer.reader.statistics.blinding_index import BlindingIndex
from viewer.reader.statistics.intraclass import Intraclass
from viewer.reader.statistics.ordinal_mixed import Coefficient, LikelihoodRatio, MixedFit
from viewer.reader.statistics.paired import (
    Discrimination,
    McNemar,
    MeanDifference,
    Preferences,
    SignedRank,
)
from viewer.reader.statistics.times import Drift, TimeFit
from viewer.reader.statistics.visual_grading import VisualGrading


@dataclass(frozen=True, slots=True)
class Counts:
    """How often a reader gave each point of the scale in an arm, in the scale's order."""

    reader: str
    arm: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ArmEffect:
    """The arm's effect on ratings, for readers and cases at large.

    `log_odds` is the mixed model's; `se` and `df` (Satterthwaite's) come from the spread of
    readers' own effects, and `p` and the interval are of Student's t. An odds ratio above 1 means
    higher ratings in the arm; it says nothing of detection.
    """

    log_odds: float
    se: float
    df: float
    t: float
    p: float
    odds_ratio: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ArmProbabilities:
    """The model's probability of each category in an arm, over all readers and cases."""

    arm: str
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class OrdinalModel:
    """The mixed model of one arm against the control.

    `effect` tests the arm. `test` is its likelihood ratio, whose p takes readers as many: where
    they differ much (SD 0.7), it falls below 0.05 in a tenth of studies of three or five readers
    in which the arm does nothing, so it is not shown. `proportional_odds` tests thresholds of each
    arm's own against common ones (small p: one odds ratio does not tell the whole).
    """

    fit: MixedFit
    effect: ArmEffect
    test: LikelihoodRatio
    probabilities: tuple[ArmProbabilities, ...]
    proportional_odds: LikelihoodRatio | None


@dataclass(frozen=True, slots=True)
class Stratum:
    """The arm's effect within one value of a subgroup; `cases` read there."""

    value: str
    cases: int
    effect: Coefficient


@dataclass(frozen=True, slots=True)
class Subgroup:
    """The interaction of arm and subgroup (one test), and the effects for a forest plot.

    The effects of strata are for looking at consistency; none of them is a test of its own.
    """

    name: str
    interaction: LikelihoodRatio
    strata: tuple[Stratum, ...]


@dataclass(frozen=True, slots=True)
class ReaderComparison:
    """One reader's own comparison; readers' pairs are never pooled.

    `effect` is the arm's odds ratio for this reader (for a forest plot), from a model with random
    cases; None where it cannot be estimated. It is described, not tested: `test` is the test, and
    of answers of two points, such as yes and no, `mcnemar`.
    """

    reader: str
    test: SignedRank
    effect: Coefficient | None = None
    mcnemar: McNemar | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """An arm against the control on one criterion; what is None is refused in `refusals`.

    Ratings that are not `is_ordered` are measurements: they have a mean difference and no model.
    """

    arm: str
    control: str
    is_ordered: bool
    by_reader: tuple[ReaderComparison, ...]
    model: OrdinalModel | None
    mean_difference: MeanDifference | None
    visual_grading: VisualGrading | None
    subgroups: tuple[Subgroup, ...]
    cautions: tuple[str, ...]
    refusals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArmAgreement:
    """Agreement between readers in one arm."""

    arm: str
    coefficients: tuple[Agreement, ...]
    intraclass: tuple[Intraclass, ...]
    refusals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RepeatAgreement:
    """A reader's agreement with himself on cases shown again."""

    reader: str
    coefficients: tuple[Agreement, ...]


@dataclass(frozen=True, slots=True)
class ReaderDrift:
    """How a reader's figure moved along the reading list (Kendall); None: it did not vary."""

    reader: str
    drift: Drift | None


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """Everything about one criterion that each image of a case was rated on.

    `level` is "ordinal", "interval" (a measurement) or "nominal" (choices without order).
    """

    criterion: str
    level: str
    scale: tuple[float, ...]
    unused: tuple[float, ...]
    counts: tuple[Counts, ...]
    comparisons: tuple[Comparison, ...]
    agreement: tuple[ArmAgreement, ...]
    repeats: tuple[RepeatAgreement, ...]
    drift: tuple[ReaderDrift, ...]


@dataclass(frozen=True, slots=True)
class ReaderPreference:
    """One reader's preferences for `arm`, and for a 2AFC question the sensitivity."""

    reader: str
    preferences: Preferences
    discrimination: Discrimination | None


@dataclass(frozen=True, slots=True)
class PreferenceModel:
    """Preferring the arm, over readers and cases at large.

    `odds` are of a reader and a case in the middle; `probability` is over all of them, and so
    nearer to one half. Both have the same test, against odds of 1 and a probability of one half.
    `d_prime` belongs to a 2AFC question: sqrt(2) z(probability).
    """

    fit: MixedFit
    odds: ArmEffect
    probability: float
    interval: tuple[float, float]
    d_prime: float | None
    d_prime_interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class PreferenceResult:
    """A question about pairs: each reader's exact test, and the model over readers and cases.

    Answers of "same" are counted and left out of the model. A preference is no measure of what
    can be detected.
    """

    criterion: str
    arm: str
    control: str
    by_reader: tuple[ReaderPreference, ...]
    model: PreferenceModel | None
    cautions: tuple[str, ...]
    refusals: tuple[str, ...]

    @property
    def odds(self) -> ArmEffect | None:
        """Return the odds of preferring the arm, where they could be estimated."""
        return None if self.model is None else self.model.odds


@dataclass(frozen=True, slots=True)
class TimeResult:
    """Reading times: the model, each reader's drift, and what was left out."""

    fit: TimeFit | None
    drift: tuple[ReaderDrift, ...]
    cautions: tuple[str, ...]
    refusals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BlindingResult:
    """Bang's index of each arm, and James's over both arms of a study of two."""

    arms: tuple[tuple[str, BlindingIndex], ...]
    james: BlindingIndex | None


@dataclass(frozen=True, slots=True)
class OrdinalAnalysis:
    """The whole analysis of ratings; only `findings` may be claimed, as the plan fixed them."""

    source: str
    readers: tuple[str, ...]
    cases: int
    arms: tuple[str, ...]
    control: str
    criteria: tuple[CriterionResult, ...]
    preferences: tuple[PreferenceResult, ...]
    times: TimeResult
    blinding: BlindingResult | None
    findings: tuple[Finding, ...]
    cautions: tuple[str, ...]
    refusals: tuple[str, ...]
    methods: tuple[str, ...]


def as_facts(value: object) -> object:
    """Return a result as what JSON knows; a figure that is not finite becomes null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: as_facts(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple):
        return [as_facts(one) for one in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
