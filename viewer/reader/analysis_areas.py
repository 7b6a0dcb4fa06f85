"""Areas compared where not everybody has read every case in every arm."""

import numpy as np

from viewer.reader.analysis_detection import chosen_criterion, known_truth
from viewer.reader.readings import Readings
from viewer.reader.statistics.ustatistic import Scores, UInference, infer_areas


def analyse_areas(readings: Readings, criterion: str = "", alpha: float = 0.05) -> UInference:
    """Compare areas by U-statistics, whoever has read what.

    Raises
    ------
    NoAnalysis : the data cannot carry it; the words say why.
    """
    truth, used = known_truth(readings), chosen_criterion(readings, criterion)
    chosen = [
        one for one in readings.ratings if one.criterion == used and not one.repeat and one.arm
    ]
    arms = tuple(dict.fromkeys(one.arm for one in chosen))
    readers = tuple(dict.fromkeys(one.reader for one in chosen))
    places = {one.case: place for place, one in enumerate(truth)}
    values = np.full((len(arms), len(readers), len(truth)), np.nan)
    for one in chosen:
        if one.case in places:
            values[arms.index(one.arm), readers.index(one.reader), places[one.case]] = one.value
    is_abnormal = np.array([one.is_abnormal for one in truth])
    return infer_areas(Scores(arms, readers, values, is_abnormal), alpha)
