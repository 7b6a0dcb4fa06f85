"""Methods that make finer slices: cubic interpolation as a filter, and networks on reformats.

Either is followed by the projection of `through_plane`, so that the result measured again gives the
acquired slices. What a network adds to the filter is a residual on the finer grid that no acquired
slice can see.
"""

from collections.abc import Callable

import numpy as np

from viewer.core.arrays import AnyArray
from viewer.core.errors import Cancelled
from viewer.core.geometry import VolumeGeometry
from viewer.enhancement.inference import CHANNELS, Runner
from viewer.enhancement.method import Float32Array, Settings, SourceSlices
from viewer.enhancement.through_plane import (
    Profile,
    SliceSampling,
    ThroughPlane,
    fine_mask,
    without_gaps,
)

PLANES_AT_ONCE = 8


def factor_of(settings: Settings) -> int:
    """Return how many times finer the slices become."""
    return round(dict(settings)["factor"])


def sampling_of(
    geometry: VolumeGeometry,
    settings: Settings,
    thickness_mm: float | None = None,
    *,
    is_ct: bool = False,
) -> SliceSampling:
    """Return how a series was sampled; slices of unknown thickness touch each other.

    Thick CT slices are means of thin ones, a box; slices that a radio-frequency pulse excites are
    taken as Gaussian.

    Raises
    ------
    InvalidGeometry : fewer than two slices, or a factor that is not offered.
    """
    step = geometry.spacing_mm[0]
    thickness = thickness_mm or geometry.slice_thickness_mm or step
    profile = Profile.BOX if is_ct else Profile.GAUSSIAN
    return SliceSampling(geometry.shape[0], step, thickness, factor_of(settings), profile)


def real_slices(source: SourceSlices) -> AnyArray:
    """Return the values with padding filled along the slice axis, so that it bleeds nowhere."""
    return source.values if source.mask is None else without_gaps(source.values, source.mask)


def unseen_detail(
    runner: Runner,
    planes: ThroughPlane,
    source: SourceSlices,
    report: Callable[[float], None] = lambda _fraction: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Float32Array:
    """Return what a network adds to the consistent cubic slices, [fine slice, row, column].

    The network sees the plain cubic interpolation plane by plane, once in planes along the columns
    and once along the rows, each with two neighbours on both sides, the noise SD of its slices and
    1 / factor as frequency. Minus the mean of both answers is projected, so that the acquired
    slices see nothing of it. 0 where a pixel is padding.

    Raises
    ------
    Cancelled : the flag was up before a batch of planes.
    OutOfMemory : see `Runner.run`.
    """
    guess = planes.interpolated(real_slices(source))
    noise_sd = planes.interpolation @ source.noise_sd.astype(np.float32)
    noise = np.zeros_like(guess)
    count = guess.shape[1] + guess.shape[2]
    done = 0
    for axis in (1, 2):
        stack, answer = np.moveaxis(guess, axis, 0), np.moveaxis(noise, axis, 0)
        for start in range(0, len(stack), PLANES_AT_ONCE):
            if is_cancelled():
                raise Cancelled
            chosen = np.arange(start, min(start + PLANES_AT_ONCE, len(stack)))
            answer[chosen] += 0.5 * _noise(runner, stack, chosen, noise_sd, planes.sampling.factor)
            done += len(chosen)
            report(done / count)
    detail = planes.projected(-noise, np.zeros(source.values.shape, dtype=np.int8))
    if source.mask is not None:
        detail[~fine_mask(source.mask, planes.sampling.factor)] = 0.0
    return detail


def _noise(
    runner: Runner,
    stack: Float32Array,
    chosen: np.ndarray[tuple[int], np.dtype[np.int64]],
    noise_sd: Float32Array,
    factor: int,
) -> Float32Array:
    """Return the network's answer for some planes of a stack [plane, fine slice, across]."""
    reach = CHANNELS // 2
    near = (chosen[:, None] + np.arange(-reach, reach + 1)).clip(0, len(stack) - 1)
    slices = np.ascontiguousarray(stack[near])
    shape = (len(chosen), 1, *slices.shape[2:])
    sd = np.broadcast_to(noise_sd[:, None], shape)
    return runner.run(slices, sd, np.full(shape, 1 / factor, dtype=np.float32))[:, 0]
