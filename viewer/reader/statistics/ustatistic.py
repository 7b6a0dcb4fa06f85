"""Areas of several readers and arms by U-statistics, for designs with gaps or split plots.

Not every reader needs to have read every case in every arm: only pairs of a normal and an
abnormal case that a reader did read in an arm enter, each with the same weight.
"""

from dataclasses import dataclass
from itertools import combinations
from math import floor

import numpy as np
from scipy import stats

from viewer.core.arrays import BoolArray, FloatArray
from viewer.core.errors import NoAnalysis
from viewer.reader.statistics.mrmc import ArmMean, Difference

_WITHOUT_SHARED = np.array(
    [
        [1, 0, 0, 0, 0, 0, 0, 0],
        [-1, 1, 0, 0, 0, 0, 0, 0],
        [-1, 0, 1, 0, 0, 0, 0, 0],
        [1, -1, -1, 1, 0, 0, 0, 0],
        [-1, 0, 0, 0, 1, 0, 0, 0],
        [1, -1, 0, 0, -1, 1, 0, 0],
        [1, 0, -1, 0, -1, 0, 1, 0],
        [-1, 1, 1, -1, 1, -1, -1, 1],
    ],
    dtype=np.float64,
)
"""Sums over free pairs of normals, abnormals and readers, less the pairs that are the same.

Inclusion and exclusion over the three: rows 1 to 4 have the same reader, 1, 3, 5 and 7 the same
normal case, 1, 2, 5 and 6 the same abnormal case.
"""

_SAME_NORMAL, _SAME_ABNORMAL, _SAME_READER = (0, 2, 4, 6), (0, 1, 4, 5), (0, 1, 2, 3)
_ONLY = {_SAME_NORMAL: 6, _SAME_ABNORMAL: 5, _SAME_READER: 3}


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """One rating of each arm, reader and case, [arm, reader, case], NaN where nobody read it."""

    arms: tuple[str, ...]
    readers: tuple[str, ...]
    values: FloatArray
    is_abnormal: BoolArray

    @property
    def normals(self) -> FloatArray:
        """Ratings of normal cases, [arm, reader, normal case]."""
        return self.values[..., ~self.is_abnormal]

    @property
    def abnormals(self) -> FloatArray:
        """Ratings of abnormal cases, [arm, reader, abnormal case]."""
        return self.values[..., self.is_abnormal]


@dataclass(frozen=True, slots=True)
class _Estimate:
    value: float
    se: float
    df: float
    half: float


@dataclass(frozen=True, slots=True)
class _Pair:
    """Areas of two arms (or one with itself) and how they vary together.

    `shares` are the coefficients of the components of normals, abnormals and readers: one over
    their number in a full design, 0 where the arms share none. `components` are the plain
    (biased, never negative) estimates of these.
    """

    first: float
    second: float
    covariance: float
    shares: tuple[float, ...]
    components: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class UInference:
    """Areas of the arms and their differences; a `refusal` names what has no variance."""

    arms: tuple[ArmMean, ...]
    differences: tuple[Difference, ...]
    refusals: tuple[str, ...]


def infer_areas(scores: Scores, alpha: float = 0.05) -> UInference:
    """Return areas and differences of areas over random readers and cases; cells may be missing.

    Intervals and p are those of t with the whole part of the degrees of freedom, and of the
    normal above 50, as iMRMC gives them.

    Raises
    ------
    NoAnalysis : fewer than two readers or cases of a kind, or an arm without any pair.

    Source: Gallas 2006 (one-shot estimate); Gallas, Bandos, Samuelson and Wagner 2009 (missing
    cells, equations 16 to 19); degrees of freedom by Satterthwaite, at least the smallest of
    the parts as in Gaylor and Hopper 1969.
    """
    if len(scores.readers) < 2:
        raise NoAnalysis(
            "A conclusion about other readers needs at least two readers.",
            "One reader says nothing about how readers differ.",
        )
    sums, counts = _sums(scores)
    pairs = {
        (i, j): _pair(sums, counts, i, j)
        for i in range(len(scores.arms))
        for j in range(i, len(scores.arms))
    }
    arms, differences, refusals = [], [], []
    for place, arm in enumerate(scores.arms):
        own = pairs[place, place]
        df = _satterthwaite(own.covariance, [(own, 1.0)], _parts(own))
        found = _estimate(own.first, own.covariance, df, alpha)
        if found is None:
            refusals.append(_no_variance(arm))
        else:
            low, high = found.value - found.half, found.value + found.half
            ends = max(low, 0.0), min(high, 1.0)
            arms.append(ArmMean(arm, found.value, found.se, _told(found.df), *ends))
    for i, j in combinations(range(len(scores.arms)), 2):
        one, two, both = pairs[i, i], pairs[j, j], pairs[i, j]
        variance = one.covariance + two.covariance - 2.0 * both.covariance
        df = _satterthwaite(variance, [(one, 1.0), (two, 1.0), (both, -2.0)], _smaller(one, two))
        found = _estimate(two.first - one.first, variance, df, alpha)
        arm, control = scores.arms[j], scores.arms[i]
        if found is None:
            refusals.append(_no_variance(f"{arm} minus {control}"))
            continue
        ratio = found.value / found.se
        p = 2.0 * float(stats.t.sf(abs(ratio), _used_df(df)))
        ends = found.value - found.half, found.value + found.half
        differences.append(
            Difference(arm, control, found.value, found.se, _told(df), ratio, p, *ends)
        )
    return UInference(tuple(arms), tuple(differences), tuple(refusals))


