"""The parts of `diptych study` that make a study: new, validate and lock."""

import argparse
import getpass
import sys
from dataclasses import asdict
from pathlib import Path

from viewer.core.errors import WrongUsage
from viewer.verb_part import Outcome, VerbPart, terminal_progress


def add_new(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `study new`."""
    parser.add_argument("template", metavar="TEMPLATE", help="likert, preference or detection")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where study.toml goes")
    parser.add_argument(
        "--cases",
        nargs="+",
        type=Path,
        default=[],
        metavar="PATH",
        help="every series below becomes a case",
    )


def add_validate(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `study validate`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="study.toml or study.json")


def add_lock(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `study lock`."""
    add_validate(parser)
    parser.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="F",
        help="a text file whose first line is the owner's passphrase; asked for without",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="a new folder for what is locked")
    parser.add_argument(
        "--second-log", type=Path, metavar="DIR", help="folder of the second log, on another disk"
    )
    parser.add_argument("--research", action="store_true", help="comparators are methods, too")


def add_amend(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `study amend`."""
    parser.add_argument("study", type=Path, metavar="FILE", help="the locked study, NAME.study")
    parser.add_argument("file", type=Path, metavar="NEW", help="its study file, a version later")
    parser.add_argument("--who", default="", metavar="NAME", help="who amends it; else the owner")
    parser.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="F",
        help="a text file whose first line is the owner's passphrase; asked for without",
    )


def new(options: argparse.Namespace) -> Outcome:
    """Write a study file from a template."""
    from viewer.app.designing import new_study

    draft = new_study(options.template, options.folder, tuple(options.cases))
    count = f"{draft.cases} case{'' if draft.cases == 1 else 's'}"
    lines = (f"{draft.path} with {count}.", "Edit it, then: diptych study validate FILE")
    return Outcome({"path": str(draft.path), "cases": draft.cases}, lines)


def validate(options: argparse.Namespace) -> Outcome:
    """Check a study file."""
    from viewer.app.designing import check_study

    checked = check_study(options.file)
    if checked.protocol is None:
        words = tuple(fault.words(options.file.name) for fault in checked.faults)
        return Outcome(checked.facts, words, 1)
    facts = checked.facts
    line = (
        f"{options.file.name} is valid: {facts['cases']} cases, {len(checked.protocol.arms)} arms, "
        f"{len(checked.protocol.readers)} readers, protocol {str(facts['protocol_id'])[:12]}."
    )
    return Outcome(facts, (line,))


def lock(options: argparse.Namespace) -> Outcome:
    """Lock a study."""
    from viewer.app.locking import lock_study

    locked = lock_study(
        options.file,
        _passphrase(options.passphrase_file),
        terminal_progress,
        out=options.out,
        second_log=options.second_log,
        is_research=options.research,
    )
    facts = {**asdict(locked), "path": str(locked.path), "second_log": str(locked.second_log)}
    lines = (
        f"{locked.path} is locked: {locked.trials} trials, {locked.images} images, "
        f"protocol {locked.protocol_id[:12]}.",
        f"Second log: {locked.second_log}",
        *(f"  warning: {words}" for words in locked.warnings),
    )
    return Outcome(facts, lines, 3 if locked.warnings else 0)


def amend(options: argparse.Namespace) -> Outcome:
    """Amend a locked study."""
    from viewer.app.amending import amend_study

    passphrase = _passphrase(options.passphrase_file, is_new=False)
    amended = amend_study(options.study, options.file, passphrase, options.who)
    lines = [
        f"{options.study.name} has version {amended.version} now, "
        f"protocol {amended.protocol_id[:12]}.",
        *(f"  {words}" for words in amended.changes),
    ]
    if amended.readers:
        lines.append(f"Without a passphrase yet: {', '.join(amended.readers)} (study reader).")
    return Outcome(asdict(amended), tuple(lines))


def _passphrase(file: Path | None, *, is_new: bool = True) -> str:
    if file is None:
        if not sys.stdin.isatty():
            raise WrongUsage("The owner's passphrase is missing.", "", "Name --passphrase-file F.")
        first = getpass.getpass("Owner's passphrase: ")
        if is_new and first != getpass.getpass("The same again: "):
            raise WrongUsage("The two passphrases differ.", "", "Begin again.")
        return first
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(
            f"{file} cannot be read ({type(error).__name__}).", "", "Name a text file."
        ) from error
    return lines[0] if lines else ""


DESIGN_VERBS = (
    VerbPart("new", "write a study file from a template", add_new, new),
    VerbPart("validate", "check a study file, every fault with its line", add_validate, validate),
    VerbPart("lock", "fix a study, compute its images, seal who sees what", add_lock, lock),
    VerbPart("amend", "put a later version beside a locked protocol", add_amend, amend),
)
