"""Enhancing ahead: series that a rule fits are enhanced quietly, so that E answers at once.

The queue works in the compute lane, one series at a time, and gives way between slabs to whatever
the reader asks for there; it goes on where it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.app.ahead_rules import Rule, read_rules
from viewer.app.jobs import Job, Jobs, Lane, Progress
from viewer.app.messages import Message
from viewer.app.workspace import PartKey, StudyKey, Workspace
from viewer.core.errors import Blocked
from viewer.core.study import Series, SeriesPart, Study
from viewer.core.view import ViewState
from viewer.core.volume import Acquired, AnyVolume, is_acquired

if TYPE_CHECKING:
    from viewer.app.enhancements import Enhancements

EVERY_S = 0.5
NO_ROOM = (
    "The memory for results is full. Raise it in the preferences, page Memory, or give the rule a "
    "folder to store them in."
)
NOT_FINER = (
    "makes finer slices. They are made when they are asked for; name a method here that leaves the "
    "slices where they are."
)


class Ahead(Enum):
    """Where a series stands in the queue."""

    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A series in the queue: what is made of it, where it stands, and in words why or how far."""

    part: PartKey
    study: StudyKey
    name: str
    rule: Rule
    state: Ahead = Ahead.WAITING
    fraction: float = 0.0
    words: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """What a job needs, frozen when it begins. `volume` is None where it must be loaded."""

    study: Study
    series: Series
    part: SeriesPart
    volume: AnyVolume | None
    rule: Rule
    device: str


