"""Arranging views: grids, three planes with the volume, one view that fills the window."""

from collections.abc import Callable
from dataclasses import replace

from viewer.app.command import Command
from viewer.app.following import catch_up, geometry_of, has_volume
from viewer.app.session import Session
from viewer.app.workspace import Workspace
from viewer.core.arrays import Point
from viewer.core.geometry import VolumeGeometry
from viewer.core.layout import Layout, grid, toggled_maximum
from viewer.core.view import Plane, ViewState, reset, scrolled

MPR = "mpr"
"""Name of the 2 x 2 layout of three planes and the volume."""

MPR_PLANES = (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL, Plane.VOLUME)


def arrange(rows: int, columns: int) -> Callable[[Session], None]:
    """Return what shows a grid of views; new views take the next series of the study."""

    def run(session: Session) -> None:
        workspace = session.workspace
        if workspace.layout.name == MPR:
            leave_mpr(session)
        before = workspace.layout.views
        workspace.arrange(grid(rows, columns, workspace.active))
        catch_up(session, [v for v in workspace.layout.views if v not in before])
        from viewer.app.opening import fill_empty_views

        fill_empty_views(session)

    return run


def show_mpr(session: Session) -> None:
    """Show the active part in three planes and as a volume; again: back to one view."""
    workspace = session.workspace
    if workspace.layout.name == MPR:
        leave_mpr(session)
        return
    state = replace(reset(workspace.active_state), window=workspace.active_state.window, axes=None)
    geometry = geometry_of(workspace, workspace.active)
    for view, plane in enumerate(MPR_PLANES):
        workspace.show(view, replace(state, plane=plane))
    if geometry is not None:
        focus = on_slices(workspace.views[0], geometry)
        for view in range(len(MPR_PLANES)):
            workspace.show(view, replace(workspace.views[view], focus_mm=focus))
    workspace.arrange(Layout(2, 2, (0, 1, 2, 3), 0, None, MPR))


def on_slices(state: ViewState, geometry: VolumeGeometry) -> Point:
    """Return the focus moved to the middle of a slice in each of the three standard planes."""
    for plane in MPR_PLANES[:3]:
        snapped = scrolled(replace(state, plane=plane, axes=None), geometry, 0)
        state = replace(state, focus_mm=snapped.focus_mm)
    return state.focus_mm


def leave_mpr(session: Session) -> None:
    """Go back from the planes to one view of the acquired slices; nothing in other layouts."""
    workspace = session.workspace
    if workspace.layout.name != MPR:
        return
    state = replace(workspace.views[0], plane=Plane.ACQUIRED, axes=None)
    for view in (1, 2, 3):
        workspace.show(view, ViewState())
    workspace.show(0, state)
    workspace.arrange(grid(1, 1))


def straighten(workspace: Workspace) -> None:
    """Turn oblique planes back to the standard ones."""
    for view, plane in enumerate(MPR_PLANES):
        state = workspace.views[view]
        if state.plane is not plane:
            workspace.show(view, replace(state, plane=plane, axes=None))


def _step_view(step: int) -> Callable[[Session], None]:
    def run(session: Session) -> None:
        layout = session.workspace.layout
        place = layout.views.index(layout.active)
        view = layout.views[(place + step) % len(layout.views)]
        is_alone = layout.maximised is not None
        new = replace(layout, active=view, maximised=view if is_alone else None)
        session.workspace.arrange(new)

    return run


def maximise(session: Session) -> None:
    """Let the active view fill the window, or bring the grid back."""
    layout = session.workspace.layout
    session.workspace.arrange(toggled_maximum(layout, layout.active))


def _is_grid(rows: int, columns: int) -> Callable[[Session], bool]:
    def check(session: Session) -> bool:
        layout = session.workspace.layout
        return layout.name != MPR and (layout.rows, layout.columns) == (rows, columns)

    return check


_LAYOUT, _PLANES, _VIEW = "Layout", "Planes", "View"

COMMANDS: tuple[Command, ...] = (
    Command(
        "layout.1x1",
        "One view",
        arrange(1, 1),
        _LAYOUT,
        ("Ctrl+1",),
        icon="mdi6.square-outline",
        is_on=_is_grid(1, 1),
    ),
    Command(
        "layout.1x2",
        "Two views",
        arrange(1, 2),
        _LAYOUT,
        ("Ctrl+2",),
        icon="mdi6.view-split-vertical",
        is_on=_is_grid(1, 2),
    ),
    Command("layout.2x1", "Two views, one above the other", arrange(2, 1), _LAYOUT),
    Command("layout.1x3", "Three views", arrange(1, 3), _LAYOUT, ("Ctrl+3",)),
    Command(
        "layout.2x2",
        "Four views",
        arrange(2, 2),
        _LAYOUT,
        ("Ctrl+4",),
        icon="mdi6.view-grid-outline",
        is_on=_is_grid(2, 2),
    ),
    Command("layout.2x3", "Six views", arrange(2, 3), _LAYOUT, ("Ctrl+6",)),
    Command("layout.3x2", "Six views, upright", arrange(3, 2), _LAYOUT),
    Command("layout.3x3", "Nine views", arrange(3, 3), _LAYOUT, ("Ctrl+9",)),
    Command(
        "layout.mpr",
        "Three planes and volume",
        show_mpr,
        _PLANES,
        ("M",),
        has_volume,
        "mdi6.axis-arrow",
        lambda session: session.workspace.layout.name == MPR,
    ),
    Command(
        "view.maximise",
        "Maximise view",
        maximise,
        _VIEW,
        ("Return",),
        icon="mdi6.fullscreen",
        is_on=lambda s: s.workspace.layout.maximised is not None,
    ),
    Command("view.next", "Next view", _step_view(1), _VIEW, ("F6",)),
    Command("view.previous", "Previous view", _step_view(-1), _VIEW, ("Shift+F6",)),
)
