"""Lines on images: measurements, reference lines, crosshair, scale, colour bar, small signs."""

import math
from collections.abc import Sequence

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QLinearGradient,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
    QTransform,
)

from viewer.core.measurement import MeasurementKind
from viewer.core.windowing import colour_table
from viewer.ui import theme
from viewer.ui.lettering import Lettering, TextLine, draw_lines, line_height, text_width
from viewer.ui.overlay import Mark
from viewer.ui.picture import ColourBar, Crosshair, Place, ReferenceLine, Shape

_HANDLE = 3.0
_MARK_RADIUS = 14.0
_CENTRE_GAP = 14.0


def draw_with_halo(painter: QPainter, path: QPainterPath, colour: str, width: float) -> None:
    """Stroke a path in a colour on a wider dark line."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(theme.HALO), width + 2))
    painter.drawPath(path)
    painter.setPen(QPen(QColor(colour), width))
    painter.drawPath(path)


def shape_path(shape: Shape) -> QPainterPath:
    """Return the outline of a measurement in view pixels."""
    points = [QPointF(x, y) for x, y in shape.points]
    path = QPainterPath()
    if not points:
        return path
    if shape.kind in (MeasurementKind.RECTANGLE, MeasurementKind.ELLIPSE) and len(points) >= 2:
        corners = _corners(points)
        if shape.kind is MeasurementKind.RECTANGLE:
            path.addPolygon(QPolygonF([*corners, corners[0]]))
            return path
        unit = QPainterPath()
        unit.addEllipse(QRectF(0, 0, 1, 1))
        a, b, _, d = corners
        return QTransform(
            b.x() - a.x(), b.y() - a.y(), d.x() - a.x(), d.y() - a.y(), a.x(), a.y()
        ).map(unit)
    if shape.kind is MeasurementKind.POINT:
        x, y = points[0].x(), points[0].y()
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            path.moveTo(x + 3 * dx, y + 3 * dy)
            path.lineTo(x + 9 * dx, y + 9 * dy)
        return path
    path.addPolygon(QPolygonF(points))
    if shape.kind is MeasurementKind.LENGTH and len(points) == 2:
        _add_end_ticks(path, points[0], points[1])
    if shape.kind is MeasurementKind.ARROW and len(points) == 2:
        _add_arrow_head(path, points[0], points[1])
    return path


def _corners(points: Sequence[QPointF]) -> list[QPointF]:
    """Return four corners in order; two opposite ones stand for an upright rectangle."""
    if len(points) >= 4:
        return list(points[:4])
    first, last = points[0], points[1]
    return [first, QPointF(last.x(), first.y()), last, QPointF(first.x(), last.y())]


def _add_end_ticks(path: QPainterPath, first: QPointF, last: QPointF) -> None:
    """Mark the ends with short bars across the line, which leave the structure's edge free."""
    line = QLineF(first, last)
    if line.length() < 1:
        return
    normal = line.normalVector().unitVector()
    across = QPointF(normal.dx(), normal.dy()) * 5
    for end in (first, last):
        path.moveTo(end - across)
        path.lineTo(end + across)


def _add_arrow_head(path: QPainterPath, tip: QPointF, tail: QPointF) -> None:
    angle = math.atan2(tail.y() - tip.y(), tail.x() - tip.x())
    for turn in (-0.45, 0.45):
        path.moveTo(tip)
        path.lineTo(
            QPointF(tip.x() + 11 * math.cos(angle + turn), tip.y() + 11 * math.sin(angle + turn))
        )


