"""Figures of a method on simulated scenes: errors, bias, lesions kept, self-checks, inventions."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from viewer.app.contenders import Answer
from viewer.app.grounds import Ground
from viewer.core.arrays import BoolArray
from viewer.enhancement import metrics
from viewer.enhancement.method import Float32Array
from viewer.enhancement.noise import NoiseEstimate
from viewer.enhancement.strength import levelled
from viewer.simulation.scenes import MIDDLE, InsertScene, Scene

Row = dict[str, object]

BLOCK = 16
GAUSSIAN_PIXELS = 2.0
LESION_SHARE, RIM_SHARE = 0.5, 0.02
SELF_CHECK_BORDER = 64


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One method on one scene: full-strength answers without and with lesions."""

    ground: Ground
    scene: Scene
    plain: Float32Array
    with_lesions: Float32Array

    def blended(self, factor: float) -> tuple[Float32Array, Float32Array]:
        """Input plus `factor` of the change, without and with lesions."""
        sources = (self.scene.noisy[MIDDLE], self.scene.with_lesions[MIDDLE])
        first, second = (
            source + np.float32(factor) * (answer - source)
            for source, answer in zip(sources, (self.plain, self.with_lesions), strict=True)
        )
        return first, second

    def factor_for(self, cut: float) -> float:
        """Blend factor whose noise SD in flat tissue is (1 - cut) of the input's, at most 1."""
        source = self.scene.noisy[MIDDLE]
        ground, flat = self.ground, self.scene.flat
        wanted = (1.0 - cut) * flat_sd(ground, source, flat)
        return bisected(lambda f: flat_sd(ground, self.blended(f)[0], flat) > wanted)


def bisected(is_below: Callable[[float], bool]) -> float:
    """Return the factor from 0 to 1 at which a claim stops to hold."""
    low, high = 0.0, 1.0
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return high


def flat_sd(ground: Ground, image: Float32Array, corners: Sequence[tuple[int, int]]) -> float:
    """Root mean square over blocks of the SD within each; but in CT slopes are taken off first."""
    blocks = np.stack(
        [image[row : row + BLOCK, column : column + BLOCK] for row, column in corners]
    )
    level = blocks if ground.unit == "HU" else levelled(blocks)
    return float(np.sqrt(np.mean(level.var(axis=(1, 2)))))


def judged_on(answer: Answer, ground: Ground, scene: Scene, noise: NoiseEstimate) -> Judged:
    """Run a method on a scene of some ground, with and without its lesions."""
    stacks = np.stack([scene.noisy, scene.with_lesions])
    plain, lesions = answer(stacks, noise, (scene.spacing_mm, scene.pixel_mm))
    return Judged(ground, scene, plain, lesions)


def cut_at(one: Judged, factor: float) -> float:
    """Return the cut of the noise in flat tissue that a blend factor gives."""
    blocks, noisy = one.scene.flat, one.scene.noisy[MIDDLE]
    after, before = (
        flat_sd(one.ground, image, blocks) for image in (one.blended(factor)[0], noisy)
    )
    return 1.0 - after / before


def factor_at_cut(
    sources: Float32Array, answers: Float32Array, where: BoolArray, cut: float
) -> float:
    """Return the blend factor at which images [draw, row, column] have `cut` less SD somewhere.

    `where` [row, column] is where; at most 1.
    """
    wanted = (1.0 - cut) * float(sources[:, where].std())
    change = answers[:, where] - sources[:, where]
    return bisected(lambda f: float((sources[:, where] + np.float32(f) * change).std()) > wanted)


def at_cut(
    sources: Float32Array, answers: Float32Array, where: BoolArray, cut: float
) -> Float32Array:
    """Return images blended back to a cut of the SD; see `factor_at_cut`."""
    factor = np.float32(factor_at_cut(sources, answers, where, cut))
    return np.asarray(sources + factor * (answers - sources), np.float32)


def figures(results: list[Judged], factors: list[float]) -> Row:
    """Return mean figures over scenes, and those of each kind of lesion.

    Of a lesion: the contrast that is kept, the error of its contrast (`bias`), and its contrast
    over the SD around it (`cnr`), which says nothing without the other two.
    """
    rows: list[Row] = []
    found: dict[str, list[float]] = {}
    for one, factor in zip(results, factors, strict=True):
        plain, lesions = one.blended(factor)
        rows.append({"factor": factor, **scene_figures(one.ground, one.scene, plain)})
        for lesion in one.scene.lesions:
            unit = one.ground.suffix
            seen, image = (lesions - plain)[lesion.window], lesions[lesion.window]
            error, cnr = lesion_figures(seen, image, lesion.response)
            for name, figure in (
                ("kept", kept_contrast(seen, lesion.response)),
                (f"bias_{unit}", error),
                ("cnr", cnr),
            ):
                found.setdefault(f"{name} {lesion.kind}", []).append(figure)
    return {**means(rows), **{name: float(np.nanmean(one)) for name, one in sorted(found.items())}}


def lesion_figures(
    difference: Float32Array, image: Float32Array, response: Float32Array
) -> tuple[float, float]:
    """Return the error of a lesion's contrast in the unit of the image, and its CNR.

    Parameters
    ----------
    difference : the image with the lesion less that without.
    response : what the lesion adds; inside is where it is more than half of its largest.
    """
    size = np.abs(response)
    inside, around = size > LESION_SHARE * size.max(), size < RIM_SHARE * size.max()
    error = float((difference - response)[inside].mean())
    return error, metrics.contrast_to_noise(image, inside, around)


