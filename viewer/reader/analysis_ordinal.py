"""The analysis of ratings and preferences: from readings and a plan to results."""

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version

from viewer.core.errors import NoAnalysis
from viewer.reader.comparison import compare
from viewer.reader.findings import NOT_DETECTION, Finding, decided_together
from viewer.reader.ordinal_results import (
    BlindingResult,
    Comparison,
    Counts,
    CriterionResult,
    OrdinalAnalysis,
    PreferenceResult,
)
from viewer.reader.preference_analysis import prefer, preference_finding
from viewer.reader.protocol import AnalysisPlan, Endpoint, Question, QuestionKind
from viewer.reader.rating_table import RatingTable, in_order
from viewer.reader.reader_agreement import between_readers, within_readers
from viewer.reader.readings import GUESS, Rating, Readings
from viewer.reader.statistics.agreement import Resampling, Scale
from viewer.reader.statistics.blinding_index import bang, james
from viewer.reader.statistics.froc import FIGURES
from viewer.reader.statistics.margins import margin_test
from viewer.reader.time_analysis import analyse_times, reader_drift

FEW_READERS = 5
MOST_POINTS = 20
"""A scale with more points than this is taken as a measurement."""

SEED = 20110601

_ABOUT_PAIRS = (QuestionKind.PREFERENCE, QuestionKind.FORCED_CHOICE)
_OF_DETECTION = ("auc", "sensitivity", "specificity", *FIGURES)


def analyse_ratings(
    readings: Readings,
    plan: AnalysisPlan,
    control: str = "",
    questions: Sequence[Question] = (),
    seed: int = SEED,
) -> OrdinalAnalysis:
    """Analyse every criterion of the readings, and decide the plan's endpoints on them.

    Parameters
    ----------
    control : the arm that others are held against; where empty, that of the plan's first
        endpoint, or else the first arm of the source.
    questions : the protocol's questions, for the points of scales and for what asks about pairs;
        without them, the values that occur are the scale, and a criterion with negative values
        or with one arm only beside others with two is about pairs.
    seed : of every bootstrap (numpy's PCG64).

    Returns
    -------
    What cannot be analysed stands in the `refusals` beside it, with its reason. Holm's procedure
    runs over the primary endpoints that are questions; where a study has endpoints of detection
    as well, join the findings and call `decided_together` once.

    Raises
    ------
    NoAnalysis : no ratings at all.
    InvalidReadings : a reader rated a case twice in one arm.
    """
    ratings = tuple(one for one in readings.ratings if one.criterion != GUESS)
    if not ratings:
        raise NoAnalysis("There are no ratings to analyse.", do="Record or import readings first.")
    arms = in_order(one.arm for one in ratings if one.arm)
    control = control or next((one.control for one in plan.endpoints), arms[0] if arms else "")
    by_id = {one.id: one for one in questions}
    kinds = {name: one.kind for name, one in by_id.items()}
    tables = [RatingTable.of(ratings, name) for name in in_order(one.criterion for one in ratings)]
    pairs = [one for one in tables if _is_about_pairs(one, kinds, arms)]
    criteria = tuple(
        _criterion(one, ratings, plan, control, _scale(one, ratings, by_id), seed)
        for one in tables
        if one not in pairs
    )
    preferences = tuple(_preference(one, kinds, arms, control, plan.alpha) for one in pairs)
    readers = in_order(one.reader for one in ratings)
    return OrdinalAnalysis(
        source=readings.source,
        readers=readers,
        cases=len(in_order(one.case for one in ratings)),
        arms=arms,
        control=control,
        criteria=criteria,
        preferences=preferences,
        times=analyse_times(ratings, control, plan.alpha),
        blinding=_blinding(readings.ratings, control, plan.alpha),
        findings=decide(criteria, preferences, plan),
        cautions=_cautions(readings, readers),
        refusals=_refusals(criteria, control),
        methods=_methods(plan, seed),
    )