def draw_shapes(
    painter: QPainter, shapes: Sequence[Shape], view: QRectF, taken: Sequence[QRectF]
) -> None:
    """Draw measurements; the words of each stand beside it, clear of other text."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    busy = list(taken)
    for shape in sorted(shapes, key=lambda s: s.is_active):
        path = shape_path(shape)
        colour = theme.MEASUREMENT_ACTIVE if shape.is_active else theme.MEASUREMENT
        draw_with_halo(painter, path, colour, 1.5)
        if shape.is_active:
            _draw_handles(painter, shape.points, colour)
        lines = place_words(shape, path.boundingRect(), view, busy)
        busy += [line.rect for line in lines]
        draw_lines(painter, lines)


def _draw_handles(painter: QPainter, points: Sequence[Place], colour: str) -> None:
    painter.setPen(QPen(QColor(theme.HALO), 1))
    painter.setBrush(QColor(colour))
    for x, y in points:
        painter.drawRect(QRectF(x - _HANDLE, y - _HANDLE, 2 * _HANDLE, 2 * _HANDLE))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def place_words(
    shape: Shape, bounds: QRectF, view: QRectF, taken: Sequence[QRectF]
) -> tuple[TextLine, ...]:
    """Return the shape's lines right of it, or left, below or above, wherever there is room."""
    if not shape.lines or not view.intersects(bounds.adjusted(-1, -1, 1, 1)):
        return ()
    colour = theme.MEASUREMENT_ACTIVE if shape.is_active else theme.MEASUREMENT
    style = Lettering(colour=colour)
    tall = line_height(style)
    width = max(text_width(text, style) for text in shape.lines)
    height = tall * len(shape.lines)
    middle = bounds.center()
    spots = (
        QPointF(bounds.right() + 8, middle.y() - height / 2),
        QPointF(bounds.left() - 8 - width, middle.y() - height / 2),
        QPointF(middle.x() - width / 2, bounds.bottom() + 6),
        QPointF(middle.x() - width / 2, bounds.top() - 6 - height),
    )
    inside = view.adjusted(4, 4, -4, -4)
    blocks = [QRectF(spot.x(), spot.y(), width, height) for spot in spots]
    free = [block for block in blocks if inside.contains(block)]
    clear = [block for block in free if not any(block.intersects(other) for other in taken)]
    block = (clear or free or [_moved_inside(blocks[0], inside)])[0]
    return tuple(
        TextLine(text, QRectF(block.left(), block.top() + i * tall, width, tall), style)
        for i, text in enumerate(shape.lines)
    )


def _moved_inside(block: QRectF, view: QRectF) -> QRectF:
    x = max(view.left(), min(block.left(), view.right() - block.width()))
    y = max(view.top(), min(block.top(), view.bottom() - block.height()))
    return QRectF(x, y, block.width(), block.height())


