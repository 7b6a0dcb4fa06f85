"""Judge a model on the demo chest, which it was never trained on: quarter dose against the truth.

`python models/evaluate_demo.py ct-denoise-s` builds the study, runs the model and all filters with
the parameters that `evaluate.py` wrote into the card, those for full strength and those for the
cut, and adds its figures to the card.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from cards import read_card, write_card
from contenders import Answer, filtered, network
from scenes import MIDDLE, body_of, flat_blocks

from viewer.enhancement import metrics
from viewer.enhancement.noise import NoiseEstimate, estimate_noise
from viewer.simulation.demo import DemoStudy, demo_chest
from viewer.simulation.kernels import FloatArray
from viewer.simulation.patches import SLICES

HERE = Path(__file__).resolve().parent
CUT = 0.4
STEP = 4


def chosen_slices(study: DemoStudy) -> list[int]:
    """Every fourth slice that has both neighbours on each side."""
    return list(range(MIDDLE, len(study.truth) - MIDDLE, STEP))


def enhanced(
    study: DemoStudy, answer: Answer, noise: NoiseEstimate, indices: list[int]
) -> FloatArray:
    """Full-strength answers for some slices [slice, row, column]."""
    pixel = study.spacing_mm[1]
    stacks = [study.quarter_dose[index - MIDDLE : index + SLICES - MIDDLE] for index in indices]
    return np.stack([answer(one.astype(np.float32), noise, pixel) for one in stacks])


def noise_sd(images: FloatArray, blocks: list[tuple[int, int, int]]) -> float:
    """Root mean square over flat blocks of the SD within each."""
    cut = [
        images[index, row : row + 16, column : column + 16].var() for index, row, column in blocks
    ]
    return float(np.sqrt(np.mean(cut)))


def factor_for(source: FloatArray, answer: FloatArray, blocks: list[tuple[int, int, int]]) -> float:
    """Blend factor at which the noise in flat tissue is 40 % lower, at most 1."""
    wanted = (1.0 - CUT) * noise_sd(source, blocks)
    for factor in np.linspace(0.0, 1.0, 201):
        if noise_sd(source + np.float32(factor) * (answer - source), blocks) <= wanted:
            return float(factor)
    return 1.0


def figures(
    image: FloatArray, source: FloatArray, truth: FloatArray, full: FloatArray
) -> dict[str, float]:
    """Against the noise-free truth, and gain in dB against the noisy full dose."""
    body = np.stack([body_of(one) for one in truth])
    soft = body & (truth > -150.0) & (truth < 150.0)
    found = {
        "rmse": metrics.rmse(image, truth, body),
        "gain_db": _gain(source, image, truth, body),
        "gain_db_against_noisy_full_dose": _gain(source, image, full, body),
        "bias_soft": metrics.bias(image, truth, soft),
    }
    windows = (("W400", 50.0, 400.0), ("W1500", -600.0, 1500.0), ("W80", 40.0, 80.0))
    for name, centre, width in windows:
        found[f"psnr_{name}"] = metrics.psnr(image, truth, body, centre, width)
        found[f"ssim_{name}"] = metrics.ssim(image, truth, body, centre, width)
    return found


def _gain(source: FloatArray, image: FloatArray, reference: FloatArray, body: np.ndarray) -> float:
    before, after = (metrics.rmse(one, reference, body) for one in (source, image))
    return 20.0 * math.log10(before / after)


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    options = parser.parse_args(arguments)
    folder = HERE / options.model
    card = read_card(folder / "card.toml")
    study = demo_chest()
    noise = estimate_noise(study.quarter_dose, study.spacing_mm[1:])
    if noise is None:
        raise ValueError("No noise could be measured in the demo study.")
    indices = chosen_slices(study)
    source, truth, full = (
        one[indices].astype(np.float32)
        for one in (study.quarter_dose, study.truth, study.full_dose)
    )
    blocks = [(index, *corner) for index, one in enumerate(truth) for corner in flat_blocks(one)]
    model = network(folder / "weights.onnx")
    methods = {options.model: (model, model)}
    for text in str(card["metrics"]["simulated"]["filters_tuned_to"]).split(", "):
        name, for_full, _, for_cut = text.split(" ")
        methods[name] = (filtered(name, float(for_full)), filtered(name, float(for_cut)))
    table: dict[str, object] = {
        "command": f"python models/evaluate_demo.py {options.model}",
        "slices": len(indices),
        "noise_sd_measured": round(noise.sd, 2),
        "noise_sd_true": round(noise_sd(source - truth, blocks), 2),
        "input": _rounded(figures(source, source, truth, full)),
    }
    for name, (at_full, for_cut) in methods.items():
        result = enhanced(study, at_full, noise, indices)
        to_blend = result if for_cut is at_full else enhanced(study, for_cut, noise, indices)
        factor = factor_for(source, to_blend, blocks)
        blended = source + np.float32(factor) * (to_blend - source)
        cut = 1.0 - noise_sd(blended, blocks) / noise_sd(source, blocks)
        key = name.replace("-", "_")
        table[f"{key}_full"] = _rounded(figures(result, source, truth, full))
        at_cut = {"factor": factor, "cut": cut, **figures(blended, source, truth, full)}
        table[f"{key}_40_cut"] = _rounded(at_cut)
        print(name, table[f"{key}_full"], table[f"{key}_40_cut"], sep="\n  ")
    card["metrics"]["demo_chest_quarter_dose"] = table
    write_card(folder / "card.toml", card)
    return 0


def _rounded(found: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in found.items()}


if __name__ == "__main__":
    raise SystemExit(main())
