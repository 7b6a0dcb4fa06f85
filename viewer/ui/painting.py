"""From a picture's values to paint: the one way by which anything gets onto a screen or a file.

Views, thumbnails, screenshots, exported pictures and report pictures all come through
`paint_view`, which draws the label of derived pixels every time.
"""

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from viewer.core.arrays import UInt8Array
from viewer.core.provenance import Label
from viewer.ui import theme
from viewer.ui.lettering import Lettering, TextLine, draw_lines, line_height, text_width, wrapped
from viewer.ui.overlay import Overlay, arrange
from viewer.ui.painting_label import GAP, draw_labels
from viewer.ui.painting_shapes import (
    draw_colour_bar,
    draw_crosshair,
    draw_mark,
    draw_mark_of_place,
    draw_reference_lines,
    draw_scale,
    draw_shapes,
)
from viewer.ui.picture import Picture, Pixels, Place, Tile, Wait


def image_over(values: UInt8Array) -> QImage:
    """Return an image over the array's own memory, without a copy.

    `values` is uint8 [row, column, 4] BGRA (taken as opaque) or [row, column] grey. The array
    must live as long as the image.
    """
    array = np.ascontiguousarray(values, dtype=np.uint8)
    if array.ndim == 2:
        layout = QImage.Format.Format_Grayscale8
    elif array.ndim == 3 and array.shape[2] == 4:
        layout = QImage.Format.Format_RGB32
    else:
        raise ValueError(f"an image is [row, column] or [row, column, 4], not {array.shape}")
    return QImage(array.data, array.shape[1], array.shape[0], array.strides[0], layout)


def picture_image(picture: Picture, size: QSize, device_pixel_ratio: float = 1.0) -> QImage:
    """Return the picture as an image of `size` view pixels, for files, clipboard and thumbnails.

    Works without a window; needs a QGuiApplication for its fonts.
    """
    image = QImage(size * device_pixel_ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(device_pixel_ratio)
    image.fill(QColor(theme.IMAGE))
    painter = QPainter(image)
    paint_view(painter, QRectF(0, 0, size.width(), size.height()), picture)
    painter.end()
    return image


def small_image(levels: UInt8Array, label: Label | None, side: int) -> QImage:
    """Return a picture of at most `side` pixels of RGB levels [row, column, 3], with its label."""
    rows, columns = levels.shape[:2]
    opaque = np.full((rows, columns, 4), 255, dtype=np.uint8)
    opaque[..., :3] = levels[..., ::-1]
    size = QSize(columns, rows).scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio)
    return picture_image(Picture(pixels=Pixels(opaque, label)), size.expandedTo(QSize(1, 1)))


def paint_view(painter: QPainter, rect: QRect | QRectF, picture: Picture) -> None:
    """Draw a view into `rect`: pixels, lines, text, and the label of derived pixels over all."""
    painter.save()
    painter.translate(rect.topLeft())
    view = QRectF(0, 0, rect.width(), rect.height())
    painter.setClipRect(view)
    if picture.tile is not None or picture.pixels is None:
        painter.fillRect(view, QColor(theme.IMAGE))
    if picture.tile is None:
        _draw_pixels(painter, picture, view)
    overlay = arrange(picture, view.width(), view.height())
    if picture.tile is None:
        _draw_lines_over(painter, picture, overlay, view)
    else:
        _draw_tile(painter, picture.tile, view)
    _draw_text(painter, picture, overlay)
    if picture.tile is None:
        draw_labels(painter, overlay.labels)
    if picture.wait is not None:
        _draw_wait(painter, picture.wait, view)
    if picture.is_active:
        _draw_frame(painter, view)
    painter.restore()


def _draw_pixels(painter: QPainter, picture: Picture, view: QRectF) -> None:
    if picture.pixels is not None:
        _draw_layer(painter, picture.pixels, view)
    if picture.right is None:
        return
    cut = round(min(max(picture.divider, 0.0), 1.0) * view.width())
    painter.save()
    painter.setClipRect(QRectF(cut, 0, view.width() - cut, view.height()))
    _draw_layer(painter, picture.right, view)
    painter.restore()
    _draw_divider(painter, cut, view)


def _draw_layer(painter: QPainter, pixels: Pixels, view: QRectF) -> None:
    """Copy the array to the view one to one, smoothed only where it is stretched."""
    values = np.ascontiguousarray(pixels.values, dtype=np.uint8)
    image = image_over(values)
    ratio = painter.device().devicePixelRatioF()
    wanted = (round(view.width() * ratio), round(view.height() * ratio))
    is_stretched = wanted != (image.width(), image.height())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, is_stretched)
    painter.drawImage(view, image)


