"""The report of a question about pairs: readers first, then readers and cases at large."""

import pytest

from tests.reader.statistics.crossed import choices
from viewer.reader.preference_analysis import prefer
from viewer.reader.rating_table import RatingTable
from viewer.reader.readings import Rating
from viewer.reader.report import Section, Table
from viewer.reader.report_preferences import preference_section


def section(*, is_forced: bool) -> Section:
    signs, readers, cases = choices(4.0)
    ratings = tuple(
        Rating(reader, case, "E", "better", 1.0 if sign else -1.0)
        for sign, reader, case in zip(signs, readers.labels, cases.labels, strict=True)
    )
    found = prefer(RatingTable("better", ratings), "E", "O", is_forced=is_forced, alpha=0.05)
    return preference_section(found)


def test_each_reader_has_an_exact_interval_and_all_have_a_probability() -> None:
    tables = [part for part in section(is_forced=False).parts if isinstance(part, Table)]
    assert tables[0].head == ("reader", "-1", "+1", "share", "interval", "binomial p")
    # Clopper and Pearson's interval of 7 in 12, as R's binom.test prints it.
    assert tables[0].rows[0] == ("0", "5", "7", "0.583", "0.277 to 0.848", "0.7744")
    assert tables[1].rows[0][:2] == ("probability of being preferred", "0.549")


@pytest.mark.parametrize("is_forced", [True, False])
def test_d_prime_belongs_to_a_forced_choice_alone(is_forced: bool) -> None:
    tables = [part for part in section(is_forced=is_forced).parts if isinstance(part, Table)]
    assert any("d'" in name for name in tables[0].head) is is_forced
    assert (tables[1].rows[-1][0] == "d' of the choice") is is_forced
