"""From modality values back to stored values: rescale, bits, sign and padding of a new image."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from viewer.core.arrays import AnyArray, BoolArray
from viewer.core.errors import NotSaved
from viewer.io.safely import NOTHING_CHANGED

STEPS = 65_000
"""Stored steps over which fractional modality values are spread; the rest is left for padding."""


@dataclass(frozen=True, slots=True)
class StoredFormat:
    """How modality values are coded: stored = (value - intercept) / slope, rounded.

    `padding` is the stored value of padding pixels, None where there are none. `has_rescale` is
    False where no rescale is written (then slope is 1 and intercept 0). `is_limited` says that
    values were cut to the range of the object's only allowed coding.
    Source: DICOM PS3.3 C.7.6.3 and C.11.1.
    """

    slope: float
    intercept: float
    bits_allocated: int
    bits_stored: int
    is_signed: bool
    padding: int | None
    has_rescale: bool
    is_limited: bool = False

    @property
    def range(self) -> tuple[int, int]:
        """Smallest and largest stored value, inclusive."""
        return stored_range(self.bits_stored, self.is_signed)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Little-endian type of the stored values."""
        return np.dtype(f"<{'i' if self.is_signed else 'u'}{self.bits_allocated // 8}")


@dataclass(frozen=True, slots=True)
class FormatRules:
    """What the kind of object allows.

    `is_identity`: the rescale must be 1 and 0 and the pixels unsigned (DX, mammography;
    C.8.11.3). `has_no_intercept`: the intercept must be 0 (PET, C.8.9.4). `least_bits`: fewest
    Bits Stored (12 for CT).
    """

    is_identity: bool = False
    has_no_intercept: bool = False
    needs_rescale: bool = False
    least_bits: int = 1
    least_allocated: int = 8


@dataclass(frozen=True, slots=True)
class Extremes:
    """Smallest and largest real value, and whether there are padding pixels and fractions."""

    low: float
    high: float
    has_padding: bool
    has_fractions: bool


def decimal(value: float) -> float:
    """Return the value as it can be written in a decimal string (DS, at most 16 characters)."""
    return float(decimal_text(value))


def decimal_text(value: float) -> str:
    """Return a number as a decimal string: whole where it is whole, else 10 digits."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.10g}"


def stored_range(bits: int, is_signed: bool) -> tuple[int, int]:
    """Return the smallest and largest value of `bits` bits, inclusive."""
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if is_signed else (0, (1 << bits) - 1)


def extremes(values: AnyArray, mask: BoolArray | None) -> Extremes:
    """Look at modality values of any shape; padding (mask False) is left out.

    Raises
    ------
    NotSaved : a value is not a number.
    """
    has_padding = mask is not None and not bool(mask.all())
    real = values[mask] if has_padding else values
    if not real.size:
        return Extremes(0.0, 0.0, has_padding, has_fractions=False)
    low, high = float(real.min()), float(real.max())
    if not np.isfinite([low, high]).all():
        raise NotSaved(
            "The enhanced series could not be saved: it contains values that are not numbers.",
            NOTHING_CHANGED,
            "Please report this; the method has failed on this series.",
        )
    is_float = real.dtype.kind == "f"
    return Extremes(low, high, has_padding, is_float and bool(np.any(real != np.rint(real))))


def joined(found: Iterable[Extremes]) -> Extremes:
    """Return the extremes of several images together."""
    every = tuple(found)
    return Extremes(
        min(one.low for one in every),
        max(one.high for one in every),
        any(one.has_padding for one in every),
        any(one.has_fractions for one in every),
    )


def stored_format(source: StoredFormat, seen: Extremes, rules: FormatRules) -> StoredFormat:
    """Return how to store values with these extremes, as close to the source's coding as possible.

    Whole values (CT, most MR) come back exactly: the source's rescale stays where it gives whole
    stored values, else it becomes slope 1. Fractional values get the finest slope that 16 bits
    allow, and come back within half of it. Bits and sign stay where the values fit.
    """
    fresh = replace(source, padding=None, is_limited=False)
    if rules.is_identity:
        return _with_bits(replace(fresh, slope=1.0, intercept=0.0), source, seen, rules)
    has_whole_steps = source.slope == 1 and source.intercept == int(source.intercept)
    if not seen.has_fractions and has_whole_steps:
        found = _with_bits(fresh, source, seen, rules)
        if not found.is_limited:
            return found
    if not seen.has_fractions:
        shifts = (0.0,) if rules.has_no_intercept else (0.0, float(round(seen.low)))
        for intercept in shifts:
            whole = replace(fresh, slope=1.0, intercept=intercept, has_rescale=True)
            found = _with_bits(whole, source, seen, rules)
            if not found.is_limited:
                return found
    if not source.has_rescale and not rules.needs_rescale and _fits_whole(seen):
        return _with_bits(fresh, source, seen, rules)
    return _with_bits(_finest(fresh, seen, rules), source, seen, rules)


def _fits_whole(seen: Extremes) -> bool:
    """True where rounding to whole values loses no more than 16 bits would."""
    return STEPS / 2 <= seen.high - seen.low <= STEPS and seen.high <= 65_535


def _finest(fresh: StoredFormat, seen: Extremes, rules: FormatRules) -> StoredFormat:
    """Return the rescale that spreads the values over 16 bits."""
    if rules.has_no_intercept:
        largest = max(abs(seen.low), abs(seen.high))
        slope = decimal(largest / (STEPS // 2)) if largest > 0 else 1.0
        return replace(fresh, slope=slope, intercept=0.0, is_signed=True, has_rescale=True)
    spread = seen.high - seen.low
    slope = decimal(spread / STEPS) if spread > 0 else 1.0
    middle = decimal((seen.low + seen.high) / 2)
    return replace(fresh, slope=slope, intercept=middle, is_signed=True, has_rescale=True)


def _with_bits(
    rescaled: StoredFormat, source: StoredFormat, seen: Extremes, rules: FormatRules
) -> StoredFormat:
    """Choose bits, sign and padding for a rescale; the source's own where everything fits."""
    low = round((seen.low - rescaled.intercept) / rescaled.slope)
    high = round((seen.high - rescaled.intercept) / rescaled.slope)
    wide = replace(rescaled, bits_allocated=16, bits_stored=16)
    choices = [rescaled, replace(wide, is_signed=rescaled.is_signed)]
    if not rules.is_identity:
        choices += [replace(wide, is_signed=True), replace(wide, is_signed=False)]
    for choice in choices:
        first, last = choice.range
        is_allowed = choice.bits_stored >= rules.least_bits
        is_allowed = is_allowed and rules.least_allocated <= choice.bits_allocated <= 16
        if not is_allowed or low < first or high > last:
            continue
        padding = _free_padding(source.padding, low, high, choice) if seen.has_padding else None
        if padding is not None or not seen.has_padding:
            return replace(choice, padding=padding)
    return _limited(rescaled, source, seen, high)


