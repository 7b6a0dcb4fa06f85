"""Histograms and line profiles of original and enhanced pixels, drawn by pyqtgraph.

pyqtgraph takes most of a second to load, so it is imported when a chart is first on the screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPen, QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from viewer.core.arrays import FloatArray
from viewer.ui import theme
from viewer.ui.controls import label


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One line of a chart: `x` and `y` of equal length; `role` decides how it is drawn.

    Roles: "original" (light, solid), "enhanced" (amber, dashed), "residual" (blue, dotted),
    "limit" (red, dashed). A curve without a name is not in the legend.
    """

    name: str
    x: FloatArray
    y: FloatArray
    role: str = "original"


@dataclass(frozen=True, slots=True, eq=False)
class ChartState:
    """What a chart shows. `span` marks two values on the x axis, such as a window's ends."""

    curves: tuple[Curve, ...] = ()
    x_title: str = ""
    y_title: str = ""
    span: tuple[float, float] | None = None
    empty_text: str = "Nothing to show yet."


_LINES = {
    "original": (theme.TEXT, Qt.PenStyle.SolidLine),
    "enhanced": (theme.SYNTHETIC, Qt.PenStyle.DashLine),
    "residual": (theme.FOCUS, Qt.PenStyle.DotLine),
    "limit": (theme.ERROR, Qt.PenStyle.DashLine),
}


class Chart(QWidget):
    """One chart with its legend in words.

    Signals
    -------
    span_changed : the (low, high) values after a drag of the marked span.
    """

    span_changed = Signal(float, float)

    def __init__(self, name: str, parent: QWidget | None = None, *, height: int = 132) -> None:
        super().__init__(parent)
        self._name = name
        self._state = ChartState()
        self._plot: Any = None
        self._span: Any = None
        self._legend = QLabel()
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self._empty = label(self._state.empty_text, "secondary")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._layout.addWidget(self._legend)
        self._layout.addWidget(self._empty)
        self.setFixedHeight(height)
        self.setAccessibleName(name)

    def set_state(self, state: ChartState) -> None:
        """Show these curves."""
        self._state = state
        if self._plot is not None:
            self._draw()
        elif self.isVisible():
            self._load()

    def showEvent(self, event: QShowEvent) -> None:
        """Load the plotting library the first time there is something to see."""
        super().showEvent(event)
        if self._plot is None and self._state.curves:
            self._load()
        self._show_words()

    def _load(self) -> None:
        if not self._state.curves:
            self._show_words()
            return
        import pyqtgraph

        plot = pyqtgraph.PlotWidget(background=theme.WINDOW)
        plot.setAccessibleName(self._name)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(x=False, y=False)
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setPen(QPen(QColor(theme.HAIRLINE), 1))
            axis.setTextPen(QColor(theme.SECONDARY))
            axis.setTickFont(theme.font(theme.SMALL))
            axis.enableAutoSIPrefix(False)
        plot.getPlotItem().setContentsMargins(0, 6, 8, 0)
        self._span = pyqtgraph.LinearRegionItem(
            pen=QPen(QColor(theme.FOCUS), 0),
            brush=QColor(90, 169, 230, 36),
            hoverBrush=QColor(90, 169, 230, 60),
        )
        self._span.sigRegionChangeFinished.connect(self._span_moved)
        self._plot = plot
        self._layout.addWidget(plot, 1)
        self._draw()

    def _draw(self) -> None:
        state = self._state
        self._plot.clear()
        for curve in state.curves:
            colour, dashes = _LINES.get(curve.role, _LINES["original"])
            pen = QPen(QColor(colour), 0, dashes)
            self._plot.plot(curve.x, curve.y, pen=pen, antialias=True)
        style = {"color": theme.SECONDARY, "font-size": f"{theme.SMALL}px"}
        self._plot.setLabel("bottom", state.x_title, **style)
        self._plot.setLabel("left", state.y_title, **style)
        self._plot.showAxis("left", bool(state.y_title))
        if state.span is not None and state.curves:
            self._span.blockSignals(True)
            self._span.setRegion(state.span)
            self._span.blockSignals(False)
            self._plot.addItem(self._span)
        self._show_words()

    def _show_words(self) -> None:
        curves = self._state.curves
        self._empty.setText(self._state.empty_text)
        self._empty.setVisible(not curves)
        self._legend.setVisible(len(curves) > 1)
        self._legend.setText(_legend(curves))
        if self._plot is not None:
            self._plot.setVisible(bool(curves))

    def _span_moved(self) -> None:
        low, high = self._span.getRegion()
        self.span_changed.emit(float(low), float(high))


def _legend(curves: Sequence[Curve]) -> str:
    """Return the curves' names in their colours, with the look of the line in characters."""
    strokes = {"original": "━", "enhanced": "╍", "residual": "┈", "limit": "╍"}
    words = []
    for curve in curves:
        if not curve.name:
            continue
        colour = _LINES.get(curve.role, _LINES["original"])[0]
        stroke = strokes.get(curve.role, "━")
        words.append(f'<span style="color:{colour}">{stroke} {curve.name}</span>')
    return "&nbsp;&nbsp; ".join(words)
