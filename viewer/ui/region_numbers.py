"""Numbers beside measurements, remembered until the pixels or the outline change."""

from viewer.app import measuring
from viewer.app.comparing import layer_of
from viewer.app.regions import VALUE_KINDS, region_row
from viewer.app.session import Session
from viewer.core.measurement import Measurement
from viewer.core.view import ORIGINAL
from viewer.ui.composition import Subject


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
        is_derived = about.state.layer != ORIGINAL and layer is not None
        key = (measurement.id, about.state.layer)
        stamp = (
            measurement,
            id(about.volume.values),
            about.volume.is_complete,
            (id(layer.residual.values), layer.blend, layer.residual.is_complete) if layer else None,
        )
        known = self._known.get(key)
        if known is not None and known[0] == stamp:
            return known[1]
        region = None
        unit = about.volume.unit
        if measurement.kind in VALUE_KINDS and about.volume.is_complete:
            row = region_row(about.volume, layer if is_derived else None, measurement, "")
            if row is not None:
                region = row.original
                if layer is not None and is_derived and row.enhanced is not None:
                    region, unit = row.enhanced, layer.residual.unit
        shown = measuring.in_true_units(measurement, about.volume)
        lines = measuring.numbers_in_words(shown, region, unit)
        if measurement.text and measurement.text not in lines:
            lines = (measurement.text, *lines)
        self._known[key] = (stamp, lines)
        return lines
