"""Opening: scan files in the background, show the first image at once, load the rest."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from viewer.app import measuring
from viewer.app.command import Command
from viewer.app.comparing import SIDE_BY_SIDE
from viewer.app.jobs import Job, Lane, Progress
from viewer.app.layouts import MPR, leave_mpr
from viewer.app.messages import info, warning
from viewer.app.session import Session
from viewer.app.settings import with_recent
from viewer.app.unpacking import unpack_folder
from viewer.app.viewing import starts_inverted
from viewer.app.workspace import PartKey, StudyKey, Workspace
from viewer.core.layout import grid
from viewer.core.study import Entry, PartKind, ScanReport, SeriesPart, Skipped
from viewer.core.texts import one_line
from viewer.core.view import Interpolation, Plane, ViewState, at_slice
from viewer.core.volume import AnyVolume


def open_paths(
    session: Session, paths: tuple[Path, ...], then: Callable[[], None] = lambda: None
) -> Job:
    """Scan files, folders and archives; the browser fills and the first image shows meanwhile.

    `then` is called once the scan is over, or was stopped: what was found until then stays.
    """
    from viewer.io.scan import scan

    title = f"Reading {paths[0].name or paths[0]}" if paths else "Reading"
    found = _Found()
    known = session.workspace.studies

    def work(progress: Progress) -> ScanReport:
        def on_batch(entries: tuple[Entry, ...], skipped: tuple[Skipped, ...]) -> None:
            progress.publish((entries, skipped))

        folder = unpack_folder(session.home)
        return scan(paths, on_batch, progress.is_cancelled, folder, known)

    def batch(news: tuple[tuple[Entry, ...], tuple[Skipped, ...]]) -> None:
        entries, skipped = news
        found.take(entries)
        session.workspace.add(entries, skipped)
        session.library.remember(entries)
        _show_first(session, found)

    def done(report: ScanReport) -> None:
        _tell_result(session, paths, report)

    def ended(job: Job) -> None:
        if job.is_cancelled():
            session.workspace.tell(info("Reading was stopped. What was found so far is listed."))
        _after_scan(session, found)
        then()

    return session.jobs.submit(Lane.INDEX, title, work, done, partial=batch, ended=ended)


@dataclass(slots=True)
class _Found:
    """What one scan has found so far, and the part that it put on the screen."""

    series: set[tuple[StudyKey, str]] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    shown: PartKey | None = None

    def take(self, entries: tuple[Entry, ...]) -> None:
        """Note the series of new files."""
        self.series.update((entry.study.key, entry.series.uid) for entry in entries)
        self.paths.update(entry.instance.path for entry in entries)

    def parts(self, workspace: Workspace) -> list[SeriesPart]:
        """Return the image parts that hold something of what was found, in order.

        A series may have parts that were opened before, from elsewhere; they are not meant, unless
        all that was found are copies of what they hold.
        """
        same = [
            part
            for part in workspace.image_parts()
            if (part.study_key, part.series_uid) in self.series
        ]
        mine = [
            part
            for part in same
            if any(source.instance.path in self.paths for source in part.sources)
        ]
        return mine or same


def _show_first(session: Session, found: _Found) -> None:
    """Show the first image part that a scan finds, once."""
    if found.shown is not None:
        return
    workspace = session.workspace
    first = next(iter(found.parts(workspace)), None)
    if first is None:
        return
    found.shown = first.key
    if needs_confirmation(workspace, workspace.active, first.key) is not None:
        leave_mpr(session)
        workspace.arrange(grid(1, 1))
    show_part(session, workspace.active, first.key)


def _tell_result(session: Session, paths: tuple[Path, ...], report: ScanReport) -> None:
    """Tell what a scan could not show, and remember the place when there was something."""
    workspace = session.workspace
    if report.studies:
        _remember(session, paths)
    _tell_skipped(workspace, report)
    mixed = [study for study in report.studies if study.warnings]
    for words in dict.fromkeys(words for study in mixed for words in study.warnings):
        names = [one_line(s.patient_name or s.patient_id) for s in mixed if words in s.warnings]
        who = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        workspace.tell(warning(f"{who}: {words}."))


def _tell_skipped(workspace: Workspace, report: ScanReport) -> None:
    """Tell what a scan found beside images."""
    count = len(report.skipped)
    first = report.skipped[0].reason if count else ""
    if not report.studies:
        found = f"{count} other files found." if count > 1 else first
        workspace.tell(
            warning(
                "No DICOM images were found there.",
                found,
                "Choose the folder that holds the study.",
            )
        )
    elif count:
        workspace.tell(
            info(
                "1 file is not shown." if count == 1 else f"{count} files are not shown.",
                first if count == 1 else f"The first: {first}",
                "See File, Files that are not shown.",
            )
        )


def _after_scan(session: Session, found: _Found) -> None:
    """Load what the scan has completed, and fill views that still wait for a series."""
    workspace = session.workspace
    if found.series and not found.parts(workspace):
        workspace.tell(info("There are no images in it.", "What it holds is listed on the left."))
    _reload_grown(session)
    _prefer_volume(session, found)
    if len(workspace.layout.views) > 1:
        fill_empty_views(session)
    session.images.make_thumbnails(part.key for part in found.parts(workspace))
    session.ahead.take(part.key for part in found.parts(workspace))


def _prefer_volume(session: Session, found: _Found) -> None:
    """Show the largest new part of the first study when the first file was a mere localizer.

    Or when what was shown first cannot be read: the rest of the folder may well be.
    """
    workspace = session.workspace
    state = workspace.active_state
    if state.part is None or state.part != found.shown:
        return
    part = workspace.parts.get(state.part)
    if part is None:
        return
    new = found.parts(workspace)
    if part.key in workspace.problems:
        readable = (p for p in new if p.key not in workspace.problems)
        if (other := next(readable, None)) is not None:
            show_part(session, workspace.active, other.key)
        return
    same = [p for p in new if p.study_key == part.study_key]
    largest = max(same, key=lambda p: len(p.sources), default=part)
    if len(part.sources) <= 2 < len(largest.sources):
        show_part(session, workspace.active, largest.key)


def _remember(session: Session, paths: tuple[Path, ...]) -> None:
    settings = session.workspace.settings
    for path in paths:
        settings = with_recent(settings, str(path))
    session.change_settings(settings)


def _reload_grown(session: Session) -> None:
    """Load again what was shown from an unfinished scan, now that all its slices are known."""
    workspace = session.workspace
    for view in workspace.layout.views:
        key = workspace.views[view].part
        if key is None:
            continue
        part, volume = workspace.parts.get(key), workspace.volumes.get(key)
        if part is not None and (volume is None or not _is_of(volume, part)):
            load(session, part)


def show_part(session: Session, view: int, key: PartKey) -> None:
    """Show a part in a view, loading it when it is not there yet."""
    workspace = session.workspace
    part = workspace.parts.get(key)
    if part is None or part.kind is PartKind.OBJECT:
        return
    if workspace.layout.name == MPR:
        leave_mpr(session)
        view = 0
    if workspace.layout.name == SIDE_BY_SIDE and workspace.views[view].part != key:
        workspace.arrange(replace(workspace.layout, name="grid"))
    state = ViewState(
        part=key,
        is_inverted=starts_inverted(workspace, key),
        interpolation=Interpolation(workspace.settings.viewing.interpolation),
    )
    volume = workspace.volumes.get(key)
    if volume is not None:
        state = start_state(state, volume)
    workspace.show(view, state)
    measuring.restore(session, part.study_key)
    if volume is None or not volume.is_finished or not _is_of(volume, part):
        load(session, part)


def start_state(state: ViewState, volume: AnyVolume) -> ViewState:
    """Return the state at the middle slice of a volume, or at the first of other frames."""
    geometry = volume.geometry
    centre = geometry.centre_mm
    state = replace(state, focus_mm=geometry.on_slice(centre, geometry.slice_of(centre)))
    if not geometry.is_patient:
        state = at_slice(state, geometry, 1)
    return state


def load(session: Session, part: SeriesPart) -> None:
    """Load a part's pixels, the slice in view first; late pictures of an older load are dropped."""
    workspace = session.workspace
    volume = workspace.volumes.get(part.key)
    shown = next((s for s in workspace.views.values() if s.part == part.key), None)
    first = len(part.sources) // 2 if part.kind is PartKind.VOLUME else 0
    if shown is not None and volume is not None and _is_of(volume, part):
        first = volume.geometry.slice_of(shown.focus_mm)

    def publish(new: AnyVolume) -> None:
        _put(session, part, new)

    session.images.load(part, first, publish)


