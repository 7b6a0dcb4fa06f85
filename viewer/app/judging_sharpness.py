"""Judging sharpening on simulation: whether it adds what a sharper kernel would have shown.

The ideal is the soft image with the sharper kernel's detail and the noise that it has. Filters are
tuned on scenes of other seeds; every method is judged at full strength.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np

from viewer.app.contenders import Answer, answer_of
from viewer.app.grounds import CT
from viewer.app.scene_figures import Row, flat_sd, means
from viewer.core.errors import Cancelled, WrongUsage
from viewer.enhancement import metrics
from viewer.enhancement.engine import Engine
from viewer.enhancement.method import Float32Array, Method
from viewer.enhancement.noise import NoiseEstimate, estimate_noise
from viewer.simulation.kernel_scenes import KernelScene, kernel_scenes
from viewer.simulation.scenes import MIDDLE

HELD_OUT_SEED, TUNING_SEED = 8_700_001, 8_800_001
TUNED = {"unsharp": (("sigma_mm", (0.5, 0.8, 1.2)), ("amount", (0.3, 0.6, 1.0, 1.5, 2.0)))}
"""The parameters of the filter that are chosen on tuning scenes, and the values that are tried."""
TUNING_SCENES = 6
EXPLANATION = (
    "The ideal is the soft image with the detail of a kernel of 1.6 times its resolution and the "
    "noise that it has. gain_db: how much nearer to it than the soft image; noise_growth: rise of "
    "the SD in flat tissue; overshoot_hu: 99.9th percentile of how far values leave the ideal's "
    "range within three pixels."
)

Table = dict[str, object]


def judge_sharpness(
    engine: Engine,
    method_ids: Iterable[str] | None = None,
    count: int = 12,
    *,
    report: Callable[[float, str], None] = lambda _fraction, _words: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Table:
    """Return the figures of sharpening methods on simulated scenes, ready for JSON.

    `EXPLANATION` says what each figure is.

    Raises
    ------
    UnknownMethod : there is no such method.
    WrongUsage : a method does not sharpen.
    Cancelled : the flag was up.
    """
    methods = _sharpeners(engine, method_ids)
    report(0.0, "Simulating scenes")
    scenes = _known(HELD_OUT_SEED, count)
    rows: list[Row] = [_mean_row("input", scenes, lambda scene, _noise: scene.noisy[MIDDLE])]
    settings: dict[str, str] = {}
    for number, method in enumerate(methods):
        if is_cancelled():
            raise Cancelled
        report((number + 1) / (len(methods) + 1), method.name)
        answer, settings[method.id] = _tuned(engine, method)
        rows.append(_mean_row(method.id, scenes, _middle(answer)))
    return {
        "operation": "sharpen",
        "title": "Sharpening judged against a sharper kernel",
        "explanation": EXPLANATION,
        "modality": "CT",
        "scenes": len(scenes),
        "seeds": {"scenes": HELD_OUT_SEED, "tuning": TUNING_SEED},
        "settings": settings,
        "rows": rows,
    }


def _sharpeners(engine: Engine, method_ids: Iterable[str] | None) -> list[Method]:
    catalogue = engine.catalogue
    if method_ids is None:
        return [method for method in catalogue.methods() if method.operation == "sharpen"]
    chosen = [catalogue.method(one) for one in dict.fromkeys(method_ids)]
    for method in chosen:
        if method.operation != "sharpen":
            raise WrongUsage(
                f"{method.name} does not sharpen.", "", "Name methods of one kind for a comparison."
            )
    return chosen


Drawn = list[tuple[KernelScene, NoiseEstimate]]


def _known(seed: int, count: int) -> Drawn:
    drawn = kernel_scenes(seed, count)
    pairs = [(one, estimate_noise(one.noisy, (one.pixel_mm, one.pixel_mm))) for one in drawn]
    return [(scene, noise) for scene, noise in pairs if noise is not None]


def _middle(answer: Answer) -> Callable[[KernelScene, NoiseEstimate], Float32Array]:
    return lambda scene, noise: answer(
        scene.noisy[None].astype(np.float32), noise, (scene.spacing_mm, scene.pixel_mm)
    )[0]


def _mean_row(
    name: str, scenes: Drawn, image_of: Callable[[KernelScene, NoiseEstimate], Float32Array]
) -> Row:
    rows = [_figures(scene, image_of(scene, noise)) for scene, noise in scenes]
    worst = min(float(str(row["gain_db"])) for row in rows)
    return {"method": name, "strength": "full", **means(rows), "worst_gain_db": worst}


def _figures(scene: KernelScene, image: Float32Array) -> Row:
    before = metrics.rmse(scene.noisy[MIDDLE], scene.ideal, scene.body)
    after = metrics.rmse(image, scene.ideal, scene.body)
    return {
        "rmse_hu": after,
        "gain_db": 20.0 * math.log10(before / after),
        "noise_growth": _growth(scene, image) if scene.flat else math.nan,
        "bias_hu": metrics.bias(image, scene.ideal, scene.body),
        "overshoot_hu": metrics.overshoot(image, scene.ideal, scene.body),
    }


def _tuned(engine: Engine, method: Method) -> tuple[Answer, str]:
    """Return a method with its best parameters of those tried, and these in words."""
    if method.id not in TUNED:
        return answer_of(engine, method), "as shipped"
    tuning = _known(TUNING_SEED, TUNING_SCENES)
    (first, firsts), (second, seconds) = TUNED[method.id]
    tried: list[tuple[float, str, Answer]] = []
    for one in firsts:
        for two in seconds:
            answer = answer_of(engine, method, ((first, one), (second, two)))
            row = _mean_row(method.id, tuning, _middle(answer))
            tried.append((float(str(row["rmse_hu"])), f"{first} {one:g}, {second} {two:g}", answer))
    _, words, answer = min(tried, key=lambda entry: entry[0])
    return answer, words


def _growth(scene: KernelScene, image: Float32Array) -> float:
    """Return by how much the noise in flat tissue has grown."""
    before = flat_sd(CT, scene.noisy[MIDDLE], scene.flat)
    return flat_sd(CT, image, scene.flat) / before - 1.0
