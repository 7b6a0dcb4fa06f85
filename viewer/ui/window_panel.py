"""How values become grey: typed window, presets and the file's own windows, colours, histogram."""

import math
from dataclasses import dataclass, field

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.ui import icons, theme
from viewer.ui.charts import Chart, ChartState
from viewer.ui.controls import Fold, button, label

EMPTY_TEXT = "Open a series to see how its values become grey."
_FUNCTIONS = {
    "LINEAR": "Linear",
    "LINEAR_EXACT": "Linear, exact ends",
    "SIGMOID": "Sigmoid",
    "TABLE": "Table from the file",
}
LONGEST_UNIT = 8
"""Letters of a unit that fit behind a figure; a longer one is in the tooltip."""

_FIGURE_SPACE = "\N{FIGURE SPACE}"
_SOURCES = {"file": "from the file", "preset": "", "auto": ""}


@dataclass(frozen=True, slots=True)
class WindowChoice:
    """One window to choose: `words` such as "W 400  L 40", `source` "file" or "preset"."""

    id: str
    title: str
    words: str
    key: str = ""
    source: str = "preset"


@dataclass(frozen=True, slots=True)
class WindowPanelState:
    """What the panel shows. `decimals` fits the unit: 0 for HU, 2 for SUV."""

    subject: str
    centre: float
    width: float
    unit: str = "HU"
    decimals: int = 0
    function: str = "LINEAR"
    choices: tuple[WindowChoice, ...] = ()
    chosen: str = ""
    colour_map: str = "grey"
    colour_maps: tuple[str, ...] = ("grey",)
    is_inverted: bool = False
    histogram: ChartState = field(default_factory=ChartState)


def window_decimals(width: float) -> int:
    """Return with how many decimals the centre and width of a window are shown."""
    return 0 if width >= 20 else min(max(2, 2 - math.floor(math.log10(width))), 8)


