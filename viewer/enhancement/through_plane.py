"""The slice profile as an operator: finer slices that, seen through it, are the acquired ones.

An acquired slice is the mean of the patient over its profile. On a grid `factor` times finer that
is a banded matrix A [acquired, fine] along the slice axis, the same for every pixel. Interpolation
makes a first guess of the fine slices; the projection y + A^T (A A^T)^-1 (x - A y) is the nearest
volume to it whose slices, measured again, are the acquired ones. All of it is linear, so that a
whole volume costs one or two products with thin matrices.

Source: spec section 3, data consistency; projection onto an affine set, Boyd and Vandenberghe 8.1.
"""

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy import linalg

from viewer.core.arrays import AnyArray, BoolArray, FloatArray
from viewer.core.errors import InvalidGeometry
from viewer.core.provenance import MethodKind
from viewer.enhancement.method import Effect, Float32Array, Method, Parameter

FACTORS = (2, 6)
"""Fewest and most fine slices to an acquired step."""
FEWEST_SLICES = 8
REACH = 1.5
"""A Gaussian or sinc profile ends this many of its widths from its centre."""
ROWS_AT_ONCE = 64

FACTOR = Parameter(
    "factor",
    "Times finer",
    4.0,
    float(FACTORS[0]),
    float(FACTORS[1]),
    "",
    "slices made for each step between acquired slices",
    is_whole=True,
)
FINER_CUBIC = Method(
    id="finer-cubic",
    name="Finer slices (cubic)",
    version="1",
    kind=MethodKind.FILTER,
    effect=Effect.WHOLE,
    operation="resample",
    purpose="interpolates between slices so that, blurred by the slice profile again, they are the "
    "acquired ones",
    parameters=(FACTOR,),
    caution="slices between the acquired ones are interpolated: detail thinner than a slice is not "
    "recovered, and edges that run between slices can overshoot",
)


class Profile(Enum):
    """Shape of the slice profile; its width is the full width at half maximum."""

    GAUSSIAN = "Gaussian"
    BOX = "box"
    SINC = "sinc"


@dataclass(frozen=True, slots=True)
class SliceSampling:
    """How slices were acquired, and how much finer they shall become.

    `count` acquired slices `step_mm` apart with a profile of `thickness_mm` full width at half
    maximum. The fine slices lie `step_mm / factor` apart, from the first acquired one to the last,
    so that every `factor`-th lies where a slice was acquired.
    """

    count: int
    step_mm: float
    thickness_mm: float
    factor: int
    profile: Profile = Profile.GAUSSIAN

    def __post_init__(self) -> None:
        """Refuse what makes no grid."""
        sizes = (self.step_mm, self.thickness_mm)
        if self.count < 2 or not all(math.isfinite(size) and size > 0 for size in sizes):
            raise InvalidGeometry("Finer slices need at least two slices of known step and width.")
        if not FACTORS[0] <= self.factor <= FACTORS[1]:
            raise InvalidGeometry(f"Slices can become {FACTORS[0]} to {FACTORS[1]} times finer.")

    @property
    def fine_count(self) -> int:
        """Number of fine slices."""
        return (self.count - 1) * self.factor + 1

    @property
    def fine_mm(self) -> float:
        """Step of the fine slices."""
        return self.step_mm / self.factor

    @property
    def gap_mm(self) -> float:
        """Distance between neighbouring slices that none of them covers; negative for overlap."""
        return self.step_mm - self.thickness_mm


def profile_weights(sampling: SliceSampling) -> FloatArray:
    """Return the share of each fine slice in an acquired one, odd length, the middle its own.

    Symmetric, with sum 1. Fine slices count with the mean of the profile over their own width.
    """
    width = sampling.thickness_mm / sampling.fine_mm
    reach = math.ceil(width * (0.5 if sampling.profile is Profile.BOX else REACH))
    inside = 16
    places = (np.arange((2 * reach + 1) * inside) + 0.5) / inside - reach - 0.5
    shape = _profile(places / width, sampling.profile)
    weights = shape.reshape(2 * reach + 1, inside).mean(axis=1)
    beyond = int(np.argmax(weights != 0))
    weights = weights[beyond : len(weights) - beyond]
    return np.asarray((weights + weights[::-1]) / (2 * weights.sum()))


def _profile(widths: FloatArray, profile: Profile) -> FloatArray:
    """Return the profile at distances given in full widths at half maximum."""
    if profile is Profile.BOX:
        return (np.abs(widths) <= 0.5).astype(np.float64)
    if profile is Profile.GAUSSIAN:
        return np.asarray(np.exp(-4 * math.log(2) * widths**2) * (np.abs(widths) <= REACH))
    half = 0.60335  # sinc(0.60335) is a half
    return np.asarray(np.sinc(2 * half * widths) * (np.abs(widths) <= 1 / (2 * half)))


def slice_operator(sampling: SliceSampling) -> FloatArray:
    """Return A [acquired slice, fine slice]: what the scanner would measure of the fine slices.

    Beyond the first and last slice the patient is taken to go on as the mirror image through the
    end slice, values included: a constant and a linear ramp are measured as they are up to the
    ends, and the end slices, half of whose profile lies outside, stand for themselves.
    """
    weights = profile_weights(sampling)
    reach, last = len(weights) // 2, sampling.fine_count - 1
    matrix = np.zeros((sampling.count, sampling.fine_count))
    for row in range(sampling.count):
        for offset, weight in enumerate(weights, row * sampling.factor - reach):
            end = min(max(offset, 0), last)
            matrix[row, end] += weight if end == offset else 2 * weight
            if end != offset:
                matrix[row, min(max(2 * end - offset, 0), last)] -= weight
    return matrix


