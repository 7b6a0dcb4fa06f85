"""The library: what was opened before, kept in the index and found again at the next start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.app.jobs import Jobs, Lane
from viewer.app.messages import Message, warning
from viewer.app.workspace import StudyKey, Workspace
from viewer.core.study import Entry, Study

if TYPE_CHECKING:
    from viewer.io.index import Index

STUDIES_AT_START = 200
STUDIES_AT_ONCE = 5
STUDIES_LOOKED_AT = 10_000


class StudyLibrary:
    """Owns the index. Everything runs in the index lane, whose one thread is the sole writer."""

    def __init__(self, workspace: Workspace, jobs: Jobs, folder: Path) -> None:
        self._workspace = workspace
        self._jobs = jobs
        self._folder = folder
        self._index: Index | None = None

    def remember(self, entries: tuple[Entry, ...], root: Path | None = None) -> None:
        """Store what a scan found. Members of archives are not kept: their files do not last."""
        lasting = tuple(e for e in entries if e.instance.path == e.instance.origin)

        def work() -> None:
            index = self._opened()
            index.add(lasting)
            if root is not None:
                index.note_root(root)

        self._submit(work)

    def show_studies(self) -> None:
        """Bring the studies of earlier sessions into the workspace, the latest first.

        They come a few at a time, so that a scan asked for meanwhile need not wait for all.
        """

        def work() -> tuple[StudyKey, ...]:
            from viewer.io.index import Search

            found = self._opened().search(Search(), STUDIES_LOOKED_AT)
            return tuple(one.study.key for one in found)

        self._jobs.submit(
            Lane.INDEX, "Library", lambda _progress: work(), self._show_next, is_quiet=True
        )

    def _show_next(self, keys: tuple[StudyKey, ...], room: int = STUDIES_AT_START) -> None:
        """Show the first studies of a list, those of their files that are still as they were.

        Those for which there is no room are only forgotten where their files are gone.
        """
        if not keys:
            return

        def work() -> tuple[Entry, ...]:
            index = self._opened()
            found: list[Entry] = []
            for key in keys[:STUDIES_AT_ONCE]:
                index.forget_vanished(key)
                study = index.load(key) if room > 0 else None
                found += entries_of(study) if study is not None else ()
            return tuple(found)

        self._jobs.submit(
            Lane.INDEX,
            "Library",
            lambda _progress: work(),
            lambda entries: self._workspace.add(entries) if entries else None,
            ended=lambda _job: self._show_next(keys[STUDIES_AT_ONCE:], room - STUDIES_AT_ONCE),
            is_quiet=True,
        )

    def _submit(self, work: Callable[[], None]) -> None:
        self._jobs.submit(
            Lane.INDEX, "Library", lambda _progress: work(), lambda _result: None, is_quiet=True
        )

    def _opened(self) -> Index:
        """Return the index; only the index lane's one thread calls this."""
        if self._index is None:
            from viewer.io.index import open_index

            self._index, aside = open_index(self._folder)
            self._jobs.at_close(Lane.INDEX, self._index.close)
            if aside is not None:
                self._jobs.deliver(lambda: self._workspace.tell(_aside_words(aside.reason)))
        return self._index


def _aside_words(reason: str) -> Message:
    return warning(
        f"The library was set aside and begun anew. {reason}",
        "Studies and measurements are untouched.",
        "Open the folders of your studies again to list them.",
    )


def entries_of(study: Study) -> tuple[Entry, ...]:
    """Return a study as the entries that it was made from."""
    bare = replace(study, series=())
    return tuple(
        Entry(bare, replace(series, instances=()), instance)
        for series in study.series
        for instance in series.instances
    )
