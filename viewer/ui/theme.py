"""The reading-room look: colours, type sizes and the one style sheet, all in one place."""

from functools import cache
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from viewer.core.places import data_folder

IMAGE = "#000000"
"""Behind and around every image."""
WINDOW = "#101214"
PANEL = "#181B1F"
RAISED = "#23272D"
PRESSED = "#2B3038"
HAIRLINE = "#2E333A"
OUTLINE = "#4A525C"
"""Edge of a control that can be used; hairlines only separate."""
TEXT = "#D7DCE2"
SECONDARY = "#8F98A3"
DISABLED = "#6B747E"

SYNTHETIC = "#F2A93B"
"""Reserved for pixels that were not acquired; nothing else in the program has this colour."""
FOCUS = "#5AA9E6"
SELECTION = "#1F3850"
WARNING = "#E6D35A"
ERROR = "#E5695E"
MEASUREMENT = "#6FE0B7"
MEASUREMENT_ACTIVE = "#B5FFE3"
HALO = "#050607"
"""The dark outline around everything that is drawn on an image."""

PLANE_COLOURS = {"axial": "#E38FB4", "coronal": "#A99AF2", "sagittal": "#A8CF6A"}
"""Lines of the crosshair by the plane that they stand for."""

SMALL, BODY, HEADING, LARGE = 11, 12, 14, 18
"""The four type sizes, in pixels at 96 dpi; Qt scales them with the screen."""

HIT = 28
"""Least side of anything that can be clicked, in pixels at 96 dpi."""

_GENERIC_FAMILIES = {"", "sans", "sans serif", "sans-serif", "ms shell dlg 2"}
_FALLBACKS = ("Inter", "DejaVu Sans")


@cache
def family() -> str:
    """Return the system's own font family, or Inter or DejaVu Sans where it names none."""
    named = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()
    if named.lower() not in _GENERIC_FAMILIES:
        return named
    there = set(QFontDatabase.families())
    for candidate in _FALLBACKS:
        if candidate in there:
            return candidate
    return QFontInfo(QFont()).family()


def font(size: int = BODY, *, is_bold: bool = False) -> QFont:
    """Return the program's font with figures of equal width, `size` in pixels at 96 dpi."""
    made = QFont(family())
    made.setPixelSize(size)
    made.setWeight(QFont.Weight.DemiBold if is_bold else QFont.Weight.Normal)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def palette() -> QPalette:
    """Return the dark palette, which also colours what the style sheet does not reach."""
    roles = {
        QPalette.ColorRole.Window: WINDOW,
        QPalette.ColorRole.WindowText: TEXT,
        QPalette.ColorRole.Base: PANEL,
        QPalette.ColorRole.AlternateBase: WINDOW,
        QPalette.ColorRole.Text: TEXT,
        QPalette.ColorRole.Button: RAISED,
        QPalette.ColorRole.ButtonText: TEXT,
        QPalette.ColorRole.BrightText: TEXT,
        QPalette.ColorRole.ToolTipBase: RAISED,
        QPalette.ColorRole.ToolTipText: TEXT,
        QPalette.ColorRole.PlaceholderText: SECONDARY,
        QPalette.ColorRole.Highlight: SELECTION,
        QPalette.ColorRole.HighlightedText: TEXT,
        QPalette.ColorRole.Link: FOCUS,
        QPalette.ColorRole.LinkVisited: FOCUS,
        QPalette.ColorRole.Light: PRESSED,
        QPalette.ColorRole.Midlight: RAISED,
        QPalette.ColorRole.Mid: HAIRLINE,
        QPalette.ColorRole.Dark: WINDOW,
        QPalette.ColorRole.Shadow: IMAGE,
        QPalette.ColorRole.Accent: FOCUS,
    }
    made = QPalette()
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    for role in (
        QPalette.ColorRole.Text,
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.ButtonText,
    ):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(DISABLED))
    return made


