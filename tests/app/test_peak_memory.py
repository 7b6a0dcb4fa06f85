"""Peak memory: of a child of its own, larger for more slices, unknown when the child dies."""

import math

from viewer.app.peak_memory import own_peak_mib, peak_memory_mib


def test_more_slices_take_more_memory() -> None:
    few, many = (peak_memory_mib((count, 256, 256), "gaussian") for count in (2, 200))
    assert 20 < few < many
    assert many - few > 20  # 198 slices of 128 kB, and what is in work


def test_a_method_that_is_not_there_has_no_figure() -> None:
    assert math.isnan(peak_memory_mib((2, 64, 64), "nobody"))


def test_this_process_has_a_peak() -> None:
    assert own_peak_mib() > 20
