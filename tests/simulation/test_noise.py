"""Fast noise has the strength, spectrum and correlation that were asked for."""

import numpy as np
import pytest

from viewer.simulation.kernels import LUNG, SOFT, STANDARD, Kernel, radial_frequencies
from viewer.simulation.noise import (
    NoiseCharacter,
    blur,
    relative_sd_map,
    slice_weights,
    unit_noise,
)

PIXEL_MM = 0.7


@pytest.mark.parametrize("kernel", [SOFT, STANDARD, LUNG])
def test_noise_has_unit_variance_and_the_spectrum_of_its_kernel(kernel: Kernel) -> None:
    noise = unit_noise(np.random.default_rng(1), (24, 128, 128), NoiseCharacter(kernel, PIXEL_MM))
    assert noise.std() == pytest.approx(1.0, rel=0.02)
    power = np.mean(np.abs(np.fft.rfft2(noise)) ** 2, axis=0)
    radial = radial_frequencies(128, 128, PIXEL_MM)
    expected = radial * kernel.response(radial) ** 2
    rings = [(radial >= low) & (radial < low + 0.05) for low in np.arange(0.05, 0.6, 0.05)]
    found = np.array([power[ring].mean() for ring in rings])
    wanted = np.array([expected[ring].mean() for ring in rings])
    np.testing.assert_allclose(found / found.sum(), wanted / wanted.sum(), rtol=0.1, atol=2e-3)


@pytest.mark.parametrize("wanted", [0.0, 0.25, 0.6])
def test_neighbouring_slices_correlate_as_asked(wanted: float) -> None:
    character = NoiseCharacter(STANDARD, PIXEL_MM, slice_correlation=wanted)
    noise = unit_noise(np.random.default_rng(2), (30, 96, 96), character)
    assert np.mean(noise[1:] * noise[:-1]) == pytest.approx(wanted, abs=0.03)
    assert noise.std() == pytest.approx(1.0, rel=0.03)


def test_correlation_beyond_what_three_slices_can_share_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        slice_weights(0.8)


def test_anisotropy_makes_noise_stronger_along_its_direction() -> None:
    character = NoiseCharacter(STANDARD, PIXEL_MM, anisotropy=0.4, angle_rad=0.0)
    noise = unit_noise(np.random.default_rng(3), (12, 128, 128), character)
    power = np.mean(np.abs(np.fft.fft2(noise)) ** 2, axis=0)
    assert power[0, 5:40].mean() > 3.0 * power[5:40, 0].mean()  # (1.4 / 0.6)^2 = 5.4


def test_blur_keeps_the_mean_and_shrinks_waves_by_the_response() -> None:
    columns = np.arange(128) * PIXEL_MM
    frequency = 16 / (128 * PIXEL_MM)
    wave = np.broadcast_to(40.0 + 10.0 * np.cos(2 * np.pi * frequency * columns), (128, 128))
    seen = blur(wave.astype(np.float32), STANDARD, PIXEL_MM)
    assert seen.mean() == pytest.approx(40.0, abs=0.1)
    assert np.ptp(seen[64, 40:88]) / 2 == pytest.approx(
        10.0 * float(STANDARD.response(frequency)), rel=0.03
    )


def test_noise_is_stronger_in_dense_surroundings() -> None:
    values = np.full((192, 192), -1000.0, np.float32)
    values[:, 96:] = 0.0
    found = relative_sd_map(values, PIXEL_MM)
    assert found[96, 180] > 1.5 * found[96, 10]
    assert np.mean(found[values > -500.0] ** 2) == pytest.approx(1.0, rel=1e-3)
