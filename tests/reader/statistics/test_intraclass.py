"""Intraclass correlations are those of Shrout and Fleiss."""

import numpy as np
import pytest

from viewer.core.errors import NoAnalysis
from viewer.reader.statistics.intraclass import intraclass

# Shrout and Fleiss 1979, table 2: four judges, six targets.
JUDGES = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)


def test_values_are_those_of_the_paper() -> None:
    assert [(one.name, round(one.value, 2)) for one in intraclass(JUDGES)] == [
        ("ICC(2,1)", 0.29),
        ("ICC(3,1)", 0.71),
        ("ICC(2,4)", 0.62),
        ("ICC(3,4)", 0.91),
    ]


def test_intervals_are_those_that_psych_prints() -> None:
    # R, psych 2: ICC(sf): 0.019 to 0.761, 0.342 to 0.946, 0.071 to 0.927, 0.676 to 0.986
    ends = [tuple(round(end, 3) for end in one.interval) for one in intraclass(JUDGES)]
    assert ends == [(0.019, 0.761), (0.342, 0.946), (0.071, 0.927), (0.676, 0.986)]


def test_a_case_with_a_gap_is_left_out_and_counted() -> None:
    gappy = np.vstack([JUDGES, [5, np.nan, 4, 4]])
    found = intraclass(gappy)
    assert found[0].left_out == 1
    assert found[0].value == intraclass(JUDGES)[0].value


def test_judges_who_agree_wholly_have_one() -> None:
    same = np.repeat(JUDGES[:, :1], 3, axis=1)
    assert [one.value for one in intraclass(same)] == [1.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("ratings", "words"),
    [(JUDGES[:2], "three cases"), (JUDGES[:, :1], "two readers"), (np.ones((6, 4)), "equal")],
)
def test_too_little_is_refused_in_words(ratings: np.ndarray, words: str) -> None:
    with pytest.raises(NoAnalysis, match=words):
        intraclass(ratings)
