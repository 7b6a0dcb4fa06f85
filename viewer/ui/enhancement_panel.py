"""Choosing, running, judging and saving an enhancement."""

from dataclasses import dataclass, field

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from viewer.ui import icons, theme
from viewer.ui.audit_list import AuditList, AuditState
from viewer.ui.charts import Chart, ChartState
from viewer.ui.controls import FactList, FigureTable, Fold, button, label, set_severity
from viewer.ui.factor_row import FactorRow
from viewer.ui.gate_list import GateList, GateRow
from viewer.ui.spread_box import SpreadBox, SpreadState

__all__ = [
    "COMPARISONS",
    "EnhancementPanel",
    "EnhancementPanelState",
    "Figures",
    "GateRow",
    "MethodRow",
]

EMPTY_TEXT = "Open a CT, MR or other series, then press E to see it beside its enhanced version."
COMPARISONS = (
    ("side", "Side by side", "E"),
    ("swipe", "Swipe", "Y"),
    ("flicker", "Flicker", "F"),
    ("residual", "Residual", "N"),
)


@dataclass(frozen=True, slots=True)
class MethodRow:
    """One method: `kind` is "AI" or "filter", `purpose` one sentence from its card."""

    id: str
    name: str
    kind: str
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """A table in words: the first column names the row."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class EnhancementPanelState:
    """What the panel shows.

    `strength` is asked for (0 to 1), `strength_meaning` says what it cuts or blends and
    `strength_words` what is reached; `has_strength` is False for methods applied as a whole.
    `factor` is how many times finer slices become, None for methods that keep them.
    `progress` is 0 to 1 while running, else None. `blocked`
    says why it cannot run ("" when it can). `comparison` is one of the ids of `COMPARISONS`;
    `spot` is the place of the audit that the view shows.
    """

    subject: str
    methods: tuple[MethodRow, ...]
    method: str
    strength: float = 0.4
    strength_meaning: str = "Noise cut in flat regions"
    strength_words: str = ""
    has_strength: bool = True
    factor: int | None = None
    factor_words: str = ""
    gates: tuple[GateRow, ...] = ()
    blocked: str = ""
    progress: float | None = None
    progress_words: str = ""
    has_result: bool = False
    comparison: str = ""
    provenance: tuple[tuple[str, str], ...] = ()
    audit: AuditState | None = None
    spread: SpreadState = field(default_factory=SpreadState)
    spot: int | None = None
    regions: Figures = Figures()
    histogram: ChartState = field(default_factory=ChartState)
    profile: ChartState = field(default_factory=ChartState)


class EnhancementPanel(QWidget):
    """Shows and asks for the enhancement of the active series.

    Signals
    -------
    method_chosen : id of a method.
    strength_changed : fraction 0 to 1, while the slider moves.
    strength_settled : fraction 0 to 1, when it rests.
    factor_changed : how many times finer slices shall become.
    run_requested, cancel_requested, save_requested : the three buttons.
    comparison_chosen : id of a way to compare.
    place_chosen : number of a place of the residual audit.
    spread_toggled : the overlay of the model's spread is wanted, or no more.
    """

    method_chosen = Signal(str)
    strength_changed = Signal(float)
    strength_settled = Signal(float)
    factor_changed = Signal(int)
    run_requested = Signal()
    cancel_requested = Signal()
    save_requested = Signal()
    comparison_chosen = Signal(str)
    place_chosen = Signal(int)
    spread_toggled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state: EnhancementPanelState | None = None
        self._subject = label(EMPTY_TEXT, "secondary")
        self._method = QComboBox()
        self._method.setAccessibleName("Enhancement method")
        self._method.activated.connect(lambda i: self.method_chosen.emit(self._method.itemData(i)))
        self._purpose = label("", "small")
        self._strength = _StrengthRow()
        self._strength.changed.connect(self.strength_changed)
        self._strength.settled.connect(self.strength_settled)
        self._factor = FactorRow()
        self._factor.changed.connect(self.factor_changed)
        self._gates = GateList()
        self._run = button("Enhance", "mdi6.blur", "Run the method on this series (E)")
        self._run.clicked.connect(self.run_requested)
        self._cancel = button("Cancel", icons.CLOSE, "Stop; what is done stays")
        self._cancel.clicked.connect(self.cancel_requested)
        self._save = button("Save as DICOM", icons.SAVE, "Write a new derived series")
        self._save.clicked.connect(self.save_requested)
        self._blocked = label("")
        set_severity(self._blocked, "error")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._progress = label("", "small")
        self._compare = _CompareRow()
        self._compare.chosen.connect(self.comparison_chosen)
        self._audit = AuditList()
        self._audit.place_chosen.connect(self.place_chosen)
        self._audit_fold = Fold("Residual audit", self._audit)
        self._spread = SpreadBox()
        self._spread.toggled.connect(self.spread_toggled)
        self._regions = FigureTable("Regions on original, enhanced and residual")
        self._regions_empty = label(
            "Draw a rectangle or an ellipse: its numbers on original, enhanced and residual "
            "pixels are compared here.",
            "secondary",
        )
        self._histogram = Chart("Histogram, original and enhanced", height=150)
        self._profile = Chart("Profile along the active length, original and enhanced", height=150)
        self._facts = FactList()
        self._result = QWidget()
        self._controls = QWidget()
        self._arrange()
        self.set_state(None)

    def _arrange(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for made in (self._run, self._cancel, self._save):
            buttons.addWidget(made)
        buttons.addStretch(1)
        inner = QVBoxLayout(self._controls)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(8)
        for widget in (self._method, self._purpose, self._strength, self._factor):
            inner.addWidget(widget)
        inner.addWidget(self._gates)
        inner.addWidget(self._blocked)
        inner.addLayout(buttons)
        inner.addWidget(self._bar)
        inner.addWidget(self._progress)
        inner.addWidget(self._result)
        regions = QWidget()
        column = QVBoxLayout(regions)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._regions_empty)
        column.addWidget(self._regions)
        result = QVBoxLayout(self._result)
        result.setContentsMargins(0, 4, 0, 0)
        result.setSpacing(6)
        result.addWidget(self._compare)
        result.addWidget(Fold("Model spread", self._spread))
        result.addWidget(self._audit_fold)
        result.addWidget(Fold("Regions", regions))
        result.addWidget(Fold("Histogram", self._histogram, is_open=False))
        result.addWidget(Fold("Line profile", self._profile, is_open=False))
        result.addWidget(Fold("How it was made", self._facts, is_open=False))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(8)
        layout.addWidget(self._subject)
        layout.addWidget(self._controls)
        layout.addStretch(1)

    def set_state(self, state: EnhancementPanelState | None) -> None:
        """Show the enhancement of the active series; None when there is nothing to enhance."""
        old, self._state = self._state, state
        self._controls.setVisible(state is not None)
        if state is None:
            self._subject.setText(EMPTY_TEXT)
            return
        self._subject.setText(state.subject)
        if old is None or old.methods != state.methods:
            self._fill_methods(state.methods)
        place = self._method.findData(state.method)
        self._method.setCurrentIndex(place)
        purpose = next((m.purpose for m in state.methods if m.id == state.method), "")
        self._purpose.setText(purpose)
        self._purpose.setVisible(bool(purpose))
        self._strength.show_strength(state.strength, state.strength_meaning, state.strength_words)
        self._strength.setVisible(state.has_strength)
        self._factor.show_factor(state.factor, state.factor_words)
        self._gates.set_gates(state.gates)
        self._show_running(state)
        self._show_result(old, state)

    def _fill_methods(self, methods: tuple[MethodRow, ...]) -> None:
        """List AI models first, then filters; each row says which it is."""
        self._method.clear()
        for kind, word in (("AI", "AI model"), ("filter", "Filter")):
            rows = [method for method in methods if (method.kind == "AI") is (kind == "AI")]
            if rows and self._method.count():
                self._method.insertSeparator(self._method.count())
            for method in rows:
                self._method.addItem(f"{method.name}  –  {word}", method.id)
                self._method.setItemData(
                    self._method.count() - 1, method.purpose, Qt.ItemDataRole.ToolTipRole
                )

    def _show_running(self, state: EnhancementPanelState) -> None:
        is_running = state.progress is not None
        self._run.setVisible(not is_running)
        self._run.setEnabled(not state.blocked)
        self._cancel.setVisible(is_running)
        self._save.setVisible(state.has_result and not is_running)
        self._bar.setVisible(is_running)
        self._bar.setValue(round(1000 * (state.progress or 0.0)))
        self._progress.setVisible(is_running and bool(state.progress_words))
        self._progress.setText(state.progress_words)
        self._blocked.setText(state.blocked)
        is_listed = any(gate.level == "block" for gate in state.gates)
        self._blocked.setVisible(bool(state.blocked) and not is_listed)

    def _show_result(self, old: EnhancementPanelState | None, state: EnhancementPanelState) -> None:
        self._result.setVisible(state.has_result)
        self._compare.show_chosen(state.comparison)
        self._spread.set_state(state.spread)
        self._audit_fold.setVisible(state.audit is not None)
        if state.audit is not None:
            self._audit.set_state(state.audit)
            self._audit.mark(state.spot)
        if old is None or old.regions != state.regions:
            self._regions.set_figures(state.regions.columns, state.regions.rows)
        self._regions.setVisible(bool(state.regions.rows))
        self._regions_empty.setVisible(not state.regions.rows)
        self._facts.set_facts(state.provenance)
        if old is None or old.histogram is not state.histogram:
            self._histogram.set_state(state.histogram)
        if old is None or old.profile is not state.profile:
            self._profile.set_state(state.profile)


class _StrengthRow(QWidget):
    """What strength means, the slider, the figure asked for and what is reached."""

    changed = Signal(float)
    settled = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._meaning = label("", "section")
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, 100)
        self._slider.setPageStep(10)
        self._slider.setAccessibleName("Strength in percent")
        self._slider.valueChanged.connect(self._moved)
        self._slider.sliderReleased.connect(self._rested)
        self._figure = label("", wraps=False)
        self._figure.setFont(theme.font(theme.HEADING, is_bold=True))
        widest = QFontMetrics(theme.font(theme.HEADING, is_bold=True)).horizontalAdvance("100 %")
        self._figure.setMinimumWidth(widest + 4)
        self._figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._words = label("", "small")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._slider, 1)
        row.addWidget(self._figure)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._meaning)
        layout.addLayout(row)
        layout.addWidget(self._words)

    def show_strength(self, strength: float, meaning: str, words: str) -> None:
        """Show the state; a slider in the hand is left where the hand has it."""
        self._meaning.setText(meaning.upper())
        self._words.setText(words)
        self._words.setVisible(bool(words))
        if not self._slider.isSliderDown():
            with QSignalBlocker(self._slider):
                self._slider.setValue(round(100 * strength))
            self._figure.setText(f"{self._slider.value()} %")

    def _moved(self, value: int) -> None:
        self._figure.setText(f"{value} %")
        self.changed.emit(value / 100)
        if not self._slider.isSliderDown():
            self.settled.emit(value / 100)

    def _rested(self) -> None:
        self.settled.emit(self._slider.value() / 100)


class _CompareRow(QWidget):
    """The ways to compare, one of them on."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self._group.setExclusive(False)
        self._shown = ""
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        grid.addWidget(label("COMPARE", "section"), 0, 0, 1, 2)
        for i, (identity, title, key) in enumerate(COMPARISONS):
            made = button(title, "", f"{title} ({key})", is_checkable=True)
            made.setProperty("comparison", identity)
            made.clicked.connect(lambda _=False, c=identity: self._clicked(c))
            self._group.addButton(made)
            grid.addWidget(made, 1 + i // 2, i % 2)
        hint = label("Hold Q to see the original in place.", "small")
        grid.addWidget(hint, 3, 0, 1, 2)

    def show_chosen(self, comparison: str) -> None:
        """Press the button of the comparison that is on."""
        self._shown = comparison
        for made in self._group.buttons():
            made.setChecked(made.property("comparison") == comparison)

    def _clicked(self, comparison: str) -> None:
        """Ask for it; the buttons follow the state that comes back."""
        self.show_chosen(self._shown)
        self.chosen.emit(comparison)
