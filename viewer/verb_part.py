"""What a part of `diptych study` or `diptych pacs` is: its options, its deed, what comes of it."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a part of a verb found: `facts` for machines, `lines` for people, and the exit code."""

    facts: object
    lines: tuple[str, ...]
    code: int = 0


@dataclass(frozen=True, slots=True)
class VerbPart:
    """One part of a verb: `add` declares its options, `run` does it without a window."""

    name: str
    help: str
    add: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Outcome]


def add_parts(verbs: "Verbs", name: str, words: str, parts: Sequence[VerbPart]) -> None:
    """Add a verb with its parts to the command line; each can answer in JSON."""
    verb = verbs.add_parser(name, help=words)
    added = verb.add_subparsers(title="parts", metavar="PART", required=True)
    for part in parts:
        parser = added.add_parser(part.name, help=part.help)
        parser.add_argument("--json", action="store_true", help="print facts for machines")
        part.add(parser)
        parser.set_defaults(run=name, part=part.name)


def run_one(parts: Sequence[VerbPart], options: argparse.Namespace) -> Outcome:
    """Do the part of a verb that was asked for."""
    return next(part for part in parts if part.name == options.part).run(options)


def terminal_progress(fraction: float, words: str) -> None:
    """Show progress in one line, on a terminal only."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{fraction:4.0%} {words}\x1b[K")
        sys.stderr.flush()
