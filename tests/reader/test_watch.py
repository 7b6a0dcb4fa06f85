"""Time at a trial is kept apart by what the reader did, and none of it is lost or counted twice."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from viewer.reader.watch import IDLE, PAUSED, READING, UNFOCUSED, started, total_s

S = 1_000_000_000


def test_rest_longer_than_the_limit_is_idle_from_where_the_limit_ends():
    watch = started(60.0, 0).touched(10 * S).touched(200 * S)
    _, spans = watch.taken(210 * S)
    assert total_s(spans, READING) == 10 + 60 + 10
    assert total_s(spans, IDLE) == 130


def test_no_limit_means_that_nothing_is_idle():
    _, spans = started(0.0, 0).taken(500 * S)
    assert (total_s(spans, READING), total_s(spans, IDLE)) == (500, 0)


def test_being_elsewhere_and_pausing_are_kept_apart_from_reading():
    watch = started(60.0, 0).switched(UNFOCUSED, 5 * S).switched(READING, 25 * S)
    watch = watch.switched(PAUSED, 30 * S).switched(READING, 1030 * S)
    _, spans = watch.taken(1031 * S)
    assert [total_s(spans, kind) for kind in (READING, UNFOCUSED, PAUSED)] == [11, 20, 1000]


def test_time_that_was_taken_is_not_taken_again():
    watch, first = started(60.0, 0).taken(7 * S)
    _, second = watch.taken(9 * S)
    assert (total_s(first, READING), total_s(second, READING)) == (7, 2)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 100), st.sampled_from(["touch", "take", READING, UNFOCUSED, PAUSED])
        ),
        max_size=30,
    )
)
def test_all_time_is_in_exactly_one_span(steps: list[tuple[int, str]]) -> None:
    watch, now, spans = started(20.0, 0), 0, []
    for seconds, what in steps:
        now += seconds * S
        if what == "touch":
            watch = watch.touched(now)
        elif what == "take":
            watch, found = watch.taken(now)
            spans += found
        else:
            watch = watch.switched(what, now)
    _, found = watch.taken(now)
    spans += found
    assert sum(span.ended_ns - span.started_ns for span in spans) == now
    assert all(a.ended_ns == b.started_ns for a, b in pairwise(spans))
