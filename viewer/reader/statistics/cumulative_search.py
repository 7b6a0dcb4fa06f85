"""Where the likelihood of a cumulative link mixed model is greatest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.optimize import minimize

from viewer.core.errors import NoAnalysis
from viewer.reader.statistics.laplace import Cumulative, Floats, Height, Integers, marginal

_FLAT = 1e-6
_STEP = 1e-4
_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Column:
    """One fixed effect: its name and a number per rating (arm 0 or 1, an interaction, ...)."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Grouping:
    """A random intercept: its name and the label of the group that each rating belongs to."""

    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A model as the likelihood takes it, with the order of its thresholds."""

    model: Cumulative
    pairs: Integers
    categories: tuple[float, ...]
    names: tuple[str, ...]
    start: Floats

    @classmethod
    def of(
        cls,
        values: Sequence[float],
        columns: Sequence[Column],
        groupings: Sequence[Grouping],
        thresholds_by: Sequence[str] | None,
        offset: Sequence[float] | None,
    ) -> "Layout":
        """Return the layout of ratings, or say why there is nothing to estimate."""
        categories, codes = np.unique(np.asarray(values, np.float64), return_inverse=True)
        steps = len(categories) - 1
        if steps < 1:
            raise NoAnalysis(
                "All answers are equal, so nothing can be estimated.",
                "An ordered model needs at least two different ratings.",
            )
        sets = thresholds_by if thresholds_by is not None else [""] * len(codes)
        owners, owner = np.unique(np.asarray(sets, str), return_inverse=True)
        places, sizes = places_of(groupings, len(codes))
        upper, lower, design = _ends(codes, owner, steps, len(owners), columns)
        _check_rank(design, owner, columns)
        known = np.zeros(len(codes)) if offset is None else np.asarray(offset, np.float64)
        above = np.where(codes == steps, np.inf, 0.0) - known
        below = np.where(codes == 0, -np.inf, 0.0) - known
        model = Cumulative(upper, lower, above, below, places, sizes)
        names = tuple(
            f"{one:g}|{two:g}" + (f" {set_}" if set_ else "")
            for set_ in owners
            for one, two in pairwise(categories)
        )
        start = np.concatenate([_cumulative(codes[owner == g], steps) for g in range(len(owners))])
        return cls(model, model.pairs, tuple(map(float, categories)), names, start)

    @property
    def steps(self) -> int:
        """Return the thresholds of one set."""
        return len(self.categories) - 1


@dataclass(frozen=True, slots=True)
class Point:
    """Parameters and the height of the likelihood there."""

    fixed: Floats
    deviations: Floats
    height: Height

    @classmethod
    def maximum(cls, layout: Layout) -> "Point":
        """Return where BFGS ends, each threshold set being a first one and logs of increments."""
        count, slopes = len(layout.start), layout.model.upper.shape[1]
        mode = [np.zeros(layout.model.effects)]

        def negative(free: Floats) -> tuple[float, Floats]:
            fixed, jacobian = _ordered(free[:slopes], count, layout.steps)
            found = marginal(layout.model, layout.pairs, fixed, free[slopes:], mode[0])
            if not np.isfinite(found.value):
                return 1e12, np.zeros_like(free)
            mode[0] = found.mode
            return -found.value, -np.concatenate([found.fixed @ jacobian, found.deviations])

        sets = layout.start.reshape(-1, layout.steps)
        free = np.column_stack([sets[:, 0], np.log(np.diff(sets, axis=1))]).ravel()
        beginning = np.concatenate(
            [free, np.zeros(slopes - count), np.full(len(layout.model.sizes), 0.7)]
        )
        with np.errstate(over="ignore", invalid="ignore"):
            found = minimize(
                negative, beginning, jac=True, method="BFGS", options={"gtol": 1e-3, "maxiter": 300}
            )
        fixed, _ = _ordered(found.x[:slopes], count, layout.steps)
        height = marginal(layout.model, layout.pairs, fixed, found.x[slopes:], mode[0])
        return cls(fixed, np.abs(found.x[slopes:]), height)

    def moved(self, layout: Layout, fixed: Floats, deviations: Floats) -> "Point":
        """Return another point, its mode looked for from this one's."""
        height = marginal(layout.model, layout.pairs, fixed, deviations, self.height.mode)
        return Point(fixed, deviations, height)

    @property
    def gradient(self) -> Floats:
        """Return the gradient in fixed parameters and deviations."""
        return np.concatenate([self.height.fixed, self.height.deviations])

    def hessian(self, layout: Layout) -> Floats:
        """Return second derivatives as central differences of the exact gradient."""
        whole = np.concatenate([self.fixed, self.deviations])
        rows = []
        for step in np.eye(len(whole)) * _STEP:
            ends = [
                self.moved(layout, *np.split(whole + sign * step, [len(self.fixed)])).gradient
                for sign in (1, -1)
            ]
            rows.append((ends[0] - ends[1]) / (2 * _STEP))
        found = np.array(rows)
        return (found + found.T) / 2

    def polished(self, layout: Layout) -> tuple["Point", Floats]:
        """Return where Newton's steps end and the Hessian there."""
        point = self
        hessian = point.hessian(layout)
        for _ in range(_ROUNDS):
            if np.abs(point.gradient).max() < _FLAT:
                break
            step = np.linalg.lstsq(hessian, -point.gradient, rcond=None)[0]
            whole = np.concatenate([point.fixed, point.deviations]) + step
            reached = point.moved(layout, *np.split(whole, [len(point.fixed)]))
            if reached.height.value < point.height.value - _FLAT:
                break
            point = reached
            if np.abs(step).max() > 10 * _STEP:
                hessian = point.hessian(layout)
        return replace(point, deviations=np.abs(point.deviations)), hessian


