"""The residual audit in use: what it found, in plain values, and going to the places it lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from viewer.app.command import Command
from viewer.app.enhancement_verbs import shown_method
from viewer.app.following import change
from viewer.core.arrays import Point
from viewer.core.geometry import point
from viewer.core.view import Plane, ViewState

if TYPE_CHECKING:
    from viewer.app.enhancing import Enhancement
    from viewer.app.session import Session
    from viewer.core.geometry import VolumeGeometry
    from viewer.enhancement.spots import Spot

OF = "the residual at full strength: the strength in use changes nothing here"


def audited(result: Enhancement, is_cancelled: Callable[[], bool] = lambda: False) -> Enhancement:
    """Return a complete enhancement with the findings of its audit.

    Finer slices are returned as they are: on another grid there is no residual to look at.

    Raises
    ------
    Cancelled : the flag was up.
    """
    from viewer.enhancement.conditioning import source_slices
    from viewer.enhancement.findings import Findings
    from viewer.enhancement.spots import spots

    plan = result.plan
    if plan.sampling is not None:
        return result
    source = source_slices(plan.volume, plan.noise)
    line = plan.card.structure if plan.card is not None else None
    is_counted = plan.request.series.modality == "PT"
    found = spots(source, result.residual, is_cancelled, is_counted=is_counted)
    return replace(result, findings=Findings(result.audit(), line, found))


def place_mm(geometry: VolumeGeometry, spot: Spot) -> Point:
    """Return where a spot lies in LPS mm, on the true position of its slice."""
    here = geometry.to_mm((float(spot.slice_index), float(spot.row), float(spot.column)))
    return geometry.on_slice(point(np.asarray(here)), spot.slice_index)


def audit_facts(result: Enhancement) -> dict[str, object]:
    """Return the findings ready for JSON; {} before the audit.

    `slice`, `row` and `column` count from 1, `lps_mm` is the place in the patient; `size_sd` and
    `correlation` are those of `viewer.enhancement.spots.Spot`.
    """
    found = result.findings
    if found is None:
        return {}
    geometry = result.plan.volume.geometry
    return {
        "of": OF,
        "structure": found.figures.structure,
        "structure_p95": found.line.p95 if found.line is not None else None,
        "is_above": found.is_above,
        "places": [
            {
                "kind": spot.kind.value,
                "slice": spot.slice_index + 1,
                "row": spot.row + 1,
                "column": spot.column + 1,
                "lps_mm": place_mm(geometry, spot),
                "size_sd": spot.size_sd,
                "correlation": spot.correlation,
            }
            for spot in found.spots
        ],
    }


# ------------------------------------------------------------------------------ going there


def spots_here(session: Session) -> tuple[Spot, ...]:
    """Return the places of the layer that the active part shows, () without any."""
    part = session.workspace.active_state.part
    method = shown_method(session)
    found = session.enhancements.enhancement(part, method) if part and method else None
    return found.findings.spots if found is not None and found.findings is not None else ()


def go_to_spot(session: Session, number: int) -> None:
    """Show a place, counted from 0, in every linked view, and mark it for a moment."""
    workspace = session.workspace
    part, listed = workspace.active_state.part, spots_here(session)
    volume = workspace.volumes.get(part) if part else None
    if part is None or volume is None or not 0 <= number < len(listed):
        return
    there = place_mm(volume.geometry, listed[number])
    for view in (workspace.active, *workspace.layout.shown):
        if workspace.views[view].part == part:
            change(session, view, _at(workspace.views[view], there))
    workspace.set_mark((part, there))


def _at(state: ViewState, there: Point) -> ViewState:
    """Return the state with its plane through a point; a magnified one is moved back to the fit.

    What is magnified may lie beside the place, which would then not be seen.
    """
    if state.plane is Plane.VOLUME:
        return state
    is_moved = state.zoom > 1.0 or state.pan_mm != (0.0, 0.0)
    fitted = replace(state, zoom=1.0, pan_mm=(0.0, 0.0)) if is_moved else state
    return replace(fitted, focus_mm=there)


def step(by: int) -> Callable[[Session], None]:
    """Return what goes to the next (1) or previous (-1) place, and round at the ends."""

    def run(session: Session) -> None:
        listed = spots_here(session)
        if listed:
            here = spot_here(session)
            first = 0 if by > 0 else len(listed) - 1
            go_to_spot(session, first if here is None else (here + by) % len(listed))

    return run


def spot_here(session: Session) -> int | None:
    """Return which place the active view was taken to, None where it shows another point."""
    workspace = session.workspace
    part = workspace.active_state.part
    volume = workspace.volumes.get(part) if part else None
    if volume is None:
        return None
    for number, spot in enumerate(spots_here(session)):
        if np.allclose(place_mm(volume.geometry, spot), workspace.active_state.focus_mm, atol=1e-3):
            return number
    return None


def has_spots(session: Session) -> bool:
    """True when the audit of what is shown lists places."""
    return bool(spots_here(session))


_MENU = "Enhance"

COMMANDS: tuple[Command, ...] = (
    Command("audit.next", "Next place of the audit", step(1), _MENU, ("J",), has_spots),
    Command(
        "audit.previous", "Previous place of the audit", step(-1), _MENU, ("Shift+J",), has_spots
    ),
)
