"""What the window does with other nodes: look for studies, send what is in view."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from viewer.app.jobs import Lane, Progress
from viewer.app.messages import info, message_from, warning
from viewer.app.nodes import nodes_of
from viewer.core.errors import DiptychError
from viewer.ui import dialogs

if TYPE_CHECKING:
    from viewer.app.enhancing import Enhancement
    from viewer.app.remote import Delivery, Node
    from viewer.app.workspace import PartKey
    from viewer.ui.main_window import MainWindow

TITLE = "Send to a node"
ORIGINAL, ENHANCED, BOTH = "the series in view", "its enhanced series", "both"


def search_nodes(window: MainWindow) -> None:
    """Look for studies on other nodes."""
    from viewer.ui.node_search import NodeSearch

    nodes = _nodes(window)
    if nodes is None:
        return
    session = window.session
    port = session.workspace.settings.network.listen_port
    dialog = NodeSearch(
        *(nodes, session.jobs, session.home, lambda folder: window.open_paths((folder,)), window),
        port=port,
    )
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()


def _nodes(window: MainWindow) -> tuple[Node, ...] | None:
    """Return the nodes of the settings; None where they cannot be read, which is told."""
    try:
        return nodes_of(window.session.workspace.settings.network)
    except DiptychError as error:
        window.session.workspace.tell(message_from(error))
        return None


def send_series(window: MainWindow) -> None:
    """Ask for a node, send the series in view, its enhanced one, or both, and say what it has."""
    from viewer.app.enhancement_verbs import shown_method

    session, nodes = window.session, _nodes(window)
    part = session.workspace.active_state.part
    if nodes is None or part is None:
        return
    if not nodes:
        session.workspace.tell(
            info("No node is entered yet.", "", "Enter one in the preferences, under Network.")
        )
        return
    named = {node.name or node.words: node for node in nodes}
    chosen = dialogs.ask_choice(window, TITLE, "Send to", tuple(named))
    if chosen is None:
        return
    method = shown_method(session)
    found = session.enhancements.enhancement(part, method) if method else None
    what: str | None = ORIGINAL
    if found is not None and found.residual.is_complete:
        what = dialogs.ask_choice(window, TITLE, "Send", (BOTH, ENHANCED, ORIGINAL))
    if what is not None:
        made = found if what != ORIGINAL else None
        _send(window, named[chosen], part, made, is_original=what != ENHANCED)


def _send(
    window: MainWindow,
    node: Node,
    part: PartKey,
    made: Enhancement | None,
    *,
    is_original: bool,
) -> None:
    from viewer.app.remote import deliver
    from viewer.app.saving import save_enhancement

    session = window.session
    sources = session.workspace.parts[part].sources if is_original else ()
    originals = list(dict.fromkeys(Path(source.instance.path) for source in sources))
    study = session.workspace.study_of(part)
    method = made.plan.method.id if made is not None else ""
    layer = session.workspace.layers.get((part, method))
    strength = layer.provenance.strength if layer is not None else None

    def work(progress: Progress) -> Delivery:
        with tempfile.TemporaryDirectory(prefix="diptych-send-") as scratch:
            paths = list(originals)
            if made is not None:
                folder = Path(scratch) / "enhanced"
                paths += save_enhancement(made, strength, folder, study=study)
            return deliver(node, paths, progress.report, progress.is_cancelled)

    def done(delivery: Delivery) -> None:
        session.workspace.tell(
            (warning if delivery.failed else info)(words_of(delivery, node.words))
        )

    session.jobs.submit(Lane.NETWORK, f"Sending to {node.name or node.title}", work, done)


def words_of(delivery: Delivery, node: str) -> str:
    """Return what became of files that were sent."""
    count = len(delivery.sent)
    if delivery.failed:
        path, reason = delivery.failed[0]
        return (
            f"{count - len(delivery.failed)} of {count} files are with {node}. "
            f"{Path(path).name}: {reason}"
        )
    if delivery.proven is None:
        return f"{count} files were taken by {node}, which answers no query to prove it."
    return f"{count} files are with {node}; it lists every one of them."
