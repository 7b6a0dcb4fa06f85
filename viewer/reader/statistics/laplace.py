"""The likelihood of a cumulative logit model with crossed random intercepts, by Laplace."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_solve
from scipy.special import expit, log_expit

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_STEPS = 60
_GRADIENT = 1e-9
_WIDEST = 100.0


@dataclass(frozen=True, slots=True)
class Cumulative:
    """P(Y = k) = F(upper end) - F(lower end) for each of n ratings, F the logistic function.

    The ends are `upper` @ fixed + `above` and `lower` @ fixed + `below`, both less the sum of the
    rating's random effects. `upper` and `lower` are [n, parameters]; `above` is +inf for the
    highest category and `below` -inf for the lowest, else 0. `places` [n, groupings] are places
    in the vector of all random effects, and `sizes` how many effects each grouping has.
    """

    upper: Floats
    lower: Floats
    above: Floats
    below: Floats
    places: Integers
    sizes: tuple[int, ...]

    @property
    def effects(self) -> int:
        """Return the number of random effects of all groupings."""
        return sum(self.sizes)

    def spread(self, values: Floats) -> Floats:
        """Return one value per grouping, repeated for each of its effects."""
        return np.repeat(values, self.sizes)

    def summed(self, effects: Floats) -> Floats:
        """Return the sum of the effects of each rating."""
        total: Floats = effects[self.places].sum(axis=1)
        return total

    def gathered(self, values: Floats) -> Floats:
        """Return a value per rating summed over the ratings of each effect."""
        weights = np.repeat(values, self.places.shape[1])
        return _totals(self.places.ravel(), weights, self.effects)

    @property
    def largest(self) -> npt.NDArray[np.bool_]:
        """Return which effects belong to the grouping that has most of them."""
        owners = np.repeat(np.arange(len(self.sizes)), self.sizes)
        return np.asarray(owners == np.argmax([*self.sizes, 0]), np.bool_)

    @property
    def pairs(self) -> Integers:
        """Return the places in a flat [effects, effects] matrix that each rating adds to."""
        return self.places[:, :, None] * self.effects + self.places[:, None, :]


@dataclass(frozen=True, slots=True)
class Height:
    """A log-likelihood, its gradient in the fixed parameters and in the deviations, the mode.

    `mode` are the standardised random effects (each times its deviation is the effect) at which
    the joint likelihood is greatest.
    """

    value: float
    fixed: Floats
    deviations: Floats
    mode: Floats


@dataclass(frozen=True, slots=True)
class _Ends:
    """The ends a and b of each rating's interval and what the likelihood needs of them."""

    value: float
    at_a: Floats
    at_b: Floats
    gap: Floats

    @classmethod
    def of(cls, a: Floats, b: Floats) -> "_Ends":
        # log(F(a) - F(b)) = log F(a) + log(1 - F(b)) + log(1 - exp(b - a)): exact in both tails,
        # and the last term does not move with the random effects.
        gap = a - b
        with np.errstate(divide="ignore", over="ignore"):
            value = log_expit(a) + log_expit(-b) + np.log(-np.expm1(-gap))
            return cls(float(value.sum()), expit(a), expit(b), 1.0 / np.expm1(gap))

    @property
    def slope(self) -> Floats:
        """Return the derivative of the log-likelihood by the linear predictor."""
        return self.at_a + self.at_b - 1.0

    @property
    def densities(self) -> tuple[Floats, Floats]:
        """Return the logistic densities at both ends; their sum is the curvature."""
        return self.at_a * (1 - self.at_a), self.at_b * (1 - self.at_b)


@dataclass(frozen=True, slots=True)
class _Factor:
    """A positive definite Hessian of all effects, factored with its largest grouping first.

    Effects of one grouping never meet in a rating, so that block is diagonal: only as many rows as
    the other groupings have are left to factor. `inside` says which effects are the largest's.
    """

    inside: npt.NDArray[np.bool_]
    diagonal: Floats
    across: Floats
    small: Floats

    @classmethod
    def of(cls, hessian: Floats, inside: npt.NDArray[np.bool_]) -> "_Factor":
        diagonal = np.diag(hessian)[inside]
        across = hessian[np.ix_(inside, ~inside)]
        reduced = hessian[np.ix_(~inside, ~inside)] - across.T @ (across / diagonal[:, None])
        return cls(inside, diagonal, across, np.asarray(np.linalg.cholesky(reduced), np.float64))

    @property
    def log_determinant(self) -> float:
        return float(np.log(self.diagonal).sum() + 2 * np.log(np.diag(self.small)).sum())

    def solved(self, right: Floats) -> Floats:
        """Return the Hessian's inverse times a vector."""
        found = np.empty_like(right)
        scaled = right[self.inside] / self.diagonal
        rest = cho_solve((self.small, True), right[~self.inside] - self.across.T @ scaled)
        found[~self.inside] = rest
        found[self.inside] = scaled - (self.across @ rest) / self.diagonal
        return found

    @property
    def inverse(self) -> Floats:
        """Return the inverse where effects can meet in a rating; zeros elsewhere."""
        half = np.linalg.inv(self.small)
        rest = half.T @ half
        scaled = self.across / self.diagonal[:, None]
        beside = -scaled @ rest
        found = np.zeros((len(self.inside), len(self.inside)))
        found[np.ix_(~self.inside, ~self.inside)] = rest
        found[np.ix_(self.inside, ~self.inside)] = beside
        found[np.ix_(~self.inside, self.inside)] = beside.T
        places = np.flatnonzero(self.inside)
        found[places, places] = 1 / self.diagonal - (beside * scaled).sum(axis=1)
        return found


