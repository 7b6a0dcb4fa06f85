"""Judge a model against filters on simulation: `python models/evaluate.py ct-denoise-s`.

Filters get their parameter from scenes of other seeds (lowest RMSE at full strength). Every method
is then judged at full strength and blended back to the same cut of noise in flat tissue. Writes
`evaluation.csv` beside the weights and the figures of the model into its card.
"""

from __future__ import annotations

import argparse
import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from cards import read_card, write_card
from scenes import MIDDLE, EdgeScene, Inserted, Scene, edge_scene, scenes

from viewer.enhancement import filters, metrics
from viewer.enhancement.noise import NoiseEstimate
from viewer.simulation.kernels import FloatArray

HERE = Path(__file__).resolve().parent
TUNING_SEED, HELD_OUT_SEED, EDGE_SEED = 8_100_001, 8_200_001, 8_300_001
CUT = 0.4
EDGE_CONTRASTS_HU = (30.0, 100.0, 400.0)
GRID: dict[str, tuple[str, tuple[float, ...], dict[str, float]]] = {
    "gaussian": ("sigma_mm", (0.4, 0.6, 0.8, 1.1, 1.5), {}),
    "bilateral": ("range_sd", (1.5, 2.5, 4.0, 6.0), {"sigma_mm": 1.5}),
    "nlm": ("cutoff_sd", (0.4, 0.6, 0.8, 1.1), {"search_mm": 4.0}),
    "tv": ("weight_sd", (0.4, 0.7, 1.0, 1.4, 2.0), {}),
    "wavelet": ("noise_factor", (0.7, 1.0, 1.5, 2.2), {}),
}

Slices = npt.NDArray[np.float32]
Answer = Callable[[Slices, NoiseEstimate, float], FloatArray]


def network(path: Path) -> Answer:
    """The model as a function of (slices [5, row, column], noise, pixel in mm)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def answer(slices: Slices, noise: NoiseEstimate, pixel_mm: float) -> FloatArray:
        shape = (1, 1, *slices.shape[-2:])
        inputs = {
            "slices": slices[None].astype(np.float32),
            "noise_sd": np.full(shape, noise.sd, np.float32),
            "frequency": np.full(shape, noise.mean_frequency_per_mm * pixel_mm, np.float32),
        }
        residual = session.run(None, inputs)[0][0, 0]
        return np.asarray(slices[MIDDLE] - residual, np.float32)

    return answer


def filtered(name: str, value: float) -> Answer:
    """A filter with its tuned parameter as the same kind of function."""
    apply = {method.id: function for method, function in filters.FILTERS}[name]
    parameter, _, others = GRID[name]
    settings = {**others, parameter: value}

    def answer(slices: Slices, noise: NoiseEstimate, pixel_mm: float) -> FloatArray:
        facts = filters.SliceFacts((pixel_mm, pixel_mm), noise.sd, (-1000.0, 1500.0))
        return np.asarray(apply(slices[MIDDLE].astype(np.float32), facts, settings), np.float32)

    return answer


@dataclass(frozen=True, slots=True)
class Judged:
    """One method on one scene: full-strength answers without and with lesions."""

    scene: Scene
    plain: FloatArray
    with_lesions: FloatArray

    def blended(self, factor: float) -> tuple[FloatArray, FloatArray]:
        """Input plus `factor` of the change, without and with lesions."""
        sources = (self.scene.noisy[MIDDLE], self.scene.with_lesions[MIDDLE])
        answers = (self.plain, self.with_lesions)
        first, second = (
            source + np.float32(factor) * (answer - source)
            for source, answer in zip(sources, answers, strict=True)
        )
        return first, second

    def factor_for(self, cut: float) -> float:
        """Blend factor whose noise SD in flat tissue is (1 - cut) of the input's, at most 1."""
        wanted = (1.0 - cut) * flat_sd(self.scene.noisy[MIDDLE], self.scene.flat)
        low, high = 0.0, 1.0
        for _ in range(24):
            middle = (low + high) / 2
            if flat_sd(self.blended(middle)[0], self.scene.flat) > wanted:
                low = middle
            else:
                high = middle
        return high


def flat_sd(image: FloatArray, blocks: tuple[tuple[int, int], ...], size: int = 16) -> float:
    """Root mean square over blocks of the SD within each."""
    variances = [image[row : row + size, column : column + size].var() for row, column in blocks]
    return float(np.sqrt(np.mean(variances)))


def judged(answer: Answer, held_out: list[Scene]) -> list[Judged]:
    """Run a method on all scenes, with and without lesions."""
    return [
        Judged(
            scene,
            answer(scene.noisy, scene.noise, scene.pixel_mm),
            answer(scene.with_lesions, scene.noise, scene.pixel_mm),
        )
        for scene in held_out
    ]


