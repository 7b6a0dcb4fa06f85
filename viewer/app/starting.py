"""Puts a session together from settings, presets and services."""

from pathlib import Path

from viewer.app.ahead import AheadQueue
from viewer.app.enhancements import Enhancements
from viewer.app.images import Images
from viewer.app.jobs import Jobs
from viewer.app.library import StudyLibrary
from viewer.app.log import start_log
from viewer.app.measuring import Notebook
from viewer.app.messages import Message, message_from
from viewer.app.presets import read_presets
from viewer.app.session import Session, WindowPreset
from viewer.app.settings import Settings, load_settings, with_value
from viewer.app.unpacking import remove_unpacked
from viewer.app.workspace import Workspace
from viewer.core.errors import DiptychError
from viewer.core.places import data_folder, user_folder


def new_session(
    jobs: Jobs, home: Path | None = None, *, is_research: bool = False, is_second: bool = False
) -> Session:
    """Return a session with the reader's settings; what went wrong is told by its first messages.

    `is_research` turns research mode on for this session; the setting on disk stays as it is.
    `is_second` leaves alone what another session of this program has unpacked.
    Heavy libraries (VTK, torch, SimpleITK) are not loaded here.
    """
    home = home or user_folder()
    start_log(home)
    if not is_second:
        remove_unpacked(home)
    settings, messages = load_settings(home)
    if is_research:
        settings = with_value(settings, "enhancement.research", True)
    workspace = Workspace(settings)
    presets, problem = _presets(settings)
    models, resources = data_folder("models"), data_folder("resources")
    enhancements = Enhancements(workspace, jobs, models, home)
    ahead = AheadQueue(workspace, jobs, enhancements)
    workspace.early_messages = (
        *messages,
        *((problem,) if problem else ()),
        *ahead.use_rules(),
    )
    jobs.failed = workspace.tell
    return Session(
        workspace=workspace,
        jobs=jobs,
        images=Images(workspace, jobs),
        library=StudyLibrary(workspace, jobs, _index_folder(settings, home)),
        enhancements=enhancements,
        ahead=ahead,
        notebook=Notebook(workspace, home),
        presets=presets,
        home=home,
        models=models,
        resources=resources,
    )


def _index_folder(settings: Settings, home: Path) -> Path:
    return Path(settings.index_folder) if settings.index_folder else home / "library"


def _presets(settings: Settings) -> tuple[tuple[WindowPreset, ...], Message | None]:
    own = settings.viewing.window_presets
    path = Path(own) if own else data_folder("resources") / "window_presets.toml"
    try:
        return (read_presets(path), None)
    except DiptychError as error:
        return ((), message_from(error))