def style_sheet() -> str:
    """Return the style sheet of the whole program."""
    drawn = data_folder("resources").as_posix()
    signs = _SIGNS.replace("RESOURCES", drawn)
    return f"{_GROUND}{_BUTTONS}{_FIELDS}{_LISTS}{_BARS}{signs}"


_GROUND = f"""
QWidget {{ color: {TEXT}; }}
QMainWindow, QDialog {{ background: {WINDOW}; }}
QMainWindow::separator {{ background: {HAIRLINE}; width: 1px; height: 1px; }}
QMainWindow::separator:hover {{ background: {FOCUS}; }}
QDockWidget {{ background: {PANEL}; font-size: {BODY}px; }}
QDockWidget::title {{ background: {PANEL}; padding: 7px 10px; }}
QToolTip {{ background: {RAISED}; color: {TEXT}; border: 1px solid {OUTLINE}; padding: 4px; }}
QFrame[role="panel"], QWidget[role="panel"] {{ background: {PANEL}; }}
QFrame[role="hairline"] {{ background: {HAIRLINE}; border: none; max-height: 1px; }}
QLabel {{ background: transparent; }}
QLabel[role="heading"] {{ font-size: {HEADING}px; font-weight: 600; }}
QLabel[role="large"] {{ font-size: {LARGE}px; }}
QLabel[role="section"] {{ color: {SECONDARY}; font-size: {SMALL}px; font-weight: 600; }}
QLabel[role="secondary"] {{ color: {SECONDARY}; }}
QLabel[role="small"] {{ color: {SECONDARY}; font-size: {SMALL}px; }}
QLabel[severity="warning"] {{ color: {WARNING}; }}
QLabel[severity="error"] {{ color: {ERROR}; }}
QLabel[role="synthetic"] {{ color: {SYNTHETIC}; font-weight: 600; }}
QScrollArea, QStackedWidget, QScrollArea > QWidget, QScrollArea > QWidget > QWidget {{
  background: transparent; border: none;
}}
QSplitter::handle {{ background: {HAIRLINE}; }}
QTextBrowser {{ background: {PANEL}; border: 1px solid {HAIRLINE}; padding: 8px; }}
"""

_BUTTONS = f"""
QPushButton, QToolButton {{
  background: {RAISED}; color: {TEXT}; border: 1px solid {OUTLINE}; border-radius: 3px;
  min-height: {HIT - 2}px; padding: 0 10px;
}}
QToolButton {{ min-width: {HIT - 2}px; padding: 0; }}
QPushButton:hover, QToolButton:hover {{ background: {PRESSED}; }}
QPushButton:pressed, QToolButton:pressed {{ background: {PANEL}; }}
QPushButton:checked, QToolButton:checked {{
  background: {SELECTION}; border-color: {FOCUS};
}}
QPushButton:focus, QToolButton:focus {{ border: 1px solid {FOCUS}; }}
QPushButton:disabled, QToolButton:disabled {{
  color: {DISABLED}; background: {PANEL}; border-color: {HAIRLINE};
}}
QPushButton:default {{ border-color: {FOCUS}; }}
QPushButton[role="flat"], QToolButton[role="flat"] {{
  background: transparent; border-color: transparent;
}}
QPushButton[role="flat"]:hover, QToolButton[role="flat"]:hover {{ background: {RAISED}; }}
QPushButton[role="flat"]:focus, QToolButton[role="flat"]:focus {{ border-color: {FOCUS}; }}
QPushButton[role="flat"]:checked, QToolButton[role="flat"]:checked {{
  background: {SELECTION}; border-color: {FOCUS};
}}
QCheckBox, QRadioButton {{ min-height: {HIT}px; spacing: 8px; }}
QCheckBox::indicator, QRadioButton::indicator {{
  width: 14px; height: 14px; background: {RAISED}; border: 1px solid {OUTLINE};
}}
QCheckBox::indicator {{ border-radius: 3px; }}
QRadioButton::indicator {{ border-radius: 8px; }}
QCheckBox::indicator:checked, QRadioButton::indicator:checked {{
  background: {FOCUS}; border: 1px solid {FOCUS};
}}
QCheckBox::indicator:focus, QRadioButton::indicator:focus {{ border: 1px solid {FOCUS}; }}
QCheckBox:focus, QRadioButton:focus {{ color: {FOCUS}; }}
QCheckBox:disabled, QRadioButton:disabled {{ color: {DISABLED}; }}
"""

