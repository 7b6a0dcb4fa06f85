"""Icons of one style from a kept icon font, in the colours of the theme."""

import qtawesome
from PySide6.QtGui import QIcon

from viewer.ui import theme

WINDOW_LEVEL = "mdi6.contrast-circle"
ENHANCE = "mdi6.blur"
MEASURE = "mdi6.ruler"
SEARCH = "mdi6.magnify"
CLOSE = "mdi6.close"
FOLDER = "mdi6.folder-open-outline"
OBJECT = "mdi6.file-outline"
UNDO = "mdi6.undo"
REDO = "mdi6.redo"
DELETE = "mdi6.trash-can-outline"
GO = "mdi6.crosshairs-gps"
RENAME = "mdi6.pencil-outline"
COPY = "mdi6.content-copy"
EXPANDED = "mdi6.chevron-down"
COLLAPSED = "mdi6.chevron-right"

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


def icon(name: str, colour: str = theme.TEXT) -> QIcon:
    """Return the icon of this name; needs a running application."""
    made: QIcon = qtawesome.icon(
        name,
        color=colour,
        color_disabled=theme.DISABLED,
        color_on=theme.TEXT,
        color_active=theme.TEXT,
    )
    return made


def object_icon(modality: str) -> QIcon:
    """Return the icon of an object that is not an image, by its modality."""
    return icon(_OBJECT_ICONS.get(modality, OBJECT), theme.SECONDARY)
