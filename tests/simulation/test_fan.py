"""A fan beam sees what its geometry says, and gives the image that parallel beams give."""

import numpy as np
import pytest

from viewer.enhancement.noise import estimate_noise
from viewer.simulation.fan import FanBeam
from viewer.simulation.kernels import STANDARD, noise_mean_frequency
from viewer.simulation.projection import Exposure, ParallelBeam, attenuation, measured
from viewer.simulation.reconstruction import filtered_back_projection

PIXEL_MM = 0.8
SIZE = 256
ARC = FanBeam(source_mm=570.0, channels=512)
FLAT = FanBeam(source_mm=570.0, channels=512, is_flat=True)
INSIDE = np.s_[SIZE // 2 - 50 : SIZE // 2 + 50, SIZE // 2 - 50 : SIZE // 2 + 50]


@pytest.fixture(scope="module")
def beam() -> ParallelBeam:
    return ParallelBeam.build(SIZE, 420)


def disc(radius_mm: float, x_mm: float = 0.0, y_mm: float = 0.0) -> np.ndarray:
    axis = (np.arange(SIZE) - (SIZE - 1) / 2) * PIXEL_MM
    distance = np.hypot(axis[None, :] - x_mm, axis[:, None] - y_mm) - radius_mm
    return np.clip(0.5 - distance / PIXEL_MM, 0.0, 1.0).astype(np.float32)


WATER = 1000.0 * disc(80.0) - 1000.0


def image(fan: FanBeam, beam: ParallelBeam, readings: np.ndarray) -> np.ndarray:
    rays = fan.rebinned(readings, beam, PIXEL_MM)
    return filtered_back_projection(rays, beam, STANDARD, PIXEL_MM)


def noise(fan: FanBeam, beam: ParallelBeam, photons: float, seed: int) -> np.ndarray:
    """Return noise alone, HU, put in on the rays of the fan in a scan of water."""
    integrals = fan.project(attenuation(WATER), beam, PIXEL_MM)
    rng = np.random.default_rng(seed)
    noisy = measured(rng, integrals, Exposure(photons, 0.0), fan.offsets_mm())
    return image(fan, beam, noisy) - image(fan, beam, integrals)


@pytest.mark.parametrize("fan", [ARC, FLAT])
@pytest.mark.parametrize("view", [0, 100, 411, 700])
def test_a_point_is_seen_in_the_direction_in_which_it_lies_from_the_source(
    beam: ParallelBeam, fan: FanBeam, view: int
) -> None:
    x, y = 41.0, -56.0
    seen = fan.project(disc(3.0, x, y), beam, PIXEL_MM)[view]
    turn = 2.0 * np.pi * view / (2 * beam.views)
    source = fan.source_mm * np.array([np.sin(turn), -np.cos(turn)])
    ray, centre = np.array([x, y]) - source, -source
    angle = np.arctan2(ray[1] * centre[0] - ray[0] * centre[1], ray @ centre)
    found = np.sum(seen * fan.fan_angles()) / np.sum(seen)
    assert found == pytest.approx(-angle, abs=0.1 / fan.source_mm)


@pytest.mark.parametrize("fan", [ARC, FLAT])
def test_a_disc_is_seen_as_the_chords_of_its_rays(beam: ParallelBeam, fan: FanBeam) -> None:
    radius, x, y = 45.0, 20.0, -12.0
    view = 333
    seen = fan.project(disc(radius, x, y), beam, PIXEL_MM)[view]
    angle = 2.0 * np.pi * view / (2 * beam.views) - fan.fan_angles()
    away = np.abs(fan.offsets_mm() - (x * np.cos(angle) + y * np.sin(angle)))
    chords = 2.0 * np.sqrt(np.clip(radius**2 - away**2, 0.0, None))
    inside = away < 0.9 * radius
    assert inside.sum() > 50
    np.testing.assert_allclose(seen[inside], chords[inside], atol=0.8)
    assert np.abs(seen[away > 1.1 * radius]).max() < 1.0


def test_both_readings_of_a_ray_agree(beam: ParallelBeam) -> None:
    image_ = disc(45.0, 20.0, -12.0)
    parallel = beam.project(image_, PIXEL_MM)
    found = ARC.rebinned(ARC.project(image_, beam, PIXEL_MM), beam, PIXEL_MM)
    assert np.sqrt(np.mean((found - parallel) ** 2)) < 0.005 * parallel.max()


@pytest.mark.parametrize("fan", [ARC, FLAT])
def test_water_is_0_hu_in_the_middle_and_at_the_rim(beam: ParallelBeam, fan: FanBeam) -> None:
    found = image(fan, beam, fan.project(attenuation(WATER), beam, PIXEL_MM))
    rim = (disc(76.0) == 1.0) & (disc(68.0) == 0.0)
    assert found[disc(20.0) == 1.0].mean() == pytest.approx(0.0, abs=2.0)
    assert found[rim].mean() == pytest.approx(0.0, abs=2.0)
    assert np.abs(found[rim]).max() < 6.0
    assert found[8:30, 8:30].mean() == pytest.approx(-1000.0, abs=2.0)


@pytest.mark.parametrize("fan", [ARC, FLAT])
def test_the_image_is_that_of_parallel_beams(beam: ParallelBeam, fan: FanBeam) -> None:
    values = WATER + 60.0 * disc(6.0, 30.0, 10.0) + 800.0 * disc(4.0, -20.0, -35.0)
    per_mm = attenuation(values.astype(np.float32))
    parallel = filtered_back_projection(beam.project(per_mm, PIXEL_MM), beam, STANDARD, PIXEL_MM)
    difference = image(fan, beam, fan.project(per_mm, beam, PIXEL_MM)) - parallel
    assert np.sqrt(np.mean(difference[INSIDE] ** 2)) < 1.0


def test_noise_variance_is_one_over_the_dose(beam: ParallelBeam) -> None:
    variance = [
        np.mean([noise(ARC, beam, photons, seed)[INSIDE].var() for seed in (1, 2)])
        for photons in (8e4, 2e4)
    ]
    assert variance[1] / variance[0] == pytest.approx(4.0, rel=0.08)


@pytest.mark.parametrize("pitch_mm", [0.4, 0.8])
def test_the_same_photons_give_the_noise_of_parallel_beams(
    beam: ParallelBeam, pitch_mm: float
) -> None:
    fan = FanBeam(channels=round(310 / pitch_mm), pitch_mm=pitch_mm)
    photons = 4e4
    per_ray = photons * pitch_mm / PIXEL_MM / 2  # every ray of the fan is read twice
    middle = np.s_[SIZE // 2 - 30 : SIZE // 2 + 30, SIZE // 2 - 30 : SIZE // 2 + 30]
    found = np.mean([noise(fan, beam, per_ray, seed)[middle].var() for seed in range(4)])
    integrals = beam.project(attenuation(WATER), PIXEL_MM)
    clean = filtered_back_projection(integrals, beam, STANDARD, PIXEL_MM)
    expected = []
    for seed in range(4):
        rng = np.random.default_rng(50 + seed)
        rays = measured(rng, integrals, Exposure(photons, 0.0), beam.offsets() * PIXEL_MM)
        expected.append(
            (filtered_back_projection(rays, beam, STANDARD, PIXEL_MM) - clean)[middle].var()
        )
    assert found / np.mean(expected) == pytest.approx(1.0, abs=0.12)


def test_noise_has_the_grain_of_the_kernel(beam: ParallelBeam) -> None:
    stack = np.stack([noise(ARC, beam, 5e4, seed)[INSIDE] for seed in range(3)])
    found = estimate_noise(stack, (PIXEL_MM, PIXEL_MM))
    assert found is not None
    expected = noise_mean_frequency(STANDARD, PIXEL_MM)
    assert found.mean_frequency_per_mm == pytest.approx(expected, rel=0.08)


def test_what_lies_outside_the_fan_is_not_seen(beam: ParallelBeam) -> None:
    narrow = FanBeam(channels=100)
    seen = narrow.project(disc(5.0, 80.0, 0.0), beam, PIXEL_MM)
    assert np.abs(seen[0]).max() < 0.2
    assert seen[beam.views // 2].max() > 4.0
