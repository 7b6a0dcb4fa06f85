"""The methods that compete: a network's ONNX file and the filters with their parameter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from scenes import MIDDLE

from viewer.enhancement import filters
from viewer.enhancement.noise import NoiseEstimate
from viewer.simulation.kernels import FloatArray

GRID: dict[str, tuple[str, tuple[float, ...], dict[str, float]]] = {
    "gaussian": ("sigma_mm", (0.4, 0.6, 0.8, 1.1, 1.5, 2.2), {}),
    "bilateral": ("range_sd", (1.5, 2.5, 4.0, 6.0), {"sigma_mm": 1.5}),
    "nlm": ("cutoff_sd", (0.4, 0.6, 0.8, 1.1), {"search_mm": 4.0}),
    "tv": ("weight_sd", (0.4, 0.7, 1.0, 1.4, 2.0), {}),
    "wavelet": ("noise_factor", (0.7, 1.0, 1.5, 2.2, 3.0), {}),
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
