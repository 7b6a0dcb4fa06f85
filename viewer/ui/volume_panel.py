"""How a volume is rendered: its preset, where the eye stands, and what is cut away."""

from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QListWidget,
    QListWidgetItem,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from viewer.ui import theme
from viewer.ui.controls import button, label

Face = tuple[int, int]
"""A face of the crop box: (axis 0 slice, 1 row, 2 column; side 0 from, 1 to)."""

FACES: tuple[Face, ...] = tuple((axis, side) for axis in range(3) for side in range(2))
DEEPEST_CUT = 98


@dataclass(frozen=True, slots=True)
class VolumePanelState:
    """What the panel shows.

    `presets` are (id, name); `looks` are names of places of the eye; `faces` name the sides of the
    volume in the order of `FACES`, and `cuts` say how much is cut from each, 0 to 1.
    """

    subject: str
    presets: tuple[tuple[str, str], ...]
    chosen: str
    looks: tuple[str, ...]
    faces: tuple[str, ...]
    cuts: tuple[float, ...]


class VolumePanel(QWidget):
    """Shows and asks for the rendering of the active volume view.

    Signals
    -------
    preset_chosen : id of a preset.
    look_chosen : name of a place of the eye.
    cut_changed : axis, side, and how much is cut away there, 0 to 1.
    whole_requested : cut nothing.
    """

    preset_chosen = Signal(str)
    look_chosen = Signal(str)
    cut_changed = Signal(int, int, float)
    whole_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state: VolumePanelState | None = None
        self._subject = label("", "secondary")
        self._list = QListWidget()
        self._list.setAccessibleName("Volume presets")
        self._list.itemActivated.connect(self._chosen)
        self._list.itemClicked.connect(self._chosen)
        self._looks = QGridLayout()
        self._looks.setSpacing(6)
        self._sliders = tuple(self._slider(face) for face in FACES)
        self._names = tuple(label("", "secondary", wraps=False) for _ in FACES)
        self._whole = button("Show all", "", "Cut nothing away")
        self._whole.clicked.connect(self.whole_requested)
        self._arrange()

    def _slider(self, face: Face) -> QSlider:
        made = QSlider(Qt.Orientation.Horizontal)
        made.setRange(0, DEEPEST_CUT)
        made.setPageStep(10)
        made.valueChanged.connect(lambda cut: self.cut_changed.emit(*face, cut / 100))
        return made

    def _arrange(self) -> None:
        cuts = QGridLayout()
        cuts.setHorizontalSpacing(8)
        cuts.setVerticalSpacing(2)
        for row, (name, slider) in enumerate(zip(self._names, self._sliders, strict=True)):
            cuts.addWidget(name, row, 0)
            cuts.addWidget(slider, row, 1)
        cuts.setColumnStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(8)
        layout.addWidget(self._subject)
        layout.addWidget(label("PRESETS", "section"))
        layout.addWidget(self._list)
        layout.addWidget(label("LOOK FROM", "section"))
        layout.addLayout(self._looks)
        layout.addWidget(label("CUT AWAY FROM", "section"))
        layout.addLayout(cuts)
        layout.addWidget(self._whole, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(label("Drag to turn, wheel to zoom, middle button to move.", "small"))
        layout.addStretch(1)

    def set_state(self, state: VolumePanelState) -> None:
        """Show the rendering of the active volume view."""
        old, self._state = self._state, state
        self._subject.setText(state.subject)
        if old is None or old.presets != state.presets:
            self._fill(state.presets)
        for row in range(self._list.count()):
            if self._list.item(row).data(Qt.ItemDataRole.UserRole) == state.chosen:
                self._list.setCurrentRow(row)
        if old is None or old.looks != state.looks:
            self._make_looks(state.looks)
        for name, slider, words, cut in zip(
            self._names, self._sliders, state.faces, state.cuts, strict=True
        ):
            name.setText(words)
            slider.setAccessibleName(f"Cut away from {words.lower()}, percent")
            if not slider.isSliderDown():
                with QSignalBlocker(slider):
                    slider.setValue(round(100 * cut))
        self._whole.setEnabled(any(state.cuts))

    def _fill(self, presets: tuple[tuple[str, str], ...]) -> None:
        self._list.clear()
        for identity, name in presets:
            row = QListWidgetItem(name)
            row.setData(Qt.ItemDataRole.UserRole, identity)
            self._list.addItem(row)
        self._list.setFixedHeight(theme.HIT * max(len(presets), 1) + 6)

    def _make_looks(self, names: tuple[str, ...]) -> None:
        while (taken := self._looks.takeAt(0)) is not None:
            if (old := taken.widget()) is not None:
                old.deleteLater()
        for place, name in enumerate(names):
            made = button(name.capitalize(), "", f"Look from the {name}")
            made.clicked.connect(lambda _=False, chosen=name: self.look_chosen.emit(chosen))
            self._looks.addWidget(made, place // 2, place % 2)

    def _chosen(self, row: QListWidgetItem) -> None:
        self.preset_chosen.emit(row.data(Qt.ItemDataRole.UserRole))
