"""Power of the Obuchowski-Rockette test, from the components published for the Van Dyke study."""

import pytest
from scipy import stats

from viewer.core.errors import NoAnalysis, WrongUsage
from viewer.reader.statistics.mrmc import FIXED_CASES, FIXED_READERS, RANDOM, Components
from viewer.reader.statistics.power import Pilot, needed_cases, pilot_of, power

VAN_DYKE = Pilot(0.0002004025, 0.0008022883, 0.0003466137, 0.0003440748, 0.0002390284, 114)
EFFECT = 0.04380032


def test_the_cases_that_six_readers_need_are_those_of_rjafroc():
    # RJafroc, SsSampleSizeKGivenJ for dataset02 with 6 readers: 251 cases.
    found = needed_cases(VAN_DYKE, 6, EFFECT)
    assert found.cases == 251
    assert found.power == pytest.approx(0.8005, abs=1e-4)


def test_the_pilot_itself_has_the_noncentrality_of_its_own_f():
    found = power(VAN_DYKE, 5, 114, EFFECT)
    assert found.noncentrality == pytest.approx(4.456319, abs=1e-4)
    assert found.error_df == pytest.approx(15.25967, abs=1e-3)


def test_fixed_readers_and_fixed_cases_use_their_own_f():
    assert power(VAN_DYKE, 5, 114, EFFECT, FIXED_READERS).noncentrality == pytest.approx(
        5.475953, abs=1e-4
    )
    found = power(VAN_DYKE, 5, 114, EFFECT, FIXED_CASES)
    assert found.noncentrality == pytest.approx(8.704, abs=1e-3)
    assert found.error_df == 4


def test_no_effect_leaves_the_level_of_the_test():
    for population in (RANDOM, FIXED_READERS, FIXED_CASES):
        assert power(VAN_DYKE, 5, 100, 0.0, population).power == pytest.approx(0.05, abs=1e-6)


def test_power_without_reader_variance_is_that_of_a_normal_difference():
    pilot = Pilot(0.0, 0.002, 0.0, 0.0, 0.0, 100)
    found = power(pilot, 8, 200, 0.04, FIXED_READERS)
    error = (2 * 0.001 / 8) ** 0.5
    expected = stats.norm.sf(1.959964 - 0.04 / error) + stats.norm.cdf(-1.959964 - 0.04 / error)
    assert found.power == pytest.approx(expected, abs=1e-6)


def test_readers_that_differ_too_much_are_not_outweighed_by_cases():
    assert needed_cases(VAN_DYKE, 3, 0.01) is None


def test_a_negative_arm_by_reader_variance_counts_as_zero():
    found = pilot_of(Components(1.0, 0.0, 0.0, 0.0, 0.1, 0.1, 0.2), 50)
    assert found == Pilot(0.0, 1.0, 0.0, 0.0, 0.0, 50)


def test_the_pilot_of_an_analysis_is_its_components():
    square = 5.510306e-4
    parts = Components(8.022883e-4, 3.466137e-4, 3.440748e-4, 2.390284e-4, 1.0, 1.0, square)
    assert pilot_of(parts, 114).arm_reader == pytest.approx(VAN_DYKE.arm_reader, rel=1e-4)


def test_a_pilot_of_one_reader_is_no_pilot():
    with pytest.raises(NoAnalysis, match="two arms and two readers"):
        pilot_of(Components(1.0, 0, 0, 0, 0, 0, 0.0), 50)


def test_impossible_components_are_told():
    with pytest.raises(WrongUsage, match="not above zero"):
        power(Pilot(0, 1, 2, 0, 0, 50), 4, 50, 0.1)
    with pytest.raises(WrongUsage, match="at least two readers"):
        power(VAN_DYKE, 1, 50, 0.1)
