"""Comparing: which layer a view shows, side by side and back, and what stays the original."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.sessions import new_session, put_layer, put_series
from viewer.app import comparing, opening
from viewer.app.session import Session
from viewer.app.workspace import PartKey
from viewer.core.layout import grid
from viewer.core.view import ORIGINAL, Comparison, Plane


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return new_session(tmp_path)


@pytest.fixture
def part(session: Session) -> PartKey:
    key = put_series(session)
    opening.show_part(session, 0, key)
    return key


def test_without_a_layer_nothing_is_compared(session: Session, part: PartKey) -> None:
    assert not comparing.has_layer(session)
    comparing.toggle(Comparison.SWIPE)(session)
    assert session.workspace.views[0].comparison is Comparison.NONE


def test_the_original_is_left_and_the_layer_right(session: Session, part: PartKey) -> None:
    put_layer(session, part)
    comparing.show_side_by_side(session, part, "test-denoise")
    layers = [session.workspace.views[view].layer for view in session.workspace.layout.views]
    assert layers == [ORIGINAL, "test-denoise"]
    assert comparing.is_side_by_side(session)


def test_leaving_shows_the_original_alone_and_keeps_the_layer(
    session: Session, part: PartKey
) -> None:
    put_layer(session, part)
    comparing.show_side_by_side(session, part, "test-denoise")
    comparing.leave_side_by_side(session)
    assert session.workspace.layout.shown == (0,)
    assert session.workspace.views[0].layer == ORIGINAL
    assert comparing.has_layer(session)


@pytest.mark.parametrize("comparison", [Comparison.SWIPE, Comparison.FLICKER, Comparison.RESIDUAL])
def test_switching_a_comparison_on_and_off_leaves_the_view_as_it_was(
    session: Session, part: PartKey, comparison: Comparison
) -> None:
    put_layer(session, part)
    before = session.workspace.views[0]
    comparing.toggle(comparison)(session)
    shown = session.workspace.views[0]
    assert shown.comparison is comparison
    assert comparing.layer_of(session.workspace, shown) is not None
    comparing.toggle(comparison)(session)
    assert session.workspace.views[0] == before


def test_one_comparison_takes_the_place_of_another(session: Session, part: PartKey) -> None:
    put_layer(session, part)
    comparing.toggle(Comparison.SWIPE)(session)
    comparing.toggle(Comparison.RESIDUAL)(session)
    assert session.workspace.views[0].comparison is Comparison.RESIDUAL


def test_a_rendered_volume_is_not_swiped(session: Session, part: PartKey) -> None:
    put_layer(session, part)
    session.workspace.show(0, replace(session.workspace.views[0], plane=Plane.VOLUME))
    comparing.toggle(Comparison.SWIPE)(session)
    assert session.workspace.views[0].comparison is Comparison.NONE


def test_swapping_shows_the_layer_and_then_the_original_again(
    session: Session, part: PartKey
) -> None:
    put_layer(session, part)
    comparing.toggle_layer(session)
    assert session.workspace.views[0].layer == "test-denoise"
    comparing.toggle_layer(session)
    assert session.workspace.views[0].layer == ORIGINAL


def test_another_series_in_one_of_the_two_views_ends_the_comparison(
    session: Session, part: PartKey
) -> None:
    put_layer(session, part)
    other = put_series(session, "1.2.4")
    comparing.show_side_by_side(session, part, "test-denoise")
    opening.show_part(session, 1, other)
    assert not comparing.is_side_by_side(session)
    assert session.workspace.layout.shown == (0, 1)


def test_a_grid_of_two_is_no_comparison(session: Session, part: PartKey) -> None:
    session.workspace.arrange(grid(1, 2))
    assert not comparing.is_side_by_side(session)


@pytest.mark.parametrize(
    ("unit", "noise_sd", "largest"),
    [("HU", 25.0, 60.0), ("stored", 13.0, 50.0), ("stored", 207.0, 1000.0), ("stored", 0.0, 100.0)],
)
def test_the_residual_s_range_is_of_the_noise_where_values_have_no_scale(
    unit: str, noise_sd: float, largest: float
) -> None:
    plan = SimpleNamespace(noise=SimpleNamespace(typical_sd=noise_sd))
    found = SimpleNamespace(enhancement=lambda part, method: SimpleNamespace(plan=plan))
    layer = SimpleNamespace(provenance=SimpleNamespace(method_id="tv"))
    session: Any = SimpleNamespace(enhancements=found)
    shown: Any = layer
    assert comparing.usual_change(session, ("part", 0), shown, unit) == pytest.approx(largest)
