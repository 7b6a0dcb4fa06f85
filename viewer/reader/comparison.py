"""One arm against the control on one criterion: mixed model, readers, areas and subgroups."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np
from scipy import stats

from viewer.core.errors import NoAnalysis
from viewer.reader.ordinal_results import (
    ArmEffect,
    ArmProbabilities,
    Comparison,
    OrdinalModel,
    ReaderComparison,
    Stratum,
    Subgroup,
)
from viewer.reader.protocol import AnalysisPlan
from viewer.reader.rating_table import (
    READER_ARM,
    Floats,
    RatingTable,
    arm_column,
    in_order,
    order_columns,
    separable,
)
from viewer.reader.statistics.cumulative_search import Column, Grouping
from viewer.reader.statistics.ordinal_mixed import (
    LikelihoodRatio,
    MixedFit,
    category_probabilities,
    combination,
    fit,
    likelihood_ratio,
)
from viewer.reader.statistics.paired import mcnemar, mean_difference, signed_rank
from viewer.reader.statistics.reader_spread import ReaderSpread, error_and_df, reader_spread
from viewer.reader.statistics.visual_grading import visual_grading

_Found = TypeVar("_Found")


def attempted(what: str, analysis: Callable[[], _Found], refusals: list[str]) -> _Found | None:
    """Return what an analysis finds, or None and its reason among `refusals`."""
    try:
        return analysis()
    except NoAnalysis as refusal:
        refusals.append(f"{what}: {refusal}")
        return None


def compare(
    table: RatingTable,
    arm: str,
    control: str,
    plan: AnalysisPlan,
    seed: int,
    *,
    is_ordered: bool = True,
) -> Comparison:
    """Return everything about `arm` against `control` on the table's criterion."""
    both = table.of_arms((control, arm))
    one = both.matrix(control, both.readers, both.cases)
    two = both.matrix(arm, both.readers, both.cases)
    refusals: list[str] = []
    points = len(set(both.values))
    by_reader = [
        _of_reader(
            both.of_reader(reader), arm, row, plan, refusals, is_ordered=is_ordered, points=points
        )
        for reader, row in zip(both.readers, two - one, strict=True)
    ]
    cautions: list[str] = []
    model = None
    if is_ordered:
        fitted = partial(_model, both, arm, control, plan.alpha, cautions)
        model = attempted("Mixed model", fitted, refusals)
    else:
        cautions.append("These are measurements, not grades: see the mean difference.")
    return Comparison(
        arm=arm,
        control=control,
        is_ordered=is_ordered,
        by_reader=tuple(one for one in by_reader if one is not None),
        model=model,
        mean_difference=attempted("Mean difference", lambda: mean_difference(two - one), refusals),
        visual_grading=attempted(
            "Visual grading",
            lambda: visual_grading(one, two, plan.bootstrap, seed, plan.alpha),
            refusals,
        ),
        subgroups=_subgroups(both, arm, plan, model, refusals),
        cautions=tuple(cautions),
        refusals=tuple(refusals),
    )


def _of_reader(
    table: RatingTable,
    arm: str,
    row: Floats,
    plan: AnalysisPlan,
    refusals: list[str],
    *,
    is_ordered: bool,
    points: int,
) -> ReaderComparison | None:
    """Return one reader's test of differences `row` [case], and odds ratio.

    `points` are the different ratings of all readers; two of them are yes and no.
    """
    reader = table.readers[0]
    pairs = [float(one) for one in row[~np.isnan(row)]]
    ranks = partial(signed_rank, pairs, plan.zeros)
    test = attempted(f"Wilcoxon of reader {reader}", ranks, refusals)
    if test is None:
        return None
    if not is_ordered:
        return ReaderComparison(reader, test)
    # A pair that is equal counts for neither, so the sign says all that McNemar's test needs.
    yes_or_no = mcnemar([one > 0 for one in pairs], [one < 0 for one in pairs])
    column = arm_column(table.ratings, arm)
    fitted = partial(fit, table.values, [column], table.groupings()[1:2], alpha=plan.alpha)
    found = attempted(f"Odds ratio of reader {reader}", fitted, refusals)
    effect = found.coefficient(arm) if found else None
    return ReaderComparison(reader, test, effect, yes_or_no if points == 2 else None)


def _model(
    table: RatingTable, arm: str, control: str, alpha: float, cautions: list[str]
) -> OrdinalModel:
    """Fit the arm with period and sequence, and test it."""
    effect = arm_column(table.ratings, arm)
    columns, left = separable([effect], order_columns(table.ratings))
    cautions += [f"The effect of {name} cannot be told from others: left out." for name in left]
    groupings = table.groupings()
    found = fit(table.values, columns, groupings, alpha=alpha)
    without = fit(table.values, columns[1:], groupings, alpha=alpha)
    cautions += found.cautions
    return OrdinalModel(
        found,
        arm_effect(found, arm, len(table.readers), alpha, _spread(table, columns, found, cautions)),
        likelihood_ratio(without, found),
        tuple(
            ArmProbabilities(name, category_probabilities(found, _row(columns, place)))
            for place, name in enumerate((control, arm))
        ),
        _proportional_odds(table, arm, columns, groupings, found, cautions),
    )


