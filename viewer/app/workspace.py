"""The one mutable object: what is open, how it is shown, and who wants to know of changes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from psygnal import Signal

from viewer.app.messages import Message
from viewer.app.settings import Settings
from viewer.core.arrays import Point
from viewer.core.layout import Layout
from viewer.core.measurement import Measurement, Revision
from viewer.core.objects import PRESENTATION_STATES
from viewer.core.partition import parts
from viewer.core.provenance import Blinding, Provenance
from viewer.core.study import Entry, PartKind, Series, SeriesPart, Skipped, Study
from viewer.core.sync import Link
from viewer.core.view import ORIGINAL, ViewState
from viewer.core.volume import AnyVolume, Derived
from viewer.io.library import Library

PartKey = tuple[str, int]
StudyKey = tuple[str, str, str]
_Extent = tuple[int, int]
"""How many instances a series has, and how many presentation states its study."""
_NOTHING: _Extent = (0, 0)


@dataclass(frozen=True, slots=True)
class Layer:
    """A derived layer of a part: what the view adds to the original, and how much of it.

    `residual` times `scale` is enhanced minus original at full effect, in the unit of the source;
    `blend` is the factor on it that the strength asks for, and `provenance` says all of it.
    Where slices were made finer `start` has the residual's grid and is what it is added to.
    """

    residual: Derived
    scale: float
    blend: float
    provenance: Provenance
    start: Derived | None = None


class Workspace:
    """Everything that is open. Only the window's thread reads and changes it.

    Signals carry what changed: `view_changed` (view, old state, new state), `part_changed` (part
    key) when pixels or layers of a part changed, `volume_dropped` (part key) when its pixels were
    let go, the others nothing or their name. `mark` is the place that is pointed at for a moment.
    A blinded reading puts `badges` in the place of labels; where it does not measure no value of a
    pixel is told (`shows_values`). `spots` are the lesion marks of a reading, `spot` that in hand.
    """

    studies_changed = Signal()
    layout_changed = Signal()
    view_changed = Signal(int, object, object)
    part_changed = Signal(tuple)
    volume_dropped = Signal(tuple)
    methods_loaded = Signal()
    ahead_changed = Signal()
    measurements_changed = Signal(tuple)
    link_changed = Signal()
    mark_changed = Signal()
    tool_changed = Signal()
    settings_changed = Signal()
    message = Signal(object)

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.studies: tuple[Study, ...] = ()
        self.skipped: tuple[Skipped, ...] = ()
        self.layout = Layout()
        self.views: dict[int, ViewState] = {0: ViewState()}
        self.link = Link()
        self.mark: tuple[PartKey, Point] | None = None
        self.tool = "window"
        self.parts: dict[PartKey, SeriesPart] = {}
        self.volumes: dict[PartKey, AnyVolume] = {}
        self.layers: dict[tuple[PartKey, str], Layer] = {}
        self.problems: dict[PartKey, Message] = {}
        self.revisions: dict[StudyKey, Revision] = {}
        self.early_messages: tuple[Message, ...] = ()
        self.badges: dict[PartKey, Blinding] = {}
        self.shows_values = True
        self.spots: tuple[Measurement, ...] = ()
        self.spot = ""
        self.confirmed_patients: set[frozenset[str]] = set()
        self._library = Library()
        self._series_parts: dict[tuple[StudyKey, str], tuple[_Extent, tuple[SeriesPart, ...]]] = {}

    # ------------------------------------------------------------------ studies

    def clear(self) -> None:
        """Forget every study and what belongs to it; measurements are on disk."""
        self.studies, self.skipped = (), ()
        for held in (self.parts, self.volumes, self.layers, self.problems, self.revisions):
            held.clear()
        self._series_parts.clear()
        self._library = Library()
        self.studies_changed.emit()

    def add(self, entries: tuple[Entry, ...], skipped: tuple[Skipped, ...] = ()) -> None:
        """Add what a scan found, and split the series that it touched into parts."""
        self._library.add(entries)
        self.studies = self._library.studies()
        self.skipped = (*self.skipped, *skipped)
        for study in self.studies:
            states = _presentation_states(study)
            for series in study.series:
                self._split(study, series, (len(series.instances), states))
        self.studies_changed.emit()

    def stage(self, study: Study, parts: tuple[SeriesPart, ...]) -> None:
        """Show a study that comes from no files, and nothing else; its pixels are put later."""
        for key in tuple(self.volumes):
            self.drop_volume(key)
        self.parts, self.problems = {part.key: part for part in parts}, {}
        self.badges, self.spots = {}, ()
        self.studies = (study,)
        self.studies_changed.emit()

    def put_spots(self, spots: tuple[Measurement, ...], active: str = "") -> None:
        """Publish the lesion marks of a reading, and which of them is in hand."""
        self.spots, self.spot = spots, active
        self.mark_changed.emit()

    def lift_badges(self) -> None:
        """Give every picture its own label back."""
        parts, self.badges = tuple(self.badges), {}
        for key in parts:
            self.part_changed.emit(key)

    def skip(self, skipped: tuple[Skipped, ...]) -> None:
        """Note files that turned out not to be readable, each once."""
        self.skipped = tuple(dict.fromkeys((*self.skipped, *skipped)))

    def _split(self, study: Study, series: Series, extent: _Extent) -> None:
        """Part a series anew when it has grown, or a presentation state may refer to it."""
        key = (study.key, series.uid)
        known, old = self._series_parts.get(key, (_NOTHING, ()))
        if known == extent:
            return
        new = parts(study, series)
        for part in old:
            self.parts.pop(part.key, None)
        for part in new:
            self.parts[part.key] = part
        self._series_parts[key] = (extent, new)

    def parts_of(self, study: Study, series: Series) -> tuple[SeriesPart, ...]:
        """Return the parts of a series, in order."""
        return self._series_parts.get((study.key, series.uid), (_NOTHING, ()))[1]

    def study_of(self, key: PartKey) -> Study | None:
        """Return the study that a part belongs to."""
        part = self.parts.get(key)
        wanted = part.study_key if part else None
        return next((study for study in self.studies if study.key == wanted), None)

    def series_of(self, key: PartKey) -> Series | None:
        """Return the series that a part belongs to."""
        study = self.study_of(key)
        uid = self.parts[key].series_uid if key in self.parts else ""
        found = (series for series in (study.series if study else ()) if series.uid == uid)
        return next(found, None)

    def image_parts(self) -> Iterable[SeriesPart]:
        """Return every part that can be shown, in the order of studies and series."""
        for study in self.studies:
            for series in study.series:
                for part in self.parts_of(study, series):
                    if part.kind is not PartKind.OBJECT:
                        yield part

    # ------------------------------------------------------------------ views

    @property
    def active(self) -> int:
        """Number of the active view."""
        return self.layout.active

    @property
    def active_state(self) -> ViewState:
        """State of the active view."""
        return self.views[self.layout.active]

    def show(self, view: int, state: ViewState) -> None:
        """Give a view a new state."""
        old = self.views.get(view, ViewState())
        if state != old or view not in self.views:
            self.views[view] = state
            self.view_changed.emit(view, old, state)

    def arrange(self, layout: Layout) -> None:
        """Arrange the views; new ones are empty."""
        for view in layout.views:
            self.views.setdefault(view, ViewState())
        if layout != self.layout:
            self.layout = layout
            self.layout_changed.emit()

    def set_link(self, link: Link) -> None:
        """Change how views follow each other."""
        self.link = link
        self.link_changed.emit()

    def set_mark(self, mark: tuple[PartKey, Point] | None) -> None:
        """Point at a place of a part in every view that shows it, or stop pointing."""
        self.mark = mark
        self.mark_changed.emit()

    def set_tool(self, tool: str) -> None:
        """Choose what the left mouse button does."""
        self.tool = tool
        self.tool_changed.emit()

    # ------------------------------------------------------------------ pixels

    def put_volume(self, key: PartKey, volume: AnyVolume) -> None:
        """Publish the pixels of a part (again for each batch that arrived)."""
        self.volumes[key] = volume
        self.problems.pop(key, None)
        self.part_changed.emit(key)

    def put_problem(self, key: PartKey, problem: Message) -> None:
        """Say on the part's views why there are no pixels."""
        self.problems[key] = problem
        self.part_changed.emit(key)

    def grid_of(self, state: ViewState) -> AnyVolume | None:
        """Return the volume whose slices a view shows: the part's, or its layer's finer ones.

        None while nothing is loaded.
        """
        if state.part is None:
            return None
        layer = self.layers.get((state.part, state.layer))
        if layer is not None and layer.start is not None:
            return layer.start
        return self.volumes.get(state.part)

    def put_layer(self, key: PartKey, name: str, layer: Layer) -> None:
        """Publish a derived layer of a part; it counts as the one made last."""
        self.layers.pop((key, name), None)
        self.layers[(key, name)] = layer
        self.part_changed.emit(key)

    def drop_layer(self, key: PartKey, name: str) -> None:
        """Forget a derived layer; views that show it go back to the original."""
        self.layers.pop((key, name), None)
        for view, state in tuple(self.views.items()):
            if state.part == key and state.layer == name:
                self.show(view, replace(state, layer=ORIGINAL))
        self.part_changed.emit(key)

    def drop_volume(self, key: PartKey) -> None:
        """Forget the pixels of a part and its layers."""
        self.volumes.pop(key, None)
        for part, name in tuple(self.layers):
            if part == key:
                self.layers.pop((part, name))
        self.volume_dropped.emit(key)

    # ------------------------------------------------------------------ the rest

    def revision(self, study: StudyKey) -> Revision:
        """Return the measurements of a study."""
        return self.revisions.get(study, Revision())

    def put_revision(self, study: StudyKey, revision: Revision) -> None:
        """Publish changed measurements of a study."""
        self.revisions[study] = revision
        self.measurements_changed.emit(study)

    def put_settings(self, settings: Settings) -> None:
        """Publish changed settings."""
        self.settings = settings
        self.settings_changed.emit()

    def tell(self, message: Message) -> None:
        """Tell the reader something."""
        self.message.emit(message)


def _presentation_states(study: Study) -> int:
    """Return how many presentation states a study has; a series holds one kind of object."""
    return sum(
        len(series.instances)
        for series in study.series
        if series.instances and series.instances[0].sop_class_uid in PRESENTATION_STATES
    )
