"""Commands that need the window itself: dialogs, panels, clipboard, full screen, palette."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from viewer.app.command import Command, always
from viewer.app.following import has_image, has_volume
from viewer.app.opening import is_cine_possible
from viewer.app.rendering import is_volume_view
from viewer.app.session import Session
from viewer.ui import node_tasks as nodes
from viewer.ui import study_tasks as studies
from viewer.ui import window_tasks as tasks
from viewer.ui.ahead_list import show_queue

if TYPE_CHECKING:
    from viewer.ui.main_window import MainWindow


@dataclass(frozen=True, slots=True)
class WindowCommand:
    """A command whose callable gets the main window."""

    id: str
    title: str
    run: Callable[["MainWindow"], object]
    menu: str
    keys: tuple[str, ...] = ()
    when: Callable[[Session], bool] = always
    icon: str = ""
    is_on: Callable[["MainWindow"], bool] | None = None

    def as_command(self, window: "MainWindow") -> Command:
        """Return what menus and sheets list; the window runs it."""
        is_on = self.is_on
        return Command(
            self.id,
            self.title,
            lambda _session: None,
            self.menu,
            self.keys,
            self.when,
            self.icon,
            None if is_on is None else lambda _session: is_on(window),
        )


COMMANDS: tuple[WindowCommand, ...] = (
    WindowCommand(
        "file.open_folder",
        "Open folder…",
        tasks.ask_folder,
        "File",
        ("Ctrl+O",),
        icon="mdi6.folder-open-outline",
    ),
    WindowCommand(
        "file.open_files",
        "Open files, DICOMDIR or zip…",
        tasks.ask_files,
        "File",
        ("Ctrl+Shift+O",),
    ),
    WindowCommand("file.demo", "Open the demo study", tasks.open_demo, "File"),
    WindowCommand("file.skipped", "Files that are not shown…", tasks.show_skipped, "File"),
    WindowCommand(
        "file.save_enhanced",
        "Save enhanced series as DICOM…",
        tasks.save_enhanced,
        "File",
        ("Ctrl+S",),
        has_image,
    ),
    WindowCommand(
        "export.png",
        "Export view as PNG…",
        tasks.export_png,
        "File",
        ("Ctrl+P",),
        has_image,
    ),
    WindowCommand("export.clipboard", "Copy view", tasks.copy_view, "File", ("Ctrl+C",), has_image),
    WindowCommand("tags.show", "DICOM tags…", tasks.show_tags, "File", ("Ctrl+T",), has_image),
    WindowCommand(
        "pacs.search", "Studies on other nodes…", nodes.search_nodes, "File", ("Ctrl+Shift+F",)
    ),
    WindowCommand(
        "pacs.send", "Send to a node…", nodes.send_series, "File", ("Ctrl+Shift+S",), has_image
    ),
    WindowCommand("study.new", "New reader study…", studies.new_study, "File"),
    WindowCommand("study.read", "Open reader study…", studies.open_study, "File"),
    WindowCommand("settings.show", "Preferences…", tasks.show_preferences, "File", ("Ctrl+,",)),
    WindowCommand("file.quit", "Quit", lambda w: w.close(), "File", ("Ctrl+Q",)),
    WindowCommand("drift.show", "Drift of methods…", tasks.show_drift, "Enhance"),
    WindowCommand("panels.toggle", "Only images", lambda w: w.toggle_panels(), "View", ("F9",)),
    WindowCommand(
        "window.full_screen", "Full screen", lambda w: w.toggle_full_screen(), "View", ("F11",)
    ),
    WindowCommand(
        "cine.toggle",
        "Play or pause",
        lambda w: w.cine.toggle(),
        "View",
        ("Space",),
        is_cine_possible,
        "mdi6.play",
        lambda w: w.cine.is_playing(w.session.workspace.active),
    ),
    WindowCommand("slice.go_to", "Go to slice…", tasks.ask_slice, "View", ("Ctrl+G",), has_image),
    WindowCommand("slab.thickness", "Slab thickness…", tasks.ask_slab, "Planes", (), has_volume),
    WindowCommand(
        "volume.next_preset",
        "Next volume preset",
        tasks.next_volume_preset,
        "Planes",
        ("Shift+V",),
        is_volume_view,
    ),
    WindowCommand(
        "measure.delete",
        "Delete the active measurement",
        tasks.delete_measurement,
        "Tools",
        ("Del", "Backspace"),
        has_image,
    ),
    WindowCommand(
        "cine.faster", "Play faster", lambda w: w.cine.change_speed(1.25), "View", ("Ctrl+Right",)
    ),
    WindowCommand(
        "cine.slower", "Play slower", lambda w: w.cine.change_speed(0.8), "View", ("Ctrl+Left",)
    ),
    WindowCommand(
        "ahead.show",
        "Series that are enhanced ahead…",
        show_queue,
        "Enhance",
    ),
    WindowCommand(
        "browser.search", "Search studies", lambda w: w.browser.focus_search(), "File", ("Ctrl+F",)
    ),
    WindowCommand("enhance.models", "Models…", tasks.show_models, "Enhance"),
    WindowCommand("help.palette", "Find a command…", tasks.show_palette, "Help", ("Ctrl+K",)),
    WindowCommand("help.shortcuts", "Keys", tasks.show_shortcuts, "Help", ("?", "F1")),
    WindowCommand("help.archives", "Archives (PACS)", tasks.show_archives_help, "Help"),
    WindowCommand("help.changes", "What is new", tasks.show_changes, "Help"),
    WindowCommand("help.about", "About Diptych", tasks.show_about, "Help"),
)
