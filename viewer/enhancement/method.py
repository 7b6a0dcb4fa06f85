"""What an enhancement method is: its frozen description, and what it offers when made ready."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from viewer.core.arrays import BoolArray
from viewer.core.errors import WrongUsage
from viewer.core.provenance import MethodKind

Float32Array = npt.NDArray[np.float32]
Settings = tuple[tuple[str, float], ...]
"""Parameter values of one run as (name, value) pairs, one for each parameter of the method."""

Region = tuple[int, int, int, int]
"""Part of a slice: first row, row after the last, first column, column after the last."""


class Effect(Enum):
    """What the strength of a method means."""

    NOISE_CUT = "noise cut"
    """The fraction by which the noise SD falls in flat regions."""
    BLEND = "blend"
    """The fraction of the method's own change that is applied."""
    WHOLE = "whole"
    """There is no strength: the method is applied as a whole."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number that a method can be given; `low` and `high` are inclusive.

    `is_whole` takes no fractions.
    """

    name: str
    title: str
    default: float
    low: float
    high: float
    unit: str
    explanation: str
    is_whole: bool = False

    def checked(self, value: float, method: str) -> float:
        """Return a value that can be used for the method named.

        Raises
        ------
        WrongUsage : it is outside the range, or a fraction where only whole numbers count.
        """
        if self.low <= value <= self.high and (not self.is_whole or value.is_integer()):
            return value
        kind = "a whole number " if self.is_whole else ""
        raise WrongUsage(
            f"{self.title} of {method} is {f'{value:g} {self.unit}'.rstrip()}.",
            do=f"It can be {kind}from {self.low:g} to {f'{self.high:g} {self.unit}'.rstrip()}.",
        )


@dataclass(frozen=True, slots=True)
class Method:
    """A way to enhance a volume, as it is listed, labelled and stored.

    `operation` is a word for DICOM ("denoise", "sharpen", "contrast", "resample"). `weights_sha256`
    is "" for a filter. `caution` is said on every result of the method ("" for none). `is_research`
    marks a comparator, which is not for reading.
    """

    id: str
    name: str
    version: str
    kind: MethodKind
    effect: Effect
    operation: str
    purpose: str
    parameters: tuple[Parameter, ...] = ()
    weights_sha256: str = ""
    caution: str = ""
    is_research: bool = False

    @property
    def keeps_unit(self) -> bool:
        """False where values come out that are no modality values (HU, SUV) any more."""
        return self.operation != "contrast"

    @property
    def makes_finer(self) -> bool:
        """True where the result has more slices than the source; then "factor" is a parameter."""
        return self.operation == "resample"

    def settings(self, given: Settings = ()) -> Settings:
        """Return a value for every parameter: the given one or the default, in listed order.

        Raises
        ------
        WrongUsage : a name that the method does not have, or a value that it cannot take.
        """
        asked = dict(given)
        known = {parameter.name for parameter in self.parameters}
        if unknown := sorted(set(asked) - known):
            raise WrongUsage(
                f"{self.name} has no parameter {', '.join(unknown)}.",
                do=f"It has: {', '.join(sorted(known)) or 'none'}.",
            )
        return tuple(
            (one.name, one.checked(float(asked.get(one.name, one.default)), self.name))
            for one in self.parameters
        )


@dataclass(frozen=True, slots=True, eq=False)
class SourceSlices:
    """The source as a processor sees it.

    `values` is [slice, row, column] in modality units; `mask` is False where a pixel is padding;
    `spacing_mm` is (slice, row, column); `positions_mm` the true slice positions along the normal
    (empty: even steps). `noise_sd` has one SD in modality units per slice, and
    `noise_frequency_per_mm` is the mean frequency of the noise power spectrum. `typical_signal` is
    the value in whose surroundings the noise was measured, 0 for HU.
    """

    values: npt.NDArray[np.int16] | Float32Array
    spacing_mm: tuple[float, float, float]
    noise_sd: Float32Array
    noise_frequency_per_mm: float
    mask: BoolArray | None = None
    positions_mm: tuple[float, ...] = ()
    unit: str = "HU"
    typical_signal: float = 0.0

    @property
    def count(self) -> int:
        """Number of slices."""
        return int(self.values.shape[0])

    def slice_mask(self, index: int) -> BoolArray | None:
        """Return the mask of one slice, None where every pixel is real."""
        if self.mask is None or bool(self.mask[index].all()):
            return None
        return np.asarray(self.mask[index])


class Processor(Protocol):
    """A method made ready for one source: loaded, warmed and holding on to a device."""

    @property
    def device(self) -> str:
        """Where it runs, in words, such as "CPU (ONNX Runtime, 1 thread)"."""
        ...

    @property
    def slab(self) -> int:
        """How many slices it likes to be given at once."""
        ...

    def residuals(self, indices: Sequence[int], region: Region | None = None) -> Float32Array:
        """Return enhanced minus original at full strength, [len(indices), row, column].

        Modality units; 0 where a pixel is padding. With a region only that part is computed, with
        a margin around it, and returned.
        """
        ...
