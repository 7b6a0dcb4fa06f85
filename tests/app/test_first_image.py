"""The first image does not wait for the scan, and nothing else delays the series in view."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.sessions import FakeImages, new_session, put_series
from viewer.app import images, opening
from viewer.app.jobs import Job, Lane
from viewer.app.library import entries_of
from viewer.app.session import Session
from viewer.core.study import Entry, SeriesPart
from viewer.core.volume import AnyVolume


@dataclass
class HeldImages(FakeImages):
    """Keeps what a load would publish through, until the test publishes."""

    publishers: list[Any] = field(default_factory=list)

    def load(self, part: SeriesPart, first: int, publish: Any) -> None:
        super().load(part, first, publish)
        self.publishers.append(publish)


class HeldJobs:
    """Takes jobs and runs none; `finish` ends one as if it had run."""

    def __init__(self) -> None:
        self.taken: list[tuple[Job, Any]] = []

    def submit(self, lane: Lane, title: str, work: Any, done: Any, **rest: Any) -> Job:
        job = Job(title, lane)
        self.taken.append((job, rest.get("ended")))
        return job

    def titles(self) -> list[str]:
        return [job.title for job, _ in self.taken]

    def finish(self, title: str) -> None:
        job, ended = next(pair for pair in self.taken if pair[0].title == title)
        job.is_over = True
        ended(job)


@pytest.fixture
def entries(tmp_path: Path) -> tuple[Entry, ...]:
    other = new_session(tmp_path / "other")
    put_series(other, slices=5)
    return entries_of(other.workspace.studies[0])


@pytest.fixture
def session(tmp_path: Path) -> Session:
    session = new_session(tmp_path)
    held: Any = HeldImages(session.workspace)
    return replace(session, images=held)


def first_slice_of(tmp_path: Path) -> AnyVolume:
    other = new_session(tmp_path / "one")
    key = put_series(other, slices=1)
    return other.workspace.volumes[key]


def test_image_asked_for_early_is_shown_although_the_series_has_grown(
    session: Session, entries: tuple[Entry, ...], tmp_path: Path
):
    session.workspace.add(entries[:1])
    (part,) = session.workspace.image_parts()
    opening.show_part(session, 0, part.key)
    session.workspace.add(entries[1:])
    session.images.publishers[0](first_slice_of(tmp_path))
    assert session.workspace.volumes[part.key].values.shape[0] == 1


def test_image_of_another_series_is_not_shown_in_its_place(
    session: Session, entries: tuple[Entry, ...], tmp_path: Path
):
    session.workspace.add(entries[:1])
    (part,) = session.workspace.image_parts()
    opening.show_part(session, 0, part.key)
    session.workspace.clear()
    session.images.publishers[0](first_slice_of(tmp_path))
    assert part.key not in session.workspace.volumes


def test_thumbnails_wait_until_the_series_in_view_is_there(
    session: Session, entries: tuple[Entry, ...]
):
    session.workspace.add(entries)
    (part,) = session.workspace.image_parts()
    jobs: Any = HeldJobs()
    loader = images.Images(session.workspace, jobs)
    loader.load(part, 0, lambda _volume: None)
    loader.make_thumbnails([part.key])
    assert jobs.titles() == ["Loading images"]
    jobs.finish("Loading images")
    assert jobs.titles() == ["Loading images", "Thumbnail"]


def test_the_automatic_window_does_not_change_with_every_slice_that_arrives(tmp_path: Path) -> None:
    session = new_session(tmp_path)
    key = put_series(session, slices=9)
    service = images.Images(session.workspace, session.jobs)
    whole = session.workspace.volumes[key]
    found: list[int] = []

    def none_in_the_file(_part: SeriesPart, index: int) -> tuple[()]:
        found.append(index)
        return ()

    service.file_windows = none_in_the_file  # type: ignore[method-assign]
    for count in range(1, 10):
        loaded = whole.loaded & (np.arange(9) < count)
        session.workspace.put_volume(key, replace(whole, loaded=loaded))
        service.default_window(key)
    assert len(found) == 2
