"""The denoising network made ready for one source: neighbours, noise maps, body, crop."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from viewer.core.arrays import BoolArray
from viewer.enhancement.conditioning import counting_sd
from viewer.enhancement.filters import without_padding
from viewer.enhancement.inference import CHANNELS, STRIDE, Runner
from viewer.enhancement.level_noise import LevelCurve, level_curve
from viewer.enhancement.method import Float32Array, Region, SourceSlices
from viewer.enhancement.noise_models import COUNTS, LEVELS

TWO_NEIGHBOURS_MM = 2.5
"""Up to this slice step both neighbours on each side are used (the network's own contract)."""
ONE_NEIGHBOUR_MM = 4.0
"""Up to this step one neighbour on each side; beyond, none."""
STEP_TOLERANCE = 0.1
AIR_HU = -900.0
COARSE = 4
LARGE_SHARE = 0.1
MARGIN = 32


def neighbours(source: SourceSlices) -> npt.NDArray[np.int64]:
    """Return which slices the network sees for each slice, [slice, 5], the middle one its own.

    A neighbour that does not exist, is too far away or lies beyond a step that differs from the
    series' own by more than a tenth (a gap, or uneven slices) is replaced by the slice itself.
    """
    count, reach = source.count, CHANNELS // 2
    step_mm = source.spacing_mm[0]
    used = 2 if step_mm <= TWO_NEIGHBOURS_MM else 1 if step_mm <= ONE_NEIGHBOUR_MM else 0
    own = np.arange(count)
    table = np.repeat(own[:, None], CHANNELS, axis=1)
    is_joined = np.ones(max(0, count - 1), dtype=np.bool_)
    if source.positions_mm:
        steps = np.abs(np.diff(source.positions_mm))
        is_joined = np.abs(steps - step_mm) <= STEP_TOLERANCE * step_mm
    for distance in range(1, used + 1):
        for sign in (-1, 1):
            there = own + sign * distance
            for index in np.flatnonzero((there >= 0) & (there < count)):
                low, high = sorted((int(index), int(there[index])))
                if is_joined[low:high].all():
                    table[index, reach + sign * distance] = there[index]
    return table


def body_mask(image: Float32Array) -> BoolArray:
    """Return True inside the patient: not in the air around, on the table or its cover.

    `image` is CT in HU, [row, column]. Found on means of 4 x 4 pixels, with about 8 pixels to
    spare around the skin; air inside the body, such as lungs, belongs to it.
    """
    rows, columns = (-(-size // COARSE) * COARSE for size in image.shape)
    padded = np.pad(image, ((0, rows - image.shape[0]), (0, columns - image.shape[1])), mode="edge")
    means = padded.reshape(rows // COARSE, COARSE, columns // COARSE, COARSE).mean(axis=(1, 3))
    air = np.pad(means < AIR_HU, 1, constant_values=True)
    labels, _ = ndimage.label(air)
    inside = (labels != labels[0, 0])[1:-1, 1:-1]
    inside = ndimage.binary_opening(np.pad(inside, 2, mode="edge"), iterations=2)[2:-2, 2:-2]
    inside = ndimage.binary_dilation(_large_parts(inside), iterations=2)
    mask = np.repeat(np.repeat(inside, COARSE, axis=0), COARSE, axis=1)
    return np.asarray(mask[: image.shape[0], : image.shape[1]])


def _large_parts(inside: BoolArray) -> BoolArray:
    """Keep the largest connected part and those of a tenth of its size, such as arms or legs."""
    labels, count = ndimage.label(inside)
    if count < 2:
        return inside
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray((sizes >= LARGE_SHARE * sizes.max())[labels])


class DenoisingProcessor:
    """The network with a runner and a source.

    Parameters
    ----------
    runner : where the network runs.
    source : CT slices with their noise.
    """

    def __init__(self, runner: Runner, source: SourceSlices, noise_model: str = "") -> None:
        self._runner = runner
        self._source = source
        self._follows_signal = noise_model == COUNTS and source.typical_signal > 0
        self._curve = lru_cache(2)(self._measured_curve) if noise_model == LEVELS else None
        self._neighbours = neighbours(source)
        self._pixel_mm = float(np.mean(source.spacing_mm[1:]))

    @property
    def device(self) -> str:
        """Where the network runs, in words."""
        return self._runner.device

    @property
    def slab(self) -> int:
        """Slices that go best in one call."""
        return self._runner.slab

    def residuals(self, indices: Sequence[int], region: Region | None = None) -> Float32Array:
        """Return minus the noise, [len(indices), row, column], 0 in padding and outside the body.

        Slices of one call are cropped alike to the part that holds the body.
        """
        rows, columns = self._source.values.shape[1:]
        wanted = region or (0, rows, 0, columns)
        masks = [self._changeable(index) for index in indices]
        top, bottom, left, right = wanted
        answer = np.zeros((len(masks), bottom - top, right - left), dtype=np.float32)
        crop = _crop(np.any(masks, axis=0), wanted)
        if crop is None:
            return answer
        area = np.s_[crop[0] : crop[1], crop[2] : crop[3]]
        noise = self._noise(indices, area)
        for place, mask in enumerate(masks):
            noise[place][~mask[area]] = 0.0
        whole = np.zeros((len(masks), rows, columns), dtype=np.float32)
        whole[:, area[0], area[1]] = -noise
        return np.asarray(whole[:, top:bottom, left:right])

    def _changeable(self, index: int) -> BoolArray:
        """Return where a slice may change: real pixels inside the body."""
        real = self._source.slice_mask(index)
        image = self._source.values[index].astype(np.float32)
        if self._source.unit != "HU":
            return np.ones(image.shape, dtype=np.bool_) if real is None else real
        inside = body_mask(image if real is None else np.where(real, image, np.float32(-1024)))
        return inside if real is None else inside & real

    def _noise(self, indices: Sequence[int], area: tuple[slice, slice]) -> Float32Array:
        """Run the network on one crop of some slices."""
        source = self._source
        needed = sorted({int(one) for index in indices for one in self._neighbours[index]})
        planes = {index: self._plane(index, area) for index in needed}
        stacks = np.stack(
            [np.stack([planes[int(one)] for one in self._neighbours[index]]) for index in indices]
        )
        shape = (len(stacks), 1, *stacks.shape[-2:])
        noise_sd = np.empty(shape, dtype=np.float32)
        for place, index in enumerate(indices):
            noise_sd[place, 0] = self._noise_sd(index, stacks[place], float(source.noise_sd[index]))
        frequency = np.full(shape, source.noise_frequency_per_mm * self._pixel_mm, np.float32)
        return self._runner.run(stacks, noise_sd, frequency)[:, 0]

    def _noise_sd(self, index: int, stack: Float32Array, sd: float) -> Float32Array | float:
        """Return the noise SD of the middle one of five slices, a map where it varies."""
        if self._curve is not None:
            return self._curve(index).sd(stack[CHANNELS // 2], sd)
        if not self._follows_signal:
            return sd
        return counting_sd(stack[CHANNELS // 2], self._source.typical_signal, sd)

    def _measured_curve(self, index: int) -> LevelCurve:
        """Measure a whole slice, so that every tile of it is treated alike."""
        rows, columns = self._source.values.shape[1:]
        return level_curve(self._plane(index, (slice(0, rows), slice(0, columns))))

    def _plane(self, index: int, area: tuple[slice, slice]) -> Float32Array:
        plane = self._source.values[index][area].astype(np.float32)
        real = self._source.slice_mask(index)
        return plane if real is None else without_padding(plane, real[area])


def _crop(mask: BoolArray, wanted: Region) -> Region | None:
    """Return the part to compute: the mask within the region, with a margin, in steps of 8."""
    top, bottom, left, right = wanted
    inside = mask[top:bottom, left:right]
    if not inside.any():
        return None
    ends = []
    for axis, offset, size in ((1, top, mask.shape[0]), (0, left, mask.shape[1])):
        there = np.flatnonzero(inside.any(axis=axis)) + offset
        first = max(0, int(there[0]) - MARGIN) // STRIDE * STRIDE
        ends += [first, min(size, -(-(int(there[-1]) + 1 + MARGIN) // STRIDE) * STRIDE)]
    return (ends[0], ends[1], ends[2], ends[3])
