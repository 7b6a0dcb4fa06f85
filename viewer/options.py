"""What can be written on the command line: every verb with its options."""

import argparse
import shlex
from pathlib import Path

from viewer import __version__
from viewer.pacs_line import add_pacs
from viewer.study_line import add_study

STRENGTH_HELP = "0 to 1; for denoisers the cut of the noise SD in flat regions (default 0.4)"
RESEARCH_HELP = "research mode: models that are not for reading are methods, too"
SCREENSHOT_HELP = "save the window as PNG and leave"


def parser() -> argparse.ArgumentParser:
    """Return the parser of `diptych`; `run` of what it parses is the name of what is to be done."""
    parser = argparse.ArgumentParser(
        prog="diptych",
        description="Read an original image beside its AI-enhanced version. "
        "For research, not for diagnosis.",
        epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with warnings.",
    )
    parser.add_argument("--version", action="version", version=f"diptych {__version__}")
    parser.set_defaults(run="open", paths=[], enhance="", strength=None, screenshot=None)
    parser.set_defaults(size="", scale=1.0, do=[], series="", research=False)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    _add_open(verbs.add_parser("open", help="open the window on files, folders or archives"))
    _add_info(verbs.add_parser("info", help="list every study, series and file below a path"))
    _add_enhance(verbs.add_parser("enhance", help="write an enhanced series as DICOM"))
    _add_models(verbs.add_parser("models", help="list, show, verify and add models"))
    _add_evaluate(verbs.add_parser("evaluate", help="judge methods against a known truth"))
    _add_audit(verbs.add_parser("audit", help="say whether a method still does what it did"))
    add_pacs(verbs)
    add_study(verbs)
    _add_demo(verbs.add_parser("demo", help="build the demo study and open it enhanced"))
    _add_doctor(verbs.add_parser("doctor", help="say what works here, and what to do"))
    return parser


def _add_open(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    parser.add_argument("--enhance", default="", metavar="ID", help="enhance the first series")
    parser.add_argument("--strength", type=float, metavar="P", help="0 to 1, default from settings")
    parser.add_argument(
        "--series",
        default="",
        metavar="TEXT",
        help="show the series whose number or description this is",
    )
    parser.add_argument(
        "--do",
        action="append",
        default=[],
        metavar="COMMAND",
        help="run a command of the window once all is loaded, such as layout.mpr",
    )
    parser.add_argument("--research", action="store_true", help=RESEARCH_HELP)
    parser.add_argument("--screenshot", type=Path, metavar="FILE", help=SCREENSHOT_HELP)
    parser.add_argument(
        "--size", default="", metavar="WxH", help="size of the window, such as 1280x800"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="scale of the window, such as 1.5")
    parser.set_defaults(run="open")


def _add_info(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--json", action="store_true", help="full figures as JSON")
    parser.set_defaults(run="info")


def _add_enhance(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.epilog = (
        "A batch (--workers or --dask) keeps its record in DIR: stopped or killed, the same "
        "command does only what is missing. Exit codes: 0 all series are enhanced; 3 some were "
        "refused, failed or came with warnings; 1 none is enhanced, or the batch was stopped."
    )
    parser.add_argument("--method", default="ct-denoise-s", metavar="ID")
    parser.add_argument("--strength", type=float, default=0.4, metavar="P", help=STRENGTH_HELP)
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="give a parameter of the method, such as factor=4",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="a new folder; the one of an earlier batch to go on with it",
    )
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--research", action="store_true", help=RESEARCH_HELP)
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="a batch that can go on later: N processes, one series at a time each, "
        "share the cores",
    )
    parser.add_argument(
        "--dask",
        default="",
        metavar="ADDRESS",
        help='a batch on a cluster: the address of its Dask scheduler, or "local"; every machine '
        "needs the same Diptych and folders, a worker takes one series for each of its threads",
    )
    parser.add_argument("--json", action="store_true", help="full figures as JSON")
    parser.set_defaults(run="enhance")


def _add_models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="full figures as JSON")
    parser.set_defaults(run="models", verb="list")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    known = verbs.add_parser("list", help="methods, and the state of their weights (the default)")
    show = verbs.add_parser("show", help="card, gates, limits, cautions and figures of a method")
    show.add_argument("id", metavar="ID")
    verify = verbs.add_parser("verify", help="check weights and shapes, and try models")
    verify.add_argument("ids", nargs="*", metavar="ID", help="default: every model")
    add = verbs.add_parser("add", help="check a model of your own and copy it to your models")
    add.add_argument("folder", type=Path, metavar="FOLDER", help="holds card.toml and the weights")
    for name, verb in (("list", known), ("show", show), ("verify", verify), ("add", add)):
        # Without a default of its own: one that was given before the verb must not be lost.
        verb.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="as JSON")
        verb.set_defaults(verb=name)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("methods", nargs="*", metavar="METHOD", help="default: every denoiser")
    parser.add_argument(
        "--on",
        default="demo",
        metavar="WHAT",
        help='"demo" study, "simulated" scenes with lesions, edges and a model observer, '
        '"residuals" for the red line of the residual audit, or a PATH',
    )
    parser.add_argument(
        "--repeat",
        type=Path,
        metavar="PATH",
        help="a second scan of the same object: noise is measured in the difference of both",
    )
    parser.add_argument(
        "--gates",
        nargs="?",
        const="",
        metavar="CSV",
        help="only say what the gates say to each series of PATH, beside what a table with the "
        "columns path,expected (run, warn or refuse),why wants",
    )
    parser.add_argument("--strength", type=float, default=0.4, metavar="P", help=STRENGTH_HELP)
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="write JSON, CSV and an HTML page there"
    )
    parser.add_argument(
        "--modality",
        default="",
        metavar="MOD",
        help="CT, MR or PT simulation; by default that of the first model named, else CT",
    )
    parser.add_argument(
        "--scenes", type=int, metavar="N", help="simulated scenes (12; 180 for residuals)"
    )
    parser.add_argument("--pairs", type=int, default=200, metavar="N", help="pairs for each insert")
    parser.add_argument("--research", action="store_true", help=RESEARCH_HELP)
    parser.add_argument("--json", action="store_true", help="full figures as JSON")
    parser.set_defaults(run="evaluate")


def evaluate_command(options: argparse.Namespace) -> str:
    """Return the line that can be given to a shell to get the figures of `evaluate` again."""
    words = ["diptych", "evaluate", *options.methods, "--on", options.on]
    if options.repeat:
        words += ["--repeat", str(options.repeat)]
    if options.gates is not None:
        words += ["--gates", options.gates] if options.gates else ["--gates"]
    elif options.on == "residuals":
        words += ["--scenes", str(options.scenes), "--json"]
    else:
        words += ["--strength", f"{options.strength:.15g}"]
    if options.on == "simulated":
        words += ["--modality", options.modality] if options.modality else []
        words += ["--scenes", str(options.scenes), "--pairs", str(options.pairs)]
    words += ["--json"] * (options.on == "demo")
    return shlex.join([*words, *["--research"] * options.research])


def _add_audit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        choices=("drift",),
        help="drift: the log of uses on this machine, with a control chart for each group of "
        "method with its settings, modality, scanner vendor, kernel and dose",
    )
    parser.add_argument("--json", action="store_true", help="full figures as JSON")
    parser.set_defaults(run="audit")


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--build-only", action="store_true", help="build it and say where it is")
    parser.add_argument("--screenshot", type=Path, metavar="FILE", help=SCREENSHOT_HELP)
    parser.add_argument("--size", default="", metavar="WxH", help="such as 1280x800")
    parser.set_defaults(run="demo")


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run="doctor")