def _limited(
    rescaled: StoredFormat, source: StoredFormat, seen: Extremes, high: int
) -> StoredFormat:
    """Return the coding that cuts values to its range: the source's bits where the top fits."""
    fits = high <= rescaled.range[1]
    bits = rescaled.bits_stored if fits else 16
    choice = replace(rescaled, bits_allocated=max(rescaled.bits_allocated, bits), bits_stored=bits)
    if not seen.has_padding:
        return replace(choice, is_limited=True)
    ends = choice.range
    padding = source.padding if source.padding in ends else ends[0]
    return replace(choice, padding=padding, is_limited=True)


def _free_padding(wanted: int | None, low: int, high: int, choice: StoredFormat) -> int | None:
    """Return a stored value outside low to high for padding; the source's own where it is free."""
    first, last = choice.range
    for value in (wanted, low - 1, high + 1):
        if value is not None and first <= value <= last and not low <= value <= high:
            return value
    return None


def stored_values(values: AnyArray, mask: BoolArray | None, coding: StoredFormat) -> AnyArray:
    """Return the stored values of one image [row, column] in the type they are written in.

    Raises
    ------
    NotSaved : a value lies outside the range and the coding does not say that it limits values.
    """
    first, last = coding.range
    if values.dtype.kind in "iu" and coding.slope == 1:
        stored = values.astype(np.int64) - round(coding.intercept)
    else:
        real = values if mask is None else np.where(mask, values, coding.intercept)
        exact = (real.astype(np.float64) - coding.intercept) / coding.slope
        stored = np.rint(exact).astype(np.int64)
    if coding.is_limited:  # padding lies at an end of the range and stays apart from real values
        low, high = first + int(coding.padding == first), last - int(coding.padding == last)
        stored = np.clip(stored, low, high)
    if mask is not None and coding.padding is not None:
        stored = np.where(mask, stored, coding.padding)
    if int(stored.min()) < first or int(stored.max()) > last:
        raise NotSaved(
            "The enhanced series could not be saved: a value does not fit into the DICOM file.",
            NOTHING_CHANGED,
        )
    return np.ascontiguousarray(stored.astype(coding.dtype))
