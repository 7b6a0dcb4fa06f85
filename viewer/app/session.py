"""One running program: the workspace with the jobs and services that its commands use."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.app.messages import message_from
from viewer.app.settings import Settings, save_settings
from viewer.core.errors import DiptychError
from viewer.core.places import data_folder, user_folder
from viewer.core.windowing import Window

if TYPE_CHECKING:
    from viewer.app.ahead import AheadQueue
    from viewer.app.enhancements import Enhancements
    from viewer.app.images import Images
    from viewer.app.jobs import Jobs
    from viewer.app.library import StudyLibrary
    from viewer.app.measuring import Notebook
    from viewer.app.workspace import Workspace


@dataclass(frozen=True, slots=True)
class WindowPreset:
    """A named window on a digit key. `modality` and `unit` are "" for any."""

    key: str
    modality: str
    window: Window
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Session:
    """What every command gets.

    `workspace` is the state and `jobs` run what takes time; `images` load and keep pixels,
    `enhancements` run methods and keep residuals, `ahead` runs them before the reader asks,
    `notebook` keeps measurements on disk and `library` what was opened before. `home` is the
    user's folder, `models` and `resources` the shipped data.
    """

    workspace: Workspace
    jobs: Jobs
    images: Images
    enhancements: Enhancements
    notebook: Notebook
    library: StudyLibrary
    ahead: AheadQueue
    presets: tuple[WindowPreset, ...] = ()
    home: Path = field(default_factory=user_folder)
    models: Path = field(default_factory=lambda: data_folder("models"))
    resources: Path = field(default_factory=lambda: data_folder("resources"))

    def change_settings(self, settings: Settings) -> None:
        """Use changed settings at once and keep them on disk; the reader is told where that fails.

        What another window has changed meanwhile stays in the file.
        """
        before = self.workspace.settings
        self.workspace.put_settings(settings)
        try:
            save_settings(settings, self.home, before)
        except DiptychError as error:
            self.workspace.tell(message_from(error))
