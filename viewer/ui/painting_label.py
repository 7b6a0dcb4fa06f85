"""The mark on pixels that were not acquired: words on a plate and a hatched edge, in amber.

It is drawn for every layer that has a label and nothing switches it off. The words come with the
pixels (`viewer.core.provenance.label_for`); this module only finds their place.
"""

from dataclasses import dataclass, replace

from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from viewer.core.provenance import Label
from viewer.ui import theme
from viewer.ui.lettering import (
    Lettering,
    TextLine,
    draw_lines,
    line_height,
    text_width,
    wrapped,
)
from viewer.ui.picture import Picture, Pixels

MARGIN = 8.0
GAP = 4.0
_PAD = 6.0
_HATCH_STEP = 8.0

Styled = tuple[str, Lettering]


@dataclass(frozen=True, slots=True, eq=False)
class Plate:
    """A label's dark ground with its lines; `is_synthetic` tells amber from a neutral plate."""

    rect: QRectF
    lines: tuple[TextLine, ...]
    is_synthetic: bool


@dataclass(frozen=True, slots=True, eq=False)
class LabelPlaces:
    """Where labels and hatched edges go, and what room is left beside them.

    `left_inset` and `right_inset` are the widths kept for hatched edges, `bottom` the y below the
    labels (the margin where there is none) and `left_end` the x at which the labels begin.
    """

    strips: tuple[QRectF, ...]
    plates: tuple[Plate, ...]
    left_inset: float
    right_inset: float
    bottom: float
    left_end: float


def arrange_labels(picture: Picture, width: float, height: float) -> LabelPlaces:
    """Return the places of the labels of a view of `width` x `height` view pixels."""
    if picture.right is not None:
        return _arrange_swipe(picture, picture.right, width, height)
    pixels = picture.pixels
    if pixels is None:
        return LabelPlaces((), (), 0.0, 0.0, MARGIN, width)
    strip = strip_width(width, height)
    is_kept = _is_hatched(pixels.label) or _is_hatched(pixels.room_for)
    inset = strip if is_kept else 0.0
    strips = (QRectF(width - strip, 0, strip, height),) if _is_hatched(pixels.label) else ()
    end = width - inset - min(MARGIN, width / 16)
    room = _plate_for(pixels.label or pixels.room_for, pixels.caption, end, width, height)
    shown = _plate_for(pixels.label, pixels.caption, end, width, height)
    bottom = MARGIN if room is None else room.rect.bottom() + GAP
    left = width if room is None else room.rect.left()
    return LabelPlaces(strips, (shown,) if shown else (), 0.0, inset, bottom, left)


def strip_width(width: float, height: float) -> float:
    """Width of the hatched edge: 8 pixels, less on thumbnails."""
    return 8.0 if min(width, height) >= 160 else 5.0


def _is_hatched(label: Label | None) -> bool:
    return label is not None and not label.is_badge


def _arrange_swipe(picture: Picture, right: Pixels, width: float, height: float) -> LabelPlaces:
    """Give each half its own label, in a band above all other text.

    Where a half is narrower than its words, they reach over the divider and an arrow says which
    side they speak of.
    """
    cut = min(max(picture.divider, 0.0), 1.0) * width
    strip = strip_width(width, height)
    left = picture.pixels
    is_left_hatched = left is not None and _is_hatched(left.label)
    strips: list[QRectF] = []
    if is_left_hatched and cut > 0:
        strips.append(QRectF(0, 0, min(strip, cut), height))
    if _is_hatched(right.label) and cut < width:
        right_strip = min(strip, width - cut)
        strips.append(QRectF(width - right_strip, 0, right_strip, height))
    right_inset = strip if _is_hatched(right.label) else 0.0
    left_inset = strip if is_left_hatched else 0.0
    plates: list[Plate] = []
    on_right = None
    if cut < width:
        on_right = _plate_for(
            right.label, right.caption, width - right_inset - MARGIN, width, height
        )
        if on_right and right.label and on_right.rect.left() < cut:
            pointed = replace(right.label, title=f"{right.label.title} →")
            on_right = _plate_for(pointed, "", width - right_inset - MARGIN, width, height)
        plates += [on_right] if on_right else []
    if left is not None and cut > 0:
        on_left = _left_plate(left, cut, left_inset, on_right, width, height)
        plates += [on_left] if on_left else []
    bottom = max([plate.rect.bottom() + GAP for plate in plates], default=MARGIN)
    return LabelPlaces(tuple(strips), tuple(plates), left_inset, right_inset, bottom, 0.0)


