"""Connects the inspector with the session: state in, intent out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from psygnal import SignalInstance
from PySide6.QtCore import QElapsedTimer, QObject, QTimer

from viewer.app import (
    auditing,
    comparing,
    enhancement_verbs,
    measuring,
    rendering,
    spreading,
    windows,
)
from viewer.app.measuring import in_true_units, numbers_in_words
from viewer.app.regions import VALUE_KINDS, region_statistics
from viewer.app.session import Session
from viewer.app.tools import DRAWING_TOOLS
from viewer.core.camera import DIRECTIONS
from viewer.core.measurement import Measurement
from viewer.core.units import STORED, unit_words
from viewer.core.view import ORIGINAL, Comparison, ViewState
from viewer.core.windowing import COLOUR_MAPS, Window, WindowFunction
from viewer.ui import inspector, inspector_charts, inspector_rows
from viewer.ui.audit_list import AuditState
from viewer.ui.composition import window_name
from viewer.ui.enhancement_panel import EnhancementPanelState
from viewer.ui.measurement_panel import MeasurementRow
from viewer.ui.volume_panel import VolumePanelState
from viewer.ui.window_panel import WindowChoice, WindowPanelState, window_decimals

if TYPE_CHECKING:
    from viewer.app.enhancing import Enhancement

TICK_MS = 150
MOST_MS = 1000
"""A hand that goes on moving gets a new panel this often; else it comes when the hand rests."""
_COMPARISONS = {
    "swipe": Comparison.SWIPE,
    "flicker": Comparison.FLICKER,
    "residual": Comparison.RESIDUAL,
}


class NamedPreset(Protocol):
    """A preset of volume rendering as lists show it."""

    @property
    def id(self) -> str:
        """Stable id."""

    @property
    def name(self) -> str:
        """Name for people."""


class InspectorLink(QObject):
    """Fills the shown panel a few times a second while things change, and runs what it asks."""

    def __init__(
        self,
        session: Session,
        presets: Callable[[ViewState], Sequence[NamedPreset]],
        save: Callable[[], None],
        parent: QObject,
    ) -> None:
        """Connect; `presets` returns the volume presets that fit a view, its default first."""
        super().__init__(parent)
        self._session = session
        self._presets = presets
        self.panel = inspector.Inspector()
        self._chosen = ""
        self._timer = QTimer(self, singleShot=True, interval=TICK_MS)
        self._timer.timeout.connect(self.fill)
        self._filled = QElapsedTimer()
        self._filled.start()
        self._connect_workspace()
        self._connect_window()
        self._connect_volume()
        self._connect_enhancement(save)
        self._connect_measurements()

    @property
    def is_settled(self) -> bool:
        """True when nothing waits to be shown."""
        return not self._timer.isActive()

    def show(self, panel: str) -> None:
        """Bring a panel to the front."""
        self.panel.show_panel(panel)

    def _follow_tool(self) -> None:
        """Show the list of measurements as soon as the reader wants to measure."""
        if self._session.workspace.tool in DRAWING_TOOLS:
            self.show(inspector.MEASUREMENTS)

    def _follow_layout(self) -> None:
        """Show the enhancement beside a comparison."""
        if comparing.is_side_by_side(self._session):
            self.show(inspector.ENHANCEMENT)

    def later(self, *_: object) -> None:
        """Fill the panel soon."""
        if not self._timer.isActive():
            self._timer.start()

    def _at_rest(self, *_: object) -> None:
        """Fill the panel when the hand rests: histograms cost more than a frame."""
        if not self._timer.isActive() or self._filled.elapsed() < MOST_MS:
            self._timer.start()

    def stop(self) -> None:
        """Show no more changes, before the window goes."""
        self._timer.stop()
        self._session.workspace.tool_changed.disconnect(self._follow_tool)
        self._session.workspace.layout_changed.disconnect(self._follow_layout)
        self._session.workspace.view_changed.disconnect(self._at_rest)
        for signal in self._signals():
            signal.disconnect(self.later)

    def _signals(self) -> tuple[SignalInstance, ...]:
        workspace = self._session.workspace
        return (
            workspace.part_changed,
            workspace.layout_changed,
            workspace.measurements_changed,
            workspace.settings_changed,
            workspace.methods_loaded,
        )

    def _connect_workspace(self) -> None:
        self._session.workspace.view_changed.connect(self._at_rest)
        for signal in self._signals():
            signal.connect(self.later)
        self.panel.panel_changed.connect(self.later)
        self._session.workspace.tool_changed.connect(self._follow_tool)
        self._session.workspace.layout_changed.connect(self._follow_layout)

    # ------------------------------------------------------------------ state in

    def fill(self) -> None:
        """Show the present state on the panel that is in front."""
        self._filled.restart()
        shown = self.panel.current
        self.panel.show_volume(rendering.is_volume_view(self._session))
        if shown == inspector.WINDOW and rendering.is_volume_view(self._session):
            self.panel.volume_panel.set_state(self._volume_state())
        elif shown == inspector.WINDOW:
            self.panel.window_panel.set_state(self._window_state())
        elif shown == inspector.ENHANCEMENT:
            self.panel.enhancement_panel.set_state(self._enhancement_state())
        elif shown == inspector.MEASUREMENTS:
            self._fill_measurements()

    def _subject(self) -> str:
        part = self._session.workspace.active_state.part
        series = self._session.workspace.series_of(part) if part else None
        if series is None:
            return ""
        number = "" if series.number is None else f"Series {series.number} "
        return f"{number}{series.description or series.modality}"

    def _window(self) -> Window | None:
        state = self._session.workspace.active_state
        if state.part is None or state.part not in self._session.workspace.volumes:
            return None
        return state.window or self._session.images.default_window(state.part)

    def _window_state(self) -> WindowPanelState | None:
        window = self._window()
        state = self._session.workspace.active_state
        if window is None or state.part is None:
            return None
        volume = self._session.workspace.volumes[state.part]
        choices = self._choices()
        chosen = next((c.id for c, w in choices if w == window), "")
        return WindowPanelState(
            subject=self._subject(),
            centre=window.centre,
            width=window.width,
            unit="" if volume.unit == STORED else unit_words(volume.unit),
            decimals=window_decimals(window.width),
            function=window.function.value,
            choices=tuple(choice for choice, _ in choices),
            chosen=chosen,
            colour_map=state.colour_map,
            colour_maps=COLOUR_MAPS,
            is_inverted=state.is_inverted,
            histogram=inspector_charts.slice_histogram(volume, state, window),
        )

    def _volume_state(self) -> VolumePanelState:
        state = self._session.workspace.active_state
        presets = tuple((preset.id, preset.name) for preset in self._presets(state))
        known = [identity for identity, _ in presets]
        chosen = state.camera.preset if state.camera.preset in known else (known or [""])[0]
        return VolumePanelState(
            subject=self._subject(),
            presets=presets,
            chosen=chosen,
            looks=tuple(DIRECTIONS),
            faces=rendering.face_names(self._session),
            cuts=rendering.cuts(state.camera),
        )

    def _choices(self) -> list[tuple[WindowChoice, Window]]:
        found = []
        for place, window in enumerate(windows.file_windows(self._session)):
            title = window.name or "From the file"
            source = "file" if window.name else ""
            is_table = window.function is WindowFunction.TABLE
            words = "VOI LUT" if is_table and "LUT" not in title else window_name(window)
            words = "" if words == title else words
            choice = WindowChoice(f"file{place}", title, words, "", source)
            found.append((choice, window))
        for preset in windows.presets_here(self._session):
            window = preset.window
            choice = WindowChoice(
                f"preset{preset.key}", window.name, window_name(window), preset.key
            )
            found.append((choice, window))
        return found

    def _enhancement_state(self) -> EnhancementPanelState | None:
        workspace = self._session.workspace
        part = workspace.active_state.part
        if part is None or part not in workspace.volumes:
            return None
        shown = enhancement_verbs.shown_method(self._session)
        methods = inspector_rows.method_rows(self._session.enhancements.methods())
        if methods and self._chosen not in {row.id for row in methods}:
            self._chosen = ""  # research mode was left
        method = shown or self._method
        layer = workspace.layers.get((part, method))
        found = self._session.enhancements.enhancement(part, method)
        job = self._session.enhancements.job(part)
        refusal = self._session.enhancements.refusals.get((part, method))
        asked = workspace.settings.enhancement.strength
        factor, factor_words = inspector_rows.finer_factor(self._session, method, part, layer)
        return EnhancementPanelState(
            subject=self._subject(),
            methods=methods,
            method=method,
            strength=layer.provenance.strength if layer else asked,
            strength_meaning=inspector_rows.strength_meaning(self._session, method),
            strength_words=inspector_rows.strength_reached(layer),
            has_strength=inspector_rows.has_strength(self._session, method),
            factor=factor,
            factor_words=factor_words,
            gates=inspector_rows.gate_rows(found.plan.gates if found else ()),
            blocked=refusal.text if refusal else "",
            progress=job.fraction if job is not None else None,
            progress_words=job.words if job is not None else "",
            has_result=found is not None and found.residual.is_complete,
            comparison=self._comparison(),
            audit=self._audit_state(found),
            spread=inspector_rows.spread_state(spreading.spread_facts(self._session)),
            spot=auditing.spot_here(self._session),
            provenance=inspector_rows.provenance_rows(layer),
            regions=inspector_rows.region_figures(workspace, part, layer),
            histogram=inspector_charts.both_histograms(workspace, part, layer),
            profile=inspector_charts.profiles(workspace, part, layer),
        )

    @staticmethod
    def _audit_state(found: Enhancement | None) -> AuditState | None:
        if found is None or found.finer is not None or not found.residual.is_complete:
            return None
        return inspector_rows.audit_state(auditing.audit_facts(found))

    def _comparison(self) -> str:
        state = self._session.workspace.active_state
        if state.comparison is not Comparison.NONE:
            return str(state.comparison.value)
        return "side" if comparing.is_side_by_side(self._session) else ""

    def _fill_measurements(self) -> None:
        workspace = self._session.workspace
        part = workspace.active_state.part
        study = measuring.study_key(workspace, part) if part else None
        revision = workspace.revision(study) if study else None
        rows = [] if revision is None else [self._row(m) for m in revision.measurements]
        self.panel.measurement_panel.set_rows(
            rows,
            can_undo=bool(revision and revision.past),
            can_redo=bool(revision and revision.future),
        )

    def _row(self, measurement: Measurement) -> MeasurementRow:
        workspace = self._session.workspace
        volume = workspace.volumes.get(measurement.part)
        region = None
        if volume is not None and measurement.kind in VALUE_KINDS and volume.is_finished:
            region = region_statistics(volume, measurement)
        shown = in_true_units(measurement, volume)
        words = numbers_in_words(shown, region, volume.unit if volume else "")
        words = tuple(line for line in words if line != measurement.text)
        place = ""
        if volume is not None:
            place = f"slice {volume.geometry.slice_of(measurement.centre_mm) + 1}"
        series = workspace.series_of(measurement.part)
        if series is not None and series.number is not None:
            place = f"{place}\nseries {series.number}" if place else f"series {series.number}"
        layer = (
            "" if measurement.layer == ORIGINAL else "drawn on enhanced, numbers of the original"
        )
        return MeasurementRow(
            measurement.id,
            measurement.kind.value,
            "\n".join(words),
            place,
            measurement.text,
            layer,
        )

    # ------------------------------------------------------------------ intent out

    def _connect_window(self) -> None:
        panel, session = self.panel.window_panel, self._session
        panel.window_edited.connect(self._edit_window)
        panel.choice_chosen.connect(self._choose_window)
        panel.auto_requested.connect(lambda: windows.auto(session))
        panel.region_requested.connect(lambda: session.workspace.set_tool("region_window"))
        panel.colour_map_chosen.connect(lambda name: windows.set_colour_map(session, name))
        panel.invert_requested.connect(lambda: windows.invert(session))

    def _connect_volume(self) -> None:
        panel, session = self.panel.volume_panel, self._session
        panel.preset_chosen.connect(lambda name: rendering.use_volume_preset(session, name))
        panel.look_chosen.connect(lambda name: rendering.look_from(session, name))
        panel.cut_changed.connect(lambda *face: rendering.cut(session, *face))
        panel.whole_requested.connect(lambda: rendering.cut_nothing(session))

    def _edit_window(self, centre: float, width: float, function: str) -> None:
        kind = WindowFunction(function)
        if kind is not WindowFunction.TABLE:
            windows.set_window(self._session, Window(centre, width, kind))

    def _choose_window(self, choice_id: str) -> None:
        for choice, window in self._choices():
            if choice.id == choice_id:
                windows.set_window(self._session, window)

    def _connect_enhancement(self, save: Callable[[], None]) -> None:
        panel, session = self.panel.enhancement_panel, self._session
        panel.method_chosen.connect(self._choose_method)
        panel.strength_changed.connect(lambda p: enhancement_verbs.preview_strength(session, p))
        panel.strength_settled.connect(lambda p: enhancement_verbs.set_strength(session, p))
        panel.factor_changed.connect(lambda n: enhancement_verbs.set_factor(session, n))
        panel.run_requested.connect(self._run)
        panel.cancel_requested.connect(lambda: enhancement_verbs.cancel_enhancement(session))
        panel.save_requested.connect(save)
        panel.comparison_chosen.connect(self._compare)
        panel.spread_toggled.connect(lambda: spreading.toggle_spread(session))
        panel.place_chosen.connect(lambda number: auditing.go_to_spot(session, number))

    @property
    def _method(self) -> str:
        """The method that was chosen here or in the settings, or the one for the modality."""
        workspace = self._session.workspace
        wanted, part = workspace.settings.enhancement.method, workspace.active_state.part
        wanted = self._chosen or wanted
        return self._session.enhancements.suited(part, wanted) if part else wanted

    def _choose_method(self, method: str) -> None:
        self._chosen = method
        if enhancement_verbs.shown_method(self._session) not in ("", method):
            self._run()
        self.later()

    def _run(self) -> None:
        strength = self._session.workspace.settings.enhancement.strength
        enhancement_verbs.enhance_active(self._session, self._method, strength)

    def _compare(self, name: str) -> None:
        if name in _COMPARISONS:
            comparing.toggle(_COMPARISONS[name])(self._session)
        else:
            self._run()

    def _connect_measurements(self) -> None:
        panel, session = self.panel.measurement_panel, self._session
        panel.jump_requested.connect(lambda key: measuring.jump_to_any(session, key))
        panel.renamed.connect(lambda key, text: measuring.rename_any(session, key, text))
        panel.delete_requested.connect(lambda keys: measuring.remove_any(session, tuple(keys)))
        panel.undo_requested.connect(lambda: measuring.undo(session))
        panel.redo_requested.connect(lambda: measuring.redo(session))