def _row(columns: tuple[Column, ...], arm: int) -> list[float]:
    """Return the arm's row at the mean of the other columns."""
    return [float(arm), *(float(np.mean(one.values)) for one in columns[1:])]


def arm_effect(
    found: MixedFit, arm: str, readers: int, alpha: float, spread: ReaderSpread | None = None
) -> ArmEffect:
    """Return the arm's effect with Student's t, for readers at large however few they are.

    The estimate is the model's. Its variance and degrees of freedom are those of readers' own
    effects (`spread`): maximum likelihood takes their variance too small, at zero in half of all
    studies of three readers, so that Wald's interval is too narrow. Where there is no `spread`,
    the model's variance serves. tests/benchmarks/bench_ratings.py measures how often the interval
    holds the truth.

    Source: Hillis 2007, Stat Med 26:596; Satterthwaite 1946, Biometrics Bull 2:110.
    """
    one = found.coefficient(arm)
    return effect_of(one.estimate, *error_and_df(found, one.se, readers, READER_ARM, spread), alpha)


def effect_of(log_odds: float, se: float, df: float, alpha: float) -> ArmEffect:
    """Return an effect with its test and interval by Student's t."""
    half = float(stats.t.isf(alpha / 2, df)) * se
    p = float(2 * stats.t.sf(abs(log_odds / se), df))
    ratio, low, high = (float(np.exp(log_odds + one)) for one in (0.0, -half, half))
    return ArmEffect(log_odds, se, df, log_odds / se, p, ratio, (low, high))


def _spread(
    table: RatingTable, columns: tuple[Column, ...], found: MixedFit, cautions: list[str]
) -> ReaderSpread | None:
    """Return how readers differ in the effect of the first column; the others are as found."""
    if len(table.readers) < 2:
        return None
    others = sum(
        (found.coefficient(one.name).estimate * np.array(one.values) for one in columns[1:]),
        start=np.zeros(len(table.ratings)),
    )
    readers = [one.reader for one in table.ratings]
    try:
        return reader_spread(
            table.values, columns[0], readers, table.groupings()[:2], [float(one) for one in others]
        )
    except NoAnalysis as refusal:
        cautions.append(
            f"How readers differ in the arm is the model's estimate alone: {refusal.what}"
        )
        return None


def _proportional_odds(
    table: RatingTable,
    arm: str,
    columns: tuple[Column, ...],
    groupings: tuple[Grouping, ...],
    found: MixedFit,
    cautions: list[str],
) -> LikelihoodRatio | None:
    """Test thresholds of each arm's own; None where an arm lacks a category, or there are two."""
    if len(found.categories) < 3:
        return None
    used = [
        {one.value for one in table.ratings if (one.arm == arm) is is_arm}
        for is_arm in (False, True)
    ]
    if used[0] != used[1]:
        cautions.append(
            "Proportional odds are not checked: the arms do not use the same points of the scale."
        )
        return None
    own = [one.arm for one in table.ratings]
    try:
        free = fit(table.values, columns[1:], groupings, thresholds_by=own)
    except NoAnalysis as refusal:
        cautions.append(f"Proportional odds are not checked: {refusal.what}")
        return None
    return likelihood_ratio(found, free)


def _subgroups(
    table: RatingTable,
    arm: str,
    plan: AnalysisPlan,
    model: OrdinalModel | None,
    refusals: list[str],
) -> tuple[Subgroup, ...]:
    if model is None:
        return ()
    found = [
        attempted(f"Subgroup {name}", partial(_subgroup, table, arm, name, plan.alpha), refusals)
        for name in plan.subgroups
    ]
    return tuple(one for one in found if one is not None)


def _subgroup(table: RatingTable, arm: str, name: str, alpha: float) -> Subgroup:
    """Test whether the arm's effect differs between the values of a subgroup."""
    known = tuple(one for one in table.ratings if dict(one.strata).get(name))
    table = replace(table, ratings=known)
    labels = [dict(one.strata)[name] for one in known]
    values = sorted(set(labels))
    if len(values) < 2:
        raise NoAnalysis(f"All cases have one and the same {name}, so there is nothing to compare.")
    effect = arm_column(known, arm)
    main = [Column(value, tuple(float(one == value) for one in labels)) for value in values]
    inter = [
        Column(f"{arm} in {one.name}", tuple(np.multiply(one.values, effect.values)))
        for one in main
    ]
    columns, _ = separable([effect], [*main[1:], *order_columns(known)])
    larger, _ = separable(columns, inter[1:])
    if len(larger) - len(columns) < len(values) - 1:
        raise NoAnalysis(f"Some {name} was not read in both arms.")
    groupings = table.groupings()
    smaller_fit = fit(table.values, columns, groupings, alpha=alpha)
    larger_fit = fit(table.values, larger, groupings, alpha=alpha)
    strata = tuple(
        Stratum(
            value,
            len(in_order(one.case for one in known if dict(one.strata)[name] == value)),
            combination(larger_fit, {arm: 1.0, f"{arm} in {value}": 1.0}, value, alpha),
        )
        for value in values
    )
    return Subgroup(name, likelihood_ratio(smaller_fit, larger_fit), strata)
