"""Finer slices of a planned series: consistent cubic ones, and what a model adds to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from viewer.core.arrays import AnyArray, BoolArray, read_only
from viewer.core.blending import with_residual
from viewer.core.errors import Cancelled, OutOfMemory
from viewer.enhancement.conditioning import source_slices
from viewer.enhancement.engine import Engine, QuietThread
from viewer.enhancement.finer import real_slices, unseen_detail
from viewer.enhancement.method import Effect
from viewer.enhancement.residual import Residual, ResidualBuffer, residual_step
from viewer.enhancement.through_plane import (
    SliceSampling,
    ThroughPlane,
    fine_mask,
    through_plane,
)

if TYPE_CHECKING:
    from viewer.app.enhancement import Plan

CPU = "CPU"


@dataclass(frozen=True, slots=True, eq=False)
class FinerSlices:
    """Data-consistent cubic slices on the finer grid, in the type of the source.

    `mask` is False where a pixel is padding; `misfit` is the root mean square and the largest
    difference between the acquired slices and these seen through the slice profile.
    """

    values: AnyArray
    mask: BoolArray | None
    misfit: tuple[float, float]

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        object.__setattr__(self, "values", read_only(self.values))
        if self.mask is not None:
            object.__setattr__(self, "mask", read_only(self.mask))


def finer_slices(
    engine: Engine,
    plan: Plan,
    sampling: SliceSampling,
    report: Callable[[float, str], None],
    is_cancelled: Callable[[], bool],
) -> tuple[Residual, FinerSlices]:
    """Return what a model adds (nothing, for a filter) and the cubic slices that it is added to.

    Raises
    ------
    Cancelled : the flag was up.
    OutOfMemory : the finer slices do not fit.
    UntrustedWeights : the model's weights are not those that its card names.
    """
    name = plan.method.name
    planes = through_plane(sampling)
    with QuietThread(is_cancelled, engine.interrupt) as quiet:
        report(0.0, f"{name}: interpolating")
        try:
            finer = quiet.call(lambda: _cubic(plan, planes))
            if is_cancelled():
                raise Cancelled
            residual = quiet.call(lambda: _residual(engine, plan, planes, report, is_cancelled))
        except MemoryError as error:
            count, size = sampling.fine_count, 8 * plan.volume.values[0].size
            raise OutOfMemory(
                f"{count} finer slices need {count * size >> 20} MB of memory.",
                "The series was left as it is.",
                "Ask for fewer slices, or close other series and try again.",
            ) from error
    report(1.0, f"{name}: {sampling.fine_count} slices")
    return (residual, finer)


def _cubic(plan: Plan, planes: ThroughPlane) -> FinerSlices:
    """Return the consistent cubic interpolation, rounded to the type of the source."""
    volume = plan.volume
    slices = real_slices(source_slices(volume, plan.noise))
    fine = planes.cubic(slices)
    mask = None if volume.mask is None else fine_mask(volume.mask, planes.sampling.factor)
    start = np.zeros(fine.shape, volume.values.dtype)
    values = np.stack([with_residual(*pair, 1.0) for pair in zip(start, fine, strict=True)])
    if mask is not None:
        lowest = volume.values.min()
        values[~mask] = lowest
    return FinerSlices(values, mask, planes.misfit(values, slices))


def _residual(
    engine: Engine,
    plan: Plan,
    planes: ThroughPlane,
    report: Callable[[float, str], None],
    is_cancelled: Callable[[], bool],
) -> Residual:
    """Return what a model adds at full strength, from the cache if it is there."""
    if (kept := engine.residuals.find(plan.key)) is not None:
        return kept
    runner = engine.runner(plan.method, plan.request.device)
    shape = (planes.sampling.fine_count, *plan.volume.values.shape[1:])
    if runner is None or plan.method.effect is Effect.WHOLE:
        nothing = np.broadcast_to(np.zeros((), np.int16), shape)
        return Residual(nothing, 0.0, np.ones(shape[0], dtype=np.bool_), CPU)
    name = plan.method.name
    detail = unseen_detail(
        runner,
        planes,
        source_slices(plan.volume, plan.noise),
        lambda done: report(done, f"{name}: {done:.0%} of the planes"),
        is_cancelled,
    )
    is_integer = plan.volume.values.dtype.kind in "iu"
    buffer = ResidualBuffer(shape, residual_step(plan.input_range, is_integer=is_integer))
    buffer.write(range(shape[0]), detail)
    residual = buffer.published(runner.device)
    engine.residuals.keep(plan.key, residual)
    return residual


def slice_facts(
    sampling: SliceSampling, finer: FinerSlices, unit: str
) -> tuple[tuple[str, str], ...]:
    """Return how the slices were taken to be acquired, and how well the result fits, as text."""
    rms, largest = finer.misfit
    return (
        ("acquired_step_mm", f"{sampling.step_mm:g}"),
        ("slice_thickness_mm", f"{sampling.thickness_mm:g}"),
        ("slice_gap_mm", f"{sampling.gap_mm:g}"),
        ("slice_profile", sampling.profile.value),
        ("self_tuned", "no"),
        ("consistency_rms", f"{rms:.3g} {unit}"),
        ("consistency_largest", f"{largest:.3g} {unit}"),
    )
