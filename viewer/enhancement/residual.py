"""Residuals as they are kept: 16-bit steps per voxel, blended with the source at any strength."""

import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viewer.core.arrays import AnyArray, BoolArray, read_only
from viewer.core.blending import with_residual
from viewer.core.errors import OutOfMemory
from viewer.enhancement.method import Float32Array, Method, Settings

FINEST_INTEGER_STEP = 1 / 8
"""Step of the residual of integer values (HU): an eighth, so that it reaches +-4095."""
LARGEST = 32767
REACH = 32768
DIGEST_ROW_STEP = 8

Int16Array = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Residual:
    """Enhanced minus original at full strength, in steps of `step` modality units.

    `values` is int16 [slice, row, column]; `loaded` tells which slices have been computed (the
    others are 0). `device` says where it was computed.
    """

    values: Int16Array
    step: float
    loaded: BoolArray
    device: str = ""

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        object.__setattr__(self, "values", read_only(self.values))
        object.__setattr__(self, "loaded", read_only(self.loaded))

    @property
    def is_complete(self) -> bool:
        """True when every slice has been computed."""
        return bool(self.loaded.all())

    def in_units(self, index: int) -> Float32Array:
        """Return the residual of one slice in modality units, float32 [row, column]."""
        return np.asarray(self.values[index] * np.float32(self.step), dtype=np.float32)


class ResidualBuffer:
    """The writable side of a residual while it is being computed."""

    def __init__(self, shape: tuple[int, int, int], step: float) -> None:
        try:
            self._values = np.zeros(shape, dtype=np.int16)
        except MemoryError as error:
            raise OutOfMemory(
                f"The residual of this series needs {math.prod(shape) * 2 >> 20} MB of memory.",
                "The series was not enhanced.",
                "Close other series and try again.",
            ) from error
        self._loaded = np.zeros(shape[0], dtype=np.bool_)
        self._step = step

    @property
    def missing(self) -> frozenset[int]:
        """The slices that have not been computed."""
        return frozenset(np.flatnonzero(~self._loaded).tolist())

    def write(self, indices: Sequence[int], residuals: Float32Array) -> None:
        """Store residuals [len(indices), row, column] given in modality units."""
        for index, residual in zip(indices, residuals, strict=True):
            steps = np.rint(residual / np.float32(self._step))
            self._values[index] = np.clip(steps, -LARGEST, LARGEST)
            self._loaded[index] = True

    def published(self, device: str) -> Residual:
        """Return what is there so far; later writes do not change its marks."""
        return Residual(self._values, self._step, self._loaded.copy(), device)


def residual_step(value_range: tuple[float, float], *, is_integer: bool) -> float:
    """Return the step, a power of two, in which any difference of two values of a range fits.

    Integer values get at least an eighth of a unit; the largest difference of CT values then
    still fits.
    """
    span = value_range[1] - value_range[0]
    needed = 2.0 ** math.ceil(math.log2(span / REACH)) if span > 0 else FINEST_INTEGER_STEP
    return max(FINEST_INTEGER_STEP, needed) if is_integer else needed


def blended(values: AnyArray, residual: Int16Array, step: float, blend: float) -> AnyArray:
    """Return ``values + blend * step * residual`` in the type of `values`, plane by plane.

    Parameters
    ----------
    values, residual : same shape, any number of axes; see `with_residual`.
    step : modality units of one residual step.
    blend : 0 leaves the values as they are, 1 is full strength.
    """
    if values.ndim < 3:
        return with_residual(values, residual, blend * step)
    answer = np.empty_like(values)
    for index, plane in enumerate(values):
        answer[index] = with_residual(plane, residual[index], blend * step)
    return answer


def source_key(values: AnyArray, source_uids: tuple[str, ...]) -> str:
    """Return a name for these pixels, 64 hexadecimal digits.

    The digest covers the SOP Instance UIDs, shape and type, and every eighth row of every slice.
    """
    digest = hashlib.sha256(repr((source_uids, values.shape, str(values.dtype))).encode())
    for plane in values:
        digest.update(np.ascontiguousarray(plane[::DIGEST_ROW_STEP]).data)
    return digest.hexdigest()


def residual_key(source: str, method: Method, settings: Settings) -> str:
    """Return a name for the residual of a source by a method with its weights and parameters."""
    words = (source, method.id, method.version, method.weights_sha256, settings)
    return hashlib.sha256(repr(words).encode()).hexdigest()


class ResidualCache:
    """Complete residuals by content key, the least recently used dropped over the byte budget.

    Parameters
    ----------
    budget_bytes : most that is kept; a single larger residual is not kept at all.
    """

    def __init__(self, budget_bytes: int = 1 << 30) -> None:
        self._budget = budget_bytes
        self._kept: OrderedDict[str, Residual] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def used_bytes(self) -> int:
        """Bytes of all residuals kept."""
        with self._lock:
            return sum(residual.values.nbytes for residual in self._kept.values())

    def has_room(self, key: str, values: AnyArray) -> bool:
        """Return whether a residual of such values is kept, or fits beside those that are."""
        with self._lock:
            used = sum(kept.values.nbytes for kept in self._kept.values())
            return key in self._kept or used + 2 * values.size <= self._budget

    def find(self, key: str) -> Residual | None:
        """Return a residual and mark it as used, or None."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: str, residual: Residual) -> None:
        """Keep a complete residual; an incomplete one is ignored."""
        if not residual.is_complete or residual.values.nbytes > self._budget:
            return
        with self._lock:
            self._kept[key] = residual
            self._kept.move_to_end(key)
            while sum(kept.values.nbytes for kept in self._kept.values()) > self._budget:
                self._kept.popitem(last=False)


class Unfinished:
    """Residuals whose run was stopped, by content key, for the next run to go on with.

    Only the latest two are kept: what the reader stopped, and what gave way to it.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, ResidualBuffer] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str) -> ResidualBuffer | None:
        """Return a stopped residual, which is then the caller's alone; None without one."""
        with self._lock:
            return self._kept.pop(key, None)

    def keep(self, key: str, buffer: ResidualBuffer) -> None:
        """Keep a residual that was stopped."""
        with self._lock:
            self._kept[key] = buffer
            while len(self._kept) > 2:
                self._kept.popitem(last=False)
