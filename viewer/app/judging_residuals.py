"""Where the red line of the residual audit comes from: its index over held-out simulated scenes."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from viewer.app.contenders import refuse_finer, stacked_source
from viewer.app.grounds import Ground, ground_named
from viewer.core.errors import WrongUsage
from viewer.enhancement.audit import audit
from viewer.enhancement.engine import Engine
from viewer.enhancement.method import Effect, Method
from viewer.enhancement.noise import NoiseEstimate
from viewer.enhancement.residual import ResidualBuffer, residual_step
from viewer.simulation.scenes import Scene

Table = dict[str, object]

AUDIT_SEED = 8_500_001
"""Scenes of the red line: neither trained on, nor tuned on, nor judged on."""
ROTATION = 36
"""Scenes in which each region, kernel and noise level comes equally often."""
FEWEST_SCENES = 20
"""Fewer scenes than this have no 95th percentile."""
RED_LINE = 95.0


def structure_lines(
    engine: Engine,
    method_ids: Iterable[str] | None = None,
    count: int = 180,
    *,
    report: Callable[[float, str], None] = lambda _fraction, _words: None,
) -> Table:
    """Return the median and the 95th percentile of the structure index of each method.

    Every scene is taken as a series of five slices and runs as a series does: its noise is
    measured, all its slices are computed, and the residual at full strength is audited.

    Parameters
    ----------
    method_ids : by default every model for CT and every denoising filter; otherwise scenes are of
        the modality of the first model named.
    count : held-out scenes; 36 or a multiple has all regions, kernels and noise levels alike.

    Raises
    ------
    UnknownMethod : there is no such method.
    WrongUsage : too few scenes, models of several modalities, or one that makes finer slices.
    """
    if count < FEWEST_SCENES:
        raise WrongUsage(
            f"{count} scenes are too few for a 95th percentile.",
            "",
            f"Give at least {FEWEST_SCENES}, better 180.",
        )
    chosen, ground = _chosen(engine, method_ids)
    found: dict[str, list[float]] = {method.id: [] for method in chosen}
    drawn = 0
    for number, (scene, noise) in enumerate(_known(ground, count), 1):
        report(number / count, f"scene {number} of {count}")
        drawn = number
        for method in chosen:
            found[method.id].append(_structure(engine, method, ground, scene, noise))
    rows = [
        {
            "method": method.id,
            "structure_p95": float(np.percentile(found[method.id], RED_LINE)),
            "structure_median": float(np.median(found[method.id])),
            "scenes": len(found[method.id]),
        }
        for method in chosen
        if found[method.id]
    ]
    return {"scenes": drawn, "seed": AUDIT_SEED, "rows": rows}


def _chosen(engine: Engine, method_ids: Iterable[str] | None) -> tuple[list[Method], Ground]:
    catalogue = engine.catalogue
    named = [catalogue.method(one) for one in dict.fromkeys(method_ids or ())]
    refuse_finer(engine, [method.id for method in named])
    every = [method for method in catalogue.methods() if method.effect is Effect.NOISE_CUT]
    cards = [catalogue.card(method.id) for method in named]
    modalities = list(dict.fromkeys(card.input.modality for card in cards if card is not None))
    if len(modalities) > 1:
        raise WrongUsage(
            f"These models are made for {' and '.join(modalities)}.",
            "Scenes are of one modality at a time.",
            "Name models of one modality.",
        )
    ground = ground_named(modalities[0] if modalities else "CT")
    shown = {card.method.id for card in catalogue.cards if card.input.modality == ground.modality}
    fitting = [one for one in every if catalogue.card(one.id) is None or one.id in shown]
    return named or fitting, ground


def _known(ground: Ground, count: int) -> Iterator[tuple[Scene, NoiseEstimate]]:
    """Yield held-out scenes whose noise can be measured, one rotation in memory at a time."""
    for turn, start in enumerate(range(0, count, ROTATION)):
        for scene in ground.scenes(AUDIT_SEED + turn, min(ROTATION, count - start)):
            noise = ground.noise(scene.noisy, scene.pixel_mm)
            if noise is not None:
                yield scene, noise


def _structure(
    engine: Engine, method: Method, ground: Ground, scene: Scene, noise: NoiseEstimate
) -> float:
    """Return the structure index of a method on one scene."""
    spacing = (scene.spacing_mm, scene.pixel_mm)
    source = stacked_source(scene.noisy[None], noise, spacing, ground.unit)
    processor = engine.processor(method, source, method.settings())
    span = (float(scene.noisy.min()), float(scene.noisy.max()))
    buffer = ResidualBuffer(scene.noisy.shape, residual_step(span, is_integer=ground.unit == "HU"))
    places = range(source.count)
    buffer.write(places, processor.residuals(places))
    card = engine.catalogue.card(method.id)
    model = card.input.noise_model if card is not None else ""
    return audit(source, buffer.published(processor.device), model).structure
