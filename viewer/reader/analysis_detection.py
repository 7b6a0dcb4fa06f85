"""Detection compared between arms: from readings to figures of merit and what they say of arms."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from viewer.core.arrays import FloatArray
from viewer.core.errors import NoAnalysis
from viewer.reader.detection_marks import Measured, measured_marks
from viewer.reader.readings import GUESS, CaseTruth, Readings
from viewer.reader.statistics import roc
from viewer.reader.statistics.froc import FIGURES
from viewer.reader.statistics.lroc import LROC_FIGURES
from viewer.reader.statistics.mrmc import (
    FIXED_CASES,
    FIXED_READERS,
    RANDOM,
    Components,
    Inference,
    components,
    infer,
)

COVARIANCES = ("jackknife", "delong", "unbiased")
ROC_FIGURES = ("auc", "sensitivity", "specificity")
FEW_READERS = 5

Told = dict[tuple[str, str, str], float]
"""The rating of (reader, arm, case)."""


@dataclass(frozen=True, slots=True)
class ReaderFigure:
    """A figure of merit of one reader in one arm; `se` None where nothing varies."""

    reader: str
    arm: str
    value: float
    se: float | None
    curve: tuple[tuple[float, float], ...] = ()
    froc: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class DetectionResult:
    """A figure of merit in every arm and what follows; `refusals` say what could not be said.

    `covariances` is [arm and reader, arm and reader], readers within arms, in the order of
    `arms` and `readers`.
    """

    measure: str
    covariance: str
    criterion: str
    arms: tuple[str, ...]
    readers: tuple[str, ...]
    cases: int
    abnormal: int
    figures: tuple[ReaderFigure, ...]
    covariances: tuple[tuple[float, ...], ...]
    components: Components
    inferences: tuple[Inference, ...]
    alpha: float = 0.05
    warnings: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()


def analyse_detection(
    readings: Readings,
    measure: str = "",
    covariance: str = "jackknife",
    criterion: str = "",
    threshold: float | None = None,
    alpha: float = 0.05,
) -> DetectionResult:
    """Compare arms by a figure of merit.

    Parameters
    ----------
    measure : "auc", "sensitivity", "specificity" of ratings, or one of `froc.FIGURES` of marks;
        by default wAFROC of marks, else the area.
    covariance : "jackknife" for every measure; "delong" and "unbiased" for the area.
    threshold : least rating that counts as positive, for sensitivity and specificity.

    Raises
    ------
    NoAnalysis : the data cannot carry it; the words say why.
    """
    measure = measure or ("wafroc" if readings.looked or readings.marks else "auc")
    truth = known_truth(readings)
    if measure in FIGURES:
        arms, readers, found = measured_marks(readings, truth, measure)
        used = "marks"
    elif measure in ROC_FIGURES:
        used = chosen_criterion(readings, criterion)
        arms, readers, found = _ratings(readings, truth, measure, used, threshold)
    else:
        names = ", ".join((*ROC_FIGURES, *FIGURES))
        raise NoAnalysis(f"There is no figure of merit {measure!r}.", "", f"Known: {names}.")
    matrix = _covariance(found, covariance)
    figures = found.values.reshape(len(arms), len(readers))
    inferences, refusals = _inferences(arms, figures, matrix, alpha)
    return DetectionResult(
        measure=measure,
        covariance=covariance,
        criterion=used,
        arms=arms,
        readers=readers,
        cases=len(truth),
        abnormal=sum(one.is_abnormal for one in truth),
        figures=_figures(arms, readers, found, matrix),
        covariances=tuple(tuple(float(value) for value in row) for row in matrix),
        components=components(figures, matrix),
        inferences=inferences,
        alpha=alpha,
        warnings=_warnings(measure, readers, figures),
        refusals=refusals,
    )


def known_truth(readings: Readings) -> tuple[CaseTruth, ...]:
    """Return the truth, of two normal and two abnormal cases at least; NoAnalysis otherwise."""
    abnormal = sum(one.is_abnormal for one in readings.truth)
    if not readings.truth:
        raise NoAnalysis(
            "The truth of the cases is not known.",
            "Detection cannot be judged.",
            "Add the truth of each case.",
        )
    for count, kind in ((abnormal, "abnormal"), (len(readings.truth) - abnormal, "normal")):
        if count < 2:
            raise NoAnalysis(
                f"There {'is only one' if count else 'are no'} {kind} case{'' if count else 's'}.",
                "Detection is judged between normal and abnormal cases, two of each at least.",
                f"Add {kind} cases.",
            )
    return readings.truth


def chosen_criterion(readings: Readings, wanted: str) -> str:
    """Return the criterion that is wanted, or the only one; NoAnalysis otherwise."""
    found = tuple(
        dict.fromkeys(one.criterion for one in readings.ratings if one.criterion != GUESS)
    )
    if wanted and wanted not in found:
        raise NoAnalysis(f"There is no criterion {wanted!r}.", "", f"Known: {', '.join(found)}.")
    if not found:
        raise NoAnalysis("There are no ratings.", "", "Add them.")
    if not wanted and len(found) > 1:
        raise NoAnalysis(
            f"There are {len(found)} criteria: {', '.join(found)}.",
            "One of them is the score by which cases are called abnormal.",
            "Name it with --criterion.",
        )
    return wanted or found[0]


# ---------------------------------------------------------------- ratings


def _ratings(
    readings: Readings,
    truth: tuple[CaseTruth, ...],
    measure: str,
    criterion: str,
    threshold: float | None,
) -> tuple[tuple[str, ...], tuple[str, ...], Measured]:
    chosen = [
        one for one in readings.ratings if one.criterion == criterion and not one.repeat and one.arm
    ]
    scores: Told = {(one.reader, one.arm, one.case): one.value for one in chosen}
    arms = tuple(dict.fromkeys(one.arm for one in chosen))
    readers = tuple(dict.fromkeys(one.reader for one in chosen))
    normal, abnormal = (
        _table(scores, arms, readers, [one.case for one in truth if one.is_abnormal is kind])
        for kind in (False, True)
    )
    both = np.concatenate((normal, abnormal), axis=1)
    if np.ptp(both) == 0:
        raise NoAnalysis(
            "All ratings are equal.", "Nothing tells cases apart.", "Check the column of scores."
        )
    if measure == "auc":
        found = roc.placements(normal, abnormal)
        curves = [roc.operating_points(*pair) for pair in zip(normal, abnormal, strict=True)]
        measured = Measured(found.areas, roc.left_out(found), (normal, abnormal), curves)
        return arms, readers, measured
    cut = _cut(both, threshold)
    right = (abnormal >= cut) if measure == "sensitivity" else (normal < cut)
    shares = right.astype(np.float64)
    count = shares.shape[1]
    left = (shares.sum(axis=1, keepdims=True) - shares) / (count - 1)
    return arms, readers, Measured(shares.mean(axis=1), left)


def _cut(both: FloatArray, threshold: float | None) -> float:
    if threshold is not None:
        return threshold
    values = np.unique(both)
    if len(values) == 2:  # a yes or no needs no threshold
        return float(values[1])
    raise NoAnalysis(
        "Sensitivity and specificity need the least rating that counts as positive.",
        f"There are {len(values)} different ratings.",
        "Name it with --threshold.",
    )


def _table(
    scores: Told, arms: Sequence[str], readers: Sequence[str], cases: Sequence[str]
) -> FloatArray:
    """Return ratings [arm and reader, case]; every reader must have read every case in every arm.

    Raises
    ------
    NoAnalysis : something is missing.
    """
    wanted = [(reader, arm, case) for arm in arms for reader in readers for case in cases]
    missing = [place for place in wanted if place not in scores]
    if missing:
        reader, arm, case = missing[0]
        raise NoAnalysis(
            f"{len(missing)} of {len(wanted)} ratings are missing, such as reader {reader}, arm "
            f"{arm}, case {case}.",
            "This analysis needs every case read by every reader in every arm.",
            "Complete the readings, or take --method u-statistic, which allows gaps.",
        )
    values = [scores[place] for place in wanted]
    return np.asarray(values, dtype=np.float64).reshape(len(arms) * len(readers), len(cases))


# ---------------------------------------------------------------- what follows


def _covariance(found: Measured, kind: str) -> FloatArray:
    if kind == "jackknife":
        return roc.jackknife(found.left)
    if kind not in COVARIANCES:
        raise NoAnalysis(f"There is no covariance {kind!r}.", "", f"Known: {COVARIANCES}.")
    if found.ratings is None:
        raise NoAnalysis(
            f"{kind} covariances are for the area under the ROC curve only.",
            "",
            "Use the jackknife.",
        )
    if kind == "unbiased":
        return roc.unbiased(*found.ratings)
    return roc.delong(roc.placements(*found.ratings))


def _inferences(
    arms: tuple[str, ...], figures: FloatArray, matrix: FloatArray, alpha: float
) -> tuple[tuple[Inference, ...], tuple[str, ...]]:
    done, refused = list[Inference](), list[str]()
    for kind in (RANDOM, FIXED_READERS, FIXED_CASES):
        try:
            done.append(infer(kind, arms, figures, matrix, alpha))
        except NoAnalysis as error:
            refused.append(f"{kind}: {error}")
    return tuple(done), tuple(refused)


def _figures(
    arms: tuple[str, ...], readers: tuple[str, ...], found: Measured, matrix: FloatArray
) -> tuple[ReaderFigure, ...]:
    nothing = ((),) * len(found.values)
    curves, frocs = found.curves or nothing, found.frocs or nothing
    places = [(arm, reader) for arm in arms for reader in readers]
    return tuple(
        ReaderFigure(
            reader,
            arm,
            float(found.values[place]),
            math.sqrt(max(float(matrix[place, place]), 0.0)) or None,
            curves[place],
            frocs[place],
        )
        for place, (arm, reader) in enumerate(places)
    )


def _warnings(measure: str, readers: tuple[str, ...], figures: FloatArray) -> tuple[str, ...]:
    found = []
    if len(readers) < FEW_READERS:
        found.append(
            f"{len(readers)} readers are few to speak of readers in general; look at each reader's "
            "own figures first."
        )
    if measure not in LROC_FIGURES and bool((figures < 0.5).any()):
        found.append(
            "A figure of merit lies below 0.5: check that higher ratings mean more suspicion."
        )
    return tuple(found)
