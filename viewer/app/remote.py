"""What the reader does with other nodes: look for studies, fetch them, send, tell how it went."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from viewer.core.errors import DiptychError, NotDicom, Unreachable, WrongUsage
from viewer.net.arrivals import Received, arrivals
from viewer.net.fetch import Fetched, Told, Way, fetch, ways_of
from viewer.net.inbox import Inbox
from viewer.net.listener import Listener
from viewer.net.listening import Listening, Peer
from viewer.net.node import Node, address_of
from viewer.net.query import Answer, Query, echo, find, fits, with_modalities
from viewer.net.retrieve import Outcome, Wanted, move
from viewer.net.send import Outgoing, Sent, arrived, outgoing, send

__all__ = [
    "Answer",
    "Delivery",
    "Listener",
    "Listening",
    "Node",
    "Peer",
    "Query",
    "Received",
    "Wanted",
    "arrivals",
    "deliver",
    "echo",
    "fetch_into",
    "find",
    "fits",
    "listener",
    "move_to",
    "query_of",
    "with_modalities",
]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of files that were sent.

    `proven` are the SOP Instance UIDs that the node lists now, None where it answers no query:
    then its word is all there is. `skipped` are (path, reason) of files that could not be sent.
    """

    sent: tuple[Sent, ...]
    proven: frozenset[str] | None
    skipped: tuple[tuple[Path, str], ...]

    @property
    def failed(self) -> tuple[tuple[str, str], ...]:
        """Return (path, reason) of what was not taken, or is not listed."""
        lost = [
            (str(one.outgoing.path), one.words or "The node took it, and does not list it.")
            for one in self.sent
            if not one.is_taken
            or (self.proven is not None and one.outgoing.sop_instance_uid not in self.proven)
        ]
        return (*lost, *((str(path), words) for path, words in self.skipped))


def query_of(level: str, words: Sequence[str]) -> Query:
    """Return the query of ``Keyword=value`` words, such as PatientName=MUELLER*; WrongUsage."""
    keys = []
    for word in words:
        keyword, sign, value = word.partition("=")
        if not sign or not keyword.isalnum():
            raise WrongUsage(
                f"{word!r} is no key of a query.", "", "Write it as PatientName=MUELLER*."
            )
        keys.append((keyword, value))
    return Query(level.upper(), tuple(keys))


def fetch_into(
    node: Node,
    wanted: Wanted,
    folder: Path,
    told: Told = lambda _arrival, _kept: None,
    is_cancelled: Callable[[], bool] = lambda: False,
    port: int = 0,
) -> Fetched:
    """Retrieve into a folder by what the node offers; what is missing stands in the outcome.

    What lies in the folder already is not asked for again. C-MOVE is a way only where there is a
    `port` for the node to send to; we listen to that node alone, and only meanwhile.

    Raises
    ------
    Unreachable, Refused : the node cannot even list what there is.
    """
    inbox = Inbox(folder)
    others: dict[str, Way] = {}
    if port and "move" in node.ways:
        others["move"] = partial(_moved, node, inbox, port)
    ways = ways_of(node, inbox, others)
    return fetch(node, wanted, ways, told, is_cancelled, inbox.held)


def _moved(
    node: Node, inbox: Inbox, port: int, wanted: Wanted, classes: tuple[str, ...], told: Told
) -> Outcome:
    """Have a node send to us by C-MOVE, while we listen."""
    del classes
    _, offset = arrivals(inbox.folder)
    peer = Peer(node.title, address_of(node.host))
    listening = Listening(
        inbox.folder, node.our_title, "", port, (peer,), least_free_bytes=inbox.least_free
    )
    with Listener(listening) as listener:
        if listener.state.phase != "listening":
            raise Unreachable(
                f"We cannot listen at port {port}: {listener.state.words}",
                "So the node has nowhere to send to.",
                "Choose another port, and tell the node's administrator.",
            )
        outcome = move(node, wanted, node.our_title)
    for received in arrivals(inbox.folder, offset)[0]:
        told(received.arrival, received.kept)
    return outcome


def listener(listening: Listening) -> Listener:
    """Return a listener that is not started yet; see `viewer.net.listening.Listening`."""
    return Listener(listening)


def move_to(node: Node, wanted: Wanted, destination: str) -> Outcome:
    """Have a node send to another one, which it knows by a title; Unreachable, Refused."""
    return move(node, wanted, destination)


def deliver(
    node: Node,
    paths: Sequence[Path],
    report: Callable[[float, str], None],
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Delivery:
    """Send every DICOM file below some paths, and have the node prove that it has them.

    Raises
    ------
    WrongUsage : there is nothing to send.
    Unreachable, Refused : no association, or it broke.
    """
    files, skipped = _files(paths)
    if not files:
        raise WrongUsage("There is no DICOM file to send.", "", "Name files or folders of them.")
    sent = []
    for number, one in enumerate(send(node, files, is_cancelled=is_cancelled), 1):
        sent.append(one)
        report(number / len(files), f"{number} of {len(files)} sent")
    taken = [one.outgoing for one in sent if one.is_taken]
    try:
        proven: frozenset[str] | None = arrived(node, taken)
    except DiptychError:
        proven = None
    return Delivery(tuple(sent), proven, tuple(skipped))


def _files(paths: Sequence[Path]) -> tuple[list[Outgoing], list[tuple[Path, str]]]:
    files: list[Outgoing] = []
    skipped: list[tuple[Path, str]] = []
    for path in paths:
        if not path.exists():
            raise WrongUsage(f"There is no {path}.", "", "Check the path.")
        for each in sorted(path.rglob("*")) if path.is_dir() else (path,):
            if not each.is_file():
                continue
            try:
                files.append(outgoing(each))
            except NotDicom as error:
                skipped.append((each, error.what))
    return files, skipped
