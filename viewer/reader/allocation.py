"""Who sees what, when and on which side: the full list of trials, made once from the seed.

Every reader has streams of random numbers of their own, so adding a reader changes no other
reader's list. See `viewer.reader.draws` for the numbers themselves.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from viewer.core.errors import InvalidProtocol
from viewer.reader.draws import ALGORITHM, Draws, williams_square
from viewer.reader.protocol import Case, DesignKind, Protocol
from viewer.reader.trials import Allocation, Trial

PAIRED = (DesignKind.PAIRED, DesignKind.FORCED_CHOICE)
IN_PERIODS = (DesignKind.CROSSOVER, DesignKind.SEARCH)
TRIES = 200
"""Orders that are tried until one keeps a patient's showings apart."""


@dataclass(frozen=True, slots=True)
class _Showing:
    case: Case
    shown: tuple[str, ...]
    sequence: str = ""
    repeat: int = 0

    @property
    def patient(self) -> str:
        return self.case.patient or self.case.id


def allocate(protocol: Protocol) -> Allocation:
    """Return the trials of every reader: the same for the same protocol, on every machine.

    A paired design shows every pair of arms of a case once; a crossover or a search shows each
    case in one arm per period, its arms over the periods in a sequence of a Williams square, the
    sequences balanced within each reader; a single stimulus shows every (case, arm) once.

    Raises
    ------
    InvalidProtocol : no order keeps the showings of a patient as far apart as asked, or the
        generator is another version's.
    """
    if protocol.randomisation.algorithm != ALGORITHM:
        raise InvalidProtocol(
            f"The generator {protocol.randomisation.algorithm!r} is not known here.",
            "The list of trials cannot be made.",
            f'Write algorithm = "{ALGORITHM}", or leave the line out.',
        )
    trials = [trial for reader in protocol.readers for trial in _trials_of(protocol, reader.code)]
    return Allocation(ALGORITHM, protocol.randomisation.seed, tuple(trials))


def _trials_of(protocol: Protocol, reader: str) -> list[Trial]:
    training = [case for case in protocol.cases if case.is_training]
    showings = [(1, one) for one in _showings(protocol, reader, training, "training")[0]]
    lessons = len(showings)
    in_periods = _showings(protocol, reader, protocol.trial_cases, "trials")
    earlier: list[_Showing] = []
    for place, unordered in enumerate(in_periods, 1):
        ordered = _ordered(protocol, reader, place, unordered, earlier)
        showings += [(place, one) for one in ordered]
        earlier = [*earlier, *ordered] if protocol.design.washout_days == 0 else []
    size, within = protocol.design.block_trials, Counter[int]()
    trials = []
    for number, (period, one) in enumerate(showings, 1):
        is_training = number <= lessons
        within[period] += not is_training
        place = max(within[period] - 1, 0)
        trials.append(
            Trial(
                id=_trial_id(protocol, reader, number),
                reader=reader,
                number=number,
                case=one.case.id,
                shown=one.shown,
                period=period,
                block=place // size + 1 if size else 1,
                sequence=one.sequence,
                repeat=one.repeat,
                is_training=is_training,
            )
        )
    return trials


def _trial_id(protocol: Protocol, reader: str, number: int) -> str:
    words = f"{protocol.randomisation.seed}|trial|{reader}|{number}"
    return hashlib.sha256(words.encode()).hexdigest()[:12]


# ---------------------------------------------------------------- what is shown


def _showings(
    protocol: Protocol, reader: str, cases: Sequence[Case], label: str
) -> list[list[_Showing]]:
    """Return the showings of each period, not in order yet."""
    draws = Draws(protocol.randomisation.seed, f"{label}|{reader}")
    codes = tuple(arm.code for arm in protocol.arms)
    if protocol.design.kind in PAIRED:
        pairs = [(case, pair) for case in cases for pair in combinations(codes, 2)]
        return [_sided(protocol, draws, pairs)]
    if protocol.design.kind in IN_PERIODS and label == "trials":
        return _in_periods(draws, cases, codes)
    return [[_Showing(case, (code,)) for case in cases for code in codes]]


def _sided(
    protocol: Protocol, draws: Draws, pairs: Sequence[tuple[Case, tuple[str, str]]]
) -> list[_Showing]:
    """Put half of each pair of arms the other way round, balanced within 1."""
    if not protocol.randomisation.is_side_random:
        return [_Showing(case, pair) for case, pair in pairs]
    sides: dict[tuple[str, str], list[bool]] = {}
    for pair, count in Counter(pair for _, pair in pairs).items():
        odd = draws.below(2)
        sides[pair] = draws.shuffled([(place + odd) % 2 == 1 for place in range(count)])
    return [_Showing(case, pair[::-1] if sides[pair].pop() else pair) for case, pair in pairs]


