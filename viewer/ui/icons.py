"""Icons of one style, drawn from the Material Design icon font that qtawesome ships.

Only that one font and its list of names are read; importing the whole of qtawesome would add
0.2 to 0.4 s to the start of the window.
"""

import importlib.util
import json
from functools import cache
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap

from viewer.ui import theme

SEARCH = "mdi6.magnify"
CLOSE = "mdi6.close"
FOLDER = "mdi6.folder-open-outline"
UNDO = "mdi6.undo"
REDO = "mdi6.redo"
DELETE = "mdi6.trash-can-outline"
GO = "mdi6.crosshairs-gps"
COPY = "mdi6.content-copy"
EXPANDED = "mdi6.chevron-down"
COLLAPSED = "mdi6.chevron-right"
INVERT = "mdi6.invert-colors"
AUTO = "mdi6.chart-bell-curve"
SAVE = "mdi6.content-save-outline"
WAITING = "mdi6.clock-outline"
RUNNING = "mdi6.progress-clock"
HISTORY = "mdi6.history"
INFO = "mdi6.information-outline"
WARNING = "mdi6.alert-outline"
ERROR = "mdi6.alert-octagon-outline"
OK = "mdi6.check"
BLOCK = "mdi6.cancel"
_OBJECT = "mdi6.file-outline"

_OBJECT_ICONS = {
    "SR": "mdi6.clipboard-text-outline",
    "DOC": "mdi6.file-document-outline",
    "PDF": "mdi6.file-document-outline",
    "SEG": "mdi6.shape-outline",
    "RTSTRUCT": "mdi6.vector-polygon",
    "RTPLAN": "mdi6.radioactive",
    "RTDOSE": "mdi6.radioactive",
    "PR": "mdi6.tune-variant",
    "KO": "mdi6.key-outline",
    "ECG": "mdi6.pulse",
    "REG": "mdi6.vector-link",
    "AU": "mdi6.volume-high",
}


@cache
def _fonts_folder() -> Path:
    spec = importlib.util.find_spec("qtawesome")
    places = (spec.submodule_search_locations or []) if spec else []
    return Path(places[0]) / "fonts" if places else Path()


@cache
def _codes() -> dict[str, str]:
    """Return the hexadecimal code point of every icon name in the font."""
    (charmap,) = sorted(_fonts_folder().glob("materialdesignicons6*charmap*.json"))[-1:]
    codes: dict[str, str] = json.loads(charmap.read_text(encoding="utf-8"))
    return codes


@cache
def _family() -> str:
    """Load the icon font into the running application and return its family."""
    (file,) = sorted(_fonts_folder().glob("materialdesignicons6*.ttf"))[-1:]
    identity = QFontDatabase.addApplicationFont(str(file))
    return QFontDatabase.applicationFontFamilies(identity)[0]


class _GlyphEngine(QIconEngine):
    """Draws one character of the icon font in whatever size and state is asked for."""

    def __init__(self, character: str, colour: str) -> None:
        super().__init__()
        self._character = character
        self._colour = colour

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Draw the character in the middle of the rectangle."""
        is_off = mode is QIcon.Mode.Disabled
        font = QFont(_family())
        font.setPixelSize(max(min(rect.width(), rect.height()), 1))
        painter.save()
        painter.setFont(font)
        painter.setPen(QColor(theme.DISABLED if is_off else self._colour))
        painter.drawText(QRectF(rect), Qt.AlignmentFlag.AlignCenter, self._character)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """Return the icon on a clear ground."""
        drawn = QPixmap(size)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return drawn

    def clone(self) -> QIconEngine:
        """Return another engine that draws the same."""
        return _GlyphEngine(self._character, self._colour)


def icon(name: str, colour: str = theme.TEXT) -> QIcon:
    """Return the icon of a name such as "mdi6.ruler"; "" and unknown names give no icon."""
    code = _codes().get(name.removeprefix("mdi6."))
    return QIcon(_GlyphEngine(chr(int(code, 16)), colour)) if code else QIcon()


def has_icon(name: str) -> bool:
    """True when the font has an icon of this name."""
    return name.removeprefix("mdi6.") in _codes()


def object_icon(modality: str) -> QIcon:
    """Return the icon of an object that is not an image, by its modality."""
    return icon(_OBJECT_ICONS.get(modality, _OBJECT), theme.SECONDARY)