def _ordered(free: Floats, count: int, steps: int) -> tuple[Floats, Floats]:
    """Return fixed parameters from a first threshold and log increments, with the Jacobian."""
    fixed, jacobian = free.copy(), np.eye(len(free))
    lower = np.tril(np.ones((steps, steps)))
    for at in range(0, count, steps):
        moves = free[at : at + steps].copy()
        moves[1:] = np.exp(np.clip(moves[1:], -30, 30))
        fixed[at : at + steps] = np.cumsum(moves)
        weights = np.concatenate([[1.0], moves[1:]])
        jacobian[at : at + steps, at : at + steps] = lower * weights
    return fixed, jacobian


def _cumulative(codes: Integers, steps: int) -> Floats:
    """Return log odds of the observed cumulative shares, all of them finite."""
    counts = np.bincount(codes, minlength=steps + 1) + 0.25
    shares = np.cumsum(counts)[:-1] / counts.sum()
    logits: Floats = np.log(shares / (1 - shares))
    return logits


def places_of(groupings: Sequence[Grouping], count: int) -> tuple[Integers, tuple[int, ...]]:
    """Return each reading's places among all groups [count, groupings], and groups of each."""
    places = np.zeros((count, len(groupings)), np.int64)
    sizes: list[int] = []
    for column, grouping in enumerate(groupings):
        levels, codes = np.unique(np.asarray(grouping.labels, str), return_inverse=True)
        places[:, column] = codes + sum(sizes)
        sizes.append(len(levels))
    return places, tuple(sizes)


def _ends(
    codes: Integers, owner: Integers, steps: int, sets: int, columns: Sequence[Column]
) -> tuple[Floats, Floats, Floats]:
    """Return the matrices of the upper and lower ends, and the design alone."""
    design = np.zeros((len(codes), len(columns)))
    for place, column in enumerate(columns):
        design[:, place] = column.values
    thresholds = np.zeros((2, len(codes), sets * steps))
    for side, category in enumerate((codes, codes - 1)):
        inside = np.flatnonzero((category >= 0) & (category < steps))
        thresholds[side, inside, owner[inside] * steps + category[inside]] = 1.0
    return (
        np.hstack([thresholds[0], -design]),
        np.hstack([thresholds[1], -design]),
        design,
    )


def _check_rank(design: Floats, owner: Integers, columns: Sequence[Column]) -> None:
    whole = np.column_stack([owner == one for one in range(owner.max() + 1)] + [design])
    if np.linalg.matrix_rank(whole) < whole.shape[1]:
        names = ", ".join(one.name for one in columns)
        raise NoAnalysis(
            f"The effects of {names} cannot be told apart in these readings.",
            "A column is constant or is made of the others, such as an arm read in one period.",
            "Leave an effect out, or read the missing combinations.",
        )
