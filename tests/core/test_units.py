"""Units and figures as a reader is shown them."""

import pytest

from viewer.core.units import figure, figure_with_unit, unit_words


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (-612.4, "HU", "-612 HU"),
        (2.3456, "SUVbw", "2.35 SUVbw"),
        (812, "stored", "812 (stored)"),
        (0.00123456, "stored", "0.001235 (stored)"),
        (12345.6, "BQML", "12346 Bq/ml"),
        (3, "", "3"),
    ],
)
def test_a_value_has_sensible_digits_and_a_unit_in_words(value: float, unit: str, words: str):
    assert figure_with_unit(value, unit) == words


def test_means_of_hu_have_one_decimal():
    assert figure(-612.44, "HU", is_mean=True) == "-612.4"


def test_values_without_a_meaning_are_called_stored():
    assert unit_words("stored") == "stored value"


def test_a_long_unit_of_the_file_is_cut() -> None:
    assert unit_words("SIGNAL INTENSITY") == "signal"
    assert unit_words("micrometres per second") == "micrometres p…"
