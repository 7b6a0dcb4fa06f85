"""From stored values to what a volume holds: rescale or look-up table, padding, colour.

Pure numpy, because the decoding processes import it too.
"""

from dataclasses import dataclass

import numpy as np

from viewer.core.arrays import AnyArray, BoolArray, UInt8Array
from viewer.core.errors import BadHeader
from viewer.core.study import PixelLayout
from viewer.io.colour import from_palette, to_rgb
from viewer.io.luts import Table
from viewer.io.pixels import StoredFrame, sample_bits

_LEAST, _MOST = -32768, 32767


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """How every frame of a part is converted.

    `dtype` is "int16" (rescale slope 1 and a whole intercept), "float32", or "uint8" for RGB.
    `padding` is the inclusive range of stored values without a pixel; `factor` turns modality
    values into the unit of the volume (SUV; 1 otherwise). `palette` is (first input, levels).
    """

    dtype: str
    padding: tuple[float, float] | None = None
    table: Table | None = None
    palette: tuple[int, UInt8Array] | None = None
    factor: float = 1.0

    @property
    def is_colour(self) -> bool:
        """True when frames become RGB."""
        return self.dtype == "uint8"


class DoesNotFit(Exception):  # noqa: N818
    """Values of a frame are outside int16; the volume must be float32."""


def converted(
    frame: StoredFrame, layout: PixelLayout, recipe: Recipe, slope: float, intercept: float
) -> tuple[AnyArray, BoolArray | None]:
    """Return the values of a frame as the volume holds them, and where they are real.

    Returns
    -------
    Values of `recipe.dtype`, and a mask [row, column] that is False on padding, or None when the
    frame has no padding.

    Raises
    ------
    DoesNotFit : the recipe says int16 and a pixel that is not padding is outside it.
    BadHeader : colour without colour samples, or the other way round.
    """
    if recipe.is_colour:
        return _coloured(frame, layout, recipe), None
    if frame.values.ndim != 2:
        raise BadHeader("The header calls an image with several samples a pixel grey.")
    mask = real_pixels(frame.values, recipe.padding)
    if recipe.dtype == "int16" and recipe.table is None:
        return _whole(frame.values, layout, int(intercept), mask), mask
    return _rescaled(frame.values, recipe, slope, intercept), mask


def _coloured(frame: StoredFrame, layout: PixelLayout, recipe: Recipe) -> UInt8Array:
    if recipe.palette is not None and frame.values.ndim == 2:
        first, levels = recipe.palette
        return from_palette(frame.values, first, levels)
    return to_rgb(frame.values, frame.photometric, layout.bits_stored)


def real_pixels(stored: AnyArray, padding: tuple[float, float] | None) -> BoolArray | None:
    """Return where stored values are not padding; None when none of them is.

    Source: DICOM PS3.3 C.7.5.1.1.2.
    """
    if padding is None:
        return None
    low, high = padding
    is_padding = stored == low if low == high else (stored >= low) & (stored <= high)
    return ~is_padding if is_padding.any() else None


def fits(layout: PixelLayout, intercept: float) -> bool:
    """True when no stored value that the header allows can leave int16 after the rescale."""
    low, high = sample_bits(layout)
    return low + intercept >= _LEAST and high + intercept <= _MOST


def _whole(
    stored: AnyArray, layout: PixelLayout, intercept: int, mask: BoolArray | None
) -> AnyArray:
    """Add a whole intercept within int16; padding is cut at the ends of the range."""
    if fits(layout, intercept):
        return stored.astype(np.int16, copy=False) + np.int16(intercept)
    wide = stored.astype(np.int64) + intercept
    real = wide if mask is None else wide[mask]
    if real.size and (int(real.min()) < _LEAST or int(real.max()) > _MOST):
        raise DoesNotFit
    return np.clip(wide, _LEAST, _MOST).astype(np.int16)


def _rescaled(stored: AnyArray, recipe: Recipe, slope: float, intercept: float) -> AnyArray:
    """Apply the modality LUT or the rescale, then the unit's factor."""
    if recipe.table is not None:
        entries = recipe.table.look_up(stored)
        if recipe.dtype == "int16":
            if int(entries.max(initial=0)) > _MOST:
                raise DoesNotFit
            return entries.astype(np.int16)
        return (entries * np.float32(recipe.factor)).astype(np.float32)
    values = stored.astype(np.float32)
    if stored.dtype.kind in "iu" and stored.dtype.itemsize > 2:
        exact = stored * (slope * recipe.factor) + intercept * recipe.factor
        return exact.astype(np.float32)
    values *= np.float32(slope * recipe.factor)
    values += np.float32(intercept * recipe.factor)
    return values


def add_in_place(
    row: AnyArray, layout: PixelLayout, intercept: int, padding: tuple[float, float] | None
) -> BoolArray | None:
    """Turn 16-bit stored values that were read into an int16 slice into modality values.

    Parameters
    ----------
    row : int16 slice that holds the samples as coded; changed in place.

    Returns
    -------
    The mask of real pixels, or None without padding.

    Raises
    ------
    DoesNotFit : see `converted`; the slice is then spoilt.
    """
    stored: AnyArray = row if layout.is_signed else row.view(np.uint16)
    _mask_in_place(stored, layout)
    mask = real_pixels(stored, padding)
    if fits(layout, intercept):
        if intercept:
            row += np.int16(intercept)
        return mask
    row[...] = _whole(stored, layout, intercept, mask)
    return mask


def _mask_in_place(stored: AnyArray, layout: PixelLayout) -> None:
    """Clear or sign-extend the bits above High Bit."""
    spare = 15 - layout.high_bit
    drop = layout.high_bit + 1 - layout.bits_stored
    if layout.is_signed:
        if spare or drop:
            stored <<= np.int16(spare)
            stored >>= np.int16(spare + drop)
        return
    if spare:
        stored &= np.uint16((1 << (layout.high_bit + 1)) - 1)
    if drop:
        stored >>= np.uint16(drop)
