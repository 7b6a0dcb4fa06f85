"""What each model is trained as: its network, its data, its loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from objective import Adversarial, ColdDiffusion, Loss, Objective, SquaredError

SMALL = (24, 48, 96)
LARGE = (48, 96, 144)


@dataclass(frozen=True, slots=True)
class Plan:
    """How one model of the line-up is made.

    Attributes
    ----------
    architecture : as in the card, see `viewer.enhancement.architectures`.
    family : key of `families.FAMILIES`.
    training_options : options of the network that differ while it is trained.
    objective : makes what is minimised.
    start : id of a shipped model whose weights training begins with, "" for none.
    batch, peak_rate : samples per step, and the highest rate of learning.
    """

    architecture: Mapping[str, Any]
    family: str
    training_options: Mapping[str, Any] = field(default_factory=dict)
    objective: Callable[[], Objective] = Loss
    start: str = ""
    batch: int = 16
    peak_rate: float = 1.2e-3


_ONE_PASS = {"coarse_passes": 1}

PLANS: dict[str, Plan] = {
    "ct-denoise-s": Plan({"network": "Denoiser", "widths": SMALL}, "ct", _ONE_PASS),
    "ct-denoise-l": Plan(
        {"network": "Denoiser", "widths": LARGE}, "ct", _ONE_PASS, batch=64, peak_rate=8e-4
    ),
    "mr-denoise-s": Plan(
        {"network": "RelativeDenoiser", "widths": SMALL},
        "mr",
        _ONE_PASS,
        start="ct-denoise-s",
        peak_rate=8e-4,
    ),
    "pet-denoise-s": Plan(
        {"network": "RelativeDenoiser", "widths": SMALL},
        "pet",
        _ONE_PASS,
        start="ct-denoise-s",
        peak_rate=8e-4,
    ),
    "mr-sr-through-plane": Plan({"network": "DetailNetwork", "widths": SMALL}, "mr-finer"),
    "xr-denoise-s": Plan(
        {"network": "RelativeDenoiser", "widths": SMALL},
        "xr",
        _ONE_PASS,
        start="ct-denoise-s",
        peak_rate=8e-4,
    ),
    "ct-artefact-s": Plan({"network": "DetailNetwork", "widths": SMALL}, "ct-artefacts"),
    "ct-sharpen": Plan({"network": "DetailNetwork", "widths": SMALL}, "ct-sharper"),
    "ct-denoise-gan": Plan({"network": "Denoiser", "widths": SMALL}, "ct", _ONE_PASS, Adversarial),
    "ct-denoise-attention": Plan(
        {"network": "AttentionDenoiser", "widths": SMALL}, "ct", _ONE_PASS
    ),
    "ct-denoise-transformer": Plan(
        {"network": "TransformerDenoiser", "width": 48, "blocks": 6}, "ct", _ONE_PASS
    ),
    "ct-denoise-diffusion": Plan(
        {"network": "DiffusionDenoiser", "widths": SMALL, "steps": 4}, "ct", {}, ColdDiffusion
    ),
    "ct-denoise-dncnn": Plan(
        {"network": "PlainDenoiser", "kind": "dncnn"}, "ct", {}, SquaredError, peak_rate=1e-3
    ),
    "ct-denoise-redcnn": Plan(
        {"network": "PlainDenoiser", "kind": "redcnn"}, "ct", {}, SquaredError, peak_rate=3e-4
    ),
}
