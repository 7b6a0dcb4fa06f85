"""The audit tells a residual of noise from one that holds edges."""

import numpy as np
import pytest

from tests.enhancement.scenes import ct_noise, noisy_volume, source_of
from viewer.enhancement.audit import audit
from viewer.enhancement.filters import FilterProcessor, filter_methods
from viewer.enhancement.method import SourceSlices
from viewer.enhancement.noise_models import COUNTS, LEVELS
from viewer.enhancement.residual import ResidualBuffer

GAUSSIAN = filter_methods()[0]


def stored(values):
    buffer = ResidualBuffer(values.shape, 0.125)
    buffer.write(range(len(values)), values.astype(np.float32))
    return buffer.published("a test")


def test_a_residual_of_noise_has_little_structure_and_one_with_edges_has_much():
    volume, _ = noisy_volume(3)
    source = source_of(volume)
    noise = audit(source, stored(-ct_noise(volume.values.shape, 15.0, seed=9)))
    blur = FilterProcessor(GAUSSIAN, source, GAUSSIAN.settings())
    edges = audit(source, stored(blur.residuals((0, 1, 2))))
    assert abs(noise.structure) < 0.1
    assert edges.structure > 0.3
    assert noise.sd == pytest.approx(15.0, rel=0.05)
    assert edges.largest > 200.0


def test_a_residual_that_changes_nothing_has_no_figures():
    volume, _ = noisy_volume(2)
    found = audit(source_of(volume), stored(np.zeros(volume.values.shape)))
    assert (found.structure, found.sd, found.largest) == (0.0, 0.0, 0.0)


def mr_slices(share_of_air: float) -> SourceSlices:
    """Return tissue with edges, its noise, and quiet air around it, without a fixed scale."""
    rng = np.random.default_rng(4)
    image = np.zeros((3, 192, 192), np.float32)
    edge = round(192 * share_of_air / 2)
    inner = np.s_[:, edge : 192 - edge, edge : 192 - edge]
    image[inner] = 100.0
    image[:, 80:110, 80:110] = 140.0
    sd = np.where(image > 0, 6.0, 1.5)
    noisy = (image + sd * rng.standard_normal(image.shape)).astype(np.float32)
    return SourceSlices(
        values=noisy,
        spacing_mm=(3.0, 1.0, 1.0),
        noise_sd=np.full(3, 6.0, np.float32),
        noise_frequency_per_mm=0.3,
        unit="stored",
    )


@pytest.mark.parametrize("share_of_air", [0.1, 0.5])
def test_quiet_air_around_a_patient_is_no_structure(share_of_air):
    source = mr_slices(share_of_air)
    rng = np.random.default_rng(5)
    local = np.where(source.values > 50, 6.0, 1.5)
    taken = stored(-0.7 * local * rng.standard_normal(source.values.shape))
    assert abs(audit(source, taken).structure) < 0.1


def test_noise_that_follows_the_signal_is_no_structure():
    rng = np.random.default_rng(6)
    levels = np.repeat(np.linspace(50.0, 400.0, 8, dtype=np.float32), 24)
    image = np.broadcast_to(levels, (1, 192, 192))
    sd = np.sqrt(image)
    noisy = (image + sd * rng.standard_normal(image.shape)).astype(np.float32)
    source = SourceSlices(noisy, (3.0, 2.0, 2.0), np.full(1, 14.0, np.float32), 0.2, unit="BQML")
    taken = stored(-0.7 * sd * rng.standard_normal(image.shape))
    plain, counted, by_level = (
        abs(audit(source, taken, model).structure) for model in ("", COUNTS, LEVELS)
    )
    assert max(counted, by_level) < 0.12
    assert plain > 2 * max(counted, by_level)


def test_a_saturated_part_of_a_radiograph_is_no_structure():
    rng = np.random.default_rng(7)
    image = np.full((1, 256, 256), 800.0, np.float32)
    image[:, :, 100:140] = 1200.0
    noisy = image + 20 * rng.standard_normal(image.shape)
    noisy[:, :, 180:] = 4095.0
    taken = -14 * rng.standard_normal(image.shape)
    taken[:, :, 180:] = 0.5
    source = SourceSlices(
        noisy.astype(np.float32), (1.0, 0.2, 0.2), np.full(1, 20.0, np.float32), 2.5, unit="stored"
    )
    assert abs(audit(source, stored(taken), LEVELS).structure) < 0.12
    assert audit(source, stored(taken)).structure > 0.3