def _sums(scores: Scores) -> tuple[FloatArray, FloatArray]:
    """Products of the kernel and of what was read, for the four ways to share cases.

    Each has the axes (way, arm, reader, arm, reader); the ways are the same pair, the same
    abnormal case, the same normal case, any cases.
    """
    normals = scores.normals.reshape(-1, scores.normals.shape[-1])
    abnormals = scores.abnormals.reshape(-1, scores.abnormals.shape[-1])
    is_read = ~np.isnan(abnormals)
    parts = [_Products.empty(*abnormals.shape), _Products.empty(*abnormals.shape)]
    for place in range(normals.shape[1]):  # one normal case at a time keeps the memory small
        value = normals[:, place, np.newaxis]
        read = (is_read & ~np.isnan(value)).astype(np.float64)
        kernel = ((abnormals > value) + 0.5 * (abnormals == value)) * read
        parts[0].add(kernel)
        parts[1].add(read)
    if not np.all(parts[1].total.reshape(len(scores.arms), -1).sum(axis=1) > 0):
        raise NoAnalysis(
            "In an arm no reader read both a normal and an abnormal case.",
            "No area can be calculated there.",
        )
    square = (len(scores.arms), len(scores.readers))
    shape = (4, *square, *square)
    return parts[0].sums().reshape(shape), parts[1].sums().reshape(shape)


@dataclass(slots=True)
class _Products:
    """Running sums over normal cases of the products of all tests."""

    same_pair: FloatArray
    same_normal: FloatArray
    by_abnormal: FloatArray

    @classmethod
    def empty(cls, tests: int, abnormals: int) -> "_Products":
        square = np.zeros((tests, tests))
        return cls(square, square.copy(), np.zeros((tests, abnormals)))

    def add(self, kernel: FloatArray) -> None:
        row = kernel.sum(axis=1)
        self.same_pair += kernel @ kernel.T
        self.same_normal += np.outer(row, row)
        self.by_abnormal += kernel

    @property
    def total(self) -> FloatArray:
        found: FloatArray = self.by_abnormal.sum(axis=1)
        return found

    def sums(self) -> FloatArray:
        same_abnormal = self.by_abnormal @ self.by_abnormal.T
        any_cases = np.outer(self.total, self.total)
        return np.stack((self.same_pair, same_abnormal, self.same_normal, any_cases))


def _pair(sums: FloatArray, counts: FloatArray, first: int, second: int) -> _Pair:
    numerators, denominators = (_eight(part, first, second) for part in (sums, counts))
    apart, apart_count = _WITHOUT_SHARED @ numerators, _WITHOUT_SHARED @ denominators
    # Counts are whole numbers, so a difference that is not is rounding.
    apart_count = np.rint(apart_count)
    moments = np.divide(apart, apart_count, out=np.zeros(8), where=apart_count > 0)
    plain = np.divide(numerators, denominators, out=np.zeros(8), where=denominators > 0)
    if not apart_count[7] > 0:
        raise NoAnalysis(
            "No two readers have different normal and abnormal cases to compare.",
            "The variance over readers and cases cannot be estimated.",
        )
    coefficients = apart_count / denominators[7]
    kinds = tuple(_ONLY)
    return _Pair(
        _area(sums, counts, first),
        _area(sums, counts, second),
        float(coefficients @ moments - moments[7]),
        tuple(float(coefficients[list(kind)].sum()) for kind in kinds),
        tuple(
            float(plain[_ONLY[kind]] - plain[7]) if coefficients[list(kind)].sum() > 0 else 0.0
            for kind in kinds
        ),
    )


def _eight(part: FloatArray, first: int, second: int) -> FloatArray:
    """Sums of two arms over the same reader (four) and over any two readers (four)."""
    block = _block(part, first, second)
    return np.concatenate((np.trace(block, axis1=1, axis2=2), block.sum(axis=(1, 2))))


def _block(part: FloatArray, first: int, second: int) -> FloatArray:
    found: FloatArray = part[:, first, :, second, :]
    return found


def _area(sums: FloatArray, counts: FloatArray, arm: int) -> float:
    """The square of a total lies on the diagonal of what any cases share."""
    own, read = _block(sums, arm, arm)[3], _block(counts, arm, arm)[3]
    return float(np.sqrt(np.diag(own)).sum() / np.sqrt(np.diag(read)).sum())


def _parts(own: _Pair) -> tuple[int, ...]:
    """Degrees of freedom of normals, abnormals and readers: their number less one."""
    return tuple(round(1.0 / share - 1.0) for share in own.shares)


def _smaller(one: _Pair, two: _Pair) -> tuple[int, ...]:
    return tuple(min(pair) for pair in zip(_parts(one), _parts(two), strict=True))


def _satterthwaite(
    variance: float, terms: list[tuple[_Pair, float]], parts: tuple[int, ...]
) -> float:
    """Degrees of freedom of a variance made of normals, abnormals and readers."""
    total = 0.0
    for kind, df in enumerate(parts):
        shared = terms[-1][0].shares[kind] > 0
        values = [weight * pair.components[kind] for pair, weight in terms]
        square = sum(values) ** 2 if shared else sum(value**2 for value in values)
        total += square / df**3 if df else float("inf")
    least = float(min(parts))
    return max(variance**2 / total, least) if total > 0 else float("inf")


def _used_df(df: float) -> float:
    return float("inf") if df > 50 else float(max(floor(df), 1))


def _estimate(value: float, variance: float, df: float, alpha: float) -> _Estimate | None:
    if not variance > 1e-15:
        return None
    error = float(np.sqrt(variance))
    return _Estimate(value, error, df, float(stats.t.isf(alpha / 2.0, _used_df(df))) * error)


def _told(df: float) -> float | None:
    return None if np.isinf(df) else df


def _no_variance(what: str) -> str:
    return (
        f"The unbiased variance of {what} is not above zero, so it has no interval; more readers "
        "or cases, or harder ones, would be needed."
    )