def _put(session: Session, part: SeriesPart, volume: AnyVolume) -> None:
    """Publish pixels; views that have not been touched start at the middle slice."""
    workspace = session.workspace
    now = workspace.parts.get(part.key)
    if not _is_part_of(part, now):
        return
    old = workspace.volumes.get(part.key)
    is_new = old is None or old.sources != volume.sources
    if old is not None and is_new:
        workspace.drop_volume(part.key)
    for view, state in tuple(workspace.views.items()):
        if state.part == part.key and is_new:
            workspace.show(view, start_state(state, volume))
    workspace.put_volume(part.key, volume)
    if volume.is_complete and len(part.sources) > 1 and now == part:
        session.enhancements.survey(part.key)


def _is_of(volume: AnyVolume, part: SeriesPart) -> bool:
    """True when pixels are those of a part as it is now: the same images in the same order."""
    uids = (source.instance.sop_instance_uid for source in part.sources)
    return volume.sources == tuple(uids)


def _is_part_of(part: SeriesPart, now: SeriesPart | None) -> bool:
    """True when a part is as it was, or has only gained slices from a scan that goes on."""
    if now is None or now == part:
        return now is not None
    known = {(source.instance.path, source.index) for source in now.sources}
    return all((source.instance.path, source.index) in known for source in part.sources)