def _left_plate(
    pixels: Pixels, cut: float, inset: float, other: Plate | None, width: float, height: float
) -> Plate | None:
    """Return the left half's plate, beside the divider and clear of the right half's plate."""
    limit = cut if other is None else min(cut, other.rect.left())
    plate = _plate_for(pixels.label, pixels.caption, limit - MARGIN, width, height)
    if plate is None or plate.rect.left() >= inset + MARGIN:
        return plate
    if pixels.label is None:
        return None
    pointed = replace(pixels.label, title=f"← {pixels.label.title}")
    wide = _plate_for(pointed, "", width - MARGIN, width, height)
    if wide is None:
        return None
    moved = _moved(wide, inset + MARGIN - wide.rect.left(), 0.0)
    if other is not None and moved.rect.intersects(other.rect):
        return _moved(moved, 0.0, other.rect.bottom() + GAP - moved.rect.top())
    return moved


def _moved(plate: Plate, dx: float, dy: float) -> Plate:
    lines = tuple(replace(line, rect=line.rect.translated(dx, dy)) for line in plate.lines)
    return Plate(plate.rect.translated(dx, dy), lines, plate.is_synthetic)


def _plate_for(
    label: Label | None, caption: str, end: float, width: float, height: float
) -> Plate | None:
    """Return a plate whose right edge is at `end`, or None without words."""
    if label is None and not caption:
        return None
    is_synthetic = _is_hatched(label)
    pad = _PAD if width >= 160 else 2.0
    room = max(min(end - pad, max(width * 0.5, 190.0)) - 2 * pad, 12.0)
    top = MARGIN if width >= 160 else 3.0
    lines = label_lines(label, room, height - 2 * top) if label else _caption(caption)
    across = max(text_width(text, style) for text, style in lines) + 2 * pad
    tall = sum(line_height(style) for _, style in lines) + pad
    rect = QRectF(round(end - across), top, round(across), tall)
    placed: list[TextLine] = []
    y = rect.top() + pad / 2
    for text, style in lines:
        step = line_height(style)
        placed.append(TextLine(text, QRectF(rect.left() + pad, y, across - 2 * pad, step), style))
        y += step
    return Plate(rect, tuple(placed), is_synthetic)


def _caption(caption: str) -> tuple[Styled, ...]:
    return ((caption, Lettering(theme.BODY, is_bold=True, colour=theme.SECONDARY)),)


def label_lines(label: Label, width: float, height: float) -> tuple[Styled, ...]:
    """Return the label's lines for a plate of at most this size; the title is always there."""
    is_small = height < 140
    colour = theme.TEXT if label.is_badge else theme.SYNTHETIC
    title = Lettering(theme.SMALL if is_small else theme.BODY, is_bold=True, colour=colour)
    lines = [(text, title) for text in wrapped(label.title, title, width)]
    detail = Lettering(theme.SMALL if is_small else theme.BODY, colour=colour)
    advice = Lettering(theme.SMALL, colour=theme.TEXT)
    for text, style, least in ((_unbroken(label.detail), detail, 80), (label.advice, advice, 300)):
        more = [(line, style) for line in wrapped(text, style, width)]
        tall = sum(line_height(s) for _, s in (*lines, *more))
        if height < least or tall > height * 0.6:
            break
        lines += more
    return tuple(lines)


def _unbroken(words: str) -> str:
    """Keep a percent sign with its figure."""
    return words.replace(" %", "\N{NO-BREAK SPACE}%")


def draw_labels(painter: QPainter, places: LabelPlaces) -> None:
    """Draw hatched edges and plates."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for strip in places.strips:
        draw_hatch(painter, strip)
    for plate in places.plates:
        painter.fillRect(plate.rect, QColor(0, 0, 0, 200))
        if plate.is_synthetic:
            painter.setPen(QPen(QColor(theme.SYNTHETIC), 1))
            painter.drawRect(plate.rect.adjusted(0, 0, -1, -1))
        draw_lines(painter, plate.lines)


def draw_hatch(painter: QPainter, rect: QRectF) -> None:
    """Fill a strip with amber diagonals on black; the pattern reads without colour, too."""
    painter.save()
    painter.setClipRect(rect)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.fillRect(rect, QColor(theme.IMAGE))
    painter.setPen(QPen(QColor(theme.SYNTHETIC), 3))
    lines: list[QLineF] = []
    start = rect.top()
    while start < rect.bottom() + rect.width():
        lines.append(QLineF(rect.left() - 1, start + 1, rect.right() + 1, start - rect.width() - 1))
        start += _HATCH_STEP
    painter.drawLines(lines)
    painter.restore()
