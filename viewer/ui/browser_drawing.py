"""How a study and a series part look in the browser."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTreeView

from viewer.ui import icons, theme
from viewer.ui.browser_rows import ROW_ROLE, THUMBNAIL, THUMBNAIL_ROLE, BrowserPart, BrowserStudy
from viewer.ui.painting_label import draw_hatch
from viewer.ui.painting_shapes import draw_warning_sign

_PAD = 8
_STRIP = 6
_SIGN = 16


def _line(size: int = theme.BODY) -> int:
    return round(QFontMetricsF(theme.font(size)).height()) + 2


class BrowserDelegate(QStyledItemDelegate):
    """Draws studies as headings and parts as tiles with their thumbnail."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Return the height of a row: two or three lines, or the thumbnail."""
        row = index.data(ROW_ROLE)
        if isinstance(row, BrowserPart):
            return QSize(160, max(THUMBNAIL, 3 * _line()) + 2 * 5)
        lines = 3 if isinstance(row, BrowserStudy) and row.warnings else 2
        return QSize(160, lines * _line() + 2 * _PAD)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Draw one row."""
        row = index.data(ROW_ROLE)
        painter.save()
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        _draw_ground(painter, rect, state)
        if isinstance(row, BrowserPart):
            _draw_part(painter, rect, row, index.data(THUMBNAIL_ROLE))
        elif isinstance(row, BrowserStudy):
            tree = option.widget
            is_open = isinstance(tree, QTreeView) and tree.isExpanded(index)
            _draw_study(painter, rect, row, is_open=is_open)
        painter.restore()


def _draw_ground(painter: QPainter, rect: QRect, state: QStyle.StateFlag) -> None:
    if state & QStyle.StateFlag.State_Selected:
        painter.fillRect(rect, QColor(theme.SELECTION))
    elif state & QStyle.StateFlag.State_MouseOver:
        painter.fillRect(rect, QColor(theme.RAISED))
    if state & QStyle.StateFlag.State_HasFocus:
        painter.setPen(QPen(QColor(theme.FOCUS), 1))
        painter.drawRect(rect.adjusted(0, 0, -1, -1))


def _draw_text(
    painter: QPainter,
    rect: QRectF,
    text: str,
    colour: str = theme.TEXT,
    *,
    size: int = theme.BODY,
    is_bold: bool = False,
) -> float:
    """Draw one line, shortened to the rectangle; return the width used."""
    font = theme.font(size, is_bold=is_bold)
    metrics = QFontMetricsF(font)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    painter.setFont(font)
    painter.setPen(QColor(colour))
    painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
    return min(metrics.horizontalAdvance(shown), rect.width())


def _draw_study(painter: QPainter, rect: QRect, study: BrowserStudy, *, is_open: bool) -> None:
    arrow = icons.icon(icons.EXPANDED if is_open else icons.COLLAPSED, theme.SECONDARY)
    line = _line()
    top = rect.top() + _PAD
    arrow.paint(painter, QRect(rect.left() + 4, top, 16, line))
    left = rect.left() + 24
    width = rect.right() - left - _PAD
    name = study.patient_name or "No patient name"
    used = _draw_text(painter, QRectF(left, top, width, line), name, is_bold=True)
    if study.patient_id and width - used > 40:
        beside = QRectF(left + used + 8, top, width - used - 8, line)
        _draw_text(painter, beside, study.patient_id, theme.SECONDARY)
    words = (study.date, study.modalities, study.description)
    facts = " · ".join(word for word in words if word)
    _draw_text(painter, QRectF(left, top + line, width, line), facts, theme.SECONDARY)
    if study.warnings:
        y = top + 2 * line
        sign = QRectF(left, y + (line - 14) / 2, 14, 14)
        draw_warning_sign(_smooth(painter), sign, theme.WARNING)
        rest = QRectF(left + _SIGN + 2, y, width - _SIGN - 2, line)
        _draw_text(painter, rest, study.warnings[0], theme.WARNING)


def _smooth(painter: QPainter) -> QPainter:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    return painter


def _draw_part(painter: QPainter, rect: QRect, part: BrowserPart, image: QImage | None) -> None:
    tile = QRectF(
        rect.left() + 20, rect.top() + (rect.height() - THUMBNAIL) / 2, THUMBNAIL, THUMBNAIL
    )
    _draw_thumbnail(painter, tile, part, image)
    line = _line()
    left = tile.right() + _PAD
    width = rect.right() - _PAD - left
    y = rect.top() + (rect.height() - 3 * line) / 2
    spare = _SIGN + 4 if part.warnings else 0
    head = " ".join(word for word in (part.number, part.modality) if word)
    used = _draw_text(painter, QRectF(left, y, width - spare, line), head, is_bold=True)
    if part.mark:
        room = QRectF(left + used + 8, y, width - spare - used - 8, line)
        _draw_text(painter, room, part.mark, theme.SYNTHETIC, is_bold=True)
    if part.warnings:
        sign = QRectF(rect.right() - _PAD - 14, y + (line - 14) / 2, 14, 14)
        draw_warning_sign(_smooth(painter), sign, theme.WARNING)
    about = part.description or part.object_name or "No description"
    colour = theme.TEXT if part.description or part.object_name else theme.SECONDARY
    _draw_text(painter, QRectF(left, y + line, width, line), about, colour)
    counted = " · ".join(word for word in (part.count, part.label) if word)
    foot = QRectF(left, y + 2 * line, width, line)
    _draw_text(painter, foot, counted, theme.SECONDARY, size=theme.SMALL)
    if part.fraction is not None:
        thin = QRectF(left, rect.bottom() - 2, width, 2)
        painter.fillRect(thin, QColor(theme.HAIRLINE))
        thin.setWidth(width * min(max(part.fraction, 0.0), 1.0))
        painter.fillRect(thin, QColor(theme.FOCUS))


def _draw_thumbnail(
    painter: QPainter, tile: QRectF, part: BrowserPart, image: QImage | None
) -> None:
    """Draw the picture, or the icon of an object; synthetic pixels get their hatched edge."""
    painter.fillRect(tile, QColor(theme.IMAGE))
    if image is not None:
        size = QSize(image.size()).scaled(tile.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
        shown = QRectF(QPointF(0, 0), size)
        shown.moveCenter(tile.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
        painter.drawImage(shown, image)
    elif part.object_name:
        icons.object_icon(part.modality).paint(painter, tile.toRect().adjusted(14, 14, -14, -14))
    if part.mark:
        draw_hatch(painter, QRectF(tile.right() - _STRIP, tile.top(), _STRIP, tile.height()))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(QColor(theme.FOCUS if part.is_shown else theme.HAIRLINE), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(tile.adjusted(0, 0, -1, -1))
