"""Who loads and keeps pixels: decoding processes, the memory budget, thumbnails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from viewer.app.jobs import Job, Jobs, Lane, Progress
from viewer.app.messages import Message, message_from, warning
from viewer.app.settings import cache_bytes, decoding_processes
from viewer.app.windows import first_window
from viewer.core.errors import OutOfMemory
from viewer.core.study import PartKind, SeriesPart, Skipped
from viewer.core.volume import AnyVolume
from viewer.core.windowing import Window
from viewer.io.cache import VolumeCache

if TYPE_CHECKING:
    from viewer.app.workspace import PartKey, Workspace
    from viewer.io.decoding import Decoders
    from viewer.io.thumbnails import Thumbnail

THUMBNAIL_PIXELS = 160


class Images:
    """Loads parts into the workspace and forgets those not in view when memory runs short.

    Decoding processes are started when first needed.
    """

    def __init__(self, workspace: Workspace, jobs: Jobs) -> None:
        self._workspace = workspace
        self._jobs = jobs
        self._decoders: Decoders | None = None
        self._loading: dict[PartKey, Job] = {}
        self._cache = VolumeCache(cache_bytes(workspace.settings))
        self._windows: dict[PartKey, tuple[object, Window]] = {}
        self._pictured: dict[PartKey, int] = {}
        self._unpictured: dict[PartKey, SeriesPart] = {}
        self.thumbnails: dict[PartKey, Thumbnail] = {}
        self.thumbnail_arrived: Callable[[PartKey], None] = lambda _key: None

    # ------------------------------------------------------------------ loading

    def load(self, part: SeriesPart, first: int, publish: Callable[[AnyVolume], None]) -> None:
        """Load a part, slice `first` at once and the rest around it; an older load stops."""
        from viewer.io.assemble import load_part

        self._cancel(part.key)
        if not self._has_room(part):
            return
        decoders = self._decoders_for(part)

        def work(progress: Progress) -> AnyVolume:
            if decoders is not None:
                decoders.start()

            def tell(volume: AnyVolume) -> None:
                progress.report(float(volume.loaded.mean()))
                progress.publish(volume)

            return load_part(
                part,
                first=first,
                publish=tell,
                is_cancelled=progress.is_cancelled,
                decoders=decoders,
            )

        def done(volume: AnyVolume) -> None:
            publish(volume)
            self._keep(part.key, volume)
            self._tell_unreadable(part, volume)

        def failed(message: Message) -> None:
            if part.key in self._workspace.volumes:
                self._workspace.tell(message)
            else:
                self._workspace.put_problem(part.key, message)

        def ended(job: Job) -> None:
            if self._loading.get(part.key, job) is job:
                self._cache.release(part.key)
            if self._loading.get(part.key) is job:
                del self._loading[part.key]
                self._workspace.part_changed.emit(part.key)
                self._begin_thumbnails()

        job = self._jobs.submit(
            Lane.VISIBLE, "Loading images", work, done, partial=publish, failed=failed, ended=ended
        )
        if not job.is_over:
            self._loading[part.key] = job

    def _tell_unreadable(self, part: SeriesPart, volume: AnyVolume) -> None:
        """Name the files whose pixels could not be read."""
        if not volume.unreadable:
            return
        reasons: dict[str, str] = {}
        for place, why in volume.unreadable:
            reasons.setdefault(part.sources[place].instance.origin, why)
        found = [Skipped(origin, "damaged", why) for origin, why in reasons.items()]
        self._workspace.skip(tuple(found))
        count = len(volume.unreadable)
        what = "slice" if part.kind is PartKind.VOLUME else "frame"
        told = (
            f"1 {what} could not be read." if count == 1 else f"{count} {what}s could not be read."
        )
        self._workspace.tell(
            warning(told, f"The first: {found[0].reason}", "See File, Files that are not shown.")
        )

    def _has_room(self, part: SeriesPart) -> bool:
        """Make room for a part among those not in view; False, with the reason shown, for none."""
        from viewer.io.assemble import memory_needed

        shown = {state.part for state in self._workspace.views.values() if state.part}
        try:
            dropped = self._cache.pin(shown)
            dropped += self._cache.reserve(part.key, memory_needed(part))
        except OutOfMemory as error:
            self._workspace.put_problem(part.key, message_from(error))
            return False
        for other in dropped:
            self._workspace.drop_volume(other)
        return True

    def forget_all(self) -> None:
        """Stop loading and give back all memory, when the studies are closed."""
        for key in tuple(self._loading):
            self._cancel(key)
        self._cache.clear()
        for known in (self._windows, self._pictured, self._unpictured, self.thumbnails):
            known.clear()

    def _cancel(self, key: PartKey) -> None:
        if (job := self._loading.pop(key, None)) is not None:
            job.cancel()

    def fraction_loaded(self, key: PartKey) -> float | None:
        """Return how much of a part that is loading is there, None when it is not loading."""
        job = self._loading.get(key)
        return job.fraction if job is not None else None

    def _decoders_for(self, part: SeriesPart) -> Decoders | None:
        """Return the decoding processes if the part is compressed, starting them if need be."""
        if all(s.instance.pixels is None or s.instance.pixels.length >= 0 for s in part.sources):
            return None
        if self._decoders is None:
            from viewer.io.decoding import Decoders

            self._decoders = Decoders(decoding_processes(self._workspace.settings))
        return self._decoders

    def _keep(self, key: PartKey, volume: AnyVolume) -> None:
        """Keep a loaded volume within the memory budget; what is in view is never dropped."""
        shown = {state.part for state in self._workspace.views.values() if state.part}
        dropped = (*self._cache.pin(shown), *self._cache.put(key, volume))
        for other in dropped:
            self._workspace.drop_volume(other)

    # ------------------------------------------------------------------ windows, thumbnails

    def default_window(self, key: PartKey) -> Window:
        """Return the window that a part starts with.

        Found with the first pixels and once more when all are there, so that it does not change
        with every slice that arrives.
        """
        volume = self._workspace.volumes.get(key)
        stamp = (volume.sources, volume.is_finished) if volume is not None else None
        known = self._windows.get(key)
        if known is None or known[0] != stamp:
            part = self._workspace.parts.get(key)
            middle = len(part.sources) // 2 if part is not None else 0
            offered = self.file_windows(part, middle) if part is not None else ()
            known = (stamp, first_window(volume, offered))
            self._windows[key] = known
        return known[1]

    def file_windows(self, part: SeriesPart, index: int) -> tuple[Window, ...]:
        """Return all windows and VOI LUTs of a frame, as the file offers them."""
        from viewer.io.assemble import file_windows

        return file_windows(part, min(index, len(part.sources) - 1))

    def make_thumbnails(self, keys: Iterable[PartKey]) -> None:
        """Make the thumbnails that are missing, one after another in the background.

        They wait until what is in view has been loaded. A part that has grown since gets a new one.
        """
        for key in keys:
            part = self._workspace.parts.get(key)
            if part is None or part.kind is PartKind.OBJECT:
                continue
            if self._pictured.get(key) != len(part.sources):
                self._pictured[key] = len(part.sources)
                self._unpictured[key] = part
        self._begin_thumbnails()

    def _begin_thumbnails(self) -> None:
        if self._loading:
            return
        waiting = tuple(self._unpictured.values())
        self._unpictured.clear()
        for part in waiting:
            self._make_thumbnail(part)

    def _make_thumbnail(self, part: SeriesPart) -> None:
        from viewer.io.assemble import thumbnail

        def done(picture: Thumbnail) -> None:
            self.thumbnails[part.key] = picture
            self.thumbnail_arrived(part.key)

        decoders = self._decoders_for(part)
        self._jobs.submit(
            Lane.PREFETCH,
            "Thumbnail",
            lambda _progress: thumbnail(part, THUMBNAIL_PIXELS, decoders),
            done,
            failed=lambda _message: None,
            is_quiet=True,
        )

    def close(self) -> None:
        """Stop the decoding processes."""
        if self._decoders is not None:
            self._decoders.close()