def _totals(places: Integers, weights: Floats, count: int) -> Floats:
    """Return the weights summed per place, also where there is none to sum."""
    return np.asarray(np.bincount(places, weights, count)[:count], np.float64)


def marginal(
    model: Cumulative, pairs: Integers, fixed: Floats, deviations: Floats, start: Floats
) -> Height:
    """Return the Laplace approximation of the log-likelihood with its exact gradient.

    Parameters
    ----------
    pairs : `model.pairs`, computed once.
    fixed : thresholds and coefficients; deviations : standard deviation of each grouping's
        intercepts, of either sign (the likelihood is even in them).
    start : standardised random effects to look for the mode from.

    Returns
    -------
    A height of -inf where thresholds are out of order or a deviation is above 100, which no
    odds come near to.

    Source: Pinheiro and Chao (2006), J Comput Graph Stat 15:58, for the approximation; the
    gradient follows the mode by the implicit function theorem (Kristensen et al. 2016, J Stat
    Softw 70(5), eq. 5). For the logit link the curvature is F'(a) + F'(b).
    """
    a, b = model.upper @ fixed + model.above, model.lower @ fixed + model.below
    if not np.all(a > b) or np.abs(deviations).max(initial=0.0) > _WIDEST:
        return Height(-np.inf, np.zeros_like(fixed), np.zeros_like(deviations), start)
    scale = model.spread(deviations)
    mode, ends, factor = _mode(model, pairs, (a, b), scale, start)
    value = ends.value - 0.5 * float(mode @ mode) - 0.5 * factor.log_determinant
    return Height(value, *_gradient(model, pairs, ends, scale, mode, factor), mode)


def _mode(
    model: Cumulative, pairs: Integers, ab: tuple[Floats, Floats], scale: Floats, start: Floats
) -> "tuple[Floats, _Ends, _Factor]":
    """Newton's steps to the mode of the joint likelihood, which is concave in the effects."""
    a, b = ab

    def ends_at(effects: Floats) -> _Ends:
        moved = model.summed(scale * effects)
        return _Ends.of(a - moved, b - moved)

    mode, ends = start, ends_at(start)
    for _ in range(_STEPS):
        factor = _factor(model, pairs, ends, scale)
        gradient = scale * model.gathered(ends.slope) - mode
        if np.abs(gradient).max(initial=0.0) < _GRADIENT:
            break
        step = factor.solved(gradient)
        height = ends.value - 0.5 * mode @ mode
        for _ in range(_STEPS):
            reached = mode + step
            ends = ends_at(reached)
            if ends.value - 0.5 * reached @ reached >= height - 1e-9 * abs(height):
                break
            step = step / 2
        mode = reached
    return mode, ends, factor


def _weighed(model: Cumulative, pairs: Integers, weights: Floats) -> Floats:
    """Return Z' diag(weights) Z, where Z says which effects a rating has."""
    count = model.effects
    each = np.repeat(weights, pairs.shape[1] * pairs.shape[2])
    return _totals(pairs.ravel(), each, count * count).reshape(count, count)


def _factor(model: Cumulative, pairs: Integers, ends: _Ends, scale: Floats) -> _Factor:
    """Return the factor of the joint likelihood's negative Hessian."""
    weighed = _weighed(model, pairs, np.add(*ends.densities))
    hessian = scale[:, None] * weighed * scale + np.eye(model.effects)
    return _Factor.of(hessian, model.largest)


def _gradient(
    model: Cumulative,
    pairs: Integers,
    ends: _Ends,
    scale: Floats,
    mode: Floats,
    factor: _Factor,
) -> tuple[Floats, Floats]:
    """Return the gradient in the fixed parameters and in the deviations."""
    at_a, at_b = ends.densities
    inverse = factor.inverse
    leverage = (scale[:, None] * inverse * scale).ravel()[pairs].sum(axis=(1, 2))
    by_a = 0.5 * leverage * at_a * (1 - 2 * ends.at_a)
    by_b = 0.5 * leverage * at_b * (1 - 2 * ends.at_b)
    pull = factor.solved(scale * model.gathered(by_a + by_b))
    follow = model.summed(scale * pull)
    at_upper = 1 - ends.at_a + ends.gap - by_a + at_a * follow
    at_lower = -ends.at_b - ends.gap - by_b + at_b * follow
    fixed = model.upper.T @ at_upper + model.lower.T @ at_lower
    weighed = _weighed(model, pairs, at_a + at_b)
    # By each effect's own scale: through the ends, the determinant and the mode.
    each = -mode * model.gathered(at_upper + at_lower)
    each -= np.einsum("ij,ji->i", weighed * scale, inverse)
    each += pull * model.gathered(ends.slope)
    owners = np.repeat(np.arange(len(model.sizes)), model.sizes)
    return fixed, _totals(owners, each, len(model.sizes))
