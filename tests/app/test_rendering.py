"""Volume views: presets, where the eye stands, and what is cut away."""

from pathlib import Path

import numpy as np
import pytest

from tests.sessions import new_session, put_series
from viewer.app import opening, planes, rendering
from viewer.app.commands import COMMANDS
from viewer.app.session import Session
from viewer.core.camera import eye_direction, right_direction
from viewer.core.view import Camera


@pytest.fixture
def session(tmp_path: Path) -> Session:
    made = new_session(tmp_path)
    opening.show_part(made, 0, put_series(made))
    next(c for c in planes.COMMANDS if c.id == "plane.volume").run(made)
    return made


def camera(session: Session) -> Camera:
    return session.workspace.views[0].camera


@pytest.mark.parametrize(
    ("direction", "eye"),
    [
        ("front", (0, -1, 0)),
        ("back", (0, 1, 0)),
        ("left", (1, 0, 0)),
        ("right", (-1, 0, 0)),
        ("head", (0, 0, 1)),
        ("feet", (0, 0, -1)),
    ],
)
def test_the_eye_stands_where_it_is_sent(
    session: Session, direction: str, eye: tuple[int, int, int]
) -> None:
    next(c for c in COMMANDS if c.id == f"volume.from_{direction}").run(session)
    found, up = eye_direction(camera(session))
    assert found == pytest.approx(np.asarray(eye), abs=1e-9)
    assert right_direction(camera(session)) == pytest.approx(np.cross(up, found), abs=1e-9)


def test_faces_are_named_in_the_patient(session: Session) -> None:
    assert rendering.face_names(session) == ("Feet", "Head", "Front", "Back", "Right", "Left")


def test_cutting_a_face_keeps_the_others_and_can_be_taken_back(session: Session) -> None:
    rendering.cut(session, 0, 1, 0.3)
    assert camera(session).crop == ((0.0, 0.7), (0.0, 1.0), (0.0, 1.0))
    assert rendering.cuts(camera(session)) == pytest.approx((0, 0.3, 0, 0, 0, 0))
    rendering.cut_nothing(session)
    assert camera(session).crop == rendering.WHOLE


def test_the_box_never_closes(session: Session) -> None:
    rendering.cut(session, 2, 0, 0.9)
    rendering.cut(session, 2, 1, 0.9)
    low, high = camera(session).crop[2]
    assert high - low >= 0.02 - 1e-9


def test_its_commands_make_sense_on_volume_views_only(session: Session) -> None:
    assert rendering.is_volume_view(session)
    next(c for c in planes.COMMANDS if c.id == "plane.axial").run(session)
    assert not rendering.is_volume_view(session)
