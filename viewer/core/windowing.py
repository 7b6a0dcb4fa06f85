"""From modality values to grey levels: windows, VOI LUTs, automatic windows, colour maps."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from viewer.core.arrays import AnyArray, BoolArray, FloatArray, UInt8Array
from viewer.core.errors import InvalidWindow


class WindowFunction(Enum):
    """VOI LUT Function (0028,1056); TABLE stands for a VOI LUT Sequence."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"
    TABLE = "TABLE"


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A VOI LUT: grey levels 0 to 255 for modality values from `first` on, ends extended.

    Source: DICOM PS3.3 C.11.2.1.1.
    """

    first: float
    levels: bytes


@dataclass(frozen=True, slots=True)
class Window:
    """Centre and width in modality units (HU for CT), and how values become grey.

    Raises
    ------
    InvalidWindow : width below 1 for LINEAR, or not above 0 for the others.

    Source: DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3.
    """

    centre: float
    width: float
    function: WindowFunction = WindowFunction.LINEAR
    name: str = ""
    table: LookupTable | None = None

    def __post_init__(self) -> None:
        """Refuse widths that the function does not allow."""
        least = 1.0 if self.function is WindowFunction.LINEAR else 0.0
        is_bad = self.width < least or (self.width == 0 and least == 0)
        if is_bad or not np.isfinite([self.centre, self.width]).all():
            raise InvalidWindow(
                f"A window width of {self.width:g} is not allowed for {self.function.value}.",
                "",
                "Use a width of at least 1.",
            )

    @property
    def range(self) -> tuple[float, float]:
        """Values at which the linear ramp starts and ends."""
        return (self.centre - self.width / 2, self.centre + self.width / 2)


def window_between(low: float, high: float, name: str = "") -> Window:
    """Return the LINEAR_EXACT window whose ramp runs from `low` to `high`."""
    width = max(high - low, 1e-6)
    return Window((low + high) / 2, width, WindowFunction.LINEAR_EXACT, name)


def scaled(window: Window, factor: float) -> Window:
    """Return the window that shows values multiplied by `factor` (above 0) as they were before.

    A LINEAR window becomes LINEAR_EXACT: its half and its one are steps of the old unit. A table
    counts the old unit's whole values and cannot be scaled.
    """
    centre, width, function = window.centre, window.width, window.function
    if function is WindowFunction.LINEAR:
        centre, width, function = centre - 0.5, max(width - 1, 1e-6), WindowFunction.LINEAR_EXACT
    return Window(centre * factor, width * factor, function, window.name)


def grey_fraction(window: Window, values: AnyArray) -> FloatArray:
    """Return brightness from 0 to 1 for modality values of any shape.

    Source: DICOM PS3.3 C.11.2.1.2.1 (LINEAR: c - 0.5, w - 1), C.11.2.1.3.1 (SIGMOID) and
    C.11.2.1.3.2 (LINEAR_EXACT).
    """
    x = np.asarray(values, dtype=np.float64)
    if window.function is WindowFunction.TABLE and window.table is not None:
        levels = np.frombuffer(window.table.levels, dtype=np.uint8)
        where = np.clip(np.rint(x - window.table.first), 0, len(levels) - 1).astype(np.intp)
        return np.asarray(levels[where] / 255.0)
    if window.function is WindowFunction.SIGMOID:
        exponent = np.clip(-4 * (x - window.centre) / window.width, -500, 500)
        return np.asarray(1 / (1 + np.exp(exponent)))
    if window.function is WindowFunction.LINEAR_EXACT:
        return np.clip((x - window.centre) / window.width + 0.5, 0, 1)
    if window.width == 1:
        return np.where(x <= window.centre - 0.5, 0.0, 1.0)
    return np.clip((x - (window.centre - 0.5)) / (window.width - 1) + 0.5, 0, 1)


def window_table(window: Window, first: int, last: int) -> UInt8Array:
    """Grey levels for every whole modality value from `first` to `last`, inclusive.

    Returns shape (last - first + 1,), 0 = black; values outside the window are clipped.
    """
    fraction = grey_fraction(window, np.arange(first, last + 1))
    return np.asarray(np.rint(fraction * 255), dtype=np.uint8)


def apply_window(values: AnyArray, window: Window) -> UInt8Array:
    """Return grey levels 0 to 255 for an array of modality values of any shape and dtype.

    Whole-number values go through one table of the values' own range, so a 900 x 900 view costs
    one look-up per pixel.
    """
    if values.dtype.kind in "iu" and values.dtype.itemsize <= 2:
        info = np.iinfo(values.dtype)
        table = window_table(window, int(info.min), int(info.max))
        if values.dtype.kind == "i":
            unsigned = values.view(f"u{values.dtype.itemsize}")
            table = np.concatenate((table[-info.min :], table[: -info.min]))
            return np.asarray(table.take(unsigned), dtype=np.uint8)
        return np.asarray(table.take(values), dtype=np.uint8)
    if values.dtype == np.float32 and window.function in _RAMPS and window.width > 1:
        return _ramp_levels(values, window)
    fraction = grey_fraction(window, values)
    return np.asarray(np.rint(np.where(np.isnan(fraction), 0, fraction) * 255), dtype=np.uint8)


_RAMPS = (WindowFunction.LINEAR, WindowFunction.LINEAR_EXACT)


def _ramp_levels(values: AnyArray, window: Window) -> UInt8Array:
    """Do the same for a straight ramp on float32, in place and ten times faster; NaN is black."""
    is_exact = window.function is WindowFunction.LINEAR_EXACT
    centre, width = (
        (window.centre, window.width) if is_exact else (window.centre - 0.5, window.width - 1)
    )
    levels = values - np.float32(centre)
    levels *= np.float32(255 / width)
    levels += np.float32(127.5)
    np.fmax(levels, np.float32(0), out=levels)
    np.fmin(levels, np.float32(255), out=levels)
    return np.asarray(np.rint(levels, out=levels), dtype=np.uint8)


def auto_window(
    values: AnyArray, mask: BoolArray | None = None, low: float = 1.0, high: float = 99.0
) -> Window:
    """Window from the `low` to the `high` percentile of the values, padding (mask False) left out.

    At most about 200,000 values are looked at, taken evenly. A constant image gets width 1.
    """
    # An odd step, so that it never falls on the same column of every row.
    step = (values.size // 200_000) | 1
    flat = values.reshape(-1)[::step]
    if mask is not None:
        flat = flat[mask.reshape(-1)[::step]]
    flat = flat[np.isfinite(flat)] if flat.dtype.kind == "f" else flat
    if not flat.size:
        return Window(0.0, 1.0, WindowFunction.LINEAR_EXACT, "auto")
    bottom, top = np.percentile(flat, [low, high])
    if top <= bottom:
        centre = float(bottom)
        return Window(centre, 1.0, WindowFunction.LINEAR_EXACT, "auto")
    return window_between(float(bottom), float(top), "auto")


def dragged(window: Window, right: float, down: float, span: float) -> Window:
    """Return the window after a drag: to the right widens, downwards raises the level.

    Parameters
    ----------
    right, down : drag in view pixels.
    span : modality units per 1,000 pixels, so that CT and PET feel alike.

    A table becomes a LINEAR window first.
    """
    function = window.function
    if function is WindowFunction.TABLE:
        function = WindowFunction.LINEAR_EXACT
    least = 1.0 if function is WindowFunction.LINEAR else span * 1e-4 + 1e-9
    width = max(least, window.width + right * span / 1000)
    return Window(window.centre + down * span / 1000, width, function)


def colour_table(name: str) -> UInt8Array:
    """Return a colour map as (256, 3) levels: one of `COLOUR_MAPS`, "residual" or "spread".

    "residual" is signed: blue below the centre, black at it, red above. "spread" is violet, as
    nothing else is, and equal steps of it are equal steps of lightness.
    """
    t = np.linspace(0, 1, 256)
    stops: dict[str, tuple[tuple[float, ...], ...]] = {
        "grey": ((0, 0, 0), (1, 1, 1)),
        "hot": ((0, 0, 0), (0.8, 0, 0), (1, 0.65, 0), (1, 1, 1)),
        "rainbow": ((0, 0, 0.5), (0, 0.4, 1), (0, 0.9, 0.6), (0.9, 0.9, 0), (1, 0.2, 0)),
        "cool": ((0, 0, 0), (0, 0.35, 0.55), (0.4, 0.8, 0.9), (1, 1, 1)),
        "residual": (
            (0.45, 0.75, 1),
            (0.1, 0.35, 0.9),
            (0, 0, 0),
            (0.85, 0.2, 0.1),
            (1, 0.75, 0.5),
        ),
        "spread": ((0.27, 0.10, 0.52), (0.50, 0.22, 0.78), (0.74, 0.42, 0.93), (0.94, 0.75, 1)),
    }
    table = np.asarray(stops.get(name, stops["grey"]))
    places = np.linspace(0, 1, len(table))
    rgb = np.stack([np.interp(t, places, table[:, channel]) for channel in range(3)], axis=1)
    return np.asarray(np.rint(rgb * 255), dtype=np.uint8)


COLOUR_MAPS = ("grey", "hot", "rainbow", "cool")
"""Names of the colour maps offered to the reader."""
