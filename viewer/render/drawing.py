"""From values to a picture: the window, the colour map and black where nothing was acquired."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from viewer.core.arrays import AnyArray, UInt8Array
from viewer.core.windowing import Window, apply_window, colour_table, window_between
from viewer.render.planar import PlaneValues

OPAQUE = np.uint32(0xFF000000)
"""Black as a little-endian BGRA word."""

OPACITY, OPAQUE_FROM = 0.55, 0.3
"""How far a map covers what it is laid over, and from where on."""

_SHORT = (np.dtype(np.int16), np.dtype(np.uint16))


def draw(
    plane: PlaneValues, window: Window, *, is_inverted: bool = False, colour_map: str = "grey"
) -> UInt8Array:
    """Return the picture of a plane as BGRA, shape (height, width, 4), alpha 255 everywhere.

    Only these pixels are windowed, never the volume. RGB values keep their own colours: a window
    has no meaning for them (DICOM PS3.3 C.11.2). Where the mask is False the picture is black,
    inverted or not. Blue comes first
    as on the screen, so that it is painted (``QImage.Format_RGB32``) without being converted.
    """
    if plane.values.ndim == 3:
        rgb = np.asarray(plane.values, dtype="<u4")
        pixels = rgb[..., 2] | rgb[..., 1] << 8 | rgb[..., 0] << 16
        pixels = (pixels ^ np.uint32(0xFFFFFF) if is_inverted else pixels) | OPAQUE
    elif plane.values.dtype in _SHORT:
        table = _packed_table(window, colour_map, is_inverted, plane.values.dtype.str)
        # Any 16 bits are a place in the table, so nothing is wrapped; it is the fastest mode.
        pixels = table.take(plane.values.view(np.uint16), mode="wrap")
    else:
        levels = apply_window(plane.values, window)
        pixels = _packed_colours(colour_map, is_inverted).take(levels)
    if not plane.mask.all():
        np.copyto(pixels, OPAQUE, where=~plane.mask)
    return np.asarray(pixels.view(np.uint8).reshape(*plane.mask.shape, 4))


def residual_window(largest: float) -> Window:
    """Return the symmetric window of a residual: -`largest` to +`largest` around a black zero."""
    return replace(window_between(-largest, largest), name="residual")


def draw_residual(plane: PlaneValues, largest: float) -> UInt8Array:
    """Return a residual (derived minus original) in colours: blue below 0, black at 0, red above.

    `largest` is the value, in the residual's unit, at either end of the colour bar.
    """
    return draw(plane, residual_window(largest), colour_map="residual")


def draw_over(picture: UInt8Array, plane: PlaneValues, low: float, high: float) -> UInt8Array:
    """Return a picture with the "spread" colours laid over it where values are above `low`.

    Parameters
    ----------
    picture : BGRA [row, column, 4], opaque; it is not changed.
    plane : values of the same size; nothing is drawn where its mask is False.
    low, high : values at the ends of the colours. They begin transparent at `low`, and cover by
        `OPACITY` from `OPAQUE_FROM` of the way to `high` on.
    """
    drawn = plane.mask & (plane.values > low)
    share = np.clip((plane.values[drawn] - low) / (high - low), 0.0, 1.0)
    cover = (OPACITY * np.minimum(share / OPAQUE_FROM, 1.0)).astype(np.float32)[:, None]
    colours = colour_table("spread")[..., ::-1][np.rint(share * 255).astype(np.intp)]
    answer = picture.copy()
    mixed = answer[drawn, :3] * (1 - cover) + colours * cover
    answer[drawn, :3] = np.rint(mixed)
    return answer


@lru_cache(maxsize=16)
def _packed_table(window: Window, colour_map: str, is_inverted: bool, kind: str) -> AnyArray:
    """Return the colour of each of the 65,536 values of a 16-bit type, by their bits."""
    every = np.arange(1 << 16, dtype=np.uint16).view(kind)
    return _packed_colours(colour_map, is_inverted).take(apply_window(every, window))


@lru_cache(maxsize=32)
def _packed_colours(colour_map: str, is_inverted: bool) -> AnyArray:
    """Return a colour map as 256 little-endian BGRA words."""
    rgb = colour_table(colour_map).astype("<u4")
    packed = rgb[:, 2] | rgb[:, 1] << 8 | rgb[:, 0] << 16 | OPAQUE
    return np.ascontiguousarray(packed[::-1] if is_inverted else packed)
