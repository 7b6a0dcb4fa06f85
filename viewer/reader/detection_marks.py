"""Marks of a detection study as figures of merit of every reader in every arm."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from viewer.core.arrays import FloatArray
from viewer.core.errors import NoAnalysis
from viewer.reader.readings import CaseTruth, Readings
from viewer.reader.statistics.froc import (
    MarkedCases,
    curve_points,
    figure,
    froc_points,
    left_out_figures,
)
from viewer.reader.statistics.lroc import LROC_FIGURES


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Figures [set], figures [set, case left out] and, for areas, the ratings."""

    values: FloatArray
    left: FloatArray
    ratings: tuple[FloatArray, FloatArray] | None = None
    curves: Sequence[tuple[tuple[float, float], ...]] = field(default=())
    frocs: Sequence[tuple[tuple[float, float], ...]] = field(default=())


def measured_marks(
    readings: Readings, truth: tuple[CaseTruth, ...], measure: str
) -> tuple[tuple[str, ...], tuple[str, ...], Measured]:
    """Return arms, readers and their figures of merit, readers within arms.

    Raises
    ------
    NoAnalysis : there are no marks, a reading or a lesion is missing, or there are several lesions
        where the figure is of one.
    """
    looked = readings.looked or tuple((one.reader, one.case, one.arm) for one in readings.marks)
    arms = tuple(dict.fromkeys(arm for _, _, arm in looked))
    readers = tuple(dict.fromkeys(reader for reader, _, _ in looked))
    if not readings.marks:
        raise NoAnalysis("There are no marks.", "Nothing tells arms apart.", "")
    _refuse_unread(readings, truth, arms, readers)
    sets = [_marked(readings, truth, reader, arm, measure) for arm in arms for reader in readers]
    misses = [
        np.array(
            [
                one.confidence
                for one in readings.marks
                if (one.reader, one.arm) == place and not one.lesion
            ]
        )
        for place in ((reader, arm) for arm in arms for reader in readers)
    ]
    values = np.array([figure(measure, one) for one in sets])
    left = np.array([left_out_figures(measure, one) for one in sets])
    return (
        arms,
        readers,
        Measured(
            values,
            left,
            None,
            [curve_points(measure, one) for one in sets],
            [froc_points(*pair) for pair in zip(sets, misses, strict=True)],
        ),
    )


def _refuse_unread(
    readings: Readings, truth: tuple[CaseTruth, ...], arms: Sequence[str], readers: Sequence[str]
) -> None:
    if not readings.looked:
        return
    seen = set(readings.looked)
    wanted = [(reader, one.case, arm) for arm in arms for reader in readers for one in truth]
    missing = [place for place in wanted if place not in seen]
    if missing:
        reader, case, arm = missing[0]
        raise NoAnalysis(
            f"{len(missing)} of {len(wanted)} readings are missing, such as reader {reader}, arm "
            f"{arm}, case {case}.",
            "This analysis needs every case read by every reader in every arm.",
            "Complete the readings, or leave out the cases or readers concerned.",
        )


def _marked(
    readings: Readings, truth: tuple[CaseTruth, ...], reader: str, arm: str, measure: str
) -> MarkedCases:
    most = max((len(one.lesions) or 1) for one in truth)
    places = {one.case: place for place, one in enumerate(truth)}
    hits = np.full((len(truth), most), np.nan)
    weights = np.zeros((len(truth), most))
    for place, one in enumerate(truth):
        lesions = one.lesions if one.is_abnormal else ()
        if one.is_abnormal and not lesions and measure != "hrauc":
            raise NoAnalysis(
                f"Case {one.case} is abnormal and has no lesions.",
                f"{measure} needs each lesion.",
                "Add the lesions to the truth.",
            )
        if len(lesions) > 1 and measure in LROC_FIGURES:
            raise NoAnalysis(
                f"Case {one.case} has {len(lesions)} lesions.",
                f"{measure} is of one lesion in each abnormal case.",
                "Take wafroc, which is of any number.",
            )
        hits[place, : len(lesions)] = -np.inf
        weights[place, : len(lesions)] = [weight for _, weight in lesions]
    misses = np.full(len(truth), -np.inf)
    for mark in readings.marks:
        if (mark.reader, mark.arm) != (reader, arm) or mark.case not in places:
            continue
        place = places[mark.case]
        names = [name for name, _ in truth[place].lesions]
        if mark.lesion in names:
            column = names.index(mark.lesion)
            hits[place, column] = max(hits[place, column], mark.confidence)
        else:
            misses[place] = max(misses[place], mark.confidence)
    abnormal = np.array([one.is_abnormal for one in truth])
    return MarkedCases(misses, hits, weights, abnormal)
