"""Writing a trained network: safetensors, ONNX, checksums and the training curve."""

from __future__ import annotations

import csv
import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from viewer.enhancement.architectures import build
from viewer.enhancement.networks import Denoiser


def write_weights(model: Denoiser, architecture: Mapping[str, Any], folder: Path) -> None:
    """`weights.safetensors` and `weights.onnx` (opset 17, batch, row and column free).

    Parameters
    ----------
    architecture : as in the card; the network is built from it anew, as it will be used.
    """
    values = {name: value.contiguous().cpu() for name, value in model.network.state_dict().items()}
    partial = folder / "weights.safetensors.partial"
    safetensors.torch.save_file(values, partial)
    partial.replace(folder / "weights.safetensors")
    copy = build(architecture).eval()
    copy.network.load_state_dict(values)
    write_onnx(copy, folder / "weights.onnx", "noise")


def write_onnx(network: nn.Module, path: Path, answer: str) -> None:
    """Export a network of the usual three inputs; `answer` names what comes out."""
    names = ["slices", "noise_sd", "frequency"]
    axes = {name: {0: "batch", 2: "row", 3: "column"} for name in [*names, answer]}
    example = (torch.zeros(1, 5, 64, 64), torch.ones(1, 1, 64, 64), torch.ones(1, 1, 64, 64))
    partial = path.with_name(path.name + ".partial")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            example,
            str(partial),
            input_names=names,
            output_names=[answer],
            opset_version=17,
            dynamic_axes=axes,
            dynamo=False,
        )
    partial.replace(path)


def write_curve(curve: list[dict[str, float]], path: Path) -> None:
    """Training curve as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(curve[0]) if curve else ["step"])
        writer.writeheader()
        writer.writerows(curve)


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of the weights files."""
    names = ("weights.safetensors", "weights.onnx")
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
