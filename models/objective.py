"""What training minimises, and the same figures on held-out patches."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch
from batches import Batch
from torch import Tensor, nn
from torch.nn import functional

from viewer.enhancement.comparators import DiffusionDenoiser
from viewer.enhancement.networks import Denoiser, LowPass, middle_of


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

    def state_dict(self) -> dict[str, object]:
        """What a resumed run has to know of it."""
        ...

    def load_state_dict(self, state: dict[str, object]) -> object:
        """Take over what `state_dict` gave."""
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
        """One figure for an answer [batch, 1, row, column], in full precision."""
        with torch.autocast(predicted.device.type, enabled=False):
            return self._of(predicted.float(), batch)

    def _of(self, predicted: Tensor, batch: Tensors) -> Tensor:
        error = (predicted - batch.noise) / batch.true_sd
        weight = 1.0 + 5.0 * batch.lesion
        fidelity = (weight * torch.sqrt(error**2 + 0.09)).sum() / weight.sum()
        across = (error[..., 1:] - error[..., :-1]).abs().mean()
        down = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
        bias = self.wide(error * weight).abs().mean()
        lost = (self.narrow(error).abs() * batch.lesion).sum() / batch.lesion.sum().clamp(min=50.0)
        return fidelity + 0.05 * (across + down) + 0.2 * bias + 0.5 * lost


class SquaredError(nn.Module):
    """Mean square error in units of the noise SD: what RED-CNN and DnCNN were published with."""

    def forward(self, model: Denoiser, batch: Tensors) -> Tensor:
        """One figure for a batch."""
        predicted = model(batch.slices, batch.noise_sd, batch.frequency).float()
        return ((predicted - batch.noise) / batch.true_sd).square().mean()


class ColdDiffusion(nn.Module):
    """The error of what is left of the noise at a random step, in units of the noise SD."""

    def forward(self, model: DiffusionDenoiser, batch: Tensors) -> Tensor:
        """One figure for a batch; each batch is at one step."""
        steps = model.steps
        share = float(torch.randint(1, steps + 1, ())) / steps
        state = middle_of(batch.slices) - (1.0 - share) * batch.noise
        left = model.noise_left(batch.slices, state, batch.noise_sd, batch.frequency, share)
        error = (left.float() - share * batch.noise) / batch.true_sd
        return torch.sqrt(error**2 + 0.09).mean()


class Adversarial(nn.Module):
    """`Loss` and a little of what a discriminator of patches says, which is trained along.

    Source: Isola et al., "Image-to-image translation", CVPR 2017 (patches), with spectral
    normalisation (Miyato et al., ICLR 2018) and the hinge loss.
    """

    SHARE = 0.005

    def __init__(self) -> None:
        super().__init__()
        self.loss = Loss()
        ends = (1, 32, 64, 128)
        layers: list[nn.Module] = []
        for first, second in pairwise(ends):
            convolution = nn.Conv2d(first, second, 4, stride=2, padding=1)
            layers += [nn.utils.spectral_norm(convolution), nn.LeakyReLU(0.2)]
        self.judge = nn.Sequential(*layers, nn.utils.spectral_norm(nn.Conv2d(128, 1, 3)))
        self.optimiser = torch.optim.Adam(self.judge.parameters(), lr=2e-4, betas=(0.5, 0.9))

    def get_extra_state(self) -> dict[str, object]:
        """What a resumed run needs besides the discriminator."""
        return self.optimiser.state_dict()

    def set_extra_state(self, state: dict[str, object]) -> None:
        """Take over what `get_extra_state` gave."""
        self.optimiser.load_state_dict(state)

    def forward(self, model: Denoiser, batch: Tensors) -> Tensor:
        """One figure for a batch; the discriminator takes a step of its own first."""
        predicted = model(batch.slices, batch.noise_sd, batch.frequency).float()
        with torch.autocast(predicted.device.type, enabled=False):
            return self._judged(predicted, batch)

    def _judged(self, predicted: Tensor, batch: Tensors) -> Tensor:
        middle = middle_of(batch.slices)
        local = middle.mean(dim=(2, 3), keepdim=True)
        real, made = ((middle - one - local) / batch.true_sd for one in (batch.noise, predicted))
        made_up = functional.relu(1.0 + self.judge(made.detach())).mean()
        wrong = functional.relu(1.0 - self.judge(real)).mean() + made_up
        self.optimiser.zero_grad()
        wrong.backward()
        self.optimiser.step()
        return self.loss.of(predicted, batch) - self.SHARE * self.judge(made).mean()


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
