"""The Laplace likelihood has the gradient that it says."""

import numpy as np
import pytest

from tests.reader.statistics.crossed import waves
from viewer.reader.statistics.cumulative_search import Layout
from viewer.reader.statistics.laplace import marginal

FIXED = np.array([-3.5, -0.8, 1.0, 2.0, 1.5])
DEVIATIONS = np.array([1.4, 0.9])


@pytest.fixture
def layout() -> Layout:
    values, arm, groups = waves()
    return Layout.of(values, [arm], groups, None, None)


def height(layout: Layout, whole: np.ndarray):
    fixed, deviations = np.split(whole, [5])
    return marginal(layout.model, layout.pairs, fixed, deviations, np.zeros(15))


@pytest.mark.parametrize("deviations", [DEVIATIONS, np.array([1.4, 0.0])])
def test_gradient_is_that_of_central_differences(layout: Layout, deviations: np.ndarray) -> None:
    whole = np.concatenate([FIXED, deviations])
    found = height(layout, whole)
    steps = np.eye(7) * 1e-5
    numeric = [
        (height(layout, whole + one).value - height(layout, whole - one).value) / 2e-5
        for one in steps
    ]
    assert np.concatenate([found.fixed, found.deviations]) == pytest.approx(numeric, abs=1e-6)


def test_sign_of_a_deviation_does_not_matter(layout: Layout) -> None:
    there = height(layout, np.concatenate([FIXED, DEVIATIONS]))
    back = height(layout, np.concatenate([FIXED, -DEVIATIONS]))
    assert back.value == pytest.approx(there.value, abs=1e-10)


def test_thresholds_out_of_order_are_impossible(layout: Layout) -> None:
    whole = np.concatenate([FIXED[[1, 0, 2, 3, 4]], DEVIATIONS])
    assert height(layout, whole).value == -np.inf


def test_a_rating_far_in_the_tail_keeps_a_finite_likelihood(layout: Layout) -> None:
    found = height(layout, np.concatenate([FIXED + np.array([0, 0, 0, 0, 800.0]), DEVIATIONS]))
    assert np.isfinite(found.value)
    assert np.isfinite(found.fixed).all()
