"""Peak memory: of a child of its own, larger for more slices, unknown when the child dies."""

import math
from pathlib import Path

from tests.enhancement import toys
from viewer.app.cataloguing import add_model
from viewer.app.peak_memory import own_peak_mib, peak_memory_mib


def test_more_slices_take_more_memory() -> None:
    few, many = (peak_memory_mib((count, 256, 256), "gaussian") for count in (2, 200))
    assert 20 < few < many
    assert many - few > 20  # 198 slices of 128 kB, and what is in work


def test_a_method_that_is_not_there_has_no_figure() -> None:
    assert math.isnan(peak_memory_mib((2, 64, 64), "nobody"))


def test_an_added_model_is_measured_in_the_process_that_it_is_confined_to(tmp_path: Path) -> None:
    add_model(toys.write_toy(tmp_path, toys.honest()))
    filter_alone, confined = (peak_memory_mib((2, 64, 64), one) for one in ("gaussian", "toy"))
    assert confined - filter_alone > 30  # a second interpreter with numpy and ONNX Runtime in it


def test_this_process_has_a_peak() -> None:
    assert own_peak_mib() > 20
