"""The parts of `diptych study` that analyse: analyse."""

import argparse
from pathlib import Path

from viewer.study_verb import Outcome, StudyVerb


def add_analyse(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `study analyse`."""
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="an unblinded study, or readings as .imrmc, .lrc, RJafroc .xlsx or a table (.csv)",
    )
    parser.add_argument(
        "--fom",
        default="",
        metavar="NAME",
        help="auc, sensitivity, specificity, wafroc, afroc, wafroc1, afroc1 or hrauc",
    )
    parser.add_argument(
        "--covariance",
        default="jackknife",
        metavar="NAME",
        help="jackknife (default), delong or unbiased",
    )
    parser.add_argument("--criterion", default="", metavar="ID", help="the question to look at")
    parser.add_argument(
        "--threshold", type=float, metavar="X", help="least rating that counts as positive"
    )
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="write HTML, PDF, CSV and JSON into a new folder"
    )
    parser.add_argument("--alpha", type=float, metavar="A", help="two-sided, default 0.05")


def analyse(options: argparse.Namespace) -> Outcome:
    """Analyse a study or another program's readings."""
    from viewer.app.analysing import Asked, analysis_lines
    from viewer.app.analysing import analyse as analysed

    asked = Asked(
        options.fom.lower(),
        options.covariance.lower(),
        options.criterion,
        options.threshold,
        options.alpha,
    )
    found = analysed(options.file, asked)
    lines = analysis_lines(found)
    if options.report:
        from viewer.app.analysing import readers_of
        from viewer.app.study_reporting import write_study_report

        paths = write_study_report(found, options.report, readers_of(options.file))
        lines = (*lines, "", f"{paths[0]} and {len(paths) - 1} other files")
    return Outcome(found.facts, lines, 3 if found.is_warned else 0)


ANALYSIS_VERBS = (
    StudyVerb("analyse", "compare the arms of a study, or of other readings", add_analyse, analyse),
)
