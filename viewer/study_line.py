"""The command line of `diptych study`: every part of it with its options and what it does."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from viewer.study_analysis_line import ANALYSIS_VERBS
from viewer.study_design_line import DESIGN_VERBS
from viewer.study_record_line import RECORD_PARTS, Run
from viewer.study_run_line import add_run, run_window
from viewer.verb_part import Outcome, VerbPart, add_parts, run_one

if TYPE_CHECKING:
    from viewer.verb_part import Verbs


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


def add_study(verbs: "Verbs") -> None:
    """Add `study` and its parts to the verbs of the command line."""
    add_parts(verbs, "study", "make, run and analyse a reader study", STUDY_VERBS)


def run_part(options: argparse.Namespace) -> Outcome:
    """Do the part of `study` that was asked for."""
    return run_one(STUDY_VERBS, options)
