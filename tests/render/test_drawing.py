"""From values to pixels: window, polarity, colours, and black where nothing was acquired."""

import numpy as np
import pytest

from viewer.core.windowing import Window, WindowFunction, apply_window, colour_table
from viewer.render.drawing import OPACITY, draw, draw_over, draw_residual, residual_window
from viewer.render.planar import PlaneValues, blend


def ramp() -> PlaneValues:
    values = np.linspace(-300, 400, 60).astype(np.int16).reshape(6, 10)
    return PlaneValues(values, np.ones((6, 10), dtype=np.bool_))


def test_a_grey_picture_shows_the_windowed_values_in_all_three_channels() -> None:
    plane, window = ramp(), Window(40, 400)
    picture = draw(plane, window)
    levels = apply_window(plane.values, window)
    assert picture.shape == (6, 10, 4)
    assert picture.dtype == np.uint8
    assert all(np.array_equal(picture[..., channel], levels) for channel in range(3))
    assert (picture[..., 3] == 255).all()


def test_inverting_turns_every_level_round() -> None:
    plane, window = ramp(), Window(40, 400)
    upright, inverted = draw(plane, window), draw(plane, window, is_inverted=True)
    assert np.array_equal(inverted[..., :3], 255 - upright[..., :3])
    assert (inverted[..., 3] == 255).all()


@pytest.mark.parametrize("is_inverted", [False, True])
@pytest.mark.parametrize("colour_map", ["grey", "hot"])
def test_where_nothing_was_acquired_is_black(is_inverted: bool, colour_map: str) -> None:
    mask = np.ones((6, 10), dtype=np.bool_)
    mask[2:4, 5:] = False
    plane = PlaneValues(ramp().values, mask)
    picture = draw(plane, Window(40, 400), is_inverted=is_inverted, colour_map=colour_map)
    whole = draw(ramp(), Window(40, 400), is_inverted=is_inverted, colour_map=colour_map)
    assert (picture[~mask] == (0, 0, 0, 255)).all()
    assert np.array_equal(picture[mask], whole[mask])


def test_a_colour_map_gives_its_own_colours() -> None:
    plane, window = ramp(), Window(40, 400)
    wanted = colour_table("hot")[apply_window(plane.values, window)]
    assert np.array_equal(draw(plane, window, colour_map="hot")[..., 2::-1], wanted)


def test_true_colours_are_not_windowed() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    plane = PlaneValues(rgb, np.ones((5, 4), dtype=np.bool_))
    assert np.array_equal(draw(plane, Window(10, 20))[..., 2::-1], rgb)
    assert np.array_equal(draw(plane, Window(10, 20), is_inverted=True)[..., 2::-1], 255 - rgb)


def test_a_residual_is_black_at_zero_blue_below_and_red_above() -> None:
    values = np.asarray([[-50.0, 0.0, 50.0]], dtype=np.float32)
    plane = PlaneValues(values, np.ones((1, 3), dtype=np.bool_))
    below, zero, above = draw_residual(plane, 50.0)[0, :, 2::-1].astype(int)
    assert below[2] > below[0]
    assert zero.max() <= 4
    assert above[0] > above[2]
    assert residual_window(50.0).range == (-50.0, 50.0)


def test_a_sigmoid_window_is_drawn_as_such() -> None:
    plane = ramp()
    window = Window(40, 400, WindowFunction.SIGMOID)
    wanted = 255 / (1 + np.exp(-4 * (plane.values - 40.0) / 400))
    assert np.abs(draw(plane, window)[..., 0] - wanted).max() <= 0.5 + 1e-9


def test_blending_keeps_the_type_and_clips() -> None:
    mask = np.asarray([[True, True, False]])
    original = PlaneValues(np.asarray([[32760, -5, 1]], dtype=np.int16), mask)
    change = PlaneValues(np.asarray([[100, 3, 1]], dtype=np.int16), np.ones((1, 3), np.bool_))
    mixed = blend(original, change, 0.5)
    assert mixed.values.dtype == np.int16
    assert mixed.values.tolist() == [[32767, -4, 2]]
    assert mixed.mask.tolist() == [[True, True, False]]


def test_a_map_is_laid_only_over_what_is_above_its_lower_end() -> None:
    below = draw(ramp(), Window(40, 400))
    values = np.full((6, 10), 15.0, np.float32)
    values[1, 1], values[2, 2], values[3, 3] = 15.1, 60.0, 900.0
    mask = np.ones((6, 10), dtype=np.bool_)
    mask[3, 3] = False
    above = draw_over(below, PlaneValues(values, mask), 15.0, 60.0)
    changed = np.argwhere((above != below).any(axis=-1)).tolist()
    assert [2, 2] in changed
    assert all(place in ([1, 1], [2, 2]) for place in changed)
    top = colour_table("spread")[255, ::-1]
    wanted = (1 - OPACITY) * below[2, 2, :3] + OPACITY * top
    assert np.allclose(above[2, 2, :3], wanted, atol=1)
    assert (above[..., 3] == 255).all()


def test_a_map_begins_transparent_and_stays_the_same_above_its_upper_end() -> None:
    below = np.zeros((1, 4, 4), np.uint8)
    values = np.array([[15.0, 15.01, 60.0, 500.0]], np.float32)
    above = draw_over(below, PlaneValues(values, np.ones((1, 4), np.bool_)), 15.0, 60.0)
    assert above[0, :2, :3].max() <= 1
    assert np.array_equal(above[0, 2], above[0, 3])
    assert above[0, 2, :3].max() > 100
