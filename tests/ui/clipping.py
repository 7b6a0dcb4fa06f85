"""Looks for text that does not fit its widget, for targets too small to hit, for nameless controls.

Run as a program it builds every panel under the scale factor of the environment
(QT_SCALE_FACTOR) and prints what it finds, one line each.
"""

import os
import sys
from collections.abc import Iterator

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QSlider,
    QWidget,
)

from tests.ui import samples
from viewer.app.messages import warning
from viewer.app.settings import Settings
from viewer.ui import theme
from viewer.ui.browser import StudyBrowser
from viewer.ui.command_palette import CommandPalette
from viewer.ui.controls import Fold
from viewer.ui.dialogs import About
from viewer.ui.inspector import ENHANCEMENT, MEASUREMENTS, WINDOW, Inspector
from viewer.ui.preferences import Preferences
from viewer.ui.status_line import StatusLine
from viewer.ui.tag_browser import TagBrowser
from viewer.ui.tool_row import ToolEntry, ToolRow


def clipped(root: QWidget) -> Iterator[str]:
    """Name every visible text that is wider or taller than the room it has."""
    for widget in root.findChildren(QWidget):
        if not widget.isVisible() or widget.width() == 0:
            continue
        if isinstance(widget, QLabel):
            yield from _clipped_label(widget)
        elif isinstance(widget, QAbstractButton) and widget.text():
            yield from _clipped_button(widget)
        elif isinstance(widget, QLineEdit | QComboBox):
            yield from _clipped_field(widget)


def _clipped_label(widget: QLabel) -> Iterator[str]:
    is_plain = widget.textFormat() != Qt.TextFormat.RichText and not widget.pixmap().width()
    if widget.wordWrap():
        needed = widget.heightForWidth(widget.width())
        if needed > widget.height() + 1:
            yield f"label {widget.text()[:40]!r}: {needed} > {widget.height()} high"
    elif is_plain and widget.fontMetrics().horizontalAdvance(widget.text()) > widget.width() + 1:
        yield f"label {widget.text()[:40]!r}: wider than {widget.width()}"


def _clipped_button(widget: QAbstractButton) -> Iterator[str]:
    room = widget.width() - (20 if not widget.icon().isNull() else 0)
    metrics = widget.fontMetrics()
    if metrics.horizontalAdvance(widget.text().replace("&", "")) > room:
        yield f"button {widget.text()!r}: wider than {room}"
    if metrics.height() > widget.height():
        yield f"button {widget.text()!r}: higher than {widget.height()}"


def _clipped_field(widget: QLineEdit | QComboBox) -> Iterator[str]:
    metrics = widget.fontMetrics()
    if metrics.height() > widget.height():
        yield f"field {widget.accessibleName()!r}: text higher than {widget.height()}"
    words = widget.currentText() if isinstance(widget, QComboBox) else ""
    if metrics.horizontalAdvance(words) > widget.width() - 26:
        yield f"choice {words!r}: wider than {widget.width()}"


def too_small(root: QWidget) -> Iterator[str]:
    """Name every visible target that is smaller than a hand can hit."""
    for widget in root.findChildren(QWidget):
        is_target = isinstance(widget, QAbstractButton | QSlider | QComboBox)
        is_inner = isinstance(widget.parentWidget(), QLineEdit)
        is_native = widget.objectName().startswith("qt_") or "Header" in type(widget).__name__
        if not is_target or is_inner or is_native or not widget.isVisible():
            continue
        if isinstance(widget.parentWidget(), QAbstractItemView):
            continue
        if min(widget.width(), widget.height()) < theme.HIT:
            yield f"{type(widget).__name__} {widget.accessibleName()!r}: {widget.size()}"


def nameless(root: QWidget) -> Iterator[str]:
    """Name every control that takes the focus and has no words for a screen reader."""
    for widget in root.findChildren(QWidget):
        takes_focus = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        is_inner = isinstance(widget.parentWidget(), QLineEdit | QComboBox) or (
            "SpinBox" in type(widget.parentWidget()).__name__
        )
        is_native = widget.objectName().startswith("qt_")
        if not takes_focus or is_inner or is_native or not widget.isVisible():
            continue
        words = widget.accessibleName() or getattr(widget, "text", lambda: "")()
        if not words:
            yield f"{type(widget).__name__} in {type(widget.parentWidget()).__name__}"


def _inspector(panel: str) -> Inspector:
    made = Inspector()
    made.window_panel.set_state(samples.WINDOW_STATE)
    made.enhancement_panel.set_state(samples.ENHANCED_STATE)
    made.measurement_panel.set_rows(samples.MEASUREMENTS, can_undo=True, can_redo=True)
    made.show_panel(panel)
    for fold in made.findChildren(Fold):
        fold.set_open(True)
    made.resize(300, 1400)
    return made


def panels() -> dict[str, QWidget]:
    """Return every panel, filled and in the size that it has in a small window."""
    browser = StudyBrowser()
    browser.set_studies(samples.STUDIES)
    browser.set_recents(["/data/a/rather/long/path/with a long name at its end indeed"])
    browser.resize(260, 640)
    status = StatusLine()
    status.show_message(warning("3 files could not be read.", "", "See the list of files."))
    status.set_jobs((("1", "Enhancing with CT denoise S", 0.4, "129 of 300 slices"),))
    status.resize(1280, 34)
    tools = ToolRow()
    tools.set_tools(
        tuple(
            ToolEntry(f"t.{i}", f"Tool {i}", "mdi6.ruler", str(i), str(i // 5)) for i in range(30)
        )
    )
    tools.resize(700, 32)
    tags = TagBrowser()
    tags.set_tags("/data/1.dcm", ((0, "(0028,0010)", "US", "Rows", "512"),))
    made = {
        "browser": browser,
        "status": status,
        "tools": tools,
        "tags": tags,
        "palette": CommandPalette(),
        "preferences": Preferences(Settings()),
        "about": About("0.1.0", [("GPU", "none found")]),
    }
    return made | {name: _inspector(name) for name in (WINDOW, ENHANCEMENT, MEASUREMENTS)}


def faults(name: str, panel: QWidget) -> list[str]:
    """Return everything that is wrong with a shown panel, each line with its name."""
    found = (*clipped(panel), *too_small(panel), *nameless(panel))
    return [f"{name}: {line}" for line in found]


def main() -> None:
    """Print the faults of every panel, and how many panels were looked at."""
    application = QApplication(sys.argv[:1])
    theme.apply_theme(application)
    looked = panels()
    for name, panel in looked.items():
        panel.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        panel.show()
        waited = QEventLoop()
        QTimer.singleShot(20, waited.quit)
        waited.exec()
        for line in faults(name, panel):
            sys.stdout.write(line + "\n")
        panel.hide()
    ratio = next(iter(looked.values())).devicePixelRatioF()
    sys.stdout.write(f"looked at {len(looked)} panels at {ratio:g}\n")
    sys.stdout.flush()
    os._exit(0)  # no interpreter teardown of Qt: the answer is printed


if __name__ == "__main__":
    main()