def interpolation(sampling: SliceSampling) -> FloatArray:
    """Return P [fine slice, acquired slice]: the natural cubic spline through the slices."""
    from scipy.interpolate import make_interp_spline

    places = np.arange(sampling.count, dtype=np.float64)
    spline = make_interp_spline(places, np.eye(sampling.count), k=3, bc_type="natural")
    fine = np.arange(sampling.fine_count) / sampling.factor
    return np.asarray(spline(fine), dtype=np.float64)


def correction(operator: FloatArray) -> FloatArray:
    """Return A^T (A A^T)^-1 [fine slice, acquired slice], by a banded Cholesky solve."""
    gram = operator @ operator.T
    count = len(gram)
    width = max((k for k in range(count) if np.diag(gram, k).any()), default=0)
    bands = np.zeros((width + 1, count))
    for k in range(width + 1):
        bands[k, : count - k] = np.diag(gram, -k)
    return np.asarray(linalg.solveh_banded(bands, operator, lower=True).T)


@dataclass(frozen=True, slots=True, eq=False)
class ThroughPlane:
    """The matrices of one sampling, float32: `operator` A, `interpolation` P, `correction`.

    `consistent` is P + correction (1 - A P): interpolation and projection in one product.
    """

    sampling: SliceSampling
    operator: Float32Array
    interpolation: Float32Array
    correction: Float32Array
    consistent: Float32Array

    def cubic(self, slices: AnyArray) -> Float32Array:
        """Return the data-consistent cubic interpolation of slices [acquired, row, column]."""
        return _along(self.consistent, slices)

    def interpolated(self, slices: AnyArray) -> Float32Array:
        """Return the plain cubic interpolation of slices [acquired, row, column]."""
        return _along(self.interpolation, slices)

    def measured(self, fine: AnyArray) -> Float32Array:
        """Return A y: fine slices [fine, row, column] as the scanner would measure them."""
        return _along(self.operator, fine)

    def projected(self, fine: Float32Array, slices: AnyArray) -> Float32Array:
        """Return the nearest volume to `fine` that is measured as `slices`."""
        missing = slices - self.measured(fine)
        return np.asarray(fine + _along(self.correction, missing), dtype=np.float32)

    def misfit(self, fine: AnyArray, slices: AnyArray) -> tuple[float, float]:
        """Return the root mean square and the largest |x - A y|, in the unit of the slices."""
        missing = self.measured(fine) - slices
        return (float(np.sqrt(np.mean(np.square(missing)))), float(np.abs(missing).max()))

    def seen_by(self, fine: int) -> tuple[int, ...]:
        """Return the acquired slices whose profile holds a fine slice, the nearest first."""
        factor, reach = self.sampling.factor, len(profile_weights(self.sampling)) // 2
        places = range(self.sampling.count)
        near = [k for k in places if abs(k * factor - fine) <= max(reach, factor - 1)]
        return tuple(sorted(near, key=lambda k: abs(k * factor - fine)))


def through_plane(sampling: SliceSampling) -> ThroughPlane:
    """Return the matrices of a sampling."""
    operator, cubic = slice_operator(sampling), interpolation(sampling)
    fix = correction(operator)
    whole = cubic + fix @ (np.eye(sampling.count) - operator @ cubic)
    single = (array.astype(np.float32) for array in (operator, cubic, fix, whole))
    return ThroughPlane(sampling, *single)


def _along(matrix: Float32Array, values: AnyArray) -> Float32Array:
    """Return a matrix times values along the slice axis, some rows of the slices at once."""
    answer = np.empty((len(matrix), *values.shape[1:]), dtype=np.float32)
    for start in range(0, values.shape[1], ROWS_AT_ONCE):
        rows = np.s_[:, start : start + ROWS_AT_ONCE]
        part = values[rows].astype(np.float32)
        product = matrix @ part.reshape(len(part), -1)
        answer[rows] = product.reshape(len(matrix), *part.shape[1:])
    return answer


def fine_mask(mask: BoolArray, factor: int) -> BoolArray:
    """Return which fine pixels are real: between two real ones, never across padding."""
    place = np.arange((len(mask) - 1) * factor + 1)
    below, above = place // factor, -(-place // factor)
    return np.asarray(mask[below] & mask[above])


def without_gaps(values: AnyArray, mask: BoolArray) -> AnyArray:
    """Return the values with padding replaced by the nearest real pixel along the slice axis."""
    rows, columns = np.nonzero(mask.any(axis=0) & ~mask.all(axis=0))
    if not rows.size:
        return values
    filled = np.array(values)
    real, place, far = mask[:, rows, columns], np.arange(len(mask))[:, None], 2 * len(mask)
    before = np.maximum.accumulate(np.where(real, place, -far))
    after = np.minimum.accumulate(np.where(real, place, far)[::-1])[::-1]
    nearest = np.where(place - before <= after - place, before, after)
    filled[:, rows, columns] = values[nearest, rows[None], columns[None]]
    return filled
