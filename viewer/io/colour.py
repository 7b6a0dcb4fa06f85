"""Colour samples as RGB with 8 bits, converted exactly once."""

import numpy as np
import numpy.typing as npt

from viewer.core.arrays import AnyArray, UInt8Array
from viewer.core.errors import UnsupportedPixels

_Matrix = npt.NDArray[np.float32]

_FULL: _Matrix = np.asarray(
    [[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]], dtype=np.float32
)
_PARTIAL: _Matrix = np.asarray(
    [[1.1644, 0, 1.5960], [1.1644, -0.3917, -0.8130], [1.1644, 2.0173, 0]], dtype=np.float32
)
_ZERO = {"YBR_FULL": (0, 128, 128), "YBR_PARTIAL_422": (16, 128, 128)}


def to_rgb(values: AnyArray, photometric: str, bits_stored: int) -> UInt8Array:
    """Return RGB levels [row, column, 3] for samples of a colour image.

    Parameters
    ----------
    values : unsigned samples [row, column, 3].
    photometric : what the samples are now, after decoding (see `pixels.StoredFrame`).
    bits_stored : depth of the samples; deeper than 8 bits is reduced to the highest 8 for the
        screen, shallower is spread over the 256 levels.

    Raises
    ------
    UnsupportedPixels : a colour space that is not shown (CMYK, HSV ...), by its name.

    Source: DICOM PS3.3 C.7.6.3.1.2.
    """
    if values.ndim != 3 or values.shape[2] != 3:
        raise UnsupportedPixels(f"Colour of kind {photometric or 'unknown'} is not shown.")
    levels = _eight_bits(values, bits_stored)
    if photometric == "RGB":
        return levels
    if photometric in ("YBR_FULL", "YBR_FULL_422"):
        return _converted(levels, _FULL, _ZERO["YBR_FULL"])
    if photometric == "YBR_PARTIAL_422":
        return _converted(levels, _PARTIAL, _ZERO["YBR_PARTIAL_422"])
    raise UnsupportedPixels(f"Colour of kind {photometric or 'unknown'} is not shown.")


def _eight_bits(values: AnyArray, bits_stored: int) -> UInt8Array:
    if bits_stored > 8:
        values = values >> np.array(bits_stored - 8, dtype=values.dtype)
    elif bits_stored < 8:
        most = (1 << bits_stored) - 1
        values = (values.astype(np.uint16) * 255 + most // 2) // most
    return values.astype(np.uint8, copy=False)


def _converted(levels: UInt8Array, matrix: _Matrix, zero: tuple[int, int, int]) -> UInt8Array:
    """Multiply by the matrix through three tables of 256 colours, so each pixel is two sums."""
    steps = np.arange(256, dtype=np.float32)
    rgb = np.zeros(levels.shape, dtype=np.float32)
    for sample in range(3):
        table = (steps - zero[sample])[:, None] * matrix[:, sample][None, :]
        rgb += table[levels[:, :, sample]]
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def from_palette(values: AnyArray, first: int, levels: UInt8Array) -> UInt8Array:
    """Return RGB levels [row, column, 3] for palette indices; ends of the palette extended.

    Source: DICOM PS3.3 C.7.6.3.1.5.
    """
    where = np.clip(values.astype(np.int64) - first, 0, len(levels) - 1)
    return levels[where]
