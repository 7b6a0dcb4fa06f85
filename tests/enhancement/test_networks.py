"""The bounds of the denoiser hold whatever the network answers."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import safetensors.torch
import torch

from viewer.enhancement.networks import (
    CAP_HU,
    STRIDE,
    Denoiser,
    LowPass,
    bounded_noise,
)
from viewer.simulation.kernels import STANDARD, noise_mean_frequency
from viewer.simulation.noise import NoiseCharacter, blur, unit_noise

SIDE = 96


@pytest.fixture(scope="module")
def wild() -> Denoiser:
    """Return a network with large random weights: nothing it says makes sense."""
    torch.manual_seed(5)
    model = Denoiser().eval()
    with torch.no_grad():
        for value in model.network.parameters():
            value.copy_(torch.randn_like(value) * 0.08)
    return model


def maps(sd_hu: float, seed: int = 0, level: float = 40.0) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    slices = level + sd_hu * torch.randn(1, 5, SIDE, SIDE, generator=generator)
    return slices, torch.full((1, 1, SIDE, SIDE), sd_hu), torch.full((1, 1, SIDE, SIDE), 0.25)


@torch.no_grad()
def noise_of(model: Denoiser, *inputs: torch.Tensor) -> np.ndarray:
    return model(*inputs).numpy()[0, 0]


def test_ct_denoise_s_has_about_half_a_million_parameters() -> None:
    count = sum(value.numel() for value in Denoiser().parameters())
    assert 450_000 < count < 550_000


@pytest.mark.parametrize("sd_hu", [4.0, 20.0, 70.0])
def test_residual_stays_within_three_sd_and_150_hu(wild: Denoiser, sd_hu: float) -> None:
    found = noise_of(wild, *maps(sd_hu))
    assert np.abs(found).max() <= min(3.0 * sd_hu, CAP_HU) + 1e-3
    assert np.abs(found).max() > 0.1 * sd_hu


def test_nothing_changes_where_the_noise_map_is_zero(wild: Denoiser) -> None:
    slices, sd, frequency = maps(20.0)
    sd[..., : SIDE // 2] = 0.0
    found = noise_of(wild, slices, sd, frequency)
    assert not found[:, : SIDE // 2].any()
    assert found[:, SIDE // 2 :].any()


def test_nothing_changes_in_dense_bone_and_metal(wild: Denoiser) -> None:
    slices, sd, frequency = maps(20.0, level=1700.0)
    assert not noise_of(wild, slices, sd, frequency).any()


def test_a_constant_shift_is_not_passed_on() -> None:
    raw = torch.full((1, 1, SIDE, SIDE), 2.0)
    sd = torch.full((1, 1, SIDE, SIDE), 10.0)
    found = bounded_noise(raw, torch.zeros_like(raw), sd, LowPass(2.5))
    assert float(found.abs().max()) < 1e-3


def test_a_blob_of_lesion_size_is_left_in_the_image() -> None:
    rows, columns = np.indices((SIDE, SIDE)) - SIDE // 2
    blob = np.exp(-(rows**2 + columns**2) / (2 * 4.0**2)).astype(np.float32)
    raw = torch.from_numpy(blob)[None, None]
    sd = torch.full_like(raw, 10.0)
    found = bounded_noise(raw, torch.zeros_like(raw), sd, LowPass(2.5)).numpy()[0, 0]
    assert abs(float((found * blob).sum()) / (10.0 * float((blob**2).sum()))) < 0.2


def test_fine_noise_passes_the_guard_of_coarse_scale() -> None:
    raw = torch.zeros(1, 1, SIDE, SIDE)
    raw[..., ::2, ::2], raw[..., 1::2, 1::2] = 1.0, -1.0
    sd = torch.full((1, 1, SIDE, SIDE), 10.0)
    found = bounded_noise(raw, torch.zeros_like(raw), sd, LowPass(2.5))
    expected = 3.0 * np.tanh(1.0 / 3.0) * 10.0
    assert float(found[0, 0, 40, 40]) == pytest.approx(expected, rel=0.02)


def test_an_offset_in_hu_does_not_change_the_residual(wild: Denoiser) -> None:
    slices, sd, frequency = maps(20.0)
    first = noise_of(wild, slices, sd, frequency)
    second = noise_of(wild, slices + 37.0, sd, frequency)
    assert np.abs(first - second).max() < 0.05


def test_moving_the_image_by_the_stride_moves_the_residual(wild: Denoiser) -> None:
    generator = torch.Generator().manual_seed(1)
    wide = 40.0 + 20.0 * torch.randn(1, 5, 320, 320 + STRIDE, generator=generator)
    sd, frequency = torch.full((1, 1, 320, 320), 20.0), torch.full((1, 1, 320, 320), 0.25)
    first = noise_of(wild, wild_part(wide, 0), sd, frequency)
    second = noise_of(wild, wild_part(wide, STRIDE), sd, frequency)
    margin = 128
    inner = slice(margin, 320 - margin)
    difference = (
        first[inner, margin + STRIDE : 320 - margin] - second[inner, margin : -margin - STRIDE]
    )
    assert np.abs(difference).max() < 0.05


def wild_part(image: torch.Tensor, start: int) -> torch.Tensor:
    return image[..., start : start + 320].contiguous()


def test_low_pass_keeps_constants_and_stops_fine_patterns() -> None:
    low = LowPass(8.0)
    flat = low(torch.full((1, 1, 64, 64), 7.0))
    assert torch.allclose(flat, torch.full_like(flat, 7.0), atol=1e-4)
    stripes = torch.zeros(1, 1, 64, 64)
    stripes[..., ::2] = 1.0
    assert float((low(stripes)[..., 30:34] - 0.5).abs().max()) < 1e-3


def committed() -> tuple[Denoiser, Path]:
    """Return the model as it is shipped, and its ONNX file."""
    folder = Path(__file__).resolve().parents[2] / "models" / "ct-denoise-s"
    model = Denoiser().eval()
    model.network.load_state_dict(safetensors.torch.load_file(folder / "weights.safetensors"))
    return model, folder / "weights.onnx"


def test_shipped_onnx_and_shipped_tensors_give_the_same_answer() -> None:
    model, path = committed()
    inputs = maps(25.0, seed=4)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = ("slices", "noise_sd", "frequency")
    found = session.run(None, {name: one.numpy() for name, one in zip(names, inputs, strict=True)})[
        0
    ]
    np.testing.assert_allclose(found[0, 0], noise_of(model, *inputs), atol=2e-3)


def test_shipped_model_takes_noise_away_and_leaves_a_clean_image_alone() -> None:
    model, _ = committed()
    sd = 20.0
    character = NoiseCharacter(STANDARD, 0.7)
    noise = sd * unit_noise(np.random.default_rng(1), (5, SIDE, SIDE), character)
    clean = np.full((5, SIDE, SIDE), 45.0, np.float32)
    clean[:, :, SIDE // 2 :] += 60.0
    clean = blur(clean, STANDARD, 0.7)
    grain = noise_mean_frequency(STANDARD, 0.7) * 0.7
    _, sd_map, frequency = maps(sd)
    frequency = torch.full_like(frequency, grain)
    noisy = noise_of(model, torch.from_numpy(clean + noise)[None], sd_map, frequency)
    assert np.std(noise[2] - noisy) < 0.45 * sd
    untouched = noise_of(model, torch.from_numpy(clean)[None], sd_map, frequency)
    assert float(np.sqrt(np.mean(untouched**2))) < 1.0
