"""Agreement coefficients agree with published tables."""

import numpy as np
import pytest
from statsmodels.stats import inter_rater

from viewer.core.errors import NoAnalysis
from viewer.reader.statistics.agreement import (
    Resampling,
    Scale,
    fleiss_kappa,
    gwet,
    krippendorff,
    weighted_kappa,
)

GAP = np.nan
FIVE = Scale((1, 2, 3, 4, 5))
# Krippendorff 2011, section C: four observers, twelve units, with gaps.
OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, 3],
        [GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, GAP],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP],
    ]
).T
# Gwet 2014, two abstractors, one hundred pregnancies.
ABSTRACTORS = np.repeat(
    [[one, two] for one in range(3) for two in range(3)],
    [13, 0, 0, 0, 20, 7, 0, 4, 56],
    axis=0,
).astype(float)
THREE = Scale((0, 1, 2))


@pytest.mark.parametrize(
    ("metric", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_is_krippendorffs_own_example(metric: str, published: float) -> None:
    found = krippendorff(OBSERVERS, Scale(FIVE.points, metric))
    assert round(found.value, 3) == published
    assert found.cases == 11
    assert found.interval[0] < found.value <= found.interval[1]


def test_gwets_coefficients_are_those_of_the_handbook() -> None:
    assert gwet(OBSERVERS, FIVE).value == pytest.approx(0.77544, abs=5e-6)
    assert gwet(ABSTRACTORS, THREE).value == pytest.approx(0.8493305, abs=5e-8)


def test_kappas_and_alpha_of_the_abstractors_are_those_of_the_handbook() -> None:
    assert weighted_kappa(ABSTRACTORS, THREE, "identity").value == pytest.approx(
        0.7964094, abs=5e-8
    )
    assert fleiss_kappa(ABSTRACTORS, THREE).value == pytest.approx(0.7962397, abs=5e-8)
    assert krippendorff(ABSTRACTORS, Scale((0, 1, 2), "nominal")).value == pytest.approx(
        0.7972585, abs=5e-8
    )


@pytest.mark.parametrize(("ours", "theirs"), [("linear", "linear"), ("quadratic", "quadratic")])
def test_weighted_kappa_is_that_of_statsmodels(ours: str, theirs: str) -> None:
    table = np.array([[11, 3, 1, 0], [2, 9, 4, 1], [0, 5, 8, 2], [1, 0, 3, 10]])
    pairs = np.array([[i, j] for i in range(4) for j in range(4) for _ in range(table[i, j])])
    found = weighted_kappa(pairs.astype(float), Scale((0, 1, 2, 3)), ours)
    assert found.value == pytest.approx(inter_rater.cohens_kappa(table, wt=theirs).kappa)


def test_fleiss_kappa_is_that_of_statsmodels() -> None:
    whole = np.random.default_rng(3).integers(1, 6, (30, 4)).astype(float)
    counts, _ = inter_rater.aggregate_raters(whole.astype(int))
    found = fleiss_kappa(whole, FIVE)
    assert found.value == pytest.approx(inter_rater.fleiss_kappa(counts))


def test_interval_is_the_same_for_the_same_seed_and_moves_with_another() -> None:
    first = weighted_kappa(ABSTRACTORS, THREE, "quadratic", Resampling(500, 1))
    assert first == weighted_kappa(ABSTRACTORS, THREE, "quadratic", Resampling(500, 1))
    assert (
        first.interval
        != weighted_kappa(ABSTRACTORS, THREE, "quadratic", Resampling(500, 2)).interval
    )


def test_interval_of_kappa_is_near_its_published_standard_error() -> None:
    # irrCAC prints 0.0589 for the standard error and (0.680, 0.913) for the interval.
    low, high = weighted_kappa(ABSTRACTORS, THREE, "identity").interval
    assert (low, high) == pytest.approx((0.680, 0.913), abs=0.025)


def test_points_nobody_used_count_for_gwet() -> None:
    assert gwet(ABSTRACTORS, Scale((0, 1, 2, 3))).value > gwet(ABSTRACTORS, THREE).value


def test_equal_ratings_have_no_coefficient_and_say_so() -> None:
    found = fleiss_kappa(np.full((10, 3), 4.0), FIVE)
    assert (found.value, found.interval) == (None, None)
    assert "All ratings are equal" in found.note


def test_single_ratings_of_each_case_have_no_coefficient_and_say_so() -> None:
    found = krippendorff(np.array([[1.0, GAP], [GAP, 2.0], [3.0, GAP]]), FIVE)
    assert found.value is None
    assert "Fewer than two cases" in found.note


def test_a_rating_off_the_scale_is_refused() -> None:
    with pytest.raises(NoAnalysis, match="not a point of its scale"):
        fleiss_kappa(np.array([[1.0, 9.0], [2.0, 2.0]]), FIVE)
