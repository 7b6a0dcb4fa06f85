"""A batch: every series below some folders is enhanced by several workers, and can go on later.

The record in the output folder decides what is left; the same command does only what is missing.
"""

import shutil
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from viewer import __version__
from viewer.app.batch_unit import Asked, Unit, outcome
from viewer.app.batch_words import duration
from viewer.app.batch_workers import Crew, Lost, Progressed, cluster, processes
from viewer.app.headless import new_engine
from viewer.core.errors import Cancelled, UnreadableFile, WrongUsage
from viewer.core.partition import parts
from viewer.core.study import ScanReport, Series, Skipped, Study
from viewer.enhancement.method import Settings
from viewer.enhancement.strength import checked_strength
from viewer.io.batch_record import BatchRecord, Outcome, Settled, batch_folder, is_batch
from viewer.io.identity import series_number
from viewer.io.safely import remove_unfinished
from viewer.io.scan import scan

ATTEMPTS = 3
"""So many workers may die with a unit before it is given up."""

POLL_S = 0.5

Report = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """What a batch is asked for.

    `workers` is how many processes of this machine work; `dask` the address of a scheduler, "local"
    for a cluster on this machine, or "" for plain processes. `settings` are parameters of the
    method that are not its defaults.
    """

    paths: tuple[Path, ...]
    method: str
    strength: float
    out: Path
    device: str = "auto"
    workers: int = 1
    dask: str = ""
    is_research: bool = False
    settings: Settings = ()


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of every series, in the order found; `left` were stopped before their turn.

    `there` is how many were done or refused by an earlier run, `slices` and `elapsed_s` are of
    this run alone. `lost` were done and had lost files since: they were open again. `unread` are
    the paths asked for that could not be read.
    """

    outcomes: tuple[Outcome, ...]
    there: int
    left: int
    slices: int
    elapsed_s: float
    lost: int = 0
    unread: tuple[Skipped, ...] = ()
    damaged_lines: int = 0

    def of(self, state: Settled) -> tuple[Outcome, ...]:
        """Return the outcomes of one kind."""
        return tuple(one for one in self.outcomes if one.state is state)


def run_batch(
    request: BatchRequest,
    report: Report = lambda _fraction, _words: None,
    crew: Callable[[BatchRequest], AbstractContextManager[Crew]] | None = None,
) -> BatchResult:
    """Enhance every volume below the paths into the batch's folder, or what is missing of it.

    Ctrl+C ends it between two slices; what is done is kept.

    Parameters
    ----------
    report : gets the fraction done and, in words, studies, series, speed and time left.
    crew : gives the workers; replaced in tests.

    Raises
    ------
    InvalidStrength, UnknownMethod, WrongUsage : before anything is read.
    UnreadableFile : there is no volume to enhance.
    NotSaved : the record cannot be written.
    ClusterLost : the scheduler went away; what is done is kept.
    """
    asked = _asked(request)
    with batch_folder(request.out) as own:
        record = BatchRecord(request.out)
        unpacked = own / "unpacked"
        remove_unfinished(request.out)
        try:
            found = _scanned(request.paths, unpacked, report)
            units = tuple(_units(found, asked, record))
            lost = {unit.id for unit in units if record.has_lost(unit.id)}
            for one in lost:
                record.set_rest_aside(one)
            left = deque(one for one in units if one.id in lost or _is_open(record, one))
            course = Course(units, record, left)
            there = len(units) - len(left)
            if left:
                with (crew or _crew)(request) as workers:
                    course.run(workers, report)
                if not request.dask:  # a worker of a cluster may still end its series
                    remove_unfinished(request.out, 0.0)
        finally:
            shutil.rmtree(unpacked, ignore_errors=True)
    given = {str(path.absolute()) for path in request.paths}
    return BatchResult(
        outcomes=tuple(record.outcomes[unit.id] for unit in units if unit.id in course.settled),
        there=there,
        left=course.count_left,
        slices=course.slices_done,
        elapsed_s=course.elapsed_s,
        lost=len(lost),
        unread=tuple(one for one in found.skipped if one.origin in given),
        damaged_lines=record.damaged,
    )


def _asked(request: BatchRequest) -> Asked:
    """Check what is asked for and complete it with the method's version and weights."""
    checked_strength(request.strength)
    method = new_engine(is_research=request.is_research).catalogue.method(request.method)
    method.settings(request.settings)
    if request.workers < 1:
        raise WrongUsage(f"{request.workers} workers can do nothing.", do="Give at least 1.")
    out = request.out.absolute()
    folders = [path.absolute() for path in request.paths if path.is_dir()]
    if inside := next(
        (one for one in folders if out.resolve().is_relative_to(one.resolve())), None
    ):
        raise WrongUsage(
            f"{out} lies inside {inside}, which holds the originals.",
            "Originals and enhanced images are kept in separate folders.",
            "Name a folder elsewhere with --out.",
        )
    return Asked(
        method=method.id,
        version=method.version,
        weights_sha256=method.weights_sha256,
        strength=request.strength,
        device=request.device,
        out=str(out),
        opened=tuple(str(folder) for folder in folders),
        is_research=request.is_research,
        settings=request.settings,
    )


