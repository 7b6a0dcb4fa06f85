"""What the window does about reader studies: begin one, edit its draft, open its door."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from viewer.core.errors import DiptychError
from viewer.ui import dialogs

if TYPE_CHECKING:
    from viewer.app.drafting import Draft
    from viewer.ui.main_window import MainWindow
    from viewer.ui.study_editor import StudyEditor

BEGINNINGS = {
    "Image quality: five-point scales, one image at a time": "likert",
    "Preference: two images side by side, which is better": "preference",
    "Detection: lesions marked, with confidence": "detection",
}
"""What a new study can begin with, and the template of it."""


def new_study(window: MainWindow) -> None:
    """Begin a study from a template, in its editor."""
    from viewer.app.drafting import Draft

    chosen = dialogs.ask_choice(window, "New reader study", "Begin with", tuple(BEGINNINGS))
    if chosen is not None:
        edit(window, Draft.from_template(BEGINNINGS[chosen]))


def open_study(window: MainWindow) -> None:
    """Open a reader study: a draft in the editor, a locked one at its door."""
    chosen = dialogs.ask_study(window)
    if chosen:
        open_at(window, Path(chosen))


def open_at(window: MainWindow, path: Path) -> None:
    """Open the study at a path; why it does not open is told."""
    from viewer.app.drafting import Draft
    from viewer.ui.study_door import open_door

    kind = path.suffix.lower()
    try:
        if kind in (".toml", ".json"):
            edit(window, Draft.read(path))
            return
        unpacked = _unpacked(window, path) if kind == ".zip" else path
    except DiptychError as error:
        dialogs.tell(window, "Open reader study", str(error))
        return
    if unpacked is not None:
        open_door(window, unpacked)


def _unpacked(window: MainWindow, package: Path) -> Path | None:
    """Ask for a new folder, unpack a package there and return its study; None after cancel."""
    from viewer.app.studying import unpacked

    chosen = dialogs.ask_save(window, "New folder for the study", package.stem, "")
    return unpacked(package, Path(chosen)) if chosen else None


def edit(window: MainWindow, draft: Draft) -> StudyEditor:
    """Show a draft in a window of its own; once locked, the study opens in its place."""
    from viewer.app.drafting import arm_methods
    from viewer.ui.study_door import in_own_window
    from viewer.ui.study_editor import StudyEditor

    editor = StudyEditor(draft, window.session.jobs, arm_methods())

    def go_on(path: Path) -> None:
        editor.close()
        open_at(window, path)

    editor.locked.connect(go_on)
    in_own_window(editor, window)
    return editor
