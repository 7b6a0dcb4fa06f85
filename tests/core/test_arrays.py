"""Helpers of arrays: the median, read-only views, owners."""

import numpy as np
import pytest

from viewer.core.arrays import median, owner, read_only


@pytest.mark.parametrize("count", [1, 2, 3, 10, 11])
def test_the_median_is_that_of_numpy(count: int) -> None:
    values = np.random.default_rng(count).normal(size=count)
    assert median(values) == np.median(values)


def test_a_read_only_view_leaves_the_array_writable() -> None:
    array = np.zeros(3)
    view = read_only(array)
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1
    array[0] = 1
    assert view[0] == 1
    assert owner(view) is array
