"""Numbers beside measurements, remembered until the pixels or the outline change."""

from dataclasses import dataclass

from viewer.app import measuring
from viewer.app.comparing import layer_of
from viewer.app.regions import VALUE_KINDS, region_row
from viewer.app.session import Session
from viewer.app.workspace import Layer
from viewer.core.measurement import Measurement, RegionStatistics
from viewer.core.view import ORIGINAL
from viewer.ui.composition import Subject

NOT_THE_SLAB = "of one slice, not of the slab"


class RegionNumbers:
    """Lines of text for the measurements of a view, on the layer that the view shows."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[tuple[str, str], tuple[object, tuple[str, ...]]] = {}

    def lines(self, about: Subject) -> dict[str, tuple[str, ...]]:
        """Return lines by measurement id for the part of a view."""
        part = about.state.part
        if part is None:
            return {}
        found = measuring.of_part(self._session.workspace, part)
        return {m.id: self._lines(about, m) for m in found}

    def _lines(self, about: Subject, measurement: Measurement) -> tuple[str, ...]:
        layer = layer_of(self._session.workspace, about.state)
        key = (measurement.id, f"{about.state.layer} {about.state.slab_mm > 0}")
        stamp = (
            measurement,
            about.volume.geometry.shape,
            about.volume.is_finished,
            (layer.provenance, layer.blend, int(layer.residual.loaded.sum())) if layer else None,
        )
        known = self._known.get(key)
        if known is not None and known[0] == stamp:
            return known[1]
        shown = measuring.in_true_units(measurement, about.volume)
        region = _region(about, layer, measurement)
        lines = measuring.numbers_in_words(shown, region.statistics, region.unit)
        if region.statistics is not None and region.layer:
            lines = (f"{region.layer} {lines[0]}", *lines[1:])
        if region.statistics is not None and about.state.slab_mm > 0:
            lines = (*lines, NOT_THE_SLAB)
        if measurement.text and measurement.text not in lines:
            lines = (measurement.text, *lines)
        self._known[key] = (stamp, lines)
        return lines


@dataclass(frozen=True, slots=True)
class _Region:
    """Statistics of a region with their unit, and of which layer: "" where there is only one."""

    statistics: RegionStatistics | None
    unit: str
    layer: str = ""


def _region(about: Subject, layer: Layer | None, measurement: Measurement) -> _Region:
    """Return the statistics on the layer that a view shows; none while they are not known."""
    if measurement.kind not in VALUE_KINDS or not about.volume.is_finished:
        return _Region(None, about.volume.unit)
    is_derived = about.state.layer != ORIGINAL and layer is not None
    row = region_row(about.volume, layer if is_derived else None, measurement, "")
    if row is None:
        return _Region(None, about.volume.unit)
    if layer is not None and is_derived:
        return _Region(row.enhanced, layer.residual.unit, "enhanced")
    return _Region(row.original, about.volume.unit, "original" if layer is not None else "")