def kept_contrast(difference: FloatArray, lesion: Inserted) -> float:
    """Share of the lesion's own signal that is left in the difference of two images."""
    seen = difference[lesion.window]
    return float(np.sum(seen * lesion.response) / np.sum(lesion.response**2))


def figures(method: list[Judged], cut: float | None) -> dict[str, float]:
    """Mean figures over scenes at full strength (`cut` None) or at a matched cut of noise."""
    rows: list[dict[str, float]] = []
    kept: dict[str, list[float]] = {}
    for one in method:
        scene = one.scene
        factor = 1.0 if cut is None else one.factor_for(cut)
        plain, lesions = one.blended(factor)
        rows.append({"factor": factor, **_scene_figures(scene, plain)})
        for lesion in scene.lesions:
            kept.setdefault(lesion.kind, []).append(kept_contrast(lesions - plain, lesion))
    mean = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    contrast = {f"kept {kind}": float(np.mean(values)) for kind, values in sorted(kept.items())}
    return {**mean, **contrast}


def _scene_figures(scene: Scene, image: FloatArray) -> dict[str, float]:
    noisy = scene.noisy[MIDDLE]
    soft = scene.body & (scene.truth > -150.0) & (scene.truth < 150.0)
    found = {
        "rmse": metrics.rmse(image, scene.truth, scene.body),
        "gain_db": 20.0
        * math.log10(
            metrics.rmse(noisy, scene.truth, scene.body)
            / metrics.rmse(image, scene.truth, scene.body)
        ),
        "bias": metrics.bias(image, scene.truth, soft),
        "flat_sd": flat_sd(image, scene.flat),
        "cut": 1.0 - flat_sd(image, scene.flat) / flat_sd(noisy, scene.flat),
    }
    for name, centre, width in (
        ("W400", 50.0, 400.0),
        ("W1500", -600.0, 1500.0),
        ("W80", 40.0, 80.0),
    ):
        found[f"psnr {name}"] = metrics.psnr(image, scene.truth, scene.body, centre, width)
        found[f"ssim {name}"] = metrics.ssim(
            image[None], scene.truth[None], scene.body[None], centre, width
        )
    return found


def tuned(name: str, tuning: list[Scene]) -> float:
    """The parameter with the lowest mean RMSE relative to the input."""
    _, values, _ = GRID[name]
    scores = []
    for value in values:
        answer = filtered(name, value)
        ratios = [
            metrics.rmse(answer(one.noisy, one.noise, one.pixel_mm), one.truth, one.body)
            / metrics.rmse(one.noisy[MIDDLE], one.truth, one.body)
            for one in tuning
        ]
        scores.append(float(np.mean(ratios)))
    return values[int(np.argmin(scores))]


def edge_frequency(image: FloatArray, scene: EdgeScene) -> float:
    """Frequency per mm at which the edge's transfer function falls to one half."""
    size = image.shape[0]
    axis = (np.arange(size) - (size - 1) / 2) * scene.pixel_mm
    distance = np.hypot(axis[None, :], axis[:, None]) - scene.radius_mm
    step, reach = 0.1, 6.0
    bins = np.arange(-reach, reach + step, step)
    place = np.digitize(distance.ravel(), bins)
    count = np.bincount(place, minlength=len(bins) + 1)[1:-1]
    total = np.bincount(place, image.ravel(), minlength=len(bins) + 1)[1:-1]
    centres = bins[:-1] + step / 2
    seen = count > 0
    profile = np.interp(centres, centres[seen], total[seen] / count[seen])
    spread = -np.gradient(np.convolve(profile, np.ones(5) / 5, "valid"), step)
    transfer = np.abs(np.fft.rfft(spread * np.hanning(len(spread)), 4096))
    transfer /= transfer[0]
    below = int(np.argmax(transfer < 0.5))
    return float(np.fft.rfftfreq(4096, step)[below])


def resolution(answer: Answer, scene: EdgeScene, cut: float) -> float:
    """TTF50 of the mean image at a matched cut, divided by that of the input."""
    inner = np.s_[12:-12, 12:-12]
    answers = np.stack([answer(one, scene.noise, scene.pixel_mm) for one in scene.noisy])
    sources = scene.noisy[:, MIDDLE]
    flat = np.hypot(*np.indices(scene.truth.shape) - (scene.truth.shape[0] - 1) / 2)
    inside = flat * scene.pixel_mm < scene.radius_mm - 4.0
    factors = np.linspace(0.0, 1.0, 101)
    wanted = (1.0 - cut) * sources[:, inside].std()
    spreads = [(sources + f * (answers - sources))[:, inside].std() for f in factors]
    factor = factors[int(np.argmax(np.array(spreads) <= wanted))] if min(spreads) <= wanted else 1.0
    mean = (sources + factor * (answers - sources)).mean(axis=0)
    assert mean[inner].size
    return edge_frequency(mean, scene) / edge_frequency(sources.mean(axis=0), scene)


