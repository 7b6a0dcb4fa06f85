"""Loading within the memory set aside: what is not in view makes room, or the reader is told."""

from dataclasses import replace
from pathlib import Path

from tests.builders import ct_series
from tests.sessions import new_session
from viewer.app import opening
from viewer.app.images import Images
from viewer.app.session import Session
from viewer.app.settings import with_value
from viewer.app.workspace import PartKey
from viewer.core.layout import grid
from viewer.io.assemble import memory_needed


def session_with(tmp_path: Path, room_for: float, count: int) -> tuple[Session, list[PartKey]]:
    """Return a session with some series of one size, and memory for so many of them."""
    session = new_session(tmp_path / "home")
    for number in range(count):
        folder = tmp_path / "study" / str(number)
        ct_series(folder, 3, SeriesInstanceUID=f"1.2.{number}", SeriesNumber=number)
    opening.open_paths(session, (tmp_path / "study",))
    parts = tuple(session.workspace.image_parts())
    megabytes = round(memory_needed(parts[0]) * room_for / 1e6)
    settings = with_value(session.workspace.settings, "memory.cache_mb", megabytes)
    session.workspace.put_settings(settings)
    images = Images(session.workspace, session.jobs)
    return replace(session, images=images), [part.key for part in parts]


def test_a_series_that_does_not_fit_is_not_loaded_and_says_so(tmp_path: Path) -> None:
    session, (key,) = session_with(tmp_path, 0.5, 1)
    opening.show_part(session, 0, key)
    assert key not in session.workspace.volumes
    assert "memory" in session.workspace.problems[key].what


def test_what_is_not_in_view_makes_room_before_the_next_is_loaded(tmp_path: Path) -> None:
    session, keys = session_with(tmp_path, 1.5, 2)
    for key in keys:
        opening.show_part(session, 0, key)
        assert session.workspace.volumes[key].is_complete


def test_what_is_in_view_stays_when_another_does_not_fit(tmp_path: Path) -> None:
    session, (first, second) = session_with(tmp_path, 1.5, 2)
    session.workspace.arrange(grid(1, 2))
    opening.show_part(session, 0, first)
    session.images._cache.budget_bytes = memory_needed(session.workspace.parts[second])
    opening.show_part(session, 1, second)
    assert first in session.workspace.volumes
    assert second in session.workspace.problems


def test_a_load_that_fails_gives_its_room_back(tmp_path: Path) -> None:
    session, (key,) = session_with(tmp_path, 1.5, 1)
    for path in (tmp_path / "study" / "0").iterdir():
        path.unlink()
    opening.show_part(session, 0, key)
    assert session.images._cache.used_bytes == 0
