"""Published kinds of denoisers, trained like ours and compared with ours; not for reading.

Each keeps the contract of `viewer.enhancement.networks`. Those that only exchange the learned part
keep the bounds of `Denoiser`; RED-CNN, DnCNN and diffusion answer as they were published, without
any bound of their own.
"""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from viewer.enhancement.networks import (
    COARSE_PASSES,
    SLICES,
    Denoiser,
    ResidualBlock,
    ResidualUNet,
    middle_of,
)

HU_SCALE = 250.0
WATER_OFFSET_HU = 1024.0


class AttentionGate(nn.Module):
    """Lets through of a skip connection what the coarser level asks for.

    Source: Oktay et al., "Attention U-Net", MIDL 2018.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = width // 2
        self.of_skip = nn.Conv2d(width, inner, 1)
        self.of_gate = nn.Conv2d(width, inner, 1)
        self.weight = nn.Conv2d(inner, 1, 1)

    def forward(self, skip: Tensor, gate: Tensor) -> Tensor:
        """`skip` weighted by 0 to 1 at each place, same shape."""
        joint = functional.relu(self.of_skip(skip) + self.of_gate(gate))
        weighted: Tensor = skip * torch.sigmoid(self.weight(joint))
        return weighted


class AttentionUNet(ResidualUNet):
    """`ResidualUNet` with an attention gate in each skip connection."""

    def __init__(self, channels: int, widths: tuple[int, int, int] = (24, 48, 96)) -> None:
        super().__init__(channels, widths)
        self.gate_fine = AttentionGate(widths[0])
        self.gate_middle = AttentionGate(widths[1])

    def decoded(self, features: Tensor) -> Tensor:
        """What the last convolution sees, [batch, fine width, row / 2, column / 2]."""
        fine = self.encode_fine(self.head(functional.pixel_unshuffle(features, 2)))
        middle = self.encode_middle(self.down_middle(fine))
        up = self.up_middle(self.bottom(self.down_coarse(middle)))
        middle = self.decode_middle(self.gate_middle(middle, up) + up)
        up = self.up_fine(middle)
        decoded: Tensor = self.decode_fine(self.gate_fine(fine, up) + up)
        return decoded


class AttentionDenoiser(Denoiser):
    """`Denoiser` around an `AttentionUNet`."""

    def __init__(
        self, widths: tuple[int, int, int] = (24, 48, 96), coarse_passes: int = COARSE_PASSES
    ) -> None:
        super().__init__(widths, coarse_passes)
        self.network = AttentionUNet(SLICES + 2, widths)


class WindowAttention(nn.Module):
    """Self-attention within windows of `size` x `size`, shifted in every other block.

    Source: Liu et al., "Swin Transformer", ICCV 2021; the relative position bias is learned.
    """

    def __init__(self, width: int, heads: int, size: int, shift: int) -> None:
        super().__init__()
        self.heads, self.size, self.shift = heads, size, shift
        self.norm, self.norm_after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.bias = nn.Parameter(torch.zeros(heads, (2 * size - 1) ** 2))
        self.grow, self.shrink = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        place = torch.stack(torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij"))
        flat = place.reshape(2, -1)
        away = flat[:, :, None] - flat[:, None, :] + size - 1
        self.register_buffer("pairs", away[0] * (2 * size - 1) + away[1], persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Shape-preserving [batch, row, column, width]; rows and columns multiples of `size`."""
        seen = self.norm(values)
        if self.shift:
            seen = torch.roll(seen, (-self.shift, -self.shift), (1, 2))
        seen = self._attended(seen)
        if self.shift:
            seen = torch.roll(seen, (self.shift, self.shift), (1, 2))
        values = values + seen
        changed: Tensor = self.shrink(functional.gelu(self.grow(self.norm_after(values))))
        return values + changed

    def _attended(self, values: Tensor) -> Tensor:
        batch, rows, columns, width = values.shape
        size, heads = self.size, self.heads
        cut = values.reshape(batch, rows // size, size, columns // size, size, width)
        windows = cut.permute(0, 1, 3, 2, 4, 5).reshape(-1, size * size, width)
        mixed = self.query_key_value(windows).reshape(-1, size * size, 3, heads, width // heads)
        query, key, value = mixed.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(-2, -1) * (width // heads) ** -0.5
        scores = scores + self.bias[:, cast(Tensor, self.pairs)]
        found = (scores.softmax(-1) @ value).transpose(1, 2).reshape(-1, size * size, width)
        joined = self.out(found).reshape(batch, rows // size, columns // size, size, size, width)
        result: Tensor = joined.permute(0, 1, 3, 2, 4, 5).reshape(batch, rows, columns, width)
        return result


class WindowTransformer(nn.Module):
    """Six blocks of shifted-window attention on two-fold pixel-unshuffled channels."""

    def __init__(self, channels: int, width: int = 48, blocks: int = 6, size: int = 8) -> None:
        super().__init__()
        self.size = size
        self.head = nn.Conv2d(4 * channels, width, 3, padding=1)
        shifts = [size // 2 * (number % 2) for number in range(blocks)]
        self.blocks = nn.ModuleList(WindowAttention(width, 4, size, one) for one in shifts)
        self.tail = nn.Conv2d(width, 4, 3, padding=1)
        nn.init.normal_(self.tail.weight, std=0.01)

    def forward(self, features: Tensor) -> Tensor:
        """One map [batch, 1, row, column] from `features` [batch, channels, row, column]."""
        rows, columns = features.shape[2], features.shape[3]
        step = 2 * self.size
        edges = (0, -columns % step, 0, -rows % step)
        padded = functional.pad(features, edges, mode="replicate")
        values = self.head(functional.pixel_unshuffle(padded, 2)).permute(0, 2, 3, 1)
        for block in self.blocks:
            values = block(values)
        found = functional.pixel_shuffle(self.tail(values.permute(0, 3, 1, 2)), 2)
        return found[:, :, :rows, :columns]


class TransformerDenoiser(Denoiser):
    """`Denoiser` around a `WindowTransformer`."""

    def __init__(
        self, width: int = 48, blocks: int = 6, coarse_passes: int = COARSE_PASSES
    ) -> None:
        super().__init__((8, 8, 8), coarse_passes)
        self.network = WindowTransformer(SLICES + 2, width, blocks)  # type: ignore[assignment]


class DnCnn(nn.Module):
    """17 convolutions of 64 channels with batch normalisation that predict the noise.

    Source: Zhang et al., "Beyond a Gaussian denoiser", IEEE TIP 26, 2017.
    """

    def __init__(self, width: int = 64, layers: int = 17) -> None:
        super().__init__()
        inner: list[nn.Module] = [nn.Conv2d(1, width, 3, padding=1), nn.ReLU()]
        for _ in range(layers - 2):
            inner += [
                nn.Conv2d(width, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
        self.layers = nn.Sequential(*inner, nn.Conv2d(width, 1, 3, padding=1))

    def forward(self, image: Tensor) -> Tensor:
        """Noise of an image [batch, 1, row, column], in its unit."""
        found: Tensor = self.layers(image)
        return found


class RedCnn(nn.Module):
    """Five convolutions and five transposed ones of 96 channels with skips; predicts the image.

    Source: Chen et al., "Low-dose CT with a residual encoder-decoder convolutional neural
    network", IEEE TMI 36, 2017.
    """

    def __init__(self, width: int = 96) -> None:
        super().__init__()
        ends = [1, width, width, width, width, width]
        self.encode = nn.ModuleList(nn.Conv2d(first, second, 5) for first, second in pairwise(ends))
        self.decode = nn.ModuleList(nn.ConvTranspose2d(width, width, 5) for _ in range(4))
        self.last = nn.ConvTranspose2d(width, 1, 5)

    def forward(self, image: Tensor) -> Tensor:
        """Denoised image [batch, 1, row, column]; at least 21 rows and columns."""
        kept = [image]
        values = image
        for number, layer in enumerate(self.encode):
            values = functional.relu(layer(values))
            if number in (1, 3):
                kept.append(values)
        for number, layer in enumerate(self.decode):
            values = layer(values)
            if number in (0, 2):
                values = values + kept.pop()
            values = functional.relu(values)
        return functional.relu(self.last(values) + kept.pop())


class PlainDenoiser(Denoiser):
    """A network that sees the middle slice alone, in a fixed unit, and nothing about its noise.

    Parameters
    ----------
    kind : "dncnn", which predicts the noise, or "redcnn", which predicts the image.
    """

    def __init__(self, kind: str = "dncnn") -> None:
        super().__init__((8, 8, 8))
        self.predicts_noise = kind == "dncnn"
        self.network = DnCnn() if self.predicts_noise else RedCnn()  # type: ignore[assignment]

    def forward(self, slices: Tensor, noise_sd: Tensor, frequency: Tensor) -> Tensor:
        """Full-strength residual [batch, 1, row, column] in HU; `noise_sd` only forbids."""
        middle = middle_of(slices)
        image = (middle + WATER_OFFSET_HU) / HU_SCALE
        found = self.network(image)
        noise = found if self.predicts_noise else image - found
        # The frequency has to stay an input of the exported graph.
        allowed: Tensor = HU_SCALE * noise * (noise_sd > 0) + 0.0 * frequency
        return allowed


class StepUNet(ResidualUNet):
    """`ResidualUNet` that is told how far along a diffusion is, 0 to 1, by scales of its channels.

    Source of the idea: Ho et al., "Denoising diffusion probabilistic models", NeurIPS 2020.
    """

    def __init__(self, channels: int, widths: tuple[int, int, int] = (24, 48, 96)) -> None:
        super().__init__(channels, widths)
        self.step = nn.Sequential(nn.Linear(1, 32), nn.SiLU(), nn.Linear(32, widths[0] + widths[2]))
        self.deep = ResidualBlock(widths[2])

    def at_step(self, features: Tensor, share: Tensor) -> Tensor:
        """One map [batch, 1, row, column]; `share` [batch, 1] is how noisy the middle still is."""
        told = self.step(share)[:, :, None, None]
        width = self.head.out_channels
        fine = self.head(functional.pixel_unshuffle(features, 2))
        fine = self.encode_fine(fine * (1.0 + told[:, :width]))
        middle = self.encode_middle(self.down_middle(fine))
        coarse = self.deep(self.down_coarse(middle) * (1.0 + told[:, width:]))
        coarse = self.bottom(coarse)
        middle = self.decode_middle(middle + self.up_middle(coarse))
        fine = self.decode_fine(fine + self.up_fine(middle))
        return functional.pixel_shuffle(self.tail(fine), 2)


class DiffusionDenoiser(Denoiser):
    """Cold diffusion: the noisy image is taken to the clean one in `steps` steps.

    State k is x_k = a_k clean + (1 - a_k) noisy; each step predicts the clean image and goes on to
    the next state with what the prediction says the noise was.

    Source: Bansal et al., "Cold diffusion", NeurIPS 2023; for CT Gao et al., "CoreDiff", IEEE TMI
    2024.
    """

    def __init__(self, widths: tuple[int, int, int] = (24, 48, 96), steps: int = 4) -> None:
        super().__init__(widths)
        self.steps = steps
        self.network: StepUNet = StepUNet(SLICES + 2, widths)

    def forward(self, slices: Tensor, noise_sd: Tensor, frequency: Tensor) -> Tensor:
        """Full-strength residual [batch, 1, row, column] in HU."""
        noisy = middle_of(slices)
        state = noisy
        for number in range(self.steps, 0, -1):
            left = self.noise_left(slices, state, noise_sd, frequency, number / self.steps)
            state = noisy - (1.0 - (number - 1) / self.steps) * (noisy - (state - left))
        return (noisy - state) * (noise_sd > 0)

    def noise_left(
        self, slices: Tensor, state: Tensor, noise_sd: Tensor, frequency: Tensor, share: float
    ) -> Tensor:
        """Noise that is in a state of which `share` of the noise is left, HU."""
        half = SLICES // 2
        seen = torch.cat((slices[:, :half], state, slices[:, half + 1 :]), 1)
        features = self.features(seen, state, noise_sd, frequency)
        told = torch.full_like(noise_sd[:, :, 0, 0], share)
        return self.network.at_step(features, told) * noise_sd