def fill_empty_views(session: Session) -> None:
    """Give each empty view the next part of the active study that is not shown yet."""
    workspace = session.workspace
    shown = {workspace.views[view].part for view in workspace.layout.views}
    waiting = [part for part in _same_study(workspace) if part.key not in shown]
    for view in workspace.layout.views:
        if workspace.views[view].part is None and waiting:
            show_part(session, view, waiting.pop(0).key)


def _same_study(workspace: Workspace) -> Iterable[SeriesPart]:
    part = workspace.active_state.part
    found = workspace.parts.get(part) if part else None
    for other in workspace.image_parts():
        if found is None or other.study_key == found.study_key:
            yield other


def _step_series(step: int) -> Callable[[Session], None]:
    def run(session: Session) -> None:
        workspace = session.workspace
        keys = [part.key for part in _same_study(workspace)]
        if not keys:
            return
        current = workspace.active_state.part
        place = keys.index(current) + step if current in keys else 0
        show_part(session, workspace.active, keys[place % len(keys)])

    return run


def needs_confirmation(workspace: Workspace, view: int, key: PartKey) -> tuple[str, str] | None:
    """Return the two patients that would stand side by side unconfirmed, as (shown, asked for)."""
    new = workspace.study_of(key)
    if new is None:
        return None
    for other in workspace.layout.shown:
        part = workspace.views[other].part
        study = workspace.study_of(part) if part else None
        if other == view or study is None:
            continue
        a, b = (
            _patient(study.patient_id, study.patient_name),
            _patient(new.patient_id, new.patient_name),
        )
        if a != b and frozenset((a, b)) not in workspace.confirmed_patients:
            return (a, b)
    return None


def confirm_patients(workspace: Workspace, pair: tuple[str, str]) -> None:
    """Remember that the reader wants these two patients side by side."""
    workspace.confirmed_patients.add(frozenset(pair))


def _patient(patient_id: str, name: str) -> str:
    return f"{name} ({patient_id})" if patient_id else name


def patient_alert(workspace: Workspace, view: int) -> str:
    """Say when a view shows another patient than one of the others; "" otherwise."""
    part = workspace.views[view].part
    study = workspace.study_of(part) if part else None
    if study is None:
        return ""
    mine = _patient(study.patient_id, study.patient_name)
    for place, other in enumerate(workspace.layout.shown):
        other_part = workspace.views[other].part
        there = workspace.study_of(other_part) if other_part else None
        if other == view or there is None:
            continue
        if _patient(there.patient_id, there.patient_name) != mine:
            return f"Another patient than in view {place + 1}"
    return ""


def close_all(session: Session) -> None:
    """Close every study; nothing on disk is touched, and the library still lists what it knows."""
    workspace = session.workspace
    workspace.arrange(grid(1, 1))
    for view in tuple(workspace.views):
        workspace.show(view, ViewState())
    for key in tuple(workspace.volumes):
        workspace.drop_volume(key)
    session.images.forget_all()
    workspace.clear()
    session.library.show_studies()


def _has_studies(session: Session) -> bool:
    return bool(session.workspace.studies)


def is_cine_possible(session: Session) -> bool:
    """True when the active view has more than one slice or frame."""
    state = session.workspace.active_state
    volume = session.workspace.volumes.get(state.part) if state.part else None
    return volume is not None and volume.geometry.shape[0] > 1 and state.plane is not Plane.VOLUME


COMMANDS: tuple[Command, ...] = (
    Command("series.next", "Next series", _step_series(1), "View", ("Right",), _has_studies),
    Command(
        "series.previous", "Previous series", _step_series(-1), "View", ("Left",), _has_studies
    ),
    Command("study.close_all", "Close all studies", close_all, "File", ("Ctrl+W",), _has_studies),
)
