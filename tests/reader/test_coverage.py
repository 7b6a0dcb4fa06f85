"""Intervals of the arm's odds ratio hold the truth about as often as they say."""

import pytest

from tests.benchmarks.bench_ratings import coverage


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("reader_arm", [0.0, 0.35])
def test_interval_covers_the_truth_in_small_studies(reader_arm: float) -> None:
    share, _, refused = coverage(reader_arm, studies=200)
    assert 0.90 <= share <= 0.98
    assert refused < 10
