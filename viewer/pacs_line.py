"""The command line of `diptych pacs`: echo, find, get, move, send, listen and nodes."""

import argparse
import sys
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.verb_part import Outcome, VerbPart, add_parts, run_one, terminal_progress

if TYPE_CHECKING:
    from viewer.app.remote import Listener, Node
    from viewer.verb_part import Verbs

NODE_HELP = "a node by its name in the preferences, or TITLE@host:port"
SHOWN = {
    "PATIENT": ("PatientName", "PatientID", "PatientBirthDate"),
    "STUDY": (
        *("PatientName", "PatientID", "StudyDate", "ModalitiesInStudy", "StudyDescription"),
        *("NumberOfStudyRelatedInstances", "StudyInstanceUID"),
    ),
    "SERIES": ("Modality", "SeriesNumber", "SeriesDescription", "SeriesInstanceUID"),
    "IMAGE": ("InstanceNumber", "SOPClassUID", "SOPInstanceUID"),
}
"""What a terminal shows of an answer at each level."""


def _add_node(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("node", metavar="NODE", help=NODE_HELP)


def _add_find(parser: argparse.ArgumentParser) -> None:
    _add_node(parser)
    parser.add_argument(
        "keys", nargs="*", metavar="KEY=VALUE", help="such as PatientName=MUELLER* StudyDate=2024-"
    )
    parser.add_argument("--level", default="study", choices=("patient", "study", "series", "image"))


def _add_wanted(parser: argparse.ArgumentParser) -> None:
    _add_node(parser)
    parser.add_argument("study", metavar="STUDY", help="Study Instance UID")
    parser.add_argument("series", nargs="?", default="", metavar="SERIES", help="one series of it")


def _add_get(parser: argparse.ArgumentParser) -> None:
    _add_wanted(parser)
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="where we listen for C-MOVE; 0: not"
    )
    parser.add_argument(
        "--ways", nargs="+", default=[], metavar="WAY", help="wado, get, move, in this order"
    )


def _add_listen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="the inbox")
    parser.add_argument("--port", type=int, default=11112, metavar="N")
    parser.add_argument("--title", default="", metavar="TITLE", help="ours; else the preferences'")
    parser.add_argument(
        "--address", default="127.0.0.1", metavar="IP", help='interface to listen on; "" for all'
    )
    parser.add_argument(
        "--peer", nargs="+", default=[], metavar="TITLE@IP", help="who may send; else nobody"
    )
    parser.add_argument("--open", action="store_true", help="everybody may send")
    parser.add_argument("--seconds", type=float, default=0.0, metavar="S", help="stop after that")


def _add_move(parser: argparse.ArgumentParser) -> None:
    _add_wanted(parser)
    parser.add_argument("--to", required=True, metavar="TITLE", help="the title to send it to")


def _add_send(parser: argparse.ArgumentParser) -> None:
    _add_node(parser)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")


def _nothing(_parser: argparse.ArgumentParser) -> None:
    """Declare nothing."""


def _node(options: argparse.Namespace) -> "Node":
    from viewer.app.nodes import node_named
    from viewer.app.settings import load_settings

    return node_named(options.node, load_settings()[0].network)


def _echo(options: argparse.Namespace) -> Outcome:
    from viewer.app.remote import echo

    node = _node(options)
    echo(node)
    return Outcome({"node": node.words}, (f"{node.words} answers, and knows {node.our_title}.",))


def _find(options: argparse.Namespace) -> Outcome:
    from viewer.app.remote import find, fits, query_of, with_modalities

    node, query = _node(options), query_of(options.level, options.keys)
    answers = list(find(node, query))
    if query.level == "STUDY":
        whole = (with_modalities(node, answer) for answer in answers)
        answers = [answer for answer in whole if fits(query, answer)]
    shown = SHOWN[options.level.upper()]
    lines = ["\t".join(answer[keyword] for keyword in shown) for answer in answers]
    count = f"{len(answers)} answer{'' if len(answers) == 1 else 's'}"
    return Outcome([dict(answer.values) for answer in answers], (*lines, count))


def _get(options: argparse.Namespace) -> Outcome:
    from viewer.app.remote import Wanted, fetch_into
    from viewer.app.settings import load_settings

    wanted = Wanted(options.study, options.series)
    node = _node(options)
    if options.ways:
        node = replace(node, ways=tuple(options.ways))
    port = options.port or load_settings()[0].network.listen_port
    found = fetch_into(node, wanted, options.out, port=port)
    facts = {
        "listed": len(found.listed),
        "arrived": found.arrived,
        "missing": found.missing,
        "before": found.before,
        "repeated": found.repeated,
        "conflicts": found.conflicts,
        "said": found.said,
    }
    lines = [f"{len(found.arrived)} of {len(found.listed)} images are in {options.out}."]
    if found.before:
        lines.append(f"{found.before} of them were there already.")
    if found.conflicts:
        lines.append(f"{found.conflicts} came under a known UID with other content: both are kept.")
    if found.missing:
        lines += [f"Missing: {len(found.missing)}.", *dict.fromkeys(found.said)]
    code = 1 if not found.arrived else 3 if found.missing or found.conflicts else 0
    return Outcome(facts, tuple(lines), code)