def draw_reference_lines(
    painter: QPainter, lines: Sequence[ReferenceLine], view: QRectF, taken: Sequence[QRectF]
) -> None:
    """Draw where other planes cut this one: dashed, the active view's line solid."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    for line in lines:
        colour = theme.FOCUS if line.is_active else theme.SECONDARY
        pen = QPen(QColor(colour), 1)
        if not line.is_active:
            pen.setDashPattern([6, 5])
        painter.setPen(QPen(QColor(0, 0, 0, 140), 3))
        drawn = QLineF(QPointF(*line.start), QPointF(*line.end))
        painter.drawLine(drawn)
        painter.setPen(pen)
        painter.drawLine(drawn)
        if line.text:
            style = Lettering(theme.SMALL, colour=colour)
            rect = QRectF(0, 0, text_width(line.text, style), line_height(style))
            rect.moveTopLeft(QPointF(line.end[0] + 3, line.end[1] - rect.height() / 2))
            rect = _moved_inside(rect, view.adjusted(4, 4, -4, -4))
            if not any(rect.intersects(other) for other in taken):
                draw_lines(painter, [TextLine(line.text, rect, style)])


def draw_crosshair(painter: QPainter, crosshair: Crosshair, view: QRectF) -> None:
    """Draw each plane's line through the centre, open in the middle so that nothing is hidden."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    centre = QPointF(*crosshair.centre)
    reach = math.hypot(view.width(), view.height())
    for line in crosshair.lines:
        colour = theme.PLANE_COLOURS.get(line.plane, theme.SECONDARY)
        along = QPointF(math.cos(line.angle_rad), math.sin(line.angle_rad))
        through = _sharp(centre, along)
        halves = [
            QLineF(through + along * (sign * _CENTRE_GAP), through + along * (sign * reach))
            for sign in (-1, 1)
        ]
        for pen in (QPen(QColor(0, 0, 0, 150), 3), QPen(QColor(colour), 1)):
            painter.setPen(pen)
            painter.drawLines(halves)
        if crosshair.has_handles:
            for place in handle_places(crosshair.centre, line.angle_rad, view):
                painter.setPen(QPen(QColor(theme.HALO), 1))
                painter.setBrush(QColor(colour))
                painter.drawEllipse(place, 4.5, 4.5)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def draw_mark_of_place(painter: QPainter, place: Place) -> None:
    """Draw a ring with four strokes around a place, open inside so that nothing is hidden."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    centre = QPointF(*place)
    strokes = [
        QLineF(centre + QPointF(x, y) * _MARK_RADIUS, centre + QPointF(x, y) * 1.7 * _MARK_RADIUS)
        for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1))
    ]
    for pen in (QPen(QColor(theme.HALO), 4), QPen(QColor(theme.FOCUS), 2)):
        painter.setPen(pen)
        painter.drawEllipse(centre, _MARK_RADIUS, _MARK_RADIUS)
        painter.drawLines(strokes)


def _sharp(centre: QPointF, along: QPointF) -> QPointF:
    """Move an upright or level line to the middle of a pixel, so that it is one pixel wide."""
    if abs(along.x()) < 1e-3:
        return QPointF(math.floor(centre.x()) + 0.5, centre.y())
    if abs(along.y()) < 1e-3:
        return QPointF(centre.x(), math.floor(centre.y()) + 0.5)
    return centre


def handle_places(centre: Place, angle_rad: float, view: QRectF) -> tuple[QPointF, QPointF]:
    """Return the two handles of a crosshair line: where a drag turns the plane."""
    reach = min(view.width(), view.height()) * 0.34
    dx, dy = reach * math.cos(angle_rad), reach * math.sin(angle_rad)
    return (QPointF(centre[0] + dx, centre[1] + dy), QPointF(centre[0] - dx, centre[1] - dy))


def draw_scale(painter: QPainter, bar: QRectF) -> None:
    """Draw the scale bar: a line with end ticks."""
    path = QPainterPath()
    y = bar.bottom() - 1
    path.moveTo(bar.left(), bar.top())
    path.lineTo(bar.left(), y)
    path.lineTo(bar.right(), y)
    path.lineTo(bar.right(), bar.top())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    draw_with_halo(painter, path, theme.TEXT, 1)


def draw_colour_bar(painter: QPainter, bar: ColourBar, rect: QRectF) -> None:
    """Draw the colours of the map, the highest value on top."""
    table = colour_table(bar.colour_map)
    gradient = QLinearGradient(rect.topLeft(), rect.bottomLeft())
    for i in range(0, 256, 15):
        red, green, blue = (int(level) for level in table[255 - i])
        gradient.setColorAt(i / 255, QColor(red, green, blue))
    painter.fillRect(rect, gradient)
    painter.setPen(QPen(QColor(theme.TEXT), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect.adjusted(0, 0, -1, -1))
    if bar.low < 0 < bar.high:
        y = rect.top() + rect.height() * bar.high / (bar.high - bar.low)
        painter.drawLine(QPointF(rect.left() - 3, y), QPointF(rect.right() + 2, y))


def draw_mark(painter: QPainter, mark: Mark) -> None:
    """Draw a small sign: a triangle for warnings, a chain for links."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    if mark.kind in ("warning", "alert"):
        draw_warning_sign(
            painter, mark.rect, theme.WARNING if mark.kind == "warning" else theme.ERROR
        )
    else:
        _draw_chain(painter, mark.rect, is_open=mark.kind == "off")


def draw_warning_sign(painter: QPainter, rect: QRectF, colour: str) -> None:
    """Draw a triangle with an exclamation bar, as large as the rectangle allows."""
    side = min(rect.width(), rect.height()) - 1
    x, y = rect.center().x(), rect.center().y()
    path = QPainterPath(QPointF(x, y - side * 0.45))
    path.lineTo(x + side * 0.5, y + side * 0.42)
    path.lineTo(x - side * 0.5, y + side * 0.42)
    path.closeSubpath()
    path.moveTo(x, y - side * 0.12)
    path.lineTo(x, y + side * 0.12)
    path.moveTo(x, y + side * 0.24)
    path.lineTo(x, y + side * 0.28)
    draw_with_halo(painter, path, colour, 1.5)


def _draw_chain(painter: QPainter, rect: QRectF, *, is_open: bool) -> None:
    """Draw two links of a chain, apart and grey where the link is off."""
    colour = theme.SECONDARY if is_open else theme.FOCUS
    x, y = rect.center().x(), rect.center().y()
    shift = 4.6 if is_open else 3.0
    path = QPainterPath()
    for sign in (-1, 1):
        path.addRoundedRect(QRectF(x + sign * shift - 4, y - 2.5, 8, 5), 2.5, 2.5)
    draw_with_halo(painter, path, colour, 1.3)
