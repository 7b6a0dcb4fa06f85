"""Pixels on the screen: true values, and the label of derived ones in every picture."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QImage

from tests.ui.samples import CORNERS, DRAWN, LABEL, SHAPES, grey
from viewer.core.provenance import Blinding, Label, label_for, residual_label
from viewer.core.windowing import colour_table
from viewer.ui import theme
from viewer.ui.overlay import arrange
from viewer.ui.painting import image_over, picture_image, small_image, tile_lines
from viewer.ui.picture import (
    ColourBar,
    CornerText,
    Crosshair,
    CrosshairLine,
    Picture,
    Pixels,
    ReferenceLine,
    Tile,
    Wait,
)

AMBER = np.array(QColor(theme.SYNTHETIC).getRgb()[:3])


def values_of(image: QImage) -> np.ndarray:
    """Return the image as [row, column, 3] RGB levels."""
    rgb = image.convertToFormat(QImage.Format.Format_RGBX8888)
    flat = np.frombuffer(rgb.constBits(), np.uint8)
    return flat.reshape(rgb.height(), rgb.width(), 4)[..., :3].copy()


def painted(picture: Picture, width=400, height=360, ratio=1.0) -> np.ndarray:
    return values_of(picture_image(picture, QSize(width, height), ratio))


def amber_in(values: np.ndarray) -> np.ndarray:
    """Return which pixels are exactly the reserved colour."""
    return (values == AMBER).all(axis=2)


def test_pixels_arrive_one_to_one():
    values = np.random.default_rng(1).integers(0, 256, (90, 120, 4), dtype=np.uint8)
    shown = painted(Picture(pixels=Pixels(values)), 120, 90)
    assert np.array_equal(shown, values[..., 2::-1])


@pytest.mark.parametrize("ratio", [1.5, 2.0])
def test_pixels_arrive_one_to_one_on_a_dense_screen(ratio):
    values = np.random.default_rng(2).integers(0, 256, (90, 120, 4), dtype=np.uint8)
    shown = painted(Picture(pixels=Pixels(values)), round(120 / ratio), round(90 / ratio), ratio)
    assert np.array_equal(shown, values[..., 2::-1])


def test_grey_and_strided_arrays_are_shown_as_they_are():
    plane = np.random.default_rng(3).integers(0, 256, (90, 240), dtype=np.uint8)
    shown = painted(Picture(pixels=Pixels(plane[:, ::2])), 120, 90)
    assert np.array_equal(shown, np.repeat(plane[:, ::2, None], 3, axis=2))


def test_an_array_that_is_no_image_is_refused():
    with pytest.raises(ValueError, match="an image is"):
        image_over(np.zeros((4, 4, 3), dtype=np.uint8))


def test_an_image_over_an_array_shares_its_memory():
    values = grey(8, 8, 10)
    shared = image_over(values)
    values[:] = 200
    assert shared.pixelColor(0, 0).red() == 200


def test_small_images_keep_channels_and_proportions():
    values = np.zeros((40, 60, 3), dtype=np.uint8)
    values[:] = (10, 20, 30)
    image = small_image(values, None, 30)
    assert (image.width(), image.height()) == (30, 20)
    assert image.pixelColor(2, 1).getRgb()[:3] == (10, 20, 30)


@pytest.mark.parametrize("shape", [(160, 160, 3), (160, 40, 3), (12, 160, 3), (1, 160, 3)])
def test_small_images_of_derived_pixels_carry_the_label(shape):
    image = small_image(np.full(shape, 90, dtype=np.uint8), LABEL, 112)
    assert amber_in(values_of(image)).any()


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("size", [(64, 64), (96, 96), (240, 200), (640, 480)])
def test_enhanced_pixels_carry_an_amber_hatched_edge_and_the_words(size, ratio):
    picture = Picture(pixels=Pixels(grey(4, 4, 128), LABEL))
    amber = amber_in(painted(picture, *size, ratio))
    places = arrange(picture, *size).labels
    (strip,), (plate,) = places.strips, places.plates
    edge = amber[:, math.ceil(strip.left() * ratio) :]
    assert 0.2 < edge.mean() < 0.7
    assert edge.any(axis=0).all()
    # A pattern, not a bar: along the edge amber and black take turns.
    middle = edge[:, edge.shape[1] // 2].astype(int)
    assert (np.diff(middle) != 0).sum() >= size[1] / 8
    inside = plate.rect
    top, bottom = round((inside.top() + 2) * ratio), round((inside.bottom() - 2) * ratio)
    left, right = round((inside.left() + 2) * ratio), round((inside.right() - 2) * ratio)
    assert amber[top:bottom, left:right].sum() > 20


def test_the_hatched_edge_reads_without_colour():
    values = painted(Picture(pixels=Pixels(grey(4, 4, 160), LABEL)))
    column = QColor(theme.SYNTHETIC).lightness()
    grey_levels = values[:, -4].astype(float) @ (0.2126, 0.7152, 0.0722)
    assert grey_levels.max() - grey_levels.min() > 100
    assert column > 100


def test_acquired_pixels_carry_no_amber():
    picture = Picture(pixels=Pixels(grey(4, 4, 128), None, "Original"), shapes=SHAPES, **DRAWN)
    assert not amber_in(painted(picture)).any()


@given(
    flags=st.fixed_dictionaries(
        {
            "is_active": st.booleans(),
            "alert": st.sampled_from(["", "Another patient than in view 1"]),
            "warnings": st.sampled_from([(), DRAWN["warnings"] * 8]),
            "corners": st.sampled_from([CornerText(), CORNERS]),
            "wait": st.sampled_from([None, Wait(0.5, "Decoding")]),
            "colour_bar": st.sampled_from([None, ColourBar(-50, 50, "HU")]),
            "shapes": st.sampled_from([(), SHAPES * 6]),
            "letters": st.sampled_from([None, ("R", "A", "L", "P")]),
            "region": st.sampled_from([None, ((0.0, 0.0), (400.0, 360.0))]),
            "crosshair": st.sampled_from(
                [None, Crosshair((380.0, 20.0), (CrosshairLine(0.4, "axial"),), True)]
            ),
            "reference_lines": st.sampled_from([(), (ReferenceLine((0, 10), (400, 12), "2"),)]),
        }
    ),
    width=st.integers(64, 500),
    height=st.integers(64, 400),
)
def test_nothing_in_a_picture_can_hide_the_label(flags, width, height):
    picture = Picture(pixels=Pixels(grey(4, 4, 128), LABEL), **flags)
    plain = Picture(pixels=Pixels(grey(4, 4, 128), LABEL))
    shown, alone = painted(picture, width, height), painted(plain, width, height)
    (plate,) = arrange(plain, width, height).labels.plates
    box = np.s_[
        int(plate.rect.top()) + 1 : int(plate.rect.bottom()) - 1,
        int(plate.rect.left()) + 1 : int(plate.rect.right()) - 1,
    ]
    assert amber_in(alone[box]).any()
    assert np.array_equal(amber_in(shown[box]), amber_in(alone[box]))


def test_a_picture_has_no_switch_for_the_label():
    names = {field.name for field in dataclasses.fields(Picture)}
    names |= {field.name for field in dataclasses.fields(Pixels)}
    switches = {name for name in names if "hide" in name or "label" in name}
    assert switches == {"label"}


def test_a_filter_is_marked_like_a_model():
    picture = Picture(pixels=Pixels(grey(4, 4), Label("FILTERED", "Gaussian · blend 40 %", "x")))
    assert amber_in(painted(picture)).any()
    words = " ".join(line.text for line in arrange(picture, 400, 360).labels.plates[0].lines)
    assert words.startswith("FILTERED Gaussian")


def test_holding_the_original_moves_nothing_but_the_label():
    shown = Picture(pixels=Pixels(grey(4, 4, 90), LABEL), **DRAWN)
    held = Picture(pixels=Pixels(grey(4, 4, 90), None, "Original", room_for=LABEL), **DRAWN)
    changed = (painted(shown, 640, 480) != painted(held, 640, 480)).any(axis=2)
    labels = arrange(shown, 640, 480).labels
    for rect in (labels.plates[0].rect, labels.strips[0]):
        outer = rect.toAlignedRect()
        changed[outer.top() : outer.bottom() + 1, outer.left() : outer.right() + 1] = False
    assert not changed.any()
    places = [[line.rect for line in arrange(p, 640, 480).lines] for p in (shown, held)]
    assert places[0] == places[1]


def test_a_blinded_badge_looks_the_same_on_both_arms_and_has_no_amber():
    badge = label_for(None, Blinding("A"))
    values = painted(Picture(pixels=Pixels(grey(4, 4, 90), badge)))
    assert not amber_in(values).any()
    assert [
        line.text
        for line in arrange(Picture(pixels=Pixels(grey(4, 4), badge)), 400, 360)
        .labels.plates[0]
        .lines
    ] == ["A"]


@pytest.mark.parametrize("divider", [0.0, 0.25, 0.5, 1.0])
def test_a_swipe_shows_each_layer_on_its_side(divider):
    picture = Picture(
        pixels=Pixels(grey(400, 360, 40)), right=Pixels(grey(400, 360, 200), LABEL), divider=divider
    )
    row = painted(picture)[300]
    cut = round(400 * divider)
    if cut > 20:
        assert (row[: cut - 10] == 40).all()
    if cut < 380:
        assert (row[cut + 10 : 385] == 200).all()
    assert amber_in(painted(picture)).any() == (divider < 1)


def test_the_swipe_divider_is_one_light_pixel_wide():
    picture = Picture(pixels=Pixels(grey(400, 360)), right=Pixels(grey(400, 360)), divider=0.5)
    row = painted(picture)[300]
    assert [x for x in range(400) if row[x].max() > 100] == [200]


def test_the_residual_is_labelled_and_its_bar_is_centred_on_zero():
    bar = ColourBar(-50, 50, "HU")
    picture = Picture(pixels=Pixels(grey(4, 4), residual_label(LABEL)), colour_bar=bar)
    overlay = arrange(picture, 640, 480)
    words = [line.text for line in overlay.labels.plates[0].lines]
    assert words[0] == "AI-ENHANCED minus original"
    assert {"+50 HU", "0", "−50"} <= {line.text for line in overlay.lines}
    values = painted(picture, 640, 480).astype(int)
    rect = overlay.colour_bar
    x = round(rect.center().x())
    column = values[round(rect.top()) + 2 : round(rect.bottom()) - 2, x]
    table = colour_table("residual").astype(int)
    assert np.abs(column[0] - table[-1]).max() < 25
    assert np.abs(column[-1] - table[0]).max() < 25


def test_the_active_view_has_a_frame_of_one_blue_pixel():
    values = painted(Picture(pixels=Pixels(grey(4, 4, 90)), is_active=True))
    blue = np.array(QColor(theme.FOCUS).getRgb()[:3])
    assert all(
        (edge == blue).all() for edge in (values[0], values[-1], values[:, 0], values[:, -1])
    )
    assert (values[2:-2, 2:-2] == 90).all()


def test_a_message_tile_draws_no_pixels_and_says_what_is_wrong():
    tile = Tile("JPEG XL is not supported", "Nothing is drawn.", "error")
    values = painted(Picture(pixels=Pixels(grey(4, 4, 255)), tile=tile))
    assert values.mean() < 20
    red = np.array(QColor(theme.ERROR).getRgb()[:3])
    assert (values == red).all(axis=2).any()


@pytest.mark.parametrize("size", [(120, 100), (200, 160), (800, 600)])
def test_a_message_tile_stays_inside_its_view(size):
    view = QRectF(0, 0, *size)
    lines = tile_lines(Tile("JPEG XL is not supported", "Nothing is drawn here. " * 6), view)
    assert lines
    assert all(view.contains(line.rect) for line in lines)


def test_progress_is_a_thin_line_as_long_as_what_is_done():
    values = painted(Picture(pixels=Pixels(grey(4, 4)), wait=Wait(0.5)))
    blue = (values[-2] == np.array(QColor(theme.FOCUS).getRgb()[:3])).all(axis=1)
    assert abs(int(blue.sum()) - 199) <= 1
    assert (values[-5] == 0).all()


def test_warnings_are_written_in_their_own_colour():
    values = painted(Picture(pixels=Pixels(grey(4, 4)), warnings=("gantry tilt",)))
    assert (values == np.array(QColor(theme.WARNING).getRgb()[:3])).all(axis=2).any()
