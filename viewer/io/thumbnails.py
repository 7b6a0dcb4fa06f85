"""Small pictures of series parts for the browser."""

from dataclasses import dataclass

import numpy as np

from viewer.core.arrays import AnyArray, UInt8Array, read_only
from viewer.core.provenance import Provenance
from viewer.core.volume import AnyVolume
from viewer.core.windowing import Window, apply_window, auto_window


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """RGB levels [row, column, 3] of the middle frame, at most `size` on a side.

    `provenance` is set for series of ours and `is_ai` for every series that is marked as made by
    AI; whoever draws the picture draws the label with it.
    """

    pixels: UInt8Array
    provenance: Provenance | None
    is_ai: bool


def small_picture(
    frame: AnyVolume, size: int, windows: tuple[Window, ...], *, is_inverted: bool
) -> UInt8Array:
    """Return RGB levels of the first slice, with the first of `windows` or an automatic one."""
    values, spacing = frame.values[0], frame.geometry.spacing_mm[1:]
    small = reduced(values, size, spacing)
    if values.ndim == 3:
        return read_only(np.rint(small).astype(np.uint8))
    mask = frame.mask[0] if frame.mask is not None else None
    window = windows[0] if windows else auto_window(values, mask)
    grey = apply_window(small, window)
    if is_inverted:
        grey = 255 - grey
    if mask is not None:
        grey[reduced(mask.astype(np.float32), size, spacing) < 0.5] = 0
    return read_only(np.repeat(grey[:, :, None], 3, axis=2))


def reduced(values: AnyArray, size: int, spacing: tuple[float, float]) -> AnyArray:
    """Return an image [row, column, ...] reduced to at most `size` on a side by means of blocks.

    `spacing` is the distance between (rows, columns); the picture gets square pixels.
    """
    rows, columns = values.shape[:2]
    height, width = rows * spacing[0], columns * spacing[1]
    scale = min(size / max(height, width), 1 / min(spacing))
    wanted = (max(1, round(height * scale)), max(1, round(width * scale)))
    steps = tuple(max(1, have // want) for have, want in zip((rows, columns), wanted, strict=True))
    cut = values[: rows // steps[0] * steps[0], : columns // steps[1] * steps[1]]
    blocks = cut.reshape(
        cut.shape[0] // steps[0], steps[0], cut.shape[1] // steps[1], steps[1], *values.shape[2:]
    )
    small = blocks.mean(axis=(1, 3), dtype=np.float32)
    places = [
        (np.arange(want) * have // want).astype(np.intp)
        for want, have in zip(wanted, small.shape[:2], strict=True)
    ]
    return np.asarray(small[places[0]][:, places[1]])
