"""The command line of `diptych pacs`: echo, find, get, move, send and nodes."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.verb_part import Outcome, VerbPart

if TYPE_CHECKING:
    from viewer.app.remote import Node

    PacsVerbs = argparse._SubParsersAction[argparse.ArgumentParser]

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

    wanted = Wanted(options.study, options.series)
    found = fetch_into(_node(options), wanted, options.out)
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


def _send(options: argparse.Namespace) -> Outcome:
    from viewer.app.remote import deliver

    node = _node(options)
    found = deliver(node, options.paths, _progress)
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


def _progress(fraction: float, words: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{fraction:4.0%} {words}\x1b[K")
        sys.stderr.flush()


PACS_VERBS = (
    VerbPart("echo", "ask whether a node is there and knows us", _add_node, _echo),
    VerbPart("find", "look for patients, studies, series or images", _add_find, _find),
    VerbPart("get", "retrieve a study or a series into a folder", _add_get, _get),
    VerbPart("move", "have a node send a study to another one", _add_move, _move),
    VerbPart("send", "send files, and have the node prove that it has them", _add_send, _send),
    VerbPart("nodes", "list the nodes of the preferences", _nothing, _nodes),
)


def add_pacs(verbs: "PacsVerbs") -> None:
    """Add `pacs` and its parts to the verbs of the command line."""
    pacs = verbs.add_parser("pacs", help="find, retrieve and send over the network")
    parts = pacs.add_subparsers(title="parts", metavar="PART", required=True)
    for verb in PACS_VERBS:
        parser = parts.add_parser(verb.name, help=verb.help)
        parser.add_argument("--json", action="store_true", help="print facts for machines")
        verb.add(parser)
        parser.set_defaults(run="pacs", part=verb.name)


def run_pacs(options: argparse.Namespace) -> Outcome:
    """Do the part of `pacs` that was asked for."""
    return next(verb for verb in PACS_VERBS if verb.name == options.part).run(options)
