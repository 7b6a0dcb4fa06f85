"""Parallel imaging multiplies noise as the geometry of the coils says."""

import numpy as np
import pytest

from viewer.simulation.coils import g_factor, sensitivities


def test_each_coil_sees_best_what_is_near_it() -> None:
    maps = np.abs(sensitivities(4, 64, 64))
    right, below = maps[0], maps[1]
    assert right[32, 63] > 4.0 * right[32, 0]
    assert below[63, 32] > 4.0 * below[0, 32]


def test_an_image_that_is_not_sped_up_has_no_penalty() -> None:
    np.testing.assert_allclose(g_factor(sensitivities(8, 32, 32), 1), 1.0, atol=1e-4)


def test_more_speed_costs_more_and_more_coils_less() -> None:
    means = {
        (coils, speed): float(g_factor(sensitivities(coils, 48, 48), speed).mean())
        for coils, speed in ((8, 2), (8, 4), (16, 4))
    }
    assert 1.0 < means[8, 2] < 1.5
    assert means[8, 2] < means[16, 4] < means[8, 4] < 6.0


def test_unfolded_noise_has_the_stated_strength() -> None:
    rng = np.random.default_rng(1)
    maps, speed, draws = sensitivities(6, 24, 24), 3, 3000
    stated = g_factor(maps, speed)
    place = (5, 7)
    encoding = maps.reshape(6, speed, 8, 24)[:, :, place[0], place[1]]
    noise = rng.normal(size=(6, draws, 2)) @ np.array([1.0, 1j])
    unfolded = np.linalg.pinv(encoding) @ noise
    full = np.sqrt(1.0 / np.sum(np.abs(encoding) ** 2, axis=0))
    found = unfolded.std(axis=1) / (np.sqrt(2.0) * full)
    np.testing.assert_allclose(found, stated[place[0] :: 8, place[1]], rtol=0.06)


@pytest.mark.parametrize(("rows", "speed"), [(33, 2), (32, 8)])
def test_what_cannot_be_unfolded_is_refused(rows: int, speed: int) -> None:
    with pytest.raises(ValueError, match="cannot be sped up"):
        g_factor(sensitivities(4, rows, 16), speed)