def self_checks(answer: Answer, scene: Scene) -> dict[str, float]:
    """Identity on a noiseless image, and what moving or mirroring the image does, in HU."""
    clean = np.repeat(scene.truth[None], 5, axis=0)
    body, sd, pixel = scene.body, scene.noise, scene.pixel_mm
    plain = answer(scene.noisy, sd, pixel)
    inner = np.zeros_like(body)
    inner[64:-64, 64:-64] = True
    body = body & inner
    found = {"identity_rms": metrics.rmse(answer(clean, sd, pixel), scene.truth, scene.body)}
    for shift in (1, 8):
        moved = answer(np.roll(scene.noisy, shift, axis=-1), sd, pixel)
        back = np.roll(moved, -shift, axis=-1)
        found[f"shift_{shift}_rms"] = metrics.rmse(back, plain, body)
        found[f"shift_{shift}_max"] = float(np.abs(back - plain)[body].max())
    flipped = answer(np.ascontiguousarray(scene.noisy[..., ::-1]), sd, pixel)[..., ::-1]
    found["flip_rms"] = metrics.rmse(flipped, plain, body)
    found["noise_sd"] = sd.sd
    return found


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--weights", type=Path, help="an ONNX file; default the model's own")
    parser.add_argument("--scenes", type=int, default=24)
    parser.add_argument("--tuning", type=int, default=9)
    parser.add_argument("--draws", type=int, default=30, help="noise draws per edge")
    parser.add_argument("--no-card", action="store_true", help="print and write nothing")
    options = parser.parse_args(arguments)
    folder = HERE / options.model
    methods = {options.model: network(options.weights or folder / "weights.onnx")}
    tuning = scenes(TUNING_SEED, options.tuning)
    parameters = {name: tuned(name, tuning) for name in GRID}
    methods |= {name: filtered(name, value) for name, value in parameters.items()}
    held_out = scenes(HELD_OUT_SEED, options.scenes)
    edges = [edge_scene(EDGE_SEED, one, 20.0, options.draws) for one in EDGE_CONTRASTS_HU]
    table: list[dict[str, object]] = [
        {"method": "input", "strength": "none", **_input_figures(held_out)}
    ]
    for name, answer in methods.items():
        started = time.process_time()
        results = judged(answer, held_out)
        seconds = (time.process_time() - started) / (2 * len(held_out))
        ttf = {f"ttf50 {one.contrast_hu:g} HU": resolution(answer, one, CUT) for one in edges}
        table.append(
            {"method": name, "strength": "full", "cpu_s": seconds, **figures(results, None)}
        )
        table.append({"method": name, "strength": "40 % cut", **figures(results, CUT), **ttf})
    checks = self_checks(methods[options.model], held_out[1])
    _print(table, checks, parameters)
    if not options.no_card:
        _write(folder, options.model, table, checks, parameters, len(held_out))
    return 0


def _input_figures(held_out: list[Scene]) -> dict[str, float]:
    rows = [_scene_figures(one, one.noisy[MIDDLE]) for one in held_out]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _print(
    table: list[dict[str, object]], checks: dict[str, float], tuned_to: dict[str, float]
) -> None:
    for row in table:
        print(
            "  ".join(
                f"{name} {value:.3f}" if isinstance(value, float) else str(value)
                for name, value in row.items()
            )
        )
    print(checks, tuned_to)


def _write(
    folder: Path,
    model: str,
    table: list[dict[str, object]],
    checks: dict[str, float],
    parameters: dict[str, float],
    count: int,
) -> None:
    """`evaluation.csv` with all methods and the metrics table of the card."""
    names = list(dict.fromkeys(name for row in table for name in row))
    with (folder / "evaluation.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=names)
        writer.writeheader()
        writer.writerows(
            {
                name: round(value, 4) if isinstance(value, float) else value
                for name, value in row.items()
            }
            for row in table
        )
    card = read_card(folder / "card.toml")
    simulated: dict[str, object] = {
        "command": f"python models/evaluate.py {model} --scenes {count}",
        "scenes": count,
        "filters_tuned_to": ", ".join(f"{name} {value:g}" for name, value in parameters.items()),
    }
    for row in table:
        key = f"{row['method']} {row['strength']}".replace(" none", "").replace(" % cut", "")
        simulated[key.replace(" ", "_").replace("-", "_")] = {
            name.replace(" ", "_").replace(",", ""): round(value, 4)
            for name, value in row.items()
            if isinstance(value, float)
        }
    simulated["self_checks_hu"] = {name: round(value, 4) for name, value in checks.items()}
    card["metrics"] = {**card.get("metrics", {}), "simulated": simulated}
    write_card(folder / "card.toml", card)


if __name__ == "__main__":
    raise SystemExit(main())
