"""The command line of `diptych study`: every part of it with its options and what it does."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from viewer.study_analysis_line import ANALYSIS_VERBS
from viewer.study_design_line import DESIGN_VERBS
from viewer.study_record_line import RECORD_PARTS, Run
from viewer.study_run_line import add_run, run_window
from viewer.verb_part import Outcome, VerbPart

if TYPE_CHECKING:
    StudyVerbs = argparse._SubParsersAction[argparse.ArgumentParser]


def _told(run: Run) -> Callable[[argparse.Namespace], Outcome]:
    """Return a part whose answer is an outcome."""

    def told(options: argparse.Namespace) -> Outcome:
        found = run(options)
        return Outcome(found.facts, found.lines, found.code)

    return told


def _run(options: argparse.Namespace) -> Outcome:
    code = run_window(options)
    return Outcome({"code": code}, (), code)


STUDY_VERBS: tuple[VerbPart, ...] = (
    *DESIGN_VERBS,
    VerbPart("run", "open the reading window of a study", add_run, _run),
    *ANALYSIS_VERBS,
    *(VerbPart(name, words, add, _told(run)) for name, words, add, run in RECORD_PARTS),
)


def add_study(verbs: "StudyVerbs") -> None:
    """Add `study` and its parts to the verbs of the command line."""
    study = verbs.add_parser("study", help="make, run and analyse a reader study")
    parts = study.add_subparsers(title="parts", metavar="PART", required=True)
    for verb in STUDY_VERBS:
        parser = parts.add_parser(verb.name, help=verb.help)
        parser.add_argument("--json", action="store_true", help="print facts for machines")
        verb.add(parser)
        parser.set_defaults(run="study", part=verb.name)


def run_part(options: argparse.Namespace) -> Outcome:
    """Do the part of `study` that was asked for."""
    return next(verb for verb in STUDY_VERBS if verb.name == options.part).run(options)
