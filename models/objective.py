"""What training minimises, and the same figures on held-out patches."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
import torch
from batches import Batch
from torch import Tensor, nn

from viewer.enhancement.networks import Denoiser, LowPass


@dataclass(frozen=True, slots=True)
class Tensors:
    """A `Batch` on the device."""

    slices: Tensor
    noise_sd: Tensor
    frequency: Tensor
    noise: Tensor
    true_sd: Tensor
    lesion: Tensor

    @classmethod
    def of(cls, batch: Batch, device: torch.device) -> Tensors:
        """Copy to `device`."""
        return cls(
            **{
                one.name: torch.from_numpy(getattr(batch, one.name)).to(device)
                for one in fields(Batch)
            }
        )


class Objective(Protocol):
    """What a training step minimises."""

    def __call__(self, model: Denoiser, batch: Tensors) -> Tensor:
        """One figure for a batch."""
        ...

    def to(self, device: torch.device) -> object:
        """Move what it holds to a device."""
        ...


class Loss(nn.Module):
    """How wrong a predicted residual is, in units of the noise SD.

    The mean Charbonnier error, six-fold inside lesions; 0.1 times the gradient's L1; 0.2 times the
    low-passed bias; and half the error inside lesions after a Gaussian of 3 pixels, which is what
    a lesion loses in contrast.
    """

    def __init__(self) -> None:
        super().__init__()
        self.wide = LowPass(8.0)
        self.narrow = LowPass(3.0)

    def forward(self, model: Denoiser, batch: Tensors) -> Tensor:
        """One figure for a batch, from the network's answer to it."""
        return self.of(model(batch.slices, batch.noise_sd, batch.frequency).float(), batch)

    def of(self, predicted: Tensor, batch: Tensors) -> Tensor:
        """One figure for an answer [batch, 1, row, column]."""
        error = (predicted - batch.noise) / batch.true_sd
        weight = 1.0 + 5.0 * batch.lesion
        fidelity = (weight * torch.sqrt(error**2 + 0.09)).sum() / weight.sum()
        across = (error[..., 1:] - error[..., :-1]).abs().mean()
        down = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
        bias = self.wide(error * weight).abs().mean()
        lost = (self.narrow(error).abs() * batch.lesion).sum() / batch.lesion.sum().clamp(min=50.0)
        return fidelity + 0.05 * (across + down) + 0.2 * bias + 0.5 * lost


@torch.no_grad()
def validate(model: Denoiser, batches: list[Tensors]) -> dict[str, float]:
    """Mean loss, root mean square error in SD units, and gain in dB over the noisy input."""
    loss = Loss().to(batches[0].slices.device)
    losses, errors, inputs = [], [], []
    for batch in batches:
        predicted = model(batch.slices, batch.noise_sd, batch.frequency)
        losses.append(float(loss.of(predicted, batch)))
        errors.append(((predicted - batch.noise) / batch.true_sd).square().mean().item())
        inputs.append((batch.noise / batch.true_sd).square().mean().item())
    error, noise = float(np.mean(errors)), float(np.mean(inputs))
    return {
        "loss": float(np.mean(losses)),
        "rmse_sd": math.sqrt(error),
        "gain_db": 10.0 * math.log10(noise / error),
    }
