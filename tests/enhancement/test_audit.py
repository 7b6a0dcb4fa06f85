"""The audit tells a residual of noise from one that holds edges."""

import numpy as np
import pytest

from tests.enhancement.scenes import ct_noise, noisy_volume, source_of
from viewer.enhancement.audit import audit
from viewer.enhancement.filters import FilterProcessor, filter_methods
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
