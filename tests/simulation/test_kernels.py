"""Kernels have the response that they state."""

import numpy as np
import pytest

from viewer.simulation.kernels import LUNG, SOFT, STANDARD, Kernel, noise_mean_frequency


@pytest.mark.parametrize("order", [1.6, 2.0, 3.5])
def test_response_is_one_at_zero_and_half_at_the_half_frequency(order: float) -> None:
    kernel = Kernel(0.4, order=order)
    assert kernel.response([0.0, 0.4]) == pytest.approx([1.0, 0.5])


def test_boost_lifts_the_middle_frequencies_only() -> None:
    plain, boosted = Kernel(0.6, order=3.0), Kernel(0.6, 0.5, 3.0)
    gain = boosted.response([0.0, 0.36, 1.2]) / plain.response([0.0, 0.36, 1.2])
    assert gain[0] == pytest.approx(1.0)
    assert 1.3 < gain[1] < 1.6
    assert gain[2] < 1.05


def test_sharper_kernels_have_finer_noise() -> None:
    found = [noise_mean_frequency(kernel, 0.7) for kernel in (SOFT, STANDARD, LUNG)]
    assert found == sorted(found)
    assert found[0] < 0.8 * found[2]


def test_mean_frequency_of_a_gaussian_kernel_has_its_closed_form() -> None:
    # sum f^2 exp(-a f^2) / sum f exp(-a f^2) = sqrt(pi / a) / 2 with a = 2 ln 2 / half^2
    half = 0.3
    expected = 0.5 * np.sqrt(np.pi / (2.0 * np.log(2.0))) * half
    assert noise_mean_frequency(Kernel(half), 0.4) == pytest.approx(expected, rel=0.01)
