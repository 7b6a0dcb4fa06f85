"""Planes and slabs of the active view."""

from pathlib import Path

import pytest

from tests.sessions import new_session, put_series
from viewer.app import opening, planes
from viewer.app.session import Session
from viewer.core.view import Plane, SlabMode, ViewState, slice_number


@pytest.fixture
def session(tmp_path: Path) -> Session:
    made = new_session(tmp_path)
    opening.show_part(made, 0, put_series(made, slices=11))
    return made


def run(session: Session, command: str) -> ViewState:
    next(c for c in planes.COMMANDS if c.id == command).run(session)
    return session.workspace.views[0]


def test_a_reformat_starts_in_the_middle_of_a_voxel(session: Session) -> None:
    state = run(session, "plane.coronal")
    volume = next(iter(session.workspace.volumes.values()))
    assert state.plane is Plane.CORONAL
    assert volume.geometry.to_index(state.focus_mm)[1] % 1 == pytest.approx(0, abs=1e-9)
    assert slice_number(state, volume.geometry) == 17


def test_a_slab_grows_by_half_and_shrinks_to_a_thin_slice(session: Session) -> None:
    assert run(session, "slab.thicker").slab_mm == 5.0
    assert run(session, "slab.thicker").slab_mm == 7.5
    assert run(session, "slab.thinner").slab_mm == 5.0
    run(session, "slab.thinner")
    run(session, "slab.thinner")
    assert run(session, "slab.thinner").slab_mm == 0.0


def test_the_slab_mode_goes_round_and_makes_a_slab_where_there_is_none(session: Session) -> None:
    seen = [run(session, "slab.mode").slab_mode for _ in range(3)]
    assert seen == [SlabMode.MINIP, SlabMode.MEAN, SlabMode.MIP]
    assert session.workspace.views[0].slab_mm == 10.0


@pytest.mark.parametrize(("typed", "kept"), [(12.5, 12.5), (-3.0, 0.0), (900.0, 200.0)])
def test_a_typed_thickness_is_kept_within_limits(
    session: Session, typed: float, kept: float
) -> None:
    planes.set_slab(session, typed)
    assert session.workspace.views[0].slab_mm == kept
