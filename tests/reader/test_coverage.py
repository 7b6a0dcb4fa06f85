"""Intervals of the arm's odds ratio hold the truth about as often as they say."""

import pytest

from tests.benchmarks.bench_ratings import coverage


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("reader_arm", [0.0, 0.35, 0.7])
def test_interval_covers_the_truth_in_small_studies(reader_arm: float) -> None:
    did = coverage(reader_arm, studies=200)
    assert 0.90 <= did.share <= 0.98
    assert did.half < 3 * did.plain_half
    assert did.refused < 10


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_readers_who_differ_find_an_arm_without_effect_as_rarely_as_they_say() -> None:
    did = coverage(0.7, studies=300, effect=0.0)
    assert 0.02 <= did.found <= 0.08
