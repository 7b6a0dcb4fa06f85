"""Blinding indices say whether readers saw through the blinding."""

import pytest

from viewer.core.errors import NoAnalysis
from viewer.reader.statistics.blinding_index import bang, james


def test_bangs_index_is_the_published_form() -> None:
    c, w, dk = 82, 25, 170
    published = (2 * c / (c + w) - 1) * (c + w) / (c + w + dk)
    found = bang(c, w, dk)
    assert found.index == pytest.approx(published)
    assert found.interval[0] < found.index < found.interval[1]


@pytest.mark.parametrize(
    ("answers", "index"), [((10, 0, 0), 1.0), ((5, 5, 0), 0.0), ((0, 8, 0), -1.0), ((0, 0, 9), 0.0)]
)
def test_bangs_index_reaches_its_ends(answers: tuple[int, int, int], index: float) -> None:
    assert bang(*answers).index == index


@pytest.mark.parametrize(
    ("arm", "index"), [((10, 0, 0), 0.0), ((10, 10, 0), 0.5), ((0, 0, 5), 1.0), ((0, 7, 0), 1.0)]
)
def test_james_index_reaches_its_ends(arm: tuple[int, int, int], index: float) -> None:
    assert james((arm, arm)).index == pytest.approx(index)


def test_james_index_of_counts_worked_by_hand() -> None:
    # 253 of 416 unsure; of 163 guesses 52 wrong; chance (107 x 54 + 56 x 109) / 163^2.
    unsure, observed = 253 / 416, 52 / 163
    expected = (107 * 54 + 56 * 109) / 163**2
    by_hand = (1 + unsure + (1 - unsure) * (observed - expected) / expected) / 2
    assert james(((82, 25, 170), (29, 27, 83))).index == pytest.approx(by_hand)


def test_nobody_asked_is_refused_in_words() -> None:
    with pytest.raises(NoAnalysis, match="Nobody was asked"):
        bang(0, 0, 0)
    with pytest.raises(NoAnalysis, match="Nobody was asked"):
        james(((0, 0, 0), (0, 0, 0)))
