"""How views are arranged."""

import pytest

from viewer.core.layout import Layout, grid, toggled_maximum, with_active


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 2), (2, 2), (3, 3)])
def test_a_grid_has_a_view_in_every_place(rows: int, columns: int) -> None:
    layout = grid(rows, columns)
    assert layout.views == tuple(range(rows * columns))
    assert layout.shown == layout.views


@pytest.mark.parametrize(("rows", "columns"), [(0, 1), (4, 1), (1, 4), (-1, 2)])
def test_grids_outside_one_to_three_are_refused(rows: int, columns: int) -> None:
    with pytest.raises(ValueError, match="1 to 3"):
        grid(rows, columns)


def test_the_active_view_stays_active_while_it_is_there() -> None:
    assert grid(2, 2, active=3).active == 3
    assert grid(1, 2, active=3).active == 0


def test_only_a_view_of_the_layout_can_become_active() -> None:
    layout = grid(1, 2)
    assert with_active(layout, 1).active == 1
    assert with_active(layout, 7) == layout


def test_maximising_shows_one_view_and_doing_it_again_all() -> None:
    layout = grid(2, 2, name="MPR")
    large = toggled_maximum(layout, 2)
    assert large.shown == (2,)
    assert large.active == 2
    back = toggled_maximum(large, 2)
    assert back.shown == (0, 1, 2, 3)
    assert back == Layout(2, 2, (0, 1, 2, 3), 2, None, "MPR")