_FIELDS = f"""
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit {{
  background: {WINDOW}; color: {TEXT}; border: 1px solid {OUTLINE}; border-radius: 3px;
  padding: 0 6px; min-height: {HIT - 2}px; selection-background-color: {SELECTION};
}}
QLineEdit QToolButton {{
  min-height: 0; min-width: 0; padding: 0; margin: 0; border: none; background: transparent;
}}
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus,
QPlainTextEdit:focus, QTextEdit:focus {{ border: 1px solid {FOCUS}; }}
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {{
  color: {DISABLED}; border-color: {HAIRLINE};
}}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: 0; border: none; }}
QComboBox::drop-down {{ width: 20px; border: none; }}
QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{
  background: transparent; border: none; padding: 0 6px; min-height: 0;
}}
QComboBox QAbstractItemView {{
  background: {RAISED}; border: 1px solid {OUTLINE}; selection-background-color: {SELECTION};
  outline: none;
}}
QComboBox QAbstractItemView::item {{ min-height: {HIT}px; }}
QSlider {{ min-height: {HIT}px; }}
QSlider::groove:horizontal {{ height: 2px; background: {OUTLINE}; }}
QSlider::sub-page:horizontal {{ height: 2px; background: {SECONDARY}; }}
QSlider::handle:horizontal {{
  width: 10px; height: 18px; margin: -9px 0; background: {SECONDARY};
  border: 1px solid {WINDOW}; border-radius: 3px;
}}
QSlider::handle:horizontal:hover {{ background: {TEXT}; }}
QSlider::handle:horizontal:focus {{ background: {FOCUS}; }}
QSlider::handle:horizontal:disabled {{ background: {HAIRLINE}; }}
"""

_LISTS = f"""
QTreeView, QListView, QTableView, QTreeWidget, QListWidget, QTableWidget {{
  background: {PANEL}; alternate-background-color: {WINDOW}; border: 1px solid {HAIRLINE};
  gridline-color: {HAIRLINE}; outline: none;
  selection-background-color: {SELECTION}; selection-color: {TEXT};
}}
QAbstractItemView:focus {{ border: 1px solid {FOCUS}; }}
QAbstractItemView[role="plain"] {{ border: 1px solid transparent; }}
QAbstractItemView[role="plain"]:focus {{ border: 1px solid transparent; }}
QTreeView::item, QListView::item, QTableView::item {{ min-height: {HIT}px; }}
QTreeView::item:hover, QListView::item:hover {{ background: {RAISED}; }}
QTreeView::item:selected, QListView::item:selected, QTableView::item:selected {{
  background: {SELECTION}; color: {TEXT};
}}
QHeaderView {{ background: {PANEL}; }}
QHeaderView::section {{
  background: {PANEL}; color: {SECONDARY}; border: none; border-bottom: 1px solid {HAIRLINE};
  padding: 4px 6px; min-height: 20px;
}}
QTableView[role="figures"] {{ font-size: {SMALL}px; }}
QTableView[role="figures"] QHeaderView::section {{ font-size: {SMALL}px; padding: 3px 3px; }}
QTableCornerButton::section {{ background: {PANEL}; border: none; }}
"""