class WindowPanel(QWidget):
    """Shows and asks for the window of the active view.

    Signals
    -------
    window_edited : centre, width, function ("LINEAR", "LINEAR_EXACT", "SIGMOID").
    choice_chosen : id of a window from the list.
    auto_requested, region_requested : automatic window, of the image or of a dragged region.
    colour_map_chosen : name of the colour map.
    invert_requested : swap black and white.
    """

    window_edited = Signal(float, float, str)
    choice_chosen = Signal(str)
    auto_requested = Signal()
    region_requested = Signal()
    colour_map_chosen = Signal(str)
    invert_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state: WindowPanelState | None = None
        self._subject = label(EMPTY_TEXT, "secondary")
        self._centre = self._number("Level (centre)")
        self._width = self._number("Width")
        self._function = QComboBox()
        self._function.setAccessibleName("Window function")
        for value in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
            self._function.addItem(_FUNCTIONS[value], value)
        self._function.activated.connect(self._edited)
        self._auto = button("Auto", icons.AUTO, "Window from the 1st to the 99th percentile (0)")
        self._auto.clicked.connect(self.auto_requested)
        self._region = button("From region", "", "Drag a region on the image to window it")
        self._region.clicked.connect(self.region_requested)
        self._invert = button("Invert", icons.INVERT, "Swap black and white (I)", is_checkable=True)
        self._invert.clicked.connect(self._inverted)
        self._colours = QComboBox()
        self._colours.setAccessibleName("Colour map")
        self._colours.activated.connect(
            lambda i: self.colour_map_chosen.emit(self._colours.itemData(i))
        )
        self._windows = label("WINDOWS", "section")
        self._list = QListWidget()
        self._list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setAccessibleName("Windows")
        self._list.itemActivated.connect(self._chosen)
        self._list.itemClicked.connect(self._chosen)
        self._histogram = Chart("Histogram of the slice")
        self._histogram.span_changed.connect(self._span_edited)
        self._controls = QWidget()
        self._arrange()
        self._controls.setVisible(False)

    def _number(self, name: str) -> QDoubleSpinBox:
        made = QDoubleSpinBox()
        made.setRange(-1e7, 1e7)
        made.setDecimals(0)
        made.setAccessibleName(name)
        made.setKeyboardTracking(False)
        made.setAlignment(Qt.AlignmentFlag.AlignRight)
        made.valueChanged.connect(self._edited)
        return made

    def _arrange(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        rows = (
            ("Level", self._centre),
            ("Width", self._width),
            ("Function", self._function),
            ("Colours", self._colours),
        )
        for row, (words, widget) in enumerate(rows):
            named = label(words, "secondary", wraps=False)
            named.setBuddy(widget)
            grid.addWidget(named, row, 0)
            grid.addWidget(widget, row, 1)
        grid.setColumnStretch(1, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for made in (self._auto, self._region, self._invert):
            buttons.addWidget(made)
        buttons.addStretch(1)
        inner = QVBoxLayout(self._controls)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(8)
        inner.addLayout(grid)
        inner.addLayout(buttons)
        inner.addWidget(self._windows)
        inner.addWidget(self._list)
        inner.addWidget(Fold("Histogram", self._histogram, is_open=False))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(8)
        layout.addWidget(self._subject)
        layout.addWidget(self._controls)
        layout.addStretch(1)

    def set_state(self, state: WindowPanelState | None) -> None:
        """Show the window of the active view; None when there is nothing to window."""
        old, self._state = self._state, state
        self._controls.setVisible(state is not None)
        if state is None:
            self._subject.setText(EMPTY_TEXT)
            return
        self._subject.setText(state.subject)
        for widget, value in ((self._centre, state.centre), (self._width, state.width)):
            with QSignalBlocker(widget):
                widget.setDecimals(state.decimals)
                widget.setSuffix(f" {state.unit}" if 0 < len(state.unit) <= LONGEST_UNIT else "")
                widget.setToolTip(state.unit)
                widget.setValue(value)
        with QSignalBlocker(self._function):
            self._show_function(state.function)
        self._invert.setChecked(state.is_inverted)
        if old is None or old.colour_maps != state.colour_maps:
            self._colours.clear()
            for name in state.colour_maps:
                self._colours.addItem(name.capitalize(), name)
        self._colours.setCurrentIndex(self._colours.findData(state.colour_map))
        if old is None or old.choices != state.choices:
            self._fill(state.choices)
        self._mark(state.chosen)
        if old is None or old.histogram is not state.histogram:
            self._histogram.set_state(state.histogram)

    def _show_function(self, function: str) -> None:
        """Select the function; a table from the file is listed only while it is in use."""
        place = self._function.findData("TABLE")
        if function == "TABLE" and place < 0:
            self._function.addItem(_FUNCTIONS["TABLE"], "TABLE")
        elif function != "TABLE" and place >= 0:
            self._function.removeItem(place)
        self._function.setCurrentIndex(self._function.findData(function))

    def _fill(self, choices: tuple[WindowChoice, ...]) -> None:
        self._list.clear()
        for choice in choices:
            source = _SOURCES.get(choice.source, choice.source)
            words = " · ".join(part for part in (choice.title, choice.words, source) if part)
            row = QListWidgetItem(f"{choice.key or _FIGURE_SPACE}  {words}")
            row.setData(Qt.ItemDataRole.UserRole, choice.id)
            row.setToolTip(words)
            self._list.addItem(row)
        self._windows.setVisible(bool(choices))
        self._list.setVisible(bool(choices))
        tall = theme.HIT * max(min(len(choices), 7), 1) + 6
        self._list.setFixedHeight(tall)

    def _mark(self, chosen: str) -> None:
        for i in range(self._list.count()):
            row = self._list.item(i)
            if row.data(Qt.ItemDataRole.UserRole) == chosen:
                self._list.setCurrentItem(row)
                return
        self._list.setCurrentRow(-1)

    def _edited(self) -> None:
        function = self._function.currentData()
        if self._state is not None and function != "TABLE":
            least = 1.0 if function == "LINEAR" else 10.0**-self._state.decimals
            width = max(self._width.value(), least)
            self.window_edited.emit(self._centre.value(), width, function)

    def _span_edited(self, low: float, high: float) -> None:
        if self._state is not None:
            width = max(high - low, 10.0**-self._state.decimals)
            self.window_edited.emit((low + high) / 2, width, "LINEAR_EXACT")

    def _inverted(self) -> None:
        """Ask for it; the button follows the state that comes back."""
        if self._state is not None:
            self._invert.setChecked(self._state.is_inverted)
        self.invert_requested.emit()

    def _chosen(self, row: QListWidgetItem) -> None:
        self.choice_chosen.emit(row.data(Qt.ItemDataRole.UserRole))
