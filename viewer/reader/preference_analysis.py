"""Questions about a pair: which image is preferred, and how strongly."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from viewer.core.errors import NoAnalysis
from viewer.reader.comparison import attempted, effect_of
from viewer.reader.findings import OF_PREFERENCE, Finding
from viewer.reader.ordinal_results import PreferenceModel, PreferenceResult, ReaderPreference
from viewer.reader.protocol import Endpoint
from viewer.reader.rating_table import RatingTable
from viewer.reader.readings import Rating
from viewer.reader.statistics.ordinal_mixed import averaged, fit
from viewer.reader.statistics.paired import discrimination, forced_d_prime, preferences
from viewer.reader.statistics.reader_spread import error_and_df, preference_spread


def prefer(
    table: RatingTable, arm: str, control: str, *, is_forced: bool, alpha: float
) -> PreferenceResult:
    """Return how often `arm` was preferred to `control`, by reader and over all.

    Ratings stand in favour of their own arm; those of the control are turned. `is_forced` adds
    d' of the choice, per reader and over all.
    """
    turned = tuple(
        replace(one, value=-one.value) if one.arm == control else one for one in table.ratings
    )
    refusals: list[str] = []
    cautions: list[str] = []
    model = attempted(
        "Mixed model", lambda: _model(turned, alpha, cautions, is_forced=is_forced), refusals
    )
    return PreferenceResult(
        table.criterion,
        arm,
        control,
        tuple(
            _of_reader(
                reader,
                [one.value for one in turned if one.reader == reader],
                is_forced=is_forced,
                alpha=alpha,
            )
            for reader in table.readers
        ),
        model,
        tuple(cautions),
        tuple(refusals),
    )


def _of_reader(
    reader: str, values: Sequence[float], *, is_forced: bool, alpha: float
) -> ReaderPreference:
    found = preferences(values, alpha)
    chosen = sum(value > 0 for value in values)
    sensitivity = discrimination(chosen, len(values), alpha) if is_forced else None
    return ReaderPreference(reader, found, sensitivity)


def _model(
    ratings: Sequence[Rating], alpha: float, cautions: list[str], *, is_forced: bool
) -> PreferenceModel:
    """Fit a logistic mixed model of the sign alone, with random readers and cases.

    Its error is that of readers' own log odds, as for the effect of an arm.
    """
    sided = RatingTable("", tuple(one for one in ratings if one.value != 0))
    if len(sided.readers) < 2:
        raise NoAnalysis("Preference over readers needs two readers who prefer either image.")
    signs = [float(one.value > 0) for one in sided.ratings]
    if len(set(signs)) < 2:
        raise NoAnalysis("All readers prefer the same arm always, so no finite odds exist.")
    groupings = sided.groupings()[:2]
    found = fit(signs, [], groupings, alpha=alpha)
    cautions += found.cautions
    try:
        spread = preference_spread(signs, [one.reader for one in sided.ratings], groupings[1])
    except NoAnalysis as refusal:
        spread = None
        cautions.append(f"How readers differ is the model's estimate alone: {refusal.what}")
    one = found.thresholds[0]
    odds = effect_of(
        -one.estimate, *error_and_df(found, one.se, len(sided.readers), "reader", spread), alpha
    )
    middle, low, high = (
        averaged(found, float(np.log(end))) for end in (odds.odds_ratio, *odds.interval)
    )
    return PreferenceModel(
        found,
        odds,
        middle,
        (low, high),
        forced_d_prime(middle) if is_forced else None,
        (forced_d_prime(low), forced_d_prime(high)) if is_forced else None,
    )


def preference_finding(endpoint: Endpoint, found: PreferenceResult, alpha: float) -> Finding:
    """Decide an endpoint that is a question about pairs: superiority alone, by the mixed model."""
    if {endpoint.arm, endpoint.control} != {found.arm, found.control}:
        return Finding(endpoint, reason=f"'{endpoint.measure}' did not compare these arms.")
    if endpoint.kind != "superiority" or endpoint.margin:
        reason = "A margin is of ratings of each image; a preference shows superiority or nothing."
        return Finding(endpoint, reason=reason)
    model = found.model
    if model is None:
        return Finding(endpoint, reason=" ".join(found.refusals))
    share, (low, high) = model.probability, model.interval
    if endpoint.arm != found.arm:
        share, low, high = 1 - share, 1 - high, 1 - low
    is_met = model.odds.p < alpha and share > 0.5
    return Finding(
        endpoint,
        OF_PREFERENCE,
        share,
        (low, high),
        1 - alpha,
        model.odds.df,
        model.odds.p,
        is_met,
    )