def _crew(request: BatchRequest) -> AbstractContextManager[Crew]:
    if request.dask:
        return cluster(request.dask, request.workers)
    return processes(request.workers)


def _scanned(paths: tuple[Path, ...], unpacked: Path, report: Report) -> ScanReport:
    """Read all headers below the paths."""
    seen = Counter[str]()

    def count(entries: tuple[object, ...], skipped: tuple[object, ...]) -> None:
        seen["files"] += len(entries) + len(skipped)
        report(0.0, f"reading headers: {seen['files']} files")

    absolute = tuple(path.absolute() for path in paths)
    found = scan(absolute, count, lambda: False, unpacked)
    if not any(study.series for study in found.studies):
        reason = found.skipped[0] if found.skipped else None
        raise UnreadableFile(
            "There are no slices or radiographs to enhance there.",
            f"{reason.origin}: {reason.reason}" if reason else "",
            "See what is there with: diptych info PATH",
        )
    return found


def _units(found: ScanReport, asked: Asked, record: BatchRecord) -> Iterator[Unit]:
    """Yield a unit for each volume, with Series Numbers that no two of a study share.

    A series that was done by an earlier run keeps its number.
    """
    for study in found.studies:
        volumes = [
            (replace(series, instances=()), part)
            for series in study.series
            for part in parts(study, series)
            if part.is_scan
        ]
        bare = replace(study, series=tuple(replace(one, instances=()) for one in study.series))
        units = [Unit(asked, bare, series, part, 0) for series, part in volumes]
        earlier = {unit.id: record.outcomes.get(unit.id) for unit in units}
        kept = {one.number for one in earlier.values() if one and one.number is not None}
        taken = {one.number for one in study.series if one.number is not None} | kept
        for unit in units:
            known = earlier[unit.id]
            if known is not None and known.number is not None:
                yield replace(unit, number=known.number)
                continue
            number = series_number(unit.series.number, taken)
            yield replace(unit, number=number, study=_with_taken(bare, taken))
            taken.add(number)


def _with_taken(study: Study, taken: set[int]) -> Study:
    """Return the study with a series for each number that must not be used again."""
    stated = {series.number for series in study.series}
    more = tuple(Series(uid="", number=number) for number in sorted(taken - stated))
    return replace(study, series=(*study.series, *more))


def _is_open(record: BatchRecord, unit: Unit) -> bool:
    """Return whether a unit is to be done: new, failed before, or refused by another version."""
    known = record.outcomes.get(unit.id)
    if known is None or known.state is Settled.FAILED:
        return True
    return known.state is Settled.REFUSED and known.software != __version__


