"""Windows against the standard's formulas, with pydicom as an independent opinion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.pixels import apply_voi, apply_windowing
from skimage.color import rgb2lab

from viewer.core.errors import InvalidWindow
from viewer.core.windowing import (
    COLOUR_MAPS,
    LookupTable,
    Window,
    WindowFunction,
    apply_window,
    auto_window,
    colour_table,
    dragged,
    grey_fraction,
    scaled,
    window_between,
    window_table,
)

centres = st.floats(-2000, 3000)
widths = st.floats(1.5, 4000)
functions = st.sampled_from(
    [WindowFunction.LINEAR, WindowFunction.LINEAR_EXACT, WindowFunction.SIGMOID]
)


def eight_bit(window: Window) -> Dataset:
    """Return a dataset whose windowed range pydicom takes as 0 to 255."""
    dataset = Dataset()
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsStored = 8
    dataset.PixelRepresentation = 0
    dataset.WindowCenter = window.centre
    dataset.WindowWidth = window.width
    dataset.VOILUTFunction = window.function.value
    return dataset


@given(centre=centres, width=widths, function=functions)
def test_grey_levels_agree_with_pydicom(
    centre: float, width: float, function: WindowFunction
) -> None:
    window = Window(centre, width, function)
    values = np.linspace(centre - 2 * width, centre + 2 * width, 301)
    dataset = eight_bit(window)
    wanted = apply_windowing(values, dataset)
    slack = 1e-9 + 1e-12 * abs(centre) * 255 / (width - 0.999)
    assert np.abs(grey_fraction(window, values) * 255 - wanted).max() <= 1e-6 + slack


def test_rule_12_linear_window_uses_centre_minus_half_and_width_minus_one() -> None:
    # PS3.3 C.11.2.1.2.1: for c = 2048, w = 4096 the whole of 12 bits is shown unchanged.
    table = window_table(Window(2048, 4096), 0, 4095)
    assert table[0] == 0
    assert table[4095] == 255
    assert np.array_equal(table, np.rint(np.arange(4096) / 4095 * 255).astype(np.uint8))


def test_linear_window_of_width_one_is_a_threshold() -> None:
    # PS3.3 C.11.2.1.2.1, note: c = 0, w = 1: below 0 is black, 0 and above white.
    assert window_table(Window(0, 1), -2, 2).tolist() == [0, 0, 255, 255, 255]


def test_rule_12_exact_window_reaches_black_and_white_at_its_ends() -> None:
    window = Window(100, 50, WindowFunction.LINEAR_EXACT)
    found = grey_fraction(window, np.asarray([75.0, 100.0, 125.0, 74.0, 126.0]))
    assert found.tolist() == [0.0, 0.5, 1.0, 0.0, 1.0]


def test_rule_12_sigmoid_window_reaches_half_at_centre() -> None:
    window = Window(40, 400, WindowFunction.SIGMOID)
    found = grey_fraction(window, np.asarray([40.0, 140.0, -1e9, 1e9]))
    assert found == pytest.approx([0.5, 1 / (1 + np.exp(-1)), 0.0, 1.0])


@given(window=st.builds(Window, centres, widths, functions), factor=st.floats(1e-5, 1e3))
def test_a_scaled_window_shows_scaled_values_as_before(window: Window, factor: float) -> None:
    low, high = window.range
    values = np.linspace(low - 1, high + 1, 101)
    found = grey_fraction(scaled(window, factor), values * factor)
    slack = 1e-9 + 1e-12 * abs(window.centre) / (window.width - 0.999)
    np.testing.assert_allclose(found, grey_fraction(window, values), atol=slack)


def test_a_table_is_extended_at_both_ends() -> None:
    window = Window(
        0, 1, WindowFunction.TABLE, "", LookupTable(first=-1.0, levels=bytes([10, 20, 200]))
    )
    assert window_table(window, -4, 3).tolist() == [10, 10, 10, 10, 20, 200, 200, 200]


def test_a_table_agrees_with_pydicom() -> None:
    levels = np.linspace(0, 255, 64).astype(np.uint8)[::-1]
    lut = Dataset()
    lut.LUTDescriptor = [64, 100, 8]
    lut.LUTData = levels.astype(np.uint16).tolist()
    dataset = eight_bit(Window(1, 1))
    dataset.VOILUTSequence = [lut]
    values = np.arange(60, 200, dtype=np.uint16)
    window = Window(0, 1, WindowFunction.TABLE, "", LookupTable(100.0, levels.tobytes()))
    assert np.array_equal(apply_window(values, window), apply_voi(values, dataset))


@given(
    window=st.builds(Window, centres, widths, functions),
    kind=st.sampled_from([np.int8, np.uint8, np.int16, np.uint16, np.int32, np.float32]),
)
def test_every_type_of_value_gets_the_same_grey(window: Window, kind: type) -> None:
    limits = np.iinfo(kind) if np.dtype(kind).kind in "iu" else None
    low, high = (-3000, 4000) if limits is None else (limits.min, limits.max)
    values = np.linspace(max(low, -3000), min(high, 4000), 200).astype(kind).reshape(10, 20)
    wanted = np.rint(grey_fraction(window, values) * 255)
    found = apply_window(values, window)
    assert found.dtype == np.uint8
    assert found.shape == (10, 20)
    assert np.abs(found - wanted).max() <= (1 if kind is np.float32 else 0)


@given(window=st.builds(Window, centres, widths, functions))
def test_brighter_values_are_never_darker(window: Window) -> None:
    assert (np.diff(window_table(window, -3000, 4000).astype(int)) >= 0).all()


@pytest.mark.parametrize("function", [WindowFunction.LINEAR, WindowFunction.SIGMOID])
def test_what_is_not_a_number_is_black(function: WindowFunction) -> None:
    values = np.asarray([np.nan, 1e6], dtype=np.float32)
    assert apply_window(values, Window(0, 100, function)).tolist() == [0, 255]


@pytest.mark.parametrize(
    ("width", "function"),
    [
        (0.5, WindowFunction.LINEAR),
        (0.0, WindowFunction.LINEAR_EXACT),
        (-3.0, WindowFunction.SIGMOID),
        (float("nan"), WindowFunction.LINEAR),
    ],
)
def test_widths_that_the_standard_forbids_are_refused(
    width: float, function: WindowFunction
) -> None:
    with pytest.raises(InvalidWindow):
        Window(0, width, function)


def test_a_narrow_exact_window_is_allowed() -> None:
    assert Window(0.5, 0.25, WindowFunction.LINEAR_EXACT).range == (0.375, 0.625)


@given(low=st.floats(-1e4, 1e4), size=st.floats(1e-3, 1e4))
def test_a_window_between_two_values_runs_from_one_to_the_other(low: float, size: float) -> None:
    window = window_between(low, low + size)
    ends = grey_fraction(window, np.asarray([low, low + size / 2, low + size]))
    assert ends == pytest.approx([0.0, 0.5, 1.0], abs=1e-6)


def test_auto_window_runs_from_percentile_to_percentile() -> None:
    values = np.arange(10_001, dtype=np.int16).reshape(73, 137)
    low, high = auto_window(values).range
    assert low == pytest.approx(100, abs=1)
    assert high == pytest.approx(9900, abs=1)


def test_rule_15_auto_window_leaves_padding_out() -> None:
    values = np.asarray([[-2000] * 50 + [10] * 25 + [20] * 25], dtype=np.int16)
    assert auto_window(values, values > -2000).range == (10.0, 20.0)


def test_auto_window_of_a_large_volume_sees_every_column() -> None:
    # 391 slices of 512 x 512 in about 200,000 steps would be one step a row.
    values = np.zeros((391, 512, 512), dtype=np.uint8)
    values[:, :, 256:] = 100
    assert auto_window(values).range == (0.0, 100.0)


@pytest.mark.parametrize("value", [0, -1024, 7])
def test_auto_window_of_a_constant_image_is_narrow_around_it(value: int) -> None:
    window = auto_window(np.full((5, 5), value, dtype=np.int16))
    assert (window.centre, window.width) == (value, 1.0)


def test_auto_window_of_nothing_is_a_window_all_the_same() -> None:
    values = np.zeros((5, 5), dtype=np.int16)
    assert auto_window(values, np.zeros((5, 5), dtype=np.bool_)).width == 1.0
    assert auto_window(np.full((2, 2), np.nan, dtype=np.float32)).width == 1.0


def test_dragging_right_widens_and_dragging_down_raises_the_level() -> None:
    window = dragged(Window(40, 400, name="soft tissue"), 100, 50, span=2000)
    assert (window.centre, window.width) == (140.0, 600.0)
    assert window.function is WindowFunction.LINEAR


@given(right=st.floats(-1e5, 1e5), function=functions)
def test_dragging_never_makes_a_window_that_is_not_allowed(
    right: float, function: WindowFunction
) -> None:
    assert dragged(Window(40, 400, function), right, 0, span=500).width > 0


def test_dragging_a_table_gives_a_ramp() -> None:
    table = Window(40, 400, WindowFunction.TABLE, "", LookupTable(0.0, bytes([0, 255])))
    assert dragged(table, 10, 0, span=1000).function is WindowFunction.LINEAR_EXACT


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_colour_maps_start_dark_and_end_bright(name: str) -> None:
    table = colour_table(name).astype(int)
    assert table.shape == (256, 3)
    assert table[0].sum() < 150
    assert table[255].sum() > table[0].sum()


def test_the_residual_map_is_signed_and_black_at_the_centre() -> None:
    table = colour_table("residual").astype(int)
    assert table[127:129].max() <= 2
    assert table[40, 2] > table[40, 0]
    assert table[215, 0] > table[215, 2]


def test_equal_steps_of_the_spread_map_are_equal_steps_of_lightness() -> None:
    lightness = rgb2lab(colour_table("spread")[None] / 255.0)[0, :, 0]
    steps = np.diff(lightness[::15])
    assert (steps > 0).all()
    assert steps.max() < 2 * steps.min()
