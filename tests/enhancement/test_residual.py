"""Residuals survive their 16-bit steps, blend without wrapping, and are found again by content."""

import numpy as np
import pytest

from viewer.enhancement.filters import filter_methods
from viewer.enhancement.residual import (
    Residual,
    ResidualBuffer,
    ResidualCache,
    blended,
    residual_key,
    residual_step,
    source_key,
)

GAUSSIAN, BILATERAL = filter_methods()[:2]


def stored(values, step=0.125):
    buffer = ResidualBuffer(values.shape, step)
    buffer.write(range(len(values)), values.astype(np.float32))
    return buffer.published("a test")


def test_a_residual_comes_back_within_half_a_step():
    values = np.random.default_rng(0).normal(0, 50, (3, 20, 20))
    residual = stored(values)
    assert np.abs(residual.in_units(1) - values[1]).max() <= 0.0625 + 1e-6
    assert residual.is_complete


def test_only_written_slices_are_marked_and_earlier_marks_do_not_change():
    buffer = ResidualBuffer((3, 4, 4), 0.125)
    before = buffer.published("a test")
    buffer.write((1,), np.ones((1, 4, 4), dtype=np.float32))
    assert before.loaded.tolist() == [False, False, False]
    assert buffer.published("a test").loaded.tolist() == [False, True, False]


def test_a_residual_is_read_only():
    with pytest.raises(ValueError, match="read-only"):
        stored(np.zeros((1, 4, 4))).values[0, 0, 0] = 1


@pytest.mark.parametrize(
    ("low", "high", "kind", "step"),
    [
        (-1024, 3071, np.int16, 0.125),
        (-32768, 32767, np.int16, 2.0),
        (0, 0, np.int16, 0.125),
        (0.0, 30.0, np.float32, 2.0**-10),
    ],
)
def test_the_step_holds_any_difference_of_two_values(low, high, kind, step):
    found = residual_step((low, high), is_integer=kind is np.int16)
    assert found == step
    assert (high - low) / found <= 32767 * 1.01


def test_blending_rounds_integers_and_clips_instead_of_wrapping():
    values = np.array([[[32760, -32760, 100, 101]]], dtype=np.int16)
    steps = np.array([[[800, -800, 12, 12]]], dtype=np.int16)
    np.testing.assert_array_equal(blended(values, steps, 0.125, 1.0), [[[32767, -32768, 102, 102]]])


def test_blend_nought_changes_nothing_and_floats_are_not_rounded():
    values = np.array([[0.5, 1.25]], dtype=np.float32)
    steps = np.array([[8, 8]], dtype=np.int16)
    np.testing.assert_array_equal(blended(values, steps, 0.125, 0.0), values)
    np.testing.assert_allclose(blended(values, steps, 0.125, 0.25), values + 0.25)


def test_a_plane_blends_like_the_volume_it_comes_from():
    rng = np.random.default_rng(1)
    values = rng.integers(-1000, 1000, (3, 9, 9)).astype(np.int16)
    steps = rng.integers(-400, 400, (3, 9, 9)).astype(np.int16)
    whole = blended(values, steps, 0.125, 0.4)
    np.testing.assert_array_equal(blended(values[1], steps[1], 0.125, 0.4), whole[1])


def test_keys_differ_by_pixels_identity_method_and_parameters():
    values = np.zeros((2, 16, 16), dtype=np.int16)
    other = values.copy()
    other[1, 8, 3] = 1
    first = source_key(values, ("1", "2"))
    assert first == source_key(values.copy(), ("1", "2"))
    assert len({first, source_key(other, ("1", "2")), source_key(values, ("1", "3"))}) == 3
    keys = {
        residual_key(first, GAUSSIAN, (("sigma_mm", 1.0),)),
        residual_key(first, GAUSSIAN, (("sigma_mm", 1.5),)),
        residual_key(first, BILATERAL, (("sigma_mm", 1.0),)),
    }
    assert len(keys) == 3


def test_the_least_recently_used_residual_goes_first():
    cache = ResidualCache(budget_bytes=2 * 32)
    for name in "ab":
        cache.keep(name, stored(np.zeros((1, 4, 4))))
    assert cache.find("a") is not None
    cache.keep("c", stored(np.zeros((1, 4, 4))))
    assert cache.find("b") is None
    assert cache.find("a") is not None
    assert cache.used_bytes == 64


def test_incomplete_and_too_large_residuals_are_not_kept():
    cache = ResidualCache(budget_bytes=32)
    cache.keep("part", Residual(np.zeros((1, 4, 4), np.int16), 0.125, np.zeros(1, np.bool_)))
    cache.keep("large", stored(np.zeros((2, 4, 4))))
    assert cache.find("part") is None
    assert cache.find("large") is None
