"""Enhancing: a request passes the gates, runs, and becomes a residual that blends at any strength.

`prepare` measures the series, asks the gates and fixes the strength's scale; `run` computes the
residual, visible slice first. Both are plain functions over frozen inputs and run in the compute
lane, on the command line or in a test alike. An `Engine` is what they keep between runs.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from viewer.app.enhancement import Enhancement, EnhanceRequest, Plan
from viewer.app.refining import finer_slices
from viewer.core.errors import Blocked, Cancelled
from viewer.core.volume import Acquired, is_acquired
from viewer.enhancement import checks
from viewer.enhancement.checks import Candidate, GateResult
from viewer.enhancement.conditioning import (
    NoiseProfile,
    measured_noise,
    metal_cm3,
    source_slices,
    value_range,
)
from viewer.enhancement.engine import (
    Engine,
    QuietThread,
    Survey,
    residual_slices,
    slice_order,
)
from viewer.enhancement.finer import factor_of, sampling_of
from viewer.enhancement.finer_checks import finer_gates
from viewer.enhancement.method import Effect, Method, Settings
from viewer.enhancement.residual import (
    ResidualBuffer,
    residual_key,
    residual_step,
    source_key,
)
from viewer.enhancement.strength import (
    FlatNoise,
    checked_strength,
    flat_noise,
    flat_patches,
)
from viewer.enhancement.through_plane import SliceSampling

__all__ = [
    "EnhanceRequest",
    "Enhancement",
    "GateResult",
    "Method",
    "Plan",
    "enhance",
    "gates_for",
    "prepare",
    "run",
    "survey",
]

NO_SCALE = "there is no flat region to measure the noise cut in: strength is the blend fraction"


def prepare(
    engine: Engine, request: EnhanceRequest, is_cancelled: Callable[[], bool] = lambda: False
) -> Plan:
    """Measure the series, ask the gates, open the model and fix the scale of the strength.

    Raises
    ------
    InvalidStrength, UnknownMethod, WrongUsage : the request makes no sense.
    Blocked : a gate refuses; the words say why.
    UntrustedWeights : the model's weights are not those that its card names.
    UnfitModel : the user has added the model, and it failed its checks or hangs.
    Cancelled : the flag was up.
    """
    checked_strength(request.strength)
    method = engine.catalogue.method(request.method_id)
    settings = method.settings(request.settings)
    card = engine.catalogue.card(method.id)
    volume = request.volume
    if not is_acquired(volume) or not volume.is_complete:
        _refuse(method, gates_for(engine, request))
        raise Blocked(f"{method.name} needs a complete series.")
    measured = survey(engine, volume, is_cancelled)
    gates = _gates(engine, request, method, measured.noise, measured)
    _refuse(method, gates)
    sampling = _sampling(request, method, settings, measured.noise)
    key = residual_key(measured.key, method, settings)
    if card is not None and card.is_added:
        key = f"{key} within {card.bound_sd:g} SD"
    flat = _flat_noise(
        engine, key, method, settings, volume, measured, request.device, is_cancelled
    )
    words = (*(card.cautions if card else ()), method.caution)
    is_unscaled = method.effect is Effect.NOISE_CUT and flat is None
    return Plan(
        request=request,
        volume=volume,
        method=method,
        settings=settings,
        gates=gates,
        noise=measured.noise,
        flat=flat,
        cautions=tuple(word for word in (*words, NO_SCALE if is_unscaled else "") if word),
        is_synthetic_data=card is not None and card.is_synthetic_data,
        input_range=measured.value_range,
        key=key,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        card=card,
        sampling=sampling,
    )


def survey(
    engine: Engine, volume: Acquired, is_cancelled: Callable[[], bool] = lambda: False
) -> Survey:
    """Measure the noise of a complete volume and find its flat regions; kept by its content.

    Takes about a second for a series of 512 x 512 slices, so it is worth doing in the background
    as soon as a series is there.
    """
    key = source_key(volume.values, volume.sources)
    if (known := engine.surveys.find(key)) is not None:
        return known
    with QuietThread(is_cancelled) as quiet:
        noise = quiet.call(lambda: measured_noise(volume))
        patches = quiet.call(lambda: flat_patches(source_slices(volume, noise)))
        span, metal = quiet.call(lambda: (value_range(volume), metal_cm3(volume)))
        measured = Survey(key, span, noise, patches, metal)
    engine.surveys.keep(key, measured)
    return measured


def gates_for(engine: Engine, request: EnhanceRequest) -> tuple[GateResult, ...]:
    """Return the verdict of every gate without running anything, as the inspector shows them.

    Raises
    ------
    UnknownMethod : no method has this name.
    """
    method = engine.catalogue.method(request.method_id)
    volume = request.volume
    if is_acquired(volume) and volume.is_complete:
        measured = survey(engine, volume)
        return _gates(engine, request, method, measured.noise, measured)
    nothing = NoiseProfile(np.zeros(len(volume.values), dtype=np.float32), 0.0, 0.0)
    return _gates(engine, request, method, nothing)


def _gates(
    engine: Engine,
    request: EnhanceRequest,
    method: Method,
    noise: NoiseProfile,
    measured: Survey | None = None,
) -> tuple[GateResult, ...]:
    card = engine.catalogue.card(method.id)
    candidate = Candidate(request.study, request.series, request.part, request.volume, noise)
    if measured is not None:
        is_finite = math.isfinite(sum(measured.value_range))
        candidate = replace(candidate, metal_cm3=measured.metal_cm3, is_finite=is_finite)
    found = checks.check(candidate, card.input if card else None)
    if not method.makes_finer:
        return found
    slices = finer_gates(candidate, factor_of(method.settings(request.settings)))
    return (*(gate for gate in found if gate.name != "slice steps"), *slices)


def _sampling(
    request: EnhanceRequest, method: Method, settings: Settings, noise: NoiseProfile
) -> SliceSampling | None:
    """Return how the slices lie and how much finer they become, None for other methods."""
    if not method.makes_finer:
        return None
    series = Candidate(request.study, request.series, request.part, request.volume, noise)
    thickness, unit = series.stated_thickness_mm, request.volume.unit
    return sampling_of(request.volume.geometry, settings, thickness, is_ct=unit == "HU")


def _refuse(method: Method, gates: tuple[GateResult, ...]) -> None:
    """Raise what the gates that refuse say, if any does."""
    reasons = checks.blocks(gates)
    if reasons:
        raise Blocked(
            f"{method.name} was not run: {'; '.join(reasons)}.",
            "Nothing was changed.",
            "Choose another series or another method.",
        )


def _flat_noise(
    engine: Engine,
    key: str,
    method: Method,
    settings: Settings,
    volume: Acquired,
    measured: Survey,
    device: str,
    is_cancelled: Callable[[], bool],
) -> FlatNoise | None:
    """Open the method, and run it on flat patches where its strength is a noise cut."""
    if method.makes_finer:
        engine.runner(method, device)
        return None
    source = source_slices(volume, measured.noise)
    known = engine.scales.find(key)
    with QuietThread(is_cancelled, engine.interrupt) as quiet:
        processor = quiet.call(lambda: engine.processor(method, source, settings, device))
        if known is None and method.effect is Effect.NOISE_CUT:
            known = quiet.call(lambda: flat_noise(source, processor, measured.patches))
    if known is not None:
        engine.scales.keep(key, known)
    return known


def run(
    engine: Engine,
    plan: Plan,
    *,
    on_batch: Callable[[Enhancement], None] | None = None,
    report: Callable[[float, str], None] | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
    in_view: Callable[[], int | None] = lambda: None,
    every_s: float = 0.1,
) -> Enhancement:
    """Compute the residual of a plan, visible slice first, or take it from the cache.

    A run that was cancelled goes on where it was when it is asked for again.

    Parameters
    ----------
    on_batch : gets the growing result; its `residual.loaded` says what is there.
    report : gets the fraction done and a few words.
    is_cancelled : looked at between slabs.
    in_view : asked between slabs which slice the reader looks at, so that it comes next.
    every_s : both are told after the first slab, then at most this often, and at the end.

    Raises
    ------
    Cancelled : the flag was up.
    OutOfMemory : neither the residual nor the smallest tile fits.
    UntrustedWeights, UnfitModel : the model may not run, hangs, or gives what cannot be used.
    """
    if plan.sampling is not None:
        tell = report or (lambda _fraction, _words: None)
        residual, finer = finer_slices(engine, plan, plan.sampling, tell, is_cancelled)
        result = Enhancement(plan, residual, finer=finer)
        if on_batch:
            on_batch(result)
        return result
    if (kept := engine.residuals.find(plan.key)) is not None:
        if on_batch:
            on_batch(Enhancement(plan, kept))
        return Enhancement(plan, kept)
    volume = plan.volume
    step = residual_step(plan.input_range, is_integer=volume.values.dtype.kind in "iu")
    buffer = engine.unfinished.take(plan.key) or ResidualBuffer(volume.values.shape, step)
    told = -math.inf
    device = ""
    try:
        for device, done in _filled(engine, plan, buffer, is_cancelled, in_view):
            if time.monotonic() - told < every_s and done < len(volume.values):
                continue
            told = time.monotonic()
            if on_batch:
                on_batch(Enhancement(plan, buffer.published(device)))
            if report:
                words = f"{plan.method.name}: {done} of {len(volume.values)} slices"
                report(done / len(volume.values), words)
    except Cancelled:
        engine.unfinished.keep(plan.key, buffer)
        raise
    residual = buffer.published(device)
    engine.residuals.keep(plan.key, residual)
    return Enhancement(plan, residual)


def _filled(
    engine: Engine,
    plan: Plan,
    buffer: ResidualBuffer,
    is_cancelled: Callable[[], bool],
    in_view: Callable[[], int | None],
) -> Iterator[tuple[str, int]]:
    """Compute what the buffer lacks; yield the device and the number of slices there are."""
    source, request = source_slices(plan.volume, plan.noise), plan.request
    order = _order_of_missing(request, buffer)
    done = source.count - len(order)
    with QuietThread(is_cancelled, engine.interrupt) as quiet:
        processor = quiet.call(
            lambda: engine.processor(plan.method, source, plan.settings, request.device)
        )
        steps = residual_slices(processor, order, is_cancelled, in_view)
        while (slab := quiet.call(lambda: next(steps, None))) is not None:
            buffer.write(*slab)
            done += len(slab[0])
            yield processor.device, done
        if not order:
            yield processor.device, done


def _order_of_missing(request: EnhanceRequest, buffer: ResidualBuffer) -> tuple[int, ...]:
    """Return the slices that are not there yet, the visible one first."""
    missing = buffer.missing
    order = slice_order(len(request.volume.values), request.first_slice, request.direction)
    return tuple(index for index in order if index in missing)


def enhance(engine: Engine, request: EnhanceRequest) -> Enhancement:
    """Prepare and run at once, without progress: for the command line and tests."""
    return run(engine, prepare(engine, request))
