"""Large images at a half, a quarter and an eighth of their size, for views that are zoomed out.

Sampling every fourth pixel of a radiograph would show patterns that are not in it and miss small
calcifications; the mean of each block shows what is there.
"""

import threading
import weakref

import numpy as np

from viewer.core.arrays import AnyArray
from viewer.render.grid import IndexPlane

LARGE = 1_500_000
"""Pixels of an image from which it is reduced; smaller ones are resliced as they are."""

LARGEST_FACTOR = 8
IMAGES_KEPT = 4


def reduction(plane: IndexPlane, shape: tuple[int, ...]) -> int:
    """Return how many pixels of a large image may become one in each direction: 1, 2, 4 or 8.

    Never more than the plane's own step, so nothing is lost that the screen could show.
    """
    if shape[1] * shape[2] < LARGE:
        return 1
    step = min(float(np.linalg.norm(plane.right)), float(np.linalg.norm(plane.down)))
    factor = 1
    while factor < LARGEST_FACTOR and 2 * factor <= step + 1e-9:
        factor *= 2
    return factor


def on_reduced(plane: IndexPlane, factor: int) -> IndexPlane:
    """Return the plane in the index space of an image reduced by a factor."""
    scale = np.asarray((1.0, 1.0 / factor, 1.0 / factor))
    shift = np.asarray((0.0, (factor - 1) / 2, (factor - 1) / 2))
    return IndexPlane(
        (plane.origin - shift) * scale,
        plane.right * scale,
        plane.down * scale,
        plane.width,
        plane.height,
    )


def halved(image: AnyArray) -> AnyArray:
    """Return the means of 2 x 2 pixels, shape (1, rows // 2, columns // 2(, channels))."""
    rows, columns = image.shape[1] // 2 * 2, image.shape[2] // 2 * 2
    is_whole = image.dtype.kind in "iu"
    upper = image[:, 0:rows:2].astype(np.int32 if is_whole else np.float32)
    upper += image[:, 1:rows:2]
    mean: AnyArray = upper[:, :, 0:columns:2] + upper[:, :, 1:columns:2]
    if is_whole:
        mean += 2
        mean >>= 2
    else:
        mean /= 4
    return mean.astype(image.dtype)


class ReducedImages:
    """Keeps the reduced copies of the images looked at last; safe to use from several threads."""

    def __init__(self) -> None:
        """Start with none."""
        self._lock = threading.Lock()
        self._kept: dict[tuple[int, int], tuple[weakref.ref[AnyArray], dict[int, AnyArray]]] = {}

    def image(self, values: AnyArray, index: int, factor: int) -> AnyArray:
        """Return slice `index` of `values` reduced by a factor, shape (1, rows, columns, ...)."""
        key = (id(values), index)
        with self._lock:
            owner, sizes = self._kept.pop(key, (weakref.ref(values), {}))
            if owner() is not values:
                owner, sizes = weakref.ref(values), {}
            for size in (2, 4, 8):
                if size <= factor and size not in sizes:
                    larger = values[index : index + 1] if size == 2 else sizes[size // 2]
                    sizes[size] = halved(larger)
            self._kept[key] = (owner, sizes)
            alive = [k for k, (ref, _) in self._kept.items() if ref() is not None]
            self._kept = {k: self._kept[k] for k in alive[-IMAGES_KEPT:]}
            return sizes[factor]