@dataclass(eq=False)
class Course:
    """The run of a batch: what waits, who works on what, and how far all is."""

    units: tuple[Unit, ...]
    record: BatchRecord
    waiting: deque[Unit]
    settled: set[str] = field(default_factory=set)
    slices_done: int = 0
    elapsed_s: float = 0.0

    def __post_init__(self) -> None:
        """Count what an earlier run has settled."""
        waiting = {unit.id for unit in self.waiting}
        self._by_id = {unit.id: unit for unit in self.units}
        self.settled |= self._by_id.keys() - waiting
        self._slices_left = sum(unit.slices for unit in self.waiting)
        self._running: dict[str, int] = {}
        self._deaths: Counter[str] = Counter()
        self._begun = time.monotonic()

    @property
    def count_left(self) -> int:
        """How many units are not settled."""
        return len(self._by_id) - len(self.settled)

    @property
    def fraction(self) -> float:
        """How much is done, from 0 to 1, by slices."""
        whole = sum(unit.slices for unit in self.units)
        return 1 - (self._slices_left - sum(self._running.values())) / whole

    def run(self, crew: Crew, report: Report) -> None:
        """Settle everything that waits; Ctrl+C ends it early."""
        try:
            while self.waiting or self._running:
                for _ in range(min(crew.room(), len(self.waiting))):
                    unit = self.waiting.popleft()
                    self._running[unit.id] = 0
                    crew.begin(unit)
                report(self.fraction, self.words())
                for event in crew.events(POLL_S):
                    self._take(event)
        except (KeyboardInterrupt, Cancelled):
            pass
        finally:
            self.elapsed_s = time.monotonic() - self._begun

    def _take(self, event: Outcome | Progressed | Lost) -> None:
        if event.unit not in self._running:
            return
        if isinstance(event, Progressed):
            self._running[event.unit] = event.slices
        elif isinstance(event, Lost):
            self._mourn(self._by_id[event.unit])
        else:
            self._settle(event)

    def _mourn(self, unit: Unit) -> None:
        """Put a unit whose worker died in front again, unless too many have died with it."""
        del self._running[unit.id]
        self._deaths[unit.id] += 1
        if self._deaths[unit.id] < ATTEMPTS:
            self.waiting.appendleft(unit)
            return
        words = f"{ATTEMPTS} workers ended unexpectedly while they worked on this series."
        words += " The machine may be short of memory: try it with fewer workers."
        self._running[unit.id] = 0
        self._settle(outcome(unit, Settled.FAILED, words))

    def _settle(self, settled: Outcome) -> None:
        self.record.add(settled)
        del self._running[settled.unit]
        self.settled.add(settled.unit)
        self._slices_left -= settled.slices
        if settled.elapsed_s:
            self.slices_done += settled.slices

    def words(self) -> str:
        """Return in words how far the batch is, how fast, and how long it will take."""
        by_study = Counter(unit.study_name for unit in self.units)
        over = Counter(self._by_id[one].study_name for one in self.settled)
        studies = sum(over[name] == count for name, count in by_study.items())
        outcomes = [self.record.outcomes[one] for one in self.settled]
        failed = sum(one.state is Settled.FAILED for one in outcomes)
        shown = f"{studies} of {len(by_study)} studies, {len(self.settled)} of {len(self.units)}"
        shown += " series" + (f", {failed} failed" if failed else "")
        in_hand = sum(self._running.values())
        elapsed_s = time.monotonic() - self._begun
        computed = self.slices_done + in_hand
        if not self._running:
            return f"{shown}, waiting for workers"
        if not computed or elapsed_s <= 0:
            return shown
        speed = computed / elapsed_s
        left_s = max(0, self._slices_left - in_hand) / speed
        return f"{shown}, {speed:.1f} slices/s, {duration(left_s)} left"


def is_begun(out: Path) -> bool:
    """Return whether a folder is that of an earlier batch, which can go on."""
    return is_batch(out)


def is_failed(result: BatchResult) -> bool:
    """Return whether the batch was stopped before its end, or nothing at all is enhanced."""
    return bool(result.left) or not result.of(Settled.DONE)


def is_clean(result: BatchResult) -> bool:
    """Return whether all paths could be read and every series was enhanced without a warning."""
    are_done = all(one.state is Settled.DONE and not one.warnings for one in result.outcomes)
    return are_done and not is_failed(result) and not result.unread
