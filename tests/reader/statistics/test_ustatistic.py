"""U-statistics: the full design against Obuchowski-Rockette, gaps against counting one by one."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from viewer.core.errors import NoAnalysis
from viewer.reader.statistics.mrmc import components
from viewer.reader.statistics.roc import placements, unbiased
from viewer.reader.statistics.ustatistic import Scores, infer_areas


def simulated(
    arms: int = 2, readers: int = 3, normals: int = 10, abnormals: int = 8, seed: int = 5
) -> Scores:
    """Return ratings from 1 to 5 of readers who tell abnormal cases apart moderately well."""
    random = np.random.default_rng(seed)
    is_abnormal = np.arange(normals + abnormals) >= normals
    base = random.normal(size=normals + abnormals) + 1.2 * is_abnormal
    noise = random.normal(size=(arms, readers, normals + abnormals))
    values = np.clip(np.round(base + noise + 2.5), 1, 5)
    return Scores(tuple("xyz"[:arms]), tuple(f"r{n}" for n in range(readers)), values, is_abnormal)


def test_the_full_design_has_the_variance_of_obuchowski_rockette_with_unbiased_covariances():
    scores = simulated(readers=4, normals=20, abnormals=15)
    found = infer_areas(scores)
    normal, abnormal = scores.normals.reshape(8, 20), scores.abnormals.reshape(8, 15)
    figures = placements(normal, abnormal).areas.reshape(2, 4)
    parts = components(figures, unbiased(normal, abnormal))
    expected = 2 / 4 * (parts.ms_both + 4 * (parts.cov2 - parts.cov3))
    (pair,) = found.differences
    assert pair.estimate == pytest.approx(figures[1].mean() - figures[0].mean())
    assert pair.se**2 == pytest.approx(expected)
    assert found.arms[0].estimate == pytest.approx(figures[0].mean())


def counted_variance(scores):
    """Variance of the only arm's area: its square less the mean over pairs that share nothing."""
    cells = []
    for reader in range(len(scores.readers)):
        for low, high in product(
            *(np.flatnonzero(kind) for kind in (~scores.is_abnormal, scores.is_abnormal))
        ):
            values = scores.values[0, reader, [low, high]]
            if not np.isnan(values).any():
                kernel = 1.0 * (values[1] > values[0]) + 0.5 * (values[1] == values[0])
                cells.append((reader, low, high, kernel))
    area = np.mean([cell[3] for cell in cells])
    apart = [
        one[3] * two[3]
        for one, two in product(cells, cells)
        if all(one[k] != two[k] for k in range(3))
    ]
    return area, area**2 - np.mean(apart)


def with_gaps():
    scores = simulated(arms=1, readers=3, normals=6, abnormals=5, seed=0)
    scores.values[0, 0, 2] = scores.values[0, 1, 7] = scores.values[0, 2, 0] = np.nan
    return scores


def test_with_gaps_the_variance_is_that_of_counting_pairs_of_pairs():
    scores = with_gaps()
    area, variance = counted_variance(scores)
    mean = infer_areas(scores).arms[0]
    assert mean.estimate == pytest.approx(area)
    assert mean.se**2 == pytest.approx(variance)


def test_arms_read_by_different_readers_of_different_cases_do_not_covary():
    scores = simulated(readers=6, normals=40, abnormals=40, seed=11)
    first = np.arange(80) % 2 == 0
    scores.values[0, 3:] = scores.values[1, :3] = np.nan
    scores.values[0][:, first] = np.nan
    scores.values[1][:, ~first] = np.nan
    found = infer_areas(scores)
    errors = [arm.se for arm in found.arms]
    (pair,) = found.differences
    assert pair.se**2 == pytest.approx(sum(e**2 for e in errors))


def test_degrees_of_freedom_are_at_least_the_smallest_part():
    for seed in range(5):
        scores = simulated(readers=3, normals=12, abnormals=12, seed=seed)
        for pair in infer_areas(scores).differences:
            assert pair.df >= 2


def test_perfect_readers_are_told_to_have_no_variance():
    scores = simulated(readers=3)
    perfect = replace(scores, values=np.broadcast_to(scores.is_abnormal * 1.0, scores.values.shape))
    found = infer_areas(perfect)
    assert found.arms == ()
    assert "variance of x is not above zero" in found.refusals[0]


def test_one_reader_is_refused():
    with pytest.raises(NoAnalysis, match="at least two readers"):
        infer_areas(simulated(readers=1))


def test_an_arm_without_a_pair_is_refused():
    scores = simulated()
    scores.values[1][:, scores.is_abnormal] = np.nan
    with pytest.raises(NoAnalysis, match="no reader read both"):
        infer_areas(scores)