def decide(
    criteria: Sequence[CriterionResult],
    preferences: Sequence[PreferenceResult],
    plan: AnalysisPlan,
) -> tuple[Finding, ...]:
    """Return the findings on the plan's endpoints that are questions, with Holm's procedure."""
    found = {
        (one.criterion, each.arm, each.control): each
        for one in criteria
        for each in one.comparisons
    }
    preferred = {one.criterion: one for one in preferences}
    endpoints = [one for one in plan.endpoints if one.measure not in _OF_DETECTION]
    return decided_together(
        [
            preference_finding(one, preferred[one.measure], plan.alpha)
            if one.measure in preferred
            else _finding(one, found.get((one.measure, one.arm, one.control)), plan.alpha)
            for one in endpoints
        ],
        plan.alpha,
    )


def _finding(endpoint: Endpoint, found: Comparison | None, alpha: float) -> Finding:
    """Decide one endpoint: superiority by the mixed model, margins by the mean difference."""
    if found is None:
        return Finding(endpoint, reason=f"'{endpoint.measure}' was not rated in both arms.")
    if endpoint.kind == "superiority" and not endpoint.margin and found.is_ordered:
        if found.model is None:
            return Finding(endpoint, reason=" ".join(found.refusals))
        effect = found.model.effect
        return Finding(
            endpoint,
            "odds ratio",
            effect.odds_ratio,
            effect.interval,
            1 - alpha,
            effect.df,
            effect.p,
            effect.p < alpha and effect.log_odds > 0,
        )
    mean = found.mean_difference
    if mean is None:
        return Finding(endpoint, reason=" ".join(found.refusals))
    try:
        test = margin_test(mean.difference, mean.se, mean.df, endpoint.kind, endpoint.margin, alpha)
    except NoAnalysis as refusal:
        return Finding(endpoint, reason=str(refusal))
    return Finding(
        endpoint,
        "mean difference",
        test.difference,
        test.interval,
        test.level,
        test.df,
        test.p,
        test.is_met,
    )


def _criterion(
    table: RatingTable,
    ratings: Sequence[Rating],
    plan: AnalysisPlan,
    control: str,
    scale: Scale,
    seed: int,
) -> CriterionResult:
    used, resampling = set(table.values), Resampling(plan.bootstrap, seed, plan.alpha)
    others = [arm for arm in table.arms if arm != control] if control in table.arms else []
    return CriterionResult(
        criterion=table.criterion,
        level=scale.level,
        scale=scale.points,
        unused=tuple(point for point in scale.points if point not in used),
        counts=_counts(table, scale.points),
        comparisons=tuple(
            compare(table, arm, control, plan, seed, is_ordered=scale.level == "ordinal")
            for arm in others
            if scale.level != "nominal"
        ),
        agreement=between_readers(table, scale, resampling),
        repeats=within_readers(ratings, table.criterion, scale, resampling),
        drift=reader_drift(table.ratings, of_time=False),
    )


def _scale(
    table: RatingTable, ratings: Sequence[Rating], questions: Mapping[str, Question]
) -> Scale:
    """Return the scale of a criterion: its question's points, or else the values that occur.

    Choices have no order; numbers, analogue scales and anything with more than `MOST_POINTS`
    different values are measured, not graded.
    """
    values = {one.value for one in ratings if one.criterion == table.criterion}
    question = questions.get(table.criterion)
    points = {one.value for one in question.choices} if question else set()
    whole = tuple(sorted(points if values <= points else values))
    kind = question.kind if question else QuestionKind.LIKERT
    if kind in (QuestionKind.CHOICE, QuestionKind.CHOICES):
        return Scale(whole, "nominal")
    is_measured = kind in (QuestionKind.NUMBER, QuestionKind.ANALOGUE) or len(whole) > MOST_POINTS
    return Scale(whole, "interval" if is_measured else "ordinal")


def _counts(table: RatingTable, points: tuple[float, ...]) -> tuple[Counts, ...]:
    counted = Counter((one.reader, one.arm, one.value) for one in table.ratings)
    return tuple(
        Counts(reader, arm, tuple(counted[reader, arm, point] for point in points))
        for reader in table.readers
        for arm in table.arms
    )


