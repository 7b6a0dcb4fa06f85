"""Training patches carry noise of the stated strength and survive storage."""

import numpy as np
import pytest

from viewer.simulation.fan import FanBeam
from viewer.simulation.kernels import STANDARD
from viewer.simulation.patches import (
    FIXED_POINT,
    STACK,
    VIEWS,
    PatchSet,
    local_sd,
    make_patches,
    scanned,
)
from viewer.simulation.phantom import Region
from viewer.simulation.projection import ParallelBeam


@pytest.fixture(scope="module")
def projected() -> PatchSet:
    beam = ParallelBeam.build(STACK, VIEWS)
    return make_patches(np.random.default_rng(4), beam, 6, Region.ABDOMEN)


def test_projected_noise_has_the_stated_local_sd(projected: PatchSet) -> None:
    noise = projected.noise.astype(np.float64)
    stated = projected.sd.astype(np.float64)[:, None]
    assert (noise / stated).std() == pytest.approx(1.0, rel=0.1)
    assert 1.0 < stated.mean() < 110.0
    assert abs(noise.mean()) < 0.2 * stated.mean()


def test_clean_patches_are_anatomy_in_hu(projected: PatchSet) -> None:
    clean = projected.clean / FIXED_POINT
    assert -1400.0 < clean.min() < clean.max() < 4100.0
    assert np.mean(clean > -930.0) > 0.5


def test_fast_patches_leave_the_noise_to_be_made_later() -> None:
    found = make_patches(np.random.default_rng(4), None, 3, Region.HEAD)
    assert not found.noise.any()
    assert not found.projected.any()
    assert 0.3 < found.sd.mean() < 3.0
    assert ((found.frequency > 0.05) & (found.frequency < 0.45)).all()


def test_local_sd_finds_a_step_in_strength() -> None:
    noise = np.random.default_rng(1).normal(size=(5, 128, 128)).astype(np.float32)
    noise[:, :, 64:] *= 3.0
    found = local_sd(noise)
    assert found[64, 16] == pytest.approx(1.0, rel=0.1)
    assert found[64, 112] == pytest.approx(3.0, rel=0.1)


def test_a_fan_beam_scan_has_the_noise_asked_for_and_the_truth_of_a_parallel_one() -> None:
    axis = np.arange(256) - 127.5
    values = np.where(np.hypot(axis[None], axis[:, None]) < 100, 40.0, -1000.0)[None]
    beam, fan = ParallelBeam.build(256, 420), FanBeam(channels=512)
    rng = np.random.default_rng(2)
    clean, noise = scanned(rng, values, beam, STANDARD, 0.8, 0.0, 20.0, fan)
    expected, other = scanned(rng, values, beam, STANDARD, 0.8, 0.0, 20.0)
    inside = np.s_[0, 70:186, 70:186]
    assert np.sqrt(np.mean((clean - expected)[inside] ** 2)) < 1.0
    assert noise[inside].std() == pytest.approx(other[inside].std(), rel=0.15)