def _in_periods(
    draws: Draws, cases: Sequence[Case], codes: tuple[str, ...]
) -> list[list[_Showing]]:
    rows = draws.shuffled(list(enumerate(williams_square(len(codes)), 1)))
    given = [(case, rows[place % len(rows)]) for place, case in enumerate(draws.shuffled(cases))]
    return [
        [_Showing(case, (codes[row[period]],), str(name)) for case, (name, row) in given]
        for period in range(len(codes))
    ]


# ---------------------------------------------------------------- in which order


def _ordered(
    protocol: Protocol,
    reader: str,
    period: int,
    showings: list[_Showing],
    earlier: Sequence[_Showing],
) -> list[_Showing]:
    """Return a period's showings in order, with repeats; `earlier` came right before them."""
    draws = Draws(protocol.randomisation.seed, f"order|{reader}|{period}")
    gap, randomisation = protocol.design.gap_trials, protocol.randomisation
    before = list(earlier[len(earlier) - gap :]) if 0 < gap < len(earlier) else list(earlier)
    for _ in range(TRIES if randomisation.is_order_random else 1):
        order = _drawn(draws, showings, gap, before) if randomisation.is_order_random else showings
        if order is None:
            continue
        again = _again(
            draws, order, randomisation.repeats, is_side_random=randomisation.is_side_random
        )
        if randomisation.is_order_random:
            order = _with_repeats(draws, order, again, gap)
        else:
            order = order + again
        if _keeps([*before, *order], gap):
            return order
    raise InvalidProtocol(
        f"No order of the trials keeps {gap} other trials between two of one patient.",
        f"{len(showings)} trials of {len({one.patient for one in showings})} patients are too few."
        if randomisation.is_order_random
        else "The cases are shown in the order of the file.",
        "Lower design.gap_trials, take away repeats, or add cases of other patients."
        if randomisation.is_order_random
        else "Put other patients' cases between them, lower design.gap_trials, or write "
        "is_order_random = true.",
    )


def _drawn(
    draws: Draws, showings: list[_Showing], gap: int, before: Sequence[_Showing]
) -> list[_Showing] | None:
    """Return a random order with the gap kept, or None where the draw came to a dead end.

    A patient with so many showings left that they would not fit later goes first.
    """
    left, order = draws.shuffled(showings), list[_Showing]()
    while left:
        recent = {one.patient for one in [*before, *order][-gap:]} if gap else set()
        free = [one for one in left if one.patient not in recent]
        if not free:
            return None
        counts = Counter(one.patient for one in left)
        most = max(counts[one.patient] for one in free)
        is_tight = (most - 1) * (gap + 1) + 1 >= len(left)
        if is_tight:
            free = [one for one in free if counts[one.patient] == most]
        taken = draws.chosen(free)
        left.remove(taken)
        order.append(taken)
    return order


def _again(
    draws: Draws, order: Sequence[_Showing], cases: int, *, is_side_random: bool
) -> list[_Showing]:
    """Return all showings of some cases once more, sides kept in balance with all others.

    The cases are drawn from that half whose last showing comes first.
    """
    last = {one.case.id: place for place, one in enumerate(order)}
    early = sorted(last, key=last.__getitem__)[: max(len(last) // 2, cases)]
    picked, sides = draws.shuffled(early)[:cases], Counter(one.shown for one in order)
    again = []
    for one in (one for case in picked for one in order if one.case.id == case):
        ways = [one.shown, one.shown[::-1]] if is_side_random else [one.shown]
        fewest = min(sides[way] for way in ways)
        shown = draws.chosen([way for way in ways if sides[way] == fewest])
        sides[shown] += 1
        again.append(replace(one, repeat=1, shown=shown))
    return again


def _with_repeats(
    draws: Draws, order: list[_Showing], again: Sequence[_Showing], gap: int
) -> list[_Showing]:
    """Put repeats into the last quarter, and always behind what they repeat."""
    mixed = list(order)
    for one in again:
        place = next(
            at
            for at, other in enumerate(mixed)
            if not other.repeat
            and other.case.id == one.case.id
            and set(other.shown) == set(one.shown)
        )
        first = min(max(3 * len(mixed) // 4, place + 1 + gap), len(mixed))
        places = range(first, len(mixed) + 1)
        free = [at for at in places if _is_apart(mixed, at, one.patient, gap)]
        mixed.insert(draws.chosen(free or places), one)
    return mixed


def _is_apart(order: Sequence[_Showing], at: int, patient: str, gap: int) -> bool:
    """True where nothing of the patient stands within `gap` of a place to insert at."""
    return all(one.patient != patient for one in order[max(at - gap, 0) : at + gap])


def _keeps(order: Sequence[_Showing], gap: int) -> bool:
    places: dict[str, int] = {}
    for place, one in enumerate(order):
        if place - places.get(one.patient, -gap - 1) <= gap:
            return False
        places[one.patient] = place
    return True
