"""Layouts: grids, maximised views, three planes with the volume and back."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.sessions import new_session, put_series
from viewer.app import layouts, opening
from viewer.app.commands import COMMANDS
from viewer.app.session import Session
from viewer.core.view import Plane, ViewState


@pytest.fixture
def session(tmp_path: Path) -> Session:
    made = new_session(tmp_path)
    opening.show_part(made, 0, put_series(made))
    return made


def run(session: Session, command: str) -> None:
    next(c for c in COMMANDS if c.id == command).run(session)


@pytest.mark.parametrize(
    ("command", "count"),
    [("layout.1x2", 2), ("layout.2x1", 2), ("layout.2x2", 4), ("layout.3x3", 9)],
)
def test_grids_have_as_many_views_as_they_say(session: Session, command: str, count: int) -> None:
    run(session, command)
    assert len(session.workspace.layout.shown) == count


def test_the_next_view_is_active_and_the_first_after_the_last(session: Session) -> None:
    run(session, "layout.1x2")
    run(session, "view.next")
    assert session.workspace.active == 1
    run(session, "view.next")
    assert session.workspace.active == 0
    run(session, "view.previous")
    assert session.workspace.active == 1


def test_a_maximised_view_gives_way_to_the_next_one(session: Session) -> None:
    run(session, "layout.2x2")
    run(session, "view.maximise")
    assert session.workspace.layout.shown == (0,)
    run(session, "view.next")
    assert session.workspace.layout.shown == (1,)
    run(session, "view.maximise")
    assert session.workspace.layout.shown == (0, 1, 2, 3)


def test_leaving_the_planes_empties_the_other_views(session: Session) -> None:
    layouts.show_mpr(session)
    layouts.leave_mpr(session)
    assert [session.workspace.views[view] for view in (1, 2, 3)] == [ViewState()] * 3
    assert session.workspace.views[0].plane is Plane.ACQUIRED


def test_another_series_leaves_the_planes(session: Session) -> None:
    other = put_series(session, "1.2.4")
    layouts.show_mpr(session)
    opening.show_part(session, 2, other)
    assert session.workspace.layout.shown == (0,)
    assert session.workspace.views[0].part == other


def test_the_planes_keep_the_window_and_begin_unturned(session: Session) -> None:
    turned = replace(session.workspace.views[0], zoom=3.0, flip_horizontal=True)
    session.workspace.show(0, turned)
    layouts.show_mpr(session)
    for view in range(3):
        state = session.workspace.views[view]
        assert (state.zoom, state.flip_horizontal) == (1.0, False)
