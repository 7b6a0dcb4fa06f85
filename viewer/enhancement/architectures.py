"""The networks that a model card can name, built from the card's own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from viewer.enhancement.comparators import (
    AttentionDenoiser,
    DiffusionDenoiser,
    PlainDenoiser,
    TransformerDenoiser,
)
from viewer.enhancement.networks import Denoiser, DetailNetwork, RelativeDenoiser

ARCHITECTURES: dict[str, Callable[..., Denoiser]] = {
    "Denoiser": Denoiser,
    "RelativeDenoiser": RelativeDenoiser,
    "DetailNetwork": DetailNetwork,
    "AttentionDenoiser": AttentionDenoiser,
    "TransformerDenoiser": TransformerDenoiser,
    "DiffusionDenoiser": DiffusionDenoiser,
    "PlainDenoiser": PlainDenoiser,
}
"""By the name in a card's ``[architecture]`` table; the other entries of the table are options."""

DESCRIPTIVE = frozenset({"network", "parameters", "receptive_field_pixels"})
"""Entries of the table that describe and do not build."""


def build(architecture: Mapping[str, Any]) -> Denoiser:
    """Return an untrained network as a card's ``[architecture]`` table describes it.

    Its learned part is its attribute `network`, whose state the safetensors hold; the contract of
    its inputs and its answer is that of `viewer.enhancement.networks`.

    Raises
    ------
    ValueError : a network that is not registered, or an option that it does not have.
    """
    name = str(architecture.get("network", ""))
    if name not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise ValueError(f'the network "{name}" is not one of {known}')
    options = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in architecture.items()
        if key not in DESCRIPTIVE
    }
    try:
        return ARCHITECTURES[name](**options)
    except TypeError as error:
        raise ValueError(f"the network {name} has no such option: {error}") from error
