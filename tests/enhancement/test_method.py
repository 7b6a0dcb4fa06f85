"""Methods list their parameters and refuse values that make no sense."""

import pytest

from viewer.core.errors import WrongUsage
from viewer.enhancement.filters import filter_methods
from viewer.enhancement.method import Effect
from viewer.enhancement.through_plane import FINER_CUBIC

METHODS = {method.id: method for method in filter_methods()}


def test_settings_fill_what_was_not_given_with_defaults():
    method = METHODS["bilateral"]
    assert method.settings((("range_sd", 4.0),)) == (("sigma_mm", 1.5), ("range_sd", 4.0))


def test_a_value_outside_its_range_is_refused_with_the_range_in_words():
    with pytest.raises(WrongUsage, match=r"0\.1 to 10 mm"):
        METHODS["gaussian"].settings((("sigma_mm", 40.0),))


def test_a_parameter_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(WrongUsage, match="sigma_mm"):
        METHODS["gaussian"].settings((("radius", 1.0),))


def test_a_value_that_is_no_number_is_refused():
    with pytest.raises(WrongUsage):
        METHODS["gaussian"].settings((("sigma_mm", float("nan")),))


@pytest.mark.parametrize("value", [2.5, 7.0, float("nan")])
def test_a_whole_parameter_takes_no_fraction_and_says_its_range_without_a_unit(value):
    with pytest.raises(WrongUsage) as refused:
        FINER_CUBIC.settings((("factor", value),))
    assert str(refused.value) == (
        f"Times finer of Finer slices (cubic) is {value:g}. It can be a whole number from 2 to 6."
    )


def test_only_denoisers_speak_of_a_noise_cut():
    cut = {method.id for method in METHODS.values() if method.effect is Effect.NOISE_CUT}
    assert cut == {"gaussian", "bilateral", "nlm", "tv", "wavelet"}