def kept_contrast(difference: Float32Array, response: Float32Array) -> float:
    """Share of a lesion's own signal that is left in the difference of two images."""
    return float(np.sum(difference * response) / np.sum(response**2))


def means(rows: list[Row]) -> Row:
    """Return the mean of each figure over rows; those that are not finite do not count."""
    return {
        name: float(np.nanmean([row[name] for row in rows]))
        if any(np.isfinite(row[name]) for row in rows)  # type: ignore[call-overload]
        else math.nan
        for name in rows[0]
    }


def scene_figures(ground: Ground, scene: Scene, image: Float32Array) -> Row:
    """Return the figures of one version of a scene's middle slice, in the whole body."""
    noisy, unit = scene.noisy[MIDDLE], ground.suffix
    row: Row = {
        f"rmse_{unit}": metrics.rmse(image, scene.truth, scene.body),
        "gain_db": _gain(noisy, image, scene.truth, scene.body),
        "gain_db_full_dose": _gain(noisy, image, scene.full_dose, scene.body),
        f"flat_sd_{unit}": flat_sd(ground, image, scene.flat),
        "cut": 1.0 - flat_sd(ground, image, scene.flat) / flat_sd(ground, noisy, scene.flat),
    }
    for name, (low, high) in ground.tissues.items():
        tissue = metrics.tissue(scene.truth, scene.body, low, high)
        row[f"bias_{unit} {name}"] = metrics.bias(image - noisy + scene.truth, scene.truth, tissue)
    for name, centre, width in ground.windows:
        after, before = (
            metrics.psnr(one, scene.truth, scene.body, centre, width) for one in (image, noisy)
        )
        row[f"psnr_db {name}"] = after
        row[f"psnr_gain_db {name}"] = after - before
        row[f"ssim {name}"] = metrics.ssim(
            image[None], scene.truth[None], scene.body[None], centre, width
        )
    return row


def _gain(
    source: Float32Array, image: Float32Array, reference: Float32Array, body: BoolArray
) -> float:
    before, after = (metrics.rmse(one, reference, body) for one in (source, image))
    return 20.0 * math.log10(before / after)


def groups(results: list[Judged], factors: list[float]) -> list[Row]:
    """Return gains and contrast kept by region, kernel and noise, the worst group first.

    Gains are of the RMSE in the body, and of the PSNR in each window.
    """
    rows: list[Row] = []
    for name in ("region", "kernel", "noise_sd"):
        values = sorted({str(getattr(one.scene, name)) for one in results})
        for value in values:
            some = [
                (one, factor)
                for one, factor in zip(results, factors, strict=True)
                if str(getattr(one.scene, name)) == value
            ]
            found = figures([one for one, _ in some], [factor for _, factor in some])
            kept = {
                key: figure
                for key, figure in found.items()
                if key.startswith(("psnr_gain_db", "kept"))
            }
            rows.append(
                {
                    "group": f"{name.removesuffix('_sd')} {value}",
                    "scenes": len(some),
                    "gain_db": found["gain_db"],
                    **kept,
                }
            )
    return sorted(rows, key=lambda row: float(str(row["gain_db"])))


def self_checks(answer: Answer, ground: Ground, scene: Scene, noise: NoiseEstimate) -> Row:
    """Return what a method does to a noiseless image and to moved and mirrored ones, RMS.

    Moving by one pixel and mirroring are stated in noise SDs, as their aims are; the others in
    the scale of the ground.
    """
    unit = ground.suffix
    spacing = (scene.spacing_mm, scene.pixel_mm)
    clean = np.repeat(scene.truth[None], scene.noisy.shape[0], axis=0)
    inner = np.zeros_like(scene.body)
    border = SELF_CHECK_BORDER
    inner[border:-border, border:-border] = True
    body = scene.body & inner
    moved = [np.roll(scene.noisy, shift, axis=-1) for shift in (1, 8)]
    plain, clean_answer, one, eight, mirrored = answer(
        np.stack([scene.noisy, clean, *moved, scene.noisy[..., ::-1]]), noise, spacing
    )
    again = [np.roll(one, -1, axis=-1), np.roll(eight, -8, axis=-1), mirrored[..., ::-1]]
    shift_1, shift_8, flip = (metrics.rmse(image, plain, body) for image in again)
    return {
        f"identity_{unit}": metrics.rmse(clean_answer, scene.truth, scene.body),
        "shift_1_sd": shift_1 / noise.sd,
        f"shift_8_{unit}": shift_8,
        "flip_sd": flip / noise.sd,
        f"noise_sd_{unit}": noise.sd,
    }


def water_figures(answer: Answer, drawn: tuple[InsertScene, NoiseEstimate], cut: float) -> Row:
    """Return how often a structure appears in water that holds none, beside a Gaussian's rate.

    Counted as `metrics.structures` does; the Gaussian is set to the same cut of the noise.
    """
    scene, noise = drawn
    sources = scene.noise[:, MIDDLE]
    answers = answer(scene.noise, noise, (scene.spacing_mm, scene.pixel_mm))
    every = np.ones(scene.signal.shape, np.bool_)
    smooth = metrics.smoothed(sources, GAUSSIAN_PIXELS)
    found = [metrics.structures(at_cut(sources, one, every, cut)) for one in (answers, smooth)]
    return {"false_structures": found[0], "false_structures_gaussian": found[1]}
