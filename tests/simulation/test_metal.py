"""Tissue stays true through a spectrum of energies, and metal leaves its streaks."""

import numpy as np
import pytest

from viewer.simulation.kernels import STANDARD, FloatArray
from viewer.simulation.metal import IRON, TITANIUM, Spectrum, calmed, metal_image
from viewer.simulation.projection import Exposure, ParallelBeam

PIXEL_MM = 0.8
SIZE = 256
PLENTY = Exposure(1e10, 0.0, np.inf)
AXIS = (np.arange(SIZE) - (SIZE - 1) / 2) * PIXEL_MM
BETWEEN = np.s_[124:132, 116:140]
BESIDE = np.s_[80:96, 116:140]


@pytest.fixture(scope="module")
def beam() -> ParallelBeam:
    return ParallelBeam.build(SIZE, 420)


def water(rod_hu: float = 0.0) -> FloatArray:
    """Return a cylinder of water, with two rods side by side."""
    values = np.where(np.hypot(AXIS[None], AXIS[:, None]) < 80.0, 0.0, -1000.0)
    for x in (-35.0, 35.0):
        values[np.hypot(AXIS[None] - x, AXIS[:, None]) < 6.0] = rod_hu
    return values.astype(np.float32)


def image(
    beam: ParallelBeam, values: FloatArray, exposure: Exposure, spectrum: Spectrum
) -> FloatArray:
    rng = np.random.default_rng(1)
    return metal_image(rng, values, beam, STANDARD, PIXEL_MM, exposure, spectrum)


def test_a_spectrum_hardens_on_its_way_through_water() -> None:
    spectrum = Spectrum.through(TITANIUM)
    thin, thick = spectrum.hardened(np.float32([0.01])), spectrum.hardened(np.float32([8.0]))
    assert thin[0] / 0.01 == pytest.approx(1.0, abs=0.002)
    assert thick[0] / 8.0 < 0.99
    back = spectrum.water_corrected(spectrum.hardened(np.float32([0.5, 3.0, 8.0])))
    np.testing.assert_allclose(back, [0.5, 3.0, 8.0], rtol=1e-3)


def test_metal_hardens_more_than_water_and_iron_more_than_titanium() -> None:
    weakened = [
        float(Spectrum.through(metal).hardened(np.float32([0.0]), np.float32([4.0]))[0])
        for metal in (IRON, TITANIUM)
    ]
    water_alone = float(Spectrum.through().hardened(np.float32([4.0]))[0])
    assert weakened[0] < weakened[1] < water_alone


def test_water_is_0_hu_through_the_whole_spectrum(beam: ParallelBeam) -> None:
    found = image(beam, water(), PLENTY, Spectrum.through())
    assert found[BETWEEN].mean() == pytest.approx(0.0, abs=2.0)
    assert found[56:64, 116:140].mean() == pytest.approx(0.0, abs=2.0)


def test_the_band_between_two_implants_is_dark(beam: ParallelBeam) -> None:
    found = image(beam, water(12_000.0), PLENTY, Spectrum.through())
    assert found[BETWEEN].mean() < -40.0
    assert found[BETWEEN].mean() < found[BESIDE].mean() - 40.0
    single = Spectrum(*(np.ones(1, np.float32) for _ in range(3)))
    without = image(beam, water(12_000.0), PLENTY, single)
    assert abs(without[BETWEEN].mean()) < 0.25 * abs(found[BETWEEN].mean())


def test_starved_rays_leave_streaks_along_the_metal(beam: ParallelBeam) -> None:
    spectrum, values = Spectrum.through(), water(12_000.0)
    noise = image(beam, values, Exposure(1e5, 8.0), spectrum) - image(
        beam, values, PLENTY, spectrum
    )
    plain = image(beam, water(), Exposure(1e5, 8.0), spectrum) - image(
        beam, water(), PLENTY, spectrum
    )
    along = [
        one[where].mean(axis=1).std()
        for one, where in ((noise, BETWEEN), (plain, BETWEEN), (noise, BESIDE))
    ]
    assert along[0] > 2.5 * along[1]
    assert along[0] > 2.5 * along[2]


def test_only_starved_readings_are_smoothed() -> None:
    rng = np.random.default_rng(2)
    incident = np.full(200, 1e5, np.float32)
    many = rng.normal(2.0, 0.01, (60, 200)).astype(np.float32)
    np.testing.assert_allclose(calmed(many, incident), many, atol=1e-5)
    few = -np.log(np.maximum(rng.poisson(5.0, (60, 200)), 1) / 1e5).astype(np.float32)
    assert calmed(few, incident).std() < 0.5 * few.std()
