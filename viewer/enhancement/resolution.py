"""Resolution and grain of an image of an edge: TTF50 and the noise power spectrum's mean."""

import numpy as np

from viewer.core.arrays import AnyArray
from viewer.enhancement.noise import mean_frequency

_STEP_MM = 0.1
_REACH_MM = 6.0
_TYPICAL_PIXEL_MM = 0.7
_SMOOTHING = 5
_TRANSFORM = 4096


def edge_frequency(
    image: AnyArray, distance_mm: AnyArray, pixel_mm: float = _TYPICAL_PIXEL_MM
) -> float:
    """Frequency per mm at which the transfer function of a round edge falls to one half (TTF50).

    Parameters
    ----------
    image : [row, column], noise low (the mean of many draws).
    distance_mm : of each pixel from the edge, below 0 inside, same shape.
    pixel_mm : large pixels have the profile taken farther and in larger steps.

    Source: task transfer function from the radial edge profile, Richard et al., Med Phys 39, 2012.
    """
    coarser = max(1.0, pixel_mm / _TYPICAL_PIXEL_MM)
    step, reach = coarser * _STEP_MM, coarser * _REACH_MM
    bins = np.arange(-reach, reach + step, step)
    place = np.digitize(distance_mm.ravel(), bins)
    count = np.bincount(place, minlength=len(bins) + 1)[1:-1]
    total = np.bincount(place, image.ravel(), minlength=len(bins) + 1)[1:-1]
    centres = bins[:-1] + step / 2
    seen = count > 0
    profile = np.interp(centres, centres[seen], total[seen] / count[seen])
    box = np.ones(_SMOOTHING) / _SMOOTHING
    spread = -np.gradient(np.convolve(profile, box, "valid"), step)
    transfer = np.abs(np.fft.rfft(spread * np.hanning(len(spread)), _TRANSFORM))
    transfer /= transfer[0]
    below = int(np.argmax(transfer < 0.5))
    return float(np.fft.rfftfreq(_TRANSFORM, step)[below])


def grain(noise: AnyArray, pixel_mm: float, size: int = 24, margin: int = 4) -> float:
    """Mean frequency per mm of noise images [draw, row, column], from the four corner blocks."""
    first, last = slice(margin, margin + size), slice(-margin - size, -margin)
    blocks = [noise[:, rows, columns] for rows in (first, last) for columns in (first, last)]
    joined = np.concatenate(blocks)
    plain = joined - joined.mean(axis=(1, 2), keepdims=True)
    return mean_frequency(np.asarray(plain, np.float32), pixel_mm)
