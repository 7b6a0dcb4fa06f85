"""What the window's own commands do: dialogs, export, tags, palette, preferences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from viewer import __version__
from viewer.app import measuring, planes, rendering, viewing
from viewer.app.following import geometry_of
from viewer.app.jobs import Lane, Progress
from viewer.app.messages import Message, Severity, info, message_from, warning
from viewer.app.settings import with_value
from viewer.core.errors import DiptychError
from viewer.core.study import Entry, FrameSource
from viewer.core.view import slice_count, slice_number
from viewer.ui import dialogs
from viewer.ui.pages import models_page, verbatim
from viewer.ui.painting import picture_image

if TYPE_CHECKING:
    from viewer.ui.main_window import MainWindow


def ask_folder(window: MainWindow) -> None:
    """Ask for a folder and open it."""
    if chosen := dialogs.ask_folder(window, _start_folder(window)):
        window.open_paths((Path(chosen),))


def ask_files(window: MainWindow) -> None:
    """Ask for files, a DICOMDIR or archives, and open them."""
    if chosen := dialogs.ask_files(window, _start_folder(window)):
        window.open_paths(tuple(Path(path) for path in chosen))


def _start_folder(window: MainWindow) -> str:
    recents = window.session.workspace.settings.recents
    return str(Path(recents[0]).parent) if recents else ""


def open_demo(window: MainWindow) -> None:
    """Build the demo study if it is not there yet, and open it."""
    from viewer.app.demonstrating import DemoStudy, demo_study

    session = window.session

    def work(progress: Progress) -> DemoStudy:
        return demo_study(
            session.home, progress=progress.report, is_cancelled=progress.is_cancelled
        )

    session.jobs.submit(
        Lane.COMPUTE,
        "Building the demo study",
        work,
        lambda study: window.open_paths((study.quarter_dose, study.full_dose)),
    )


def show_skipped(window: MainWindow) -> None:
    """List the files that are not shown, each with its reason."""
    skipped = window.session.workspace.skipped
    rows = "\n".join(f"- {verbatim(file.origin)}: {verbatim(file.reason)}" for file in skipped)
    dialogs.show_text(window, "Files that are not shown", rows or "Every file is shown.")


def save_enhanced(window: MainWindow) -> None:
    """Ask for a folder and save the enhanced series of the active view there, as DICOM."""
    from viewer.app.enhancement_verbs import shown_method
    from viewer.app.saving import entries_of, save_enhancement

    session = window.session
    part, method = session.workspace.active_state.part, shown_method(session)
    found = session.enhancements.enhancement(part, method) if part and method else None
    if part is None or found is None or not found.residual.is_complete:
        window.session.workspace.tell(
            info("There is no enhanced series to save.", "", "Press E and wait until it is done.")
        )
        return
    suggestion = str(Path(_start_folder(window)) / "enhanced")
    chosen = dialogs.ask_save(window, "Folder for the enhanced series", suggestion, "")
    if not chosen:
        return
    strength = session.workspace.layers[(part, method)].provenance.strength
    study = session.workspace.study_of(part)

    def work(progress: Progress) -> tuple[Entry, ...]:
        files = save_enhancement(
            found,
            strength,
            Path(chosen),
            study=study,
            report=progress.report,
            is_cancelled=progress.is_cancelled,
        )
        return entries_of(files)

    def done(entries: tuple[Entry, ...]) -> None:
        words = f"{len(entries)} files of the enhanced series were saved in {chosen}."
        session.workspace.tell(info(words))
        session.workspace.add(entries)

    session.jobs.submit(Lane.PREFETCH, "Saving the enhanced series", work, done)


def ask_slice(window: MainWindow) -> None:
    """Ask for the number of a slice and show it."""
    workspace = window.session.workspace
    geometry = geometry_of(workspace, workspace.active)
    if geometry is None:
        return
    state = workspace.active_state
    count = slice_count(state, geometry)
    chosen = dialogs.ask_number(
        window, "Go to slice", f"Slice 1 to {count}", slice_number(state, geometry), (1, count)
    )
    if chosen is not None:
        viewing.go_to_slice(window.session, round(chosen))


def ask_slab(window: MainWindow) -> None:
    """Ask for the thickness of the slab in the active view."""
    thickness = window.session.workspace.active_state.slab_mm
    chosen = dialogs.ask_number(
        window,
        "Slab thickness",
        "Thickness in mm, 0 for a thin slice",
        thickness,
        (0.0, planes.THICKEST_SLAB_MM),
        decimals=1,
    )
    if chosen is not None:
        planes.set_slab(window.session, chosen)


def next_volume_preset(window: MainWindow) -> None:
    """Render the active volume view with the next preset that fits it."""
    state = window.session.workspace.active_state
    names = [preset.id for preset in window.grid.presets_for(state)]
    shown = window.grid.shown_preset(state)
    if names:
        following = names[(names.index(shown) + 1) % len(names)] if shown in names else names[0]
        rendering.use_volume_preset(window.session, following)


def delete_measurement(window: MainWindow) -> None:
    """Remove the measurement that was drawn or clicked last in the active view."""
    pointing = window.grid.active.pointing
    if pointing.active:
        measuring.remove_any(window.session, (pointing.active,))
        pointing.active = ""


def name_measurement(window: MainWindow, measurement: str) -> None:
    """Ask for the name of a measurement, or the text of an arrow."""
    text = measuring.text_of(window.session.workspace, measurement)
    chosen = dialogs.ask_text(window, "Name", "Text beside the measurement", text)
    if chosen is not None:
        measuring.rename_any(window.session, measurement, chosen)


def name_arrow(window: MainWindow, arrow: str) -> None:
    """Ask for the text of an arrow that was just drawn; without an answer it goes again."""
    chosen = dialogs.ask_text(window, "Arrow", "Text beside the arrow", "")
    if chosen is None:
        measuring.remove_any(window.session, (arrow,))
    else:
        measuring.rename_any(window.session, arrow, chosen)


def view_image(window: MainWindow) -> QImage:
    """Return the active view as a picture, label included."""
    viewport = window.grid.active
    ratio = viewport.devicePixelRatioF()
    size = QSize(viewport.width(), viewport.height())
    return picture_image(viewport.picture(), size, ratio)


def export_png(window: MainWindow) -> None:
    """Ask for a name and save the active view as PNG."""
    chosen = dialogs.ask_save(window, "Export view", "view.png", "PNG (*.png)")
    if not chosen:
        return
    path = Path(chosen).with_suffix(".png")
    if view_image(window).save(str(path)):
        window.session.workspace.tell(info(f"The view was saved as {path}."))
    else:
        window.session.workspace.tell(
            Message(
                Severity.ERROR,
                f"The view could not be saved as {path}.",
                "",
                "Check that the folder is there and has room.",
            )
        )


def copy_view(window: MainWindow) -> None:
    """Put the active view on the clipboard, label included."""
    QApplication.clipboard().setImage(view_image(window))
    window.session.workspace.tell(info("The view is on the clipboard."))


def shown_source(window: MainWindow) -> FrameSource | None:
    """Return the frame that the active view shows (the nearest one in reformats)."""
    workspace = window.session.workspace
    state = workspace.active_state
    part = workspace.parts.get(state.part) if state.part else None
    volume = workspace.volumes.get(state.part) if state.part else None
    if part is None or volume is None:
        return None
    return part.sources[min(volume.geometry.slice_of(state.focus_mm), len(part.sources) - 1)]


def show_tags(window: MainWindow) -> None:
    """Show the DICOM attributes of the image in the active view."""
    source = shown_source(window)
    if source is not None:
        show_tags_of(window, source)


def show_tags_of(window: MainWindow, source: FrameSource) -> None:
    """Show the DICOM attributes of the file that a frame is in."""
    from viewer.app.tagging import tag_rows
    from viewer.ui.tag_browser import TagBrowser

    try:
        rows, problem = tag_rows(Path(source.instance.path))
    except DiptychError as error:
        window.session.workspace.tell(message_from(error))
        return
    if problem:
        window.session.workspace.tell(warning(problem))
    browser = TagBrowser(window)
    browser.set_tags(source.instance.origin, rows)
    browser.open()


def show_drift(window: MainWindow) -> None:
    """Show whether methods still do what they did, from the log of uses."""
    from viewer.app.drifting import EMPTY, DriftReport, drift_report, rule_words
    from viewer.app.recording import GroupKey, log_restart
    from viewer.ui.drift_page import DriftPage

    page, session = DriftPage(window), window.session

    def show(answer: tuple[DriftReport, str]) -> None:
        if isValid(page):
            page.set_report(*answer, EMPTY)

    def fail(problem: Message) -> None:
        session.workspace.tell(problem)
        if isValid(page):
            page.set_problem(problem.text)

    def read(restarted: GroupKey | None = None) -> None:
        """Read the log; a restart is written first, even where the page is closed meanwhile."""

        def work(_progress: Progress) -> tuple[DriftReport, str]:
            if restarted is not None:
                log_restart(session.home, restarted)
            return drift_report(session.home), rule_words()

        session.jobs.submit(
            Lane.PREFETCH, "Reading the drift log", work, show, failed=fail, is_quiet=True
        )

    page.restart_requested.connect(read)
    read()
    page.open()


def show_preferences(window: MainWindow) -> None:
    """Show the settings; each change is used and saved at once."""
    from viewer.ui.preferences import Preferences

    workspace = window.session.workspace
    dialog = Preferences(workspace.settings, window)

    def changed(path: str, value: object) -> None:
        window.session.change_settings(with_value(workspace.settings, path, value))

    dialog.value_changed.connect(changed)
    dialog.open()


def show_palette(window: MainWindow) -> None:
    """Find a command by typing."""
    from viewer.ui.command_palette import CommandPalette

    palette = CommandPalette(window)
    palette.set_commands(window.actions_by_id.rows())
    palette.command_triggered.connect(window.run_command)
    palette.open()


def show_shortcuts(window: MainWindow) -> None:
    """Show every key with what it does."""
    from viewer.ui.shortcut_sheet import ShortcutSheet

    sheet = ShortcutSheet(window)
    sheet.set_commands(window.actions_by_id.rows())
    sheet.open()


def show_models(window: MainWindow) -> None:
    """Show which models there are, with their state, limits and figures."""
    session = window.session
    is_research = session.workspace.settings.enhancement.research

    def work(_progress: Progress) -> tuple[Callable[[], None], str]:
        from viewer.app.cataloguing import shown_models

        return session.enhancements.read_again(), models_page(shown_models(), is_research)

    def show(answer: tuple[Callable[[], None], str]) -> None:
        offer, page = answer
        offer()
        dialogs.show_text(window, "Models", page)

    session.jobs.submit(Lane.VISIBLE, "Reading model cards", work, show)


def show_changes(window: MainWindow) -> None:
    """Show what is new."""
    path = window.session.resources / "changelog.md"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        window.session.workspace.tell(warning("The list of changes is missing."))
        return
    dialogs.show_text(window, "What is new", text)


def show_archives_help(window: MainWindow) -> None:
    """Show how archives are set up, and the conformance statement."""
    texts = []
    for name in ("archives", "conformance"):
        try:
            path = window.session.resources / "help" / f"{name}.md"
            texts.append(path.read_text(encoding="utf-8"))
        except OSError:
            window.session.workspace.tell(warning("The help on archives is missing."))
            return
    dialogs.show_text(window, "Archives", "\n\n".join(texts))


def show_about(window: MainWindow) -> None:
    """Say what this program is, and that it is for research."""
    dialogs.show_about(window, __version__)