def _draw_divider(painter: QPainter, x: float, view: QRectF) -> None:
    """Draw the swipe line, one pixel wide on a dark ground, with a handle."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.fillRect(QRectF(x - 1, 0, 3, view.height()), QColor(0, 0, 0, 150))
    painter.fillRect(QRectF(x, 0, 1, view.height()), QColor(theme.TEXT))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    middle = QPointF(x + 0.5, view.height() / 2)
    painter.setPen(QPen(QColor(theme.TEXT), 1.5))
    painter.setBrush(QColor(theme.PANEL))
    painter.drawEllipse(middle, 9, 9)
    for sign in (-1, 1):
        tip = middle + QPointF(sign * 5.5, 0)
        painter.drawLine(QLineF(tip, tip + QPointF(-sign * 3, -3)))
        painter.drawLine(QLineF(tip, tip + QPointF(-sign * 3, 3)))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _draw_lines_over(painter: QPainter, picture: Picture, overlay: Overlay, view: QRectF) -> None:
    taken = overlay.taken
    draw_reference_lines(painter, picture.reference_lines, view, taken)
    if picture.crosshair is not None:
        draw_crosshair(painter, picture.crosshair, view)
    draw_shapes(painter, picture.shapes, view, taken)
    if picture.mark is not None:
        draw_mark_of_place(painter, picture.mark)
    if picture.region is not None:
        _draw_region(painter, picture.region)


def _draw_region(painter: QPainter, region: tuple[Place, Place]) -> None:
    """Draw the rectangle that is being dragged for a window or a crop."""
    pen = QPen(QColor(theme.FOCUS), 1)
    pen.setDashPattern([4, 3])
    painter.setPen(pen)
    painter.drawRect(QRectF(QPointF(*region[0]), QPointF(*region[1])).normalized())


def _draw_text(painter: QPainter, picture: Picture, overlay: Overlay) -> None:
    if overlay.scale is not None:
        draw_scale(painter, overlay.scale)
    if overlay.colour_bar is not None and picture.colour_bar is not None:
        draw_colour_bar(painter, picture.colour_bar, overlay.colour_bar)
    if overlay.bar_words is not None:
        painter.fillRect(overlay.bar_words.adjusted(-GAP, 0, GAP, 0), QColor(0, 0, 0, 200))
    for mark in overlay.marks:
        draw_mark(painter, mark)
    draw_lines(painter, overlay.lines)


def tile_lines(tile: Tile, view: QRectF) -> tuple[TextLine, ...]:
    """Return the lines of a message in the middle of a view."""
    colours = {"warning": theme.WARNING, "error": theme.ERROR}
    title = Lettering(theme.HEADING, is_bold=True, colour=colours.get(tile.severity, theme.TEXT))
    text = Lettering(colour=theme.TEXT if tile.severity in colours else theme.SECONDARY)
    width = min(view.width() * 0.8, 420.0)
    rows = [(row, title) for row in wrapped(tile.title, title, width)]
    rows += [(row, text) for row in wrapped(tile.text, text, width)]
    rows = rows[: max(int(view.height() * 0.8 // line_height(title)), 1)]
    y = view.center().y() - sum(line_height(style) for _, style in rows) / 2
    lines: list[TextLine] = []
    for row, style in rows:
        across, tall = text_width(row, style), line_height(style)
        lines.append(TextLine(row, QRectF(view.center().x() - across / 2, y, across, tall), style))
        y += tall
    return tuple(lines)


def _draw_tile(painter: QPainter, tile: Tile, view: QRectF) -> None:
    draw_lines(painter, tile_lines(tile, view))


def _draw_wait(painter: QPainter, wait: Wait, view: QRectF) -> None:
    """Draw the thin line at the foot: as long as what is done, faint where that is not known."""
    foot = QRectF(1, view.height() - 3, view.width() - 2, 2)
    painter.fillRect(foot, QColor(theme.OUTLINE))
    if wait.fraction is not None:
        foot.setWidth(foot.width() * min(max(wait.fraction, 0.0), 1.0))
        painter.fillRect(foot, QColor(theme.FOCUS))


def _draw_frame(painter: QPainter, view: QRectF) -> None:
    wide, high, colour = view.width(), view.height(), QColor(theme.FOCUS)
    for edge in ((0, 0, wide, 1), (0, high - 1, wide, 1), (0, 0, 1, high), (wide - 1, 0, 1, high)):
        painter.fillRect(QRectF(*edge), colour)