_BARS = f"""
QToolBar {{
  background: {PANEL}; border: none; border-bottom: 1px solid {HAIRLINE};
  spacing: 2px; padding: 2px 6px;
}}
QToolBar QToolButton {{ background: transparent; border: 1px solid transparent; }}
QToolBar QToolButton:hover {{ background: {RAISED}; }}
QToolBar QToolButton:checked {{ background: {SELECTION}; border-color: {FOCUS}; }}
QToolBar QToolButton:focus {{ border-color: {FOCUS}; }}
QToolBar::separator {{ background: {HAIRLINE}; width: 1px; margin: 6px 5px; }}
QMenuBar {{ background: {PANEL}; }}
QMenuBar::item {{ padding: 6px 10px; background: transparent; }}
QMenuBar::item:selected {{ background: {RAISED}; }}
QMenu {{ background: {RAISED}; border: 1px solid {OUTLINE}; padding: 4px 0; }}
QMenu::item {{ padding: 6px 28px 6px 28px; min-height: 16px; }}
QMenu::item:selected {{ background: {SELECTION}; }}
QMenu::item:disabled {{ color: {DISABLED}; }}
QMenu::separator {{ height: 1px; background: {HAIRLINE}; margin: 4px 8px; }}
QStatusBar {{ background: {PANEL}; border-top: 1px solid {HAIRLINE}; }}
QStatusBar::item {{ border: none; }}
QProgressBar {{
  background: {HAIRLINE}; border: none; max-height: 2px; min-height: 2px;
}}
QProgressBar::chunk {{ background: {FOCUS}; }}
QScrollBar:vertical {{ background: transparent; width: 12px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 12px; margin: 0; }}
QScrollBar::handle {{ background: {OUTLINE}; border-radius: 3px; margin: 3px; }}
QScrollBar::handle:vertical {{ min-height: {HIT}px; }}
QScrollBar::handle:horizontal {{ min-width: {HIT}px; }}
QScrollBar::handle:hover {{ background: {SECONDARY}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QTabBar::tab {{
  background: transparent; color: {SECONDARY}; padding: 0 12px; min-height: {HIT}px;
  border-bottom: 2px solid transparent;
}}
QTabBar::tab:selected {{ color: {TEXT}; border-bottom-color: {FOCUS}; }}
QTabBar::tab:hover {{ color: {TEXT}; }}
QTabWidget::pane {{ border: none; border-top: 1px solid {HAIRLINE}; }}
"""


_SIGNS = """
QComboBox::down-arrow { image: url("RESOURCES/chevron.svg"); width: 12px; height: 12px; }
QCheckBox::indicator:checked { image: url("RESOURCES/check.svg"); }
"""


def application_icon() -> QIcon:
    """Return the program's icon: two panels, one hatched."""
    return QIcon(str(Path(data_folder("resources")) / "icon.svg"))


def darken(application: QApplication) -> None:
    """Make every window dark from its first paint on, so that none flashes white."""
    application.setStyle("Fusion")
    application.setPalette(palette())


def apply_theme(application: QApplication) -> None:
    """Give the whole application its look; call before any widget in the window is made."""
    from PySide6.QtCore import Qt  # makes all of Qt's enumerations: 15 ms

    darken(application)
    application.setFont(font())
    application.setStyleSheet(style_sheet())
    application.setWindowIcon(application_icon())
    application.setEffectEnabled(Qt.UIEffect.UI_AnimateMenu, False)
    application.setEffectEnabled(Qt.UIEffect.UI_AnimateTooltip, False)
    application.setEffectEnabled(Qt.UIEffect.UI_AnimateCombo, False)


def set_role(widget: QWidget, role: str) -> None:
    """Name the widget's place in the style sheet ("section", "secondary", "flat" ...)."""
    widget.setProperty("role", role)


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21. Source: WCAG 2.2, relative luminance."""
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, 0 to 1. Source: WCAG 2.2."""
    drawn = QColor(colour)
    channels = (drawn.redF(), drawn.greenF(), drawn.blueF())
    linear: list[float] = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


ICON_SIZE = QSize(18, 18)
