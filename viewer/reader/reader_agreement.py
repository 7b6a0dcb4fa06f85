"""Agreement between readers in each arm, and of each reader with himself."""

from collections.abc import Sequence

import numpy as np

from viewer.core.errors import NoAnalysis
from viewer.reader.ordinal_results import ArmAgreement, RepeatAgreement
from viewer.reader.rating_table import RatingTable, in_order
from viewer.reader.readings import Rating
from viewer.reader.statistics.agreement import (
    Agreement,
    Floats,
    Resampling,
    Scale,
    fleiss_kappa,
    gwet,
    krippendorff,
    weighted_kappa,
)
from viewer.reader.statistics.intraclass import Intraclass, intraclass


def between_readers(
    table: RatingTable, scale: Scale, resampling: Resampling
) -> tuple[ArmAgreement, ...]:
    """Return agreement in each arm: alpha first, then Gwet, Fleiss or weighted kappa, ICC."""
    return tuple(_in_arm(table.of_arms((arm,)), arm, scale, resampling) for arm in table.arms)


def _in_arm(table: RatingTable, arm: str, scale: Scale, resampling: Resampling) -> ArmAgreement:
    if len(table.readers) < 2:
        return ArmAgreement(arm, (), (), ("Agreement needs two readers.",))
    ratings = table.matrix(arm, table.readers, table.cases).T
    coefficients = [krippendorff(ratings, scale, resampling)]
    if scale.level != "interval":
        coefficients.append(gwet(ratings, scale, "identity", resampling))
    if scale.level == "ordinal":
        coefficients.append(gwet(ratings, scale, "quadratic", resampling))
    weights = "identity" if scale.level == "nominal" else "quadratic"
    if len(table.readers) == 2:
        coefficients.append(weighted_kappa(ratings, scale, weights, resampling))
    elif scale.level != "interval":
        coefficients.append(fleiss_kappa(ratings, scale, resampling))
    if scale.level == "nominal":
        return ArmAgreement(arm, tuple(coefficients), (), ())
    correlations: tuple[Intraclass, ...] = ()
    refusals: tuple[str, ...] = ()
    try:
        correlations = intraclass(ratings, resampling.alpha)
    except NoAnalysis as refusal:
        refusals = (f"Intraclass correlation: {refusal}",)
    return ArmAgreement(arm, tuple(coefficients), correlations, refusals)


def within_readers(
    ratings: Sequence[Rating], criterion: str, scale: Scale, resampling: Resampling
) -> tuple[RepeatAgreement, ...]:
    """Return the agreement of first and second readings of the same case and arm."""
    kept = [one for one in ratings if one.criterion == criterion and one.repeat in (0, 1)]
    repeated = in_order(one.reader for one in kept if one.repeat == 1)
    return tuple(
        RepeatAgreement(reader, _of_pairs(_pairs(kept, reader), scale, resampling))
        for reader in repeated
    )


def _pairs(ratings: Sequence[Rating], reader: str) -> Floats:
    """Return first and second readings [case and arm, 2]; NaN where one is missing."""
    own = [one for one in ratings if one.reader == reader]
    places: dict[tuple[str, str], int] = {}
    for one in own:
        places.setdefault((one.case, one.arm), len(places))
    found = np.full((len(places), 2), np.nan)
    for one in own:
        found[places[one.case, one.arm], one.repeat] = one.value
    return found


def _of_pairs(pairs: Floats, scale: Scale, resampling: Resampling) -> tuple[Agreement, ...]:
    whole = pairs[~np.isnan(pairs).any(axis=1)]
    weights = "identity" if scale.level == "nominal" else "quadratic"
    return (
        weighted_kappa(whole, scale, weights, resampling),
        gwet(whole, scale, weights, resampling),
    )
