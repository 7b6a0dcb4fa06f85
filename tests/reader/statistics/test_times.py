"""Reading times: the mixed model agrees with statsmodels, and drift is Kendall's."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec

from viewer.core.errors import NoAnalysis
from viewer.reader.statistics.cumulative_search import Column, Grouping
from viewer.reader.statistics.times import drift, fit_times

READERS, CASES = 4, 15


def made() -> tuple[np.ndarray, Column, list[np.ndarray], list[Grouping]]:
    rng = np.random.default_rng(8)
    reader = np.tile(np.repeat(np.arange(READERS), CASES), 2)
    case = np.tile(np.arange(CASES), 2 * READERS)
    arm = np.repeat([0.0, 1.0], READERS * CASES)
    logs = 3 + 0.2 * arm + rng.normal(size=READERS)[reader] * 0.4
    logs += rng.normal(size=CASES)[case] * 0.3 + rng.normal(size=len(arm)) * 0.3
    groups = [
        Grouping("reader", tuple(map(str, reader))),
        Grouping("case", tuple(map(str, case))),
    ]
    return np.exp(logs), Column("arm", tuple(arm)), [reader, case], groups


def test_fit_is_that_of_statsmodels() -> None:
    seconds, arm, codes, groups = made()
    found = fit_times(seconds, [arm], groups)
    blocks = [np.eye(one.max() + 1)[one] for one in codes]
    names = [[f"{one}" for one in range(block.shape[1])] for block in blocks]
    spec = VCSpec(["r", "c"], [[one] for one in names], [[one] for one in blocks])
    design = np.column_stack([np.ones(len(seconds)), arm.values])
    peer = MixedLM(np.log(seconds), design, np.zeros(len(seconds)), exog_vc=spec).fit()
    assert [one.estimate for one in found.effects] == pytest.approx(peer.fe_params, abs=1e-4)
    assert [one.se for one in found.effects] == pytest.approx(peer.bse_fe, rel=1e-3)
    assert [one for _, one in found.variances] == pytest.approx(peer.vcomp, rel=5e-3)
    assert found.residual == pytest.approx(peer.scale, rel=1e-3)
    assert found.log_likelihood == pytest.approx(peer.llf, abs=1e-3)


def test_ratio_is_the_factor_on_the_time() -> None:
    seconds, arm, _, groups = made()
    effect = fit_times(seconds, [arm], groups).effects[1]
    assert effect.ratio == pytest.approx(np.exp(effect.estimate))
    assert effect.interval[0] < effect.ratio < effect.interval[1]


def test_doubled_times_double_the_constant_alone() -> None:
    seconds, arm, _, groups = made()
    one, two = fit_times(seconds, [arm], groups), fit_times(2 * seconds, [arm], groups)
    assert two.effects[0].ratio == pytest.approx(2 * one.effects[0].ratio)
    assert two.effects[1].estimate == pytest.approx(one.effects[1].estimate, abs=1e-6)


def test_one_reader_is_fitted_without_its_variance() -> None:
    seconds, arm, _, groups = made()
    found = fit_times(seconds, [arm], [Grouping("reader", ("A",) * len(seconds)), groups[1]])
    assert [name for name, _ in found.variances] == ["case"]


def test_drift_is_kendalls_tau() -> None:
    values, places = [3, 3, 4, 2, 2, 1], [1, 2, 3, 4, 5, 6]
    assert drift(values, places).tau == pytest.approx(stats.kendalltau(values, places).statistic)
    assert drift([3, 3, 3], [1, 2, 3]) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [([], "no reading times"), ([0.0, 3.0], "no reading times"), ([4.0, 4.0], "equal")],
)
def test_useless_times_are_refused_in_words(seconds, words) -> None:
    with pytest.raises(NoAnalysis, match=words):
        fit_times(seconds, [], [])


def test_an_arm_read_in_one_period_only_is_refused_in_words() -> None:
    seconds, arm, _, groups = made()
    with pytest.raises(NoAnalysis, match="arm, period on the time cannot be told apart"):
        fit_times(seconds, [arm, Column("period", arm.values)], groups)