def _is_about_pairs(
    table: RatingTable, kinds: Mapping[str, QuestionKind], arms: Sequence[str]
) -> bool:
    if table.criterion in kinds:
        return kinds[table.criterion] in _ABOUT_PAIRS
    one_each = len({(one.reader, one.case) for one in table.ratings}) == len(table.ratings)
    return len(arms) > 1 and one_each and (min(table.values) < 0 or len(table.arms) == 1)


def _preference(
    table: RatingTable,
    kinds: Mapping[str, QuestionKind],
    arms: Sequence[str],
    control: str,
    alpha: float,
) -> PreferenceResult:
    arm = next((one for one in (*table.arms, *arms) if one and one != control), "")
    is_forced = kinds.get(table.criterion) is QuestionKind.FORCED_CHOICE
    return prefer(table, arm, control, is_forced=is_forced, alpha=alpha)


def _blinding(ratings: Sequence[Rating], control: str, alpha: float) -> BlindingResult | None:
    guesses = [one for one in ratings if one.criterion == GUESS]
    if not guesses:
        return None
    counted = {}
    for arm in in_order(one.arm for one in guesses):
        signs = [one.value * (-1 if arm == control else 1) for one in guesses if one.arm == arm]
        right, wrong = sum(one > 0 for one in signs), sum(one < 0 for one in signs)
        counted[arm] = (right, wrong, len(signs) - right - wrong)
    indices = tuple((arm, bang(*counts, alpha)) for arm, counts in counted.items())
    both = tuple(counted.values())
    return BlindingResult(indices, james((both[0], both[1]), alpha) if len(both) == 2 else None)


def _refusals(criteria: Sequence[CriterionResult], control: str) -> tuple[str, ...]:
    return tuple(
        f"'{one.criterion}' compares nothing: "
        + (
            "its answers have no order."
            if one.level == "nominal"
            else f"it was not rated in {control or 'a control'} and another arm."
        )
        for one in criteria
        if not one.comparisons
    )


def _cautions(readings: Readings, readers: Sequence[str]) -> tuple[str, ...]:
    cautions = [NOT_DETECTION]
    if len(readers) < FEW_READERS:
        cautions.append(
            f"{len(readers)} reader{'s' * (len(readers) != 1)} only: look at each reader's results"
            " first. Intervals for readers at large are wide below five readers, since so few"
            " cannot tell how much readers differ in how the arm affects them."
        )
    if readings.unread:
        cautions.append(f"{len(readings.unread)} readings of the design are missing.")
    return tuple(cautions)


def _methods(plan: AnalysisPlan, seed: int) -> tuple[str, ...]:
    return (
        "Ratings: cumulative link mixed model, logit link, flexible thresholds; fixed effects of"
        " arm, period and sequence; random intercepts of reader, case and reader in an arm;"
        " Laplace approximation (Christensen, ordinal; Smedby and Fredrikson 2010). Interval and p"
        " of the arm: Student's t on the spread of readers' own effects, with Satterthwaite's"
        " degrees of freedom (Hillis 2007).",
        "Preference and forced choice: each reader's exact binomial test (Clopper and Pearson's"
        " interval); logistic mixed model of the side taken, readers and cases random, interval and"
        " p as above.",
        f"Each reader: Wilcoxon's signed ranks, zeros by the rule '{plan.zeros}', normal"
        " approximation with the correction for ties, no correction for continuity.",
        f"Visual grading (Bath and Mansson 2007) and agreement: {plan.bootstrap} bootstrap samples"
        f" with numpy's PCG64, seed {seed}; readers and cases together for visual grading, cases"
        " for agreement; percentile intervals.",
        "Margins: mean difference in points, readers and cases random (Hillis 2007). Primary"
        " endpoints: Holm's procedure.",
        "Versions: "
        + ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "statsmodels"))
        + ".",
    )
