"""Measurements on images: true outlines, words beside them."""

import math

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from viewer.core.measurement import MeasurementKind
from viewer.ui import theme
from viewer.ui.overlay import Mark
from viewer.ui.painting_shapes import (
    draw_crosshair,
    draw_mark,
    draw_shapes,
    handle_places,
    place_words,
    shape_path,
)
from viewer.ui.picture import Crosshair, CrosshairLine, Shape

VIEW = QRectF(0, 0, 400, 300)


def canvas(draw) -> np.ndarray:
    """Return what `draw(painter)` leaves on a grey view, [row, column, 3] RGB."""
    image = QImage(400, 300, QImage.Format.Format_RGBX8888)
    image.fill(QColor(90, 90, 90))
    painter = QPainter(image)
    draw(painter)
    painter.end()
    return np.frombuffer(image.constBits(), np.uint8).reshape(300, 400, 4)[..., :3].copy()


def words_of(shape, taken=()):
    return place_words(shape, shape_path(shape).boundingRect(), VIEW, taken)


@pytest.mark.parametrize("kind", list(MeasurementKind))
def test_words_stand_beside_the_structure(kind):
    count = {MeasurementKind.POINT: 1, MeasurementKind.ANGLE: 3}.get(kind, 2)
    points = ((180.0, 140.0), (220.0, 160.0), (190.0, 190.0))[:count]
    shape = Shape(kind, points, ("mean −612 HU", "SD 24 HU"))
    lines = words_of(shape)
    assert [line.text for line in lines] == ["mean −612 HU", "SD 24 HU"]
    outline = shape_path(shape).boundingRect()
    assert not any(line.rect.intersects(outline) for line in lines)


@pytest.mark.parametrize("corner", [(2, 2), (398, 2), (2, 298), (398, 298), (200, 150)])
def test_words_stay_inside_the_view(corner):
    x, y = corner
    shape = Shape(MeasurementKind.LENGTH, ((x - 20, y - 5), (x + 20, y + 5)), ("12.4 mm",))
    assert all(VIEW.contains(line.rect) for line in words_of(shape))


def test_words_keep_clear_of_other_text():
    shape = Shape(MeasurementKind.LENGTH, ((180, 140), (220, 160)), ("12.4 mm",))
    first = words_of(shape)[0].rect
    second = words_of(shape, [first])[0].rect
    assert not first.intersects(second)
    assert VIEW.contains(second)


def test_nothing_is_written_for_a_shape_outside_the_view():
    shape = Shape(MeasurementKind.LENGTH, ((900, 900), (950, 950)), ("12.4 mm",))
    assert words_of(shape) == ()


def test_a_turned_ellipse_follows_its_four_corners():
    turn = math.radians(30)
    right, down = QPointF(math.cos(turn), math.sin(turn)), QPointF(-math.sin(turn), math.cos(turn))
    centre, half = QPointF(200, 150), (60, 25)
    corners = [
        centre + right * (sx * half[0]) + down * (sy * half[1])
        for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    path = shape_path(Shape(MeasurementKind.ELLIPSE, tuple((p.x(), p.y()) for p in corners)))
    for along, reach in ((right, half[0]), (down, half[1])):
        assert path.contains(centre + along * (reach - 1))
        assert not path.contains(centre + along * (reach + 1))
    assert not any(path.contains(corner) for corner in corners)


def test_an_upright_rectangle_needs_two_corners_only():
    bounds = shape_path(Shape(MeasurementKind.RECTANGLE, ((50, 80), (20, 30)))).boundingRect()
    assert bounds == QRectF(20, 30, 30, 50)


def test_a_line_being_started_is_drawn_without_its_second_end():
    shape = Shape(MeasurementKind.LENGTH, ((50, 80),))
    values = canvas(lambda p: draw_shapes(p, [shape], VIEW, []))
    assert (values == 90).all()


def test_the_active_measurement_is_brighter_and_has_handles():
    def drawn(is_active):
        shape = Shape(MeasurementKind.LENGTH, ((50, 80), (150, 80)), ("10 mm",), is_active)
        return canvas(lambda p: draw_shapes(p, [shape], VIEW, []))

    colour = np.array(QColor(theme.MEASUREMENT_ACTIVE).getRgb()[:3])
    assert theme.luminance(theme.MEASUREMENT_ACTIVE) > theme.luminance(theme.MEASUREMENT)
    assert (drawn(True)[78:83, 48:53] == colour).all(axis=2).sum() >= 9
    assert not (drawn(False) == colour).all(axis=2).any()


def test_measurements_have_a_dark_halo():
    shape = Shape(MeasurementKind.LENGTH, ((50, 80), (150, 80)))
    values = canvas(lambda p: draw_shapes(p, [shape], VIEW, []))
    column = values[75:86, 100].max(axis=1)
    light = int(np.argmax(column))
    assert column[:light].min() < 60
    assert column[light:].min() < 60


def test_the_crosshair_leaves_its_centre_free():
    cross = Crosshair((200.0, 150.0), (CrosshairLine(0.0, "axial"), CrosshairLine(1.57, "coronal")))
    values = canvas(lambda p: draw_crosshair(p, cross, VIEW))
    assert (values[142:159, 192:209] == 90).all()
    assert (values[150, :180] != 90).any()


def test_a_level_line_of_the_crosshair_is_one_pixel_wide():
    cross = Crosshair((200.3, 150.8), (CrosshairLine(0.0, "axial"),))
    values = canvas(lambda p: draw_crosshair(p, cross, VIEW))
    colour = np.array(QColor(theme.PLANE_COLOURS["axial"]).getRgb()[:3])
    (rows,) = np.nonzero((values[:, 40] == colour).all(axis=1))
    assert rows.tolist() == [150]


def test_crosshair_handles_lie_on_their_line():
    first, second = handle_places((200.0, 150.0), 0.5, VIEW)
    assert math.atan2(first.y() - 150, first.x() - 200) == pytest.approx(0.5)
    assert first + second == QPointF(400, 300)


@pytest.mark.parametrize("kind", ["warning", "alert", "linked", "offset", "off"])
def test_each_sign_is_drawn_in_its_place(kind):
    values = canvas(lambda p: draw_mark(p, Mark(kind, QRectF(100, 100, 14, 17))))
    rows, columns = np.nonzero((values != 90).any(axis=2))
    assert len(rows) > 30
    assert 96 <= rows.min() <= rows.max() <= 120
    assert 94 <= columns.min() <= columns.max() <= 120


def test_a_broken_chain_differs_in_shape_and_not_only_in_colour():
    linked, off = (
        canvas(lambda p, k=kind: draw_mark(p, Mark(k, QRectF(100, 100, 14, 17))))
        for kind in ("linked", "off")
    )
    assert ((linked != 90).any(axis=2) != (off != 90).any(axis=2)).sum() > 10
