"""Who sees what, when and on which side."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reader.study_texts import protocol_of, study_text
from viewer.core.errors import InvalidProtocol
from viewer.reader.allocation import allocate
from viewer.reader.draws import Draws, williams_square
from viewer.reader.trials import Trial

GOLDEN = [
    ("C1", "Q", 1),
    ("C2", "P", 1),
    ("C3", "Q", 1),
    ("C4", "P", 1),
    ("C2", "Q", 2),
    ("C3", "P", 2),
    ("C1", "P", 2),
    ("C4", "Q", 2),
]


def trials(text: str, reader: str = "R1") -> tuple[Trial, ...]:
    return allocate(protocol_of(text)).of_reader(reader)


def test_the_stream_of_numbers_is_the_documented_one():
    # First words of SHA-256("seed|label|0"), computed with coreutils' sha256sum.
    draws = Draws("seed", "label")
    assert [draws.below(2**32), draws.below(2**32)] == [0x2E3C0B63, 0x4DF0F8F5]


def test_the_list_of_a_seed_is_the_same_for_ever():
    found = trials(study_text(cases=4, readers=1))
    assert [(one.case, one.shown[0], one.period) for one in found] == GOLDEN


def test_a_crossover_shows_every_case_once_in_every_arm_and_one_arm_per_period():
    found = trials(study_text(cases=9))
    assert Counter((one.case, one.shown) for one in found) == {
        (f"C{n}", (arm,)): 1 for n in range(1, 10) for arm in "PQ"
    }
    for period in (1, 2):
        assert len({one.case for one in found if one.period == period}) == 9


def test_the_arms_of_a_period_are_balanced_within_one():
    found = trials(study_text(cases=9))
    arms = Counter(one.shown[0] for one in found if one.period == 1)
    assert abs(arms["P"] - arms["Q"]) == 1


def test_the_sides_of_a_pair_are_balanced_within_one():
    for cases in (8, 9):
        found = trials(study_text("paired_side_by_side", cases))
        sides = Counter(one.shown for one in found)
        assert sides[("P", "Q")] + sides[("Q", "P")] == cases
        assert abs(sides[("P", "Q")] - sides[("Q", "P")]) <= 1


def test_adding_a_reader_leaves_the_lists_of_the_others_as_they_are():
    two, three = (allocate(protocol_of(study_text(readers=n))) for n in (2, 3))
    assert [one.shown for one in two.trials] == [
        one.shown for one in three.trials if one.reader != "R3"
    ]
    assert two.of_reader("R2") == three.of_reader("R2")


def test_readers_have_orders_of_their_own():
    text = study_text("single_stimulus", 12)
    assert [one.case for one in trials(text, "R1")] != [one.case for one in trials(text, "R2")]


@settings(max_examples=25, deadline=None)
@given(seed=st.text("abc123", min_size=1, max_size=8), gap=st.integers(0, 5))
def test_showings_of_a_patient_stay_apart(seed: str, gap: int):
    text = study_text("single_stimulus", 8, 1, design=f"gap_trials = {gap}")
    found = trials(text.replace('"seed"', f'"{seed}"'))
    places: dict[str, list[int]] = {}
    for one in found:
        places.setdefault(one.case, []).append(one.number)
    assert all(b - a > gap for numbers in places.values() for a, b in pairwise(numbers))


def test_a_gap_that_no_order_keeps_is_refused_with_what_to_change():
    text = study_text("single_stimulus", 3, 1, design="gap_trials = 6")
    with pytest.raises(AssertionError, match="gap_trials"):
        protocol_of(text)


def test_repeats_come_late_and_are_counted():
    found = trials(study_text("paired_side_by_side", 16, 1, randomisation="repeats = 4"))
    again = [one for one in found if one.repeat]
    assert len(found) == 20
    assert len({one.case for one in again}) == 4
    assert min(one.number for one in again) > 12
    for one in again:
        first = next(other for other in found if other.case == one.case)
        assert first.repeat == 0
        assert one.number - first.number >= 4


def test_training_cases_come_first_and_are_never_repeated_as_trials():
    text = study_text(cases=4).replace('path = "c2"', 'path = "c2"\nis_training = true')
    found = trials(text)
    assert [one.case for one in found if one.is_training] == ["C2", "C2"]
    assert all(one.is_training == (one.number <= 2) for one in found)


def test_blocks_have_the_length_that_was_asked_for():
    found = trials(study_text(cases=10, design="block_trials = 4"))
    blocks = Counter((one.period, one.block) for one in found)
    assert blocks == {(p, b): n for p in (1, 2) for b, n in ((1, 4), (2, 4), (3, 2))}


def test_ids_of_trials_are_unique_and_name_neither_case_nor_arm():
    found = allocate(protocol_of(study_text())).trials
    assert len({one.id for one in found}) == len(found)
    assert all(len(one.id) == 12 and int(one.id, 16) >= 0 for one in found)


def test_another_generator_is_refused():
    protocol = protocol_of(study_text())
    other = replace(protocol, randomisation=replace(protocol.randomisation, algorithm="numpy"))
    with pytest.raises(InvalidProtocol, match="generator 'numpy' is not known"):
        allocate(other)


@pytest.mark.parametrize("size", [2, 3, 4, 5, 6])
def test_a_williams_square_is_balanced_for_place_and_for_what_comes_before(size: int):
    rows = williams_square(size)
    for place in range(size):
        counts = Counter(row[place] for row in rows)
        assert set(counts.values()) == {len(rows) // size}
    follows = Counter(pair for row in rows for pair in pairwise(row))
    assert len(follows) == size * (size - 1)
    assert len(set(follows.values())) == 1


@pytest.mark.parametrize("seed", ["a", "b", "c", "d", "e", "f"])
def test_a_repeat_never_comes_before_what_it_repeats_and_keeps_the_balance(seed: str):
    text = study_text("paired_side_by_side", 12, 1, randomisation="repeats = 9")
    found = trials(text.replace('seed = "seed"', f'seed = "{seed}"'))
    for one in (one for one in found if one.repeat):
        first = next(other for other in found if other.case == one.case and not other.repeat)
        assert first.number < one.number
    sides = Counter(one.shown for one in found)
    assert abs(sides["P", "Q"] - sides["Q", "P"]) <= 1


def test_repeats_keep_their_side_where_sides_are_not_random():
    more = "repeats = 6\nis_side_random = false"
    found = trials(study_text("paired_side_by_side", 12, 1, randomisation=more))
    assert {one.shown for one in found} == {("P", "Q")}


@pytest.mark.parametrize("kind", ["single_stimulus", "sequential_crossover"])
def test_a_repeated_case_comes_again_in_every_arm(kind: str):
    found = trials(study_text(kind, 16, 1, randomisation="repeats = 4"))
    again = Counter(one.case for one in found if one.repeat)
    arms = {(one.case, one.shown) for one in found if one.repeat}
    assert len(found) == 40
    if kind == "single_stimulus":
        assert sorted(again.values()) == [2, 2, 2, 2]
        assert arms == {(case, (arm,)) for case in again for arm in "PQ"}
    else:
        assert Counter(one.period for one in found if one.repeat) == {1: 4, 2: 4}


@pytest.mark.parametrize("seed", ["a", "b", "c", "d", "e", "f"])
def test_the_gap_is_kept_from_one_period_to_the_next_where_no_days_lie_between(seed: str):
    text = study_text("sequential_crossover", 8, 1, design="gap_trials = 5\nwashout_days = 0")
    found = trials(text.replace('seed = "seed"', f'seed = "{seed}"'))
    places: dict[str, int] = {}
    for one in found:
        assert one.number - places.get(one.case, -9) > 5
        places[one.case] = one.number


def test_the_order_of_the_file_must_keep_the_gap_as_well():
    text = study_text("single_stimulus", 4, 1, randomisation="is_order_random = false")
    with pytest.raises(AssertionError, match="is_order_random = true"):
        protocol_of(text)
