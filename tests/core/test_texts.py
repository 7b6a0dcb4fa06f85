"""Texts from files as they are shown."""

from hypothesis import given
from hypothesis import strategies as st

from viewer.core.texts import LONGEST, one_line, printable


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    assert printable(text).isprintable()
    assert len(printable(text)) == len(text)
    assert one_line(text).isprintable()
    assert len(one_line(text)) <= LONGEST


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ("Doe^Jane", "Äneas^Rüdiger", "山田^太郎", "Люкceмбypг"):
        assert one_line(name) == name


def test_what_is_cut_says_so() -> None:
    assert one_line("A" * 2000) == "A" * (LONGEST - 1) + "…"
    assert one_line("first\tsecond\x1b[31m") == "first second�[31m"
