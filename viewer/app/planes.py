"""Planes and slabs: which cut of a volume the active view shows, and how thick it is."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from viewer.app.command import Command
from viewer.app.following import change, geometry_of, has_image, has_volume
from viewer.app.layouts import MPR_PLANES
from viewer.app.session import Session
from viewer.app.viewing import altered, look
from viewer.core.view import Plane, SlabMode, ViewState, scrolled

THICKEST_SLAB_MM = 200.0


def _set_plane(plane: Plane) -> Callable[[Session], None]:
    def run(session: Session) -> None:
        workspace = session.workspace
        geometry = geometry_of(workspace, workspace.active)
        state = replace(workspace.active_state, plane=plane, axes=None, pan_mm=(0.0, 0.0))
        if geometry is not None and plane in MPR_PLANES[:3]:
            state = scrolled(state, geometry, 0)
        change(session, workspace.active, state)

    return run


def _slab(factor: float) -> Callable[[Session], None]:
    def alter(state: ViewState) -> ViewState:
        thickness = state.slab_mm * factor if state.slab_mm else 5.0 * (factor > 1)
        return replace(
            state, slab_mm=0.0 if thickness < 2 else min(round(thickness, 1), THICKEST_SLAB_MM)
        )

    return altered(alter)


def set_slab(session: Session, thickness_mm: float) -> None:
    """Show a slab of a thickness in the active view; 0 for a thin slice."""
    thickness = float(np.clip(thickness_mm, 0.0, THICKEST_SLAB_MM))
    look(session, replace(session.workspace.active_state, slab_mm=thickness))


def _next_slab_mode(state: ViewState) -> ViewState:
    modes = tuple(SlabMode)
    mode = modes[(modes.index(state.slab_mode) + 1) % len(modes)]
    return replace(state, slab_mode=mode, slab_mm=state.slab_mm or 10.0)


_PLANES = "Planes"

COMMANDS: tuple[Command, ...] = (
    Command(
        "plane.acquired",
        "Acquired plane",
        _set_plane(Plane.ACQUIRED),
        _PLANES,
        ("Alt+0",),
        has_image,
    ),
    Command("plane.axial", "Axial plane", _set_plane(Plane.AXIAL), _PLANES, ("Alt+1",), has_volume),
    Command(
        "plane.coronal", "Coronal plane", _set_plane(Plane.CORONAL), _PLANES, ("Alt+2",), has_volume
    ),
    Command(
        "plane.sagittal",
        "Sagittal plane",
        _set_plane(Plane.SAGITTAL),
        _PLANES,
        ("Alt+3",),
        has_volume,
    ),
    Command(
        "plane.volume",
        "Volume rendering",
        _set_plane(Plane.VOLUME),
        _PLANES,
        ("Alt+4",),
        has_volume,
    ),
    Command("slab.thicker", "Thicker slab", _slab(1.5), _PLANES, ("Ctrl+Up",), has_volume),
    Command("slab.thinner", "Thinner slab", _slab(1 / 1.5), _PLANES, ("Ctrl+Down",), has_volume),
    Command(
        "slab.mode",
        "Next slab mode (MIP, MinIP, mean)",
        altered(_next_slab_mode),
        _PLANES,
        ("Shift+M",),
        has_volume,
    ),
)
