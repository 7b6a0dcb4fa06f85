"""Views: scrolling, windows, layouts, and which views follow which."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.sessions import new_session, put_layer, put_series
from viewer.app import following, layouts, opening, viewing, windows
from viewer.app.session import Session
from viewer.core.layout import grid
from viewer.core.view import ORIGINAL, Plane
from viewer.core.windowing import Window


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return new_session(tmp_path)


def show_pair(session: Session, left: tuple[str, int], right: tuple[str, int]) -> None:
    session.workspace.arrange(grid(1, 2))
    opening.show_part(session, 0, left)
    opening.show_part(session, 1, right)


def z_of(session: Session, view: int) -> float:
    return session.workspace.views[view].focus_mm[2]


def test_a_part_starts_at_its_middle_slice(session: Session) -> None:
    key = put_series(session, slices=11)
    opening.show_part(session, 0, key)
    assert z_of(session, 0) == pytest.approx(10.0)


def test_scrolling_stops_at_the_last_slice(session: Session) -> None:
    opening.show_part(session, 0, put_series(session, slices=10))
    viewing.scroll(session, 99)
    assert z_of(session, 0) == pytest.approx(18.0)
    viewing.scroll(session, -1)
    assert z_of(session, 0) == pytest.approx(16.0)


def test_views_in_one_frame_of_reference_scroll_to_the_same_position(session: Session) -> None:
    thin = put_series(session, "1.1", slices=20, spacing_mm=1.0)
    thick = put_series(session, "1.5", slices=5, spacing_mm=4.0)
    show_pair(session, thin, thick)
    viewing.go_to_slice(session, 9)
    assert z_of(session, 0) == pytest.approx(8.0)
    assert z_of(session, 1) == pytest.approx(8.0)


def test_views_in_different_frames_of_reference_do_not_follow(session: Session) -> None:
    first = put_series(session, "1.1", frame_of_reference="1.9")
    second = put_series(session, "1.5", frame_of_reference="1.8")
    show_pair(session, first, second)
    before = z_of(session, 1)
    viewing.scroll(session, 2)
    assert z_of(session, 1) == before
    assert following.link_words(session.workspace, 0) == "not linked"


def test_a_link_set_by_the_reader_keeps_its_offset_and_says_so(session: Session) -> None:
    first = put_series(session, "1.1", frame_of_reference="1.9")
    second = put_series(session, "1.5", frame_of_reference="1.8", start_mm=100.0)
    show_pair(session, first, second)
    following.link_here(session)
    viewing.scroll(session, 2)
    assert z_of(session, 1) - z_of(session, 0) == pytest.approx(100.0)
    assert "100.0 mm, set by you" in following.link_words(session.workspace, 0)


def test_the_link_survives_reset_preset_and_series_change(session: Session) -> None:
    first = put_series(session, "1.1", frame_of_reference="1.9")
    second = put_series(session, "1.5", frame_of_reference="1.8", start_mm=100.0)
    show_pair(session, first, second)
    following.link_here(session)
    windows.use_preset(session, "2")
    viewing._reset(session)
    opening.show_part(session, 1, first)
    opening.show_part(session, 1, second)
    viewing.scroll(session, -1)
    assert z_of(session, 1) - z_of(session, 0) == pytest.approx(100.0)


def test_switching_the_link_off_stops_following(session: Session) -> None:
    first, second = put_series(session, "1.1"), put_series(session, "1.5")
    show_pair(session, first, second)
    following.toggle_link(session)
    before = z_of(session, 1)
    viewing.scroll(session, 3)
    assert z_of(session, 1) == before


def test_zoom_follows_by_its_factor(session: Session) -> None:
    first, second = put_series(session, "1.1"), put_series(session, "1.5")
    show_pair(session, first, second)
    state = session.workspace.views[0]
    following.change(session, 0, replace(state, zoom=2.0))
    assert session.workspace.views[1].zoom == pytest.approx(2.0)


def test_original_and_enhanced_share_window_zoom_and_slice(session: Session) -> None:
    key = put_series(session)
    opening.show_part(session, 0, key)
    put_layer(session, key)
    session.workspace.arrange(grid(1, 2))
    left = session.workspace.views[0]
    session.workspace.show(1, replace(left, layer="test-denoise"))
    following.change(
        session, 1, replace(left, layer="test-denoise", zoom=3.0, window=Window(0, 50))
    )
    assert session.workspace.views[0].zoom == 3.0
    assert session.workspace.views[0].window == Window(0, 50)
    assert session.workspace.views[0].layer == ORIGINAL


def test_presets_fit_the_modality(session: Session) -> None:
    opening.show_part(session, 0, put_series(session))
    windows.use_preset(session, "2")
    window = session.workspace.views[0].window
    assert window is not None
    assert (window.name, window.centre, window.width) == ("Lung", -600, 1500)


def test_presets_of_another_modality_are_not_offered(session: Session) -> None:
    opening.show_part(session, 0, put_series(session, modality="MR"))
    windows.use_preset(session, "2")
    assert session.workspace.views[0].window is None


def test_the_window_of_the_file_is_the_default(session: Session) -> None:
    offered = (Window(50.0, 350.0, name="CHEST"), Window(-600.0, 1500.0))
    key = put_series(session)
    assert windows.first_window(session.workspace.volumes[key], offered) == offered[0]


def test_without_a_window_in_the_file_the_values_decide(session: Session) -> None:
    volume = session.workspace.volumes[put_series(session)]
    low, high = np.percentile(volume.values[5], [1, 99])
    assert windows.first_window(volume, ()).range == pytest.approx((low, high))


def test_automatic_window_spans_the_percentiles_of_the_slice(session: Session) -> None:
    opening.show_part(session, 0, put_series(session))
    windows.auto(session)
    window = session.workspace.views[0].window
    assert window is not None
    values = session.workspace.volumes[next(iter(session.workspace.volumes))].values[5]
    low, high = np.percentile(values, [1, 99])
    assert window.range == pytest.approx((low, high))


def test_mpr_shows_three_planes_and_the_volume_and_goes_back(session: Session) -> None:
    opening.show_part(session, 0, put_series(session))
    layouts.show_mpr(session)
    planes = [session.workspace.views[view].plane for view in range(4)]
    assert planes == [Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL, Plane.VOLUME]
    layouts.show_mpr(session)
    assert session.workspace.layout.shown == (0,)
    assert session.workspace.views[0].plane is Plane.ACQUIRED


def test_the_crosshair_point_is_shared_by_the_planes(session: Session) -> None:
    opening.show_part(session, 0, put_series(session))
    layouts.show_mpr(session)
    state = session.workspace.views[1]
    following.change(session, 1, replace(state, focus_mm=(3.0, 4.0, 5.0)))
    assert session.workspace.views[0].focus_mm == (3.0, 4.0, 5.0)
    assert session.workspace.views[2].focus_mm == (3.0, 4.0, 5.0)


def test_cine_goes_on_at_the_first_slice_after_the_last(session: Session) -> None:
    opening.show_part(session, 0, put_series(session, slices=10))
    viewing.go_to_slice(session, 10)
    viewing.advance(session, 0)
    assert z_of(session, 0) == pytest.approx(0.0)


def test_a_larger_grid_takes_the_next_series_of_the_study(session: Session) -> None:
    first, second = put_series(session, "1.1"), put_series(session, "1.5")
    opening.show_part(session, 0, first)
    layouts.arrange(1, 2)(session)
    assert session.workspace.views[1].part == second


def test_a_view_that_appears_again_is_in_line_with_the_one_it_is_linked_to(
    session: Session,
) -> None:
    first, second = put_series(session, "1.1", slices=20), put_series(session, "1.5", slices=20)
    show_pair(session, first, second)
    layouts.arrange(1, 1)(session)
    viewing.scroll(session, 5)
    windows.use_preset(session, "2")
    layouts.arrange(1, 2)(session)
    left, right = session.workspace.views[0], session.workspace.views[1]
    assert right.focus_mm == left.focus_mm
    assert right.window == left.window is not None


def test_an_unlinked_view_appears_again_where_it_was(session: Session) -> None:
    first = put_series(session, "1.1", frame_of_reference="1.9")
    second = put_series(session, "1.5", frame_of_reference="1.8")
    show_pair(session, first, second)
    before = session.workspace.views[1]
    layouts.arrange(1, 1)(session)
    viewing.scroll(session, 3)
    layouts.arrange(1, 2)(session)
    assert session.workspace.views[1] == before


def test_inversion_and_colours_follow_where_the_window_does(session: Session) -> None:
    first, second = put_series(session, "1.1"), put_series(session, "1.5")
    show_pair(session, first, second)
    state = session.workspace.views[0]
    following.change(session, 0, replace(state, is_inverted=True, colour_map="hot"))
    assert session.workspace.views[1].is_inverted
    assert session.workspace.views[1].colour_map == "hot"
