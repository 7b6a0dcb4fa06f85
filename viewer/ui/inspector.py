"""The right dock: one inspector whose content follows the active thing."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from viewer.ui import theme
from viewer.ui.enhancement_panel import EnhancementPanel
from viewer.ui.measurement_panel import MeasurementPanel
from viewer.ui.volume_panel import VolumePanel
from viewer.ui.window_panel import WindowPanel

WINDOW, ENHANCEMENT, MEASUREMENTS = "window", "enhancement", "measurements"


class Inspector(QWidget):
    """Panels behind one row of tabs; `window`, `enhancement` and `measurements` are its own.

    Signals
    -------
    panel_changed : id of the panel that is shown now.
    """

    panel_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.window_panel = WindowPanel()
        self.volume_panel = VolumePanel()
        self._looks = QStackedWidget()
        self._looks.addWidget(_scrolling(self.window_panel, "Window"))
        self._looks.addWidget(_scrolling(self.volume_panel, "Volume"))
        self.enhancement_panel = EnhancementPanel()
        self.measurement_panel = MeasurementPanel()
        self._tabs = QTabBar()
        self._tabs.setDrawBase(False)
        self._tabs.setExpanding(False)
        self._tabs.setUsesScrollButtons(True)
        self._tabs.setAccessibleName("Inspector")
        self._pages = QStackedWidget()
        rule = QFrame()
        theme.set_role(rule, "hairline")
        rule.setFixedHeight(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._tabs)
        layout.addWidget(rule)
        layout.addWidget(self._pages, 1)
        self.add_panel(WINDOW, "Window", self._looks, scrolls=False)
        self.add_panel(ENHANCEMENT, "Enhance", self.enhancement_panel)
        self.add_panel(MEASUREMENTS, "Measure", self.measurement_panel, scrolls=False)
        self._tabs.currentChanged.connect(self._changed)
        self.setMinimumWidth(268)
        theme.set_role(self, "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, True)
        self.setAccessibleName("Inspector")

    def add_panel(self, identity: str, title: str, panel: QWidget, *, scrolls: bool = True) -> None:
        """Add a panel at the end, such as a reader's form."""
        self._tabs.setTabData(self._tabs.addTab(title), identity)
        self._pages.addWidget(_scrolling(panel, title) if scrolls else panel)

    @property
    def current(self) -> str:
        """Id of the panel that is shown."""
        return str(self._tabs.tabData(self._tabs.currentIndex()))

    def show_panel(self, identity: str) -> None:
        """Bring a panel to the front; unknown ids change nothing."""
        place = self._place(identity)
        if place >= 0:
            self._tabs.setCurrentIndex(place)

    def show_volume(self, is_volume: bool) -> None:
        """Let the first panel be about a rendered volume, or about a window."""
        self._looks.setCurrentIndex(int(is_volume))
        self._tabs.setTabText(self._place(WINDOW), "Volume" if is_volume else "Window")

    def _place(self, identity: str) -> int:
        ids = [self._tabs.tabData(i) for i in range(self._tabs.count())]
        return ids.index(identity) if identity in ids else -1

    def _changed(self, place: int) -> None:
        self._pages.setCurrentIndex(place)
        self.panel_changed.emit(self.current)


def _scrolling(panel: QWidget, name: str) -> QScrollArea:
    area = QScrollArea()
    area.setWidget(panel)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setAccessibleName(name)
    return area
