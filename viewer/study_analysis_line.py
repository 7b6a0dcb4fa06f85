"""The parts of `diptych study` that calculate: analyse and power."""

import argparse
from pathlib import Path

from viewer.core.errors import WrongUsage
from viewer.verb_part import Outcome, VerbPart, terminal_progress


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
        help="auc, sensitivity, specificity, wafroc, afroc, wafroc1, afroc1, hrauc, alroc or pcl",
    )
    parser.add_argument(
        "--covariance",
        default="jackknife",
        metavar="NAME",
        help="jackknife (default), delong or unbiased",
    )
    parser.add_argument(
        "--method",
        choices=("obuchowski-rockette", "u-statistic"),
        default="obuchowski-rockette",
        help="u-statistic takes areas where not everybody read every case in every arm",
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
        options.method,
    )
    found = analysed(options.file, asked)
    lines = analysis_lines(found)
    if options.report:
        from viewer.app.analysing import standing_of_study
        from viewer.app.study_reporting import write_study_report

        paths = write_study_report(found, options.report, standing_of_study(options.file))
        lines = (*lines, "", f"{paths[0]} and {len(paths) - 1} other files")
    return Outcome(found.facts, lines, 3 if found.is_warned else 0)


def add_power(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `study power`."""
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="readings of a pilot")
    parser.add_argument(
        "--components",
        type=float,
        nargs=6,
        metavar=("ARMxREADER", "ERROR", "COV1", "COV2", "COV3", "CASES"),
        help="variance components, and the cases they come from, in place of a pilot",
    )
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--effect", type=float, metavar="D", help="difference worth finding")
    wanted.add_argument(
        "--odds-ratio", type=float, metavar="R", help="for ratings: odds of a higher one"
    )
    parser.add_argument(
        "--thresholds", type=float, nargs="+", metavar="T", help="of ratings, in place of a pilot"
    )
    parser.add_argument(
        "--sd",
        type=float,
        nargs=3,
        metavar=("READER", "CASE", "READERxARM"),
        help="deviations of ratings (log odds), in place of a pilot",
    )
    parser.add_argument("--criterion", default="", metavar="ID", help="the pilot's question")
    parser.add_argument(
        "--studies", type=int, default=200, metavar="N", help="studies drawn for each cell"
    )
    parser.add_argument("--readers", default="4,6,8,10,15", metavar="N,...", help="rows")
    parser.add_argument(
        "--cases", default="50,100,150,200,300,400", metavar="N,...", help="columns"
    )
    parser.add_argument("--wanted", type=float, default=0.8, metavar="P", help="power, default 0.8")
    parser.add_argument(
        "--population",
        choices=("RRRC", "FRRC", "RRFC"),
        default="RRRC",
        help="whether readers, cases or both stand for others (default: both)",
    )
    parser.add_argument("--fom", default="", metavar="NAME", help="figure of merit of the pilot")
    parser.add_argument("--alpha", type=float, default=0.05, metavar="A", help="default 0.05")


def power(options: argparse.Namespace) -> Outcome:
    """Say how many readers and cases find a difference."""
    from dataclasses import asdict

    from viewer.app.sizing import Question, counts, size_study, sizing_lines

    if options.odds_ratio is not None:
        return _rating_power(options)
    if (options.file is None) == (options.components is None):
        raise WrongUsage("Give either a pilot FILE or --components.")
    question = Question(options.effect, options.population, options.alpha, options.wanted)
    sizes = counts(options.readers), counts(options.cases)
    pilot = options.file or tuple(options.components)
    found = size_study(question, *sizes, pilot, options.fom.lower())
    return Outcome(asdict(found), sizing_lines(found))


def _rating_power(options: argparse.Namespace) -> Outcome:
    from dataclasses import asdict

    from viewer.app.sizing import counts, rating_lines, size_ratings, stated_ratings

    is_stated = options.thresholds is not None and options.sd is not None
    if (options.file is None) != is_stated:
        raise WrongUsage("Give either a pilot FILE, or --thresholds and --sd.")
    pilot = options.file or stated_ratings(options.thresholds, options.sd)
    found = size_ratings(
        options.odds_ratio,
        counts(options.readers),
        counts(options.cases),
        pilot,
        criterion=options.criterion,
        studies=options.studies,
        alpha=options.alpha,
        report=terminal_progress,
    )
    return Outcome(asdict(found), rating_lines(found))


ANALYSIS_VERBS = (
    VerbPart("power", "how many readers and cases a study needs", add_power, power),
    VerbPart("analyse", "compare the arms of a study, or of other readings", add_analyse, analyse),
)