class AheadQueue:
    """The series that rules have chosen, in the order in which the reader will want them.

    `entries` are all of them, in the order in which they came. Empty until a rule is there.
    """

    def __init__(self, workspace: Workspace, jobs: Jobs, enhancements: Enhancements) -> None:
        self._workspace = workspace
        self._jobs = jobs
        self._enhancements = enhancements
        self._entries: dict[tuple[PartKey, Rule], Waiting] = {}
        self._job: Job | None = None
        self._running: tuple[PartKey, Rule] | None = None
        self._loaded: tuple[SeriesPart, Acquired] | None = None
        self._lines: tuple[str, ...] = ()
        self._rules: tuple[Rule, ...] = ()
        self.is_paused = False
        workspace.settings_changed.connect(self._change_rules)
        workspace.view_changed.connect(self._note_view)
        workspace.studies_changed.connect(self._drop_closed)

    @property
    def entries(self) -> tuple[Waiting, ...]:
        """Return every series of the queue."""
        return tuple(self._entries.values())

    def use_rules(self) -> tuple[Message, ...]:
        """Read the rules of the settings, and use them on what is open; return what is wrong."""
        lines = self._workspace.settings.enhance_ahead.rules
        if lines == self._lines:
            return ()
        self._lines = lines
        self._rules, problems = read_rules(lines)
        for key in [key for key, one in self._entries.items() if one.rule not in self._rules]:
            del self._entries[key]
        if self._running is not None and self._running not in self._entries:
            self._stop()
        self.take(part.key for part in self._workspace.image_parts())
        return problems

    def _change_rules(self) -> None:
        for problem in self.use_rules():
            self._workspace.tell(problem)

    def take(self, keys: Iterable[PartKey]) -> None:
        """Put the parts that a rule fits into the queue; the first rule that fits counts."""
        for key in tuple(keys):
            study, series = self._workspace.study_of(key), self._workspace.series_of(key)
            part = self._workspace.parts.get(key)
            if study is None or series is None or part is None:
                continue
            rule = next((rule for rule in self._rules if rule.fits(study, series, part)), None)
            if rule is not None and (key, rule) not in self._entries:
                words = f"{series.number or ''} {series.description or series.modality}".strip()
                self._entries[key, rule] = Waiting(key, study.key, words, rule)
        self._tell()
        self._begin()

    # ------------------------------------------------------------------ what the reader can do

    def pause(self) -> None:
        """Stop working; the series that was worked on keeps what it has."""
        self.is_paused = True
        self._stop()
        self._tell()

    def go_on(self) -> None:
        """Work again."""
        self.is_paused = False
        self._tell()
        self._begin()

    def clear(self) -> None:
        """Empty the queue; results that are ready stay ready."""
        self._entries.clear()
        self._stop()
        self._tell()

    def _drop_closed(self) -> None:
        """Forget the series of studies that were closed."""
        gone = [key for key in self._entries if key[0] not in self._workspace.parts]
        for key in gone:
            del self._entries[key]
        if self._running in gone:
            self._stop()
        if gone:
            self._tell()

    def _note_view(self, _view: int, old: ViewState, new: ViewState) -> None:
        """Give way when the reader goes to another series that waits."""
        if old.part != new.part and self._running not in (None, self._next()):
            self._stop()

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _tell(self) -> None:
        self._workspace.ahead_changed.emit()

    # ------------------------------------------------------------------ work

    def _next(self) -> tuple[PartKey, Rule] | None:
        """Return what is worked on next: the series in view, then its study's, then the others."""
        shown = self._workspace.active_state.part
        study = self._workspace.study_of(shown) if shown is not None else None
        wanted = study.key if study is not None else None
        open_keys = [
            key for key, one in self._entries.items() if one.state in (Ahead.WAITING, Ahead.RUNNING)
        ]
        return min(
            open_keys,
            key=lambda key: (key[0] != shown, self._entries[key].study != wanted),
            default=None,
        )

    def _begin(self) -> None:
        """Work on the next series, unless one is worked on or the reader has paused it."""
        key = self._next()
        if self._running is not None or self.is_paused or key is None:
            return
        work = self._work_of(key)
        if work is None:
            del self._entries[key]
            self._begin()
            return
        self._running = key
        self._put(key, Ahead.RUNNING)
        self._job = self._jobs.submit(
            Lane.COMPUTE,
            "Enhancing ahead",
            lambda progress: self._work(work, progress),
            lambda answer: self._put(key, *answer),
            partial=lambda fraction: self._put(key, Ahead.RUNNING, fraction=fraction),
            failed=lambda message: self._failed(key, message),
            ended=lambda _job: self._ended(key),
            is_quiet=True,
        )

    def _put(
        self, key: tuple[PartKey, Rule], state: Ahead, words: str = "", fraction: float = 0.0
    ) -> None:
        if (old := self._entries.get(key)) is not None:
            known = max(fraction, old.fraction)
            self._entries[key] = replace(old, state=state, words=words, fraction=known)
            self._tell()

    def _failed(self, key: tuple[PartKey, Rule], message: Message) -> None:
        self._put(key, Ahead.FAILED, message.text)

    def _ended(self, key: tuple[PartKey, Rule]) -> None:
        """Go on with the next one; what gave way waits again."""
        self._running = self._job = None
        if (entry := self._entries.get(key)) is not None and entry.state is Ahead.RUNNING:
            self._put(key, Ahead.WAITING)
        else:
            self._loaded = None
        self._begin()

    def _work_of(self, key: tuple[PartKey, Rule]) -> _Work | None:
        workspace, (part_key, rule) = self._workspace, key
        study, series = workspace.study_of(part_key), workspace.series_of(part_key)
        part = workspace.parts.get(part_key)
        if study is None or series is None or part is None:
            return None
        volume = workspace.volumes.get(part_key)
        if volume is None or not volume.is_complete:
            loaded = self._loaded
            volume = loaded[1] if loaded is not None and loaded[0] == part else None
        return _Work(study, series, part, volume, rule, workspace.settings.enhancement.device)

    def _work(self, work: _Work, progress: Progress) -> tuple[Ahead, str, float]:
        """Enhance one series; Cancelled between two slabs when the reader wants the lane."""
        from viewer.app.enhancing import EnhanceRequest, prepare, run
        from viewer.app.saving import save_enhancement

        def gives_way() -> bool:
            return progress.is_cancelled() or self._jobs.is_wanted(Lane.COMPUTE)

        engine = self._enhancements.engine
        method = engine.catalogue.method(work.rule.method)
        if method.makes_finer:
            return (Ahead.REFUSED, f"{method.name} {NOT_FINER}", 0.0)
        try:
            volume = work.volume or _loaded(work.part, gives_way)
            if is_acquired(volume):
                self._loaded = (work.part, volume)
            request = EnhanceRequest(
                study=work.study,
                series=work.series,
                part=work.part,
                volume=volume,
                method_id=work.rule.method,
                strength=work.rule.strength,
                first_slice=len(work.part.sources) // 2,
                device=work.device,
            )
            plan = prepare(engine, request, gives_way)
            if not work.rule.folder and not engine.residuals.has_room(plan.key, plan.volume.values):
                return (Ahead.REFUSED, NO_ROOM, 0.0)
            result = run(
                engine,
                plan,
                report=lambda fraction, _words: progress.publish(fraction),
                is_cancelled=gives_way,
                every_s=EVERY_S,
            )
            if work.rule.folder:
                target = _place(work, plan.key)
                if not target.is_dir():
                    save_enhancement(result, None, target, is_cancelled=gives_way)
        except Blocked as error:
            return (Ahead.REFUSED, error.what, 0.0)
        return (Ahead.READY, f"Stored in {work.rule.folder}." if work.rule.folder else "", 1.0)


def _place(work: _Work, key: str) -> Path:
    """Return where a result is stored: a place for each residual, and for each strength of it."""
    name = hashlib.sha256(f"{key} at {work.rule.strength!r}".encode()).hexdigest()[:8]
    return Path(work.rule.folder) / f"{work.series.uid}-{name}"


def _loaded(part: SeriesPart, is_cancelled: Callable[[], bool]) -> AnyVolume:
    """Load a part beside the images of the window, with one decoding process at most."""
    from viewer.io.assemble import load_part
    from viewer.io.decoding import Decoders

    with Decoders(1) as decoders:
        return load_part(part, is_cancelled=is_cancelled, decoders=decoders)
