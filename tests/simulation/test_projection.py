"""Projections are line integrals and the detector's noise follows the counts."""

import numpy as np
import pytest

from viewer.simulation.projection import (
    WATER_PER_MM,
    Exposure,
    ParallelBeam,
    attenuation,
    hounsfield,
    measured,
)

PIXEL_MM = 1.0


@pytest.fixture(scope="module")
def beam() -> ParallelBeam:
    return ParallelBeam.build(192, 120)


def disc(beam: ParallelBeam, radius_mm: float, x_mm: float, y_mm: float) -> np.ndarray:
    axis = (np.arange(beam.size) - (beam.size - 1) / 2) * PIXEL_MM
    distance = np.hypot(axis[None, :] - x_mm, axis[:, None] - y_mm) - radius_mm
    return np.clip(0.5 - distance / PIXEL_MM, 0.0, 1.0).astype(np.float32)


def test_hounsfield_units_and_attenuation_are_inverse() -> None:
    values = np.array([-1000.0, -100.0, 0.0, 40.0, 900.0], np.float32)
    np.testing.assert_allclose(hounsfield(attenuation(values)), values, atol=0.1)
    assert attenuation(np.float32([0.0])) == pytest.approx(WATER_PER_MM)


@pytest.mark.parametrize("view", [0, 30, 60, 101])
def test_a_disc_projects_to_its_chords(beam: ParallelBeam, view: int) -> None:
    radius, x, y = 50.0, 12.0, -20.0
    found = beam.project(disc(beam, radius, x, y), PIXEL_MM)[view]
    angle = np.pi * view / beam.views
    offsets = beam.offsets() * PIXEL_MM - (x * np.cos(angle) + y * np.sin(angle))
    chords = 2.0 * np.sqrt(np.clip(radius**2 - offsets**2, 0.0, None))
    inside = np.abs(offsets) < 0.9 * radius
    np.testing.assert_allclose(found[inside], chords[inside], atol=0.8)
    assert np.abs(found[np.abs(offsets) > 1.1 * radius]).max() < 1.0


def test_every_view_sees_the_same_mass(beam: ParallelBeam) -> None:
    image = disc(beam, 30.0, 25.0, 10.0) + 0.3 * disc(beam, 8.0, -40.0, -30.0)
    mass = beam.project(image, PIXEL_MM).sum(axis=1) * PIXEL_MM
    np.testing.assert_allclose(mass, image.sum() * PIXEL_MM**2, rtol=1e-3)


def test_backprojection_is_the_adjoint_of_projection(beam: ParallelBeam) -> None:
    rng = np.random.default_rng(4)
    image = disc(beam, 40.0, 5.0, 0.0)
    rays = rng.normal(size=(beam.views, beam.detectors)).astype(np.float32)
    forward = float(np.sum(beam.project(image, PIXEL_MM) * rays))
    back = float(np.sum(image * beam.backproject(rays))) * beam.views / np.pi
    assert forward == pytest.approx(back, rel=2e-3)


@pytest.mark.parametrize("dose", [1.0, 0.25])
def test_variance_of_a_line_integral_is_one_over_the_counts(
    beam: ParallelBeam, dose: float
) -> None:
    exposure = Exposure(2e4, 0.0, np.inf).at_dose(dose)
    integrals = np.full((400, beam.detectors), 1.5, np.float32)
    found = measured(np.random.default_rng(5), integrals, exposure, beam.offsets())
    counts = 2e4 * dose * np.exp(-1.5)
    assert found.var() == pytest.approx(1.0 / counts, rel=0.03)
    assert found.mean() == pytest.approx(1.5, abs=2e-3)


def test_electronic_noise_matters_where_light_is_scarce(beam: ParallelBeam) -> None:
    integrals = np.full((200, beam.detectors), 6.0, np.float32)
    quiet = measured(np.random.default_rng(6), integrals, Exposure(1e5, 0.0), beam.offsets())
    loud = measured(np.random.default_rng(6), integrals, Exposure(1e5, 20.0), beam.offsets())
    assert loud.var() > 1.5 * quiet.var()


def test_bow_tie_dims_the_edge_of_the_field() -> None:
    incident = Exposure(1e5, bow_tie_mm=200.0).incident(np.float32([0.0, 100.0, 180.0]))
    assert incident[0] == pytest.approx(1e5)
    assert incident[0] > incident[1] > incident[2] > 0.0
