"""Volume views: presets, where the eye stands, and the crop box."""

from dataclasses import replace

from viewer.app.command import Command
from viewer.app.following import geometry_of
from viewer.app.session import Session
from viewer.app.tools import cropped
from viewer.core.camera import DIRECTIONS
from viewer.core.geometry import orientation_letters
from viewer.core.view import Camera, Plane

WHOLE = Camera().crop

_SIDES = {"L": "left", "R": "right", "A": "front", "P": "back", "H": "head", "F": "feet"}


def is_volume_view(session: Session) -> bool:
    """True when the active view shows a rendered volume."""
    state = session.workspace.active_state
    return state.plane is Plane.VOLUME and state.part is not None


def set_camera(session: Session, camera: Camera) -> None:
    """Give the active volume view another camera."""
    workspace = session.workspace
    workspace.show(workspace.active, replace(workspace.active_state, camera=camera))


def use_volume_preset(session: Session, preset: str) -> None:
    """Render the active volume view with a preset."""
    set_camera(session, replace(session.workspace.active_state.camera, preset=preset))


def look_from(session: Session, direction: str) -> None:
    """Look at the volume from a named side: front, back, left, right, head or feet."""
    azimuth, elevation = DIRECTIONS[direction]
    camera = session.workspace.active_state.camera
    set_camera(
        session,
        replace(camera, azimuth_rad=azimuth, elevation_rad=elevation, pan_mm=(0.0, 0.0)),
    )


def cut(session: Session, axis: int, side: int, share: float) -> None:
    """Cut a share (0 to 1) of the volume away from one face of its box.

    `axis` is 0 slice, 1 row, 2 column; `side` 0 the first voxel's, 1 the last one's.
    """
    fraction = share if side == 0 else 1 - share
    set_camera(session, cropped(session.workspace.active_state.camera, axis, side, fraction))


def cut_nothing(session: Session) -> None:
    """Show the whole volume."""
    set_camera(session, replace(session.workspace.active_state.camera, crop=WHOLE))


def face_names(session: Session) -> tuple[str, ...]:
    """Return what the faces (axis, side) of the active volume's box are called, in order."""
    geometry = geometry_of(session.workspace, session.workspace.active)
    if geometry is None:
        return ("",) * 6
    names = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            letters = orientation_letters(sign * geometry.affine[:3, axis])
            names.append(_SIDES.get(letters[:1], "").capitalize())
    return tuple(names)


def cuts(camera: Camera) -> tuple[float, ...]:
    """Return how much is cut from each face, in the order of `face_names`."""
    return tuple(share for low, high in camera.crop for share in (low, 1 - high))


def _look(direction: str) -> Command:
    title = f"Look from the {direction}"
    return Command(
        f"volume.from_{direction}",
        title,
        lambda session: look_from(session, direction),
        "Planes",
        (),
        is_volume_view,
    )


COMMANDS: tuple[Command, ...] = (
    *(_look(direction) for direction in DIRECTIONS),
    Command("volume.whole", "Cut nothing away", cut_nothing, "Planes", (), is_volume_view),
)