def _move(options: argparse.Namespace) -> Outcome:
    from viewer.app.remote import Wanted, move_to

    found = move_to(_node(options), Wanted(options.study, options.series), options.to)
    lines = [f"{found.completed} images were sent to {options.to}, {found.failed} were not."]
    lines += [found.words] if found.words else []
    if not found.completed and not found.words:
        lines.append("The node has nothing that was asked for.")
    code = 1 if not found.completed else 3 if found.words else 0
    return Outcome(asdict(found), tuple(lines), code)


def _listen(options: argparse.Namespace) -> Outcome:
    from viewer.app.remote import Listening, Peer, arrivals, listener
    from viewer.app.settings import load_settings

    title = options.title or load_settings()[0].network.our_title
    peers = tuple(Peer(*one.rpartition("@")[::2]) for one in options.peer)
    listening = Listening(
        options.out, title, options.address, options.port, peers, is_open=options.open
    )
    _, offset = arrivals(options.out)
    end = time.monotonic() + options.seconds if options.seconds else float("inf")
    with listener(listening) as found:
        if not _is_listening(found):
            return Outcome({"state": found.state.phase}, (found.state.words,), 1)
        sys.stderr.write(f"{title} listens at port {found.state.port}. Ctrl+C ends it.\n")
        with suppress(KeyboardInterrupt):
            while _is_listening(found) and time.monotonic() < end:
                time.sleep(0.2)
    came, _ = arrivals(options.out, offset)
    conflicts = sum(one.kept.is_conflict for one in came)
    lines = [f"{len(came)} images have arrived in {options.out}."]
    if conflicts:
        lines.append(f"{conflicts} came under a known UID with other content: both are kept.")
    facts = {"arrived": [str(one.kept.path) for one in came], "conflicts": conflicts}
    return Outcome(facts, tuple(lines), 3 if conflicts else 0)


def _is_listening(found: "Listener") -> bool:
    return found.state.phase == "listening"


def _send(options: argparse.Namespace) -> Outcome:
    from viewer.app.remote import deliver

    node = _node(options)
    found = deliver(node, options.paths, terminal_progress)
    failed = found.failed
    facts = {
        "sent": [one.outgoing.sop_instance_uid for one in found.sent if one.is_taken],
        "proven": None if found.proven is None else sorted(found.proven),
        "failed": [{"path": path, "reason": words} for path, words in failed],
    }
    count = sum(one.is_taken for one in found.sent)
    lines = [f"{count} of {len(found.sent)} files were taken by {node.words}."]
    if found.proven is None:
        lines.append("It answers no query, so its word is all there is.")
    else:
        lines.append(f"{len(found.proven)} of them are listed by it now.")
    lines += [f"  {path}: {words}" for path, words in failed]
    return Outcome(facts, tuple(lines), 0 if not failed else 3 if count else 1)


def _nodes(_options: argparse.Namespace) -> Outcome:
    from viewer.app.nodes import nodes_of
    from viewer.app.settings import load_settings

    nodes = nodes_of(load_settings()[0].network)
    facts = [
        {"name": node.name, "address": node.words, "ways": node.ways, "web": node.web}
        for node in nodes
    ]
    lines = tuple(node.words for node in nodes)
    return Outcome(facts, lines or ("There are no nodes in the preferences yet.",))


PACS_VERBS = (
    VerbPart("echo", "ask whether a node is there and knows us", _add_node, _echo),
    VerbPart("find", "look for patients, studies, series or images", _add_find, _find),
    VerbPart("get", "retrieve a study or a series into a folder", _add_get, _get),
    VerbPart("move", "have a node send a study to another one", _add_move, _move),
    VerbPart("send", "send files, and have the node prove that it has them", _add_send, _send),
    VerbPart("listen", "receive what other nodes send, until it is stopped", _add_listen, _listen),
    VerbPart("nodes", "list the nodes of the preferences", _nothing, _nodes),
)


def add_pacs(verbs: "Verbs") -> None:
    """Add `pacs` and its parts to the verbs of the command line."""
    add_parts(verbs, "pacs", "find, retrieve and send over the network", PACS_VERBS)


def run_pacs(options: argparse.Namespace) -> Outcome:
    """Do the part of `pacs` that was asked for."""
    return run_one(PACS_VERBS, options)
